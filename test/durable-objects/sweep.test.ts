import { expect, test } from "vitest";
import type { LogLine } from "../../durable-objects/log.ts";
import { NumberBooks } from "../../durable-objects/number-books.ts";
import { sweep } from "../../durable-objects/sweep.ts";
import type { BridgeName, ConfKey } from "../../src/foundation/ids.ts";
import { ConferenceWorld, createConference, muteCaller } from "./conference-world.ts";
import { MemorySql } from "./memory-sql.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const hourMs = 3_600_000;

test("each conference of the last six hours is woken, 500 at a time, whatever becomes of another one", async () => {
  const books = new NumberBooks(new MemorySql());
  const take = (confKey: string, at: number) => books.take(confKey as ConfKey, { msgIds: 20, transIds: 20 }, at);
  take("yesterday's", noon - 7 * hourMs);
  for (let index = 0; index < 1_200; index += 1) take(`k${index}`, noon - hourMs);
  const swept = new Set<string>();
  const events: unknown[] = [];
  const alarms: number[] = [];
  const ports = {
    books,
    conference: (confKey: ConfKey) => ({
      sweep: async () => {
        if (confKey === "k1193") throw new Error("out of reach");
        swept.add(confKey);
      },
    }),
    setAlarm: (at: number) => alarms.push(at - noon),
    log: ({ event, conferences }: LogLine) => events.push([event, conferences]),
  };

  let before = await sweep(ports, null, noon);
  expect(swept.size).toBe(499);
  for (let page = 2; page <= 3; page += 1) before = await sweep(ports, before, noon);

  expect([swept.size, swept.has("yesterday's"), before]).toEqual([1_199, false, null]);
  expect(alarms).toEqual([10_000, 10_000, 300_000]);
  expect(events).toEqual([["not-swept", 1]]);
});

test("where nobody took numbers for six hours, no alarm is set", async () => {
  const books = new NumberBooks(new MemorySql());
  const fails = () => {
    throw new Error("not to be called");
  };
  expect(await sweep({ books, conference: fails, setAlarm: fails, log: fails }, null, noon)).toBeNull();
});

test("a conference whose alarm got lost does what is overdue when it is swept", async () => {
  const world = new ConferenceWorld();
  await world.during(world.receive("create", createConference()));
  world.alarmAt = null;
  await world.time.pass(76_000);
  expect(world.posted).toHaveLength(0);

  await world.during(world.actor.sweep());
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => /A2W_RspCreateConference[^>]*/.exec(body)?.[0])).toEqual([
    expect.stringContaining('MsgID="m-create"'),
  ]);
});

test("the agent is asked about a running conference of which it told nothing in this life, or for 90 s", async () => {
  const world = new ConferenceWorld();
  const asked: number[] = [];
  const sweeps = async () => {
    await world.during(world.actor.sweep());
    asked.push(world.snapshotsWanted);
  };
  await world.running(1);
  await sweeps();
  await world.time.pass(90_000);
  await sweeps();
  world.actor.matchesBridge("bridge-1" as BridgeName, "digest");
  await sweeps();
  world.kill();
  world.start();
  await sweeps();
  await world.during(world.report({ type: "event", event: { type: "conference-ended" } }));
  await world.time.pass(90_000);
  await sweeps();

  expect(asked).toEqual([0, 1, 1, 2, 2]);
});

test("sweeping a conference where nothing is overdue writes nothing", async () => {
  const world = new ConferenceWorld();
  await world.running(3);
  await world.during(world.receive("t1", muteCaller("1001")));
  const written = () => world.sql.rowsWritten + world.alarmsSet;
  const before = written();

  await world.during(world.actor.sweep());

  expect(written()).toBe(before);
});
