import type { BridgeCaller, ConferenceEvent } from "../../bridge/events.ts";
import type { CallId, EpochMs, ExtCallId, MsgId, RoomId } from "../../foundation/ids.ts";
import type { FromWebexMessages } from "../../tsp/messages.ts";
import type { Draft } from "../draft.ts";
import { joined } from "../facts.ts";
import { namedAs } from "../head.ts";
import { callOver, entered, isDialledOut, newHistory, updateLife, withMuted, withRoom } from "../records.ts";
import type { Outgoing } from "../server/posts.ts";
import type { CallEnd, Caller, CallerChange } from "../state.ts";
import { secretMark } from "./entry-rules.ts";
import { recogniseHost, rememberHost, renameHost } from "./host.ts";
import { reconsiderSpeaker, reconsiderSpeech, removeSpeaker } from "./speakers.ts";

/** How many are kept while WebEx is away; the oldest are dropped first. */
const MAX_LOST_ENTRIES = 100;
/** Callers who left before WebEx named them, as many as a large conference loses at once. Only the MsgID is kept of older ones. */
const MAX_NAMELESS = 1_000;
/** How many are kept of one caller: an agent reports only the last one again. */
const MAX_IDENTIFICATIONS = 10;

type FromPrompt = Extract<ConferenceEvent, { type: "caller-entered" }>["prompt"];
type AttendeeIdentified = Extract<ConferenceEvent, { type: "attendee-identified" }>;

/** A call that dialled in has entered (protocol 4.2, 4.18). A snapshot can show one that has muted itself since. */
export function addCaller(draft: Draft, arrival: BridgeCaller, prompt?: FromPrompt, since?: EpochMs): void {
  if (draft.callers.get(arrival.call) || draft.callOuts.get(arrival.call)) return;
  const caller = notifyEntered(draft, callerOf(draft, arrival, since));
  applyEntered(draft, caller, prompt);
  if (arrival.muted && !arrival.silent) notifyChange(draft, caller, { status: "muted" });
}

/** `since`: where the bridge's agent alone knew of it, since when. */
export function callerOf(draft: Draft, arrival: BridgeCaller, since?: EpochMs): Caller {
  const { dialled } = arrival;
  const fromBridge = since !== undefined && {
    fromBridge: true as const,
    ...(arrival.dialledOut && { dialledOut: true as const }),
  };
  const caller: Caller = {
    call: arrival.call,
    rank: draft.context.serial(),
    number: arrival.number,
    attendeeId: arrival.attendeeId,
    ...secretMark(draft, arrival.attendeeId),
    ...(arrival.host && { keyedHostCode: true }),
    participantType: arrival.silent ? "silent-monitor" : "participant",
    muted: arrival.muted,
    ...(arrival.silent && { entersMuted: true }),
    room: arrival.room,
    mutedInMain: null,
    extCallId: null,
    enterMsgId: null,
    held: [],
    left: false,
    history: { ...newHistory(draft), ...(dialled !== undefined && { dialled }), ...fromBridge },
  };
  return entered(draft, caller, since);
}

/** From now on the conference is over when it is deserted. */
export function applyEntered(draft: Draft, caller: Caller, prompt?: FromPrompt): void {
  noteEntry(draft, caller, prompt);
  recogniseHost(draft, caller);
  draft.update({ keptUntil: undefined });
}

/** Notes the entry for the call's record. The call may have left already. */
export function noteEntry(draft: Draft, caller: Caller, prompt?: FromPrompt): void {
  const { call, number, extCallId, participantType, muted, room, history } = caller;
  draft.fact({
    kind: "call-entered",
    call,
    life: draft.life?.row ?? 0,
    began: history.began,
    direction: isDialledOut(history) ? "out" : "in",
    ...{ number, attendeeId: namedAs(caller, draft.head), extCallId, participantType, muted, room },
    ...(prompt && { prompt }),
  });
  updateLife(draft, (life) => {
    const callers = life.callers + 1;
    return { callers, mostCallers: Math.max(life.mostCallers, callers) };
  });
}

