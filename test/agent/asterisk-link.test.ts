import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AriChannel, AriEvent } from "../../bridge-agent/drivers/asterisk/ari.ts";
import type { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import { type Call, newCall } from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { bridgeName, CALL_VARIABLE, callNotesOf } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { began, caller, channel, destroyed, dialStatus, left, leg, pressed } from "./asterisk-messages.ts";
import { AsteriskWorld, conference, create } from "./asterisk-world.ts";

let world: AsteriskWorld;
beforeEach(async () => {
  world = await AsteriskWorld.start();
});
afterEach(() => world.end());

describe("an agent that is replaced", () => {
  const replaced = { type: "ApplicationReplaced", application: "bridgehead" };
  const execute = (driver: AsteriskDriver) => driver.execute("command-1" as CommandId, conference, create);
  const asked = (what: string) => world.asterisk.requests.filter((request) => request.what === what).length;

  test("sends nothing after its last mark has expired", async () => {
    let nowMs = 0;
    const driver = world.start({}, { monotonicMs: () => nowMs, pingEveryMs: 3_600_000 });
    await world.reported("connected");
    driver.activate(3);
    await driver.state();
    // Marks reach the other agent from now on, and what this one is to be told is late.
    const late = world.asterisk.answers;
    for (let mark = 1; mark < 20; mark += 1)
      late[`POST /events/user/bridgehead-agent-1-${mark}`] = () => {
        setTimeout(() => world.asterisk.send(replaced), 20);
        return { status: 204 };
      };
    late["POST /bridges"] = { status: 200, body: {} };
    nowMs = 1_101;

    expect(await execute(driver)).toEqual({ done: "unknown" });

    expect(await world.reported("disconnected")).toMatchObject({ isReplaced: true });
    expect(asked("POST /bridges")).toBe(0);
  });

  test("notifies its successor once its open requests are answered", async () => {
    const driver = world.start();
    await world.reported("connected");
    driver.activate(3);
    await driver.state();
    world.asterisk.answers["POST /bridges"] = null;
    const result = execute(driver);
    await vi.waitFor(() => expect(asked("POST /bridges")).toBe(1));
    const retired = "POST /events/user/bridgehead-retired-agent-1-3";

    world.asterisk.send(replaced);

    expect(await result).toEqual({ done: "unknown" });
    expect(world.asterisk.brokenOff("POST /bridges")).toBe(false);
    expect(asked(retired)).toBe(0);
    world.asterisk.answer("POST /bridges", { status: 200, body: {} });
    await vi.waitFor(() => expect(asked(retired)).toBe(1));
    expect(asked("POST /applications/bridgehead/subscription")).toBe(0);
  });
});

describe("a command", () => {
  const made = () => world.asterisk.requests.filter(({ what }) => what === "POST /bridges").length;
  beforeEach(() => {
    world.asterisk.answers["POST /bridges"] = { status: 200, body: {} };
  });
  const execute = (driver: AsteriskDriver) => driver.execute("command-1" as CommandId, conference, create);

  test("is refused to an agent that is not active", async () => {
    const driver = world.start();
    await world.reported("connected");
    expect(await execute(driver)).toEqual({ done: false, reason: "refused" });
    expect(made()).toBe(0);
  });

  test("is never sent while an agent of a later epoch is active", async () => {
    const value = '{"owner":"acme/bridge-1","agent":"agent-2","epoch":9}';
    world.asterisk.answers["GET /asterisk/variable"] = { status: 200, body: { value } };
    world.asterisk.answers["POST /events/user/bridgehead-who-acts"] = { status: 204 };
    const driver = world.start();
    await world.reported("connected");
    driver.activate(3);
    expect(await execute(driver)).toEqual({ done: "unknown" });
    expect(made()).toBe(0);
    expect(await world.reported("disconnected")).toMatchObject({ isReplaced: true });
  });

  test("is executed once an agent of a later epoch is gone", async () => {
    const value = '{"owner":"acme/bridge-1","agent":"agent-2","epoch":9}';
    world.asterisk.answers["GET /asterisk/variable"] = ({ parameters }) => ({
      status: 200,
      body: { value: String(parameters.variable).includes("AGENT") ? value : "" },
    });
    world.asterisk.answers["POST /events/user/bridgehead-who-acts"] = { status: 404 };
    const driver = world.start();
    await world.reported("connected");
    driver.activate(3);
    expect(await execute(driver)).toEqual({ done: true });
    expect(made()).toBe(1);
  });

  test("is never sent if the agent's claim could not be noted", async () => {
    const driver = world.start();
    await world.reported("connected");
    world.asterisk.answers["POST /asterisk/variable"] = { status: 500 };
    driver.activate(3);
    expect(await execute(driver)).toEqual({ done: "unknown" });
    expect(made()).toBe(0);
    expect((await world.reported("disconnected")).why).toContain("it answered setGlobalVar with status 500");
  });

  test("that has not come to an end within 30 s was too slow", async () => {
    const late: (() => void)[] = [];
    const after = (ms: number, run: () => void) => {
      if (ms !== 30_000) return driverPorts.timers.after(ms, run);
      late.push(run);
      return () => {};
    };
    world.asterisk.answers["POST /bridges"] = null;
    const driver = await world.startActive({ timers: { after } });
    late.length = 0;
    const result = execute(driver);
    await vi.waitFor(() => expect(made()).toBe(1));
    late[0]?.();
    expect(await result).toEqual({ done: "unknown", tooSlow: true });
  });
});

test("takes its first snapshot after the replaced agent has retired", async () => {
  world.asterisk.answers["GET /asterisk/variable"] = {
    status: 200,
    body: { value: '{"owner":"acme/bridge-1","agent":"agent-2","epoch":2}' },
  };
  world.asterisk.answers["POST /events/user/bridgehead-who-acts"] = { status: 204 };
  const driver = world.start();
  await world.reported("connected");
  const snapshots = () => world.asterisk.requests.filter(({ what }) => what === "GET /bridges").length;
  driver.activate(3);
  const state = driver.state();
  await vi.waitFor(() => expect(world.asterisk.requests.some(({ what }) => what.includes("-begins-"))).toBe(true));
  // Time enough for a snapshot.
  for (let turns = 0; turns < 10; turns += 1) await fetch(`${world.asterisk.url}/asterisk/info`);
  expect(snapshots()).toBe(0);

  world.asterisk.send({ type: "ChannelUserevent", eventname: "bridgehead-retired-agent-2-2", userevent: {} });

  expect(await state).toMatchObject({ conferences: [], calls: [], callsOfOthers: 0 });
  expect(snapshots()).toBe(2);
});

test("takeover waits out the silent agent's lease, then re-applies mutes once", async () => {
  const begun: { readonly ms: number; readonly run: () => void }[] = [];
  const { after } = driverPorts.timers;
  const timers = {
    after: (ms: number, run: () => void) => {
      if (ms !== 1_600 && ms !== 2_500) return after(ms, run);
      begun.push({ ms, run });
      return () => {};
    },
  };
  const { answers, requests, send } = world.asterisk;
  const agent = { status: 200, body: { value: '{"owner":"acme/bridge-1","agent":"agent-2","epoch":2}' } };
  answers["GET /asterisk/variable"] = agent;
  answers["POST /events/user/bridgehead-who-acts"] = { status: 204 };
  const begins = "bridgehead-agent-1-begins-1";
  answers[`POST /events/user/${begins}`] = { status: 204 };
  const notes = callNotesOf(newCall(caller, "in", { number: "14085550001", dialled: "18005551234", muted: true }));
  answers["GET /applications/bridgehead"] = { status: 200, body: { channel_ids: [caller] } };
  answers["GET /channels"] = { status: 200, body: [channel(caller)] };
  answers[`GET /channels/${caller}/variable`] = { status: 200, body: { value: JSON.stringify(notes) } };
  const asked = (name: string) => requests.filter(({ what }) => what === name).length;
  const driver = world.start({}, { timers });
  await world.reported("connected");
  driver.activate(3);
  const state = driver.state();
  await vi.waitFor(() => expect(asked(`POST /events/user/${begins}`)).toBeGreaterThan(1));
  expect(begun).toEqual([]);

  send({ type: "ChannelUserevent", eventname: begins, userevent: {} });

  await vi.waitFor(() => expect(begun.map(({ ms }) => ms)).toEqual([1_600]));
  expect(asked("GET /bridges")).toBe(0);
  begun[0]?.run();
  expect((await state)?.calls).toMatchObject([{ call: caller, stage: "prompted" }]);
  expect(begun.map(({ ms }) => ms)).toEqual([1_600, 2_500]);
  const mute = `POST /channels/${caller}/mute`;
  await vi.waitFor(() => expect(asked(mute)).toBe(1));
  begun[1]?.run();
  await vi.waitFor(() => expect(asked(mute)).toBe(2));
});

test("a reconnected agent takes snapshots until its open requests show", async () => {
  const driver = world.start();
  await world.reported("connected");
  driver.activate(3);
  await driver.state();
  world.asterisk.answers["GET /asterisk/variable"] = {
    status: 200,
    body: { value: '{"owner":"acme/bridge-1","agent":"agent-1","epoch":3}' },
  };
  world.reports.length = 0;
  world.asterisk.sockets[0]?.terminate();
  await world.reported("connected");
  const name = bridgeName({ owner: "acme/bridge-1", conference, room: MAIN_ROOM, kind: "main" });
  let snapshots = 0;
  world.asterisk.answers["GET /bridges"] = () => {
    snapshots += 1;
    return { status: 200, body: snapshots === 1 ? [] : [{ id: "bridge-1", name, channels: [] }] };
  };

  driver.activate(3);

  expect((await driver.state())?.conferences).toMatchObject([{ conference }]);
  expect(snapshots).toBeGreaterThanOrEqual(3);
  expect(world.reports.map(({ type }) => type)).toEqual(["disconnected", "connected"]);
});

describe.each([
  ["takes over", async () => world.start()],
  [
    "connects anew",
    async () => {
      const driver = await world.startActive();
      world.asterisk.sockets[0]?.terminate();
      return driver;
    },
  ],
])("an agent that %s keeps what happens before it has its first snapshot:", (_, start) => {
  const notes = callNotesOf(newCall(caller, "in", { number: "14085550001", dialled: "18005551234", keys: "9" }));

  /** The state, where these events come while the first snapshot is taken, whose list of channels is older. */
  async function stateAfter(events: readonly AriEvent[], channels: readonly AriChannel[]) {
    const driver = await start();
    await world.reported("connected");
    const { asterisk } = world;
    asterisk.answers["GET /applications/bridgehead"] = { status: 200, body: { channel_ids: [caller] } };
    asterisk.answers[`GET /channels/${caller}/variable`] = { status: 200, body: { value: JSON.stringify(notes) } };
    asterisk.answers["GET /channels"] = () => {
      asterisk.answers["GET /channels"] = { status: 200, body: channels };
      for (const event of events) asterisk.send(event);
      return { status: 200, body: [channel(caller)] };
    };
    driver.activate(4);
    return (await driver.state())?.calls;
  }

  test.each([left(caller), destroyed(caller)])("an end ($type)", async (end) => {
    expect(await stateAfter([end], [])).toMatchObject([{ call: caller, stage: "ended", reason: "hung-up" }]);
  });

  test("keys, behind what was half keyed before and is taken back", async () => {
    const events = [pressed(caller, "1"), pressed(caller, "2")];
    expect(await stateAfter(events, [channel(caller)])).toMatchObject([{ call: caller, keys: "9**1*2" }]);
  });

  test("a caller who came and went", async () => {
    const other = "1700000000.2";
    const calls = await stateAfter([began(other), left(other)], [channel(caller)]);
    expect(calls).toMatchObject([
      { call: other, stage: "ended" },
      { call: caller, stage: "prompted" },
    ]);
  });
});

describe("a caller in the prompt with events before the first snapshot after a reconnect:", () => {
  /** What is written on Asterisk about the caller. */
  let stored = "";
  const note = (more: Partial<Call>) => {
    stored = JSON.stringify(
      callNotesOf(newCall(caller, "in", { number: "14085550001", dialled: "18005551234", ...more })),
    );
  };
  const asked = (what: string) => world.asterisk.requests.filter((request) => request.what === what).length;
  const mutes = () => [asked(`POST /channels/${caller}/mute`), asked(`DELETE /channels/${caller}/mute`)];
  const silentMonitor = { conference, muted: true, joinTone: false, attendeeId: "4711" } as const;
  let driver: AsteriskDriver;
  beforeEach(async () => {
    const { answers } = world.asterisk;
    stored = "";
    driver = await world.startActive();
    answers["POST /bridges"] = { status: 200, body: {} };
    answers[`POST /channels/${caller}/answer`] = { status: 204 };
    answers[`POST /channels/${caller}/mute`] = { status: 204 };
    answers[`DELETE /channels/${caller}/mute`] = { status: 204 };
    answers[`GET /channels/${caller}/variable`] = () => ({ status: 200, body: { value: stored } });
    answers[`POST /channels/${caller}/variable`] = ({ parameters: { variable, value } }) => {
      if (variable === CALL_VARIABLE) stored = String(value);
      return { status: 204 };
    };
    expect(await driver.execute("command-1" as CommandId, conference, create)).toEqual({ done: true });
    world.asterisk.send(began(caller));
    await world.reported("prompted");
    await vi.waitFor(() => expect(stored).not.toBe(""));
  });

  const afterKeys = (keys: string, inside: readonly string[]) =>
    callerAfter(
      Array.from(keys, (each) => pressed(caller, each)),
      inside,
    );

  /** The caller in the state after the agent has lost its link, acts again and gets these events before its first snapshot. */
  async function callerAfter(events: readonly AriEvent[], inside: readonly string[]): Promise<unknown> {
    const { answers, send } = world.asterisk;
    world.asterisk.sockets[0]?.terminate();
    await world.reported("connected");
    const name = bridgeName({ owner: "acme/bridge-1", conference, room: MAIN_ROOM, kind: "main" });
    answers["GET /bridges"] = { status: 200, body: [{ id: "bridgehead-command-1", name, channels: inside }] };
    answers["GET /applications/bridgehead"] = { status: 200, body: { channel_ids: [caller] } };
    answers["GET /channels"] = () => {
      for (const event of events) send(event);
      answers["GET /channels"] = { status: 200, body: [channel(caller)] };
      return { status: 200, body: [channel(caller)] };
    };
    driver.activate(5);
    const calls = (await driver.state())?.calls;
    await driver.state(); // What follows has been asked for.
    return calls?.find(({ call }) => call === caller);
  }

  test("stays the silent monitor that another agent admitted", async () => {
    note(silentMonitor);
    const before = mutes();
    expect(await afterKeys("*", [caller])).toMatchObject({ stage: "entered", ...silentMonitor });
    expect(JSON.parse(stored)).toMatchObject(silentMonitor);
    await vi.waitFor(() => expect(mutes()).toEqual([(before[0] ?? 0) + 1, before[1]]));
  });

  test("stays muted by another agent while it talks", async () => {
    world.asterisk.answers["POST /bridges/bridgehead-command-1/addChannel"] = { status: 204 };
    for (const command of [
      { type: "report-speakers" },
      { type: "admit", call: caller, muted: false, joinTone: false },
    ] as const)
      expect(await driver.execute("command-2" as CommandId, conference, command), command.type).toEqual({ done: true });
    note({ conference, muted: true, attendeeId: "4711" });
    const before = mutes();
    const talks = { type: "ChannelTalkingStarted", channel: channel(caller) } as const;
    expect(await callerAfter([talks], [caller])).toMatchObject({ stage: "entered", muted: true, attendeeId: "4711" });
    await vi.waitFor(() => expect(mutes()).toEqual([(before[0] ?? 0) + 1, before[1]]));
  });

  test("all that it keys is in doubt, until it is asked anew", async () => {
    expect(await afterKeys("", [])).toMatchObject({ stage: "prompted", keys: "*" });
    const keys = () =>
      world.reports
        .flatMap((report) => (report.type === "keys" ? [report.keys + (report.inDoubt ? "?" : "")] : []))
        .join("");
    driver.announce(caller, "please-wait");
    for (const key of "0#") world.asterisk.send(pressed(caller, key));
    await vi.waitFor(() => expect(keys()).toBe("0?#?"));
    driver.announce(caller, "welcome");
    world.asterisk.send(pressed(caller, "7"));
    await vi.waitFor(() => expect(keys()).toBe("0?#?7"));
  });
});

test.each<[string, readonly AriEvent[]]>([
  ["by its cause", [destroyed(leg, 17)]],
  ["by what the dial said", [dialStatus(leg, "BUSY"), destroyed(leg, 0)]],
])("keeps the reason of a call that ended before the first snapshot: %s", async (_, end) => {
  const { answers } = world.asterisk;
  answers["POST /bridges"] = ({ parameters: { bridgeId, name } }) => {
    answers["GET /bridges"] = { status: 200, body: [{ id: bridgeId, name, channels: [] }] };
    return { status: 200, body: {} };
  };
  answers["POST /channels/leg-1/dial"] = { status: 204 };
  const driver = await world.startActive();
  const execute = (command: BridgeCommand) => driver.execute("command-1" as CommandId, conference, command);
  expect(await execute(create)).toEqual({ done: true });
  const number = { country: "1", area: "408", local: "5551234", extension: "" };
  expect(await execute({ type: "dial", call: leg, number, waitMs: 30_000 })).toEqual({ done: true });
  world.asterisk.sockets[0]?.terminate();
  await world.reported("connected");
  answers["GET /channels"] = () => {
    for (const event of end) world.asterisk.send(event);
    return { status: 200, body: [] };
  };

  driver.activate(4);

  expect((await driver.state())?.calls).toMatchObject([{ call: leg, stage: "ended", reason: "busy" }]);
});

describe("a link that is up", () => {
  let driver: AsteriskDriver;
  const execute = (command: BridgeCommand) => driver.execute("command-1" as CommandId, conference, command);
  beforeEach(async () => {
    driver = await world.startActive();
  });

  test("says on Asterisk who acts, and since which epoch", () => {
    const written = world.asterisk.requests.find(({ what }) => what === "POST /asterisk/variable");
    expect(JSON.parse(String(written?.parameters.value))).toEqual({
      owner: "acme/bridge-1",
      agent: "agent-1",
      epoch: 3,
    });
  });

  test("is lost when Asterisk stops answering; open requests are unknown", async () => {
    world.asterisk.answers["POST /bridges"] = null;
    const result = execute(create);
    await vi.waitFor(() => expect(world.asterisk.requests.some(({ what }) => what === "POST /bridges")).toBe(true));
    world.asterisk.sockets[0]?.terminate();
    expect(await result).toEqual({ done: "unknown" });
    expect(world.reports[0]).toMatchObject({ type: "disconnected", isReplaced: false });
  });

  test("is lost when Asterisk has restarted without closing it", async () => {
    world.asterisk.send(began("c1"));
    await world.reported("prompted");
    world.reports.length = 0;
    world.asterisk.answers["GET /asterisk/info"] = {
      status: 200,
      body: { system: { version: "22.10.1" }, status: { startup_time: "2026-11-20T11:00:00.000+0000" } },
    };
    expect((await world.reported("connected")).bootId).toBe("2026-11-20T11:00:00.000+0000");
    expect(world.reports[0]).toMatchObject({
      type: "disconnected",
      why: expect.stringContaining("it was started anew"),
    });
    expect((await driver.state())?.calls).toEqual([]);
  });

  test("is lost when Asterisk has dropped its event socket", async () => {
    for (let mark = 1; mark < 200; mark += 1)
      world.asterisk.answers[`POST /events/user/bridgehead-agent-1-${mark}`] = { status: 404 };
    expect((await world.reported("disconnected")).why).toContain("it no longer has this agent's event socket");
  });

  test("is lost within seconds when Asterisk hangs", async () => {
    world.asterisk.answers["POST /bridges"] = null;
    const keys = Array.from({ length: 20 }, (_, index) => String(987650000 + index) as ConfKey);
    const results = keys.map((key) => driver.execute(`command-of-${key}` as CommandId, key, create));
    const asked = () => world.asterisk.requests.filter(({ what }) => what === "POST /bridges").length;
    await vi.waitFor(() => expect(asked()).toBe(16));
    world.asterisk.answers["GET /asterisk/info"] = null;
    const lost = await vi.waitFor(() => {
      expect(world.reports).not.toEqual([]);
      return world.reports[0];
    });
    expect(lost).toMatchObject({ type: "disconnected", why: expect.stringContaining("has not answered for 2 s") });
    expect(await Promise.all(results)).toEqual(keys.map(() => ({ done: "unknown" })));
    expect(asked()).toBe(16);
  });

  test("is another agent's after its event says so", async () => {
    world.asterisk.send({ type: "ApplicationReplaced", application: "bridgehead" });
    expect(await world.reported("disconnected")).toMatchObject({ isReplaced: true });
  });

  test("outlives an activation of a later epoch without another event socket", async () => {
    const [socket] = world.asterisk.sockets;
    driver.activate(4);
    await driver.state();
    expect(world.asterisk.sockets).toEqual([socket]);
  });

  test.each([400, 403, 500])(
    "outlives a command that Asterisk answers with status %d, which is refused",
    async (status) => {
      world.asterisk.answers["POST /bridges"] = { status, body: "<html>nonsense" };
      expect(await execute(create)).toEqual({ done: false, reason: "refused" });
      expect(world.reports).toEqual([]);
    },
  );

  test("ends when an event is none of ARI's", async () => {
    world.asterisk.send({ type: "StasisStart", args: [] });
    expect((await world.reported("disconnected")).why).toContain(
      "it sent StasisStart with something else than ARI has",
    );
  });

  test("ends when the state is none of ARI's", async () => {
    world.asterisk.answers["GET /channels"] = { status: 200, body: [{ id: 7 }] };
    expect(await driver.state()).toBeNull();
    expect((await world.reported("disconnected")).why).toContain("it answered listChannels with something else");
  });
});
