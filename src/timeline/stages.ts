import { undoEachOther } from "../bridge/command-rules.ts";
import type { CommandType } from "../bridge/commands.ts";
import type { ActionId, CommandId } from "../foundation/ids.ts";
import { counted } from "../foundation/text/counted.ts";
import type { ActionResult, ActionStages, NotificationStage, SentCommand } from "../rpc/action-stages.ts";
import type { TimelineLine } from "../rpc/timeline.ts";
import { isSoAlready, type Timeline } from "./timeline.ts";

/** The stages of an action: they are its block of the timeline. `null`: the rows that were read do not have it. */
export function stagesOf(timeline: Timeline, id: ActionId): ActionStages | null {
  const action = timeline.actions.get(id);
  if (!action) return null;
  const { person, request, seq, at: asked } = action;
  const lines = timeline.unsorted;
  const block = lines.filter(({ blocks }) => blocks.includes(`action ${id}`));
  const sent = sentIn(block, lines).filter(({ type }) => type !== "end-conference" || request.type === "end");
  const result = resultOf(block, sent, asked);
  return { id, person, request, asked, onDisk: { seq, at: asked }, sent, result, notified: notifiedIn(block, result) };
}

function sentIn(block: readonly TimelineLine[], lines: readonly TimelineLine[]): readonly SentCommand[] {
  const sent = new Map<string, SentCommand>();
  for (const { at, from, to, what, facts } of block) {
    const { commandId = "" } = facts;
    const [type = "", outcome] = what.split(": ");
    const before = sent.get(commandId);
    if (commandId === "" || facts.passedOver !== undefined) continue;
    if (!before) {
      if (from === "edge")
        sent.set(commandId, commandOf(commandId, type, at, to === "bridge" ? facts.call : "", lines));
    } else if (outcome !== undefined && outcome !== "asked for already")
      sent.set(commandId, { ...before, result: resultIn(type, outcome, at) });
  }
  return [...sent.values()];
}

/** `call`: an agent in doubt about two commands that undo each other carries out only the later one, and reports both as done. */
function commandOf(
  id: string,
  type: string,
  at: SentCommand["at"],
  call: string | undefined,
  lines: readonly TimelineLine[],
): SentCommand {
  const sent = { id: id as CommandId, type: type as CommandType, at, result: null };
  const since = lines.slice(lines.findIndex(({ facts, to }) => facts.commandId === id && to === "bridge") + 1);
  const answered = since.findIndex(({ facts, from }) => facts.commandId === id && from === "bridge");
  const later = since
    .slice(0, answered < 0 ? undefined : answered)
    .find(
      ({ to, what, facts }) => to === "bridge" && facts.call === call && undoEachOther(sent.type, what as CommandType),
    );
  if (!later) return sent;
  return { ...sent, undoneBy: { id: later.facts.commandId as CommandId, type: later.what as CommandType } };
}

function resultIn(type: string, outcome: string, at: SentCommand["at"]): ActionResult {
  const isOver = outcome.startsWith("no result, the conference ended");
  const [, reason = ""] = /^refused, (.*)$/.exec(outcome) ?? [];
  if (outcome === "done" || isSoAlready(type, reason) || (isOver && type === "end-conference"))
    return { type: "done", at };
  if (reason !== "") return { type: "refused", at, why: reason };
  return { type: "no result", at, why: isOver ? "the conference ended" : "too-late" };
}

function resultOf(
  block: readonly TimelineLine[],
  sent: readonly SentCommand[],
  asked: SentCommand["at"],
): ActionResult | null {
  const dialled = sent.some(({ type }) => type === "dial");
  const notEntered = block.find(({ what }) => what === "not entered" || what === "not dialled");
  if (dialled && notEntered) return { type: "refused", at: notEntered.at, why: notEntered.facts.why ?? "" };
  const entered = block.find(({ what }) => what === "admit: done" || what === "caller entered");
  if (dialled) return entered ? { type: "done", at: entered.at } : null;
  const results = sent.map(({ result }) => result);
  if (results.includes(null)) return null;
  const failed = results.find((result) => result?.type !== "done");
  return failed ?? { type: "done", at: Math.max(asked, ...results.map((result) => result?.at ?? 0)) };
}

/** The last that a block says of each message. */
function notifiedIn(block: readonly TimelineLine[], result: ActionResult | null): NotificationStage | null {
  if (result === null) return null;
  const stages = new Map<string, NotificationStage>();
  const transIds = new Map<string, string[]>();
  for (const { at, from, to, what, facts, why = "" } of block) {
    const { msgId = "", transId = "" } = facts;
    const ids = transId === "" || msgId !== "" ? [msgId] : (transIds.get(transId) ?? []);
    const set = (is: NotificationStage["is"], reason = why) => {
      for (const id of ids) stages.set(id, { is, at, why: reason, transIds: transId === "" ? [] : [transId] });
    };
    if (what === "confirmed") set(facts.result === undefined ? "confirmed" : "refused", "");
    else if (what === "undelivered") set("undelivered", "WebEx did not confirm it, and its document was undelivered.");
    else if (what.startsWith("waits: ")) set("waiting");
    else if (what.startsWith("no longer due: ") || what === "dropped") set("not needed");
    else if (what.startsWith("not sent: ") && facts.why !== "sent later")
      stages.set(`${what} ${facts.call}`, {
        is: facts.why === "not-named-yet" ? "waiting" : "not needed",
        at,
        why,
        transIds: [],
      });
    else if (from === "edge" && to !== "bridge" && to !== "edge" && msgId !== "") {
      transIds.set(transId, [...(transIds.get(transId) ?? []), msgId]);
      // A message that waits is posted as a probe before its server is reached.
      if (stages.get(msgId)?.is !== "waiting") set("posted", "");
    }
  }
  return togetherOf([...stages.values()]) ?? without(block, result);
}

/** Those of the most important kind; `null`: there is none. */
function togetherOf(stages: readonly NotificationStage[]): NotificationStage | null {
  const order = ["waiting", "undelivered", "posted", "refused", "confirmed", "not needed"] as const;
  const is = order.find((kind) => stages.some((stage) => stage.is === kind));
  const own = stages.filter((stage) => stage.is === is);
  const [first] = own;
  if (!first) return null;
  const ats = own.map(({ at }) => at ?? 0);
  const at = first.is === "posted" ? null : first.is === "waiting" ? Math.min(...ats) : Math.max(...ats);
  const more = first.is === "waiting" && own.length > 1 ? ` (${counted(own.length, "message")})` : "";
  const posted = stages.filter((stage) => stage.is !== "waiting" && stage.is !== "not needed");
  const transIds = [...new Set(posted.flatMap((stage) => stage.transIds))];
  return { is: first.is, at, why: first.why + more, transIds };
}

function without(block: readonly TimelineLine[], result: ActionResult): NotificationStage | null {
  if (result.type !== "done") return null;
  const why = block.length === 1 ? "Nothing changed." : "No notification of its own was due.";
  return { is: "not needed", at: null, why, transIds: [] };
}
