import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { bridgeName, CALL_VARIABLE } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, type CommandId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { began, destroyed, pressed } from "./asterisk-messages.ts";
import { AsteriskWorld, conference, create } from "./asterisk-world.ts";
import type { FakeAnswer } from "./fake-asterisk.ts";

let world: AsteriskWorld;
beforeEach(async () => {
  world = await AsteriskWorld.start();
});
afterEach(() => world.end());

let driver: AsteriskDriver;
const execute = (command: BridgeCommand) => driver.execute("command-1" as CommandId, conference, command);
beforeEach(async () => {
  driver = await world.startActive();
});

test.each([409, 500])("takes an existing bridge of the wanted ID for the new one (answer %i)", async (status) => {
  let made: unknown = null;
  world.asterisk.answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
    made = { id: bridgeId, name, channels: [] };
    return { status };
  };
  world.asterisk.answers["GET /bridges/bridgehead-command-1"] = () => ({ status: 200, body: made });
  world.asterisk.answers["DELETE /bridges/bridgehead-command-1"] = { status: 204 };
  expect(await execute(create)).toEqual({ done: true });
  expect(await execute({ type: "end-conference" })).toEqual({ done: true });
});

test.each<[string, BridgeCommand]>([
  ["lock", { type: "lock" }],
  ["create once more", { ...create, anonymousId: "0555", maxCallers: 9 }],
  ["report-speakers", { type: "report-speakers" }],
])("refuses what Asterisk cannot note of a conference: %s", async (_, command) => {
  world.asterisk.answers["POST /bridges"] = { status: 200, body: {} };
  await execute(create);
  const name = bridgeName({ owner: "acme/bridge-1", conference, room: MAIN_ROOM, kind: "main" });
  world.asterisk.answers["GET /bridges"] = { status: 200, body: [{ id: "bridgehead-command-1", name, channels: [] }] };
  const before = await driver.state();
  world.asterisk.answers["POST /asterisk/variable"] = { status: 500 };

  expect(await execute(command)).toEqual({ done: false, reason: "refused" });

  expect(before?.conferences).toMatchObject([{ locked: false, reportsSpeakers: false, anonymousId: null }]);
  expect(await driver.state()).toEqual(before);
});

test.each([
  ["is there, is refused", JSON.stringify({ locked: false }), { done: false, reason: "refused" }],
  ["is over, while its bridge goes, is made", "", { done: true }],
])("a create under the key of another owner's conference that %s", async (_, value, result) => {
  const name = bridgeName({ owner: "beta/b", conference, room: MAIN_ROOM, kind: "main" });
  world.asterisk.answers["GET /bridges"] = { status: 200, body: [{ id: "theirs", name, channels: [] }] };
  world.asterisk.answers["GET /asterisk/variable"] = ({ parameters }) => ({
    status: 200,
    body: { value: parameters.variable === "BRIDGEHEAD_CONFERENCE_theirs" ? value : "" },
  });
  world.asterisk.answers["POST /bridges"] = { status: 200, body: {} };
  expect(await execute(create)).toEqual(result);
});

test("takes the noted one of several bridges with the conference's name", async () => {
  const named = (id: string, owner: string) => ({
    id,
    name: bridgeName({ owner, conference, room: MAIN_ROOM, kind: "main" }),
    channels: [],
  });
  const seen = (...bridges: object[]) => {
    world.asterisk.answers["GET /bridges"] = { status: 200, body: bridges };
  };
  world.asterisk.answers["GET /asterisk/variable"] = ({ parameters }) => ({
    status: 200,
    body: { value: String(parameters.variable).endsWith("noted") ? JSON.stringify({}) : "" },
  });
  seen(named("theirs", "beta/b"), named("theirs-noted", "beta/b"), named("ours", "acme/bridge-1"));
  expect(await execute(create)).toEqual({ done: false, reason: "refused" });

  seen(named("theirs", "beta/b"), named("ours", "acme/bridge-1"), named("ours-noted", "acme/bridge-1"));
  expect(await execute(create)).toEqual({ done: true });
  const written = world.asterisk.requests.filter(({ what }) => what === "POST /asterisk/variable").at(-1);
  expect(written?.parameters.variable).toBe("BRIDGEHEAD_CONFERENCE_ours-noted");
});

