import type { EpochMs } from "../../src/foundation/ids.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import { minuteMs } from "../../src/foundation/time/timers.ts";
import {
  activeLink,
  type Health,
  hasPorts,
  type Link,
  type RelayInput,
  type RelayState,
  saysPorts,
} from "../../src/link/relay.ts";
import type { FoundAlert } from "../../src/operators/alert-kinds.ts";
import type { AgentView, BridgeHealth } from "../../src/rpc/relay.ts";
import type { AgentSockets } from "./agent-sockets.ts";
import type { LastSaid, Lost } from "./relay-store.ts";

interface Around extends Pick<BridgeHealth, "agentConnected"> {
  readonly awaySince: EpochMs | null | undefined;
  readonly drainedSince: EpochMs | null;
  readonly endsSince: EpochMs | null;
  readonly fullSince: EpochMs | undefined;
  readonly alerts: readonly FoundAlert[];
}

/** How a bridge is, as its active agent says. What says something of the agent is left out: strangers ask whether the bridge is ready. */
export function bridgeHealth(active: Link | undefined, around: Around): BridgeHealth {
  const { agentConnected, awaySince, drainedSince, endsSince, fullSince, alerts } = around;
  const { version: _, waiting: __, troubles: ___, portsUnread, ...known }: Partial<Health> = active?.health ?? {};
  const ofBridge = { bridgeUp: false, portsInUse: null, ports: null, ...known };
  return {
    ...{ agentConnected, ...ofBridge },
    ...(portsUnread && { portsInUse: null }),
    ...(!(agentConnected && ofBridge.bridgeUp) && { portsInUse: null, ports: null }),
    ...(typeof awaySince === "number" && { awaySince }),
    ...(drainedSince !== null && { drainedSince }),
    ...(ofBridge.ports === 0 && endsSince !== null && { endsSince }),
    ...(active?.health && hasPorts(active.health) && fullSince !== undefined && { fullSince }),
    ...(alerts.length > 0 && { alerts }),
  };
}

/** A bridge at its limit has a port free now and then: it is full until one has been free for so long. */
const freeForMs = minuteMs;

export const nothingSaid: LastSaid = { awaySince: null, endsSince: null };

/** What agents have said last, behind `before`. Of the bridge, the active one says it. */
export function lastSaid(before: LastSaid, state: RelayState, now: EpochMs): LastSaid {
  const active = activeLink(state);
  const { health = null, bridgeAwaySince = null } = active ?? {};
  const full = fullFrom(before, active, now);
  if (health === null) return { awaySince: before.awaySince, endsSince: before.endsSince, ...full };
  return {
    awaySince: health.bridgeUp ? null : (before.awaySince ?? bridgeAwaySince ?? now),
    endsSince: health.ports === 0 ? (before.endsSince ?? now) : null,
    ...full,
  };
}

/** When a bridge with a free port is full no more, unless all are in use again by then; `null`: it is not full. */
export function fullUntil({ fullSince }: LastSaid, state: RelayState): EpochMs | null {
  const { freeSince } = activeLink(state) ?? {};
  return fullSince === undefined || freeSince === undefined ? null : freeSince + freeForMs;
}

/** After a minute in which nobody has said it, nobody knows whether it was full meanwhile. */
function fullFrom(
  { fullSince: before, unsaidSince }: LastSaid,
  active: Link | undefined,
  now: EpochMs,
): Pick<LastSaid, "fullSince" | "unsaidSince"> {
  const { health, freeSince } = active ?? {};
  if (!health || !saysPorts(health))
    return before === undefined ? {} : { fullSince: before, unsaidSince: unsaidSince ?? now };
  if (!hasPorts(health)) return {};
  const isOver = [unsaidSince, freeSince].some((since) => since !== undefined && hasLasted(since, now, freeForMs));
  const fullSince = isOver ? undefined : before;
  if (health.portsInUse >= (health.ports ?? 0)) return { fullSince: fullSince ?? now };
  return fullSince === undefined ? {} : { fullSince };
}

/** What an agent says, without the ports that it cannot know: it sends a number in any case. */
export function shownHealth({ troubles: _, ...health }: Health, role: AgentView["role"]): AgentView["health"] {
  const isRead = health.bridgeUp && role === "active" && !health.portsUnread;
  return { ...health, ...(!isRead && { portsInUse: null }), ...(!health.bridgeUp && { ports: null }) };
}

/** Until when the agent acted; `null`: its socket was lost with an earlier life of the edge, which writes no sign of life to disk. */
export function actedUntil(
  { id, bridgeAwaySince }: Link,
  { type }: RelayInput,
  { sockets, now }: { readonly sockets: Pick<AgentSockets, "lastSeen">; now(): EpochMs },
): EpochMs | null {
  const lastSeen = sockets.lastSeen(id);
  if (type !== "closed" && lastSeen === null) return null;
  if (type === "silent") return lastSeen;
  return (type === "bridge-away" ? bridgeAwaySince : null) ?? now();
}

/** Since when nobody acts, as far as is known. */
export function lostSince(lost: Lost | undefined): EpochMs | undefined {
  return lost?.at ?? lost?.missedAt;
}

interface ActiveLine {
  readonly event: "no-agent-active" | "agent-active" | "agent-takeover";
  readonly agent: string;
  readonly facts: LogFacts;
  readonly level: "info" | "warn";
}

/** What the log says of who acts now. `before`: the agent that acted last; `lost`: when and why it did no more. */
export function activeLine(
  before: string | undefined,
  state: RelayState,
  lost: Pick<Lost, "at" | "why"> | undefined,
  now: EpochMs,
): ActiveLine {
  const active = activeLink(state);
  const why = lost && { why: lost.why };
  if (!active) return { event: "no-agent-active", agent: before ?? "", facts: { ...why }, level: "warn" };
  const lostAt = lost?.at ?? null;
  const nobodyActed = lostAt !== null && { nobodyActedMs: Math.max(0, now - lostAt) };
  const facts = { epoch: state.epoch, ...why, ...nobodyActed };
  const { agent } = active;
  if (before === undefined || before === agent) return { event: "agent-active", agent, facts, level: "info" };
  return { event: "agent-takeover", agent, facts: { from: before, ...facts }, level: "warn" };
}
