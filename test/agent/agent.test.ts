import { describe, expect, test, vi } from "vitest";
import { ReportStream } from "../../bridge-agent/core/reports.ts";
import { isInEffect } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand, Command } from "../../src/bridge/commands.ts";
import type { NumberedReport, Report } from "../../src/bridge/events.ts";
import { type BridgeState, digestOf, viewOf } from "../../src/bridge/state.ts";
import {
  type CallId,
  type CommandId,
  type ConfKey,
  MAIN_ROOM,
  type RoomId,
  type StreamId,
} from "../../src/foundation/ids.ts";
import { version } from "../../src/foundation/version.ts";
import { AgentWorld, KEY, OWNER } from "./agent-world.ts";

const call = (id: string) => id as CallId;
const create: Command<"create-conference"> = { type: "create-conference", maxCallers: null, anonymousId: "999" };
const dial = (id: string, local = "5551234"): BridgeCommand => ({
  type: "dial",
  call: call(id),
  number: { country: "1", area: "408", local, extension: "" },
  waitMs: 30_000,
});
const admit = (id: string): BridgeCommand => ({ type: "admit", call: call(id), muted: false, joinTone: true });

/** The health of an agent of which nothing is known yet but that nothing happens there. */
const quiet = {
  ...{ type: "health", portsInUse: 0, ports: null, version },
  waiting: { commands: 0, reports: 0 },
};

function running(): AgentWorld {
  const world = new AgentWorld();
  world.connect();
  world.command("create", create);
  world.settle();
  return world;
}

/** An edge that admits whoever answers. */
function admitting(report: Report): [string, BridgeCommand][] {
  if (report.type !== "event" || report.event.type !== "call-answered") return [];
  return [[`admit-${report.event.call}`, admit(report.event.call)]];
}

