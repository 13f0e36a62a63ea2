/** Work of one name is done one after the other, in order; work of different names side by side. */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>();

  /** `work` must not reject. */
  run(name: string, work: () => Promise<void>): void {
    const tail = (this.#tails.get(name) ?? Promise.resolve()).then(work).then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    this.#tails.set(name, tail);
  }
}
