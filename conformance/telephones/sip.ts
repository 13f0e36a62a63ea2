import { type Phone, Phones } from "../doors/foundation.ts";
import type { Ports } from "../ports.ts";
import { NumberRange } from "./number-range.ts";
import type { Ability, CallId, Heard, Outcome, PhoneNumber, Telephones } from "./telephones.ts";

interface SipOptions {
  /** The program sipp. */
  readonly program: string;
  /** The number that reaches the bridge, and its port on this machine. */
  readonly dialIn: { readonly number: string; readonly port: number };
  /** The port on this machine where the bridge sends its call-outs. */
  readonly trunkPort: number;
  /** What may be called, as for `NumberRange`. */
  readonly numbers: string;
}

/** How long a listener listens. */
const LISTEN_MS = 600;
/** Packets of 20 ms in which the other one is heard, so that no click is taken for it. */
const HEARD = 5;
const PROMPT_MS = 300;

/** Real telephones over SIP and RTP, on this machine. What is heard is heard. */
export class SipTelephones implements Telephones {
  readonly isPerson = false;
  readonly settleMs = 2_000;
  readonly #ports: Ports;
  readonly #options: SipOptions;
  readonly #phones: Phones;
  readonly #calls = new Map<CallId, Phone>();
  readonly #called = new Map<string, CallId>();
  /** How often a number had rung when it was last to be called. */
  readonly #before = new Map<string, number>();
  readonly #numbers: NumberRange;

  private constructor(ports: Ports, options: SipOptions, phones: Phones) {
    this.#ports = ports;
    this.#options = options;
    this.#phones = phones;
    this.#numbers = new NumberRange(options.numbers, Math.floor(ports.now() / 1000));
  }

  /** Throws if sipp does not start. */
  static async start(ports: Ports, options: SipOptions): Promise<SipTelephones> {
    const { dialIn, program, trunkPort } = options;
    return new SipTelephones(ports, options, await Phones.start(program, { sip: dialIn.port, trunk: trunkPort }));
  }

  cannot(ability: Ability): string | null {
    switch (ability) {
      case "tell whether a tone was heard":
        return "these telephones do not tell a tone from a voice";
      case "lock and end as host":
        return "no keys for it are known";
      case "slow down or refuse the bridge's work":
        return "telephones cannot make the bridge slow";
      case "many calls at once":
        return "51 telephones at once are too many here";
      case "tell the dialled extension":
        return "these telephones do not tell which keys they hear";
      default:
        return null;
    }
  }

  async dialIn(from: string, keys: string): Promise<CallId> {
    const phone = await this.#phones.dialIn(this.#options.dialIn.number, from);
    const id = this.#add(phone);
    await this.#ports.sleep(PROMPT_MS);
    await phone.press(keys);
    return id;
  }

  async press(call: CallId, keys: string): Promise<void> {
    await this.#phone(call).press(keys);
  }

  async talk(call: CallId, talking: boolean): Promise<void> {
    if (talking) this.#phone(call).talk();
    else this.#phone(call).fallSilent();
  }

  async hangUp(call: CallId): Promise<void> {
    await this.#phone(call).hangUp();
  }

  async number(outcome: Outcome, afterMs: number): Promise<PhoneNumber> {
    const number = this.#numbers.next();
    const digits = number.join("");
    this.#called.delete(digits);
    this.#before.set(digits, this.#timesCalled(digits));
    const statuses = { busy: 486, reject: 603, invalid: 404 } as const;
    if (outcome === "answer") this.#phones.plan(digits, { outcome: "answer", ringMs: afterMs });
    else if (outcome === "no-answer") this.#phones.plan(digits, { outcome: "ring" });
    else this.#phones.plan(digits, { outcome: statuses[outcome], ringMs: afterMs });
    return number;
  }

  async called(number: PhoneNumber): Promise<CallId | null> {
    const digits = number.join("");
    const count = this.#count(digits);
    const known = this.#called.get(digits);
    if (known && count <= 1) return this.#phone(known).state === "ended" ? null : known;
    if (count === 0) return null;
    const id = this.#add(await this.#phones.called(digits));
    this.#called.set(digits, id);
    return id;
  }

  async calledAgain(number: PhoneNumber): Promise<boolean> {
    return this.#count(number.join("")) > 1;
  }

  async pickUp(call: CallId): Promise<void> {
    // A word that follows "ring" at once is lost on sipp.
    await this.#ports.sleep(PROMPT_MS);
    this.#phone(call).answer();
  }

  async isUp(call: CallId): Promise<boolean> {
    return this.#phone(call).state === "up";
  }

  async hears(listener: CallId, talker: CallId): Promise<Heard> {
    const [ear, mouth] = [this.#phone(listener), this.#phone(talker)];
    if (ear.state !== "up" || mouth.state !== "up") return "over";
    const wasTalking = mouth.sound.isTalking;
    mouth.talk();
    await this.#ports.sleep(LISTEN_MS / 2);
    const since = performance.now();
    await this.#ports.sleep(LISTEN_MS / 2);
    const heard = ear.packetsOf(mouth, since);
    if (!wasTalking) mouth.fallSilent();
    return heard >= HEARD ? "heard" : "silent";
  }

  async hadTone(): Promise<boolean> {
    return false;
  }

  async extensionOf(): Promise<string> {
    return "";
  }

  async lock(): Promise<void> {}

  async end(): Promise<void> {}

  async faults(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#phones.stop();
  }

  #add(phone: Phone): CallId {
    const id = `phone ${this.#calls.size + 1}`;
    this.#calls.set(id, phone);
    return id;
  }

  /** How often a number has rung since it was last to be called. */
  #count(digits: string): number {
    return this.#timesCalled(digits) - (this.#before.get(digits) ?? 0);
  }

  #timesCalled(digits: string): number {
    return this.#phones.calledNumbers.filter((number) => number === digits).length;
  }

  #phone(call: CallId): Phone {
    const phone = this.#calls.get(call);
    if (!phone) throw new Error(`there is no telephone ${call}`);
    return phone;
  }
}
