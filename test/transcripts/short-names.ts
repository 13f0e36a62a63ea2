/** Short names for what is long or differs from run to run: `KEY`, `c1` a caller, `o1` a call dialled, `r1` a room, `tsp1` a server. */
export class ShortNames {
  /** Id → name. */
  readonly #names = new Map<string, string>();
  readonly #ids = new Map<string, string>();
  readonly #used = new Map<string, number>();
  #longestFirst: readonly (readonly [id: string, name: string])[] | null = null;

  give(id: string, name: string): void {
    this.#names.set(id, name);
    if (!this.#ids.has(name)) this.#ids.set(name, id);
    this.#used.set(name.slice(0, 1), (this.#used.get(name.slice(0, 1)) ?? 0) + 1);
    this.#longestFirst = null;
  }

  /** o1, o2, … to ids that have no name yet. */
  giveNext(id: string, letter: string): void {
    if (!this.#names.has(id)) this.give(id, `${letter}${(this.#used.get(letter) ?? 0) + 1}`);
  }

  nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  idOf(name: string): string | undefined {
    return this.#ids.get(name);
  }

  /** A text with names in place of ids. */
  shorten(text: string): string {
    // An id may stand within another, as the key does in the ids of calls.
    this.#longestFirst ??= [...this.#names].sort(([one], [other]) => other.length - one.length);
    return this.#longestFirst.reduce(
      (short, [id, name]) => (short.includes(id) ? short.replaceAll(id, name) : short),
      text,
    );
  }
}
