import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import type { BridgeDriver, DriverState } from "../../bridge-agent/drivers/driver.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import { type Acting, act } from "./acting-driver.ts";
import { type AsteriskBridgeOnTest, asteriskBridgeOnTest, stopSpares } from "./asterisk-bridge-on-test.ts";

const conference = "987654321" as ConfKey;
const side = "r7" as RoomId;
const dialled = "leg-1" as CallId;
const number = { country: "1", area: "408", local: "5551234", extension: "" };
const create: BridgeCommand = { type: "create-conference", maxCallers: 4, anonymousId: "0444" };

describe.each(inject("asterisks"))("an agent of $version", (home) => {
  let bridge: AsteriskBridgeOnTest;
  let drivers: BridgeDriver[];
  let commands: number;

  beforeEach(async () => {
    bridge = await asteriskBridgeOnTest(home);
    drivers = [];
    commands = 0;
  });
  afterEach(async () => {
    await Promise.all(drivers.map((driver) => driver.stop()));
    await bridge.stop();
  });

  function begin(driver: BridgeDriver, epoch: number): Promise<Acting> {
    drivers.push(driver);
    return act(driver, epoch);
  }

  async function done({ driver }: Acting, ...list: BridgeCommand[]): Promise<void> {
    for (const command of list) {
      commands += 1;
      expect(await driver.execute(`command-${commands}` as CommandId, conference, command), command.type).toEqual({
        done: true,
      });
    }
  }

  async function stateOf({ driver }: Acting): Promise<DriverState> {
    const state = await driver.state();
    if (state === null) throw new Error("no state");
    return state;
  }

  /** Everything that a conference can have, and callers at each stage. */
  async function busyConference(acting: Acting) {
    await bridge.plan("14085551234", "no-answer");
    await done(acting, create, { type: "create-room", room: side, kind: "sub" }, { type: "report-speakers" });
    const inside = await bridge.dialIn("14085550001");
    const apart = await bridge.dialIn("14085550002");
    const outside = await bridge.dialIn("14085550003");
    await bridge.press(outside, "98");
    await done(
      acting,
      { type: "admit", call: inside, muted: true, joinTone: false, attendeeId: "444" },
      { type: "admit", call: apart, muted: false, joinTone: true },
      { type: "mute", call: apart },
      { type: "move", call: apart, room: side },
      { type: "lock" },
      { type: "dial", call: dialled, number, waitMs: 60_000 },
    );
    return { inside, apart, outside };
  }

  test("an agent that takes over knows how many callers a conference takes", async () => {
    const first = await begin(bridge.driver, 1);
    const { outside } = await busyConference(first);

    const second = await begin(bridge.other, 2);

    // Two are in.
    await done(second, { type: "unlock" });
    for (const caller of ["14085550004", "14085550005"])
      await done(second, { type: "admit", call: await bridge.dialIn(caller), muted: false, joinTone: false });
    const tooMany: BridgeCommand = { type: "admit", call: outside, muted: false, joinTone: false };
    expect(await second.driver.execute("admit" as CommandId, conference, tooMany)).toEqual({
      done: false,
      reason: "capacity",
    });
  });

  test.each(["mute", "unmute"] as const)(
    "an agent that was killed before it wrote a %s down is followed by one whose state tells what is heard",
    async (type) => {
      const first = await begin(bridge.driver, 1);
      await done(first, create);
      const [call, other] = [await bridge.dialIn("14085550001"), await bridge.dialIn("14085550002")];
      const wasMuted = type === "unmute";
      await done(first, { type: "admit", call: other, muted: false, joinTone: false });
      await done(first, { type: "admit", call, muted: wasMuted, joinTone: false });
      await first.driver.stop();
      // As far as the first agent came.
      await bridge.ari(wasMuted ? "DELETE" : "POST", `/channels/${call}/mute`, { direction: "in" });

      const again = await begin(bridge.again(), 1);
      expect((await stateOf(again)).calls.find((each) => each.call === call)).toMatchObject({ muted: wasMuted });
      const ear = `phone-${other}`;
      await bridge.ari("POST", `/channels/${ear}/variable`, { variable: "TALK_DETECT(set)", value: "100,256" });
      await bridge.talk(call, true);

      const isHeard = () => bridge.seen("ChannelTalkingStarted").includes(ear);
      if (wasMuted) {
        await pause(300);
        expect(isHeard()).toBe(false);
        await done(again, { type: "unmute", call });
      }
      await vi.waitFor(() => expect(isHeard()).toBe(true));
    },
  );

  test("a call that was dialled and is over counts as ended after a crash: its number is not dialled again", async () => {
    const first = await begin(bridge.driver, 1);
    await bridge.plan("14085551234", "busy");
    await done(first, create, { type: "dial", call: dialled, number, waitMs: 60_000 });
    await first.driver.stop();
    await pause(300);

    const again = await begin(bridge.again(), 1);

    // WebEx hears that the bridge was not reached, not that somebody rejected the call.
    expect((await stateOf(again)).calls).toMatchObject([
      { call: dialled, stage: "ended", conference, reason: "refused" },
    ]);
    const dial: BridgeCommand = { type: "dial", call: dialled, number, waitMs: 60_000 };
    expect(await again.driver.execute("command-again" as CommandId, conference, dial)).toEqual({
      done: false,
      reason: "refused",
    });
  });

  test("a call that rings on while its agent is killed is answered for the next one, or ends when it has rung long enough", async () => {
    const first = await begin(bridge.driver, 1);
    await bridge.plan("14085551234", "no-answer");
    await done(first, create, { type: "dial", call: dialled, number, waitMs: 500 });
    await first.driver.stop();

    const again = await begin(bridge.again(), 1);
    expect((await stateOf(again)).calls).toMatchObject([{ call: dialled, stage: "ringing" }]);

    await vi.waitFor(() =>
      expect(again.reports).toEqual([{ type: "ended", call: dialled, conference, reason: "no-answer" }]),
    );
  });

  /** What is asked of Asterisk by this never leaves its agent, which is then killed. */
  async function killedBefore(path: RegExp, acting: Acting, command: BridgeCommand): Promise<void> {
    const { fetch } = globalThis;
    const asked = new Promise<void>((resolve) => {
      vi.spyOn(globalThis, "fetch").mockImplementation((url, init) => {
        if (init?.method !== "POST" || !path.test(`${url}`)) return fetch(url, init);
        resolve();
        return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("killed"))));
      });
    });
    const result = acting.driver.execute("killed" as CommandId, conference, command);
    await asked;
    await acting.driver.stop();
    expect(await result).toEqual({ done: "unknown" });
    vi.restoreAllMocks();
  }
  const dial: BridgeCommand = { type: "dial", call: dialled, number, waitMs: 60_000 };
  const answered = { type: "answered", call: dialled, conference };

  test("a dial of an agent that was killed before the channel was made was not begun: it is begun again", async () => {
    const first = await begin(bridge.driver, 1);
    await done(first, create);
    await killedBefore(/channels\/create$/, first, dial);

    const again = await begin(bridge.again(), 1);
    expect((await stateOf(again)).calls).toEqual([]);

    await done(again, dial);
    await vi.waitFor(() => expect(again.reports).toEqual([answered]));
  });

  test("a dial of an agent that was killed once the channel was made goes on", async () => {
    const first = await begin(bridge.driver, 1);
    await done(first, create);
    await killedBefore(/asterisk\/variable$/, first, dial);

    const again = await begin(bridge.again(), 1);
    const { calls } = await stateOf(again);
    expect(calls).toMatchObject([{ call: dialled, stage: expect.stringMatching(/^(?:ringing|answered)$/) }]);

    await vi.waitFor(() => expect(again.reports).toEqual([answered]));
  });

  test("a dial of an agent that was killed as it dialled has come to nothing, and is told so", async () => {
    const first = await begin(bridge.driver, 1);
    await done(first, create);
    await killedBefore(/dial$/, first, dial);

    const again = await begin(bridge.again(), 1);

    const refused = { type: "ended", call: dialled, conference, reason: "refused" };
    await vi.waitFor(() => expect(again.reports).toEqual([refused]));
    expect(await again.driver.execute("again" as CommandId, conference, dial)).toEqual({
      done: false,
      reason: "refused",
    });
  });

  test("a channel that Asterisk makes late is the one that the dial goes on with", async () => {
    const acting = await begin(bridge.driver, 1);
    await done(acting, create);
    await stateOf(acting);
    const made = { endpoint: "Local/14085551234@phones", app: "bridgehead", channelId: dialled };
    await bridge.ari("POST", "/channels/create", made);

    await done(acting, dial);

    await vi.waitFor(() => expect(acting.reports).toEqual([answered]));
    await done(acting, { type: "end-conference" });
    await acting.driver.stop();
    // The command line stays until Asterisk has ended.
    await bridge.asterisk.cli("core stop gracefully").catch(() => {});
    await bridge.asterisk.ended;
  });

  test("callers of a conference that was destroyed while no agent was there are let go", async () => {
    const first = await begin(bridge.driver, 1);
    const { inside, apart, outside } = await busyConference(first);
    await first.driver.stop();
    await bridge.endByTelephone(conference);

    const again = await begin(bridge.again(), 1);

    const state = await stateOf(again);
    expect(state.conferences).toEqual([]);
    expect(state.calls.filter(({ stage }) => stage !== "ended").map(({ call }) => call)).toEqual([outside]);
    await vi.waitFor(async () => {
      const left = (await bridge.ari<{ id: string }[]>("GET", "/channels")).map(({ id }) => id);
      expect([inside, apart, dialled].filter((id) => left.includes(id))).toEqual([]);
      expect(await bridge.ari("GET", "/bridges")).toEqual([]);
    });
  });

  test("a room that is destroyed behind the agent's back lets its callers back into the main one", async () => {
    const acting = await begin(bridge.driver, 1);
    const { apart } = await busyConference(acting);
    const bridges = await bridge.ari<{ id: string; channels: string[] }[]>("GET", "/bridges");
    const room = bridges.find(({ channels }) => channels.includes(apart));

    await bridge.ari("DELETE", `/bridges/${room?.id}`);

    await vi.waitFor(async () => {
      const main = await bridge.ari<{ channels: string[] }[]>("GET", "/bridges");
      expect(main).toMatchObject([{ channels: expect.arrayContaining([apart]) }]);
    });
    expect((await stateOf(acting)).calls.find(({ call }) => call === apart)).toMatchObject({
      room: "main",
      muted: true,
    });
  });

  test("bridges with the names of a conference's rooms take nothing of it, also where a caller is in the main one, and go", async () => {
    const first = await begin(bridge.driver, 1);
    const { inside } = await busyConference(first);
    await first.driver.stop();
    const bridges = () => bridge.ari<{ id: string; name: string; channels: string[] }[]>("GET", "/bridges");
    const own = await bridges();
    const ids = own.map(({ id }) => id).sort();
    const main = own.find(({ channels }) => channels.includes(inside));
    for (const { id, name } of own) await bridge.ari("POST", `/bridges/0-${id}`, { name, type: "mixing" });
    await bridge.ari("POST", `/bridges/0-${main?.id}/addChannel`, { channel: inside });

    const again = await begin(bridge.again(), 1);

    expect((await stateOf(again)).conferences).toMatchObject([
      { conference, locked: true, reportsSpeakers: true, anonymousId: "0444" },
    ]);
    await vi.waitFor(async () => {
      const left = await bridges();
      expect(left.map(({ id }) => id).sort()).toEqual(ids);
      expect(left.find(({ id }) => id === main?.id)?.channels).toEqual([inside]);
    });
    await done(again, { type: "end-conference" });
    await vi.waitFor(async () => expect(await bridges()).toEqual([]));
  });

  test("an Asterisk that is about to end refuses what is new as out of capacity; what is up goes on", async () => {
    const acting = await begin(bridge.driver, 1);
    await done(acting, create);
    const inside = await bridge.dialIn("14085550001");
    await done(acting, { type: "admit", call: inside, muted: false, joinTone: true });
    // The command line stays until Asterisk has ended.
    void bridge.asterisk.cli("core stop gracefully").catch(() => {});

    // First of all: nothing else has been tried that could show it.
    let another = 987650000;
    const createAnother = () => {
      another += 1;
      return acting.driver.execute(`create-${another}` as CommandId, String(another) as ConfKey, create);
    };
    const outOfCapacity = { done: false, reason: "capacity" };
    await vi.waitFor(async () => expect(await createAnother()).toEqual(outOfCapacity));
    const dial: BridgeCommand = { type: "dial", call: dialled, number, waitMs: 60_000 };
    expect(await acting.driver.execute("dial" as CommandId, conference, dial)).toEqual({
      done: false,
      reason: "capacity",
    });
    await done(acting, { type: "mute", call: inside });
    const notices = acting.reports.flatMap((report) => (report.type === "notice" ? [report.text] : []));
    expect(notices).toEqual([expect.stringMatching(/takes no new calls because it is about to end/)]);

    await bridge.asterisk.cli("core abort shutdown");
    expect(await createAnother()).toEqual({ done: true });
  });

  test("an Asterisk whose callers have all left at once still ends gracefully", async () => {
    const acting = await act(bridge.driver, 1);
    await done(acting, { ...create, maxCallers: null });
    const callers: CallId[] = [];
    for (let count = 0; count < 8; count += 1) callers.push(await bridge.dialIn(`1408555100${count}`));
    for (const call of callers) await done(acting, { type: "admit", call, muted: false, joinTone: false });
    // They are heard to leave, and until then no tone is played.
    for (const call of callers) await done(acting, { type: "admit", call, muted: false, joinTone: true });

    // Asterisk gets at once what the agent asks for at once.
    const release = await bridge.holdActs();
    await Promise.all(callers.map((call) => bridge.ari("DELETE", `/channels/phone-${call}`)));
    const ended = () => acting.reports.filter(({ type }) => type === "ended").length;
    await vi.waitFor(() => expect(ended()).toBe(callers.length));
    await bridge.held?.();
    await acting.driver.state();
    await release();
    await done(acting, { type: "end-conference" });
    await acting.driver.stop();

    void bridge.asterisk.cli("core stop gracefully").catch(() => {});
    expect(await Promise.race([bridge.asterisk.ended.then(() => "ended"), pause(10_000, "waits")])).toBe("ended");
  });

  test("a conference that is over leaves nothing on Asterisk", async () => {
    const acting = await begin(bridge.driver, 1);
    const { outside } = await busyConference(acting);

    await done(acting, { type: "end-conference" });

    await vi.waitFor(async () => expect(await bridge.ari("GET", "/bridges")).toEqual([]));
    const channels = await bridge.ari<{ id: string }[]>("GET", "/channels");
    expect(channels.map(({ id }) => id).sort()).toEqual([outside, `phone-${outside}`].sort());
    expect(await bridge.asterisk.cli("dialplan show globals")).not.toContain("BRIDGEHEAD_CONFERENCE");
  });

  test.each(["14085551234@elsewhere", "../1", ""])("%j is not dialled, for it is no number", async (local) => {
    const acting = await begin(bridge.driver, 1);
    await done(acting, create);

    const dial: BridgeCommand = {
      type: "dial",
      call: dialled,
      number: { country: "", area: "", local, extension: "" },
      waitMs: 60_000,
    };

    expect(await acting.driver.execute("dial" as CommandId, conference, dial)).toEqual({
      done: false,
      reason: "refused",
    });
    expect(await bridge.ari("GET", "/channels")).toEqual([]);
  });

  test("the keys of one caller reach no other, in whatever room and after each move", async () => {
    const acting = await begin(bridge.driver, 1);
    await done(acting, create, { type: "create-room", room: side, kind: "sub" });
    const [one, other] = [await bridge.dialIn("14085550001"), await bridge.dialIn("14085550002")];
    for (const call of [one, other]) await done(acting, { type: "admit", call, muted: false, joinTone: false });
    await bridge.press(one, "*6");
    for (const call of [one, other]) await done(acting, { type: "move", call, room: side });
    await bridge.press(one, "*6");
    await done(acting, { type: "close-room", room: side });
    await bridge.press(one, "*6");
    await pause(200);

    expect(bridge.seen("ChannelDtmfReceived")).toEqual(Array(6).fill(one));
  });
});
afterAll(stopSpares);
