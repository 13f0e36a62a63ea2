import type { Ability } from "../bridge/abilities.ts";
import { LATEST_MS } from "../bridge/deadlines.ts";
import { mayDial } from "../foundation/dial-rules.ts";
import {
  type ActionId,
  type CallId,
  type ExtCallId,
  MAIN_ROOM,
  type MsgId,
  type PhoneNumber,
  type RoomId,
} from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import { type Show, showFields } from "../foundation/shown.ts";
import { type DecisionContext, type Draft, showOutgoing } from "./draft.ts";
import { endByOperator } from "./lifecycle.ts";
import { dial, drop, isLockedOut } from "./parts/call-outs.ts";
import { isMuteState } from "./parts/callers.ts";
import { sendBack } from "./parts/rooms.ts";
import { isOnTheLine, muteAll } from "./requests.ts";
import { notifyStatus } from "./server/conference-status.ts";
import { type GivenUpDocument, type SendAgainRefusal, sendAgain, sendAgainRefusal } from "./server/send-again.ts";
import type { CallEnd, Caller, ConferenceState, Running } from "./state.ts";

/** What an operator can ask of a running conference. */
export type OperatorRequest =
  | { readonly type: "passthrough"; readonly extCallId: ExtCallId; readonly data: string }
  | { readonly type: "hybrid-data"; readonly connectData: string }
  /** `expel` also hangs up a call that was dialled and has not entered. */
  | { readonly type: "mute" | "unmute" | "expel"; readonly call: CallId }
  /** Into the main room, or into a sub-conference that is open. */
  | { readonly type: "move"; readonly call: CallId; readonly room: RoomId }
  | { readonly type: "lock" | "unlock" | "mute-all" | "unmute-all" | "end" }
  | {
      readonly type: "call-out";
      readonly number: PhoneNumber;
      readonly attendeeId?: string;
      readonly muted?: boolean;
    }
  /** The document that was given up in this row of the journal. */
  | {
      readonly type: "send-again";
      readonly row: number;
      readonly host: GivenUpDocument["host"];
      readonly messages: GivenUpDocument["messages"];
      readonly isUnowed?: true;
      readonly refused?: readonly MsgId[];
    };

export const showRequest: Show<OperatorRequest> = showFields<OperatorRequest>({
  ...{ type: "open", extCallId: "open", data: "secret", connectData: "secret", call: "open", room: "open" },
  ...{ number: "personal", attendeeId: "personal", muted: "open", row: "open", host: "address" },
  ...{ isUnowed: "open", refused: "open" },
  messages: (messages: GivenUpDocument["messages"], person) => messages.map((one) => showOutgoing(one, person)),
});

/** A request with its id, and the name of who asks. */
export interface OperatorAction {
  readonly id: ActionId;
  readonly person: string;
  readonly request: OperatorRequest;
}

/** Why nothing is begun. */
export type OperatorRefusal =
  | "no-such-conference"
  | "no-such-call"
  /** Neither the main room nor an open sub-conference. */
  | "no-such-room"
  /** The bridge cannot do it. */
  | "not-supported"
  /** The domain's policy does not let this number be called. */
  | "denied-by-policy"
  /** A move out of a private talk, or of its host, would end the talk without WebEx, which alone begins and ends it (protocol 4.21). */
  | "in-private-talk"
  /** The domain lets nobody be called into a locked conference. */
  | "conference-locked"
  /** WebEx has said how many callers there may be. */
  | "conference-full"
  /** The journal has no document that was given up there. */
  | "no-such-post"
  /** The settings do not have its receiver. */
  | "host-not-allowed"
  | SendAgainRefusal;

/** Why an operator's request is refused; `null`: it is not. */
export function operatorRefusal(
  state: ConferenceState,
  request: OperatorRequest,
  context: Pick<DecisionContext, "settings" | "cannot">,
): OperatorRefusal | null {
  if (request.type === "send-again") return sendAgainRefusal(state, request);
  const { head, callers, callOuts, rooms } = state;
  if (head.phase !== "running" || (head.closing && request.type !== "end")) return "no-such-conference";
  if (abilitiesFor(request).some((ability) => context.cannot.includes(ability))) return "not-supported";
  const isHere = (call: CallId) => callers.get(call)?.left === false;
  switch (request.type) {
    case "passthrough":
      if (!head.attached) return "no-such-conference"; // Only WebEx could pass it on.
      for (const { extCallId, left } of callers.values()) if (extCallId === request.extCallId && !left) return null;
      return "no-such-call";
    case "hybrid-data":
      return head.attached ? null : "no-such-conference";
    case "mute":
    case "unmute":
      return isHere(request.call) ? null : "no-such-call";
    case "expel": {
      const callOut = callOuts.get(request.call);
      return isHere(request.call) || (callOut && callOut.stage !== "dropping") ? null : "no-such-call";
    }
    case "move":
      if (!isHere(request.call)) return "no-such-call";
      if (head.talk?.host === request.call || head.talk?.invitee === request.call) return "in-private-talk";
      return request.room === MAIN_ROOM || rooms.get(request.room)?.stage === "open" ? null : "no-such-room";
    case "call-out":
      return callOutRefusal(state, head, request.number, context);
    case "lock":
    case "unlock":
    case "mute-all":
    case "unmute-all":
    case "end":
      return null;
    default:
      return assertNever(request);
  }
}

