import { DurableObject } from "cloudflare:workers";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import type { MeetingAnswer, MeetingQuestion, ProvisioningState, WebexSiteRpc } from "../../src/rpc/webex-site.ts";
import { findDomain, siteSecretOf } from "../../src/settings/load.ts";
import type { SiteNumber } from "../../webex-interfaces/doors/edge.ts";
import { type Env, platformOf } from "../platform/platform.ts";
import { deleteObject } from "../platform/retention.ts";
import { digestUnderToken } from "./code-digest.ts";
import type { WebexSite } from "./webex-site.ts";

/** What a domain knows of its WebEx site, on the platform. */
export class WebexSiteObject extends DurableObject<Env> implements WebexSiteRpc {
  /** `null` before the first call, and after everything was deleted. */
  #site: Promise<WebexSite> | null = null;

  async settingsRead(domain: DomainName): Promise<void> {
    return (await this.#current).settingsRead(domain);
  }

  async meeting(question: MeetingQuestion): Promise<MeetingAnswer> {
    return (await this.#current).meeting(question);
  }

  async accessCode(question: MeetingQuestion): Promise<string | null> {
    return (await this.#current).accessCode(question);
  }

  async topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>> {
    return (await this.#current).topics(domain, conferences);
  }

  async numbers(domain: DomainName): Promise<readonly SiteNumber[]> {
    return (await this.#current).numbers(domain);
  }

  async provisioning(domain: DomainName): Promise<ProvisioningState> {
    return (await this.#current).provisioning(domain);
  }

  async beginCheck(domain: DomainName): Promise<ProvisioningState> {
    return (await this.#current).beginCheck(domain);
  }

  override async alarm(): Promise<void> {
    return (await this.#current).alarm();
  }

  get #current(): Promise<WebexSite> {
    this.#site ??= this.#load();
    return this.#site;
  }

  /** The tables of WebEx's interfaces cost each start of a Worker some 15 ms, and few domains have a site: they are read when they are wanted. */
  async #load(): Promise<WebexSite> {
    const { WebexSite } = await import("./webex-site.ts");
    const { ctx, env } = this;
    return new WebexSite({
      ...platformOf(ctx, env),
      domain: (name) => findDomain(env, name),
      secret: (name) => siteSecretOf(env, name),
      // Workers refuse a fetch that is called as a method.
      fetch: (address, init) => fetch(address, init),
      secretDigest: await digestUnderToken(env),
      deleteAll: async () => {
        this.#site = null;
        await deleteObject(ctx.storage);
      },
    });
  }
}
