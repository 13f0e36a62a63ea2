import { expect, test } from "vitest";
import { AuditPage } from "../../src/console/domain/audit.tsx";
import { BridgesPage } from "../../src/console/domain/bridges.tsx";
import { ConferencesPage } from "../../src/console/domain/conferences.tsx";
import { OverviewPage } from "../../src/console/domain/overview.tsx";
import { RecordsPage } from "../../src/console/domain/record-list.tsx";
import { SettingsPage } from "../../src/console/domain/settings.tsx";
import { TspServersPage } from "../../src/console/domain/tsp-servers.tsx";
import { Page } from "../../src/console/page.tsx";
import { pathOf, withQuery } from "../../src/console/paths.ts";
import type { BridgeName, ConfKey, WebexHost } from "../../src/foundation/ids.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { figuresOf } from "../../src/operators/figures.ts";
import type { FoundBridge } from "../../src/operators/trouble.ts";
import { showTrouble } from "../../src/operators/trouble-kinds.ts";
import { type HostPosts, noPosts, noRequests } from "../../src/records/activity.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { DomainActivity, ListedConference, RecordPage, RunningPage } from "../../src/rpc/directory.ts";
import type { AgentView } from "../../src/rpc/relay.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { frame, hostile, isHarmless, now, readPage } from "./read-page.ts";

const minuteMs = 60_000;

function listed(key: string, more: Partial<ListedConference> = {}): ListedConference {
  return {
    key: key as ConfKey,
    life: 1,
    createdAt: now - 3 * minuteMs,
    phase: "running",
    webexHost: "tsp1" as WebexHost,
    bridge: "main" as BridgeName,
    now: isNow(),
    ...more,
  };
}

/** How a conference is that gives no occasion for a word. */
function isNow(more: Partial<NonNullable<ListedConference["now"]>> = {}): NonNullable<ListedConference["now"]> {
  return {
    attached: true,
    locked: false,
    callers: 2,
    speakers: [],
    rooms: 0,
    trouble: [],
    documents: 0,
    oldestDocumentAt: null,
    ...more,
  };
}

function running(...conferences: readonly ListedConference[]): RunningPage {
  const load = {
    bridge: "main" as BridgeName,
    conferences: conferences.length,
    callers: 2 * conferences.length,
  };
  return { conferences, next: null, total: conferences.length, bridges: [load] };
}

const figures = figuresOf({});
const silence: DomainActivity = { minutes: [], hosts: [] };

function posts(host: string | null, more: Partial<HostPosts> = {}): HostPosts {
  return { ...noPosts, host: host as WebexHost | null, confirmed: 1, tookMs: 20, ...more };
}

const health = { agentConnected: true, bridgeUp: true, portsInUse: 12, ports: 100 };
const found: FoundBridge = { domain: "acme", bridge: "main", health, unreachableSince: null };

test("a row says of a conference how it is, and leads to it, whatever its key", () => {
  const [ida, unnamed] = [
    { number: "", attendeeId: "77" },
    { number: "", attendeeId: "" },
  ];
  const state = {
    attached: false,
    locked: true,
    callers: 5,
    speakers: [...["14085550001", "", "14085550003"].map((number) => ({ number, attendeeId: "" })), ida, unnamed],
    rooms: 3,
    trouble: ["posts", "commands"] as const,
    documents: 3,
    oldestDocumentAt: now,
  };
  const page = ConferencesPage({
    ...frame,
    bridges: [found],
    begins: "",
    after: null,
    running: running(
      listed("5/7 a", { now: state }),
      listed("6"),
      listed("6a", { now: { ...state, trouble: [], attached: true, locked: false, speakers: [unnamed] } }),
      listed("6b", { now: { ...state, trouble: [], attached: true, locked: false, speakers: [ida] } }),
      listed("7", { phase: "creating", bridge: null }),
    ),
  });
  const text = readPage(page);
  expect(text).toContain(
    [
      "5/7 a → /console/acme/conferences/5%2F7%20a",
      "WebEx does not confirm the bridge does not answer in time locked without WebEx",
      "5",
      "14085550001, 14085550003 and 3 more",
      "3",
      "tsp1",
      "main",
      "3 min",
      "6 → /console/acme/conferences/6",
      "running",
      "2",
      "nobody",
      "0",
      "tsp1",
      "main",
      "3 min",
      "6a → /console/acme/conferences/6a",
      "running",
      "5",
      "1 caller",
      "3",
      "tsp1",
      "main",
      "3 min",
      "6b → /console/acme/conferences/6b",
      "running",
      "5",
      "77",
      "3",
      "tsp1",
      "main",
      "3 min",
      "7 → /console/acme/conferences/7",
      "being created",
      "2",
      "nobody",
      "0",
      "tsp1",
      "none yet",
      "3 min",
    ].join("\n"),
  );
  expect(text).toContain("5 running in all, with 10 callers");
});

