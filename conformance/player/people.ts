import type { Ability, CallId, Heard, HostAct, Outcome, PhoneNumber, Telephones } from "../telephones/telephones.ts";
import { NotTestable, TelephonesFailed } from "./outcome.ts";
import type { Dial, Stage } from "./stage.ts";

/** Pauses between two polls of the telephones. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 500;

export interface Dialling {
  readonly as?: "caller" | "host";
}

/** The callers of a clause. Each step first checks that the telephones can do it. */
export class People {
  readonly #stage: Stage;
  /** `null` in a run without telephones. */
  readonly #telephones: Telephones | null;
  readonly #calls: CallId[] = [];

  constructor(stage: Stage, telephones: Telephones | null) {
    this.#stage = stage;
    this.#telephones = telephones;
  }

  /** Ends the clause as not testable if the telephones cannot do it. */
  need(ability: Ability): void {
    this.#stage.goesOn();
    const why = this.cannot(ability);
    if (why !== null) throw new NotTestable(why);
  }

  /** Returns the reason, with the option to give; `null` if the telephones can do it. */
  cannot(ability: Ability): string | null {
    if (!this.#telephones) return "there are no telephones: give --bridge or --by-hand";
    const { dialKeys, hostKeys, muteKeys, mergeKeys } = this.#stage.options;
    if (ability === "enter an attendee ID to join" && !dialKeys.includes("{attendee}"))
      return "callers enter no attendee ID to join (--dial-keys)";
    if (ability === "dial in as the host" && hostKeys === undefined)
      return "no document defines how a host dials in: give --host-keys";
    if (ability === "mute by keys" && muteKeys === "none") return "callers cannot mute themselves (--mute-keys)";
    if (ability === "enter an attendee ID later" && mergeKeys === "none")
      return "callers enter no attendee ID in the conference (--merge-keys)";
    return this.#telephones.cannot(ability);
  }

  /** True if a tester follows instructions: each question costs time. */
  get isPerson(): boolean {
    return this.#telephones?.isPerson === true;
  }

  async dialIn(confKey: string, attendeeId = "", { as = "caller" }: Dialling = {}): Promise<Dial> {
    this.need(as === "host" ? "dial in as the host" : "dial in");
    const { numbers, options } = this.#stage;
    const number = callerNumber(numbers.next());
    const template = (as === "host" ? options.hostKeys : options.dialKeys) ?? "";
    const keys = template.replaceAll("{key}", confKey).replaceAll("{attendee}", attendeeId);
    this.#note(`${number} dials in and enters ${keys}`);
    const startedAt = Date.now();
    const call = await this.#do((telephones) => telephones.dialIn(number, keys));
    this.#calls.push(call);
    const keyedAt = this.isPerson ? null : Date.now();
    const entered = template.includes("{attendee}") ? attendeeId : "";
    const dial: Dial = { call, number, attendeeId: entered, startedAt, keyedAt };
    this.#stage.dials.push(dial);
    return dial;
  }

  /** Mutes a caller by DTMF digits, or unmutes a muted one. */
  async muteByKeys(call: CallId): Promise<void> {
    this.need("mute by keys");
    await this.#press(call, this.#stage.options.muteKeys);
  }

  /** Enters an attendee ID in the conference. */
  async merge(call: CallId, attendeeId: string): Promise<void> {
    this.need("enter an attendee ID later");
    await this.#press(call, `${this.#stage.options.mergeKeys}${attendeeId}#`);
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    this.need("dial in");
    this.#note(`${call}: ${talking ? "talks" : "is silent"}`);
    await this.#do((telephones) => telephones.talk(call, talking));
  }

  /** Hangs up after the quiet time, because the adapter may still be carrying out confirmed requests. */
  async hangUp(call: CallId): Promise<void> {
    await this.#stage.quiet();
    this.#note(`${call}: hangs up`);
    await this.#do((telephones) => telephones.hangUp(call));
  }

  /** Returns a number that takes call-outs like this. No other clause calls it meanwhile. */
  async number(outcome: Outcome, afterMs = 50): Promise<PhoneNumber> {
    this.need("be called");
    return this.#do((telephones) => telephones.number(outcome, afterMs));
  }

  /** Waits for the call to this number. */
  async called(number: PhoneNumber, before = ""): Promise<CallId> {
    const call = await this.#eventually((telephones) => telephones.called(number));
    if (call === null) return this.#stage.fail(`${before}the telephone ${number.join("")} did not ring`);
    this.#calls.push(call);
    this.#note(`${number.join("")} rings`);
    return call;
  }

  async notCalledAgain(number: PhoneNumber, call: CallId, why: string): Promise<void> {
    if (await this.#do((telephones) => telephones.calledAgain(number, call)))
      this.#stage.fail(`the telephone ${number.join("")} rang again, though ${why}`);
  }

  /** Answers a ringing call. */
  async pickUp(call: CallId): Promise<void> {
    this.#note(`${call}: picks up`);
    await this.#do((telephones) => telephones.pickUp(call));
  }

  async ringsNoMore(number: PhoneNumber, why: string): Promise<void> {
    const isSilent = await this.#soon(async (telephones) => (await telephones.called(number)) === null);
    if (!isSilent) this.#stage.fail(`the telephone ${number.join("")} still rings, though ${why}`);
  }

  /** Checks that the call ends within the patience. */
  async ends(call: CallId, why: string): Promise<void> {
    const isOver = await this.#eventually(async (telephones) => !(await telephones.isUp(call)));
    if (!isOver) this.#stage.fail(`the call ${call} is still up, though ${why}`);
    this.#note(`${call}: is over`);
  }

  /** Checks that the call is answered within the patience. */
  async getsUp(call: CallId, why: string): Promise<void> {
    if (!(await this.#eventually((telephones) => telephones.isUp(call))))
      this.#stage.fail(`the call ${call} is not answered, though ${why}`);
  }

  async staysUp(call: CallId, why: string): Promise<void> {
    if (!(await this.#do((telephones) => telephones.isUp(call))))
      this.#stage.fail(`the call ${call} is over, though ${why}`);
  }

  async hears(listener: CallId, talker: CallId, why: string): Promise<void> {
    if ((await this.#listens(listener, talker, "heard")) !== "heard")
      this.#stage.fail(`${listener} does not hear ${talker}, though ${why}`);
    this.#note(`${listener}: hears ${talker}`);
  }

  async hearEachOther(one: CallId, other: CallId, why: string): Promise<void> {
    await this.hears(one, other, why);
    await this.hears(other, one, why);
  }

  async doesNotHear(listener: CallId, talker: CallId, why: string): Promise<void> {
    const heard = await this.#listens(listener, talker, "silent");
    if (heard === "heard") this.#stage.fail(`${listener} hears ${talker}, though ${why}`);
    if (heard === "over") this.#stage.fail(`the call of ${listener} or of ${talker} is over, though ${why}`);
    this.#note(`${listener}: does not hear ${talker}`);
  }

  async #listens(listener: CallId, talker: CallId, until: Heard): Promise<Heard> {
    let heard: Heard = "over";
    await this.#soon(async (telephones) => {
      heard = await telephones.hears(listener, talker);
      return heard === until;
    });
    return heard;
  }

  hadTone(call: CallId): Promise<boolean> {
    return this.#do((telephones) => telephones.hadTone(call));
  }

  /** Locks, unlocks or ends the conference as the host, by telephone. */
  async hostEnters(confKey: string, act: HostAct): Promise<void> {
    this.need("dial in");
    this.#note(`the host: ${act} conference ${confKey}`);
    await this.#do((telephones) => telephones.hostEnters(confKey, act));
  }

  async delayBridge(delayMs: number): Promise<void> {
    if (delayMs > 0) this.need("slow down the bridge");
    await this.#do((telephones) => telephones.delayBridge(delayMs));
  }

  async hangUpAll(): Promise<void> {
    for (const call of this.#calls) await this.#telephones?.hangUp(call).catch(() => {});
  }

  async #press(call: CallId, keys: string): Promise<void> {
    this.#note(`${call}: enters ${keys}`);
    await this.#do((telephones) => telephones.press(call, keys));
  }

  #note(title: string): void {
    this.#stage.trace({ at: Date.now(), from: "telephones", to: "adapter", title, body: "" });
  }

  async #do<Value>(work: (telephones: Telephones) => Promise<Value>): Promise<Value> {
    this.#stage.goesOn();
    if (!this.#telephones) throw new NotTestable("there are no telephones");
    try {
      return await work(this.#telephones);
    } catch (error) {
      throw error instanceof NotTestable ? error : new TelephonesFailed(error);
    }
  }

  /** Polls for as long as telephones may lag behind notifications. */
  #soon(look: (telephones: Telephones) => Promise<boolean>): Promise<boolean> {
    return this.#eventually(look, this.#telephones?.settleMs ?? 0);
  }

  async #eventually<Found>(
    look: (telephones: Telephones) => Promise<Found>,
    withinMs = this.#stage.options.patienceMs,
  ): Promise<Found> {
    const deadline = Date.now() + withinMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
      const found = await this.#do(look);
      const leftMs = deadline - Date.now();
      if (found || leftMs <= 0 || this.isPerson) return found;
      await this.#stage.pause(Math.min(pauseMs, leftMs));
    }
  }
}

/** Returns 1-408-555-0200 to -9999. Lower numbers are for call-outs. */
function callerNumber(n: number): string {
  return `1408555${String(200 + (n % 9_800)).padStart(4, "0")}`;
}
