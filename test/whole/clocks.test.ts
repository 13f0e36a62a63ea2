import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { removeFolder, temporaryFolder } from "../../scripts/at-exit.ts";
import type { MsgId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import { ShiftedClock } from "./shifted-clock.ts";
import { eventually, Meeting, startWorld } from "./world.ts";

afterEach(() => vi.unstubAllEnvs());

/** How far ahead the clock is, from second to second: small steps each way, then a day each way. */
const steps = [5_000, 0, 5_000, 0, -5_000, 0, 5_000, -5_000, 0, dayMs, dayMs, 0, 0, -dayMs, -dayMs, 0, 0];
const muteEveryMs = 200;

/** A machine whose clock is shifted, with edge, agent and bridge on it, and some meetings. */
async function worldWithClock() {
  const folder = temporaryFolder("clocks");
  onTestFinished(() => removeFolder(folder));
  const clock = new ShiftedClock(folder);
  for (const [name, value] of Object.entries(clock.env)) vi.stubEnv(name, value);
  const world = await startWorld();
  for (const name of Object.keys(clock.env)) vi.stubEnv(name, undefined);
  onTestFinished(async () => void (await world.stop()));
  return { world, clock };
}

test("requests are confirmed within two seconds and answered once while the machine's clock is set", async () => {
  const { world, clock } = await worldWithClock();
  const meetings = await Promise.all(
    [1, 2, 3].map(async () => {
      const meeting = new Meeting(world);
      await meeting.create();
      return { meeting, ...(await meeting.callIn("101")) };
    }),
  );
  const asked: MsgId[] = [];
  let slowestMs = 0;
  let isOver = false;
  const traffic = meetings.map(async ({ meeting, extCallId }) => {
    for (let isMuted = true; !isOver; isMuted = !isMuted) {
      const request = meeting.muteRequest(extCallId, isMuted);
      const sentAt = performance.now();
      await meeting.ask(request);
      slowestMs = Math.max(slowestMs, performance.now() - sentAt);
      asked.push(request.msgId as MsgId);
      await pause(muteEveryMs);
    }
  });
  for (const aheadMs of steps) {
    clock.set(aheadMs);
    await pause(1_000);
  }
  isOver = true;
  await Promise.all(traffic);
  const answersTo = (msgId: MsgId) =>
    world.webex.messages.flatMap((one) => ("result" in one && one.msgId === msgId ? one.result : []));
  await eventually("all are answered", async () => asked.every((msgId) => answersTo(msgId).length > 0));

  expect(slowestMs).toBeLessThan(2_000);
  expect(asked.length).toBeGreaterThan(100);
  expect(asked.filter((msgId) => answersTo(msgId).length !== 1)).toEqual([]);
  // On workerd nothing but the clock says how long a command has taken: a step forward may be its deadline.
  if (process.env.BRIDGEHEAD_EDGE === "node") expect(new Set(asked.flatMap(answersTo))).toEqual(new Set(["ok"]));
  for (const { meeting } of meetings) await meeting.close();
});
