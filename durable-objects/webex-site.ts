import type { ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import { ok } from "../src/foundation/result.ts";
import { dayMs, hourMs, within } from "../src/foundation/timers.ts";
import type {
  MeetingAnswer,
  MeetingQuestion,
  ProvisioningResult,
  ProvisioningState,
  WebexSiteRpc,
} from "../src/rpc.ts";
import type { WebexSiteSettings } from "../src/settings/domain-settings.ts";
import type { Domain } from "../src/settings/load.ts";
import { filledSequences, type Meeting, meetingOf } from "../src/webex/meeting-view.ts";
import {
  type AccessCode,
  type Difference,
  distinct,
  type Expected,
  type SiteNumber,
  sharedCodeDifference,
  siteDifferences,
  siteNumbers,
  siteReads,
  userFindings,
  userReads,
} from "../src/webex/provisioning.ts";
import { link } from "../src/webex/url-api/request.ts";
import { type Site, siteOf } from "../src/webex/url-api/site.ts";
import { type PostFetch, XmlApi } from "../src/webex/xml-api/client.ts";
import { noRecordId, sayFault, type XmlApiFault } from "../src/webex/xml-api/faults.ts";
import type { SecurityContext } from "../src/webex/xml-api/request.ts";
import { getSessionInfo } from "../src/webex/xml-api/session-info.ts";
import { Alarm } from "./alarm.ts";
import { earliest } from "./clock.ts";
import { hasTable, type Platform } from "./platform.ts";

export interface WebexSitePorts extends Platform {
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
  /** A secret of the deployment, by its name. */
  secret(name: string): string | undefined;
  readonly fetch: PostFetch;
  deleteAll(): Promise<void>;
}

/** How long a question waits for the site; the routes give it some seconds more. */
const answerWithinMs = 5_000;
const timeoutMs = 10_000;
/** A session that the site does not show, or a user who may not see it, is asked again so soon. */
const againMs = 60_000;
/** Pauses after a site that answers no request; each is twice the one before. */
const firstPauseMs = 30_000;
const longestPauseMs = hourMs;
/** Accounts are locked after a few wrong passwords. */
const wrongPasswordPauseMs = { first: hourMs, longest: dayMs };
/** Users of one turn of a check; turns follow each other at a walking pace, so that other programs find room in the site's rate limit. */
const usersPerTurn = 20;
const turnPauseMs = 1_000;
const mostUsers = 20_000;
const mostDifferences = 500;
const mostNumbers = 200;
const mostMeetings = 10_000;
/** A check that the site keeps from its end so long has failed. */
const checkWithinMs = 4 * hourMs;

const tables = [
  "CREATE TABLE IF NOT EXISTS owner (domain TEXT PRIMARY KEY, identity TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS meeting (conference TEXT PRIMARY KEY, session TEXT NOT NULL, asked_at INTEGER NOT NULL, known_at INTEGER, topic TEXT, answer TEXT, failure TEXT) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS code (code TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (code, owner)) WITHOUT ROWID",
];

/** Why the site answers nothing now. */
interface Trouble {
  /** Another one gets a line of its own in the log. */
  readonly kind: string;
  readonly says: string;
  readonly since: EpochMs;
  readonly pauseMs: number;
  /** Nothing is asked before. */
  readonly until: EpochMs;
}

interface Check {
  readonly begunAt: EpochMs;
  readonly asked: boolean;
  readonly due: EpochMs;
  /** The first user of the next turn, by the site's count; `null`: the site itself comes first. */
  readonly next: number | null;
  readonly users: number;
  readonly of: number | null;
  readonly differences: readonly Difference[];
  readonly more: number;
  readonly numbers: readonly SiteNumber[];
}

/** What is kept beside the meetings, each as JSON. */
interface Kept {
  readonly trouble: Trouble;
  readonly check: Check;
  readonly last: ProvisioningResult;
  readonly failure: { readonly at: EpochMs; readonly says: string };
  /** Since when nights count: the begin of the last nightly check, or the first settings. */
  readonly nightsFrom: EpochMs;
  readonly ofSite: { readonly at: EpochMs; readonly numbers: readonly SiteNumber[] };
  readonly ofAccounts: readonly SiteNumber[];
}

interface Connection {
  readonly settings: WebexSiteSettings;
  readonly site: Site;
  readonly api: XmlApi;
}

type Asked<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly says: string };

