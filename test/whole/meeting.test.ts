import { afterAll, beforeAll, expect, test } from "vitest";
import { GenericDriver } from "../../bridge-agent/drivers/generic.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import { runOnEdge } from "../../scripts/command.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ExtCallId, ExtConfId } from "../../src/foundation/ids.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

runOnEdge("workers");

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

test("a meeting from its creation to its end", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const alice = await meeting.callIn("101");
  const bob = await meeting.callIn("102");

  const callOut = meeting.callOutRequest("9001", "5550103");
  await meeting.ask(callOut);
  await meeting.answerTo(callOut.msgId, "ok");
  await meeting.notified("caller-entered", { extCallId: "9001" });

  const mute = meeting.muteRequest(alice.extCallId, true);
  await meeting.ask(mute);
  await meeting.answerTo(mute.msgId, "ok");
  await meeting.notified("caller-changed", { extCallId: alice.extCallId, status: "muted" });

  const drop = meeting.msgId();
  await meeting.ask({ type: "drop-caller", msgId: drop, extCallId: "9001" as ExtCallId, ...meeting.handles });
  await meeting.answerTo(drop, "ok");
  await meeting.notified("caller-changed", { extCallId: "9001", status: "left" });

  await world.bridge.hangUp(bob.call);
  await meeting.notified("caller-changed", { extCallId: bob.extCallId, status: "left" });
  await meeting.close();

  expect(await meeting.acts()).toEqual([
    "create-conference",
    "admit",
    "admit",
    "dial",
    "admit",
    "mute",
    "expel",
    "end-conference",
  ]);
  const { calls } = await world.bridge.state();
  expect(calls.filter((call) => call.conference === meeting.confKey && call.state !== "ended")).toEqual([]);
});

test("the load of a minute at once: thirty conferences are each there within 20 s, and each caller is in within 10 s (protocol T9)", async () => {
  const meetings = Array.from({ length: 30 }, () => new Meeting(world));
  const within = async (limitMs: number, work: Promise<unknown>) => {
    const begun = Date.now();
    await work;
    return Date.now() - begun < limitMs;
  };

  const created = await Promise.all(meetings.map((meeting) => within(20_000, meeting.create())));
  const joined = await Promise.all(meetings.map((meeting, at) => within(10_000, meeting.callIn(`${300 + at}`))));
  await Promise.all(meetings.map((meeting) => meeting.close()));

  expect([...created, ...joined]).not.toContain(false);
});

test("another owner's conference on the bridge: its key is refused, and whatever its caller does is neither told nor touched", async () => {
  const meeting = new Meeting(world);
  const url = `${world.run.bridgeUrl.replace("http", "ws")}/bridge`;
  const stranger = new GenericDriver({ url }, driverPorts, { agent: "agent-1", owner: "acme/bridge-1" });
  const carryOut = (command: BridgeCommand) => stranger.execute("o1" as CommandId, meeting.confKey, command);
  await new Promise<void>((resolve) => {
    stranger.start(({ type }) => type === "connected" && resolve());
  });
  stranger.activate(1);
  expect(await carryOut({ type: "create-conference", maxCallers: null, anonymousId: null })).toEqual({ done: true });
  const call = (await world.bridge.callIn("14085550199", "")) as CallId;
  expect(await carryOut({ type: "admit", call, muted: false, joinTone: true })).toEqual({ done: true });

  const create = meeting.createRequest();
  await meeting.ask(create);
  await meeting.answerTo(create.msgId, "bridge-unreachable");
  await world.bridge.press(call, "*6");
  await world.bridge.lock(meeting.confKey, true);
  const own = new Meeting(world);
  await own.create();
  await own.callIn("103");
  await own.close();

  const held = await stranger.state();
  expect(held?.calls.find((shown) => shown.call === call)).toMatchObject({ stage: "entered", muted: false });
  expect(meeting.messages()).toEqual([]);
  expect(await meeting.acts()).toEqual(["create-conference", "admit", "create-conference"]); // The last one is refused.
  expect(await carryOut({ type: "end-conference" })).toEqual({ done: true });
  await stranger.stop();
});

