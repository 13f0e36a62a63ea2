import { LATEST_MS } from "../bridge/deadlines.ts";
import { mayDial } from "../foundation/dial-rules.ts";
import { type CallId, MAIN_ROOM, type PhoneNumber, type RoomId } from "../foundation/ids.ts";
import type { OperatorRefusal, RefusalContext, RunningState } from "./action-row.ts";
import type { Draft } from "./draft.ts";
import { dial, drop, isLockedOut } from "./parts/call-outs.ts";
import { isMuteState } from "./parts/callers.ts";
import { sendBack } from "./parts/rooms.ts";
import { isOnTheLine } from "./requests.ts";
import type { CallEnd, Caller, ConferenceState, Running } from "./state.ts";

function callerHere(draft: Draft, call: CallId): Caller | undefined {
  const caller = draft.callers.get(call);
  return caller?.left ? undefined : caller;
}

/** WebEx learns of it by a change of the caller (protocol 2.3.4). Legs of a private talk can be muted like all others. */
export function mute(draft: Draft, call: CallId, muted: boolean): void {
  const caller = callerHere(draft, call);
  if (caller && isMuteState(draft, caller, muted)) return;
  draft.issueOnce({ type: muted ? "mute" : "unmute", call }, ["mute", "unmute"]);
}

/** WebEx learns of a lock by Status 2, and of its end by Status 0 (protocol 2.3.2, 4.10). */
export function lock(draft: Draft, head: Running, locked: boolean): void {
  if (head.locked === locked && !draft.isPending("lock", "unlock")) return;
  draft.issueOnce({ type: locked ? "lock" : "unlock" }, ["lock", "unlock"]);
}

const cancelledByOperator: CallEnd = { endedBy: "operator", status: "canceled", reason: "cancelled" };

/** WebEx learns of it by a change of the caller (protocol 4.12); a private talk ends with its invitee. */
export function expel(draft: Draft, call: CallId): void {
  const dialled = draft.callOuts.get(call);
  if (dialled && !isOnTheLine(dialled)) return drop(draft, dialled, "cancelled", cancelledByOperator);
  draft.issueOnce({ type: "expel", call }, ["expel"]);
}

/** WebEx learns of it by a change of the sub-conference's calls (protocol 2.3.7, 4.13). */
export function move(draft: Draft, call: CallId, room: RoomId): void {
  const caller = callerHere(draft, call);
  if (!caller || (caller.room === room && !draft.isBusy(call, "move"))) return;
  const command = { type: "move", call, room } as const;
  if (room === MAIN_ROOM && !draft.underWay(command, ["move"]))
    return sendBack(draft, caller, null, { timeoutMs: LATEST_MS });
  draft.issueOnce(command, ["move"]);
}

/** WebEx has not asked for it: to WebEx it is a caller like one who dials in, who enters unnamed (protocol 2.3.3, 4.2). */
export function callOut(
  draft: Draft,
  { number, attendeeId, muted = false }: { number: PhoneNumber; attendeeId?: string; muted?: boolean },
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

export function unlessHere({ callers }: ConferenceState, { call }: { readonly call: CallId }): OperatorRefusal | null {
  return callers.get(call)?.left === false ? null : "no-such-call";
}

export function callOutRefusal(
  { head, callers, callOuts }: RunningState,
  number: PhoneNumber,
  context: RefusalContext,
): OperatorRefusal | null {
  const { policy } = context.settings;
  if (policy && !mayDial(policy, number)) return "denied-by-policy";
  if (isLockedOut({ head, context })) return "conference-locked";
  const present = [...callers.values()].filter(({ left }) => !left).length;
  const pending = [...callOuts.values()].filter(({ stage }) => stage !== "dropping").length;
  return head.maxCallers !== null && present + pending >= head.maxCallers ? "conference-full" : null;
}
