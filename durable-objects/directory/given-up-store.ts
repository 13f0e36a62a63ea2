import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import type { KnownTrouble } from "../../src/operators/trouble.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import type { PlacedFact } from "../../src/records/directory-facts.ts";
import type { GivenUpPage } from "../../src/rpc/directory.ts";
import type { GivenUpPost } from "../../src/rpc/directory-feed.ts";
import { LazyTables } from "../platform/lazy-tables.ts";
import type { Sql, SqlRow, SqlValue } from "../platform/platform.ts";

/** Rows kept for one domain: a server that is away for days would fill the disk. */
const most = 1_000;
/** Conferences of which documents without a row are counted apart. */
const mostUnlisted = 1_000;
const tables = [
  // What is not listed: a row for each conference and TSP server; of no conference, what nothing settles any more.
  `CREATE TABLE IF NOT EXISTS given_up_unlisted (conference TEXT NOT NULL, host TEXT NOT NULL, count INTEGER NOT NULL,
   since INTEGER NOT NULL, latest INTEGER NOT NULL, place INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (conference, host))
   WITHOUT ROWID`,
  // Ids rise with the time when a document was given up, places with that when it came here.
  `CREATE TABLE IF NOT EXISTS given_up_post (id TEXT PRIMARY KEY, at INTEGER NOT NULL, place INTEGER NOT NULL, data TEXT NOT NULL)
   WITHOUT ROWID`,
];

interface Unlisted {
  readonly conference: ConfKey | "";
  readonly host: string;
  readonly count: number;
  readonly since: EpochMs;
  readonly latest: EpochMs;
  readonly place: number;
  /** The last one's, of the conference's journal. */
  readonly row: number;
}

/** What is still open: no server was told what stood there. */
interface OpenPost {
  readonly host: string;
  readonly since: EpochMs;
  readonly latest: EpochMs;
  readonly count: number;
  readonly place: number;
}

/**
 * The documents of a domain that were given up: a row for each, and counts of those that are too many for rows, or of no conference. The
 * first one makes the tables. What stood in a document is in its conference's journal alone.
 */