test("while no agent says what a bridge does, nobody knows who is still in its conferences", () => {
  const away = { ...found, health: { ...health, agentConnected: false, portsInUse: null, ports: null } };
  const list = (bridges: readonly FoundBridge[]) =>
    readPage(ConferencesPage({ ...frame, running: running(listed("5")), bridges, begins: "", after: null }));
  expect(list([found])).toContain("1 running in all, with 2 callers\n");
  for (const bridges of [[away], [{ ...found, health: null }], []])
    expect(list(bridges)).toContain("1 running in all, with about 2 callers, not known for main");
  const { bridges: loads } = running(listed("5"));
  const card = { found: away, load: loads[0] ?? null, expected: [], agents: [] };
  const cards = readPage(BridgesPage({ ...frame, bridges: [card], trouble: [] }));
  expect(cards).toContain("1 conference, about 2 callers, not known for main");
});

test("pages of the list go on where the one before ended, with the same search", () => {
  const page = { ...running(listed("70")), next: "70" as ConfKey };
  const text = readPage(ConferencesPage({ ...frame, bridges: [], running: page, begins: "7&", after: "6" }));
  expect(text).toContain("First page → /console/acme/conferences?begins=7%26");
  expect(text).toContain("Next page → /console/acme/conferences?begins=7%26&after=70");
});

test.each([
  [{ begins: "", after: null }, "No conference runs"],
  [{ begins: "12", after: null }, "No running conference has a key that begins with 12"],
  [{ begins: "", after: "9" }, "There are no more"],
])("an empty list %j says why", (asked, says) => {
  expect(readPage(ConferencesPage({ ...frame, bridges: [], ...asked, running: running() }))).toContain(says);
});

test("the overview says that nothing is wrong, or what and since when, and how much room is left", () => {
  const calm = readPage(
    OverviewPage({
      ...frame,
      running: { ...running(), total: 7 },
      bridges: [found, found],
      figures: figuresOf({ bridges: [found, found] }),
      trouble: [],
      unknown: [],
      activity: silence,
    }),
  );
  expect(calm).toContain("nothing Bridges answer, and WebEx confirms.");
  expect(calm).toContain("Ports free\n176");
  expect(calm).toContain("12 of 100 ports in use, 88 free");

  const away = { ...found, health: { ...health, agentConnected: false, portsInUse: null, ports: null } };
  const trouble = listed("5", {
    now: isNow({ callers: 1, trouble: ["posts"], documents: 1, oldestDocumentAt: now }),
  });
  const text = readPage(
    OverviewPage({
      ...frame,
      running: running(trouble),
      bridges: [away],
      unknown: [],
      activity: silence,
      figures: figuresOf({ bridges: [found, away] }),
      trouble: [showTrouble({ kind: "no-agent", since: now - 5 * minuteMs }, "acme", "main")],
    }),
  );
  expect(text).toContain(
    [
      "No agent is connected since 11:55:00 ( 5 min ) Bridges → /console/acme/bridges",
      "No agent of the bridge main of acme is connected, so nobody can call in or out there.",
      'See "bridgehead-agent doctor" beside the bridge.',
    ].join("\n"),
  );
  expect(text).toContain("5 → /console/acme/conferences/5\nWebEx does not confirm");
  expect(text).toContain("Ports in use\nat least 12, not known for main");
  expect(text).toContain("Callers now\nnot known");
  expect(text).not.toContain("Bridges answer");
});

