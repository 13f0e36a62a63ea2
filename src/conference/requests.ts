import { isPossible, type NeededCommand } from "../bridge/command-rules.ts";
import { MAIN_ROOM, type RoomId, type TransId } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import { BACK_END } from "../foundation/text/bare-host.ts";
import type { DecisiveSettings } from "../settings/domain-settings.ts";
import {
  type AnsweredType,
  type FromWebex,
  type FromWebexMessages,
  type OpenRequest,
  requestOf,
} from "../tsp/messages.ts";
import type { ResultWord, UpdateAction } from "../tsp/protocol-table.ts";
import type { Draft } from "./draft.ts";
import { actionsOf } from "./facts.ts";
import { type Creating, type Head, isFormerHandle, isOngoing, type Running } from "./head.ts";
import { close, closeWaitingCreates, create } from "./lifecycle.ts";
import { cancelCallOut, entersMuted, startCallOut } from "./parts/call-outs.ts";
import { awaitsName, findCaller, nameCaller } from "./parts/callers.ts";
import { hostIn } from "./parts/host.ts";
import { addToMain, endTalk } from "./parts/private-talk.ts";
import { closeRoom, createRoom, moveCall } from "./parts/rooms.ts";
import { isFromUnreachable, resync } from "./server/resync.ts";
import type { Caller, CallOut } from "./state.ts";

/** To a back end that hangs, each takes half a minute. */
const MAX_CLIENT_DATA = 100;

/**
 * What a message does under a handle that another create has replaced (protocol 4.9): "all subsequent commands relating to this
 * conference will now use the new ExtConfID". A request that acts is answered with this result, and changes nothing.
 */
const underFormerHandle = {
  "create-conference": "applied", // A takeover like any other.
  "caller-named": "applied", // It counts only for a MsgID that this server was sent, and a takeover sends new ones.
  "message-refused": "applied",
  unknown: "applied",
  passthrough: "dropped",
  "close-conference": "ok",
  "update-conference": "no-such-conference",
  "call-out": "no-such-conference",
  "cancel-call-out": "no-such-conference",
  "update-caller": "no-such-conference",
  "drop-caller": "no-such-conference",
  "create-sub-conference": "no-such-conference",
  "add-to-sub-conference": "no-such-conference",
  "remove-from-sub-conference": "no-such-conference",
  "close-sub-conference": "no-such-conference",
} as const satisfies Record<FromWebex["type"], ResultWord | "applied" | "dropped">;

/** The messages of one document. From a server that is behind they are a sign of life (protocol 4.9). */
export function applyRequests(
  draft: Draft,
  { transId, messages }: { readonly transId: TransId; readonly messages: readonly FromWebex[] },
): void {
  const apply = (message: FromWebex) => {
    const { msgId } = message;
    const by = { type: "request", transId, ...(msgId !== undefined && { msgId }) } as const;
    draft.because([by], () => applyRequest(draft, message));
  };
  if (draft.outages.values().length === 0) {
    for (const message of messages) apply(fromItsServer(draft, message));
    return;
  }
  // Names come first: an entry is told again only as long as its call has none.
  const isName = ({ type }: FromWebex) => type === "caller-named";
  let isBack = false;
  for (const received of [...messages.filter(isName), ...messages.filter((message) => !isName(message))]) {
    const message = fromItsServer(draft, received);
    isBack ||= isFromUnreachable(draft, message);
    // Of a create, its own rule decides what that server is told.
    if (isBack && !isName(message) && message.type !== "create-conference") resync(draft, "request");
    apply(message);
  }
  if (isBack) resync(draft, "request");
}

/** Its form was checked before; a request that the state forbids is answered so (protocol T27). */
function applyRequest(draft: Draft, message: FromWebex): void {
  const verdict = isReplaced(draft, message) ? underFormerHandle[message.type] : "applied";
  if (verdict === "applied") applyCurrent(draft, message);
  else if (verdict === "dropped") draft.note(`${message.type} is dropped: ${message.extConfId} was replaced`);
  else draft.answer(requestOf(message), verdict);
}

/** Whether another create has replaced the message's handle, and none has brought it back since. */
function isReplaced({ head, running }: Draft, { extConfId }: FromWebex): boolean {
  const next = running?.closing?.next ?? [];
  return isFormerHandle(head, extConfId) && !next.some(({ message }) => message.extConfId === extConfId);
}

