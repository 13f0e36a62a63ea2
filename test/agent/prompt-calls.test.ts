import { expect, test } from "vitest";
import type { Conference } from "../../simulators/bridge/world.ts";
import { type Command, refusalReason } from "../../src/bridge/commands.ts";
import type { PromptCall } from "../../src/bridge/prompt-call.ts";
import type { BridgeName, CallId } from "../../src/foundation/ids.ts";
import { lineOfPromptCall } from "../../src/records/person-line.ts";
import { AgentWorld, create, KEY } from "./agent-world.ts";

/* What the edge learns of callers at the prompt who are not led in at once. */

const begin = 100_000_000;

/** An edge that keeps them, and a conference that runs. */
function keeping(command: Command<"create-conference"> = create): AgentWorld {
  const world = new AgentWorld();
  world.connect();
  world.command("create", command);
  world.settle();
  return world;
}

function dialIn(world: AgentWorld, keys: string): CallId {
  const id = world.machine.dialIn("14085551234", keys, "18005551234");
  world.settle();
  return id;
}

function hangUp(world: AgentWorld, id: CallId): void {
  const call = world.machine.world.calls.get(id);
  if (call) world.machine.hangUp(call);
  world.settle();
}

/** How a call ended, what was keyed in vain, and whose key was keyed. */
function storyOf(world: AgentWorld, id: CallId): unknown {
  const { steps, end = null } = world.promptCalls.get(id) ?? { steps: [] };
  const keyed = steps.map((step) =>
    step.type === "wrong-key" ? step.digits : step.digits === undefined ? "unclear" : `unclear ${step.digits}`,
  );
  if (end === null) return [null, ...keyed];
  const { at: _, why, ...rest } = end;
  return Object.keys(rest).length > 0 ? [why, ...keyed, rest] : [why, ...keyed];
}

test("reports how many digits a wrong key had, never which", () => {
  const world = keeping();
  const id = dialIn(world, "12345#");
  const story: PromptCall = {
    call: id,
    number: "14085551234",
    dialled: "18005551234",
    at: begin,
    steps: [{ type: "wrong-key", at: begin, digits: 5 }],
    end: null,
  };
  expect(world.promptCalls.get(id)).toEqual(story);
  expect(JSON.stringify(world.heard)).not.toContain("12345");
});

test.each<[string, string, readonly unknown[]]>([
  ["who keys three unknown keys", "1#22#333#", ["unknown-keys", 1, 2, 3]],
  ["who keys nothing", "", ["keyed-nothing"]],
  ["who keys no #", "987654321", ["stopped-keying", { digits: 9 }]],
  ["who keys no more after a wrong key", "1#", ["stopped-keying", 1]],
  ["with the key and an attendee ID without #", "987654321#444", ["entered", { conference: KEY }]],
])("%s", (_, keys, story) => {
  const world = keeping();
  const id = dialIn(world, keys);
  world.pass(31_000);
  expect(storyOf(world, id)).toEqual(story);
  const noted = world.notes.some((text) => text.includes("it keyed nothing"));
  expect(noted).toBe(keys === "");
});

function keys(world: AgentWorld, id: CallId, keys: string): void {
  world.machine.press(world.machine.world.calls.get(id) ?? expect.unreachable(), keys);
  world.settle();
}

test("reports how many digits preceded unclear ones", () => {
  const world = keeping();
  const id = dialIn(world, "987654");
  world.pass(6_000);
  keys(world, id, "*");
  world.pass(45_000);
  const story = world.promptCalls.get(id);
  expect(storyOf(world, id)).toEqual(["stopped-keying", "unclear 6"]);
  expect(lineOfPromptCall({ kind: "prompt", bridge: "main" as BridgeName, ...(story as PromptCall) }).why).toBe(
    "The caller was asked again, because the digits were unclear (6 digits without a #). The agent hung up: the caller entered no more.",
  );
});

test("reports a missing # after a pause, by the number of digits", () => {
  const world = keeping();
  const unfinished = (id: CallId) => {
    const { at: _, ...place } = world.promptCalls.get(id)?.unfinished ?? { at: 0 };
    return place;
  };
  const id = dialIn(world, "987654321");
  world.pass(4_800);
  expect(world.promptCalls.has(id)).toBe(false);
  world.pass(200);
  expect(storyOf(world, id)).toEqual([null]);
  expect(unfinished(id)).toEqual({ digits: 9 });
  const said = world.heard.filter(({ type }) => type === "prompt-calls");
  expect(JSON.stringify(said)).not.toContain("987654321");
  const sent = world.heard.length;
  world.pass(5_000);
  expect(world.heard.slice(sent).filter(({ type }) => type === "prompt-calls")).toEqual([]);

  keys(world, id, "#");
  world.pass(4_800);
  expect(unfinished(id)).toEqual({ digits: 9 });
  world.pass(200);
  expect(unfinished(id)).toEqual({ digits: 0, conference: KEY });
  keys(world, id, "44");
  world.pass(5_200);
  expect(unfinished(id)).toEqual({ digits: 2, conference: KEY });
  keys(world, id, "#");
  expect(storyOf(world, id)).toEqual(["entered", { conference: KEY }]);
  expect(world.promptCalls.get(id)).not.toHaveProperty("unfinished");
});

