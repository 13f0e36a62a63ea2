import { expect, test } from "vitest";
import { BridgesPage } from "../../src/console/domain/bridges.tsx";
import {
  AuditPage,
  ConferencesPage,
  FindPage,
  PromptCallsPage,
  RecordsPage,
  TspServersPage,
} from "../../src/console/domain/lists.tsx";
import { OverviewPage } from "../../src/console/domain/overview.tsx";
import { SettingsPage } from "../../src/console/domain/settings.tsx";
import { Page } from "../../src/console/page.tsx";
import type { Frame } from "../../src/console/parts.tsx";
import { pathOf, withQuery } from "../../src/console/paths.ts";
import type { ConfKey, WebexHost } from "../../src/foundation/ids.ts";
import { showAlert } from "../../src/operators/alert-kinds.ts";
import { type HostPosts, noPosts } from "../../src/records/activity.ts";
import type { DomainActivity, ListedConference } from "../../src/rpc/directory.ts";
import { someFigures } from "../builders.ts";
import { aCallRecord } from "../records/a-record.ts";
import { frame, hostile, inFrame, isHarmless, now, readPage } from "./read-page.ts";

const minuteMs = 60_000;

function listed(key: string, alerts: readonly "posts"[] = []): ListedConference {
  const documents = { documents: 0, oldestDocumentAt: null, waiting: [] };
  const state = {
    attached: true,
    orphan: false,
    locked: false,
    callers: 2,
    rooms: 0,
    roomNames: [],
    alerts,
    ...documents,
  };
  const place = { createdAt: now - 3 * minuteMs, webexHost: "tsp1" as WebexHost, bridge: null, undelivered: 0 };
  return { key: key as ConfKey, life: 1, phase: "running", ...place, now: state };
}

const health = { bridgeUp: true, portsInUse: 12, ports: 100 };
const agent = { agent: "a1", role: "active", lastSeen: now, health } as const;
const main = {
  bridge: "main",
  drainedSince: null,
  agents: [agent],
  load: { conferences: 1, callers: 2 },
};
const silence: DomainActivity = { minutes: [], hosts: [] };

function posts(host: string | null, more: Partial<HostPosts> = {}): HostPosts {
  return { ...noPosts, host: host as WebexHost | null, confirmed: 1, tookMs: 20, ...more };
}

/** An overview on which nothing is wrong. */
function overview(more: object = {}, around: Partial<Frame> = {}) {
  const running = { conferences: [], next: null };
  const calm = {
    figures: { figures: someFigures({}) },
    running,
    bridges: { bridges: [main] },
    alerts: [],
  };
  const rest = { activity: silence, edges: { acting: null, edges: [] } };
  return inFrame(OverviewPage, { ...calm, ...rest, ...more }, around);
}

const conferencesPage = (fields: Readonly<Record<string, string>>, more: object = {}, around: Partial<Frame> = {}) => {
  const answer = { conferences: [], next: null, bridges: [] };
  return inFrame(ConferencesPage, { refusal: null, fields, people: "full", answer, ...more }, around);
};

test("a search stays in the links to other pages; what is of callers is posted", () => {
  const answer = { conferences: [listed("70")], next: "70", bridges: [] };
  const text = readPage(conferencesPage({ begins: "7&", cursor: "6" }, { answer }));
  expect(text).toContain("First page → /console/acme/conferences?begins=7%26");
  expect(text).toContain("Next page → /console/acme/conferences?begins=7%26&cursor=70");
  expect(readPage(conferencesPage({ number: "+1 408" }, { answer }))).toMatch(/Next page$/m);
});

test.each([
  [{ begins: "12" }, {}, "No running conference has a key that begins with 12"],
  [{ cursor: "9" }, {}, "No more conferences"],
  [{ number: "1" }, { people: "masked" }, "Others may match, too"],
  [{ begins: "1" }, { refusal: "begins is too long." }, "begins is too long."],
])("a list for %j with %j says why it is empty", (fields, more, says) => {
  expect(readPage(conferencesPage(fields, more))).toContain(says);
});

