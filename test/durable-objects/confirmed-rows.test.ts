import { expect, test } from "vitest";
import { ConferenceWorld, callerEntered, createConference } from "./conference-world.ts";

/** A running conference that has said all it has to say. */
async function quiet(): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  await world.running(0);
  world.posted.length = 0;
  return world;
}

test("a confirmed transaction goes from the disk with the next one, or about five seconds later", async () => {
  const world = await quiet();
  await world.during(world.report(callerEntered(0)));
  await world.time.pass(100);
  expect([world.posted.length, world.outboxRows]).toEqual([1, 1]);
  const before = world.sql.transactions;
  await world.during(world.report(callerEntered(1)));
  expect([world.outboxRows, world.sql.transactions - before]).toEqual([1, 1]);

  await world.time.pass(6000);
  expect([world.posted.length, world.outboxRows, world.alarmAt]).toEqual([2, 0, null]);
});

test("a death between the Confirmation and the deletion posts the same once more", async () => {
  const world = await quiet();
  await world.during(world.report(callerEntered(0)));
  await world.time.pass(100);
  world.kill();
  await world.time.pass(6000);

  expect(world.posted).toHaveLength(2);
  expect(new Set(world.posted.map(({ body }) => body)).size).toBe(1);
  expect(world.outboxRows).toBe(0);
});

test("a conference whose end WebEx has confirmed can be created anew, though the edge died right after it and WebEx then fell silent", async () => {
  const world = await quiet();
  await world.during(world.report({ type: "event", event: { type: "conference-ended" } }));
  expect(world.posted).toHaveLength(1);
  world.kill();
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  world.start();
  await world.time.pass(60_000);
  const sent = world.sent.length;
  await world.during(world.receive("create-again", createConference()));

  expect(world.sent.slice(sent).flatMap((commands) => commands.map(({ command }) => command.type))).toEqual([
    "create-conference",
  ]);
});

test("what was confirmed at a later attempt is never taken for given up after a death", async () => {
  const world = await quiet();
  world.answer = async (posted) => {
    if (world.posted.length < 3) return { kind: "failed", reason: "TimeoutError" };
    await world.time.wait(300); // The alarm that comes with the third attempt is over by then.
    return world.confirmed(posted.transId);
  };
  await world.during(world.report(callerEntered(0)));
  while (world.posted.length < 3) await world.time.pass(1);
  await world.time.pass(301);
  expect(world.outboxRows).toBe(0);

  world.kill();
  await world.time.pass(5000);
  expect(world.posted).toHaveLength(3);
  expect(world.lines.filter(({ note }) => String(note).includes("given up"))).toEqual([]);
});

test("a document that is confirmed at its last attempt while the disk is full is not given up", async () => {
  const world = await quiet();
  world.answer = (posted) => {
    if (world.posted.length < 3) return { kind: "failed", reason: "TimeoutError" };
    world.onStep = () => {
      throw new Error("database or disk is full");
    };
    return world.confirmed(posted.transId);
  };
  await world.during(world.report(callerEntered(0)));
  while (world.posted.length < 3) await world.time.pass(1);
  await world.time.pass(2_000);
  world.onStep = () => {};
  await world.time.pass(60_000);

  expect([world.posted.length, world.outboxRows]).toEqual([3, 0]);
  expect(world.lines.filter(({ note }) => String(note).includes("given up"))).toEqual([]);
});
