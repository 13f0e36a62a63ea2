import { describe, expect, test } from "vitest";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { BridgeCaller, ConferenceEvent } from "../../src/bridge/events.ts";
import {
  type CallId,
  type CommandId,
  type ConfKey,
  MAIN_ROOM,
  type RoomId,
  type StreamId,
} from "../../src/foundation/ids.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import {
  decodeAgentToEdge,
  decodeEdgeToAgent,
  encodeAgentFrames,
  encodeMessage,
  MAX_MESSAGE_LENGTH,
  PING,
} from "../../src/link/messages.ts";

const conference = "987654321" as ConfKey;
const call = "c1" as CallId;
const room = "r1" as RoomId;
const stream = "s1" as StreamId;

const commands: BridgeCommand[] = [
  { type: "create-conference", maxCallers: 50, anonymousId: "0444" },
  { type: "create-conference", maxCallers: null, anonymousId: null },
  { type: "end-conference" },
  { type: "lock" },
  { type: "unlock" },
  { type: "create-room", room, kind: "private" },
  { type: "close-room", room },
  { type: "dial", call, number: { country: "1", area: "408", local: "5551234", extension: "" }, waitMs: 30_000 },
  { type: "cancel-dial", call },
  { type: "admit", call, muted: true, joinTone: false },
  { type: "move", call, room },
  { type: "mute", call },
  { type: "unmute", call },
  { type: "expel", call },
  { type: "report-speakers" },
  { type: "stop-reporting-speakers" },
];

const edgeToAgent: EdgeToAgent[] = [
  {
    type: "welcome",
    role: "standby",
    epoch: 3,
    activeSince: 2,
    heartbeatMs: 3_000,
    alone: false,
    keypad: { merge: "*1", mute: "*6", askAttendeeId: true },
  },
  { type: "activate", epoch: 4 },
  { type: "activate", epoch: 4, replaces: { agent: "agent-1", why: "silent" } },
  {
    type: "commands",
    epoch: 4,
    conference,
    commands: commands.map((command, index) => ({ id: `o${index}` as CommandId, command })),
  },
  { type: "reports-ack", conference, stream, upTo: 0 },
  { type: "snapshot-wanted", conference },
  { type: "prompt-calls-ack", upTo: 3 },
  { type: "pong" },
];

const caller: BridgeCaller = { call, number: "", attendeeId: null, muted: false, silent: false, room: MAIN_ROOM };

const events: ConferenceEvent[] = [
  { type: "caller-entered", caller },
  { type: "caller-entered", caller, prompt: { waitedMs: 9_000, wrongKeys: 1 } },
  {
    type: "caller-turned-away",
    call,
    number: "14085551234",
    dialled: "",
    why: "refused",
    reason: "capacity",
    wrongKeys: 1,
    waitedMs: 9_000,
  },
  { type: "call-answered", call },
  { type: "caller-left", call, reason: "no-answer" },
  { type: "caller-muted", call, muted: true },
  { type: "attendee-identified", id: "keypad-1" as CommandId, call, attendeeId: "555" },
  { type: "speaking-changed", call, speaking: true },
  { type: "lock-changed", locked: true },
  { type: "conference-ended" },
  { type: "snapshot", conference: null },
  {
    type: "snapshot",
    conference: {
      locked: false,
      speaking: [call],
      rooms: [{ id: MAIN_ROOM, kind: "main" }],
      callers: [caller],
      dialled: [{ call, answered: false }],
    },
  },
];

