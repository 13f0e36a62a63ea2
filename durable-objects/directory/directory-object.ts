import type { DomainName } from "../../src/foundation/ids.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import type {
  AgentEvent,
  AuditPage,
  ConferenceTotals,
  DirectoryRpc,
  DomainActivity,
  ErasurePage,
  GivenUpPage,
  RebuildPage,
  RecordPage,
  RecordQuery,
  RunningPage,
  RunningQuery,
  WebhookView,
} from "../../src/rpc/directory.ts";
import type { FactPage, FeedAnswer, GivenUpPost } from "../../src/rpc/directory-feed.ts";
import { findDomain, webhookSecretOf } from "../../src/settings/load.ts";
import { platformOf } from "../platform/platform.ts";
import { deleteObject } from "../platform/retention.ts";
import { WatchedObject } from "../platform/watched-object.ts";
import { Directory } from "./directory.ts";

/** The directory of one domain, on the platform. */
export class DirectoryObject extends WatchedObject implements DirectoryRpc {
  #directory: Directory | null = null;

  follow(page: FactPage): Promise<FeedAnswer> {
    return this.#current.follow(page);
  }

  running(query: RunningQuery): Promise<RunningPage> {
    return this.#current.running(query);
  }

  totals(): Promise<ConferenceTotals> {
    return this.#current.totals();
  }

  tellOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void> {
    return this.#current.tellOfAgents(domain, events);
  }

  webhooks(domain: DomainName): Promise<readonly WebhookView[]> {
    return this.#current.webhooks(domain);
  }

  count(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void> {
    return this.#current.count(domain, minutes);
  }

  activity(): Promise<DomainActivity> {
    return this.#current.activity();
  }

  records(query: RecordQuery): Promise<RecordPage> {
    return this.#current.records(query);
  }

  erase(domain: DomainName, number: string, from: number): Promise<ErasurePage> {
    return this.#current.erase(domain, number, from);
  }

  rebuild(domain: DomainName, from: RebuildPage["next"]): Promise<RebuildPage> {
    return this.#current.rebuild(domain, from);
  }

  keepAudit(domain: DomainName, entry: AuditEntry): Promise<void> {
    return this.#current.keepAudit(domain, entry);
  }

  givenUp(before: string | null, limit: number): Promise<GivenUpPage> {
    return this.#current.givenUp(before, limit);
  }

  givenUpPost(id: string): Promise<GivenUpPost | null> {
    return this.#current.givenUpPost(id);
  }

  audit(before: number | null, limit: number): Promise<AuditPage> {
    return this.#current.audit(before, limit);
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
      changed: () => this.changed(),
      secret: (name) => webhookSecretOf(env, name),
      nonce: () => String(crypto.getRandomValues(new BigUint64Array(1))),
      deleteAll: async () => {
        this.#directory = null;
        await deleteObject(ctx.storage);
      },
    });
    return this.#directory;
  }
}
