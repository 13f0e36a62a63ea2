import type { BridgeCaller } from "../bridge/events.ts";
import type { CallId, ExtCallId, MsgId } from "../foundation/ids.ts";
import type { OpenRequest } from "../tsp/answers.ts";
import type { FromWebexMessages, ToWebex } from "../tsp/messages.ts";
import type { Draft } from "./draft.ts";
import { removeSpeaker, speakerNamed } from "./speakers.ts";
import type { Caller, CallerChange } from "./state.ts";

/** An absence of WebEx fills no disk: the oldest are forgotten first. */
const MOST_LOST_ENTRIES = 100;

/** A call has entered the conference by itself (protocol 4.2, 4.18). */
export function entered(draft: Draft, arrival: BridgeCaller): void {
  if (draft.callers.get(arrival.call) || draft.callOuts.get(arrival.call)) return;
  notifyEntered(draft, {
    call: arrival.call,
    rank: draft.context.serial(),
    number: arrival.number,
    attendeeId: arrival.attendeeId,
    participantType: arrival.silent ? "silent-monitor" : "participant",
    muted: arrival.muted,
    room: arrival.room,
    mutedInMain: null,
    extCallId: null,
    enterMsgId: null,
    held: [],
    left: false,
  });
}

/** Tells WebEx of a caller that it is to name, or to confirm the name of (protocol 2.3.3), by `caller-named`. */
export function notifyEntered(draft: Draft, caller: Caller, action?: "private-talk"): void {
  const { bound } = draft;
  if (!bound) return;
  const msgId = draft.context.msgId();
  const { entryLost, ...rest } = caller;
  const isSent = draft.notify({
    type: "caller-entered",
    msgId,
    extConfId: bound.extConfId,
    ...(caller.extCallId !== null && { extCallId: caller.extCallId }),
    ...(caller.attendeeId !== null && { attendeeId: caller.attendeeId }),
    participantType: caller.participantType,
    ...(caller.number !== "" && { did: caller.number }),
    ...(action && { action }),
    actionResult: "ok",
    // Whatever a bridge reports has come by telephone.
    ...(draft.context.settings.hybrid && { callType: "phone" }),
  });
  draft.callers.set(caller.call, { ...rest, enterMsgId: isSent ? msgId : null });
}

/**
 * WebEx names a call, also one that we dialled (protocol 2.2.9, 4.2 step 3, section 5, row 25); what was held back for
 * want of a name goes out.
 */
export function nameCaller(draft: Draft, message: FromWebexMessages["caller-named"]): void {
  const caller = draft.callers.find(({ enterMsgId }) => enterMsgId === message.msgId);
  if (!caller) return nameOfNobody(draft, message);
  const { result = "ok" } = message;
  if (result !== "ok") draft.note(`WebEx refused to name call ${caller.call}: result ${result}`);
  const extCallId = result === "ok" && message.extCallId !== undefined ? message.extCallId : caller.extCallId;
  const named: Caller = { ...caller, extCallId, enterMsgId: null, held: [] };
  draft.callers.set(caller.call, named);
  // Without a name the call stays, unassociated, and WebEx hears no more of it.
  for (const change of caller.held) notifyChange(draft, named, change);
  speakerNamed(draft, caller.call);
  if (caller.left) draft.callers.delete(caller.call);
}

/** Who is gone, and is named only now, is told as gone: WebEx took the entry although its Confirmation never came. */
function nameOfNobody(draft: Draft, { msgId, extCallId, result = "ok" }: FromWebexMessages["caller-named"]): void {
  const { head } = draft;
  if (head.phase !== "running" || !head.lostEntries?.includes(msgId)) {
    return draft.note(`WebEx names a call for message ${msgId}, which no caller waits for`);
  }
  draft.head = { ...head, lostEntries: head.lostEntries.filter((lost) => lost !== msgId) };
  if (result !== "ok" || extCallId === undefined) return;
  const { extConfId } = head;
  draft.notify({ type: "caller-changed", msgId: draft.context.msgId(), extConfId, extCallId, status: "left" });
}