/** A message that names no server is of the one that has, or had, its handle (protocol T14), or to which it is an answer. */
function fromItsServer(draft: Draft, message: FromWebex): FromWebex {
  const { ongoing } = draft;
  if (ongoing === null || message.replyTo !== undefined) return message;
  const former = ongoing.formerHandles.find(({ extConfId }) => extConfId === message.extConfId);
  if (former?.host !== undefined) return { ...message, replyTo: former.host };
  const isAnswer =
    message.type === "caller-named" && message.extConfId === undefined && awaitsName(draft, message.msgId);
  return isAnswer || message.extConfId === ongoing.extConfId ? { ...message, replyTo: ongoing.host } : message;
}

function applyCurrent(draft: Draft, message: FromWebex): void {
  switch (message.type) {
    case "create-conference":
      return create(draft, message);
    case "caller-named":
      return nameCaller(draft, message);
    case "unknown":
      return draft.answer(requestOf(message), "unknown-message");
    case "message-refused": // Nothing follows (protocol 2.2.11).
      return draft.note(`WebEx did not understand message ${message.msgId}: result ${message.result ?? "not given"}`);
    case "passthrough": // Nothing is answered (protocol 2.2.10, 4.22).
      return forwardClientData(draft, message);
    default:
      return applyConferenceRequest(draft, message);
  }
}

/** Data for the partner's back end: passed on unread and unchanged; WebEx gets no answer (protocol 2.2.10, 4.22). */
function forwardClientData(draft: Draft, message: FromWebexMessages["passthrough"]): void {
  const { msgId, extConfId, extCallId, data = "" } = message;
  const { confKey, settings, serial, nonce } = draft.context;
  if (settings.passthroughUrl === undefined) {
    return draft.note(`client data for call ${extCallId} is dropped: the domain has no passthroughUrl`);
  }
  const waiting = draft.unconfirmed().filter((post) => post.message.type === "client-data").length;
  if (waiting >= MAX_CLIENT_DATA) {
    return draft.note(`client data for call ${extCallId} is dropped: ${MAX_CLIENT_DATA} others wait for the back end`);
  }
  // Without the conference's key, which begins other ids: this id leaves for a back end, and stands in the log.
  const id = `${serial()}.${nonce()}`;
  draft.post({ host: BACK_END, message: { type: "client-data", id, msgId, confKey, extConfId, extCallId, data } });
}

/** A request that needs a conference. */
function applyConferenceRequest(draft: Draft, message: ConferenceRequest): void {
  const request = requestOf(message);
  const wasWaiting = message.type === "close-conference" && closeWaitingCreates(draft, message.extConfId);
  const live = liveConference(draft, message);
  if (!live) return draft.answer(request, wasWaiting ? "ok" : "no-such-conference");
  if (message.type === "close-conference") return close(draft, live, message);
  if (draft.running?.closing) return draft.answer(request, "no-such-conference");
  const { needs, apply } = ruleOf(message);
  if (!isPossible(needs(message), draft.context.cannot)) return draft.answer(request, "not-supported");
  apply(draft, message, live);
}

interface RequestRule<Message> {
  /** The commands that it leads to: nothing is begun where the bridge cannot do one of them (protocol T27). */
  needs(message: Message): readonly NeededCommand[];
  apply(draft: Draft, message: Message, live: Creating | Running): void;
}

type RuledType = Exclude<ConferenceRequest["type"], "close-conference">;

const rules: { readonly [Type in RuledType]: RequestRule<FromWebexMessages[Type]> } = {
  "call-out": {
    needs: (message) => [
      "dial",
      ...(message.joinMode === "private-talk" ? [{ type: "create-room", kind: "private" } as const] : []),
      ...(entersMuted(message) ? (["mute"] as const) : []),
    ],
    apply: (draft, message, live) => startCallOut(draft, live, message),
  },
  "cancel-call-out": { needs: () => [], apply: cancelCallOut },
  "update-caller": { needs: () => ["mute"], apply: updateCaller },
  "drop-caller": { needs: () => ["expel"], apply: dropCaller },
  "update-conference": {
    needs: ({ action }) => (typeof action === "number" ? [] : commandsOf[action]),
    apply: update,
  },
  "create-sub-conference": { needs: () => [{ type: "create-room", kind: "sub" }], apply: createRoom },
  "add-to-sub-conference": { needs: () => ["move"], apply: moveCall },
  "remove-from-sub-conference": { needs: () => ["move"], apply: moveCall },
  "close-sub-conference": { needs: () => ["close-room"], apply: closeRoom },
};

function ruleOf<Type extends RuledType>(message: FromWebexMessages[Type]): RequestRule<FromWebexMessages[Type]> {
  return rules[message.type as Type];
}

const commandsOf: Readonly<Record<UpdateAction, readonly NeededCommand[]>> = {
  lock: ["lock"],
  unlock: ["unlock"],
  "mute-all": ["mute"],
  "unmute-all": ["unmute"],
  "report-speakers": ["report-speakers"],
  "stop-reporting-speakers": ["stop-reporting-speakers"],
  "add-to-main": [],
  "end-private-talk": [],
  "unlock-waiting-room": [],
};