test("a document with a call-out to an unknown conference and a create has one Confirmation and two answers", async () => {
  const meeting = new Meeting(world);
  const create = meeting.createRequest();
  const stray = { ...meeting.callOutRequest("9002", "5550104"), extConfId: "E-nobody" as ExtConfId };

  await meeting.ask(stray, create);

  await meeting.answerTo(stray.msgId, "no-such-conference");
  await meeting.answerTo(create.msgId, "ok");
  expect(await meeting.acts()).toEqual(["create-conference"]);
});

test.each([
  ["busy", "busy"],
  ["reject", "rejected"],
  ["invalid", "invalid-number"],
] as const)("a call-out that meets %s is answered with %s, and nobody enters", async (outcome, result) => {
  const meeting = new Meeting(world);
  await meeting.create();
  const local = meeting.confKey.slice(-7);
  await world.bridge.answersWith(`1408${local}`, outcome, 10);

  const callOut = meeting.callOutRequest("9003", local);
  await meeting.ask(callOut);

  await meeting.answerTo(callOut.msgId, result);
  await meeting.close();
  expect(meeting.messages().filter((message) => message.type === "caller-entered")).toEqual([]);
});

test("a call-out that nobody picks up is answered with no-answer when its waiting time is over", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const local = meeting.confKey.slice(-7);
  await world.bridge.answersWith(`1408${local}`, "no-answer");

  const callOut = { ...meeting.callOutRequest("9004", local), maxWaitingTime: 1 };
  await meeting.ask(callOut);

  await meeting.answerTo(callOut.msgId, "no-answer");
});

test("a document that comes three times acts once and is confirmed alike each time", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("105");
  const mute = meeting.muteRequest(extCallId, true);

  const first = await world.webex.client.post(mute);
  const again = await Promise.all([world.webex.client.repeat(first), world.webex.client.repeat(first)]);

  await meeting.notified("caller-changed", { extCallId, status: "muted" });
  await meeting.close();
  expect([first, ...again].map(({ result }) => result)).toEqual([0, 0, 0]);
  expect((await meeting.acts()).filter((act) => act === "mute")).toHaveLength(1);
  expect(world.webex.messages.filter((message) => message.msgId === mute.msgId)).toHaveLength(1);
});

test("the attendee ID that a caller keyed stands in the bridge's state", async () => {
  const meeting = new Meeting(world);
  await meeting.create();
  const { call } = await meeting.callIn("106");

  const held = await eventually("the call is in the conference", async () =>
    (await world.bridge.state()).calls.find(({ id, state }) => id === call && state === "in-conference"),
  );

  expect(held).toMatchObject({ attendeeId: "106", room: "main", muted: false });
});

test("of creates that come at once, those whose client goes away hold up no other, nor what comes later", async () => {
  const post = async (id: number, goesAway: boolean) => {
    const create = `<W2A_CreateConference MsgID="${id}" WbxHostName="${world.webex.host}" ExtConfID="8${id}" ConfKey="8${id}"/>`;
    const body = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>77${id}</TransID>${create}</WbxTSPSchema>`;
    const signal = AbortSignal.timeout(goesAway ? id % 20 : 20_000);
    const answer = await fetch(world.run.adapterUrl, { method: "POST", body, signal }).catch(() => null);
    return answer && /Result="(-?\d+)"/.exec(await answer.text())?.[1];
  };
  const rounds = Array.from({ length: 2 }, (_, round) => 10_000_000 + round * 1_000);
  for (const first of rounds) {
    const ids = Array.from({ length: 20 }, (_, index) => first + index);
    const answers = await Promise.all(ids.map((id) => post(id, id % 2 === 1)));
    expect(answers.filter((_, index) => index % 2 === 0)).toEqual(Array(10).fill("0"));
    expect(await post(first + 999, false)).toBe("0");
  }
});
