import { noDoubt } from "../../durable-objects/node/doubt.ts";
import type { Flush, ImagePart, Stored } from "../../durable-objects/node/log/disk.ts";
import type { SqlValue } from "../../durable-objects/platform/platform.ts";

/** A statement of a row of the log. */
export type Statement = readonly [query: string, bindings: readonly SqlValue[]];

interface ObjectOnDisk {
  readonly name: string;
  upTo: number;
  alarm: number | null;
  schema: readonly string[];
  /** By table and key. */
  readonly parts: Map<string, ImagePart>;
}

interface Row {
  readonly object: number;
  readonly alarm?: number | null;
  readonly body: string;
}

/** The state of a runtime in memory: what `SqliteDisk` does on a real disk. */
export class MemoryDisk {
  readonly #objects = new Map<number, ObjectOnDisk>();
  readonly #log = new Map<number, Row>();
  readonly #texts = new Map<number, string>();
  #last = { lastPosition: 0, lastObject: 0, lastAt: 0 };
  doubt = noDoubt;
  readonly #onRow: (name: string, statements: readonly Statement[]) => void;
  readonly #onDeleted: (name: string) => void;

  /** `onRow`: called with each row of the log, once it is on disk. */
  constructor(
    onRow: (name: string, statements: readonly Statement[]) => void = () => {},
    onDeleted: (name: string) => void = () => {},
  ) {
    this.#onRow = onRow;
    this.#onDeleted = onDeleted;
  }

  /** The same state, of which nobody hears. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    copy.setTo(this);
    return copy;
  }

  setTo(other: MemoryDisk): void {
    for (const map of [this.#objects, this.#log, this.#texts]) map.clear();
    for (const [number, object] of other.#objects)
      this.#objects.set(number, { ...object, parts: new Map(object.parts) });
    for (const [position, row] of other.#log) this.#log.set(position, row);
    for (const [number, text] of other.#texts) this.#texts.set(number, text);
    this.#last = other.#last;
    this.doubt = other.doubt;
  }

  open(): Stored {
    const rows = [...this.#log].filter(
      ([position, { object }]) => position > (this.#objects.get(object)?.upTo ?? position),
    );
    const alarms = new Map(rows.flatMap(([, { object, alarm }]) => (alarm === undefined ? [] : [[object, alarm]])));
    return {
      objects: Array.from(this.#objects, ([object, { name, alarm }]) => {
        const known = alarms.get(object);
        return { object, name, alarm: known === undefined ? alarm : known };
      }),
      rows: rows.map(([position, { object }]) => [position, object] as const),
      texts: [...this.#texts],
      ...this.#last,
      restoredAt: null,
      doubt: this.doubt,
    };
  }

  read(number: number, positions: readonly number[]) {
    const object = this.#objects.get(number);
    const bodies = positions.map((position) => {
      const row = this.#log.get(position);
      if (!row) throw new Error(`the log lacks row ${position} of object ${number}`);
      return row.body;
    });
    return { image: { schema: object?.schema ?? [], parts: [...(object?.parts.values() ?? [])] }, bodies };
  }

  flush({ texts, created, rows, images, deleted, droppable }: Flush, at: number): void {
    for (const [number, text] of texts) this.#texts.set(number, text);
    for (const number of deleted) {
      this.#onDeleted(this.#objects.get(number)?.name ?? "");
      this.#objects.delete(number);
    }
    for (const [number, name] of created)
      this.#objects.set(number, { name, upTo: 0, alarm: null, schema: [], parts: new Map() });
    for (const { position, ...row } of rows) this.#log.set(position, row);
    for (const { object: number, upTo, alarm, schema, replaced, parts, gone } of images) {
      const object = this.#objects.get(number);
      if (!object) continue;
      for (const [name, { table }] of object.parts) if (replaced.includes(table)) object.parts.delete(name);
      for (const part of parts) object.parts.set(nameOf(part), part);
      for (const part of gone) object.parts.delete(nameOf(part));
      Object.assign(object, { upTo, alarm, schema });
    }
    if (droppable) {
      const { before, except } = droppable;
      for (const [position, { object }] of [...this.#log])
        if (position < before && !except.includes(object)) this.#log.delete(position);
    }
    const { lastPosition, lastObject } = this.#last;
    this.#last = {
      lastPosition: Math.max(lastPosition, rows.at(-1)?.position ?? 0),
      lastObject: Math.max(lastObject, created.at(-1)?.[0] ?? 0),
      lastAt: Math.max(this.#last.lastAt, at),
    };
    for (const { object, body } of rows) this.#onRow(this.#objects.get(object)?.name ?? "", this.#statements(body));
  }

  setBack(to: number): void {
    const byMs = this.#last.lastAt - to;
    const earlier = (alarm: number | null | undefined) =>
      typeof alarm === "number" && alarm > to ? Math.max(to, alarm - byMs) : alarm;
    for (const object of this.#objects.values()) object.alarm = earlier(object.alarm) ?? null;
    for (const [position, row] of this.#log)
      if (row.alarm !== undefined) this.#log.set(position, { ...row, alarm: earlier(row.alarm) ?? null });
    this.#last = { ...this.#last, lastAt: to };
  }

  #statements(body: string): readonly Statement[] {
    return (JSON.parse(body) as (readonly [text: number | string, ...bindings: readonly SqlValue[]])[]).map(
      ([text, ...bindings]) => [typeof text === "number" ? (this.#texts.get(text) ?? "") : text, bindings],
    );
  }
}

function nameOf({ table, key }: Omit<ImagePart, "rows">): string {
  return JSON.stringify([table, key]);
}
