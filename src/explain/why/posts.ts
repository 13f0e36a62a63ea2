import { BACK_END } from "../../conference/draft.ts";
import type { CallId, MsgId, TransId } from "../../foundation/ids.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { FactOf, Known, KnownMessage, WhyRow } from "./known.ts";
import { countedTexts, type Moment, messageText, momentOf, type Question, rowsOf, timeText } from "./words.ts";

/** A document that is neither confirmed nor given up. */
interface Waiting {
  readonly host: string;
  readonly since: Moment;
  readonly messages: readonly KnownMessage[];
  readonly failed: (FactOf<"post-failed"> & Moment) | null;
}

const owed = "As soon as the server can be reached, it is told how things are then.";

/** Why was WebEx not told of something? */
export class Posts implements Question {
  readonly #known: Known;
  readonly #waiting = new Map<TransId, Waiting>();
  readonly #answers: Explanation[] = [];
  #detached: Moment | null = null;

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) this.#read(row, fact);
  }

  #read(row: WhyRow, fact: WhyRow["facts"][number]): void {
    switch (fact.kind) {
      case "post-queued": {
        const message = this.#known.messages.get(fact.msgId);
        const { since = momentOf(row), messages = [], failed = null } = this.#waiting.get(fact.transId) ?? {};
        if (message)
          this.#waiting.set(fact.transId, { host: fact.host, since, messages: [...messages, message], failed });
        return;
      }
      case "post-failed": {
        const waiting = this.#waiting.get(fact.transId);
        if (waiting) this.#waiting.set(fact.transId, { ...waiting, failed: { ...fact, seq: row.seq } });
        return;
      }
      case "post-confirmed":
        this.#waiting.delete(fact.transId);
        return;
      case "post-given-up":
        return this.#givenUp(row, fact);
      case "post-dropped":
        return this.#dropped(row, fact);
      case "conference-detached":
        this.#detached = momentOf(row);
        return;
      case "conference-taken-over":
      case "conference-ended":
        if (this.#detached) this.#answers.push(detachedAnswer(this.#detached, momentOf(row)));
        this.#detached = null;
        return;
      default:
    }
  }

  #givenUp(row: WhyRow, { transId, host, messages, probe }: FactOf<"post-given-up">): void {
    const waiting = this.#remove(transId, messages);
    if (probe || !waiting) return;
    const { failed } = waiting;
    const why = failed ? `its last known attempt failed with ${failed.why}` : "it could not be written or posted";
    const then = isOwedIn(row, messages) ? ` ${owed}` : "";
    const answer = `${serverText(host)} did not confirm the message in the attempts that the settings allow: ${why}. It was given up at ${timeText(row.at)}.${then}`;
    this.#answer(row, waiting, answer, failed);
  }

  #dropped(row: WhyRow, { transId, messages }: FactOf<"post-dropped">): void {
    const waiting = this.#remove(transId, messages);
    if (!waiting) return;
    const { host } = waiting;
    if (isOwedIn(row, messages)) {
      const answer = `${serverText(host)} could not be reached: a post before it was given up. ${owed}`;
      return this.#answer(row, waiting, answer, null);
    }
    const next = row.facts.find((fact) => fact.kind === "conference-taken-over");
    const then = next ? ` ${next.host} was told how the conference is instead.` : "";
    const answer = `${serverText(host)} was replaced by another server before it had confirmed the message.${then}`;
    this.#answer(row, waiting, answer, waiting.failed);
  }

  /** The messages that are gone; the document waits on with the others. */
  #remove(transId: TransId, gone: readonly { readonly msgId: MsgId }[]): Waiting | null {
    const waiting = this.#waiting.get(transId);
    if (!waiting) return null;
    const isGone = ({ fact }: KnownMessage) => gone.some(({ msgId }) => msgId === fact.msgId);
    const left = waiting.messages.filter((message) => !isGone(message));
    if (left.length > 0) this.#waiting.set(transId, { ...waiting, messages: left });
    else this.#waiting.delete(transId);
    return { ...waiting, messages: waiting.messages.filter(isGone) };
  }

  #answer(row: WhyRow, { host, since, messages }: Waiting, answer: string, failed: Moment | null): void {
    const who = host === BACK_END ? "the partner's back end" : "WebEx";
    const question = `Why was ${who} not told ${this.#textOf(messages)}?`;
    this.#answers.push({ at: row.at, calls: callsOf(messages), question, answer, rows: rowsOf(since, failed, row) });
  }

  #textOf(messages: readonly KnownMessage[]): string {
    return countedTexts(messages.map((message) => messageText(message)));
  }

  answers(): readonly Explanation[] {
    const waiting = [...this.#waiting.values()].flatMap(({ host, since, messages, failed }) => {
      if (!failed) return [];
      const answer = `${serverText(host)} has not confirmed it: attempt ${failed.attempt} failed at ${timeText(failed.at)} with ${failed.why}, and the next one begins at ${timeText(failed.nextAt)}.`;
      const question = `Why is WebEx not told yet ${this.#textOf(messages)}?`;
      return [{ at: since.at, calls: callsOf(messages), question, answer, rows: rowsOf(since, failed) }];
    });
    const detached = this.#detached ? [detachedAnswer(this.#detached, null)] : [];
    return [...this.#answers, ...waiting, ...detached];
  }
}

/** WebEx has closed the meeting and keeps its audio (protocol 4.8). */
function detachedAnswer(since: Moment, until: Moment | null): Explanation {
  const end = until ? ` That lasted until ${timeText(until.at)}.` : "";
  const answer = `WebEx closed the meeting at ${timeText(since.at)} and kept its audio: it wants to hear nothing of it until it opens it again.${end}`;
  const question = "Why was WebEx told nothing of the conference for a while?";
  return { at: since.at, calls: [], question, answer, rows: rowsOf(since, until) };
}

function isOwedIn({ facts }: WhyRow, messages: readonly { readonly msgId: MsgId }[]): boolean {
  return facts.some((fact) => fact.kind === "message-owed" && messages.some(({ msgId }) => msgId === fact.msgId));
}

function callsOf(messages: readonly KnownMessage[]): readonly CallId[] {
  return [...new Set(messages.flatMap(({ call }) => call?.call ?? []))];
}

function serverText(host: string): string {
  return host === BACK_END ? "The partner's back end" : `WebEx's server ${host}`;
}
