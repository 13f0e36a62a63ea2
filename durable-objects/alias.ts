import { DurableObject } from "cloudflare:workers";
import type { ConfKey } from "../src/foundation/ids.ts";
import type { Env } from "./env.ts";
import type { AliasRpc } from "./rpc.ts";

/** The conference that one ExtConfID stands for. */
export class AliasObject extends DurableObject<Env> implements AliasRpc {
  async claim(confKey: ConfKey): Promise<ConfKey> {
    const holder = await this.lookup();
    if (holder !== null) return holder;
    await this.replace(confKey);
    return confKey;
  }

  async replace(confKey: ConfKey): Promise<void> {
    this.ctx.storage.kv.put("confKey", confKey);
  }

  async lookup(): Promise<ConfKey | null> {
    return this.ctx.storage.kv.get<ConfKey>("confKey") ?? null;
  }
}
