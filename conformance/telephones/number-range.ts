import type { PhoneNumber } from "./telephones.ts";

/** Numbers that nobody has: 555-0100 to 555-0199 are kept free for examples in each area of North America. */
export const NOBODYS_NUMBERS = "1-408-55501xx";

/** Numbers to call out to, one after the other and then from the beginning: COUNTRY-AREA-LOCAL, in which each x is any digit. */
export class NumberRange {
  readonly #country: string;
  readonly #area: string;
  readonly #local: string;
  #next: number;

  /** `first`: where to begin, so that two runs do not call the same number at first. */
  constructor(pattern: string, first: number) {
    const [country = "", area = "", local = ""] = pattern.split("-");
    this.#country = country;
    this.#area = area;
    this.#local = local;
    this.#next = first;
  }

  next(): PhoneNumber {
    let left = this.#next++;
    const fromTheEnd = [...this.#local].reverse().map((digit) => {
      if (digit !== "x") return digit;
      const shown = String(left % 10);
      left = Math.floor(left / 10);
      return shown;
    });
    return [this.#country, this.#area, fromTheEnd.reverse().join("")];
  }
}
