import type { Timers } from "./timers.ts";

/** So many go on at once; the others wait, in the order in which they came. */
export class Turns {
  readonly #timers: Timers;
  readonly #most: () => number;
  #waiting: (() => void)[] = [];
  #underWay = 0;

  /** `most` may change; it counts when a turn is asked for or ends. */
  constructor(timers: Timers, most: () => number) {
    this.#timers = timers;
    this.#most = most;
  }

  /** Waits for a turn, which `end` must end; `false` when none came in time. */
  async begin(withinMs: number): Promise<boolean> {
    if (withinMs <= 0) return false;
    if (this.#waiting.length === 0 && this.#underWay < this.#most()) {
      this.#underWay += 1;
      return true;
    }
    return new Promise((resolve) => {
      const cancel = this.#timers.after(withinMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== go);
        resolve(false);
      });
      const go = () => {
        cancel();
        resolve(true);
      };
      this.#waiting.push(go);
    });
  }

  end(): void {
    this.#underWay -= 1;
    while (this.#underWay < this.#most()) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#underWay += 1;
      next();
    }
  }
}
