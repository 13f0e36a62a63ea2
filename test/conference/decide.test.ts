import { expect, test } from "vitest";
import type { ConferenceSnapshot, Report } from "../../src/bridge/events.ts";
import { digestOf } from "../../src/bridge/state.ts";
import { decide, nextDeadline } from "../../src/conference/decide.ts";
import { type Decision, type DecisionContext, isCommand, isPost } from "../../src/conference/draft.ts";
import type { Creating, Running } from "../../src/conference/head.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { compareDigest } from "../../src/conference/reconcile.ts";
import {
  applyChanges,
  type Caller,
  type CallOut,
  type ConferenceState,
  emptyState,
  type OwnState,
  type Room,
} from "../../src/conference/state.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";
import { testDomain } from "../local-domain.ts";

const { settings } = testDomain();

const head: Running = {
  phase: "running",
  extConfId: "1001" as ExtConfId,
  host: "tsp1:80" as WebexHost,
  formerHandles: [],
  maxCallers: null,
  anonymousId: null,
  hybridEnabled: false,
  attached: true,
  locked: false,
  groups: [],
  life: {
    ...{ row: 1, createdAt: 0, runningAt: 0, extConfIds: [], webexHosts: [], topic: "", callers: 0, mostCallers: 0 },
    ...{ calls: 0, callMinutes: 0, failovers: 0, repairs: 0, givenUp: 0 },
  },
};
const empty: ConferenceSnapshot = {
  locked: false,
  speaking: null,
  rooms: [{ id: "main" as RoomId, kind: "main" }],
  callers: [],
  dialled: [],
};

const lostDocument = { host: head.host, transId: "t", attempts: 3, why: "" };

function after(state: Partial<ConferenceState>, input: ConferenceInput, more: Partial<DecisionContext> = {}): Decision {
  let count = 0;
  const context: DecisionContext = {
    confKey: "555" as ConfKey,
    settings,
    bridge: "bridge-1" as BridgeName,
    cannot: [],
    row: 2,
    msgId: () => `a${++count}` as MsgId,
    serial: () => ++count,
    nonce: () => `random${++count}`,
    unconfirmed: () => [],
    sends: () => true,
    ...more,
  };
  return decide({ ...emptyState(), head, ...state }, input, context);
}

/** A caller who came in and has no name yet. */
function aCaller(fields: Partial<Caller> & Pick<Caller, "call">): Caller {
  return {
    ...{ rank: 1, number: "", attendeeId: null, participantType: "participant", muted: false, mutedInMain: null },
    ...{ room: "main" as RoomId, extCallId: null, enterMsgId: null, held: [], left: false },
    history: { began: 1 },
    ...fields,
  };
}

function notesIn({ facts }: Decision): string[] {
  return facts.flatMap((fact) => (fact.kind === "noted" ? [fact.text] : []));
}

function snapshot(conference: ConferenceSnapshot): ConferenceInput {
  return reported({ type: "event", event: { type: "snapshot", conference } });
}

function reported(report: Report): ConferenceInput {
  return { type: "bridge", at: 1_000, reports: [{ number: 1, report }] };
}

test("a probe that cannot be written is owed no more, and the next thing owed is the next probe", () => {
  const host = head.host as WebexHost;
  const changed = (msgId: string, extCallId: string) => {
    return { type: "caller-changed", msgId, extConfId: "1001", extCallId, status: "left" } as object as ToWebex;
  };
  const [bad, good] = [changed("1", "11"), changed("2", "12")];
  const probe = { at: 5_000, keys: ["left 11"] };
  const outage = { host, since: 0, failedAt: 0, why: "TimeoutError", probes: 0, probe };
  const state = {
    outages: new Map([[host, outage]]),
    debts: new Map([
      ["left 11", bad],
      ["left 12", good],
    ]),
  };
  const of = { host, transId: "7", attempts: 0, why: "it cannot be written", probe: true, unpostable: true } as const;

  const { changes, effects } = after(state, { type: "undelivered", at: 6_000, messages: [bad], of });

  const { probe: _, ...rest } = outage;
  expect([...changes.outages]).toEqual([[host, { ...rest, dropped: [{ type: "caller-changed", count: 1 }] }]]);
  expect([...changes.debts]).toEqual([["left 11", null]]);
  expect(effects).toEqual([]);
});