describe("somebody else ends it just then, and Asterisk answers late:", () => {
  const addChannel = (command: string) => `POST /bridges/bridgehead-${command}/addChannel`;
  const asked = (what: string) => world.asterisk.requests.filter((request) => request.what === what).length;
  /** Also when the driver asks again, over another link. */
  const answer = (what: string, late: FakeAnswer) => {
    world.asterisk.answers[what] = late;
    world.asterisk.answer(what, late);
  };
  const destroy = (command: string) =>
    world.asterisk.send({ type: "BridgeDestroyed", bridge: { id: `bridgehead-${command}`, name: "", channels: [] } });
  beforeEach(async () => {
    const { answers, send } = world.asterisk;
    answers["POST /bridges"] = { status: 200, body: {} };
    expect(await execute(create)).toEqual({ done: true });
    send(began("c1"));
    await world.reported("prompted");
  });
  const admit = { type: "admit", call: "c1" as CallId, muted: false, joinTone: false } as const;

  test("a caller is not let into a conference that is over", async () => {
    world.asterisk.answers[addChannel("command-1")] = null;
    const admitted = execute(admit);
    await vi.waitFor(() => expect(asked(addChannel("command-1"))).toBe(1));
    destroy("command-1");
    await world.reported("conference-ended");
    answer(addChannel("command-1"), { status: 204 });

    expect(await admitted).toEqual({ done: false, reason: "no-such-conference" });
    expect((await driver.state())?.calls).toMatchObject([{ call: "c1", stage: "prompted" }]);
  });

  test("nobody is rung for a conference that is over", async () => {
    world.asterisk.answers["POST /channels/create"] = null;
    const number = { country: "1", area: "408", local: "5551234", extension: "" };
    const dialled = execute({ type: "dial", call: "leg-1" as CallId, number, waitMs: 30_000 });
    await vi.waitFor(() => expect(asked("POST /channels/create")).toBeGreaterThan(0));
    destroy("command-1");
    await world.reported("conference-ended");
    await vi.waitFor(() => expect(asked("DELETE /channels/leg-1")).toBe(1));
    answer("POST /channels/create", { status: 200, body: {} });

    expect(await dialled).toEqual({ done: false, reason: "refused" });
    expect([asked("POST /channels/leg-1/dial"), asked("DELETE /channels/leg-1")]).toEqual([0, 2]);
  });
});

test("drops a third tone of a bridge", async () => {
  const { asterisk } = world;
  const tone = "POST /bridges/bridgehead-command-1/play";
  const asked = () => asterisk.requests.filter(({ what }) => what === tone).length;
  asterisk.answers["POST /bridges"] = { status: 200, body: {} };
  asterisk.answers["POST /bridges/bridgehead-command-1/addChannel"] = { status: 204 };
  expect(await execute(create)).toEqual({ done: true });
  const callers = ["c1", "c2", "c3", "c4"];
  asterisk.answers[tone] = { status: 201, body: {} };
  for (const call of callers) {
    asterisk.send(began(call));
    await vi.waitFor(() => expect(world.reports).toContainEqual(expect.objectContaining({ type: "prompted", call })));
    const admit = { type: "admit", call: call as CallId, muted: false, joinTone: true } as const;
    expect(await execute(admit)).toEqual({ done: true });
  }
  const before = asked();
  expect(before).toBe(2);
  const playback = { id: "any", target_uri: "bridge:bridgehead-command-1" };
  for (const _ of [1, 2]) asterisk.send({ type: "PlaybackFinished", playback });
  asterisk.answers[tone] = null;

  for (const call of ["c1", "c2", "c3"]) asterisk.send(destroyed(call));

  const answered = [];
  for (const count of [1, 2, 3]) {
    await vi.waitFor(() => expect(asked()).toBe(before + count));
    // Whatever was asked for beside it is here by now.
    await driver.state();
    answered.push(asked() - before);
    asterisk.answer(tone, count === 1 ? { status: 500 } : { status: 201, body: {} });
  }
  expect(answered).toEqual([1, 2, 3]);
});

