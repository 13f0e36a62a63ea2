import { DurableObject } from "cloudflare:workers";
import type { DomainName } from "../src/foundation/ids.ts";
import type {
  ConferenceTotals,
  DirectoryPlace,
  DirectoryRpc,
  News,
  RebuildPage,
  RecordPage,
  RecordQuery,
  RunningPage,
  RunningQuery,
  WebhookView,
} from "../src/rpc.ts";
import { findDomain, webhookSecretOf } from "../src/settings/load.ts";
import { Directory } from "./directory.ts";
import { type Env, platformOf } from "./platform.ts";

/** The directory of one domain, on the platform. */
export class DirectoryObject extends DurableObject<Env> implements DirectoryRpc {
  #directory: Directory | null = null;

  tell(news: News): Promise<DirectoryPlace> {
    return this.#current.tell(news);
  }

  running(query: RunningQuery): Promise<RunningPage> {
    return this.#current.running(query);
  }

  totals(): Promise<ConferenceTotals> {
    return this.#current.totals();
  }

  webhooks(domain: DomainName): Promise<readonly WebhookView[]> {
    return this.#current.webhooks(domain);
  }

  records(query: RecordQuery): Promise<RecordPage> {
    return this.#current.records(query);
  }

  erase(domain: DomainName, number: string): Promise<number> {
    return this.#current.erase(domain, number);
  }

  rebuild(domain: DomainName, from: RebuildPage["next"]): Promise<RebuildPage> {
    return this.#current.rebuild(domain, from);
  }

  override alarm(): Promise<void> {
    return this.#current.alarm();
  }

  get #current(): Directory {
    const { ctx, env } = this;
    this.#directory ??= new Directory({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      conference: (domain, confKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
      conferencesOf: (domain, ...page) => env.ID_ALLOCATOR.getByName(domain).conferencesOf(...page),
      secret: (name) => webhookSecretOf(env, name),
      nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
      deleteAll: async () => {
        this.#directory = null;
        await ctx.storage.deleteAlarm();
        await ctx.storage.deleteAll();
      },
    });
    return this.#directory;
  }
}
