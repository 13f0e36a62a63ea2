import { NotTestable } from "../player/outcome.ts";
import type { Ability, CallId, Heard, HostAct, Outcome, PhoneNumber, Telephones } from "./telephones.ts";

/** Asks the tester at the screen. Returns the typed line. */
export type Ask = (question: string) => Promise<string>;

const toDo: Readonly<Record<Exclude<Outcome, "invalid">, (number: string) => string>> = {
  answer: (number) => `Press Enter. Then telephone ${number} rings. Pick up.`,
  busy: (number) => `Make telephone ${number} busy, then press Enter. Then it is called.`,
  reject: (number) => `Press Enter. Then telephone ${number} rings. Reject the call.`,
  "no-answer": (number) => `Press Enter. Then telephone ${number} rings. Let it ring.`,
};

/** Telephones of a tester who follows instructions on the screen. */
export class TelephonesByHand implements Telephones {
  readonly isPerson = true;
  readonly settleMs = 0;
  readonly #ask: Ask;
  readonly #numbers: readonly PhoneNumber[];
  readonly #patienceMs: number;
  #nextCaller = 0;
  #nextNumber = 0;
  /** Telephones that have rung since the last call-out to them. */
  readonly #rung = new Set<CallId>();
  /** Callers and telephones known to be in no call. */
  readonly #gone = new Set<CallId>();

  /** `numbers`: the tester's telephones, each COUNTRY-AREA-LOCAL. */
  constructor(ask: Ask, numbers: readonly string[], patienceMs: number) {
    this.#ask = ask;
    this.#numbers = numbers.map(phoneNumberOf);
    this.#patienceMs = patienceMs;
  }

  cannot(ability: Ability): string | null {
    if (ability === "make many calls at once") return "61 telephones are too many for one tester";
    if (ability === "slow down the bridge") return "a tester cannot slow down the bridge";
    const isCalled = ability === "be called" && this.#numbers.length === 0;
    return isCalled ? "no number to call out to: give --callee COUNTRY-AREA-LOCAL" : null;
  }

  async dialIn(_from: string, keys: string): Promise<CallId> {
    const caller = `caller ${String.fromCharCode(65 + (this.#nextCaller++ % 26))}`;
    this.#gone.delete(caller);
    const parts = keys.match(/[^#]*#|[^#]+$/g) ?? [];
    await this.#tell(`As ${caller}: dial in, and enter ${parts.join(" then ")} when asked.`);
    return caller;
  }

  async press(call: CallId, keys: string): Promise<void> {
    await this.#tell(`As ${call}: enter ${keys}.`);
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    await this.#tell(`As ${call}: ${talking ? "talk, and keep talking" : "be silent"}.`);
  }

  async hangUp(call: CallId): Promise<void> {
    if (this.#gone.has(call)) return;
    await this.#tell(`As ${call}: hang up, if the call is up.`);
    this.#gone.add(call);
  }

  async pickUp(call: CallId): Promise<void> {
    await this.#tell(`Pick up ${call}.`);
  }

  async number(outcome: Outcome, afterMs: number): Promise<PhoneNumber> {
    if (outcome === "invalid") return this.#numberOfNobody();
    const number = this.#numbers[this.#nextNumber++ % this.#numbers.length];
    if (!number) throw new NotTestable("there is no telephone to call");
    this.#rung.delete(idOf(number));
    this.#gone.delete(idOf(number));
    const wait = afterMs >= 1000 ? ` Wait ${afterMs / 1000} s first.` : "";
    await this.#do(`${toDo[outcome](number.join("-"))}${wait}`);
    return number;
  }

  /** Asks once if the telephone rang, because a tester stops watching it. */
  async called(number: PhoneNumber): Promise<CallId | null> {
    const call = idOf(number);
    if (this.#rung.has(call)) {
      return (await this.#yes(`Does ${call} still ring, or is its call up?`)) ? call : null;
    }
    if (!(await this.#yes(`Did ${call} ring? Wait ${this.#patienceMs / 1000} s before you answer n.`))) return null;
    this.#rung.add(call);
    return call;
  }

  calledAgain(_number: PhoneNumber, call: CallId): Promise<boolean> {
    return this.#yes(`Did ${call} ring again?`);
  }

  async isUp(call: CallId): Promise<boolean> {
    const isUp = await this.#yes(`Wait a few seconds. Is the call of ${call} still up?`);
    if (!isUp) this.#gone.add(call);
    return isUp;
  }

  async hears(listener: CallId, talker: CallId): Promise<Heard> {
    const question = `Talk as ${talker}: does ${listener} hear it?`;
    const answers = { y: "heard", n: "silent", o: "over" } as const;
    return this.#answer(`${question} (y, n, o: one of the calls is over, or s: unknown)`, question, answers);
  }

  hadTone(call: CallId): Promise<boolean> {
    return this.#yes(`Was a tone heard when ${call} entered?`);
  }

  async hostEnters(confKey: string, act: HostAct): Promise<void> {
    await this.#tell(`As host: ${act} conference ${confKey} by telephone.`);
  }

  async delayBridge(): Promise<void> {}

  /** Asks for an unassigned number, because a made-up one may belong to somebody. */
  async #numberOfNobody(): Promise<PhoneNumber> {
    const question = "Type an unassigned number to call, as COUNTRY-AREA-LOCAL (s: you know none).";
    for (;;) {
      const said = (await this.#ask(question)).trim();
      if (/^\d{1,4}-\d*-\d+$/.test(said)) return phoneNumberOf(said);
      if (said === "s") throw new NotTestable("the tester knew no unassigned number");
    }
  }

  #tell(instruction: string): Promise<void> {
    return this.#do(`${instruction} Then press Enter`);
  }

  async #do(instruction: string): Promise<void> {
    const said = await this.#ask(`${instruction} (s: not possible).`);
    if (said.trim() === "s") throw new NotTestable(`the tester could not do this: ${instruction}`);
  }

  #yes(question: string): Promise<boolean> {
    return this.#answer(`${question} (y, n, or s: unknown)`, question, { y: true, n: false });
  }

  async #answer<Answer>(text: string, question: string, answers: Readonly<Record<string, Answer>>): Promise<Answer> {
    for (;;) {
      const said = (await this.#ask(text)).trim().toLowerCase();
      if (said === "s") throw new NotTestable(`the tester could not answer: ${question}`);
      const answer = Object.hasOwn(answers, said) ? answers[said] : undefined;
      if (answer !== undefined) return answer;
    }
  }
}

function idOf(number: PhoneNumber): CallId {
  return `telephone ${number.join("-")}`;
}

function phoneNumberOf(text: string): PhoneNumber {
  const [country = "", area = "", local = ""] = text.split("-");
  return [country, area, local];
}