test("admits a caller without an attendee ID after a pause", async () => {
  await world.end();
  world = await AsteriskWorld.start();
  const { after } = driverPorts.timers;
  const waits: (() => void)[] = [];
  const timers = {
    after: (ms: number, act: () => void) => {
      if (ms !== 1_500) return after(ms, act);
      waits.push(act);
      return () => {};
    },
  };
  driver = await world.startActive({ timers });
  world.asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
  world.asterisk.answers["POST /channels/c1/variable"] = { status: 204 };
  world.asterisk.send(began("c1"));
  await world.reported("prompted");
  const start = Date.parse("2026-11-20T10:00:00Z");
  const times = [0, 500, 700, 1_100];
  for (const [n, at] of times.entries()) world.asterisk.send(pressed("c1", "71##"[n] ?? "", start + at, 100));
  const keys = () => world.reports.flatMap((report) => (report.type === "keys" ? report.keys : [])).join("");
  await vi.waitFor(() => expect(keys()).toBe("71#"));
  await vi.waitFor(() => expect(waits).not.toEqual([]));

  for (const over of waits) over();

  await vi.waitFor(() => expect(keys()).toBe("71##"));
});

test("turns away callers of an unknown number and logs each number once", async () => {
  const dialplan = { exten: "18005559999" };
  for (const id of ["c1", "c2"])
    world.asterisk.send({
      type: "StasisStart",
      args: ["in", "18005559999"],
      channel: { id, name: `PJSIP/trunk-${id}`, state: "Ring", caller: { number: "14085550001" }, dialplan },
    });
  const hungUp = () => world.asterisk.requests.filter(({ what }) => what.startsWith("DELETE /channels/c"));
  await vi.waitFor(() => expect(hungUp()).toHaveLength(2));
  expect(hungUp().map(({ parameters }) => parameters)).toEqual(Array(2).fill({ reason: "unallocated" }));
  expect(world.reports).toEqual([
    {
      type: "notice",
      text: expect.stringContaining("hands calls to 18005559999 to the application bridgehead, and dialIn"),
    },
  ]);
});

test("logs at most fifty unknown numbers", async () => {
  for (let count = 0; count < 60; count += 1) world.asterisk.send(began(`c${count}`, ["in", `1800555${count}`, "1"]));
  const hungUp = () => world.asterisk.requests.filter(({ what }) => what.startsWith("DELETE /channels/c"));
  await vi.waitFor(() => expect(hungUp()).toHaveLength(60));
  expect(world.reports.map(({ type }) => type)).toEqual(Array(50).fill("notice"));
});

describe("with a caller at the prompt", () => {
  const call = "c1" as CallId;
  const channel = { id: "c1", name: "PJSIP/trunk-1", state: "Ring", caller: { number: "1" }, dialplan: { exten: "" } };
  const played = () => world.asterisk.requests.find(({ what }) => what === "POST /channels/c1/play");
  const playback = () => String(played()?.parameters.playbackId);
  const asked = (what: string) => world.asterisk.requests.some((request) => request.what === what);
  beforeEach(async () => {
    world.asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
    world.asterisk.answers["POST /channels/c1/play"] = { status: 201 };
    world.asterisk.answers["DELETE /channels/c1"] = { status: 204 };
    world.asterisk.send({ type: "StasisStart", args: ["in", "18005551234"], channel });
    await world.reported("prompted");
    driver.announce(call, "locked");
    await vi.waitFor(() => expect(played()).toBeDefined());
  });
  const expel = () => driver.execute("command-2" as CommandId, null, { type: "expel", call });

  test("speaks the language of the settings, with their sounds", async () => {
    const other = await AsteriskWorld.start();
    other.asterisk.answers["POST /channels/c1/answer"] = { status: 204 };
    other.asterisk.answers["POST /channels/c1/play"] = { status: 201 };
    const speaker = await other.startActive({}, { language: "de", sounds: { locked: ["custom/locked", "goodbye"] } });
    other.asterisk.send({ type: "StasisStart", args: ["in", "18005551234"], channel });
    await other.reported("prompted");
    speaker.announce(call, "locked");

    const said = () => other.asterisk.requests.find(({ what }) => what === "POST /channels/c1/play");
    await vi.waitFor(() => expect(said()).toBeDefined());
    expect(said()?.parameters).toMatchObject({ media: ["sound:custom/locked", "sound:goodbye"], lang: "de" });
    await other.end();
  });

  test("hangs up after the end of the sentence", async () => {
    expect(played()?.parameters).toMatchObject({ media: ["sound:conf-locked"], lang: "en" });
    const result = expel();
    await driver.state();
    expect(asked("DELETE /channels/c1")).toBe(false);
    world.asterisk.send({ type: "PlaybackFinished", playback: { id: playback(), target_uri: "channel:c1" } });
    expect(await result).toEqual({ done: true });
  });

  test("goes on when the caller hangs up before the end", async () => {
    const result = expel();
    await driver.state();
    world.asterisk.send({ type: "StasisEnd", channel });
    expect(await result).toEqual({ done: false, reason: "no-such-call" });
  });
});

