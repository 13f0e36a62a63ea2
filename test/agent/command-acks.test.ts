import { expect, test } from "vitest";
import { CommandAcks } from "../../bridge-agent/core/command-acks.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";

const one = "100000001" as ConfKey;
const other = "100000002" as ConfKey;
const ids = (...names: string[]) => names as CommandId[];
const none = () => false;
const ack = (conference: ConfKey, ...names: string[]) => ({ type: "commands-ack", conference, ids: names });

test("a command whose result is out in time gets no ack", () => {
  const acks = new CommandAcks();
  acks.received(one, ids("a"), true, 0);
  expect(acks.due(0, false, none)).toEqual([]);
  acks.hasResult(one, "a" as CommandId);
  expect(acks.due(5_000, true, none)).toEqual([]);
});

test("a command that takes its time gets an ack, once, before the edge repeats it", () => {
  const acks = new CommandAcks();
  acks.received(one, ids("a"), true, 0);
  acks.received(other, ids("b"), true, 200);
  expect(acks.due(299, true, none)).toEqual([]);
  expect(acks.due(300, false, none)).toEqual([]);
  expect(acks.due(400, true, none)).toEqual([ack(one, "a")]);
  expect(acks.due(600, true, none)).toEqual([ack(other, "b")]);
  expect(acks.due(5_000, true, none)).toEqual([]);
});

test("a repeated command, and commands that come together, get an ack at once", () => {
  const acks = new CommandAcks();
  acks.received(one, ids("a"), false, 0);
  acks.received(other, ids("b", "c"), true, 0);
  expect(acks.due(0, false, none)).toEqual([ack(one, "a"), ack(other, "b", "c")]);
  expect(acks.due(5_000, true, none)).toEqual([]);
});

test("a second command in a conference that waits for a result brings the acks of both", () => {
  const acks = new CommandAcks();
  acks.received(one, ids("a"), true, 0);
  acks.received(one, ids("b"), true, 10);
  expect(acks.due(10, false, none)).toEqual([ack(one, "a", "b")]);
});

test("commands that the bridge was not given are acknowledged as waiting, and once more when it is given them", () => {
  const acks = new CommandAcks();
  acks.received(one, ids("a", "b", "c"), true, 0);
  const waiting = { ...ack(one, "a", "b", "c"), waiting: ["b", "c"] };
  expect(acks.due(0, false, (_, id) => id !== "a")).toEqual([waiting]);

  acks.hasResult(one, "c" as CommandId);
  for (const id of ids("a", "b", "c")) acks.begun(one, id);
  expect(acks.due(1_000, false, none)).toEqual([ack(one, "b")]);
  acks.begun(one, "b" as CommandId);
  expect(acks.due(2_000, true, none)).toEqual([]);
});
