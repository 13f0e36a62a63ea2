import { describe, expect, test } from "vitest";
import type { BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import type { CallId, ConfKey } from "../../src/foundation/ids.ts";
import { AgentWorld, dial, KEY, running } from "./agent-world.ts";

const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: "999" };

/** What a new caller hears from now on, key by key. */
function heard(world: AgentWorld, keys: string): string[] {
  world.announced.length = 0;
  const id = world.machine.dialIn("14085551234", "");
  world.settle();
  press(world, id, keys);
  return heardBy(world, id);
}
function press(world: AgentWorld, id: CallId, keys: string): void {
  for (const key of keys) {
    const call = world.machine.world.calls.get(id);
    if (call) world.machine.press(call, key);
    world.settle();
  }
}
function heardBy(world: AgentWorld, id: CallId): string[] {
  return world.announced.flatMap((line) => (line.startsWith(`${id} `) ? [line.slice(id.length + 1)] : []));
}

describe("callers hear", () => {
  test("prompts step by step, then that they are in", () => {
    const world = running();
    expect(heard(world, `5#${KEY}#444#`)).toEqual(["welcome", "key-again", "attendee-id", "alone"]);
    expect(heard(world, `${KEY}##`)).toEqual(["welcome", "attendee-id", "joined"]);
  });

  test("please wait for a minute as a call-out without the edge", () => {
    const world = running();
    const waits = "o1" as CallId;
    world.command("dial", dial(waits));
    world.loseEdge();
    world.pass(1_000);
    world.connectEdge();
    world.pass(61_000);
    expect(world.machine.world.calls.has(waits)).toBe(true);
    world.loseEdge();
    world.reported({ type: "answered", call: waits, conference: KEY });
    world.pass(59_000);
    expect([heardBy(world, waits), world.machine.world.calls.has(waits)]).toEqual([
      ["please-wait", "please-wait"],
      true,
    ]);
    world.pass(2_000);
    expect(world.machine.world.calls.has(waits)).toBe(false);
  });

  test("no prompt for digits that came while the process hung", () => {
    const world = running();
    const id = world.machine.dialIn("14085551234", "");
    world.settle();
    press(world, id, `${KEY}#4*4`);
    const call = world.machine.world.calls.get(id);
    if (call) world.standStill(5_000, () => world.machine.press(call, "4#"));
    expect(heardBy(world, id)).toEqual(["welcome", "attendee-id"]);
    world.pass(4_000);
    press(world, id, "444#");
    expect(heardBy(world, id)).toEqual(["welcome", "attendee-id", "attendee-id", "alone"]);
    expect(world.machine.world.calls.get(id)).toMatchObject({ attendeeId: "444" });
  });

  test("that the conference is full beyond MaxNumAttendee (protocol 4.2)", () => {
    const world = running();
    world.command("limit", { ...create, maxCallers: 3, accessCodes: { subscriber: null, participant: "2222" } });
    const number = { country: "1", area: "408", local: "5550123", extension: "" };
    world.command("dial", { type: "dial", call: "o1" as CallId, number, waitMs: 60_000 });
    const first = world.machine.dialIn("14085550001", `${KEY}##`);
    world.settle();
    expect(heard(world, `${KEY}##`)).toEqual(["welcome", "attendee-id", "joined"]);
    // One is being dialled, two are inside: nobody else is led in, before one leaves.
    expect([`${KEY}#`, "2222#"].map((keys) => heard(world, keys))).toEqual(Array(2).fill(["welcome", "full"]));

    const call = world.machine.world.calls.get(first);
    if (call) world.machine.hangUp(call);
    world.settle();
    expect(heard(world, `${KEY}##`)).toEqual(["welcome", "attendee-id", "joined"]);
  });

  test("that another caller has just taken the last place (protocol 4.2)", () => {
    const world = running();
    world.command("limit", { ...create, maxCallers: 1 });
    world.settle();
    const [first, second] = [world.machine.dialIn("", `${KEY}#`), world.machine.dialIn("", `${KEY}#`)];
    world.settle();

    press(world, first, "#");
    press(world, second, "#");
    world.settle();

    expect([first, second].map((call) => heardBy(world, call).at(-1))).toEqual(["alone", "full"]);
    expect(world.acts().slice(2)).toEqual([`admit ${first} done`, `expel ${second} done`]);
  });

  test("only their own mute and unmute", () => {
    const world = running();
    const [, , alone] = heard(world, `${KEY}##`);
    expect(alone).toBe("alone");
    const [id = "" as CallId] = world.machine.world.calls.keys();
    world.announced.length = 0;

    press(world, id, "*6*6");
    world.command("mute", { type: "mute", call: id });
    world.settle();

    expect(heardBy(world, id)).toEqual(["muted", "unmuted"]);
  });

  test.each<[string, string, string, (world: AgentWorld) => void]>([
    ["tried three keys of no conference", "5#6#7#", "unknown-conference", () => {}],
    ["comes to a locked conference", `${KEY}#`, "locked", (world) => world.command("lock", { type: "lock" })],
    [
      "is refused by the bridge",
      `${KEY}##`,
      "goodbye",
      (world) => world.machine.setFaults({ delayMs: 0, refuse: ["admit"], down: false }),
    ],
  ])("why they are disconnected: one who %s", (_, keys, why, prepare) => {
    const world = running();
    prepare(world);
    world.settle();
    expect(heard(world, keys).at(-1)).toBe(why);
    expect(world.acts().at(-1)).toBe("expel c1-boot1 done");
  });

  test.each<[string, ExecutionResult, string, (world: AgentWorld) => void]>([
    ["took too long for its admission", { done: "unknown", tooSlow: true }, "goodbye", () => {}],
    [
      "has lost its conference meanwhile",
      { done: "unknown" },
      "unknown-conference",
      ({ machine }) => machine.endByTelephone(KEY),
    ],
  ])("a goodbye without an admission if the bridge is back and %s", (_, result, why, meanwhile) => {
    const world = running();
    world.machine.setFaults({ delayMs: 40_000, refuse: [], down: false });
    heard(world, `${KEY}#444#`);
    world.announced.length = 0;
    world.loseBridge(result);
    world.settle();
    world.machine.setFaults({ delayMs: 5_000, refuse: [], down: false });
    meanwhile(world);
    world.connectBridge();
    world.pass(8_000);
    expect(world.announced).toEqual([`c1-boot1 ${why}`]);
    expect(world.acts()).toEqual(["create-conference done", "expel c1-boot1 done"]);
  });

  test("one goodbye after 30 s without a digit", () => {
    const world = running();
    world.machine.dialIn("14085551234", "");
    world.settle();
    world.pass(60_000);
    expect(world.announced).toEqual(["c1-boot1 welcome", "c1-boot1 goodbye"]);
  });

  test("a prompt for the rest of an incomplete dial sequence (protocol 6.6)", () => {
    const world = running();
    world.keypad = { ...world.keypad, sequences: ["*01*[AccessCode]#[AttendeeID]#*01*"] };
    world.connectEdge();
    world.settle();
    world.machine.dialIn("14085551234", `*01*${KEY}#44`);
    world.settle();
    world.announced.length = 0;
    world.pass(9_000);
    expect(world.announced).toEqual(["c1-boot1 attendee-id"]);
  });

  test("one new prompt after a takeover, once they enter no more digits", () => {
    const world = running();
    world.machine.dialIn("14085551234", "");
    world.machine.dialIn("14085551235", `${KEY}#`);
    world.machine.dialIn("14085551236", "98");
    world.settle();
    world.announced.length = 0;

    world.restart();
    world.settle();
    expect(world.announced).toEqual(["c1-boot1 welcome"]);
    world.pass(4_000);
    expect(world.announced.slice(1)).toEqual(["c2-boot1 attendee-id", "c3-boot1 welcome"]);

    press(world, "c2-boot1" as CallId, "444#");
    press(world, "c3-boot1" as CallId, `${KEY}#`);
    expect(world.announced.slice(3)).toEqual(["c2-boot1 alone", "c3-boot1 attendee-id"]);
  });
});

