import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { BridgeDriver, DriverReport } from "../../bridge-agent/drivers/driver.ts";
import type { Ability } from "../../src/bridge/abilities.ts";
import { needsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { EndReason } from "../../src/bridge/events.ts";
import type { BridgeCall, BridgeState } from "../../src/bridge/state.ts";
import {
  type CallId,
  type CommandId,
  type ConfKey,
  MAIN_ROOM,
  type PhoneNumber,
  type RoomId,
} from "../../src/foundation/ids.ts";
import { type RecordedBridge, recordedBridge, Transcript } from "./recorded-bridge.ts";

/** A bridge with the telephones around it. Each promise is kept when the bridge has noticed. */
export interface BridgeOnTest {
  /** For this bridge, not started. */
  readonly driver: BridgeDriver;
  /** The same for the other agent of the same owner. */
  readonly other: BridgeDriver;
  /** The same for an agent of another owner; it has the name of the first one. */
  readonly stranger: BridgeDriver;
  /**
   * What no agent rests on and this bridge does not have. `lock-by-telephone`: its host locks and unlocks through an agent alone.
   * `prompt-of-its-own`: callers who dial in while no agent acts come to the prompt when one does, and what they key before is lost.
   * `recall`: a command has begun once it was sent, and what `holdActs` holds is on its way. It arrives when the link is cut, or is let go.
   */
  readonly without?: readonly ("lock-by-telephone" | "prompt-of-its-own" | "recall")[];
  /** The numbers at which each owner's callers dial in. */
  readonly dialIns: { readonly own: string; readonly strangers: string };
  /** At the owner's number, or this one. */
  dialIn(number: string, dialled?: string): Promise<CallId>;
  press(call: CallId, keys: string): Promise<void>;
  talk(call: CallId, talking: boolean): Promise<void>;
  hangUp(call: CallId): Promise<void>;
  /** The announcements that this caller was told by an agent, in order; absent, or `null`: the bridge has a voice of its own. */
  heard?(call: CallId): Promise<readonly string[] | null>;
  /** What the bridge itself does with this call, asked beside the drivers: `null`, it has none; `room`, it is in none. Absent: nobody can ask. */
  truth?(call: CallId): Promise<{ readonly muted: boolean; readonly room: string | null } | null>;
  /** Absent where `without` says so. */
  lockByTelephone?(conference: ConfKey, locked: boolean): Promise<void>;
  /** Or by the bridge's own operator. */
  endByTelephone(conference: ConfKey): Promise<void>;
  /** How these digits take a call; each after at most 50 ms of ringing, but for `answer-late`: that answers after 500 ms. */
  plan(digits: string, result: "answer" | "answer-late" | "busy" | "reject" | "invalid" | "no-answer"): Promise<void>;
  passTime(ms: number): Promise<void>;
  /** From now on no command is carried out until the returned function is called. */
  holdActs(): Promise<() => Promise<void>>;
  /** Waits until a command is held; absent: one is, once a state that was asked for after it is there. */
  held?(): Promise<void>;
  /** From now on commands are carried out and nobody is told, until the link is cut. Absent: that cannot be brought about. */
  loseAnswers?(): Promise<void>;
  /** Breaks the link between driver and bridge; either may connect again. */
  cutLink(): Promise<void>;
  /** Ends the bridge program and starts it anew: all calls are gone. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const conference = "987654321" as ConfKey;
const side = "r7" as RoomId;
const number: PhoneNumber = { country: "1", area: "408", local: "5551234", extension: "12" };
const dialled = "leg-1" as CallId;

/** No test takes as long as that: whatever it waits for has a limit of its own. */
const TEST_WITHIN_MS = 60_000;
/** Longer than a bridge of the generic protocol may take for a `pong`. */
const IDLE_MS = 2_500;
/** A bridge from which one of these never comes fails each test for this reason alone. */
const indispensable = ["connection", "result of create-conference", "state"];

/** Registers what every driver must do, whatever its bridge. */
export function bridgeDriverConformance(name: string, makeBridge: () => Promise<BridgeOnTest>): void {
  describe(`driver ${name}`, { timeout: TEST_WITHIN_MS }, () => {
    let bridge: RecordedBridge;
    let transcript: Transcript | null = null;
    let stop = async () => {};
    /** Why the tests after the first ones are not tried. */
    let hopeless: string | null = null;
    let reports: DriverReport[];
    let heard: () => void;
    let commands: number;
    /** What the driver says that its bridge cannot do. */
    let cannot: readonly Ability[];
    let skip: (why: string) => void;

    beforeEach(async (context) => {
      skip = context.skip;
      stop = async () => {};
      if (hopeless !== null) skip(`not tried: ${hopeless}`);
      transcript = new Transcript();
      const made = await makeBridge().catch((error: unknown) => {
        hopeless = "the first bridge was not made";
        throw error;
      });
      stop = () => made.stop();
      bridge = recordedBridge(made, transcript);
      reports = [];
      heard = () => {};
      commands = 0;
      await bridge.driver.connect((report) => {
        reports.push(report);
        heard();
      });
      cannot = reports.find((report) => report.type === "connected")?.cannot ?? [];
      bridge.driver.activate(1);
      await bridge.driver.state(); // As an agent does: who is there already is in the state, and not reported.
      reports = [];
    }, TEST_WITHIN_MS);
    afterEach(async ({ task }) => {
      transcript?.explain(task.name, task.result?.errors ?? []);
      const missing = transcript?.missing.find((what) => indispensable.includes(what));
      if (missing) hopeless = `an earlier test has waited in vain for a ${missing}`;
      await stop();
    }, TEST_WITHIN_MS);

    /** Waits for a report of one of these kinds, among those that came since the last `nextReports`. */
    async function reported(...types: DriverReport["type"][]): Promise<void> {
      const isThere = () => reports.some(({ type }) => types.includes(type));
      if (isThere()) return;
      const came = new Promise<void>((resolve) => {
        heard = () => isThere() && resolve();
      });
      await bridge.driver.inTime(`report of ${types.join(" or ")}`, came);
    }
    function ask(command: BridgeCommand, of: ConfKey | null = conference) {
      commands += 1;
      return bridge.driver.execute(`command-${commands}` as CommandId, of, command);
    }
    /** Ends a test that needs what the bridge cannot do. */
    async function carryOut(command: BridgeCommand, of: ConfKey | null = conference) {
      if (!can(command)) skip(`the bridge cannot do this: ${needsOf(command)}`);
      return await ask(command, of);
    }
    function can(command: BridgeCommand): boolean {
      return !cannot.some((ability) => ability === needsOf(command));
    }
    async function done(...list: BridgeCommand[]): Promise<void> {
      for (const command of list) expect(await carryOut(command), command.type).toEqual({ done: true });
    }
    async function state(): Promise<BridgeState> {
      const held = await bridge.driver.state();
      if (held === null) throw new Error(`the driver gave no state${bridge.driver.whyLost}`);
      return held;
    }
    async function callInState(id: CallId): Promise<BridgeCall | undefined> {
      return (await state()).calls.find(({ call }) => call === id);
    }
    /** Where the bridge can be asked. */
    async function mustBeTrue(call: CallId, muted: boolean, room: string): Promise<void> {
      if (bridge.truth) expect(await bridge.truth(call), "what the bridge does").toEqual({ muted, room });
    }
    /** All reports so far: whatever the bridge said before its state is there when the state is. */
    async function nextReports(): Promise<DriverReport[]> {
      await state();
      return reports.splice(0);
    }
    const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };
    const dial = (waitMs = 30_000): BridgeCommand => ({ type: "dial", call: dialled, number, waitMs });
    const admit = (call: CallId): BridgeCommand => ({ type: "admit", call, muted: false, joinTone: true });
    /** A caller who has entered; nothing of it is left among the reports. */
    async function entered(): Promise<CallId> {
      const call = await bridge.dialIn("14085550001");
      await done(admit(call));
      await nextReports();
      return call;
    }

    test("a conference is created, locked, unlocked and ended, without an event", async () => {
      const main = { id: MAIN_ROOM, kind: "main" };
      const owner = expect.any(String);
      const held = { conference, owner, locked: false, reportsSpeakers: false, anonymousId: "0444", rooms: [main] };

      // A bridge may not show the limit.
      const conferences = async () => (await state()).conferences.map(({ maxCallers, ...shown }) => shown);

      await done({ ...create, anonymousId: "0444" });
      expect(await conferences()).toEqual([held]);
      await done({ type: "lock" });
      expect(await conferences()).toEqual([{ ...held, locked: true }]);
      await done({ type: "unlock" });
      expect(await conferences()).toEqual([held]);
      await done({ type: "end-conference" });
      expect(await conferences()).toEqual([]);
      await done(create);
      expect(await conferences()).toEqual([{ ...held, anonymousId: null }]);
      expect(await nextReports()).toEqual([]);
    });

    test("a conference that is created once more takes the new AnonymousID, limit and codes, and stays as it is", async () => {
      const first = { anonymousId: "0444", maxCallers: 5, accessCodes: { subscriber: "1111", participant: "2222" } };
      const again = { anonymousId: "0555", maxCallers: 1, accessCodes: { subscriber: null, participant: "3333" } };
      await done({ ...create, ...first });
      const calls = [await entered(), await entered()];

      await done({ ...create, ...again });

      const { conferences } = await state();
      expect(conferences).toMatchObject([{ conference, anonymousId: "0555" }]);
      // A bridge may not show the others.
      expect({ ...again, ...conferences[0] }).toMatchObject(again);
      for (const call of calls) expect(await callInState(call)).toMatchObject({ stage: "entered", conference });
      expect(await nextReports()).toEqual([]);
      const late = await bridge.dialIn("14085550003");
      expect(await carryOut(admit(late))).toEqual({ done: false, reason: "capacity" });

      await done(create, admit(late));

      expect((await state()).conferences[0]).toMatchObject({ anonymousId: null });
      expect((await state()).conferences[0]).not.toHaveProperty("accessCodes");
    });

    test("a create that renews makes no conference", async () => {
      const renewal: BridgeCommand = { ...create, anonymousId: "0555", renews: true };
      expect(await ask(renewal)).toEqual({ done: false, reason: "no-such-conference" });
      expect((await state()).conferences).toEqual([]);

      await done(create, renewal);

      expect((await state()).conferences).toMatchObject([{ conference, anonymousId: "0555" }]);
    });

    test("a caller at the prompt is reported, with each key it presses, and is in the state with all of them", async () => {
      const dialled = bridge.dialIns.own;
      const call = await bridge.dialIn("14085550001");
      await bridge.press(call, "98");
      await bridge.press(call, "7#*");

      const reports = await nextReports();
      expect(reports[0]).toEqual({ type: "prompted", call, number: "14085550001", dialled });
      expect(
        reports
          .slice(1)
          .map((report) => (report.type === "keys" ? report.keys : report.type))
          .join(""),
      ).toBe("987#*");
      expect(await callInState(call)).toEqual({
        stage: "prompted",
        call,
        number: "14085550001",
        dialled,
        keys: "987#*",
      });
    });

    test("a caller alone hears what it is told, at the prompt and inside, and why it is hung up on", async () => {
      await done(create);
      const call = await bridge.dialIn("14085550001");
      const other = await bridge.dialIn("14085550002");
      if (!(await bridge.heard?.(call))) skip("the bridge has a voice of its own");
      const hears = (announcements: readonly string[]) =>
        expect.poll(() => bridge.heard?.(call), { timeout: 5_000, interval: 10 }).toEqual(announcements);

      bridge.driver.announce(call, "please-wait");
      await hears(["please-wait"]);
      bridge.driver.announce(call, "welcome");
      await hears(["please-wait", "welcome"]);
      await done(admit(call), admit(other));
      bridge.driver.announce(call, "joined");
      await hears(["please-wait", "welcome", "joined"]);
      expect(await bridge.heard?.(other)).toEqual([]);

      const refused = await bridge.dialIn("14085550003");
      bridge.driver.announce(refused, "locked");
      expect(await ask({ type: "expel", call: refused }, null)).toEqual({ done: true });
      expect(await bridge.heard?.(refused)).toEqual(["locked"]);
      bridge.driver.announce(refused, "goodbye");
      bridge.driver.announce("no-such-call" as CallId, "welcome");
      expect(await callInState(refused)).toMatchObject({ stage: "ended", reason: "refused" });
      expect((await nextReports()).map(({ type }) => type)).toEqual(["prompted", "prompted", "prompted"]);
    });

    test("an admitted caller is in the main room with what the admission said, without an event", async () => {
      await done(create);
      const call = await bridge.dialIn("14085550001");
      await nextReports();

      await done({ type: "admit", call, muted: true, joinTone: false, attendeeId: "444" });

      expect(await callInState(call)).toEqual({
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
      await mustBeTrue(call, true, MAIN_ROOM);
      expect(await nextReports()).toEqual([]);
    });

    test("a caller who is being admitted is at the prompt until it is inside", async () => {
      await done(create);
      const call = await bridge.dialIn("14085550001");
      await bridge.press(call, "9");
      const release = await bridge.holdActs();

      const result = carryOut(admit(call));

      expect(await callInState(call)).toMatchObject({ stage: "prompted", keys: "9" });
      await release();
      expect(await result).toEqual({ done: true });
      expect(await callInState(call)).toMatchObject({ stage: "entered", room: MAIN_ROOM });
    });

    test("keys pressed in the conference are reported", async () => {
      await done(create);
      const call = await entered();

      await bridge.press(call, "*6");

      expect((await nextReports()).map((report) => (report.type === "keys" ? report.keys : "")).join("")).toBe("*6");
    });

    test("a caller at the prompt is hung up by an expel without conference, without an event", async () => {
      const call = await bridge.dialIn("14085550001");
      await nextReports();

      expect(await carryOut({ type: "expel", call }, null)).toEqual({ done: true });

      expect(await callInState(call)).toMatchObject({ stage: "ended", conference: null, reason: "refused" });
      expect(await nextReports()).toEqual([]);
    });

    test("a caller who hangs up is reported, at the prompt and in the conference", async () => {
      await done(create);
      const inside = await entered();
      const outside = await bridge.dialIn("14085550002");
      await nextReports();

      await bridge.hangUp(outside);
      await bridge.hangUp(inside);

      expect(await nextReports()).toEqual([
        { type: "ended", call: outside, conference: null, reason: "hung-up" },
        { type: "ended", call: inside, conference, reason: "hung-up" },
      ]);
      expect(await callInState(inside)).toMatchObject({ stage: "ended", conference, reason: "hung-up" });
    });

    test("a dialled call rings", async () => {
      await bridge.plan("14085551234", "no-answer");
      await done(create, dial());
      expect(await callInState(dialled)).toEqual({
        stage: "ringing",
        call: dialled,
        number: "14085551234",
        conference,
      });
    });

    test("a dialled call is reported when it answers, and enters", async () => {
      await bridge.plan("14085551234", "answer");
      await done(create, dial());
      await bridge.passTime(50);
      await reported("answered");
      expect(await nextReports()).toEqual([{ type: "answered", call: dialled, conference }]);
      expect(await callInState(dialled)).toMatchObject({ stage: "answered", conference });

      await done(admit(dialled));
      expect(await callInState(dialled)).toMatchObject({ stage: "entered", direction: "out", room: MAIN_ROOM });
    });

    test.each<["busy" | "reject" | "invalid" | "no-answer", EndReason]>([
      ["busy", "busy"],
      ["reject", "rejected"],
      ["invalid", "invalid-number"],
      ["no-answer", "no-answer"],
    ])(
      "a dialled number that is %s ends with the reason %s, reported once and kept in the state",
      async (plan, reason) => {
        await bridge.plan("14085551234", plan);
        // A busy bridge may take longer than 100 ms to hear of the others.
        await done(create, plan === "no-answer" ? dial(100) : dial());

        await bridge.passTime(100);
        await reported("ended");

        expect(await nextReports()).toEqual([{ type: "ended", call: dialled, conference, reason }]);
        expect(await callInState(dialled)).toMatchObject({ stage: "ended", direction: "out", conference, reason });
      },
    );

    test("a telephone that does not answer in time ends with no-answer, and its answer comes to nothing", async () => {
      await bridge.plan("14085551234", "answer-late");
      await done(create, dial(100));

      await bridge.passTime(700);
      await reported("ended", "answered");

      expect(await nextReports()).toEqual([{ type: "ended", call: dialled, conference, reason: "no-answer" }]);
      expect(await callInState(dialled)).toMatchObject({ stage: "ended", reason: "no-answer" });
    });

    test("what becomes of a dialled call is reported after the result of its dial", async () => {
      if (!can(dial())) skip("the bridge cannot dial");
      await bridge.plan("14085551234", "busy");
      await done(create);
      await nextReports();

      let reportedBefore = -1;
      const result = ask(dial()).then(() => {
        reportedBefore = reports.length;
      });
      await state(); // The bridge has the command by now.
      await bridge.passTime(50);
      await reported("ended");

      await result;
      expect(reportedBefore).toBe(0);
    });

    test("a dial that is cancelled ends silently and never answers", async () => {
      await bridge.plan("14085551234", "answer-late");
      await done(create, dial(), { type: "cancel-dial", call: dialled });

      await bridge.passTime(700);

      expect(await callInState(dialled)).toMatchObject({ stage: "ended", reason: "cancelled" });
      expect(await nextReports()).toEqual([]);
    });

    test("an answered call may go straight into a room", async () => {
      await done(create, { type: "create-room", room: side, kind: "private" }, dial());
      await bridge.passTime(50);
      await reported("answered");

      await done({ type: "move", call: dialled, room: side });

      expect(await callInState(dialled)).toMatchObject({ stage: "entered", room: side, joinTone: null });
    });

    test("an answered call that is muted before it is moved into a room is muted there", async () => {
      await done(create, { type: "create-room", room: side, kind: "private" }, dial());
      await bridge.passTime(50);
      await reported("answered");

      await done({ type: "mute", call: dialled }, { type: "move", call: dialled, room: side });

      expect(await callInState(dialled)).toMatchObject({ stage: "entered", room: side, muted: true });
    });

    test("a mute stays through rooms, until it is undone, without an event", async () => {
      await done(create, { type: "create-room", room: side, kind: "sub" });
      const call = await entered();

      await mustBeTrue(call, false, MAIN_ROOM);
      await done({ type: "mute", call }, { type: "move", call, room: side });
      expect(await callInState(call)).toMatchObject({ room: side, muted: true });
      await mustBeTrue(call, true, side);
      await done({ type: "move", call, room: MAIN_ROOM });
      expect(await callInState(call)).toMatchObject({ room: MAIN_ROOM, muted: true });
      await mustBeTrue(call, true, MAIN_ROOM);
      await done({ type: "unmute", call });
      expect(await callInState(call)).toMatchObject({ room: MAIN_ROOM, muted: false });
      await mustBeTrue(call, false, MAIN_ROOM);
      expect(await nextReports()).toEqual([]);
    });

    test("a room that is closed is gone, and who was in it is in the main room", async () => {
      await done(create, { type: "create-room", room: side, kind: "sub" });
      const call = await entered();
      await done({ type: "move", call, room: side });
      expect((await state()).conferences[0]?.rooms).toContainEqual({ id: side, kind: "sub" });

      await done({ type: "close-room", room: side });

      expect((await state()).conferences[0]?.rooms).toEqual([{ id: MAIN_ROOM, kind: "main" }]);
      expect(await callInState(call)).toMatchObject({ stage: "entered", room: MAIN_ROOM });
    });

    test("an expelled caller and the callers of an ended conference end silently, each with its reason", async () => {
      await done(create);
      const expelled = await entered();
      const rest = await entered();

      await done({ type: "expel", call: expelled }, { type: "end-conference" });

      expect(await callInState(expelled)).toMatchObject({ stage: "ended", reason: "expelled" });
      expect(await callInState(rest)).toMatchObject({ stage: "ended", reason: "conference-ended" });
      expect(await nextReports()).toEqual([]);
    });

    test("talking is reported only while it is asked for, and never of a muted call", async () => {
      await done(create);
      const call = await entered();
      await bridge.talk(call, true);
      await bridge.talk(call, false);
      expect(await nextReports()).toEqual([]);

      await done({ type: "report-speakers" });
      await bridge.talk(call, true);
      await bridge.talk(call, false);
      expect(await nextReports()).toEqual([
        { type: "talking", call, conference, talking: true },
        { type: "talking", call, conference, talking: false },
      ]);

      await done({ type: "mute", call });
      await bridge.talk(call, true);
      await bridge.talk(call, false);
      await done({ type: "unmute", call });
      expect(await nextReports()).toEqual([]);
    });

    test("who talks when speakers are no longer reported is silent from then on", async () => {
      await done(create, { type: "report-speakers" });
      const call = await entered();
      await bridge.talk(call, true);
      expect(await callInState(call)).toMatchObject({ talking: true });
      await nextReports();

      await done({ type: "stop-reporting-speakers" });
      expect(await callInState(call)).toMatchObject({ talking: false });
      await bridge.talk(call, false);
      expect(await nextReports()).toEqual([]);
    });

    test("the host's lock and unlock by telephone are reported", async ({ skip }) => {
      skip(bridge.lockByTelephone === undefined, "this bridge has no lock by telephone");
      await done(create);

      await bridge.lockByTelephone?.(conference, true);
      await bridge.lockByTelephone?.(conference, false);

      expect(await nextReports()).toEqual([
        { type: "lock-changed", conference, locked: true },
        { type: "lock-changed", conference, locked: false },
      ]);
    });

    test("the host's end by telephone is reported, without its calls", async () => {
      await done(create);
      const call = await entered();

      await bridge.endByTelephone(conference);

      expect(await nextReports()).toEqual([{ type: "conference-ended", conference }]);
      expect(await callInState(call)).toMatchObject({ stage: "ended", reason: "conference-ended" });
      expect((await state()).conferences).toEqual([]);
    });

    test("a locked conference keeps out whoever is not in it, and nobody else", async () => {
      await done(create, { type: "create-room", room: side, kind: "sub" });
      const inside = await entered();
      const outside = await bridge.dialIn("14085550002");
      await done({ type: "lock" });

      expect(await carryOut(admit(outside))).toEqual({ done: false, reason: "locked" });
      await done({ type: "move", call: inside, room: side });
      await done({ type: "unlock" }, admit(outside));
    });

    test("a dialled call enters a locked conference", async () => {
      await done(create, { type: "lock" }, dial());
      await bridge.passTime(50);
      await reported("answered");

      await done(admit(dialled));

      expect(await callInState(dialled)).toMatchObject({ stage: "entered", room: MAIN_ROOM });
    });

    test("a conference of so many callers lets no more in who dial in, until one leaves", async () => {
      await done({ ...create, maxCallers: 2 }, { type: "create-room", room: side, kind: "sub" });
      const [first] = [await entered(), await entered()];
      await done({ type: "move", call: first, room: side });
      const waits = await bridge.dialIn("14085550003");

      expect(await carryOut(admit(waits))).toEqual({ done: false, reason: "capacity" });
      expect(await callInState(waits)).toMatchObject({ stage: "prompted" });
      await done({ type: "expel", call: first }, admit(waits));
    });

    test("of callers who are let in at the same time, no more get in than the conference takes", async () => {
      await done({ ...create, maxCallers: 1 });
      const callers = [await bridge.dialIn("14085550001"), await bridge.dialIn("14085550002")];

      const results = await Promise.all(callers.map((call) => carryOut(admit(call))));

      expect(results).toContainEqual({ done: true });
      expect(results).toContainEqual({ done: false, reason: "capacity" });
    });

    test.each([null, 0])("a conference of %s callers at most takes any number", async (maxCallers) => {
      await done({ ...create, maxCallers });
      await entered();
      await entered();
    });

    test("what does not exist is refused, with the reason that says what", async () => {
      const nobody = "nobody" as CallId;
      for (const command of [{ type: "end-conference" }, { type: "lock" }] as const)
        if (can(command)) expect(await ask(command)).toEqual({ done: false, reason: "no-such-conference" });
      await done(create);
      const call = await entered();
      const types = ["expel", "mute", "unmute", "cancel-dial"] as const;
      for (const command of [admit(nobody), ...types.map((type) => ({ type, call: nobody }))])
        if (can(command)) expect(await ask(command), command.type).toEqual({ done: false, reason: "no-such-call" });
      expect(await carryOut({ type: "move", call, room: side })).toEqual({ done: false, reason: "no-such-room" });
      expect(await carryOut({ type: "close-room", room: side })).toEqual({ done: false, reason: "no-such-room" });
    });

    test("what the bridge cannot do is refused as not supported, and nothing comes of it", async () => {
      await done(create);
      const call = await entered();
      const outside = await bridge.dialIn("14085550002");
      const before = await bridge.driver.state();
      const all: BridgeCommand[] = [
        ...(["lock", "unlock", "report-speakers", "stop-reporting-speakers"] as const).map((type) => ({ type })),
        ...(["mute", "unmute"] as const).map((type) => ({ type, call })),
        { type: "admit", call: outside, muted: true, joinTone: false },
        dial(),
        { type: "cancel-dial", call: dialled },
        { type: "create-room", room: side, kind: "sub" },
        { type: "create-room", room: side, kind: "private" },
      ];
      const missing = all.filter((command) => !can(command));
      if (missing.length === 0) skip("the bridge can do everything");

      for (const command of missing)
        expect(await ask(command), command.type).toEqual({ done: false, reason: "not-supported" });

      expect(await bridge.driver.state()).toEqual(before);
    });

    async function startStranger(): Promise<void> {
      await bridge.stranger.connect();
      bridge.stranger.activate(1);
    }
    const ofStranger = (command: BridgeCommand, of = conference) =>
      bridge.stranger.execute("command-of-the-stranger" as CommandId, of, command);

    test("another owner's conference is neither shown nor reported, whatever its callers do, and its calls count as others'", async () => {
      await startStranger();
      expect(await ofStranger(create)).toEqual({ done: true });
      if (can({ type: "report-speakers" }))
        expect(await ofStranger({ type: "report-speakers" })).toEqual({ done: true });
      const call = await bridge.dialIn("14085550001", bridge.dialIns.strangers);
      expect(await ofStranger(admit(call))).toEqual({ done: true });
      await bridge.press(call, "*6");
      await bridge.talk(call, true);
      expect(await state()).toEqual({ conferences: [], calls: [], callsOfOthers: 1 });
      await bridge.press(call, "*6");
      await bridge.talk(call, false);
      await bridge.lockByTelephone?.(conference, true);
      const leaves = await bridge.dialIn("14085550002", bridge.dialIns.strangers);
      await bridge.hangUp(call);
      await bridge.hangUp(leaves);
      await bridge.endByTelephone(conference);

      expect(await nextReports()).toEqual([]);
    });

    test("another owner's conference takes no command and keeps its key, until it is over", async () => {
      await startStranger();
      await ofStranger(create);
      const call = await bridge.dialIn("14085550001", bridge.dialIns.strangers);
      await ofStranger(admit(call));
      const inside = (await bridge.stranger.state())?.calls;

      expect(await carryOut(create)).toEqual({ done: false, reason: "refused" });
      for (const command of [{ type: "lock" }, { type: "end-conference" }, { type: "mute", call }, dial()] as const)
        if (can(command))
          expect(await ask(command), command.type).toEqual({ done: false, reason: "no-such-conference" });
      expect(inside).toMatchObject([{ stage: "entered", muted: false }]);
      expect((await bridge.stranger.state())?.calls).toEqual(inside);

      await ofStranger({ type: "end-conference" });
      await done(create);
      await bridge.endByTelephone(conference);
      expect(await nextReports()).toEqual([{ type: "conference-ended", conference }]);
    });

    test("a call of another owner's conference takes no command through a conference of one's own", async () => {
      await startStranger();
      const theirs = "987650000" as ConfKey;
      await ofStranger(create, theirs);
      const call = await bridge.dialIn("14085550001", bridge.dialIns.strangers);
      await ofStranger(admit(call), theirs);
      await done(create);

      for (const command of [admit(call), { type: "move", call, room: MAIN_ROOM }, { type: "expel", call }] as const)
        expect(await carryOut(command), command.type).toEqual({ done: false, reason: "no-such-call" });
    });

    test("a caller at the prompt is its owner's who has the number that it dialled", async () => {
      await startStranger();
      const theirs = await bridge.dialIn("14085550001", bridge.dialIns.strangers);
      await bridge.press(theirs, "1#");
      const own = await bridge.dialIn("14085550002");
      expect((await state()).calls.map(({ call }) => call)).toEqual([own]);
      expect((await bridge.stranger.state())?.calls.map(({ call }) => call)).toEqual([theirs]);
      await bridge.press(theirs, "2#");
      await bridge.hangUp(theirs);

      expect((await nextReports()).map((report) => "call" in report && report.call)).toEqual([own]);
    });

    test("an agent that has not become active is refused what it asks for", async () => {
      await bridge.other.connect();

      const refused = await bridge.other.execute("command-of-the-other" as CommandId, conference, create);
      expect(refused).toEqual({ done: false, reason: "refused" });
      expect((await state()).conferences).toEqual([]);
    });

    test("a command that had not begun when the link broke is unknown, and is never carried out; the state shows one that had", async () => {
      const release = await bridge.holdActs();
      const result = carryOut(create);
      await state();
      await bridge.held?.(); // The bridge has the command by now.
      await bridge.cutLink();
      expect(await result).toEqual({ done: "unknown" });
      await reported("connected");
      bridge.driver.activate(1);
      const hasBegun = bridge.without?.includes("recall") ?? false;
      const { conferences } = await state();
      expect(conferences).toHaveLength(hasBegun ? 1 : 0);

      await release();

      expect((await state()).conferences).toEqual(conferences);
    });

    /** And ends the test where nobody would see that this is carried out. */
    async function beginsToLoseAnswers(command: BridgeCommand): Promise<void> {
      if (!can(command)) skip(`the bridge cannot do this: ${needsOf(command)}`);
      if (!bridge.loseAnswers || !bridge.truth) return skip("answers of this bridge cannot be lost");
      await bridge.loseAnswers();
    }
    test("a command that was carried out and whose answer was lost is unknown; once more, it is done", async () => {
      await done(create);
      const call = await entered();
      await beginsToLoseAnswers({ type: "mute", call });
      const result = ask({ type: "mute", call });
      await expect.poll(() => bridge.truth?.(call), { timeout: 5_000, interval: 10 }).toMatchObject({ muted: true });

      await bridge.cutLink();

      expect(await result).toEqual({ done: "unknown" });
      await reported("connected");
      bridge.driver.activate(1);
      await done({ type: "mute", call });
      expect(await callInState(call)).toMatchObject({ stage: "entered", muted: true });
      await mustBeTrue(call, true, MAIN_ROOM);
      await done({ type: "unmute", call });
      await mustBeTrue(call, false, MAIN_ROOM);
    });

    test("a call that was dialled while the answer was lost is in the state, so that it is not dialled again", async () => {
      await bridge.plan("14085551234", "no-answer");
      await done(create);
      await beginsToLoseAnswers(dial());
      const result = ask(dial(60_000));
      await expect.poll(() => bridge.truth?.(dialled), { timeout: 5_000, interval: 10 }).not.toBeNull();

      await bridge.cutLink();

      expect(await result).toEqual({ done: "unknown" });
      await reported("connected");
      bridge.driver.activate(1);
      expect(await callInState(dialled)).toMatchObject({ call: dialled, conference });
    });

    /** Everything that a conference can have on this bridge, and callers at each stage. */
    async function busyConference(): Promise<{ readonly talker: CallId }> {
      const ifAble = async (...list: BridgeCommand[]) => done(...list.filter(can));
      await bridge.plan("14085551234", "no-answer");
      const accessCodes = { subscriber: "1111", participant: "2222" };
      await done({ type: "create-conference", maxCallers: null, anonymousId: "0444", accessCodes });
      await ifAble({ type: "create-room", room: side, kind: "sub" }, { type: "report-speakers" });
      const [inside, apart, talker, outside] = [
        await bridge.dialIn("14085550001"),
        await bridge.dialIn("14085550002"),
        await bridge.dialIn("14085550003"),
        await bridge.dialIn("14085550004"),
      ];
      await bridge.press(outside, "98#");
      const silent = can({ type: "mute", call: inside });
      await done({ type: "admit", call: inside, muted: silent, joinTone: !silent, attendeeId: "444", host: true });
      await done(admit(apart), admit(talker));
      await ifAble({ type: "mute", call: apart });
      if (can({ type: "create-room", room: side, kind: "sub" })) await done({ type: "move", call: apart, room: side });
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
      await bridge.other.connect((report) => report.type !== "connected" && reportsOfOther.push(report));
      bridge.other.activate(2);
      return bridge.other.state();
    }

    test("an agent that takes over finds all that the one before it brought about, and reports nothing of it", async () => {
      await busyConference();
      const before = await state();
      const reportsOfOther: DriverReport[] = [];

      const found = await otherActs(reportsOfOther);

      expect(found && foundBy(found)).toEqual(foundBy(before));
      expect(reportsOfOther).toEqual([]);
    });

    test("an agent that comes after one that was killed finds everything, and who talks", async () => {
      const { talker } = await busyConference();
      await bridge.talk(talker, true);
      const before = await state();
      await bridge.driver.stop();
      const reportsOfOther: DriverReport[] = [];

      const found = await otherActs(reportsOfOther);

      expect(found && foundBy(found)).toEqual(foundBy(before));
      if (!can({ type: "report-speakers" })) return;
      const isTalking = async () =>
        (await bridge.other.state())?.calls.some((each) => each.call === talker && "talking" in each && each.talking);
      await expect.poll(isTalking, { timeout: 5_000, interval: 10 }).toBe(true);
    });

    test("an agent that becomes active takes the earlier one's place: what that one has asked for and has not begun never begins; the state shows what had", async () => {
      const release = await bridge.holdActs();
      const result = carryOut(create);
      await state();
      await bridge.held?.(); // The bridge has the command by now.
      await bridge.other.connect();
      expect((await bridge.other.state())?.conferences).toEqual([]);
      expect(reports).toEqual([]);

      bridge.other.activate(2);

      expect(await result).toEqual({ done: "unknown" });
      const hasBegun = bridge.without?.includes("recall") ?? false;
      if (hasBegun) await release();
      const conferences = (await bridge.other.state())?.conferences;
      expect(conferences).toHaveLength(hasBegun ? 1 : 0);
      await reported("connected");
      const [lost] = await nextReports();
      expect(lost).toMatchObject({ type: "disconnected", isReplaced: true });
      await release();
      expect((await bridge.other.state())?.conferences).toEqual(conferences);
      const created = bridge.other.execute("command-of-the-other" as CommandId, conference, create);
      await bridge.other.state();
      await release();
      expect(await created).toEqual({ done: true });
    });

    test("an agent that was replaced and has not heard of it does not take the place back", async () => {
      const reportsOfOther: DriverReport[] = [];
      await bridge.other.connect((report) => reportsOfOther.push(report));
      bridge.driver.activate(2);
      await nextReports();

      bridge.other.activate(1);

      const result = await bridge.other.execute("command-of-the-other" as CommandId, conference, create);
      // The second one from a driver that has heard of it by then.
      expect([{ done: "unknown" }, { done: false, reason: "unreachable" }]).toContainEqual(result);
      expect(reportsOfOther[1]).toMatchObject({ type: "disconnected", isReplaced: true });
      expect((await state()).conferences).toEqual([]);
      await done(create);
      expect(await nextReports()).toEqual([]);
    });

    test("an agent that connects anew and has not heard that it was replaced does not take the place back", async () => {
      await bridge.other.connect();
      bridge.other.activate(2);
      await reported("connected");
      await nextReports();

      bridge.driver.activate(1);
      const result = await carryOut(create);

      expect(result).not.toEqual({ done: true });
      await reported("disconnected");
      expect(reports[0]).toMatchObject({ type: "disconnected", isReplaced: true });
      expect((await bridge.other.state())?.conferences).toEqual([]);
      expect(await bridge.other.execute("command-of-the-other" as CommandId, conference, create)).toEqual({
        done: true,
      });
    });

    test("calls stay up while the link is away; what happened meanwhile is in the state alone", async () => {
      await done(create);
      const stays = await entered();
      const leaves = await entered();

      await bridge.cutLink();
      await reported("disconnected");
      expect(await carryOut({ type: "end-conference" })).toEqual({ done: false, reason: "unreachable" });
      expect(await bridge.driver.state()).toBeNull();
      await bridge.hangUp(leaves);
      const dialsIn = bridge.dialIn("14085550003").then(async (call) => {
        await bridge.press(call, "98");
        return call;
      });
      await reported("connected");
      bridge.driver.activate(1);
      const waits = await dialsIn;

      const types = new Set((await nextReports()).map(({ type }) => type));
      const late = bridge.without?.includes("prompt-of-its-own") ? ["prompted", "keys"] : [];
      expect([...types]).toEqual(["disconnected", "connected", ...late]);
      expect(await callInState(stays)).toMatchObject({ stage: "entered" });
      expect(await callInState(leaves)).toMatchObject({ stage: "ended", reason: "hung-up" });
      expect(await callInState(waits)).toMatchObject({ stage: "prompted", keys: "98" });
    });

    test("a bridge that was started anew says so by its boot id, and holds nothing", async () => {
      await bridge.cutLink();
      await reported("connected");
      bridge.driver.activate(1);
      const before = reports.find((report) => report.type === "connected");
      await done(create);
      await nextReports();

      await bridge.restart();
      await reported("connected");

      const after = reports.find((report) => report.type === "connected");
      expect(after?.bootId).not.toBe(before?.bootId);
      expect(await state()).toEqual({ conferences: [], calls: [], callsOfOthers: 0 });
    });

    test("no caller has the id of an earlier one, not even after a restart", async () => {
      const callers = [await bridge.dialIn("14085550001"), await bridge.dialIn("14085550002")];
      await bridge.restart();
      await reported("connected");
      bridge.driver.activate(1);
      callers.push(await bridge.dialIn("14085550001"), await bridge.dialIn("14085550002"));

      expect(callers.filter((id, index) => callers.indexOf(id) !== index)).toEqual([]);
    });

    test("a link over which nothing is asked stays up", async () => {
      await pause(IDLE_MS);

      expect(await nextReports()).toEqual([]);
    });

    test("code that awaits a result goes on before anything later is reported", async () => {
      await done(create);
      await bridge.talk(await entered(), true);

      // The bridge reports who talks right after its answer.
      let reportedBefore = -1;
      await carryOut({ type: "report-speakers" }).then(() => {
        reportedBefore = reports.length;
      });
      await reported("talking");

      expect(reportedBefore).toBe(0);
    });

    test("after stop nothing is reported, and commands are unreachable", async () => {
      await done(create);
      await nextReports();

      await bridge.driver.stop();

      expect(await carryOut({ type: "end-conference" })).toEqual({ done: false, reason: "unreachable" });
      expect(reports).toEqual([]);
    });
  });
}
