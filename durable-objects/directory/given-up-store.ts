import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import { minuteMs } from "../../src/foundation/time/timers.ts";
import type { KnownTrouble } from "../../src/operators/trouble.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import type { PlacedFact } from "../../src/records/directory-facts.ts";
import type { GivenUpPage, RecordQuery } from "../../src/rpc/directory.ts";
import type { GivenUpPost } from "../../src/rpc/directory-feed.ts";
import type { Sql, SqlRow, SqlValue } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

/** Rows kept for one domain: a server that is away for days would fill the disk. */
const most = 1_000;
/** Counts by conference and TSP server: of what has none, nobody can know that its server was reached. */
const mostUnlisted = 10_000;
const tables = [
  // Counts of documents that have no row: one for each conference and TSP server. Without a conference, nothing settles them.
  `CREATE TABLE IF NOT EXISTS given_up_unlisted (conference TEXT NOT NULL, host TEXT NOT NULL, count INTEGER NOT NULL,
   since INTEGER NOT NULL, latest INTEGER NOT NULL, place INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (conference, host))
   WITHOUT ROWID`,
  // Ids rise with the time when a document was given up. `at`: when it came here, as its conference may be behind.
  // Places rise by one with each document of a TSP server.
  `CREATE TABLE IF NOT EXISTS given_up_post (id TEXT PRIMARY KEY, at INTEGER NOT NULL, place INTEGER NOT NULL, data TEXT NOT NULL)
   WITHOUT ROWID`,
];

/** Documents that have no row. */
interface Unlisted {
  readonly conference: ConfKey | "";
  readonly host: string;
  /** How many of them are open, and acknowledged by nobody. */
  readonly count: number;
  readonly since: EpochMs;
  readonly latest: EpochMs;
  /** Of the last of them; so is `row`, in the conference's journal. */
  readonly place: number;
  readonly row: number;
}

/** A document that has a row, as far as counts need it. */
interface Listed extends Pick<GivenUpPost, "conference" | "row" | "host" | "at"> {
  readonly cameAt: EpochMs;
  readonly place: number;
  readonly isOpen: boolean;
  readonly isOwed: boolean;
}

/** What is open for one TSP server. */
interface OpenSum {
  readonly about: string;
  count: number;
  since: EpochMs;
  latest: EpochMs;
  place: number;
}

/** What is on disk, so that no count reads rows. */
interface Kept {
  /** By id. */
  readonly listed: Map<string, Listed>;
  readonly unlisted: Map<string, Unlisted>;
  /** By TSP server, the last place that was given. */
  readonly places: Map<string, number>;
}

/**
 * The documents of a domain that were given up: a row for each, and counts of those that are too many for rows, or of no conference. The
 * first one makes the tables. What stood in a document is in its conference's journal alone.
 */