describe("without the edge, a caller is told to wait", () => {
  /** By default, no conference runs whose callers an agent that is alone could admit. */
  function withoutEdge(alone: boolean, runs = !alone): AgentWorld {
    const world = new AgentWorld();
    world.alone = alone;
    world.connect();
    if (runs) world.command("create", create);
    world.pass(5_000);
    world.loseEdge();
    world.settle();
    return world;
  }
  const dialIn = (world: AgentWorld, keys = "") => {
    const id = world.machine.dialIn("14085551234", keys);
    world.settle();
    return id;
  };
  /** What this caller hears from now on in this time. */
  const heardWithin = (world: AgentWorld, id: CallId, ms: number) => {
    world.announced.length = 0;
    world.pass(ms);
    return heardBy(world, id);
  };
  const backAgain = (world: AgentWorld) => {
    world.announced.length = 0;
    world.connectEdge();
    world.settle();
  };

  describe.each([
    ["an agent that is alone, where no conference runs", true],
    ["one of two agents", false],
  ])("by %s", (_, alone) => {
    test("at once and every 16 s, until the edge is back", () => {
      const world = withoutEdge(alone);
      const id = dialIn(world);
      expect(world.announced).toEqual([`${id} please-wait`]);
      expect(heardWithin(world, id, 15_800)).toEqual([]);
      expect(heardWithin(world, id, 200)).toEqual(["please-wait"]);
      expect(heardWithin(world, id, 160_000)).toEqual(Array(10).fill("please-wait"));
      expect(world.status.calls).toBe(1);
      expect(world.acts()).not.toContain(`expel ${id} done`);

      backAgain(world);
      expect(world.announced).toEqual([`${id} welcome`]);
      expect(heardWithin(world, id, 29_800)).toEqual([]);
      expect(heardWithin(world, id, 200)).toEqual(["goodbye"]);
    });

    test("after 16 s, if it was there before", () => {
      const world = new AgentWorld();
      world.alone = alone;
      world.connect();
      world.settle();
      const id = dialIn(world);
      world.pass(10_000);
      world.loseEdge();
      expect(heardWithin(world, id, 5_800)).toEqual([]);
      expect(heardWithin(world, id, 26_400)).toEqual(["please-wait", "please-wait"]);
    });

    test("not while it keys, and begins its key anew once it was", () => {
      const world = withoutEdge(alone);
      const id = dialIn(world);
      world.pass(10_000);
      press(world, id, "98");
      expect(heardWithin(world, id, 15_800)).toEqual([]);
      expect(heardWithin(world, id, 200)).toEqual(["please-wait"]);

      press(world, id, "987");
      backAgain(world);
      expect(world.announced).toEqual([]);
      world.command("create", create);
      world.settle();
      press(world, id, "654321##");
      expect(heardBy(world, id)).toEqual(["attendee-id", "alone"]);
    });

    test("whatever digits it enters", () => {
      const world = withoutEdge(alone);
      const id = dialIn(world);
      press(world, id, "5#6#7#8#");
      world.pass(60_000);
      expect(new Set(heardBy(world, id))).toEqual(new Set(["please-wait"]));
      expect(world.status.calls).toBe(1);
    });

    test("for 5 minutes, then it is disconnected", () => {
      const world = withoutEdge(alone);
      const id = dialIn(world);
      world.pass(3 * 60_000);
      const later = dialIn(world);
      expect(new Set(heardWithin(world, id, 2 * 60_000 - 200))).toEqual(new Set(["please-wait"]));

      world.machine.setFaults({ delayMs: 0, refuse: ["expel"], down: false });
      press(world, id, "9");
      expect(heardWithin(world, id, 200)).toEqual(["goodbye"]);
      world.machine.setFaults({ delayMs: 0, refuse: [], down: false });
      expect(heardWithin(world, id, 3_000)).toEqual([]);

      expect(world.acts().at(-1)).toBe(`expel ${id} done`);
      expect(world.calls.map(({ call }) => call)).toEqual([later]);
      expect(world.notes.at(-1)).toBe(
        "the agent hangs up on a caller at the prompt: the edge was away for as long as a caller waits, 5 minutes",
      );
    });
  });

  describe("but by an agent that is alone, where a conference runs,", () => {
    test("is asked for its key, and goes in by the key of one that runs", () => {
      const world = withoutEdge(true, true);
      const id = dialIn(world);
      expect(heardWithin(world, id, 17_000)).toEqual(["welcome"]);
      press(world, id, `${KEY}#`);
      expect(heardWithin(world, id, 9_000)).toEqual([]);
      press(world, id, "#");
      expect(heardBy(world, id)).toEqual(["alone"]);
      expect(heardWithin(world, id, 10 * 60_000)).toEqual([]);
    });

    test("is told to wait after an unknown key, until the edge is back", () => {
      const world = withoutEdge(true, true);
      const id = dialIn(world);
      press(world, id, "5#");
      expect(heardBy(world, id)).toEqual(["welcome", "please-wait"]);
      expect(heardWithin(world, id, 16_000)).toEqual(["please-wait"]);
      backAgain(world);
      expect(world.announced).toEqual([`${id} welcome`]);
    });

    test("has three tries like anybody, and more when the edge is back", () => {
      const world = withoutEdge(true, true);
      const id = dialIn(world);
      press(world, id, `5#6#7#${KEY}##`);
      expect(heardWithin(world, id, 16_000)).toEqual(["please-wait"]);
      press(world, id, `${KEY}##`);
      expect(world.acts()).toEqual(["create-conference done"]);

      backAgain(world);
      press(world, id, `${KEY}##`);
      expect(heardBy(world, id)).toEqual(["welcome", "attendee-id", "alone"]);
    });
  });

  test("and digits after its attendee ID never act in the conference", () => {
    const world = withoutEdge(false);
    dialIn(world, `${KEY}#444#*6`);
    backAgain(world);
    world.pass(5_000);
    expect(world.events().map(({ type }) => type)).toEqual(["snapshot", "caller-entered"]);
  });

  test("and goes in when the edge is back, if it has keyed all meanwhile", () => {
    const world = withoutEdge(false);
    const id = dialIn(world, `${KEY}#444#`);
    world.pass(10_000);
    expect(world.acts().at(-1)).toBe("create-conference done");
    backAgain(world);
    expect(world.announced).toEqual([`${id} alone`]);
  });

  /** It has keyed this when an agent finds it, just as the edge goes. */
  const foundAmidst = (keys: string, sequences: readonly string[] = []) => {
    const world = running();
    world.alone = false;
    world.keypad = { ...world.keypad, sequences };
    world.command("create-other", create, {}, "4321" as ConfKey);
    world.connectEdge();
    world.settle();
    world.loseBridge();
    world.settle();
    const id = dialIn(world, keys);
    world.announced.length = 0;
    world.connectBridge();
    world.loseEdge();
    world.settle();
    return { world, id };
  };

  test.each([1, 5, 9, 10, 13])("by one of two agents that found it after digit %i", (before) => {
    const keys = `${KEY}#444#`;
    for (let held = before; held <= keys.length; held += 1) {
      const { world, id } = foundAmidst(keys.slice(0, before));
      press(world, id, keys.slice(before, held));
      world.connectEdge();
      world.settle();
      press(world, id, keys.slice(held));
      expect(heardWithin(world, id, 3_800), `${held} digits`).toEqual([]);
      expect(heardWithin(world, id, 200), `${held} digits`).toEqual(["welcome"]);
      press(world, id, keys);
      expect(
        world.calls.map(({ conference }) => conference),
        `${held} digits`,
      ).toEqual([KEY]);
      expect(world.events().at(-1), `${held} digits`).toMatchObject({ caller: { attendeeId: "444" } });
    }
  });

  test("never by an agent that has just become a standby", () => {
    const world = running();
    world.alone = false;
    world.connectEdge("standby");
    dialIn(world);
    world.pass(20_000);
    world.loseEdge();
    world.pass(20_000);
    expect(world.announced).toEqual([]);
  });

  test("never by one of two agents that is not active", () => {
    const world = withoutEdge(false);
    world.restart();
    dialIn(world);
    world.connectEdge("standby");
    world.settle();
    world.loseEdge();
    dialIn(world);
    world.pass(60_000);
    expect(world.announced).toEqual([]);
  });

  test("and is asked for its attendee ID when the edge is back", () => {
    const world = running();
    world.alone = false;
    world.connectEdge();
    world.settle();
    const id = dialIn(world);
    press(world, id, `${KEY}#4`);
    world.loseEdge();
    world.settle();
    press(world, id, "44");
    expect(heardWithin(world, id, 16_000)).toEqual(["please-wait"]);
    backAgain(world);
    press(world, id, "555#");
    expect(heardBy(world, id)).toEqual(["attendee-id", "alone"]);
    expect(world.events().at(-1)).toMatchObject({ caller: { attendeeId: "555" } });
  });
});