test("reports hang-ups and admissions after wrong keys", () => {
  const world = keeping();
  const gone = dialIn(world, "1#98765");
  hangUp(world, gone);
  const silent = dialIn(world, "");
  hangUp(world, silent);
  const late = dialIn(world, "22#");
  world.pass(14_000);
  world.machine.press(world.machine.world.calls.get(late) ?? expect.unreachable(), "987654321##");
  world.settle();

  expect([gone, silent, late].map((id) => storyOf(world, id))).toEqual([
    ["hung-up", 1, { digits: 5 }],
    ["hung-up"],
    ["entered", 2, { conference: KEY }],
  ]);
  expect(world.events()).toMatchObject([{ type: "caller-entered", prompt: { waitedMs: 14_000, wrongKeys: 1 } }]);
});

test("reports a rejected caller to its conference too", () => {
  const world = keeping({ ...create, maxCallers: 1 });
  dialIn(world, "987654321##");
  const full = dialIn(world, "987654321#");
  world.machine.lockByTelephone(KEY, true);
  world.settle();
  const locked = dialIn(world, "7#987654321#");
  expect([full, locked].map((id) => storyOf(world, id))).toEqual([
    ["full", { conference: KEY }],
    ["locked", 1, { conference: KEY }],
  ]);
  const about = { type: "caller-turned-away", number: "14085551234", dialled: "18005551234", waitedMs: 0 };
  expect(world.events().filter(({ type }) => type === "caller-turned-away")).toEqual([
    { ...about, call: full, why: "full", wrongKeys: 0 },
    { ...about, call: locked, why: "locked", wrongKeys: 1 },
  ]);
});

test.each<[string, Partial<Conference>]>([
  ["full", { maxCallers: 1 }],
  ["locked", { locked: true }],
])("announces that a conference that only the bridge knows is %s", (why, held) => {
  const world = keeping();
  dialIn(world, "987654321##");
  const conference = world.machine.world.conferences.get(KEY) ?? expect.unreachable();
  Object.assign(conference, held);
  const id = dialIn(world, "987654321##");
  expect(world.announced.at(-1)).toBe(`${id} ${why}`);
  expect(world.promptCalls.get(id)?.end).toMatchObject({ why });
});

test("takes no place for a caller whom the bridge rejected", () => {
  const world = keeping({ ...create, maxCallers: 1 });
  world.machine.setFaults({ delayMs: 0, refuse: ["admit", "expel"], down: false });
  dialIn(world, "987654321##");
  world.machine.setFaults({ delayMs: 0, refuse: [], down: false });
  const id = dialIn(world, "987654321##");
  expect(world.announced.at(-1)).toBe(`${id} alone`);
});

test("rejects a caller with the bridge's reason", () => {
  const world = keeping();
  world.machine.setFaults({ delayMs: 0, refuse: ["admit"], down: false });
  const id = dialIn(world, "987654321##");
  const [, { reason }] = storyOf(world, id) as [string, { reason: string }];
  expect(storyOf(world, id)).toEqual(["refused", { reason, conference: KEY }]);
  expect(refusalReason.options).toContain(reason);
  expect(world.events()).toMatchObject([{ type: "caller-turned-away", why: "refused", reason }]);
});

test("a story goes on, and is not lost, wherever the agent dies", () => {
  const first = keeping();
  dialIn(first, "1#");
  const steps = first.steps + 40;
  let deaths = 0;
  for (let crashAt = 1; crashAt <= steps; crashAt += 1) {
    const world = new AgentWorld();
    world.crashAt = crashAt;
    world.connect();
    world.command("create", create);
    world.settle();
    const id = dialIn(world, "1#");
    world.pass(2_000);
    const call = world.machine.world.calls.get(id);
    if (call) world.machine.press(call, "22#");
    world.settle();
    hangUp(world, id);
    world.pass(6_000);
    deaths += world.crashes;
    const story = world.promptCalls.get(id);
    // A key that the agent died of was heard by nobody: only what it had written counts.
    expect(story?.end?.why, `crash at step ${crashAt}`).toEqual(
      story ? expect.stringMatching(/hung-up|lost/) : undefined,
    );
  }
  expect(deaths).toBeGreaterThan(5);
});

test("reports how a call ended during a bridge outage", () => {
  const world = keeping();
  const [gone, stays] = [dialIn(world, "1#"), dialIn(world, "22#")];
  world.loseBridge();
  world.settle();
  hangUp(world, gone);
  world.connectBridge();
  world.settle();
  expect(storyOf(world, gone)).toEqual(["hung-up", 1]);
  expect(storyOf(world, stays)).toEqual([null, 2]);
});

test("without the edge the oldest stories are dropped at last", () => {
  const world = keeping();
  world.loseEdge();
  world.settle();
  for (let call = 0; call < 1_010; call += 1) hangUp(world, dialIn(world, "1#"));
  world.restart();
  world.connectEdge();
  world.settle();
  world.pass(1_000);
  const sent = world.heard.filter((message) => message.type === "prompt-calls");
  expect(sent.map(({ calls }) => calls.length)).toEqual(Array(10).fill(100));
});