describe("commands", () => {
  test("a command is carried out and answered, and its result is acknowledgement enough", () => {
    const world = running();
    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.results()).toEqual({ create: true });
    expect(world.heard.map(({ type }) => type)).toEqual(["health", "reports"]);
  });

  test("a command that comes again is acknowledged and does nothing", () => {
    const world = running();
    world.command("create", create);
    world.settle();
    expect(world.heard.filter(({ type }) => type === "commands-ack")).toHaveLength(1);
    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.accepted).toHaveLength(1);
  });

  test("a refusal is passed on", () => {
    const world = running();
    world.command("mute", { type: "mute", call: call("nobody") });
    world.settle();
    expect(world.accepted.at(-1)).toEqual({
      type: "result",
      id: "mute",
      result: { done: false, reason: "no-such-call" },
    });
  });

  test("a command that is not understood is refused once, and the others are carried out", () => {
    const world = running();
    const notUnderstood = [`${KEY}.7.abc`] as CommandId[];
    const commands = [{ id: "lock" as CommandId, command: { type: "lock" } }] as const;
    for (let times = 0; times < 2; times += 1) {
      world.tell({ type: "commands", epoch: world.epoch, conference: KEY, commands, notUnderstood });
      world.settle();
    }
    expect(world.acts().slice(1)).toEqual(["lock done"]);
    expect(world.notes.slice(2)).toEqual(["a command is refused: this version of the agent does not know it"]);
    expect(world.accepted.slice(1)).toEqual([
      { type: "result", id: notUnderstood[0], result: { done: false, reason: "not-supported" } },
      { type: "result", id: "lock", result: { done: true } },
    ]);
  });

  test("commands that were told before are looked into one after the other without a pause", () => {
    const world = running();
    const id = world.machine.dialIn("1", "987654321##");
    world.settle();
    for (let count = 0; count < 20; count += 1) {
      world.command(`o${count}`, { type: count % 2 === 0 ? "mute" : "unmute", call: id }, { again: true });
    }
    world.settle();
    expect(Object.keys(world.results())).toHaveLength(21);
  });

  test.each([
    ["is not done again", 5_000, []],
    ["is done where the later one comes too late", 0, ["mute c1-boot1 done"]],
  ])("what a command that was sent before undoes %s", (_, withinMs, acts) => {
    const world = running();
    const call = world.machine.dialIn("1", "987654321##");
    world.settle();
    const before = world.acts().length;
    const commands = [
      { id: "o1" as CommandId, command: { type: "mute", call }, again: true },
      { id: "o2" as CommandId, command: { type: "unmute", call }, again: true, withinMs },
    ] as const;
    world.tell({ type: "commands", epoch: world.epoch, conference: KEY, commands });
    world.settle();
    expect(world.acts().slice(before)).toEqual(acts);
  });

  test("commands of an older epoch are passed over", () => {
    const world = running();
    world.tell({ type: "activate", epoch: 5 });
    world.command("lock", { type: "lock" });
    world.settle();
    world.pass(1_000);
    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.heard.filter(({ type }) => type === "commands-ack")).toEqual([]);
  });

  test("what the bridge cannot do is told with its health: a standby's, and anew when it changes", () => {
    const world = new AgentWorld();
    const told = () => world.heard.findLast((message) => message.type === "health");
    world.machine.cannot = ["dial"];
    world.connect("standby");
    world.settle();
    const health = { ...quiet, bridgeUp: true, bootId: "boot1" };
    expect(told()).toEqual({ ...health, cannot: ["dial"] });

    world.loseBridge();
    world.machine.cannot = [];
    world.connectBridge();
    world.settle();
    expect(told()).toEqual(health);

    world.restartBridge();
    world.settle();
    expect(told()).toEqual({ ...health, bootId: "boot2" });
  });

  test("commands and reports that wait are told after 5 s, and then each 5 s at most", () => {
    const world = new AgentWorld();
    const told = () => world.heard.flatMap((message) => (message.type === "health" ? [message.waiting] : []));
    world.connect("active");
    world.settle();
    world.pass(5_000);
    const before = told().length;

    world.machine.faults = { ...world.machine.faults, delayMs: 5_600 };
    world.silent = true;
    world.command("create", create);
    world.settle();
    world.pass(4_800);
    expect(told()).toHaveLength(before);
    world.pass(4_800);
    expect(told().slice(before)).toEqual([{ commands: 1, reports: 0 }]);
    world.pass(1_000);
    expect(told().slice(before + 1)).toEqual([{ commands: 0, reports: 1 }]);
    world.pass(60_000);
    expect(told()).toHaveLength(before + 2);
  });

  test("a standby does nothing until it is activated, and says whether it has the bridge", () => {
    const world = new AgentWorld();
    world.connect("standby");
    world.command("create", create);
    world.machine.dialIn("1408", "1#");
    world.pass(60_000);
    expect(world.acts()).toEqual([]);
    expect(world.heard).toEqual([{ ...quiet, bridgeUp: true, bootId: "boot1" }]);
    world.loseBridge();
    world.settle();
    expect(world.heard.at(-1)).toEqual({ ...quiet, bridgeUp: false });
    world.connectBridge();
    world.epoch = 2;
    world.tell({ type: "activate", epoch: 2 });
    world.pass(1_200);
    expect(world.acts()).toEqual(["create-conference done"]);
  });

  test("asked about a conference that neither it nor the bridge knows, it tells that there is none", () => {
    const world = new AgentWorld();
    world.connect("standby");
    world.epoch = 2;
    world.tell({ type: "activate", epoch: 2 });
    world.pass(120_000);
    expect(world.accepted).toEqual([]);
    world.tell({ type: "snapshot-wanted", conference: KEY });
    world.pass(1_000);
    expect(world.events()).toEqual([{ type: "snapshot", conference: null }]);
  });

  test("a command that waited when another agent took over is not carried out when that one is gone", () => {
    const world = running();
    world.loseBridge();
    world.command("dial", dial("out1"));
    world.command("lock", { type: "lock" });
    world.settle();
    world.connectEdge("standby");
    world.connectBridge();
    world.settle();
    world.epoch = 2;
    world.tell({ type: "activate", epoch: 2 });
    world.pass(3_000);
    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.results()).toEqual({ create: true, dial: false, lock: false });
  });

  test("a command whose time has passed before it could be begun does nothing, and what is behind it goes on", () => {
    const world = running();
    world.loseBridge();
    world.command("dial", dial("out1"), { withinMs: 10_000 });
    world.command("cancel", { type: "cancel-dial", call: call("out1") });
    world.command("lock", { type: "lock" }, { withinMs: 12_000 });
    world.settle();
    world.pass(10_000);
    world.connectBridge();
    world.settle();
    expect(world.acts().slice(1)).toEqual(["lock done", "cancel-dial out1 refused"]);
    expect(world.accepted).toContainEqual({ type: "result", id: "dial", result: { done: false, reason: "too-late" } });
  });

  test("a command whose time may have passed while the agent was gone, as its clock was set back, is not begun", () => {
    const world = running();
    world.loseBridge();
    world.setClockBack(3_600_000);
    world.command("lock", { type: "lock" }, { withinMs: 10_000 });
    world.settle();
    world.setClockBack(-1_800_000);
    world.restart();
    world.connectBridge();
    world.settle();
    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.results()).toEqual({ create: true, lock: false });
  });

  test("on a slow bridge twelve rooms are created at once, and a caller is let in and speakers are reported meanwhile", () => {
    const world = running();
    const caller = world.machine.dialIn("1", "");
    world.settle();
    world.machine.setFaults({ delayMs: 2_000, refuse: [], down: false });
    const rooms = Array.from({ length: 12 }, (_, index) => `r${index}` as RoomId);
    for (const room of rooms) world.command(`create ${room}`, { type: "create-room", room, kind: "sub" });
    world.command("speakers", { type: "report-speakers" });
    const dialled = world.machine.world.calls.get(caller);
    if (dialled) world.machine.press(dialled, "987654321##");
    world.pass(2_200);
    expect(world.acts().slice(1).toSorted()).toEqual(
      [...rooms.map(() => "create-room done"), `admit ${caller} done`, "report-speakers done"].toSorted(),
    );
    expect(world.accepted.map((report) => report.type === "event" && report.event.type)).toContain("caller-entered");
  });

  test("a move into a room waits on the bridge for the room's creation, and for nothing else", () => {
    const world = running();
    const caller = world.machine.dialIn("1", "987654321##");
    world.settle();
    world.machine.setFaults({ delayMs: 2_000, refuse: [], down: false });
    const [own, other] = ["r1", "r2"] as RoomId[];
    for (const room of [own, other] as RoomId[])
      world.command(`create ${room}`, { type: "create-room", room, kind: "sub" });
    world.pass(1_000);
    world.command("move", { type: "move", call: caller, room: own as RoomId });
    world.pass(1_000);
    expect(world.results()).not.toHaveProperty("move");
    world.pass(2_200);
    expect(world.results()).toMatchObject({ "create r1": true, "create r2": true, move: true });
  });

  test("the edge hears which commands the bridge was not given yet, and when it is given one of them", () => {
    const world = running();
    const caller = world.machine.dialIn("1", "987654321##");
    world.settle();
    world.machine.setFaults({ delayMs: 2_000, refuse: [], down: false });
    const before = world.heard.length;
    world.command("mute", { type: "mute", call: caller });
    world.command("unmute", { type: "unmute", call: caller });
    world.settle();
    world.pass(2_600);
    const acks = world.heard.slice(before).filter(({ type }) => type === "commands-ack");
    const ack = { type: "commands-ack", conference: KEY };
    expect(acks).toEqual([
      { ...ack, ids: ["mute", "unmute"], waiting: ["unmute"] },
      { ...ack, ids: ["unmute"] },
    ]);
  });

  test("what the bridge was not given while it is away waits, and is not begun after its time", () => {
    const world = running();
    world.loseBridge();
    world.command("lock", { type: "lock" }, { withinMs: 30_000 });
    world.pass(1_000);
    expect(world.heard.at(-1)).toEqual({ type: "commands-ack", conference: KEY, ids: ["lock"], waiting: ["lock"] });

    world.pass(28_000);
    world.connectBridge();
    world.settle();
    expect(world.results()).toEqual({ create: true, lock: true });
  });

  test.each([
    ["is not begun again", { type: "lock" }, 10_000, false],
    ["is begun again before that", { type: "lock" }, 9_000, true],
    ["but for a call-out, which has a time of its own,", dial("out1"), 10_000, true],
  ] as const)("what the bridge was given 10 s ago, and lost, %s", (_, command, ms, acts) => {
    const world = running();
    world.machine.setFaults({ delayMs: 60_000, refuse: [], down: false });
    world.command("o1", command, { withinMs: 30_000 });
    world.pass(ms / 2);
    world.restart();
    world.loseBridge();
    world.pass(ms / 2);
    world.machine.setFaults({ delayMs: 0, refuse: [], down: false });
    world.connectBridge();
    world.pass(1_000);
    expect(world.results()).toEqual({ create: true, o1: acts });
  });

  test("a command that was begun in time is told as what became of it, however late", () => {
    const world = running();
    world.machine.setFaults({ delayMs: 5_000, refuse: [], down: false });
    world.command("dial", dial("out1"), { withinMs: 1_000 });
    world.pass(6_000);
    expect(world.results()).toEqual({ create: true, dial: true });
  });

  test("a command in doubt whose time has passed is not begun again", () => {
    const world = running();
    world.machine.setFaults({ delayMs: 5_000, refuse: [], down: false });
    world.command("lock", { type: "lock" }, { withinMs: 1_000 });
    world.pass(2_000);
    world.restart();
    world.pass(6_000);
    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.results()).toEqual({ create: true, lock: false });
  });

  test.each<[string, BridgeCommand, string]>([
    ["a conference", { type: "lock" }, "no-such-conference"],
    ["a call", { type: "mute", call: call("out1") }, "no-such-call"],
    ["a room", { type: "move", call: call("out2"), room: "r1" as RoomId }, "no-such-room"],
  ])(
    "a command in doubt that needs %s which is not there is refused without asking the bridge again",
    (_, command, reason) => {
      const world = running();
      world.command("dial", dial("out2"));
      world.settle();
      world.machine.setFaults({ delayMs: 5_000, refuse: [], down: false });
      world.command("doubtful", command);
      world.pass(1_000);
      if (command.type === "lock") world.machine.endByTelephone(KEY);
      world.restart();
      world.pass(6_000);
      expect(world.acts()).toEqual(["create-conference done", "dial out2 done"]);
      expect(world.accepted).toContainEqual({ type: "result", id: "doubtful", result: { done: false, reason } });
    },
  );

  test.each<[string, BridgeCommand["type"], "hung-up" | "expelled", object]>([
    ["hung up while an expel was in doubt", "expel", "hung-up", { done: false, reason: "no-such-call" }],
    ["was expelled while that was in doubt", "expel", "expelled", { done: true }],
  ])("a caller who %s left as the bridge says", (_, type, reason, result) => {
    const world = running();
    const id = world.machine.dialIn("14085551234", "987654321#444#");
    world.settle();
    world.loseBridge();
    world.machine.world.endCall(world.machine.world.find(id) ?? expect.unreachable(), reason);
    world.command("doubtful", { type, call: id } as BridgeCommand, { again: true });
    world.connectBridge();
    world.pass(1_000);

    const left = { type: "event", event: { type: "caller-left", call: id, reason } };
    const settled = { type: "result", id: "doubtful", result };
    expect(world.accepted.slice(2, 4)).toEqual(reason === "hung-up" ? [left, settled] : [settled, expect.anything()]);
  });

  test("what was not told when another agent took over is dropped, but for results", () => {
    const world = running();
    world.alone = false;
    world.connectEdge();
    world.edgeDeaf = true;
    world.machine.lockByTelephone(KEY, true);
    world.command("dial", dial("out1"));
    world.settle();
    world.edgeDeaf = false;
    world.epoch = 2;
    world.connectEdge("standby");
    world.settle();
    world.epoch = 3;
    world.tell({ type: "activate", epoch: 3 });
    world.pass(1_000);
    expect(world.results()).toEqual({ create: true, dial: true });
    expect(world.events().map(({ type }) => type)).toEqual(["call-answered", "snapshot"]);
  });

  test("commands for one call go in order, those for others do not wait, and create goes first", () => {
    const world = new AgentWorld();
    world.connect();
    world.machine.setFaults({ delayMs: 100, refuse: [], down: false });
    world.command("create", create);
    world.command("dial-a", dial("a"));
    world.command("cancel-a", { type: "cancel-dial", call: call("a") });
    world.command("dial-b", dial("b"));
    world.command("end", { type: "end-conference" });
    world.pass(1_000);
    expect(world.acts()).toEqual([
      "create-conference done",
      "dial a done",
      "dial b done",
      "cancel-dial a done",
      "end-conference done",
    ]);
  });
});

