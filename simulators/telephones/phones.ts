// Telephones for tests. sipp, which nobody here wrote, does their SIP, led step by step (`sipp-scenarios.ts`). It cannot tell what it hears,
// and its keys by RFC 4733 need a raw socket and a file of packets, so sound and keys are ours (`sound.ts`): RTP needs 200 lines, SIP many more.
// None of the SIP libraries on npm fits: sip is at 0.0.6 and wants ws 6, drachtio-sip only reads messages, SIP.js and JsSIP are for browsers.
import { setTimeout as pause } from "node:timers/promises";
import { freePorts } from "../free-ports.ts";
import { Sipp } from "./sipp.ts";
import type { Refusal } from "./sipp-scenarios.ts";
import { Sound } from "./sound.ts";

/** What becomes of a call to a number: `ring` and nothing more, or a SIP status: 486 busy, 603 rejected, 404 unknown. */
type Outcome = "answer" | "ring" | Refusal;

export interface Plan {
  /** How long it rings first; 0: not at all. */
  readonly ringMs?: number;
  readonly outcome: Outcome;
  /** From the answer on. */
  readonly talks?: true;
}

/** How long a test waits for something that is to happen. */
const PATIENCE_MS = 5_000;
/** Packets in a row with a tone, so that no click is taken for it. */
const SURE = 3;
/** Of the packets of a conversation: an ear that got fewer would not have heard either what it should not. */
const ENOUGH = 0.8;

/** All telephones around one Asterisk. */
export class Phones {
  /** The numbers that were called, in order: each time anew. */
  readonly calledNumbers: string[] = [];
  readonly #plans = new Map<string, Plan>();
  /** For numbers without a plan of their own. */
  otherwise: Plan = { outcome: 404 };
  /** By Call-ID. */
  readonly #phones = new Map<string, Phone>();
  /** What sipp has said of calls whose telephone is not there yet, by Call-ID. */
  readonly #early = new Map<string, (readonly string[])[]>();
  readonly #cancels = new Set<() => void>();
  #callers: Sipp | undefined;
  #callees: Sipp | undefined;
  #nextCall = 1;

  private constructor() {}