/**
 * What a domain knows of its WebEx site: meetings that operators have asked about, the site's call-in numbers, and the nightly comparison
 * of its accounts with the domain's settings. A site that does not answer is left alone for a while, and told in one line of the log.
 */
export class WebexSite implements WebexSiteRpc {
  readonly #ports: WebexSitePorts;
  readonly #alarm: Alarm;
  readonly #lookUps = new Map<ConfKey, Promise<void>>();
  /** By all that it was made of, the secret among them; in memory alone. */
  #connection: { readonly key: string; readonly to: Connection } | undefined;
  #hasTables: boolean;
  #domain: DomainName | null;

  constructor(ports: WebexSitePorts) {
    this.#ports = { ...ports, log: (line) => ports.log({ ...line, ...(this.#domain && { domain: this.#domain }) }) };
    this.#alarm = new Alarm(this.#ports);
    this.#hasTables = hasTable(ports.sql, "owner");
    this.#domain = this.#hasTables
      ? ((ports.sql.exec("SELECT domain FROM owner")[0]?.domain ?? null) as DomainName | null)
      : null;
    this.#measure();
  }

  async settingsRead(domain: DomainName): Promise<void> {
    const connection = this.#connect(domain);
    if (connection === null) {
      if (this.#hasTables) await this.#deleteAll();
      return;
    }
    this.#measure();
    const next = this.#nextWake(connection.settings);
    if (next !== null) await this.#alarm.ensure(next);
  }

  async meeting({ domain, confKey, sessionKey, attendeeId }: MeetingQuestion): Promise<MeetingAnswer> {
    const connection = this.#connect(domain);
    if (connection === null) return noSite;
    if (sessionKey !== null && this.#mustAsk(confKey, sessionKey, connection.settings)) {
      const lookUp = this.#lookUps.get(confKey) ?? this.#lookUp(connection, confKey, sessionKey);
      const isLate = await within(this.#ports, answerWithinMs, "the site", lookUp).then(
        () => false,
        () => true,
      );
      if (isLate) return this.#answer(connection, confKey, attendeeId, "the site has not answered yet; ask again");
    }
    return this.#answer(connection, confKey, attendeeId);
  }

  async topics(domain: DomainName, conferences: readonly ConfKey[]): Promise<ReadonlyMap<ConfKey, string>> {
    if (this.#connect(domain) === null) return new Map();
    const rows = this.#ports.sql.exec(
      "SELECT conference, topic FROM meeting WHERE topic IS NOT NULL AND conference IN (SELECT value FROM json_each(?))",
      JSON.stringify(conferences),
    );
    return new Map(rows.map(({ conference, topic }) => [String(conference) as ConfKey, String(topic)]));
  }

  async numbers(domain: DomainName): Promise<readonly SiteNumber[]> {
    const connection = this.#connect(domain);
    if (!connection?.settings.globalNumbers) return [];
    return distinct([...(this.#kept("ofSite")?.numbers ?? []), ...(this.#kept("ofAccounts") ?? [])]);
  }

  async provisioning(domain: DomainName): Promise<ProvisioningState> {
    return this.#provisioning(this.#connect(domain));
  }

  async beginCheck(domain: DomainName): Promise<ProvisioningState> {
    const connection = this.#connect(domain);
    if (connection) {
      const check = this.#kept("check");
      // One that waits for a site that is left alone goes on at once.
      if (check) this.#keep("check", { ...check, asked: true, due: this.#ports.now() });
      else this.#beginCheck(true);
      this.#alarm.wakeBy(this.#ports.now());
    }
    return this.#provisioning(connection);
  }

  alarm(): Promise<void> {
    return this.#alarm.fired(() => this.#wake());
  }

  async #wake(): Promise<void> {
    const connection = this.#domain && this.#connect(this.#domain);
    if (!connection) return this.#deleteAll();
    const { settings } = connection;
    const now = this.#ports.now();
    const nightAt = this.#nightAt(settings);
    if (nightAt !== null && nightAt <= now) {
      this.#keep("nightsFrom", now);
      if (!this.#kept("check")) this.#beginCheck(false);
    }
    const check = this.#kept("check");
    if (check && check.due <= now) await this.#turn(connection, check);
    if ((this.#numbersAt(settings) ?? Number.POSITIVE_INFINITY) <= this.#ports.now())
      await this.#askNumbers(connection);
    this.#deleteOld();
    const next = this.#nextWake(settings);
    if (next !== null) this.#alarm.wakeBy(Math.max(next, this.#ports.now() + 100));
  }

  /** `null`: the domain has no site. What is known of another site, or of what another user saw, is deleted. */
  #connect(domain: DomainName): Connection | null {
    const found = this.#ports.domain(domain);
    const settings = found?.settings.webexSite;
    if (!settings) return null;
    const site = siteOf(settings.site);
    if (!site.ok) throw new Error(site.error.says); // The settings were checked.
    const { webExId, email, passwordFrom, accessTokenFrom, partnerId, sessionKey } = settings;
    const identity = JSON.stringify([site.value.url, webExId ?? email, passwordFrom ?? accessTokenFrom, sessionKey]);
    const secret = this.#ports.secret(passwordFrom ?? accessTokenFrom ?? "") ?? "";
    this.#own(domain, identity);
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
        maxInFlight: 2,
        retryPausesMs: [1_000],
        waitsForRateLimit: false,
      },
      { fetch: this.#ports.fetch, timers: this.#ports, now: this.#ports.now },
    );
    const to = { settings, site: site.value, api };
    this.#connection = { key, to };
    return to;
  }

  #own(domain: DomainName, identity: string): void {
    const { sql } = this.#ports;
    this.#domain = domain;
    if (this.#hasTables && sql.exec("SELECT identity FROM owner")[0]?.identity === identity) return;
    sql.transaction(() => {
      for (const table of tables) sql.exec(table);
      for (const table of ["owner", "meeting", "kept", "code"]) sql.exec(`DELETE FROM ${table}`);
      sql.exec("INSERT INTO owner (domain, identity) VALUES (?, ?)", domain, identity);
    });
    this.#hasTables = true;
    this.#keep("nightsFrom", this.#ports.now());
  }

  /** One request, or nothing while the site is left alone. What is wrong with the site as a whole is logged once. */
  async #ask<Value>(
    { settings, site, api }: Connection,
    request: () => Promise<
      { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: XmlApiFault }
    >,
    isUrgent = false,
  ): Promise<Asked<Value>> {
    const name = settings.passwordFrom ?? settings.accessTokenFrom ?? "";
    if (!this.#ports.secret(name)) {
      const says = `the secret ${name} is not set; set it for the edge (docs/operations.md)`;
      this.#inTrouble({ kind: "no-secret", says, pauseMs: longestPauseMs });
      return { ok: false, says };
    }
    const now = this.#ports.now();
    const trouble = this.#kept("trouble");
    // Before its begin is after a clock that was set back.
    const isLeftAlone = trouble && now < trouble.until && now >= trouble.until - trouble.pauseMs;
    if (isLeftAlone && trouble.kind !== "no-secret" && !isUrgent) {
      return { ok: false, says: `${trouble.says}; it is asked again at ${timeText(trouble.until)}` };
    }
    const answer = await request();
    if (this.#connection?.to.api !== api) return { ok: false, says: "the settings changed meanwhile; ask again" };
    if (answer.ok || !isOfSite(answer.error)) {
      this.#ports.measures.siteRequests.count({
        domain: this.#domain ?? "",
        outcome: answer.ok ? "answered" : "refused",
      });
      this.#outOfTrouble();
      return answer.ok ? answer : { ok: false, says: shortened(sayFault(answer.error)) };
    }
    const fault = answer.error;
    this.#ports.measures.siteRequests.count({ domain: this.#domain ?? "", outcome: "failed" });
    const kind = fault.kind === "refused" ? fault.why : fault.kind;
    const says = `${shortened(sayFault(fault))}; ${whatToDo(fault, site, settings)}`;
    const { first, longest } =
      kind === "wrong-credentials" ? wrongPasswordPauseMs : { first: firstPauseMs, longest: longestPauseMs };
    const twice = trouble && trouble.kind !== "no-secret" ? Math.min(2 * trouble.pauseMs, longest) : first;
    const limit = fault.kind === "refused" && fault.why === "rate-limit" ? (fault.retryAt ?? 0) - this.#ports.now() : 0;
    this.#inTrouble({ kind, says, pauseMs: Math.max(first, twice, limit) });
    return { ok: false, says };
  }

  #inTrouble({ kind, says, pauseMs }: Pick<Trouble, "kind" | "says" | "pauseMs">): void {
    const now = this.#ports.now();
    const before = this.#kept("trouble");
    this.#keep("trouble", { kind, says, pauseMs, since: before?.since ?? now, until: now + pauseMs });
    if (before?.kind !== kind) this.#ports.log({ level: "warn", event: "webex-site-fails", why: kind, msg: says });
  }

  #outOfTrouble(): void {
    const trouble = this.#kept("trouble");
    if (!trouble) return;
    this.#forget("trouble");
    const failedMs = Math.max(0, this.#ports.now() - trouble.since);
    this.#ports.log({ level: "info", event: "webex-site-works-again", why: trouble.kind, failedMs });
  }

  #mustAsk(confKey: ConfKey, sessionKey: string, { cacheMs }: WebexSiteSettings): boolean {
    const row = this.#row(confKey);
    if (row?.session !== sessionKey) return true;
    const age = this.#ports.now() - Number(row.asked_at);
    return age < 0 || age >= (row.failure === null ? cacheMs : againMs);
  }

