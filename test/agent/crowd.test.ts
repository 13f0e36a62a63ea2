import { expect, test } from "vitest";
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

/** Somebody dials in who has never called before, a second after the one before. */
function arrives(world: AgentWorld, keys = "", number = String(++last)): CallId {
  const call = world.machine.dialIn(number, keys);
  world.settle();
  world.pass(1_000);
  return call;
}

function stageOf(world: AgentWorld, call: CallId) {
  return world.machine.world.calls.get(call)?.stage;
}

function atPrompt(world: AgentWorld, calls: readonly CallId[]): readonly CallId[] {
  return calls.filter((call) => stageOf(world, call) === "prompted");
}

test("of callers who key nothing, half of the ports is the most that they take: who has waited longest goes", () => {
  const world = onBridge(20);

  const crowd = Array.from({ length: 14 }, () => arrives(world));

  expect(atPrompt(world, crowd)).toEqual(crowd.slice(4));
  expect(world.policyActs).toEqual(Array(4).fill("prompt-calls"));
});

test("no sentence holds up the port of who goes, and operations staff find why", () => {
  const world = onBridge(2);
  const first = arrives(world);

  arrives(world);

  expect(world.announced.filter((heard) => heard.startsWith(first))).toEqual([`${first} welcome`]);
  expect(world.promptCalls.get(first)?.end?.why).toBe("crowded");
  expect(world.notes.filter((note) => note.includes("`policy.promptCalls`"))).toHaveLength(1);
});

test("who has keyed anything stays, and then the one who has just come goes", () => {
  const world = onBridge(8);
  const keying = Array.from({ length: 4 }, () => arrives(world, "9"));

  const silent = arrives(world);

  expect(atPrompt(world, keying)).toEqual(keying);
  expect(atPrompt(world, [silent])).toEqual([]);
});

test("a crowd takes half of what conferences leave: callers in them and call-outs are not touched, and more are let in", () => {
  const world = onBridge(20);
  const inside = Array.from({ length: 4 }, () => arrives(world, `${KEY}##`));
  const crowd = Array.from({ length: 30 }, () => arrives(world));
  world.command("dial", dial("o1"));
  world.settle();
  const late = arrives(world, `${KEY}##`);
  world.pass(1_000);

  const more = Array.from({ length: 20 }, () => arrives(world));

  expect([...inside, late].map((call) => stageOf(world, call))).toEqual(Array(5).fill("entered"));
  expect(stageOf(world, "o1" as CallId)).toBe("entered");
  expect(atPrompt(world, crowd)).toEqual([]);
  expect(atPrompt(world, more)).toHaveLength(7);
});

test("one number has half of that at the prompt; callers who withhold theirs are nobody together", () => {
  const world = onBridge(16);
  const office = Array.from({ length: 6 }, () => arrives(world, "", "14085559999"));
  expect(atPrompt(world, office)).toEqual(office.slice(2));
  expect(world.policyActs).toEqual(Array(2).fill("prompt-calls-of-number"));

  const withheld = Array.from({ length: 8 }, () => arrives(world, "", ""));

  expect(atPrompt(world, withheld)).toEqual(withheld);
  expect(atPrompt(world, office)).toEqual([]);
});

test("limits of the settings count in place of these, also on a bridge that does not say how many ports it has", () => {
  const world = onBridge(null, { promptCalls: 3, promptCallsOfNumber: 2 });

  const crowd = Array.from({ length: 5 }, () => arrives(world));
  expect(atPrompt(world, crowd)).toEqual(crowd.slice(2));
  const office = Array.from({ length: 3 }, () => arrives(world, "", "14085559998"));
  expect(atPrompt(world, office)).toEqual(office.slice(1));
});

test("without either nobody is one too many, nor on a bridge that takes no more calls", () => {
  for (const ports of [null, 0]) {
    const world = onBridge(ports);
    const crowd = Array.from({ length: 20 }, () => arrives(world));
    expect(atPrompt(world, crowd)).toEqual(crowd);
  }
});

test("a standby hangs up on nobody, and on as many as are too many once it acts", () => {
  const world = new AgentWorld(anyNumber);
  world.ports = 8;
  world.connect("standby");
  world.settle();
  const crowd = Array.from({ length: 7 }, () => arrives(world));
  expect(atPrompt(world, crowd)).toEqual(crowd);

  world.connectEdge("active");
  world.settle();

  expect(atPrompt(world, crowd)).toHaveLength(4);
});

test("of two agents, the one that has lost its edge keeps ports free, too", () => {
  const world = onBridge(8);
  world.alone = false;
  world.connectEdge();
  world.settle();
  world.loseEdge();
  world.settle();

  const crowd = Array.from({ length: 7 }, () => arrives(world));

  expect(atPrompt(world, crowd)).toHaveLength(4);
});

test("while the bridge is slow to hang up, nobody else goes in their place", () => {
  const world = onBridge(20);
  world.machine.setFaults({ delayMs: 60_000, refuse: [], down: false });
  let hungUpOn = 0;
  world.onExecute = () => {
    hungUpOn += 1;
  };

  for (let count = 0; count < 14; count += 1) arrives(world);

  expect(hungUpOn).toBe(4);
});

test("a wave that comes within one turn is thinned out once, by what each has keyed until then", () => {
  const world = onBridge(8);
  const crowd = Array.from({ length: 20 }, (_, place) =>
    world.machine.dialIn(`1408555${1_000 + place}`, place < 2 ? "9" : ""),
  );
  world.settle();

  expect(atPrompt(world, crowd)).toEqual([...crowd.slice(0, 2), ...crowd.slice(-2)]);
});
