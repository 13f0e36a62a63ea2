import type { CommandType } from "../bridge/commands.ts";
import type { ActionId, CommandId } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";
import type {
  ActionResult,
  ActionStages,
  LineFacts,
  LineOutcome,
  NotificationStage,
  SentCommand,
  TimelineLine,
} from "../rpc/timeline.ts";
import { isSoAlready, type Timeline } from "./timeline.ts";

/** The stages of an action: they are its block of the timeline. `null`: the rows that were read do not have it. */
export function stagesOf(timeline: Pick<Timeline, "actions" | "lines">, id: ActionId): ActionStages | null {
  const action = timeline.actions.get(id);
  if (!action) return null;
  const block = timeline.lines.filter(({ blocks }) => blocks.includes(`action ${id}`));
  const sent = sentIn(block).filter(({ type }) => type !== "end-conference" || action.request.type === "end");
  const result = resultOf(block, sent, action.asked);
  return { ...action, sent, result, notified: notifiedIn(block, result) };
}

function sentIn(block: readonly TimelineLine[]): readonly SentCommand[] {
  const sent = new Map<string, SentCommand>();
  for (const { at, from, facts } of block) {
    const { commandId, command: type = "", outcome } = facts;
    if (commandId === undefined || facts.passedOver !== undefined) continue;
    const before = sent.get(commandId);
    if (before && outcome !== undefined) sent.set(commandId, { ...before, result: resultIn(facts, at) });
    if (!before && from === "edge")
      sent.set(commandId, { id: commandId as CommandId, type: type as CommandType, at, result: null });
  }
  return [...sent.values()];
}

function resultIn({ command = "", outcome, refusal = "" }: LineFacts, at: SentCommand["at"]): ActionResult {
  const isOver = outcome === "over";
  if (outcome === "done" || isSoAlready(command, refusal) || (isOver && command === "end-conference"))
    return { type: "done", at };
  if (outcome === "refused") return { type: "refused", at, why: refusal };
  return { type: "no result", at, why: isOver ? "the conference ended" : "too-late" };
}

/** A call-out is done when the call enters, any other action with all of its commands. */
function resultOf(
  block: readonly TimelineLine[],
  sent: readonly SentCommand[],
  asked: SentCommand["at"],
): ActionResult | null {
  if (sent.some(({ type }) => type === "dial")) {
    const isAdmitted = ({ command, outcome }: LineFacts) => command === "admit" && outcome === "done";
    const end = block.find(({ facts }) => /^(not-)?entered$/.test(facts.outcome ?? "") || isAdmitted(facts));
    if (!end) return null;
    const { at, facts } = end;
    return facts.outcome === "not-entered" ? { type: "refused", at, why: facts.why ?? "" } : { type: "done", at };
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
    const outcome = facts.outcome as LineOutcome | undefined;
    const set = (is: NotificationStage["is"], reason = why) => {
      const ids = transId === "" || msgId !== "" ? [msgId] : (messagesOf.get(transId) ?? []);
      for (const id of ids) stages.set(id, { is, at, why: reason, transIds: transId === "" ? [] : [transId] });
    };
    if (outcome === "confirmed") set(facts.result === undefined ? "confirmed" : "refused", "");
    else if (outcome === "undelivered")
      set("undelivered", "WebEx did not confirm it, and its document was undelivered.");
    else if (outcome === "waits") set("waiting");
    else if (outcome === "not-due" || outcome === "dropped") set("not needed");
    else if (outcome === "not-sent" && facts.why !== "sent later") {
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
