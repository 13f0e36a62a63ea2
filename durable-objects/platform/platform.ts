import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type { CountsRpc } from "../../src/rpc/counts.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { HandleIndexRpc } from "../../src/rpc/handle-index.ts";
import type { IdAllocatorRpc, IdBlocks, IdRequest } from "../../src/rpc/id-allocator.ts";
import type { MailboxRpc } from "../../src/rpc/mailbox.ts";
import type { RelayRpc } from "../../src/rpc/relay.ts";
import type { SessionsRpc } from "../../src/rpc/sessions.ts";
import type { WebexSiteRpc } from "../../src/rpc/webex-site.ts";
import { type Domain, showsPersonal } from "../../src/settings/load.ts";
import type { ActivitySender } from "../counts/activity-sender.ts";
import { CountsSender } from "../counts/counts-sender.ts";
import { type Log, logOf } from "./log.ts";
import { Measures } from "./measures.ts";
import { fetchPost, type HttpAnswer, type PostRequest } from "./post.ts";

/** The platform of an object; each class asks for its part. */
export interface Platform extends Timers {
  readonly sql: Sql;
  readonly log: Log;
  readonly measures: Measures;
  now(): EpochMs;
  /** Never rejects, and ends in time: what goes wrong is an answer like others. */
  post(request: PostRequest): Promise<HttpAnswer>;
  /** Replaces the one alarm there is; part of the transaction of the same turn. For `Alarm` alone. */
  setAlarm(at: EpochMs): Promise<void>;
  /** Also one that an earlier life set; `null`: none is set, or it is running. */
  getAlarm(): Promise<EpochMs | null>;
  /** Ends the life of the object: the next call begins with what is on disk. */
  abort(why: string): void;
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

/** All objects of a process share it. */
export const measures = new Measures();

let sender: CountsSender | null = null;

export function countsSenderOf(env: Env): CountsSender {
  sender ??= new CountsSender(
    {
      ...timers,
      now: () => Date.now(),
      newName: () => crypto.randomUUID(),
      send: (from, portions) => env.COUNTS.getByName("all").add(from, portions),
    },
    measures.counts,
  );
  return sender;
}

type Objects<Calls> = DurableObjectNamespace<Calls & Rpc.DurableObjectBranded>;

/** The objects (`objectsOf` has their names) and the settings that the edge is given at start. */
export interface Env {
  readonly CONFERENCE: Objects<ConferenceRpc>;
  readonly COUNTS: Objects<CountsRpc>;
  readonly DIRECTORY: Objects<DirectoryRpc>;
  readonly HANDLE_INDEX: Objects<HandleIndexRpc>;
  readonly ID_ALLOCATOR: Objects<IdAllocatorRpc>;
  readonly MAILBOX: Objects<MailboxRpc>;
  readonly RELAY: Objects<RelayRpc>;
  readonly WEBEX_SITE: Objects<WebexSiteRpc>;
  readonly SESSIONS: Objects<SessionsRpc>;
  /** JSON: domain name → settings. */
  readonly DOMAINS: string;
  readonly OPERATOR_TOKEN: string;
  /** JSON: people with tokens and roles of their own. */
  readonly OPERATORS?: string;
  /** Opens `/reload`; only on plain workerd, made anew with each start. */
  readonly RELOAD_TOKEN?: string;
  /** The folder of the objects; only on plain workerd. */
  readonly STATE_DISK?: Pick<Fetcher, "fetch">;
}

export function platformOf(ctx: DurableObjectState, env: Env): Platform {
  const counts = countsSenderOf(env);
  measures.onCounted = () => counts.counted();
  activitySenderOf(env);
  return {
    sql: {
      exec: (query, ...bindings) => ctx.storage.sql.exec<Record<string, SqlValue>>(query, ...bindings).toArray(),
      transaction: (work) => ctx.storage.transactionSync(work),
    },
    log: logAt(env),
    measures,
    now: () => Date.now(),
    ...timers,
    post: fetchPost,
    setAlarm: (at) => ctx.storage.setAlarm(at),
    getAlarm: () => ctx.storage.getAlarm(),
    abort: (why) => ctx.abort(why),
  };
}

export function activitySenderOf(env: Env): ActivitySender {
  measures.activity.sendBy({
    ...timers,
    newName: () => crypto.randomUUID(),
    count: (domain, source, minutes) => env.DIRECTORY.getByName(domain).count(domain, source, minutes),
  });
  return measures.activity;
}

/** The edge's log, on the platform's console. */
export function logAt(env: Env): Log {
  return logOf(
    (level, text) => console[level](text),
    (domain) => showsPersonal(env, domain),
    Date.now,
  );
}

export const timers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export function hasColumn(sql: Sql, table: string, column: string): boolean {
  return sql.exec("SELECT name FROM pragma_table_info(?) WHERE name = ?", table, column).length > 0;
}

export function hasTable(sql: Sql, name: string): boolean {
  return sql.exec("SELECT name FROM sqlite_master WHERE name = ?", name).length > 0;
}