describe("calls", () => {
  test("a caller is led in by its keys and told with what it keyed", () => {
    const world = running();
    const id = world.machine.dialIn("14085551234", "987654321#444#");
    world.settle();
    expect(world.events()).toEqual([
      {
        type: "caller-entered",
        caller: {
          call: id,
          number: "14085551234",
          attendeeId: "444",
          muted: false,
          silent: false,
          room: MAIN_ROOM,
        },
      },
    ]);
  });

  test("a silent monitor enters muted and without a tone", () => {
    const world = running();
    const id = world.machine.dialIn("", "987654321#999#");
    world.settle();
    expect(world.machine.world.calls.get(id)).toMatchObject({ muted: true, joinTone: false });
    expect(world.events()).toMatchObject([{ type: "caller-entered", caller: { silent: true, muted: true } }]);
  });

  test("a silent monitor is one also for an agent that did not make the conference (protocol 4.18)", () => {
    const { machine } = running();
    const id = machine.dialIn("", "987654321#999#");
    const world = new AgentWorld();
    world.machine = machine;
    world.connect();
    world.settle();
    expect(world.machine.world.calls.get(id)).toMatchObject({ stage: "entered", muted: true, joinTone: false });
  });

  test("after a create with another AnonymousID, who keys that one is a silent monitor, and who keys the old one is not (protocol 4.18)", () => {
    const world = running();
    world.command("create-2", { ...create, anonymousId: "555" });
    world.settle();
    const old = world.machine.dialIn("", "987654321#999#");
    const latest = world.machine.dialIn("", "987654321#555#");
    world.settle();
    expect(world.machine.world.calls.get(old)).toMatchObject({ muted: false, joinTone: true });
    expect(world.machine.world.calls.get(latest)).toMatchObject({ muted: true, joinTone: false });

    world.restart();
    world.settle();
    const after = world.machine.dialIn("", "987654321#555#");
    world.settle();
    expect(world.machine.world.calls.get(after)).toMatchObject({ muted: true, joinTone: false });
  });

  describe("access codes", () => {
    const accessCodes = { subscriber: "1111", participant: "2222" };
    const other = "555" as ConfKey;

    function withCodes(): AgentWorld {
      const world = new AgentWorld();
      world.connect();
      world.command("create", { ...create, accessCodes });
      world.settle();
      return world;
    }
    function dialled(world: AgentWorld, keys: string) {
      const id = world.machine.dialIn("", keys);
      world.settle();
      const { conference, host = false } = world.machine.world.calls.get(id) ?? {};
      return { conference, host };
    }
    const isIn = { conference: KEY, host: false };
    const isHost = { conference: KEY, host: true };
    const isOutside = { conference: null, host: false };

    test("both lead in like the key, and the edge hears who is the host (protocol 2.2.1)", () => {
      const world = withCodes();
      expect(["2222##", "1111#444#", "987654321##"].map((keys) => dialled(world, keys))).toEqual([isIn, isHost, isIn]);
      const hosts = world.events().map((event) => event.type === "caller-entered" && (event.caller.host ?? false));
      expect(hosts).toEqual([false, true, false]);
    });

    test("an agent that did not make the conference knows codes and host (protocol 2.2.1)", () => {
      const { machine } = withCodes();
      const world = new AgentWorld();
      world.machine = machine;
      world.connect();
      world.settle();
      const calls = [world.machine.dialIn("", "2222#444#"), world.machine.dialIn("", "1111#444#")];
      world.restart();
      world.settle();
      const held = calls.map((id) => world.machine.world.calls.get(id));
      expect(held).toMatchObject([{ conference: KEY }, { conference: KEY, host: true }]);
      world.restart();
      world.settle();
      const [snapshot] = world
        .events()
        .filter((event) => event.type === "snapshot")
        .slice(-1);
      const callers = (snapshot?.type === "snapshot" && snapshot.conference?.callers) || [];
      expect(callers.map(({ host = false }) => host)).toEqual([false, true]);
    });

    test("those of the latest create lead in, with its AnonymousID and its limit, also after a restart (protocol 2.2.1, 4.18)", () => {
      const world = withCodes();
      const latest = { subscriber: "3333", participant: "2222" };
      world.command("again", { ...create, anonymousId: "555", maxCallers: 3, accessCodes: latest });
      world.settle();
      expect(["1111##", "3333##"].map((keys) => dialled(world, keys))).toEqual([isOutside, isHost]);
      world.restart();
      world.settle();
      expect(["1111##", "2222#555#"].map((keys) => dialled(world, keys))).toEqual([isOutside, isIn]);
      const silent = [...world.machine.world.calls.values()].filter(({ muted }) => muted);
      expect(silent.map(({ attendeeId }) => attendeeId)).toEqual(["555"]);

      world.command("without", { ...create, maxCallers: 2 });
      world.settle();
      for (const keys of ["3333##", "2222##", "987654321##"]) dialled(world, keys);
      expect([...world.machine.world.calls.values()].filter(({ stage }) => stage === "entered")).toHaveLength(2);
    });

    test("an agent that did not make the conference knows its limit (protocol 4.2)", () => {
      const { machine } = withCodes();
      const [held] = machine.world.conferences.values();
      if (held) held.maxCallers = 1;
      for (const keys of ["2222#444#", "987654321#555#"]) machine.dialIn("", keys);
      const world = new AgentWorld();
      world.machine = machine;
      world.connect();
      world.settle();
      expect([...machine.world.calls.values()].map(({ stage }) => stage)).toEqual(["entered"]);
      expect(world.acts().filter((act) => act.startsWith("admit"))).toHaveLength(1);
    });

    test("a create in doubt is carried out again unless the bridge has all that it says", () => {
      const said = { ...create, maxCallers: 5, accessCodes };
      for (const [shown, isDone] of [
        [{}, true],
        [{ anonymousId: "555" }, false],
        [{ maxCallers: 6 }, false],
        [{ maxCallers: undefined }, true], // This bridge does not show it.
        [{ accessCodes: { subscriber: "1111", participant: null } }, false],
        [{ accessCodes: undefined }, false],
      ] as const) {
        const world = new AgentWorld();
        world.connect();
        world.command("create", said);
        world.settle();
        const state = world.machine.state();
        const view = viewOf({
          ...state,
          conferences: state.conferences.map((one) => ({ ...one, ...shown })),
        } as BridgeState);
        expect(isInEffect(view, KEY, said), JSON.stringify(shown)).toBe(isDone);
      }
    });

    test("a code that two conferences have leads into neither, and into the other one once one is over (protocol 2.2.1)", () => {
      const world = withCodes();
      world.command("other", { ...create, accessCodes }, {}, other);
      world.settle();
      expect([dialled(world, "2222##"), dialled(world, "987654321##")]).toEqual([isOutside, isIn]);
      world.command("end", { type: "end-conference" });
      world.settle();
      expect(dialled(world, "2222##")).toEqual({ ...isIn, conference: other });
    });

    test("who keys a code that is subscriber's and participant's is no host (protocol 2.2.1)", () => {
      const world = new AgentWorld();
      world.connect();
      world.command("create", { ...create, accessCodes: { subscriber: "1111", participant: "1111" } });
      world.settle();
      expect(dialled(world, "1111##")).toEqual(isIn);
    });
  });

  test("an agent goes by its own record where the bridge does not say who is a silent monitor", () => {
    const world = running();
    const conference = world.machine.world.conferences.get(KEY);
    if (conference) conference.anonymousId = null;
    world.restart();
    world.settle();
    const id = world.machine.dialIn("", "987654321#999#");
    world.settle();
    expect(world.machine.world.calls.get(id)).toMatchObject({ muted: true, joinTone: false });
  });

  test("what is keyed right behind the admission is told behind it", () => {
    const world = running();
    world.machine.dialIn("1", "987654321##*6*1555#*6");
    world.settle();
    expect(world.events().map((event) => (event.type === "caller-muted" ? event.muted : event.type))).toEqual([
      "caller-entered",
      true,
      "attendee-identified",
      false,
    ]);
  });

  describe("a mute key", () => {
    function inside() {
      const world = running();
      const call = world.machine.dialIn("1", "987654321##");
      world.settle();
      const caller = world.machine.world.calls.get(call);
      if (!caller) throw new Error("nobody has entered");
      const press = () => {
        world.machine.press(caller, "*6");
        world.pass(2_000);
        return caller.muted;
      };
      return { world, call, caller, press };
    }
    const slow = { delayMs: 400, refuse: [], down: false } as const;
    const quick = { ...slow, delayMs: 0 } as const;

    test("switches each time", () => {
      const { press } = inside();
      expect([press(), press(), press()]).toEqual([true, false, true]);
    });

    test("that is pressed twice at once changes nothing", () => {
      const { world, caller } = inside();
      world.machine.setFaults(slow);
      world.machine.press(caller, "*6*6");
      world.pass(2_000);
      expect(caller.muted).toBe(false);
    });

    test("undoes what is under way when it is pressed, and the next one undoes that", () => {
      const { world, call, press } = inside();
      world.machine.setFaults(slow);
      world.command("mute", { type: "mute", call });
      world.command("unmute", { type: "unmute", call });
      world.settle();
      expect(press()).toBe(true);
      world.machine.setFaults(quick);
      expect(press()).toBe(false);
    });

    test("does not count a mute that comes to nothing, as its time has passed", () => {
      const { world, call, caller } = inside();
      world.machine.setFaults({ ...slow, delayMs: 3_000 });
      world.command("move", { type: "move", call, room: MAIN_ROOM });
      world.command("mute", { type: "mute", call }, { withinMs: 1_000 });
      world.pass(2_000);
      world.machine.press(caller, "*6");
      world.pass(10_000);
      expect(caller.muted).toBe(true);
    });

    test("does not count a mute that the bridge has refused", () => {
      const { world, press } = inside();
      world.machine.setFaults({ ...quick, refuse: ["mute"] });
      expect(press()).toBe(false);
      world.machine.setFaults(quick);
      expect(press()).toBe(true);
    });

    test("counts also when the agent died over it", () => {
      const { world, caller, press } = inside();
      world.machine.setFaults(slow);
      world.machine.press(caller, "*6");
      world.settle();
      world.loseBridge();
      world.restart();
      world.settle();
      world.machine.setFaults(quick);
      world.connectBridge();
      world.pass(2_000);
      expect(caller.muted).toBe(true);
      expect(press()).toBe(false);
    });

    test("switches a caller whom the bridge has muted without a word, once the agent has looked", () => {
      const { world, caller, press } = inside();
      caller.muted = true;
      world.pass(61_000);
      expect(press()).toBe(false);
    });

    test("goes by what the bridge shows, whatever an admission in doubt was to bring", () => {
      const { world, call, caller, press } = inside();
      caller.muted = true; // By the agent that was active before, at the caller's key.
      world.command("admit", admit(call), { again: true });
      world.settle();
      expect(press()).toBe(false);
    });
  });

  test("a call that the bridge has dropped without a word is counted until the agent looks", () => {
    const world = running();
    const forgotten = world.machine.dialIn("1", "987654321##");
    const ended = world.machine.world.calls.get(world.machine.dialIn("2", "987654321##"));
    world.machine.dialIn("3", "987654321##");
    world.settle();
    world.machine.world.calls.delete(forgotten);
    if (ended) world.machine.world.endCall(ended, "hung-up");
    expect(world.status.calls).toBe(3);
    world.pass(61_000);
    expect(world.status.calls).toBe(1);
    expect(world.heard.findLast(({ type }) => type === "health")).toMatchObject({ portsInUse: 1 });
  });

  test("callers are led in while the edge is away, and told when it is back", () => {
    const world = running();
    world.loseEdge();
    world.machine.dialIn("1", "987654321##");
    world.settle();
    expect(world.acts().at(-1)).toMatch(/^admit .* done$/);
    expect(world.events()).toEqual([]);
    world.connectEdge();
    world.settle();
    expect(world.events().map(({ type }) => type)).toEqual(["caller-entered", "snapshot"]);
  });

  test.each([
    [true, "led in while the edge is away, also after a restart"],
    [false, "left to the other one while the edge cannot tell which of the two acts"],
  ])("a bridge with one agent: %s; its callers are %s", (alone) => {
    const world = new AgentWorld();
    world.alone = alone;
    world.connect();
    world.command("create", create);
    world.settle();
    world.loseEdge();
    world.machine.dialIn("1", "987654321#444#");
    world.settle();
    world.restart();
    world.machine.dialIn("2", "987654321#444#");
    world.pass(1_000);
    const admitted = () => world.acts().filter((act) => act.startsWith("admit")).length;
    expect(admitted()).toBe(alone ? 2 : 0);
    world.connectEdge();
    world.settle();
    expect(admitted()).toBe(2);
  });

  test("an agent that is alone looks at the bridge each minute, also while the edge is away", () => {
    const world = running();
    world.loseEdge();
    world.settle();
    const look = vi.spyOn(world.machine, "state");
    world.machine.lockByTelephone(KEY, true); // The report waits for an ack, and the agent for time to pass.
    world.pass(10 * 60_000);
    expect(look.mock.calls.length).toBeGreaterThanOrEqual(9);
    expect(look.mock.calls.length).toBeLessThanOrEqual(11);
  });
});

