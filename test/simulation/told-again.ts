import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { Edge } from "./edge.ts";
import type { Surroundings } from "./surroundings.ts";

const checkEveryMs = 10_000;
/** An order that an agent has taken is told again after ten seconds: the agent that took it may be gone. */
const takenWithinMs = 25_000;
/** One that nobody takes is told less and less often. */
const untakenWithinMs = 90_000;

/** Judges that no order is left to an agent that has gone: a later order, or a restart, would only happen to bring it up again. */
export class ToldAgain {
  readonly #around: Surroundings;
  readonly #toldAt = new Map<string, number>();
  /** Command → the life of its conference in which it was acknowledged: the next life knows nothing of that. */
  readonly #ackedIn = new Map<string, number>();
  readonly #confKeys = new Set<ConfKey>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  told(confKey: ConfKey, ids: readonly CommandId[]): void {
    this.#confKeys.add(confKey);
    for (const id of ids) this.#toldAt.set(`${confKey} ${id}`, this.#around.clock.now);
  }

  acked(confKey: ConfKey, ids: readonly CommandId[], life: number): void {
    for (const id of ids) this.#ackedIn.set(`${confKey} ${id}`, life);
  }

  watch(edge: Edge): void {
    const { clock } = this.#around;
    clock.after(checkEveryMs, () => {
      this.#check(edge);
      this.watch(edge);
    });
  }

  #check({ conferences }: Edge): void {
    const { clock, violated } = this.#around;
    for (const confKey of this.#confKeys) {
      const conference = conferences.get(confKey);
      if (!conference) continue;
      const { disk, life } = conference;
      for (const { key } of disk.exec("SELECT key FROM entry WHERE key BETWEEN 'command/' AND 'command0'")) {
        const order = `${confKey} ${String(key).slice("command/".length)}`;
        const toldAt = this.#toldAt.get(order);
        const withinMs = this.#ackedIn.get(order) === life ? takenWithinMs : untakenWithinMs;
        if (toldAt === undefined || clock.now - toldAt <= withinMs) continue;
        violated("an order that is pending is told again", `${order}: not for ${clock.now - toldAt} ms`);
        this.#toldAt.set(order, clock.now);
      }
    }
  }
}
