import { DurableObject } from "cloudflare:workers";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { HandleIndexRpc, HandleRequest } from "../../src/rpc/handle-index.ts";
import { findDomain } from "../../src/settings/load.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { deleteObject } from "../platform/retention.ts";
import { HandleIndex } from "./handle-index.ts";

/** The handle index of one domain, on the platform. */
export class HandleIndexObject extends DurableObject<Env> implements HandleIndexRpc {
  #index: HandleIndex;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#index = this.#begin();
  }

  resolve(request: HandleRequest): Promise<ReadonlyMap<ExtConfId, ConfKey> | null> {
    return this.#index.resolve(request);
  }

  hasConference(confKey: ConfKey): Promise<boolean> {
    return this.#index.hasConference(confKey);
  }

  override alarm(): Promise<void> {
    return this.#index.alarm();
  }

  #begin(): HandleIndex {
    const { ctx, env } = this;
    const { storage } = ctx;
    return new HandleIndex({
      ...platformOf(ctx, env),
      retentionMs: (name) => {
        const domain = findDomain(env, name);
        return domain && domain.settings.journalRetentionDays * dayMs;
      },
      hasHandle(domain, { confKey, extConfId }, claimedBy) {
        const conference = env.CONFERENCE.getByName(`${domain}/${confKey}`);
        return conference.hasHandle(extConfId, claimedBy).catch((error: unknown) => {
          throw new Error(`conference object ${conference.id}: ${error}`);
        });
      },
      deleteAll: async () => {
        await deleteObject(storage);
        this.#index = this.#begin();
      },
    });
  }
}