  #lookUp(connection: Connection, confKey: ConfKey, sessionKey: string): Promise<void> {
    const lookUp = this.#lookUpNow(connection, confKey, sessionKey)
      .catch((error: unknown) =>
        this.#ports.log({ level: "error", event: "webex-site-look-up-broke", why: String(error) }),
      )
      .finally(() => this.#lookUps.delete(confKey));
    this.#lookUps.set(confKey, lookUp);
    return lookUp;
  }

  async #lookUpNow(connection: Connection, confKey: ConfKey, sessionKey: string): Promise<void> {
    const asked = await this.#ask(connection, () => getSessionInfo(connection.api, { sessionKey }));
    const now = this.#ports.now();
    const { sql } = this.#ports;
    // Meanwhile the settings may have come to name another site.
    if (this.#connection?.to.api !== connection.api) return;
    if (asked.ok) {
      const meeting = meetingOf(asked.value);
      sql.exec(
        "INSERT INTO meeting (conference, session, asked_at, known_at, topic, answer, failure) VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (conference) DO UPDATE SET session = excluded.session, asked_at = excluded.asked_at, known_at = excluded.known_at, topic = excluded.topic, answer = excluded.answer, failure = NULL",
        ...[confKey, sessionKey, now, now, meeting.topic, JSON.stringify(meeting)],
      );
    } else {
      sql.exec(
        "INSERT INTO meeting (conference, session, asked_at, failure) VALUES (?, ?, ?, ?) ON CONFLICT (conference) DO UPDATE SET session = excluded.session, asked_at = excluded.asked_at, failure = excluded.failure",
        ...[confKey, sessionKey, now, asked.says],
      );
    }
    sql.exec(
      "DELETE FROM meeting WHERE conference IN (SELECT conference FROM meeting ORDER BY asked_at DESC LIMIT -1 OFFSET ?)",
      mostMeetings,
    );
    const next = this.#nextWake(connection.settings);
    if (next !== null) this.#alarm.wakeBy(next);
  }

