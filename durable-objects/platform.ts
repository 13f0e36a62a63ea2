import type { EpochMs } from "../src/foundation/ids.ts";
import type { Timers } from "../src/foundation/timers.ts";
import type { Env } from "./env.ts";
import { logOf } from "./log.ts";
import type { OutboxPorts } from "./outbox.ts";
import { fetchPost } from "./post.ts";
import { storageSql } from "./sql.ts";

/** What an object that posts to WebEx has of its platform. */
export interface Platform extends OutboxPorts {
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
