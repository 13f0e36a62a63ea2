import type { RefusalReason } from "../bridge/commands.ts";
import type { EndReason } from "../bridge/events.ts";
import { dialledDigits } from "../foundation/dial-rules.ts";
import { type BridgeName, type ConfKey, type EpochMs, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import { isFar } from "../foundation/time/clock-jump.ts";
import type { CallRecord, Ender } from "../records/call-record.ts";
import type { ConferenceRecord } from "../records/conference-record.ts";
import type { CallRow, ConferenceRow } from "../records/rows.ts";
import type { Draft } from "./draft.ts";
import { actionsOf, type Cause, type Fact } from "./facts.ts";
import { type Head, isOngoing, type Life, namedAs, type Ongoing } from "./head.ts";
import type { CallEnd, Caller, CallHistory, CallOut } from "./state.ts";

/** No more rooms are named in one record. */
const MAX_ROOMS = 50;

/** Who ended a conference, and why. */
export type ConferenceEnd = Pick<ConferenceRecord, "endedBy" | "reason">;

/** Of a conference of which nothing is known. */
const noLife: Life = {
  ...{ row: 0, createdAt: 0, runningAt: null, extConfIds: [], webexHosts: [], topic: "" },
  ...{ callers: 0, mostCallers: 0, calls: 0, callMinutes: 0, failovers: 0, repairs: 0, givenUp: 0 },
};

export function newLife({ context: { row }, at: createdAt }: Draft): Life {
  return { ...noLife, row, createdAt };
}

/** Changes what the conference's record will say; without a conference there is no record. */
export function updateLife(draft: Draft, change: (life: Life) => Partial<Life>): void {
  if (draft.life) draft.life = { ...draft.life, ...change(draft.life) };
}

/** Another server has the conference, or its own one under another handle: every record of now says so. */
export function countTakeover(draft: Draft, { host, extConfId }: Pick<Ongoing, "host" | "extConfId">): void {
  // Nobody had an orphan before.
  const more = draft.running?.orphan ? 0 : 1;
  const count = ({ history }: Caller | CallOut) => ({
    history: { ...history, ...(more > 0 && { failovers: (history.failovers ?? 0) + more }) },
  });
  for (const caller of draft.callers.values())
    if (!caller.left) draft.callers.set(caller.call, { ...caller, ...count(caller) });
  for (const callOut of draft.callOuts.values()) draft.callOuts.set(callOut.call, { ...callOut, ...count(callOut) });
  updateLife(draft, ({ failovers, extConfIds, webexHosts }) => ({
    failovers: failovers + more,
    ...(extConfIds.at(-1) !== extConfId && { extConfIds: [...extConfIds, extConfId] }),
    ...(webexHosts.at(-1) !== host && { webexHosts: [...webexHosts, host] }),
  }));
}

export function isDialledOut({ dialledAt, dialledOut }: CallHistory): boolean {
  return dialledAt !== undefined || dialledOut === true;
}

export function newHistory(draft: Draft): CallHistory {
  return { began: draft.context.row };
}

/** A call enters: from now on its record knows of mutes and rooms. */
export function entered(draft: Draft, call: Caller, at = draft.at): Caller {
  const rooms = call.room !== MAIN_ROOM && { rooms: [nameOf(draft, call.room)] };
  const inside = { ...call, history: { ...call.history, enteredAt: at, ...rooms } };
  return call.muted ? withMuted(draft, { ...inside, muted: false }, true) : inside;
}

export function withMuted(draft: Draft, call: Caller, muted: boolean): Caller {
  if (muted === call.muted) return call;
  const { mutedAt, ...history } = call.history;
  return {
    ...call,
    muted,
    history: muted
      ? { ...history, mutes: (history.mutes ?? 0) + 1, mutedAt: draft.at }
      : { ...history, mutedMs: mutedMs(draft, call.history) },
  };
}

export function withRoom(draft: Draft, call: Caller, room: RoomId): Caller {
  const rooms = roomsOf(call);
  const name = nameOf(draft, room);
  const isSame = rooms.at(-1) === name || rooms.length >= MAX_ROOMS;
  return { ...call, room, ...(!isSame && { history: { ...call.history, rooms: [...rooms, name] } }) };
}

function nameOf(draft: Draft, room: RoomId): string {
  return room === MAIN_ROOM ? MAIN_ROOM : (draft.rooms.get(room)?.subConfId ?? "private");
}

function roomsOf({ history: { rooms = [MAIN_ROOM] } }: Pick<Caller, "history">): readonly string[] {
  return rooms;
}

function mutedMs(draft: Draft, { mutedMs = 0, mutedAt = draft.at }: CallHistory): number {
  return mutedMs + draft.at - mutedAt;
}

/** The bridge has reported that a call is over. */
export function reportedEnd(draft: Draft, call: Caller | CallOut, reason: EndReason): CallEnd {
  const status = overStatus(call.history);
  switch (reason) {
    case "hung-up":
      return { endedBy: "caller", status, reason };
    case "expelled": {
      const asked = draft.commands.find(({ command }) => command.type === "expel" && command.call === call.call);
      return { endedBy: asked ? enderOf(asked.by) : "telephone", status, reason };
    }
    case "conference-ended":
      return { endedBy: enderOfClosing(draft) ?? "telephone", status, reason };
    case "busy":
    case "rejected":
      return { endedBy: "caller", status: "busy", reason };
    case "no-answer":
      return { endedBy: "nobody", status: "no-answer", reason };
    case "cancelled":
      return { endedBy: "webex", status: "canceled", reason };
    case "invalid-number":
    case "refused":
      return { endedBy: "bridge", status: call.history.enteredAt === undefined ? "failed" : "completed", reason };
  }
}

/** The bridge has hung a call up, by a command that these wanted. */
export function expelledEnd({ history }: Caller | CallOut, by: readonly Cause[] = []): CallEnd {
  return { endedBy: enderOf(by), status: overStatus(history), reason: "expelled" };
}

/** The bridge did not dial, admit or keep a call. */
export function failedEnd(
  { history }: Caller | CallOut,
  reason: RefusalReason | "not-found" | "bridge-timeout",
): CallEnd {
  return { endedBy: "bridge", status: history.enteredAt === undefined ? "failed" : "completed", reason };
}

/** Of a call that ends with its conference. */
export function endWith({ history }: Caller | CallOut, { endedBy }: ConferenceEnd): CallEnd {
  return { endedBy, status: overStatus(history), reason: "conference-ended" };
}

/** Who wants the end of the conference that is being closed. */
export function enderOfClosing({ running }: Draft): Ender | null {
  if (!running?.closing) return null;
  const { byOperator, byPolicy, isAsked } = running.closing;
  if (byOperator) return "operator";
  if (byPolicy) return "policy";
  return running.attached || isAsked ? "webex" : "nobody";
}

function overStatus({ enteredAt, answeredAt = enteredAt }: CallHistory): CallEnd["status"] {
  return answeredAt === undefined ? "canceled" : "completed";
}

/** The edge itself hangs up what nobody wants any more. */
function enderOf(by: readonly Cause[] = []): Ender {
  if (actionsOf(by).length > 0) return "operator";
  return by.some(({ type }) => type === "request") ? "webex" : "policy";
}

/** What a row of a call or a conference needs besides the call. */
export interface RowContext {
  readonly confKey: ConfKey;
  readonly bridge: BridgeName | null;
  readonly customerReference: string;
  readonly head: Head;
  readonly life: Life;
}

function contextOf({ context: { confKey, bridge, settings }, head, life }: Draft): RowContext {
  return { confKey, bridge, customerReference: settings.customerReference ?? "", head, life: life ?? noLife };
}

/** A call that is not over. What it has done until then is in the row of its end. */
export function callRowOf({ head, life, ...of }: RowContext, call: Caller | CallOut): CallRow {
  const { history } = call;
  const isOut = "stage" in call || isDialledOut(history);
  const { enteredAt = null, answeredAt = enteredAt } = history;
  return {
    ...{ kind: "call", conference: of.confKey, life: life.row, began: history.began },
    ...{ call: call.call, extCallId: call.extCallId ?? "", direction: isOut ? "out" : "in" },
    number: numberOf(call),
    attendeeId: namedAs({ ...call, attendeeId: call.attendeeId ?? null }, head) ?? "",
    participantType: String(call.participantType),
    ...{ host: false, bridge: of.bridge ?? "", webexHost: "" },
    ...{ dialledAt: history.dialledAt ?? null, answeredAt, enteredAt, endedAt: null },
    ...{ seconds: 0, minutes: 0, endedBy: null, status: enteredAt === null ? "ringing" : "inside", reason: "" },
    ...{ mutes: 0, mutedSeconds: 0, failovers: 0, repairs: 0, rooms: [], dialled: history.dialled ?? "" },
    ...{ customerReference: "", fromBridge: history.fromBridge === true, topic: "", clockDiffers: false },
  };
}

/** Says that a call is over, with its record. `at`: where that was some time ago. */
export function callOver(draft: Draft, call: Caller | CallOut, end: CallEnd, at = draft.at): void {
  const { history } = call;
  const of = contextOf(draft);
  const row = callRowOf(of, call);
  const { enteredAt, answeredAt } = row;
  const { ms, clockDiffers } = lengthOf(draft, call, at);
  const minutes = answeredAt === null ? 0 : Math.max(1, Math.ceil(ms / 60_000));
  const record: CallRecord = {
    ...{ ...row, ...end, endedAt: at, seconds: Math.round(ms / 1_000), minutes, clockDiffers },
    host: isHost(draft.head, call),
    webexHost: draft.ongoing?.host ?? "",
    failovers: history.failovers ?? 0,
    repairs: history.repairs ?? 0,
    rooms: enteredAt === null ? [] : [...roomsOf(call)],
    customerReference: of.customerReference,
    topic: of.life.topic,
    mutes: history.mutes ?? 0,
    mutedSeconds: Math.round(Math.min(mutedMs(draft, history), ms) / 1_000),
  };
  const about = { call: call.call, why: end.reason, record };
  draft.fact(enteredAt === null ? { kind: "call-not-entered", ...about } : { kind: "call-left", ...about });
  updateLife(draft, (life) => ({
    calls: life.calls + 1,
    callMinutes: life.callMinutes + minutes,
    callers: life.callers - (enteredAt === null ? 0 : 1),
    ...(clockDiffers && { clockDiffers }),
  }));
}

/** From its answer to its end. Where the clocks differ about that, what has passed beside the bridge counts. */
function lengthOf({ inside }: Draft, { call, history }: Caller | CallOut, at: EpochMs) {
  const { enteredAt = at, answeredAt = enteredAt } = history;
  const { ms = at - enteredAt } = inside.find((one) => one.call === call) ?? {};
  const clockDiffers = history.enteredAt !== undefined && isFar(at - enteredAt - ms);
  return { ms: clockDiffers ? Math.max(0, enteredAt - answeredAt) + ms : at - answeredAt, clockDiffers };
}

function numberOf({ number }: Caller | CallOut): string {
  return typeof number === "string" ? number : dialledDigits(number);
}

function isHost(head: Head, call: Caller | CallOut): boolean {
  const { attendeeId, extCallId } = (isOngoing(head) && head.namedHost) || {};
  const isNamed = (name: string | undefined, own: string | null | undefined) => name !== undefined && own === name;
  const hasKeyed = "keyedHostCode" in call && call.keyedHostCode === true;
  return hasKeyed || isNamed(attendeeId, call.attendeeId) || isNamed(extCallId, call.extCallId);
}

type RunningColumns = Omit<ConferenceRow, "now">;

/** A conference that is not over. */
export function conferenceRowOf({ confKey, bridge, customerReference, life: of }: RowContext): RunningColumns {
  const { row, callers: _, fromBridge = false, clockDiffers = false, ...life } = of;
  return {
    ...{ kind: "conference", conference: confKey, life: row, bridge: bridge ?? "" },
    ...{ ...life, extConfIds: [...life.extConfIds], webexHosts: [...life.webexHosts] },
    ...{ endedAt: null, seconds: 0, endedBy: null, reason: "" },
    status: life.runningAt === null ? "creating" : "running",
    ...{ customerReference, fromBridge, clockDiffers },
  };
}

/** The record of the conference that ends now. */
export function conferenceRecord(draft: Draft, end: ConferenceEnd, at = draft.at): ConferenceRecord {
  const row = conferenceRowOf({ ...contextOf(draft), life: draft.life ?? newLife(draft) });
  const { runningAt } = row;
  const seconds = runningAt === null ? 0 : Math.round((at - runningAt) / 1_000);
  return { ...row, ...end, endedAt: at, seconds, status: runningAt === null ? "failed" : "completed" };
}

/** The bridge held this otherwise: records count it. */
export function repaired(draft: Draft, what: RepairKind): undefined;
export function repaired(draft: Draft, what: RepairKind, call: Caller): Caller;
export function repaired(draft: Draft, what: RepairKind, call?: Caller): Caller | undefined {
  draft.fact({ kind: "repaired", what, ...(call && { call: call.call }) });
  updateLife(draft, ({ repairs }) => ({ repairs: repairs + 1 }));
  return call && withRepair(call);
}

export function withRepair(call: Caller): Caller {
  return { ...call, history: { ...call.history, repairs: (call.history.repairs ?? 0) + 1 } };
}

type RepairKind = Extract<Fact, { kind: "repaired" }>["what"];
