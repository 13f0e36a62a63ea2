import { assertNever } from "../foundation/assert-never.ts";
import type { ExtCallId, ExtConfId } from "../foundation/ids.ts";
import { type OpenRequest, requestOf } from "../tsp/answers.ts";
import type { FromWebex } from "../tsp/messages.ts";
import { tellStatus } from "./announcements.ts";
import { cancelCallOut, startCallOut } from "./call-outs.ts";
import { callerNamed, nameCaller, setMuted } from "./callers.ts";
import { queueClientData } from "./client-data.ts";
import { hasHandle } from "./handles.ts";
import type { OperatorRequest } from "./input.ts";
import { close, create } from "./lifecycle.ts";
import type { CallOut, Creating, Running } from "./state.ts";
import { closeRoom, createRoom, moveCall } from "./sub-conferences.ts";
import type { Draft } from "./turn.ts";
import { update } from "./updates.ts";

/** One message of WebEx. Its form was checked before; what the state forbids is answered (protocol T27). */
export function applyRequest(draft: Draft, message: FromWebex): void {
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
      return queueClientData(draft, message);
    default:
      return applyConferenceRequest(draft, message);
  }
}

/** What operations staff ask for: data for a caller's client (protocol 2.3.11, 4.22), or new connect data. */
export function applyOperatorRequest(draft: Draft, request: OperatorRequest): void {
  if (request.type === "hybrid-data") {
    return tellStatus(draft, "hybrid-data", { hybridConnectData: request.connectData });
  }
  const { bound } = draft;
  if (!bound) return;
  const { extConfId } = bound;
  const msgId = draft.context.msgId();
  const { extCallId, data } = request;
  if (callerNamed(draft, extCallId)) draft.notify({ type: "client-passthrough", msgId, extConfId, extCallId, data });
}

/** A request for a conference that exists; any other is answered so. */
function applyConferenceRequest(draft: Draft, message: ConferenceRequest): void {
  const request = requestOf(message);
  const live = liveUnder(draft, message.extConfId);
  if (!live) return draft.answer(request, "no-such-conference");
  if (message.type === "close-conference") return close(draft, live, message);
  if (live.phase === "running" && live.closing) return draft.answer(request, "no-such-conference");
  switch (message.type) {
    case "call-out":
      return startCallOut(draft, live, message);
    case "cancel-call-out":
      return cancelCallOut(draft, message);
    case "update-caller":
      return updateCaller(draft, message, request);
    case "drop-caller":
      return dropCaller(draft, message.extCallId, request);
    case "update-conference":
      return update(draft, live, message);
    case "create-sub-conference":
      return createRoom(draft, message);
    case "add-to-sub-conference":
    case "remove-from-sub-conference":
      return moveCall(draft, message);
    case "close-sub-conference":
      return closeRoom(draft, message);
    default:
      return assertNever(message);
  }
}

type ConferenceRequest = Exclude<
  FromWebex,
  { type: "create-conference" | "caller-named" | "unknown" | "message-refused" | "passthrough" }
>;

/** The conference that goes by this handle: its own, or one that a failover replaced a short time ago (protocol 4.9). */
function liveUnder(draft: Draft, extConfId: ExtConfId): Creating | Running | null {
  const { head } = draft;
  if (head.phase === "absent" || head.phase === "ended") return null;
  if (head.phase === "running" && !head.attached) return null;
  return hasHandle(head, extConfId, draft.at) ? head : null;
}

/** Mute and unmute: Privilege in the request, Status in the news (protocol 2.2.6, 4.11, section 5, row 15). */
function updateCaller(
  draft: Draft,
  message: Extract<FromWebex, { type: "update-caller" }>,
  request: OpenRequest | null,
): void {
  if (typeof message.privilege === "number") return draft.answer(request, "not-supported");
  const caller = callerNamed(draft, message.extCallId);
  if (!caller) return draft.answer(request, "no-such-call");
  setMuted(draft, caller, message.privilege === "listen", request);
}

/** Expels a call (protocol 2.2.7, 4.12); an invitee that waits for its host is one, too. */
function dropCaller(draft: Draft, extCallId: ExtCallId, request: OpenRequest | null): void {
  const caller = callerNamed(draft, extCallId);
  const call = caller?.call ?? draft.callOuts.find((one) => one.extCallId === extCallId && isOnTheLine(one))?.call;
  if (call === undefined) return draft.answer(request, "no-such-call");
  draft.tellBridge({ type: "expel", call }, request);
}

function isOnTheLine({ stage }: CallOut): boolean {
  return stage === "answered" || stage === "waiting";
}
