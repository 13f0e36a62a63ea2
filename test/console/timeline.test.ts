import { expect, test } from "vitest";
import { pageOfLines, type TimelineFilter, timelineText } from "../../src/console/timeline/lines.ts";
import { TimelinePage } from "../../src/console/timeline/timeline.tsx";
import type { CallId } from "../../src/foundation/ids.ts";
import type { LineFacts, TimelineLine, WireRow } from "../../src/rpc/timeline.ts";
import { timelineLine } from "../builders.ts";
import { frameFor, now, Shown } from "./shown.ts";

const everything: TimelineFilter = { call: "", side: "", tab: "timeline" };

function line(seq: number, way: string, what: string, facts: LineFacts = {}): TimelineLine {
  return timelineLine(seq, now + seq * 10, way, what, facts);
}

const c1 = ["c1" as CallId];

/** Two callers enter and are named; WebEx mutes one of them. */
const timeline: readonly TimelineLine[] = [
  line(1, "bridge > edge", "caller-entered", { call: "c1", number: "14085550101" }),
  { ...line(1, "edge > webex", "A2W_NotifyUserEnter", { msgId: "501", transId: "t1", host: "tsp1" }), calls: c1 },
  line(2, "bridge > edge", "caller-entered", { call: "c2", number: "14085550102" }),
  line(2, "edge > webex", "A2W_NotifyUserEnter", { call: "c2", msgId: "502", transId: "t2", host: "tsp1" }),
  { ...line(3, "webex > edge", "W2A_RspNotifyUserEnter", { msgId: "501", extCallId: "7001" }), calls: c1 },
  { ...line(4, "webex > edge", "W2A_UpdateUser", { msgId: "m1", extCallId: "7001", privilege: "listen" }), calls: c1 },
  line(4, "edge > bridge", "mute", { call: "c1", commandId: "k1" }),
  {
    ...line(5, "bridge > edge", "mute: done", { commandId: "k1", afterMs: "12" }),
    calls: c1,
    why: "WebEx asked for it.",
  },
  {
    ...line(5, "edge > webex", "A2W_RspUpdateUser", { msgId: "m1", result: "ok", transId: "t3", host: "tsp1" }),
    calls: c1,
  },
  { ...line(6, "webex > edge", "confirmed", { transId: "t3", host: "tsp1" }), calls: c1 },
  line(7, "operator > edge", "lock", { person: "anna", action: "a1" }),
  line(7, "edge > edge", "undelivered", { messages: "A2W_NotifyUserEnter" }),
];

const none = { page: undefined, row: undefined };
const whats = (filter: Partial<TimelineFilter>, lines = timeline) =>
  pageOfLines(lines, { ...everything, ...filter }, none).lines.map(({ what, facts }) => facts.number ?? what);

