import { counted } from "../foundation/text/counted.ts";
import type { AgentView } from "../rpc/relay.ts";
import { type Marked, mark, type Part, type View } from "./view.ts";

/** A bridge and its agents, as the API has them. */
export interface BridgeAgents {
  readonly bridge: string;
  readonly drainedSince: number | null;
  /** `null`: the relay does not answer. */
  readonly agents: readonly AgentView[] | null;
  /** Agents of the settings that are not connected. */
  readonly missing?: readonly string[] | undefined;
}

interface AgentRow extends Pick<BridgeAgents, "bridge" | "drainedSince"> {
  readonly name: string;
  /** `null`: not connected. */
  readonly agent: AgentView | null;
}

/** A row for each agent, connected or not, and for a bridge without any. */
export function agentsOf<Bridge extends BridgeAgents>(of: Bridge): readonly (Omit<Bridge, "agents"> & AgentRow)[] {
  const { agents, missing = [] } = of;
  const row = (name: string, agent: AgentView | null) => ({ ...of, name, agent });
  if (agents === null) return [row("relay does not answer", null)];
  const all = [...agents.map((agent) => row(agent.agent, agent)), ...missing.map((name) => row(name, null))];
  return all.length > 0 ? all : [row("no agent", null)];
}

export const bridgeAgents: View<AgentRow> = {
  none: ["No bridge", "The domain's settings name no bridge."],
  id: ({ bridge, name }) => `agent-${bridge}-${name}`,
  columns: [
    { title: "Bridge", cell: ({ bridge }) => bridge, long: true, only: "terminal" },
    { title: "Agent", cell: ({ name }) => name },
    { title: "Role", cell: ({ agent }) => roleOf(agent) },
    {
      title: "Bridge is",
      cell: ({ agent, drainedSince }) => [upOf(agent), agent && drainedSince ? mark("warn", "drained") : null],
    },
    { title: "Last seen", cell: ({ agent }) => (agent?.lastSeen ? { ago: agent.lastSeen } : null) },
    { title: "Ports in use", cell: ({ agent }) => portsOf(agent?.health ?? null), number: true },
    { title: "Waiting", cell: ({ agent }) => waitingOf(agent?.health ?? null) },
    { title: "Version", cell: ({ agent }) => agent?.health?.version ?? null, long: true },
  ],
};

/** After a restart of the edge, the role of the agent that was active is kept for a while. */
function roleOf(agent: AgentView | null): Marked {
  if (agent === null) return mark("bad", "not connected");
  if (agent.lastSeen === null) return mark("warn", `was ${agent.role}`);
  return mark(agent.role === "active" ? "good" : "plain", agent.role);
}

function upOf(agent: AgentView | null): Marked | null {
  if (agent === null || agent.lastSeen === null) return null;
  if (agent.health === null) return mark("warn", "not reported yet");
  if (!agent.health.bridgeUp) return mark("bad", "down");
  return agent.health.ports === 0 ? mark("warn", "up, takes no calls") : mark("good", "up");
}

function portsOf(health: AgentView["health"]): Part | null {
  if (health === null) return null;
  if (health.portsInUse === null) return "not known";
  return health.ports === null ? health.portsInUse : `${health.portsInUse} of ${health.ports}`;
}

function waitingOf(health: AgentView["health"]): string | null {
  if (!health?.waiting) return null;
  const { commands, reports } = health.waiting;
  const ofCommands = commands > 0 ? counted(commands, "command") : "";
  return [ofCommands, reports > 0 ? counted(reports, "report") : ""].filter(Boolean).join(", ") || "nothing";
}

/** The agent that is active now; `null`: none is. */
export function activeOf({ agents }: Pick<BridgeAgents, "agents">): AgentView | null {
  return agents?.find(({ role, lastSeen }) => role === "active" && lastSeen !== null) ?? null;
}

export function bridgeState(bridge: BridgeAgents): Marked {
  if (bridge.agents === null) return mark("bad", "relay does not answer");
  const active = activeOf(bridge);
  if (active === null) return mark("bad", "no active agent");
  const state = upOf(active) ?? mark("warn", "not reported yet");
  return state.tone === "good" && bridge.drainedSince !== null ? mark("warn", "drained") : state;
}
