import { DurableObject } from "cloudflare:workers";
import type { ConfKey, DomainName, MsgId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { HolderPage, IdAllocatorRpc, IdBlocks, IdRequest } from "../../src/rpc/id-allocator.ts";
import { findDomain } from "../../src/settings/load.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { IdAllocator } from "./id-allocator.ts";
import { type Round, Sweep } from "./sweep.ts";

/**
 * The TransIDs and MsgIDs of one domain, allocated in blocks, so that no two objects ever use the same. By its blocks the
 * allocator knows which conferences there are, and sweeps them.
 */
export class IdAllocatorObject extends DurableObject<Env> implements IdAllocatorRpc {
  readonly #ids: IdAllocator;
  readonly #sweep: Sweep;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { storage } = ctx;
    const platform = platformOf(ctx, env);
    this.#ids = new IdAllocator(platform.sql);
    this.#sweep = new Sweep({
      ...platform,
      ids: this.#ids,
      log: (line) => platform.log({ ...line, domain: this.#domain }),
      conference: (confKey) => env.CONFERENCE.getByName(`${this.#domain}/${confKey}`),
      keptRound: () => storage.kv.get<Round>("sweepRound") ?? null,
      keepRound: (round) => storage.kv.put("sweepRound", round),
    });
  }

  async allocate({ domain, holder, ...wanted }: IdRequest): Promise<IdBlocks> {
    const blocks = this.#ids.allocate(holder, wanted, Date.now());
    if (this.#domain === undefined) this.ctx.storage.kv.put("domain", domain);
    await this.#sweep.allocated();
    return blocks;
  }

  async holderOf(msgId: MsgId): Promise<ConfKey | null> {
    const domain = this.#domain === undefined ? null : findDomain(this.env, this.#domain);
    return domain && this.#ids.holderOf(msgId, Date.now(), domain.settings.journalRetentionDays * dayMs);
  }

  async conferencesOf(lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage> {
    return this.#ids.holdersSince(Date.now() - lastMs, before, upTo);
  }

  sweep(): Promise<void> {
    return this.#sweep.begin();
  }

  override alarm(): Promise<void> {
    return this.#sweep.alarm();
  }

  get #domain(): DomainName | undefined {
    return this.ctx.storage.kv.get<DomainName>("domain");
  }
}