/** Notifies WebEx of a caller, who is to be named (protocol 2.3.3). `firstMsgId`: the server has it under this one. */
export function notifyEntered(
  draft: Draft,
  caller: Caller,
  {
    action,
    firstMsgId = null,
  }: { readonly action?: "private-talk" | undefined; readonly firstMsgId?: MsgId | null } = {},
): Caller {
  const { namedBy, entryLost, ...rest } = caller;
  const enterMsgId = draft.notify(
    {
      type: "caller-entered",
      ...(caller.extCallId !== null && { extCallId: caller.extCallId }),
      ...(caller.attendeeId !== null && { attendeeId: caller.attendeeId }),
      participantType: caller.participantType,
      ...(caller.number !== "" && { did: caller.number }),
      ...(action && { action }),
      actionResult: "ok",
      // Every call that a bridge reports is a telephone call.
      ...(draft.ongoing?.hybridEnabled && draft.context.settings.hybrid && { callType: "phone" }),
    },
    caller.call,
    firstMsgId,
  );
  const notified = { ...rest, enterMsgId };
  draft.callers.set(caller.call, notified);
  return notified;
}

/**
 * WebEx names a call, or confirms the name of one that it had dialled (protocol 2.2.9, 4.2 step 3, section 5, row 25). Where the
 * name is new, what waited for it goes out, and what was told under another name since the entry goes out again.
 */
export function nameCaller(draft: Draft, message: FromWebexMessages["caller-named"]): void {
  const { msgId, result = "ok" } = message;
  draft.debts.delete(`entry ${msgId}`);
  const caller = draft.callers.find(({ enterMsgId, namedBy }) => enterMsgId === msgId || namedBy === msgId);
  const invitee = draft.callOuts.find(({ enterMsgId }) => enterMsgId === msgId);
  if (invitee) return void draft.callOuts.set(invitee.call, { ...invitee, enterMsgId: null });
  if (!caller) return nameDeparted(draft, message);
  if (result !== "ok") draft.note(`WebEx refused to name call ${caller.call}: result ${result}`);
  const extCallId = result === "ok" && message.extCallId !== undefined ? message.extCallId : caller.extCallId;
  const isAnother = extCallId !== caller.extCallId;
  // Of a call that had another name, WebEx knows nothing under the new one.
  const { held } = caller.enterMsgId === null && isAnother ? { held: [stateOf(caller)] } : caller;
  const { entryLost, ...known } = caller;
  const named: Caller = { ...known, extCallId, enterMsgId: null, namedBy: msgId, held: [] };
  draft.callers.set(caller.call, named);
  if (extCallId === null) draft.fact({ kind: "call-not-named", call: caller.call });
  else if (isAnother) draft.fact({ kind: "call-named", call: caller.call, extCallId });
  if (!caller.left) noteNamesake(draft, named);
  // A second name for one entry means that WebEx has the call twice.
  const { extCallId: displaced } = caller;
  if (isAnother && displaced !== null && caller.namedBy === msgId && !findCaller(draft, displaced))
    draft.notify({ type: "caller-changed", extCallId: displaced, status: "left" });
  // A call without a name stays in the conference, and WebEx is notified of nothing more about it.
  if (isAnother) repeatUnderName(draft, named, held);
  if (caller.left) draft.callers.delete(caller.call);
}

/** Logs that WebEx gave two live calls one name. A request for one may reach the other. */
function noteNamesake(draft: Draft, { call, extCallId }: Caller): void {
  if (extCallId === null) return;
  const other =
    draft.callers.find(
      (one) => one.extCallId === extCallId && one.call !== call && !one.left && one.enterMsgId === null,
    ) ?? draft.callOuts.find((one) => one.extCallId === extCallId && one.stage !== "dropping");
  if (other) draft.fact({ kind: "call-name-shared", call, other: other.call });
}

/** Whether the conference's server was sent a `caller-entered` with this MsgID. */
export function awaitsName({ callers, callOuts, running }: Draft, msgId: MsgId): boolean {
  if (running?.lostEntries?.includes(msgId) || callOuts.find(({ enterMsgId }) => enterMsgId === msgId)) return true;
  return callers.find(({ enterMsgId, namedBy }) => enterMsgId === msgId || namedBy === msgId) !== undefined;
}

function stateOf({ muted, attendeeId }: Caller): CallerChange {
  return { status: muted ? "muted" : "unmuted", ...(attendeeId !== null && { attendeeId }) };
}

function repeatUnderName(draft: Draft, caller: Caller, held: Caller["held"]): void {
  for (const { by = [], ...change } of held)
    draft.because(joined(draft.by, by), () => notifyChange(draft, caller, change));
  if (caller.left) return;
  notifyItsRoom(draft, caller);
  reconsiderSpeaker(draft, caller.call);
}

