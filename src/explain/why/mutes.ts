import type { Caller } from "../../conference/state.ts";
import type { CallId } from "../../foundation/ids.ts";
import type { Person } from "../../foundation/shown.ts";
import type { Step } from "../../replay/replay.ts";
import type { Explanation } from "../../rpc/story.ts";
import { byText, type Cause, Causes } from "./causes.ts";
import { callerAfter, callerText, momentOf, type Question, refusalTexts, rowsOf, sentence, timeText } from "./words.ts";

/** Why was a caller muted, and why not although it was asked for? */
export class Mutes implements Question {
  readonly #person: Person;
  readonly #causes = new Causes();
  readonly #answers: Explanation[] = [];

  constructor(person: Person) {
    this.#person = person;
  }

  read(step: Step): void {
    this.#causes.read(step);
    for (const call of step.changes.callers.keys()) {
      const before = step.before.callers.get(call);
      const after = callerAfter(step, call);
      if (after?.muted && !after.left && !before?.muted) this.#muted(step, after, before);
    }
    for (const cause of this.#causes.resultsIn(step)) {
      if (cause.result.done || !("call" in cause.command) || !isMute(cause.command.type)) continue;
      this.#failed(step, cause.command.call, cause, `The bridge refused it: ${refusalTexts[cause.result.reason]}.`);
    }
    for (const cause of this.#causes.expiredIn(step)) {
      if (!("call" in cause.command) || !isMute(cause.command.type)) continue;
      this.#failed(step, cause.command.call, cause, "The bridge did not answer in time.");
    }
  }

  answers(): readonly Explanation[] {
    return this.#answers;
  }

  #muted(step: Step, caller: Caller, before: Caller | undefined): void {
    const { call } = caller;
    const question = `Why was ${callerText(caller, this.#person)} muted?`;
    const { answer, since } = before ? this.#whyMuted(step, call) : whyEntersMuted(caller, step);
    this.#answers.push({ at: step.at, calls: [call], question, answer, rows: rowsOf(since, step) });
  }

  #whyMuted(step: Step, call: CallId) {
    const cause = this.#causes
      .resultsIn(step)
      .find(({ command, result }) => result.done && command.type === "mute" && command.call === call);
    if (cause?.pending?.unreported) {
      const answer = "It returned from a sub-conference, and was muted in the main conference before it went there.";
      return { answer, since: momentOf(cause) };
    }
    if (cause) {
      const answer = `${sentence(byText(cause, timeText(cause.at)))}, and the bridge did it at ${timeText(step.at)}.`;
      return { answer, since: momentOf(cause) };
    }
    if (isKeyed(step, call)) return { answer: "The caller muted itself by the keys of its telephone.", since: null };
    const answer =
      "The bridge held it as muted when conference and bridge were compared: word of the change had not come before.";
    return { answer, since: null };
  }

  #failed(step: Step, call: CallId, cause: Cause, why: string): void {
    const caller = step.before.callers.get(call);
    if (!caller || caller.left || cause.by === "nobody" || cause.pending?.forTalk) return;
    const question = `Why was ${callerText(caller, this.#person)} not ${cause.command.type}d?`;
    const answer = `${sentence(byText(cause, timeText(cause.at)))}. ${why}`;
    this.#answers.push({ at: step.at, calls: [call], question, answer, rows: rowsOf(cause, step) });
  }
}

function isMute(type: string): boolean {
  return type === "mute" || type === "unmute";
}

function whyEntersMuted({ participantType, entersMuted, call }: Caller, { input, before }: Step) {
  const since = null;
  const isDialled = before.callOuts.has(call);
  if (entersMuted && isDialled) {
    return { answer: "WebEx had it dialled as a call that may only listen, so it was muted before it entered.", since };
  }
  if (entersMuted || participantType === "silent-monitor") {
    const answer = "It keyed the ID of silent monitors as its attendee ID, so it entered muted and may only listen.";
    return { answer, since };
  }
  const isFound = input?.type === "bridge" && input.reports.some(({ report }) => isSnapshot(report));
  const answer = isFound
    ? "It had muted itself before the bridge could tell that it entered."
    : "It was muted already when the bridge told that it entered.";
  return { answer, since };
}

function isSnapshot(report: { readonly type: string; readonly event?: { readonly type: string } }): boolean {
  return report.type === "event" && report.event?.type === "snapshot";
}

function isKeyed({ input }: Step, call: CallId): boolean {
  if (input?.type !== "bridge") return false;
  return input.reports.some(
    ({ report }) =>
      report.type === "event" &&
      report.event.type === "caller-muted" &&
      report.event.call === call &&
      report.event.muted,
  );
}
