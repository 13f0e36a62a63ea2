import { describe, expect, test } from "vitest";
import { type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { AgentWorld, admitting, call, create, dial, KEY, OWNER, running } from "./agent-world.ts";

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
    expect(world.status.calls).toBeNull();
  });

  test("keeps its key: a create of that key is refused", () => {
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

  test("differs from an own conference that only the edge does not know", () => {
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
        expect(eventsOf(world, type), type).toEqual(eventsOf(smooth, type));
      }
      expect(world.status).toMatchObject({ running: 0, unacknowledged: 0 });
    },
  );
});

describe("operators see", () => {
  test("one log line for each caller with wrong or missing digits", () => {
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

  test("the reason of a takeover and its time", () => {
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

  test("no takeover when an agent restarts as standby", () => {
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

  test("a stopping agent that accepts no callers and no commands", () => {
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
