import { counted } from "../../foundation/counted.ts";
import type { WebexHost } from "../../foundation/ids.ts";
import type { Explanation } from "../../rpc/story.ts";
import { askerIn, type FactOf, type Known, operatorText, type WhyRow } from "./known.ts";
import {
  commandTexts,
  countedTexts,
  type Moment,
  messageText,
  momentOf,
  type Question,
  refusalText,
  refusalTexts,
  resultText,
  rowsOf,
  sentence,
  timeText,
} from "./words.ts";

/** Repairs this soon after a failover are told with it. */
const AFTER_FAILOVER_MS = 60_000;

const repairTexts: Readonly<Record<FactOf<"repaired">["what"], string>> = {
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

const conferenceCommands: readonly string[] = ["end-conference", "lock", "unlock", "create-room", "move"];

/** Why does the conference not run, why was it closed, who was kept out, and what did a failover change? */
export class ConferenceQuestions implements Question {
  readonly #known: Known;
  readonly #answers: Explanation[] = [];
  #phase: "creating" | "running" | null = null;
  #server: { readonly host: WebexHost; readonly extConfId: string } | null = null;
  #asked: Moment | null = null;
  #closed: Moment | null = null;
  #detached: Moment | null = null;
  #locked: (Moment & { readonly by: string }) | null = null;
  #full: (Moment & { readonly most: number }) | null = null;
  #most: number | null = null;
  #callers = 0;
  #failover: { at: number; index: number; repairs: string[]; rows: Moment[] } | null = null;

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) this.#read(row, fact);
    this.#repaired(row);
    this.#limit(momentOf(row));
  }

  #read(row: WhyRow, fact: WhyRow["facts"][number]): void {
    const moment = momentOf(row);
    switch (fact.kind) {
      case "conference-requested":
        [this.#phase, this.#asked, this.#server, this.#most] = ["creating", moment, fact, fact.maxCallers];
        [this.#callers, this.#closed, this.#detached] = [0, null, null];
        return;
      case "conference-created":
        this.#phase = "running";
        return;
      case "conference-not-created":
        this.#phase = null;
        return this.#notCreated(row, fact);
      case "conference-detached":
        this.#detached = moment;
        return;
      case "conference-taken-over":
        return this.#takenOver(row, fact);
      case "conference-ended":
        [this.#phase, this.#callers] = [null, 0];
        this.#unlocked(moment);
        return this.#ended(row, fact);
      case "conference-locked":
        if (!fact.locked) return this.#unlocked(moment);
        this.#locked = { ...moment, by: whoLocked(askerIn(fact.by)) };
        return;
      case "call-entered":
        this.#callers += 1;
        return;
      case "call-left":
        if (this.#phase !== null) this.#callers -= 1;
        return;
      case "command-issued":
        if (fact.type === "end-conference" && this.#phase !== null) this.#closed ??= moment;
        return;
      case "command-failed":
        return this.#failed(row, fact);
      case "post-queued":
        return this.#refused(row, fact);
      default:
    }
  }

  #push(row: Moment, question: string, answer: string, ...rows: readonly (Moment | null)[]): void {
    this.#answers.push({ at: row.at, calls: [], question, answer, rows: rowsOf(...rows, row) });
  }

  #ended(row: WhyRow, { endedBy, why, by }: FactOf<"conference-ended">): void {
    this.#push(row, "Why did the conference end?", this.#whyEnded(row, endedBy, why, by), this.#detached, this.#closed);
    [this.#closed, this.#detached] = [null, null];
  }

  #whyEnded(row: WhyRow, endedBy: string, why: string, by: FactOf<"conference-ended">["by"]): string {
    if (why === "lost") return "The bridge no longer had it: it had ended there, and word of that had not come.";
    if (endedBy === "telephone") return "Somebody ended it by telephone, at the bridge.";
    if (endedBy === "nobody") {
      const at = this.#detached ? ` at ${timeText(this.#detached.at)}` : "";
      return `WebEx had closed the meeting${at} and kept its audio, and nobody was left on the telephone.`;
    }
    const operator = endedBy === "operator" ? (operatorText(askerIn(by)) ?? "an operator") : null;
    const asked = this.#closed ? ` at ${timeText(this.#closed.at)}` : "";
    const who = operator === null ? `WebEx closed it${asked}` : `${sentence(operator)} wanted that${asked}`;
    return `${who}, and the bridge ended it at ${timeText(row.at)}.`;
  }

  #notCreated(row: WhyRow, { record: { reason } }: FactOf<"conference-not-created">): void {
    const answer =
      reason === "bridge-timeout"
        ? "The bridge did not answer in time whether it had created it."
        : reason in refusalTexts
          ? `The bridge refused to create it: ${refusalText(reason)}.`
          : "It was closed before the bridge had created it.";
    this.#push(row, "Why was the conference not created?", answer, this.#asked);
  }

  /** WebEx wanted it to be created anew, and was refused. */
  #refused(row: WhyRow, { type, result = "ok" }: FactOf<"post-queued">): void {
    if (type !== "conference-created" || result === "ok" || row.input?.type !== "webex") return;
    const answer =
      result === "conference-closed"
        ? "It had ended while WebEx could not be reached, and WebEx did not know. It was told so in place of a new conference; it can create one from then on."
        : resultText(result);
    this.#push(row, "Why was WebEx refused the conference?", answer);
  }

  /** What concerns the conference as a whole and was not done. */
  #failed(row: WhyRow, { command: id, why }: FactOf<"command-failed">): void {
    const command = this.#known.commands.get(id);
    if (command?.type === "end-conference") this.#closed = null;
    if (!command || !conferenceCommands.includes(command.type)) return;
    if (why === "no-such-conference" || why === "no-such-call" || why === "conference-over") return;
    const question = `Why did the bridge not ${commandTexts[command.type]}?`;
    const answer = `It was asked to at ${timeText(command.at)}, and refused: ${refusalText(why)}.`;
    const calls = command.call === null ? [] : [command.call];
    this.#answers.push({ at: row.at, calls, question, answer, rows: rowsOf(command, row) });
  }

  #takenOver(row: WhyRow, to: FactOf<"conference-taken-over">): void {
    const [from, isAttached] = [this.#server, this.#detached !== null];
    [this.#server, this.#detached, this.#most] = [to, null, to.maxCallers];
    if (!from || (from.host === to.host && from.extConfId === to.extConfId && !isAttached)) return;
    const textsOf = (is: (fact: WhyRow["facts"][number]) => readonly string[]) => {
      const messages = row.facts.flatMap(is).flatMap((msgId) => this.#known.messages.get(msgId as never) ?? []);
      return countedTexts(
        messages.map(({ fact: { extCallId: _, ...fact }, ...message }) =>
          messageText({ ...message, fact, call: undefined }),
        ),
      );
    };
    const dropped = textsOf((fact) => (fact.kind === "post-dropped" ? fact.messages.map(({ msgId }) => msgId) : []));
    const isNews = (fact: FactOf<"post-queued">) => fact.host === to.host && fact.result === undefined;
    const told = textsOf((fact) => (fact.kind === "post-queued" && isNews(fact) ? [fact.msgId] : []));
    const sentences = [
      from.host === to.host
        ? `WebEx's server ${to.host} took the conference over from itself`
        : `WebEx's server ${to.host} took over from ${from.host}`,
      from.extConfId === to.extConfId ? "" : `, and calls the conference ${to.extConfId} instead of ${from.extConfId}`,
      ".",
      isAttached ? " WebEx had closed the meeting before and kept its audio." : "",
      dropped === ""
        ? " Nothing waited for the server before."
        : ` What waited for ${from.host} was not sent any more: ${dropped}.`,
      told === "" ? "" : ` ${to.host} was told anew: ${told}.`,
    ];
    this.#failover = { at: row.at, index: this.#answers.length, repairs: [], rows: [momentOf(row)] };
    this.#push(row, "What did the failover change?", sentences.join(""));
  }

  #repaired(row: WhyRow): void {
    const repairs = row.facts.flatMap((fact) => (fact.kind === "repaired" ? [repairTexts[fact.what]] : []));
    if (repairs.length === 0) return;
    const answer = `Conference and bridge were compared, and the bridge held it otherwise: ${countedTexts(repairs)}. WebEx was told so, as of any change.`;
    this.#push(row, "What did the comparison with the bridge change?", answer);
    const failover = this.#failover;
    const told = failover && this.#answers[failover.index];
    if (!failover || !told || row.at - failover.at > AFTER_FAILOVER_MS) return;
    failover.repairs.push(...repairs);
    failover.rows.push(momentOf(row));
    const [said = ""] = told.answer.split(" Soon after,");
    const soon = `${said} Soon after, a comparison found that the bridge held it otherwise: ${countedTexts(failover.repairs)}.`;
    this.#answers[failover.index] = { ...told, answer: soon, rows: rowsOf(...failover.rows) };
  }

  #unlocked(moment: Moment): void {
    if (this.#locked) this.#answers.push(lockedAnswer(this.#locked, moment));
    this.#locked = null;
  }

  #limit(moment: Moment): void {
    const most = this.#most;
    const isFull = this.#phase === "running" && most !== null && most > 0 && this.#callers >= most;
    if (isFull && !this.#full) this.#full = { ...moment, most };
    if (isFull || !this.#full) return;
    this.#answers.push(fullAnswer(this.#full, moment));
    this.#full = null;
  }

  answers(): readonly Explanation[] {
    const open: Explanation[] = [];
    if (this.#locked) open.push(lockedAnswer(this.#locked, null));
    if (this.#full) open.push(fullAnswer(this.#full, null));
    if (this.#phase === "creating" && this.#asked) {
      const answer = `WebEx asked for it at ${timeText(this.#asked.at)}, and the bridge has not answered yet.`;
      const question = "Why does the conference not run yet?";
      open.push({ at: this.#asked.at, calls: [], question, answer, rows: rowsOf(this.#asked) });
    }
    if (this.#phase === "running" && this.#closed) {
      const answer = `It is to be ended since ${timeText(this.#closed.at)}, and the bridge has not said yet that it did.`;
      const question = "Why has the conference not ended yet?";
      open.push({ at: this.#closed.at, calls: [], question, answer, rows: rowsOf(this.#closed) });
    }
    return [...this.#answers, ...open];
  }
}

function whoLocked(asker: ReturnType<typeof askerIn>): string {
  if (!asker) return "somebody at the bridge";
  return operatorText(asker) ?? "WebEx";
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
