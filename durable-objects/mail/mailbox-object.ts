import { DurableObject } from "cloudflare:workers";
import type { ConferenceTotals } from "../../src/rpc/directory.ts";
import type { Mail, MailboxRpc, SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import { findDomain } from "../../src/settings/load.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { deleteObject } from "../platform/retention.ts";
import { Mailbox } from "./mailbox.ts";

/** A mailbox on the platform. */
export class MailboxObject extends DurableObject<Env> implements MailboxRpc {
  /** `null` before the first call, and after everything was deleted. */
  #mailbox: Mailbox | null = null;

  send(mail: Mail): Promise<void> {
    return this.#current.send(mail);
  }

  share(answers: SharedAnswers): Promise<ShareResult> {
    return this.#current.share(answers);
  }

  waiting(): Promise<Pick<ConferenceTotals, "documents" | "oldestAt">> {
    return this.#current.waiting();
  }

  override alarm(): Promise<void> {
    return this.#current.alarm();
  }

  get #current(): Mailbox {
    const { ctx, env } = this;
    this.#mailbox ??= new Mailbox({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      allocateIds: (request) => env.ID_ALLOCATOR.getByName(request.domain).allocate(request),
      deleteAll: () => {
        this.#mailbox = null;
        return deleteObject(ctx.storage);
      },
    });
    return this.#mailbox;
  }
}
