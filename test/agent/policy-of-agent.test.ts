import { expect, test } from "vitest";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId } from "../../src/foundation/ids.ts";
import { type AgentWorld, anyNumber, KEY, OWNER, running } from "./agent-world.ts";

const create: BridgeCommand = { type: "create-conference", maxCallers: null, anonymousId: null };
const dial = (id: string, area = "408"): BridgeCommand => ({
  type: "dial",
  call: id as CallId,
  number: { country: "1", area, local: "5551234", extension: "" },
  waitMs: 30_000,
});

/** A caller in the conference who dialled in. */
function withCaller(policy: ConstructorParameters<typeof AgentWorld>[0]): { world: AgentWorld; call: CallId } {
  const world = running(policy);
  const call = world.machine.dialIn("14085550000", `${KEY}#`);
  world.settle();
  world.pass(10_000);
  world.machine.press(calls(world).get(call) ?? expect.unreachable(), "#");
  world.settle();
  expect(calls(world).get(call)?.stage).toBe("entered");
  return { world, call };
}

function calls(world: AgentWorld) {
  return world.machine.world.calls;
}

test("refuses to dial a number that the policy denies", () => {
  const world = running({ allow: ["+1408"], deny: [] });

  world.command("right", dial("o1"));
  world.command("wrong", dial("o2", "900"));
  world.settle();

  expect(world.acts()).toEqual(["create-conference done", "dial o1 done"]);
  expect(world.accepted).toContainEqual({ type: "result", id: "wrong", result: { done: false, reason: "refused" } });
  expect(world.notes.filter((note) => note.includes("policy"))).toEqual([
    "the edge asks to dial a number that `policy` in this agent's settings does not allow: refused",
  ]);
});

test("dials that come in one message are counted one by one", () => {
  const world = running({ ...anyNumber, callsAtOnce: 2 });
  const commands = ["o1", "o2", "o3"].map((call) => ({ id: call as CommandId, command: dial(call) }));

  world.tell({ type: "commands", epoch: 1, conference: KEY, commands });
  world.settle();

  expect(world.acts().slice(1)).toEqual(["dial o1 done", "dial o2 done"]);
});

test("counts concurrent calls across a restart", () => {
  const world = running({ ...anyNumber, callsAtOnce: 1 });
  world.command("1", dial("o1"));
  world.settle();

  world.restart();
  world.settle();
  world.command("2", dial("o2"));
  world.settle();
  expect(world.results()).toMatchObject({ "1": true, "2": false });

  world.machine.hangUp(calls(world).get("o1" as CallId) ?? expect.unreachable());
  world.settle();
  world.command("3", dial("o3"));
  world.settle();
  expect(world.results()).toMatchObject({ "3": true });
});

test("counts a dial without a result as a call", () => {
  const world = running({ ...anyNumber, callsAtOnce: 1 });
  world.machine.setFaults({ delayMs: 5_000, refuse: [], down: false });
  world.command("1", dial("o1"));
  world.settle();
  world.command("2", dial("o2"));
  world.settle();

  expect(world.results()).toMatchObject({ "2": false });
});

test("counts a dial that is begun again once", () => {
  const world = running({ ...anyNumber, callsPerMinute: 2 });
  world.machine.setFaults({ delayMs: 5_000, refuse: [], down: false });
  world.command("1", dial("o1"));
  world.settle();
  world.loseBridge();
  world.machine.setFaults({ delayMs: 0, refuse: [], down: false });
  world.connectBridge();
  world.settle();
  world.command("2", dial("o2"));
  world.settle();
  expect(world.results()).toMatchObject({ "1": true, "2": true });
});

test("calls a minute are counted over a restart", () => {
  const world = running({ ...anyNumber, callsPerMinute: 1 });
  world.command("1", dial("o1"));
  world.settle();
  world.pass(30_000);

  world.restart();
  world.settle();
  world.command("2", dial("o2"));
  world.settle();
  world.pass(31_000);
  world.command("3", dial("o3"));
  world.settle();

  expect(world.results()).toMatchObject({ "1": true, "2": false, "3": true });
});

test("expels a call after its limit, across a restart", () => {
  const { world, call } = withCaller({ ...anyNumber, longestCallMinutes: 2 });
  world.pass(60_000);
  world.restart();
  world.settle();
  world.pass(40_000);
  expect(calls(world).has(call)).toBe(true);

  world.pass(20_000);

  expect(calls(world).has(call)).toBe(false);
  expect(world.events().filter(({ type }) => type === "caller-left")).toEqual([
    { type: "caller-left", call, reason: "expelled", was: expect.objectContaining({ number: expect.any(String) }) },
  ]);
  expect(world.policyActs).toEqual(["longest-call"]);
});

