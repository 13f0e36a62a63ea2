import { expect, test, vi } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import { event } from "../builders.ts";
import { ConferenceWorld, callerEntered, request } from "./conference-world.ts";

/** A running conference that has said all it has to say. */
async function quiet(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(0);
  world.posted.length = 0;
  return world;
}

test("deletes a confirmed transaction within about 5 s (protocol T36)", async () => {
  const world = await quiet();
  await world.reported(callerEntered(0));
  await world.time.pass(6_000);
  world.kill();
  world.start();
  await world.time.pass(10_000);

  expect(world.posted).toHaveLength(1);
});

test("deletes a confirmed transaction with the next row (protocol T36)", async () => {
  const world = await quiet();
  await world.reported(callerEntered(0));
  await world.time.pass(10);
  world.answer = () => new Promise(() => {});
  await world.reported(callerEntered(1));
  world.kill();
  world.start();
  await world.time.pass(10_000);

  expect(world.posted.filter(({ body }) => body === world.posted[0]?.body)).toHaveLength(1);
});

test("a kill right after the Confirmation repeats the post once (protocol T36)", async () => {
  const world = await quiet();
  await world.reported(callerEntered(0));
  await world.time.pass(100);
  world.kill();
  await world.time.pass(6000);

  expect(world.posted).toHaveLength(2);
  expect(new Set(world.posted.map(({ body }) => body)).size).toBe(1);
});

test("a kill after a confirmed third attempt leaves nothing undelivered", async () => {
  const world = await quiet();
  world.answer = async (posted) => {
    if (world.posted.length < 3) return { kind: "failed", reason: "TimeoutError" };
    await world.time.wait(300); // The alarm that comes with the third attempt is over by then.
    return world.confirmed(posted.transId);
  };
  await world.reported(callerEntered(0));
  while (world.posted.length < 3) await world.time.pass(1);
  await world.time.pass(301);

  world.kill();
  await world.time.pass(5000);
  expect(world.posted).toHaveLength(3);
  expect(world.lines.filter(({ note }) => String(note).includes("given up"))).toEqual([]);
});

/** A quiet conference of one caller, whose speech WebEx wants to hear of. */
async function attentive(): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(1);
  await world.received("report", request("update-conference", { action: "report-speakers" }));
  await world.allDone();
  await world.time.pass(6000);
  world.posted.length = 0;
  return world;
}

function speaks(speaking: boolean): Report {
  return event({ type: "speaking-changed", call: "c0", speaking });
}

test("reports a change of speakers within half a second", async () => {
  const world = await attentive();
  await world.reported(speaks(true));
  await world.time.pass(250);
  await world.reported(speaks(false));
  await world.time.pass(500);

  expect(world.posted).toHaveLength(2);
});

test("repeats an unconfirmed report of speakers, also after a kill", async () => {
  const world = await attentive();
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(speaks(true));
  await world.time.pass(400);
  world.kill();
  world.answer = ({ transId }) => world.confirmed(transId);
  await world.time.pass(10_000);

  expect(new Set(world.posted.map(({ body }) => body)).size).toBe(1);
  expect(world.posted.length).toBeGreaterThan(1);
});

test("posts a report of speakers after a kill", async () => {
  const world = await attentive();
  world.answer = () => new Promise(() => {});
  await world.reported(speaks(true));
  world.kill();
  world.posted.length = 0;
  world.answer = ({ transId }) => world.confirmed(transId);
  await world.during(world.start().sweep());
  await world.time.pass(10_000);

  expect(world.posted).toHaveLength(1);
});

test("hashes the published row only for commits, batches and alarms", async () => {
  const world = await ConferenceWorld.running(1);
  await world.time.pass(60_000);
  const posts = world.posted.length;
  const stringify = vi.spyOn(JSON, "stringify");
  for (const muted of [true, false, true, false]) {
    await world.reported({ type: "event", event: { type: "caller-muted", call: "c0" as CallId, muted } });
    await world.time.pass(10_000);
  }
  const hashed = stringify.mock.calls.filter(([value]) => Array.isArray(value) && Array.isArray(value[1]));
  stringify.mockRestore();
  expect(world.posted.length - posts).toBe(4);
  // Each event may hash its commit, its Confirmation's, an alarm, a batch and the acked change.
  expect(hashed.length).toBeLessThanOrEqual(4 * 5);
});
