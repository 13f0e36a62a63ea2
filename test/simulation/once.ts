import type { Act } from "./bridge.ts";
import type { Surroundings } from "./surroundings.ts";

/** Judges the bridge's acts as they happen: each order acts once, and no order overtakes a later one. */
export class OncePerAct {
  readonly #around: Surroundings;
  /** Conference and order: the name of an order is its conference's own. */
  readonly #done = new Set<string>();
  readonly #dialled = new Set<string>();
  /** Conference and call → the highest serial number of an order of the edge that was carried out for it. */
  readonly #serials = new Map<string, number>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  check({ commandId, conference, act, done }: Act): void {
    if (!done) return;
    const order = `${conference} ${commandId}`;
    if (this.#done.has(order)) this.#around.violated("an order acts once", `${commandId} ${JSON.stringify(act)}`);
    this.#done.add(order);
    if (act.type === "dial") {
      const { local } = act.number;
      if (this.#dialled.has(local)) this.#around.violated("a number is dialled once", local);
      this.#dialled.add(local);
    }
    const serial = Number(/^(\d+)\./.exec(commandId)?.[1] ?? Number.NaN);
    if (Number.isNaN(serial) || !("call" in act)) return;
    const key = `${conference} ${act.call}`;
    const before = this.#serials.get(key) ?? 0;
    if (serial < before) this.#around.violated("no order overtakes a later one", `${commandId} ${JSON.stringify(act)}`);
    this.#serials.set(key, Math.max(serial, before));
  }
}
