import { DurableObject } from "cloudflare:workers";
import { findDomain } from "../src/domain.ts";
import type { Mail, UnroutedMailRpc } from "../src/rpc.ts";
import type { Env } from "./env.ts";
import { Mailbox } from "./mailbox.ts";
import { platformOf } from "./platform.ts";

/** A mailbox on the platform. */
export class UnroutedMailObject extends DurableObject<Env> implements UnroutedMailRpc {
  #mailbox: Mailbox | null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#mailbox = this.#begin();
  }

  send(mail: Mail): Promise<void> {
    this.#mailbox ??= this.#begin();
    return this.#mailbox.send(mail);
  }

  override async alarm(): Promise<void> {
    await this.#mailbox?.alarm();
  }

  #begin(): Mailbox {
    const { ctx, env } = this;
    return new Mailbox({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      allocateIds: (request) => env.ID_ALLOCATOR.getByName(request.domain).allocate(request),
      deleteAll: () => {
        this.#mailbox = null;
        return ctx.storage.deleteAll();
      },
    });
  }
}