test("what somebody has taken on stands above the conferences, which have a heading; a form that opens asks", () => {
  const open = showTrouble({ kind: "no-agent", since: now }, "acme", "main");
  const acknowledged = { by: "otto", at: now, word: "known" };
  const trouble = [open, { ...showTrouble({ kind: "bridge-drained", since: now }, "acme", "main"), acknowledged }];
  const conference = listed("5", { now: isNow({ trouble: ["posts"] }) });
  const person = { ...frame.person, role: "operator" as const };
  const page = {
    ...frame,
    person,
    figures,
    running: running(conference),
    bridges: [found],
    trouble,
    unknown: [],
    activity: silence,
  };
  const html = String(OverviewPage(page));
  const places = ["No agent is connected", "otto", "Conferences with trouble"].map((text) => html.indexOf(text));
  expect(places.toSorted((one, other) => one - other)).toEqual(places);
  expect(places).not.toContain(-1);
  expect(html).toMatch(/<details id="acknowledge-no-agent:main" data-asks=""/);
});

test("screen readers are told what is wrong, each by itself, and neither ages nor counts", () => {
  const told = (minutes: number, count: number, ...keys: readonly string[]) => {
    const since = now - minutes * minuteMs;
    const waits = showTrouble({ kind: "posts-wait", since, count }, "acme", null);
    const away = showTrouble({ kind: "no-agent", since }, "acme", "main");
    const troubled = keys.map((key) =>
      listed(key, { now: isNow({ trouble: ["posts"], documents: count, oldestDocumentAt: since }) }),
    );
    const trouble = count === 0 ? [] : [away, waits, waits];
    const page = OverviewPage({
      ...frame,
      figures,
      running: running(...troubled),
      bridges: [found],
      trouble,
      unknown: [],
      activity: silence,
    });
    const [, said = ""] = /<div [^>]*role="status"[^>]*aria-atomic="false">(.*?)<\/div>/.exec(String(page)) ?? [];
    return Array.from(said.matchAll(/<span id="([^"]*)">(.*?) ?<\/span>/g), ([, id, text]) => [id, text]);
  };
  const first = told(1, 3, "5");
  expect(first.map(([, text]) => text)).toEqual([
    "No agent is connected: main.",
    "Documents wait for WebEx, or for the back end.",
    "Documents wait for WebEx, or for the back end.",
    "Conference 5: WebEx does not confirm.",
  ]);
  expect(new Set(first.map(([id]) => id)).size).toBe(4);
  expect(told(2, 9, "5")).toEqual(first);
  // One more leaves the others as they are.
  expect(told(1, 3, "4", "5")).toEqual([
    ...first.slice(0, 3),
    ["said-Conference-4-WebEx-does-not-confirm-0", expect.anything()],
    first[3],
  ]);
  expect(told(1, 0).map(([, text]) => text)).toEqual(["Nothing is wrong."]);
});

test("names from outside are shown each by itself, whatever way they are written", () => {
  const name = "\u05e9\u05dc\u05d5\u05dd";
  const speakers = [name, "\u202eabc"].map((attendeeId) => ({ number: "", attendeeId }));
  const page = ConferencesPage({
    ...frame,
    bridges: [],
    running: running(listed("5", { topic: name, now: isNow({ speakers }) })),
    begins: "",
    after: null,
  });
  const isolated = Array.from(String(page).matchAll(/<bdi>(.*?)<\/bdi>/g), ([, text]) => text);
  expect(isolated).toEqual([name, name, "\u202eabc"]);
});

