import type { EpochMs } from "../src/foundation/ids.ts";
import type { Timers } from "../src/foundation/timers.ts";
import type { Env } from "./env.ts";
import { type Log, logOf } from "./log.ts";
import { fetchPost, type HttpAnswer, type PostRequest } from "./post.ts";
import { type Sql, storageSql } from "./sql.ts";

/** The platform of an object; each class asks for its part. */
export interface Platform extends Timers {
  readonly sql: Sql;
  readonly log: Log;
  now(): EpochMs;
  /** Never rejects, and ends in time: what goes wrong is an answer like others. */
  post(request: PostRequest): Promise<HttpAnswer>;
  /** Replaces the one alarm there is; part of the transaction of the same turn. */
  setAlarm(at: EpochMs): void;
  /** Ends the life of the object: the next call begins with what is on disk. */
  abort(why: string): void;
}

export const timers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export function platformOf(ctx: DurableObjectState, env: Env): Platform {
  return {
    sql: storageSql(ctx.storage),
    log: logOf(env),
    now: () => Date.now(),
    ...timers,
    post: fetchPost,
    setAlarm: (at) => {
      ctx.storage.setAlarm(at);
    },
    abort: (why) => ctx.abort(why),
  };
}
