import type { EpochMs } from "../foundation/ids.ts";

/** Agents connect anew within seconds after a restart of theirs or of the edge, a reload or a hand over: that is nobody's business. */
export const AWAY_AFTER_MS = 10_000;

/** How an agent is: `link`, it has none; `bridge`, it does not reach its bridge. */
export type Presence = "here" | "link" | "bridge";

interface Absence {
  readonly since: EpochMs;
  readonly why: Exclude<Presence, "here">;
  readonly isTold: boolean;
}

export type Absences = Readonly<Record<string, Absence>>;

/** What people are to be shown: an agent is away for so long, or is back. */
export interface AbsenceEvent extends Omit<Absence, "isTold"> {
  readonly type: "agent.away" | "agent.back";
  readonly agent: string;
  readonly at: EpochMs;
}

interface Look {
  readonly after: Absences;
  readonly events: readonly AbsenceEvent[];
  /** When to look again though nothing happens; `null`: no need. */
  readonly nextAt: EpochMs | null;
}

/** What has become of the absences, by how the agents of the settings are now. An agent that the settings do not name any more is forgotten. */
export function lookForAbsences(before: Absences, agents: ReadonlyMap<string, Presence>, now: EpochMs): Look {
  const after: Record<string, Absence> = {};
  const events: AbsenceEvent[] = [];
  let nextAt: EpochMs | null = null;
  for (const [agent, presence] of agents) {
    const known = Object.hasOwn(before, agent) ? before[agent] : undefined;
    if (presence === "here") {
      if (known?.isTold) events.push({ type: "agent.back", agent, at: now, since: known.since, why: known.why });
      continue;
    }
    // After the clock was set back, the time begins anew.
    const since = Math.min(known?.since ?? now, now);
    const isOver = now - since >= AWAY_AFTER_MS;
    if (known?.isTold) after[agent] = known;
    else after[agent] = { since, why: presence, isTold: isOver };
    if (known?.isTold) continue;
    if (isOver) events.push({ type: "agent.away", agent, at: now, since, why: presence });
    else nextAt = Math.min(nextAt ?? Number.POSITIVE_INFINITY, since + AWAY_AFTER_MS);
  }
  return { after, events, nextAt };
}
