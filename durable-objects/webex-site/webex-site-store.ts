import type { ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import type { ProvisioningResult } from "../../src/rpc/webex-site.ts";
import type { AccessCode, Difference, Meeting, SiteNumber } from "../../webex-interfaces/doors/edge.ts";
import { hasColumn, hasTable, type Sql } from "../platform/platform.ts";
import { EntryTable, entryTableSql } from "../platform/tables/entry-table.ts";

const mostMeetings = 10_000;

const tables = [
  "CREATE TABLE IF NOT EXISTS owner (domain TEXT PRIMARY KEY, identity TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS meeting (conference TEXT PRIMARY KEY, session TEXT NOT NULL, asked_at INTEGER NOT NULL, known_at INTEGER, topic TEXT, answer TEXT, failure TEXT) WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS meeting_by_time ON meeting (asked_at)",
  entryTableSql,
  "CREATE TABLE IF NOT EXISTS code (code TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (code, owner)) WITHOUT ROWID",
];

/** Why the site answers nothing now. */
export interface SiteTrouble {
  /** Trouble of another kind gets a line of its own in the log. */
  readonly kind: string;
  readonly says: string;
  readonly since: EpochMs;
  readonly pauseMs: number;
  /** Until then the site is asked nothing. */
  readonly until: EpochMs;
  /** The digest of the secret that the site has refused since this began, whatever else fails by now. */
  readonly refusedSecret?: string;
}

/** A provisioning check that has not come to its end. */
export interface Check {
  readonly begunAt: EpochMs;
  /** Somebody asked for it by hand: its next request is sent to a site that is left alone, too. */
  readonly isUrgent: boolean;
  readonly due: EpochMs;
  /** When `due` was set. Later than now, it was set before the clock was set back, and the check is due. */
  readonly dueSetAt: EpochMs;
  /** How long the check had taken by then. A clock that is set back makes it no shorter. */
  readonly tookMs: number;
  /** Why it goes on only when it is due; `null`: all is well. */
  readonly waits: string | null;
  /** The first user of the next page, by the site's count; `null`: the site itself comes first. */
  readonly next: number | null;
  /** The first user of the page before it: a site that does not go on answers with the same. */
  readonly pageBegan: string | null;
  /** Users of the page before it, by their webExId, who are still to be compared. */
  readonly left: readonly string[];
  /** No page is left to be listed. */
  readonly isListed: boolean;
  /** Turns in a row that had no proper answer, and users in a row. */
  readonly failedTurns: number;
  readonly unread: number;
  /** The digest of an empty text, which shows under which key codes are compared; `null`: no turn has begun. */
  readonly codesUnder: string | null;
  /** Users whose access codes were compared under another key. */
  readonly codesLostOf: number;
  /** Users were deleted between two pages, so that others moved to a page that was read before. */
  readonly isShifted: boolean;
  /** Users compared so far, and how many there are by the site's word; `null`: it has not said. */
  readonly users: number;
  readonly of: number | null;
  readonly differences: readonly Difference[];
  /** Differences that are counted and not listed. */
  readonly more: number;
  /** Call-in numbers of the users so far. */
  readonly numbers: readonly SiteNumber[];
}

/** Values that the object has once, each as JSON. */
interface SiteEntries {
  readonly trouble: SiteTrouble;
  /** The trouble before. */
  readonly lastTrouble: Pick<SiteTrouble, "kind" | "pauseMs"> & { readonly endedAt: EpochMs };
  readonly check: Check;
  readonly lastCheck: ProvisioningResult;
  /** Why a check later than `lastCheck` failed. */
  readonly checkFailure: { readonly at: EpochMs; readonly says: string };
  /** Since when nights count: the start of the last nightly check, or the first settings. */
  readonly nightsFrom: EpochMs;
  /** The numbers of the site itself. */
  readonly siteNumbers: { readonly at: EpochMs; readonly numbers: readonly SiteNumber[] };
  /** The numbers that the last check found at the site's users. */
  readonly accountNumbers: { readonly at: EpochMs; readonly numbers: readonly SiteNumber[] };
}

/** What is known of one conference's meeting. */
export interface MeetingRow {
  readonly session: string;
  readonly askedAt: EpochMs;
  /** What the site last said; `null`: nothing yet. */
  readonly known: { readonly at: EpochMs; readonly meeting: Meeting } | null;
  /** Why the last question had no answer. */
  readonly failure: string | null;
}

/** The tables of a domain's WebEx site. Without a site there are none. */
export class WebexSiteStore extends EntryTable<SiteEntries> {
  readonly #sql: Sql;
  #hasTables: boolean;
  #domain: DomainName | null;

  constructor(sql: Sql) {
    super(sql);
    this.#sql = sql;
    this.#hasTables = hasTable(sql, "entry");
    // Version 0.1 called the column `name`. Goes with version 0.3.
    if (hasColumn(sql, "entry", "name")) sql.exec("ALTER TABLE entry RENAME COLUMN name TO key");
    this.#domain = this.#hasTables
      ? ((sql.exec("SELECT domain FROM owner")[0]?.domain ?? null) as DomainName | null)
      : null;
  }

  get hasTables(): boolean {
    return this.#hasTables;
  }

  /** `null` before the first settings with a site. */
  get domain(): DomainName | null {
    return this.#domain;
  }

  /** Begins with these settings. Deletes what is known of another site, or was seen by another user. */
  own(domain: DomainName, identity: string, at: EpochMs): void {
    this.#domain = domain;
    if (this.#hasTables && this.#sql.exec("SELECT identity FROM owner")[0]?.identity === identity) return;
    this.#sql.transaction(() => {
      for (const table of tables) this.#sql.exec(table);
      for (const table of ["owner", "meeting", "entry", "code"]) this.#sql.exec(`DELETE FROM ${table}`);
      this.#sql.exec("INSERT INTO owner (domain, identity) VALUES (?, ?)", domain, identity);
    });
    this.#hasTables = true;
    this.write("nightsFrom", at);
  }

  /** The platform deletes the tables. */
  tablesDeleted(): void {
    this.#domain = null;
    this.#hasTables = false;
  }

  transaction(work: () => void): void {
    this.#sql.transaction(work);
  }

  override read<Name extends keyof SiteEntries>(name: Name): SiteEntries[Name] | undefined {
    return this.#hasTables ? super.read(name) : undefined;
  }

  /** Why the site is left alone at that time, if it is. A time before the trouble began means that the clock was set back. */
  troubleAt(now: EpochMs): SiteTrouble | undefined {
    const trouble = this.read("trouble");
    return trouble && now < trouble.until && now >= trouble.until - trouble.pauseMs ? trouble : undefined;
  }

  meeting(conference: ConfKey): MeetingRow | null {
    const [row] = this.#sql.exec("SELECT * FROM meeting WHERE conference = ?", conference);
    if (!row) return null;
    return {
      session: String(row.session),
      askedAt: Number(row.asked_at) as EpochMs,
      known:
        row.answer === null ? null : { at: Number(row.known_at) as EpochMs, meeting: JSON.parse(String(row.answer)) },
      failure: row.failure === null ? null : String(row.failure),
    };
  }

  writeMeeting(conference: ConfKey, session: string, at: EpochMs, meeting: Meeting): void {
    this.#sql.exec(
      "INSERT INTO meeting (conference, session, asked_at, known_at, topic, answer, failure) VALUES (?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (conference) DO UPDATE SET session = excluded.session, asked_at = excluded.asked_at, known_at = excluded.known_at, topic = excluded.topic, answer = excluded.answer, failure = NULL",
      ...[conference, session, at, at, meeting.topic, JSON.stringify(meeting)],
    );
  }

  /** Writes why there was no answer. What is known of the meeting stays. */
  writeMeetingFailure(conference: ConfKey, session: string, at: EpochMs, says: string): void {
    this.#sql.exec(
      "INSERT INTO meeting (conference, session, asked_at, failure) VALUES (?, ?, ?, ?) ON CONFLICT (conference) DO UPDATE SET session = excluded.session, asked_at = excluded.asked_at, failure = excluded.failure",
      ...[conference, session, at, says],
    );
  }

  /** Deletes meetings that nobody has asked about since then. Beyond 10,000, those go that nobody asked about for longest. */
  deleteOldMeetings(before: EpochMs): void {
    this.#sql.exec("DELETE FROM meeting WHERE asked_at < ?", before);
    this.#sql.exec(
      "DELETE FROM meeting WHERE conference IN (SELECT conference FROM meeting ORDER BY asked_at DESC LIMIT -1 OFFSET ?)",
      mostMeetings,
    );
  }

  /** When the meeting was asked about that was not asked about for the longest time. */
  oldestMeetingAt(): EpochMs | null {
    const [oldest] = this.#sql.exec("SELECT min(asked_at) AS at FROM meeting");
    return oldest?.at == null ? null : (Number(oldest.at) as EpochMs);
  }

  topics(conferences: readonly ConfKey[]): ReadonlyMap<ConfKey, string> {
    const rows = this.#sql.exec(
      "SELECT conference, topic FROM meeting WHERE topic IS NOT NULL AND conference IN (SELECT value FROM json_each(?))",
      JSON.stringify(conferences),
    );
    return new Map(rows.map(({ conference, topic }) => [String(conference) as ConfKey, String(topic)]));
  }

  /** Takes digests in place of the codes. */
  addCodes(codes: readonly AccessCode[]): void {
    for (const { code, owner } of codes)
      this.#sql.exec("INSERT INTO code (code, owner) VALUES (?, ?) ON CONFLICT DO NOTHING", code, owner);
  }

  /** Pairs of owners who have the same code; each owner of a code beside the first. */
  sharedCodes(): readonly { readonly one: string; readonly other: string }[] {
    return this.#sql
      .exec(
        "SELECT owner AS one, other FROM (SELECT owner, min(owner) OVER (PARTITION BY code) AS other FROM code) WHERE owner > other ORDER BY owner",
      )
      .map(({ one, other }) => ({ one: String(one), other: String(other) }));
  }

  deleteCodes(): void {
    this.#sql.exec("DELETE FROM code");
  }
}
