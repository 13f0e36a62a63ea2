import type { EpochMs } from "../../../src/foundation/ids.ts";

/** A row of an object's database, as it is on disk. */
export interface StoredRow {
  readonly table: string;
  /** JSON of the values of its primary key. */
  readonly key: string;
  /** JSON of all its values. `null` if the row was deleted. */
  readonly values: string | null;
}

export interface ObjectChange {
  /** `conference/local/555120777` */
  readonly name: string;
  /** `null` if the object has no alarm. */
  readonly alarm: EpochMs | null;
  /** Statements that create its tables; `null` if unchanged. */
  readonly schema: readonly string[] | null;
  /** True if `rows` has all rows of altered tables. Rows on disk must be deleted first. */
  readonly replaces: boolean;
  readonly rows: readonly StoredRow[];
}

/** Changes that are written in one transaction. */
export interface Flush {
  readonly at: EpochMs;
  /** Names of deleted objects. `changes` can have a new object of the same name. */
  readonly deleted: readonly string[];
  readonly changes: readonly ObjectChange[];
}

/** The part of the state that a start reads. */
export interface Stored {
  readonly alarms: readonly (readonly [name: string, at: EpochMs])[];
  /** Time of the last write. 0 if there was none. */
  readonly lastAt: EpochMs;
  /** Time of the last `bridgehead restore`. `null` if there was none. */
  readonly restoredAt: EpochMs | null;
  /** True if this start must believe the machine's clock: the last run took a day, or the state was restored. */
  readonly trustsClock: boolean;
}

/** Reads objects from a disk. */
export interface Rows {
  schemaOf(name: string): Promise<readonly string[]> | readonly string[];
  /** Returns the next rows after `after`, at most `rowsAtOnce`. */
  rowsOf(name: string, after: StoredRow | null): Promise<readonly StoredRow[]> | readonly StoredRow[];
}

/** The storage of all objects of an edge. If a call rejects, the process must end. */
export interface Disk extends Rows {
  /** Rejects with `NoState` if a user must act, and with another error if a later attempt can succeed. */
  open(): Promise<Stored>;
  /** The place from which another thread can read. Without it, loading a large object blocks the others. */
  readonly place?: DiskPlace;
  /** Writes a flush. Resolves once it survives a loss of power. Only one call may run at a time. */
  write(flush: Flush): Promise<void>;
  /** Makes the next start believe the machine's clock. */
  trustClock(): Promise<void>;
  /** Absent if no other edge can be active. */
  readonly lease?: Lease;
  close(): Promise<void>;
}

/** A SQLite file, or the URL of a PostgreSQL database. */
export type DiskPlace = { readonly file: string } | { readonly database: string };

/** The guarantee that no other edge of the same database is active. Each commit renews it. */
export interface Lease {
  readonly isHeld: boolean;
  /** Resolves at the next commit. If the lease is lost, the process ends instead. */
  renewed(): Promise<void>;
}

export const rowsAtOnce = 500;

/** The state cannot be used until a user has acted. Check `name`: `instanceof` fails across bundles. */
export class NoState extends Error {
  override readonly name = "NoState";
}
