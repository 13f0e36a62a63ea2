import { expect, test } from "vitest";
import { ConferencePage } from "../../src/console/conference/conference.tsx";
import type { CallId } from "../../src/foundation/ids.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { ActionStages } from "../../src/rpc/action-stages.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { frameFor, now, Shown } from "./shown.ts";

const caller = {
  call: "c1",
  extCallId: "7001",
  number: "14085550101",
  attendeeId: "444",
  room: "main",
  muted: false,
  speaks: false,
};

function view(more: object = {}): ConferenceView {
  return {
    key: "987654321",
    phase: "running",
    lastAt: now - 3_000,
    bridge: "north",
    extConfId: "77",
    host: "tsp1",
    attached: true,
    locked: false,
    callers: [caller],
    callOuts: [],
    rooms: [],
    commands: [],
    documents: [],
    outages: [],
    ...more,
  } as object as ConferenceView;
}

type Props = Parameters<typeof ConferencePage>[0];

function shown(more: Partial<Props> = {}): Shown {
  const entered = new Map([["c1" as CallId, now - 180_000]]);
  const props = {
    frame: frameFor(),
    view: view(),
    entered,
    action: null,
    refusal: null,
    records: [],
    list: all,
    ...more,
  };
  return new Shown(ConferencePage(props));
}

const all = { find: "", page: 1 };

/** The kinds of actions that the page offers. */
const offered = (page: Shown) => page.forms.map(({ type, call }) => (call === undefined ? type : `${type} ${call}`));

test("who is in the conference is told with number, attendee ID, WebEx's call, since when, and voice", () => {
  const speaking = { ...caller, call: "c2", number: "", attendeeId: "", extCallId: "", speaks: true };
  const page = shown({ view: view({ callers: [{ ...caller, muted: true }, speaking] }) });

  expect(page.all("tr", "id=")).toEqual([
    "14085550101 c1 444 7001 3 min muted Unmute Expel",
    "number withheld c2 none not named yet none speaks Mute Expel",
  ]);
  expect(page.text).toContain("Callers 2 , 1 speaking, 1 muted Bridge north TSP server tsp1 ExtConfID 77");
  expect(page.linkTo("14085550101")).toBe("/console/local/conferences/987654321/timeline?call=c1");
});

test("while no agent says what the bridge does, callers may have left, and nobody is said to speak or to be silent", () => {
  const callers = [
    { ...caller, speaks: null },
    { ...caller, call: "c2", muted: true, speaks: null },
  ];
  const { text } = shown({ view: view({ away: true, callers }) });

  expect(text).toContain("No agent says now what the bridge north does: who is in it is as it was before");
  expect(text).toContain("Callers 2 , 1 muted");
  expect(text).not.toContain("speaking");
  expect(shown().text).not.toContain("No agent says");
});

test("an operator is offered what fits: of a muted caller the unmute, of a locked conference the unlock", () => {
  const all = ["mute-all", "unmute-all", "end"];
  expect(offered(shown())).toEqual(["lock", ...all, "mute c1", "expel c1", "call-out"]);
  const other = view({
    locked: true,
    callers: [{ ...caller, muted: true }],
    rooms: [{ room: "r1", subConfId: "5", stage: "open" }],
    callOuts: [
      { call: "d1", number: "14085550123", stage: "dialling", extCallId: "" },
      { call: "d2", number: "14085550124", stage: "dropping", extCallId: "" },
    ],
  });
  expect(shown({ view: other }).text).toContain("14085550123 d1 none dialling");
  expect(offered(shown({ view: other }))).toEqual([
    "unlock",
    ...all,
    "unmute c1",
    "move c1",
    "expel c1",
    "expel d1",
    "call-out",
  ]);
});

test("a caller is moved to where it is not, by WebEx's names of rooms", () => {
  const rooms = [
    { room: "r1", subConfId: "5", stage: "open" },
    { room: "r2", subConfId: "6", stage: "opening" },
  ];
  expect(shown({ view: view({ rooms }) }).all("select", 'name="room"')).toEqual(["5"]);
  const inside = shown({ view: view({ rooms, callers: [{ ...caller, room: "r1" }] }) });
  expect(inside.all("select", 'name="room"')).toEqual(["main"]);
  expect(inside.text).toContain("Room Stage Callers 5 r1 open 1 6 r2 opening 0");

  const [first, second] = rooms;
  const named = shown({ view: view({ rooms: [{ ...first, name: "Pilots" }, second] }) });
  expect(named.all("select", 'name="room"')).toEqual(["Pilots"]);
  expect(named.text).toContain("Pilots 5, r1 open 0");
});

