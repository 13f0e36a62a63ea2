import type { NumberPlan } from "../../simulators/bridge/machine.ts";
import type { Call } from "../../simulators/bridge/world.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { Bridges } from "./bridge.ts";

/** The people at the telephones of one meeting, those who dial in and those who are called. */
export class Phones {
  readonly left = new Set<string>();
  /** Those who use the keypad, and those whom the bridge's console has muted: WebEx asked for neither. */
  readonly #keypadUsers = new Set<string>();
  readonly #bridges: Bridges;
  readonly #draws: Draws;
  readonly #prefix: string;
  #count = 0;

  constructor(bridges: Bridges, draws: Draws, prefix: string) {
    this.#bridges = bridges;
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
    const { machine } = this.#bridges.of(key);
    const call = machine.dialIn(number, `${wrong}${key}#`);
    const found = machine.world.calls.get(call);
    // Some press the mute key as soon as they can.
    const inside = this.actsByItself(number) && this.#draws.chance(0.4) ? "*6" : "";
    if (found) machine.press(found, `${id}#${inside}`);
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
    const plan = { outcome, afterMs: this.#draws.between(100, 9_000) };
    for (const { machine } of this.#bridges.all) machine.numbers.set(number, plan);
    return { local: number.slice(4), number };
  }

  hangUp(call: Call): void {
    this.left.add(call.number);
    this.#bridges.with(call)?.machine.hangUp(call);
  }

  press(call: Call, keys: string): void {
    this.#keypadUsers.add(call.number);
    this.#bridges.with(call)?.machine.press(call, keys);
  }

  muteByConsole(call: Call): void {
    this.#keypadUsers.add(call.number);
    this.#bridges.with(call)?.muteByConsole(call);
  }

  talk(call: Call): void {
    this.#bridges.with(call)?.machine.talk(call, !call.talking);
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
