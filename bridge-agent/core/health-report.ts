import type { EpochMs } from "../../src/foundation/ids.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";

type HealthMessage = Extract<AgentToEdge, { type: "health" }>;
type Waiting = NonNullable<HealthMessage["waiting"]>;

/** A command or a report that takes no longer is no queue that people should be shown; and so often they are shown a change of it. */
const WAITS_MS = 5_000;

/** When the edge is sent the agent's health. */
export class HealthReport {
  #sent: HealthMessage | null = null;
  #sentAt: EpochMs = 0;
  /** Since when a command has no result or a report no ack, and there was always one; `null`: there is none. */
  #waitsSince: EpochMs | null = null;

  /** All of it has to be reported to the edge again. */
  clear(): void {
    this.#sent = null;
  }

  /** The edge fills the bridge by the number that it got last. */
  hasOtherPorts(portsInUse: number): boolean {
    return this.#sent !== null && this.#sent.portsInUse !== portsInUse;
  }

  /** At once what differs of the bridge; with the next tick its ports, and what waits for long. `null`: nothing. */
  due(health: Omit<HealthMessage, "waiting">, waits: Waiting, now: EpochMs, tick: boolean): HealthMessage | null {
    const waiting = this.#waitingForLong(waits, now);
    const isChanged = this.#sent === null || textOf(this.#sent) !== textOf(health);
    const isOld = now - this.#sentAt >= WAITS_MS && JSON.stringify(this.#sent?.waiting) !== JSON.stringify(waiting);
    if (!isChanged && !(tick && (this.hasOtherPorts(health.portsInUse) || isOld))) return null;
    this.#sent = { ...health, waiting };
    this.#sentAt = now;
    return this.#sent;
  }

  #waitingForLong(waits: Waiting, now: EpochMs): Waiting {
    this.#waitsSince = waits.commands + waits.reports === 0 ? null : (this.#waitsSince ?? now);
    const isLong = this.#waitsSince !== null && now - this.#waitsSince >= WAITS_MS;
    return isLong ? waits : { commands: 0, reports: 0 };
  }
}

/** What is reported to the edge at once when it changes. */
function textOf({ bridgeUp, bootId, ports, portsUnread, cannot, troubles }: Omit<HealthMessage, "waiting">): string {
  return JSON.stringify([bridgeUp, bootId, ports, portsUnread, cannot, troubles]);
}