export class GivenUpStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  readonly #acknowledged: (host: string) => number;
  /** `null`: not read yet, or a transaction failed. */
  #memory: Kept | null = null;

  /** `acknowledged`: up to which place somebody has acknowledged what was given up for a TSP server. */
  constructor(sql: Sql, acknowledged: (host: string) => number) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "given_up_post", ...tables);
    this.#acknowledged = acknowledged;
  }

  /** After a transaction that failed: memory is as the disk is. */
  load(): void {
    this.#memory = null;
  }

  /** Adds a document that came now, within a transaction, each once. Beyond the limit the oldest are counted alone. */
  add(post: GivenUpPost, cameAt: EpochMs): void {
    this.#table.make();
    const { listed, unlisted } = this.#kept;
    const { conference, host, row, at } = post;
    const known = unlisted.get(keyOf(post));
    const id = idOf(post);
    if (listed.has(id) || (known && row <= known.row && at <= known.latest)) return;
    const place = this.#nextPlace(host);
    const insert = "INSERT INTO given_up_post (id, at, place, data) VALUES (?, ?, ?, ?)";
    this.#sql.exec(insert, id, cameAt, place, JSON.stringify(post));
    listed.set(id, { conference, row, host, at, cameAt, place, isOpen: isOpen(post), isOwed: isOwed(post) });
    if (listed.size > most) this.#unlist([...listed.keys()].reduce((one, other) => (one < other ? one : other)));
  }

  #unlist(id: string): void {
    const { listed } = this.#kept;
    const old = listed.get(id);
    if (!old) return;
    const { conference, host, row, at, place, isOwed } = old;
    const one = { conference, host, count: 0, since: at, latest: at, place, row };
    // What is not owed is not settled when its server is reached. Its conference's row says that it was counted.
    const isCounted = old.isOpen && place > this.#acknowledged(bareHost(host));
    if (isCounted) this.#count({ ...one, count: 1, conference: isOwed ? conference : "" });
    this.#count(one);
    this.#sql.exec("DELETE FROM given_up_post WHERE id = ?", id);
    listed.delete(id);
  }

  /**
   * Counts what was given up in these minutes and belongs to no conference, within a transaction: just now, or some time in
   * its minute.
   */
  addOfNone(minutes: readonly ActivityMinute[], now: EpochMs): void {
    const lost = minutes.flatMap(({ at: minute, hosts }) => {
      const at = now >= minute && now - minute < minuteMs ? now : minute;
      return hosts.flatMap(({ host, givenUp: count }) =>
        count > 0 ? { host: host ?? "", count, since: at, latest: at } : [],
      );
    });
    if (lost.length > 0) this.#table.make();
    for (const one of lost)
      this.#count({ ...one, conference: "", place: this.#nextPlace(one.host, one.count), row: 0 });
  }

  /** The place of the last of so many documents, which are the next ones of this TSP server. */
  #nextPlace(host: string, count = 1): number {
    const place = this.#lastPlace(bareHost(host)) + count;
    this.#kept.places.set(bareHost(host), place);
    return place;
  }

  /** No document that comes later may have a place that was acknowledged, also where those that had it are deleted. */
  #lastPlace(server: string): number {
    const { places } = this.#kept;
    return Math.max(places.get(server) ?? 0, places.get("") ?? 0, this.#acknowledged(server));
  }

  #count(one: Unlisted): void {
    const { unlisted } = this.#kept;
    const known = unlisted.get(keyOf(one));
    if (known) return this.#keep(sumOf(known, one));
    if (one.conference === "" || unlisted.size < mostUnlisted || this.#deleteSettled()) return this.#keep(one);
    this.#count({ ...one, conference: "" });
  }

  /** Deletes the oldest row that counts nothing any more. Returns whether there was one. */
  #deleteSettled(): boolean {
    let oldest: Unlisted | null = null;
    for (const one of this.#kept.unlisted.values())
      if (one.conference !== "" && one.count === 0 && (!oldest || one.latest < oldest.latest)) oldest = one;
    if (!oldest) return false;
    this.#delete(oldest);
    this.#count({ ...oldest, conference: "" });
    return true;
  }

  #keep(one: Unlisted): void {
    const { conference, host, count, since, latest, place, row } = one;
    this.#sql.exec(
      `INSERT INTO given_up_unlisted (conference, host, count, since, latest, place, row) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (conference, host) DO UPDATE SET count = excluded.count, since = excluded.since,
       latest = excluded.latest, place = excluded.place, row = excluded.row`,
      ...[conference, host, count, since, latest, place, row],
    );
    this.#kept.unlisted.set(keyOf(one), one);
  }

  #delete(one: Unlisted): void {
    const { conference, host } = one;
    this.#sql.exec("DELETE FROM given_up_unlisted WHERE conference = ? AND host = ?", conference, host);
    this.#kept.unlisted.delete(keyOf(one));
  }

  /** The conference owes nothing from before this fact any more. Within a transaction. */
  settle(conference: ConfKey, { row, at: rowAt, fact }: PlacedFact): void {
    const at = fact.kind === "post-confirmed" ? fact.at : rowAt;
    const settled = { settledAt: at, ...("expired" in fact && fact.expired && { expired: fact.expired }) };
    const isMeant = (one: Listed | Unlisted) =>
      one.conference === conference && one.row < row && isAbout(fact, one.host);
    const { listed, unlisted } = this.#kept;
    for (const [id, one] of listed) {
      const post = one.isOwed && isMeant(one) ? this.find(id) : null;
      if (!post) continue;
      this.#sql.exec("UPDATE given_up_post SET data = ? WHERE id = ?", JSON.stringify({ ...post, ...settled }), id);
      listed.set(id, { ...one, isOpen: isOpen(settled), isOwed: false });
    }
    for (const one of unlisted.values()) {
      if (!isMeant(one) || one.count === 0) continue;
      if ("expired" in settled) this.#count({ ...one, conference: "" });
      this.#keep({ ...one, count: 0 });
    }
  }

  /** Whether anything of this conference may still be settled. */
  owes(conference: ConfKey): boolean {
    const { listed, unlisted } = this.#kept;
    for (const one of listed.values()) if (one.isOwed && one.conference === conference) return true;
    for (const one of unlisted.values()) if (one.count > 0 && one.conference === conference) return true;
    return false;
  }

  /** How many documents of each TSP server are open, of those that came behind the place that was acknowledged. */
  openByHost(): KnownTrouble["givenUp"] {
    const { listed, unlisted } = this.#kept;
    // Servers are few, and documents many. A server has one sum, with its scheme or without.
    const sums = new Map<string, { readonly open: OpenSum; readonly upTo: number }>();
    const sumFor = (host: string) => {
      const about = bareHost(host);
      const none: OpenSum = { about, count: 0, since: Number.POSITIVE_INFINITY, latest: 0, place: 0 };
      const sum = sums.get(about) ?? { open: none, upTo: this.#acknowledged(about) };
      sums.set(about, sum).set(host, sum);
      return sum;
    };
    const add = ({ host, count, since, latest, place }: ReturnType<typeof countOf>) => {
      const { open, upTo } = sums.get(host) ?? sumFor(host);
      if (count === 0 || place <= upTo) return;
      open.count += count;
      open.since = Math.min(open.since, since);
      open.latest = Math.max(open.latest, latest);
      open.place = Math.max(open.place, place);
    };
    for (const one of listed.values()) if (one.isOpen) add(countOf(one));
    for (const one of unlisted.values()) add(one);
    return [...new Set(sums.values())].flatMap(({ open }) => (open.count > 0 ? open : []));
  }

  /** Within a transaction: somebody has acknowledged what there is for this server up to this place. */
  acknowledge(server: string, upTo: number): void {
    const { listed, unlisted } = this.#kept;
    const isBehind = ({ host, place }: Listed | Unlisted) => bareHost(host) === server && place > upTo;
    // So many came behind the place, and have no row.
    let left = this.#lastPlace(server) - upTo - [...listed.values()].filter(isBehind).length;
    const counted = [...unlisted.values()].filter(({ host, count }) => bareHost(host) === server && count > 0);
    for (const one of counted.sort((one, other) => other.place - one.place)) {
      const count = Math.max(0, Math.min(one.count, one.place - upTo, left));
      left -= count;
      if (count < one.count) this.#keep({ ...one, count });
    }
  }

  get #kept(): Kept {
    this.#memory ??= this.#read();
    return this.#memory;
  }

  #read(): Kept {
    const listed = new Map(
      this.#table.read("SELECT * FROM given_up_post").map(({ id, at: cameAt, place, data }) => {
        const post = postIn(data);
        const { conference, row, host, at } = post;
        const about = { conference, row, host, at, cameAt: Number(cameAt), place: Number(place) };
        return [String(id), { ...about, isOpen: isOpen(post), isOwed: isOwed(post) }];
      }),
    );
    const counts = this.#table.read("SELECT * FROM given_up_unlisted").map(toUnlisted);
    const places = new Map<string, number>();
    for (const { host, place } of [...listed.values(), ...counts])
      places.set(bareHost(host), Math.max(places.get(bareHost(host)) ?? 0, place));
    return { listed, unlisted: new Map(counts.map((one) => [keyOf(one), one])), places };
  }

  /** Documents behind this id; `server`: those for this one alone, with its scheme or without. */
  page(after: string | null, limit: number, server?: string, order: RecordQuery["order"] = "newest"): GivenUpPage {
    const [is, way, first] = order === "oldest" ? [">", "ASC", ""] : ["<", "DESC", behindAll];
    const from = after ?? first;
    // Of one time and conference, those of the later row have the longer id, or the greater one.
    const time = `substr(id, 1, ${timeDigits})`;
    const query = `SELECT id, data FROM given_up_post WHERE (${time}, length(id), id) ${is} (?, ?, ?)
      ORDER BY ${time} ${way}, length(id) ${way}, id ${way} LIMIT ?`;
    const mostRead = server === undefined ? limit + 1 : most;
    const rows = this.#table.read(query, from.slice(0, timeDigits), from.length, from, mostRead);
    const found = rows
      .map(({ id, data }) => ({ id: String(id), ...postIn(data) }))
      .filter(({ host }) => server === undefined || bareHost(host) === bareHost(server));
    const posts = found.slice(0, limit);
    const unlisted = after === null ? this.#unlistedOf(server) : 0;
    const next = found.length > limit ? (posts.at(-1)?.id ?? null) : null;
    return { posts, next, ...(unlisted > 0 && { unlisted }) };
  }

  /** How many open documents, for this server or for all, have no row. */
  #unlistedOf(server: string | undefined): number {
    return [...this.#kept.unlisted.values()]
      .filter(({ host }) => server === undefined || bareHost(host) === bareHost(server))
      .filter(({ host, count, place }) => count > 0 && place > this.#acknowledged(bareHost(host)))
      .reduce((sum, { count }) => sum + count, 0);
  }

  /** The document of this id; `null`: there is none, or none any more. */
  find(id: string): GivenUpPost | null {
    const [row] = this.#table.read("SELECT data FROM given_up_post WHERE id = ?", id);
    return row ? postIn(row.data) : null;
  }

  /** Within a transaction. */
  deleteBefore(at: EpochMs): void {
    const { listed, unlisted, places } = this.#kept;
    const counts = [...unlisted.values()].filter(({ latest, host }) => latest < at && host !== "");
    const ids = [...listed].flatMap(([id, { cameAt }]) => (cameAt < at ? id : []));
    for (const one of unlisted.values()) if (one.latest < at && one.count > 0) this.#keep({ ...one, count: 0 });
    if (counts.length + ids.length === 0) return;
    for (const one of counts) this.#delete(one);
    this.#sql.exec("DELETE FROM given_up_post WHERE at < ?", at);
    for (const id of ids) listed.delete(id);
    // The places of what is deleted are not given again.
    const place = Math.max(...places.values());
    places.set("", place);
    this.#count({ conference: "", host: "", count: 0, since: at, latest: at, place, row: 0 });
  }
}

