import { expect, test } from "vitest";
import type { WebexHost } from "../../../src/foundation/ids.ts";
import { type ActivityMinute, noPosts } from "../../../src/records/activity.ts";
import { mailboxKey } from "../../../src/rpc/directory.ts";
import { aPage } from "../fact-page.ts";
import { call, DirectoryWorld, domain } from "./world.ts";

function minute(at: number, host: string, confirmed: number): ActivityMinute {
  return { at, requests: { confirmed, refused: 1 }, hosts: [{ ...noPosts, host: host as WebexHost, confirmed }] };
}

const from = (key: string, upTo: number, name = key) => ({ key, name, upTo });

test("what was asked and posted costs a row for each portion, and is there after a restart", async () => {
  const world = new DirectoryWorld();
  const begins = world.time.now;
  for (let second = 1; second <= 120; second++) {
    await world.directory.count(domain, from("p", second), [minute(begins, "tsp1", 1), minute(begins, "tsp2", 2)]);
    await world.time.pass(1_000);
  }
  expect(world.written).toEqual(["INSERT INTO about", ...Array(120).fill("INSERT INTO counted")]);
  const all = [
    { ...noPosts, host: "tsp2", confirmed: 240 },
    { ...noPosts, host: "tsp1", confirmed: 120 },
  ];
  const before = await world.directory.activity();
  expect(before.minutes).toEqual([{ at: begins, requests: { confirmed: 360, refused: 240 }, hosts: all }]);
  world.start();
  expect(await world.directory.activity()).toEqual(before);
});

test("a portion that comes again counts once, also after a restart and in another minute; another life of its source counts anew", async () => {
  const world = new DirectoryWorld();
  const begins = world.time.now;
  const confirmed = async () => {
    const { minutes } = await world.directory.activity();
    return minutes.flatMap(({ hosts }) => hosts).reduce((sum, posts) => sum + posts.confirmed, 0);
  };
  for (const source of [from("p", 1), from("p", 2), from("p", 1), from("q", 1)])
    await world.directory.count(domain, source, [minute(begins, "tsp", 1)]);
  expect(await confirmed()).toBe(3);
  await world.time.pass(130_000);
  await world.directory.count(domain, from("q", 2), [minute(begins, "tsp", 1)]);
  world.start();
  await world.directory.count(domain, from("p", 2), [minute(begins, "tsp", 1)]);
  expect(await confirmed()).toBe(4);
  await world.directory.count(domain, from("p", 1, "another life"), [minute(begins, "tsp", 1)]);
  expect(await confirmed()).toBe(5);
});

test("what was posted goes after an hour, and does not count any more, however often it comes; rows are written over", async () => {
  const world = new DirectoryWorld();
  const { now } = world.time;
  await world.directory.count(domain, from("p", 1), [minute(now, "tsp", 1)]);
  await world.time.pass(59 * 60_000);
  expect((await world.directory.activity()).minutes).toHaveLength(1);
  await world.time.pass(60_000);
  await world.directory.count(domain, from("p", 1), [minute(now, "tsp", 1)]);
  expect((await world.directory.activity()).minutes).toEqual([]);

  for (let after = 0; after < 200; after++) {
    await world.directory.count(domain, from("p", after + 2), [minute(world.time.now, "tsp", 1)]);
    await world.time.pass(60_000);
  }
  expect((await world.directory.activity()).minutes).toHaveLength(59);
  world.start();
  expect((await world.directory.countTotals()).posts).toEqual({ confirmed: 201, refused: 0, failed: 0, givenUp: 0 });
  expect(Number(world.sql.exec("SELECT count(*) AS rows FROM counted")[0]?.rows)).toBeLessThan(70);
});

