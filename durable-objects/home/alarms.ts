import type { EpochMs } from "../../src/foundation/ids.ts";
import type { HomeClock } from "./home-clock.ts";

/** The machine may sleep, or its clock be set, while a timer runs. */
const lookEveryMs = 60_000;

/** Wakes each of many things when its time has come, by one timer. */
export class Alarms<Key> {
  readonly #clock: HomeClock;
  readonly #fired: (key: Key) => void;
  readonly #due = new Map<Key, EpochMs>();
  #earliest = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(clock: HomeClock, fired: (key: Key) => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  set(key: Key, at: EpochMs | null): void {
    if (at === null) return void this.#due.delete(key); // The timer finds nothing, and is set anew.
    this.#due.set(key, at);
    if (at < this.#earliest) this.#arm(at);
  }

  clear(): void {
    this.#cancel();
    this.#due.clear();
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
    const due = [...this.#due].filter(([, at]) => at <= now).sort(([, one], [, other]) => one - other);
    for (const [key] of due) this.#due.delete(key);
    this.#earliest = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const at of this.#due.values()) next = Math.min(next, at);
    if (next < Number.POSITIVE_INFINITY) this.#arm(next);
    for (const [key] of due) this.#fired(key);
  }
}
