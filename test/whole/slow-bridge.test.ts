import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { SubConfId } from "../../src/foundation/ids.ts";
import { Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
afterEach(() => world.bridge.faults({ delayMs: 0 }));

test("a bridge of 2 s an act: twelve rooms of one document are there after one act, and who dials in meanwhile is told (protocol T9)", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  await world.bridge.faults({ delayMs: 2_000 });
  const rooms = Array.from({ length: 12 }, (_, index) => ({
    type: "create-sub-conference" as const,
    msgId: meeting.msgId(),
    subConfId: `s${index}` as SubConfId,
    ...meeting.handles,
  }));
  const begun = Date.now();
  await meeting.ask(...rooms);
  await world.bridge.callIn("14085550101", `${meeting.confKey}#101#`);
  await Promise.all(rooms.map(({ msgId }) => meeting.answerTo(msgId, "ok")));
  await meeting.notified("caller-entered", { attendeeId: "101" });

  expect(Date.now() - begun).toBeLessThan(4_000);
});

test("a bridge of 12 s an act: a request is refused 10 s after the bridge was given its command", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  await world.bridge.faults({ delayMs: 12_000 });
  const msgId = meeting.msgId();
  const begun = Date.now();
  await meeting.ask({ type: "update-conference", action: "lock", msgId, ...meeting.handles });
  await meeting.answerTo(msgId, "bridge-timeout", 15_000);

  expect(Date.now() - begun).toBeGreaterThanOrEqual(10_000);
  expect(Date.now() - begun).toBeLessThan(11_900);
  await meeting.notified("conference-changed", { status: "locked" });
});
