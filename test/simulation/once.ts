import type { ConfKey } from "../../src/foundation/ids.ts";
import { SILENCE_MS } from "../../src/link/relay.ts";
import type { Execution } from "./bridge.ts";
import type { Surroundings } from "./surroundings.ts";
import type { WhoActs } from "./who-acts.ts";

/** So long after an agent's last word reached the edge may the other one be in charge. */
const takeoverMs = SILENCE_MS + 5_000;

/** Judges the bridge's acts as they happen: each order acts once, and no order overtakes a later one. */
export class OncePerAct {
  readonly #around: Surroundings;
  /** Conference and order, the name of an order being its conference's own → when it was carried out first. */
  readonly #doneAt = new Map<string, number>();
  readonly #dialled = new Set<string>();
  /** Conference and call → the highest serial number of an order of the edge that was carried out for it. */
  readonly #serials = new Map<string, number>();

  /** Conference and call → when its caller pressed the key that muted or unmuted it last, if that was what did. */
  readonly #pressedAt = new Map<string, number>();
  readonly #whoActs: WhoActs;

  constructor(around: Surroundings, whoActs: WhoActs) {
    this.#around = around;
    this.#whoActs = whoActs;
  }

  check({ commandId, conference, command, done, at }: Execution): void {
    if (!done) return;
    const order = `${conference} ${commandId}`;
    const doneAt = this.#doneAt.get(order);
    if (doneAt !== undefined && !this.#wasUndone(conference, command, doneAt))
      this.#around.violated("an order acts once", `${commandId} ${JSON.stringify(command)}`);
    this.#doneAt.set(order, doneAt ?? at);
    if (command.type === "mute" || command.type === "unmute") {
      this.#pressedAt.set(
        `${conference} ${command.call}`,
        commandId.startsWith("keypad-") ? at : Number.POSITIVE_INFINITY,
      );
    }
    if (command.type === "dial") {
      const { local } = command.number;
      if (this.#dialled.has(local)) this.#around.violated("a number is dialled once", local);
      this.#dialled.add(local);
    }
    const serial = Number(/^(\d+)\./.exec(commandId)?.[1] ?? Number.NaN);
    if (Number.isNaN(serial) || !("call" in command)) return;
    const key = `${conference} ${command.call}`;
    const before = this.#serials.get(key) ?? 0;
    if (serial < before)
      this.#around.violated("no order overtakes a later one", `${commandId} ${JSON.stringify(command)}`);
    this.#serials.set(key, Math.max(serial, before));
  }

  /** A caller undid it before this agent was in charge: on the bridge there is no trace of either, and nobody can know. */
  #wasUndone(conference: ConfKey | null, command: Execution["command"], doneAt: number): boolean {
    if (command.type !== "mute" && command.type !== "unmute") return false;
    const { chosenAt } = this.#whoActs;
    const pressedAt = this.#pressedAt.get(`${conference} ${command.call}`) ?? Number.POSITIVE_INFINITY;
    return pressedAt < chosenAt && chosenAt - doneAt < takeoverMs;
  }
}
