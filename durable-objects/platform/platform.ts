import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { IdBlocks, IdRequest } from "../../src/rpc/id-allocator.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { Log } from "./log.ts";
import type { Measures } from "./measures.ts";
import type { HttpAnswer, PostRequest } from "./post.ts";

/** The platform of an object; each class asks for its part. */
export interface Platform extends Timers {
  readonly sql: Sql;
  readonly log: Log;
  readonly measures: Measures;
  now(): EpochMs;
  /** The machine's clock, where `now` only follows it; absent: `now` is that clock. */
  readonly machineNow?: () => EpochMs;
  /** Ends in time: what goes wrong is an answer like others. Rejects only where the object's life is over by then. */
  post(request: PostRequest): Promise<HttpAnswer>;
  /**
   * Replaces the one alarm there is, with what else the turn writes; a transaction that fails does not take
   * it back. For `Alarm` alone.
   */
  setAlarm(at: EpochMs): Promise<void>;
  /** Also one that an earlier life set; `null`: none is set, or it is running. */
  getAlarm(): Promise<EpochMs | null>;
  /** Ends the life of the object: the next call begins with what is on disk. */
  abort(why: string): void;
  /**
   * Asked before each piece of work that can wait, such as reading for people: resolves when posts and calls
   * have had their turn. Absent: a timer of 0 ms does so.
   */
  giveWay?(): Promise<void>;
  /** Resolves once all that was written is on disk, and rejects where it is lost. Absent: the platform waits. */
  onDisk?(): Promise<void>;
  /**
   * When all that is on disk was last put back from a backup, like no other such time: what was written between the backup and then is lost. Absent:
   * never, or the platform has no backups.
   */
  readonly restoredAt?: EpochMs;
}

/** What the object of a domain needs besides; each class asks for its part. */
export interface DomainPorts {
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
  allocateIds(request: IdRequest): Promise<IdBlocks>;
  /** 64 random bits as text. */
  nonce(): string;
  /** Deletes everything, and ends the life of the object: the next call begins anew. */
  deleteAll(): Promise<void>;
}

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** An SQLite database that belongs to one object alone. */
export interface Sql {
  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
  /** All or nothing; what `work` throws comes out again after everything was taken back. */
  transaction<Value>(work: () => Value): Value;
}

export function hasTable(sql: Sql, name: string): boolean {
  return sql.exec("SELECT name FROM sqlite_master WHERE name = ?", name).length > 0;
}
