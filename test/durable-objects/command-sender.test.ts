import { expect, test } from "vitest";
import { CommandSchedule, CommandSender } from "../../durable-objects/conference/command-sender.ts";
import { emptyState, type PendingCommand } from "../../src/conference/state.ts";
import { type BridgeName, type CallId, type CommandId, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import type { BridgeHealth, CommandsForBridge } from "../../src/rpc/relay.ts";
import { Clock } from "../simulation/clock.ts";
import { identity } from "./conference-world.ts";

test("a command goes out behind the earlier ones of its call, and others stay out of it", () => {
  const schedule = new CommandSchedule();
  const [first, other] = [mute("1", "c1"), mute("2", "c2")];
  expect(sent(schedule, [first, other], 0)).toEqual(["1", "2"]);

  expect(sent(schedule, [first, other, mute("3", "c1")], 100)).toEqual(["1", "3"]);
});

test("also behind one that an agent has acknowledged, since another agent may be active by now", () => {
  const schedule = new CommandSchedule();
  sent(schedule, [mute("1", "c1")], 0);
  schedule.ack(["1" as CommandId], [], 100);

  expect(sent(schedule, [mute("1", "c1"), mute("2", "c1")], 100)).toEqual(["1", "2"]);
});

test("a command that is sent again takes the later ones of its call along, since one of them may have undone it", () => {
  const schedule = new CommandSchedule();
  const [muting, unmuting] = [mute("1", "c1"), command("2", { type: "unmute", call: "c1" as CallId })];
  sent(schedule, [muting], 0);
  sent(schedule, [muting, unmuting], 400);
  schedule.ack(["2" as CommandId], [], 100);

  expect(sent(schedule, [muting, unmuting], 2_400)).toEqual(["1", "2"]);
});

test("a room that is created once more comes with its closing", () => {
  const schedule = new CommandSchedule();
  const room = "r1" as RoomId;
  const [creating, closing] = [
    command("1", { type: "create-room", room, kind: "sub" }),
    command("2", { type: "close-room", room }),
  ];
  sent(schedule, [creating], 0);
  sent(schedule, [creating, closing], 400);
  schedule.ack(["2" as CommandId], [], 100);

  expect(sent(schedule, [creating, closing], 2_400)).toEqual(["1", "2"]);
});

test("a move into a room goes behind the room's creation, and the room's closing behind both; another room stays out of it", () => {
  const schedule = new CommandSchedule();
  const creating = createRoom("1", "r1");
  const pending = [creating, createRoom("2", "r2"), move("3", "c1", "r1")];
  sent(schedule, pending.slice(0, 2), 0);
  schedule.ack(["1" as CommandId], [], 100);
  expect(sent(schedule, pending, 100)).toEqual(["1", "3"]);

  const closing = command("4", { type: "close-room", room: "r1" as RoomId });
  expect(sent(schedule, [...pending, closing], 200)).toEqual(["1", "3", "4"]);
});

test("a move goes behind what was issued for its call, and that behind the creation of the room it is about", () => {
  const schedule = new CommandSchedule();
  const pending = [createRoom("1", "r1"), move("2", "c1", "r1"), move("3", "c2", "r1")];
  sent(schedule, pending, 0);
  schedule.ack(["1", "2", "3"] as CommandId[], [], 100);

  expect(sent(schedule, [...pending, move("4", "c1", MAIN_ROOM)], 100)).toEqual(["1", "2", "4"]);
});

test("the end of the conference goes behind all that is not acknowledged, and each command goes behind it", () => {
  const schedule = new CommandSchedule();
  const [muting, acked, end] = [mute("1", "c1"), mute("2", "c2"), command("3", { type: "end-conference" })];
  sent(schedule, [muting, acked], 0);
  schedule.ack(["2" as CommandId], [], 100);
  const pending = [muting, acked, end];
  schedule.issued([end], new Map(pending.map((one) => [one.id, one])), 100);

  expect(sent(schedule, pending, 100)).toEqual(["1", "3"]);
});

test("the end of the conference takes all earlier commands along when it is sent again, maybe to another agent", () => {
  const schedule = new CommandSchedule();
  const [acked, end] = [mute("1", "c1"), command("2", { type: "end-conference" })];
  sent(schedule, [acked], 0);
  schedule.ack(["1" as CommandId], [], 100);
  sent(schedule, [acked, end], 100);

  expect(sent(schedule, [acked, end, mute("3", "c3")], 200)).toEqual(["1", "2", "3"]);
});

test("a command that is sent again takes along what it brings with it, and the end that goes between both", () => {
  const schedule = new CommandSchedule();
  const [muting, end] = [mute("1", "c1"), command("2", { type: "end-conference" })];
  const unmuting = command("3", { type: "unmute", call: "c1" as CallId });
  sent(schedule, [muting], 0);
  sent(schedule, [muting, end, unmuting], 400);
  schedule.ack(["2", "3"] as CommandId[], [], 500);

  expect(sent(schedule, [muting, end, unmuting], 2_400)).toEqual(["1", "2", "3"]);
});

test("each request after a mute of a thousand calls sends its own command and no other", () => {
  const schedule = new CommandSchedule();
  const all = Array.from({ length: 1_000 }, (_, index) => mute(`${index}`, `c${index}`));
  expect(sent(schedule, all, 0)).toHaveLength(1_000);

  let count = 0;
  for (let n = 0; n < 50; n += 1) {
    all.push(mute(`new-${n}`, `d${n}`));
    count += sent(schedule, all, 1 + n).length;
  }
  expect(count).toBe(50);
});

test("a command that an agent has acknowledged is sent again after ten seconds", () => {
  const schedule = new CommandSchedule();
  sent(schedule, [mute("1", "c1")], 0);
  schedule.ack(["1" as CommandId], [], 100);

  expect(sent(schedule, [mute("1", "c1")], 9_999)).toEqual([]);
  expect(sent(schedule, [mute("1", "c1")], 10_000)).toEqual(["1"]);
});

test("a command is marked as sent before, but for the first time of one that was issued in this life", () => {
  const schedule = new CommandSchedule();
  const command = { type: "lock" } as const;
  const [old, fresh] = ["1", "2"].map((id) => ({
    id: id as CommandId,
    command,
    answerBy: 10_000,
    request: null,
    by: [],
  }));
  if (!old || !fresh) throw new Error("two commands are needed");
  const commands = new Map([old, fresh].map((one) => [one.id, one]));
  schedule.issued([fresh], commands, 0);

  expect(schedule.due(commands, 0)).toEqual([
    { id: "1", command, again: true, withinMs: 10_000 },
    { id: "2", command, withinMs: 10_000 },
  ]);
  expect(schedule.due(commands, 1_000).map(({ again }) => again)).toEqual([true, true]);
});

test("what was never sent is marked as new, though an agent has reported meanwhile, or another one is active", () => {
  const schedule = new CommandSchedule();
  const fresh = mute("1", "c1");
  const commands = new Map([[fresh.id, fresh]]);
  schedule.issued([fresh], commands, 0);
  schedule.agentReported(5_000);
  schedule.agentChanged();

  expect(schedule.due(commands, 5_000).map(({ again }) => again)).toEqual([undefined]);
});

test("a bridge is behind for five seconds after a late result, as long as another command waits that it was sent", () => {
  const schedule = new CommandSchedule();
  const [late, waiting] = [mute("1", "c1"), mute("2", "c2")];
  sent(schedule, [late, waiting], 0);
  expect(schedule.isBehind(15_000)).toBe(false);
  expect(schedule.issued([], pendingOf(waiting), 15_000)).toEqual([15_000]);

  expect([15_000, 19_999, 20_000].map((now) => schedule.isBehind(now))).toEqual([true, true, false]);
});

test("a command that was never sent makes no bridge slow, neither while it waits nor once nobody wants it", () => {
  const schedule = new CommandSchedule();
  const [late, unsent] = [mute("1", "c1"), mute("2", "c2")];
  sent(schedule, [late], 0);
  schedule.issued([unsent], pendingOf(late, unsent), 15_000);
  schedule.issued([], pendingOf(unsent), 15_000);
  expect(schedule.isBehind(15_000)).toBe(false);

  expect(schedule.issued([], pendingOf(), 16_000)).toEqual([]);
});

test("what a bridge works on fails ten seconds after the agent gave it the command, and not before it was given it", () => {
  const schedule = new CommandSchedule();
  const asked = { ...mute("1", "c1"), answerBy: 40_000, request: {} as PendingCommand["request"] };
  const state = { ...emptyState(), commands: pendingOf(asked) };
  sent(schedule, [asked], 11_000);
  schedule.ack([asked.id], [asked.id], 11_500);
  expect([schedule.failsAt(state, asked), schedule.nextOverdue(state)]).toEqual([40_000, null]);

  schedule.ack([asked.id], [], 12_000);
  // An agent that connects anew acknowledges it once more.
  schedule.ack([asked.id], [], 15_000);
  expect([schedule.failsAt(state, asked), schedule.nextOverdue(state)]).toEqual([22_000, 22_000]);
  expect([21_999, 22_000].map((now) => schedule.overdue(state, now))).toEqual([[], [asked.id]]);
});

test("the closing of a room fails when its request does, whatever the command itself may take", () => {
  const room = "r1" as RoomId;
  const closing = { ...command("1", { type: "close-room", room }), answerBy: null };
  const state = { ...emptyState(), commands: pendingOf(closing) };
  const closeRequest = { request: {}, answerBy: 30_000, returned: [] };
  state.rooms.set(room, { room, stage: "closing", closeRequest } as never);

  expect(new CommandSchedule().failsAt(state, closing)).toBe(30_000);
});

test("unacknowledged is what was sent twice in this life before its time was up, and no agent has; a call-out has the time of its call", () => {
  const schedule = new CommandSchedule();
  const [lost, acked, once, ofEarlierLife] = [mute("1", "c1"), mute("2", "c2"), mute("3", "c3"), mute("4", "c4")];
  const expired: PendingCommand = { ...mute("5", "c5"), expired: true };
  const dialling = {
    ...command("6", { type: "dial", call: "c6" as CallId } as PendingCommand["command"]),
    answerBy: 5,
  };
  const state = { ...emptyState(), commands: pendingOf(lost, acked, once, ofEarlierLife, expired, dialling) };
  state.callOuts.set("c6" as CallId, { answerBy: 20_000 } as never);
  for (const now of [0, 1_000]) sent(schedule, [lost, acked, expired, dialling], now);
  schedule.ack([acked.id], [], 1_500);
  sent(schedule, [once], 9_000);

  expect(schedule.unacknowledged(state, 9_999)).toEqual([]);
  expect(schedule.unacknowledged(state, 10_000)).toEqual([lost.id]);
  expect(schedule.unacknowledged(state, 20_000)).toEqual([lost.id, dialling.id]);
});

test("a command says how much of its time is left, and one that has all the time it needs says nothing", () => {
  const commands = [10_000, 500, null].map((answerBy, index): [CommandId, PendingCommand] => {
    const id = String(index) as CommandId;
    return [id, { id, command: { type: "lock" }, answerBy, request: null, by: [] }];
  });
  const sent = new CommandSchedule().due(new Map(commands), 600);

  expect(sent.map(({ withinMs }) => withinMs)).toEqual([9_400, 0, undefined]);
});

test("commands that are not acknowledged are sent again after 1, 2, 4 and 5 s, and after a minute once a minute", () => {
  const schedule = new CommandSchedule();
  const seconds: number[] = [];
  for (let now = 0; now <= 240; now += 1)
    if (sent(schedule, [mute("1", "c1")], now * 1000).length > 0) seconds.push(now);

  expect(seconds).toEqual([0, 1, 3, 7, 12, 17, 22, 27, 32, 37, 42, 47, 52, 57, 62, 122, 182]);
});

test("when an agent reports, what it has not acknowledged for a second is sent at once, and the pauses begin anew", () => {
  const schedule = new CommandSchedule();
  for (let now = 0; now <= 30_000; now += 1000) sent(schedule, [mute("1", "c1")], now);
  schedule.agentReported(27_999);
  expect(sent(schedule, [mute("1", "c1")], 27_999)).toEqual([]);

  schedule.agentReported(28_000);
  expect(sent(schedule, [mute("1", "c1")], 28_000)).toEqual(["1"]);
  expect(sent(schedule, [mute("1", "c1")], 28_999)).toEqual([]);
  expect(sent(schedule, [mute("1", "c1")], 29_000)).toEqual(["1"]);
});

test("what an agent has acknowledged is not sent again because the agent reports", () => {
  const schedule = new CommandSchedule();
  sent(schedule, [mute("1", "c1")], 0);
  schedule.ack(["1" as CommandId], [], 100);
  schedule.agentReported(5_000);

  expect(sent(schedule, [mute("1", "c1")], 5_000)).toEqual([]);
});

test("a command whose relay cannot be reached is sent again in its time, whatever else cannot be sent meanwhile", async () => {
  const time = new Clock();
  const sentAt = new Map<CommandId, number[]>();
  const pending = new Map<CommandId, PendingCommand>();
  const { send } = senderOver(pending, time, async ({ commands }) => {
    for (const { id } of commands) sentAt.set(id, [...(sentAt.get(id) ?? []), time.now]);
    throw new Error("it is being moved");
  });
  const issue = (one: PendingCommand) => {
    pending.set(one.id, one);
    send();
  };
  issue(mute("1", "c1"));
  await time.pass(500);
  issue({ ...mute("2", "c2"), bridge: "b" as BridgeName });
  await time.pass(1_800);
  issue(mute("3", "c3"));
  await time.pass(6_000);

  expect(Object.fromEntries(sentAt)).toEqual({
    1: [0, 1_000, 3_000, 7_000],
    2: [500, 1_500, 3_500, 7_500],
    3: [2_300, 3_300, 5_300],
  });
});

test("what goes alone does not reach another agent before what the agent before has acknowledged", async () => {
  const told: [activeSince: number | null, ids: string[]][] = [];
  let activeSince = 1;
  const pending = new Map([mute("1", "c1")].map((one) => [one.id, one]));
  const { sender, send } = senderOver(pending, new Clock(), async ({ commands, activeSince: before }) => {
    told.push([before, commands.map(({ id }) => id)]);
    return activeSince;
  });
  const settled = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  sender.schedule.issued([...pending.values()], pending, 0);
  send();
  await settled();
  sender.schedule.ack(["1" as CommandId], [], 100);
  activeSince = 2;
  const room = command("2", { type: "lock" });
  const end = command("3", { type: "end-conference" });
  for (const one of [room, end]) pending.set(one.id, one);
  sender.schedule.issued([room, end], pending, 0);
  send();
  await settled();
  expect(told).toEqual([
    [null, ["1"]],
    [1, ["2", "3"]],
    [2, ["1", "2", "3"]],
  ]);
});

test("two answers under way tell of another agent when they differ", async () => {
  const answers: ((activeSince: number) => void)[] = [];
  let again = 0;
  const pending = new Map([mute("1", "c1"), mute("2", "c2")].map((one) => [one.id, one]));
  const asked = () => new Promise<number>((resolve) => answers.push(resolve));
  const { sender } = senderOver(pending, new Clock(), asked, () => {
    again += 1;
  });
  for (const one of pending.values()) {
    sender.schedule.issued([one], pending, 0);
    sender.send(identity, new Map([[one.id, one]]), "a" as BridgeName);
  }
  for (const [index, since] of [5, 7].entries()) {
    answers[index]?.(since);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
  expect([answers.length, again]).toEqual([2, 1]);
});

test("a relay without an active agent says nothing of another one", async () => {
  const pending = pendingOf(mute("1", "c1"));
  const answers = [4, null, 4, 5];
  let again = 0;
  const { sender, send } = senderOver(
    pending,
    new Clock(),
    async () => answers.shift() ?? null,
    () => {
      again += 1;
    },
  );
  const seen: number[] = [];
  while (answers.length > 0) {
    sender.schedule.agentChanged();
    send();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    seen.push(again);
  }
  expect(seen).toEqual([0, 0, 0, 1]);
});

test.each<[which: string, chosen: string, first: Partial<BridgeHealth> | null, second: Partial<BridgeHealth>]>([
  ["has fewer ports, and more of them free", "b", { ports: 90, portsInUse: 80 }, { ports: 30, portsInUse: 10 }],
  [
    "is full, where nobody knows how many calls the other one has",
    "a",
    { ports: 30, portsInUse: 30 },
    { portsInUse: null },
  ],
  [
    "has a call more than its ports, where the other one is without an agent",
    "b",
    { agentConnected: false },
    { portsInUse: 91 },
  ],
  ["is full, where the other one does not answer", "b", null, { portsInUse: 90 }],
  ["has no limit", "b", { ports: 9_000 }, { ports: null }],
])("a new conference goes to the bridge that %s", async (_, chosen, first, second) => {
  const health = { agentConnected: true, bridgeUp: true, ports: 90, portsInUse: 0 };
  const sentTo: string[] = [];
  let asked = 0;
  const pending = pendingOf(mute("1", "c1"));
  const { sender } = senderOver(
    pending,
    new Clock(),
    async ({ bridge }) => sentTo.push(bridge),
    () => {},
    {
      a: async () => {
        asked += 1;
        if (!first) throw new Error("it is being moved");
        return { ...health, ...first };
      },
      b: async () => ({ ...health, ...second }),
    },
  );
  sender.send(identity, pending, null);
  // Two at once have one answer to wait for.
  sender.schedule.agentChanged();
  sender.send(identity, pending, null);
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();

  expect([...new Set(sentTo)]).toEqual([chosen]);
  expect(asked).toBe(1);
});

/** A sender of these commands over a relay that takes them so. */
function senderOver(
  pending: ReadonlyMap<CommandId, PendingCommand>,
  time: Clock,
  sendCommands: (sent: CommandsForBridge) => Promise<number | null>,
  sendAgain?: () => void,
  health: Readonly<Record<string, () => Promise<BridgeHealth>>> = {},
) {
  const sender: CommandSender = new CommandSender({
    ...{ now: () => time.now, after: (ms, run) => time.after(ms, run), log: () => {} },
    relay: (bridge) => ({ sendCommands, health: health[bridge] ?? (() => new Promise(() => {})) }),
    ...{ bridges: () => Object.keys(health) as BridgeName[], keepBridge: (bridge) => bridge },
    sendAgain: sendAgain ?? (() => send()),
  });
  const send = () => sender.send(identity, pending, "a" as BridgeName);
  return { sender, send };
}

function command(id: string, body: PendingCommand["command"]): PendingCommand {
  return { id: id as CommandId, command: body, answerBy: 10_000, request: null, by: [] };
}

function pendingOf(...commands: readonly PendingCommand[]): Map<CommandId, PendingCommand> {
  return new Map(commands.map((one) => [one.id, one]));
}

function createRoom(id: string, room: string): PendingCommand {
  return command(id, { type: "create-room", room: room as RoomId, kind: "sub" });
}

function move(id: string, call: string, room: string): PendingCommand {
  return command(id, { type: "move", call: call as CallId, room: room as RoomId });
}

function mute(id: string, call: string): PendingCommand {
  return command(id, { type: "mute", call: call as CallId });
}

function sent(schedule: CommandSchedule, commands: readonly PendingCommand[], now: number): string[] {
  return schedule.due(new Map(commands.map((one) => [one.id, one])), now).map(({ id }) => id);
}
