import { DurableObject } from "cloudflare:workers";
import type { ConfKey, EpochMs, MsgId } from "../src/foundation/ids.ts";
import type { Env } from "./env.ts";
import { NumberBooks } from "./number-books.ts";
import type { HolderPage, NumberBlocks, NumberPoolRpc, NumbersWanted } from "./rpc.ts";
import { storageSql } from "./sql.ts";

/** The TransIDs and MsgIDs of one domain, given out in blocks, so that no two objects ever use the same. */
export class NumberPoolObject extends DurableObject<Env> implements NumberPoolRpc {
  readonly #books: NumberBooks;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#books = new NumberBooks(storageSql(ctx.storage));
  }

  async take({ holder, ...wanted }: NumbersWanted & { readonly holder: ConfKey | null }): Promise<NumberBlocks> {
    return this.#books.take(holder, wanted, Date.now());
  }

  async holderOf(msgId: MsgId): Promise<ConfKey | null> {
    return this.#books.holderOf(msgId, Date.now());
  }

  async holdersSince(since: EpochMs, from: number | null): Promise<HolderPage> {
    return this.#books.holdersSince(since, from);
  }
}
