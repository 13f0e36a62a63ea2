import { expect, test } from "vitest";
import { WebexSiteStore } from "../../durable-objects/webex-site/webex-site-store.ts";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { costMs } from "../cost.ts";
import { Database } from "../simulation/database.ts";

const domain = "local" as DomainName;

function newStore(sql = new Database()): WebexSiteStore {
  const store = new WebexSiteStore(sql);
  store.own(domain, "anna.berg", 0);
  return store;
}

test("each owner of an access code is found beside the first one, also where twenty thousand have the same", () => {
  const store = newStore();
  store.addCodes([
    { code: "own", owner: "user ann" },
    { code: "two", owner: "user cem" },
    { code: "two", owner: "user bea" },
  ]);
  expect(store.sharedCodes()).toEqual([{ one: "user cem", other: "user bea" }]);

  store.transaction(() => {
    store.addCodes(Array.from({ length: 20_000 }, (_, n) => ({ code: "all", owner: `user ${100_000 + n}` })));
  });
  let shared: ReturnType<typeof store.sharedCodes> = [];

  // Pair by pair it takes half a minute.
  expect(costMs(() => (shared = store.sharedCodes()))).toBeLessThan(3_000);
  expect(shared).toHaveLength(20_000);
  expect(shared[19_998]).toEqual({ one: "user 119999", other: "user 100000" });
});

test("of more than ten thousand meetings, those that nobody has asked about for the longest time are deleted", () => {
  const store = newStore();
  store.transaction(() => {
    for (let n = 0; n < 10_003; n += 1)
      store.writeMeetingFailure(`${n}` as ConfKey, "1", 1_000 + ((n + 5) % 10_003), "none");
  });

  store.deleteOldMeetings(0);

  const isThere = (n: number) => store.meeting(`${n}` as ConfKey) !== null;
  expect([9_997, 9_998, 9_999, 10_000, 10_001, 0].map(isThere)).toEqual([true, false, false, false, true, true]);
  expect(store.oldestMeetingAt()).toBe(1_003);
});

test("the oldest meeting is found without reading the others", () => {
  const sql = new Database();
  newStore(sql);

  const [plan] = sql.exec("EXPLAIN QUERY PLAN SELECT min(asked_at) AS at FROM meeting");

  expect(plan?.detail).toContain("INDEX meeting_by_time");
});

test("what version 0.1 stored of a site is found after the upgrade, and goes on from there", () => {
  const sql = new Database();
  newStore(sql).writeMeetingFailure("7" as ConfKey, "1", 1_000, "none");
  sql.exec("DROP TABLE entry");
  sql.exec("CREATE TABLE IF NOT EXISTS entry (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  const numbers = { at: 2_000, numbers: [] };
  for (const [name, value] of Object.entries({ nightsFrom: 3_000, siteNumbers: numbers }))
    sql.exec("INSERT INTO entry (name, value) VALUES (?, ?)", name, JSON.stringify(value));

  for (const store of [newStore(sql), newStore(sql)]) {
    expect(store.domain).toBe(domain);
    expect(store.meeting("7" as ConfKey)).toMatchObject({ askedAt: 1_000, failure: "none" });
    expect(store.read("nightsFrom")).toBe(3_000);
    expect(store.read("siteNumbers")).toEqual(numbers);
  }
  const store = new WebexSiteStore(sql);
  store.write("nightsFrom", 4_000);
  store.delete("siteNumbers");
  expect([store.read("nightsFrom"), store.read("siteNumbers")]).toEqual([4_000, undefined]);
});
