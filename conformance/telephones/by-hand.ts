import { NotTestable } from "../player/outcome.ts";
import type { Ability, CallId, Outcome, Telephones } from "./telephones.ts";

/** Asks the person at the screen; the line that was typed. */
export type Ask = (question: string) => Promise<string>;

const outcomes: Readonly<Record<Outcome, string>> = {
  answer: "pick up when it rings",
  busy: "make it busy",
  reject: "reject the call",
  invalid: "let it be a number that nobody has",
  "no-answer": "let it ring",
};

/** Telephones of a person who follows instructions on the screen. */
export class TelephonesByHand implements Telephones {
  readonly settleMs = 0;
  readonly #ask: Ask;
  readonly #numbers: readonly string[];
  #nextCaller = 0;
  /** Which telephone of the person stands for a number that WebEx calls. */
  readonly #rings = new Map<string, boolean>();

  /** `numbers`: those that the bridge can call out to, if any. */
  constructor(ask: Ask, numbers: readonly string[] = []) {
    this.#ask = ask;
    this.#numbers = numbers;
  }

  cannot(ability: Ability): string | null {
    if (ability === "many calls at once") return "51 telephones are too many for one person";
    if (ability === "slow down or refuse the bridge's work") return "a person cannot make the bridge slow";
    const callsOut =
      ability === "answer calls" || ability === "refuse calls" || ability === "tell the dialled extension";
    return callsOut && this.#numbers.length === 0 ? "no number to call out to: give --callee COUNTRY-AREA-LOCAL" : null;
  }

  async dialIn(_from: string, keys: string): Promise<CallId> {
    const caller = `caller ${String.fromCharCode(65 + (this.#nextCaller++ % 26))}`;
    const [key = "", attendee = ""] = keys.split("#");
    const then = attendee === "" ? "key only # for the attendee ID" : `key ${attendee}# as attendee ID`;
    await this.#tell(`As ${caller}: dial in, key the conference key ${key}#, then ${then}.`);
    return caller;
  }

  async press(call: CallId, keys: string): Promise<void> {
    await this.#tell(`As ${call}: key ${keys}`);
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    await this.#tell(`As ${call}: ${talking ? "talk, and go on talking" : "be silent"}.`);
  }

  async hangUp(call: CallId): Promise<void> {
    await this.#tell(`As ${call}: hang up, if the call is up.`);
  }

  async number(digits: string, outcome: Outcome, afterMs: number): Promise<void> {
    this.#rings.delete(digits);
    const wait = afterMs >= 1000 ? `, not before ${afterMs / 1000} s have passed` : "";
    await this.#tell(`Telephone ${digits} will be called: ${outcomes[outcome]}${wait}.`);
  }

  async called(digits: string): Promise<CallId | null> {
    const known = this.#rings.get(digits);
    if (known !== undefined) return known ? `telephone ${digits}` : null;
    const rings = await this.#yes(`Did telephone ${digits} ring?`);
    this.#rings.set(digits, rings);
    return rings ? `telephone ${digits}` : null;
  }

  isUp(call: CallId): Promise<boolean> {
    return this.#yes(`Is the call of ${call} still up?`);
  }

  hears(listener: CallId, talker: CallId): Promise<boolean> {
    return this.#yes(`Talk as ${talker}: does ${listener} hear it?`);
  }

  hadTone(call: CallId): Promise<boolean> {
    return this.#yes(`Was a tone heard when ${call} entered?`);
  }

  extensionOf(call: CallId): Promise<string> {
    return this.#ask(`Which digits did ${call} hear after the answer? (only the digits)`);
  }

  async lock(confKey: string, locked: boolean): Promise<void> {
    await this.#tell(`As host: ${locked ? "lock" : "unlock"} conference ${confKey} by telephone.`);
  }

  async end(confKey: string): Promise<void> {
    await this.#tell(`As host: end conference ${confKey} by telephone.`);
  }

  async faults(): Promise<void> {}

  async stop(): Promise<void> {}

  async #tell(instruction: string): Promise<void> {
    const said = await this.#ask(`${instruction} Then press Enter (s: cannot be done).`);
    if (said.trim() === "s") throw new NotTestable(`the person at the telephone could not: ${instruction}`);
  }

  async #yes(question: string): Promise<boolean> {
    for (;;) {
      const said = (await this.#ask(`${question} (y, n, or s: cannot be said)`)).trim().toLowerCase();
      if (said === "y" || said === "n") return said === "y";
      if (said === "s") throw new NotTestable(`the person at the telephone could not say: ${question}`);
    }
  }
}
