import * as v from "valibot";
import type { Ability, IssuedCommand } from "../bridge/commands.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs } from "../foundation/ids.ts";
import { type Checked, described, text, time } from "../foundation/schemas.ts";
import type { IdLimit } from "../link/messages.ts";
import type { Health } from "../link/relay.ts";
import type { BridgeState } from "../operators/alerts.ts";

/** How a bridge is, as was last reported to its relay. */
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
        bootId: described(v.exactOptional(v.string()), "Another one: the bridge was started anew."),
        portsInUse: described(
          v.nullable(v.number()),
          "null: not known, as of a standby, and while the bridge does not answer.",
        ),
        portsUnread: described(
          v.exactOptional(v.literal(true)),
          "The agent has not read what the bridge holds, as no standby does.",
        ),
        ports: described(
          v.nullable(v.number()),
          "null: no limit; or not known, where `bridgeUp` is false and `portsInUse` null.",
        ),
        cannot: described(v.exactOptional(v.array(text<Ability>())), "What the bridge cannot do."),
        version: described(v.exactOptional(v.string()), "The agent's version; absent: it has just connected."),
        waiting: described(
          v.exactOptional(v.object({ commands: v.number(), reports: v.number() })),
          "Commands without a result, and reports that the edge has not acknowledged; 0 until some have waited for 5 s.",
        ),
      }),
    ),
    "null: it has not said.",
  ),
});
export type AgentView = Checked<typeof agentView>;

/** Commands of one conference for its bridge. */
export interface CommandsForBridge {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
  readonly conference: ConfKey;
  readonly commands: readonly IssuedCommand[];
  /** Where the commands before went: the epoch since which that agent was active; `null`: that is not known. */
  readonly activeSince: number | null;
}

/** Who acts on a bridge after all; or why the agent that acts was left in its place. */
export type HandOver =
  | { readonly acts: string }
  /** Nobody acts; or whoever acts lost its socket with an earlier life of the edge, which gives it its time to come back. */
  | "no-agent"
  /** No standby has the bridge. */
  | "no-standby";

export interface RelayRpc {
  /** To the active agent. Resolves to the epoch since which it is active; where that is not `activeSince`, nothing was sent. */
  sendCommands(commands: CommandsForBridge): Promise<number | null>;
  /** Asks the active agent, if there is one, for a snapshot of this conference, unless what the bridge holds has this digest. */
  askForSnapshot(conference: ConfKey, unless: string): Promise<void>;
  /** Whether there is, or was in the last 30 days, a conference with this key on the bridge, as far as the edge knows. */
  hasConference(conference: ConfKey): Promise<boolean>;
  /** The connected agents. */
  agents(): Promise<readonly AgentView[]>;
  /** As the active agent last said. Without one, `agentConnected` and `bridgeUp` are false. */
  health(): Promise<BridgeHealth>;
  /** Ends the links of these agents, whose settings have changed: they connect anew, if they still may. */
  closeAgents(agents: readonly string[]): Promise<void>;
  /** Somebody used the agent's name with a key that the settings do not have. */
  agentRefused(domain: DomainName, bridge: BridgeName, agent: string): Promise<void>;
  /** Hands the limit to the connected agents, and to those that come. Resolves once they have it on disk, or after 1.5 s. */
  keepIdLimit(domain: DomainName, bridge: BridgeName, limit: IdLimit): Promise<void>;
  /** Makes a standby act in the place of this agent. Where another one acts already, nothing is done: asked twice, it is done once. */
  handOver(from: string): Promise<HandOver>;
  /**
   * From now on the bridge takes no new conferences, and each is refused as if there were no port; or it takes them again. Those that run, or
   * are being created there, go on. Resolves, when it is on disk, to since when the bridge is drained; `null`: it is not.
   */
  drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null>;
}
