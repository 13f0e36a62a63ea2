import { DurableObject } from "cloudflare:workers";
import type { ConfKey, DomainName, MsgId } from "../src/foundation/ids.ts";
import { dayMs } from "../src/foundation/timers.ts";
import type { IdAllocatorRpc, IdBlocks, IdRequest } from "../src/rpc.ts";
import { type Domain, findDomain } from "../src/settings/load.ts";
import { IdAllocator, sweep, sweepEveryMs } from "./id-allocator.ts";
import { type Env, platformOf } from "./platform.ts";

/**
 * The TransIDs and MsgIDs of one domain, allocated in blocks, so that no two objects ever use the same. By its blocks the
 * allocator knows which conferences there are, and wakes them now and then.
 */
export class IdAllocatorObject extends DurableObject<Env> implements IdAllocatorRpc {
  readonly #ids: IdAllocator;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#ids = new IdAllocator(platformOf(ctx, env).sql);
  }

  async allocate({ domain, holder, ...wanted }: IdRequest): Promise<IdBlocks> {
    const { storage } = this.ctx;
    const now = Date.now();
    const blocks = this.#ids.allocate(holder, wanted, now);
    if (storage.kv.get("domain") === undefined) storage.kv.put("domain", domain);
    const alarm = await storage.getAlarm();
    if (alarm === null || alarm > now + sweepEveryMs) storage.setAlarm(now + sweepEveryMs);
    return blocks;
  }

  async holderOf(msgId: MsgId): Promise<ConfKey | null> {
    const domain = this.#domain;
    return domain && this.#ids.holderOf(msgId, Date.now(), domain.settings.journalRetentionDays * dayMs);
  }

  get #domain(): Domain | null {
    const name = this.ctx.storage.kv.get<DomainName>("domain");
    return name === undefined ? null : findDomain(this.env, name);
  }

  override async alarm(): Promise<void> {
    const { ctx, env } = this;
    const { kv } = ctx.storage;
    const domain = kv.get<DomainName>("domain");
    const { setAlarm, after, log } = platformOf(ctx, env);
    // On disk, since this object may be evicted between two pages.
    const before = kv.get<number>("sweepBefore") ?? null;
    const next = await sweep(
      {
        ids: this.#ids,
        isRemoved: () => this.#domain === null,
        conference: (confKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
        log: (line) => log({ ...line, domain }),
        setAlarm,
        after,
      },
      before,
      Date.now(),
    );
    if (next !== before) kv.put("sweepBefore", next);
  }
}
