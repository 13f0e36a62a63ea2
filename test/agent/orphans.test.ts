import { expect, test } from "vitest";
import type { Call } from "../../simulators/bridge/world.ts";
import type { ConferenceEvent } from "../../src/bridge/events.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import { type AgentWorld, admit, admitting, call, dial, KEY, running } from "./agent-world.ts";

type Event<Type extends ConferenceEvent["type"]> = Extract<ConferenceEvent, { readonly type: Type }>;

function lastOf<Type extends ConferenceEvent["type"]>(world: AgentWorld, type: Type): Event<Type> | undefined {
  return world.events().findLast((event): event is Event<Type> => event.type === type);
}

/** A caller has been inside for a minute. */
function withCaller() {
  const world = running();
  world.pass(1_000);
  world.machine.dialIn("14085550101", `${KEY}##`);
  world.settle();
  const [{ id: call }] = world.machine.world.callsOf(KEY) as [Call];
  const enteredAt = world.now;
  world.pass(60_000);
  return { world, call, enteredAt };
}

function hangUp(world: AgentWorld, id: CallId): void {
  const call = world.machine.world.find(id);
  if (!call) throw new Error(`no call ${id}`);
  world.machine.hangUp(call);
}

/** An edge that has lost its state asks for all. */
function snapshotIn(world: AgentWorld) {
  world.tell({ type: "snapshot-wanted", conference: KEY });
  world.pass(1_000);
  return lastOf(world, "snapshot")?.conference;
}

test("snapshots contain begin times, after a restart too", () => {
  const { world, call, enteredAt } = withCaller();
  world.restart();
  world.pass(5_000);
  const held = snapshotIn(world);

  expect(held?.callers).toMatchObject([{ call, number: "14085550101", enteredAt }]);
  expect(held?.since).toBeLessThan(enteredAt);
});

test("reports an ended call with all that a record needs", () => {
  const { world, call, enteredAt } = withCaller();
  hangUp(world, call);
  world.settle();

  const was = { number: "14085550101", enteredAt, leftAt: world.now };
  expect(lastOf(world, "caller-left")).toEqual({ type: "caller-left", call, reason: "hung-up", was });
});

test("reports an ended call-out as such", () => {
  const world = running();
  world.react = admitting;
  world.command("dial", dial("out1"));
  world.pass(3_000);
  hangUp(world, call("out1"));
  world.settle();
  expect(lastOf(world, "caller-left")?.was).toMatchObject({ dialledOut: true });
});

test("reports a call once that ended while the agent was down", () => {
  const { world, call, enteredAt } = withCaller();
  world.loseBridge();
  hangUp(world, call);
  world.restart();
  world.connectBridge();
  world.pass(10_000);

  const left = world.events().filter(({ type }) => type === "caller-left");
  const was = expect.objectContaining({ number: "14085550101", enteredAt });
  expect(left).toEqual([{ type: "caller-left", call, reason: "hung-up", was }]);
});

test("reports an end by telephone with the callers until then", () => {
  const { world, call, enteredAt } = withCaller();
  world.machine.endByTelephone(KEY);
  world.settle();

  const { was } = lastOf(world, "conference-ended") ?? {};
  expect(was).toMatchObject({ endedAt: world.now, callers: [{ call, number: "14085550101", enteredAt }] });
  expect(was?.since).toBeLessThan(enteredAt);
});

test("a conference ended by telephone admits no caller", () => {
  const { world } = withCaller();
  world.machine.endByTelephone(KEY);
  world.settle();

  const executed: string[] = [];
  world.onExecute = ({ command }) => executed.push(command.type);
  world.machine.dialIn("14085550102", `${KEY}##`);
  world.pass(1_000);
  expect(executed).toEqual([]);
});

test("announces an end to all callers four seconds before it", () => {
  const { world } = withCaller();
  const executed: string[] = [];
  world.onExecute = ({ command }) => executed.push(JSON.stringify(command));
  world.command("end", { type: "end-conference", announce: "goodbye" });
  world.pass(3_800);
  expect(world.announced.at(-1)).toContain("goodbye");
  expect(executed).toEqual([]);
  world.pass(400);

  expect(executed).toEqual([JSON.stringify({ type: "end-conference" })]);
  expect(world.results()).toMatchObject({ end: true });
});

test("drops an announced end when another agent takes over", () => {
  const { world } = withCaller();
  const executed: string[] = [];
  world.onExecute = ({ command }) => executed.push(command.type);
  world.command("end", { type: "end-conference", announce: "goodbye" });
  world.pass(1_000);
  world.loseEdge();
  world.epoch += 2;
  world.activeSince = world.epoch;
  world.connectEdge();
  world.pass(10_000);

  expect(executed).toEqual([]);
  expect(world.results()).toMatchObject({ end: false });
});

/** Its callers hear for a second that the conference ends. */
function announced() {
  const { world } = withCaller();
  const executed: string[] = [];
  world.onExecute = ({ command }) => executed.push(command.type);
  world.command("end", { type: "end-conference", announce: "goodbye" });
  world.pass(1_000);
  return { world, executed };
}

const again = { type: "create-conference", maxCallers: null, anonymousId: null, renews: true } as const;

test("delivers reports of calls during an edge outage once", () => {
  const { world, call } = withCaller();
  world.loseEdge();
  const before = world.heard.length;
  world.machine.dialIn("14085550102", `${KEY}##`);
  world.pass(1_000);
  hangUp(world, call);
  world.pass(1_000);
  world.connectEdge();
  world.pass(10_000);
  const reports = world.heard.slice(before).filter(({ type }) => type === "reports");
  expect(reports.length).toBeGreaterThan(0);
  world.pass(30_000);

  expect(world.heard.slice(before).filter(({ type }) => type === "reports")).toHaveLength(reports.length);
  expect(world.status.unacknowledged).toBe(0);
  expect(world.machine.world.callsOf(KEY)).toHaveLength(1);
});

test("a create during the announcement cancels the end", () => {
  const { world, executed } = announced();
  world.command("again", again);
  world.pass(10_000);

  expect(world.results()).toMatchObject({ end: false, again: true });
  expect(executed).toEqual(["create-conference"]);
  expect(world.machine.world.callsOf(KEY)).toHaveLength(1);
  expect(snapshotIn(world)?.callers).toHaveLength(1);
});

test("so does the edge's wish to let somebody in, but no keypad", () => {
  const { world } = announced();
  world.command("in", admit("nobody"));
  world.pass(4_000);
  expect(world.results()).toMatchObject({ end: false, in: false });

  const other = announced();
  other.world.machine.dialIn("14085550102", `${KEY}##`);
  other.world.settle();
  other.world.command("lock", { type: "lock" });
  other.world.pass(4_000);
  expect(other.world.results()).toMatchObject({ end: true });
});

test("a create after the end began, or an expired one, cancels nothing", () => {
  const begun = announced();
  begun.world.pass(4_000);
  begun.world.command("again", again);
  begun.world.pass(1_000);
  expect(begun.world.results()).toMatchObject({ end: true, again: false });

  const { world, executed } = announced();
  world.command("again", again, { withinMs: 0 });
  world.pass(4_000);
  expect(executed).toEqual(["end-conference"]);
});
