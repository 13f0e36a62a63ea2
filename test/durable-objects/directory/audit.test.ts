import { expect, test } from "vitest";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import type { AuditEntry } from "../../../src/operators/audit.ts";
import { confKey } from "../conference-world.ts";
import { DirectoryWorld, domain } from "./world.ts";

function entry(world: DirectoryWorld, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: world.time.now,
    person: "anna",
    role: "viewer",
    by: "token",
    action: "act",
    about: { confKey },
    actionId: "k1",
    status: 202,
    refusal: null,
    from: "192.0.2.7",
    ...more,
  };
}

test("stores a row for each action and lists the latest first, also in a new directory", async () => {
  const world = new DirectoryWorld();
  expect(await world.directory.audit(null, 10)).toEqual({ entries: [], next: null });
  const [first, second, third] = ["k1", "k2", "k3"].map((actionId) => entry(world, { actionId }));
  for (const one of [first, second, third]) await world.directory.keepAudit(domain, one as AuditEntry);
  world.start();

  const page = await world.directory.audit(null, 2);
  expect(page).toEqual({ entries: [third, second], next: 2 });
  expect(await world.directory.audit(page.next, 2)).toEqual({ entries: [first], next: null });
  expect(world.alarmAt).not.toBeNull();
});

test("what people have asked goes with the records of its time", async () => {
  const world = new DirectoryWorld();
  for (let index = 0; index < 1_100; index++) await world.directory.keepAudit(domain, entry(world, { status: index }));
  await world.time.pass(399 * dayMs);
  await world.directory.keepAudit(domain, entry(world));
  for (const left of [1_000, 101, 1]) {
    await world.directory.alarm();
    expect((await world.directory.audit(null, 1_000)).entries).toHaveLength(left);
    await world.time.pass(left === 1_000 ? 2 * dayMs : 10_000);
  }
});
