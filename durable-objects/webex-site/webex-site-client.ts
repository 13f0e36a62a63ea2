import { doubling } from "../../src/delivery/backoff.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { instantText } from "../../src/foundation/time/shown-time.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import { Turns } from "../../src/foundation/time/turns.ts";
import type { WebexSiteSettings } from "../../src/settings/domain-settings.ts";
import {
  isOfAccepted,
  type PostFetch,
  type Refused,
  type SecurityContext,
  type Site,
  sayFault,
  siteOf,
  XmlApi,
  type XmlApiFault,
} from "../../webex-interfaces/doors/edge.ts";
import type { DomainPorts, Platform } from "../platform/platform.ts";
import type { Digest } from "./code-digest.ts";
import type { SiteTrouble, WebexSiteStore } from "./webex-site-store.ts";

export interface WebexSiteClientPorts
  extends Pick<Platform & DomainPorts, "now" | "after" | "log" | "measures" | "domain"> {
  /** A secret of the deployment, by its name. */
  secret(name: string): string | undefined;
  readonly fetch: PostFetch;
  /** Tells two secrets apart, in this life of the object and the next, without keeping them. */
  secretDigest: Digest;
}

const timeoutMs = 10_000;
/** For one request with its second try. */
const deadlineMs = 20_000;
/** Of the request that shows whether the site answers at all. */
const versionWithinMs = 5_000;
const mostAtOnce = 2;
/** How long a request waits for others; longer than a site that hangs takes to be known as such. */
const turnWithinMs = 30_000;
/** The answers that are used have some ten thousand bytes; what an answer takes in memory is a hundred times that. */
const maxAnswerBytes = 256 * 1_024;
/** After a site that answers no request. */
const siteBackoff = doubling(30_000, hourMs);
/** A site that fails again so soon after it worked is left alone for longer than the last time. */
const soonMs = 600_000;
/** Accounts are locked after a few wrong passwords. */
const wrongPasswordBackoff = doubling(hourMs, dayMs);
/** A person may try a wrong password again so often. */
const byHandMs = 60_000;

export interface Connection {
  readonly settings: WebexSiteSettings;
  readonly site: Site;
  readonly api: XmlApi;
}

export type SiteResult<Value> = { readonly ok: true; readonly value: Value } | SiteFailure;

export interface SiteFailure {
  readonly ok: false;
  readonly says: string;
  /**
   * `site`: others will fare alike, and nothing is asked for a while. `rate-limit`: the check alone waits. `refused` and `unreadable`: the
   * site answers others, but refuses this request, or has no proper answer to it. `not-sent`: others took too long, or the settings changed.
   */
  readonly why: "site" | "rate-limit" | "refused" | "unreadable" | "not-sent";
  /** For `site` and `rate-limit`: until when nothing is asked; absent: the next request is sent. */
  readonly until?: EpochMs;
}

export interface AskOptions {
  /** Somebody asked for it by hand: it is sent to a site that is left alone, too, a refused secret once a minute at most. */
  readonly isUrgent?: boolean;
  /** The request is one of a check, which waits for the site's rate limit by itself, so that operators do not wait with it. */
  readonly isOfCheck?: boolean;
  /** How long it waits for other requests. */
  readonly waitsMs?: number;
}

type Answer<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: XmlApiFault };

/** Requests to the site of the settings. A site that does not answer is left alone for a while, and has one line in the log. */
export class WebexSiteClient {
  readonly #ports: WebexSiteClientPorts;
  readonly #store: WebexSiteStore;
  /** `key` has all that the connection was made of, the secret too, so it is in memory alone. */
  #connection: { readonly key: string; readonly to: Connection; readonly turns: Turns } | undefined;

  constructor(ports: WebexSiteClientPorts, store: WebexSiteStore) {
    this.#ports = ports;
    this.#store = store;
  }