test("the overview plots each minute of the last hour, and says the same in figures", () => {
  const activity: DomainActivity = {
    minutes: [
      {
        at: now - 60 * minuteMs,
        requests: { confirmed: 50, refused: 50 },
        hosts: [posts("tsp1", { confirmed: 1_000 })],
      },
      { at: now - 59 * minuteMs, requests: { confirmed: 3, refused: 0 }, hosts: [posts("tsp1", { confirmed: 1 })] },
      {
        at: now - 5 * minuteMs,
        requests: { confirmed: 70, refused: 1 },
        hosts: [posts("tsp1", { confirmed: 200, tookMs: 9_000 }), posts("tsp2")],
      },
      { at: now - minuteMs, requests: noRequests, hosts: [posts("tsp2", { confirmed: 0, failed: 2, givenUp: 1 })] },
      { at: now - 30 * minuteMs, requests: { confirmed: 0, refused: 2 }, hosts: [] },
      { at: now, requests: noRequests, hosts: [posts("tsp2", { confirmed: 4, tookMs: 6_000 })] },
    ],
    hosts: [],
  };
  const shown = { ...frame, timeZone: "Asia/Kolkata", figures, running: running() };
  const page = OverviewPage({ ...shown, bridges: [found], trouble: [], unknown: [], activity });
  const html = String(page);
  const [asked, refused, confirmed, failed, givenUp] = [...html.matchAll(/<svg class="(?:good|bad)" .*?<\/svg>/gs)].map(
    ([svg]) => svg,
  );
  expect(confirmed).toContain(
    'aria-label="Posts confirmed: 206 in all, at most 201 a minute (17:25), 0 in the last whole one"',
  );
  expect(failed).toContain("Failed attempts: 2 in all, at most 2 a minute (17:29), 2 in the last whole one");
  expect(givenUp).toContain("Documents given up: 1 in all, at most 1 a minute (17:29), 1 in the last whole one");
  expect(asked).toContain("Requests confirmed: 73 in all, at most 70 a minute (17:25), 0 in the last whole one");
  expect(refused).toContain("Requests refused: 3 in all, at most 2 a minute (17:00), 0 in the last whole one");
  const bars = [...(confirmed ?? "").matchAll(/<rect x="(\d+)" y="(\d+)" width="8" height="(\d+)">/g)];
  // One post among hundreds is seen, too.
  expect(bars.map(([, ...numbers]) => numbers.map(Number))).toEqual([
    [1, 97, 3],
    [541, 0, 100],
    [591, 97, 3],
  ]);
  expect(html).not.toContain("style=");
  expect(readPage(page)).toContain(
    [
      "17:30",
      "0",
      "0",
      "4",
      "1.5 s",
      "0",
      "0",
      "17:29",
      "0",
      "0",
      "0",
      "2",
      "1",
      "17:25",
      "70",
      "1",
      "201",
      "45 ms",
      "0",
      "0",
      "17:00",
      "0",
      "2",
      "0",
      "0",
      "0",
      "16:31",
      "3",
      "0",
      "1",
      "20 ms",
      "0",
      "0",
    ].join("\n"),
  );
});

test("an hour in which nothing came or was posted is said so", () => {
  const page = OverviewPage({
    ...frame,
    figures,
    running: running(),
    bridges: [],
    trouble: [],
    unknown: [],
    activity: silence,
  });
  expect(readPage(page)).toContain("Nothing came from WebEx, or was posted to it, in the last hour.");
  expect(String(page)).toContain('aria-label="Posts confirmed: 0 in all"');
  expect(String(page)).not.toContain("<rect");
});

test("people are looked for by number and attendee ID, which stand in no link; what the settings keep is said", () => {
  const search = { begins: "", number: "+1 408", attendeeId: "44", after: null };
  const page = (more: object) =>
    readPage(ConferencesPage({ ...frame, bridges: [], ...search, running: running(), ...more }));
  const next = { ...running(listed("5")), next: "5" as ConfKey };
  expect(page({ running: next })).toMatch(/Next page$/m);
  expect(page({})).toContain("Nobody like that is in a running conference");
  expect(page({})).not.toContain("recordsPersonal");
  expect(page({ people: "masked" })).toContain("others may fit as well");
  expect(page({ people: "none" })).toContain("search by the key");
  expect(page({ people: "none" })).not.toContain("Attendee ID");
});

test("hosts say what they confirmed, how fast, and what waits for them; the longest queue first", () => {
  const lastFailure = { at: now - 2 * minuteMs, why: "HTTP status 503" };
  const page = TspServersPage({
    ...frame,
    activity: {
      minutes: [
        {
          at: now - 9 * minuteMs,
          requests: noRequests,
          hosts: [posts("tsp1", { confirmed: 30, tookMs: 900 }), posts(null)],
        },
        {
          at: now - 2 * minuteMs,
          requests: noRequests,
          hosts: [posts("tsp2", { confirmed: 199, failed: 1, tookMs: 0, lastFailure })],
        },
        {
          at: now - minuteMs,
          requests: noRequests,
          hosts: [posts("tsp1", { confirmed: 0, failed: 10, givenUp: 2, tookMs: 0, lastFailure })],
        },
      ],
      hosts: [
        {
          host: "tsp1" as WebexHost,
          conferences: 3,
          documents: 4,
          oldestDocumentAt: now - 3 * minuteMs,
          failure: "HTTP status 503",
          troubled: ["5/7", "6"] as ConfKey[],
        },
        {
          host: "tsp3" as WebexHost,
          conferences: 1,
          documents: 0,
          oldestDocumentAt: null,
          failure: null,
          troubled: [],
        },
      ],
    },
  });
  expect(readPage(page)).toContain(
    [
      "tsp1",
      "75 % 30 of 40",
      "30 ms",
      "2",
      "4, the oldest for 3 min",
      "11:58:00 HTTP status 503",
      "3 run; not confirmed to 5/7 → /console/acme/conferences/5%2F7 , 6 → /console/acme/conferences/6",
      "tsp2",
      "99 % 199 of 200",
      "0 ms",
      "0",
      "none",
      "11:58:00 HTTP status 503",
      "none runs",
      "all others",
      "100 % 1 of 1",
      "20 ms",
      "0",
      "none",
      "none",
      "none runs",
      "tsp3",
      "none was made",
      "0",
      "none",
      "none",
      "1 runs",
    ].join("\n"),
  );
});

