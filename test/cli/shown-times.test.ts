import { expect, test } from "vitest";
import { ShownTimes } from "../../cli/shown-times.ts";

const at = Date.parse("2026-11-21T23:40:15.250Z");
const zones = new Map([
  ["acme", "Europe/Berlin"],
  ["beta", "Asia/Kolkata"],
]);
const shownTimes = () => new ShownTimes((domain) => zones.get(domain) ?? "UTC");

test("an answer names the zone of its times once, and none where it has no time", () => {
  const times = shownTimes();
  expect([times.heading, times.sentence("Nobody answered.", "acme", at), times.heading]).toEqual([
    null,
    "Nobody answered.",
    null,
  ]);
  expect([times.second(at, "acme"), times.exact(at, "acme"), times.zone("acme")]).toEqual([
    "2026-11-22 00:40:15",
    "2026-11-22 00:40:15.250",
    "Europe/Berlin",
  ]);
  expect(times.heading).toBe("times in Europe/Berlin");
});

test("of domains in several zones each is named with its zone", () => {
  const times = shownTimes();
  expect(times.sentence("locked at 2026-11-21T23:40:15.250Z", "acme", at)).toBe("locked at 00:40:15");
  times.second(at, "beta");
  times.second(at, "local");
  times.second(at, "other");
  expect(times.heading).toBe("times in Europe/Berlin (acme) and Asia/Kolkata (beta) and UTC (local, other)");
});
