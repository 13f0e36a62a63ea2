import * as v from "valibot";
import type { Ability, IssuedCommand } from "../bridge/commands.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import { type Checked, described, text, time } from "../foundation/schemas.ts";
import type { Health } from "../link/relay.ts";
import type { BridgeState } from "../operators/alerts.ts";

/** The state of a bridge as last reported to its relay. */
export type BridgeHealth = Omit<Health, "version" | "waiting" | "portsUnread" | keyof BridgeState> & BridgeState;

/** A connected agent, as its relay knows it. */
export const agentView = v.object({
  agent: v.string(),
  role: v.picklist(["active", "standby"]),
  lastSeen: described(v.nullable(time), "The last sign of life, to a second; null: its socket is gone."),
  health: described(
    v.nullable(
      v.object({
        bridgeUp: v.boolean(),
        bootId: described(v.exactOptional(v.string()), "Changes when the bridge restarts."),
        portsInUse: described(
          v.nullable(v.number()),
          "null: not known, for example for a standby, or while the bridge does not answer.",
        ),
        portsUnread: described(
          v.exactOptional(v.literal(true)),
          "The agent has not read the bridge's state. A standby never does.",
        ),
        ports: described(
          v.nullable(v.number()),
          "null: no limit; or not known, if `bridgeUp` is false and `portsInUse` null.",
        ),
        cannot: described(v.exactOptional(v.array(text<Ability>())), "What the bridge cannot do."),
        version: described(v.exactOptional(v.string()), "The agent's version; absent: it has just connected."),
        waiting: described(
          v.exactOptional(v.object({ commands: v.number(), reports: v.number() })),
          "Commands without a result, and reports that the edge has not acknowledged; 0 until some have waited for 5 s.",
        ),
      }),
    ),
    "null: not reported yet.",
  ),
});
export type AgentView = Checked<typeof agentView>;

/** Commands of one conference for its bridge. */
export interface CommandsForBridge {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
  readonly conference: ConfKey;
  readonly commands: readonly IssuedCommand[];
  /** Epoch of the agent that got the commands before; `null`: not known. */
  readonly activeSince: number | null;
}

/** The active agent of a bridge after a hand-over; or why the active agent was not replaced. */
export type HandOver =
  | { readonly acts: string }
  /** No agent is active; or the active agent lost its socket when the edge restarted, and has time to reconnect. */
  | "no-agent"
  /** No standby reaches the bridge. */
  | "no-standby";

export interface RelayRpc {
  /** Sends commands to the active agent. Resolves to its epoch; if that is not `activeSince`, nothing was sent. */
  sendCommands(commands: CommandsForBridge): Promise<number | null>;
  /** Asks the active agent, if any, for a snapshot of this conference, unless the bridge's state has this digest. */
  askForSnapshot(conference: ConfKey, unless: string): Promise<void>;
  /** True if the edge knows a conference with this key on the bridge now or within the last 30 days. */
  hasConference(conference: ConfKey): Promise<boolean>;
  agents(): Promise<readonly AgentView[]>;
  /** The active agent's last report. Without one, `agentConnected` and `bridgeUp` are false. */
  health(): Promise<BridgeHealth>;
  /** Notes a connection with the agent's name and a wrong key. */
  agentRefused(domain: DomainName, bridge: BridgeName, agent: string): Promise<void>;
  /** Makes a standby active instead of this agent. If another one is active already, nothing is done. */
  handOver(from: string): Promise<HandOver>;
  /**
   * Starts or ends a drain: the bridge takes no new conferences, as if it had no free port. Conferences that are running or
   * being created continue. Resolves, when it is on disk, to the start of the drain; `null`: not drained.
   */
  drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null>;
}