  #row(confKey: ConfKey) {
    return this.#ports.sql.exec("SELECT * FROM meeting WHERE conference = ?", confKey)[0];
  }

  #answer({ site }: Connection, confKey: ConfKey, attendeeId: string | undefined, late?: string): MeetingAnswer {
    const row = this.#row(confKey);
    const failure = late ?? (row?.failure == null ? null : String(row.failure));
    if (row?.answer == null)
      return { ...noSite, failure: failure ?? "nothing is known of it: its conference is over, or has no ExtConfID" };
    const meeting: Meeting = JSON.parse(String(row.answer));
    const { sequences, faults } = filledSequences(meeting, attendeeId);
    return {
      meeting,
      knownAt: Number(row.known_at),
      dialIn: sequences,
      links: linksOf(site, meeting),
      failure,
      notes: faults,
    };
  }

  #beginCheck(asked: boolean): void {
    const now = this.#ports.now();
    this.#ports.sql.exec("DELETE FROM code");
    this.#keep("check", {
      ...{ begunAt: now, asked, due: now, next: null, users: 0, of: null },
      ...{ differences: [], more: 0, numbers: [] },
    });
  }

  /** The site, or some of its users; what cannot be asked now is asked again when the site is no longer left alone. */
  async #turn(connection: Connection, check: Check): Promise<void> {
    const asked =
      check.next === null
        ? await this.#compareSite(connection, check)
        : await this.#compareUsers(connection, check, check.next);
    const now = this.#ports.now();
    // Meanwhile the settings may have come to name another site, and the check be gone.
    if (!this.#kept("check")) return;
    if (!asked.ok) {
      const trouble = this.#kept("trouble");
      const mayWait = trouble && trouble.kind !== "no-secret" && trouble.kind !== "wrong-credentials";
      if (mayWait && now - check.begunAt < checkWithinMs)
        this.#keep("check", { ...check, asked: false, due: Math.max(trouble.until, now + turnPauseMs) });
      else this.#failCheck(asked.says);
      return;
    }
    if (asked.value.next === null) this.#endCheck(connection, asked.value);
    else this.#keep("check", { ...asked.value, due: now + turnPauseMs });
  }

  async #compareSite(connection: Connection, check: Check): Promise<Asked<Check>> {
    const asked = await this.#askSite(connection, check.asked);
    if (!asked.ok) return asked;
    return { ok: true, value: withDifferences({ ...check, next: 1 }, siteDifferences(asked.value, this.#expected())) };
  }

  async #compareUsers(connection: Connection, check: Check, startFrom: number): Promise<Asked<Check>> {
    const { api } = connection;
    const listed = await this.#ask(
      connection,
      async () => {
        const answer = await api.call(
          "lstsummaryUser",
          {
            active: "ACTIVATED",
            listControl: { startFrom, maximumNum: usersPerTurn, listMethod: "AND" },
            order: { orderBy: ["UID"], orderAD: ["ASC"] },
          },
          { reads: ["user.webExId", "matchingRecords"] },
        );
        // A list without items is refused.
        const isEmpty = !answer.ok && answer.error.kind === "refused" && answer.error.exceptionId === noRecordId;
        return isEmpty ? ok({ value: {}, wrong: [] }) : answer;
      },
      check.asked,
    );
    if (!listed.ok) return { ok: false, says: `the site's users cannot be listed: ${listed.says}` };
    const { user: users = [], matchingRecords } = listed.value.value;
    let found: Check = { ...check, of: matchingRecords?.total ?? null };
    const codes: AccessCode[] = [];
    for (const { webExId } of users) {
      const asked = await this.#ask(connection, () => api.call("getUser", { webExId }, { reads: userReads }));
      if (!asked.ok) {
        if (this.#kept("trouble")) return asked;
        // This one alone: perhaps it was deleted meanwhile.
        found = withDifferences(found, [{ about: `user ${webExId}`, says: `It was not compared: ${asked.says}.` }]);
        continue;
      }
      const { differences, numbers, codes: own } = userFindings(asked.value.value, this.#expected());
      codes.push(...own);
      found = withDifferences(
        { ...found, users: found.users + 1, numbers: distinct([...found.numbers, ...numbers]).slice(0, mostNumbers) },
        differences,
      );
    }
    // Here and not before: a turn that broke off is done again from its begin.
    for (const { code, owner } of codes)
      this.#ports.sql.exec("INSERT INTO code (code, owner) VALUES (?, ?) ON CONFLICT DO NOTHING", code, owner);
    const read = startFrom + users.length;
    const isOver = users.length === 0 || read > Math.min(matchingRecords?.total ?? read, mostUsers);
    return { ok: true, value: { ...found, next: isOver ? null : read } };
  }

  #endCheck({ settings }: Connection, check: Check): void {
    const { sql } = this.#ports;
    // Codes that one account has twice are told with the account.
    const shared = sql
      .exec(
        "SELECT a.owner AS one, min(b.owner) AS other FROM code a JOIN code b ON a.code = b.code AND a.owner > b.owner GROUP BY a.code, a.owner ORDER BY a.owner",
      )
      .filter(({ one, other }) => accountOf(String(one)) !== accountOf(String(other)))
      .map(({ one, other }) => sharedCodeDifference(String(one), String(other)));
    const { begunAt, users, of, differences, more, numbers } = withDifferences(check, shared);
    const endedAt = this.#ports.now();
    const expected = this.#expected();
    const notCompared = [
      ...(expected.numbers.length === 0
        ? ["The settings name no numbers, so those of the accounts were not compared: set webexSite.expects.numbers."]
        : []),
      ...(expected.edge === undefined
        ? [
            "The settings do not say how WebEx reaches the edge, so adaptor URLs were compared by their path alone: set webexSite.expects.edge.",
          ]
        : []),
      ...(of !== null && of > mostUsers ? [`Only the first ${mostUsers} of ${of} users were compared.`] : []),
    ];
    const count = differences.length + more;
    sql.transaction(() => {
      this.#keep("last", { begunAt, endedAt, users, differences, more, notCompared });
      this.#keep("ofAccounts", settings.globalNumbers ? numbers : []);
      this.#forget("check");
      this.#forget("failure");
      sql.exec("DELETE FROM code");
    });
    this.#measure();
    this.#ports.measures.checks.count({ domain: this.#domain ?? "", outcome: "done" });
    const facts = { differences: count, users, tookMs: endedAt - begunAt };
    this.#ports.log({ level: count > 0 ? "warn" : "info", event: "provisioning-checked", ...facts });
  }

  #failCheck(says: string): void {
    this.#keep("failure", { at: this.#ports.now(), says });
    this.#forget("check");
    this.#ports.sql.exec("DELETE FROM code");
    this.#ports.measures.checks.count({ domain: this.#domain ?? "", outcome: "failed" });
    // What is wrong with the site as a whole was told when that began.
    if (!this.#kept("trouble")) this.#ports.log({ level: "warn", event: "provisioning-not-checked", msg: says });
  }

  #provisioning(connection: Connection | null): ProvisioningState {
    if (!connection) return { last: null, running: null, failure: null, nextAt: null };
    const check = this.#kept("check");
    return {
      last: this.#kept("last") ?? null,
      running: check ? { begunAt: check.begunAt, users: check.users, of: check.of } : null,
      failure: this.#kept("failure") ?? null,
      nextAt: this.#nightAt(connection.settings),
    };
  }

  #expected(): Expected {
    const domain = this.#domain && this.#ports.domain(this.#domain);
    if (!domain?.settings.webexSite) throw new Error(`the settings have no site for the domain "${this.#domain}"`);
    const { webexSite, globalNumbers = {}, adapterSecrets, webex } = domain.settings;
    const { edge, numbers = [], labels = {} } = webexSite.expects;
    const own = Object.values(globalNumbers).flatMap((list) => list.map(({ number }) => number));
    return {
      domain: domain.name,
      edge,
      adapterSecrets,
      numbers: [...numbers, ...own],
      labels,
      hosts: webex.hosts,
      hasNumbersPage: own.length > 0 || webexSite.globalNumbers,
    };
  }

  #askSite(connection: Connection, isUrgent = false) {
    return this.#ask(
      connection,
      async () => {
        const answer = await connection.api.call("getSite", {}, { reads: siteReads });
        if (!answer.ok) return answer;
        const { value } = answer.value;
        this.#keep("ofSite", { at: this.#ports.now(), numbers: siteNumbers(value).slice(0, mostNumbers) });
        return { ok: true as const, value };
      },
      isUrgent,
    );
  }

  async #askNumbers(connection: Connection): Promise<void> {
    const asked = await this.#askSite(connection);
    if (asked.ok || this.#kept("trouble")) return;
    // Without the right to see the site, the numbers of before stay; they are asked for again as if they were new.
    this.#keep("ofSite", { at: this.#ports.now(), numbers: this.#kept("ofSite")?.numbers ?? [] });
  }

  #numbersAt({ globalNumbers, cacheMs }: WebexSiteSettings): EpochMs | null {
    if (!globalNumbers) return null;
    const at = this.#kept("ofSite")?.at;
    const trouble = this.#kept("trouble");
    const now = this.#ports.now();
    return Math.max(at === undefined ? now : Math.min(at, now) + cacheMs, trouble?.until ?? 0);
  }

  /** Once a day, in the hour of the settings; at which minute, the domain's name decides, so that not all sites are asked at once. */
  #nightAt({ nightlyCheck, checkHour }: WebexSiteSettings): EpochMs | null {
    const from = this.#kept("nightsFrom");
    if (!nightlyCheck || from === undefined) return null;
    const after = Math.min(from, this.#ports.now());
    const at = Math.floor(after / dayMs) * dayMs + checkHour * hourMs + minuteOf(this.#domain ?? "") * 60_000;
    return at > after ? at : at + dayMs;
  }

  #nextWake(settings: WebexSiteSettings): EpochMs | null {
    const [oldest] = this.#ports.sql.exec("SELECT min(asked_at) AS at FROM meeting");
    return earliest(
      this.#kept("check")?.due ?? null,
      this.#nightAt(settings),
      this.#numbersAt(settings),
      oldest?.at == null ? null : Number(oldest.at) + this.#retentionMs + 1,
    );
  }

  get #retentionMs(): number {
    const domain = this.#domain && this.#ports.domain(this.#domain);
    return (domain ? domain.settings.journalRetentionDays : 0) * dayMs;
  }

  #deleteOld(): void {
    this.#ports.sql.exec("DELETE FROM meeting WHERE asked_at < ?", this.#ports.now() - this.#retentionMs);
  }

  #kept<Name extends keyof Kept>(name: Name): Kept[Name] | undefined {
    if (!this.#hasTables) return undefined;
    const [row] = this.#ports.sql.exec("SELECT value FROM kept WHERE name = ?", name);
    return row && JSON.parse(String(row.value));
  }

  #keep<Name extends keyof Kept>(name: Name, value: Kept[Name]): void {
    this.#ports.sql.exec(
      "INSERT INTO kept (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name,
      JSON.stringify(value),
    );
  }

  #forget(name: keyof Kept): void {
    this.#ports.sql.exec("DELETE FROM kept WHERE name = ?", name);
  }

  #measure(): void {
    const last = this.#kept("last");
    if (last && this.#domain) this.#ports.measures.provisioning(this.#domain, last.differences.length + last.more);
  }

  async #deleteAll(): Promise<void> {
    if (this.#domain) this.#ports.measures.provisioning(this.#domain, null);
    this.#domain = null;
    this.#connection = undefined;
    this.#hasTables = false;
    await this.#ports.deleteAll();
  }
}

