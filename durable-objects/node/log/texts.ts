import type { StatementTexts } from "./object-database.ts";

/** All texts of the product are fewer. One that is made up at each call is not worth a number. */
const mostTexts = 2_000;

/** The texts of statements by their numbers, as the log has them. */
export class Texts implements StatementTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, string>();
  #new: (readonly [number: number, text: string])[] = [];

  constructor(known: readonly (readonly [number: number, text: string])[]) {
    for (const [number, text] of known) this.#add(number, text);
  }

  numberOf(text: string): number | string {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#numbers.size >= mostTexts) return text;
    const number = this.#numbers.size + 1;
    this.#add(number, text);
    this.#new.push([number, text]);
    return number;
  }

  textOf(number: number): string {
    const text = this.#texts.get(number);
    if (text === undefined) throw new Error(`the log has no text of statement ${number}`);
    return text;
  }

  /** Those that are yet to be written. */
  removeNew(): readonly (readonly [number: number, text: string])[] {
    const texts = this.#new;
    this.#new = [];
    return texts;
  }

  #add(number: number, text: string): void {
    this.#numbers.set(text, number);
    this.#texts.set(number, text);
  }
}
