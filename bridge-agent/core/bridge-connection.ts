import type { Ability } from "../../src/bridge/commands.ts";
import type { BridgeEvent, EndReason } from "../../src/bridge/events.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import type { BridgeTrouble } from "../../src/link/messages.ts";
import type { DriverReport } from "../drivers/driver.ts";

/** End reasons of dialled calls that the trunk accepted. */
const reached: ReadonlySet<EndReason> = new Set(["busy", "no-answer", "rejected", "invalid-number"]);

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
  readonly #troubles = new Map<BridgeTrouble, { readonly since: EpochMs; readonly why: string }>();
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
      ...(this.#troubles.size > 0 && { troubles: Array.from(this.#troubles, ([kind, one]) => ({ kind, ...one })) }),
    };
  }

  /** `why`: the end of a sentence; `null` clears the trouble. */
  setTrouble(kind: BridgeTrouble, why: string | null, now: EpochMs): void {
    if (why === null) this.#troubles.delete(kind);
    else this.#troubles.set(kind, { since: this.#troubles.get(kind)?.since ?? now, why });
  }

  /** Returns true if the trunk has just begun to fail. A call-out that reaches a telephone clears this. */
  happened(event: BridgeEvent, now: EpochMs): boolean {
    const { reason, trunk } = event.type === "ended" ? event : {};
    const hasReached = event.type === "answered" || (reason !== undefined && reached.has(reason));
    const isNew = trunk !== undefined && !this.#troubles.has("trunk-fails");
    if (hasReached || trunk) this.setTrouble("trunk-fails", trunk ?? null, now);
    return isNew;
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
