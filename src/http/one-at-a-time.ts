/** Work that each of some people has done one after the other; a few may wait. */
export class OneAtATime {
  readonly #mostWaiting: number;
  /** The last of each person, and how many there are. */
  readonly #under = new Map<string, { readonly last: Promise<unknown>; readonly count: number }>();

  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting;
  }

  /** `null`: too many wait already. */
  async run<Answer>(person: string, work: () => Promise<Answer>): Promise<Answer | null> {
    const { last = Promise.resolve(), count = 0 } = this.#under.get(person) ?? {};
    if (count > this.#mostWaiting) return null;
    const own = last.then(work, work);
    this.#under.set(person, { last: own, count: count + 1 });
    try {
      return await own;
    } finally {
      const { last: latest = own, count: left = 1 } = this.#under.get(person) ?? {};
      if (left <= 1) this.#under.delete(person);
      else this.#under.set(person, { last: latest, count: left - 1 });
    }
  }
}
