import type { EndReason } from "../../bridge/events.ts";
import type { Caller, CallOut } from "../../conference/state.ts";
import type { CallId } from "../../foundation/ids.ts";
import type { Person } from "../../foundation/shown.ts";
import type { Step } from "../../replay/replay.ts";
import type { Explanation } from "../../rpc/story.ts";
import { byText, Causes } from "./causes.ts";
import {
  callerAfter,
  callerText,
  callOutText,
  headAfter,
  type Moment,
  momentOf,
  type Question,
  resultText,
  rowsOf,
  sentence,
  timeText,
} from "./words.ts";

/** Why did a call end, and why did one that was dialled not enter? */
export class Ends implements Question {
  readonly #person: Person;
  readonly #causes = new Causes();
  readonly #answers: Explanation[] = [];
  /** When WebEx had each number dialled. */
  readonly #dialled = new Map<CallId, Moment>();

  constructor(person: Person) {
    this.#person = person;
  }

  read(step: Step): void {
    this.#causes.read(step);
    for (const call of step.changes.callers.keys()) {
      const before = step.before.callers.get(call);
      const after = callerAfter(step, call);
      if (before && !before.left && (!after || after.left)) this.#ended(step, before);
    }
    for (const call of step.changes.callOuts.keys()) {
      if (!step.before.callOuts.has(call)) this.#dialled.set(call, momentOf(step));
    }
    for (const { message } of step.messages) {
      if (message.type !== "called-out" || message.result === "ok") continue;
      this.#notEntered(step, String(message.extCallId ?? ""), resultText(message.result));
    }
    for (const [call, after] of step.changes.callOuts) {
      const before = step.before.callOuts.get(call);
      if (before && after === null && !step.changes.callers.get(call)) this.#hungUp(step, before);
    }
  }

  answers(): readonly Explanation[] {
    return this.#answers;
  }

  #ended(step: Step, caller: Caller): void {
    const { call } = caller;
    const question = `Why did the call of ${callerText(caller, this.#person)} end?`;
    const { answer, since } = this.#whyEnded(step, call);
    this.#answers.push({ at: step.at, calls: [call], question, answer, rows: rowsOf(since, step) });
  }

  #whyEnded(step: Step, call: CallId): { readonly answer: string; readonly since: Moment | null } {
    if (headAfter(step).phase === "ended")
      return { answer: "The conference ended, and its calls with it.", since: null };
    const reason = leaveReason(step, call);
    if (reason !== null) return { answer: endTexts[reason], since: null };
    const expel = this.#causes
      .resultsIn(step)
      .find(({ command }) => command.type === "expel" && "call" in command && command.call === call);
    if (expel?.result.done) {
      const why = expel.by === "nobody" ? "Its private talk was over" : dropText(expel, timeText(expel.at));
      return { answer: `${sentence(why)}, and the bridge dropped it at ${timeText(step.at)}.`, since: momentOf(expel) };
    }
    if (expel) {
      const answer =
        "It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.";
      return { answer, since: momentOf(expel) };
    }
    const answer =
      "The bridge no longer had the call when conference and bridge were compared: word of its end had not come before.";
    return { answer, since: null };
  }

  #notEntered(step: Step, extCallId: string, why: string): void {
    const callOut = [...step.before.callOuts.values()].find((one) => one.extCallId === extCallId);
    const asked =
      step.input?.type === "webex" ? step.input.messages.find((one) => isCallOut(one, extCallId)) : undefined;
    const phone = asked?.type === "call-out" ? asked.phone : undefined;
    const number = callOut?.number ?? phone;
    const who = number
      ? callOutText({ ...callOut, number, extCallId } as CallOut, this.#person)
      : `WebEx's call ${extCallId}`;
    const question = `Why was ${who} not brought into the conference?`;
    const since = callOut && this.#dialled.get(callOut.call);
    this.#answers.push({
      at: step.at,
      calls: callOut ? [callOut.call] : [],
      question,
      answer: why,
      rows: rowsOf(since, step),
    });
  }

  /** It was picked up, and WebEx was answered so: that it did not enter is no answer. */
  #hungUp(step: Step, callOut: CallOut): void {
    if (callOut.stage !== "answered" && callOut.stage !== "waiting") return;
    const reason = leaveReason(step, callOut.call);
    const why =
      headAfter(step).phase === "ended"
        ? "The conference ended, and its calls with it."
        : reason !== null
          ? endTexts[reason]
          : "Nobody wanted the call any more, or the bridge no longer had it.";
    const waited = callOut.stage === "waiting" ? "waited for the host" : "was picked up";
    const question = `Why did the call to ${callOutText(callOut, this.#person)}, which ${waited}, end before it entered?`;
    const rows = rowsOf(this.#dialled.get(callOut.call), step);
    this.#answers.push({ at: step.at, calls: [callOut.call], question, answer: why, rows });
  }
}

function isCallOut(message: { readonly type: string; readonly extCallId?: unknown }, extCallId: string): boolean {
  return message.type === "call-out" && message.extCallId === extCallId;
}

function dropText(cause: Parameters<typeof byText>[0], at: string): string {
  if (cause.request === "cancel-call-out") return `WebEx cancelled the call at ${at}`;
  return byText(cause, at);
}

/** The reason that the bridge gave for the end of a call in this step. */
function leaveReason({ input }: Step, call: CallId): EndReason | null {
  if (input?.type !== "bridge") return null;
  for (const { report } of input.reports) {
    if (report.type !== "event" || report.event.type !== "caller-left" || report.event.call !== call) continue;
    return report.event.reason;
  }
  return null;
}

const endTexts: Readonly<Record<EndReason, string>> = {
  "hung-up": "The caller hung up.",
  expelled: "The bridge dropped it: somebody there wanted that, and not WebEx.",
  "conference-ended": "The conference ended, and its calls with it.",
  busy: "The line was busy.",
  "no-answer": "Nobody answered.",
  rejected: "The called party rejected the call.",
  "invalid-number": "The number does not exist.",
  cancelled: "The call was cancelled while it rang.",
  refused: "The bridge could not go on with the call.",
};
