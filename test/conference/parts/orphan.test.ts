import { expect, test } from "vitest";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { event, snapshot } from "../../builders.ts";
import { decided, dialled, factsOf, pending, reported, running } from "./decided.ts";

const TEN_MINUTES = 600_000;
const caller = { number: "4420", attendeeId: null, muted: false, silent: false, room: "main" };

function found(at: number, more: object = {}, callers: readonly object[] = []): ConferenceInput {
  return { ...reported(snapshot(callers, more)), at } as ConferenceInput;
}

test("what a bridge holds is another conference only ten minutes after the last one ended, and once its commands are done", () => {
  const ended = { head: { phase: "ended", byWebex: true, at: 100 } };
  const late = found(2_000_000, { since: 100 + TEN_MINUTES + 1 });
  const commands = new Map([pending("1", { type: "end-conference" })]);
  const leftOver = new Map([pending("1", { type: "end-conference" }, { bridge: "bridge-2" })]);

  expect(decided(ended, late).commands).toEqual([{ type: "lock" }]);
  expect(decided({ ...ended, commands: leftOver }, late).commands).toEqual([{ type: "lock" }]);
  expect(decided({ ...ended, commands }, late).commands).toEqual([]);
  expect(decided(ended, found(2_000_000, { since: 100 + TEN_MINUTES })).commands).toEqual([{ type: "end-conference" }]);
  expect(decided(ended, found(2_000_000)).commands).toEqual([{ type: "end-conference" }]);
});

test("what began five minutes after the edge lost its state, or later, is another edge's", () => {
  const commands = (since: number) =>
    decided({ head: { phase: "absent" } }, { ...found(2_000_000, { since }), knownSince: 1_000_000 } as ConferenceInput)
      .commands;

  expect(commands(1_299_999)).toEqual([{ type: "lock" }]);
  expect(commands(1_300_000)).toEqual([]);
});

test("a conference is found on another bridge by when that began, and else by when WebEx created it here", () => {
  const state = { head: running({ life: { ...running().life, createdAt: 2_000_000 } }) };
  const from = (since: object) =>
    decided(state, {
      ...found(3_000_000, since, [{ ...caller, call: "c1" }]),
      ...{ elsewhere: "bridge-2", knownSince: 1_000_000 },
    } as ConferenceInput);

  expect(from({ since: 500_000 }).movedTo).toBe("bridge-2");
  expect(factsOf(from({ since: 500_000 }), "repaired")[0]).toEqual({ kind: "repaired", what: "bridge" });
  expect(from({}).movedTo).toBeUndefined();
});

test.each([
  [{ orphanConferenceMinutes: 30 }, { endAt: 1_802_000, locks: true }],
  [{ orphanConferenceMinutes: "never" }, { locks: true }],
  [{ orphanConferenceMinutes: "leave-alone" }, { leftAlone: true }],
])("by %j, what was found ends, is locked, or is left alone", (settings, wanted) => {
  const { head, facts } = decided({ head: { phase: "absent" } }, found(2_000, { since: 500 }), { settings });

  expect(head?.orphan).toStrictEqual({ foundAt: 2_000, ...wanted });
  expect(head).not.toHaveProperty("formerSecrets");
  const { leftAlone } = { leftAlone: undefined, ...wanted };
  expect(facts[0]).toStrictEqual({
    ...{
      kind: "conference-found",
      life: 2,
      createdAt: 500,
      locked: false,
      bridge: "bridge-1",
      by: [{ type: "repair" }],
    },
    ...(leftAlone && { leftAlone }),
  });
});

test("a found call whose attendee ID led in before, or lets somebody listen, is named by nobody", () => {
  const state = { head: { phase: "absent", formerSecrets: ["9999"] } };
  const calls = [
    { ...caller, call: "c1", attendeeId: "9999" },
    { ...caller, call: "c2", attendeeId: "8888", silent: true, muted: true },
    { ...caller, call: "c3", attendeeId: "7777" },
  ];
  const decision = decided(state, found(2_000, {}, calls));

  expect(factsOf(decision, "call-entered")).toMatchObject([
    { call: "c1", attendeeId: null },
    { call: "c2", attendeeId: null, participantType: "silent-monitor", muted: true },
    { call: "c3", attendeeId: "7777" },
  ]);
  expect(decision.head?.formerSecrets).toEqual(["9999"]);
});

const was = { number: "4420", enteredAt: 200, leftAt: 700 };
const left = (more: object = {}) => event({ type: "caller-left", call: "c1", reason: "hung-up", was, ...more });

