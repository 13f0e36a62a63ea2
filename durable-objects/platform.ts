import type { Env } from "./env.ts";
import { logOf } from "./log.ts";
import type { OutboxPorts } from "./outbox.ts";
import { fetchPost } from "./post.ts";
import { storageSql } from "./sql.ts";

/** What an object that posts to WebEx has of its platform. */
export function platformOf(ctx: DurableObjectState, env: Env): OutboxPorts & { setAlarm(at: number): void } {
  return {
    sql: storageSql(ctx.storage),
    log: logOf(env),
    now: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    post: fetchPost,
    setAlarm: (at) => {
      ctx.storage.setAlarm(at);
    },
  };
}
