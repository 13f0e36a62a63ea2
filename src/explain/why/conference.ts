import type { Outgoing } from "../../conference/draft.ts";
import type { Head, Ongoing } from "../../conference/state.ts";
import { counted } from "../../foundation/counted.ts";
import type { Step } from "../../replay/replay.ts";
import type { Explanation } from "../../rpc/story.ts";
import { Causes, operatorText } from "./causes.ts";
import {
  commandTexts,
  countedTexts,
  headAfter,
  type Moment,
  messageText,
  momentOf,
  type Question,
  refusalTexts,
  resultText,
  rowsOf,
  timeText,
} from "./words.ts";

/** Repairs this soon after a failover are told with it. */
const AFTER_FAILOVER_MS = 60_000;

const repairTexts: Readonly<Record<string, string>> = {
  entered: "a caller had entered",
  left: "a caller had left",
  muted: "a caller's mute had changed",
  moved: "a caller was in another room",
  speaking: "other people spoke",
  reporting: "whether it reports who speaks",
  locked: "the lock had changed",
  room: "there was another set of rooms",
  "call-out": "a call that was dialled was over, or was not wanted any more",
  lost: "it no longer had the conference",
  over: "it still had a conference that was over",
};

/** Why does the conference not run, why was it closed, who was kept out, and what did a failover change? */
export class ConferenceQuestions implements Question {
  readonly #causes = new Causes();
  readonly #answers: Explanation[] = [];
  #asked: Moment | null = null;
  #closed: Moment | null = null;
  #detached: Moment | null = null;
  #locked: (Moment & { readonly by: string }) | null = null;
  #full: (Moment & { readonly most: number }) | null = null;
  #failover: { at: number; index: number; repairs: string[]; rows: Moment[] } | null = null;
  #head: Head = { phase: "absent" };

  read(step: Step): void {
    this.#causes.read(step);
    const before = step.before.head;
    const after = headAfter(step);
    this.#head = after;
    const moment = momentOf(step);
    if (after.phase === "creating" && before.phase !== "creating") this.#asked = moment;
    if (isClosing(after) && !isClosing(before)) this.#closed = moment;
    if (!isClosing(after)) this.#closed = isClosing(before) && after.phase === "running" ? null : this.#closed;
    if (isDetached(after) && !isDetached(before)) this.#detached = moment;
    if (after.phase === "running" && after.attached) this.#detached = null;
    if (ongoing(before) && !ongoing(after)) this.#ended(step, before);
    this.#refusals(step);
    this.#failures(step);
    this.#failedOver(step, before, after);
    this.#repaired(step);
    this.#lock(step, before, after);
    this.#limit(step, after);
  }

