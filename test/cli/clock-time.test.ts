import { expect, test } from "vitest";
import { clockTime } from "../../cli/clock-time.ts";

/** That of this machine, in which the language itself counts. */
const ownZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const now = new Date(2026, 10, 21, 3, 0).getTime();

test.each<[string, Date | null]>([
  ["02:40", new Date(2026, 10, 21, 2, 40)],
  ["2:40:15.5", new Date(2026, 10, 21, 2, 40, 15, 500)],
  ["23:50", new Date(2026, 10, 20, 23, 50)],
  ["2026-11-19T23:50", new Date(2026, 10, 19, 23, 50)],
  ["2026-11-19", new Date(2026, 10, 19)],
  ["2026-13-19", null],
  ["24:00", null],
  ["yesterday", null],
])("at three in the morning of 21 November, %s is %s", (text, moment) => {
  expect(clockTime(text, now, ownZone)).toBe(moment?.getTime() ?? null);
});

test.each<[string, Date, Date]>([
  ["02:50", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 21, 2, 50)],
  ["03:10", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 21, 3, 10)],
  ["00:10", new Date(2026, 10, 20, 23, 50), new Date(2026, 10, 21, 0, 10)],
  ["2026-11-19T23:50", new Date(2026, 10, 21, 2, 40), new Date(2026, 10, 19, 23, 50)],
])("at three in the morning of 21 November, %s after %s is %s", (text, since, moment) => {
  expect(clockTime(text, now, ownZone, since.getTime())).toBe(moment.getTime());
});

test.each<[text: string, zone: string, at: string]>([
  ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00Z"],
  ["2026-11-21T02:40", "America/New_York", "2026-11-21T07:40Z"],
  ["2026-11-21T02:40+05:30", "America/New_York", "2026-11-20T21:10Z"],
  // At three in the morning of UTC it is ten in the evening before in New York.
  ["21:50", "America/New_York", "2026-11-21T02:50Z"],
])("%s in the zone %s is %s", (text, zone, at) => {
  expect(clockTime(text, Date.parse("2026-11-21T03:00Z"), zone)).toBe(Date.parse(at));
});

test.each<[text: string, now: string, since: string | undefined, at: string]>([
  ["22:00", "2026-03-30T00:30+02:00", undefined, "2026-03-29T22:00+02:00"],
  ["05:00", "2026-03-29T06:00+02:00", "2026-03-28T23:30+01:00", "2026-03-29T05:00+02:00"],
  ["00:10", "2026-10-26T06:00+01:00", "2026-10-25T00:30+02:00", "2026-10-26T00:10+01:00"],
])("in Berlin, where the clock is changed, %s at %s behind %s is %s", (text, now, since, at) => {
  const notBefore = since === undefined ? undefined : Date.parse(since);
  expect(clockTime(text, Date.parse(now), "Europe/Berlin", notBefore)).toBe(Date.parse(at));
});
