import { expect, test } from "vitest";
import { pageOfLines, type TimelineFilter, TimelinePage } from "../../src/console/timeline/timeline.tsx";
import type { CallId } from "../../src/foundation/ids.ts";
import type { LineFacts, TimelineLine, WireRow } from "../../src/rpc/timeline.ts";
import { timelineLine } from "../builders.ts";
import { frame, now, type Shown, shownTo } from "./shown.ts";

const everything: TimelineFilter = { call: "", why: false };

function line(seq: number, way: string, what: string, facts: LineFacts = {}): TimelineLine {
  return { ...timelineLine(seq, now + seq * 10, way, what, facts), blocks: ["one"] };
}

const of1 = { calls: ["c1" as CallId] };
/** Two callers enter and are named; WebEx mutes one of them. */
const timeline: readonly TimelineLine[] = [
  line(1, "bridge > edge", "caller-entered", { call: "c1", number: "14085550101" }),
  { ...line(1, "edge > webex", "A2W_NotifyUserEnter", { msgId: "501", transId: "t1", host: "tsp1" }), ...of1 },
  line(2, "bridge > edge", "caller-entered", { call: "c2", number: "14085550102" }),
  line(2, "edge > webex", "A2W_NotifyUserEnter", { call: "c2", msgId: "502", transId: "t2", host: "tsp1" }),
  { ...line(3, "webex > edge", "W2A_RspNotifyUserEnter", { msgId: "501", extCallId: "7001" }), ...of1 },
  { ...line(4, "webex > edge", "W2A_UpdateUser", { msgId: "m1", extCallId: "7001", privilege: "listen" }), ...of1 },
  line(4, "edge > bridge", "mute", { call: "c1", commandId: "k1" }),
  { ...line(5, "bridge > edge", "mute: done", { commandId: "k1", afterMs: "12" }), ...of1, why: "WebEx asked for it." },
  { ...line(5, "edge > webex", "A2W_RspUpdateUser", { msgId: "m1", result: "ok", transId: "t3" }), ...of1 },
  { ...line(6, "webex > edge", "confirmed", { transId: "t3", host: "tsp1" }), ...of1 },
  line(7, "operator > edge", "lock", { person: "anna", action: "a1" }),
  line(7, "edge > edge", "undelivered", { messages: "A2W_NotifyUserEnter" }),
];
const whats = (filter: Partial<TimelineFilter>) =>
  pageOfLines(timeline, { ...everything, ...filter }, {}).lines.map(({ what, facts }) => facts.number ?? what);

function shown(lines: readonly TimelineLine[], wire: readonly WireRow[] = [], row: number | null = null): Shown {
  const page = pageOfLines(lines, everything, { row: row ?? undefined });
  return shownTo("operator", TimelinePage, { shown: page, filter: everything, wire, row });
}

/** Each message's party, lane and arrow. */
function drawn({ html }: Shown): string[] {
  return [...html.matchAll(/<li class="message ([^"]*)"[\s\S]*?<\/li>/g)].map(([item, kinds = ""]) => {
    const arrow = /<svg class="arrow (\w+)".*?<line x1="([^"]*)" x2="([^"]*)".*?<path([^>]*)>/.exec(item);
    const [, kind, from, to, path] = arrow ?? [];
    const way = path?.includes("scale(-1 1)") ? "◀" : "▶";
    return `${kinds.replace(" begins", "")}${kind ? `, ${kind} ${from} ${way} ${to}` : ""}`;
  });
}

function wireRow(seq: number, more: object): WireRow {
  return { seq, input: null, inputText: null, commands: [], messages: [], ...more };
}

test("shows when, from whom to whom, what and why", () => {
  expect(shown(timeline).all("summary").slice(5, -1)).toEqual([
    "12:30:00.040 [WebEx → edge] W2A_UpdateUser msgId=m1 extCallId=7001 privilege=listen",
    "12:30:00.040 [edge → bridge] mute call=c1",
    "12:30:00.050 [bridge → edge] mute: done after 12 ms WebEx asked for it.",
    "12:30:00.050 [edge → WebEx] A2W_RspUpdateUser msgId=m1 result=ok",
    "12:30:00.060 [WebEx → edge] confirmed",
    "12:30:00.070 [operator → edge] lock person=anna",
    "12:30:00.070 [edge] undelivered messages=A2W_NotifyUserEnter",
  ]);
});

test("draws arrows between parties, ends lost ones early and marks what went wrong", () => {
  const failed = [
    line(8, "edge > webex", "not delivered", { why: "timeout", outcome: "not-delivered" }),
    line(9, "webex > edge", "confirmed", { outcome: "confirmed" }),
    line(9, "bridge > edge", "mute: refused, no-such-call", { outcome: "refused" }),
    line(9, "edge > webex", "A2W_RspUpdateUser", { result: "no-such-call" }),
    line(9, "webex > edge", "W2A_UpdateSubConfCall", { actionResult: "failed" }),
    line(9, "edge > edge", "undelivered", { outcome: "undelivered" }),
  ];
  expect(drawn(shown(failed))).toEqual([
    "from-edge lane-webex trouble, lost 57% ◀ 20.25%",
    "from-webex lane-webex, confirmation 8% ▶ 57%",
    "from-bridge lane-bridge trouble, message 92% ◀ 57%",
    "from-edge lane-webex trouble, message 57% ◀ 8%",
    "from-webex lane-webex trouble, message 8% ▶ 57%",
    "from-edge note trouble",
  ]);
  // Users and the back end have a line of their own if anything is theirs.
  expect(drawn(shown([line(1, "operator > edge", "lock"), line(1, "edge > back end", "client data")]))).toEqual([
    "from-beside lane-beside, message 94% ◀ 44%",
    "from-edge lane-beside, message 44% ▶ 94%",
  ]);
});

