import TinyQueue from "tinyqueue";
import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";

interface AlarmClock extends Timers {
  now(): EpochMs;
}

/** The machine may sleep, or its clock be set, while a timer runs. */
const lookEveryMs = 60_000;
/** So many entries of the queue may be of no alarm any more, and as many as there are alarms. */
const mostStale = 100;

interface Due<Key> {
  readonly key: Key;
  readonly at: EpochMs;
  /** Of two at one time, the one that was set first rings first. */
  readonly order: number;
}

/** Wakes each of many things when its time has come, by one timer. */
export class Alarms<Key> {
  readonly #clock: AlarmClock;
  readonly #fired: (key: Key) => void;
  readonly #due = new Map<Key, Due<Key>>();
  /** A heap, in which the next one is found as fast among many. Also what was set anew or taken back. */
  #queue = queueOf<Key>([]);
  #order = 0;
  #earliest = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(clock: AlarmClock, fired: (key: Key) => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  set(key: Key, at: EpochMs | null): void {
    if (at === null) return void this.#due.delete(key); // The timer finds nothing, and is set anew.
    this.#order += 1;
    const due = { key, at, order: this.#order };
    this.#due.set(key, due);
    this.#queue.push(due);
    if (this.#queue.length > 2 * this.#due.size + mostStale) this.#queue = queueOf([...this.#due.values()]);
    if (at < this.#earliest) this.#arm(at);
  }

  clear(): void {
    this.#cancel();
    this.#due.clear();
    this.#queue = queueOf([]);
    this.#earliest = Number.POSITIVE_INFINITY;
  }

  #arm(at: EpochMs): void {
    this.#cancel();
    this.#earliest = at;
    const inMs = Math.max(0, Math.min(at - this.#clock.now(), lookEveryMs));
    this.#cancel = this.#clock.after(inMs, () => this.#look());
  }

  #look(): void {
    const now = this.#clock.now();
    if (now < this.#earliest) return this.#arm(this.#earliest);
    const fired: Key[] = [];
    let next = this.#next();
    for (; next && next.at <= now; next = this.#next()) {
      this.#queue.pop();
      this.#due.delete(next.key);
      fired.push(next.key);
    }
    this.#earliest = Number.POSITIVE_INFINITY;
    if (next) this.#arm(next.at);
    for (const key of fired) this.#fired(key);
  }

  /** The earliest one; what is of no alarm any more goes before it. */
  #next(): Due<Key> | undefined {
    for (let first = this.#queue.peek(); first; first = this.#queue.peek()) {
      if (this.#due.get(first.key) === first) return first;
      this.#queue.pop();
    }
    return undefined;
  }
}

function queueOf<Key>(dues: Due<Key>[]): TinyQueue<Due<Key>> {
  return new TinyQueue(dues, (one, other) => one.at - other.at || one.order - other.order);
}
