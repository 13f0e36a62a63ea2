/** A changed row: its table, and the values of its primary key. */
export interface ChangedRow {
  readonly table: string;
  readonly key: readonly Value[];
}

type Value = string | number | null;

const deleted = 9;
const [integer, real, text] = [1, 2, 3];
/** Keeps a byte order mark at the start of a text. */
const asItIs = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/**
 * Reads which rows a patchset changes. It has a header for each table, then the table's rows
 * (https://www.sqlite.org/session/sqlite3changeset.html).
 */
export function* changedRows(patchset: Uint8Array): Generator<ChangedRow> {
  const view = new DataView(patchset.buffer, patchset.byteOffset, patchset.byteLength);
  let at = 0;
  const byte = () => view.getUint8(at++);
  const varint = () => {
    for (let value = 0; ; ) {
      const next = byte();
      value = value * 128 + (next & 127);
      if (next < 128) return value;
    }
  };
  const value = (): Value => {
    const type = byte();
    if (type === integer || type === real) {
      at += 8;
      return type === real ? view.getFloat64(at - 8) : Number(view.getBigInt64(at - 8));
    }
    if (type !== text) return null;
    const length = varint();
    at += length;
    return asItIs.decode(patchset.subarray(at - length, at));
  };
  let table = "";
  let isKey: readonly boolean[] = [];
  while (at < patchset.length) {
    const kind = byte();
    if (kind === "P".charCodeAt(0)) {
      isKey = Array.from({ length: varint() }, () => 0).map(() => byte() !== 0);
      const from = at;
      while (byte() !== 0);
      table = asItIs.decode(patchset.subarray(from, at - 1));
      continue;
    }
    byte(); // The flag of indirect changes.
    const values = (kind === deleted ? isKey.filter((one) => one) : isKey).map((one) => [one, value()] as const);
    yield { table, key: values.flatMap(([one, of]) => (one ? [of] : [])) };
  }
}
