import { DurableObject } from "cloudflare:workers";
import { domainOf } from "../src/domain.ts";
import type { ConfKey } from "../src/foundation/ids.ts";
import type { AliasRpc, HandleClaim } from "../src/rpc.ts";
import { Alias } from "./alias.ts";
import type { Env } from "./env.ts";

const dayMs = 86_400_000;

/** An alias on the platform. */
export class AliasObject extends DurableObject<Env> implements AliasRpc {
  readonly #alias: Alias;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alias = new Alias({
      kv: ctx.storage.kv,
      now: () => Date.now(),
      setAlarm: (at) => {
        ctx.storage.setAlarm(at);
      },
      retentionMs: (domain) => domainOf(env, domain).settings.journalRetentionDays * dayMs,
      isHeld: ({ domain, confKey, extConfId }) => env.CONFERENCE.getByName(`${domain}/${confKey}`).hasHandle(extConfId),
      forget: () => ctx.storage.deleteAll(),
    });
  }

  claim(claim: HandleClaim): Promise<ConfKey> {
    return this.#alias.claim(claim);
  }

  replace(from: ConfKey, to: ConfKey): Promise<ConfKey> {
    return this.#alias.replace(from, to);
  }

  lookup(): Promise<ConfKey | null> {
    return this.#alias.lookup();
  }

  override alarm(): Promise<void> {
    return this.#alias.alarm();
  }
}
