import { expect, test } from "vitest";
import type { EndReason } from "../../src/bridge/events.ts";
import { MAIN_ROOM } from "../../src/foundation/ids.ts";
import { admit, conference, create, type DriverOnTest, dial, dialled, side } from "./driver-on-test.ts";

/** What becomes of calls that the bridge dials. */
export function dialledCallsOnBridge(on: DriverOnTest): void {
  test("a dialled call rings", async () => {
    await on.bridge.plan("14085551234", "no-answer");
    await on.done(create, dial());
    expect(await on.callInState(dialled)).toEqual({
      stage: "ringing",
      call: dialled,
      number: "14085551234",
      conference,
    });
  });

  test("a dialled call is reported when it answers, and enters", async () => {
    await on.bridge.plan("14085551234", "answer");
    await on.done(create, dial());
    await on.bridge.passTime(50);
    await on.reported("answered");
    expect(await on.nextReports()).toEqual([{ type: "answered", call: dialled, conference }]);
    expect(await on.callInState(dialled)).toMatchObject({ stage: "answered", conference });

    await on.done(admit(dialled));
    expect(await on.callInState(dialled)).toMatchObject({ stage: "entered", direction: "out", room: MAIN_ROOM });
  });

  test.each<["busy" | "reject" | "invalid" | "no-answer", EndReason]>([
    ["busy", "busy"],
    ["reject", "rejected"],
    ["invalid", "invalid-number"],
    ["no-answer", "no-answer"],
  ])(
    "a dialled number that is %s ends with the reason %s, reported once and kept in the state",
    async (plan, reason) => {
      await on.bridge.plan("14085551234", plan);
      // A busy bridge may take longer than 100 ms to hear of the others.
      await on.done(create, plan === "no-answer" ? dial(100) : dial());

      await on.bridge.passTime(100);
      await on.reported("ended");

      expect(await on.nextReports()).toEqual([{ type: "ended", call: dialled, conference, reason }]);
      expect(await on.callInState(dialled)).toMatchObject({ stage: "ended", direction: "out", conference, reason });
    },
  );

  test("a telephone that does not answer in time ends with no-answer, and its answer comes to nothing", async () => {
    await on.bridge.plan("14085551234", "answer-late");
    await on.done(create, dial(100));

    await on.bridge.passTime(700);
    await on.reported("ended", "answered");

    expect(await on.nextReports()).toEqual([{ type: "ended", call: dialled, conference, reason: "no-answer" }]);
    expect(await on.callInState(dialled)).toMatchObject({ stage: "ended", reason: "no-answer" });
  });

  test("what becomes of a dialled call is reported after the result of its dial", async () => {
    if (!on.can(dial())) on.skip("the bridge cannot dial");
    await on.bridge.plan("14085551234", "busy");
    await on.done(create);
    await on.nextReports();

    let reportedBefore = -1;
    const result = on.ask(dial()).then(() => {
      reportedBefore = on.reports.length;
    });
    await on.state(); // The bridge has the command by now.
    await on.bridge.passTime(50);
    await on.reported("ended");

    await result;
    expect(reportedBefore).toBe(0);
  });

  test("a dial that is cancelled ends silently and never answers", async () => {
    await on.bridge.plan("14085551234", "answer-late");
    await on.done(create, dial(), { type: "cancel-dial", call: dialled });

    await on.bridge.passTime(700);

    expect(await on.callInState(dialled)).toMatchObject({ stage: "ended", reason: "cancelled" });
    expect(await on.nextReports()).toEqual([]);
  });

  test("an answered call may go straight into a room", async () => {
    await on.done(create, { type: "create-room", room: side, kind: "private" }, dial());
    await on.bridge.passTime(50);
    await on.reported("answered");

    await on.done({ type: "move", call: dialled, room: side });

    expect(await on.callInState(dialled)).toMatchObject({ stage: "entered", room: side, joinTone: null });
  });

  test("an answered call that is muted before it is moved into a room is muted there", async () => {
    await on.done(create, { type: "create-room", room: side, kind: "private" }, dial());
    await on.bridge.passTime(50);
    await on.reported("answered");

    await on.done({ type: "mute", call: dialled }, { type: "move", call: dialled, room: side });

    expect(await on.callInState(dialled)).toMatchObject({ stage: "entered", room: side, muted: true });
  });
}