test("what was posted and could not be written is not counted twice when it is told again", async () => {
  const world = new DirectoryWorld();
  const { time, sql } = world;
  await world.directory.count(domain, from("p", 1), [minute(time.now, "tsp", 1)]);
  await time.pass(60_000);
  const { exec } = sql;
  sql.exec = (query, ...bindings) => {
    if (query.startsWith("INSERT INTO counted")) throw new Error("database or disk is full");
    return exec.call(sql, query, ...bindings);
  };
  const next = [minute(time.now, "tsp", 5)];
  await expect(world.directory.count(domain, from("p", 2), next)).rejects.toThrow("full");
  sql.exec = exec;
  await world.directory.count(domain, from("p", 2), next);
  expect((await world.directory.countTotals()).posts.confirmed).toBe(6);

  const { minutes } = await world.directory.activity();
  expect(minutes.map(({ hosts }) => hosts[0]?.confirmed)).toEqual([1, 5]);
});

test("all that was counted is in the totals, each portion once, however the clock jumps", async () => {
  const world = new DirectoryWorld();
  const { time } = world;
  const confirmed = async () => (await world.directory.countTotals()).posts.confirmed;
  let portions = 0;
  const count = async () => {
    for (const key of [mailboxKey, `p${++portions}`])
      await world.directory.count(domain, from(key, portions), [minute(time.now, "tsp", 1)]);
  };
  // The last jump is over what these have counted, and before they send it.
  const stamped = [minute(time.now, "tsp", 1)];
  for (const jumpMs of [0, 70_000, 3 * 3_600_000, -2 * 3_600_000, 365 * 86_400_000, -366 * 86_400_000]) {
    time.now += jumpMs;
    await count();
    await world.directory.count(domain, from(`late ${jumpMs}`, 1), stamped);
    expect(await confirmed()).toBe(3 * portions);
    world.start();
    for (let source = 1; source <= portions; source++)
      for (const key of [mailboxKey, `p${source}`]) await world.directory.count(domain, from(key, source), stamped);
    expect(await confirmed()).toBe(3 * portions);
  }
  // Rows are written over, and the mailbox goes on.
  await world.directory.count(domain, from("first", 1), stamped);
  for (let after = 0; after < 200; after++) {
    await time.pass(70_000);
    await world.directory.count(domain, from(`q${after}`, 1), [minute(time.now, "tsp", 1)]);
  }
  const all = await confirmed();
  world.start();
  await world.directory.count(domain, from(mailboxKey, portions), stamped);
  expect([await confirmed(), all]).toEqual([all, 3 * portions + 1 + 200]);
  expect(Number(world.sql.exec("SELECT count(*) AS rows FROM counted")[0]?.rows)).toBeLessThan(80);
});

test("a post that WebEx has refused is not one that it has confirmed", async () => {
  const world = new DirectoryWorld();
  const { at, requests } = minute(world.time.now, "", 0);
  const hosts = [{ ...noPosts, host: "tsp" as WebexHost, confirmed: 5, refused: 2, failed: 3, givenUp: 1 }];
  await world.directory.count(domain, from("p", 1), [{ at, requests, hosts }]);
  expect((await world.directory.countTotals()).posts).toEqual({ confirmed: 3, refused: 2, failed: 3, givenUp: 1 });
});

test("what became of conferences stays in the totals over a restart, also where rows were written over", async () => {
  const world = new DirectoryWorld();
  for (let minutes = 0; minutes < 70; minutes += 1) {
    await world.directory.follow(aPage({ key: String(minutes), records: [call(`c${minutes}`)] }));
    await world.time.pass(60_000);
  }
  const { outcomes } = await world.directory.countTotals();
  expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(70);
  world.start();
  expect((await world.directory.countTotals()).outcomes).toEqual(outcomes);
});

test("what a conference whose time is ahead has posted counts in the last hour, as of now", async () => {
  const world = new DirectoryWorld();
  const { now } = world.time;
  for (const [index, aheadMs] of [600_000, 7_200_000].entries())
    await world.directory.count(domain, from(`p${index}`, 1), [minute(now + aheadMs, "tsp", 1)]);
  const { minutes } = await world.directory.activity();
  expect(minutes.map(({ at, hosts }) => [at <= now, hosts[0]?.confirmed])).toEqual([[true, 2]]);
});