describe("a conference of another owner", () => {
  const other = "987650000" as ConfKey;
  /** It has a caller. */
  function besideOther(owner: string): AgentWorld {
    const world = new AgentWorld();
    world.machine.execute(owner, "other" as CommandId, other, create, () => {});
    const caller = world.machine.dialIn("14085550009", "");
    const admit = { type: "admit", call: caller, muted: false, joinTone: true } as const;
    world.machine.execute(owner, "other-admit" as CommandId, other, admit, () => {});
    world.connect();
    world.settle();
    return world;
  }
  const ofOther = (world: AgentWorld) =>
    world.heard.filter(
      (message) =>
        ("conference" in message && message.conference === other) ||
        (message.type === "digests" && message.digests.some(({ conference }) => conference === other)),
    );

  test("is neither reported nor touched, and lets nobody in from the prompt", () => {
    const world = besideOther("acme/bridge-1");
    const before = world.acts();
    world.machine.dialIn("14085550001", `${other}#444#`);
    const [inside] = world.machine.world.callsOf(other);
    if (inside) world.machine.press(inside, "*6");
    world.machine.lockByTelephone(other, true);
    world.pass(5_000);

    expect(world.acts()).toEqual(before);
    world.pass(120_000);
    expect(ofOther(world)).toEqual([]);
    expect(world.journal.load().conferences).toEqual([]);
  });

  test("takes its ports all the same", () => {
    const world = besideOther("acme/bridge-1");
    world.machine.dialIn("14085550001", "");
    world.pass(1_000);

    expect(world.heard.filter(({ type }) => type === "health").at(-1)).toMatchObject({ portsInUse: 2 });
    expect(world.status.calls).toBe(1);
    world.loseBridge();
    world.settle();
    expect(world.heard.at(-1)).toMatchObject({ type: "health", bridgeUp: false, portsInUse: 0 });
  });

  test("keeps its key: a create of that key is refused, and nothing follows", () => {
    const world = besideOther("acme/bridge-1");
    world.command("create", create, {}, other);
    world.command("end", { type: "end-conference" }, {}, other);
    world.settle();

    expect(world.accepted).toEqual([
      { type: "result", id: "create", result: { done: false, reason: "refused" } },
      { type: "result", id: "end", result: { done: false, reason: "no-such-conference" } },
    ]);
    expect(world.machine.world.callsOf(other)).toHaveLength(1);
  });

  test("is not one of its own owner that the edge does not know: that is reported, callers enter it, and nothing of it is ended", () => {
    const world = besideOther(OWNER);
    expect(world.events()).toMatchObject([{ type: "snapshot", conference: { callers: [{ number: "14085550009" }] } }]);
    world.machine.dialIn("14085550001", `${other}#444#`);
    world.pass(120_000);

    expect(world.machine.world.callsOf(other)).toHaveLength(2);
    expect(world.events().map(({ type }) => type)).toEqual(["snapshot", "caller-entered"]);
    expect(world.acts().some((act) => act.startsWith("end-conference"))).toBe(false);
    expect(ofOther(world).map(({ type }) => type)).toContain("digests");
  });
});