test("without hosts the page says what would be there", () => {
  expect(readPage(TspServersPage({ ...frame, activity: silence }))).toContain("nothing was posted in the last hour");
});

test("bridges show which agent acts, which stands by, and which is not there", () => {
  const acts: AgentView = {
    agent: "agent-1",
    role: "active",
    lastSeen: now - 2_000,
    health: { ...health, cannot: ["lock"], version: "1.4.0", waiting: { commands: 2, reports: 1 } },
  };
  const standsBy: AgentView = { agent: "agent-2", role: "standby", lastSeen: null, health: null };
  const bridge = { found, expected: ["agent-1", "agent-2", "agent-3"], agents: [acts, standsBy], load: null };
  const text = readPage(BridgesPage({ ...frame, bridges: [bridge], trouble: [] }));
  expect(text).toContain(
    [
      "agent-1",
      "acts",
      "2 s ago",
      "answers",
      "12",
      "2 commands, 1 report",
      "1.4.0",
      "agent-2",
      "stands by",
      "its socket is gone",
      "it has not said",
      "not known",
      "not known",
      "not known",
      "agent-3",
      "not connected",
      "not known",
      "not known",
      "not known",
      "not known",
      "not known",
      'This bridge cannot do: lock. WebEx is answered "not supported".',
    ].join("\n"),
  );
  const away = [
    showTrouble({ kind: "standby-away", about: "agent-3", since: now - 60_000 }, "acme", found.bridge),
    showTrouble({ kind: "standby-away", about: "agent-3", since: now - 7_000 }, "acme", "another"),
  ];
  expect(readPage(BridgesPage({ ...frame, bridges: [bridge], trouble: away }))).toContain(
    "agent-3\nnot connected\n1 min ago\n",
  );
  const silent = { ...bridge, found: { ...found, health: null }, agents: null };
  const without = readPage(BridgesPage({ ...frame, bridges: [silent], trouble: [] }));
  expect(without).toContain("relay does not answer");
  expect(without).toContain("Its agents cannot be shown");
});

const call = aCallRecord({
  direction: "out",
  host: true,
  dialledAt: now,
  answeredAt: now,
  enteredAt: now,
  endedAt: now - 86_400_000,
  seconds: 90,
  minutes: 2,
});
const conference = aConferenceRecord({
  createdAt: now,
  runningAt: null,
  endedAt: now,
  seconds: 0,
  status: "failed",
  reason: "capacity",
  calls: 3,
  callMinutes: 4,
  givenUp: 2,
});

function records(...all: readonly DirectoryRecord[]): RecordPage {
  const end = { directory: "d", id: all.length };
  return { end, records: all.map((record, index) => ({ id: index + 1, at: now, record })), next: null };
}

const shown = { ...frame, filters: {}, wrong: null, cursor: null, bridges: ["main"] };

test("records say what ended, how, and after how long", () => {
  const ended = readPage(RecordsPage({ ...shown, kind: "conference", records: records(conference) }));
  expect(ended).toContain(
    [
      "5 → /console/acme/conferences/5 Berth planning failed 2 documents given up failover",
      "12:00:00",
      "never ran",
      "webex: capacity",
      "3",
      "4",
      "tsp1, tsp2",
      "main",
    ].join("\n"),
  );
  const calls = RecordsPage({
    ...shown,
    kind: "call",
    records: records(call, {
      ...call,
      number: "",
      answeredAt: null,
      status: "no-answer",
      direction: "in",
      host: false,
    }),
  });
  expect(readPage(calls)).toContain(
    [
      "14085551234 called out host",
      "18005551234",
      "5 → /console/acme/conferences/5",
      "77",
      "2026-03-03 12:00:00",
      "1 min",
      "caller: hung-up",
      "main",
      "withheld no-answer",
      "18005551234",
    ].join("\n"),
  );
});