test("no id of a command can be guessed: each has random bits of its own", () => {
  const lock = { type: "update-conference", msgId: "1", extConfId: "1001", action: "lock" } as FromWebex;

  const { effects } = after({}, { type: "webex", at: 1_000, transId: "1" as TransId, messages: [lock, lock] });

  expect(effects.filter(isCommand).map(({ id }) => id)).toEqual(["555.1.random2", "555.3.random4"]);
});

test.each([
  [{ ...settings, customerReference: "ACME-4711" }, "ACME-4711"],
  [settings, ""],
])("each record has the customer's reference, as it was when the call and the conference ended", (ofDomain, said) => {
  const ended: Report = { type: "event", event: { type: "conference-ended" } };
  const callers = new Map([["c1" as CallId, aCaller({ call: "c1" as CallId })]]);
  const { facts } = after({ callers }, reported(ended), { settings: ofDomain });

  const records = facts.flatMap((fact) => ("record" in fact ? [fact.record] : []));
  expect(records.map(({ kind, customerReference }) => [kind, customerReference])).toEqual([
    ["call", said],
    ["conference", said],
  ]);
});

test("of calls that left while WebEx was away the newest 1,000 are kept, and the dropped ones are named", () => {
  const leaving = (id: number) =>
    ({
      ...{ type: "caller-changed", status: "left", msgId: `m${id}`, extConfId: head.extConfId, extCallId: `${id}` },
    }) as ToWebex;
  const messages = Array.from({ length: 1_002 }, (_, id) => leaving(id));

  const decision = after({}, { type: "undelivered", at: 1_000, messages, of: lostDocument });

  const left = [...decision.changes.debts.keys()];
  expect([left.length, left[0], left.at(-1)]).toEqual([1_000, "left 2", "left 1001"]);
  expect(notesIn(decision)).toEqual(["more than 1000 calls left unreported; dropped: 0, 1"]);
});

test("a keyed attendee ID is told once, however often it is reported; keyed anew, it is told anew", () => {
  const call = "c1" as CallId;
  const caller = aCaller({ call, extCallId: "77" as ExtCallId });
  const keyed = (id: string, attendeeId: string) =>
    ({ type: "event", event: { type: "attendee-identified", id: id as CommandId, call, attendeeId } }) as const;
  const keyings = [keyed("k1", "101"), keyed("k1", "101"), keyed("k2", "102"), keyed("k1", "101"), keyed("k3", "101")];
  const reports = keyings.map((report, index) => ({ number: index + 1, report }));

  const input: ConferenceInput = { type: "bridge", at: 1_000, reports };
  const { effects } = after({ callers: new Map([[call, caller]]) }, input);

  expect(effects.filter(isPost).map(({ message }) => "attendeeId" in message && message.attendeeId)).toEqual([
    "101",
    "102",
    "101",
  ]);
});

test("of lost entries of callers who left the newest 100 are kept, and the dropped one is named", () => {
  const call = "c1" as CallId;
  const caller = aCaller({ call, enterMsgId: "m100" as MsgId, left: true });
  const lostEntries = Array.from({ length: 100 }, (_, id) => `m${id}` as MsgId);
  const messages = [{ type: "caller-entered", msgId: "m100" } as ToWebex];

  const state = { head: { ...head, lostEntries }, callers: new Map([[call, caller]]) };
  const decision = after(state, { type: "undelivered", at: 1_000, messages, of: lostDocument });

  const kept = (decision.changes.head as Running).lostEntries ?? [];
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([100, "m1", "m100"]);
  expect(notesIn(decision)).toEqual(["if WebEx names the call of message m0, it is not notified that the call left"]);
});