describe("each minute", () => {
  const digests = (world: AgentWorld) =>
    world.heard.flatMap((message) => (message.type === "digests" ? message.digests : []));
  const snapshots = (world: AgentWorld) => world.events().filter(({ type }) => type === "snapshot");

  test("the edge hears the digest of each conference in which nothing is under way or unacknowledged", () => {
    const world = running();
    world.machine.dialIn("1", "987654321#444#");
    world.settle();
    world.pass(59_000);
    expect(digests(world)).toEqual([]);
    world.pass(1_200);
    const { callers } = snapshotOfBridge(world);
    expect(digests(world)).toEqual([
      { conference: KEY, digest: digestOf({ locked: false, callers, dialled: [], rooms: [], speaking: null }) },
    ]);
    world.machine.setFaults({ delayMs: 100_000, refuse: [], down: false });
    world.command("lock", { type: "lock" });
    world.pass(60_000);
    expect(digests(world)).toHaveLength(1);
    expect(snapshots(world)).toEqual([]);
  });

  test("a digest that the edge has confirmed waits for two rounds; what the bridge changes without a word, for none", () => {
    const world = running();
    world.pass(60_200);
    const [digest] = digests(world);
    if (!digest) throw new Error("no digest was sent");
    world.tell({ type: "digest-confirmed", ...digest });
    world.pass(60_000);
    expect(digests(world)).toHaveLength(1);
    world.pass(60_000);
    world.tell({ type: "digest-confirmed", ...digest });
    expect(digests(world)).toHaveLength(2);
    Object.assign(world.machine.world.conferences.get(KEY) ?? {}, { locked: true });
    world.pass(60_000);
    expect(digests(world)).toHaveLength(3);
  });

  test("a conference that the edge knows otherwise is told in full, and no other", () => {
    const world = running();
    world.tell({ type: "snapshot-wanted", conference: KEY });
    world.settle();
    expect(snapshots(world)).toHaveLength(1);
    world.pass(60_000);
    expect(snapshots(world)).toHaveLength(1);
  });

  test.each([
    [
      "has the edge's digest",
      (world: AgentWorld) =>
        digestOf({ ...snapshotOfBridge(world), locked: false, dialled: [], rooms: [], speaking: null }),
      0,
    ],
    ["has another one", () => "other", 1],
    [
      "was asked for in any case as well",
      (world: AgentWorld) => {
        world.tell({ type: "snapshot-wanted", conference: KEY });
        return digestOf({ ...snapshotOfBridge(world), locked: false, dialled: [], rooms: [], speaking: null });
      },
      1,
    ],
  ])(
    "of a conference that %s, asked for unless it has that, so many snapshots are sent: %#",
    (_what, unless, count) => {
      const world = running();
      world.machine.dialIn("1", "987654321#444#");
      world.settle();
      world.tell({ type: "snapshot-wanted", conference: KEY, unless: unless(world) });
      world.settle();
      expect(snapshots(world)).toHaveLength(count);
    },
  );

  test("the edge hears of a conference that the bridge has lost, and that no agent knows of, when it asks", () => {
    const world = new AgentWorld();
    world.connect();
    world.settle();
    world.tell({ type: "snapshot-wanted", conference: KEY, unless: "open.0.0.0" });
    world.settle();
    expect(world.events()).toEqual([{ type: "snapshot", conference: null }]);
  });

  test("while a command is under way, a conference is not compared", () => {
    const world = running();
    world.machine.setFaults({ delayMs: 100_000, refuse: [], down: false });
    world.command("lock", { type: "lock" });
    world.settle();
    world.tell({ type: "snapshot-wanted", conference: KEY, unless: "other" });
    world.settle();
    expect(snapshots(world)).toEqual([]);
    world.pass(30_000);
    expect(snapshots(world)).toEqual([]);
  });

  test("the digests of many conferences are spread over the minute", () => {
    const world = new AgentWorld();
    world.connect();
    const keys = Array.from({ length: 1_201 }, (_, index) => `${100_000_000 + index}` as ConfKey);
    for (const [index, key] of keys.entries()) world.command(`create-${index}`, create, {}, key);
    world.settle();
    world.pass(60_200);
    const sizes = () => world.heard.flatMap((message) => (message.type === "digests" ? [message.digests.length] : []));
    expect(sizes()).toEqual([10]);
    // A change makes a digest wrong that was not sent yet.
    world.machine.lockByTelephone(keys.at(-1) ?? KEY, true);
    world.pass(24_000);
    expect(sizes()).toEqual(Array.from({ length: 120 }, () => 10));
    world.pass(35_000);
    expect(sizes()).toHaveLength(120);
  });

  test("a conference that the bridge holds, and nobody else knows, has its digest told", () => {
    const world = new AgentWorld();
    world.machine.execute(OWNER, "elsewhere" as CommandId, "1" as ConfKey, create, () => {});
    world.connect();
    world.pass(60_400);
    expect(digests(world)).toEqual([
      { conference: "1", digest: digestOf({ locked: false, callers: [], dialled: [], rooms: [], speaking: null }) },
    ]);
  });

  test("a conference that the bridge has dropped without a word is told as gone", () => {
    const world = running();
    world.machine.world.endConference(KEY);
    world.pass(60_400);
    expect(snapshots(world)).toEqual([{ type: "snapshot", conference: null }]);
    world.pass(60_400);
    expect(snapshots(world)).toHaveLength(1);
  });

  function snapshotOfBridge(world: AgentWorld) {
    const callers = world.machine.state().calls.flatMap((held) => (held.stage === "entered" ? [held] : []));
    return { callers };
  }
});