test("recreates a conference while Asterisk still lists its former bridge", async () => {
  const made: { id: unknown; name: unknown; channels: [] }[] = [];
  world.asterisk.answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
    made.push({ id: bridgeId, name, channels: [] });
    return { status: 200, body: made.at(-1) };
  };
  world.asterisk.answers["GET /bridges"] = () => ({ status: 200, body: made });
  const again = (command: BridgeCommand) => driver.execute("command-2" as CommandId, conference, command);
  expect(await execute(create)).toEqual({ done: true });
  expect(await execute({ type: "end-conference" })).toEqual({ done: true });
  expect(await again(create)).toEqual({ done: true });
  expect(made.map(({ id }) => id)).toEqual(["bridgehead-command-1", "bridgehead-command-2"]);
});

test("reports calls that ended with a refused end of their conference", async () => {
  const { asterisk } = world;
  asterisk.answers["POST /bridges"] = { status: 200, body: {} };
  asterisk.answers["POST /bridges/bridgehead-command-1/addChannel"] = { status: 204 };
  expect(await execute(create)).toEqual({ done: true });
  for (const call of ["c1", "c2"] as CallId[]) {
    asterisk.send(began(call));
    await vi.waitFor(() => expect(world.reports).toContainEqual(expect.objectContaining({ type: "prompted", call })));
    expect(await execute({ type: "admit", call, muted: false, joinTone: false })).toEqual({ done: true });
  }
  asterisk.answers["DELETE /channels/c1"] = { status: 204 };
  asterisk.answers["DELETE /channels/c2"] = { status: 500 };
  expect(await execute({ type: "end-conference" })).toEqual({ done: false, reason: "refused" });
  await vi.waitFor(() => expect(world.reports.at(-1)).toMatchObject({ type: "ended", call: "c1" }));
});