test("a digest shows a dialled call that nobody wants", () => {
  const state: ConferenceState = { ...emptyState(), head };
  const call = "o1" as CallId;
  const callOuts = new Map([[call, { call, stage: "dropping" } as CallOut]]);
  const held = digestOf({ locked: false, callers: [], dialled: [{ call }], rooms: [], speaking: null });

  expect(compareDigest(state, held)).toBe("differs");
  expect(compareDigest({ ...state, callOuts }, held)).toBe("same");
  expect(compareDigest({ ...state, callOuts }, digestOf(empty))).toBe("differs");
});

test("a muted host whose mute a private talk lifts is unmuted in the digest (protocol 4.21)", () => {
  const call = "c1" as CallId;
  const host = aCaller({ call, room: room.room, muted: true, heardInTalk: true });
  const state = { ...emptyState(), head, callers: new Map([[call, host]]) };
  const held = (muted: boolean) => digestOf({ ...empty, callers: [{ ...host, muted }] } as never);

  expect(compareDigest(state, held(false))).toBe("same");
  expect(compareDigest(state, held(true))).toBe("differs");
});

test("a room that nobody wants is closed once it is empty", () => {
  const caller = aCaller({ call: "c1" as CallId });
  const callers = new Map([[caller.call, caller]]);
  const room = "r9" as RoomId;
  const rooms = [...empty.rooms, { id: room, kind: "private" as const }];
  const found = { call: caller.call, muted: false } as ConferenceSnapshot["callers"][number];
  const commandsFor = (inRoom: RoomId) =>
    after({ callers }, snapshot({ ...empty, rooms, callers: [{ ...found, room: inRoom }] }))
      .effects.filter(isCommand)
      .map(({ command }) => command);

  expect(commandsFor(room)).toEqual([{ type: "move", call: "c1", room: "main" }]);
  expect(commandsFor("main" as RoomId)).toEqual([{ type: "close-room", room }]);
});

/** What a comparison with this snapshot leads to, and whether the two are alike when all commands are done. */
function repairs(state: Partial<ConferenceState>, found: ConferenceSnapshot) {
  const { changes, effects, facts } = after(state, snapshot(found));
  const repairs = facts.flatMap((fact) => (fact.kind === "repaired" ? [fact.what] : []));
  const left = { ...emptyState(), head, ...state } as OwnState;
  applyChanges(left, changes);
  const commands = effects.filter(isCommand).map(({ command }) => command);
  return { repairs, commands, left: { ...left, commands: new Map() } };
}

const room: Room = { room: "r1" as RoomId, subConfId: "s1", stage: "open", closeRequest: null } as Room;
const withRoom = { ...empty, rooms: [...empty.rooms, { id: room.room, kind: "sub" as const }] };

test("a room that is left over on the bridge is another digest, and is closed", () => {
  expect(compareDigest({ ...emptyState(), head }, digestOf(withRoom))).toBe("differs");
  const { commands, left } = repairs({}, withRoom);
  expect(commands).toEqual([{ type: "close-room", room: "r1" }]);
  expect(compareDigest(left, digestOf(empty))).toBe("same");
});

test("a sub-conference that the bridge has lost is another digest, and is over", () => {
  const rooms = new Map([[room.room, room]]);
  expect(compareDigest({ ...emptyState(), head, rooms }, digestOf(withRoom))).toBe("same");
  expect(compareDigest({ ...emptyState(), head, rooms }, digestOf(empty))).toBe("differs");
  const { commands, left } = repairs({ rooms }, empty);
  expect(commands).toEqual([]);
  expect(compareDigest(left, digestOf(empty))).toBe("same");
});

