import type { CommandType } from "../bridge/commands.ts";
import type { ActionId, CommandId } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";
import type { ActionResult, ActionStages, NotificationStage, SentCommand, TimelineLine } from "../rpc/timeline.ts";
import { isSoAlready, type Timeline } from "./timeline.ts";

/** The stages of an action: they are its block of the timeline. `null`: the rows that were read do not have it. */
export function stagesOf(timeline: Timeline, id: ActionId): ActionStages | null {
  const action = timeline.actions.get(id);
  if (!action) return null;
  const block = timeline.lines.filter(({ blocks }) => blocks.includes(`action ${id}`));
  const sent = sentIn(block).filter(({ type }) => type !== "end-conference" || action.request.type === "end");
  const result = resultOf(block, sent, action.asked);
  return { ...action, sent, result, notified: notifiedIn(block, result) };
}

function sentIn(block: readonly TimelineLine[]): readonly SentCommand[] {
  const sent = new Map<string, SentCommand>();
  for (const { at, from, what, facts } of block) {
    const { commandId = "" } = facts;
    const [type = "", outcome] = what.split(": ");
    const before = sent.get(commandId);
    if (commandId === "" || facts.passedOver !== undefined) continue;
    if (before && outcome !== undefined && outcome !== "asked for already")
      sent.set(commandId, { ...before, result: resultIn(type, outcome, at) });
    if (!before && from === "edge")
      sent.set(commandId, { id: commandId as CommandId, type: type as CommandType, at, result: null });
  }
  return [...sent.values()];
}

function resultIn(type: string, outcome: string, at: SentCommand["at"]): ActionResult {
  const isOver = outcome.startsWith("no result, the conference ended");
  const [, reason = ""] = /^refused, (.*)$/.exec(outcome) ?? [];
  if (outcome === "done" || isSoAlready(type, reason) || (isOver && type === "end-conference"))
    return { type: "done", at };
  if (reason !== "") return { type: "refused", at, why: reason };
  return { type: "no result", at, why: isOver ? "the conference ended" : "too-late" };
}

/** A call-out is done when the call enters, any other action with all of its commands. */
function resultOf(
  block: readonly TimelineLine[],
  sent: readonly SentCommand[],
  asked: SentCommand["at"],
): ActionResult | null {
  if (sent.some(({ type }) => type === "dial")) {
    const end = block.find(({ what }) => /^(not entered|not dialled|admit: done|caller entered)$/.test(what));
    if (!end) return null;
    const { at, what, facts } = end;
    return what.startsWith("not ") ? { type: "refused", at, why: facts.why ?? "" } : { type: "done", at };
  }
  const results = sent.map(({ result }) => result);
  if (results.includes(null)) return null;
  const failed = results.find((result) => result?.type !== "done");
  return failed ?? { type: "done", at: Math.max(asked, ...results.map((result) => result?.at ?? 0)) };
}

/** The last that a block says of each message; of several messages the most important. */
function notifiedIn(block: readonly TimelineLine[], result: ActionResult | null): NotificationStage | null {
  if (result === null) return null;
  const stages = new Map<string, NotificationStage>();
  const messagesOf = new Map<string, string[]>();
  for (const { at, from, to, what, facts, why = "" } of block) {
    const { msgId = "", transId = "" } = facts;
    const set = (is: NotificationStage["is"], reason = why) => {
      const ids = transId === "" || msgId !== "" ? [msgId] : (messagesOf.get(transId) ?? []);
      for (const id of ids) stages.set(id, { is, at, why: reason, transIds: transId === "" ? [] : [transId] });
    };
    if (what === "confirmed") set(facts.result === undefined ? "confirmed" : "refused", "");
    else if (what === "undelivered") set("undelivered", "WebEx did not confirm it, and its document was undelivered.");
    else if (what.startsWith("waits: ")) set("waiting");
    else if (what.startsWith("no longer due: ") || what === "dropped") set("not needed");
    else if (what.startsWith("not sent: ") && facts.why !== "sent later") {
      const is = facts.why === "not-named-yet" ? "waiting" : "not needed";
      stages.set(`${what} ${facts.call}`, { is, at, why, transIds: [] });
    } else if (from === "edge" && to !== "bridge" && to !== "edge" && msgId !== "") {
      messagesOf.set(transId, [...(messagesOf.get(transId) ?? []), msgId]);
      // A message that waits is posted as a probe before its server is reached.
      if (stages.get(msgId)?.is !== "waiting") set("posted", "");
    }
  }
  return togetherOf([...stages.values()]) ?? without(block, result);
}

const order = ["waiting", "undelivered", "posted", "refused", "confirmed", "not needed"] as const;

function togetherOf(stages: readonly NotificationStage[]): NotificationStage | null {
  const [first, ...others] = stages.toSorted((one, other) => order.indexOf(one.is) - order.indexOf(other.is));
  if (!first) return null;
  const { is, why } = first;
  const own = [first, ...others.filter((stage) => stage.is === is)];
  const ats = own.map(({ at }) => at ?? 0);
  const at = is === "posted" ? null : is === "waiting" ? Math.min(...ats) : Math.max(...ats);
  const more = is === "waiting" && own.length > 1 ? ` (${counted(own.length, "message")})` : "";
  const posted = stages.filter((stage) => stage.is !== "waiting" && stage.is !== "not needed");
  return { is, at, why: why + more, transIds: [...new Set(posted.flatMap((stage) => stage.transIds))] };
}

function without(block: readonly TimelineLine[], result: ActionResult): NotificationStage | null {
  if (result.type !== "done") return null;
  const why = block.length === 1 ? "Nothing changed." : "No notification of its own was due.";
  return { is: "not needed", at: null, why, transIds: [] };
}