type ConferenceRequest = Extract<FromWebex, { type: Exclude<AnsweredType, "create-conference" | "unknown"> }>;

/** The conference that has this handle now, unless WebEx has let it go on alone: then it can do no more than close it (protocol 4.8). */
function liveConference(draft: Draft, { type, extConfId }: ConferenceRequest): Creating | Running | null {
  const { head } = draft;
  if (!isOngoing(head) || head.extConfId !== extConfId) return null;
  return head.phase === "running" && !head.attached && type !== "close-conference" ? null : head;
}

/**
 * Mutes or unmutes: Privilege in the request, Status in the notification (protocol 2.2.6, 4.11, section 5, row 15). The bridge
 * always gets a command, since another program may have changed the call there.
 */
function updateCaller(draft: Draft, message: FromWebexMessages["update-caller"]): void {
  const request = requestOf(message);
  if (typeof message.privilege === "number") return draft.answer(request, "not-supported");
  const caller = findCaller(draft, message.extCallId);
  if (!caller) return draft.answer(request, "no-such-call");
  draft.issue({ type: message.privilege === "listen" ? "mute" : "unmute", call: caller.call }, request);
}

/** Expels a caller (protocol 2.2.7, 4.12), or an invitee that waits for its host. */
function dropCaller(draft: Draft, message: FromWebexMessages["drop-caller"]): void {
  const { extCallId } = message;
  const request = requestOf(message);
  const caller = findCaller(draft, extCallId);
  const call = caller?.call ?? draft.callOuts.find((one) => one.extCallId === extCallId && isOnTheLine(one))?.call;
  if (call === undefined) return draft.answer(request, "no-such-call");
  draft.issue({ type: "expel", call }, request);
}

/** Whether it was picked up, and somebody wants it still. */
export function isOnTheLine({ stage }: CallOut): boolean {
  return stage === "answered" || stage === "waiting";
}

/** One action code for the whole conference (protocol 2.2.2, section 5, row 16). */
function update(draft: Draft, message: FromWebexMessages["update-conference"], head: Creating | Running): void {
  const request = requestOf(message);
  const { action } = message;
  if (typeof action === "number") return draft.answer(request, "not-supported");
  switch (action) {
    case "lock":
    case "unlock":
    case "report-speakers":
    case "stop-reporting-speakers":
      return draft.issue({ type: action }, request);
    case "mute-all":
    case "unmute-all":
      return muteAll(draft, head, action === "mute-all", request);
    case "add-to-main":
      return addToMain(draft, message, request);
    case "end-private-talk":
      return endTalk(draft, request);
    case "unlock-waiting-room":
      return draft.answer(request, "not-supported");
    default:
      return assertNever(action);
  }
}

interface WholeState {
  readonly callers: { values(): Iterable<Caller> };
  readonly rooms: { get(room: RoomId): unknown };
  readonly head: Head;
}

/**
 * The callers that mute-all and unmute-all affect, also in sub-conferences. Mute-all skips a known host, unmute-all skips silent
 * monitors, and both skip private talks.
 */
export function meantByAll(
  { callers, rooms, head }: WholeState,
  protocol: DecisiveSettings["protocol"],
  muted: boolean,
): readonly Caller[] {
  const all = [...callers.values()];
  const host = hostIn(all, head, protocol);
  return all
    .filter(({ left, room }) => !left && (room === MAIN_ROOM || rooms.get(room)))
    .filter((caller) => (muted ? caller.call !== host?.call : caller.participantType !== "silent-monitor"));
}

/** One command for each call that is to change (protocol 4.11). */
export function muteAll(draft: Draft, head: Creating | Running, muted: boolean, request: OpenRequest | null): void {
  const meant = meantByAll(draft, draft.context.settings.protocol, muted);
  for (const caller of meant) {
    if (caller.mutedInMain !== null) draft.callers.set(caller.call, { ...caller, mutedInMain: muted });
  }
  const concerned = meant.filter(({ call, muted: now }) => now !== muted || draft.isBusy(call, "mute", "unmute"));
  if (head.phase !== "running" || concerned.length === 0) return draft.answer(request, "ok");
  const group = draft.context.serial();
  if (request) draft.update({ groups: [...head.groups, { id: group, request }] });
  for (const { call } of concerned) {
    const command = { type: muted ? "mute" : "unmute", call } as const;
    if (actionsOf(draft.by).length > 0) draft.issueOnce(command, ["mute", "unmute"], { group });
    else draft.issue(command, null, { group });
  }
}
