import type { Cause } from "../../conference/facts.ts";
import type { Explanation } from "../../rpc/story.ts";
import { askerIn, type FactOf, type Known, type KnownCommand, operatorText, type WhyRow } from "./known.ts";
import { callerText, momentOf, type Question, refusalText, rowsOf, sentence, timeText } from "./words.ts";

/** What asks for a mute as such; a mute may also be a part of something else. */
const muteRequests = ["update-caller", "mute", "unmute", "mute-all", "unmute-all"];

/** Why was a caller muted, and why not although it was asked for? */
export class Mutes implements Question {
  readonly #known: Known;
  readonly #answers: Explanation[] = [];

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) {
      if (fact.kind === "call-muted" && fact.muted) this.#muted(row, fact);
      else if (fact.kind === "call-entered" && fact.muted) this.#entered(row, fact);
      else if (fact.kind === "command-failed" && fact.why !== "conference-over")
        this.#failed(row, fact, `The bridge refused it: ${refusalText(fact.why)}.`);
      else if (fact.kind === "command-expired") this.#failed(row, fact, "The bridge did not answer in time.");
    }
  }

  answers(): readonly Explanation[] {
    return this.#answers;
  }

  #muted(row: WhyRow, { call, by }: FactOf<"call-muted">): void {
    const command = this.#doneIn(row, call);
    const asked = this.#known.askedBy(by);
    const answer =
      asked !== null && !muteRequests.includes(asked)
        ? "It returned from a sub-conference, and was muted in the main conference before it went there."
        : askerIn(by)
          ? `${sentence(byText(by, asked, timeText((command ?? row).at)))}, and the bridge did it at ${timeText(row.at)}.`
          : by.some(({ type }) => type === "repair")
            ? "The bridge held it as muted when conference and bridge were compared: word of the change had not come before."
            : "The caller muted itself by the keys of its telephone.";
    this.#answer(row, call, "muted", answer, command);
  }

  #entered(row: WhyRow, { call, participantType, direction, by }: FactOf<"call-entered">): void {
    const operator = operatorText(askerIn(by));
    const answer =
      direction === "out"
        ? `${operator === null ? "WebEx" : sentence(operator)} had it dialled as a call that may only listen, so it was muted before it entered.`
        : participantType === "silent-monitor"
          ? "It keyed the ID of silent monitors as its attendee ID, so it entered muted and may only listen."
          : by.some(({ type }) => type === "repair")
            ? "It had muted itself before the bridge could tell that it entered."
            : "It was muted already when the bridge told that it entered.";
    this.#answer(row, call, "muted", answer, undefined);
  }

  #failed(row: WhyRow, { command: id }: FactOf<"command-failed" | "command-expired">, why: string): void {
    const command = this.#known.commands.get(id);
    if (!command || (command.type !== "mute" && command.type !== "unmute")) return;
    const asked = this.#known.askedBy(command.by);
    const call = command.call === null ? undefined : this.#known.calls.get(command.call);
    if (!call?.isInside || asked === null || !muteRequests.includes(asked)) return;
    const answer = `${sentence(byText(command.by, asked, timeText(command.at)))}. ${why}`;
    this.#answer(row, call.call, `not ${command.type}d`, answer, command);
  }

  #answer(row: WhyRow, id: FactOf<"call-muted">["call"], what: string, answer: string, since?: KnownCommand): void {
    const call = this.#known.calls.get(id);
    if (!call) return;
    const question = `Why was ${callerText(call)} ${what}?`;
    this.#answers.push({ at: row.at, calls: [id], question, answer, rows: rowsOf(since, momentOf(row)) });
  }

  #doneIn({ facts }: WhyRow, call: string): KnownCommand | undefined {
    for (const fact of facts) {
      const command = fact.kind === "command-done" ? this.#known.commands.get(fact.command) : undefined;
      if (command?.type === "mute" && command.call === call) return command;
    }
    return undefined;
  }
}

/** Who asked, as the begin of a sentence. `asked`: the type of that request. */
export function byText(by: readonly Cause[], asked: string | null, at: string): string {
  const operator = operatorText(askerIn(by));
  if (operator !== null) return `${operator} asked for it at ${at}`;
  return asked === "mute-all" || asked === "unmute-all"
    ? `WebEx asked for it for all callers at ${at}`
    : `WebEx asked for it at ${at}`;
}
