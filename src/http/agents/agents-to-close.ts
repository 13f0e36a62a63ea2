import type { DomainName } from "../../foundation/ids.ts";
import type { LogFacts } from "../../foundation/text/log-line.ts";
import { reasonOf } from "../../foundation/text/reason.ts";
import { type Timers, wait, within } from "../../foundation/time/timers.ts";
import { agentsLost, type Domains } from "../../settings/load.ts";

interface Ports extends Timers {
  closeAgents(domain: DomainName, bridge: string, agents: readonly string[]): Promise<void>;
  log(event: "agents-not-closed", facts: LogFacts, level: "error"): void;
}

/** A bridge whose agents may still be connected with older settings. */
interface Bridge {
  readonly domain: DomainName;
  readonly bridge: string;
  readonly connectedBy: Domains;
}

/** The reload waits for the answer. */
const CLOSE_WITHIN_MS = 2_000;
const RETRY_MS = 10_000;

/** Closes the links of agents that must reconnect after a reload of domains. */
export class AgentsToClose {
  readonly #ports: Ports;
  readonly #left = new Set<Bridge>();
  #newest: Domains = new Map();
  #retries = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Resolves when each relay was asked once, after 2 s at most. Logs relays that did not close their agents. */
  async replaced(before: Domains, after: Domains): Promise<void> {
    this.#newest = after;
    for (const { domain, bridge } of agentsLost(before, after)) this.#left.add({ domain, bridge, connectedBy: before });
    await this.#closeAll();
  }

  /** Retries every 10 s. Resolves when nothing is left, or another call continues. */
  async retry(): Promise<void> {
    this.#retries += 1;
    const mine = this.#retries;
    while (this.#left.size > 0) {
      await wait(this.#ports, RETRY_MS);
      if (this.#retries !== mine) return;
      await this.#closeAll();
    }
  }

  async #closeAll(): Promise<void> {
    await Promise.all(Array.from(this.#left, (left) => this.#close(left)));
  }

  async #close(left: Bridge): Promise<void> {
    const { domain, bridge, connectedBy } = left;
    const lost = agentsLost(connectedBy, this.#newest).find((one) => one.domain === domain && one.bridge === bridge);
    if (!lost) {
      this.#left.delete(left);
      return;
    }
    const { agents } = lost;
    const closed = this.#ports.closeAgents(domain, bridge, agents).then(() => {
      this.#left.delete(left);
    });
    await within(this.#ports, CLOSE_WITHIN_MS, "the relay", closed).catch((error: unknown) =>
      this.#ports.log("agents-not-closed", { domain, bridge, agents, error: reasonOf(error) }, "error"),
    );
  }
}
