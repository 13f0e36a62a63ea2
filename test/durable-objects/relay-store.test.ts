import { expect, test } from "vitest";
import { RelayStore } from "../../durable-objects/relay/relay-store.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import { Database } from "../simulation/database.ts";

const [noon, yearMs] = [Date.UTC(2026, 10, 21, 12), 365 * dayMs];

test("conferences go 30 days after the last word about them, not by one clock alone, and again once it was set right", () => {
  const sql = new Database();
  const doubt = { ms: 0 };
  const heard = (key: string, at: number) =>
    new RelayStore(sql, { doubtMs: () => doubt.ms }).addConference(key as ConfKey, at);
  const days = () =>
    sql.exec("SELECT day FROM conference ORDER BY day").map(({ day }) => Number(day) - Math.floor(noon / dayMs));
  heard("first", noon);
  doubt.ms = yearMs + hourMs;
  for (const ahead of [0, 1]) heard(`ahead ${ahead}`, noon + yearMs + ahead * dayMs);
  expect(days()).toEqual([0, 365, 366]);
  doubt.ms = 0;
  for (let day = 1; day < 100; day += 1) heard(`${day}`, noon + day * dayMs);
  const month = Array.from({ length: 31 }, (_, index) => 69 + index);
  expect(days()).toEqual([...month, 365, 366]);
});
