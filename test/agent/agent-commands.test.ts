import { expect, test } from "vitest";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import { AgentWorld, call, create, dial, KEY, OWNER, quiet, running } from "./agent-world.ts";

test("sends a command's result instead of an ack", () => {
  const world = running();
  expect(world.acts()).toEqual(["create-conference done"]);
  expect(world.results()).toEqual({ create: true });
  expect(world.heard.map(({ type }) => type)).toEqual(["health", "health", "reports"]);
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

test.each([false, true])("reports an answer during a bridge outage once (restart: %s)", (restarts) => {
  const world = running();
  world.machine.numbers.set("14085551234", { outcome: "no-answer", afterMs: 60_000 });
  world.command("dial", dial("out1"));
  world.settle();
  world.loseBridge();
  if (restarts) world.restart();
  world.machine.pickUp(world.machine.world.calls.get(call("out1")) ?? expect.unreachable());
  world.connectBridge();
  world.settle();
  world.pass(61_000);
  expect(world.events().filter(({ type }) => type === "call-answered")).toHaveLength(1);
});

test.each([false, true])("reports a decline during a bridge outage once (restart: %s)", (restarts) => {
  const world = running();
  world.machine.numbers.set("14085551234", { outcome: "no-answer", afterMs: 60_000 });
  world.command("dial", dial("out1"));
  world.settle();
  world.loseBridge();
  if (restarts) world.restart();
  world.machine.hangUp(world.machine.world.calls.get(call("out1")) ?? expect.unreachable());
  world.connectBridge();
  world.settle();
  world.pass(61_000);
  expect(world.events().filter(({ type }) => type === "caller-left")).toMatchObject([{ call: "out1" }]);
});

test("a stopping agent accepts and begins no command", () => {
  const world = running();
  world.loseBridge();
  world.command("lock", { type: "lock" });
  world.settle();
  world.stop();
  world.connectBridge();
  world.command("report", { type: "report-speakers" });
  world.pass(1_000);
  expect(world.acts()).toEqual(["create-conference done"]);
});

test.each(["by command", "by telephone"])("reports at most a thousand durations when a conference ends %s", (how) => {
  const world = running();
  for (let count = 0; count < 1_001; count += 1) world.machine.dialIn(`1408555${count}`, "987654321##");
  world.settle();
  if (how === "by telephone") world.machine.endByTelephone(KEY);
  else world.command("end", { type: "end-conference" });
  world.settle();
  expect(world.accepted.flatMap((report) => report.inside ?? [])).toHaveLength(1_000);
});

test("never repeats a command that the bridge was too slow for", () => {
  const world = running();
  world.machine.setFaults({ delayMs: 60_000, refuse: [], down: false });
  world.command("lock", { type: "lock" });
  world.settle();
  world.loseBridge({ done: "unknown", tooSlow: true });
  world.machine.setFaults({ delayMs: 0, refuse: [], down: false });
  world.connectBridge();
  world.settle();
  expect(world.acts()).toEqual(["create-conference done"]);
  expect(world.results()).toEqual({ create: true, lock: false });
});

test("reports at once that a command found its conference gone", () => {
  const world = running();
  world.machine.world.endConference(KEY);
  world.command("lock", { type: "lock" });
  world.settle();
  expect(world.events()).toEqual([{ type: "snapshot", conference: null }]);
});

test("reports at once that a conference is gone after a bridge outage", () => {
  const world = running();
  world.machine.dialIn("14085551234", "987654321#444#");
  world.settle();
  world.loseBridge();
  world.machine.world.endConference(KEY);
  world.connectBridge();
  world.settle();
  expect(world.events().slice(1)).toEqual([{ type: "snapshot", conference: null }]);
});

test("sends a snapshot when a create finds callers in its conference", () => {
  const world = new AgentWorld();
  world.machine.execute(OWNER, "elsewhere" as CommandId, KEY, create, () => {});
  world.connect();
  world.settle();
  const id = world.machine.dialIn("14085551234", "987654321#444#");
  world.settle();
  const before = world.events().length;
  world.command("create", create);
  world.settle();
  const callers = [expect.objectContaining({ call: id })];
  expect(world.events().slice(before)).toEqual([
    { type: "snapshot", conference: expect.objectContaining({ callers }) },
  ]);
});

test("refuses an unknown command once and executes the others", () => {
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

test("reports owners whose callers it takes for its own", () => {
  const world = new AgentWorld();
  world.machine.world.addConference("777" as ConfKey, "beta/main");
  world.connect();
  world.settle();
  expect(world.heard.findLast((message) => message.type === "health")?.troubles).toMatchObject([
    { kind: "numbers-shared", why: "beta/main" },
  ]);
});

test("reports a failing trunk in its health until a call gets through", () => {
  const world = new AgentWorld();
  world.connect();
  const told = () => world.heard.findLast((message) => message.type === "health")?.troubles;
  const ended = { type: "ended", call: "leg-1" as CallId, conference: KEY } as const;
  world.reported({ ...ended, reason: "refused", trunk: "status 503" });
  const since = world.now;
  world.pass(5_000);
  world.reported({ ...ended, reason: "refused", trunk: "no answer" });
  expect(told()).toEqual([{ kind: "trunk-fails", since, why: "no answer" }]);
  expect(world.notes.filter((text) => text.startsWith("the trunk"))).toHaveLength(1);
  world.reported({ ...ended, reason: "refused" });
  expect(told()).toHaveLength(1);
  world.reported({ ...ended, reason: "busy" });
  expect(told()).toBeUndefined();
});

test("reports in its health what the bridge cannot do", () => {
  const world = new AgentWorld();
  const told = () => world.heard.findLast((message) => message.type === "health");
  world.machine.cannot = ["dial"];
  world.connect("standby");
  world.settle();
  const health = { ...quiet, bridgeUp: true, bootId: "boot1", portsUnread: true };
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

test("reports its backlog at most every 5 s", () => {
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

test("a standby only reports whether it has the bridge", () => {
  const world = new AgentWorld();
  world.connect("standby");
  world.command("create", create);
  world.machine.dialIn("1408", "1#");
  world.pass(60_000);
  expect(world.acts()).toEqual([]);
  expect(world.heard).toEqual([{ ...quiet, bridgeUp: true, bootId: "boot1", portsUnread: true }]);
  world.loseBridge();
  world.settle();
  expect(world.heard.at(-1)).toEqual({ ...quiet, bridgeUp: false });
  world.connectBridge();
  world.epoch = 2;
  world.tell({ type: "activate", epoch: 2 });
  world.pass(1_200);
  expect(world.acts()).toEqual(["create-conference done"]);
});

test("claims the bridge on every activation while connected; a standby never does", () => {
  const world = new AgentWorld();
  world.connect("standby");
  world.settle();
  expect(world.activated).toEqual([]);
  world.tell({ type: "activate", epoch: 2 });
  world.settle();
  expect(world.activated).toEqual([2]);
  world.loseBridge();
  world.loseEdge();
  world.connectEdge("standby");
  world.connectBridge();
  world.settle();
  expect(world.activated).toEqual([2]);
  world.loseBridge();
  world.tell({ type: "activate", epoch: 4 });
  world.settle();
  expect(world.activated).toEqual([2]);
  world.connectBridge();
  world.settle();
  expect(world.activated).toEqual([2, 4]);
});

test("answers a request for an unknown conference's snapshot", () => {
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

test("drops waiting commands when another agent takes over", () => {
  const world = running();
  world.loseBridge();
  world.command("dial", dial("out1"));
  world.command("lock", { type: "lock" });
  world.command("doubtful", { type: "report-speakers" }, { again: true });
  world.settle();
  world.connectEdge("standby");
  world.connectBridge();
  world.settle();
  expect(world.status).toMatchObject({ running: 0, inDoubt: 0 });
  world.epoch = 2;
  world.tell({ type: "activate", epoch: 2 });
  world.pass(3_000);
  expect(world.acts()).toEqual(["create-conference done"]);
  expect(world.results()).toEqual({ create: true, dial: false, lock: false, doubtful: false });
});

test("reports the result of a command that ran during a takeover", () => {
  const world = running();
  world.machine.setFaults({ delayMs: 1_000, refuse: [], down: false });
  world.command("lock", { type: "lock" });
  world.settle();
  world.connectEdge("standby");
  world.pass(2_000);
  world.epoch = 2;
  world.tell({ type: "activate", epoch: 2 });
  world.pass(1_000);
  expect(world.acts().slice(1)).toEqual(["lock done"]);
  expect(world.results()).toEqual({ create: true, lock: true });
});

test("looks on the bridge before it repeats another agent's command", () => {
  const world = running();
  world.machine.execute(OWNER, "elsewhere" as CommandId, KEY, dial("out1"), () => {});
  world.loseBridge();
  world.command("dial", dial("out1"), { again: true });
  world.pass(1_000);
  expect(world.heard.at(-1)).toMatchObject({ type: "commands-ack", ids: ["dial"], waiting: ["dial"] });
  world.restart();
  world.connectBridge();
  world.settle();
  expect(world.acts().slice(1)).toEqual(["dial out1 done"]);
  expect(world.results()).toEqual({ create: true, dial: true });
});

test("a restarted agent begins commands once the edge confirms its role", () => {
  const world = running();
  world.loseBridge();
  world.command("lock", { type: "lock" });
  world.settle();
  world.loseEdge();
  world.restart();
  world.connectBridge();
  world.pass(1_000);
  expect(world.acts()).toEqual(["create-conference done"]);
  world.connectEdge();
  world.settle();
  expect(world.results()).toEqual({ create: true, lock: true });
});

test.each([false, true])("never repeats a command on a restarted bridge (restart of the agent: %s)", (restarts) => {
  const world = new AgentWorld();
  world.connect();
  world.settle();
  world.machine.setFaults({ delayMs: 60_000, refuse: [], down: false });
  world.command("create", create);
  world.settle();
  world.loseBridge();
  if (restarts) world.restart();
  world.restartBridge();
  world.settle();
  expect(world.acts()).toEqual([]);
  expect(world.results()).toEqual({ create: false });
});

test("skips an expired command and continues with the next", () => {
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

test.each([86_400_000, -86_400_000])("expires commands on time after a clock jump of %i ms", (ms) => {
  const world = running();
  world.loseBridge();
  for (const id of ["early", "late"]) {
    world.command(id, { type: id === "early" ? "lock" : "unlock" }, { withinMs: id === "early" ? 1_000 : 10_000 });
    world.setClock(ms);
    world.pass(2_000);
    world.restart();
  }
  world.connectBridge();
  world.settle();
  expect(world.results()).toEqual({ create: true, early: false, late: true });
});

test("skips a command that may have expired while the agent was down", () => {
  const world = running();
  world.loseBridge();
  world.command("lock", { type: "lock" }, { withinMs: 10_000 });
  world.settle();
  world.restart(-1_800_000);
  world.connectBridge();
  world.settle();
  expect(world.acts()).toEqual(["create-conference done"]);
  expect(world.results()).toEqual({ create: true, lock: false });
});

test("a slow bridge gets independent commands in parallel", () => {
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

test("a move into a room waits only for the room's creation", () => {
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

test("reports a late result of a command that began in time", () => {
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
])("refuses a command in doubt whose target is gone: %s", (_, command, reason) => {
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
});

test("reports how long a call was inside, whatever ends it", () => {
  const world = running();
  const dialIn = () => {
    const id = world.machine.dialIn("14085551234", "987654321#444#");
    world.settle();
    return id;
  };
  const calls = [dialIn(), dialIn(), dialIn()];
  world.pass(5_000);
  world.setClock(86_400_000);
  world.machine.world.endCall(world.machine.world.find(calls[0] as CallId) ?? expect.unreachable(), "hung-up");
  world.settle();
  world.command("expel", { type: "expel", call: calls[1] } as BridgeCommand);
  world.pass(1_000);
  world.command("end", { type: "end-conference" });
  world.pass(1_000);
  const inside = world.accepted.flatMap((report) => report.inside ?? []);
  expect(inside.map(({ call }) => call).sort()).toEqual(calls);
  expect(inside.filter(({ ms }) => ms < 5_000 || ms >= 9_000)).toEqual([]);
});

test.each([
  ["of the process", "boot", [{ ms: 7_800 }]],
  ["of its machine", "another", undefined],
])("measures calls across a restart %s during a clock jump", (_, bootId, inside) => {
  const world = running();
  world.bootId = "boot";
  world.restart();
  const id = world.machine.dialIn("14085551234", "987654321#444#");
  world.pass(5_000);
  world.setClock(7_200_000);
  world.bootId = bootId;
  world.restart(-1_800_000);
  world.pass(3_000);
  world.loseBridge();
  world.machine.world.endCall(world.machine.world.find(id) ?? expect.unreachable(), "hung-up");
  world.connectBridge();
  world.settle();
  const left = world.accepted.find((report) => report.type === "event" && report.event.type === "caller-left");
  expect(left?.inside).toEqual(inside?.map((measured) => ({ call: id, ...measured })));
});

test("after a takeover, reports only results of what it had not sent", () => {
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
  world.pass(2_000);
  expect(world.results()).toEqual({ create: true });
  world.epoch = 3;
  world.tell({ type: "activate", epoch: 3 });
  world.pass(1_000);
  expect(world.results()).toEqual({ create: true, dial: true });
  expect(world.events().map(({ type }) => type)).toEqual(["call-answered", "snapshot"]);
});

test("executes commands of one call in order, others in parallel", () => {
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
