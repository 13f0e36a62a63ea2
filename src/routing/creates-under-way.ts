import type { ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import { type Timers, wait } from "../foundation/time/timers.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import type { FromWebex } from "../tsp/messages.ts";

/** The creates of one document. `mayWait`: false if the document also concerns another conference. */
export interface Creates {
  readonly domain: DomainName;
  readonly keys: readonly ConfKey[];
  readonly mayWait: boolean;
}

interface AdmissionPorts extends Timers {
  readonly objects: Pick<EdgeObjects, "directory">;
  /** See `EdgePorts`. */
  passedMs(): number;
}

const mostWaiting = 128;
const waitMs = 2_000;
/** All waiting documents together look at most 500 times a second, because timers cost CPU. */
const lookMs = { least: 5, eachWaiting: 2 };
/** workerd can abort a request, and an object can end, without notice. */
const forgottenAfterMs = 20_000;
const overloadMs = 60_000;
/** WebEx repeats a refused create every 2 s. Until then the directory's earlier answer stands. */
const askAgainMs = 10_000;
const mostRemembered = 10_000;

/**
 * Limits the creates under way if all objects share a process. Otherwise an overloaded thread serves all creates at
 * once and finishes few in time, and WebEx, agent and edge repeat the rest. A create is under way from its post until
 * the bridge answers, or the edge waits for the bridge. Documents over the limit look again for 2 s, because workerd
 * forbids one request to wake another. Repeats of an admitted key enter. Takeovers of running conferences, and documents
 * with messages for other conferences, are never limited.
 */
export class CreatesUnderWay {
  readonly #most: number;
  /** Creates under way by domain and key, oldest first. */
  readonly #entries = new Map<string, { readonly since: number; isCommitted: boolean }>();
  /** Time at which the directory knew no running conference of a waiting create. */
  readonly #notRunning = new Map<string, number>();
  readonly #waiting = new Map<Creates, number>();
  #overload = { since: 0, latest: Number.NEGATIVE_INFINITY, count: 0 };

  /** `most`: infinite if each object has its own thread. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves to true once the creates may go on, up to `delivered`; to false if WebEx must send them again. */
  async admit(creates: Creates, ports: AdmissionPorts): Promise<boolean> {
    if (this.#enter(creates, ports.passedMs()) || !creates.mayWait) return true;
    if (await this.#areRunning(creates, ports)) return true;
    const until = ports.passedMs() + waitMs;
    for (const [one, end] of this.#waiting) if (end + waitMs < ports.passedMs()) this.#waiting.delete(one);
    if (this.#waiting.size >= mostWaiting) return false;
    this.#waiting.set(creates, until);
    let isIn = false;
    while (!isIn && ports.passedMs() < until) {
      await wait(ports, lookMs.least + lookMs.eachWaiting * this.#waiting.size);
      isIn = this.#enter(creates, ports.passedMs());
    }
    this.#waiting.delete(creates);
    return isIn;
  }

  async #areRunning(creates: Creates, { objects, passedMs }: AdmissionPorts): Promise<boolean> {
    const names = namesOf(creates);
    const since = passedMs() - askAgainMs;
    if (names.every((name) => (this.#notRunning.get(name) ?? since) > since)) return false;
    const areRunning = await objects
      .directory(creates.domain)
      .areRunning(creates.keys)
      .catch(() => false);
    if (this.#notRunning.size > mostRemembered) this.#notRunning.clear();
    for (const name of names) this.#notRunning.set(name, areRunning ? since : passedMs());
    return areRunning;
  }

  #enter(creates: Creates, now: number): boolean {
    for (const [name, { since }] of this.#entries) {
      if (now - since < forgottenAfterMs) break;
      this.#entries.delete(name);
    }
    const fresh = namesOf(creates).filter((name) => !this.#entries.has(name));
    if (fresh.length > 0 && this.#entries.size >= this.#most) return false;
    for (const name of fresh) {
      this.#entries.set(name, { since: now, isCommitted: false });
      this.#notRunning.delete(name);
    }
    return true;
  }

  /** Removes creates that no conference has committed, because they were repeats or failed. */
  delivered(creates: Pick<Creates, "domain" | "keys">): void {
    for (const name of namesOf(creates)) if (!this.#entries.get(name)?.isCommitted) this.#entries.delete(name);
  }

  /** Notes that a conference has committed its create, or that the edge is done with it. */
  note(domain: DomainName, key: ConfKey, isUnderWay: boolean): void {
    const [name = ""] = namesOf({ domain, keys: [key] });
    const entry = this.#entries.get(name);
    if (!isUnderWay) this.#entries.delete(name);
    else if (entry) entry.isCommitted = true;
  }

  refused({ keys }: Pick<Creates, "keys">, now: EpochMs): void {
    const { since, count } = this.overload(now) ?? { since: now, count: 0 };
    this.#overload = { since, latest: now, count: count + keys.length };
  }

  /** Returns the current run of refusals; `null` if the last minute had none. */
  overload(now: EpochMs): { readonly since: EpochMs; readonly count: number } | null {
    return Math.abs(now - this.#overload.latest) < overloadMs ? this.#overload : null;
  }
}

/** Returns `null` for a document without a create. */
export function createsOf(domain: DomainName, messages: readonly FromWebex[]): Creates | null {
  const creates = messages.filter((message) => message.type === "create-conference");
  if (creates.length === 0) return null;
  const handles = new Set(creates.map(({ extConfId }) => extConfId));
  const mayWait = messages.every(({ extConfId }) => extConfId !== undefined && handles.has(extConfId));
  return { domain, keys: creates.map(({ confKey }) => confKey), mayWait };
}

function namesOf({ domain, keys }: Pick<Creates, "domain" | "keys">): readonly string[] {
  return keys.map((key) => `${domain}/${key}`);
}
