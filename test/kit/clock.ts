import type { Timers } from "../../src/foundation/time/timers.ts";

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

/**
 * Runs all promises that can go on, as the event loop does between two events. Node's own function for it: a turn of the
 * real event loop for each simulated event would cost more than most events.
 */
const drain = (process as unknown as { _tickCallback(): void })._tickCallback;

/** Many times those of a world of some meetings that goes well. */
const eventsOfWorld = 400_000;

/** Thrown by a world that goes round in circles. */
export class Endless extends Error {}

/** Virtual time in milliseconds: events run in their order, and nothing waits. */
export class Clock implements Timers {
  now: number;
  events = 0;
  #order = 0;
  readonly #heap: Entry[] = [];
  /** Events of this very time, in order: they come behind those of the heap that are due now. */
  readonly #atOnce: Entry[] = [];
  readonly #mostEvents: number;

  constructor(begins = 0, mostEvents = eventsOfWorld) {
    this.now = begins;
    this.#mostEvents = mostEvents;
  }

  after(ms: number, run: () => void): () => void {
    const entry: Entry = { at: this.now + Math.max(0, ms), order: this.#order++, run };
    if (ms > 0) this.#push(entry);
    else this.#atOnce.push(entry);
    return () => {
      entry.run = null;
    };
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** For a world of promises. Must not be called from a promise's reaction: promises would not go on. */
  runUntil(end: number): void {
    drain();
    while (this.#runNext(end)) drain();
    this.now = end;
  }

  /** The same for a test that awaits: a turn of the real event loop for each event. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await turn();
    for (let run = this.#next(end); run; run = this.#next(end)) {
      run();
      await turn();
    }
    this.now = end;
  }

  /** The same for code that runs without promises, or a test that waits for them by itself. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (let run = this.#next(end); run; run = this.#next(end)) run();
    this.now = end;
  }

  /** How long until each event, the soonest first. */
  due(): number[] {
    const waiting = [...this.#heap, ...this.#atOnce].filter(({ run }) => run !== null);
    return waiting.map(({ at }) => at - this.now).sort((one, other) => one - other);
  }

  #runNext(end: number): boolean {
    const run = this.#next(end);
    if (!run) return false;
    this.events += 1;
    if (this.events > this.#mostEvents) throw new Endless(`${this.#mostEvents} events, and no end`);
    run();
    return true;
  }

  #next(end: number): (() => void) | null {
    for (;;) {
      const first = this.#heap[0];
      let next: Entry | undefined;
      if (first && first.at <= this.now) next = this.#pop();
      else if (this.#atOnce.length > 0) next = this.#atOnce.shift();
      else if (first && first.at <= end) next = this.#pop();
      if (!next) return null;
      this.now = next.at;
      if (next.run) return next.run;
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Entry;
      if (isBefore(parent, entry)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      const right = down + 1;
      if (right < heap.length && isBefore(heap[right] as Entry, heap[down] as Entry)) down = right;
      const child = heap[down] as Entry;
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

/** By then every promise that can go on has gone on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
