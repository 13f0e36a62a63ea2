import type { EpochMs } from "../../src/foundation/ids.ts";
import type { FoundTrouble, TroubleKind } from "../../src/operators/trouble-kinds.ts";
import type { Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

/** Of one kind, and of one bridge or server. */
interface Happened {
  readonly kind: HappenedKind;
  readonly about: string;
  /** How often so far: the place of the last. */
  readonly total: number;
  /** So many somebody has acknowledged. */
  readonly cleared: number;
  /** The first and the last of the others; of the first, 0: not known. */
  readonly since: EpochMs;
  readonly latest: EpochMs;
  /** The reason of the last; empty: not known. */
  readonly why: string;
}

export const happenedKinds = [
  ...(["conferences-lost", "server-refused", "source-refused", "posts-refused", "posts-given-up"] as const),
] satisfies readonly TroubleKind[];
type HappenedKind = (typeof happenedKinds)[number];

/** So many servers are told apart, since others choose their names; further ones count as one, without a name. */
const mostServers = 20;

const table = `CREATE TABLE IF NOT EXISTS happened (kind TEXT, about TEXT, total INTEGER NOT NULL, cleared INTEGER NOT NULL,
  since INTEGER NOT NULL, latest INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (kind, about)) WITHOUT ROWID`;

/** What has happened and nothing can mend, counted until somebody acknowledges it. The first one makes the table. */
export class HappenedStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "happened", table);
  }

  /** Within a transaction. */
  add(kind: HappenedKind, about: string, at: EpochMs, count = 1, why = ""): void {
    const all = this.#all(kind);
    const before = all.find((one) => one.about === about);
    // Of bridges there are no more than the settings have had.
    const isOfServer = kind !== "conferences-lost" && about !== "";
    if (!before && isOfServer && !this.#hasRoom(all)) return this.add(kind, "", at, count, why);
    const { total, cleared, ...times } = before ?? { total: 0, cleared: 0, since: at, latest: at };
    const isFirst = total === cleared;
    const since = isFirst ? at : Math.min(times.since, at);
    const latest = isFirst ? at : Math.max(times.latest, at);
    this.#table.make();
    this.#keep({ kind, about, total: total + count, cleared, since, latest, why });
  }

  /** What somebody has acknowledged gives way, the oldest first. */
  #hasRoom(all: readonly Happened[]): boolean {
    if (all.filter(({ about }) => about !== "").length < mostServers) return true;
    const [oldest] = all
      .filter(({ about, total, cleared }) => about !== "" && total === cleared)
      .sort((one, other) => one.latest - other.latest);
    if (!oldest) return false;
    this.#sql.exec("DELETE FROM happened WHERE kind = ? AND about = ?", oldest.kind, oldest.about);
    return true;
  }

  /** Within a transaction. */
  acknowledge(kind: HappenedKind, about: string, upTo: number): void {
    // When those behind a part began is not kept.
    for (const one of this.#all(kind))
      if (one.about === about && upTo > one.cleared)
        this.#keep({ ...one, cleared: Math.min(upTo, one.total), since: 0 });
  }

  /** Within a transaction. */
  deleteBefore(at: EpochMs): void {
    if (this.#table.areThere) this.#sql.exec("DELETE FROM happened WHERE latest < ?", at);
  }

  /** What nobody has acknowledged. */
  open(kind: HappenedKind): readonly (FoundTrouble & { readonly about: string })[] {
    return this.#all(kind).flatMap(({ about, total, cleared, since, latest, why }) =>
      total > cleared ? [{ kind, about, since: since || null, latest, count: total - cleared, place: total, why }] : [],
    );
  }

  #all(kind: HappenedKind): readonly Happened[] {
    return this.#table.read("SELECT * FROM happened WHERE kind = ?", kind).map((row) => ({
      ...{ kind, about: String(row.about), total: Number(row.total), cleared: Number(row.cleared) },
      ...{ since: Number(row.since), latest: Number(row.latest), why: String(row.why) },
    }));
  }

  #keep({ kind, about, total, cleared, since, latest, why }: Happened): void {
    this.#sql.exec(
      `INSERT INTO happened (kind, about, total, cleared, since, latest, why) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (kind, about) DO UPDATE SET total = excluded.total, cleared = excluded.cleared,
       since = excluded.since, latest = excluded.latest, why = excluded.why`,
      ...[kind, about, total, cleared, since, latest, why],
    );
  }
}