test("of 1,000 callers there are pages, and those who are looked for; forms lead back there", () => {
  const callers = Array.from({ length: 1_000 }, (_, index) => ({
    ...caller,
    call: `c${index}`,
    number: `1408555${index}`,
  }));
  const page = shown({ view: view({ callers }), list: { find: "", page: 3 } });
  expect(page.all("tr", "id=")).toHaveLength(100);
  expect(page.text).toContain("Before 1000 callers, page 3 of 10 Further");
  expect(page.linkTo("Further")).toBe("/console/local/conferences/987654321?page=4");
  expect(page.html).toContain('action="/console/local/conferences/987654321/actions?page=3"');
  expect(page.html.length).toBeLessThan(200_000);

  const found = shown({ view: view({ callers }), list: { find: "c99", page: 7 } });
  expect(found.all("tr", "id=")).toHaveLength(11);
  expect(found.text).toContain("11 of 1000 callers, page 1 of 1");
  const named = [...callers, { ...caller, call: "c9", number: "15552345678", attendeeId: "555123456" }];
  for (const find of ["555-234-5678", "+1 (555) 234 5678", "555 123 456", "555123456#"]) {
    expect(shown({ view: view({ callers: named }), list: { find, page: 1 } }).all("tr", "id=")).toHaveLength(1);
  }
  expect(shown({ list: { find: "nobody", page: 1 } }).text).toContain("No caller fits.");
  expect(shown().html).not.toContain('id="find"');
});

test("viewers see all of it and no button that acts", () => {
  const page = shown({ frame: frameFor("viewer") });
  expect(page.text).toContain("14085550101");
  expect(page.html).not.toContain("/actions");
});

test("what is under way is told: commands, documents and why they wait", () => {
  const page = shown({
    view: view({
      commands: [{ id: "k1", type: "mute", sent: 2, taken: false, answerBy: null }],
      documents: [
        {
          transId: "t1",
          host: "tsp1",
          messages: ["A2W_NotifyUserEnter"],
          queuedAt: now - 65_000,
          attempts: 3,
          dueAt: now,
          failure: "no answer within 10 s",
        },
      ],
    }),
  });
  expect(page.text).toContain("mute k1 2 times no at any time");
  expect(page.text).toContain("A2W_NotifyUserEnter t1 tsp1 1 min 3 no answer within 10 s");
  const outage = { host: "tsp1", since: now, why: "no answer within 10 s", messages: 3, probeAt: null };
  const behind = shown({ view: view({ outages: [outage] }) }).text;
  expect(behind).toMatch(/TSP servers that are behind .*tsp1 .* 3 under way no answer within 10 s/);
  expect(behind).toContain("WebEx does not confirm");
  // It comes and goes: nothing below it moves.
  expect(page.text.indexOf("Commands without a result")).toBeGreaterThan(page.text.indexOf("Call somebody"));
});

test("what waits for too long, or has failed, is marked at the top", () => {
  const command = { id: "k1", type: "mute", sent: 1, taken: true } as const;
  const document = { transId: "t1", host: "tsp1", messages: [], queuedAt: now, attempts: 1, dueAt: now } as const;
  const marks = (answerBy: number, failure?: string) => {
    const { text } = shown({
      view: view({
        commands: [{ ...command, answerBy }] as never,
        documents: [{ ...document, ...(failure && { failure }) }],
      }),
    });
    return ["WebEx does not confirm", "the bridge is late"].filter((mark) => text.includes(mark));
  };
  expect(marks(now + 1)).toEqual([]);
  expect(marks(now)).toEqual(["the bridge is late"]);
  expect(marks(now + 1, "HTTP status 503")).toEqual(["WebEx does not confirm"]);
});

test("each form says on which state of the conference it was made, so that a repeat is known", () => {
  const marks = (page: Shown) => new Set(page.forms.map(({ mark }) => mark));
  expect(marks(shown())).toEqual(new Set([(now - 3_000).toString(36)]));
  expect(marks(shown({ view: view({ lastAt: now }) }))).not.toEqual(marks(shown()));
});

test("the end asks first, and says how many calls it ends", () => {
  expect(shown().text).toContain("End conference 987654321? The call of its one caller ends. It cannot be undone.");
  expect(shown({ view: view({ away: true }) }).text).toContain("End conference 987654321? No agent reaches its bridge");
  expect(shown({ view: view({ callers: [] }) }).text).toContain("Nobody is in it.");
});

