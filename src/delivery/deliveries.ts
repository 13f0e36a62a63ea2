import type { EpochMs } from "../foundation/ids.ts";
import { doubling, pauseAfter } from "./backoff.ts";

/** A row that waits for its receiver. */
export interface Delivery<Row> {
  readonly row: Row;
  readonly id: string | number;
  readonly receiver: string;
  /** Rows of one lane go in order, one at a time; a receiver may have several lanes. */
  readonly lane: string;
  readonly dueAt: EpochMs;
}

/** A row that is under way. */
export interface Attempt {
  /** Aborted when the row is withdrawn. */
  readonly signal: AbortSignal;
  /** When the attempt ends at the latest; `null`: that it began is not on disk. */
  overAt: EpochMs | null;
}

interface DeliveryPorts<Row> {
  /** Time that never goes back. */
  now(): EpochMs;
  attempt(row: Row, attempt: Attempt): Promise<void>;
  /** Called when an attempt has ended: the next one can begin. */
  goOn(): void;
  /** Called with an error of the disk or of our own code, for the log. */
  broke(row: Row, error: unknown): void;
}

/** Pauses of a receiver after such errors, which count as no attempts. */
const errorBackoff = doubling(1_000, 60_000);

/** Begins the attempts that are due. It has no rows, timers or sockets: the owner hands in its rows each time. */
export class Deliveries<Row> {
  readonly #ports: DeliveryPorts<Row>;
  readonly #attempts = new Map<string | number, Attempt & { readonly controller: AbortController }>();
  readonly #pauses = new Map<string, { readonly failures: number; readonly until: EpochMs }>();

  constructor(ports: DeliveryPorts<Row>) {
    this.#ports = ports;
  }

  /** Begins the rows that are due. Returns in how many milliseconds the next one is; `null`: no row waits for its time. */
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

  /** When the alarm must come at the latest, in case this life ends before; `null`: nothing waits. */
  nextDue(waiting: readonly Delivery<Row>[]): EpochMs | null {
    const dues = heads(waiting).map((head) => this.#attempts.get(head.id)?.overAt ?? this.#dueAt(head));
    return dues.length > 0 ? Math.min(...dues) : null;
  }

  isUnderWay(id: string | number): boolean {
    return this.#attempts.has(id);
  }

  /** Withdraws the attempts of all other rows. */
  keepOnly(ids: ReadonlySet<string | number>): void {
    for (const [id, { controller }] of this.#attempts) if (!ids.has(id)) controller.abort();
  }

  /** Begins nothing for this receiver for a while, after an error that is not the receiver's. */
  pause(receiver: string): void {
    const failures = (this.#pauses.get(receiver)?.failures ?? 0) + 1;
    this.#pauses.set(receiver, { failures, until: this.#ports.now() + pauseAfter(failures, errorBackoff) });
  }

  /** A transaction has succeeded: every pause ends within a second. Not at once, since the error may be in our own code. */
  works(): void {
    const now = this.#ports.now();
    for (const [receiver, { until }] of this.#pauses) {
      if (until <= now) this.#pauses.delete(receiver);
      else this.#pauses.set(receiver, { failures: 0, until: Math.min(until, now + pauseAfter(1, errorBackoff)) });
    }
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

/** The first row of each lane. */
export function heads<Row>(waiting: readonly Delivery<Row>[]): readonly Delivery<Row>[] {
  const lanes = new Set<string>();
  return waiting.filter(({ lane }) => !lanes.has(lane) && lanes.add(lane));
}
