import type { ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import type { AliasRpc, HandleClaim } from "../src/rpc.ts";

export interface AliasPorts {
  /** On disk with the next thing that leaves the object. */
  readonly kv: { get(key: "claim"): Claim | undefined; put(key: "claim", claim: Claim): void };
  now(): EpochMs;
  setAlarm(at: EpochMs): void;
  /** How long an alias may outlive its use, in milliseconds. */
  retentionMs(domain: DomainName): number;
  /** Whether the handle stands for its conference still. */
  isHeld(claim: HandleClaim): Promise<boolean>;
  /** Deletes everything. */
  forget(): Promise<void>;
}

type Claim = HandleClaim & { readonly at: EpochMs };

/** So long the conference of a claim may take to hold its handle: the create is on its way there. */
const youngMs = 30_000;

/** Which conference one ExtConfID stands for. Each call is one turn, so of two that want the handle one gets it. */
export class Alias implements AliasRpc {
  readonly #ports: AliasPorts;

  constructor(ports: AliasPorts) {
    this.#ports = ports;
  }

  async claim(claim: HandleClaim): Promise<ConfKey> {
    const held = this.#held;
    const { confKey } = held ?? claim;
    // Its own claim is renewed: the life of the conference that it was made for may be over, and this the next one.
    if (confKey === claim.confKey && !this.#isYoung(held)) this.#put(claim);
    return confKey;
  }

  async replace(from: ConfKey, to: ConfKey): Promise<ConfKey> {
    const held = this.#held;
    if (!held || held.confKey !== from || this.#isYoung(held)) return held?.confKey ?? from;
    this.#put({ ...held, confKey: to });
    return to;
  }

  async lookup(): Promise<ConfKey | null> {
    return this.#held?.confKey ?? null;
  }

  /** Forgets a handle that has come out of use. */
  async alarm(): Promise<void> {
    const held = this.#held;
    if (!held) return;
    const isHeld = await this.#ports.isHeld(held);
    // It may have been claimed meanwhile.
    if (isHeld || this.#isYoung(this.#held)) this.#wakeLater(held.domain);
    else await this.#ports.forget();
  }

  get #held(): Claim | undefined {
    return this.#ports.kv.get("claim");
  }

  #isYoung(held: Claim | undefined): boolean {
    return held !== undefined && this.#ports.now() - held.at < youngMs;
  }

  #put({ domain, extConfId, confKey }: HandleClaim): void {
    this.#ports.kv.put("claim", { domain, extConfId, confKey, at: this.#ports.now() });
    this.#wakeLater(domain);
  }

  #wakeLater(domain: DomainName): void {
    this.#ports.setAlarm(this.#ports.now() + this.#ports.retentionMs(domain));
  }
}
