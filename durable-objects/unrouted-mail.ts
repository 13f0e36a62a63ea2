import { DurableObject } from "cloudflare:workers";
import { domainOf } from "./domain-of.ts";
import type { Env } from "./env.ts";
import { logOf } from "./log.ts";
import { Mailbox } from "./mailbox.ts";
import { fetchPost } from "./post.ts";
import type { Mail, UnroutedMailRpc } from "./rpc.ts";
import { storageSql } from "./sql.ts";

/** Few numbers at a time: this mail is rare, and those not used are lost when the object is evicted. */
const numbersAtOnce = 50;

/** Answers to one WebEx host that belong to no conference. */
export class UnroutedMailObject extends DurableObject<Env> implements UnroutedMailRpc {
  readonly #mailbox: Mailbox;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#mailbox = new Mailbox({
      sql: storageSql(ctx.storage),
      log: logOf(env),
      now: () => Date.now(),
      wait: (ms) => scheduler.wait(ms),
      post: fetchPost,
      domain: (name) => domainOf(env, name),
      takeTransIds: async (domain) => {
        const pool = env.NUMBER_POOL.getByName(domain);
        return (await pool.take({ holder: null, msgIds: 0, transIds: numbersAtOnce })).transIds;
      },
      setAlarm: (at) => {
        ctx.storage.setAlarm(at);
      },
    });
  }

  send(mail: Mail): Promise<void> {
    return this.#mailbox.send(mail);
  }

  override alarm(): Promise<void> {
    return this.#mailbox.alarm();
  }
}
