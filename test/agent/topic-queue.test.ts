import { expect, test } from "vitest";
import { TopicQueue } from "../../bridge-agent/core/pending-commands.ts";
import { topicsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";

test("rooms are created side by side, and a caller is led in meanwhile", () => {
  const queue = new TopicQueue<string>();

  expect(add(queue, "create r1", createRoom("r1"))).toBe(true);
  expect(add(queue, "create r2", createRoom("r2"))).toBe(true);
  expect(add(queue, "admit", { type: "admit", call: "c1" as CallId, muted: false, joinTone: true })).toBe(true);
  expect(add(queue, "lock", { type: "lock" })).toBe(true);
});

test("moves into a room wait for its creation, go side by side then, and its closing waits for all of them", () => {
  const queue = new TopicQueue<string>();
  add(queue, "create r1", createRoom("r1"));
  const waiting = [
    add(queue, "c1 into r1", move("c1", "r1")),
    add(queue, "c2 into r1", move("c2", "r1")),
    add(queue, "close r1", { type: "close-room", room: "r1" as RoomId }),
    add(queue, "c1 back", move("c1", MAIN_ROOM)),
  ];
  expect(waiting).toEqual([false, false, false, false]);
  expect(add(queue, "c3 back", move("c3", MAIN_ROOM))).toBe(true);

  expect(queue.remove("create r1")).toEqual(["c1 into r1", "c2 into r1"]);
  expect(queue.remove("c1 into r1")).toEqual(["c1 back"]);
  expect(queue.remove("c2 into r1")).toEqual(["close r1"]);
});

test("a command of two topics waits for both", () => {
  const queue = new TopicQueue<string>();
  add(queue, "mute c1", { type: "mute", call: "c1" as CallId });
  add(queue, "create r1", createRoom("r1"));
  add(queue, "c1 into r1", move("c1", "r1"));

  expect(queue.remove("create r1")).toEqual([]);
  expect(queue.remove("mute c1")).toEqual(["c1 into r1"]);
});

test("the end waits for everything, and everything for the end; new entry rules wait for no room", () => {
  const queue = new TopicQueue<string>();
  add(queue, "create r1", createRoom("r1"));
  const rules = { type: "create-conference", maxCallers: 3, anonymousId: null } as const;
  expect(add(queue, "rules", { ...rules, renews: true })).toBe(true);
  expect(add(queue, "end", { type: "end-conference" })).toBe(false);
  expect(add(queue, "create anew", rules)).toBe(false);
  expect(add(queue, "create r2", createRoom("r2"))).toBe(false);

  expect(queue.remove("rules")).toEqual([]);
  expect(queue.remove("create r1")).toEqual(["end"]);
  expect(queue.remove("end")).toEqual(["create anew"]);
  expect(queue.remove("create anew")).toEqual(["create r2"]);
  expect(queue.size).toBe(1);
});

test("an item that is over before its turn keeps nobody, and those behind it wait for those before it in a topic", () => {
  const queue = new TopicQueue<string>();
  add(queue, "create r1", createRoom("r1"));
  add(queue, "c1 into r1", move("c1", "r1"));
  add(queue, "close r1", { type: "close-room", room: "r1" as RoomId });
  add(queue, "c1 back", move("c1", MAIN_ROOM));

  expect(queue.remove("c1 into r1")).toEqual(["c1 back"]);
  expect([...queue.items()]).toEqual(["create r1", "close r1", "c1 back"]);
  expect(queue.remove("create r1")).toEqual(["close r1"]);
});

test("behind a room's creation is its closing, behind a move are those of its call", () => {
  const queue = new TopicQueue<string>();
  add(queue, "create r1", createRoom("r1"));
  add(queue, "c1 into r1", move("c1", "r1"));
  add(queue, "c2 into r1", move("c2", "r1"));
  add(queue, "c1 back", move("c1", MAIN_ROOM));
  add(queue, "close r1", { type: "close-room", room: "r1" as RoomId });
  add(queue, "end", { type: "end-conference" });

  expect([...queue.later("create r1")]).toEqual(["close r1"]);
  expect([...queue.later("c1 into r1")]).toEqual(["c1 back"]);
});

function add(queue: TopicQueue<string>, item: string, command: BridgeCommand): boolean {
  return queue.add(item, topicsOf(command));
}

function createRoom(room: string): BridgeCommand {
  return { type: "create-room", room: room as RoomId, kind: "sub" };
}

function move(call: string, room: string): BridgeCommand {
  return { type: "move", call: call as CallId, room: room as RoomId };
}