export class GivenUpStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  /** What is open, the oldest first; `null`: not read since something changed. */
  #open: readonly OpenPost[] | null = null;
  /** The ids of documents that may still be owed, so that the end of one conference's outage reads no rows of others; `null`: not read yet. */
  #owed: Set<string> | null = null;

  /** `null`: not read yet. What a transaction that failed has taken is left out. */
  #lastPlace: number | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "given_up_post", ...tables);
  }

  /** After a transaction that failed: memory is as the disk is. */
  load(): void {
    this.#open = null;
    this.#owed = null;
  }

  /** Adds a document within a transaction, each once. Beyond the limit the oldest are counted alone. */
  add(post: GivenUpPost): void {
    this.#table.make();
    this.#open = null;
    const { conference, host, row, at } = post;
    const behind = "AND host = ? AND row >= ? AND latest >= ?";
    const [known] = this.#sql.exec(`${unlistedOf} ${behind}`, conference, host, row, at);
    if (known) return;
    const insert = "INSERT INTO given_up_post (id, at, place, data) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    this.#sql.exec(insert, idOf(post), post.at, this.#nextPlace(), JSON.stringify(post));
    if (post.owed) this.#owed?.add(idOf(post));
    const tooMany = "SELECT id, place, data FROM given_up_post ORDER BY id DESC LIMIT -1 OFFSET ?";
    for (const { id, place, data } of this.#sql.exec(tooMany, most)) {
      const { conference, row, at, host, ...old } = postIn(data);
      const count = isOpen(old) ? 1 : 0;
      this.#count({ conference, host, count, since: at, latest: at, place: Number(place), row });
      this.#sql.exec("DELETE FROM given_up_post WHERE id = ?", id ?? "");
      this.#owed?.delete(String(id));
    }
  }

  /** Counts what was given up in these minutes and belongs to no conference, within a transaction. Returns whether there is any. */
  addOfNone(minutes: readonly ActivityMinute[]): boolean {
    const lost = minutes.flatMap(({ at, hosts }) =>
      hosts.flatMap(({ host, givenUp: count }) =>
        count > 0 ? { host: host ?? "", count, since: at, latest: at } : [],
      ),
    );
    if (lost.length > 0) this.#table.make();
    this.#open = null;
    for (const one of lost) this.#count({ ...one, conference: "", place: this.#nextPlace(), row: 0 });
    return lost.length > 0;
  }

  /** What came later has a greater place. */
  #nextPlace(): number {
    this.#lastPlace ??= this.#readLastPlace();
    this.#lastPlace += 1;
    return this.#lastPlace;
  }

  #readLastPlace(): number {
    const both = "SELECT max(place) AS place FROM given_up_post UNION ALL SELECT max(place) FROM given_up_unlisted";
    return Math.max(...this.#sql.exec(both).map(({ place }) => Number(place ?? 0)));
  }

  #count(one: Unlisted): void {
    const { conference } = one;
    const [all] = conference === "" ? [] : this.#sql.exec("SELECT count(*) AS count FROM given_up_unlisted");
    const isKnown = this.#sql.exec(`${unlistedOf} AND host = ?`, conference, one.host).length > 0;
    const isTooMuch = !isKnown && Number(all?.count ?? 0) >= mostUnlisted;
    this.#sql.exec(
      `INSERT INTO given_up_unlisted (conference, host, count, since, latest, place, row) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (conference, host) DO UPDATE SET since = CASE WHEN count = 0 THEN excluded.since
       WHEN excluded.count = 0 THEN since ELSE min(since, excluded.since) END, latest = max(latest, excluded.latest),
       count = count + excluded.count, place = max(place, excluded.place), row = max(row, excluded.row)`,
      ...[isTooMuch ? "" : conference, one.host, one.count, one.since, one.latest, one.place, one.row],
    );
  }

  /** The conference owes nothing from before this fact any more. Within a transaction. */
  settle(conference: ConfKey, { row, at, fact }: PlacedFact): void {
    const settled = { settledAt: at, ...("expired" in fact && fact.expired && { expired: fact.expired }) };
    this.#open = null;
    this.#owed ??= new Set(
      this.page(null, most).posts.flatMap(({ id, owed, settledAt }) => (owed && settledAt === null ? [id] : [])),
    );
    for (const id of this.#owed) {
      if (!id.endsWith(`-${conference}`)) continue;
      const post = this.find(id);
      if (post?.settledAt !== null) this.#owed.delete(id);
      else if (post.conference === conference && post.row < row)
        this.#sql.exec("UPDATE given_up_post SET data = ? WHERE id = ?", JSON.stringify({ ...post, ...settled }), id);
    }
    for (const one of this.#table.read(`${unlistedOf} AND row < ? AND count > 0`, conference, row).map(toUnlisted)) {
      if ("expired" in settled) this.#count({ ...one, conference: "" });
      this.#sql.exec("UPDATE given_up_unlisted SET count = 0 WHERE conference = ? AND host = ?", conference, one.host);
    }
  }

  /** How many documents of each TSP server are open, of those that came behind the place that was acknowledged. */
  openByHost(acknowledged: (host: string) => number): KnownTrouble["givenUp"] {
    this.#open ??= this.#readOpen();
    const byHost = Map.groupBy(this.#open, ({ host }) => bareHost(host));
    return [...byHost].flatMap(([about, all]) => {
      const upTo = acknowledged(about);
      const posts = all.filter(({ place }) => place > upTo);
      if (posts.length === 0) return [];
      const since = Math.min(...posts.map((post) => post.since));
      const latest = Math.max(...posts.map((post) => post.latest));
      const place = Math.max(...posts.map((post) => post.place));
      return [{ about, since, latest, count: posts.reduce((sum, { count }) => sum + count, 0), place }];
    });
  }

  #readOpen(): readonly OpenPost[] {
    const listed = this.#table.read("SELECT place, data FROM given_up_post").flatMap(({ place, data }): OpenPost[] => {
      const { host, at, ...post } = postIn(data);
      return isOpen(post) ? [{ host, since: at, latest: at, count: 1, place: Number(place) }] : [];
    });
    const unlisted = this.#table.read("SELECT * FROM given_up_unlisted WHERE count > 0").map(toUnlisted);
    return [...listed, ...unlisted];
  }

  /** Within a transaction: somebody has acknowledged what there is for this server up to this place. */
  acknowledge(server: string, upTo: number): void {
    this.#open = null;
    for (const { conference, host } of this.#table
      .read("SELECT * FROM given_up_unlisted WHERE place <= ? AND count > 0", upTo)
      .map(toUnlisted))
      if (bareHost(host) === server)
        this.#sql.exec("UPDATE given_up_unlisted SET count = 0 WHERE conference = ? AND host = ?", conference, host);
  }

  /** Documents before this id, the latest first; `server`: those for this one alone, with its scheme or without. */
  page(before: string | null, limit: number, server?: string): GivenUpPage {
    const query = "SELECT id, data FROM given_up_post WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#table.read(query, before ?? behindAll, server === undefined ? limit + 1 : most);
    const found = rows
      .map(({ id, data }) => ({ id: String(id), ...postIn(data) }))
      .filter(({ host }) => server === undefined || bareHost(host) === bareHost(server));
    const posts = found.slice(0, limit);
    return { posts, next: found.length > limit ? (posts.at(-1)?.id ?? null) : null };
  }

  /** The document of this id; `null`: there is none, or none any more. */
  find(id: string): GivenUpPost | null {
    const [row] = this.#table.read("SELECT data FROM given_up_post WHERE id = ?", id);
    return row ? postIn(row.data) : null;
  }

  deleteBefore(at: EpochMs): void {
    this.load();
    if (!this.#table.areThere) return;
    const last = this.#readLastPlace();
    this.#sql.exec("DELETE FROM given_up_unlisted WHERE latest < ? AND host <> ''", at);
    this.#sql.exec("DELETE FROM given_up_post WHERE id < ?", timeIn(at));
    if (this.#readLastPlace() === last) return;
    // No document that comes later may have a place that was acknowledged.
    this.#count({ conference: "", host: "", count: 0, since: at, latest: at, place: last, row: 0 });
  }
}

const unlistedOf = "SELECT * FROM given_up_unlisted WHERE conference = ?";

function toUnlisted({ conference, host, count, since, latest, place, row }: SqlRow): Unlisted {
  const names = { conference: String(conference) as Unlisted["conference"], host: String(host) };
  return {
    ...names,
    ...{ count: Number(count), since: Number(since), latest: Number(latest), place: Number(place), row: Number(row) },
  };
}

/** A server that was away for so long that nobody waits for it was never told. */
function isOpen({ settledAt, expired }: Pick<GivenUpPost, "settledAt" | "expired">): boolean {
  return settledAt === null || expired === true;
}

function postIn(data: SqlValue | undefined): GivenUpPost {
  return { settledAt: null, ...JSON.parse(String(data)) };
}

/** Ids begin with digits. */
const behindAll = "a";

/** The same text for each copy of a post, and another one for each other post. */
function idOf({ at, row, conference }: GivenUpPost): string {
  return `${timeIn(at)}-${row}-${conference}`;
}

function timeIn(at: EpochMs): string {
  return String(at).padStart(15, "0");
}