const noSite: MeetingAnswer = { meeting: null, knownAt: null, dialIn: [], links: null, failure: null, notes: [] };

/** Whether other requests will fare alike. */
function isOfSite(fault: XmlApiFault): boolean {
  if (fault.kind === "refused") return ["wrong-credentials", "rate-limit", "not-responding"].includes(fault.why);
  return fault.kind !== "wrong-request" && fault.kind !== "wrong-field";
}

function whatToDo(fault: XmlApiFault, { url }: Site, { passwordFrom, accessTokenFrom }: WebexSiteSettings): string {
  if (fault.kind === "refused") {
    if (fault.why === "rate-limit") return "nothing is to be done, unless another program uses the limit up";
    if (fault.why !== "wrong-credentials") return "nothing is to be done, unless it lasts";
    return `check webExId or email of webexSite and the secret ${passwordFrom ?? accessTokenFrom}; a provisioning check by hand then tries it at once`;
  }
  if (fault.kind === "not-reached" || fault.kind === "timed-out")
    return `check the way from here to ${new URL(url).origin}`;
  return `check that ${url} is the site, that its XML API is on, and that it is not under maintenance`;
}

const mostSaid = 400;

/** A site may send any length of words. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= mostSaid ? line : `${line.slice(0, mostSaid)}…`;
}

/** How an event is started by a link, no public document says; nor how a support session is joined by its key. */
function linksOf(site: Site, { sessionKey: MK, service }: Meeting): MeetingAnswer["links"] {
  if (service === "other") return { start: null, join: null };
  const isEvent = service === "EC";
  const start = isEvent ? null : link(site, "host-meeting", { MK });
  const join = isEvent ? link(site, "join-event", { MK }) : link(site, "join-meeting", { MK });
  return {
    start: start?.ok ? { url: start.value, needsLogIn: true } : null,
    join: join.ok ? { url: join.value, needsLogIn: false } : null,
  };
}

function withDifferences(check: Check, found: readonly Difference[]): Check {
  const room = Math.max(0, mostDifferences - check.differences.length);
  return {
    ...check,
    differences: [...check.differences, ...found.slice(0, room)],
    more: check.more + Math.max(0, found.length - room),
  };
}

/** `user anna.berg, account 1` of `user anna.berg, account 1, participant access code`. */
function accountOf(owner: string): string {
  return owner.replace(/, \w+ access code$/, "");
}

function minuteOf(domain: string): number {
  let hash = 0;
  for (const character of domain) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 60_013;
  return hash % 60;
}

function timeText(at: EpochMs): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ").concat(" UTC");
}