const agentToEdge: AgentToEdge[] = [
  { type: "commands-ack", conference, ids: ["o1" as CommandId] },
  { type: "commands-ack", conference, ids: ["o1", "o2"] as CommandId[], waiting: ["o2" as CommandId] },
  {
    type: "reports",
    epoch: 1,
    conference,
    stream,
    reports: [
      { number: 1, report: { type: "result", id: "o1" as CommandId, result: { done: true } } },
      { number: 2, report: { type: "result", id: "o2" as CommandId, result: { done: false, reason: "locked" } } },
      ...events.map((event, index) => ({ number: index + 3, report: { type: "event", event } as const })),
    ],
  },
  {
    type: "prompt-calls",
    upTo: 3,
    at: 9,
    calls: [
      {
        call,
        number: "14085551234",
        dialled: "",
        at: 1,
        steps: [{ type: "wrong-key", at: 2, digits: 9 }],
        end: { at: 3, why: "stopped-keying", conference, digits: 4 },
      },
      { call, number: "", dialled: "", at: 1, steps: [{ type: "unclear-keys", at: 2 }], end: null },
      { call, number: "", dialled: "", at: 1, steps: [], end: null, unfinished: { at: 2, digits: 3, conference } },
    ],
  },
  { type: "digests", epoch: 1, digests: [{ conference, digest: "open.0.0.0" }] },
  { type: "health", bridgeUp: true, portsInUse: 3, ports: null, version: "1" },
  { type: "health", bridgeUp: true, portsInUse: 3, ports: null, version: "1", cannot: ["lock"] },
  { type: "health", bridgeUp: true, portsInUse: 0, portsUnread: true, ports: null, version: "1" },
  {
    type: "health",
    bridgeUp: true,
    portsInUse: 3,
    ports: null,
    version: "1.4.0",
    waiting: { commands: 2, reports: 1 },
  },
  { type: "ping" },
];

test.each(edgeToAgent.map((message) => [message.type, message] as const))(
  "the edge's %s arrives as it was sent",
  (_, message) => {
    expect(decodeEdgeToAgent(encodeMessage(message))).toEqual({ ok: true, value: message });
  },
);

test.each(agentToEdge.map((message) => [message.type, message] as const))(
  "the agent's %s arrives as it was sent",
  (_, message) => {
    expect(decodeAgentToEdge(encodeMessage(message))).toEqual({ ok: true, value: [message] });
  },
);

test("encodes a turn as one frame, or several if it is long", () => {
  const frames = encodeAgentFrames({ type: "turn", messages: agentToEdge });
  expect(frames).toHaveLength(1);
  expect(decodeAgentToEdge(frames.join())).toEqual({ ok: true, value: agentToEdge });
  const ack: AgentToEdge = { type: "commands-ack", conference, ids: Array(10_000).fill("an id of a command") };
  const long = encodeAgentFrames({ type: "turn", messages: [{ type: "ping" }, ack, ack, { type: "ping" }] });
  expect(long.map((frame) => decodeAgentToEdge(frame))).toEqual(
    [
      [{ type: "ping" }, ack],
      [ack, { type: "ping" }],
    ].map((value) => ({ ok: true, value })),
  );
  expect(encodeAgentFrames({ type: "ping" })).toEqual([PING]);
  expect(encodeAgentFrames({ type: "turn", messages: [] })).toEqual([]);
});

test("a frame has at most 256 Ki characters", () => {
  const ack = (length: number): AgentToEdge => {
    const empty = encodeMessage({ type: "commands-ack", conference, ids: ["" as CommandId] }).length;
    return { type: "commands-ack", conference, ids: ["x".repeat(length - empty) as CommandId] };
  };
  const framesOf = (length: number) =>
    encodeAgentFrames({ type: "turn", messages: [ack(100_000), ack(length)] }).length;
  expect([framesOf(256 * 1024 - 100_000), framesOf(256 * 1024 - 99_999)]).toEqual([1, 2]);
});

test("rejects a turn with a wrong message or another turn", () => {
  const turnOf = (...messages: unknown[]) => decodeAgentToEdge(JSON.stringify({ type: "turn", messages }));
  const ping = { type: "ping" };
  expect(turnOf(ping, { type: "health" })).toMatchObject({ error: { kind: "bad-message", type: "health" } });
  expect(turnOf(ping, { type: "turn", messages: [ping] })).toEqual({
    ok: false,
    error: { kind: "unknown-message", type: "turn" },
  });
  expect(turnOf()).toEqual({ ok: true, value: [] });
});

