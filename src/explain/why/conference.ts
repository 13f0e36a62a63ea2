import { wordsOf } from "../../bridge/command-rules.ts";
import type { WebexHost } from "../../foundation/ids.ts";
import { counted } from "../../foundation/text/counted.ts";
import { capitalized } from "../../foundation/text/sentence.ts";
import { instantText } from "../../foundation/time/shown-time.ts";
import type { Explanation } from "../../rpc/story.ts";
import { type FactOf, type Fold, fold } from "../fold.ts";
import { askerIn, askerText, type Known, operatorText, type WhyRow } from "./known.ts";
import {
  countedTexts,
  explained,
  type Moment,
  messageTexts,
  momentOf,
  refusalText,
  refusalTexts,
  resultText,
  rowsOf,
} from "./words.ts";

/** Repairs this soon after a failover belong to it. */
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
  bridge: "another bridge held it, with callers",
};

const conferenceCommands: readonly string[] = ["end-conference", "lock", "unlock", "create-room", "move"];
/** A conference that is over is not one that the bridge refused to change. */
const overReasons: readonly string[] = ["no-such-conference", "no-such-call", "conference-over"];

type SpanName = "detached" | "locked" | "full";

/** A time during which something was so. */
interface Span {
  readonly since: Moment;
  textsTo(end: string): { readonly question: string; readonly answer: string };
}

