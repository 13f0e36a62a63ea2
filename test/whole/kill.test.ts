import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnEdge } from "../../scripts/command.ts";
import type { Pids } from "../../scripts/local-run.ts";
import { eventually, kill, Meeting, startWorld, type World } from "./world.ts";

runOnEdge("node");

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

test.each([[["edge"]], [["agent"]], [["edge", "agent"]]] as const)(
  "while %j is killed, no confirmed request is lost and none acts twice",
  async (parts) => {
    const meeting = new Meeting(world);
    await meeting.create();
    const { extCallId } = await meeting.callIn("201");

    // Mutes and unmutes go on, one after the other, while the parts die and come back.
    const requests = Array.from({ length: 40 }, (_, index) => meeting.muteRequest(extCallId, index % 2 === 0));
    let killed: Promise<void> | undefined;
    for (const [index, request] of requests.entries()) {
      if (index === 10) killed = kill(world, ...(parts as readonly (keyof Pids)[]));
      await meeting.ask(request);
    }
    await killed;
    for (const { msgId } of requests) await meeting.answerTo(msgId, "ok", 15_000);

    const acts = (await world.bridge.acts()).filter(({ conference }) => conference === meeting.confKey);
    // A command in doubt need not be carried out if a later one undoes it.
    expect(acts.length).toBeLessThanOrEqual(2 + requests.length);
    expect(new Set(acts.map(({ commandId }) => commandId)).size).toBe(acts.length);
    const { calls } = await world.bridge.state();
    expect(calls.filter(({ conference }) => conference === meeting.confKey)).toMatchObject([{ muted: false }]);
    for (const { msgId } of requests) {
      expect(world.webex.messages.filter((message) => message.msgId === msgId)).toHaveLength(1);
    }
    await meeting.close();
  },
);

test("callers who came and went while the agent was dead are reported once it is back", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const leaver = await meeting.callIn("202");
  const stayer = await meeting.callIn("203");

  const back = kill(world, "agent");
  await world.bridge.hangUp(leaver.call);
  await world.bridge.callIn("14085550204", `${meeting.confKey}#204#`);
  await back;

  await meeting.notified("caller-changed", { extCallId: leaver.extCallId, status: "left" }, 15_000);
  await meeting.notified("caller-entered", { attendeeId: "204" }, 15_000);
  const stayed = meeting
    .messages()
    .filter((message) => "extCallId" in message && message.extCallId === stayer.extCallId);
  expect(stayed.filter((message) => message.type === "caller-changed")).toEqual([]);
  await meeting.close();
});

test("a killed bridge has lost its calls: each caller is reported as left, and the conference as ended", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const callers = [await meeting.callIn("205"), await meeting.callIn("206")];

  await kill(world, "bridge");

  for (const { extCallId } of callers) {
    await meeting.notified("caller-changed", { extCallId, status: "left" }, 15_000);
  }
  await meeting.notified("conference-changed", { status: "ended" }, 15_000);
  await eventually("the next meeting works", async () => {
    await new Meeting(world).create();
    return true;
  });
});
