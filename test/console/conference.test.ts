import { expect, test } from "vitest";
import { ConferencePage } from "../../src/console/conference/conference.tsx";
import type { CallId } from "../../src/foundation/ids.ts";
import type { Role } from "../../src/operators/people.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { ActionStages } from "../../src/rpc/timeline.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { frame, now, type Shown, shownTo } from "./shown.ts";

const named = { call: "c1", extCallId: "7001", number: "14085550101", attendeeId: "444" };
const caller = { ...named, room: "main", muted: false, speaks: false };
const empty = { callOuts: [], rooms: [], commands: [], documents: [], outages: [] };

function view(more: object = {}): ConferenceView {
  const place = { key: "987654321", bridge: "north", extConfId: "77", host: "tsp1", attached: true, locked: false };
  return { ...place, phase: "running", lastAt: now - 3_000, callers: [caller], ...empty, ...more } as never;
}

function shown(more: Partial<Parameters<typeof ConferencePage>[0]> = {}, role: Role = "operator"): Shown {
  const entered = new Map([["c1" as CallId, now - 180_000]]);
  const none = { action: null, records: [], find: "", page: 1 };
  return shownTo(role, ConferencePage, { view: view(), entered, ...none, ...more });
}

/** The kinds of actions that the page offers. */
const offered = (page: Shown) => page.forms.map(({ type, call }) => (call === undefined ? type : `${type} ${call}`));

test("shows who is in the conference", () => {
  const speaking = { ...caller, call: "c2", number: "", attendeeId: "", extCallId: "", speaks: true };
  const page = shown({ view: view({ callers: [{ ...caller, muted: true }, speaking] }) });

  expect(page.all("tr", "id=")).toEqual([
    "14085550101 444 7001 main muted 3 min c1 Unmute Expel … Hang up 14085550101? It cannot be undone. Expel",
    "withheld not named yet main speaking c2 Mute Expel … Hang up the withheld number of c2? It cannot be undone. Expel",
  ]);
  expect(page.text).toContain("Callers 2 , 1 speaking, 1 muted Bridge north TSP server tsp1 ExtConfID 77");
  expect(page.linkTo("14085550101")).toBe("/console/local/conferences/987654321/timeline?call=c1");
  expect(shown({ view: view({ callers: [] }) }).text).toContain("Nobody is in the conference.");
});

test("offers an operator what fits, and a viewer nothing", () => {
  const all = ["mute-all", "unmute-all", "end"];
  expect(offered(shown())).toEqual(["lock", ...all, "mute c1", "expel c1", "call-out"]);
  const rooms = [
    { room: "r1", subConfId: "5", name: "Pilots", stage: "open" },
    { room: "r2", subConfId: "6", stage: "opening" },
  ];
  const callOuts = ["dialling", "dropping"].map((stage, index) => {
    return { call: `d${index}`, number: "14085550123", stage, extCallId: "" };
  });
  const other = shown({ view: view({ locked: true, callers: [{ ...caller, muted: true }], rooms, callOuts }) });
  expect(other.text).toContain("14085550123 d0 dialling");
  expect(other.text).toContain("Pilots 5 r1 open 0 6 6 r2 opening 0");
  expect(other.all("select", 'name="room"')).toEqual(["Pilots"]);
  const ofCaller = ["unmute c1", "move c1", "expel c1"];
  expect(offered(other)).toEqual(["unlock", ...all, ...ofCaller, "expel d0", "call-out"]);
  const inside = shown({ view: view({ rooms, callers: [{ ...caller, room: "r1" }] }) });
  expect(inside.all("select", 'name="room"')).toEqual(["main"]);

  const viewer = shown({}, "viewer");
  expect(viewer.text).toContain("14085550101");
  expect(viewer.html).not.toContain("/actions");
});

test("1,000 callers have pages and a search; forms lead back there", () => {
  const callers = Array.from({ length: 1_000 }, (_, index) => {
    return { ...caller, call: `c${index}`, number: `1408555${index}` };
  });
  const page = shown({ view: view({ callers }), find: "", page: 3 });
  expect(page.all("tr", "id=")).toHaveLength(100);
  expect(page.text).toContain("Earlier page 3 of 10, 1000 callers Later");
  expect(page.linkTo("Later")).toBe("/console/local/conferences/987654321?page=4");
  expect(page.html).toContain('action="/console/local/conferences/987654321/actions?page=3"');

  const found = shown({ view: view({ callers }), find: "c99", page: 7 });
  expect(found.all("tr", "id=")).toHaveLength(11);
  const more = [...callers, { ...caller, call: "c9", number: "15552345678", attendeeId: "555123456" }];
  for (const find of ["555-234-5678", "555 123 456"]) {
    expect(shown({ view: view({ callers: more }), find, page: 1 }).all("tr", "id=")).toHaveLength(1);
  }
  expect(shown({ find: "nobody", page: 1 }).text).toContain("No caller fits.");
});

