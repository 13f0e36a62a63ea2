import type { Timers } from "../../../../src/foundation/time/timers.ts";
import { type AriAnswer, AriFailure } from "../ari.ts";

/** A channel that was just made, or answered, is not ready at once. */
const TRIES = 100;
const TRY_EVERY_MS = 20;

/** Waiting, as long as one link lasts: what still waits at its end fails with `AriFailure`. */
export class Pauses {
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(ms, () => {
        this.#waiting.delete(giveUp);
        resolve();
      });
      const giveUp = () => {
        cancel();
        reject(new AriFailure("the link is over"));
      };
      this.#waiting.add(giveUp);
    });
  }

  /** Asks again while that is too early, for 2 s at most; the last answer. */
  async untilReady(
    ask: () => Promise<AriAnswer>,
    isTooEarly: (answer: AriAnswer) => boolean = ({ status }) => status === 409,
  ): Promise<AriAnswer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await ask();
      if (!isTooEarly(answer) || tries >= TRIES) return answer;
      await this.pass(TRY_EVERY_MS);
    }
  }

  /** The link is over. */
  stop(): void {
    for (const giveUp of this.#waiting) giveUp();
    this.#waiting.clear();
  }
}
