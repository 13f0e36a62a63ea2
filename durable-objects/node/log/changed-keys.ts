/** A value in a changeset of SQLite. */
type Value = string | number | null;

const opcodes = { insert: 18, update: 23, delete: 9 } as const;
const [none, integer, real, text, blob, nothing] = [0, 1, 2, 3, 4, 5];

/** A mark of the byte order at the beginning of a text belongs to it. */
const asItIs = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/**
 * The primary keys of the rows that a patchset of one table names, as JSON lists
 * (https://www.sqlite.org/session/sqlite3changeset.html: a header for the table, then each row with the values that it needs).
 */
export function changedKeys(patchset: Uint8Array): readonly string[] {
  const reader = new Reader(patchset);
  const keys: string[] = [];
  let isKey: readonly boolean[] = [];
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    if (kind === "P".charCodeAt(0)) {
      isKey = Array.from({ length: reader.varint() }, () => 0).map(() => reader.byte() !== 0);
      reader.untilZero();
      continue;
    }
    reader.byte(); // Whether a trigger has made the change.
    const columns = kind === opcodes.delete ? isKey.filter((one) => one) : isKey;
    const values = columns.map((one) => [one, reader.value()] as const);
    keys.push(JSON.stringify(values.flatMap(([one, value]) => (one ? [value] : []))));
  }
  return keys;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }

  /** Seven bits a byte, the greatest first. */
  varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  }

  untilZero(): void {
    while (this.byte() !== 0);
  }

  value(): Value {
    const type = this.byte();
    if (type === none || type === nothing) return null;
    if (type === integer || type === real) {
      this.#at += 8;
      return type === real ? this.#view.getFloat64(this.#at - 8) : Number(this.#view.getBigInt64(this.#at - 8));
    }
    if (type !== text && type !== blob) throw new Error(`a patchset has a value of type ${type}`);
    const length = this.varint();
    this.#at += length;
    return asItIs.decode(this.#bytes.subarray(this.#at - length, this.#at));
  }
}
