import { Seen } from "../../src/delivery/seen.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import type { NamedConferences } from "../../src/rpc/handle-index.ts";
import { hasTable, type Sql } from "../platform/platform.ts";

/** Transactions that are remembered. WebEx repeats within seconds, so that those of an honest flood are still known. */
const mostKnown = 10_000;
const table = `CREATE TABLE IF NOT EXISTS transaction_names (at INTEGER, under TEXT, names TEXT NOT NULL, PRIMARY KEY (at, under))
   WITHOUT ROWID`;

/** Which conferences the documents of one domain named, by their TransID: a document under the same one is a repeat (protocol T38, T40). */
export class TransactionNames {
  readonly #sql: Sql;
  #hasTable: boolean;
  readonly #known: Seen<string, string>;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTable = hasTable(sql, "transaction_names");
    const rows = this.#hasTable ? sql.exec("SELECT * FROM transaction_names ORDER BY at") : [];
    this.#known = new Seen(
      mostKnown,
      rows.map(({ under, names, at }) => [String(under), String(names), Number(at)]),
    );
  }

  /** `other`: another document came under the same, and named other conferences. */
  judge({ under, names, memoryMs }: NamedConferences, now: EpochMs): "new" | "repeat" | "other" {
    const known = this.#known.get(under, now - memoryMs);
    if (known === undefined) return "new";
    return known === names ? "repeat" : "other";
  }

  /** Remembers a new transaction, once it is on disk: within the caller's transaction, and in memory by what it returns. */
  write({ under, names, memoryMs }: NamedConferences, now: EpochMs): () => void {
    if (!this.#hasTable) this.#sql.exec(table);
    for (const [oldest, at] of this.#known.outdated(under, now - memoryMs))
      this.#sql.exec("DELETE FROM transaction_names WHERE at = ? AND under = ?", at, oldest);
    this.#sql.exec("INSERT INTO transaction_names (at, under, names) VALUES (?, ?, ?)", now, under, names);
    return () => {
      this.#hasTable = true;
      this.#known.add(under, names, now, now - memoryMs);
    };
  }
}