test("shows what is under way, and marks what is late or has failed", () => {
  const command = { id: "k1", type: "mute", sent: 2, taken: false, answerBy: null };
  const document = { transId: "t1", host: "tsp1", messages: ["A2W_NotifyUserEnter"], attempts: 3, dueAt: now };
  const waiting = { ...document, queuedAt: now - 65_000 };
  const outage = { host: "tsp1", since: now, why: "no answer within 10 s", messages: 3, probeAt: null };
  const marks = (more: object) => {
    const { text } = shown({ view: view(more) });
    return ["WebEx does not confirm", "the bridge is late"].filter((mark) => text.includes(mark));
  };
  const { text } = shown({ view: view({ commands: [command], documents: [waiting], outages: [outage] }) });

  expect(text).toContain("mute k1 2 times no at any time");
  expect(text).toContain("A2W_NotifyUserEnter t1 tsp1 1 min 3");
  expect(text).toMatch(/Unreachable TSP servers .*tsp1 .* 3 under way no answer within 10 s/);
  expect(marks({ commands: [{ ...command, answerBy: now + 1 }], documents: [waiting] })).toEqual([]);
  expect(marks({ commands: [{ ...command, answerBy: now }] })).toEqual(["the bridge is late"]);
  expect(marks({ documents: [{ ...waiting, failure: "HTTP status 503" }] })).toEqual(["WebEx does not confirm"]);
  expect(marks({ outages: [outage] })).toEqual(["WebEx does not confirm"]);
});

const request = { type: "mute", call: "c1" };
const onDisk = { seq: 5, at: now };
const stages = { id: "a1", person: "anna", asked: now, onDisk, request, sent: [], result: null, notified: null };
const sent = [{ id: "k1", type: "mute", at: now, result: null }] as object as ActionStages["sent"];
const result = { type: "done", at: now + 40 } as const;
const notified = (is: "confirmed" | "posted" | "not needed" | "undelivered", at: number | null, why = "") => {
  return { is, at, why, transIds: ["t"] };
};

test.each<[string, Partial<ActionStages>, string[]]>([
  ["just asked", {}, ["[waits] Sent not yet", "[waits] Done on the bridge not yet", "[waits] WebEx notified not yet"]],
  [
    "confirmed",
    { sent, result, notified: notified("confirmed", now + 1_500) },
    ["[done] Sent after 0 ms", "[done] Done on the bridge after 40 ms", "[done] WebEx notified after 1.5 s"],
  ],
  [
    "so already",
    { result, notified: notified("not needed", null, "Nothing changed.") },
    [
      "[not needed] Sent nothing to send",
      "[done] Done on the bridge already so",
      "[not needed] WebEx notified Nothing changed.",
    ],
  ],
  [
    "undelivered",
    { sent, result, notified: notified("undelivered", now, "It was undelivered.") },
    ["[done] Sent after 0 ms", "[done] Done on the bridge after 40 ms", "[failed] WebEx notified It was undelivered."],
  ],
  [
    "refused",
    { sent, result: { type: "refused", at: now, why: "no-such-call" } },
    [
      "[done] Sent after 0 ms",
      "[failed] Done on the bridge refused: no-such-call",
      "[not needed] WebEx notified no notification needed",
    ],
  ],
])("an action that is %s shows its stages", (_, more, rest) => {
  const page = shown({ action: { ...stages, ...more } as ActionStages });
  expect(page.text).toContain("Mute the call c1 , asked by anna at 12:30:00");
  expect(page.all("li", "class").slice(0, 5)).toEqual(["[done] Asked 12:30:00", "[done] On disk after 0 ms", ...rest]);
});

test("a conference that has ended shows its records in place of actions", () => {
  const ended = { conference: "987654321", endedAt: now };
  const times = { createdAt: now - 600_000, runningAt: now - 599_000, seconds: 599 };
  const ofCall = { answeredAt: now - 300_000, seconds: 300, rooms: ["main", "5"], mutes: 2, attendeeId: "" };
  const records: readonly DirectoryRecord[] = [
    aConferenceRecord({ ...ended, ...times, calls: 3, callMinutes: 21 }),
    aCallRecord({ ...ended, ...ofCall, number: "14085550101" }),
  ];
  const page = shown({ view: view({ phase: "ended", callers: [] }), records });
  expect(page.forms.filter(({ mark }) => mark !== undefined)).toEqual([]);
  expect(page.text).toContain("ended Last input at 12:29:57 .");
  expect(page.text).toContain(
    "From 12:20:00 to 12:30:00 Ended by webex: closed Lasted 9 min Calls 3, at most 2 at once",
  );
  expect(page.text).toMatch(/14085550101 completed dialed in .* 5 min caller: hung-up 12:30:00 main, 5 2/);
  expect(shown({ view: null, records }).text).toContain("ended");
  expect(shown({ view: view({ phase: "ended" }) }).text).toContain("It has no records.");
});

test("hostile texts stay texts", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  const names = { call: hostile, number: hostile, attendeeId: hostile, extCallId: hostile, room: hostile };
  const document = { transId: hostile, host: hostile, messages: [hostile], failure: hostile, queuedAt: 0, attempts: 1 };
  const rooms = [{ room: hostile, subConfId: hostile, stage: "open" }];
  const more = { callers: [{ ...caller, ...names }], rooms, documents: [document], host: hostile, bridge: hostile };
  const { html } = shown({
    frame: { ...frame, topic: hostile },
    view: view({ ...more, extConfId: hostile }),
  });

  expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="/console/assets/live.js" defer="">']);
  expect(html).not.toContain("<img src=x");
  expect(html).not.toMatch(/ style=/);
});
