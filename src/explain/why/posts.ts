import type { CallId, WebexHost } from "../../foundation/ids.ts";
import type { Person } from "../../foundation/shown.ts";
import type { Posted, Step } from "../../replay/replay.ts";
import type { Explanation } from "../../rpc/story.ts";
import {
  callerOf,
  countedTexts,
  headAfter,
  type Moment,
  messageText,
  momentOf,
  type Question,
  rowsOf,
  timeText,
} from "./words.ts";

interface Sent extends Moment {
  /** In words, with the callers as they were then. */
  readonly texts: readonly string[];
  readonly calls: readonly CallId[];
}

type Failed = Step["failed"][number] & Moment;

/** Why was WebEx not told of something? */
export class Posts implements Question {
  readonly #person: Person;
  readonly #sent = new Map<string, Sent>();
  readonly #failed = new Map<string, Failed>();
  readonly #waiting = new Map<string, Posted>();
  readonly #answers: Explanation[] = [];
  #detached: Moment | null = null;

  constructor(person: Person) {
    this.#person = person;
  }

  read(step: Step): void {
    const moment = momentOf(step);
    for (const document of step.confirmed) this.#waiting.delete(document.transId);
    for (const document of step.givenUp) this.#givenUp(step, document);
    for (const document of step.dropped) this.#dropped(step, document);
    for (const { message, transId } of step.messages) {
      if (transId === null) continue;
      const { texts, calls, ...since } = this.#sent.get(transId) ?? { ...moment, texts: [], calls: [] };
      const state = { ...step.before, callers: new Map([...step.before.callers, ...present(step)]) };
      const caller = callerOf(message, state);
      const text = messageText(message, state, this.#person);
      this.#sent.set(transId, { ...since, texts: [...texts, text], calls: caller ? [...calls, caller.call] : calls });
    }
    for (const document of step.failed) {
      this.#failed.set(document.transId, { ...document, seq: step.seq });
      this.#waiting.set(document.transId, document);
    }
    this.#detachment(step);
  }

  #givenUp(step: Step, document: Posted): void {
    this.#waiting.delete(document.transId);
    const sent = this.#sent.get(document.transId);
    const last = this.#failed.get(document.transId);
    const why = last ? `its last known attempt failed with ${last.why}` : "it could not be written or posted";
    const answer = `${serverText(document)} did not confirm the message in the attempts that the settings allow: ${why}. It was given up at ${timeText(step.at)}.${isOwed(step, document) ? ` ${owed}` : ""}`;
    this.#tell(step, document, sent, answer, last);
  }

  #dropped(step: Step, document: Posted): void {
    this.#waiting.delete(document.transId);
    if (isOwed(step, document)) {
      const answer = `${serverText(document)} could not be reached: a post before it was given up. ${owed}`;
      return this.#tell(step, document, this.#sent.get(document.transId), answer, undefined);
    }
    const head = headAfter(step);
    const server = head.phase === "absent" || head.phase === "ended" ? null : head.host;
    const next = server === null ? "" : ` ${server} was told how the conference is instead.`;
    const answer = `${serverText(document)} was replaced by another server before it had confirmed the message.${next}`;
    this.#tell(step, document, this.#sent.get(document.transId), answer, this.#failed.get(document.transId));
  }

  #tell(step: Step, document: Posted, sent: Sent | undefined, answer: string, failed: Moment | undefined): void {
    const texts = sent?.texts ?? document.messages.map((message) => messageText(message, step.before, this.#person));
    const who = document.host === "*back-end" ? "the partner's back end" : "WebEx";
    const question = `Why was ${who} not told ${countedTexts(texts)}?`;
    const calls = [...new Set(sent?.calls)];
    this.#answers.push({ at: step.at, calls, question, answer, rows: rowsOf(sent, failed, step) });
  }

  /** WebEx has closed the meeting and keeps its audio (protocol 4.8). */
  #detachment(step: Step): void {
    const before = step.before.head;
    const after = headAfter(step);
    const was = before.phase === "running" && !before.attached;
    const is = after.phase === "running" && !after.attached;
    if (is && !was) this.#detached = momentOf(step);
    if (!was || is) return;
    this.#answers.push(detachedAnswer(this.#detached, momentOf(step)));
    this.#detached = null;
  }

  answers(): readonly Explanation[] {
    const waiting = [...this.#waiting.keys()].flatMap((transId) => {
      const sent = this.#sent.get(transId);
      const failed = this.#failed.get(transId);
      if (!failed || !sent) return [];
      const answer = `${serverText(failed)} has not confirmed it: attempt ${failed.attempts} failed at ${timeText(failed.at)} with ${failed.why}, and the next one begins at ${timeText(failed.nextAt)}.`;
      const question = `Why is WebEx not told yet ${countedTexts(sent.texts)}?`;
      return [{ at: sent.at, calls: [...new Set(sent.calls)], question, answer, rows: rowsOf(sent, failed) }];
    });
    const detached = this.#detached ? [detachedAnswer(this.#detached, null)] : [];
    return [...this.#answers, ...waiting, ...detached];
  }
}

function detachedAnswer(since: Moment | null, until: Moment | null): Explanation {
  const from = since ? ` at ${timeText(since.at)}` : "";
  const end = until ? ` That lasted until ${timeText(until.at)}.` : "";
  const answer = `WebEx closed the meeting${from} and kept its audio: it wants to hear nothing of it until it opens it again.${end}`;
  const question = "Why was WebEx told nothing of the conference for a while?";
  return { at: since?.at ?? 0, calls: [], question, answer, rows: rowsOf(since, until) };
}

const owed = "As soon as the server can be reached, it is told how things are then.";

function isOwed({ changes }: Step, { host }: Posted): boolean {
  return Boolean(changes.outages.get(host as WebexHost));
}

function serverText({ host }: Pick<Posted, "host">): string {
  return host === "*back-end" ? "The partner's back end" : `WebEx's server ${host}`;
}

function* present({ changes }: Step) {
  for (const [call, caller] of changes.callers) if (caller) yield [call, caller] as const;
}
