import type { Order } from "../../src/bridge/orders.ts";
import type { PendingOrder } from "../../src/conference/state.ts";
import type { CommandId, EpochMs } from "../../src/foundation/ids.ts";

type Orders = ReadonlyMap<CommandId, PendingOrder>;

/** Pause before an order that the agent has not taken is told again. */
const repeatMs = 1000;
/** Before one that it has taken is: another agent may be in charge by now, and knows nothing of it. */
const repeatTakenMs = 10_000;

/** Which orders were told when. Only in memory: after a restart they are told once more, which is harmless. */
export class PendingOrders {
  readonly #toldAt = new Map<CommandId, EpochMs>();
  readonly #taken = new Set<CommandId>();
  /** Those that were never told, so that nobody can have carried them out. */
  readonly #fresh = new Set<CommandId>();

  given(orders: readonly Order[]): void {
    for (const { id } of orders) this.#fresh.add(id);
  }

  taken(ids: readonly CommandId[]): void {
    for (const id of ids) this.#taken.add(id);
  }

  /**
   * The orders to tell now, in the order in which they were given; from now on they count as told. If there is any, all
   * go with it, also those that were taken: by whom is not known, and nothing may overtake them.
   */
  due(orders: Orders, now: EpochMs): readonly Order[] {
    const next = this.nextTelling(orders);
    if (next === null || now < next) return [];
    return [...orders.values()].map(({ id, command, answerBy }) => {
      this.#toldAt.set(id, now);
      const again = !this.#fresh.delete(id);
      return {
        id,
        command,
        ...(again && { again }),
        ...(answerBy !== null && { withinMs: Math.max(0, answerBy - now) }),
      };
    });
  }

  /** When the next one is to be told; `null` when there is none. */
  nextTelling(orders: Orders): EpochMs | null {
    let next: EpochMs | null = null;
    for (const id of orders.keys()) {
      const at = this.#tellAt(id);
      if (next === null || at < next) next = at;
    }
    return next;
  }

  keepOnly(orders: Orders): void {
    for (const id of this.#toldAt.keys()) if (!orders.has(id)) this.#toldAt.delete(id);
    for (const id of this.#taken) if (!orders.has(id)) this.#taken.delete(id);
    for (const id of this.#fresh) if (!orders.has(id)) this.#fresh.delete(id);
  }

  #tellAt(id: CommandId): EpochMs {
    const toldAt = this.#toldAt.get(id);
    return toldAt === undefined ? 0 : toldAt + (this.#taken.has(id) ? repeatTakenMs : repeatMs);
  }
}
