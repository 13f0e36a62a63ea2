import type { BridgeCaller } from "../bridge/events.ts";
import type { CallId, ExtCallId, MsgId } from "../foundation/ids.ts";
import type { Asked } from "../tsp/answers.ts";
import type { FromWebexMessages, ToWebex } from "../tsp/messages.ts";
import { speakerNamed } from "./speech.ts";
import type { Caller, CallerNews } from "./state.ts";
import type { Turn } from "./turn.ts";

/** An absence of WebEx fills no disk: the oldest are forgotten first. */
const MOST_LOST_ENTRIES = 100;

/** A call has entered the conference by itself (protocol 4.2, 4.18). */
export function entered(turn: Turn, arrival: BridgeCaller): void {
  if (turn.callers.get(arrival.call) || turn.callOuts.get(arrival.call)) return;
  tellEntered(turn, {
    call: arrival.call,
    order: turn.around.serial(),
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
export function tellEntered(turn: Turn, caller: Caller, action?: "private-talk"): void {
  const { bound } = turn;
  if (!bound) return;
  const msgId = turn.around.msgId();
  const { entryLost, ...rest } = caller;
  const isSent = turn.notify({
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
    ...(turn.around.settings.hybrid && { callType: "phone" }),
  });
  turn.callers.set(caller.call, { ...rest, enterMsgId: isSent ? msgId : null });
}

/**
 * WebEx names a call, also one that we dialled (protocol 2.2.9, 4.2 step 3, section 5, row 25); what was held back for
 * want of a name goes out.
 */
export function nameCaller(turn: Turn, message: FromWebexMessages["caller-named"]): void {
  const caller = turn.callers.find(({ enterMsgId }) => enterMsgId === message.msgId);
  if (!caller) return nameOfNobody(turn, message);
  const { result = "ok" } = message;
  if (result !== "ok") turn.note(`WebEx refused to name call ${caller.call}: result ${result}`);
  const extCallId = result === "ok" && message.extCallId !== undefined ? message.extCallId : caller.extCallId;
  const named: Caller = { ...caller, extCallId, enterMsgId: null, held: [] };
  turn.callers.set(caller.call, named);
  // Without a name the call stays, unassociated, and WebEx hears no more of it.
  for (const news of caller.held) tellNews(turn, named, news);
  speakerNamed(turn, caller.call);
  if (caller.left) turn.callers.delete(caller.call);
}

/** Who is gone, and is named only now, is told as gone: WebEx took the entry although its Confirmation never came. */
function nameOfNobody(turn: Turn, { msgId, extCallId, result = "ok" }: FromWebexMessages["caller-named"]): void {
  const { head } = turn;
  if (head.phase !== "running" || !head.lostEntries?.includes(msgId)) {
    return turn.note(`WebEx names a call for message ${msgId}, which no caller waits for`);
  }
  turn.head = { ...head, lostEntries: head.lostEntries.filter((lost) => lost !== msgId) };
  if (result !== "ok" || extCallId === undefined) return;
  const { extConfId } = head;
  turn.notify({ type: "caller-changed", msgId: turn.around.msgId(), extConfId, extCallId, status: "left" });
}

/** The caller that WebEx calls so and that is here. */
export function callerNamed(turn: Turn, extCallId: ExtCallId): Caller | undefined {
  return turn.callers.find((caller) => caller.extCallId === extCallId && !caller.left);
}

/** The host's call is the first one that entered and is still here. */
export function hostOf(turn: Turn): Caller | undefined {
  return turn.callers
    .values()
    .filter(({ left }) => !left)
    .reduce<Caller | undefined>((first, caller) => (first && first.order < caller.order ? first : caller), undefined);
}

/** Tells WebEx how a caller changed (protocol 2.3.4), or holds that back until the call has a name. */
export function tellNews(turn: Turn, caller: Caller, news: CallerNews): void {
  const { bound } = turn;
  if (!bound) return;
  if (caller.extCallId === null) {
    const held = [...caller.held.filter((one) => !isLike(one, news)), news];
    if (caller.enterMsgId !== null) turn.callers.set(caller.call, { ...caller, held });
    return;
  }
  turn.notify({
    type: "caller-changed",
    msgId: turn.around.msgId(),
    extConfId: bound.extConfId,
    extCallId: caller.extCallId,
    ...news,
  });
}

/** Of like changes only the last one is held, so that who keys on and on while WebEx is away costs no more than others. */
function isLike(one: CallerNews, other: CallerNews): boolean {
  return one.status === other.status && (one.attendeeId === undefined) === (other.attendeeId === undefined);
}

/** Mutes or unmutes on WebEx's wish. The last wish wins, so only a call at rest may already be as wished. */
export function setMuted(turn: Turn, caller: Caller, muted: boolean, request: Asked | null): void {
  if (caller.muted === muted && !turn.isBusy(caller.call, "mute", "unmute")) {
    turn.answer(request, "ok");
    tellNews(turn, caller, { status: muted ? "muted" : "unmuted" });
    return;
  }
  turn.order({ type: muted ? "mute" : "unmute", call: caller.call }, request);
}

/** The bridge has muted or unmuted a call. */
export function mutedChanged(turn: Turn, caller: Caller, muted: boolean): void {
  const changed: Caller = { ...caller, muted };
  turn.callers.set(caller.call, changed);
  tellNews(turn, changed, { status: muted ? "muted" : "unmuted" });
}

/** The caller keyed its attendee ID after it had entered (protocol 4.19). */
export function identified(turn: Turn, caller: Caller, attendeeId: string): void {
  const known: Caller = { ...caller, attendeeId };
  turn.callers.set(caller.call, known);
  tellNews(turn, known, { status: caller.muted ? "muted" : "unmuted", attendeeId });
}

/** A caller is gone (protocol 4.6). One that WebEx is about to name stays in the books until then. */
export function left(turn: Turn, caller: Caller): void {
  const { call, extCallId, enterMsgId, entryLost } = caller;
  tellNews(turn, { ...caller, left: true }, { status: "left" });
  if (extCallId !== null || enterMsgId === null) turn.callers.delete(call);
  else if (entryLost) forget(turn, call, enterMsgId);
}

/** The last attempt to tell WebEx of these entries failed: of those who are gone since, little is kept. */
export function entriesLost(turn: Turn, messages: readonly ToWebex[]): void {
  const lost = new Set(messages.map(({ msgId }) => msgId));
  for (const caller of turn.callers.values()) {
    if (caller.enterMsgId === null || !lost.has(caller.enterMsgId)) continue;
    if (caller.left) forget(turn, caller.call, caller.enterMsgId);
    else turn.callers.set(caller.call, { ...caller, entryLost: true });
  }
}

/** Nobody knows whether WebEx will ever name this one. */
function forget(turn: Turn, call: CallId, enterMsgId: MsgId): void {
  turn.callers.delete(call);
  const { head } = turn;
  if (head.phase !== "running") return;
  turn.head = { ...head, lostEntries: [...(head.lostEntries ?? []), enterMsgId].slice(-MOST_LOST_ENTRIES) };
}
