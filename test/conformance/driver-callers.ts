import { expect, test } from "vitest";
import { type CallId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { admit, conference, create, type DriverOnTest, side } from "./driver-on-test.ts";

/** What becomes of whoever dials in: at the prompt, inside, and when it leaves. */
export function callersOnBridge(on: DriverOnTest): void {
  test("a caller at the prompt is reported, with each key it presses, and is in the state with all of them", async () => {
    const dialled = on.bridge.dialIns.own;
    const call = await on.bridge.dialIn("14085550001");
    await on.bridge.press(call, "98");
    await on.bridge.press(call, "7#*");

    const came = await on.nextReports();
    expect(came[0]).toEqual({ type: "prompted", call, number: "14085550001", dialled });
    expect(
      came
        .slice(1)
        .map((report) => (report.type === "keys" ? report.keys : report.type))
        .join(""),
    ).toBe("987#*");
    expect(await on.callInState(call)).toEqual({
      stage: "prompted",
      call,
      number: "14085550001",
      dialled,
      keys: "987#*",
    });
  });

  test("a caller alone hears what it is told, at the prompt and inside, and why it is hung up on", async () => {
    await on.done(create);
    const call = await on.bridge.dialIn("14085550001");
    const other = await on.bridge.dialIn("14085550002");
    if (!(await on.bridge.heard?.(call))) on.skip("the bridge has a voice of its own");
    const hears = (announcements: readonly string[]) =>
      expect.poll(() => on.bridge.heard?.(call), { timeout: 15_000, interval: 10 }).toEqual(announcements);

    on.bridge.driver.announce(call, "please-wait");
    await hears(["please-wait"]);
    on.bridge.driver.announce(call, "welcome");
    await hears(["please-wait", "welcome"]);
    await on.done(admit(call), admit(other));
    on.bridge.driver.announce(call, "joined");
    await hears(["please-wait", "welcome", "joined"]);
    expect(await on.bridge.heard?.(other)).toEqual([]);

    const refused = await on.bridge.dialIn("14085550003");
    on.bridge.driver.announce(refused, "locked");
    expect(await on.ask({ type: "expel", call: refused }, null)).toEqual({ done: true });
    expect(await on.bridge.heard?.(refused)).toEqual(["locked"]);
    on.bridge.driver.announce(refused, "goodbye");
    on.bridge.driver.announce("no-such-call" as CallId, "welcome");
    expect(await on.callInState(refused)).toMatchObject({ stage: "ended", reason: "refused" });
    expect((await on.nextReports()).map(({ type }) => type)).toEqual(["prompted", "prompted", "prompted"]);
  });

  test("an admitted caller is in the main room with what the admission said, without an event", async () => {
    await on.done(create);
    const call = await on.bridge.dialIn("14085550001");
    await on.nextReports();

    await on.done({ type: "admit", call, muted: true, joinTone: false, attendeeId: "444" });

    expect(await on.callInState(call)).toEqual({
      stage: "entered",
      call,
      direction: "in",
      number: "14085550001",
      conference,
      room: MAIN_ROOM,
      muted: true,
      joinTone: false,
      attendeeId: "444",
      talking: false,
    });
    await on.mustBeTrue(call, true, MAIN_ROOM);
    expect(await on.nextReports()).toEqual([]);
  });

  test("a caller who is being admitted is at the prompt until it is inside", async () => {
    await on.done(create);
    const call = await on.bridge.dialIn("14085550001");
    await on.bridge.press(call, "9");
    const release = await on.bridge.holdActs();

    const result = on.carryOut(admit(call));

    expect(await on.callInState(call)).toMatchObject({ stage: "prompted", keys: "9" });
    await release();
    expect(await result).toEqual({ done: true });
    expect(await on.callInState(call)).toMatchObject({ stage: "entered", room: MAIN_ROOM });
  });

  test("keys pressed in the conference are reported", async () => {
    await on.done(create);
    const call = await on.entered();

    await on.bridge.press(call, "*6");

    expect((await on.nextReports()).map((report) => (report.type === "keys" ? report.keys : "")).join("")).toBe("*6");
  });

  test("a caller at the prompt is hung up by an expel without conference, without an event", async () => {
    const call = await on.bridge.dialIn("14085550001");
    await on.nextReports();

    expect(await on.carryOut({ type: "expel", call }, null)).toEqual({ done: true });

    expect(await on.callInState(call)).toMatchObject({ stage: "ended", conference: null, reason: "refused" });
    expect(await on.nextReports()).toEqual([]);
  });

  test("a caller who hangs up is reported, at the prompt and in the conference", async () => {
    await on.done(create);
    const inside = await on.entered();
    const outside = await on.bridge.dialIn("14085550002");
    await on.nextReports();

    await on.bridge.hangUp(outside);
    await on.bridge.hangUp(inside);

    expect(await on.nextReports()).toEqual([
      { type: "ended", call: outside, conference: null, reason: "hung-up" },
      { type: "ended", call: inside, conference, reason: "hung-up" },
    ]);
    expect(await on.callInState(inside)).toMatchObject({ stage: "ended", conference, reason: "hung-up" });
  });

  test("a mute stays through rooms, until it is undone, without an event", async () => {
    await on.done(create, { type: "create-room", room: side, kind: "sub" });
    const call = await on.entered();

    await on.mustBeTrue(call, false, MAIN_ROOM);
    await on.done({ type: "mute", call }, { type: "move", call, room: side });
    expect(await on.callInState(call)).toMatchObject({ room: side, muted: true });
    await on.mustBeTrue(call, true, side);
    await on.done({ type: "move", call, room: MAIN_ROOM });
    expect(await on.callInState(call)).toMatchObject({ room: MAIN_ROOM, muted: true });
    await on.mustBeTrue(call, true, MAIN_ROOM);
    await on.done({ type: "unmute", call });
    expect(await on.callInState(call)).toMatchObject({ room: MAIN_ROOM, muted: false });
    await on.mustBeTrue(call, false, MAIN_ROOM);
    expect(await on.nextReports()).toEqual([]);
  });

  test("an expelled caller and the callers of an ended conference end silently, each with its reason", async () => {
    await on.done(create);
    const expelled = await on.entered();
    const rest = await on.entered();

    await on.done({ type: "expel", call: expelled }, { type: "end-conference" });

    expect(await on.callInState(expelled)).toMatchObject({ stage: "ended", reason: "expelled" });
    expect(await on.callInState(rest)).toMatchObject({ stage: "ended", reason: "conference-ended" });
    expect(await on.nextReports()).toEqual([]);
  });

  test("talking is reported only while it is asked for, and never of a muted call", async () => {
    await on.done(create);
    const call = await on.entered();
    await on.bridge.talk(call, true);
    await on.bridge.talk(call, false);
    expect(await on.nextReports()).toEqual([]);

    await on.done({ type: "report-speakers" });
    await on.bridge.talk(call, true);
    await on.bridge.talk(call, false);
    expect(await on.nextReports()).toEqual([
      { type: "talking", call, conference, talking: true },
      { type: "talking", call, conference, talking: false },
    ]);

    await on.done({ type: "mute", call });
    await on.bridge.talk(call, true);
    await on.bridge.talk(call, false);
    await on.done({ type: "unmute", call });
    expect(await on.nextReports()).toEqual([]);
  });

  test("who talks when speakers are no longer reported is silent from then on", async () => {
    await on.done(create, { type: "report-speakers" });
    const call = await on.entered();
    await on.bridge.talk(call, true);
    expect(await on.callInState(call)).toMatchObject({ talking: true });
    await on.nextReports();

    await on.done({ type: "stop-reporting-speakers" });
    expect(await on.callInState(call)).toMatchObject({ talking: false });
    await on.bridge.talk(call, false);
    expect(await on.nextReports()).toEqual([]);
  });
}
