import type { NumberedReport, Report } from "../src/bridge/orders.ts";
import type { EpochMs } from "../src/foundation/ids.ts";

/** An unacknowledged report is sent again after this time. */
export const RESEND_AFTER_MS = 1_000;
/** So many reports, or about so many characters, go into one message. */
const MOST_IN_A_MESSAGE = 500;
const MOST_CHARACTERS = 1_000_000;
/** So often the edge must say that it knows less than it once took, before we believe that it forgot. */
const STRIKES = 3;

/** The reports of one conference that the edge has not taken yet, oldest first. */
export class ReportStream {
  #pending: { readonly numbered: NumberedReport; readonly characters: number }[] = [];
  #next: number;
  #sent = 0;
  #sentAt: EpochMs = 0;
  #strikes = 0;

  constructor(next: number, pending: readonly NumberedReport[]) {
    this.#next = next;
    for (const numbered of pending) this.#push(numbered);
  }

  get size(): number {
    return this.#pending.length;
  }

  get newest(): Report | undefined {
    return this.#pending.at(-1)?.numbered.report;
  }

  append(report: Report): NumberedReport {
    const numbered = { number: this.#next, report };
    this.#next += 1;
    this.#push(numbered);
    return numbered;
  }

  #push(numbered: NumberedReport): void {
    this.#pending.push({ numbered, characters: JSON.stringify(numbered).length });
  }

  /**
   * The results that wait get new numbers, and `null` is returned where nothing changes, else the first of these. Numbers
   * that the edge may have taken are not given again: a gap is found, and closed, where it has not.
   */
  forgetEvents(): number | null {
    const results = this.reports().filter(({ type }) => type === "result");
    if (results.length === this.#pending.length) return null;
    const first = this.#next;
    this.#pending = [];
    this.#sent = 0;
    for (const report of results) this.append(report);
    return first;
  }

  /** After a reconnect nothing counts as sent. */
  forgetSent(): void {
    this.#sent = 0;
  }

  /** What is due now, one list for each message. */
  due(now: EpochMs): NumberedReport[][] {
    const unsent = this.#pending.slice(this.#sent);
    if (unsent.length > 0) {
      this.#sent = this.#pending.length;
      this.#sentAt = now;
      return this.#inMessages(unsent);
    }
    if (this.#pending.length === 0 || now - this.#sentAt < RESEND_AFTER_MS) return [];
    this.#sentAt = now;
    return this.#inMessages(this.#pending).slice(0, 1); // More than one would only add to the load of a slow edge.
  }

  #inMessages(pending: readonly { readonly numbered: NumberedReport; readonly characters: number }[]) {
    const messages: NumberedReport[][] = [];
    let characters = Number.POSITIVE_INFINITY;
    for (const report of pending) {
      let message = messages.at(-1);
      if (!message || message.length >= MOST_IN_A_MESSAGE || characters + report.characters > MOST_CHARACTERS) {
        message = [];
        messages.push(message);
        characters = 0;
      }
      message.push(report.numbered);
      characters += report.characters;
    }
    return messages;
  }

  /**
   * The edge has taken the reports up to this number. When it knows numbers that we never gave, or no longer those that
   * it took, one of the two has forgotten: the reports then go on where the edge stands, and `renumbered` says from where.
   */
  taken(upTo: number, now: EpochMs): { readonly renumbered: number | null } {
    const first = this.#pending[0]?.numbered.number ?? this.#next;
    if (upTo >= first && upTo < this.#next) {
      const count = upTo - first + 1;
      this.#pending.splice(0, count);
      this.#sent = Math.max(0, this.#sent - count);
      this.#sentAt = now;
      this.#strikes = 0;
      return { renumbered: null };
    }
    if (upTo < first - 1 && this.#pending.length > 0) this.#strikes += 1;
    else this.#strikes = 0;
    if (upTo < first && this.#strikes < STRIKES) return { renumbered: null };
    this.#strikes = 0;
    this.#next = upTo + 1;
    this.#sent = 0;
    for (const { report } of this.#pending.splice(0).map(({ numbered }) => numbered)) this.append(report);
    return { renumbered: upTo + 1 };
  }

  reports(): Report[] {
    return this.#pending.map(({ numbered }) => numbered.report);
  }
}
