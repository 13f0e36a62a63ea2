import { BACK_END } from "../../foundation/text/bare-host.ts";
import { counted } from "../../foundation/text/counted.ts";
import { instantText } from "../../foundation/time/shown-time.ts";
import type { Explanation } from "../../rpc/story.ts";
import type { FactOf } from "../fold.ts";
import type { Known, KnownMessage, WhyRow } from "./known.ts";
import { callsOf, explained, type Moment, messageTexts, momentOf, serverText } from "./words.ts";

type GoneFact = FactOf<"post-given-up" | "post-dropped">;

/** A document that was given up, or withdrawn before its receiver had confirmed it. */
interface Gone {
  readonly row: Moment;
  readonly messages: readonly KnownMessage[];
  readonly why: string;
  readonly failed: Moment | null;
  /** Those that its server is notified of once it can be reached. */
  readonly owed: readonly KnownMessage[];
}

/** Why was WebEx, or the partner's back end, not notified of something, and what has become of it since? */
export class Posts {
  readonly #known: Known;
  readonly #gone: Gone[] = [];

  constructor(known: Known) {
    this.#known = known;
  }

  read(row: WhyRow): void {
    for (const fact of row.facts) {
      if (fact.kind === "post-given-up" && !fact.probe) this.#givenUp(fact, row);
      else if (fact.kind === "post-dropped") this.#dropped(fact, row);
    }
  }

  answers(): readonly Explanation[] {
    return this.#gone.flatMap(({ row, messages, why, failed, owed }) => {
      const [first] = messages;
      if (!first) return [];
      const { host, since } = first.post;
      const who = host === BACK_END ? "the partner's back end" : "WebEx";
      const question = `Why was ${who} not notified ${messageTexts(messages)}?`;
      const answer = `${serverText(host)} ${why}${owed.length > 0 ? ` ${this.#since(owed)}` : ""}`;
      return [explained(row, callsOf(messages), question, answer, since, failed)];
    });
  }

  #givenUp(fact: FactOf<"post-given-up">, row: WhyRow): void {
    const failed = this.#known.posts.get(fact.transId)?.failed ?? null;
    const reason = failed ? `its last known attempt failed with ${failed.why}` : fact.why;
    const tried = fact.attempts > 0 ? ` in ${counted(fact.attempts, "attempt")}` : "";
    this.#push(
      fact,
      row,
      `did not confirm the document${tried}: ${reason}. The document was given up at ${instantText(row.at)}.`,
      failed,
    );
  }

  #dropped(fact: FactOf<"post-dropped">, row: WhyRow): void {
    if (this.#owedIn(fact, row).length > 0)
      return this.#push(
        fact,
        row,
        "could not be reached: the document was withdrawn, since one before it was given up.",
        null,
      );
    const next = row.facts.find((one) => one.kind === "conference-taken-over");
    const then = next ? ` ${next.host} was notified of how the conference is instead.` : "";
    const why = `was replaced by another server before it had confirmed the document.${then}`;
    this.#push(fact, row, why, this.#known.posts.get(fact.transId)?.failed ?? null);
  }

  #push(fact: GoneFact, row: WhyRow, why: string, failed: Moment | null): void {
    const messages = this.#known.messagesIn(fact);
    this.#gone.push({ row: momentOf(row), messages, why, failed, owed: this.#owedIn(fact, row) });
  }

  #owedIn(fact: GoneFact, { facts }: WhyRow): readonly KnownMessage[] {
    const owed = new Set(facts.flatMap((one) => (one.kind === "message-owed" ? one.msgId : [])));
    return this.#known.messagesIn(fact).filter((message) => owed.has(message.fact.msgId));
  }

  /** What became of these. */
  #since(messages: readonly KnownMessage[]): string {
    if (messages.some(({ fact }) => this.#known.owed.has(fact.msgId)))
      return "As soon as the server can be reached, it is notified of how things are then.";
    const again = messages.flatMap((message) => {
      const latest = this.#known.messages.get(message.fact.msgId);
      return latest && latest.post !== message.post && !latest.givenUp && !latest.isDropped ? latest.post : [];
    });
    const waiting = again.find(({ confirmed }) => !confirmed);
    if (waiting) return `It was posted again at ${instantText(waiting.since.at)}, and is not confirmed yet.`;
    const confirmed = again.flatMap((post) => post.confirmed ?? []).at(-1);
    const how = confirmed?.refused ? " with a failure" : "";
    if (confirmed) return `The server was reached again, and has confirmed it${how} at ${instantText(confirmed.at)}.`;
    return "It is not posted again: another message says how things are, or nobody waits for it.";
  }
}
