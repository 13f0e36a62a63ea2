/** Gives each text a made-up one in its place, always the same. */
export class Replacements {
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
