import type { Sql } from "../platform.ts";

interface QuotaOptions {
  readonly table: "sign_in";
  /** An expression of a row for whose it is. */
  readonly person: string;
  /** A condition: of a row that says of something that it was not done. */
  readonly deletable: string;
  readonly most: number;
}

/** Deleted at once: to find out who has the most rows reads all deletable ones. */
const portionOf = (most: number) => Math.ceil(most / 100);

/**
 * A table that people fill. Rows of what was done stay, so that nobody pushes them out. Of the deletable ones so many
 * stay; beyond, who has the most of them loses the oldest.
 */
export class PersonQuota {
  readonly #sql: Sql;
  readonly #options: QuotaOptions;
  /** Deletable ones; `null`: not counted in this life, since there cannot be too many. */
  #rows: number | null = null;

  constructor(sql: Sql, options: QuotaOptions) {
    this.#sql = sql;
    this.#options = options;
    const { table, person, deletable } = options;
    // The table can have millions of other rows. A refused request must not read them.
    sql.exec(`CREATE INDEX IF NOT EXISTS ${table}_deletable ON ${table} (${person}) WHERE ${deletable}`);
  }

  /** A deletable row was added, or a row is deletable now; within a transaction. */
  added(): void {
    const { table, person, deletable, most } = this.#options;
    this.#rows = this.#rows === null ? this.#count() : this.#rows + 1;
    if (this.#rows === null || this.#rows <= most) return;
    const [loudest] = this.#sql.exec(
      `SELECT ${person} AS person, count(*) AS rows FROM ${table} WHERE ${deletable} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1`,
    );
    const oldest = `SELECT id FROM ${table} WHERE (${deletable}) AND ${person} = ? ORDER BY id LIMIT ?`;
    const deleted = this.#sql.exec(
      `DELETE FROM ${table} WHERE id IN (${oldest}) RETURNING id`,
      ...[loudest?.person ?? "", portionOf(most)],
    );
    this.#rows -= deleted.length;
  }

  /** Rows went in another way, or may have. */
  reset(): void {
    this.#rows = null;
  }

  /** `null`: the ids alone say that there are not too many, and cost two rows to read. */
  #count(): number | null {
    const { table, deletable, most } = this.#options;
    const [ids] = this.#sql.exec(
      `SELECT (SELECT min(id) FROM ${table}) AS first, (SELECT max(id) FROM ${table}) AS last`,
    );
    if (Number(ids?.last) - Number(ids?.first) < most) return null;
    return Number(this.#sql.exec(`SELECT count(*) AS rows FROM ${table} WHERE ${deletable}`)[0]?.rows);
  }
}