test("what records are looked for by stays in the links, the export's too, but for what is of people", () => {
  const filters = { since: "2026-03-01", until: "2026-03-02", number: "+1 408", endedBy: "webex" };
  const page = { ...records(call), next: 17 };
  const text = readPage(RecordsPage({ ...shown, kind: "call", filters, records: page, cursor: "40" }));
  const query = "kind=call&since=2026-03-01&until=2026-03-02&endedBy=webex";
  expect(text).toMatch(/Latest\nOlder\n.* as CSV\nDownload these as CSV$/m);
  const { number: _, ...others } = filters;
  const ofAll = RecordsPage({ ...shown, kind: "call", filters: others, records: page, cursor: "40" });
  expect(readPage(ofAll)).toContain(`Latest → /console/acme/records?${query}`);
  expect(readPage(ofAll)).toContain(`Older → /console/acme/records?${query}&cursor=17`);
  expect(String(ofAll)).toMatch(/records\/export">.*name="since" value="2026-03-01".*name="until" value="2026-03-03"/);
});

test.each([
  ["UTC", "2025-12-31T23:59Z", "2025-11"],
  ["Europe/Berlin", "2025-12-31T23:59Z", "2025-12"],
  ["America/New_York", "2026-01-01T02:00Z", "2025-11"],
])("last month in %s at %s is %s; times are of that zone, and say so", (timeZone, at, month) => {
  const frame = { ...shown, timeZone, now: Date.parse(at), kind: "call", filters: {}, cursor: null } as const;
  const page = RecordsPage({ ...frame, records: { ...records({ ...call, endedAt: Date.parse(at) }), next: null } });
  expect(String(page)).toMatch(new RegExp(`name="month" value="${month}"/><button[^>]*>${month} as CSV`));
  const [, title] = /title="([^"]*)"[^>]*>\d\d:\d\d:00</.exec(String(page)) ?? [];
  expect(title).toMatch(new RegExp(`^20\\d\\d-.* ${timeZone}$`));
  expect(String(page)).toContain(`times in ${timeZone}`);
});

test.each([
  [{ filters: {} }, null, "Nothing has ended yet"],
  [{ filters: { number: "1" } }, null, "No record fits"],
  [{ filters: { number: "1" } }, 7, "None of the latest records fits"],
])("no records for %j, and more at %s, is said so", (asked, next, says) => {
  expect(readPage(RecordsPage({ ...shown, ...asked, kind: "call", records: { ...records(), next } }))).toContain(says);
});

test("settings stand by their names, times in words, and what has a name goes by it", () => {
  const page = SettingsPage({
    ...frame,
    warnings: ["has no adapterSecrets"],
    reminders: ["has one agent"],
    settings: {
      createTimeoutMs: 15_000,
      adapterSecrets: ["**aa"],
      passthroughUrl: undefined,
      protocol: { codes: {} },
      logs: { personal: false },
      bridges: [{ name: "main", agents: [{ name: "agent-1", publicKey: "k" }] }],
    },
  });
  expect(readPage(page)).toBe(
    [
      "Domain",
      "acme has no adapterSecrets.",
      "acme has one agent.",
      "The settings as they count now, with their defaults. Secrets are not shown. docs/settings.md says what each of them means.",
      "General",
      "createTimeoutMs",
      "15000 (15 s)",
      "adapterSecrets",
      "**aa",
      "logs",
      "personal",
      "no",
      "bridges",
      "main · agents · agent-1 · publicKey",
      "k",
    ].join("\n"),
  );
});

const entry: AuditEntry = {
  at: now,
  person: "boris",
  role: "operator",
  by: "session",
  action: "mute",
  status: 202,
  refusal: null,
  about: { confKey: "5", call: "c1" },
  actionId: "k1",
  from: "192.0.2.7",
};