const entry = ["14085550101", "A2W_NotifyUserEnter", "W2A_RspNotifyUserEnter"];
const ofCall = [...entry, "W2A_UpdateUser", "mute", "mute: done", "A2W_RspUpdateUser", "confirmed"];

test.each<[Partial<TimelineFilter>, readonly string[]]>([
  ...["c1", "7001", "+1 408 555-0101", "408-555-0101"].map((call) => [{ call }, ofCall] as [object, string[]]),
  [{ call: "nobody" }, []],
  [{ why: true }, ["mute: done"]],
])("filters by call and reason: %o", (filter, expected) => {
  expect(whats(filter)).toEqual(expected);
});

test("puts each of 10,000 lines on one page, and links to a row's page or the latest", () => {
  const long = Array.from({ length: 10_000 }, (_, index) => line(index, "webex > edge", `line ${index}`));
  const pageAt = (at: Parameters<typeof pageOfLines>[2]) => pageOfLines(long, everything, at);
  const pages = Array.from({ length: 100 }, (_, index) => pageAt({ page: index + 1 }).lines);
  expect(pages.flat()).toEqual(long);
  expect([{}, { row: 4_321 }, { page: 9_999 }, { page: 0 }].map((at) => pageAt(at).page)).toEqual([100, 44, 100, 1]);

  const html = shown(long, [], 4_321);
  expect(html.linkTo("Earlier")).toBe("/console/local/conferences/987654321/timeline?page=43");
  expect(html.linkTo("Later")).toBe("/console/local/conferences/987654321/timeline?page=45");
  expect(html.text).toContain("page 44 of 100, 10000 lines");
  // A number that was typed is posted again, and is in no address.
  const filter = { ...everything, call: "14085550100" };
  const page = { ...pageAt({ page: 2 }), fitting: 300 };
  const props = { shown: page, filter, typed: { call: filter.call }, wire: [], row: null };
  expect(shownTo("operator", TimelinePage, props).html).toMatch(
    /name="page" value="3"\/><input type="hidden" name="call" value="14085550100"\/>.*Later/,
  );
});

test("opens the first line of a row to what the row sent and received", () => {
  const mute = { id: "k1", command: { type: "mute", call: "c1" } };
  const answer = { host: "tsp1", transId: "t3", msgId: "m1", type: "update-caller", text: "<A2W_RspUpdateUser/>" };
  const report = { number: 9, report: { type: "result", id: "k1", result: { done: true } } };
  const wire = [
    wireRow(4, { inputText: "<W2A_UpdateUser/>", commands: [mute] }),
    wireRow(5, {
      input: { type: "bridge", at: 0, reports: [report] },
      messages: [answer, { ...answer, msgId: "m2", text: "<A2W_NotifyUserChange/>" }],
    }),
  ];
  expect(shown(timeline, wire).all("section", 'class="wire"').slice(5, 9)).toEqual([
    `From WebEx, as it may have been on the wire <W2A_UpdateUser/> To the bridge ${JSON.stringify(mute)}`,
    "call c1 commandId k1",
    `From the bridge ${JSON.stringify(report)} To tsp1 <A2W_RspUpdateUser/> To tsp1 <A2W_NotifyUserChange/>`,
    "msgId m1 result ok transId t3",
  ]);
  const messages = [1, 2, 3].map((id) => line(1, "webex > edge", "W2A_UpdateUser", { msgId: `m${id}` }));
  const together = shown(messages, [wireRow(1, { inputText: "<WHOLE/>" })]);
  expect(together.text.match(/<WHOLE\/>/g)).toHaveLength(1);
});

test("opens only the row that the address names", () => {
  const page = shown(timeline, [], 4);
  expect(page.html.match(/<details open/g)).toHaveLength(1);
  expect(page.html).toMatch(/id="row-4"><details open/);
  // A Confirmation is not the subject of the row in which it was written.
  const late = [line(3, "webex > edge", "confirmed", { outcome: "confirmed" }), line(3, "operator > edge", "lock")];
  expect(shown(late, [], 3).html).toMatch(
    /id="row-3"><details open[^>]*><summary[^>]*>(?:(?!<\/summary>).)*<b>lock<\/b>/,
  );
});

test("has the lines as text to copy, as the command line prints them", () => {
  const [text] = shown(timeline.slice(6, 8)).all("pre", 'id="timeline-text"');
  expect(text).toBe(
    "times in UTC 2026-03-04 12:30:00.040 edge → bridge mute call=c1 +10 ms bridge → edge mute: done after 12 ms WebEx asked for it.",
  );
});

test("says what an empty page would show", () => {
  expect(shown([]).text).toContain("This conference has no timeline.");
  const filter = { ...everything, call: "c9" };
  const page = pageOfLines(timeline, filter, {});
  const empty = shownTo("operator", TimelinePage, { shown: page, filter, wire: [], row: null });
  expect(empty.text).toContain("No line fits.");
  expect(empty.linkTo("Show all lines")).toBe("/console/local/conferences/987654321/timeline");
});

test("hostile texts stay texts", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  const lines = [{ ...line(1, "bridge > edge", hostile, { call: hostile, number: hostile }), why: hostile }];
  const filter = { ...everything, call: hostile };
  const message = { host: hostile, transId: hostile, msgId: hostile, type: "x", text: hostile };
  const wire = [wireRow(1, { inputText: hostile, messages: [message] })];
  const shown = { shown: pageOfLines(lines, filter, {}), filter, wire, row: 1 };
  const { html } = shownTo("operator", TimelinePage, { frame: { ...frame, topic: hostile }, ...shown });
  expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="/console/assets/live.js" defer="">']);
  expect(html).not.toContain("<img src=x");
  expect(html).not.toMatch(/ style=/);
});