test.each([0, 4])("counts call duration without the bridge, across %d restarts", (restarts) => {
  const { world, call } = withCaller({ ...anyNumber, longestCallMinutes: 20 });
  world.pass(60_000);
  world.loseBridge();
  for (let time = 0; time < restarts; time += 1) {
    world.pass((16 / restarts) * 60_000);
    world.restart();
  }
  if (restarts === 0) world.pass(16 * 60_000);
  world.connectBridge();
  world.settle();
  world.pass(2 * 60_000);
  expect(calls(world).has(call)).toBe(true);

  world.pass(60_000);

  expect(calls(world).has(call)).toBe(false);
});

test("ignores an hour of downtime that only the clock shows", () => {
  const { world, call } = withCaller({ ...anyNumber, longestCallMinutes: 20 });
  world.pass(60_000);
  world.restart(60 * 60_000);
  world.settle();
  world.pass(18 * 60_000);
  expect(calls(world).has(call)).toBe(true);

  world.pass(2 * 60_000);

  expect(calls(world).has(call)).toBe(false);
});

test("ends a conference after its limit", () => {
  const { world } = withCaller({ ...anyNumber, longestConferenceMinutes: 2 });

  world.pass(120_000);

  expect(world.machine.world.conferences.size).toBe(0);
  expect(world.events().filter(({ type }) => type === "conference-ended")).toHaveLength(1);
  expect(world.calls).toEqual([]);
});

test.each([
  ["handed over, and finds the next one of its key", true, false],
  ["handed over, and finds somebody in it whom it knew", true, true],
  ["handed over, and is restarted before it finds the next one of its key", true, false, true],
  ["only lost the edge for a while", false, false],
])("applies the conference limit after an agent %s", (_, handsOver, stays, restarts = false) => {
  const world = running({ ...anyNumber, longestConferenceMinutes: 60 });
  if (stays) world.machine.dialIn("14085550000", `${KEY}#444#`);
  world.pass(5 * 60_000);
  world.loseEdge();
  if (handsOver) {
    Object.assign(world, { epoch: 2, activeSince: 2, alone: false });
    world.connectEdge("standby");
    world.settle();
    if (!stays) world.machine.execute(OWNER, "other-1" as CommandId, KEY, { type: "end-conference" }, () => {});
  }
  world.pass(54 * 60_000);
  if (handsOver) {
    if (!stays) world.machine.execute(OWNER, "other-2" as CommandId, KEY, create, () => {});
    if (restarts) world.loseBridge();
    world.epoch = 3;
    world.activeSince = 3;
    world.tell({ type: "activate", epoch: 3 });
    world.settle();
    if (restarts) world.restart();
    if (restarts) world.connectBridge();
  } else world.connectEdge("active");
  world.pass(20_000);
  const snapshot = world.events().findLast(({ type }) => type === "snapshot");
  const since = snapshot?.type === "snapshot" ? snapshot.conference?.since : null;
  const isNext = handsOver && !stays;
  expect(world.policyActs).toEqual([]);
  expect(since).toEqual(isNext ? undefined : 100_000_000);

  world.pass(60_000);

  expect(world.policyActs).toEqual(isNext ? [] : ["longest-conference"]);
});

test("counts a new conference of the same key from its own begin", () => {
  const world = running({ ...anyNumber, longestConferenceMinutes: 2 });
  world.pass(110_000);
  world.command("end", { type: "end-conference" });
  world.command("create again", create);
  world.settle();

  world.pass(110_000);

  expect(world.machine.world.conferences.size).toBe(1);
  world.pass(20_000);
  expect(world.machine.world.conferences.size).toBe(0);
});

test("a bridge that refuses to end a call is asked again", () => {
  const { world, call } = withCaller({ ...anyNumber, longestCallMinutes: 1 });
  world.machine.setFaults({ delayMs: 0, refuse: ["expel"], down: false });
  world.pass(60_000);
  expect(calls(world).has(call)).toBe(true);
  expect(world.events().filter(({ type }) => type === "caller-left")).toEqual([]);

  world.machine.setFaults({ delayMs: 0, refuse: [], down: false });
  world.pass(40_000);

  expect(calls(world).has(call)).toBe(false);
});

test("an edge in wrong hands does not fill the log", () => {
  const world = running({ allow: [], deny: [] });

  for (let n = 0; n < 100; n++) world.command(`dial-${n}`, dial(`o${n}`));
  world.settle();

  expect(world.policyActs).toHaveLength(100);
  expect(world.notes.filter((note) => note.includes("policy"))).toHaveLength(20);
});