test("the overview shows that nothing is wrong, or what and since when, and how much room is left", () => {
  const calm = readPage(overview({ figures: { figures: someFigures({ bridges: [{ bridge: "main", health }] }) } }));
  expect(calm).toContain("No alerts");
  expect(calm).toContain("Ports free\n88");
  expect(calm).toContain("12 of 100 ports in use, 88 free\n1 conference, 2 callers");

  const alerts = [showAlert({ bridge: "main", kind: "no-agent", since: now - 5 * minuteMs }, "acme")];
  const running = { conferences: [listed("5", ["posts"])], next: null };
  const bridges = { bridges: [{ ...main, agents: [], load: null }] };
  const text = readPage(overview({ running, bridges, alerts, activity: null }));
  expect(text).toContain("No agent is connected since 11:55:00 ( 5 min ) Bridges → /console/acme/bridges");
  expect(text).toContain("5 → /console/acme/conferences/5\nWebEx does not confirm");
  expect(text).toContain("main → /console/acme/bridges#bridge-main\nno active agent\nPorts in use: not known");
  expect(text).toContain("Not known: the directory did not respond.");
});

test("screen readers get each alert by itself, without ages and counts", () => {
  const told = (minutes: number, count: number, ...keys: readonly string[]) => {
    const since = now - minutes * minuteMs;
    const waits = showAlert({ kind: "documents-pending", since, count }, "acme");
    const away = showAlert({ bridge: "main", kind: "no-agent", since }, "acme");
    const running = { conferences: keys.map((key) => listed(key, ["posts"])), next: null };
    const page = overview({ running, alerts: count === 0 ? [] : [away, waits] });
    const [, said = ""] = /<div [^>]*role="status"[^>]*aria-atomic="false">(.*?)<\/div>/.exec(String(page)) ?? [];
    return Array.from(said.matchAll(/<span id="([^"]*)">(.*?) ?<\/span>/g), ([, id, text]) => [id, text]);
  };
  const first = told(1, 3, "5");
  expect(first.map(([, text]) => text)).toEqual([
    "No agent is connected: main.",
    "Documents are pending.",
    "Conference 5: WebEx does not confirm.",
  ]);
  expect(new Set(first.map(([id]) => id)).size).toBe(3);
  expect(told(2, 9, "5")).toEqual(first);
  expect(told(1, 3, "4", "5").slice(0, 2)).toEqual(first.slice(0, 2));
  expect(told(1, 0).map(([, text]) => text)).toEqual(["No alerts."]);
});

test("the overview plots each minute of the last hour", () => {
  const minute = (ago: number, confirmed: number, ...hosts: readonly HostPosts[]) => {
    return { at: now - ago * minuteMs, requests: { confirmed, refused: 0 }, hosts };
  };
  const minutes = [
    minute(60, 50, posts("tsp1", { confirmed: 1_000 })),
    minute(59, 3, posts("tsp1")),
    minute(5, 70, posts("tsp1", { confirmed: 200, tookMs: 9_000 }), posts("tsp2")),
    minute(1, 0, posts("tsp2", { confirmed: 0, failed: 2, givenUp: 1 })),
  ];
  const page = overview({ activity: { minutes, hosts: [] } }, { timeZone: "Asia/Kolkata" });
  const plots = [...String(page).matchAll(/<svg class="(?:good|bad)" .*?<\/svg>/gs)].map(([svg]) => svg);
  for (const [index, says] of [
    "Requests confirmed: Total 73; peak 70/min at 17:25; last full minute 0",
    "Requests refused: Total 0",
    "Posts confirmed: Total 202; peak 201/min at 17:25; last full minute 0",
    "Failed attempts: Total 2; peak 2/min at 17:29; last full minute 2",
    "Undelivered documents: Total 1; peak 1/min at 17:29; last full minute 1",
  ].entries())
    expect(plots[index]).toContain(`aria-label="${says}"`);
  // One post among hundreds is seen, too.
  const bars = [...(plots[2] ?? "").matchAll(/<rect x="(\d+)" y="(\d+)" width="8" height="(\d+)">/g)];
  expect(bars.map(([, ...place]) => place.join(" "))).toEqual(["1 97 3", "541 0 100"]);
});

test("bridges show alerts, agents and what an operator can do", () => {
  const standby = { ...agent, agent: "a2", role: "standby" } as const;
  const person = { ...frame.person, role: "operator" as const };
  const bridges = [
    { ...main, agents: [{ ...agent, health: { ...health, cannot: ["lock" as const] } }, standby] },
    { ...main, bridge: "east", drainedSince: now, agents: null },
  ];
  const alerts = [showAlert({ bridge: "main", kind: "no-standby-agent", about: "a3", since: now - minuteMs }, "acme")];
  const text = readPage(inFrame(BridgesPage, { bridges, alerts }, { person }));
  expect(text).toContain("Make a2 active instead of a1? Calls are not interrupted. a1 becomes the standby.");
  expect(text).toContain('This bridge cannot do: lock. WebEx gets the answer "not supported".');
  expect(text).toMatch(/east\nrelay does not answer/);
  expect(inFrame(BridgesPage, { bridges, alerts })).not.toContain("Drain");
});

