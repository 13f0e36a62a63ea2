import { expect, test } from "vitest";
import type { AgentsOfBridge } from "../../cli/operator/operator-client.ts";
import { linesWithin, storyText } from "../../cli/operator/story.ts";
import { blocksOf } from "../../src/explain/story-blocks.ts";
import { exactText } from "../../src/foundation/time/shown-time.ts";
import type { StoryFacts, StoryLine, StorySide } from "../../src/rpc/story.ts";
import { command, conference, document, now, painted, plain } from "./view-examples.ts";

const start = now - 10_000;

function line(seq: number, ms: number, way: string, what: string, facts: StoryFacts = {}): StoryLine {
  const [from, to] = way.split(" > ") as [StorySide, StorySide];
  return { seq, at: start + ms, from, to, what, facts };
}

/** Two mutes whose answers travel in one document. */
const mutes = [
  line(1, 0, "webex > edge", "W2A_UpdateUser", { msgId: "1", extCallId: "70000", transId: "w1" }),
  line(1, 0, "edge > bridge", "mute", { call: "c1", commandId: "555120777.1" }),
  line(2, 1, "webex > edge", "W2A_UpdateUser", { msgId: "2", extCallId: "70001", transId: "w1" }),
  line(2, 1, "edge > bridge", "mute", { call: "c2", commandId: "555120777.2" }),
  line(4, 7, "bridge > edge", "mute: done", { commandId: "555120777.2", afterMs: "6" }),
  line(4, 7, "edge > webex", "A2W_RspUpdateUser", { msgId: "2", result: "ok", extCallId: "70001", transId: "t1" }),
  line(5, 9, "bridge > edge", "mute: done", { commandId: "555120777.1", afterMs: "9" }),
  line(5, 9, "edge > webex", "A2W_RspUpdateUser", { msgId: "1", result: "ok", extCallId: "70000", transId: "t1" }),
  line(6, 20, "webex > edge", "confirmed", { transId: "t1" }),
];

function whats(lines: readonly StoryLine[]): string[][] {
  return blocksOf(lines).map((block) => block.map(({ what, facts }) => facts.call ?? what));
}

test("request, command, result, answer and Confirmation are one block, whatever came in between", () => {
  const one = ["W2A_UpdateUser", "c1", "mute: done", "A2W_RspUpdateUser", "confirmed"];
  const other = ["W2A_UpdateUser", "c2", "mute: done", "A2W_RspUpdateUser", "confirmed"];

  expect(whats(mutes)).toEqual([one, other]);
});

test("of each caller number and attendee ID are told, also where those of two look alike", () => {
  const caller = (seq: number, msgId: string, extCallId: string) =>
    line(seq, 1, "edge > webex", "A2W_NotifyUserEnter", { msgId, extCallId, attendeeId: "*01", did: "***01" });
  const lines = [
    line(1, 0, "bridge > edge", "snapshot"),
    { ...caller(1, "1", "70000") },
    { ...caller(1, "2", "70001") },
  ];

  const told = storyText(conference(), lines, [], now, plain, { since: 0, until: now }).join("\n");
  expect(told.match(/attendeeId=\*01/g)).toHaveLength(2);
  expect(told.match(/did=\*\*\*01/g)).toHaveLength(2);
});

test("ids of WebEx and of ours that are alike are two, and a naming belongs to the entry", () => {
  const lines = [
    line(1, 0, "bridge > edge", "caller-entered"),
    line(1, 0, "edge > webex", "A2W_NotifyUserEnter", { msgId: "1", transId: "t1" }),
    line(2, 5, "webex > edge", "W2A_UpdateUser", { msgId: "1", transId: "t1" }),
    line(3, 6, "webex > edge", "W2A_RspNotifyUserEnter", { msgId: "1" }),
    line(4, 2, "webex > edge", "confirmed", { transId: "t1" }),
  ];

  expect(whats(lines)).toEqual([
    ["caller-entered", "A2W_NotifyUserEnter", "confirmed", "W2A_RspNotifyUserEnter"],
    ["W2A_UpdateUser"],
  ]);
});

