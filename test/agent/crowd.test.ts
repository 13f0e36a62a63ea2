import { expect, test } from "vitest";
import { LISTENS_MS } from "../../bridge-agent/callers/keypads.ts";
import type { PolicySettings } from "../../bridge-agent/core/policy.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import { AgentWorld, admitting, anyNumber, create, dial, KEY } from "./agent-world.ts";

/** An agent that acts on a bridge of so many ports, where one conference runs. */
function onBridge(ports: number | null, policy: Partial<PolicySettings> = {}): AgentWorld {
  const world = new AgentWorld({ ...anyNumber, ...policy });
  world.ports = ports;
  world.keepsPromptCalls = true;
  world.react = admitting;
  world.connect();
  world.command("create", create);
  world.settle();
  return world;
}

let last = 14_085_550_000;

/** Somebody dials in who has never called before. */
function arrives(world: AgentWorld, keys = "", number = String(++last)): CallId {
  const call = world.machine.dialIn(number, keys);
  world.settle();
  return call;
}

/** So many dial in within a second, who have never called before and key nothing; all have heard the welcome soon after. */
function crowds(world: AgentWorld, count: number, number?: string): readonly CallId[] {
  const crowd = Array.from({ length: count }, () => arrives(world, "", number));
  world.pass(LISTENS_MS);
  return crowd;
}

function stageOf(world: AgentWorld, call: CallId) {
  return world.machine.world.calls.get(call)?.stage;
}

function atPrompt(world: AgentWorld, calls: readonly CallId[]): readonly CallId[] {
  return calls.filter((call) => stageOf(world, call) === "prompted");
}

test("of callers who key nothing, half of the ports is the most that they take: who has waited longest goes", () => {
  const world = onBridge(20);

  const crowd = crowds(world, 14);

  expect(atPrompt(world, crowd)).toEqual(crowd.slice(4));
  expect(world.policyActs).toEqual(Array(4).fill("prompt-calls"));
});

test("who still hears what to key stays, unless three quarters of the ports would be taken", () => {
  const world = onBridge(20);
  const crowd = Array.from({ length: 18 }, () => arrives(world));
  world.pass(LISTENS_MS - 400);
  expect(atPrompt(world, crowd)).toEqual(crowd.slice(3));
  keyOnce(world, crowd.slice(3, 12));
  world.settle();

  world.pass(1_000);

  expect(atPrompt(world, crowd)).toEqual([...crowd.slice(3, 12), crowd.at(-1)]);
});

test("where one caller alone may be at the prompt, a second one lets the first hear what to key", () => {
  const world = onBridge(4);
  const office = [1, 2].map(() => arrives(world, "", "14085559997"));
  expect(atPrompt(world, office)).toEqual(office);
  world.pass(LISTENS_MS);
  expect(atPrompt(world, office)).toHaveLength(1);
});

test("no sentence holds up the port of who goes, and operations staff find why", () => {
  const world = onBridge(2);
  const [first] = crowds(world, 1) as [CallId];

  arrives(world);

  expect(world.announced.filter((heard) => heard.startsWith(first))).toEqual([`${first} welcome`]);
  expect(world.promptCalls.get(first)?.end?.why).toBe("crowded");
  expect(world.notes.filter((note) => note.includes("`policy.promptCalls`"))).toHaveLength(1);
});

test("who has keyed anything stays, and then the one who has come last goes", () => {
  const world = onBridge(8);
  const keying = Array.from({ length: 4 }, () => arrives(world, "9"));

  const silent = crowds(world, 1);

  expect(atPrompt(world, keying)).toEqual(keying);
  expect(atPrompt(world, silent)).toEqual([]);
});

/** Each of these keys one digit. */
function keyOnce(world: AgentWorld, calls: readonly CallId[]): void {
  for (const call of calls) world.machine.press(world.machine.world.find(call) ?? expect.unreachable(), "9");
}

/** Each of these who is at the prompt keys one digit, every ten seconds. */
function keyOn(world: AgentWorld, calls: readonly CallId[], seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 10) {
    keyOnce(world, atPrompt(world, calls));
    world.pass(10_000);
  }
}

