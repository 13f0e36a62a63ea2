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
