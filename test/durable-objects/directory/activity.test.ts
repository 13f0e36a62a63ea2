import { expect, test } from "vitest";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { noPosts } from "../../../src/records/activity.ts";
import { noCounts } from "../../../src/records/counts.ts";
import type { CountRow } from "../../../src/rpc/directory.ts";
import { aBatch } from "../a-batch.ts";
import { host } from "../conference-world.ts";
import { alertsIn, DirectoryWorld, domain } from "./world.ts";

/** All that a source has counted once it is at this version. */
function counted(version: number, source = "p", more: object = {}): CountRow {
  const hosts = [{ ...noPosts, host, confirmed: version, ...more }];
  return { source, version, counts: { ...noCounts, requests: { confirmed: 0, refused: version }, hosts } };
}

const confirmedIn = async (world: DirectoryWorld) => (await world.directory.stats()).counts.hosts[0]?.confirmed;

test("what was counted is in its minute, and in the totals, also after a restart", async () => {
  const world = new DirectoryWorld();
  const begins = world.time.now;
  for (let second = 1; second <= 120; second++) {
    await world.directory.count(domain, counted(second));
    await world.time.pass(1_000);
  }
  for (let life = 0; life < 2; life++) {
    const { minutes } = await world.directory.stats();
    expect(minutes.map(({ at, requests, hosts }) => [at - begins, requests.refused, hosts[0]?.confirmed])).toEqual([
      [0, 60, 60],
      [minuteMs, 60, 60],
    ]);
    expect(await confirmedIn(world)).toBe(120);
    world.start();
  }
});

test("counts that come again or late count once, however the clock jumps", async () => {
  const world = new DirectoryWorld();
  let version = 0;
  for (const jumpMs of [0, 70_000, 3 * hourMs, -2 * hourMs, 365 * dayMs, -366 * dayMs]) {
    world.time.now += jumpMs;
    version += 1;
    for (const source of ["p", "q"])
      for (const row of [counted(version, source), counted(version, source), counted(version - 1, source)])
        await world.directory.count(domain, row);
    expect(await confirmedIn(world)).toBe(2 * version);
    world.start();
  }
  // Another life of a source counts anew.
  await world.directory.count(domain, counted(1, "p, later"));
  expect(await confirmedIn(world)).toBe(2 * version + 1);
});

test("minutes go after an hour, and the totals stay", async () => {
  const world = new DirectoryWorld();
  for (let version = 1; version <= 200; version++) {
    await world.directory.count(domain, counted(version));
    await world.time.pass(minuteMs);
  }
  expect((await world.directory.stats()).minutes).toHaveLength(59);
  world.start();
  expect(await confirmedIn(world)).toBe(200);
  await world.time.pass(hourMs);
  expect((await world.directory.stats()).minutes).toEqual([]);
  await world.time.pass(500 * dayMs);
  await world.directory.alarm();
  expect(await confirmedIn(world)).toBe(200);
});

test("counts of a mailbox and a running conference that come again after their retention count once", async () => {
  const world = new DirectoryWorld();
  const fact = { kind: "post-confirmed", host, tookMs: 1, transId: "1" } as never;
  const batch = aBatch({ running: {}, facts: [fact] });
  for (const ageMs of [0, 500 * dayMs]) {
    await world.time.pass(ageMs);
    await world.directory.alarm();
    await world.directory.publish(batch);
    await world.directory.count(domain, counted(3));
    expect(await confirmedIn(world)).toBe(4);
  }
});

test("refused and undelivered documents are an incident of their server, counted once", async () => {
  const world = new DirectoryWorld();
  const lastFailure = { at: world.time.now, why: "HTTP status 503" };
  const row = counted(5, "p", { refused: 2, failed: 3, givenUp: 1, lastFailure });
  for (let times = 0; times < 2; times++) await world.directory.count(domain, row);
  world.start();
  const alerts = await alertsIn(world.directory, world.time.now);
  expect(alerts.map(({ kind, about, count }) => [kind, about, count])).toEqual([
    ["undelivered", host, 1],
    ["documents-refused", host, 2],
  ]);
  expect(alerts[0]?.says).toContain("Last reason: HTTP status 503.");
});
