import { expect, test } from "vitest";
import { daysOfMonth, isTimeZone, momentIn, nextDay, zonedDay, zonedTime } from "../../src/foundation/time/zone.ts";

const hours = (day: string, zone: string) => {
  const next = nextDay(day);
  return ((momentIn(next ?? "", zone) ?? 0) - (momentIn(day, zone) ?? 0)) / 3_600_000;
};
const iso = (text: string, zone: string) => new Date(momentIn(text, zone) ?? 0).toISOString();

test.each<[day: string, zone: string, start: string, hours: number]>([
  ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z", 25],
  ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z", 23],
  ["2026-11-01", "Europe/Berlin", "2026-10-31T23:00:00.000Z", 24],
  ["2026-11-01", "America/New_York", "2026-11-01T04:00:00.000Z", 25],
  ["2026-11-01", "UTC", "2026-11-01T00:00:00.000Z", 24],
  ["2026-11-01", "Asia/Kolkata", "2026-10-31T18:30:00.000Z", 24],
  ["2026-11-01", "Asia/Kathmandu", "2026-10-31T18:15:00.000Z", 24],
  ["2026-11-01", "Pacific/Kiritimati", "2026-10-31T10:00:00.000Z", 24],
  // Samoa went over the date line, and had no such day; Beirut changes its clock at midnight, and Lord Howe by half an hour.
  ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z", 0],
  ["2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00.000Z", 23],
  ["2026-10-24", "Asia/Beirut", "2026-10-23T21:00:00.000Z", 25],
  ["2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00.000Z", 24.5],
])("the day %s in %s begins at %s and has %d hours", (day, zone, start, length) => {
  expect(iso(day, zone)).toBe(start);
  expect(hours(day, zone)).toBe(length);
});

test.each(["Europe/Berlin", "Asia/Beirut", "America/Havana", "Pacific/Apia"])(
  "each moment is of one day, in order, also where clocks change: %s",
  (zone) => {
    for (let day = "2026-03-01"; day < "2026-12-01"; day = nextDay(day === "2026-04-10" ? "2026-10-15" : day) ?? "9") {
      const [start, end] = [momentIn(day, zone) ?? 0, momentIn(nextDay(day) ?? "", zone) ?? 0];
      expect([zonedDay(start, zone), zonedDay(end - 1, zone)], day).toEqual([day, day]);
    }
  },
);

test.each([
  ["2026-10-25T02:30", "2026-10-25T00:30:00.000Z"],
  // A time that the clock skips.
  ["2026-03-29T02:30", "2026-03-29T01:00:00.000Z"],
  ["2026-07-01T12:00:01.5", "2026-07-01T10:00:01.500Z"],
])("%s in Berlin is %s", (text, at) => {
  expect(iso(text, "Europe/Berlin")).toBe(at);
});

test.each([
  ["2026-10-25T02:00", "Europe/Berlin", "2026-10-25T00:00:00.000Z"],
  ["2026-10-25T02:50", "Europe/Berlin", "2026-10-25T00:50:00.000Z"],
  ["2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00:00.000Z"],
  ["2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00.000Z"],
  ["2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00.000Z"],
  ["2026-04-05T02:00", "Australia/Lord_Howe", "2026-04-04T15:30:00.000Z"],
])("of %s in %s, also where it comes twice, the first is %s", (text, zone, at) => {
  expect(iso(text, zone)).toBe(at);
});

test.each(["2026-02-29", "2026-13-01", "2026-1-1", "yesterday", "", "2026-11-01T24:01", "2026-11-01T02:40Z"])(
  "%j is no day, nor a time of one",
  (text) => expect(momentIn(text, "Europe/Berlin")).toBe(null),
);

test("a time is written with the offset of its zone, which changes with the clock", () => {
  const before = Date.parse("2026-10-25T00:30:00.250Z");
  expect([before, before + 3_600_000].map((at) => zonedTime(at, "Europe/Berlin"))).toEqual([
    "2026-10-25T02:30:00.250+02:00",
    "2026-10-25T02:30:00.250+01:00",
  ]);
  expect(zonedTime(before, "UTC")).toBe("2026-10-25T00:30:00.250+00:00");
  expect(zonedTime(before, "America/St_Johns")).toBe("2026-10-24T22:00:00.250-02:30");
  expect(zonedDay(before, "Pacific/Honolulu")).toBe("2026-10-24");
});

test("a month is its first day, and that of the next one", () => {
  expect(daysOfMonth("2026-10")).toEqual({ since: "2026-10-01", until: "2026-11-01" });
  expect(daysOfMonth("2026-12")).toEqual({ since: "2026-12-01", until: "2027-01-01" });
  const none = ["2026-13", "2026-00", "0000-01", "2026", "2026-1", "october"];
  expect(none.filter((month) => daysOfMonth(month) !== null)).toEqual([]);
});

test.each<[name: string, is: boolean]>([
  ["Europe/Berlin", true],
  ["UTC", true],
  ["America/Argentina/Buenos_Aires", true],
  ["Europe/Nowhere", false],
  ["+01:00", false],
  ["", false],
  ["Europe/Berlin ", false],
])("%j is a time zone: %s", (name, is) => {
  expect(isTimeZone(name)).toBe(is);
});
