import type { EpochMs } from "../../src/foundation/ids.ts";
import type { FoundTrouble } from "../../src/operators/trouble-kinds.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { LazyTables } from "../platform/lazy-tables.ts";
import type { Sql } from "../platform/platform.ts";

/** Of one bridge. */
interface Lost {
  readonly bridge: string;
  /** All so far: the place of the last. */
  readonly total: number;
  /** So many of them somebody has acknowledged, or they are as old as what the records leave out. */
  readonly cleared: number;
  /** The first and the last of the others; of the first, 0: not known. */
  readonly since: EpochMs;
  readonly latest: EpochMs;
}

const table = `CREATE TABLE IF NOT EXISTS lost_conferences (bridge TEXT PRIMARY KEY, total INTEGER NOT NULL, cleared INTEGER NOT NULL,
  since INTEGER NOT NULL, latest INTEGER NOT NULL) WITHOUT ROWID`;

/** How many conferences each bridge has lost, as by a restart: their callers were cut off. The first one makes the table. */
export class LostConferences {
  readonly #sql: Sql;
  readonly #table: LazyTables;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "lost_conferences", table);
  }

  /** Within the transaction in which the record is kept. Returns whether the bridge has lost this conference. */
  add(record: DirectoryRecord): boolean {
    if (record.kind !== "conference" || record.reason !== "lost" || record.endedBy !== "bridge") return false;
    const { bridge, endedAt: at } = record;
    const before = this.#all().find((one) => one.bridge === bridge) ?? { total: 0, cleared: 0, since: at, latest: at };
    const { total, cleared } = before;
    const isFirst = total === cleared;
    const since = isFirst ? at : Math.min(before.since, at);
    const latest = isFirst ? at : Math.max(before.latest, at);
    this.#table.make();
    this.#keep({ bridge, total: total + 1, cleared, since, latest });
    return true;
  }

  acknowledge(bridge: string, upTo: number): void {
    // When those behind a part began is not kept.
    for (const one of this.#all())
      if (one.bridge === bridge && upTo > one.cleared)
        this.#keep({ ...one, cleared: Math.min(upTo, one.total), since: 0 });
  }

  deleteBefore(at: EpochMs): void {
    for (const one of this.#all())
      if (one.latest < at && one.cleared < one.total) this.#keep({ ...one, cleared: one.total });
  }

  /** By bridge, what nobody has acknowledged. */
  get open(): readonly (FoundTrouble & { readonly bridge: string })[] {
    return this.#all().flatMap(({ bridge, total, cleared, since, latest }) => {
      const found = {
        kind: "conferences-lost",
        since: since || null,
        latest,
        count: total - cleared,
        place: total,
      } as const;
      return total > cleared ? [{ bridge, ...found }] : [];
    });
  }

  #all(): readonly Lost[] {
    return this.#table.read("SELECT * FROM lost_conferences").map((row) => ({
      ...{ bridge: String(row.bridge), total: Number(row.total), cleared: Number(row.cleared) },
      ...{ since: Number(row.since), latest: Number(row.latest) },
    }));
  }

  #keep({ bridge, total, cleared, since, latest }: Lost): void {
    this.#sql.exec(
      `INSERT INTO lost_conferences (bridge, total, cleared, since, latest) VALUES (?, ?, ?, ?, ?) ON CONFLICT (bridge)
       DO UPDATE SET total = excluded.total, cleared = excluded.cleared, since = excluded.since, latest = excluded.latest`,
      ...[bridge, total, cleared, since, latest],
    );
  }
}
