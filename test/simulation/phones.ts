import type { Machine, NumberPlan } from "../../simulators/bridge/machine.ts";
import type { Call } from "../../simulators/bridge/world.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import { type Bridges, dialIn } from "./bridge.ts";
import { attendeeBegin } from "./shown-judge.ts";

/** The people at the telephones of one meeting, those who dial in and those who are called. */
export class Phones {
  readonly left = new Set<string>();
  /** Those who use the keypad, and those whom the bridge's console has muted: WebEx asked for neither. */
  readonly #keypadUsers = new Set<string>();
  readonly #bridges: Bridges;
  readonly #draws: Draws;
  readonly #prefix: string;
  readonly #timers: Timers;
  /** The keys of all meetings, whether they run or not. */
  readonly #keys: () => readonly ConfKey[];
  #count = 0;

  constructor(
    bridges: Bridges,
    draws: Draws,
    { prefix, timers, keys }: { readonly prefix: string; readonly timers: Timers; keys(): readonly ConfKey[] },
  ) {
    this.#bridges = bridges;
    this.#draws = draws;
    this.#prefix = prefix;
    this.#timers = timers;
    this.#keys = keys;
  }

  actsByItself(number: string): boolean {
    return this.#keypadUsers.has(number);
  }

  /** `code`: what some key in place of the key. */
  dialIn(key: ConfKey, anonymousId: string, code: string | null): void {
    const number = this.#newNumber();
    const attendee = this.#draws.weighted({ none: 5, some: 4, anonymous: 1 });
    const id =
      attendee === "none" ? "" : attendee === "some" ? `${attendeeBegin}${this.#draws.between(100, 999)}` : anonymousId;
    const wrong = this.#draws.chance(0.05) ? "000#" : "";
    const { machine } = this.#bridges.of(key);
    // Some press the mute key as soon as they can.
    const inside = this.actsByItself(number) && this.#draws.chance(0.4) ? "*6" : "";
    const unknown = this.#keys().filter((each) => !machine.world.conferences.has(each));
    const early = this.#draws.chance(0.3) ? this.#draws.pick(unknown) : undefined;
    const keyed = code ?? key;
    // Some enter no # after the attendee ID, some the merge code.
    const merge = id !== "" && this.#count % 4 === 0 ? "*1" : "";
    const attendeeKeys = id === "" && this.#count % 2 === 0 ? "" : `${merge}${id}#${inside}`;
    const call = machine.world.calls.get(machine.dialIn(number, "", dialIn));
    if (!call) return;
    machine.press(call, `${wrong}${early ?? keyed}#`);
    if (early) this.#answer(machine, call, { conference: `${keyed}#`, attendee: attendeeKeys || "#" });
    else machine.press(call, attendeeKeys);
  }

  /** Who has keyed a key too early thinks, and keys what it was asked for last; then again, as long as it is asked. */
  #answer(machine: Machine, call: Call, by: { readonly conference: string; readonly attendee: string }): void {
    const heard = call.heard.length;
    this.#timers.after(this.#draws.between(1_000, 25_000), () => {
      if (call.stage !== "prompted") return;
      if (call.heard.length > heard)
        machine.press(call, call.heard.at(-1) === "attendee-id" ? by.attendee : by.conference);
      this.#answer(machine, call, by);
    });
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