  /** `sip`: Asterisk's port; `trunk`: where it sends calls to. */
  static async start(program: string, ports: { readonly sip: number; readonly trunk: number }): Promise<Phones> {
    const phones = new Phones();
    try {
      phones.#callees = await Sipp.ofCallees(program, { own: ports.trunk }, (call, words) =>
        phones.#said("callees", call, words),
      );
      phones.#callers = await phones.#startCallers(program, ports.sip);
    } catch (error) {
      await phones.stop();
      throw error;
    }
    return phones;
  }

  /** Another program, as an Asterisk with its sound, may take a port between the look and its use. */
  async #startCallers(program: string, sip: number, tries = 3): Promise<Sipp> {
    const [own = 0, control = 0] = await freePorts(2);
    try {
      const said = (call: string | null, words: readonly string[]) => this.#said("callers", call, words);
      return await Sipp.ofCallers(program, { sip, own, control }, said);
    } catch (error) {
      if (tries === 1 || !String(error).includes("Address already in use")) throw error;
      return this.#startCallers(program, sip, tries - 1);
    }
  }

  /** Those in a call. */
  get up(): readonly Phone[] {
    return [...this.#phones.values()].filter(({ state }) => state === "up");
  }

  /** How this number takes calls from now on. */
  plan(number: string, plan: Plan): void {
    this.#plans.set(number, plan);
  }

  /** Dials in. The telephone is still calling. */
  async call(dialled: string, from = "14085550000"): Promise<Phone> {
    const sipp = this.#callers;
    if (!sipp) throw new Error("the telephones were stopped");
    const id = `call-${this.#nextCall++}`;
    const phone = await this.#add(id, from, sipp);
    sipp.tell(id, `call ${dialled} ${from} ${phone.sound.port}`);
    return phone;
  }

  /** Dials in, and waits until the call is answered. */
  async dialIn(dialled: string, from?: string): Promise<Phone> {
    const phone = await this.call(dialled, from);
    await phone.until("up");
    return phone;
  }

  /** The telephone with this number, once it has been called, or is. */
  async called(number: string): Promise<Phone> {
    const isIt = (phone: Phone) => phone.isCalled && phone.number === number && !phone.isFound;
    const phone = await eventually(`a call to ${number}`, () => [...this.#phones.values()].find(isIt));
    phone.isFound = true;
    return phone;
  }

  /** The telephone in the call with this Call-ID of SIP. */
  ofCall(callId: string): Phone | undefined {
    return this.#phones.get(callId);
  }

  async hangUpAll(): Promise<void> {
    await Promise.all([...this.#phones.values()].filter(({ state }) => state === "up").map((phone) => phone.hangUp()));
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    for (const phone of this.#phones.values()) phone.end("stopped");
    await Promise.all([this.#callers?.stop(), this.#callees?.stop()]);
    this.#callers = undefined;
    this.#callees = undefined;
  }

  async #add(id: string, number: string, sipp: Sipp, isCalled = false): Promise<Phone> {
    const sound = await Sound.open(300 + 50 * (nextTone++ % 64));
    const phone = new Phone(number, isCalled, sound, (what) => sipp.tell(id, what));
    this.#phones.set(id, phone);
    return phone;
  }

  #said(side: "callers" | "callees", call: string | null, words: readonly string[]): void {
    const sipp = side === "callers" ? this.#callers : this.#callees;
    const [word, ...details] = words;
    if (call === null) {
      for (const phone of this.#phones.values()) phone.end(`sipp has ended: ${sipp?.complaints ?? ""}`);
    } else if (word === "called" && sipp) {
      // On a busy machine sipp may say so twice of one call. A number that is dialled again has a new Call-ID.
      if (this.#phones.has(call) || this.#early.has(call)) return;
      const [number = "", port] = details;
      this.calledNumbers.push(number);
      this.#called(call, number, Number(port), sipp).catch((error) => {
        console.error(`the telephone ${number} does not work: ${error}`);
        sipp.tell(call, "refuse 503");
      });
    } else if (this.#early.has(call)) {
      this.#early.get(call)?.push(words);
    } else {
      this.#phones.get(call)?.said(word ?? "", details, sipp?.complaints ?? "");
    }
  }

  async #called(call: string, number: string, port: number, sipp: Sipp): Promise<void> {
    const early: (readonly string[])[] = [];
    this.#early.set(call, early);
    const phone = await this.#add(call, number, sipp, true).finally(() => this.#early.delete(call));
    phone.theirPort = port;
    for (const [word = "", ...details] of early) phone.said(word, details, sipp.complaints);
    if (phone.state !== "ended") this.#carryOut(this.#plans.get(number) ?? this.otherwise, phone);
  }

  #carryOut({ ringMs = 0, outcome, talks }: Plan, phone: Phone): void {
    if (talks) phone.talk();
    if (ringMs > 0 || outcome === "ring") phone.ring();
    if (outcome === "ring") return;
    const act = () => (outcome === "answer" ? phone.answer() : phone.refuse(outcome));
    if (ringMs === 0) return act();
    const timer = setTimeout(act, ringMs);
    this.#cancels.add(() => clearTimeout(timer));
  }
}

/** 64 tones, from 300 to 3,450 Hz: what a telephone line carries. */
let nextTone = 0;

/** `calling` or called, and ringing or not; `up`: answered. */
type PhoneState = "calling" | "ringing" | "up" | "ended";

/** A telephone in one call. Silent at first. */
export class Phone {
  readonly number: string;
  readonly isCalled: boolean;
  readonly sound: Sound;
  state: PhoneState = "calling";
  /** Why there is no call any more: "hung up here", "hung up there", "cancelled", or "refused with" a SIP status. */
  endedBy = "";
  theirPort = 0;
  isFound = false;
  /** How long it says by INFO that each key was pressed. */
  infoMs = 100;
  /** So long after one key by INFO follows the next: Asterisk keeps a core busy while a key waits for the one before. */
  infoApartMs = 180;
  readonly #tell: (what: string) => void;
  /** Unconfirmed holds and DTMF digits by INFO. */
  readonly #pressed: (() => void)[] = [];
  /** sipp takes one word after the other: until the last key by INFO is confirmed. */
  #keying: Promise<void> = Promise.resolve();
  /** By `performance.now()`. */
  #infoAt = 0;

  constructor(number: string, isCalled: boolean, sound: Sound, tell: (what: string) => void) {
    this.number = number;
    this.isCalled = isCalled;
    this.sound = sound;
    this.#tell = tell;
  }

  /** Its tone, until it falls silent. */
  talk(): void {
    this.sound.say("tone");
  }

  fallSilent(): void {
    this.sound.say("silence");
  }

  /** Signs of life in place of silence, as of a telephone that suppresses silence. */
  sendComfortNoise(): void {
    this.sound.say("comfort-noise");
  }

  /** Its packets stop, as of a telephone without power. It still answers to SIP. */
  vanish(): void {
    this.sound.say("nothing");
  }

  /** Resolves when the last key was released, or by INFO when Asterisk has confirmed it. */
  async press(keys: string, how: "rfc4733" | "info" = "rfc4733"): Promise<void> {
    if (how === "rfc4733") return this.sound.press(keys);
    const keyed = this.#keying.then(() => this.#pressByInfo(keys));
    this.#keying = keyed.catch(() => {});
    return keyed;
  }

  async #pressByInfo(keys: string): Promise<void> {
    for (const key of keys) {
      await pause(Math.max(0, this.#infoAt + this.infoApartMs - performance.now()));
      this.#infoAt = performance.now();
      if (this.state !== "up")
        throw new Error(`${this.number} cannot key ${keys}: it is ${this.state} ${this.endedBy}`);
      await new Promise<void>((done) => {
        this.#pressed.push(done);
        this.#tell(`info ${key} ${this.infoMs}`);
      });
    }
  }

  /** Puts the call on hold: the phone still sends, like music on hold, and hears nothing. */
  hold(isOn: boolean): Promise<void> {
    return new Promise((done) => {
      this.#pressed.push(done);
      this.#tell(`invite ${isOn ? "sendonly" : "sendrecv"}`);
    });
  }

  ring(): void {
    this.state = "ringing";
    this.#tell("ring");
  }

  answer(): void {
    if (this.state !== "ended") this.#tell(`answer ${this.sound.port}`);
  }

  refuse(status: Refusal): void {
    if (this.state !== "ended") this.#tell(`refuse ${status}`);
  }

  async hangUp(): Promise<void> {
    await this.#keying;
    // sipp would take a word about a call that is over for a new one.
    if (this.state === "ended") return;
    this.#tell(this.state === "up" ? "bye" : "cancel");
    await this.until("ended");
  }

  async until(state: PhoneState, timeoutMs = PATIENCE_MS): Promise<void> {
    await eventually(
      `${this.number} is ${state}`,
      () => {
        if (this.state === "ended" && state !== "ended")
          throw new Error(`${this.number} is not ${state}: ${this.endedBy}`);
        return this.state === state;
      },
      timeoutMs,
    );
  }

  /** Waits until it hears the other one. Returns after how many milliseconds it did first. */
  async hears(other: Phone, timeoutMs = PATIENCE_MS): Promise<number> {
    const from = performance.now();
    const at = await eventually(
      `${this.number} hears ${other.number}`,
      () => {
        const packets = this.sound.hears(other.sound.frequency, from);
        const first = packets.findIndex((_, index) => {
          const next = packets.slice(index, index + SURE);
          return next.length === SURE && next.every(({ isHeard }) => isHeard);
        });
        return packets[first]?.at;
      },
      timeoutMs,
    );
    return Math.max(0, at - from);
  }

  /** Waits until it has not heard the other one, who goes on talking, for `forMs`. Returns after how many milliseconds it last did. */
  async hearsNoMore(other: Phone, forMs = 300): Promise<number> {
    if (!other.sound.isTalking) throw new Error(`${other.number} says nothing: that it is not heard shows nothing`);
    return this.hearsEndOf(other, forMs);
  }

  /** The same for one who has fallen silent. */
  async hearsEndOf(other: Phone, forMs = 300): Promise<number> {
    const from = performance.now();
    let last = from;
    let wasQuiet = false;
    await eventually(`${this.number} hears ${other.number} no more`, () => {
      last = this.sound.hears(other.sound.frequency, from).findLast(({ isHeard }) => isHeard)?.at ?? from;
      const isQuiet = performance.now() - last >= forMs;
      // After a standstill of this process, what came meanwhile is there at the second look.
      const isSure = wasQuiet && isQuiet;
      wasQuiet = isQuiet;
      return isSure;
    });
    return last - from;
  }

  /** Waits until it hears anything at all, such as an announcement. */
  async hearsSomething(): Promise<void> {
    const from = performance.now();
    await eventually(`${this.number} hears something`, () => this.sound.isLoud(from));
  }

  /** Waits until it has heard nothing at all for so long: an announcement that was about to begin is over. Words could be taken for tones. */
  async hearsNothing(forMs = 500): Promise<void> {
    const from = performance.now();
    let wasQuiet = false;
    await eventually(`${this.number} hears nothing`, () => {
      const since = performance.now() - forMs;
      const isQuiet = since >= from && !this.sound.isLoud(since);
      const isSure = wasQuiet && isQuiet;
      wasQuiet = isQuiet;
      return isSure;
    });
  }

  /**
   * Throws if it has heard anything at all since then (`performance.now()`), or could not have: it waits for four fifths of the packets that
   * were due until now, since a busy machine is late. It must have been in a room with others: Asterisk sends nothing to whoever is alone,
   * or at the prompt.
   */
  async heardNothingSince(since: number, timeoutMs = PATIENCE_MS): Promise<void> {
    const due = ENOUGH * this.sound.due(since);
    const isSure = () => {
      if (this.sound.isLoud(since)) throw new Error(`${this.number} has heard something`);
      return this.sound.arrived(since) >= due;
    };
    await eventually(`${this.number} gets sound, so that hearing nothing shows something`, isSure, timeoutMs);
  }

  /** In how many packets since then (`performance.now()`) it heard the other one. */
  packetsOf(other: Phone, since = 0): number {
    return this.sound.hears(other.sound.frequency, since).filter(({ isHeard }) => isHeard).length;
  }

  /** The longest time without a packet in which it heard the other one, from then until now. */
  longestGapMs(other: Phone, since: number): number {
    const times = this.sound.hears(other.sound.frequency, since).flatMap(({ at, isHeard }) => (isHeard ? [at] : []));
    return Math.max(...[...times, performance.now()].map((at, index) => at - (times[index - 1] ?? since)));
  }

  said(word: string, details: readonly string[], complaints: string): void {
    const [detail] = details;
    switch (word) {
      case "ringing":
        this.state = "ringing";
        return;
      case "answered":
        if (detail) this.theirPort = Number(detail);
        this.state = "up";
        return this.sound.connect(this.theirPort);
      case "keyed":
        return this.#pressed.shift()?.();
      case "refused":
        return this.end(`refused with ${detail}`);
      case "cancelled":
        return this.end("cancelled");
      case "ended":
        return this.end(`hung up ${detail}`);
      default:
        return this.end(`${word} ${details.join(" ")}: ${complaints.trim().slice(-600)}`);
    }
  }

  end(why: string): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.endedBy = why;
    this.sound.close();
    for (const done of this.#pressed.splice(0)) done();
  }
}

/** Looks again and again until there is something to return. */
async function eventually<Found>(
  what: string,
  look: () => Found | null | undefined | false,
  timeoutMs = PATIENCE_MS,
): Promise<Found> {
  for (const deadline = performance.now() + timeoutMs; ; await pause(5)) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`after ${timeoutMs} ms still not true: ${what}`);
  }
}