test("takes no unchecked field and no endless list from prompt calls", () => {
  const said = { call: "c1", number: "1", dialled: "", at: 1, steps: [], end: null };
  const decoded = (of: object) =>
    decodeAgentToEdge(JSON.stringify({ type: "prompt-calls", upTo: 1, at: 1, calls: [{ ...said, ...of }] }));
  const steps = [{ type: "wrong-key", at: 1, digits: 2, keys: "12" }];
  const unfinished = { at: 1, digits: 2, keys: "12" };
  expect(JSON.stringify(decoded({ steps, unfinished, keyed: "12#" }))).not.toContain("12");
  expect(decoded({ steps: Array(21).fill({ type: "unclear-keys", at: 1 }) }).ok).toBe(false);
});

test("ignores unknown fields of an agent's message", () => {
  const ack = { type: "commands-ack", conference, ids: ["o1"] };
  expect(decodeAgentToEdge(JSON.stringify({ ...ack, later: ["o1"] }))).toEqual({ ok: true, value: [ack] });
  const health = { type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" };
  expect(decodeAgentToEdge(JSON.stringify({ ...health, laterThanThis: 1 }))).toEqual({ ok: true, value: [health] });
});

test("ignores unknown abilities of a bridge", () => {
  const health = { type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" };
  const text = JSON.stringify({ ...health, cannot: ["mute", "dial", "mute", "teleport"] });
  expect(decodeAgentToEdge(text)).toEqual({ ok: true, value: [{ ...health, cannot: ["mute", "dial"] }] });
});

describe("explains what is not a message", () => {
  const failure = (text: string) => {
    const decoded = decodeEdgeToAgent(text);
    return decoded.ok ? null : decoded.error;
  };

  test.each([
    ["no JSON", "{", { kind: "not-json" }],
    ["no object", "null", { kind: "unknown-message", type: "" }],
    ["a type of the other direction", '{"type":"hello"}', { kind: "unknown-message", type: "hello" }],
    ["a name that every object has", '{"type":"constructor"}', { kind: "unknown-message", type: "constructor" }],
    ["a field that is missing", '{"type":"activate"}', { kind: "bad-message", type: "activate", path: "epoch" }],
    [
      "a number that is none",
      '{"type":"activate","epoch":-1}',
      { kind: "bad-message", type: "activate", path: "epoch" },
    ],
    [
      "a type of which nobody wants to read all",
      `{"type":"${"x".repeat(60)}"}`,
      { kind: "unknown-message", type: "x".repeat(50) },
    ],
    [
      "an empty id",
      '{"type":"commands","epoch":1,"conference":"","orders":[]}',
      { kind: "bad-message", type: "commands", path: "conference" },
    ],
  ])("%s", (_, text, error) => {
    expect(failure(text)).toMatchObject(error);
  });

  test("a text that is too long is not even read", () => {
    expect(failure(" ".repeat(MAX_MESSAGE_LENGTH + 1))).toEqual({ kind: "too-long", length: MAX_MESSAGE_LENGTH + 1 });
    expect(failure(" ".repeat(MAX_MESSAGE_LENGTH))).toEqual({ kind: "not-json" });
    expect(decodeAgentToEdge("{")).toEqual({ ok: false, error: { kind: "not-json" } });
  });
});

test("separates unknown commands by ID from the others", () => {
  const lock = { id: "b", command: { type: "lock" } };
  const commands = [
    { id: "a", command: { type: "explode" } },
    lock,
    { id: "c", command: { type: "mute", call: 7 } },
    null,
  ];
  const text = JSON.stringify({ type: "commands", epoch: 1, conference, commands });

  expect(decodeEdgeToAgent(text)).toEqual({
    ok: true,
    value: { type: "commands", epoch: 1, conference, commands: [lock], notUnderstood: ["a", "c"] },
  });
});

test("ignores unknown fields of an edge's message", () => {
  expect(decodeEdgeToAgent('{"type":"activate","epoch":1,"mood":"good","__proto__":{"type":"x"}}')).toEqual({
    ok: true,
    value: { type: "activate", epoch: 1 },
  });
});
