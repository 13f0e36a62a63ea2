import { afterAll, beforeAll, expect, test } from "vitest";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ExtConfId } from "../../src/foundation/ids.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  const impatient = { webex: { timeoutMs: 200, retryDelaysMs: [0, 50] } };
  world = await startWorld({ domain: impatient });
});
afterAll(() => world?.stop());

test("a WebEx server that is away gets three attempts of the same document; the calls stay up, and it learns what it has missed", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const lost = await meeting.callIn("301");

  world.webex.answerMode = { type: "status", status: 503 };
  const before = world.webex.posts.length;
  await world.bridge.hangUp(lost.call);
  await eventually("three attempts", async () => world.webex.posts.length === before + 3);
  world.webex.answerMode = { type: "confirm" };
  await meeting.callIn("302");

  const attempts = world.webex.posts.slice(before, before + 3);
  expect(new Set(attempts).size).toBe(1);
  await meeting.notified("caller-changed", { status: "left" });
  expect(meeting.messages().filter((message) => message.type === "caller-changed")).toHaveLength(1);
  await meeting.close();
});

test("another TSP server creates a running conference, and learns who is in it", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  await meeting.callIn("303");
  const second = new WebexServer({ adapterUrl: world.run.adapterUrl, serverId: 20 });
  await second.start();
  try {
    const extConfId = `F${meeting.confKey}` as ExtConfId;
    const msgId = second.client.msgId();
    const { confKey } = meeting;
    await second.client.post({ type: "create-conference", msgId, confKey, extConfId, replyTo: second.host });

    await second.extCallIdOf(extConfId, "303");

    expect(second.messages.map(({ type }) => type)).toEqual([
      "conference-created",
      "conference-changed",
      "caller-entered",
    ]);
    expect((await meeting.acts()).filter((act) => act === "create-conference")).toHaveLength(1);
  } finally {
    await second.stop();
  }
});

test("a caller gets in while the edge does not answer, and WebEx hears of it when the edge is back", async () => {
  const meeting = new Meeting(world);
  await meeting.create();

  const { edge } = world.run.pids();
  process.kill(edge, "SIGSTOP");
  try {
    const call = await world.bridge.callIn("14085550304", `${meeting.confKey}#304#`);
    await eventually("the caller is in the conference", async () =>
      (await world.bridge.state()).calls.some(({ id, state }) => id === call && state === "in-conference"),
    );
  } finally {
    process.kill(edge, "SIGCONT");
  }

  await meeting.notified("caller-entered", { attendeeId: "304" }, 20_000);
  expect((await meeting.acts()).filter((act) => act === "admit")).toHaveLength(1);
});
