import type { CommandId, ConfKey, EpochMs } from "../src/foundation/ids.ts";
import type { AgentToEdge } from "../src/link/messages.ts";

/** An order whose result is out by then needs no receipt; the edge repeats an order after a second. */
const RECEIPT_AFTER_MS = 300;

/** Which orders the edge must still be told to have arrived. A result tells it too. */
export class Receipts {
  readonly #open = new Map<ConfKey, Map<CommandId, EpochMs>>();
  readonly #urgent = new Map<ConfKey, CommandId[]>();

  /** `fresh`: each of them came for the first time. Others, and those of a busy conference, are not left open. */
  commands(conference: ConfKey, ids: readonly CommandId[], fresh: boolean, now: EpochMs): void {
    const open = this.#open.get(conference) ?? new Map<CommandId, EpochMs>();
    const lone = fresh && open.size === 0 && ids.length === 1;
    for (const id of ids) open.set(id, now);
    if (lone) {
      this.#open.set(conference, open);
      return;
    }
    this.#urgent.set(conference, [...(this.#urgent.get(conference) ?? []), ...open.keys()]);
    this.#open.delete(conference);
  }

  result(conference: ConfKey, id: CommandId): void {
    const open = this.#open.get(conference);
    if (open?.delete(id) && open.size === 0) this.#open.delete(conference);
  }

  /** With `tick`, also for the orders that have waited for their result too long. */
  due(now: EpochMs, tick: boolean): AgentToEdge[] {
    if (tick) {
      for (const [conference, open] of this.#open) {
        const ids = [...open].flatMap(([id, since]) => (now - since < RECEIPT_AFTER_MS ? [] : [id]));
        for (const id of ids) this.result(conference, id);
        if (ids.length > 0) this.#urgent.set(conference, [...(this.#urgent.get(conference) ?? []), ...ids]);
      }
    }
    const messages = Array.from(
      this.#urgent,
      ([conference, ids]) => ({ type: "commands-ack", conference, ids }) as const,
    );
    this.#urgent.clear();
    return messages;
  }
}
