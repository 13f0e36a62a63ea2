import { expect, test } from "vitest";
import type { ConferenceSnapshot } from "../../src/bridge/events.ts";
import { digestOf } from "../../src/bridge/state.ts";
import { type ConferenceInput, decide } from "../../src/conference/decide.ts";
import type { Decision, DecisionContext } from "../../src/conference/draft.ts";
import { matchesBridge } from "../../src/conference/reconcile.ts";
import {
  type Caller,
  type CallOut,
  type ConferenceState,
  emptyState,
  type Running,
} from "../../src/conference/state.ts";
import type {
  BridgeName,
  CallId,
  ConfKey,
  ExtConfId,
  MsgId,
  RoomId,
  StreamId,
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
  attached: true,
  locked: false,
  groups: [],
  departed: [],
};
const empty: ConferenceSnapshot = {
  locked: false,
  speaking: null,
  rooms: [{ id: "main" as RoomId, kind: "main" }],
  callers: [],
  dialled: [],
};

function after(state: Partial<ConferenceState>, input: ConferenceInput): Decision {
  let count = 0;
  const context: DecisionContext = {
    confKey: "555" as ConfKey,
    settings,
    bridge: "bridge-1" as BridgeName,
    msgId: () => `a${++count}` as MsgId,
    serial: () => ++count,
    nonce: () => `random${++count}`,
    unconfirmed: () => [],
  };
  return decide({ ...emptyState(), head, ...state }, input, context);
}

function snapshot(conference: ConferenceSnapshot): ConferenceInput {
  const report = { type: "event", event: { type: "snapshot", conference } } as const;
  return { type: "bridge", at: 1_000, stream: "s" as StreamId, reports: [{ number: 1, report }] };
}

test("no id of a command can be guessed: each has random bits of its own", () => {
  const lock = { type: "update-conference", msgId: "1", extConfId: "1001", action: "lock" } as FromWebex;

  const { commands } = after({}, { type: "webex", at: 1_000, transId: "1" as TransId, messages: [lock, lock] });

  expect(commands.map(({ id }) => id)).toEqual(["555.1.random2", "555.3.random4"]);
});

test("of calls that left while WebEx was away the newest 1,000 are kept, and the dropped ones are named", () => {
  const left = (id: number) =>
    ({ type: "caller-changed", status: "left", msgId: `m${id}`, extCallId: `${id}` }) as ToWebex;
  const messages = Array.from({ length: 1_002 }, (_, id) => left(id));

  const { changes, notes } = after({}, { type: "undelivered", at: 1_000, messages });

  const { departed } = changes.head as Running;
  expect([departed.length, departed[0], departed.at(-1)]).toEqual([1_000, "2", "1001"]);
  expect(notes.at(-1)).toBe("more than 1000 calls left unreported; dropped: 0, 1");
});

test("of lost entries of callers who left the newest 100 are kept, and the dropped one is named", () => {
  const call = "c1" as CallId;
  const caller = { call, enterMsgId: "m100", extCallId: null, left: true, held: [] } as unknown as Caller;
  const lostEntries = Array.from({ length: 100 }, (_, id) => `m${id}` as MsgId);
  const messages = [{ type: "caller-entered", msgId: "m100" } as ToWebex];

  const state = { head: { ...head, lostEntries }, callers: new Map([[call, caller]]) };
  const { changes, notes } = after(state, { type: "undelivered", at: 1_000, messages });

  const kept = (changes.head as Running).lostEntries ?? [];
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([100, "m1", "m100"]);
  expect(notes.at(-1)).toBe("if WebEx names the call of message m0, it is not told that the call left");
});

test("a digest shows a dialled call that nobody wants", () => {
  const state: ConferenceState = { ...emptyState(), head };
  const call = "o1" as CallId;
  const callOuts = new Map([[call, { call, stage: "dropping" } as CallOut]]);
  const held = digestOf({ locked: false, callers: [], dialled: [{ call }] });

  expect(matchesBridge(state, held)).toBe(false);
  expect(matchesBridge({ ...state, callOuts }, held)).toBe(true);
  expect(matchesBridge({ ...state, callOuts }, digestOf(empty))).toBe(false);
});

test("a room that nobody wants is closed once it is empty", () => {
  const caller = { call: "c1" as CallId, muted: false, room: "main" as RoomId, left: false } as Caller;
  const callers = new Map([[caller.call, caller]]);
  const room = "r9" as RoomId;
  const rooms = [...empty.rooms, { id: room, kind: "private" as const }];
  const found = { call: caller.call, muted: false } as ConferenceSnapshot["callers"][number];
  const commandsFor = (inRoom: RoomId) =>
    after({ callers }, snapshot({ ...empty, rooms, callers: [{ ...found, room: inRoom }] })).commands.map(
      ({ command }) => command,
    );

  expect(commandsFor(room)).toEqual([{ type: "move", call: "c1", room: "main" }]);
  expect(commandsFor("main" as RoomId)).toEqual([{ type: "close-room", room }]);
});