test("a private talk whose room the bridge has lost is another digest, and is over", () => {
  const [host, invitee] = ["c1", "c2"] as [CallId, CallId];
  const talk = { room: room.room, host, invitee, stage: "open", by: [] } as const;
  const inside = (call: CallId, where: RoomId) => aCaller({ call, room: where });
  const callers = new Map([host, invitee].map((call): [CallId, Caller] => [call, inside(call, room.room)]));
  const found = {
    ...empty,
    callers: [host, invitee].map((call) => ({
      ...inside(call, "main" as RoomId),
      silent: false,
      host: false,
      dialled: "",
    })),
  };
  const state = { head: { ...head, talk }, callers };
  expect(compareDigest({ ...emptyState(), ...state }, digestOf(found))).toBe("differs");

  const { left } = repairs(state, found);
  expect(compareDigest(left, digestOf(found))).toBe("same");
});

test.each([
  ["wanted and not reported", { reporting: true }, null, [{ type: "report-speakers" }]],
  ["reported and not wanted", null, [], [{ type: "stop-reporting-speakers" }]],
  ["not reported, and wanted by nobody since a failover", { reporting: false }, null, []],
] as const)("speakers that are %s are another digest, which is mended", (_what, wanted, speaking, expected) => {
  const speech = { speaking: [], reported: [], changedAt: null, notBefore: 0 };
  const state = { head: wanted ? { ...head, speech: { ...speech, ...wanted } } : head };
  const found: ConferenceSnapshot = { ...empty, speaking: speaking && [] };
  expect(compareDigest({ ...emptyState(), ...state }, digestOf(found))).toBe("differs");

  const { commands, left } = repairs(state, found);
  expect(commands).toEqual(expected);
  const mended = expected.length === 0 ? found.speaking : speaking === null ? [] : null;
  expect(compareDigest(left, digestOf({ ...found, speaking: mended }))).toBe("same");
});

test("of callers who left before WebEx named them 1,000 are kept, and of older ones the MsgID", () => {
  const callers = new Map(
    Array.from({ length: 1_001 }, (_, index): [CallId, Caller] => {
      const call = `c${index}` as CallId;
      const left = index < 1_000;
      return [call, aCaller({ call, enterMsgId: `m${index}` as MsgId, left })];
    }),
  );
  const leaves = { type: "event", event: { type: "caller-left", call: "c1000" as CallId, reason: "hung-up" } } as const;

  const { changes } = after({ callers }, reported(leaves));

  expect([...changes.callers].filter(([, caller]) => caller === null)).toEqual([["c0", null]]);
  expect((changes.head as Running).lostEntries).toEqual(["m0"]);
});

test("of creates that wait for the bridge 50 are kept; a further one is refused at once", () => {
  const create = (msgId: number) =>
    ({
      type: "create-conference",
      msgId: `${msgId}`,
      replyTo: "tsp1:80",
      extConfId: "1001",
      confKey: "555",
    }) as FromWebex;
  const messages = Array.from({ length: 52 }, (_, index) => create(index));
  const input: ConferenceInput = { type: "webex", at: 1_000, transId: "1" as TransId, messages };
  const refusals = (decision: Decision) =>
    decision.effects.filter(isPost).map(({ message }) => [message.msgId, "result" in message && message.result]);

  const creating = after({ head: { phase: "absent" } }, input);
  expect((creating.changes.head as Creating).requests).toHaveLength(50);
  expect(refusals(creating)).toEqual(["50", "51"].map((msgId) => [msgId, "capacity-exceeded"]));

  const closing = after({ head: { ...head, closing: { requests: [], answerBy: 9_000, next: [] } } }, input);
  expect((closing.changes.head as Running).closing?.next).toHaveLength(50);
  expect(refusals(closing)).toEqual(["50", "51"].map((msgId) => [msgId, "capacity-exceeded"]));
});

