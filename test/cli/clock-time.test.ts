import { expect, test } from "vitest";
import { clockTime } from "../../cli/clock-time.ts";

const now = new Date(2026, 10, 21, 3, 0).getTime();

test.each<[string, Date | null]>([
  ["02:40", new Date(2026, 10, 21, 2, 40)],
  ["2:40:15.5", new Date(2026, 10, 21, 2, 40, 15, 500)],
  ["03:00", new Date(2026, 10, 21, 3, 0)],
  ["23:50", new Date(2026, 10, 20, 23, 50)],
  ["2026-11-19T23:50", new Date(2026, 10, 19, 23, 50)],
  ["2026-11-19T23:50:00Z", new Date(Date.UTC(2026, 10, 19, 23, 50))],
  ["2026-11-19", new Date(2026, 10, 19)],
  ["2026-13-19", null],
  ["24:00", null],
  ["02:60", null],
  ["yesterday", null],
])("at three in the morning of 21 November, %s is %s", (text, moment) => {
  expect(clockTime(text, now)).toBe(moment?.getTime() ?? null);
});

test.each<[string, Date, Date]>([
  ["02:50", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 21, 2, 50)],
  ["03:10", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 21, 3, 10)],
  ["02:40", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 21, 2, 40)],
  ["00:10", new Date(2026, 10, 20, 23, 50), new Date(2026, 10, 21, 0, 10)],
  ["00:10", new Date(2026, 9, 31, 23, 50), new Date(2026, 10, 1, 0, 10)],
  ["2026-11-19T23:50", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 19, 23, 50)],
])("at three in the morning of 21 November, %s after %s is %s", (text, since, moment) => {
  expect(clockTime(text, now, since.getTime())).toBe(moment.getTime());
});