  #push(step: Moment, question: string, answer: string, ...rows: readonly (Moment | null)[]): void {
    this.#answers.push({ at: step.at, calls: [], question, answer, rows: rowsOf(...rows, step) });
  }

  #ended(step: Step, before: Head): void {
    if (before.phase === "creating" && headAfter(step).phase === "absent") return this.#notCreated(step);
    const ended = step.decision?.facts.find((fact) => fact.kind === "conference-ended");
    const by = ended ? (ended.why === "lost" ? "lost" : ended.endedBy) : null;
    const question = "Why did the conference end?";
    if (by === "telephone") return this.#push(step, question, "Somebody ended it by telephone, at the bridge.");
    if (by === "lost") {
      return this.#push(
        step,
        question,
        "The bridge no longer had it: it had ended there, and word of that had not come.",
      );
    }
    if (by === "nobody" || (by === null && this.#detached)) {
      const at = this.#detached ? ` at ${timeText(this.#detached.at)}` : "";
      const answer = `WebEx had closed the meeting${at} and kept its audio, and nobody was left on the telephone.`;
      return this.#push(step, question, answer, this.#detached, this.#closed);
    }
    const asked = this.#closed ? ` at ${timeText(this.#closed.at)}` : "";
    this.#push(
      step,
      question,
      `WebEx closed it${asked}, and the bridge ended it at ${timeText(step.at)}.`,
      this.#closed,
    );
  }

  #notCreated(step: Step): void {
    const result = this.#causes.resultsIn(step).find(({ command }) => command.type === "create-conference")?.result;
    const answer =
      result && !result.done
        ? `The bridge refused to create it: ${refusalTexts[result.reason]}.`
        : step.input?.type === "time"
          ? "The bridge did not answer in time whether it had created it."
          : "It was closed before the bridge had created it.";
    this.#push(step, "Why was the conference not created?", answer, this.#asked);
  }

  /** WebEx wanted it to be created anew, and was refused. */
  #refusals(step: Step): void {
    if (step.input?.type !== "webex") return;
    for (const { message } of step.messages) {
      if (message.type !== "conference-created" || message.result === "ok") continue;
      const answer =
        message.result === "conference-closed"
          ? "It had ended while WebEx could not be reached, and WebEx did not know. It was told so in place of a new conference; it can create one from then on."
          : resultText(message.result);
      this.#push(step, "Why was WebEx refused the conference?", answer);
    }
  }

  /** What concerns the conference as a whole and was not done. */
  #failures(step: Step): void {
    for (const cause of this.#causes.resultsIn(step)) {
      const { command, result } = cause;
      if (result.done || !["end-conference", "lock", "unlock", "create-room", "move"].includes(command.type)) continue;
      if (result.reason === "no-such-conference" || result.reason === "no-such-call") continue;
      const calls = "call" in command ? [command.call] : [];
      const question = `Why did the bridge not ${commandTexts[command.type]}?`;
      const answer = `It was asked to at ${timeText(cause.at)}, and refused: ${refusalTexts[result.reason]}.`;
      this.#answers.push({ at: step.at, calls, question, answer, rows: rowsOf(cause, step) });
    }
  }

  #failedOver(step: Step, before: Head, after: Head): void {
    const [from, to] = [ongoing(before), ongoing(after)];
    if (!from || !to || step.input?.type !== "webex" || before.phase !== after.phase) return;
    const isCreate = step.input.messages.some(({ type }) => type === "create-conference");
    const isAttached = isDetached(before) && !isDetached(after);
    if (!isCreate || (from.host === to.host && from.extConfId === to.extConfId && !isAttached)) return;
    const dropped = step.dropped.flatMap(({ messages }) => messages);
    const told = step.messages.filter(({ host, message }) => host === to.host && !("result" in message));
    const word = (messages: readonly Outgoing[]) =>
      countedTexts(messages.map((message) => messageText(message, step.before, null)));
    const sentences = [
      from.host === to.host
        ? `WebEx's server ${to.host} took the conference over from itself`
        : `WebEx's server ${to.host} took over from ${from.host}`,
      from.extConfId === to.extConfId ? "" : `, and calls the conference ${to.extConfId} instead of ${from.extConfId}`,
      ".",
      isAttached ? " WebEx had closed the meeting before and kept its audio." : "",
      dropped.length === 0
        ? " Nothing waited for the server before."
        : ` What waited for ${from.host} was not sent any more: ${word(dropped)}.`,
      told.length === 0 ? "" : ` ${to.host} was told anew: ${word(told.map(({ message }) => message))}.`,
    ];
    this.#failover = { at: step.at, index: this.#answers.length, repairs: [], rows: [momentOf(step)] };
    this.#push(step, "What did the failover change?", sentences.join(""));
  }

  #repaired(step: Step): void {
    const repairs = (step.decision?.facts ?? []).flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : []));
    if (repairs.length === 0) return;
    const words = countedTexts(repairs.map((kind) => repairTexts[kind] ?? kind));
    const answer = `Conference and bridge were compared, and the bridge held it otherwise: ${words}. WebEx was told so, as of any change.`;
    this.#push(step, "What did the comparison with the bridge change?", answer);
    const failover = this.#failover;
    const told = failover && this.#answers[failover.index];
    if (!failover || !told || step.at - failover.at > AFTER_FAILOVER_MS) return;
    failover.repairs.push(...repairs.map((kind) => repairTexts[kind] ?? kind));
    failover.rows.push(momentOf(step));
    const [said = ""] = told.answer.split(" Soon after,");
    const soon = `${said} Soon after, a comparison found that the bridge held it otherwise: ${countedTexts(failover.repairs)}.`;
    this.#answers[failover.index] = { ...told, answer: soon, rows: rowsOf(...failover.rows) };
  }

  #lock(step: Step, before: Head, after: Head): void {
    const is = after.phase === "running" && after.locked;
    const was = before.phase === "running" && before.locked;
    if (is && !was) {
      const asked = this.#causes.resultsIn(step).find(({ command }) => command.type === "lock");
      const by = asked ? (asked.by === "operator" ? operatorText(asked.person) : "WebEx") : "somebody at the bridge";
      this.#locked = { ...momentOf(step), by };
    }
    if (was && !is && this.#locked) this.#answers.push(lockedAnswer(this.#locked, momentOf(step)));
    if (!is) this.#locked = null;
  }

  #limit(step: Step, after: Head): void {
    const most = ongoing(after)?.maxCallers ?? null;
    const changed = (kind: "callers" | "callOuts") => [...step.changes[kind]];
    let count = [...step.before.callers.values()].filter(({ left }) => !left).length;
    for (const [call, caller] of changed("callers")) {
      const was = step.before.callers.get(call);
      count += (caller && !(caller as { left?: boolean }).left ? 1 : 0) - (was && !was.left ? 1 : 0);
    }
    const isFull = after.phase === "running" && most !== null && most > 0 && count >= most;
    if (isFull && !this.#full) this.#full = { ...momentOf(step), most };
    if (!isFull && this.#full) {
      this.#answers.push(fullAnswer(this.#full, momentOf(step)));
      this.#full = null;
    }
  }

  answers(): readonly Explanation[] {
    const { phase } = this.#head;
    const open: Explanation[] = [];
    if (this.#locked) open.push(lockedAnswer(this.#locked, null));
    if (this.#full) open.push(fullAnswer(this.#full, null));
    if (phase === "creating" && this.#asked) {
      const answer = `WebEx asked for it at ${timeText(this.#asked.at)}, and the bridge has not answered yet.`;
      const question = "Why does the conference not run yet?";
      open.push({ at: this.#asked.at, calls: [], question, answer, rows: rowsOf(this.#asked) });
    }
    if (isClosing(this.#head) && this.#closed) {
      const answer = `It is to be ended since ${timeText(this.#closed.at)}, and the bridge has not said yet that it did.`;
      const question = "Why has the conference not ended yet?";
      open.push({ at: this.#closed.at, calls: [], question, answer, rows: rowsOf(this.#closed) });
    }
    return [...this.#answers, ...open];
  }
}

function lockedAnswer({ by, ...since }: Moment & { readonly by: string }, until: Moment | null): Explanation {
  const end = until ? ` until ${timeText(until.at)}` : " on";
  const answer = `The conference was locked from ${timeText(since.at)}${end}: ${by} wanted that. Nobody who dials a locked conference is let in.`;
  return { at: since.at, calls: [], question: "Why could nobody else enter?", answer, rows: rowsOf(since, until) };
}

function fullAnswer({ most, ...since }: Moment & { readonly most: number }, until: Moment | null): Explanation {
  const end = until ? ` until ${timeText(until.at)}` : " on";
  const answer = `From ${timeText(since.at)}${end} the conference had ${counted(most, "caller")}, as many as WebEx allows for this conference.`;
  return { at: since.at, calls: [], question: "Why could nobody else enter?", answer, rows: rowsOf(since, until) };
}

function ongoing(head: Head): Ongoing | null {
  return head.phase === "creating" || head.phase === "running" ? head : null;
}

function isClosing(head: Head): boolean {
  return head.phase === "running" && head.closing !== undefined;
}

function isDetached(head: Head): boolean {
  return head.phase === "running" && !head.attached;
}