test("operators resync a server for which documents wait", () => {
  const load = { documents: 1, oldestDocumentAt: now, failure: null, affected: [], conferences: 1 };
  const hosts = ["tsp1", "*back-end"].map((host) => ({ ...load, host: host as WebexHost }));
  const answer = { minutes: [], hosts };
  const page = (role: "viewer" | "operator") =>
    inFrame(TspServersPage, { answer }, { person: { ...frame.person, role } });
  expect(page("operator").match(/Resync/g)).toHaveLength(1);
  expect(page("viewer")).not.toContain("Resync");
});

const call = aCallRecord({ endedAt: now - 86_400_000 });
const recordsPage = (fields: Readonly<Record<string, string>>, more: object = {}, around: Partial<Frame> = {}) => {
  const answer = { records: [call], next: "d-17" };
  return inFrame(RecordsPage, { refusal: null, fields, bridges: ["main"], answer, ...more }, around);
};

test("filters of records stay in the links, the export's too; what is of callers is posted", () => {
  const fields = { kind: "call", since: "2026-03-01", until: "2026-03-02", endedBy: "webex", cursor: "d-40" };
  expect(readPage(recordsPage({ ...fields, number: "1" }))).toMatch(
    /Latest\nOlder\n.* as CSV\nDownload these as CSV$/m,
  );
  const page = recordsPage(fields);
  const query = "kind=call&since=2026-03-01&until=2026-03-02&endedBy=webex";
  expect(readPage(page)).toContain(`Latest → /console/acme/records?${query}`);
  expect(readPage(page)).toContain(`Older → /console/acme/records?${query}&cursor=d-17`);
  expect(String(page)).toMatch(/records\/export">.*name="since" value="2026-03-01".*name="until" value="2026-03-03"/);
});

test.each([
  ["UTC", "2025-12-31T23:59Z", "2025-11"],
  ["Europe/Berlin", "2025-12-31T23:59Z", "2025-12"],
])("last month in %s at %s is %s", (timeZone, at, month) => {
  const html = recordsPage({ kind: "call" }, {}, { timeZone, now: Date.parse(at) });
  expect(html).toMatch(new RegExp(`name="month" value="${month}"/><button[^>]*>${month} as CSV`));
  expect(html).toContain(`Times in ${timeZone}`);
});

test("settings have their warnings above them", () => {
  const said = { warnings: ["acme has no adapterSecrets."], reminders: ["acme has one agent."] };
  const text = readPage(inFrame(SettingsPage, { ...said, settings: { createTimeoutMs: 15_000 } }));
  expect(text).toMatch(/acme has no adapterSecrets\.\nacme has one agent\.\n.*"createTimeoutMs": 15000/s);
});

test("whoever sees several domains may change between them, and stays on the same page of each", () => {
  const html = inFrame(Page, { here: "bridges", title: "Bridges" }, { domains: ["acme", "b&b"] });
  expect(html).toContain('<a href="/console/b%26b/bridges">b&amp;b</a>');
  expect(inFrame(Page, { here: "bridges", title: "Bridges" })).not.toContain("chooser");
});

test("texts from outside stay texts", () => {
  const names = { person: { ...frame.person, name: hostile }, domain: hostile, domains: [hostile, "other"] };
  const fields = { find: hostile, number: hostile, begins: hostile, cursor: hostile, conference: hostile };
  const shown = { fields, refusal: hostile };
  const answer = { lines: [], conferences: [], calls: [], entries: [], next: hostile, people: "full" };
  const alerts = [
    showAlert({ kind: "disk", since: now, why: `${hostile} \`${hostile}\`` }, null),
    {
      ...showAlert({ bridge: hostile, kind: "no-standby-agent", about: hostile, since: now }, hostile),
      seen: { upTo: 1, by: hostile, at: now, note: hostile },
    },
  ];
  for (const page of [
    conferencesPage(fields, shown, names),
    overview({ bridges: { bridges: [{ ...main, bridge: hostile }] }, alerts }, names),
    recordsPage(fields, shown, names),
    inFrame(BridgesPage, { alerts, bridges: [{ ...main, bridge: hostile, missing: [hostile] }], refusal: null }, names),
    ...[AuditPage, FindPage, PromptCallsPage].map((page) => inFrame(page, { ...shown, answer }, names)),
    inFrame(SettingsPage, { settings: { [hostile]: hostile }, warnings: [hostile], reminders: [hostile] }, names),
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
