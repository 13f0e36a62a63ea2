import type { CallId, EpochMs } from "../foundation/ids.ts";
import { outcomeOf } from "../records/counts.ts";
import type { CallRow, ConferenceRow } from "../records/rows.ts";
import type { Fact, FactKind, FactRow } from "./facts.ts";
import { isOngoing } from "./head.ts";
import { callRowOf, conferenceRowOf, type RowContext } from "./records.ts";
import type { ConferenceState } from "./state.ts";

/** The rows of one conference that have changed. */
export interface ConferenceRows {
  readonly conferences: readonly ConferenceRow[];
  readonly calls: readonly CallRow[];
}

export interface RowsContext extends Omit<RowContext, "head" | "life"> {
  readonly state: ConferenceState;
  readonly isFailing: boolean;
  /** Since when the bridge owes the first late answer; `null`: it owes none. */
  readonly lateSince: EpochMs | null;
  readonly aheadMs: number;
}

/** Of a conference that began or ended, or a call that entered or left: people and receivers of webhooks wait for it. */
const urgent: ReadonlySet<FactKind> = new Set([
  ...(["conference-requested", "conference-created", "conference-found", "conference-not-created"] as const),
  ...(["conference-ended", "call-entered", "call-left", "call-not-entered"] as const),
]);
const changesCall: ReadonlySet<FactKind> = new Set([
  ...(["call-dialled", "call-entered", "call-named", "call-merged"] as const),
]);
const counted: ReadonlySet<FactKind> = new Set([
  ...(["document-confirmed", "post-confirmed", "post-failed", "post-given-up", "server-settled"] as const),
  ...(["server-reached", "conference-taken-over"] as const),
]);

export function isUrgent({ kind }: Fact): boolean {
  return urgent.has(kind);
}

/** Whether users wait for what this fact changes: a row, or an alert. */
export function isSoon(fact: Fact): boolean {
  const isRefused = fact.kind === "post-confirmed" && fact.refused === true;
  return urgent.has(fact.kind) || changesCall.has(fact.kind) || fact.kind === "post-given-up" || isRefused;
}

/** Whether the directory needs this fact, even if the conference never does anything again. */
export function isPublished(fact: Fact): boolean {
  return isSoon(fact) || counted.has(fact.kind) || outcomeOf(fact) !== null;
}

/** The rows that these facts have changed, each as of now, and the conference that runs. */
export function rowsOf(of: RowsContext, rows: readonly FactRow[]): ConferenceRows {
  const facts = rows.flatMap((row) => row.facts);
  const ended = facts.flatMap((fact) => ("record" in fact ? [fact.record] : []));
  const changed = new Set(facts.flatMap((fact) => (changesCall.has(fact.kind) ? callOf(fact) : [])));
  const current = currentRow(of);
  const over = ended.filter((record) => record.kind === "conference");
  return {
    conferences: [...over.map((record) => ({ ...record, now: null })), ...(current ? [current] : [])],
    calls: [...ended.filter((record) => record.kind === "call"), ...[...changed].flatMap((call) => callsOf(of, call))],
  };
}

function callOf(fact: Fact): readonly CallId[] {
  return "call" in fact && fact.call !== undefined ? [fact.call] : [];
}

/** The call with this id, if it is not over. */
function callsOf({ state, ...of }: RowsContext, id: CallId): readonly CallRow[] {
  const { head } = state;
  if (!isOngoing(head)) return [];
  const caller = state.callers.get(id);
  const call = caller && !caller.left ? caller : state.callOuts.get(id);
  return call ? [callRowOf({ ...of, head, life: head.life }, call)] : [];
}

/** How the conference is now; `null`: none is being created or runs. */
export function currentRow({ state, isFailing, lateSince, aheadMs, ...of }: RowsContext): ConferenceRow | null {
  const { head, rooms, commands } = state;
  if (!isOngoing(head)) return null;
  const { attached = true, locked = false, orphan, talk } = head.phase === "running" ? head : {};
  const opening = new Set(
    [...commands.values()].flatMap(({ command }) => (command.type === "create-room" ? [command.room] : [])),
  );
  const open = [...rooms.values()].filter(({ room }) => !opening.has(room));
  const inTalk = talk && talk.stage !== "opening" && !talk.neverOpened ? 1 : 0;
  return {
    ...conferenceRowOf({ ...of, head, life: head.life }),
    now: {
      ...{ attached, orphan: orphan !== undefined, locked },
      callers: [...state.callers.values()].filter(({ left }) => !left).length,
      rooms: open.length + inTalk,
      roomNames: open.flatMap(({ name }) => name ?? []),
      alerts: [...(isFailing ? (["posts"] as const) : []), ...(lateSince === null ? [] : (["commands"] as const))],
      ...{ lateSince, aheadMs },
    },
  };
}
