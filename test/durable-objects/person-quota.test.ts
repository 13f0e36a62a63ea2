import { expect, test } from "vitest";
import { PersonQuota } from "../../durable-objects/platform/tables/person-quota.ts";
import { Database } from "../simulation/database.ts";

/** A record with room for 300 refused rows, and who has how many of them. */
function aRecord(sql = new Database()) {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS sign_in (id INTEGER PRIMARY KEY, person TEXT NOT NULL, refused INTEGER DEFAULT 1)",
  );
  const quota = new PersonQuota(sql, { table: "sign_in", person: "person", deletable: "refused", most: 300 });
  const add = (person: string, times: number) => {
    for (let count = 0; count < times; count += 1) {
      sql.exec("INSERT INTO sign_in (person) VALUES (?)", person);
      quota.added();
    }
  };
  const rows = () =>
    Object.fromEntries(
      sql.exec("SELECT person, count(*) AS n FROM sign_in GROUP BY person").map(({ person, n }) => [person, n]),
    );
  return { sql, quota, add, rows };
}

test("where refusals are too many, whoever has the most loses the oldest, and nobody else any", () => {
  const { sql, add, rows } = aRecord();
  add("clara", 50);
  add("anna", 100);
  add("loud", 10_000);
  add("anna", 1);

  expect(rows()).toMatchObject({ clara: 50, anna: 101 });
  expect(Number(rows().loud)).toBeLessThanOrEqual(150);
  expect(Number(rows().loud)).toBeGreaterThan(140);
  expect(sql.exec("SELECT min(id) AS first FROM sign_in WHERE person = ?", "loud")[0]?.first).toBeGreaterThan(9_900);
});

test("a new life goes on with what is there, and what is deleted in another way makes room", () => {
  const { sql, add } = aRecord();
  add("loud", 299);
  const next = aRecord(sql);
  next.add("anna", 30);
  expect(next.rows().anna).toBe(30);
  expect(Number(next.rows().loud)).toBeLessThanOrEqual(270);

  sql.exec("DELETE FROM sign_in WHERE person = ?", "loud");
  next.quota.reset();
  next.add("anna", 100);
  expect(next.rows()).toEqual({ anna: 130 });
});

test("what was done stays, however much is refused behind it, also in a new life", () => {
  const { sql, add, rows } = aRecord();
  for (let count = 0; count < 1_000; count += 1)
    sql.exec("INSERT INTO sign_in (person, refused) VALUES (?, 0)", count < 900 ? "loud" : "anna");
  add("loud", 1_000);
  aRecord(sql).add("loud", 1_000);
  expect(sql.exec("SELECT count(*) AS rows FROM sign_in WHERE NOT refused")[0]?.rows).toBe(1_000);
  expect(Number(rows().loud)).toBeLessThanOrEqual(1_200);
  expect(rows().anna).toBe(100);
});

test("while there cannot be too many, a row costs two to read", () => {
  const { sql, add } = aRecord();
  add("anna", 299);
  const before = sql.rowsWritten;
  add("anna", 1);
  expect(sql.rowsWritten - before).toBe(1);
});

test("no question about what was refused reads what was done, of which there may be millions", () => {
  const { sql, add } = aRecord();
  for (let count = 0; count < 1_000; count += 1) sql.exec("INSERT INTO sign_in (person, refused) VALUES ('anna', 0)");
  const asked: string[] = [];
  const exec = sql.exec.bind(sql);
  sql.exec = (query, ...values) => {
    if (/\bsign_in\b/.test(query) && !/^(?:CREATE|INSERT)/.test(query)) {
      const plan = exec(`EXPLAIN QUERY PLAN ${query}`, ...values);
      asked.push(...plan.map(({ detail }) => String(detail)).filter((detail) => detail.includes("sign_in")));
    }
    return exec(query, ...values);
  };
  add("loud", 400);
  expect(
    asked.filter((detail) => !/USING (?:COVERING )?INDEX sign_in_deletable|INTEGER PRIMARY KEY/.test(detail)),
  ).toEqual(Array(2).fill("SEARCH sign_in"));
  expect(asked.some((detail) => detail.includes("sign_in_deletable"))).toBe(true);
});