/** The caller that WebEx calls so and that is here. */
export function callerNamed(draft: Draft, extCallId: ExtCallId): Caller | undefined {
  return draft.callers.find((caller) => caller.extCallId === extCallId && !caller.left);
}

/** The host's call is the first one that entered and is still here. */
export function hostOf(draft: Draft): Caller | undefined {
  return draft.callers
    .values()
    .filter(({ left }) => !left)
    .reduce<Caller | undefined>((first, caller) => (first && first.rank < caller.rank ? first : caller), undefined);
}

/** Tells WebEx how a caller changed (protocol 2.3.4), or holds that back until the call has a name. */
export function notifyChange(draft: Draft, caller: Caller, change: CallerChange): void {
  const { bound } = draft;
  if (!bound) return;
  if (caller.extCallId === null) {
    const held = [...caller.held.filter((one) => !isLike(one, change)), change];
    if (caller.enterMsgId !== null) draft.callers.set(caller.call, { ...caller, held });
    return;
  }
  draft.notify({
    type: "caller-changed",
    msgId: draft.context.msgId(),
    extConfId: bound.extConfId,
    extCallId: caller.extCallId,
    ...change,
  });
}

/** Of like changes only the last one is held, so that who keys on and on while WebEx is away costs no more than others. */
function isLike(one: CallerChange, other: CallerChange): boolean {
  return one.status === other.status && (one.attendeeId === undefined) === (other.attendeeId === undefined);
}

/** Mutes or unmutes on WebEx's wish. The last wish wins, so only a call at rest may already be as wished. */
export function setMuted(draft: Draft, caller: Caller, muted: boolean, request: OpenRequest | null): void {
  if (caller.muted === muted && !draft.isBusy(caller.call, "mute", "unmute")) {
    draft.answer(request, "ok");
    notifyChange(draft, caller, { status: muted ? "muted" : "unmuted" });
    return;
  }
  draft.tellBridge({ type: muted ? "mute" : "unmute", call: caller.call }, request);
}

/** The bridge has muted or unmuted a call. */
export function mutedChanged(draft: Draft, caller: Caller, muted: boolean): void {
  const changed: Caller = { ...caller, muted };
  draft.callers.set(caller.call, changed);
  notifyChange(draft, changed, { status: muted ? "muted" : "unmuted" });
}

/** The caller keyed its attendee ID after it had entered (protocol 4.19). */
export function identified(draft: Draft, caller: Caller, attendeeId: string): void {
  const known: Caller = { ...caller, attendeeId };
  draft.callers.set(caller.call, known);
  notifyChange(draft, known, { status: caller.muted ? "muted" : "unmuted", attendeeId });
}

/** A caller is gone (protocol 4.6). One that WebEx is about to name stays in the books until then. */
export function left(draft: Draft, caller: Caller): void {
  const { call, extCallId, enterMsgId, entryLost } = caller;
  notifyChange(draft, { ...caller, left: true }, { status: "left" });
  if (extCallId !== null || enterMsgId === null) draft.callers.delete(call);
  else if (entryLost) forget(draft, call, enterMsgId);
}

/** The last attempt to tell WebEx of these entries failed: of those who are gone since, little is kept. */
export function entriesLost(draft: Draft, messages: readonly ToWebex[]): void {
  const lost = new Set(messages.map(({ msgId }) => msgId));
  for (const caller of draft.callers.values()) {
    if (caller.enterMsgId === null || !lost.has(caller.enterMsgId)) continue;
    if (caller.left) forget(draft, caller.call, caller.enterMsgId);
    else draft.callers.set(caller.call, { ...caller, entryLost: true });
  }
}

/** Nobody knows whether WebEx will ever name this one. */
function forget(draft: Draft, call: CallId, enterMsgId: MsgId): void {
  draft.callers.delete(call);
  const { head } = draft;
  if (head.phase !== "running") return;
  draft.head = { ...head, lostEntries: [...(head.lostEntries ?? []), enterMsgId].slice(-MOST_LOST_ENTRIES) };
}

/** A caller is gone, wherever in the conference it was (protocol 4.6, 4.14). */
export function gone(draft: Draft, caller: Caller): void {
  left(draft, caller);
  removeSpeaker(draft, caller.call);
}
