import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { needsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { BridgeState } from "../../src/bridge/state.ts";
import { type CallId, type CommandId, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { admit, conference, create, type DriverOnTest, dial, dialled, side } from "./driver-on-test.ts";

/** Longer than a bridge of the generic protocol may take for a `pong`. */
const IDLE_MS = 2_500;

/** Links that break, agents that take over, and bridges that are started anew. */
export function linksOnBridge(on: DriverOnTest): void {
  test("an agent that has not become active is refused what it asks for", async () => {
    await on.bridge.other.connect();

    const refused = await on.bridge.other.execute("command-of-the-other" as CommandId, conference, create);
    expect(refused).toEqual({ done: false, reason: "refused" });
    expect((await on.state()).conferences).toEqual([]);
  });

  test("a command that had not begun when the link broke is unknown, and is never carried out; the state shows one that had", async () => {
    const release = await on.bridge.holdActs();
    const result = on.carryOut(create);
    await on.state();
    await on.bridge.held?.(); // The bridge has the command by now.
    await on.bridge.cutLink();
    expect(await result).toEqual({ done: "unknown" });
    await on.reported("connected");
    on.bridge.driver.activate(1);
    const hasBegun = on.bridge.without?.includes("recall") ?? false;
    const { conferences } = await on.state();
    expect(conferences).toHaveLength(hasBegun ? 1 : 0);

    await release();

    expect((await on.state()).conferences).toEqual(conferences);
  });

  /** And ends the test where nobody would see that this is carried out. */
  async function beginsToLoseAnswers(command: BridgeCommand): Promise<void> {
    if (!on.can(command)) on.skip(`the bridge cannot do this: ${needsOf(command)}`);
    if (!on.bridge.loseAnswers || !on.bridge.truth) return on.skip("answers of this bridge cannot be lost");
    await on.bridge.loseAnswers();
  }
  test("a command that was carried out and whose answer was lost is unknown; once more, it is done", async () => {
    await on.done(create);
    const call = await on.entered();
    await beginsToLoseAnswers({ type: "mute", call });
    const result = on.ask({ type: "mute", call });
    await expect.poll(() => on.bridge.truth?.(call), { timeout: 15_000, interval: 10 }).toMatchObject({ muted: true });

    await on.bridge.cutLink();

    expect(await result).toEqual({ done: "unknown" });
    await on.reported("connected");
    on.bridge.driver.activate(1);
    await on.done({ type: "mute", call });
    expect(await on.callInState(call)).toMatchObject({ stage: "entered", muted: true });
    await on.mustBeTrue(call, true, MAIN_ROOM);
    await on.done({ type: "unmute", call });
    await on.mustBeTrue(call, false, MAIN_ROOM);
  });

  test("a call that was dialled while the answer was lost is in the state, so that it is not dialled again", async () => {
    await on.bridge.plan("14085551234", "no-answer");
    await on.done(create);
    await beginsToLoseAnswers(dial());
    const result = on.ask(dial(60_000));
    await expect.poll(() => on.bridge.truth?.(dialled), { timeout: 15_000, interval: 10 }).not.toBeNull();

    await on.bridge.cutLink();

    expect(await result).toEqual({ done: "unknown" });
    await on.reported("connected");
    on.bridge.driver.activate(1);
    expect(await on.callInState(dialled)).toMatchObject({ call: dialled, conference });
  });

  /** Everything that a conference can have on this bridge, and callers at each stage. */
  async function busyConference(): Promise<{ readonly talker: CallId }> {
    const ifAble = async (...list: BridgeCommand[]) => on.done(...list.filter(on.can));
    await on.bridge.plan("14085551234", "no-answer");
    const accessCodes = { subscriber: "1111", participant: "2222" };
    await on.done({ type: "create-conference", maxCallers: null, anonymousId: "0444", accessCodes });
    await ifAble({ type: "create-room", room: side, kind: "sub" }, { type: "report-speakers" });
    const [inside, apart, talker, outside] = [
      await on.bridge.dialIn("14085550001"),
      await on.bridge.dialIn("14085550002"),
      await on.bridge.dialIn("14085550003"),
      await on.bridge.dialIn("14085550004"),
    ];
    await on.bridge.press(outside, "98#");
    const silent = on.can({ type: "mute", call: inside });
    await on.done({ type: "admit", call: inside, muted: silent, joinTone: !silent, attendeeId: "444", host: true });
    await on.done(admit(apart), admit(talker));
    await ifAble({ type: "mute", call: apart });
    if (on.can({ type: "create-room", room: side, kind: "sub" }))
      await on.done({ type: "move", call: apart, room: side });
    await ifAble({ type: "lock" }, dial(60_000));
    return { talker };
  }
  /** As an agent that comes anew finds it. Who talks is found out by and by; a driver that may have lost keys meanwhile adds a star. */
  const foundBy = ({ calls, ...rest }: BridgeState) => ({
    ...rest,
    calls: calls
      .map((call) => ("talking" in call ? { ...call, talking: false } : call))
      .map((call) => ("keys" in call ? { ...call, keys: call.keys.replace(/\*+$/, "") } : call))
      .sort((one, other) => (one.call < other.call ? -1 : 1)),
  });
  /** The other agent, once it acts. */
  async function otherActs(reportsOfOther: DriverReport[]): Promise<BridgeState | null> {
    await on.bridge.other.connect((report) => report.type !== "connected" && reportsOfOther.push(report));
    on.bridge.other.activate(2);
    return on.bridge.other.state();
  }

  test("an agent that takes over finds all that the one before it brought about, and reports nothing of it", async () => {
    await busyConference();
    const before = await on.state();
    const reportsOfOther: DriverReport[] = [];

    const found = await otherActs(reportsOfOther);

    expect(found && foundBy(found)).toEqual(foundBy(before));
    expect(reportsOfOther).toEqual([]);
  });

  test("an agent that comes after one that was killed finds everything, and who talks", async () => {
    const { talker } = await busyConference();
    await on.bridge.talk(talker, true);
    const before = await on.state();
    await on.bridge.driver.stop();
    const reportsOfOther: DriverReport[] = [];

    const found = await otherActs(reportsOfOther);

    expect(found && foundBy(found)).toEqual(foundBy(before));
    if (!on.can({ type: "report-speakers" })) return;
    const isTalking = async () =>
      (await on.bridge.other.state())?.calls.some((each) => each.call === talker && "talking" in each && each.talking);
    await expect.poll(isTalking, { timeout: 15_000, interval: 10 }).toBe(true);
  });

  test("an agent that becomes active takes the earlier one's place: what that one has asked for and has not begun never begins; the state shows what had", async () => {
    const release = await on.bridge.holdActs();
    const result = on.carryOut(create);
    await on.state();
    await on.bridge.held?.(); // The bridge has the command by now.
    await on.bridge.other.connect();
    expect((await on.bridge.other.state())?.conferences).toEqual([]);
    expect(on.reports).toEqual([]);

    on.bridge.other.activate(2);

    expect(await result).toEqual({ done: "unknown" });
    const hasBegun = on.bridge.without?.includes("recall") ?? false;
    if (hasBegun) await release();
    const conferences = (await on.bridge.other.state())?.conferences;
    expect(conferences).toHaveLength(hasBegun ? 1 : 0);
    await on.reported("connected");
    const [lost] = await on.nextReports();
    expect(lost).toMatchObject({ type: "disconnected", isReplaced: true });
    await release();
    expect((await on.bridge.other.state())?.conferences).toEqual(conferences);
    const created = on.bridge.other.execute("command-of-the-other" as CommandId, conference, create);
    await on.bridge.other.state();
    await release();
    expect(await created).toEqual({ done: true });
  });

  test("an agent that was replaced and has not heard of it does not take the place back", async () => {
    const reportsOfOther: DriverReport[] = [];
    await on.bridge.other.connect((report) => reportsOfOther.push(report));
    on.bridge.driver.activate(2);
    await on.nextReports();

    on.bridge.other.activate(1);

    const result = await on.bridge.other.execute("command-of-the-other" as CommandId, conference, create);
    // The second one from a driver that has heard of it by then.
    expect([{ done: "unknown" }, { done: false, reason: "unreachable" }]).toContainEqual(result);
    expect(reportsOfOther[1]).toMatchObject({ type: "disconnected", isReplaced: true });
    expect((await on.state()).conferences).toEqual([]);
    await on.done(create);
    expect(await on.nextReports()).toEqual([]);
  });

  test("an agent that connects anew and has not heard that it was replaced does not take the place back", async () => {
    await on.bridge.other.connect();
    on.bridge.other.activate(2);
    await on.reported("connected");
    await on.nextReports();

    on.bridge.driver.activate(1);
    const result = await on.carryOut(create);

    expect(result).not.toEqual({ done: true });
    await on.reported("disconnected");
    expect(on.reports[0]).toMatchObject({ type: "disconnected", isReplaced: true });
    expect((await on.bridge.other.state())?.conferences).toEqual([]);
    expect(await on.bridge.other.execute("command-of-the-other" as CommandId, conference, create)).toEqual({
      done: true,
    });
  });

  test("calls stay up while the link is away; what happened meanwhile is in the state alone", async () => {
    await on.done(create);
    const stays = await on.entered();
    const leaves = await on.entered();

    await on.bridge.cutLink();
    await on.reported("disconnected");
    expect(await on.carryOut({ type: "end-conference" })).toEqual({ done: false, reason: "unreachable" });
    expect(await on.bridge.driver.state()).toBeNull();
    await on.bridge.hangUp(leaves);
    const dialsIn = on.bridge.dialIn("14085550003").then(async (call) => {
      await on.bridge.press(call, "98");
      return call;
    });
    await on.reported("connected");
    on.bridge.driver.activate(1);
    const waits = await dialsIn;

    const types = new Set((await on.nextReports()).map(({ type }) => type));
    const late = on.bridge.without?.includes("prompt-of-its-own") ? ["prompted", "keys"] : [];
    expect([...types]).toEqual(["disconnected", "connected", ...late]);
    expect(await on.callInState(stays)).toMatchObject({ stage: "entered" });
    expect(await on.callInState(leaves)).toMatchObject({ stage: "ended", reason: "hung-up" });
    expect(await on.callInState(waits)).toMatchObject({ stage: "prompted", keys: "98" });
  });

  test("a bridge that was started anew says so by its boot id, and holds nothing", async () => {
    await on.bridge.cutLink();
    await on.reported("connected");
    on.bridge.driver.activate(1);
    const before = on.reports.find((report) => report.type === "connected");
    await on.done(create);
    await on.nextReports();

    await on.bridge.restart();
    await on.reported("connected");

    const after = on.reports.find((report) => report.type === "connected");
    expect(after?.bootId).not.toBe(before?.bootId);
    expect(await on.state()).toMatchObject({ conferences: [], calls: [], callsOfOthers: 0 });
  });

  test("no caller has the id of an earlier one, not even after a restart", async () => {
    const callers = [await on.bridge.dialIn("14085550001"), await on.bridge.dialIn("14085550002")];
    await on.bridge.restart();
    await on.reported("connected");
    on.bridge.driver.activate(1);
    callers.push(await on.bridge.dialIn("14085550001"), await on.bridge.dialIn("14085550002"));

    expect(callers.filter((id, index) => callers.indexOf(id) !== index)).toEqual([]);
  });

  test("a link over which nothing is asked stays up", async () => {
    await pause(IDLE_MS);

    expect(await on.nextReports()).toEqual([]);
  });

  test("code that awaits a result goes on before anything later is reported", async () => {
    await on.done(create);
    await on.bridge.talk(await on.entered(), true);

    // The bridge reports who talks right after its answer.
    let reportedBefore = -1;
    await on.carryOut({ type: "report-speakers" }).then(() => {
      reportedBefore = on.reports.length;
    });
    await on.reported("talking");

    expect(reportedBefore).toBe(0);
  });

  test("after stop nothing is reported, and commands are unreachable", async () => {
    await on.done(create);
    await on.nextReports();

    await on.bridge.driver.stop();

    expect(await on.carryOut({ type: "end-conference" })).toEqual({ done: false, reason: "unreachable" });
    expect(on.reports).toEqual([]);
  });
}
