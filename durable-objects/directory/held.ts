/** Memory of rows: read at first use, then changed with them. A failed transaction drops it. */
export class Held<Value> {
  readonly #read: () => Value;
  #value: Value | undefined;

  constructor(read: () => Value) {
    this.#read = read;
  }

  get value(): Value {
    this.#value ??= this.#read();
    return this.#value;
  }

  drop(): void {
    this.#value = undefined;
  }
}