/** It is in a sub-conference that the server knows (protocol 2.3.8). */
export function notifyItsRoom(draft: Draft, { room: id, extCallId }: Caller): void {
  const room = draft.rooms.get(id);
  if (room?.stage !== "open" || extCallId === null) return;
  draft.notify({ type: "joined-sub-conference", subConfId: room.subConfId, extCallId });
}

/** The caller left before WebEx named it, so report it as left. (WebEx had got the entry; only its Confirmation was lost.) */
function nameDeparted(draft: Draft, { msgId, extCallId, result = "ok" }: FromWebexMessages["caller-named"]): void {
  const lostEntries = draft.running?.lostEntries ?? [];
  if (!lostEntries.includes(msgId))
    return draft.note(`WebEx names a call for message ${msgId}, for which no caller waits`);
  draft.update({ lostEntries: lostEntries.filter((lost) => lost !== msgId) });
  if (result !== "ok" || extCallId === undefined) return;
  draft.notify({ type: "caller-changed", extCallId, status: "left" });
}

/** The caller in the conference that has this name at WebEx. */
export function findCaller(draft: Draft, extCallId: ExtCallId | undefined): Caller | undefined {
  return draft.callers.find((caller) => caller.extCallId === extCallId && !caller.left);
}

/**
 * Notifies WebEx of a caller's change (protocol 2.3.4), and holds that until WebEx has named the call: the name may be another.
 * An invitee who joins the main conference is described as when it entered the private talk (protocol 4.21).
 */
export function notifyChange(draft: Draft, caller: Caller, change: CallerChange): void {
  const { extCallId, enterMsgId, participantType, number } = caller;
  const described = change.action && { participantType, did: number };
  if (extCallId !== null) draft.notify({ type: "caller-changed", extCallId, ...described, ...change }, caller.call);
  else draft.withhold("caller-changed", enterMsgId === null ? "unnamed" : "not-named-yet", caller.call);
  if (enterMsgId === null) return;
  const { alike = [], others = [] } = Object.groupBy(caller.held, (one) => (isAlike(one, change) ? "alike" : "others"));
  const before = alike.flatMap((one) => one.by ?? []);
  const by = joined(
    before,
    draft.by.filter(({ type }) => type === "action"),
  );
  draft.callers.set(caller.call, { ...caller, held: [...others, { ...change, ...(by.length > 0 && { by }) }] });
}

export function notifyMuteState(
  draft: Draft,
  { unreportedMute, ...caller }: Caller,
  more: Omit<CallerChange, "status"> = {},
): void {
  if (unreportedMute) draft.callers.set(caller.call, caller);
  notifyChange(draft, caller, { status: caller.muted ? "muted" : "unmuted", ...more });
}

/** Notifies WebEx of a mute state that changed for a return to the main room which then failed. */
export function notifyUnreported(draft: Draft, caller: Caller): void {
  if (caller.unreportedMute) notifyMuteState(draft, caller);
  // A mute that has no result yet is reported with it.
  for (const { unreported, ...pending } of draft.commands.values())
    if (unreported && "call" in pending.command && pending.command.call === caller.call)
      draft.commands.set(pending.id, pending);
}

/** Changes of one kind replace each other, so that a caller who keeps keying while WebEx is away costs no more than others. */
function isAlike(one: CallerChange, other: CallerChange): boolean {
  const isOfOneKind = one.status === other.status && one.action === other.action;
  return isOfOneKind && (one.attendeeId === undefined) === (other.attendeeId === undefined);
}

/** Applies a mute or unmute by the bridge, even a repeated one: WebEx gets a notification after each answer (protocol 4.11). */
export function applyMuted(draft: Draft, { heardInTalk, ...caller }: Caller, muted: boolean): void {
  notifyMuteState(draft, setMuteState(draft, caller, muted));
}

function setMuteState(draft: Draft, caller: Caller, muted: boolean): Caller {
  const changed = withMuted(draft, caller, muted);
  draft.callers.set(caller.call, changed);
  if (changed !== caller) draft.fact({ kind: "call-muted", call: caller.call, muted });
  return changed;
}

/** Sets the mute state for a return to the main room. The notification of the return includes it. */
export function setMuteForReturn(draft: Draft, caller: Caller, muted: boolean): void {
  const changed = setMuteState(draft, caller, muted);
  if (changed !== caller) draft.callers.set(caller.call, { ...changed, unreportedMute: true });
}

