import { assertNever } from "../foundation/assert-never.ts";
import type { ExtCallId, ExtConfId } from "../foundation/ids.ts";
import { type Asked, asked } from "../tsp/answers.ts";
import type { FromWebex } from "../tsp/messages.ts";
import { tellStatus } from "./announcements.ts";
import { cancelCallOut, startCallOut } from "./call-outs.ts";
import { callerNamed, nameCaller, setMuted } from "./callers.ts";
import { takeClientData } from "./client-data.ts";
import { goesBy } from "./handles.ts";
import type { OperatorRequest } from "./input.ts";
import { close, create } from "./lifecycle.ts";
import type { CallOut, Creating, Running } from "./state.ts";
import { closeRoom, createRoom, moveCall } from "./sub-conferences.ts";
import type { Turn } from "./turn.ts";
import { update } from "./updates.ts";

/** One message of WebEx. Its form was checked before; what the state forbids is answered (protocol T27). */
export function takeRequest(turn: Turn, message: FromWebex): void {
  switch (message.type) {
    case "create-conference":
      return create(turn, message);
    case "caller-named":
      return nameCaller(turn, message);
    case "unknown":
      return turn.answer(asked(message), "unknown-message");
    case "message-refused": // Nothing follows (protocol 2.2.11).
      return turn.note(`WebEx did not understand message ${message.msgId}: result ${message.result ?? "not given"}`);
    case "passthrough": // Nothing is answered (protocol 2.2.10, 4.22).
      return takeClientData(turn, message);
    default:
      return takeConferenceRequest(turn, message);
  }
}

/** What operations staff ask for: data for a caller's client (protocol 2.3.11, 4.22), or new connect data. */
export function takeOperatorRequest(turn: Turn, request: OperatorRequest): void {
  if (request.type === "hybrid-data") {
    return tellStatus(turn, "hybrid-data", { hybridConnectData: request.connectData });
  }
  const { bound } = turn;
  if (!bound) return;
  const { extConfId } = bound;
  const msgId = turn.around.msgId();
  const { extCallId, data } = request;
  if (callerNamed(turn, extCallId)) turn.notify({ type: "client-passthrough", msgId, extConfId, extCallId, data });
}

/** A request for a conference that exists; any other is answered so. */
function takeConferenceRequest(turn: Turn, message: ConferenceRequest): void {
  const request = asked(message);
  const live = liveUnder(turn, message.extConfId);
  if (!live) return turn.answer(request, "no-such-conference");
  if (message.type === "close-conference") return close(turn, live, message);
  if (live.phase === "running" && live.closing) return turn.answer(request, "no-such-conference");
  switch (message.type) {
    case "call-out":
      return startCallOut(turn, live, message);
    case "cancel-call-out":
      return cancelCallOut(turn, message);
    case "update-caller":
      return updateCaller(turn, message, request);
    case "drop-caller":
      return dropCaller(turn, message.extCallId, request);
    case "update-conference":
      return update(turn, live, message);
    case "create-sub-conference":
      return createRoom(turn, message);
    case "add-to-sub-conference":
    case "remove-from-sub-conference":
      return moveCall(turn, message);
    case "close-sub-conference":
      return closeRoom(turn, message);
    default:
      return assertNever(message);
  }
}

type ConferenceRequest = Exclude<
  FromWebex,
  { type: "create-conference" | "caller-named" | "unknown" | "message-refused" | "passthrough" }
>;

/** The conference that goes by this handle: its own, or one that a failover replaced a short time ago (protocol 4.9). */
function liveUnder(turn: Turn, extConfId: ExtConfId): Creating | Running | null {
  const { head } = turn;
  if (head.phase === "absent" || head.phase === "ended") return null;
  if (head.phase === "running" && !head.attached) return null;
  return goesBy(head, extConfId, turn.at) ? head : null;
}

/** Mute and unmute: Privilege in the request, Status in the news (protocol 2.2.6, 4.11, section 5, row 15). */
function updateCaller(turn: Turn, message: Extract<FromWebex, { type: "update-caller" }>, request: Asked | null): void {
  if (typeof message.privilege === "number") return turn.answer(request, "not-supported");
  const caller = callerNamed(turn, message.extCallId);
  if (!caller) return turn.answer(request, "no-such-call");
  setMuted(turn, caller, message.privilege === "listen", request);
}

/** Expels a call (protocol 2.2.7, 4.12); an invitee that waits for its host is one, too. */
function dropCaller(turn: Turn, extCallId: ExtCallId, request: Asked | null): void {
  const caller = callerNamed(turn, extCallId);
  const call = caller?.call ?? turn.callOuts.find((one) => one.extCallId === extCallId && isOnTheLine(one))?.call;
  if (call === undefined) return turn.answer(request, "no-such-call");
  turn.order({ type: "expel", call }, request);
}

function isOnTheLine({ stage }: CallOut): boolean {
  return stage === "answered" || stage === "waiting";
}
