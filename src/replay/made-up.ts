import { type DialRules, mayDial, wrongNumber } from "../foundation/dial-rules.ts";
import type { PhoneNumber } from "../foundation/ids.ts";
import type { Person } from "../foundation/shown.ts";
import { Replacements } from "../foundation/text/replacements.ts";

/** Digits that are a telephone number. */
const numberFrom = 7;

/** Made-up names, numbers and codes in place of a conference's own: what was equal stays equal, and what differed stays different. */
export class MadeUp {
  readonly #numbers = new Replacements((place) => `1408555${String(place).padStart(4, "0")}`);
  readonly #codes = new Replacements((place) => String(5_000 + place));
  readonly #texts = new Replacements((place) => `data${place}`);
  readonly #locals = new Replacements(String);
  readonly #policy: DialRules | undefined;

  constructor(policy: DialRules | undefined) {
    this.#policy = policy;
  }

  /** In place of a number, code or name of a person, and of a secret; a withheld one stays so. */
  readonly person: Person = Object.assign((text: string) => this.#of(text), {
    secret: (text: string) => this.#of(text),
  });

  #of(text: string): string {
    if (text === "") return "";
    if (!/^\d+$/.test(text)) return this.#texts.of(text);
    return text.length < numberFrom ? this.#codes.of(text) : this.#numbers.of(text);
  }

  /** To be dialled. Country and area stay, and as many digits behind them as decide whether the domain lets it be dialled. */
  phone(phone: PhoneNumber): PhoneNumber {
    if (wrongNumber(phone) !== null) return { country: "1", area: "", local: "wrong", extension: "" };
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
    return { country, area, local: made, extension: "0".repeat(extension.length) };
  }
}
