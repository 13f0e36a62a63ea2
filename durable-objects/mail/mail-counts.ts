import type { Fact } from "../../src/conference/facts.ts";
import { Feed } from "../../src/delivery/feed.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import { countsOf, noCounts, sumOf } from "../../src/records/counts.ts";
import type { CountRow, DirectoryRpc } from "../../src/rpc/directory.ts";
import type { Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

interface MailCountsPorts extends Timers {
  readonly sql: Sql;
  now(): EpochMs;
  nonce(): string;
  count(row: CountRow): ReturnType<DirectoryRpc["count"]>;
}

export const countedTable = "CREATE TABLE IF NOT EXISTS counted (id INTEGER PRIMARY KEY, data TEXT NOT NULL)";

/** What a mailbox has received and posted, on disk in the transaction that it happens in, and sent to the directory after it. */
export class MailCounts {
  readonly #ports: MailCountsPorts;
  readonly #table: LazyTables;
  readonly #feed: Feed<CountRow>;
  /** Whether the directory may lack something. What an earlier life sent comes once more. */
  owes: boolean;

  constructor(ports: MailCountsPorts) {
    this.#ports = ports;
    this.#table = new LazyTables(ports.sql, "counted", countedTable);
    this.#feed = new Feed({
      ...{ now: ports.now, after: ports.after },
      name: () => this.#row.source,
      isPending: () => this.owes,
      rows: () => {
        this.owes = false;
        return this.#row;
      },
      send: (row) => ports.count(row),
      acknowledged: () => {},
      failed: () => {
        this.owes = true;
      },
    });
    this.owes = this.#row.version > 0;
  }

  get #row(): CountRow {
    const [row] = this.#table.read("SELECT data FROM counted");
    return row
      ? JSON.parse(String(row.data))
      : { source: `mailbox ${this.#ports.nonce()}`, version: 0, counts: noCounts };
  }

  /** Within a transaction. */
  add(...facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const { source, version, counts } = this.#row;
    const more = countsOf([{ at: this.#ports.now(), facts }]);
    this.#table.make();
    this.#ports.sql.exec(
      "INSERT INTO counted (id, data) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data",
      JSON.stringify({ source, version: version + 1, counts: sumOf(counts, more) } satisfies CountRow),
    );
    this.owes = true;
    this.send();
  }

  send(): void {
    if (this.owes) this.#feed.changed();
  }

  /** Sends what it owes at once. Resolves with whether the directory has it all. */
  settle(): Promise<boolean> {
    return this.#feed.send();
  }

  stop(): void {
    this.#feed.stop();
  }
}
