import { expect, test } from "vitest";
import type { WebexHost } from "../../../src/foundation/ids.ts";
import { type ActivityMinute, noPosts } from "../../../src/records/activity.ts";
import { DirectoryWorld, domain } from "./world.ts";

function minute(at: number, host: string, confirmed: number): ActivityMinute {
  return { at, requests: { confirmed, refused: 1 }, hosts: [{ ...noPosts, host: host as WebexHost, confirmed }] };
}

test("what was asked and posted costs a row a minute, however many tell, and is there after a restart", async () => {
  const world = new DirectoryWorld();
  const begins = world.time.now;
  for (let second = 0; second < 120; second++) {
    await world.directory.count(domain, [minute(begins, "tsp1", 1), minute(begins, "tsp2", 2)]);
    await world.time.pass(1_000);
  }
  expect(world.written).toEqual(["INSERT INTO about", "INSERT INTO activity", "INSERT INTO activity"]);
  const all = [
    { ...noPosts, host: "tsp2", confirmed: 240 },
    { ...noPosts, host: "tsp1", confirmed: 120 },
  ];
  expect((await world.directory.activity()).minutes).toEqual([
    { at: begins, requests: { confirmed: 360, refused: 240 }, hosts: all },
  ]);
  await world.time.pass(60_000);
  await world.directory.count(domain, [minute(begins + 60_000, "tsp1", 1)]);
  const before = await world.directory.activity();
  world.start();
  expect(await world.directory.activity()).toEqual(before);
  expect(before.minutes).toHaveLength(2);
  await world.directory.count(domain, []);
  expect(world.written.length).toBe(4);
});

test("what was posted goes after an hour", async () => {
  const world = new DirectoryWorld();
  await world.directory.count(domain, [minute(world.time.now, "tsp", 1)]);
  await world.time.pass(59 * 60_000);
  expect((await world.directory.activity()).minutes).toHaveLength(1);
  await world.time.pass(60_000);
  expect((await world.directory.activity()).minutes).toEqual([]);
});

test("what was posted and could not be written is not counted twice when it is told again", async () => {
  const world = new DirectoryWorld();
  const { time, sql } = world;
  await world.directory.count(domain, [minute(time.now, "tsp", 1)]);
  await time.pass(60_000);
  const { exec } = sql;
  sql.exec = (query, ...bindings) => {
    if (query.startsWith("INSERT INTO activity")) throw new Error("database or disk is full");
    return exec.call(sql, query, ...bindings);
  };
  const next = [minute(time.now, "tsp", 5)];
  await expect(world.directory.count(domain, next)).rejects.toThrow("full");
  sql.exec = exec;
  await world.directory.count(domain, next);

  const { minutes } = await world.directory.activity();
  expect(minutes.map(({ hosts }) => hosts[0]?.confirmed)).toEqual([1, 5]);
});