test("of the handles that failovers replaced within a minute 50 are accepted", () => {
  const formerHandles = Array.from({ length: 50 }, (_, id) => ({ extConfId: `f${id}` as ExtConfId, until: 9_000 }));
  const create = { type: "create-conference", msgId: "1", replyTo: "tsp2:80", extConfId: "1002", confKey: "555" };
  const messages = [create as FromWebex];

  const { changes } = after(
    { head: { ...head, formerHandles } },
    { type: "webex", at: 1_000, transId: "1" as TransId, messages },
  );

  const kept = (changes.head as Running).formerHandles.map(({ extConfId }) => extConfId);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([50, "f1", "1001"]);
});

test("a move of a call that is hung up leaves a private talk with another call alone", () => {
  const [host, invitee, dropped] = ["c1", "o2", "o1"] as CallId[];
  if (!host || !invitee || !dropped) throw new Error("three calls are needed");
  const talk = { room: "r1" as RoomId, host, invitee, stage: "opening", by: [] } as const;
  const move = (id: string, call: CallId, room: string) => ({
    ...{ id: id as CommandId, command: { type: "move", call, room: room as RoomId } as const },
    ...{ answerBy: null, request: null, by: [] },
  });
  const commands = new Map([move("1", dropped, "main"), move("2", invitee, "r1")].map((one) => [one.id, one]));
  const callOuts = new Map([
    [dropped, { call: dropped, stage: "dropping" } as CallOut],
    [invitee, { call: invitee, stage: "answered" } as CallOut],
  ]);
  const result = { type: "result", id: "1" as CommandId, result: { done: true } } as const;

  const { changes, effects } = after({ head: { ...head, talk }, callOuts, commands }, reported(result));

  expect([changes.head, changes.callers.size, changes.callOuts.size, effects]).toEqual([undefined, 0, 0, []]);
});

test("a call that has left a conference that the edge does not know has its record, by what the agent's journal knows", () => {
  const was = { number: "4420", enteredAt: 200, leftAt: 700 };
  const report = { type: "caller-left", call: "c1" as CallId, reason: "hung-up", was } as const;
  const { facts } = after({ head: { phase: "absent" } }, reported({ type: "event", event: report }));

  const record = facts.flatMap((fact) => (fact.kind === "call-left" ? [fact.record] : []));
  expect(record).toMatchObject([{ number: "4420", enteredAt: 200, endedAt: 700, fromBridge: true, endedBy: "caller" }]);
});

test("of a bridge's late creation nothing is kept, and an older conference of its key is no orphan", () => {
  const found = snapshot({ ...empty, since: 900 });
  const commands = (state: Partial<ConferenceState>) =>
    after(state, found).effects.flatMap((effect) => (isCommand(effect) ? [effect.command.type] : []));

  expect(commands({ head: { phase: "absent", notCreated: true } })).toEqual(["end-conference"]);
  expect(commands({ head: { phase: "ended", byWebex: true, at: 100 } })).toEqual(["end-conference"]);
  expect(commands({ head: { phase: "absent" } })).toEqual(["lock"]);
});

test("what began when the edge had lost nothing may be another edge's: it is neither locked nor ended, and a create adopts it", () => {
  const found = (since: number, knownSince: number) => {
    const input = { ...snapshot({ ...empty, since }), at: 2_000_000, knownSince } as ConferenceInput;
    const { changes, effects } = after({ head: { phase: "absent" } }, input);
    const { orphan, keptUntil } = changes.head as Running;
    return { orphan, keptUntil, commands: effects.flatMap((one) => (isCommand(one) ? [one.command.type] : [])) };
  };

  expect(found(1_500_000, 1_000_000)).toEqual({ orphan: { foundAt: 2_000_000, leftAlone: true }, commands: [] });
  // Clocks may differ by five minutes.
  expect(found(1_200_000, 1_000_000)).toMatchObject({ orphan: { endAt: 16_400_000, locks: true }, commands: ["lock"] });
});