function keyOf({ conference, host }: { readonly conference: string; readonly host: string }): string {
  return `${conference} ${host}`;
}

function countOf({ host, at, place }: Listed): Pick<Unlisted, "host" | "count" | "since" | "latest" | "place"> {
  return { host, count: 1, since: at, latest: at, place };
}

function sumOf(known: Unlisted, more: Unlisted): Unlisted {
  const counted = [known, more].filter(({ count }) => count > 0);
  const since = counted.length > 0 ? counted : [more];
  // The row of a conference also says which of its documents were counted.
  const latest = known.conference === "" ? since : [known, more];
  return {
    ...known,
    ...{ count: known.count + more.count, since: Math.min(...since.map((one) => one.since)) },
    ...{ latest: Math.max(...latest.map((one) => one.latest)), place: Math.max(known.place, more.place) },
    row: Math.max(known.row, more.row),
  };
}

function toUnlisted({ conference, host, count, since, latest, place, row }: SqlRow): Unlisted {
  const names = { conference: String(conference) as Unlisted["conference"], host: String(host) };
  return {
    ...names,
    ...{ count: Number(count), since: Number(since), latest: Number(latest), place: Number(place), row: Number(row) },
  };
}

/** A Confirmation settles what its server is owed; that a server creates the key, what all others are. */
function isAbout(fact: PlacedFact["fact"], host: string): boolean {
  if (fact.kind === "post-confirmed") return bareHost(host) === bareHost(fact.host ?? "");
  const isCreate = fact.kind === "conference-requested" || fact.kind === "conference-taken-over";
  return !isCreate || bareHost(host) !== bareHost(fact.host);
}

/** A server that was away for so long that nobody waits for it was never notified. */
function isOpen({ settledAt, expired }: Pick<GivenUpPost, "settledAt" | "expired">): boolean {
  return settledAt === null || expired === true;
}

function isOwed({ settledAt, owed }: GivenUpPost): boolean {
  return owed === true && settledAt === null;
}

function postIn(data: SqlValue | undefined): GivenUpPost {
  return { settledAt: null, ...JSON.parse(String(data)) };
}

/** Ids begin with so many digits. */
const timeDigits = 15;
const behindAll = "a";

/** The same text for each copy of a post, and another one for each other post. */
function idOf({ at, row, conference }: GivenUpPost): string {
  return `${String(at).padStart(timeDigits, "0")}-${row}-${conference}`;
}