  /** `null`: the domain has no site. What is known of another site, or of what another user saw, is deleted. */
  connect(domain: DomainName): Connection | null {
    const found = this.#ports.domain(domain);
    const settings = found?.settings.webexSite;
    if (!settings) return null;
    const site = siteOf(settings.site);
    if (!site.ok) throw new Error(site.error.says); // The settings were checked.
    const { webExId, email, accessTokenFrom, partnerId, sessionKey } = settings;
    const identity = JSON.stringify([site.value.url, webExId ?? email, secretName(settings), sessionKey]);
    const secret = this.#ports.secret(secretName(settings)) ?? "";
    this.#store.own(domain, identity, this.#ports.now());
    const key = JSON.stringify([identity, secret, partnerId]);
    if (this.#connection?.key === key) {
      // The rest of the settings may have changed.
      return { ...this.#connection.to, settings };
    }
    const from = { site: { siteName: site.value.name }, ...(partnerId !== undefined && { partnerId }) };
    const person = webExId === undefined ? { email: email ?? "" } : { webExId };
    const credentials: SecurityContext =
      accessTokenFrom === undefined
        ? { form: "password", person, password: secret, ...from }
        : { form: "token", person, accessToken: secret, ...from };
    const api = new XmlApi(
      {
        site: site.value,
        credentials,
        timeoutMs,
        deadlineMs,
        maxAnswerBytes,
        retryPausesMs: [1_000],
        waitsForRateLimit: false,
      },
      { fetch: this.#ports.fetch, timers: this.#ports, now: this.#ports.now },
    );
    const to = { settings, site: site.value, api };
    // Until the site has accepted the secret, one request is under way: accounts are locked after a few wrong passwords.
    this.#connection = { key, to, turns: new Turns(this.#ports, () => (api.isAccepted ? mostAtOnce : 1)) };
    return to;
  }

  /** `false` when the settings came to name another site, user or secret meanwhile. */
  isCurrent({ api }: Connection): boolean {
    return this.#connection?.to.api === api;
  }

  disconnect(): void {
    this.#connection = undefined;
  }

  /**
   * For the access codes of one check. They have few digits: only with the site's secret, too, can they be tried out, and whoever has that can
   * ask the site for them.
   */
  codeDigest(checkBegunAt: EpochMs): Digest {
    const key = this.#connection?.key;
    return (code) => this.#ports.secretDigest(JSON.stringify([key, checkBegunAt, code]));
  }

  /** One request when its turn comes, or nothing while the site is left alone. What is wrong with the site as a whole is logged once. */
  async ask<Value>(
    connection: Connection,
    request: () => Promise<Answer<Value>>,
    { isUrgent = false, isOfCheck = false, waitsMs = turnWithinMs }: AskOptions = {},
  ): Promise<SiteResult<Value>> {
    await this.noticeOtherSecret();
    const turns = this.#connection?.turns;
    const held = this.#heldBack(connection, isUrgent);
    if (held || !turns) return held ?? settingsChanged;
    if (!(await turns.begin(waitsMs)))
      return notSent(`nothing was asked: other requests to the WebEx site took longer than ${waitsMs} ms; ask again`);
    try {
      // Those that went before may have found what is wrong.
      return this.#heldBack(connection, isUrgent) ?? (await this.#askNow(connection, request, { isUrgent, isOfCheck }));
    } finally {
      turns.end();
    }
  }

  #heldBack(connection: Connection, isUrgent: boolean): SiteFailure | null {
    if (!this.isCurrent(connection)) return settingsChanged;
    if (!this.#hasSecret(connection)) {
      const says = `the secret ${secretName(connection.settings)} is not set; set it for the edge (docs/operations.md)`;
      this.#inTrouble({ kind: "no-secret", says, pauseMs: hourMs });
      return { ok: false, why: "site", says };
    }
    const now = this.#ports.now();
    const trouble = this.#store.troubleAt(now);
    if (!trouble) return null;
    const { says, until, pauseMs, refusedSecret } = trouble;
    if (!isUrgent) return { ok: false, why: "site", says, until };
    const askedAt = until - pauseMs;
    if (refusedSecret === undefined || now - askedAt >= byHandMs) return null;
    return { ok: false, why: "site", says: `${says}; the last try was less than a minute ago`, until };
  }

  #hasSecret({ settings }: Pick<Connection, "settings">): boolean {
    return Boolean(this.#ports.secret(secretName(settings)));
  }

  async #askNow<Value>(
    connection: Connection,
    request: () => Promise<Answer<Value>>,
    { isUrgent, isOfCheck }: { readonly isUrgent: boolean; readonly isOfCheck: boolean },
  ): Promise<SiteResult<Value>> {
    const key = this.#connection?.key ?? "";
    const answer = await request();
    if (!this.isCurrent(connection)) return settingsChanged;
    if (answer.ok) return this.#works("answered", answer);
    const fault = answer.error;
    const says = sayFault(fault);
    if (fault.kind === "wrong-request") return { ok: false, why: "refused", says };
    if (isOfAccepted(fault)) return this.#works("refused", { ok: false, why: "refused", says });
    const ofSite = fault.kind === "refused" ? fault : await this.#faultOfVersion(connection);
    const isOfSecret = ofSite?.kind === "refused" && ofSite.why === "wrong-credentials";
    const refusedSecret = isOfSecret ? await this.#ports.secretDigest(key) : undefined;
    if (!this.isCurrent(connection)) return settingsChanged;
    if (ofSite === null) {
      this.#count("refused");
      // The site answers; whether it takes a secret that it refused, this does not show.
      if (this.#store.read("trouble")?.refusedSecret === undefined) this.#outOfTrouble();
      return { ok: false, why: "unreadable", says };
    }
    if (isOfCheck && isRateLimit(ofSite)) {
      this.#count("failed");
      const until = ofSite.retryAt ?? this.#ports.now();
      return { ok: false, why: "rate-limit", says: `${says}; ${rateLimitAdvice}`, until };
    }
    return this.#fails(connection, ofSite, { isUrgent, refusedSecret });
  }

  /** A pause ends once the secret that was missing is set, or the wrong one is replaced. */
  async noticeOtherSecret(): Promise<void> {
    const connection = this.#connection;
    if (!connection || !this.#store.read("trouble")) return;
    const secret = await this.#ports.secretDigest(connection.key);
    const trouble = this.#store.read("trouble");
    if (!trouble) return;
    const { refusedSecret, ...others } = trouble;
    const now = this.#ports.now();
    const isSetNow = trouble.kind === "no-secret" && trouble.until > now && this.#hasSecret(connection.to);
    const isOther = refusedSecret !== undefined && refusedSecret !== secret;
    if (isSetNow || isOther) this.#store.write("trouble", { ...others, pauseMs: 0, until: now });
  }

  /** One user or session may be broken at the site. Whether all is, the one request shows that concerns nobody; `null`: it works. */
  async #faultOfVersion({ api, site }: Connection): Promise<XmlApiFault | null> {
    // No password goes along: it may be what is wrong.
    const as = { form: "anonymous", site: { siteName: site.name } } as const;
    const answer = await api.call("getAPIVersion", {}, { as, deadlineMs: versionWithinMs });
    if (answer.ok) return null;
    // A site that shows nobody its version without a password has answered, too.
    const isAnswer =
      isOfAccepted(answer.error) || (answer.error.kind === "refused" && answer.error.why === "wrong-credentials");
    return isAnswer ? null : answer.error;
  }

  #works<Value>(outcome: "answered" | "refused", asked: SiteResult<Value>): SiteResult<Value> {
    this.#count(outcome);
    this.#outOfTrouble();
    return asked;
  }