test("a call of which the edge hears at its end has entered and has left, once, however many agents tell of it", () => {
  const known = { head: running({ life: { ...running().life, calls: 4, callers: 1 } }) };
  const unknown = decided({ head: { phase: "absent" } }, reported(left(), left()));
  const here = decided(known, reported(left(), left()));
  const record = { number: "4420", enteredAt: 200, endedAt: 700, seconds: 1, fromBridge: true, rooms: ["main"] };

  for (const [decision, life] of [
    [unknown, 2],
    [here, 1],
  ] as const)
    expect(factsOf(decision)).toMatchObject([
      { ...{ kind: "call-entered", call: "c1", direction: "in", muted: false, participantType: "participant" }, life },
      { kind: "call-left", record: { ...record, life } },
    ]);
  expect(unknown.head).toMatchObject({ phase: "absent", unfound: { row: 2, calls: 1, callers: 0, fromBridge: true } });
  expect(here.head?.life).toMatchObject({ row: 1, calls: 5, callers: 1, mostCallers: 2 });
  expect(here.head).not.toHaveProperty("unfound");
});

test("what else was said of the call does not count as its end", () => {
  const answered = event({ type: "call-answered", call: "c1" });
  expect(factsOf(decided({}, reported(answered, left())), "command-issued", "call-left")).toHaveLength(2);
  const other = left({ call: "c2" });
  expect(factsOf(decided({}, reported(other, left())), "call-left")).toHaveLength(2);
});

test("a call of a conference that is over for less than ten minutes, or that is being created, is no news", () => {
  const over = (enteredAt: number) =>
    decided({ head: { phase: "ended", byWebex: true, at: 100 } }, reported(left({ was: { ...was, enteredAt } }))).facts;

  expect(over(200)).toEqual([]);
  expect(over(100 + TEN_MINUTES + 1)).toHaveLength(2);
  expect(decided({}, reported(left({ was: undefined }))).facts).toEqual([]);
});

test("a conference of which the edge hears at its end was found, with its callers, and is over", () => {
  const callers = [{ ...caller, call: "c1", enteredAt: 300 }];
  const over = event({ type: "conference-ended", was: { since: 200, endedAt: 700, callers } });
  const decision = decided({ head: { phase: "absent" } }, reported(over));

  expect(factsOf(decision)).toMatchObject([
    { kind: "conference-found", createdAt: 200, locked: true },
    { kind: "call-entered", call: "c1", room: "main" },
    { kind: "call-left", record: { enteredAt: 300, endedAt: 700, fromBridge: true } },
    { kind: "conference-ended", record: { createdAt: 200, endedAt: 700, calls: 1, mostCallers: 1, fromBridge: true } },
  ]);
  expect(decision.commands).toEqual([]);
  // WebEx has asked for another one meanwhile, and the bridge is yet to be told.
  expect(decided({ head: running({ phase: "creating", requests: [] }) }, reported(over)).facts).toEqual([]);
});

test.each([
  ["somebody came in", 200, [{ enteredAt: 800 }], 800],
  ["somebody came in of whom it does not say when", 200, [{}], 900],
  ["it began", 750, [], 750],
])("one that ended, as its agent says, before %s, ended no earlier: a clock was set", (_, since, callers, end) => {
  const was = { since, endedAt: 700, callers: callers.map((one) => ({ ...caller, call: "c1", ...one })) };
  const over = reported(event({ type: "conference-ended", was }));
  const { facts } = decided({ head: { phase: "absent" } }, { ...over, at: 900 });
  const records = facts.flatMap((fact) => ("record" in fact && fact.record ? [fact.record] : []));

  expect(records).toHaveLength(callers.length + 1);
  for (const record of records) {
    expect(record.endedAt).toBe(end);
    expect(record.seconds).toBeGreaterThanOrEqual(0);
  }
});

test("a call that the bridge had dialled was dialled for its record, too", () => {
  const dialledOut = { ...was, dialledOut: true };
  const facts = factsOf(decided({ head: { phase: "absent" } }, reported(left({ was: dialledOut }))));
  expect(facts).toMatchObject([{ direction: "out" }, { record: { direction: "out" } }]);
  const [call, waiting] = dialled("c1");
  const known = decided({ callOuts: new Map([[call, waiting]]) }, reported(left()));
  expect(factsOf(known)).toMatchObject([{ kind: "call-not-entered", record: { extCallId: "77", fromBridge: false } }]);
});