test("what becomes of a dialled call belongs to the call-out, and its end after the entry does not", () => {
  const lines = [
    line(1, 0, "webex > edge", "W2A_Callout", { msgId: "1" }),
    line(1, 0, "edge > bridge", "dial", { call: "leg", commandId: "d" }),
    line(2, 5, "bridge > edge", "dial: done", { commandId: "d" }),
    line(2, 9, "bridge > edge", "call-answered", { call: "leg" }),
    line(2, 9, "edge > bridge", "admit", { call: "leg", commandId: "a" }),
    line(3, 12, "bridge > edge", "admit: done", { commandId: "a" }),
    line(4, 60_000, "bridge > edge", "caller-left", { call: "leg" }),
  ];

  expect(blocksOf(lines).map((block) => block.length)).toEqual([6, 1]);
});

test("what follows from one request of a document belongs to that request, and to a call what is told of it", () => {
  const lines = [
    line(1, 0, "webex > edge", "W2A_Callout", { msgId: "1" }),
    line(1, 0, "webex > edge", "W2A_DropUser", { msgId: "2" }),
    { ...line(1, 0, "edge > bridge", "dial", { call: "c3", commandId: "d" }), by: "request 1" },
    line(1, 0, "edge > webex", "A2W_RspDropUser", { msgId: "2" }),
    line(2, 9, "bridge > edge", "caller-left", { call: "c1" }),
    line(2, 9, "bridge > edge", "dial: done", { commandId: "d" }),
    { ...line(2, 9, "edge > webex", "A2W_NotifyUserChange", { msgId: "3" }), by: "call c1" },
  ];

  expect(whats(lines)).toEqual([
    ["W2A_Callout", "c3", "dial: done"],
    ["W2A_DropUser", "A2W_RspDropUser"],
    ["c1", "A2W_NotifyUserChange"],
  ]);
});

test("what an operator asked of all callers names each call where another one was named before", () => {
  const lines = [
    line(1, 0, "operator > edge", "mute-all", { person: "otto", action: "a1" }),
    { ...line(1, 0, "edge > bridge", "mute", { call: "c1", commandId: "m1" }), by: "action a1" },
    { ...line(1, 0, "edge > bridge", "mute", { call: "c2", commandId: "m2" }), by: "action a1" },
    { ...line(2, 9, "edge > webex", "A2W_NotifyUserChange", { msgId: "1", call: "c1" }), by: "action a1" },
  ];

  const text = storyText(conference(), lines, [], now, plain, { since: 0, until: now }).join("\n");
  expect(text).toContain("operator → edge  mute-all");
  expect(text).toMatch(/A2W_NotifyUserChange\s+msgId=1 call=c1/);
});

test("blocks stand in the order in which they began, also where the journal has a line later", () => {
  const lines = [
    line(1, 100, "bridge > edge", "caller-entered"),
    line(2, 50, "webex > edge", "confirmed", { transId: "t0" }),
  ];

  expect(whats(lines)).toEqual([["confirmed"], ["caller-entered"]]);
});

test("what followed from the passing of time alone is a block of its own", () => {
  const lines = [
    ...mutes,
    line(7, 9_000, "edge > edge", "mute: no result in time"),
    line(7, 9_000, "edge > bridge", "lock"),
  ];

  expect(whats(lines).slice(2)).toEqual([["mute: no result in time", "lock"]]);
});

