import type { NumberPlan } from "../../simulators/bridge/machine.ts";
import type { Call } from "../../simulators/bridge/world.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { Bridge } from "./bridge.ts";

/** The people at the telephones of one meeting, those who dial in and those who are called. */
export class Phones {
  readonly left = new Set<string>();
  readonly #keypadUsers = new Set<string>();
  readonly #bridge: Bridge;
  readonly #draws: Draws;
  readonly #prefix: string;
  #count = 0;

  constructor(bridge: Bridge, draws: Draws, prefix: string) {
    this.#bridge = bridge;
    this.#draws = draws;
    this.#prefix = prefix;
  }

  actsByItself(number: string): boolean {
    return this.#keypadUsers.has(number);
  }

  dialIn(key: ConfKey, anonymousId: string): void {
    const number = this.#newNumber();
    const attendee = this.#draws.weighted({ none: 5, some: 4, anonymous: 1 });
    const id = attendee === "none" ? "" : attendee === "some" ? `${this.#draws.between(100, 999)}` : anonymousId;
    const wrong = this.#draws.chance(0.05) ? "000#" : "";
    const call = this.#bridge.machine.dialIn(number, `${wrong}${key}#`);
    const found = this.#bridge.machine.world.calls.get(call);
    if (found) this.#bridge.machine.press(found, `${id}#`);
  }

  /** The number of a phone that will behave so when it is called. */
  called(): { readonly local: string; readonly number: string } {
    const number = this.#newNumber();
    const outcome = this.#draws.weighted<NumberPlan["outcome"]>({
      answer: 8,
      busy: 1,
      reject: 1,
      invalid: 0.5,
      "no-answer": 1,
    });
    this.#bridge.machine.numbers.set(number, { outcome, afterMs: this.#draws.between(100, 9_000) });
    return { local: number.slice(4), number };
  }

  hangUp(call: Call): void {
    this.left.add(call.number);
    this.#bridge.machine.hangUp(call);
  }

  press(call: Call, keys: string): void {
    this.#keypadUsers.add(call.number);
    this.#bridge.machine.press(call, keys);
  }

  talk(call: Call): void {
    this.#bridge.machine.talk(call, !call.talking);
  }

  /** Unlike any other number of the world. */
  #newNumber(): string {
    this.#count += 1;
    const keypad = this.#draws.chance(0.4);
    const number = `1408${this.#prefix}${String(this.#count).padStart(4, "0")}`;
    if (keypad) this.#keypadUsers.add(number);
    return number;
  }
}
