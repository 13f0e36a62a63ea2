import type { EndReason } from "../bridge/events.ts";
import type { CallRecord, Ender } from "../conference/call-record.ts";
import type { Head } from "../conference/state.ts";
import type { CommandId } from "../foundation/ids.ts";
import type { KnownCommand, Life, OpenCall } from "./book-data.ts";
import type { Causes } from "./transaction-causes.ts";

/** Who ended something, and why. */
export type Cause = Pick<CallRecord, "endedBy" | "status" | "reason">;

/** Those without a result. */
type Commands = ReadonlyMap<CommandId, KnownCommand>;

/** Of the conference. */
export function endOfLife(before: Head, life: Life, causes: Causes): Cause {
  if (before.phase !== "running") {
    if (causes.closes) return cause("webex", "failed", "conference-closed");
    return cause("bridge", "failed", causes.createRefusal ?? "bridge-timeout");
  }
  if (before.closing || causes.closes) {
    if (life.isOperators) return cause("operator", "completed", "closed");
    return before.attached || before.closing?.isAsked || causes.closes
      ? cause("webex", "completed", "closed")
      : cause("nobody", "completed", "deserted");
  }
  if (causes.isEndedByTelephone) return cause("telephone", "completed", "ended");
  return cause("bridge", "completed", "lost");
}

/** Of a call-out that is dropped: WebEx was answered already, and the bridge has still to hang up. */
export function causeOfDrop(open: OpenCall, causes: Causes, commands: Commands): Cause {
  const { call, extCallId, answeredAt } = open;
  const refusal = causes.refusals.get(call);
  if (open.isOperators) return cause("operator", "canceled", "cancelled");
  if (causes.cancelled.has(extCallId)) return cause("webex", "canceled", "cancelled");
  if (refusal !== undefined) return cause("bridge", "failed", refusal);
  if (causes.answered.has(call)) return cause("policy", "failed", "conference-locked");
  const isDialling = [...commands.values()].some((one) => one.type === "dial" && one.call === call);
  if (isDialling || answeredAt !== null) return cause("bridge", "failed", "bridge-timeout");
  return cause("nobody", "no-answer", "no-answer");
}

/** Of a call that is over; `ends`: why its conference is, too. `null`: nobody told of it. */
export function causeOfEnd(open: OpenCall, causes: Causes, commands: Commands, ends: Cause | null): Cause | null {
  const { call, enteredAt, answeredAt, extCallId } = open;
  const over = answeredAt === null ? "canceled" : "completed";
  const reason = causes.left.get(call);
  if (reason !== undefined) return causeOfEvent(open, reason, commands, ends);
  const expelled = causes.expelled.get(call);
  if (expelled) return cause(askedBy(open, expelled.by), over, "expelled");
  if (enteredAt === null) {
    if (causes.cancelled.has(extCallId)) return cause("webex", "canceled", "cancelled");
    const refusal = causes.refusals.get(call);
    if (refusal !== undefined) return cause("bridge", "failed", refusal);
  }
  return ends && cause(ends.endedBy, over, "conference-ended");
}

function causeOfEvent(open: OpenCall, reason: EndReason, commands: Commands, ends: Cause | null): Cause {
  const { call, enteredAt, answeredAt } = open;
  const over = answeredAt === null ? "canceled" : "completed";
  switch (reason) {
    case "hung-up":
      return cause("caller", over, reason);
    case "expelled": {
      const asked = [...commands.values()].find((one) => one.type === "expel" && one.call === call);
      return cause(asked ? askedBy(open, asked.by) : "telephone", over, reason);
    }
    case "conference-ended":
      return cause(ends?.endedBy ?? "telephone", over, reason);
    case "busy":
    case "rejected":
      return cause("caller", "busy", reason);
    case "no-answer":
      return cause("nobody", "no-answer", reason);
    case "cancelled":
      return cause(open.isOperators ? "operator" : "webex", "canceled", reason);
    case "invalid-number":
    case "refused":
      return cause("bridge", enteredAt === null ? "failed" : "completed", reason);
  }
}

function askedBy(open: OpenCall, by: KnownCommand["by"]): Ender {
  if (open.isOperators || by === "operator") return "operator";
  // The edge hangs up what nobody wants any more.
  return by === "webex" ? "webex" : "policy";
}

export function cause(endedBy: Ender, status: Cause["status"], reason: string): Cause {
  return { endedBy, status, reason };
}