  #count(outcome: "answered" | "refused" | "failed"): void {
    this.#ports.measures.siteRequests.count({ domain: this.#store.domain ?? "", outcome });
  }

  #fails(
    { settings, site }: Connection,
    fault: XmlApiFault,
    { isUrgent, refusedSecret }: { readonly isUrgent: boolean; readonly refusedSecret: string | undefined },
  ): SiteFailure {
    this.#count("failed");
    const kind = fault.kind === "refused" ? fault.why : fault.kind;
    const says = `${sayFault(fault)}; ${whatToDo(fault, site, settings)}`;
    const backoff = kind === "wrong-credentials" ? wrongPasswordBackoff : siteBackoff;
    const [first = 0, longest = 0] = [backoff[0], backoff.at(-1)];
    const now = this.#ports.now();
    const trouble = this.#store.read("trouble");
    const last = this.#store.read("lastTrouble");
    // The long pauses after a wrong password are over with it, whatever else fails.
    const isSoon = last && now >= last.endedAt && now - last.endedAt < soonMs;
    const isAgain = isSoon && (last.kind !== "wrong-credentials" || kind === last.kind);
    const before = trouble ?? (isAgain ? last : undefined);
    const beforeMs = before && before.kind !== "no-secret" ? before.pauseMs : 0;
    // A check by hand, perhaps one of many, makes the pause no longer.
    const again = isUrgent ? Math.min(beforeMs, longest) : (backoff.find((ms) => ms > beforeMs) ?? longest);
    // The limit has a window of its own.
    const pauseMs = isRateLimit(fault) ? Math.max(0, (fault.retryAt ?? now) - now) : Math.max(first, again);
    // A refused secret stays refused, whatever else fails meanwhile.
    const refused = refusedSecret ?? trouble?.refusedSecret;
    this.#inTrouble({ kind, says, pauseMs, ...(refused !== undefined && { refusedSecret: refused }) });
    return { ok: false, why: "site", says, until: now + pauseMs };
  }

  #inTrouble(trouble: Omit<SiteTrouble, "since" | "until">): void {
    const { kind, says, pauseMs, refusedSecret } = trouble;
    const now = this.#ports.now();
    const before = this.#store.read("trouble");
    this.#store.write("trouble", { ...trouble, since: before?.since ?? now, until: now + pauseMs });
    if (before?.kind !== kind || before.refusedSecret !== refusedSecret)
      this.#ports.log({ level: "warn", event: "webex-site-fails", why: kind, msg: says });
  }

  #outOfTrouble(): void {
    const trouble = this.#store.read("trouble");
    if (!trouble) return;
    const { kind, pauseMs, since } = trouble;
    const endedAt = this.#ports.now();
    this.#store.delete("trouble");
    this.#store.write("lastTrouble", { kind, pauseMs, endedAt });
    const failedMs = Math.max(0, endedAt - since);
    this.#ports.log({ level: "info", event: "webex-site-works-again", why: kind, failedMs });
  }
}

