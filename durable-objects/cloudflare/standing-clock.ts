import type { EpochMs } from "../../src/foundation/ids.ts";

/** For how long a clock may stand still. With a relay's life, which needs few timers, agents lose their links. */
export const standsAtMostMs = { relay: 10_000, others: 250 };
/** A clock that may stand for longer and has just moved is not checked: a check costs a statement of SQL. */
const believedMs = 1_000;

/** Thrown before anything of a call was done. */
const text = "nothing was done: the clock of this life stands still, since the machine's was set back";

/** Whether a call failed so that the next life of its object is to be asked. */
export function isOfStandingClock(error: unknown): boolean {
  return error instanceof Error && error.message.includes(text);
}

/**
 * The clock of one life of an object. workerd lets that never go back: when the machine's clock was set back, it stands still until the machine's has
 * caught up, and with it all timers. Only a new life has the right time.
 */
export class StandingClock {
  readonly #machine: () => EpochMs;
  readonly #harmlessMs: number;
  #askedAt: EpochMs = 0;

  /** `machine`: the machine's clock, in whatever life. `harmlessMs`: a life that stands still for less goes on. */
  constructor(machine: () => EpochMs, harmlessMs: number) {
    this.#machine = machine;
    this.#harmlessMs = harmlessMs;
  }

  get standsStill(): boolean {
    const now = Date.now();
    const passedMs = now - this.#askedAt;
    this.#askedAt = now;
    if (this.#harmlessMs > believedMs && passedMs > 0 && passedMs <= believedMs) return false;
    return now - this.#machine() > this.#harmlessMs;
  }

  /** Throws what `isOfStandingClock` knows. */
  requireGoing(): void {
    if (this.standsStill) throw new Error(text);
  }
}

/** An object as others call it. `beginAnew` ends its life, if its clock stands still. */
export type Stub = Readonly<Record<string, (...asked: readonly unknown[]) => Promise<unknown>>>;

/** Asks the next life where this one's clock stands still, and nothing was done. `stubOf`: one whose object has ended once stays broken. */
export function askedAgain(stubOf: () => Stub): Stub {
  const stub = stubOf();
  return new Proxy(stub, {
    get: (_, method: string) => {
      const call = stub[method];
      if (typeof call !== "function") return call;
      return async (...asked: readonly unknown[]) => {
        try {
          return await Reflect.apply(call, stub, asked);
        } catch (error) {
          if (!isOfStandingClock(error)) throw error;
        }
        await stub.beginAnew?.().catch(() => {});
        try {
          return await stubOf()[method]?.(...asked);
        } catch (error) {
          // Whoever called the caller must not ask that again, which may have done something.
          throw isOfStandingClock(error) ? new Error("the machine's clock was set back again") : error;
        }
      };
    },
  });
}
