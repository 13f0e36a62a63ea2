import type { EpochMs } from "../../../src/foundation/ids.ts";

/** A row of an object's database. */
export interface StoredRow {
  readonly table: string;
  /** JSON of the values of its primary key. */
  readonly key: string;
  /** JSON of all its values; `null`: the row is gone. */
  readonly values: string | null;
}

export interface ObjectChange {
  /** `conference/local/555120777` */
  readonly name: string;
  /** `null`: it is not to be woken. */
  readonly alarm: EpochMs | null;
  /** How its tables are made, if that has changed: then `rows` are all that it has. `null`: as before. */
  readonly schema: readonly string[] | null;
  /** The disk has rows of it for another schema. */
  readonly replaces: boolean;
  readonly rows: readonly StoredRow[];
}

/** What goes to disk together: all of it, or nothing. */
export interface Flush {
  readonly at: EpochMs;
  /** Objects that are gone; `changes` may have one of the same name that has begun since. */
  readonly deleted: readonly string[];
  readonly changes: readonly ObjectChange[];
}

/** All that a start needs. */
export interface Stored {
  readonly alarms: readonly (readonly [name: string, at: EpochMs])[];
  /** When something was last written; 0: nothing was. */
  readonly lastAt: EpochMs;
  /** When `bridgehead restore` last put this state back; `null`: never. */
  readonly restoredAt: EpochMs | null;
  /** The last process ran for a day with the machine's clock. */
  readonly trustsClock: boolean;
}

/** What reads an object of a disk. */
export interface Rows {
  schemaOf(name: string): Promise<readonly string[]>;
  /** The next rows of an object behind this one, at most `rowsAtOnce`. */
  rowsOf(name: string, after: StoredRow | null): Promise<readonly StoredRow[]>;
}

/** Where all objects of an edge lie. After a call that rejects, the process ends. */
export interface Disk extends Rows {
  /** Rejects with `NoState` if a person must act, and otherwise if a later attempt may succeed. */
  open(): Promise<Stored>;
  /** Where another thread reads the same; absent: nowhere, and large objects hold up others. */
  readonly place?: DiskPlace;
  /** Resolves once all of it survives a loss of power. One at a time. */
  write(flush: Flush): Promise<void>;
  /** The next start believes the machine's clock. */
  trustClock(): Promise<void>;
  /** Absent: no other edge can act. */
  readonly lease?: Lease;
  close(): Promise<void>;
}

/** A file of SQLite, or the URL of a database. */
export type DiskPlace = { readonly file: string } | { readonly database: string };

/** For how long no other edge can act, by what this one has heard of a database that they share. */
export interface Lease {
  readonly isHeld: boolean;
  /** Resolves when it has heard more. Where it has lost the lease, its process ends. */
  renewed(): Promise<void>;
}

export const rowsAtOnce = 500;

/** The state cannot be used until a person has acted. The name tells it from other errors, also beyond a bundle. */
export class NoState extends Error {
  override readonly name = "NoState";
}
