import { DurableObject } from "cloudflare:workers";
import type { ConfKey, DomainName, EpochMs, MsgId } from "../src/foundation/ids.ts";
import { dayMs } from "../src/foundation/timers.ts";
import type { IdAllocatorRpc, IdBlocks, IdRequest } from "../src/rpc.ts";
import { type Domain, findDomain } from "../src/settings/load.ts";
import { IdAllocator, type SweepProgress, sweep, sweepEveryMs } from "./id-allocator.ts";
import { type Env, platformOf } from "./platform.ts";

/**
 * The TransIDs and MsgIDs of one domain, allocated in blocks, so that no two objects ever use the same. By its blocks the
 * allocator knows which conferences there are, and wakes them now and then.
 */
export class IdAllocatorObject extends DurableObject<Env> implements IdAllocatorRpc {
  readonly #ids: IdAllocator;
  #swept: Omit<SweepProgress, "before"> = { isOfAll: true, allAt: null };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#ids = new IdAllocator(platformOf(ctx, env).sql);
  }

  async allocate({ domain, holder, ...wanted }: IdRequest): Promise<IdBlocks> {
    const { kv } = this.ctx.storage;
    const now = Date.now();
    const blocks = this.#ids.allocate(holder, wanted, now);
    if (kv.get("domain") === undefined) kv.put("domain", domain);
    await this.#sweepBy(now + sweepEveryMs);
    return blocks;
  }

  async sweepAllSoon(): Promise<void> {
    if (this.#ids.latestAt === null) return;
    this.#swept = { ...this.#swept, allAt: null };
    await this.#sweepBy(Date.now() + sweepEveryMs);
  }

  async #sweepBy(at: EpochMs): Promise<void> {
    const { storage } = this.ctx;
    const alarm = await storage.getAlarm();
    if (alarm === null || alarm > at) storage.setAlarm(at);
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
    const { before: next, ...swept } = await sweep(
      {
        ids: this.#ids,
        isRemoved: () => this.#domain === null,
        conference: (confKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
        log: (line) => log({ ...line, domain }),
        setAlarm,
        after,
      },
      { ...this.#swept, before },
      Date.now(),
    );
    this.#swept = swept;
    if (next !== before) kv.put("sweepBefore", next);
  }
}