test("locks an unknown conference and records only calls that the agent reports", () => {
  const said = {
    ...reported({ type: "event", event: { type: "snapshot", conference: empty } }),
    knownSince: 900_000_000,
  };
  const commands = (was: ConferenceState["head"], input = { ...said, at: 1_000_000_000 } as ConferenceInput) =>
    after({ head: was }, input).effects.flatMap((one) => (isCommand(one) ? [one.command.type] : []));

  // It may have begun at any time.
  expect(commands({ phase: "absent" })).toEqual(["lock"]);
  const left = { type: "caller-left", call: "c1" as CallId, reason: "hung-up" } as const;
  expect(after({ head: { phase: "absent" } }, reported({ type: "event", event: left })).facts).toEqual([]);
  expect(
    after({ head: { phase: "absent" } }, reported({ type: "event", event: { type: "conference-ended" } })).facts,
  ).toEqual([]);
});

test("after a restore, what is over in the backup is not ended on the bridge before it was compared", () => {
  const found = snapshot({ ...empty, callers: [] });
  const ended = { phase: "ended", byWebex: true, at: 100 } as const;
  const commands = (state: Partial<ConferenceState>) =>
    after(state, found).effects.flatMap((one) => (isCommand(one) ? [one.command.type] : []));

  expect(commands({ head: ended })).toEqual(["end-conference"]);
  expect(commands({ head: { ...ended, restored: true } })).toEqual(["lock"]);
  const kept = { ...head, attached: false, keptUntil: 5, restored: true } as const;
  expect(nextDeadline({ ...emptyState(), head: kept })).toBeNull();
});

test("a call that was inside before WebEx created the conference counts from when the agent knows it, as after a loss", () => {
  const found = (enteredAt: number) => {
    const [call, rest] = ["c1" as CallId, { number: "", attendeeId: null, muted: false, silent: false }];
    const caller = { call, ...rest, room: "main" as RoomId, enteredAt };
    const since = { ...head, life: { ...head.life, createdAt: 500 } };
    const { changes } = after({ head: since }, snapshot({ ...empty, callers: [caller] }));
    return changes.callers.get(call)?.history;
  };

  expect(found(200)).toMatchObject({ enteredAt: 200, fromBridge: true });
  // An entry that was missed counts from when the edge found it.
  expect(found(600)).toMatchObject({ enteredAt: 1_000 });
});

test("calls that left before their conference was found have its life and are counted in it, and no other conference has that", () => {
  const left = (call: string) => (at: number) => {
    const was = { number: "4420", enteredAt: at - 500, leftAt: at - 200 };
    return { type: "caller-left", call: call as CallId, reason: "hung-up", was } as const;
  };
  const over = () => ({ type: "snapshot", conference: null }) as const;
  const held = (at: number) =>
    ({ type: "conference-ended", was: { since: at - 900, endedAt: at - 100, callers: [] } }) as const;
  const state = emptyState();
  const events = [left("c1"), left("c2"), held, left("c3"), over, left("c4"), held];
  const records = events.flatMap((eventAt, index) => {
    const at = 1_000_000 * (index + 1);
    const input = { ...reported({ type: "event", event: eventAt(at) }), at } as ConferenceInput;
    const { changes, facts } = after(state, input, { row: index + 11 });
    applyChanges(state, changes);
    return facts.flatMap((fact) => ("record" in fact ? [fact.record] : []));
  });

  const shown = records.map((record) => [record.kind === "call" ? record.call : `of ${record.calls}`, record.life]);
  expect(shown.map((one) => one.join(" "))).toEqual(["c1 11", "c2 11", "of 2 11", "c3 14", "c4 16", "of 1 16"]);
});

test("a call that is turned away once more, since its agent died meanwhile, is told once", () => {
  const event = { type: "caller-turned-away", call: "c1", number: "1", dialled: "", why: "locked" } as const;
  const report = { type: "event", event: { ...event, wrongKeys: 0, waitedMs: 0 } } as object as Report;
  const reports = [1, 2].map((number) => ({ number, report }));
  const { facts } = after({}, { type: "bridge", at: 1_000, reports });

  expect(facts.map(({ kind }) => kind)).toEqual(["call-turned-away"]);
});
