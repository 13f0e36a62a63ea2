import type { Ability, CallId, Outcome, Telephones } from "../telephones/telephones.ts";
import { NotTestable } from "./outcome.ts";
import type { Stage } from "./stage.ts";

/** Between two looks for what is to come. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;

/** The people of a clause at their telephones; what they do stands in its trace. */
export class People {
  readonly #stage: Stage;
  readonly #telephones: Telephones;
  readonly #calls: CallId[] = [];

  constructor(stage: Stage, telephones: Telephones) {
    this.#stage = stage;
    this.#telephones = telephones;
  }

  /** Ends the clause as not testable where the telephones cannot. */
  need(...abilities: readonly Ability[]): void {
    for (const ability of abilities) {
      const why = this.#telephones.cannot(ability);
      if (why !== null) throw new NotTestable(why);
    }
  }

  async dialIn(confKey: string, attendeeId = ""): Promise<CallId> {
    const from = `1408555${String(this.#stage.numbers.next() % 10_000).padStart(4, "0")}`;
    const keys = `${confKey}#${attendeeId}#`;
    this.#stage.telephone(`${from} dials in and keys ${keys}`);
    const call = await this.#telephones.dialIn(from, keys);
    this.#stage.dials.push({ at: this.#stage.ports.now(), confKey, attendeeId });
    this.#calls.push(call);
    return call;
  }

  async press(call: CallId, keys: string): Promise<void> {
    this.#stage.dialled(call, `keys ${keys}`);
    await this.#telephones.press(call, keys);
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    this.#stage.dialled(call, talking ? "talks" : "is silent");
    await this.#telephones.talk(call, talking);
  }

  async hangUp(call: CallId): Promise<void> {
    this.#stage.dialled(call, "hangs up");
    await this.#telephones.hangUp(call);
  }

  /** A number that takes call-outs so, and that no other clause calls: country, area, local. */
  async number(outcome: Outcome, afterMs = 50): Promise<readonly [string, string, string]> {
    const local = `${this.#stage.numbers.run.slice(-2)}${String(this.#stage.numbers.next()).padStart(5, "0")}`;
    await this.#telephones.number(`1408${local}`, outcome, afterMs);
    return ["1", "408", local];
  }

  /** The call to this number. Fails if there is none within the patience. */
  async called(number: readonly [string, string, string]): Promise<CallId> {
    const digits = number.join("");
    const call = await this.#eventually(() => this.#telephones.called(digits), this.#stage.options.patienceMs);
    if (call === null) this.#stage.fail(`the telephone ${digits} did not ring`);
    this.#calls.push(call);
    this.#stage.telephone(`calls ${digits}`, "telephones");
    return call;
  }

  /** The telephone must not ring any more. */
  async ringsNoMore(number: readonly [string, string, string], why: string): Promise<void> {
    const silent = async () => (await this.#telephones.called(number.join(""))) === null;
    const isSilent = await this.#eventually(silent, this.#telephones.settleMs);
    if (!isSilent) this.#stage.fail(`the telephone ${number.join("")} still rings, though ${why}`);
  }

  async isUp(call: CallId): Promise<boolean> {
    return this.#telephones.isUp(call);
  }

  /** The call must end, within the patience. */
  async ends(call: CallId, why: string): Promise<void> {
    const ended = await this.#eventually(
      async () => !(await this.#telephones.isUp(call)),
      this.#stage.options.patienceMs,
    );
    if (!ended) this.#stage.fail(`the call ${call} is still up, though ${why}`);
    this.#stage.telephone(`${call}: is over`, "telephones");
  }

  async staysUp(call: CallId, why: string): Promise<void> {
    if (!(await this.#telephones.isUp(call))) this.#stage.fail(`the call ${call} is over, though ${why}`);
  }

  async hears(listener: CallId, talker: CallId, why: string): Promise<void> {
    const heard = await this.#eventually(() => this.#telephones.hears(listener, talker), this.#telephones.settleMs);
    if (!heard) this.#stage.fail(`${listener} does not hear ${talker}, though ${why}`);
    this.#stage.telephone(`${listener}: hears ${talker}`, "telephones");
  }

  async doesNotHear(listener: CallId, talker: CallId, why: string): Promise<void> {
    const silent = async () => !(await this.#telephones.hears(listener, talker));
    if (!(await this.#eventually(silent, this.#telephones.settleMs)))
      this.#stage.fail(`${listener} hears ${talker}, though ${why}`);
    this.#stage.telephone(`${listener}: does not hear ${talker}`, "telephones");
  }

  hadTone(call: CallId): Promise<boolean> {
    return this.#telephones.hadTone(call);
  }

  extensionOf(call: CallId): Promise<string> {
    return this.#telephones.extensionOf(call);
  }

  async lock(confKey: string, locked: boolean): Promise<void> {
    this.#stage.telephone(`the host ${locked ? "locks" : "unlocks"} ${confKey}`);
    await this.#telephones.lock(confKey, locked);
  }

  async end(confKey: string): Promise<void> {
    this.#stage.telephone(`the host ends ${confKey}`);
    await this.#telephones.end(confKey);
  }

  async faults(faults: { readonly delayMs?: number; readonly refuse?: readonly string[] }): Promise<void> {
    await this.#telephones.faults(faults);
  }

  /** Nobody stays on the line after a clause. */
  async hangUpAll(): Promise<void> {
    for (const call of this.#calls) await this.#telephones.hangUp(call).catch(() => {});
  }

  async #eventually<Found>(look: () => Promise<Found>, withinMs: number): Promise<Found> {
    const deadline = this.#stage.ports.now() + withinMs;
    // Most of it is there soon; what never comes must not be looked for all the time.
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
      const found = await look();
      const leftMs = deadline - this.#stage.ports.now();
      if (found || leftMs <= 0) return found;
      await this.#stage.ports.sleep(Math.min(pauseMs, leftMs));
    }
  }
}
