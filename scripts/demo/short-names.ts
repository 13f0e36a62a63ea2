/** Short names for what is long or differs from run to run: `KEY`, `c1` a caller, `o1` a call dialled, `r1` a room, `tsp1` a server. */
export class ShortNames {
  /** Id → name. */
  readonly #names = new Map<string, string>();

  give(id: string, name: string): void {
    this.#names.set(id, name);
  }

  /** o1, o2, … to ids that have no name yet. */
  giveNext(id: string, letter: string): void {
    const used = [...this.#names.values()].filter((name) => name.startsWith(letter)).length;
    if (!this.#names.has(id)) this.#names.set(id, `${letter}${used + 1}`);
  }

  nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  idOf(name: string): string | undefined {
    return [...this.#names].find(([, given]) => given === name)?.[0];
  }

  /** A text with names in place of ids. */
  shorten(text: string): string {
    // An id may stand within another, as the key does in the ids of calls.
    const longestFirst = [...this.#names].sort(([one], [other]) => other.length - one.length);
    return longestFirst.reduce((short, [id, name]) => short.replaceAll(id, name), text);
  }
}