describe("with a conference that dials", () => {
  const call = "leg-1" as CallId;
  const number = { country: "1", area: "408", local: "5551234", extension: "" };
  const dial = (waitMs = 30_000): BridgeCommand => ({ type: "dial", call, number, waitMs });
  const channel = (state: string) => ({
    id: call,
    name: "PJSIP/trunk-1",
    state,
    caller: { number: "" },
    dialplan: { exten: "" },
  });
  const asked = (what: string) => world.asterisk.requests.filter((request) => request.what === what);
  beforeEach(async () => {
    world.asterisk.answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
      world.asterisk.answers["GET /bridges"] = { status: 200, body: [{ id: bridgeId, name, channels: [] }] };
      return { status: 200, body: {} };
    };
    world.asterisk.answers["POST /channels/create"] = { status: 200, body: {} };
    world.asterisk.answers["POST /channels/leg-1/dial"] = { status: 204 };
    world.asterisk.answers["POST /channels/leg-1/variable"] = { status: 204 };
    world.asterisk.answers["DELETE /channels/leg-1"] = { status: 204 };
    expect(await execute(create)).toEqual({ done: true });
  });

  test("dials once, though Asterisk is not ready for it at first", async () => {
    let tries = 0;
    world.asterisk.answers["POST /channels/leg-1/dial"] = () => {
      tries += 1;
      return { status: tries < 3 ? 409 : 204 };
    };
    expect(await execute(dial())).toEqual({ done: true });
    expect(tries).toBe(3);
    const created = asked("POST /channels/create").filter(({ parameters }) => parameters.channelId === call);
    expect(created.map(({ parameters }) => parameters.endpoint)).toEqual(["PJSIP/14085551234@trunk"]);
    const steps = world.asterisk.requests.map(({ what, parameters }) => `${what} ${JSON.stringify(parameters)}`);
    const noted = steps.findIndex((step) => step.startsWith("POST /asterisk/variable") && step.includes(call));
    expect(noted).toBeGreaterThan(-1);
    expect(noted).toBeLessThan(steps.findIndex((step) => step.startsWith("POST /channels/leg-1/dial")));
    expect(await execute(dial())).toEqual({ done: false, reason: "refused" });
  });

  test.each([
    [{ callerId: "18005551234" }, "18005551234"],
    [{}, undefined],
  ])("shows the number of the settings to a called telephone: %j", async (settings, shown) => {
    const other = await AsteriskWorld.start();
    other.asterisk.answers["POST /bridges"] = { status: 200, body: {} };
    other.asterisk.answers["POST /channels/leg-1/dial"] = { status: 204 };
    const dialler = await other.startActive({}, settings);
    await dialler.execute("command-1" as CommandId, conference, create);
    expect(await dialler.execute("command-2" as CommandId, conference, dial())).toEqual({ done: true });

    const created = other.asterisk.requests.find(
      ({ parameters }) => parameters.endpoint && parameters.channelId === call,
    );
    const variables = new Map(Object.entries(created?.parameters.variables ?? {}));
    expect(variables.has(CALL_VARIABLE)).toBe(true);
    expect(variables.get("CONNECTEDLINE(num,i)")).toEqual(shown);
    await other.end();
  });

  test("hangs up an unanswered call so that the next agent knows why", async () => {
    expect(await execute(dial(20))).toEqual({ done: true });
    world.asterisk.send({ type: "Dial", dialstatus: "", peer: channel("Down") });
    await vi.waitFor(() => expect(asked("DELETE /channels/leg-1")).toHaveLength(1));
    expect(asked("DELETE /channels/leg-1")[0]?.parameters).toEqual({ reason: "no_answer" });
  });

  test("dials the extension once the call is answered", async () => {
    const withExtension: BridgeCommand = { type: "dial", call, number: { ...number, extension: "12" }, waitMs: 30_000 };
    expect(await execute(withExtension)).toEqual({ done: true });
    world.asterisk.send({ type: "Dial", dialstatus: "ANSWER", peer: channel("Up") });
    await vi.waitFor(() => expect(asked("POST /channels/leg-1/dtmf")).toMatchObject([{ parameters: { dtmf: "12" } }]));
  });

  test("reports a dialed call's end only after the dial's result", async () => {
    // It answers a second dial: the first was too early.
    let tries = 0;
    world.asterisk.answers["POST /channels/leg-1/dial"] = () => {
      tries += 1;
      if (tries === 1) world.asterisk.send({ type: "ChannelDestroyed", cause: 17, channel: channel("Down") });
      return { status: tries < 5 ? 409 : 404 };
    };
    const reportedBefore = execute(dial()).then((result) => [result, [...world.reports]]);
    expect(await reportedBefore).toEqual([{ done: true }, []]);
    expect(tries).toBe(5);
    expect(await world.reported("ended")).toMatchObject({ call, reason: "busy" });
  });

  test("a dial that Asterisk refuses is refused, and nothing is reported", async () => {
    world.asterisk.answers["POST /channels/leg-1/dial"] = { status: 500 };
    world.asterisk.answers["DELETE /channels/leg-1"] = () => {
      world.asterisk.send({ type: "ChannelDestroyed", cause: 16, channel: channel("Down") });
      return { status: 204 };
    };
    expect(await execute(dial())).toEqual({ done: false, reason: "refused" });
    await driver.state();
    expect(world.reports).toEqual([]);
  });

  test.each([
    { local: "5551234/../Local/9" },
    { local: "5551234@elsewhere" },
    { area: "4 8" },
    { country: "+1" },
    { extension: "1w9,2" },
  ])("dials nothing but digits, which could name another endpoint: %j", async (wrong) => {
    const before = world.asterisk.requests.length;
    const refused = { done: false, reason: "refused" };
    expect(await execute({ type: "dial", call, number: { ...number, ...wrong }, waitMs: 30_000 })).toEqual(refused);
    expect(world.asterisk.requests.slice(before)).toEqual([]);
  });

  test("has Asterisk limit the ringing in case every agent fails", async () => {
    expect(await execute(dial(30_000))).toEqual({ done: true });
    expect(asked("POST /channels/leg-1/dial")[0]?.parameters).toEqual({ timeout: 40 });
  });
});