/** Why there is no answer, and when the site is asked again. */
export function sayFailure(says: string, until?: EpochMs): string {
  return until === undefined ? says : `${says}; it is not asked again before ${instantText(until)}`;
}

function notSent(says: string): SiteFailure {
  return { ok: false, why: "not-sent", says };
}

export const settingsChanged = notSent("the settings changed meanwhile; ask again");

function isRateLimit(fault: XmlApiFault): fault is Refused {
  return fault.kind === "refused" && fault.why === "rate-limit";
}

/** Checks stay below any known limit by themselves. */
const rateLimitAdvice = "if it lasts, let other programs ask this site less often";

function secretName({ passwordFrom, accessTokenFrom }: WebexSiteSettings): string {
  return passwordFrom ?? accessTokenFrom ?? "";
}

function whatToDo(fault: XmlApiFault, { url }: Site, settings: WebexSiteSettings): string {
  if (fault.kind === "refused") {
    if (fault.why === "rate-limit") return rateLimitAdvice;
    if (fault.why !== "wrong-credentials") return "nothing is to be done, unless it lasts";
    return `check webExId or email of webexSite and the secret ${secretName(settings)}; a provisioning check by hand tries it again, once a minute at most`;
  }
  if (fault.kind === "not-reached" || fault.kind === "timed-out")
    return `check the way from here to ${new URL(url).origin}`;
  return `check that ${url} is the site, that its XML API is on, and that it is not under maintenance`;
}