/** Why was the conference not created, why was it closed, who was kept out, and what did a failover change? */
export class ConferenceQuestions {
  readonly #known: Known;
  readonly #answers: Explanation[] = [];
  #server: { readonly host: WebexHost; readonly extConfId: string } | null = null;
  #asked: Moment | null = null;
  #closed: Moment | null = null;
  #most: number | null = null;
  /** When it was found on the bridge, until WebEx creates it again. */
  #orphan: Moment | null = null;
  #callers = 0;
  /** What each changed, and what the bridge was found to hold otherwise soon after. */
  readonly #failovers: {
    readonly row: Moment;
    readonly answer: string;
    readonly repairs: string[];
    readonly rows: Moment[];
  }[] = [];
  /** What lasts. */
  readonly #spans = new Map<SpanName, Span>();

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) fold(this.#facts, fact, row);
    this.#repaired(row);
    this.#limit(row);
  }

  answers(): readonly Explanation[] {
    const failovers = this.#failovers.map(({ row, answer, repairs, rows }) => {
      const then = ` Soon after, a comparison found that the bridge held it otherwise: ${countedTexts(repairs)}.`;
      return explained(row, [], "What did the failover change?", repairs.length > 0 ? answer + then : answer, ...rows);
    });
    const spans = [...this.#spans.values()].map((span) => spanAnswer(span, null));
    return [...this.#answers, ...failovers, ...spans];
  }

  readonly #facts: Fold<[row: WhyRow]> = {
    "conference-requested": (fact, row) => {
      [this.#asked, this.#server, this.#most] = [momentOf(row), fact, fact.maxCallers];
      [this.#callers, this.#closed, this.#orphan] = [0, null, null];
    },
    "conference-not-created": (fact, row) => this.#notCreated(row, fact),
    "conference-found": (fact, row) => {
      [this.#asked, this.#server, this.#most, this.#closed, this.#callers] = [null, null, null, null, 0];
      this.#orphan = momentOf(row);
      this.#start("detached", row, (end) => ({
        question: "Why was WebEx notified of nothing in the conference for a while?",
        answer: `At ${instantText(row.at)} the edge found the conference on the bridge ${fact.bridge} and did not know it, as after a loss of its state: WebEx was to create it again.${end && ` It did so at ${end}.`}`,
      }));
    },
    "conference-detached": (_, row) =>
      this.#start("detached", row, (end) => ({
        question: "Why was WebEx notified of nothing in the conference for a while?",
        answer: `WebEx closed the meeting at ${instantText(row.at)} and kept its audio: it wants to hear nothing of it until it opens it again.${end && ` That lasted until ${end}.`}`,
      })),
    "conference-taken-over": (fact, row) => this.#takenOver(row, fact),
    "conference-ended": (fact, row) => {
      this.#ended(row, fact);
      for (const name of this.#spans.keys()) this.#end(name, row);
      [this.#most, this.#closed] = [null, null];
    },
    "conference-locked": (fact, row) => (fact.locked ? this.#locked(row, fact) : this.#end("locked", row)),
    "call-entered": () => this.#count(1),
    "call-left": () => this.#count(-1),
    "command-issued": ({ type }, row) => {
      if (type === "end-conference") this.#closed ??= momentOf(row);
    },
    "command-failed": (fact, row) => this.#failed(row, fact),
    "post-queued": (fact, row) => this.#refused(row, fact),
  };

  #count(change: number): void {
    this.#callers += change;
  }

  #push(row: Moment, question: string, answer: string, ...rows: readonly (Moment | null | undefined)[]): void {
    this.#answers.push(explained(row, [], question, answer, ...rows));
  }

  #start(name: SpanName, row: Moment, textsTo: Span["textsTo"]): void {
    this.#spans.set(name, { since: momentOf(row), textsTo });
  }

  #end(name: SpanName, row: Moment): void {
    const span = this.#spans.get(name);
    if (span) this.#answers.push(spanAnswer(span, row));
    this.#spans.delete(name);
  }

  #ended(row: WhyRow, { endedBy, why, by }: FactOf<"conference-ended">): void {
    const detached = this.#spans.get("detached")?.since;
    const whyEnded = () => {
      const person = operatorText(askerIn(by)) ?? "an operator";
      const operator = endedBy === "operator" ? person : null;
      const withoutBridge = "The settings did not have its bridge any more, so nobody was hung up there.";
      if (why === "lost" && operator !== null) return `${capitalized(operator)} wanted that. ${withoutBridge}`;
      if (why === "lost")
        return "The bridge no longer had it: it had ended there, or the bridge was started anew, and word of that had not come.";
      if (endedBy === "policy")
        return "The edge had found it on the bridge, and WebEx had not created it again in the time that the settings give it (orphanConferenceMinutes): it was ended, and its callers heard so.";
      if (endedBy === "telephone") return "Somebody ended it by telephone, at the bridge.";
      if (endedBy === "nobody") {
        if (this.#orphan && by.some(({ type }) => type === "request"))
          return "The edge had found it on the bridge, and nobody was in it when WebEx created it again: that one is another.";
        if (this.#orphan)
          return "The edge had found it on the bridge, WebEx had not created it again, and nobody was left on the telephone.";
        const at = detached ? ` at ${instantText(detached.at)}` : "";
        return `WebEx had closed the meeting${at} and kept its audio, and nobody was left on the telephone.`;
      }
      const asked = this.#closed ? ` at ${instantText(this.#closed.at)}` : "";
      const who = operator === null ? `WebEx closed it${asked}` : `${capitalized(operator)} wanted that${asked}`;
      if (row.input?.type === "operator" && row.input.withoutBridge)
        return `${who}, and ${person} ended it at ${instantText(row.at)}. ${withoutBridge}`;
      return `${who}, and the bridge ended it at ${instantText(row.at)}.`;
    };
    this.#push(row, "Why did the conference end?", whyEnded(), detached, this.#closed);
  }

  #notCreated(row: WhyRow, { record: { reason } }: FactOf<"conference-not-created">): void {
    const answer =
      reason === "bridge-timeout"
        ? this.#known.noAnswerText(this.#known.commandFor("create-conference", null))
        : reason in refusalTexts
          ? `The bridge refused to create it: ${refusalText(reason)}.`
          : "It was closed before the bridge had created it.";
    this.#push(row, "Why was the conference not created?", answer, this.#asked);
  }

  /** WebEx wanted it to be created anew, and was refused. */
  #refused(row: WhyRow, { type, result = "ok" }: FactOf<"post-queued">): void {
    if (type !== "conference-created" || result === "ok" || row.input?.type !== "webex") return;
    const isClosed = row.input.messages.some((message) => message.type === "close-conference");
    if (result === "conference-closed" && isClosed)
      return this.#push(
        row,
        "Why was WebEx refused the conference?",
        "WebEx closed it before the bridge had created it.",
      );
    const answer =
      result === "conference-closed"
        ? "It had ended while WebEx could not be reached, and WebEx did not know. This answer says so in place of a new conference; once WebEx has confirmed it, it can create one."
        : resultText(result);
    this.#push(row, "Why was WebEx refused the conference?", answer);
  }

  /** What was to change the conference as a whole and was not done. */
  #failed(row: WhyRow, { command: id, why }: FactOf<"command-failed">): void {
    const command = this.#known.commands.get(id);
    if (command?.type === "end-conference") this.#closed = null;
    if (!command || !conferenceCommands.includes(command.type) || overReasons.includes(why)) return;
    const question = `Why did the bridge not ${wordsOf(command.type).act}?`;
    const asked = askerIn(command.by)
      ? askerText(command.by, this.#known.askedBy(command.by), command)
      : `The edge asked for it at ${instantText(command.at)}`;
    const answer = `${asked}, and the bridge refused: ${refusalText(why)}.`;
    this.#answers.push(explained(row, command.call === null ? [] : [command.call], question, answer, command));
  }

  #takenOver(row: WhyRow, to: FactOf<"conference-taken-over">): void {
    const [from, isAttached] = [this.#server, this.#spans.has("detached")];
    this.#end("detached", row);
    [this.#server, this.#most, this.#orphan] = [to, to.maxCallers, null];
    if (!from || (from.host === to.host && from.extConfId === to.extConfId && !isAttached)) return;
    const dropped = row.facts.flatMap((fact) => (fact.kind === "post-dropped" ? this.#known.messagesIn(fact) : []));
    const isSettled = row.facts.some(({ kind }) => kind === "server-settled" || kind === "message-dropped");
    const notified = row.facts.flatMap((fact) => {
      const isNews = fact.kind === "post-queued" && fact.host === to.host && fact.result === undefined;
      return isNews ? (this.#known.messages.get(fact.msgId) ?? []) : [];
    });
    // Of many callers it says how many, and not which.
    const textsOf = (messages: typeof notified) =>
      messageTexts(messages.map(({ fact: { extCallId: _, ...fact } }) => ({ fact, call: undefined })));
    const sentences = [
      from.host === to.host
        ? `WebEx's server ${to.host} created the conference once more`
        : `WebEx's server ${to.host} took over from ${from.host}`,
      from.extConfId === to.extConfId ? "" : `, and calls the conference ${to.extConfId} instead of ${from.extConfId}`,
      ".",
      isAttached ? " WebEx had closed the meeting before and kept its audio." : "",
      dropped.length > 0 ? ` What waited for ${from.host} was not sent any more: ${textsOf(dropped)}.` : "",
      isSettled ? ` What ${from.host} was owed, it is not notified of any more.` : "",
      dropped.length === 0 && !isSettled ? " Nothing waited for the server before." : "",
      notified.length === 0 ? "" : ` ${to.host} was notified anew: ${textsOf(notified)}.`,
    ];
    this.#failovers.push({ row: momentOf(row), answer: sentences.join(""), repairs: [], rows: [] });
  }

  #repaired(row: WhyRow): void {
    const repairs = row.facts.flatMap((fact) => (fact.kind === "repaired" ? [repairTexts[fact.what]] : []));
    if (repairs.length === 0) return;
    const answer = `Conference and bridge were compared, and the bridge held it otherwise: ${countedTexts(repairs)}. WebEx was notified of that, as of any change.`;
    this.#push(row, "What did the comparison with the bridge change?", answer);
    const failover = this.#failovers.at(-1);
    if (!failover || row.at - failover.row.at > AFTER_FAILOVER_MS) return;
    failover.repairs.push(...repairs);
    failover.rows.push(momentOf(row));
  }

  #locked(row: WhyRow, { by }: FactOf<"conference-locked">): void {
    const asker = askerIn(by);
    // Some bridges cannot be asked to lock it, and all let somebody there do it.
    const isFromBridge = by.some(({ type }) => type === "report") || isRepaired(row, "locked");
    const isOfEdge = this.#orphan && !isFromBridge;
    const nobody = isOfEdge ? "the edge, until WebEx creates it again," : "somebody at the bridge";
    const who = asker ? (operatorText(asker) ?? "WebEx") : nobody;
    this.#start("locked", row, (end) => ({
      question: "Why could nobody else enter?",
      answer: `The conference was locked ${periodText(instantText(row.at), end)}: ${who} wanted that. Nobody who dials a locked conference is let in.`,
    }));
  }

  #limit(row: WhyRow): void {
    const most = this.#most;
    if (!most || this.#callers < most) return this.#end("full", row);
    if (this.#spans.has("full")) return;
    this.#start("full", row, (end) => ({
      question: "Why could nobody else enter?",
      answer: `${capitalized(periodText(instantText(row.at), end))} the conference had ${counted(most, "caller")}, as many as WebEx allows for this conference.`,
    }));
  }
}

function isRepaired({ facts }: WhyRow, what: FactOf<"repaired">["what"]): boolean {
  return facts.some((fact) => fact.kind === "repaired" && fact.what === what);
}

/** `until`: `null` while it lasts. */
function spanAnswer({ since, textsTo }: Span, until: Moment | null): Explanation {
  const { question, answer } = textsTo(until ? instantText(until.at) : "");
  return { at: since.at, calls: [], question, answer, rows: rowsOf(since, until) };
}

/** `until`: empty while it lasts. */
function periodText(since: string, until: string): string {
  if (until === "") return `from ${since} on`;
  return Date.parse(until) - Date.parse(since) < 1_000
    ? `at ${since}, for less than a second`
    : `from ${since} until ${until}`;
}