describe("reports", () => {
  function unacknowledged(): AgentWorld {
    const world = running();
    world.edgeDeaf = true;
    world.machine.lockByTelephone(KEY, true);
    world.settle();
    world.edgeDeaf = false;
    return world;
  }
  const locked = [{ type: "lock-changed", locked: true }];

  test("what is not acknowledged within a second is sent again, and accepted once", () => {
    const world = unacknowledged();
    world.pass(800);
    expect(world.events()).toEqual([]);
    world.pass(400);
    expect(world.events()).toEqual(locked);
    world.pass(5_000);
    expect(world.events()).toEqual(locked);
  });

  test("what is not acknowledged is sent again at once after a reconnect", () => {
    const world = unacknowledged();
    world.loseEdge();
    world.connectEdge();
    world.settle();
    expect(world.events().slice(0, 1)).toEqual(locked);
  });

  test("through a thousand reconnects in a row each event is told once, in one stream, and nothing is left behind", () => {
    const world = running();
    for (let round = 0; round < 1_000; round += 1) {
      world.silent = round % 3 === 0; // It takes what it hears, and the link is gone before it says so.
      world.machine.lockByTelephone(KEY, round % 2 === 0);
      world.settle();
      world.silent = false;
      world.loseEdge();
      world.pass(200);
      world.epoch += 1;
      world.connectEdge();
      world.settle();
    }
    const changes = world.events().flatMap((event) => (event.type === "lock-changed" ? [event.locked] : []));
    expect(changes).toEqual(Array.from({ length: 1_000 }, (_, round) => round % 2 === 0));
    const streams = world.heard.flatMap((message) => (message.type === "reports" ? [message.stream] : []));
    expect(new Set(streams).size).toBe(1);
    expect(world.status.unacknowledged).toBe(0);
    world.pass(61_000);
    expect(world.journal.load()).toMatchObject({ conferences: [{ reports: [] }], commands: [] });
  });

  const journaled = (world: AgentWorld) => world.journal.load().conferences.map(({ reports }) => reports.length);

  test("an ack costs no write of its own, but for one a minute", () => {
    const world = running();
    world.pass(61_000);
    expect(journaled(world)).toEqual([0]);
    world.machine.lockByTelephone(KEY, true);
    world.pass(5_000);
    expect([world.status.unacknowledged, journaled(world)]).toEqual([0, [1]]);
    world.machine.lockByTelephone(KEY, false); // Its report takes the ack of the one before along.
    world.pass(5_000);
    expect(journaled(world)).toEqual([1]);
    world.pass(60_000);
    expect(journaled(world)).toEqual([0]);
  });

  test("an agent that dies before it has written an ack tells the edge nothing new", () => {
    const world = running();
    world.machine.lockByTelephone(KEY, true);
    world.pass(5_000);
    const told = world.events();
    world.restart();
    world.pass(5_000);
    expect(world.events().filter(({ type }) => type !== "snapshot")).toEqual(
      told.filter(({ type }) => type !== "snapshot"),
    );
    expect(world.status.unacknowledged).toBe(0);
  });

  test("an ack of a stream that was replaced deletes nothing of the new one", () => {
    const world = running();
    world.silent = true;
    world.machine.lockByTelephone(KEY, true);
    world.settle();
    world.command("7", { type: "unlock" });
    world.pass(1_500);
    const reports = world.heard.findLast((message) => message.type === "reports");
    const result = reports?.reports.at(-1);
    if (!reports || result?.report.type !== "result") throw new Error("the result was not reported");
    const { stream } = reports;
    world.tell({ type: "reports-ack", conference: KEY, stream, upTo: result.number - 1 });
    world.tell({ type: "reports-ack", conference: KEY, stream, upTo: 1_000 }); // The edge has lost its state.
    world.pass(5_000);
    expect(journaled(world)).toEqual([world.status.unacknowledged]);
    expect(world.status.unacknowledged).toBeGreaterThan(0);
  });

  test("what was not acknowledged when the agent died is sent when it is back", () => {
    const world = unacknowledged();
    world.restart();
    world.settle();
    expect(world.events().slice(0, 1)).toEqual(locked);
  });

  test.each([
    ["more than was ever told", 40],
    ["less than it took", 0],
  ])("an edge that knows %s hears how the conference stands, and from then on all that happens", (_, upTo) => {
    const world = running();
    world.remember(KEY, upTo);
    world.machine.lockByTelephone(KEY, true);
    world.pass(2_000);
    expect(world.events()).toEqual([{ type: "snapshot", conference: expect.objectContaining({ locked: true }) }]);
    world.machine.lockByTelephone(KEY, false);
    world.pass(2_000);
    expect(world.events().slice(1)).toEqual([{ type: "lock-changed", locked: false }]);
    expect(world.status.unacknowledged).toBe(0);
  });

  test("an edge that has forgotten one conference is told of that one anew, and of no other", () => {
    const other = "123456789" as ConfKey;
    const world = running();
    world.command("other", create, {}, other);
    world.settle();
    world.silent = true;
    world.machine.lockByTelephone(KEY, true);
    world.settle();
    world.silent = false;
    world.remember(other, 0);
    world.command("lock", { type: "lock" }, {}, other);
    world.pass(3_000);
    expect(world.events()).toEqual([
      { type: "lock-changed", locked: true },
      { type: "snapshot", conference: expect.objectContaining({ locked: true, callers: [] }) },
    ]);
    expect(world.results()).toEqual({ create: true, other: true, lock: true });
    expect(world.status.unacknowledged).toBe(0);
  });

  test("what happens while the edge is away for long is told by one snapshot, and the results of commands all the same", () => {
    const world = running();
    world.edgeDeaf = true;
    world.command("unlock", { type: "unlock" });
    world.settle();
    world.edgeDeaf = false;
    world.loseEdge();
    world.settle();
    let most = 0;
    for (let count = 0; count < 13_001; count += 1) {
      world.machine.lockByTelephone(KEY, count % 2 === 0);
      world.settle();
      most = Math.max(most, world.status.unacknowledged);
    }
    expect(most).toBeLessThan(5_002);
    expect(world.journal.load().conferences[0]?.reports).toHaveLength(world.status.unacknowledged);
    world.connectEdge();
    world.settle();
    expect(world.results()).toEqual({ create: true, unlock: true });
    expect(world.events()[0]).toMatchObject({ type: "snapshot" });
    expect(world.events().at(-1)).toMatchObject({ type: "snapshot", conference: { locked: true } });
  });

  test("who merged by key while the edge was away for long is told with the newest key, for no snapshot shows it", () => {
    const world = running();
    const id = world.machine.dialIn("1", "987654321#444#");
    world.settle();
    world.loseEdge();
    const leg = world.machine.world.calls.get(id);
    if (leg) world.machine.press(leg, "*1444#*1555#");
    for (let count = 0; count < 6_000; count += 1) {
      world.machine.lockByTelephone(KEY, count % 2 === 0);
      world.settle();
    }
    world.connectEdge();
    world.settle();
    expect(world.events().slice(1, 3)).toEqual([
      expect.objectContaining({ type: "attendee-identified", call: id, attendeeId: "555" }),
      expect.objectContaining({ type: "snapshot" }),
    ]);
  });

  test("a flood goes out in messages of bounded size, in order", () => {
    const world = running();
    world.loseEdge();
    for (let count = 0; count < 1_200; count += 1) world.machine.lockByTelephone(KEY, count % 2 === 0);
    world.settle();
    world.connectEdge();
    world.settle();
    expect(world.events().filter(({ type }) => type === "lock-changed")).toHaveLength(1_200);
    const sizes = world.heard.flatMap((message) => (message.type === "reports" ? [message.reports.length] : []));
    expect(sizes).toEqual([1, 500, 500, 201]);
  });

  test("no message but one with a single report is longer than the edge takes at a time", () => {
    const stream = new ReportStream("s1" as StreamId, 1, []);
    const callers = Array.from({ length: 5_000 }, (_, index) => ({
      ...{ call: call(`c${index}`), number: "14085551234", attendeeId: "123456" },
      ...{ muted: false, silent: false, room: MAIN_ROOM },
    }));
    const conference = { locked: false, speaking: null, rooms: [], callers, dialled: [] };
    const snapshot: Report = { type: "event", event: { type: "snapshot", conference } };
    const few: Report = {
      type: "event",
      event: { type: "snapshot", conference: { ...conference, callers: callers.slice(0, 100) } },
    };
    for (const report of [few, snapshot, ...Array.from({ length: 20 }, () => few)]) stream.append(report);
    const messages: (readonly NumberedReport[])[] = [];
    for (let batch = stream.first(); batch; batch = stream.first()) {
      messages.push(batch.reports);
      stream.sent(batch, 0);
      stream.acknowledge(batch.reports.at(-1)?.number ?? 0, 0);
    }
    expect(messages.flat()).toHaveLength(22);
    for (const message of messages.filter(({ length }) => length > 1)) {
      expect(JSON.stringify(message).length).toBeLessThan(110_000);
    }
    expect(messages.filter(({ length }) => length === 1)).toHaveLength(2);
  });

  test("a conference that is over and told is forgotten, and the next one of its key is told as another", () => {
    const world = running();
    world.command("end", { type: "end-conference" });
    world.settle();
    expect(world.journal.load().conferences).toEqual([]);
    world.remember(KEY, 0); // Its object was deleted meanwhile.
    world.command("again", create);
    world.settle();
    expect(world.results()).toEqual({ create: true, end: true, again: true });
    expect(world.accepted).toHaveLength(3);
  });
});

