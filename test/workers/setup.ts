import { reset } from "cloudflare:test";
import { afterEach } from "vitest";
import { StandingClock } from "../../durable-objects/cloudflare/standing-clock.ts";

// Tests set `Date` alone: beside what SQLite says, each such life would stand still (test/whole/clocks.test.ts has real ones).
Object.defineProperty(StandingClock.prototype, "standsStill", { get: () => false });

// Storage is shared by the tests of a file, and a socket left open would block the next file for ever.
afterEach(async () => {
  await reset();
});
