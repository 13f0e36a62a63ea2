import { beforeEach, expect, test } from "vitest";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { CreatesUnderWay } from "../../src/routing/creates-under-way.ts";
import { fakeObjects } from "../fake-objects.ts";
import { Clock } from "../kit/clock.ts";

const domain = "local" as DomainName;
const of = (key: string) => ({ domain, keys: [key as ConfKey], mayWait: true });
let clock: Clock;
let limit: CreatesUnderWay;

/** Advances time. Returns true for an admitted create, false for a refused one, `null` for a waiting one. */
async function admit(key: string, ms = 0): Promise<boolean | null> {
  let isIn: boolean | null = null;
  // The directory throws.
  const ports = { objects: fakeObjects({}), passedMs: () => clock.now, after: clock.after.bind(clock) };
  void limit.admit(of(key), ports).then((entered) => {
    isIn = entered;
  });
  await clock.pass(ms);
  return isIn;
}

beforeEach(async () => {
  clock = new Clock(1_000);
  limit = new CreatesUnderWay(2);
  for (const key of ["1", "2"]) {
    expect(await admit(key)).toBe(true);
    limit.note(domain, key as ConfKey, true);
  }
});

test("admits a waiting create when another one is over", async () => {
  limit.delivered(of("1")); // Committed by its conference.
  clock.after(1_000, () => limit.note(domain, "1" as ConfKey, false));
  expect(await admit("3", 1_010)).toBe(true);
});

test("refuses a create after 2 s", async () => {
  expect([await admit("3", 2_010), await admit("1")]).toEqual([false, true]);
});

test("refuses at once while 128 documents wait", async () => {
  for (let count = 0; count < 128; count++) expect(await admit(`9${count}`)).toBe(null);
  expect(await admit("3")).toBe(false);
});

test("forgets a create after 20 s", async () => {
  await clock.pass(19_000);
  expect([await admit("3", 990), await admit("4", 20)]).toEqual([null, true]);
});

test("reports an overload for a minute after the last refusal", () => {
  for (const at of [1_000, 60_000]) limit.refused({ keys: of("3").keys }, at);
  expect([limit.overload(119_999), limit.overload(120_000)]).toMatchObject([{ since: 1_000, count: 2 }, null]);
});
