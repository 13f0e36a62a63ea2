import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import type { KnownTrouble } from "../../src/operators/trouble.ts";
import type { PlacedFact } from "../../src/records/directory-facts.ts";
import type { GivenUpPage } from "../../src/rpc/directory.ts";
import type { GivenUpPost } from "../../src/rpc/directory-feed.ts";
import { LazyTables } from "../platform/lazy-tables.ts";
import type { Sql, SqlValue } from "../platform/platform.ts";

/** Rows kept for one domain: a server that is away for days would fill the disk. */
const most = 1_000;
/** Its ids rise with time. */
const table =
  "CREATE TABLE IF NOT EXISTS given_up (id TEXT PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID";

/**
 * The documents of a domain's conferences that were given up: a row for each. The first one makes the table. What stood in a document
 * is in its conference's journal alone.
 */
export class GivenUpStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  /** The TSP server and time of each document that is open, the oldest first; `null`: not read since something changed. */
  #open: readonly Pick<GivenUpPost, "host" | "at">[] | null = null;
  /** The ids of documents that may still be owed, so that the end of one conference's outage reads no rows of others; `null`: not read yet. */
  #owed: Set<string> | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "given_up", table);
  }

  /** Adds a document within a transaction, each once. Beyond the limit the oldest go. */
  add(post: GivenUpPost): void {
    this.#table.make();
    this.#open = null;
    const insert = "INSERT INTO given_up (id, at, data) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING";
    this.#sql.exec(insert, idOf(post), post.at, JSON.stringify(post));
    if (post.owed) this.#owed?.add(idOf(post));
    const tooMany = "SELECT id FROM given_up ORDER BY id DESC LIMIT -1 OFFSET ?";
    for (const { id } of this.#sql.exec(tooMany, most)) {
      this.#sql.exec("DELETE FROM given_up WHERE id = ?", id ?? "");
      this.#owed?.delete(String(id));
    }
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
      // Removed here, and not when it was settled: that transaction may have failed.
      if (post?.settledAt !== null) this.#owed.delete(id);
      else if (post.conference === conference && post.row < row)
        this.#sql.exec("UPDATE given_up SET data = ? WHERE id = ?", JSON.stringify({ ...post, ...settled }), id);
    }
  }

  /** How many documents of each TSP server are open: nobody told it what stood there, nor are they from before the time that was acknowledged. */
  openByHost(acknowledgedUpTo: (host: string) => EpochMs): KnownTrouble["givenUp"] {
    // A server that was away for so long was never told.
    this.#open ??= this.page(null, most)
      .posts.filter(({ settledAt, expired }) => settledAt === null || expired)
      .reverse();
    const byHost = Map.groupBy(this.#open, ({ host }) => bareHost(host));
    return [...byHost].flatMap(([about, posts]) => {
      const upTo = acknowledgedUpTo(about);
      const times = posts.map(({ at }) => at).filter((at) => at > upTo);
      const [since, latest] = [times[0], times.at(-1)];
      return since === undefined || latest === undefined ? [] : [{ about, since, latest, count: times.length }];
    });
  }

  /** Documents before this id, the latest first; `server`: those for this one alone, with its scheme or without. */
  page(before: string | null, limit: number, server?: string): GivenUpPage {
    const query = "SELECT id, data FROM given_up WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#table.read(query, before ?? behindAll, server === undefined ? limit + 1 : most);
    const found = rows
      .map(({ id, data }) => ({ id: String(id), ...postIn(data) }))
      .filter(({ host }) => server === undefined || bareHost(host) === bareHost(server));
    const posts = found.slice(0, limit);
    return { posts, next: found.length > limit ? (posts.at(-1)?.id ?? null) : null };
  }

  /** The document of this id; `null`: there is none, or none any more. */
  find(id: string): GivenUpPost | null {
    const [row] = this.#table.read("SELECT data FROM given_up WHERE id = ?", id);
    return row ? postIn(row.data) : null;
  }

  deleteBefore(at: EpochMs): void {
    this.#owed = null;
    this.#open = null;
    if (this.#table.areThere) this.#sql.exec("DELETE FROM given_up WHERE id < ?", timeIn(at));
  }
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
