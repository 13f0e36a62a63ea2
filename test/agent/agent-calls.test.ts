import { describe, expect, test } from "vitest";
import type { Conference } from "../../simulators/bridge/world.ts";
import type { CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import { aCaller } from "../builders.ts";
import { AgentWorld, admit, call, create, dial, KEY, OWNER, running } from "./agent-world.ts";

test("admits a caller by its DTMF digits and reports the attendee ID", () => {
  const world = running();
  const id = world.machine.dialIn("14085551234", "987654321#444#");
  world.settle();
  expect(world.events()).toEqual([
    {
      type: "caller-entered",
      caller: aCaller({ call: id, attendeeId: "444" }),
      prompt: { waitedMs: 0, wrongKeys: 0 },
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

test("recognizes silent monitors of a conference that another agent created (protocol 4.18)", () => {
  const { machine } = running();
  const id = machine.dialIn("", "987654321#999#");
  const world = new AgentWorld();
  world.machine = machine;
  world.connect();
  world.settle();
  expect(world.machine.world.calls.get(id)).toMatchObject({ stage: "entered", muted: true, joinTone: false });
});

/** The edge has had somebody called, and lets that one in. */
function withDialled(more: { readonly muted: boolean; readonly joinTone: boolean }): AgentWorld {
  const world = running();
  world.command("dial", dial("out1"));
  world.settle();
  world.pass(200);
  world.command("admit", { type: "admit", call: call("out1"), ...more });
  world.settle();
  return world;
}

test.each([
  ["joined", "a muted attendee", true],
  ["alone", "a silent monitor", false],
])("announces %s to a caller who enters beside %s (protocol 4.18)", (announced, _, joinTone) => {
  const world = withDialled({ muted: true, joinTone });
  const id = world.machine.dialIn("1", "987654321##");
  world.settle();
  expect(world.announced.at(-1)).toBe(`${id} ${announced}`);
});

test("makes silent monitors by the AnonymousID of the latest create (protocol 4.18)", () => {
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

test("announces to a caller that the others are in a room", () => {
  const world = running();
  const other = world.machine.dialIn("1", "987654321##");
  world.command("room", { type: "create-room", room: "r1" as RoomId, kind: "sub" });
  world.command("move", { type: "move", call: other, room: "r1" as RoomId });
  world.settle();
  const id = world.machine.dialIn("2", "987654321##");
  world.settle();
  expect(world.announced.at(-1)).toBe(`${id} alone`);
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

  test("admit callers, and the subscriber's code makes the host (protocol 2.2.1)", () => {
    const world = withCodes();
    expect(["2222##", "1111#444#", "987654321##"].map((keys) => dialled(world, keys))).toEqual([isIn, isHost, isIn]);
    const hosts = world.events().map((event) => event.type === "caller-entered" && (event.caller.host ?? false));
    expect(hosts).toEqual([false, true, false]);
  });

  test("are known to an agent that did not create the conference (protocol 2.2.1)", () => {
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

  test("are those of the latest create, after a restart too (protocol 2.2.1, 4.18)", () => {
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

  test("admit up to the limit that another agent's create set (protocol 4.2)", () => {
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

  test("admit nobody while two conferences share one (protocol 2.2.1)", () => {
    const world = withCodes();
    world.command("other", { ...create, accessCodes }, {}, other);
    world.settle();
    expect([dialled(world, "2222##"), dialled(world, "987654321##")]).toEqual([isOutside, isIn]);
    world.command("end", { type: "end-conference" });
    world.settle();
    expect(dialled(world, "2222##")).toEqual({ ...isIn, conference: other });
  });

  test("make no host if both are the same (protocol 2.2.1)", () => {
    const world = new AgentWorld();
    world.connect();
    world.command("create", { ...create, accessCodes: { subscriber: "1111", participant: "1111" } });
    world.settle();
    expect(dialled(world, "1111##")).toEqual(isIn);
  });
});

describe("a conference of two callers at most, with access codes,", () => {
  const accessCodes = { subscriber: "1111", participant: "2222" };

  /** The agent looks at the bridge once more, which holds something else, or does not show it; then callers key this, one after the other. */
  function entered(shown: Partial<Conference>, ...keyed: readonly string[]) {
    const world = new AgentWorld();
    world.connect();
    world.command("create", { ...create, maxCallers: 2, accessCodes });
    world.settle();
    Object.assign(world.machine.world.conferences.get(KEY) ?? expect.unreachable(), shown);
    world.pass(61_000);
    const calls = keyed.map((keys) => {
      const id = world.machine.dialIn("", keys);
      world.settle();
      return world.machine.world.calls.get(id);
    });
    return calls.map((one) => (one?.stage === "entered" ? (one.muted ? "muted" : "in") : "out"));
  }

  test.each<[string, Partial<Conference>, string, string]>([
    ["code", { accessCodes: { subscriber: "3333", participant: "4444" } }, "4444##", "in"],
    ["code that leads in no more", { accessCodes: { subscriber: "3333", participant: "4444" } }, "2222##", "out"],
    ["AnonymousID", { anonymousId: "555" }, "2222#555#", "muted"],
    ["lock", { locked: true }, "2222##", "out"],
  ])("takes over each %s that another agent set", (_, shown, keys, is) => {
    expect(entered(shown, keys)).toEqual([is]);
  });

  test("has the limit that another agent has given it", () => {
    expect(entered({ maxCallers: 3 }, "2222##", "2222##", "2222##", "2222##")).toEqual(["in", "in", "in", "out"]);
  });
});

test("reports digits entered right after admission in their order", () => {
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

test("drops an unreported attendee ID when its caller hangs up", () => {
  const world = running();
  const id = world.machine.dialIn("1", "987654321##");
  world.settle();
  const caller = world.machine.world.calls.get(id) ?? expect.unreachable();
  world.machine.setFaults({ delayMs: 400, refuse: [], down: false });
  world.command("mute", { type: "mute", call: id });
  world.settle();
  world.machine.press(caller, "*1444#");
  world.settle();
  world.machine.hangUp(caller);
  world.pass(2_000);
  expect(world.events().map(({ type }) => type)).toEqual(["caller-entered", "caller-left"]);
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

  test("switches a caller whom another agent admitted", () => {
    const world = running();
    world.pass(45_000);
    const id = world.machine.dialIn("1", "");
    world.settle();
    world.machine.execute(OWNER, "elsewhere" as CommandId, KEY, admit(id), () => {});
    world.pass(20_000); // The agent looks at the bridge each minute.
    const caller = world.machine.world.calls.get(id) ?? expect.unreachable();
    world.machine.press(caller, "*6");
    world.settle();
    expect(caller).toMatchObject({ stage: "entered", muted: true });
  });

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

  test("undoes the command that is pending when it is pressed", () => {
    const { world, call, press } = inside();
    world.machine.setFaults(slow);
    world.command("mute", { type: "mute", call });
    world.command("unmute", { type: "unmute", call });
    world.settle();
    expect(press()).toBe(true);
    world.machine.setFaults(quick);
    expect(press()).toBe(false);
  });

  test("unmutes a caller whom the bridge muted without an event", () => {
    const { world, caller, press } = inside();
    caller.muted = true;
    world.pass(61_000);
    expect(press()).toBe(false);
  });
});

test("stops counting a call that the bridge dropped without an event", () => {
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

test.each(["restart", "takes over"] as const)(
  "an agent that has not read the bridge yet does not say how full it is: %s",
  (how) => {
    const world = running();
    for (const number of ["1", "2"]) world.machine.dialIn(number, "987654321##");
    world.settle();
    world.heard.length = 0;
    if (how === "restart") {
      world.restart();
      world.connect();
    } else {
      world.connectEdge("standby");
      world.settle();
      world.heard.length = 0;
      world.connectEdge("active");
    }
    world.settle();

    const healths = world.heard.flatMap((message) => (message.type === "health" && message.bridgeUp ? message : []));
    const said = healths.map(({ portsInUse, portsUnread }) => (portsUnread ? null : portsInUse));
    expect([...new Set(said)]).toEqual([null, 2]);
  },
);

test("admits callers during an edge outage and reports them afterwards", () => {
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