test("a story has its blocks, and what is outstanding with its cause", () => {
  const one = conference({ commands: [command], documents: [document] });
  const bridges: AgentsOfBridge[] = [
    { domain: "local", bridge: "simulated", drainedSince: null, load: null, agents: [] },
  ];
  const lines = [
    ...mutes.filter(({ facts }) => facts.msgId !== "2" && !facts.commandId?.endsWith(".2")),
    line(8, 4_000, "bridge > edge", "lock-changed", { locked: "true" }),
    line(8, 4_000, "edge > webex", "A2W_NotifyConferenceChange", {
      msgId: "9",
      status: "locked",
      transId: "61365000006",
      host: "http://tsp1.example.com:8800",
    }),
    line(9, 4_100, "edge > webex", "not delivered", {
      transId: "61365000006",
      host: "http://tsp1.example.com:8800",
      why: "HTTP status 500",
      attempt: "2",
    }),
    line(10, 6_000, "webex > edge", "W2A_UpdateUser", { msgId: "3", host: "http://tsp2.example.com" }),
    line(10, 6_000, "edge > bridge", "unmute", { commandId: "555120777.9.165" }),
  ];

  expect(storyText(one, lines, bridges, now, plain)).toEqual([
    "conference 555120777 of local, running, last input 12 s ago",
    "bridge simulated, WebEx tsp1.example.com:8800, ExtConfID 3100417",
    "",
    `${exactText(start, "UTC")}  WebEx → edge   W2A_UpdateUser`,
    "                           msgId=1 extCallId=70000 transId=w1",
    "                  +0 ms  edge → bridge  mute  call=c1",
    "                  +9 ms  bridge → edge  mute: done  after 9 ms",
    "                  +9 ms  edge → WebEx   A2W_RspUpdateUser  result=ok transId=t1",
    "                 +20 ms  WebEx → edge   confirmed  transId=t1",
    "",
    `${exactText(start + 4_000, "UTC")}  bridge → edge  lock-changed  locked=true`,
    "                  +0 ms  edge → WebEx   A2W_NotifyConferenceChange",
    "                           msgId=9 status=locked transId=61365000006",
    "                +100 ms  edge → WebEx   not delivered",
    '                           transId=61365000006 why="HTTP status 500" attempt=2',
    "",
    `${exactText(start + 6_000, "UTC")}  WebEx → edge   W2A_UpdateUser`,
    "                           msgId=3 host=tsp2.example.com",
    "                  +0 ms  edge → bridge  unmute",
    "",
    "1 command without a result",
    "  unmute (555120777.9.165): no result for 4.0 s; sent once, the agent has it,",
    "    the bridge has not answered; bridge simulated has no active agent; WebEx",
    "    receives a failure in 4.0 s",
    "",
    "1 document not confirmed",
    "  A2W_NotifyConferenceChange (TransID 61365000006) to tsp1.example.com:8800:",
    "    not confirmed for 6.0 s; 2 attempts, HTTP status 500; next in 2.0 s",
  ]);
  expect(storyText(one, lines, bridges, now, painted).join("\n")).toContain("<red>not delivered</>");
});

test("of a period, each block that was under way then is shown whole", () => {
  const lock = line(8, 4_000, "bridge > edge", "lock-changed", { locked: "true" });
  const lines = [...mutes, lock];
  const within = (since: number, until: number) => ({ since: start + since, until: start + until });
  const told = (since: number, until: number) =>
    storyText(conference(), lines, [], now, plain, within(since, until)).join("\n");

  expect(linesWithin(lines, within(4_000, 4_000))).toEqual([lock]);
  expect(linesWithin(lines, within(0, 0)).map(({ seq }) => seq)).toEqual([1, 1, 5, 5, 6]);
  expect(linesWithin(lines, within(20, 99))).toEqual(mutes);
  expect(told(0, 0)).toMatch(/mute: done {2}after 9 ms/);
  expect(told(0, 0)).not.toContain("lock-changed");
  expect(told(100, 200)).toContain("\n\nnothing is known of that time\n");
});

test("a block that began before a period and ended after it was under way in it", () => {
  const period = { since: start + 10, until: start + 19 };

  expect(linesWithin(mutes, period)).toEqual(mutes);
});

test("without a terminal each line of a story is one line", () => {
  const wide = { ...plain, width: Number.POSITIVE_INFINITY };
  const told = storyText(conference(), mutes, [], now, wide).filter((text) => text.includes("→"));

  expect(told).toHaveLength(mutes.length + 1); // The Confirmation belongs to both.
});
