import { expect } from "vitest";
import type { Disk, Flush, ObjectChange } from "../../../durable-objects/node/rows/disk.ts";
import { ObjectDatabase } from "../../../durable-objects/node/rows/object-database.ts";
import type { SqlValue } from "../../../durable-objects/platform/platform.ts";

type Statement = string | readonly [query: string, ...bindings: readonly SqlValue[]];

const people = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, at REAL)";
const words = "CREATE TABLE w (word TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID";
const many = (from: number, to: number): readonly Statement[] =>
  Array.from({ length: to - from }, (_, index) => ["INSERT INTO t (id, name) VALUES (?, ?)", from + index, "x"]);
const withName = (name: string): Statement => ["INSERT INTO t (name) VALUES (?)", name];
/** Strings that encodings, JSON, SQL or PostgreSQL might change. */
const texts = [
  "",
  " ",
  "null",
  "'",
  '"',
  "\\",
  "\\u0000",
  "ä",
  "A",
  "a",
  "é",
  "e\u0301",
  "\u{feff}bom",
  "😀",
  "a\nb",
  "\u2028",
  "{}",
  "%",
  "$1",
];
const numbers = [0, -1, 9, 10, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const reals = [0.1, -0.1, 1.5, 1e21, 1e300, 5e-324, Number.MAX_VALUE];

/** Statements of each flush. `deleted`: the object is deleted, and another one of its name begins. */
const cases: readonly (readonly [title: string, ...flushes: (readonly Statement[])[]])[] = [
  ["a row that changes", [people, ["INSERT INTO t VALUES (1, 'a', NULL)"]], ["UPDATE t SET name = 'b'"]],
  ["rows that go", [people, ...many(1, 4)], ["DELETE FROM t WHERE id = 2"]],
  ["DELETE without WHERE", [people, ...many(1, 4)], ["DELETE FROM t"]],
  ["DELETE without WHERE, and new rows", [people, ...many(1, 4)], ["DELETE FROM t", ...many(2, 3)]],
  ["a row that comes and goes", [people], [...many(1, 2), "DELETE FROM t"]],
  ["a row that goes and comes back", [people, ...many(1, 3)], ["DELETE FROM t WHERE id = 1"], many(1, 2)],
  ["a primary key that changes", [people, ...many(1, 3)], ["UPDATE t SET id = id + 10 WHERE id = 1"]],
  ["primary keys that move over each other", [people, ...many(1, 4)], ["UPDATE t SET id = 1 - id"]],
  ["INSERT OR REPLACE", [people, ...many(1, 3)], ["INSERT OR REPLACE INTO t VALUES (1, 'new', 2.5), (9, 'nine', 0)"]],
  [
    "an upsert",
    [people, ...many(1, 3)],
    ["INSERT INTO t (id, name) VALUES (1, 'y'), (7, 'z') ON CONFLICT (id) DO UPDATE SET name = excluded.name"],
  ],
  ["texts as keys", [words, ...texts.map((word, id): Statement => ["INSERT INTO w VALUES (?, ?)", word, id])]],
  [
    "texts as keys that change and go",
    [words, ...texts.map((word, id): Statement => ["INSERT INTO w VALUES (?, ?)", word, id])],
    ["UPDATE w SET id = id + 100 WHERE id % 2 = 0", "DELETE FROM w WHERE id % 2 = 1"],
  ],
  ["texts as values", [people, ...[...texts, "\ud800", "\udc00x", "a\0b", "\0"].map(withName)]],
  [
    "long texts",
    [
      people,
      ...["x", "ä", "😀\0"].flatMap((text) => [100, 480, 490, 9_000].map((length) => withName(text.repeat(length)))),
    ],
    ["UPDATE t SET name = name || 'y'"],
  ],
  ["numbers as keys", [people, ...numbers.map((id): Statement => ["INSERT INTO t (id) VALUES (?)", id])]],
  [
    "numbers as keys that change and go",
    [people, ...numbers.map((id): Statement => ["INSERT INTO t (id) VALUES (?)", id])],
    ["UPDATE t SET name = 'changed' WHERE id > 0", "DELETE FROM t WHERE id <= 0"],
  ],
  ["reals", [people, ...reals.map((at): Statement => ["INSERT INTO t (at) VALUES (?)", at])]],
  [
    "reals as keys",
    [
      "CREATE TABLE r (at REAL PRIMARY KEY NOT NULL, id INTEGER) WITHOUT ROWID",
      ...reals.map((at): Statement => ["INSERT INTO r VALUES (?, 1)", at]),
    ],
    ["UPDATE r SET id = 2"],
  ],
  ["values that are null", [people, ...many(1, 3)], ["UPDATE t SET name = NULL WHERE id = 1"]],
  [
    "a key of several columns, in another order",
    [
      "CREATE TABLE k (a TEXT, x INTEGER, b INTEGER, PRIMARY KEY (b, a)) WITHOUT ROWID",
      "INSERT INTO k VALUES ('a', 1, 2), ('2', 1, 3), ('a', 1, 3)",
    ],
    ["UPDATE k SET x = 5 WHERE b = 3 AND a = 'a'", "DELETE FROM k WHERE b = 2"],
  ],
  [
    "several tables and an index",
    [people, words, "CREATE INDEX byName ON t (name)", ...many(1, 3), "INSERT INTO w VALUES ('a', 1)"],
    ["DELETE FROM t WHERE id = 1", "UPDATE w SET id = 2"],
  ],
  [
    "a new column",
    [people, ...many(1, 3)],
    ["ALTER TABLE t ADD COLUMN more TEXT DEFAULT 'none'", "UPDATE t SET more = 'some' WHERE id = 1"],
  ],
  [
    "a new column and changes before it",
    [people, ...many(1, 3)],
    ["DELETE FROM t WHERE id = 2", "ALTER TABLE t ADD COLUMN more TEXT", "UPDATE t SET more = 'x'"],
  ],
  ["a new table", [people, ...many(1, 3)], [words, "INSERT INTO w VALUES ('a', 1)"], ["DELETE FROM t"]],
  [
    "a table that is dropped",
    [people, words, ...many(1, 3), "INSERT INTO w VALUES ('a', 1)"],
    ["DROP TABLE w", ...many(5, 6)],
  ],
  [
    "a table that is dropped and made again with another key",
    [people, ...many(1, 3)],
    ["UPDATE t SET name = 'y'"],
    ["DROP TABLE t", "CREATE TABLE t (id INTEGER, name TEXT PRIMARY KEY) WITHOUT ROWID", ...many(3, 4)],
    ["UPDATE t SET id = 9"],
  ],
  ["the only table is dropped", [people, ...many(1, 3)], ["DELETE FROM t", "DROP TABLE t"]],
  ["a successor of the same name", [people, ...many(1, 3)], ["deleted", words, "INSERT INTO w VALUES ('a', 1)"]],
  ["as many rows as a read returns", [people, ...many(0, 2_000)]],
  ["one row more than a read returns", [people, ...many(0, 2_001)]],
  ["a border of reads between tables", [people, words, ...many(0, 2_000), "INSERT INTO w VALUES ('a', 1), ('b', 2)"]],
];

/** What an object does, flush by flush. Each disk must then hold the rows of the object's database. */
export const storedCases = cases.map(([title, ...flushes]) => [title, flushes] as const);

/** Changes of objects that have none but these. */
export function flushOf(at: number, ...all: readonly (Partial<ObjectChange> & { readonly name: string })[]): Flush {
  const unchanged = { alarm: null, schema: null, replaces: false, rows: [] };
  return { at, deleted: [], changes: all.map((change) => ({ ...unchanged, ...change })) };
}

const name = "sessions/ä 😀";

/** Runs a case on a disk, and checks that another database filled from it is the same. */
export async function checkStored(disk: Disk, flushes: readonly (readonly Statement[])[]): Promise<void> {
  await disk.write({ at: 0, deleted: [name], changes: [] });
  let database = new ObjectDatabase();
  for (const [at, [first, ...others]] of flushes.entries()) {
    const isNew = first === "deleted";
    if (isNew) database = new ObjectDatabase();
    else if (first !== undefined) exec(database, first);
    for (const statement of others) exec(database, statement);
    const change = database.takeChange();
    const changes: Flush["changes"] = change ? [{ name, alarm: null, ...change }] : [];
    await disk.write({ at, deleted: isNew ? [name] : [], changes });
    const filled = new ObjectDatabase();
    await filled.fill(disk, name);
    expect(contents(filled)).toEqual(contents(database));
    expect(filled.takeChange()).toBe(null);
    // The next flush goes on from a database that was filled, every other time.
    if (at % 2 === 0) database = filled;
  }
}

function exec(database: ObjectDatabase, statement: Statement): void {
  if (typeof statement === "string") database.exec(statement);
  else database.exec(...statement);
}

function contents(database: ObjectDatabase) {
  const made = database.exec("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
  const tables = database.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  return [
    made,
    tables.map((table) => database.exec(`SELECT * FROM ${table.name} ORDER BY 1, 2, 3`.replace(/, 3$/, ""))),
  ];
}
