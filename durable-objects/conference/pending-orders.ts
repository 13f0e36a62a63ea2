import type { Order } from "../../src/bridge/orders.ts";
import type { PendingOrder } from "../../src/conference/state.ts";
import type { CommandId, EpochMs } from "../../src/foundation/ids.ts";

type Orders = ReadonlyMap<CommandId, PendingOrder>;

/** Pause before an order that the agent has not taken is told again. */
const repeatMs = 1000;

/** Which orders were told when. Only in memory: after a restart they are told once more, which is harmless. */
export class PendingOrders {
  readonly #toldAt = new Map<CommandId, EpochMs>();
  readonly #taken = new Set<CommandId>();

  taken(ids: readonly CommandId[]): void {
    for (const id of ids) this.#taken.add(id);
  }

  /**
   * The orders to tell now, in the order in which they were given; from now on they count as told. If there is any, all
   * that are not taken go with it: what was told earlier may have got lost, and nothing may overtake it.
   */
  due(orders: Orders, now: EpochMs): readonly Order[] {
    const open = [...orders.values()].filter(({ id }) => !this.#taken.has(id));
    if (!open.some(({ id }) => now >= this.#tellAt(id))) return [];
    for (const { id } of open) this.#toldAt.set(id, now);
    return open.map(({ id, command }) => ({ id, command }));
  }

  /** When the next one is to be told; `null` when all are taken. */
  nextTelling(orders: Orders): EpochMs | null {
    let next: EpochMs | null = null;
    for (const id of orders.keys()) {
      if (this.#taken.has(id)) continue;
      const at = this.#tellAt(id);
      if (next === null || at < next) next = at;
    }
    return next;
  }

  keepOnly(orders: Orders): void {
    for (const id of this.#toldAt.keys()) if (!orders.has(id)) this.#toldAt.delete(id);
    for (const id of this.#taken) if (!orders.has(id)) this.#taken.delete(id);
  }

  #tellAt(id: CommandId): EpochMs {
    const toldAt = this.#toldAt.get(id);
    return toldAt === undefined ? 0 : toldAt + repeatMs;
  }
}
