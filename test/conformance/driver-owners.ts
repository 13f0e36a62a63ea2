import { expect, test } from "vitest";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { admit, conference, create, type DriverOnTest, dial } from "./driver-on-test.ts";

/** Two owners on one bridge: neither sees or touches what is the other's. */
export function ownersOnBridge(on: DriverOnTest): void {
  async function startStranger(): Promise<void> {
    await on.bridge.stranger.connect();
    on.bridge.stranger.activate(1);
  }
  const ofStranger = (command: BridgeCommand, of = conference) =>
    on.bridge.stranger.execute("command-of-the-stranger" as CommandId, of, command);

  test("another owner's conference is neither shown nor reported, whatever its callers do, and its calls count as others'", async () => {
    await startStranger();
    expect(await ofStranger(create)).toEqual({ done: true });
    if (on.can({ type: "report-speakers" }))
      expect(await ofStranger({ type: "report-speakers" })).toEqual({ done: true });
    const call = await on.bridge.dialIn("14085550001", on.bridge.dialIns.strangers);
    expect(await ofStranger(admit(call))).toEqual({ done: true });
    await on.bridge.press(call, "*6");
    await on.bridge.talk(call, true);
    expect(await on.state()).toMatchObject({ conferences: [], calls: [], callsOfOthers: 1 });
    await on.bridge.press(call, "*6");
    await on.bridge.talk(call, false);
    await on.bridge.lockByTelephone?.(conference, true);
    const leaves = await on.bridge.dialIn("14085550002", on.bridge.dialIns.strangers);
    await on.bridge.hangUp(call);
    await on.bridge.hangUp(leaves);
    await on.bridge.endByTelephone(conference);

    expect(await on.nextReports()).toEqual([]);
  });

  test("another owner's conference takes no command and keeps its key, until it is over", async () => {
    await startStranger();
    await ofStranger(create);
    const call = await on.bridge.dialIn("14085550001", on.bridge.dialIns.strangers);
    await ofStranger(admit(call));
    const inside = (await on.bridge.stranger.state())?.calls;

    expect(await on.carryOut(create)).toEqual({ done: false, reason: "refused" });
    for (const command of [{ type: "lock" }, { type: "end-conference" }, { type: "mute", call }, dial()] as const)
      if (on.can(command))
        expect(await on.ask(command), command.type).toEqual({ done: false, reason: "no-such-conference" });
    expect(inside).toMatchObject([{ stage: "entered", muted: false }]);
    expect((await on.bridge.stranger.state())?.calls).toEqual(inside);

    await ofStranger({ type: "end-conference" });
    await on.done(create);
    await on.bridge.endByTelephone(conference);
    expect(await on.nextReports()).toEqual([{ type: "conference-ended", conference }]);
  });

  test("a call of another owner's conference takes no command through a conference of one's own", async () => {
    await startStranger();
    const theirs = "987650000" as ConfKey;
    await ofStranger(create, theirs);
    const call = await on.bridge.dialIn("14085550001", on.bridge.dialIns.strangers);
    await ofStranger(admit(call), theirs);
    await on.done(create);

    for (const command of [admit(call), { type: "move", call, room: MAIN_ROOM }, { type: "expel", call }] as const)
      expect(await on.carryOut(command), command.type).toEqual({ done: false, reason: "no-such-call" });
  });

  test("a caller at the prompt is its owner's who has the number that it dialled", async () => {
    await startStranger();
    const theirs = await on.bridge.dialIn("14085550001", on.bridge.dialIns.strangers);
    await on.bridge.press(theirs, "1#");
    const own = await on.bridge.dialIn("14085550002");
    expect((await on.state()).calls.map(({ call }) => call)).toEqual([own]);
    expect((await on.bridge.stranger.state())?.calls.map(({ call }) => call)).toEqual([theirs]);
    await on.bridge.press(theirs, "2#");
    await on.bridge.hangUp(theirs);

    expect((await on.nextReports()).map((report) => "call" in report && report.call)).toEqual([own]);
  });
}
