import type { DomainName } from "../../src/foundation/ids.ts";
import { type Timers, within } from "../../src/foundation/time/timers.ts";
import type { IdLimit } from "../../src/link/messages.ts";
import { keepsLimit, type RelayState } from "../../src/link/relay.ts";
import type { Identity, RelayLog } from "./relay-store.ts";

export interface IdLimitPorts extends Timers {
  /** See `IdAllocatorRpc.heardLimit`. */
  heardLimit(domain: DomainName, limit: IdLimit): Promise<boolean>;
}

/** Well below the time for which an object waits for ids. */
const keptWithinMs = 1_500;

/** The limit of ids that the agents keep for the domain's allocator, which may lose its state while they do not. */
export class IdLimits {
  readonly #ports: IdLimitPorts;
  readonly #log: RelayLog;
  /** Called when a link has gone, or its agent keeps another limit. */
  readonly #waiting = new Set<() => void>();

  constructor(ports: IdLimitPorts, log: RelayLog) {
    this.#ports = ports;
    this.#log = log;
  }

  /** The allocator hears of a limit that this relay was not handed by it. */
  async heard(
    limit: IdLimit | undefined,
    agent: string,
    { domain }: Identity,
    handed: IdLimit | undefined,
  ): Promise<void> {
    if (!limit || limit.place === 0 || (limit.by === handed?.by && keepsLimit(handed, limit))) return;
    try {
      if (await this.#ports.heardLimit(domain, limit)) return;
      const note =
        "what it keeps is more than a day ahead of the edge's clock, by which ids go on: set the clock right";
      this.#log("id-limit-refused", agent, { note }, "warn");
    } catch (error) {
      // The agent brings it with its next hello, too.
      this.#log("id-limit-lost", agent, { error: String(error) }, "warn");
    }
  }

  /** Resolves once each agent that keeps limits has this one. An agent that does not answer is not waited for. */
  async kept(limit: IdLimit, state: () => RelayState): Promise<void> {
    const isKept = () => state().links.every(({ idLimit }) => keepsLimit(idLimit, limit));
    if (isKept()) return;
    let look = () => {};
    const kept = new Promise<void>((resolve) => {
      look = () => isKept() && resolve();
      this.#waiting.add(look);
    });
    try {
      await within(this.#ports, keptWithinMs, "an agent", kept);
    } catch (error) {
      this.#log("id-limit-not-kept", "", { error: String(error) }, "warn");
    } finally {
      this.#waiting.delete(look);
    }
  }

  changed(): void {
    for (const look of this.#waiting) look();
  }
}
