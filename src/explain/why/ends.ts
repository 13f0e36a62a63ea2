import type { Explanation } from "../../rpc/story.ts";
import { askerIn, type FactOf, type Known, type WhyRow } from "./known.ts";
import { byText } from "./mutes.ts";
import {
  callerText,
  leaveText,
  type Moment,
  momentOf,
  numberText,
  type Question,
  resultText,
  rowsOf,
  sentence,
  timeText,
} from "./words.ts";

/** Why did a call end, and why did one that was dialled not enter? */
export class Ends implements Question {
  readonly #known: Known;
  readonly #answers: Explanation[] = [];

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) {
      if (fact.kind === "call-left") this.#left(row, fact);
      else if (fact.kind === "call-not-entered") this.#notEntered(row, fact);
      else if (fact.kind === "post-queued" && fact.type === "called-out") this.#refused(row, fact);
    }
  }

  answers(): readonly Explanation[] {
    return this.#answers;
  }

  #left(row: WhyRow, { call: id, why, by }: FactOf<"call-left">): void {
    const call = this.#known.calls.get(id);
    if (!call) return;
    const question = `Why did the call of ${callerText(call)} end?`;
    const asked = this.#known.askedBy(by);
    const since = [...this.#known.commands.values()].findLast(({ type, call: of }) => type === "expel" && of === id);
    const isAsked = askerIn(by) !== undefined && since !== undefined;
    let answer = leaveText(why);
    if (why === "expelled" && isAsked) {
      const at = timeText(since.at);
      const who = asked === "cancel-call-out" ? `WebEx cancelled the call at ${at}` : byText(by, asked, at);
      answer = `${sentence(who)}, and the bridge dropped it at ${timeText(row.at)}.`;
    } else if (why === "expelled" && by.some(({ type }) => type === "deadline" || type === "post"))
      answer = `Its private talk was over, and the bridge dropped it at ${timeText(row.at)}.`;
    else if (why === "not-found" && isAsked)
      answer =
        "It was to be dropped, and the bridge answered that the call was over already: word of its end had not come before.";
    this.#push(row, id, question, answer, isAsked ? since : null);
  }

  /** Of a call that was picked up, that it did not enter was no answer to WebEx. */
  #notEntered(row: WhyRow, { call: id, why, record }: FactOf<"call-not-entered">): void {
    const call = this.#known.calls.get(id);
    const who = numberText(record.number, record.extCallId === "" ? null : record.extCallId);
    const question =
      record.answeredAt === null
        ? `Why was ${who} not brought into the conference?`
        : `Why did the call to ${who}, which was picked up, end before it entered?`;
    this.#push(row, id, question, leaveText(why), call?.dialled ?? null);
  }

  /** It was never dialled. */
  #refused(row: WhyRow, { result = "ok", extCallId }: FactOf<"post-queued">): void {
    if (result === "ok" || extCallId === undefined || this.#known.callNamed(extCallId)) return;
    const asked = row.input?.type === "webex" ? row.input.messages : [];
    const request = asked.find((one) => one.type === "call-out" && one.extCallId === extCallId);
    if (request?.type !== "call-out") return;
    const { country, area, local } = request.phone;
    const who = numberText(`${country}${area}${local}`, extCallId);
    const question = `Why was ${who} not brought into the conference?`;
    this.#answers.push({ at: row.at, calls: [], question, answer: resultText(result), rows: rowsOf(momentOf(row)) });
  }

  #push(row: WhyRow, call: FactOf<"call-left">["call"], question: string, answer: string, since: Moment | null): void {
    this.#answers.push({ at: row.at, calls: [call], question, answer, rows: rowsOf(since, momentOf(row)) });
  }
}
