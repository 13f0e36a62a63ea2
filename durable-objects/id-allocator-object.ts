import { DurableObject } from "cloudflare:workers";
import type { ConfKey, DomainName, MsgId } from "../src/foundation/ids.ts";
import type { IdAllocatorRpc, IdBlocks, IdRequest } from "../src/rpc.ts";
import type { Env } from "./env.ts";
import { logOf } from "./log.ts";
import { NumberBooks } from "./number-books.ts";
import { storageSql } from "./sql.ts";
import { sweep, sweepEveryMs } from "./sweep.ts";

/**
 * The TransIDs and MsgIDs of one domain, given out in blocks, so that no two objects ever use the same. It knows by that
 * which conferences there are, and wakes them now and then.
 */
export class IdAllocatorObject extends DurableObject<Env> implements IdAllocatorRpc {
  readonly #books: NumberBooks;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#books = new NumberBooks(storageSql(ctx.storage));
  }

  async allocate({ domain, holder, ...wanted }: IdRequest): Promise<IdBlocks> {
    const { storage } = this.ctx;
    const blocks = this.#books.take(holder, wanted, Date.now());
    if (storage.kv.get("domain") === undefined) storage.kv.put("domain", domain);
    if ((await storage.getAlarm()) === null) storage.setAlarm(Date.now() + sweepEveryMs);
    return blocks;
  }

  async holderOf(msgId: MsgId): Promise<ConfKey | null> {
    return this.#books.holderOf(msgId, Date.now());
  }

  override async alarm(): Promise<void> {
    const { ctx, env } = this;
    const { kv } = ctx.storage;
    const domain = kv.get<DomainName>("domain");
    // On disk, since this object may be evicted between two pages.
    const before = kv.get<number>("sweepBefore") ?? null;
    const next = await sweep(
      {
        books: this.#books,
        conference: (confKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
        setAlarm: (at) => {
          ctx.storage.setAlarm(at);
        },
        log: (line) => logOf(env)({ ...line, domain }),
      },
      before,
      Date.now(),
    );
    if (next !== before) kv.put("sweepBefore", next);
  }
}