function shown(lines: readonly TimelineLine[], wire: readonly WireRow[] = [], row: number | null = null): Shown {
  const page = pageOfLines(lines, everything, { row: row ?? undefined });
  return new Shown(TimelinePage({ frame: frameFor(), shown: page, filter: everything, wire, row }));
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

function wireRow(seq: number, more: Partial<WireRow>): WireRow {
  return { seq, input: null, inputText: null, commands: [], messages: [], ...more };
}

test("each line says when, who told whom, and what, with the facts that tell it from others", () => {
  const lines = shown(timeline).all("summary");

  expect(lines.slice(4, -1)).toEqual([
    "12:30:00.030 [WebEx → Bridgehead] W2A_RspNotifyUserEnter msgId=501 extCallId=7001",
    "12:30:00.040 [WebEx → Bridgehead] W2A_UpdateUser msgId=m1 extCallId=7001 privilege=listen",
    "12:30:00.040 [Bridgehead → Bridge] mute call=c1",
    "12:30:00.050 [Bridge → Bridgehead] mute: done after 12 ms WebEx asked for it.",
    "12:30:00.050 [Bridgehead → WebEx] A2W_RspUpdateUser msgId=m1 result=ok",
    "12:30:00.060 [WebEx → Bridgehead] confirmed",
    "12:30:00.070 [Operator → Bridgehead] lock person=anna",
    "12:30:00.070 [Bridgehead] undelivered messages=A2W_NotifyUserEnter",
  ]);
});

test("a message is an arrow from its sender's line to its receiver's; one that got lost ends before, and what went wrong is marked", () => {
  const failed = [
    line(8, "edge > webex", "not delivered", { why: "timeout" }),
    line(9, "webex > edge", "confirmed"),
    line(9, "bridge > edge", "mute: refused, no-such-call"),
    line(9, "edge > webex", "A2W_RspUpdateUser", { result: "no-such-call" }),
    line(9, "webex > edge", "W2A_UpdateSubConfCall", { actionResult: "failed" }),
    line(9, "edge > edge", "undelivered"),
  ];
  expect(drawn(shown(failed))).toEqual([
    "from-edge lane-webex trouble, lost 57% ◀ 20.25%",
    "from-webex lane-webex, confirmation 8% ▶ 57%",
    "from-bridge lane-bridge trouble, message 92% ◀ 57%",
    "from-edge lane-webex trouble, message 57% ◀ 8%",
    "from-webex lane-webex trouble, message 8% ▶ 57%",
    "from-edge note trouble",
  ]);
  // Operators and the back end stand beside the bridge, once there is something of theirs.
  const others = [line(1, "operator > edge", "lock"), line(1, "edge > back end", "client data")];
  expect(drawn(shown(others))).toEqual([
    "from-beside lane-beside, message 94% ◀ 44%",
    "from-edge lane-beside, message 44% ▶ 94%",
  ]);
  expect([shown(failed), shown(others)].map(({ html }) => html.match(/<svg class="lifelines".*?<\/svg>/)?.[0])).toEqual(
    [
      expect.stringMatching(/^<svg[^>]*>(<line x1="(8|57|92)%" x2="\2%" y1="0" y2="100%"><\/line>){3}<\/svg>$/),
      expect.stringMatching(/^<svg[^>]*>(<line x1="(7|44|76|94)%" x2="\2%" y1="0" y2="100%"><\/line>){4}<\/svg>$/),
    ],
  );
});

test("a time stands at the first of the lines that have it; people who hear the page have it at each", () => {
  const times = [...shown(timeline).html.matchAll(/<summary[^>]*><time datetime="[^"]*.(\d{3})Z"( class="unseen")?>/g)];
  expect(times.map(([, ms, unseen]) => (unseen ? `(${ms})` : ms)).join(" ")).toBe(
    "010 (010) 020 (020) 030 040 (040) 050 (050) 060 070 (070)",
  );
});

test.each(["c1", "7001", "+1 408 555-0101", "408-555-0101"])(
  "of one call, by %s, there is all that is about it and what followed",
  (call) => {
    expect(whats({ call })).toEqual([
      "14085550101",
      "A2W_NotifyUserEnter",
      "W2A_RspNotifyUserEnter",
      "W2A_UpdateUser",
      "mute",
      "mute: done",
      "A2W_RspUpdateUser",
      "confirmed",
    ]);
    expect(whats({ call: "c2" })).toEqual(["14085550102", "A2W_NotifyUserEnter"]);
    expect(whats({ call: "nobody" })).toEqual([]);
  },
);

test("of one side there is what came from it and went to it", () => {
  expect(whats({ side: "bridge" })).toEqual(["14085550101", "14085550102", "mute", "mute: done"]);
  expect(whats({ side: "others" })).toEqual(["lock", "undelivered"]);
  expect(whats({ side: "webex", call: "c2" })).toEqual(["A2W_NotifyUserEnter"]);
  expect(whats({ tab: "why" })).toEqual(["mute: done"]);
});

test("10,000 lines come in pages, each line on one of them; a row leads to its page, no place to the latest", () => {
  const long = Array.from({ length: 10_000 }, (_, index) => line(index, "webex > edge", `line ${index}`));
  const first = pageOfLines(long, everything, { page: 1 });
  expect([first.pages, first.lines.length, first.fitting, first.all]).toEqual([100, 100, 10_000, 10_000]);
  const seen = Array.from(
    { length: first.pages },
    (_, index) => pageOfLines(long, everything, { page: index + 1 }).lines,
  );
  expect(seen.flat()).toEqual(long);

  expect(pageOfLines(long, everything, none).page).toBe(100);
  const ofRow = pageOfLines(long, everything, { row: 4_321 });
  expect([ofRow.page, ofRow.lines.some(({ seq }) => seq === 4_321)]).toEqual([44, true]);
  expect(pageOfLines(long, everything, { page: 9_999 }).page).toBe(100);
  expect(pageOfLines(long, everything, { page: 0 }).page).toBe(1);

  const html = shown(long, [], 4_321);
  expect(html.linkTo("Earlier")).toBe("/console/local/conferences/987654321/timeline?page=43");
  expect(html.linkTo("Later")).toBe("/console/local/conferences/987654321/timeline?page=45");
  const filter = { ...everything, call: "14085550100" };
  const typed = { call: filter.call };
  const page = { ...pageOfLines(long, everything, { page: 2 }), fitting: 300 };
  const posted = TimelinePage({ frame: frameFor(), shown: page, filter, typed, wire: [], row: null });
  expect(String(posted)).toMatch(
    /name="page" value="3"\/><input type="hidden" name="call" value="14085550100"\/>.*Later/,
  );
  expect(html.text).toContain("page 44 of 100, 10000 lines");
  expect(html.html.length).toBeLessThan(200_000);
});

test("a row with more lines than a page has is still seen whole", () => {
  const big = Array.from({ length: 250 }, (_, index) => line(1, "edge > bridge", `mute ${index}`));
  const pages = [1, 2, 3].map((page) => pageOfLines(big, everything, { page }).lines);
  expect(pages.flat()).toEqual(big);
});

test("a line opens to its own text on the wire, and an input to what followed on both sides", () => {
  const mute = { id: "k1", command: { type: "mute", call: "c1" } } as WireRow["commands"][number];
  const answer = { host: "tsp1", transId: "t3", type: "update-caller", text: '<A2W_RspUpdateUser MsgID="m1"/>' };
  const other = { host: "tsp1", transId: "t3", type: "other", text: '<A2W_NotifyUserChange MsgID="m2"/>' };
  const reports = [{ number: 9, report: { type: "result", id: "k1", result: { done: true } } }];
  const wire = [
    wireRow(4, { inputText: "<W2A_UpdateUser/>", commands: [mute, { ...mute, id: "k2" } as typeof mute] }),
    wireRow(5, { input: { type: "bridge", at: 0, reports } as never, messages: [answer, other] }),
  ];
  const texts = shown(timeline, wire).all("section", 'class="wire"').slice(5, 10);

  expect(texts).toEqual([
    'From WebEx, as it may have stood on the wire <W2A_UpdateUser/> What followed: To the bridge {"id":"k1","command":{"type":"mute","call":"c1"}} To the bridge {"id":"k2","command":{"type":"mute","call":"c1"}}',
    'To the bridge {"id":"k1","command":{"type":"mute","call":"c1"}}',
    `From the bridge ${JSON.stringify(reports[0])} What followed: To tsp1 ${answer.text} To tsp1 ${other.text}`,
    `To tsp1 ${answer.text}`,
    "transId t3 host tsp1",
  ]);
});

test("a document with many messages is shown once, and of what followed some", () => {
  const messages = [1, 2, 3].map((id) => line(1, "webex > edge", "W2A_UpdateUser", { msgId: `m${id}` }));
  const commands = Array.from({ length: 9 }, (_, index) => ({ id: `k${index}`, command: { type: "lock" } }));
  const page = shown(messages, [wireRow(1, { inputText: "<WHOLE/>", commands: commands as never })]);

  expect(page.text.match(/<WHOLE\/>/g)).toHaveLength(1);
  expect(page.text).toContain("and 5 more, each on its own line");
  expect(page.text.match(/stand at the line of WebEx before/g)).toHaveLength(2);
});

test("the row that the address names is open, and no other", () => {
  const page = shown(timeline, [], 4);
  expect(page.html.match(/<details open/g)).toHaveLength(1);
  expect(page.html).toMatch(/id="row-4"><details open/);
  // WebEx's Confirmation is written with the row of another input, and is not what that row is about.
  const late = [line(3, "webex > edge", "confirmed", { transId: "t1" }), line(3, "operator > edge", "lock")];
  expect(shown(late, [], 3).html).toMatch(
    /id="row-3"><details open[^>]*><summary[^>]*>(?:(?!<\/summary>).)*<b>lock<\/b>/,
  );
});

test("the lines can be had as text, with all their facts", () => {
  expect(timelineText(timeline.slice(6, 8), "Asia/Kolkata").split("\n")).toEqual([
    "times in Asia/Kolkata",
    "2026-03-04 18:00:00.040  Bridgehead → Bridge  mute  call=c1  commandId=k1",
    "2026-03-04 18:00:00.050  Bridge → Bridgehead  mute: done  commandId=k1  afterMs=12  WebEx asked for it.",
  ]);
  expect(shown(timeline).all("pre", 'id="timeline-text"')[0]).toContain("commandId=k1 afterMs=12");
});

test("where nothing is, the page says what would be there, and what to do", () => {
  expect(shown([]).text).toContain("Nothing is kept of this conference.");
  const page = pageOfLines(timeline, { ...everything, call: "c9" }, none);
  const filtered = new Shown(
    TimelinePage({ frame: frameFor(), shown: page, filter: { ...everything, call: "c9" }, wire: [], row: null }),
  );
  expect(filtered.text).toContain("No line fits.");
  expect(filtered.linkTo("Show all calls and sides")).toBe("/console/local/conferences/987654321/timeline");
});

test("hostile texts stay texts", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  const lines = [line(1, "bridge > edge", hostile, { call: hostile, number: hostile })];
  const page = pageOfLines(lines, { ...everything, call: hostile }, none);
  const wire = [
    wireRow(1, { inputText: hostile, messages: [{ host: hostile, transId: hostile, type: "x", text: hostile }] }),
  ];
  const { html } = new Shown(
    TimelinePage({
      frame: frameFor("operator", { topic: hostile }),
      shown: page,
      filter: { ...everything, call: hostile },
      wire,
      row: 1,
    }),
  );

  expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="/console/assets/live.js" defer="">']);
  expect(html).not.toContain("<img");
  expect(html).not.toMatch(/ style=/);
});