/** The call is in this room from now on. */
export function setRoom<Moved extends Caller>(draft: Draft, caller: Moved, room: RoomId): Caller {
  const moved = withRoom(draft, caller, room);
  draft.callers.set(caller.call, moved);
  draft.fact({ kind: "call-moved", call: caller.call, room });
  reconsiderSpeech(draft);
  return moved;
}

/** The caller keyed its attendee ID after entering (protocol 4.19). An agent may report it twice, under one id. */
export function applyAttendeeId(draft: Draft, caller: Caller, { id, attendeeId }: AttendeeIdentified): void {
  const { keyedSecret: _, identifications = [], ...others } = caller;
  if (identifications.includes(id)) return;
  const known: Caller = {
    ...others,
    attendeeId,
    ...secretMark(draft, attendeeId),
    identifications: [...identifications.slice(1 - MAX_IDENTIFICATIONS), id],
  };
  draft.callers.set(caller.call, known);
  draft.fact({ kind: "call-merged", call: caller.call, attendeeId: namedAs(known, draft.head) });
  renameHost(draft, caller, attendeeId);
  notifyMuteState(draft, known, { attendeeId });
}

/** A caller has left, from whatever room (protocol 4.6, 4.14). It is kept until WebEx has named it. */
export function removeCaller(draft: Draft, caller: Caller, end: CallEnd): void {
  const { call, enterMsgId } = caller;
  rememberHost(draft, caller);
  callOver(draft, caller, end);
  notifyChange(draft, { ...caller, left: true }, { status: "left" });
  if (draft.running?.attached === false) oweLeft(draft, caller);
  if (enterMsgId === null || isEntryOwed(draft, caller)) deleteDeparted(draft, caller);
  else limitDeparted(draft);
  removeSpeaker(draft, call);
}

/** WebEx has let the conference go on alone: whoever creates it again learns who has left (protocol 4.8 step 6, F4). */
function oweLeft(draft: Draft, { extCallId }: Caller): void {
  const { ongoing, context } = draft;
  if (!ongoing || extCallId === null) return;
  const { extConfId } = ongoing;
  draft.owe({ type: "caller-changed", msgId: context.msgId(), extConfId, extCallId, status: "left" });
}

/** WebEx may lose its own answer, and then never names the call. */
function limitDeparted(draft: Draft): void {
  const departed = draft.callers.values().filter(({ left }) => left);
  for (const caller of departed.slice(0, -MAX_NAMELESS)) deleteDeparted(draft, caller);
}

/** The call that this `caller-entered` is about. */
export function callOfEntry(
  { callers, callOuts }: { readonly [Kind in "callers" | "callOuts"]: { values(): Iterable<Entering> } },
  { type, msgId }: Pick<Outgoing, "type" | "msgId">,
): CallId | undefined {
  // WebEx's own MsgIDs, which answers have, may be the same.
  if (type !== "caller-entered") return undefined;
  return [...callers.values(), ...callOuts.values()].find(({ enterMsgId }) => enterMsgId === msgId)?.call;
}

interface Entering extends Pick<Caller, "call"> {
  readonly enterMsgId?: MsgId | null;
}

/** Whether its server is owed its `caller-entered`. */
export function isEntryOwed(draft: Draft, { enterMsgId }: Caller): boolean {
  return draft.debts.get(`entry ${enterMsgId}`) !== undefined;
}

/** WebEx may name this call, or never: only the MsgID is kept. Of one that has a name, WebEx is told already that it left. */
export function deleteDeparted(draft: Draft, caller: Caller): void {
  const { call, extCallId, enterMsgId, entryLost } = caller;
  const wasPosted = entryLost || !isEntryOwed(draft, caller);
  if (extCallId === null) draft.fact({ kind: "call-not-named", call });
  draft.callers.delete(call);
  draft.debts.delete(`entry ${enterMsgId}`);
  if (!draft.running || extCallId !== null || enterMsgId === null || !wasPosted) return;
  const lostEntries = [...(draft.running.lostEntries ?? []), enterMsgId];
  const dropped = lostEntries.length > MAX_LOST_ENTRIES ? lostEntries.shift() : undefined;
  draft.update({ lostEntries });
  if (dropped !== undefined)
    draft.note(`if WebEx names the call of message ${dropped}, it is not notified that the call left`);
}
