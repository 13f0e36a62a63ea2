import type { EpochMs } from "../foundation/ids.ts";
import { type Backoff, doubling, pauseAfter } from "./backoff.ts";

/** A row that waits for its receiver. */
export interface Delivery<Row> {
  readonly row: Row;
  readonly id: string | number;
  readonly receiver: string;
  /** Rows of one lane go in order, one at a time; a receiver may have several lanes. */
  readonly lane: string;
  readonly dueAt: EpochMs;
}

/** How long a row waits after a failure, and when it is given up. */
export interface DeliveryPolicy {
  /** In all, the first one among them. */
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly keptMs: number;
  /** For one receiver. One that is slow for hours must not fill the disk. */
  readonly mostWaiting: number;
}

/** A row that is under way. */
export interface Attempt {
  /** The row was withdrawn. */
  readonly signal: AbortSignal;
  /** When the attempt is over at the latest; `null`: its beginning is not on disk. */
  overAt: EpochMs | null;
}

interface DeliveryPorts<Row> {
  /** Of a clock that cannot be set back. */
  now(): EpochMs;
  attempt(row: Row, attempt: Attempt): Promise<void>;
  /** An attempt has ended: time to begin the next one. */
  goOn(): void;
  /** An error of the disk or of our own, for the log. */
  broke(row: Row, error: unknown): void;
}

/** After such an error, which no policy counts. */
const errorBackoff = doubling(1_000, 60_000);

/** Begins rows when they may begin. It has no rows, no timer and no socket of its own: whoever has them asks it what is next. */
export class Deliveries<Row> {
  readonly #ports: DeliveryPorts<Row>;
  readonly #attempts = new Map<string | number, Attempt & { readonly controller: AbortController }>();
  readonly #pauses = new Map<string, { readonly failures: number; readonly until: EpochMs }>();

  constructor(ports: DeliveryPorts<Row>) {
    this.#ports = ports;
  }

  /** Begins what is due, of all that waits; in how many milliseconds more is due, `null`: nothing waits for its time. */
  begin(waiting: readonly Delivery<Row>[]): number | null {
    const now = this.#ports.now();
    const busy = new Set(waiting.filter(({ id }) => this.isUnderWay(id)).map(({ lane }) => lane));
    const free = heads(waiting).filter(({ lane }) => !busy.has(lane));
    const due = free.filter((head) => this.#dueAt(head) <= now);
    // All are marked first: an attempt may ask for the next ones at once.
    const attempts = due.map((head) => ({ head, attempt: this.#mark(head.id) }));
    for (const { head, attempt } of attempts) void this.#run(head, attempt);
    return free.length > due.length
      ? Math.min(...free.map((head) => this.#dueAt(head)).filter((at) => at > now)) - now
      : null;
  }

  /** When something is to be done at the latest, by the next life if this one ends before. */
  nextDue(waiting: readonly Delivery<Row>[]): EpochMs | null {
    const dues = heads(waiting).map((head) => this.#attempts.get(head.id)?.overAt ?? this.#dueAt(head));
    return dues.length > 0 ? Math.min(...dues) : null;
  }

  isUnderWay(id: string | number): boolean {
    return this.#attempts.has(id);
  }

  /** All others are withdrawn. */
  keepOnly(ids: ReadonlySet<string | number>): void {
    for (const [id, { controller }] of this.#attempts) if (!ids.has(id)) controller.abort();
  }

  /** Nothing is begun for this receiver for a while, though it is not at fault. */
  pause(receiver: string): void {
    const failures = (this.#pauses.get(receiver)?.failures ?? 0) + 1;
    this.#pauses.set(receiver, { failures, until: this.#ports.now() + pauseAfter(failures, errorBackoff) });
  }

  /** The disk works: what broke is tried within a second, and not at once, since the error may be our own. Whether anything had broken. */
  works(): boolean {
    const now = this.#ports.now();
    const hadPauses = this.#pauses.size > 0;
    for (const [receiver, { until }] of this.#pauses) {
      if (until <= now) this.#pauses.delete(receiver);
      else this.#pauses.set(receiver, { failures: 0, until: Math.min(until, now + pauseAfter(1, errorBackoff)) });
    }
    return hadPauses;
  }

  async #run({ row, id, receiver }: Delivery<Row>, attempt: Attempt): Promise<void> {
    const { broke, goOn } = this.#ports;
    try {
      await this.#ports.attempt(row, attempt);
    } catch (error) {
      broke(row, error);
      this.pause(receiver);
    }
    this.#attempts.delete(id);
    try {
      goOn();
    } catch (error) {
      broke(row, error);
    }
  }

  #mark(id: string | number): Attempt {
    const controller = new AbortController();
    const attempt = { controller, signal: controller.signal, overAt: null };
    this.#attempts.set(id, attempt);
    return attempt;
  }

  #dueAt({ receiver, dueAt }: Delivery<Row>): EpochMs {
    return Math.max(dueAt, this.#pauses.get(receiver)?.until ?? dueAt);
  }
}

/** The first of each lane. */
export function heads<Row>(waiting: readonly Delivery<Row>[]): readonly Delivery<Row>[] {
  const lanes = new Set<string>();
  return waiting.filter(({ lane }) => !lanes.has(lane) && lanes.add(lane));
}

/** When the next attempt may begin; `null`: the one that failed was the last one. */
export function nextAttemptAt(attempts: number, policy: DeliveryPolicy, now: EpochMs): EpochMs | null {
  return attempts >= policy.attempts ? null : now + pauseAfter(attempts, policy.backoff);
}

/** Of all rows of one receiver, in the order in which they came, those that are given up: they are too old or too many. */
export function surplus<Row extends { readonly queuedAt: EpochMs }>(
  rows: readonly Row[],
  { keptMs, mostWaiting }: DeliveryPolicy,
  now: EpochMs,
): readonly Row[] {
  const over = rows.length - mostWaiting;
  return rows.filter(({ queuedAt }, index) => index < over || now - queuedAt >= keptMs);
}
