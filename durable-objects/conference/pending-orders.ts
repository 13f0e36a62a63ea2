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

  /** The orders to tell now, in the order in which they were given; from now on they count as told. */
  due(orders: Orders, now: EpochMs): readonly Order[] {
    const due: Order[] = [];
    for (const { id, command } of orders.values()) {
      const toldAt = this.#toldAt.get(id);
      if (this.#taken.has(id) || (toldAt !== undefined && now < toldAt + repeatMs)) continue;
      this.#toldAt.set(id, now);
      due.push({ id, command });
    }
    return due;
  }

  /** When the next one is to be told; `null` when all are taken. */
  nextTelling(orders: Orders): EpochMs | null {
    let next: EpochMs | null = null;
    for (const id of orders.keys()) {
      if (this.#taken.has(id)) continue;
      const toldAt = this.#toldAt.get(id);
      const at = toldAt === undefined ? 0 : toldAt + repeatMs;
      if (next === null || at < next) next = at;
    }
    return next;
  }

  keepOnly(orders: Orders): void {
    for (const id of this.#toldAt.keys()) if (!orders.has(id)) this.#toldAt.delete(id);
    for (const id of this.#taken) if (!orders.has(id)) this.#taken.delete(id);
  }
}