/** All that the bridge must be able to do for it. */
function abilitiesFor(request: OperatorRequest): readonly Ability[] {
  switch (request.type) {
    case "mute":
    case "unmute":
    case "mute-all":
    case "unmute-all":
      return ["mute"];
    case "lock":
    case "unlock":
      return ["lock"];
    case "call-out":
      return request.muted ? ["dial", "mute"] : ["dial"];
    case "passthrough":
    case "hybrid-data":
    case "expel":
    case "move":
    case "end":
    case "send-again":
      return [];
    default:
      return assertNever(request);
  }
}

function callOutRefusal(
  { callers, callOuts }: ConferenceState,
  head: Running,
  number: PhoneNumber,
  context: Pick<DecisionContext, "settings">,
): OperatorRefusal | null {
  const { policy } = context.settings;
  if (policy && !mayDial(policy, number)) return "denied-by-policy";
  if (isLockedOut({ head, context })) return "conference-locked";
  const present = [...callers.values()].filter(({ left }) => !left).length;
  const pending = [...callOuts.values()].filter(({ stage }) => stage !== "dropping").length;
  return head.maxCallers !== null && present + pending >= head.maxCallers ? "conference-full" : null;
}

/**
 * Does what an operator asks, as if somebody at the bridge had done it: WebEx is told by its ordinary notifications. Of what WebEx and
 * operators ask, the last wins, and what is under way already, or so already, is not done again.
 */
export function applyAction(draft: Draft, { request }: Pick<OperatorAction, "request">): void {
  const { head } = draft;
  if (head.phase !== "running" || operatorRefusal(draft.state, request, draft.context) !== null) return;
  switch (request.type) {
    case "passthrough": // Data for a caller's client (protocol 2.3.11, 4.22).
      draft.notify({ type: "client-passthrough", extCallId: request.extCallId, data: request.data });
      return;
    case "hybrid-data":
      return notifyStatus(draft, "hybrid-data", { hybridConnectData: request.connectData });
    case "mute":
    case "unmute":
      return mute(draft, request.call, request.type === "mute");
    case "expel":
      return expel(draft, request.call);
    case "move":
      return move(draft, request);
    case "lock":
    case "unlock": // The lock is told by Status 2, and its end by Status 0 (protocol 2.3.2, 4.10).
      if (head.locked === (request.type === "lock") && !draft.isPending("lock", "unlock")) return;
      return draft.issueOnce({ type: request.type }, ["lock", "unlock"]);
    case "mute-all":
    case "unmute-all": // As WebEx would: not the host, and no private talk (protocol 4.11).
      return muteAll(draft, head, request.type === "mute-all", null);
    case "end":
      return endByOperator(draft, head);
    case "call-out":
      return callOut(draft, request);
    case "send-again":
      return sendAgain(draft, request);
    default:
      return assertNever(request);
  }
}

function callerHere(draft: Draft, call: CallId): Caller | undefined {
  const caller = draft.callers.get(call);
  return caller?.left ? undefined : caller;
}

/** Told by a change of the caller (protocol 2.3.4). Legs of a private talk can be muted like all others. */
function mute(draft: Draft, call: CallId, muted: boolean): void {
  const caller = callerHere(draft, call);
  if (caller && isMuteState(draft, caller, muted)) return;
  draft.issueOnce({ type: muted ? "mute" : "unmute", call }, ["mute", "unmute"]);
}

const cancelledByOperator: CallEnd = { endedBy: "operator", status: "canceled", reason: "cancelled" };

/** Told by a change of the caller (protocol 4.12); a private talk ends with its invitee. */
function expel(draft: Draft, call: CallId): void {
  const dialled = draft.callOuts.get(call);
  if (dialled && !isOnTheLine(dialled)) return drop(draft, dialled, "cancelled", cancelledByOperator);
  draft.issueOnce({ type: "expel", call }, ["expel"]);
}

/** Told by a change of the sub-conference's calls (protocol 2.3.7, 4.13). */
function move(draft: Draft, { call, room }: Extract<OperatorRequest, { type: "move" }>): void {
  const caller = callerHere(draft, call);
  if (!caller || (caller.room === room && !draft.isBusy(call, "move"))) return;
  const command = { type: "move", call, room } as const;
  if (room === MAIN_ROOM && !draft.underWay(command, ["move"]))
    return sendBack(draft, caller, null, { timeoutMs: LATEST_MS });
  draft.issueOnce(command, ["move"]);
}

/** WebEx has not asked for it: to WebEx it is a caller like one who dials in, who enters unnamed (protocol 2.3.3, 4.2). */
function callOut(
  draft: Draft,
  { number, attendeeId, muted = false }: Extract<OperatorRequest, { type: "call-out" }>,
): void {
  const wanted = {
    request: null,
    extCallId: null,
    number,
    ...(attendeeId !== undefined && { attendeeId }),
    participantType: "participant" as const,
    muted,
    privately: false,
  };
  dial(draft, wanted, undefined);
}