test("the audit says who asked what, about what, and what became of it", () => {
  const refused = {
    ...entry,
    refusal: "not allowed",
    status: 403,
    by: "token" as const,
    about: {},
    from: "",
    repeat: true as const,
  };
  const page = { entries: [entry, refused], next: 7 };
  const text = readPage(AuditPage({ ...frame, entries: page, before: "9" }));
  expect(text).toContain(
    [
      "12:00:00",
      "boris operator, by session",
      "mute",
      "5 → /console/acme/conferences/5 call c1",
      "accepted",
      "192.0.2.7",
      "12:00:00",
      "boris operator, by token",
      "mute repeated",
      "not allowed",
      "not known",
    ].join("\n"),
  );
  expect(text).toContain("Latest → /console/acme/audit");
  expect(text).toContain("Older → /console/acme/audit?before=7");
  const none = readPage(AuditPage({ ...frame, entries: { entries: [], next: null }, before: null }));
  expect(none).toContain("Nobody has asked for anything yet");
});

test("whoever sees several domains may change between them, and stays on the same page of each", () => {
  const html = String(Page({ ...frame, domains: ["acme", "b&b"], here: "bridges", title: "Bridges" }));
  expect(html).toContain('<a href="/console/b%26b/bridges">b&amp;b</a>');
  expect(String(Page({ ...frame, here: "bridges", title: "Bridges" }))).not.toContain("chooser");
});

test.each([
  ["session", /<form method="post" action="\/console\/sign-out">/],
  ["access", /<a href="\/cdn-cgi\/access\/logout">/],
  ["token", /^(?!.*Sign out)/s],
] as const)("who came by %s signs out in its way", (by, expected) => {
  expect(String(Page({ ...frame, by, title: "x" }))).toMatch(expected);
});

test("texts from outside stay texts", () => {
  const odd = hostile as ConfKey & WebexHost & BridgeName;
  const one = listed(odd, { webexHost: odd, bridge: odd });
  const person = { ...frame.person, name: hostile };
  const names = { ...frame, person, domain: hostile, domains: [hostile, "other"] };
  const text = { number: hostile, attendeeId: hostile, reason: hostile, conference: hostile, bridge: hostile };
  const filters = { number: hostile, conference: hostile };
  for (const page of [
    ConferencesPage({
      ...names,
      bridges: [],
      running: { ...running(one), next: odd },
      begins: hostile,
      after: hostile,
    }),
    OverviewPage({
      ...names,
      figures,
      running: running(one),
      bridges: [{ ...found, bridge: hostile }],
      trouble: [
        showTrouble({ kind: "disk", since: now, why: `${hostile} \`${hostile}\`` }, null, null),
        showTrouble({ kind: "posts-given-up", about: hostile, since: now }, hostile, null),
        {
          ...showTrouble({ kind: "standby-away", about: hostile, since: now }, hostile, hostile),
          acknowledged: { by: hostile, at: now, word: hostile },
        },
      ],
      unknown: [],
      activity: silence,
    }),
    TspServersPage({
      ...names,
      activity: {
        minutes: [
          { at: now, requests: noRequests, hosts: [posts(hostile, { lastFailure: { at: now, why: hostile } })] },
        ],
        hosts: [{ host: odd, conferences: 1, documents: 1, oldestDocumentAt: now, failure: hostile, troubled: [odd] }],
      },
    }),
    RecordsPage({ ...shown, ...names, kind: "call", filters, records: records({ ...call, ...text }), wrong: hostile }),
    RecordsPage({ ...shown, ...names, kind: "conference", filters, records: records({ ...conference, ...text }) }),
    BridgesPage({
      ...names,
      trouble: [],
      bridges: [{ found: { ...found, bridge: hostile }, expected: [hostile], agents: [], load: null }],
    }),
    AuditPage({
      ...names,
      before: null,
      entries: {
        entries: [{ ...entry, action: hostile, about: { confKey: hostile, [hostile]: hostile } }],
        next: null,
      },
    }),
    SettingsPage({ ...names, settings: { [hostile]: hostile }, warnings: [hostile], reminders: [hostile] }),
  ]) {
    expect(isHarmless(page)).toBe(true);
    expect(readPage(page)).toContain("<script>");
  }
});

test("addresses carry any name, and leave out what is empty", () => {
  expect(pathOf("a b", "x/y", "?")).toBe("/console/a%20b/x%2Fy/%3F");
  expect(withQuery("/x", { a: "1&2", b: "", c: null, d: undefined })).toBe("/x?a=1%262");
  expect(withQuery("/x", { a: "" })).toBe("/x");
});
