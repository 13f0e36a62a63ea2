import {
  type Disk,
  type Flush,
  rowsAtOnce,
  type Stored,
  type StoredRow,
} from "../../durable-objects/node/rows/disk.ts";

interface ObjectOnDisk {
  alarm: number | null;
  schema: readonly string[];
  /** By table and key. */
  readonly rows: Map<string, StoredRow>;
}

/** The state of a runtime in memory: what `stateFile` does on a real disk, and what survives a process. */
export class MemoryDisk {
  #objects = new Map<string, ObjectOnDisk>();
  #lastAt = 0;
  #restoredAt: number | null = null;

  open(): Stored {
    const alarms = Array.from(this.#objects, ([name, { alarm }]) => [name, alarm] as const);
    return {
      alarms: alarms.filter((one): one is readonly [string, number] => one[1] !== null),
      lastAt: this.#lastAt,
      restoredAt: this.#restoredAt,
      trustsClock: false,
    };
  }

  schemaOf(name: string): readonly string[] {
    return this.#objects.get(name)?.schema ?? [];
  }

  rowsOf(name: string, after: StoredRow | null): readonly StoredRow[] {
    const rows = [...(this.#objects.get(name)?.rows ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
    const behind = after ? rows.filter(([key]) => key > keyOf(after)) : rows;
    return behind.slice(0, rowsAtOnce).map(([, row]) => row);
  }

  write({ at, deleted, changes }: Flush): void {
    for (const name of deleted) this.#objects.delete(name);
    for (const { name, alarm, schema, replaces, rows } of changes) {
      const object = this.#objects.get(name) ?? { alarm, schema: [], rows: new Map() };
      this.#objects.set(name, object);
      object.alarm = alarm;
      object.schema = schema ?? object.schema;
      if (replaces) object.rows.clear();
      for (const row of rows) {
        if (row.values === null) object.rows.delete(keyOf(row));
        else object.rows.set(keyOf(row), row);
      }
    }
    this.#lastAt = at;
  }

  /** The state of now, as from a backup: what puts it back. */
  saved(): (at: number) => void {
    const objects = Array.from(this.#objects, ([name, one]) => [name, { ...one, rows: new Map(one.rows) }] as const);
    return (at) => {
      this.#objects = new Map(objects);
      this.#restoredAt = Math.max(at, (this.#restoredAt ?? 0) + 1);
    };
  }

  /** As the runtime has it, for one that never fails. */
  asDisk(): Disk {
    return {
      open: async () => this.open(),
      schemaOf: async (name) => this.schemaOf(name),
      rowsOf: async (name, after) => this.rowsOf(name, after),
      write: async (flush) => this.write(flush),
      trustClock: async () => {},
      close: async () => {},
    };
  }
}

function keyOf({ table, key }: StoredRow): string {
  return `${table}\0${key}`;
}
