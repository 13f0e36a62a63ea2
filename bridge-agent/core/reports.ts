import {
  type ConferenceEvent,
  isCompared,
  type NumberedReport,
  type Report,
  tellsTimes,
} from "../../src/bridge/events.ts";
import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { CallId, ConfKey, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import { TokenBucket } from "../../src/foundation/limits.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";
import type { AgentJournal, JournalContents, JournaledConference } from "./journal.ts";
import { LiveConferences } from "./live-conferences.ts";

type ReportsMessage = Extract<AgentToEdge, { type: "reports" }>;
type SentReports = Omit<ReportsMessage, "type" | "epoch">;

interface ConferenceReports {
  record: JournaledConference;
  stream: ReportStream;
}

/** When so many reports of a conference wait, a snapshot replaces the events: no absence of the edge fills the disk. */
const MAX_UNACKNOWLEDGED = 5_000;
/** So many callers who were turned away a new stream still tells of. */
const MAX_TURNED_AWAY = 100;
/** Pauses after which a message without an ack is repeated, and its conference no longer counts as in flight. */
const RESEND_AFTER = doubling(1_000, 4_000);
/** In a lane, conferences whose message waits for its ack. Further reports join it: a backlog does not delay the pings. */
const MAX_IN_FLIGHT = 16;
const MAX_IN_A_MESSAGE = 500;
/** In one message. One report may be longer. */
const MAX_CHARACTERS = 100_000;
/** Each message counts as so many characters more. */
const MESSAGE_COST = 1_000;
const WRITE_ACKS_WITHIN_MS = 60_000;
/** In characters; half of what a relay reads of one agent. */
const SEND_RATE = { burst: 2_000_000, perSecond: 2_000_000 } as const;
const UNKNOWN: JournaledConference = { anonymousId: null, locked: false, live: false, since: null };

/** The record of each conference, and the reports about it that the edge has not acknowledged. */
export class Reports {
  readonly #journal: AgentJournal;
  readonly #conferences = new Map<ConfKey, ConferenceReports>();
  /** Those of them that callers can enter. */
  readonly live = new LiveConferences();
  /** What happened goes before what the edge only compares: a result does not wait for the snapshots behind a reconnect. */
  readonly #happened = new Lane();
  readonly #compared = new Lane();
  readonly #lanes = [this.#happened, this.#compared];
  #unacknowledged = 0;
  /** Numbers up to which the journal may delete the reports; the first of them waits to be written since `#acksSince`. */
  readonly #acks = new Map<ConfKey, number>();
  #acksSince: EpochMs = 0;
  readonly #allowance = new TokenBucket(SEND_RATE, 0);
  /** Snapshots that the edge wants: now (`null`), or in the next round unless the bridge's state has this digest. */
  readonly snapshotsWanted = new Map<ConfKey, string | null>();
  /** True if one of them is wanted at once. */
  isSnapshotDue = false;

  constructor(journal: AgentJournal, contents: JournalContents) {
    this.#journal = journal;
    for (const { conference, record, stream, next, reports } of contents.conferences) {
      this.#conferences.set(conference, { record, stream: new ReportStream(stream, next, reports) });
      this.live.set(conference, record);
      this.#unacknowledged += reports.length;
    }
  }

  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  isAcknowledged(key: ConfKey): boolean {
    return !this.#conferences.get(key)?.stream.size;
  }

  position(key: ConfKey): string {
    const stream = this.#conferences.get(key)?.stream;
    return stream ? `${stream.id} ${stream.reported}` : "";
  }

  change(key: ConfKey, change: Partial<JournaledConference>): void {
    const conference = this.#open(key);
    conference.record = { ...conference.record, ...change };
    this.live.set(key, conference.record);
    this.#journal.saveConference(key, conference.record);
  }

  addEvent(key: ConfKey, event: ConferenceEvent): void {
    this.add(key, { type: "event", event });
  }

  add(key: ConfKey, report: Report): void {
    const { stream } = this.#open(key);
    this.#append(key, stream, report);
    if (stream.size % MAX_UNACKNOWLEDGED === 0) this.restartStream(key);
  }

  wantSnapshot(key: ConfKey, unless: string | null = null): void {
    if (this.snapshotsWanted.get(key) !== null) this.snapshotsWanted.set(key, unless);
    this.isSnapshotDue ||= unless === null;
  }

  /** Whether the newest report is a snapshot: another one would say the same. */
  endsWithSnapshot(key: ConfKey): boolean {
    const newest = this.#conferences.get(key)?.stream.reports.at(-1);
    return newest !== undefined && isSnapshot(newest);
  }

  #open(key: ConfKey): ConferenceReports {
    const known = this.#conferences.get(key);
    if (known) return known;
    const conference = { record: UNKNOWN, stream: this.#beginStream(key, UNKNOWN, []) };
    this.#conferences.set(key, conference);
    return conference;
  }

  #beginStream(key: ConfKey, record: JournaledConference, reports: readonly Report[]): ReportStream {
    const stream = new ReportStream(this.#journal.beginStream(key, record), 1, []);
    this.#acks.delete(key); // These acks were of the stream before.
    for (const report of reports) this.#append(key, stream, report);
    return stream;
  }

  #append(key: ConfKey, stream: ReportStream, report: Report): void {
    this.#journal.appendReport(key, stream.append(report));
    this.#unacknowledged += 1;
    if (!stream.isSent) this.#wait(key, stream);
  }

  #wait(key: ConfKey, stream: ReportStream): void {
    const [lane, other] = stream.isCompared ? [this.#compared, this.#happened] : [this.#happened, this.#compared];
    other.unsent.delete(key);
    lane.unsent.add(key);
  }

  #land(key: ConfKey): void {
    for (const lane of this.#lanes) lane.inFlight.delete(key);
  }

  /** The edge has the reports up to this number on disk. False: edge and agent disagree on how much was reported. */
  acknowledge(key: ConfKey, stream: StreamId, upTo: number, now: EpochMs): boolean {
    const conference = this.#conferences.get(key);
    if (conference?.stream.id !== stream) return true; // The ack is of a stream that was replaced.
    const deleted = conference.stream.acknowledge(upTo, now);
    if (deleted === null) return false;
    this.#unacknowledged -= deleted;
    if (!conference.stream.isSent) this.#mayGoOn(key, conference.stream);
    if (deleted > 0) {
      if (this.#acks.size === 0) this.#acksSince = now;
      this.#acks.set(key, upTo);
    }
    this.#deleteIfOver(key, conference);
    return true;
  }

  /** An ack is written with something else, or after a minute: acknowledged reports that are sent again are known to the edge. */
  writeAcks(now: EpochMs): void {
    if (this.#acks.size === 0) return;
    if (!this.#journal.isWriting() && now - this.#acksSince < WRITE_ACKS_WITHIN_MS) return;
    for (const [key, upTo] of this.#acks) this.#journal.deleteReports(key, upTo);
    this.#acks.clear();
  }

  /** A new stream has the results, a snapshot in place of the events, and what no snapshot shows: what callers keyed, and who was turned away last. */
  restartStream(key: ConfKey): void {
    const conference = this.#conferences.get(key);
    if (!conference) return;
    const results: Report[] = [];
    const identified = new Map<CallId, Report>();
    const turnedAway: Report[] = [];
    for (const report of conference.stream.reports) {
      if (report.type === "result") results.push(report);
      else if (isAttendeeId(report)) identified.set(report.event.call, report);
      else if (isTurnedAway(report)) turnedAway.push(report);
    }
    results.push(...turnedAway.slice(-MAX_TURNED_AWAY));
    this.#unacknowledged -= conference.stream.size;
    this.#land(key);
    conference.stream = this.#beginStream(key, conference.record, [...results, ...identified.values()]);
    this.wantSnapshot(key);
    this.#deleteIfOver(key, conference);
  }

  restartStreamsWithEvents(): void {
    for (const [key, { stream }] of this.#conferences) {
      if (stream.reports.some(({ type }) => type === "event")) this.restartStream(key);
    }
  }

  /** The conference is over, or was never seen, and the edge knows. */
  #deleteIfOver(key: ConfKey, { record, stream }: ConferenceReports): void {
    if (record.live || stream.size > 0) return;
    this.#conferences.delete(key);
    this.#journal.deleteConference(key);
  }

  /** After a reconnect everything unacknowledged is sent anew. */
  resendAll(): void {
    for (const [key, { stream }] of this.#conferences) {
      stream.resend();
      this.#mayGoOn(key, stream);
    }
  }

  #mayGoOn(key: ConfKey, stream: ReportStream): void {
    this.#land(key);
    if (stream.size > 0) this.#wait(key, stream);
  }

  /** Reports that were never sent, as far as the link may carry them; with `again`, also those without an ack for too long. */
  due(epoch: number, now: EpochMs, again: boolean): ReportsMessage[] {
    if (this.#unacknowledged === 0) return [];
    const unsent = this.#lanes.flatMap((lane) => [...this.#sendUnsent(lane, now)]);
    const sent = again ? [...unsent, ...this.#sendOverdue(now)] : unsent;
    return sent.map((one) => {
      const at = one.reports.some(({ report }) => tellsTimes(report)) && { at: now };
      return { type: "reports", epoch, ...one, ...at };
    });
  }

  *#sendUnsent({ unsent, inFlight }: Lane, now: EpochMs): Generator<SentReports> {
    for (const key of unsent) {
      const stream = this.#conferences.get(key)?.stream;
      if (stream && stream.size > 0) {
        const sent = inFlight.size < MAX_IN_FLIGHT ? this.#sendFirst(key, stream, now) : null;
        if (sent === null) return;
        inFlight.add(key);
        yield sent;
      }
      unsent.delete(key);
    }
  }

  *#sendOverdue(now: EpochMs): Generator<SentReports> {
    for (const [key, { stream }] of this.#conferences) {
      if (!stream.isOverdue(now)) continue;
      this.#land(key); // One that hangs must not hold up the others.
      const sent = this.#sendFirst(key, stream, now);
      if (sent) yield sent;
    }
  }

  /** `null`: the link may not carry it now. A single report may be longer than the whole allowance. */
  #sendFirst(conference: ConfKey, stream: ReportStream, now: EpochMs): SentReports | null {
    const { reports, characters } = stream.first();
    if (!this.#allowance.spend(Math.min(characters + MESSAGE_COST, SEND_RATE.burst), now)) return null;
    stream.sent(reports.length, now);
    return { conference, stream: stream.id, reports };
  }
}

/** Conferences whose next message waits to be sent, in order, and those whose message waits for its ack. */
class Lane {
  readonly unsent = new Set<ConfKey>();
  readonly inFlight = new Set<ConfKey>();
}

function isSnapshot(report: Report): boolean {
  return report.type === "event" && report.event.type === "snapshot";
}

function isAttendeeId(report: Report): report is Report & { readonly event: { readonly type: "attendee-identified" } } {
  return report.type === "event" && report.event.type === "attendee-identified";
}

function isTurnedAway(report: Report): boolean {
  return report.type === "event" && report.event.type === "caller-turned-away";
}

/** The reports of one conference that the edge has not acknowledged, oldest first. */
class ReportStream {
  readonly id: StreamId;
  #waiting: { readonly numbered: NumberedReport; readonly characters: number }[] = [];
  #next: number;
  /** How many reports the message in flight has; they are the first ones. */
  #sent = 0;
  /** Attempts since the last ack. */
  #attempts = 0;
  #sentAt: EpochMs = 0;

  constructor(id: StreamId, next: number, reports: readonly NumberedReport[]) {
    this.id = id;
    this.#next = next;
    for (const numbered of reports) this.#push(numbered);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** How many reports it ever had. */
  get reported(): number {
    return this.#next - 1;
  }

  get reports(): Report[] {
    return this.#waiting.map(({ numbered }) => numbered.report);
  }

  get isCompared(): boolean {
    return this.#waiting.every(({ numbered }) => isCompared(numbered.report));
  }

  append(report: Report): NumberedReport {
    const numbered = { number: this.#next, report };
    this.#next += 1;
    this.#push(numbered);
    return numbered;
  }

  #push(numbered: NumberedReport): void {
    this.#waiting.push({ numbered, characters: JSON.stringify(numbered).length });
  }

  /** Whether a message waits for its ack: nothing else is sent until that comes. */
  get isSent(): boolean {
    return this.#sent > 0;
  }

  /** After a reconnect nothing counts as sent. */
  resend(): void {
    this.#sent = 0;
    this.#attempts = 0;
  }

  sent(count: number, now: EpochMs): void {
    this.#sent = count;
    this.#attempts += 1;
    this.#sentAt = now;
  }

  isOverdue(now: EpochMs): boolean {
    return this.#sent > 0 && now - this.#sentAt >= pauseAfter(this.#attempts, RESEND_AFTER);
  }

  /** The reports of the next message. */
  first(): { readonly reports: readonly NumberedReport[]; readonly characters: number } {
    const reports: NumberedReport[] = [];
    let characters = 0;
    for (const next of this.#waiting) {
      const isFull = reports.length >= MAX_IN_A_MESSAGE || characters + next.characters > MAX_CHARACTERS;
      if (reports.length > 0 && isFull) break;
      reports.push(next.numbered);
      characters += next.characters;
    }
    return { reports, characters };
  }

  /** How many reports this drops; `null`: the number is none of this stream, so one of the two has lost its state. */
  acknowledge(upTo: number, now: EpochMs): number | null {
    const first = this.#waiting[0]?.numbered.number ?? this.#next;
    if (upTo >= this.#next || (upTo < first - 1 && this.#waiting.length > 0)) return null;
    const count = upTo - first + 1;
    if (count <= 0) return 0;
    this.#waiting.splice(0, count);
    this.#sent = Math.max(0, this.#sent - count);
    this.#attempts = this.#sent > 0 ? 1 : 0;
    this.#sentAt = now;
    return count;
  }
}