const stages: ActionStages = {
  id: "a1",
  person: "anna",
  asked: now,
  onDisk: { seq: 5, at: now },
  request: { type: "mute", call: "c1" },
  sent: [],
  result: null,
  notified: null,
} as object as ActionStages;
const sent = [{ id: "k1", type: "mute", at: now, result: null }] as object as ActionStages["sent"];
const done = { type: "done", at: now + 40 } as const;

test.each<[string, Partial<ActionStages>, string[]]>([
  ["just asked", {}, ["[waits] Sent not yet", "[waits] Done on the bridge not yet", "[waits] WebEx notified not yet"]],
  [
    "on its way",
    { sent },
    ["[done] Sent after 0 ms", "[waits] Done on the bridge not yet", "[waits] WebEx notified not yet"],
  ],
  [
    "done, and told",
    { sent, result: done, notified: { is: "confirmed", at: now + 1_500, why: "", transIds: ["t"] } },
    ["[done] Sent after 0 ms", "[done] Done on the bridge after 40 ms", "[done] WebEx notified after 1.5 s"],
  ],
  [
    "not confirmed",
    { sent, result: done, notified: { is: "posted", at: null, why: "", transIds: ["t"] } },
    [
      "[done] Sent after 0 ms",
      "[done] Done on the bridge after 40 ms",
      "[waits] WebEx notified posted, not confirmed yet",
    ],
  ],
  [
    "so already",
    { result: done, notified: { is: "not needed", at: null, why: "Nothing changed.", transIds: [] } },
    [
      "[not needed] Sent nothing to send",
      "[done] Done on the bridge it is so already",
      "[not needed] WebEx notified Nothing changed.",
    ],
  ],
  [
    "given up",
    { sent, result: done, notified: { is: "undelivered", at: now, why: "It was undelivered.", transIds: [] } },
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
])("an action that is %s shows its way", (_, more, rest) => {
  const page = shown({ action: { ...stages, ...more } });
  expect(page.text).toContain("Mute the call c1 , asked by anna at 12:30:00");
  expect(page.all("li", "class").slice(0, 5)).toEqual(["[done] Asked 12:30:00", "[done] On disk after 0 ms", ...rest]);
});

test("why an action was refused is told where people look", () => {
  expect(shown({ refusal: "The call is over." }).all("p", "notice bad")).toEqual(["The call is over."]);
});

const records: readonly DirectoryRecord[] = [
  aConferenceRecord({
    conference: "987654321",
    extConfIds: ["77"],
    webexHosts: ["tsp1"],
    bridge: "north",
    createdAt: now - 600_000,
    runningAt: now - 599_000,
    endedAt: now,
    seconds: 599,
    calls: 3,
    callMinutes: 21,
  }),
  aCallRecord({
    conference: "987654321",
    number: "14085550101",
    attendeeId: "",
    answeredAt: now - 300_000,
    endedAt: now,
    seconds: 300,
    rooms: ["main", "5"],
    mutes: 2,
  }),
];

test("a conference that is over shows its records in place of actions", () => {
  const page = shown({ view: view({ phase: "ended", callers: [] }), records });
  expect(page.forms.filter(({ mark }) => mark !== undefined)).toEqual([]);
  expect(page.text).toContain("Over The last that it heard was at 12:29:57 .");
  expect(page.text).toContain(
    "From 12:20:00 to 12:30:00 Ended by webex: closed Lasted 9 min Calls 3 , at most 2 at once",
  );
  expect(page.text).toContain("14085550101 c1 none in 12:25:00 12:30:00 5 min caller: hung-up main, 5 2");
  expect(shown({ view: null, records }).text).toContain("Over");
});

test("what is empty says what will be there", () => {
  expect(shown({ view: view({ callers: [] }) }).text).toContain("Nobody is in the conference.");
  expect(shown({ view: view({ phase: "ended" }) }).text).toContain("It has no records.");
});

test("hostile texts stay texts", () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  const callers = [
    { ...caller, call: hostile, number: hostile, attendeeId: hostile, extCallId: hostile, room: hostile },
  ];
  const rooms = [{ room: hostile, subConfId: hostile, stage: "open" }];
  const documents = [
    { transId: hostile, host: hostile, messages: [hostile], queuedAt: 0, attempts: 1, dueAt: 0, failure: hostile },
  ];
  const { html } = shown({
    frame: frameFor("operator", { topic: hostile }),
    view: view({ callers, rooms, documents, host: hostile, extConfId: hostile, bridge: hostile }),
    refusal: hostile,
  });

  expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="/console/assets/live.js" defer="">']);
  expect(html).not.toContain("<img");
  expect(html).not.toMatch(/ style=/);
});
