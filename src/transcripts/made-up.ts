import { type DialRules, mayDial, wrongNumber } from "../foundation/dial-rules.ts";
import type { PhoneNumber } from "../foundation/ids.ts";

/** Gives each text a made-up one in its place, always the same. */
class Replacements {
  readonly #made = new Map<string, string>();
  readonly #make: (place: number) => string;

  constructor(make: (place: number) => string) {
    this.#make = make;
  }

  of(text: string): string {
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const made = this.#make(this.#made.size + 1);
    this.#made.set(text, made);
    return made;
  }
}

/** Made-up names, numbers and codes in place of a conference's own: what was equal stays equal, and what differed stays different. */
export class MadeUp {
  readonly #numbers = new Replacements((place) => `1408555${String(place).padStart(4, "0")}`);
  readonly #attendeeIds = new Replacements((place) => String(5_000 + place));
  readonly #extCallIds = new Replacements(String);
  readonly #extConfIds = new Replacements((place) => String(1_000 + place));
  readonly #subConfIds = new Replacements((place) => `sub${place}`);
  readonly #servers = new Replacements((place) => `tsp${place}`);
  readonly #msgIds = new Replacements((place) => String(place));
  readonly #data = new Replacements((place) => `data${place}`);
  readonly #locals = new Replacements((place) => String(place));
  readonly #policy: DialRules | undefined;

  constructor(policy: DialRules | undefined) {
    this.#policy = policy;
  }

  /** Of a caller; a withheld one stays so. */
  number(text: string): string {
    return text === "" ? "" : this.#numbers.of(text);
  }

  attendeeId(text: string): string {
    return this.#attendeeIds.of(text);
  }

  extCallId(text: string): string {
    return this.#extCallIds.of(text);
  }

  extConfId(text: string): string {
    return this.#extConfIds.of(text);
  }

  subConfId(text: string): string {
    return this.#subConfIds.of(text);
  }

  server(text: string): string {
    return this.#servers.of(text);
  }

  /** Of a request. */
  msgId(server: string, text: string): string {
    return this.#msgIds.of(`${server} ${text}`);
  }

  data(text: string): string {
    return this.#data.of(text);
  }

  /** To be dialled. Country and area stay, and as many digits behind them as decide whether the domain lets it be dialled. */
  phone(phone: PhoneNumber): string {
    if (wrongNumber(phone) !== null) return "1--wrong";
    const { country, area, local, extension } = phone;
    const place = this.#locals.of(`${country}-${area}-${local}`).padStart(Math.min(4, local.length), "0");
    let made = local;
    for (let kept = 0; kept <= local.length; kept += 1) {
      const filled = local.slice(0, kept) + "5".repeat(Math.max(0, local.length - kept - place.length)) + place;
      made = filled.length >= local.length ? filled : local;
      const dialled = { ...phone, local: made };
      if (wrongNumber(dialled) !== null) continue;
      if (!this.#policy || mayDial(this.#policy, dialled) === mayDial(this.#policy, phone)) break;
    }
    return [country, area, made, ...(extension === "" ? [] : ["0".repeat(extension.length)])].join("-");
  }
}
