import type { ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import { type Timers, wait } from "../foundation/time/timers.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import type { FromWebex } from "../tsp/messages.ts";

interface AdmissionPorts extends Timers {
  readonly objects: Pick<EdgeObjects, "directory">;
  now(): EpochMs;
  /** See `EdgePorts`. */
  passedMs(): number;
}

/** The creates of one document. */
export interface Creates {
  readonly domain: DomainName;
  readonly keys: readonly ConfKey[];
  /** False if the document also has a message for another conference. */
  readonly mayWait: boolean;
}

interface Entry {
  readonly since: number;
  /** True once the conference has committed the create. */
  readonly isCommitted: boolean;
}

interface Overload {
  readonly since: EpochMs;
  readonly latest: EpochMs;
  readonly count: number;
}

const mostWaiting = 128;
const waitMs = 2_000;
const lookEveryMs = 25;
/** workerd can break off a request, and an object can end, without a word. */
const forgottenAfterMs = 20_000;
const overloadMs = 60_000;

/**
 * Limits the creates under way where all objects share a process. Without a limit, an overloaded thread divides itself
 * among all creates, so that few are done in time, and WebEx, agent and edge repeat the rest. A create is under way from
 * its post until the bridge has answered, or the edge waits for the bridge. Documents over the limit look again every
 * 25 ms for 2 s, because workerd forbids one request to wake another. Repeats enter with their key. Takeovers of running
 * conferences, and documents with messages for other conferences, are never limited.
 */
export class CreatesUnderWay {
  readonly #most: number;
  /** The oldest first, by domain and key. */
  readonly #entries = new Map<string, Entry>();
  /** The end of each wait. */
  readonly #waiting = new Set<{ readonly until: number }>();
  #overload: Overload | null = null;

  /** `most`: infinite where each object has a thread of its own. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves to true once the creates may go on, which ends with `delivered`; false: WebEx must send them again. */
  async admit(creates: Creates, ports: AdmissionPorts): Promise<boolean> {
    const { domain, keys, mayWait } = creates;
    if (this.#enter(creates, ports.passedMs()) || !mayWait) return true;
    // No failure of the directory may refuse more than the limit does.
    if (
      await ports.objects
        .directory(domain)
        .areRunning(keys)
        .catch(() => false)
    )
      return true;
    if (await this.#entersLater(creates, ports)) return true;
    const latest = ports.now();
    const { since, count } = this.overload(latest) ?? { since: latest, count: 0 };
    this.#overload = { since, latest, count: count + keys.length };
    return false;
  }

  async #entersLater(creates: Creates, ports: AdmissionPorts): Promise<boolean> {
    const waiter = { until: ports.passedMs() + waitMs };
    for (const one of this.#waiting) if (one.until + waitMs < ports.passedMs()) this.#waiting.delete(one);
    if (this.#waiting.size >= mostWaiting) return false;
    this.#waiting.add(waiter);
    let isIn = false;
    while (!isIn && ports.passedMs() < waiter.until) {
      await wait(ports, lookEveryMs);
      isIn = this.#enter(creates, ports.passedMs());
    }
    this.#waiting.delete(waiter);
    return isIn;
  }

  #enter({ domain, keys }: Creates, now: number): boolean {
    for (const [name, { since }] of this.#entries) {
      if (now - since < forgottenAfterMs) break;
      this.#entries.delete(name);
    }
    const fresh = keys.map((key) => nameOf(domain, key)).filter((name) => !this.#entries.has(name));
    if (fresh.length > 0 && this.#entries.size >= this.#most) return false;
    for (const name of fresh) this.#entries.set(name, { since: now, isCommitted: false });
    return true;
  }

  /** Frees the places of a document's creates that no conference has committed: they were repeats, or failed. */
  delivered({ domain, keys }: Creates): void {
    for (const name of keys.map((key) => nameOf(domain, key)))
      if (this.#entries.get(name)?.isCommitted === false) this.#entries.delete(name);
  }

  /** Notes that a conference has committed its create, or that the create needs the edge no more. */
  note(domain: DomainName, key: ConfKey, isUnderWay: boolean): void {
    const name = nameOf(domain, key);
    const entry = this.#entries.get(name);
    if (!isUnderWay) this.#entries.delete(name);
    else if (entry) this.#entries.set(name, { ...entry, isCommitted: true });
  }

  /** The refusals of the overload that goes on now; `null`: none within the last minute. */
  overload(now: EpochMs): Overload | null {
    return this.#overload && Math.abs(now - this.#overload.latest) < overloadMs ? this.#overload : null;
  }
}

/** `null`: the document has no create. */
export function createsOf(domain: DomainName, messages: readonly FromWebex[]): Creates | null {
  const creates = messages.filter((message) => message.type === "create-conference");
  if (creates.length === 0) return null;
  const handles = new Set(creates.map(({ extConfId }) => extConfId));
  const mayWait = messages.every(({ extConfId }) => extConfId !== undefined && handles.has(extConfId));
  return { domain, keys: creates.map(({ confKey }) => confKey), mayWait };
}

function nameOf(domain: DomainName, key: ConfKey): string {
  return `${domain}/${key}`;
}