test.each([
  ["each of another number", undefined, [15, 15, 10]],
  ["of one number", "14085559998", [8, 8, 5]],
])(
  "callers who key on and on, %s, leave ports as silent ones do, and nobody is at the prompt for ever",
  (_, number, left) => {
    const world = onBridge(20);
    const crowd = Array.from({ length: 20 }, () => arrives(world, "9", number));
    const counts = [0, 50, 30].map((seconds) => {
      keyOn(world, crowd, seconds);
      return atPrompt(world, crowd).length;
    });
    expect(counts).toEqual(left);
    keyOn(world, crowd, 200);
    const [last = expect.unreachable(), ...others] = atPrompt(world, crowd).toReversed();
    expect(others).toHaveLength((counts[2] ?? 0) - 1);

    keyOn(world, crowd, 30);

    expect(atPrompt(world, crowd)).toEqual([]);
    expect(world.promptCalls.get(last)?.end?.why).toBe("stopped-keying");
  },
);

test("while the edge is away, who keys waits for it like others, and none of them is one too many", () => {
  const world = onBridge(20);
  world.loseEdge();
  const keying = Array.from({ length: 18 }, () => arrives(world, "9"));
  keyOn(world, keying, 120);
  expect(atPrompt(world, keying)).toEqual(keying);
});

test.each([0, 115])(
  "who waited for the edge since %i s after its end has a minute for its keys once that is back",
  (after) => {
    const world = onBridge(20);
    world.loseEdge();
    world.pass(after * 1_000);
    const waiting = Array.from({ length: 14 }, () => arrives(world));
    world.pass(120_000 - after * 1_000);
    world.connectEdge();
    world.pass(3_000);
    keyOn(world, waiting, 50);
    expect(atPrompt(world, waiting)).toEqual(waiting);

    keyOn(world, waiting, 30);

    expect(atPrompt(world, waiting)).toEqual(waiting.slice(4));
  },
);

test("an edge that is away for two seconds each minute gives nobody time for keys but those seconds", () => {
  const world = onBridge(20);
  const keying = Array.from({ length: 20 }, () => arrives(world, "9"));
  const guests: CallId[] = [];
  const left = Array.from({ length: 6 }, () => {
    keyOn(world, keying, 30);
    const guest = arrives(world);
    world.pass(200);
    guests.push(...atPrompt(world, [guest]));
    const call = world.machine.world.find(guest);
    if (call) world.machine.world.endCall(call, "hung-up");
    keyOn(world, keying, 20);
    world.loseEdge();
    world.pass(2_000);
    world.connectEdge();
    world.pass(8_000);
    return atPrompt(world, keying).length;
  });
  // Who comes first is one too many beside fifteen who key.
  expect([left, guests.length]).toEqual([[15, 9, 9, 9, 9, 0], 5]);
});

test("without the edge, too, nobody who keys on and on is at the prompt for more than five minutes", () => {
  const world = onBridge(20);
  world.loseEdge();
  const keying = Array.from({ length: 15 }, () => arrives(world, `${KEY}#`));
  keyOn(world, keying, 280);
  expect(atPrompt(world, keying)).toEqual(keying);

  keyOn(world, keying, 30);

  expect(atPrompt(world, keying)).toEqual([]);
  expect(world.notes.filter((note) => note.includes("the edge was away"))).toHaveLength(15);
  expect(atPrompt(world, [arrives(world)])).toHaveLength(1);
});

test.each([
  ["a minute", 65_000, 14],
  ["five minutes", 310_000, 1],
])("a process that stood still for %s takes nobody's time at the prompt by that", (_, ms, count) => {
  const world = onBridge(20);
  const keying = Array.from({ length: count }, () => arrives(world, "9"));
  // The second time before the edge is back.
  for (let times = 0; times < 2; times++) {
    world.pass(5_000);
    world.standStill(ms, () => {
      world.loseEdge();
      keyOnce(world, keying);
    });
  }
  world.connectEdge();
  world.pass(12_000);
  expect(atPrompt(world, keying)).toEqual(keying);
});

