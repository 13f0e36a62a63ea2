import { DurableObject } from "cloudflare:workers";
import type { ConfKey, DomainName } from "../src/foundation/ids.ts";
import type { MeetingAnswer, MeetingQuestion, ProvisioningState, WebexSiteRpc } from "../src/rpc.ts";
import { findDomain, siteSecretOf } from "../src/settings/load.ts";
import type { SiteNumber } from "../src/webex/provisioning.ts";
import { type Env, platformOf } from "./platform.ts";
import { WebexSite } from "./webex-site.ts";

/** What a domain knows of its WebEx site, on the platform. */
export class WebexSiteObject extends DurableObject<Env> implements WebexSiteRpc {
  /** `null` before the first call, and after everything was deleted. */
  #site: WebexSite | null = null;

  settingsRead(domain: DomainName): Promise<void> {
    return this.#current.settingsRead(domain);
  }

  meeting(question: MeetingQuestion): Promise<MeetingAnswer> {
    return this.#current.meeting(question);
  }

  topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>> {
    return this.#current.topics(domain, conferences);
  }

  numbers(domain: DomainName): Promise<readonly SiteNumber[]> {
    return this.#current.numbers(domain);
  }

  provisioning(domain: DomainName): Promise<ProvisioningState> {
    return this.#current.provisioning(domain);
  }

  beginCheck(domain: DomainName): Promise<ProvisioningState> {
    return this.#current.beginCheck(domain);
  }

  override alarm(): Promise<void> {
    return this.#current.alarm();
  }

  get #current(): WebexSite {
    const { ctx, env } = this;
    this.#site ??= new WebexSite({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      secret: (name) => siteSecretOf(env, name),
      // Workers refuse a fetch that is called as a method.
      fetch: (address, init) => fetch(address, init),
      deleteAll: async () => {
        this.#site = null;
        await ctx.storage.deleteAlarm();
        await ctx.storage.deleteAll();
      },
    });
    return this.#site;
  }
}
