import { DurableObject } from "cloudflare:workers";
import type { ConfKey } from "../src/foundation/ids.ts";
import { Alias } from "./alias.ts";
import type { Env } from "./env.ts";
import type { AliasRpc, HandleClaim } from "./rpc.ts";

/** An alias on the platform. */
export class AliasObject extends DurableObject<Env> implements AliasRpc {
  readonly #alias: Alias;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alias = new Alias({ kv: ctx.storage.kv, now: () => Date.now() });
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
}