test("no report of a conference tells of who was one too many: an edge of the last release would not understand it", () => {
  const world = onBridge(20);
  const keying = Array.from({ length: 20 }, () => arrives(world, `${KEY}#`));
  world.pass(2_000);
  expect(atPrompt(world, keying)).toHaveLength(15);
  expect(world.events().map(({ type }) => type)).not.toContain("caller-turned-away");
  expect(world.promptCalls.get(keying[0] ?? expect.unreachable())?.end).toMatchObject({
    why: "crowded",
    conference: KEY,
  });
});

test("just after the edge is back, who has keyed for more than a minute with it goes before who has just come", () => {
  const world = onBridge(20);
  const keying = Array.from({ length: 15 }, () => arrives(world, "9"));
  keyOn(world, keying, 60);
  world.pass(5_000);
  world.loseEdge();
  world.pass(1_000);
  world.connectEdge();
  world.pass(6_000);
  expect(atPrompt(world, keying)).toEqual(keying);

  const guest = arrives(world);

  expect(atPrompt(world, [...keying, guest])).toEqual([...keying.slice(1), guest]);
});

test.each(["before", "after"])(
  "a minute in which the edge was away is over in time, with the last key %s it is back",
  (when) => {
    const world = onBridge(20);
    const keying = Array.from({ length: 12 }, () => arrives(world, "9"));
    keyOn(world, keying, 50);
    world.loseEdge();
    world.pass(30_000);
    if (when === "before") keyOnce(world, keying);
    world.pass(1_000);
    world.connectEdge();
    world.pass(1_000);
    if (when === "after") keyOnce(world, keying);
    world.pass(21_000);
    expect(atPrompt(world, keying)).toEqual(keying.slice(2));
  },
);

test("the minute of callers who key is over in time, though somebody else comes and goes meanwhile", () => {
  const world = onBridge(20);
  const keying = Array.from({ length: 12 }, () => arrives(world, "9"));
  world.pass(25_000);
  keyOnce(world, keying);
  world.pass(20_000);
  keyOnce(world, keying);
  const guest = arrives(world);
  world.machine.world.endCall(world.machine.world.find(guest) ?? expect.unreachable(), "hung-up");
  world.pass(28_000);
  expect(atPrompt(world, keying)).toEqual(keying.slice(2));
});

test("a caller whose keys found no conference yet has a minute for them, when the longest silent one has gone", () => {
  const world = onBridge(20);
  const keying = Array.from({ length: 12 }, () => arrives(world, "9"));
  keyOn(world, keying, 60);
  expect(atPrompt(world, keying)).toEqual(keying);

  keyOn(world, keying, 20);

  expect(atPrompt(world, keying)).toEqual(keying.slice(2));
});

test("a crowd takes half of what conferences leave: callers in them and call-outs are not touched, and more are let in", () => {
  const world = onBridge(20);
  const inside = Array.from({ length: 4 }, () => arrives(world, `${KEY}##`));
  const crowd = crowds(world, 30);
  world.command("dial", dial("o1"));
  world.settle();
  const late = arrives(world, `${KEY}##`);
  world.pass(1_000);

  const more = crowds(world, 20);

  expect([...inside, late].map((call) => stageOf(world, call))).toEqual(Array(5).fill("entered"));
  expect(stageOf(world, "o1" as CallId)).toBe("entered");
  expect(atPrompt(world, crowd)).toEqual([]);
  expect(atPrompt(world, more)).toHaveLength(7);
});

test("conferences that grow get their ports back from those who wait, at once and without another caller", () => {
  const world = onBridge(20);
  const crowd = crowds(world, 10);
  world.pass(15_000);
  expect(atPrompt(world, crowd)).toHaveLength(10);

  for (let count = 0; count < 8; count += 1) world.command(`dial${count}`, dial(`o${count}`));
  world.settle();

  expect(atPrompt(world, crowd)).toEqual(crowd.slice(4));
});

test("one number has half of that at the prompt; callers who withhold theirs are nobody together", () => {
  const world = onBridge(16);
  const office = crowds(world, 6, "14085559999");
  expect(atPrompt(world, office)).toEqual(office.slice(2));
  expect(world.policyActs).toEqual(Array(2).fill("prompt-calls-of-number"));

  const withheld = crowds(world, 8, "");

  expect(atPrompt(world, withheld)).toEqual(withheld);
  expect(atPrompt(world, office)).toEqual([]);
});