/** All of a conference's life, with commands of the edge, of keypads and of callers. */
function conferenceLife(world: AgentWorld): void {
  world.react = admitting;
  world.connect();
  world.command("create", create);
  world.pass(3_000);
  const one = world.machine.dialIn("1", "987654321#444#");
  world.command("dial", dial("out1"));
  world.command("room", { type: "create-room", room: "r1" as RoomId, kind: "sub" });
  world.pass(4_000);
  const caller = world.machine.world.calls.get(one);
  const isIdentified = () => world.events().some(({ type }) => type === "attendee-identified");
  // A caller who sees no effect keys once more: what is keyed in a conference while no agent lives is lost.
  for (let times = 0; caller && !caller.muted && times < 2; times += 1) {
    world.machine.press(caller, "*6");
    world.pass(3_000);
  }
  for (let times = 0; caller && !isIdentified() && times < 2; times += 1) {
    world.machine.press(caller, "*1555#");
    world.pass(3_000);
  }
  world.command("move", { type: "move", call: one, room: "r1" as RoomId });
  world.command("mute", { type: "mute", call: call("out1") });
  world.command("lock", { type: "lock" });
  world.pass(4_000);
  world.command("expel", { type: "expel", call: call("out1") });
  world.command("close", { type: "close-room", room: "r1" as RoomId });
  world.pass(4_000);
  world.command("end", { type: "end-conference" });
  world.pass(6_000);
}

