import { expect, test } from "vitest";
import { explanation, linesWithin } from "../../cli/operator/explain.ts";
import type { AgentsOfBridge } from "../../cli/operator/operator-client.ts";
import { exactText } from "../../src/foundation/time/shown-time.ts";
import type { LineFacts, TimelineLine } from "../../src/rpc/timeline.ts";
import { timelineText } from "../../src/views/timeline.ts";
import { timelineLine } from "../builders.ts";
import { command, conference, document, now, painted, plain } from "../cli/view-examples.ts";

const start = now - 10_000;
const bridges: AgentsOfBridge[] = [
  { domain: "local", bridge: "simulated", drainedSince: null, load: null, agents: [] },
];
const wide = { ...plain, width: Number.POSITIVE_INFINITY, zone: "UTC" };

function line(block: string, seq: number, ms: number, way: string, what: string, facts: LineFacts = {}): TimelineLine {
  return { ...timelineLine(seq, start + ms, way, what, facts), blocks: [block] };
}

const mute = [
  line("1", 1, 0, "webex > edge", "W2A_UpdateUser", { msgId: "1", extCallId: "70000", transId: "w1" }),
  line("1", 1, 0, "edge > bridge", "mute", { call: "c1", commandId: "555120777.1" }),
  line("1", 5, 9, "bridge > edge", "mute: done", { commandId: "555120777.1", afterMs: "9" }),
  line("1", 5, 9, "edge > webex", "A2W_RspUpdateUser", { msgId: "1", result: "ok", extCallId: "70000", transId: "t1" }),
  line("1", 6, 20, "webex > edge", "confirmed", { transId: "t1" }),
];
const posted = { transId: "61365000006", host: "http://tsp1.example.com:8800" };
const lines = [
  ...mute,
  line("2", 8, 4_000, "bridge > edge", "lock-changed", { locked: "true" }),
  line("2", 8, 4_000, "edge > webex", "A2W_NotifyConferenceChange", { msgId: "9", status: "locked", ...posted }),
  line("2", 9, 4_100, "edge > webex", "not delivered", {
    ...posted,
    why: "HTTP status 500",
    attempt: "2",
    outcome: "not-delivered",
  }),
  {
    ...line("3", 10, 6_000, "edge > edge", "undelivered", { host: "http://tsp2.example.com" }),
    why: "WebEx's server tsp1 did not confirm the document in 3 attempts: its last known attempt failed with HTTP status 500.",
  },
];

test("shows the blocks, the reasons and what is outstanding in 80 columns", () => {
  const one = conference({ commands: [command], documents: [document] });
  const text = explanation(one, lines, bridges, "nothing is known", now, plain);
  expect(Math.max(...text.map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(text).toEqual([
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
    `${exactText(start + 6_000, "UTC")}  edge           undelivered  host=tsp2.example.com`,
    "                           WebEx's server tsp1 did not confirm the document in 3",
    "                           attempts: its last known attempt failed with HTTP",
    "                           status 500.",
    "",
    "1 command without a result",
    "  unmute (555120777.9.165): no result; sent once, the agent has it, the bridge",
    "    has not answered; bridge simulated has no active agent; WebEx's request",
    "    fails in 4.0 s",
    "",
    "1 document not confirmed",
    "  A2W_NotifyConferenceChange (TransID 61365000006) to tsp1.example.com:8800:",
    "    not confirmed for 1 min 5 s; 2 attempts, HTTP status 500; next in 2.0 s",
  ]);
  expect(explanation(one, lines, bridges, "nothing is known", now, painted).join("\n")).toContain(
    "<red>not delivered</>",
  );
  expect(explanation(one, [], bridges, "nothing is known", now, plain)).toContain("nothing is known");
});

test("shows number and attendee ID of each caller, even if those of two look alike", () => {
  const caller = (msgId: string) =>
    line("1", 1, 1, "edge > webex", "A2W_NotifyUserEnter", { msgId, attendeeId: "*01", did: "***01" });
  const text = timelineText([caller("1"), caller("2")], wide).join("\n");
  expect([...text.matchAll(/attendeeId=\*01 did=\*\*\*01/g)]).toHaveLength(2);
});

test("shows whole blocks that were under way in a period", () => {
  const seqs = (since: number, until: number) =>
    linesWithin(lines, { since: start + since, until: start + until }).map(({ seq }) => seq);
  expect(seqs(10, 19)).toEqual([1, 1, 5, 5, 6]);
  expect(seqs(4_000, 4_000)).toEqual([8, 8, 9]);
  expect(seqs(21, 99)).toEqual([]);
});
