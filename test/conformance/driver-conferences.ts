import { expect, test } from "vitest";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { admit, conference, create, type DriverOnTest, dial, dialled, side } from "./driver-on-test.ts";

/** What a driver does with conferences and their rooms, locks, limits and ends. */
export function conferencesOnBridge(on: DriverOnTest): void {
  test("a conference is created, locked, unlocked and ended, without an event", async () => {
    const main = { id: MAIN_ROOM, kind: "main" };
    const owner = expect.any(String);
    const held = { conference, owner, locked: false, reportsSpeakers: false, anonymousId: "0444", rooms: [main] };

    // A bridge may not show the limit.
    const conferences = async () => (await on.state()).conferences.map(({ maxCallers, ...shown }) => shown);

    await on.done({ ...create, anonymousId: "0444" });
    expect(await conferences()).toEqual([held]);
    await on.done({ type: "lock" });
    expect(await conferences()).toEqual([{ ...held, locked: true }]);
    await on.done({ type: "unlock" });
    expect(await conferences()).toEqual([held]);
    await on.done({ type: "end-conference" });
    expect(await conferences()).toEqual([]);
    await on.done(create);
    expect(await conferences()).toEqual([{ ...held, anonymousId: null }]);
    expect(await on.nextReports()).toEqual([]);
  });

  test("a conference that is created once more takes the new AnonymousID, limit and codes, and stays as it is", async () => {
    const first = { anonymousId: "0444", maxCallers: 5, accessCodes: { subscriber: "1111", participant: "2222" } };
    const again = { anonymousId: "0555", maxCallers: 1, accessCodes: { subscriber: null, participant: "3333" } };
    await on.done({ ...create, ...first });
    const calls = [await on.entered(), await on.entered()];

    await on.done({ ...create, ...again });

    const { conferences } = await on.state();
    expect(conferences).toMatchObject([{ conference, anonymousId: "0555" }]);
    // A bridge may not show the others.
    expect({ ...again, ...conferences[0] }).toMatchObject(again);
    for (const call of calls) expect(await on.callInState(call)).toMatchObject({ stage: "entered", conference });
    expect(await on.nextReports()).toEqual([]);
    const late = await on.bridge.dialIn("14085550003");
    expect(await on.carryOut(admit(late))).toEqual({ done: false, reason: "capacity" });

    await on.done(create, admit(late));

    expect((await on.state()).conferences[0]).toMatchObject({ anonymousId: null });
    expect((await on.state()).conferences[0]).not.toHaveProperty("accessCodes");
  });

  test("a create that renews makes no conference", async () => {
    const renewal: BridgeCommand = { ...create, anonymousId: "0555", renews: true };
    expect(await on.ask(renewal)).toEqual({ done: false, reason: "no-such-conference" });
    expect((await on.state()).conferences).toEqual([]);

    await on.done(create, renewal);

    expect((await on.state()).conferences).toMatchObject([{ conference, anonymousId: "0555" }]);
  });

  test("a room that is closed is gone, and who was in it is in the main room", async () => {
    await on.done(create, { type: "create-room", room: side, kind: "sub" });
    const call = await on.entered();
    await on.done({ type: "move", call, room: side });
    expect((await on.state()).conferences[0]?.rooms).toContainEqual({ id: side, kind: "sub" });

    await on.done({ type: "close-room", room: side });

    expect((await on.state()).conferences[0]?.rooms).toEqual([{ id: MAIN_ROOM, kind: "main" }]);
    expect(await on.callInState(call)).toMatchObject({ stage: "entered", room: MAIN_ROOM });
  });

  test("the host's lock and unlock by telephone are reported", async () => {
    if (!on.bridge.lockByTelephone) on.skip("this bridge has no lock by telephone");
    await on.done(create);

    await on.bridge.lockByTelephone?.(conference, true);
    await on.bridge.lockByTelephone?.(conference, false);

    expect(await on.nextReports()).toEqual([
      { type: "lock-changed", conference, locked: true },
      { type: "lock-changed", conference, locked: false },
    ]);
  });

  test("the host's end by telephone is reported, without its calls", async () => {
    await on.done(create);
    const call = await on.entered();

    await on.bridge.endByTelephone(conference);

    expect(await on.nextReports()).toEqual([{ type: "conference-ended", conference }]);
    expect(await on.callInState(call)).toMatchObject({ stage: "ended", reason: "conference-ended" });
    expect((await on.state()).conferences).toEqual([]);
  });

  test("a locked conference keeps out whoever is not in it, and nobody else", async () => {
    await on.done(create, { type: "create-room", room: side, kind: "sub" });
    const inside = await on.entered();
    const outside = await on.bridge.dialIn("14085550002");
    await on.done({ type: "lock" });

    expect(await on.carryOut(admit(outside))).toEqual({ done: false, reason: "locked" });
    await on.done({ type: "move", call: inside, room: side });
    await on.done({ type: "unlock" }, admit(outside));
  });

  test("a dialled call enters a locked conference", async () => {
    await on.done(create, { type: "lock" }, dial());
    await on.bridge.passTime(50);
    await on.reported("answered");

    await on.done(admit(dialled));

    expect(await on.callInState(dialled)).toMatchObject({ stage: "entered", room: MAIN_ROOM });
  });

  test("a conference of so many callers lets no more in who dial in, until one leaves", async () => {
    await on.done({ ...create, maxCallers: 2 }, { type: "create-room", room: side, kind: "sub" });
    const [first] = [await on.entered(), await on.entered()];
    await on.done({ type: "move", call: first, room: side });
    const waits = await on.bridge.dialIn("14085550003");

    expect(await on.carryOut(admit(waits))).toEqual({ done: false, reason: "capacity" });
    expect(await on.callInState(waits)).toMatchObject({ stage: "prompted" });
    await on.done({ type: "expel", call: first }, admit(waits));
  });

  test("of callers who are let in at the same time, no more get in than the conference takes", async () => {
    await on.done({ ...create, maxCallers: 1 });
    const callers = [await on.bridge.dialIn("14085550001"), await on.bridge.dialIn("14085550002")];

    const results = await Promise.all(callers.map((call) => on.carryOut(admit(call))));

    expect(results).toContainEqual({ done: true });
    expect(results).toContainEqual({ done: false, reason: "capacity" });
  });

  test.each([null, 0])("a conference of %s callers at most takes any number", async (maxCallers) => {
    await on.done({ ...create, maxCallers });
    await on.entered();
    await on.entered();
  });

  test("what does not exist is refused, with the reason that says what", async () => {
    const nobody = "nobody" as CallId;
    for (const command of [{ type: "end-conference" }, { type: "lock" }] as const)
      if (on.can(command)) expect(await on.ask(command)).toEqual({ done: false, reason: "no-such-conference" });
    await on.done(create);
    const call = await on.entered();
    const types = ["expel", "mute", "unmute", "cancel-dial"] as const;
    for (const command of [admit(nobody), ...types.map((type) => ({ type, call: nobody }))])
      if (on.can(command)) expect(await on.ask(command), command.type).toEqual({ done: false, reason: "no-such-call" });
    expect(await on.carryOut({ type: "move", call, room: side })).toEqual({ done: false, reason: "no-such-room" });
    expect(await on.carryOut({ type: "close-room", room: side })).toEqual({ done: false, reason: "no-such-room" });
  });

  test("what the bridge cannot do is refused as not supported, and nothing comes of it", async () => {
    await on.done(create);
    const call = await on.entered();
    const outside = await on.bridge.dialIn("14085550002");
    const before = await on.bridge.driver.state();
    const all: BridgeCommand[] = [
      ...(["lock", "unlock", "report-speakers", "stop-reporting-speakers"] as const).map((type) => ({ type })),
      ...(["mute", "unmute"] as const).map((type) => ({ type, call })),
      { type: "admit", call: outside, muted: true, joinTone: false },
      dial(),
      { type: "cancel-dial", call: dialled },
      { type: "create-room", room: side, kind: "sub" },
      { type: "create-room", room: side, kind: "private" },
    ];
    const missing = all.filter((command) => !on.can(command));
    if (missing.length === 0) on.skip("the bridge can do everything");

    for (const command of missing)
      expect(await on.ask(command), command.type).toEqual({ done: false, reason: "not-supported" });

    expect(await on.bridge.driver.state()).toEqual(before);
  });
}