describe("an agent that dies at any point of its work", () => {
  const smooth = new AgentWorld();
  conferenceLife(smooth);

  test("does not matter when it does not die", () => {
    expect(smooth.acts()).toHaveLength(12);
    expect(smooth.acts().every((act) => act.endsWith("done"))).toBe(true);
    expect(smooth.status).toMatchObject({ running: 0, unacknowledged: 0 });
  });

  test.each(Array.from({ length: smooth.steps }, (_, index) => index + 1))(
    "at step %i: each command acts once and is answered once",
    (step) => {
      const world = new AgentWorld();
      world.crashAt = step;
      conferenceLife(world);
      expect(world.crashes).toBe(1);
      expect([...world.acts()].sort()).toEqual([...smooth.acts()].sort());
      expect(world.results()).toEqual(smooth.results());
      expect(world.accepted.filter(({ type }) => type === "result")).toHaveLength(Object.keys(smooth.results()).length);
      // An agent that dies before it commits what a caller keyed gives it another id.
      const eventsOf = (each: AgentWorld, type: string) =>
        each.events().flatMap((event) => (event.type === type ? [{ ...event, id: "" }] : []));
      for (const type of ["caller-entered", "caller-muted", "attendee-identified"]) {
        expect(eventsOf(world, type)).toEqual(eventsOf(smooth, type));
      }
      expect(world.status).toMatchObject({ running: 0, unacknowledged: 0 });
    },
  );
});

describe("what operations staff ask about", () => {
  test("callers at the prompt: one line each for one on whom the agent hangs up, or who found its conference late", () => {
    const world = running();
    world.notes.length = 0;
    world.machine.dialIn("14085550001", "11#22#33#");
    world.machine.dialIn("14085550002", "11#987654321##");
    const gone = world.machine.dialIn("14085550003", "11#22#");
    world.machine.dialIn("14085550004", "");
    world.settle();
    const call = world.machine.world.calls.get(gone);
    if (call) world.machine.hangUp(call);
    world.machine.dialIn("14085550005", "987654321##");
    world.settle();
    world.pass(30_200);

    expect(world.notes).toEqual([
      "the agent hangs up on a caller at the prompt: no conference has the keys that it keyed",
      "a caller found its conference after 1 key of no conference",
      "a caller hung up after 2 keys of no conference",
      "the agent hangs up on a caller at the prompt: it keyed nothing for too long",
    ]);
  });

  test("the calls, with their rooms and since when they are known", () => {
    const world = running();
    const id = world.machine.dialIn("14085550001", "987654321##");
    world.settle();
    world.command("room", { type: "create-room", room: "r1" as RoomId, kind: "sub" });
    world.command("move", { type: "move", call: id, room: "r1" as RoomId });
    world.command("mute", { type: "mute", call: id });
    const waiting = world.machine.dialIn("14085550002", "");
    world.settle();
    const since = 100_000_000;
    const seen = { number: "14085550001", conference: KEY, room: "r1", muted: true, since, stage: "entered" };
    const prompt = { number: "14085550002", conference: null, room: null, muted: false, since, stage: "prompted" };
    expect(world.calls).toEqual([
      { call: id, ...seen },
      { call: waiting, ...prompt },
    ]);

    world.pass(1_000);
    world.restart();
    world.settle();
    expect(world.calls).toEqual([
      { call: id, ...seen, since: since + 1_000 },
      { call: waiting, ...prompt, since: since + 1_000 },
    ]);

    // Who was in a room that is closed goes back to the main room: the next state shows it.
    world.command("close", { type: "close-room", room: "r1" as RoomId });
    world.pass(62_000);
    expect(world.calls).toMatchObject([{ call: id, room: MAIN_ROOM }]);
  });

  test("a takeover says whose place it is and why, and when this agent acts", () => {
    const world = new AgentWorld();
    world.alone = false;
    world.connect("standby");
    world.settle();
    world.notes.length = 0;
    world.epoch = 2;
    world.tell({ type: "activate", epoch: 2, replaces: { agent: "agent-2", why: "silent" } });
    world.settle();
    expect(world.notes).toEqual([
      "takeover: this agent acts from now on in place of agent-2, which gave no sign of life; nobody acted for at least 10 s",
      "this agent acts on the bridge (0 conferences, 0 calls), 0.0 s after the edge made it active",
    ]);

    world.pass(60_000);
    world.notes.length = 0;
    world.loseBridge();
    world.pass(2_000);
    world.connectBridge();
    world.settle();
    expect(world.notes.at(-1)).toBe(
      "this agent acts on the bridge (0 conferences, 0 calls), 0.0 s after the bridge was connected",
    );

    world.loseEdge();
    world.settle();
    world.epoch = 3;
    world.notes.length = 0;
    world.connectEdge("standby");
    world.settle();
    expect(world.notes).toEqual(["standby: the edge has made another agent of this bridge active"]);
    world.loseEdge();
    world.epoch = world.activeSince = 4;
    world.connectEdge();
    world.settle();
    expect(world.notes[1]).toBe("takeover: this agent acts from now on; another one did until it left the edge");
  });

  test("a standby that was active before its restart does not say that it lost its place just now", () => {
    const world = new AgentWorld();
    world.alone = false;
    world.connect();
    world.settle();
    world.loseEdge();
    world.restart();
    world.settle();
    world.notes.length = 0;
    world.epoch = 2;

    world.connectEdge("standby");
    world.settle();

    expect(world.notes).toEqual([]);
  });

  test("an agent that is about to end takes no callers and no commands, and says so", () => {
    const world = running();
    world.stop();
    world.machine.dialIn("14085550001", "987654321##");
    world.command("lock", { type: "lock" });
    world.pass(1_000);

    expect(world.acts()).toEqual(["create-conference done"]);
    expect(world.status.draining).toBe(true);
    expect(world.heard.filter(({ type }) => type === "commands-ack")).toEqual([]);
  });
});