test("limits of the settings count in place of these, also on a bridge that does not say how many ports it has", () => {
  const world = onBridge(null, { promptCalls: 3, promptCallsOfNumber: 2 });

  const crowd = crowds(world, 5);
  expect(atPrompt(world, crowd)).toEqual(crowd.slice(2));
  const office = crowds(world, 3, "14085559998");
  expect(atPrompt(world, office)).toEqual(office.slice(1));
});

test("without either nobody is one too many, nor on a bridge that takes no more calls", () => {
  for (const ports of [null, 0]) {
    const world = onBridge(ports);
    const crowd = crowds(world, 20);
    expect(atPrompt(world, crowd)).toEqual(crowd);
  }
});

test("a standby hangs up on nobody, and on as many as are too many soon after it acts", () => {
  const world = new AgentWorld(anyNumber);
  world.ports = 8;
  world.connect("standby");
  world.settle();
  const crowd = crowds(world, 7);
  expect(atPrompt(world, crowd)).toEqual(crowd);

  world.connectEdge("active");
  world.settle();
  expect(atPrompt(world, crowd)).toHaveLength(6);
  world.pass(LISTENS_MS);

  expect(atPrompt(world, crowd)).toHaveLength(4);
});

test("while the edge is away nobody who is told to wait is one too many, nor before the welcome has been heard", () => {
  const world = onBridge(8);
  world.loseEdge();
  world.settle();
  const crowd = crowds(world, 6);
  expect(atPrompt(world, crowd)).toEqual(crowd);

  world.connectEdge();
  world.pass(LISTENS_MS - 400);
  expect(atPrompt(world, crowd)).toEqual(crowd);
  world.pass(1_000);

  expect(atPrompt(world, crowd)).toEqual(crowd.slice(2));
});

test.each([true, false])(
  "while the edge is away a crowd leaves a quarter of the ports to conferences that run (alone: %s)",
  (alone) => {
    const world = onBridge(10);
    world.alone = alone;
    const inside = Array.from({ length: 2 }, () => arrives(world, `${KEY}##`));
    world.connectEdge();
    world.settle();
    world.loseEdge();
    world.settle();

    const keying = arrives(world, "9");
    const crowd = crowds(world, 9);

    expect(atPrompt(world, [keying, ...crowd])).toEqual([keying, ...crowd.slice(4)]);
    expect(inside.map((call) => stageOf(world, call))).toEqual(Array(2).fill("entered"));
  },
);

test("nor does a link that flaps let a crowd take them all", () => {
  const world = onBridge(8);
  const crowd: CallId[] = [];
  for (let time = 0; time < 8; time += 1) {
    world.loseEdge();
    crowd.push(arrives(world));
    world.pass(1_000);
    world.connectEdge();
    world.pass(LISTENS_MS - 2_000);
  }
  expect(atPrompt(world, crowd).length).toBeLessThanOrEqual(6);
});

test("while the edge is away and no conference runs, nobody is one too many: all wait", () => {
  const world = new AgentWorld(anyNumber);
  world.ports = 8;
  world.connect();
  world.settle();
  world.loseEdge();
  const crowd = crowds(world, 8);
  expect(atPrompt(world, crowd)).toEqual(crowd);
});

test("while the bridge is slow to hang up, nobody else goes in their place", () => {
  const world = onBridge(20);
  world.machine.setFaults({ delayMs: 60_000, refuse: [], down: false });
  let hungUpOn = 0;
  world.onExecute = () => {
    hungUpOn += 1;
  };

  crowds(world, 14);
  arrives(world);
  world.pass(1_000);

  expect(hungUpOn).toBe(5);
});

test("a wave that comes within one turn is thinned out once, by what each has keyed until then", () => {
  const world = onBridge(8);
  const crowd = Array.from({ length: 20 }, (_, place) =>
    world.machine.dialIn(`1408555${1_000 + place}`, place < 2 ? "9" : ""),
  );
  world.settle();
  expect(atPrompt(world, crowd)).toEqual([...crowd.slice(0, 2), ...crowd.slice(-4)]);

  world.pass(LISTENS_MS);

  expect(atPrompt(world, crowd)).toEqual([...crowd.slice(0, 2), ...crowd.slice(-2)]);
});
