import type { NumberedReport, Report } from "../src/bridge/events.ts";
import type { EpochMs, StreamId } from "../src/foundation/ids.ts";

/** An unacknowledged report is sent again after this time. */
export const RESEND_AFTER_MS = 1_000;
/** So many reports, or about so many characters, go into one message. */
const MOST_IN_A_MESSAGE = 500;
const MOST_CHARACTERS = 500_000;

/** The reports of one conference that the edge has not taken yet, oldest first. */
export class ReportStream {
  readonly id: StreamId;
  #pending: { readonly numbered: NumberedReport; readonly characters: number }[] = [];
  #next: number;
  #sent = 0;
  #sentAt: EpochMs = 0;

  constructor(id: StreamId, next: number, pending: readonly NumberedReport[]) {
    this.id = id;
    this.#next = next;
    for (const numbered of pending) this.#push(numbered);
  }

  get size(): number {
    return this.#pending.length;
  }

  get reports(): Report[] {
    return this.#pending.map(({ numbered }) => numbered.report);
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
   * The edge has taken the reports up to this number. False: it knows numbers that were never given, or no longer those
   * that it took: one of the two has forgotten.
   */
  taken(upTo: number, now: EpochMs): boolean {
    const first = this.#pending[0]?.numbered.number ?? this.#next;
    if (upTo >= this.#next || (upTo < first - 1 && this.#pending.length > 0)) return false;
    const count = upTo - first + 1;
    if (count <= 0) return true;
    this.#pending.splice(0, count);
    this.#sent = Math.max(0, this.#sent - count);
    this.#sentAt = now;
    return true;
  }
}
