import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { PlacedFact } from "../../src/records/directory-facts.ts";
import type { GivenUpPage } from "../../src/rpc/directory.ts";
import type { GivenUpPost } from "../../src/rpc/directory-feed.ts";
import { hasTable, type Sql, type SqlValue } from "../platform/platform.ts";

/** Of one domain: a server that is away for days would fill the disk. */
const most = 1_000;

/**
 * Which documents of a domain's conferences were given up, one row each, in a table that is made with the first of them. What stood in
 * them is in the journals of the conferences alone.
 */
export class GivenUpStore {
  readonly #sql: Sql;
  /** The ids of all that may still be owed, so that one conference's end of an outage reads no other's; `null`: not read yet. */
  #owed: Set<string> | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Within a transaction. One that is told again is not kept twice; the oldest of too many go. */
  add(post: GivenUpPost): void {
    // Its ids rise with time.
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS given_up (id TEXT PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID",
    );
    const insert = "INSERT INTO given_up (id, at, data) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING";
    this.#sql.exec(insert, idOf(post), post.at, JSON.stringify(post));
    if (post.owed) this.#owed?.add(idOf(post));
    const tooMany = "SELECT id FROM given_up ORDER BY id DESC LIMIT -1 OFFSET ?";
    for (const { id } of this.#sql.exec(tooMany, most)) {
      this.#sql.exec("DELETE FROM given_up WHERE id = ?", id ?? "");
      this.#owed?.delete(String(id));
    }
  }

  /** Those of this conference that were owed before this fact are so no more. Within a transaction. */
  settle(conference: ConfKey, { row, at, fact }: PlacedFact): void {
    const settled = { settledAt: at, ...("expired" in fact && fact.expired && { expired: fact.expired }) };
    this.#owed ??= new Set(
      this.page(null, most).posts.flatMap(({ id, owed, settledAt }) => (owed && settledAt === null ? [id] : [])),
    );
    for (const id of this.#owed) {
      if (!id.endsWith(`-${conference}`)) continue;
      const post = this.find(id);
      // Not when it was settled: that transaction may have failed.
      if (post?.settledAt !== null) this.#owed.delete(id);
      else if (post.conference === conference && post.row < row)
        this.#sql.exec("UPDATE given_up SET data = ? WHERE id = ?", JSON.stringify({ ...post, ...settled }), id);
    }
  }

  /** The latest first, those before this id. */
  page(before: string | null, limit: number): GivenUpPage {
    if (!hasTable(this.#sql, "given_up")) return { posts: [], next: null };
    const query = "SELECT id, data FROM given_up WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#sql.exec(query, before ?? behindAll, limit + 1);
    const posts = rows.slice(0, limit).map(({ id, data }) => ({ id: String(id), ...postIn(data) }));
    return { posts, next: rows.length > limit ? (posts.at(-1)?.id ?? null) : null };
  }

  /** `null`: there is none of this id, or none any more. */
  find(id: string): GivenUpPost | null {
    const [row] = hasTable(this.#sql, "given_up") ? this.#sql.exec("SELECT data FROM given_up WHERE id = ?", id) : [];
    return row ? postIn(row.data) : null;
  }

  deleteBefore(at: EpochMs): void {
    this.#owed = null;
    if (hasTable(this.#sql, "given_up")) this.#sql.exec("DELETE FROM given_up WHERE id < ?", timeIn(at));
  }
}

function postIn(data: SqlValue | undefined): GivenUpPost {
  return { settledAt: null, ...JSON.parse(String(data)) };
}

/** Ids begin with digits. */
const behindAll = "a";

/** The same for each copy of it, and another one for each other post. */
function idOf({ at, row, conference }: GivenUpPost): string {
  return `${timeIn(at)}-${row}-${conference}`;
}

function timeIn(at: EpochMs): string {
  return String(at).padStart(15, "0");
}
