import { expect, test } from "vitest";
import { ConferenceWorld, callerEntered, callerLeft, muteCaller } from "./conference-world.ts";

test("it is known since when each caller is in the conference, and of nobody who has left", async () => {
  const world = await ConferenceWorld.running(1);
  const before = [...world.conference.reader.entered()];
  const at = world.time.now;
  await world.reported(callerEntered(1));
  await world.received("t-mute", muteCaller("1001"));
  await world.allDone();

  expect(before).toEqual([["c0", expect.any(Number)]]);
  expect(before[0]?.[1]).toBeLessThan(at);
  expect([...world.conference.reader.entered()]).toEqual([...before, ["c1", at]]);
  await world.reported(callerLeft(0));
  expect([...world.conference.reader.entered()]).toEqual([["c1", at]]);
  // WebEx has not named it yet, and so it is still known.
  await world.reported(callerLeft(1));
  expect(world.stored.state.callers.size).toBe(1);
  expect([...world.conference.reader.entered()]).toEqual([]);
});

test("a new life of the object knows it, too", async () => {
  const world = await ConferenceWorld.running(2);
  const before = [...world.conference.reader.entered()];
  expect(before).toHaveLength(2);
  await world.time.pass(1_000);
  world.start();

  expect([...world.conference.reader.entered()]).toEqual(before);
});
