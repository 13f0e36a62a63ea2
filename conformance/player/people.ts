import type { Ability, CallId, Heard, Outcome, PhoneNumber, Telephones } from "../telephones/telephones.ts";
import { NotTestable } from "./outcome.ts";
import { DIAL_KEYS, type Dial, type Stage } from "./stage.ts";

/** Between two looks for what is to come. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;

/** How somebody dials in. */
export interface Dialling {
  readonly as?: "caller" | "host";
  /** In place of the conference key. */
  readonly code?: string;
  /** In place of what the options say, with `{key}` and `{attendee}`. */
  readonly keys?: string;
}

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
      const why = this.cannot(ability);
      if (why !== null) throw new NotTestable(why);
    }
  }

  /** Why it cannot be done here; `null`: it can. */
  cannot(ability: Ability): string | null {
    return this.#cannot(ability) ?? this.#telephones.cannot(ability);
  }

  /** Somebody does by hand what they are asked for. */
  get isPerson(): boolean {
    return this.#telephones.isPerson;
  }

  /** Of the abilities that go by the options. */
  #cannot(ability: Ability): string | null {
    const { dialKeys = DIAL_KEYS, hostKeys, muteKeys, mergeKeys } = this.#stage.options;
    if (ability === "key an attendee ID at entry" && !dialKeys.includes("{attendee}"))
      return "callers key no attendee ID at entry (--dial-keys)";
    if (ability === "dial in as the host" && hostKeys === undefined)
      return "no document says whom the adapter takes for the host: give --host-keys";
    if (ability === "mute by keys" && muteKeys === undefined)
      return "callers have no keys to mute themselves (--mute-keys)";
    if (ability === "key an attendee ID later" && mergeKeys === undefined)
      return "callers key no attendee ID in the conference (--merge-keys)";
    return null;
  }

  async dialIn(
    confKey: string,
    attendeeId = "",
    { as = "caller", code = confKey, keys: own }: Dialling = {},
  ): Promise<Dial> {
    this.#stage.goesOn();
    const { numbers, options, ports } = this.#stage;
    const number = callerNumber(numbers.next());
    const { dialKeys = DIAL_KEYS, hostKeys = dialKeys } = options;
    const template = own ?? (as === "host" ? hostKeys : dialKeys);
    const keys = template.replaceAll("{key}", code).replaceAll("{attendee}", attendeeId);
    this.#stage.telephone(`${number} dials in and keys ${keys}`);
    const startedAt = ports.now();
    const call = await this.#telephones.dialIn(number, keys);
    this.#calls.push(call);
    const keyedAt = this.#telephones.isPerson ? null : ports.now();
    const keyed = template.includes("{attendee}") ? attendeeId : "";
    const dial: Dial = { call, number, confKey, attendeeId: keyed, startedAt, keyedAt };
    this.#stage.dials.push(dial);
    return dial;
  }

  /** Keys what mutes, and unmutes who is muted. */
  async muteByKeys(call: CallId): Promise<void> {
    await this.#press(call, this.#stage.options.muteKeys ?? "");
  }

  /** Keys an attendee ID in the conference. */
  async merge(call: CallId, attendeeId: string): Promise<void> {
    await this.#press(call, `${this.#stage.options.mergeKeys}${attendeeId}#`);
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    this.#stage.goesOn();
    this.#stage.dialled(call, talking ? "talks" : "is silent");
    await this.#telephones.talk(call, talking);
  }

  /** Not at once: what the adapter has confirmed before, such as the name of this call, it may still be carrying out. */
  async hangUp(call: CallId): Promise<void> {
    this.#stage.goesOn();
    await this.#stage.ports.sleep(this.#stage.options.quietMs);
    this.#stage.dialled(call, "hangs up");
    await this.#telephones.hangUp(call);
  }

  /** A number that takes call-outs so, and that no other clause calls meanwhile. */
  async number(outcome: Outcome, afterMs = 50): Promise<PhoneNumber> {
    this.#stage.goesOn();
    return this.#telephones.number(outcome, afterMs);
  }

  /** The call to this number. Fails if there is none within the patience. */
  async called(number: PhoneNumber): Promise<CallId> {
    return (
      (await this.mayBeCalled(number)) ??
      this.#stage.fail(`the telephone ${number.join("")} did not ring`, "the telephone does not ring")
    );
  }

  /** The same; `null` if there is none. */
  async mayBeCalled(number: PhoneNumber): Promise<CallId | null> {
    const call = await this.#eventually(() => this.#telephones.called(number), this.#stage.options.patienceMs);
    if (call === null) return null;
    this.#calls.push(call);
    this.#stage.telephone(`calls ${number.join("")}`, "telephones");
    return call;
  }

  /** There must be no other call to this number than this one. */
  async notCalledAgain(number: PhoneNumber, call: CallId, why: string): Promise<void> {
    if (await this.#telephones.calledAgain(number, call))
      this.#stage.fail(`the telephone ${number.join("")} rang again, though ${why}`);
  }

  /** Answers a call that rings. */
  async pickUp(call: CallId): Promise<void> {
    this.#stage.goesOn();
    this.#stage.dialled(call, "picks up");
    await this.#telephones.pickUp(call);
  }

  /** The telephone must not ring any more. */
  async ringsNoMore(number: PhoneNumber, why: string): Promise<void> {
    const silent = async () => (await this.#telephones.called(number)) === null;
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
    if (!ended)
      this.#stage.fail(`the call ${call} is still up, though ${why}`, "a call is still up that must have ended");
    this.#stage.telephone(`${call}: is over`, "telephones");
  }

  /** The call must be answered, within the patience. */
  async getsUp(call: CallId, why: string): Promise<void> {
    const isUp = await this.#eventually(() => this.#telephones.isUp(call), this.#stage.options.patienceMs);
    if (!isUp) this.#stage.fail(`the call ${call} is not answered, though ${why}`);
  }

  async staysUp(call: CallId, why: string): Promise<void> {
    if (!(await this.#telephones.isUp(call)))
      this.#stage.fail(`the call ${call} is over, though ${why}`, "a call is over that must stay");
  }

  async hears(listener: CallId, talker: CallId, why: string): Promise<void> {
    const heard = await this.#listens(listener, talker, "heard");
    if (heard !== "heard")
      this.#stage.fail(`${listener} does not hear ${talker}, though ${why}`, "a caller does not hear another one");
    this.#stage.telephone(`${listener}: hears ${talker}`, "telephones");
  }

  async doesNotHear(listener: CallId, talker: CallId, why: string): Promise<void> {
    const heard = await this.#listens(listener, talker, "silent");
    if (heard === "heard")
      this.#stage.fail(`${listener} hears ${talker}, though ${why}`, `a caller hears another one, though ${why}`);
    if (heard === "over")
      this.#stage.fail(
        `the call of ${listener} or of ${talker} is over, though ${why}`,
        "a call is over that must stay",
      );
    this.#stage.telephone(`${listener}: does not hear ${talker}`, "telephones");
  }

  /** Listens until it is so; what it was at last. */
  async #listens(listener: CallId, talker: CallId, until: Heard): Promise<Heard> {
    let heard: Heard = "over";
    const look = async () => {
      heard = await this.#telephones.hears(listener, talker);
      return heard === until;
    };
    await this.#eventually(look, this.#telephones.settleMs);
    return heard;
  }

  hadTone(call: CallId): Promise<boolean> {
    return this.#telephones.hadTone(call);
  }

  extensionOf(call: CallId): Promise<string> {
    return this.#telephones.extensionOf(call);
  }

  async lock(confKey: string, locked: boolean): Promise<void> {
    this.#stage.goesOn();
    this.#stage.telephone(`the host ${locked ? "locks" : "unlocks"} ${confKey}`);
    await this.#telephones.lock(confKey, locked);
  }

  async end(confKey: string): Promise<void> {
    this.#stage.goesOn();
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

  async #press(call: CallId, keys: string): Promise<void> {
    this.#stage.goesOn();
    this.#stage.dialled(call, `keys ${keys}`);
    await this.#telephones.press(call, keys);
  }

  async #eventually<Found>(look: () => Promise<Found>, withinMs: number): Promise<Found> {
    const deadline = this.#stage.ports.now() + withinMs;
    // Most of it is there soon; what never comes must not be looked for all the time.
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
      const found = await look();
      const leftMs = deadline - this.#stage.ports.now();
      if (found || leftMs <= 0 || this.#telephones.isPerson) return found;
      await this.#stage.ports.sleep(Math.min(pauseMs, leftMs));
    }
  }
}

/** 1-408-555-0200 to -9999: those below, `NOBODYS_NUMBERS`, may be called out to. */
function callerNumber(n: number): string {
  return `1408555${String(200 + (n % 9_800)).padStart(4, "0")}`;
}
