import type { Ability } from "../../src/bridge/commands.ts";
import type { DriverReport } from "../drivers/driver.ts";

/** The agent's connection to its bridge: whether it is there, what it says of itself, and which of its states are on their way. */
export class BridgeConnection {
  phase: "away" | "reconciling" | "up" = "away";
  /** By this connection, this agent acts on the bridge: until it is over, or another agent acts. */
  isActivated = false;
  /** Why the bridge is not there, for operations staff; `null`: it is, or has not been tried yet. */
  trouble: string | null = null;
  /** The boot id that the bridge had when it was last there. */
  bootId: string | null;
  ports: number | null = null;
  cannot: readonly Ability[] = [];
  callsOfOthers = 0;
  /** The next state of the bridge is reported of all conferences. */
  snapshotsDue = false;
  /** How many states are on their way, and how many of these are of a time before this agent was active on the bridge. */
  #asked = 0;
  #outdated = 0;

  constructor(bootId: string | null) {
    this.bootId = bootId;
  }

  get isUp(): boolean {
    return this.phase !== "away";
  }

  /** What is reported to the edge: the same of an active agent and of a standby, which does not look at the state. The edge chooses by it. */
  get health() {
    const { isUp: bridgeUp, bootId, ports, cannot } = this;
    return {
      ...{ bridgeUp, ...(bridgeUp && bootId !== null && { bootId }), ports },
      ...(this.phase === "reconciling" && { portsUnread: true as const }),
      ...(cannot.length > 0 && { cannot }),
    };
  }

  connected({ bootId, ports, cannot = [] }: Extract<DriverReport, { type: "connected" }>): void {
    this.trouble = null;
    this.ports = ports;
    this.cannot = cannot;
    this.bootId = bootId;
  }

  resync(): void {
    this.phase = "reconciling";
    this.callsOfOthers = 0;
    this.snapshotsDue = true;
  }

  lost(why: string): void {
    this.resync();
    this.phase = "away";
    this.isActivated = false;
    this.trouble = why;
  }

  /** The states that were asked for before say nothing. */
  activate(): void {
    this.isActivated = true;
    this.#outdated = this.#asked;
  }

  get isAsked(): boolean {
    return this.#asked > 0;
  }

  ask(): void {
    this.#asked += 1;
  }

  /** Whether the state that came is of the time since this agent was active. */
  stateCame(): boolean {
    this.#asked -= 1;
    const isOutdated = this.#outdated > 0;
    if (isOutdated) this.#outdated -= 1;
    return !isOutdated;
  }
}