describe.each([
  ["an agent that is alone", true],
  ["one of two agents", false],
])("a short loss of the edge by %s", (_, alone) => {
  function blip(world: AgentWorld, meanwhile = () => {}, atItsEnd = () => {}): void {
    world.loseEdge();
    world.settle();
    meanwhile();
    world.connectEdge();
    atItsEnd();
    world.settle();
  }
  const sequence = "*01*[AccessCode]#[AttendeeID]#*01*";

  test.each(["987654321#444#", `*01*${KEY}#444#*01*`])("is not heard, whenever it comes (%s)", (keys) => {
    for (let before = 0; before <= keys.length; before += 1) {
      for (let until = before; until <= keys.length; until += 1) {
        const world = new AgentWorld();
        world.alone = alone;
        world.keypad = { ...world.keypad, sequences: [sequence] };
        world.connect();
        world.command("create", create);
        world.settle();
        const id = world.machine.dialIn("14085551234", "");
        world.settle();
        press(world, id, keys.slice(0, before));
        const call = world.machine.world.calls.get(id);
        const pressNext = () => call && world.machine.press(call, keys.charAt(until));
        blip(world, () => press(world, id, keys.slice(before, until)), pressNext);
        blip(world);
        press(world, id, keys.slice(until + 1));
        const [welcome, ...more] = heardBy(world, id);
        const lost = `lost from digit ${before} to ${until}`;
        expect(welcome, lost).toBe("welcome");
        expect(more.at(-1), lost).toBe("alone");
        expect(more.length, lost).toBeLessThanOrEqual(2);
        const entered = world.events().flatMap((event) => (event.type === "caller-entered" ? [event.caller] : []));
        expect(entered, lost).toMatchObject([{ attendeeId: "444" }]);
      }
    }
  });

  test("leaves the codes of who is inside whole, or without effect", () => {
    const world = running();
    world.alone = alone;
    world.connectEdge();
    world.settle();
    const id = world.machine.dialIn("14085551234", `${KEY}##`);
    world.settle();
    press(world, id, "*1");
    blip(world, () => press(world, id, "44"));
    press(world, id, "4#");
    const named = world.events().flatMap((event) => (event.type === "attendee-identified" ? [event.attendeeId] : []));
    expect(named).toEqual(alone ? ["444"] : []);
  });
});
