import { expect, test } from "vitest";
import { MeetingPage } from "../../src/console/conference/meeting.tsx";
import { ConferencesPage } from "../../src/console/domain/conferences.tsx";
import { RecordsPage } from "../../src/console/domain/record-list.tsx";
import { SettingsPage } from "../../src/console/domain/settings.tsx";
import { WebexSitePage } from "../../src/console/domain/webex-site.tsx";
import type { BridgeName, ConfKey, WebexHost } from "../../src/foundation/ids.ts";
import type { ListedConference } from "../../src/rpc/directory.ts";
import type { MeetingAnswer, ProvisioningState } from "../../src/rpc/webex-site.ts";
import { aConferenceRecord } from "../records/a-record.ts";
import { frame, hostile, isHarmless, now, readPage } from "./read-page.ts";
import { frameFor, Shown } from "./shown.ts";

const siteUrl = "https://acme.webex.com/acme/";
const minuteMs = 60_000;
const link = (url: string, needsLogIn = false) => ({ url, needsLogIn });

const answer: MeetingAnswer = {
  meeting: {
    ...{ sessionKey: "712475002", service: "MC", topic: "Berth planning", status: "INPROGRESS" },
    host: { name: "Anna Berg", webExId: "anna.berg", email: "anna@acme.example" },
    schedule: { startsAt: "2026-03-04T10:10:00", timeZone: "GMT-08:00, Pacific (San Jose)", minutes: 45 },
    numbers: [
      { kind: "toll", number: "+1 408 555 0142", label: "San Jose" },
      { kind: "toll-free", number: "+1 800 555 0142" },
    ],
    accessCode: "(secret)",
    dialInSequences: null,
    missing: [{ what: "status", why: "absent", says: "the session has none" }],
  },
  knownAt: Date.UTC(2026, 2, 4, 12, 27),
  dialIn: [
    { name: "AutoDialInSequence", dialString: "+14085550142,,*00*[AccessCode]#[PIN]", toFill: ["AccessCode", "PIN"] },
  ],
  links: { start: link(`${siteUrl}m.php?AT=HM&MK=1`, true), join: link(`${siteUrl}m.php?AT=JM&MK=1`) },
  failure: null,
  notes: ["of the site: PIN comes twice"],
};

const meetingPage = (more: Partial<MeetingAnswer> = {}, topic?: string) =>
  new Shown(
    MeetingPage({ frame: frameFor("viewer", { hasSite: true, topic }), siteUrl, answer: { ...answer, ...more } }),
  );

test("the meeting of a conference: what it is called, whose, when, by which numbers and links, and who said so when", () => {
  const page = meetingPage();
  expect(page.text).toContain("As acme.webex.com said at 12:27:00 , 3 min ago.");
  expect(page.all("dl")).toEqual([
    [
      ...["Topic Berth planning", "Host Anna Berg, anna.berg, anna@acme.example"],
      ...["Begins 2026-03-04 10:10:00, GMT-08:00, Pacific (San Jose)", "Lasts 45 min", "Status INPROGRESS"],
      ...["Access code (secret)", "Session 712475002, MC"],
    ].join(" "),
  ]);
  expect(page.all("tr").filter((row) => row.includes("555"))).toEqual([
    ...["+1 408 555 0142 toll San Jose", "+1 800 555 0142 toll-free"],
    "AutoDialInSequence +14085550142,,*00*[AccessCode]#[PIN]",
  ]);
  expect(page.linkTo("Join")).toBe(`${siteUrl}m.php?AT=JM&MK=1`);
  expect(page.linkTo("Start")).toBe(`${siteUrl}m.php?AT=HM&MK=1`);
  expect(page.html.match(/<a class="button"[^>]*rel="noreferrer"/g)).toHaveLength(2);
  expect(page.text).toContain("To start it, the host logs in at the site.");
  expect(page.all("li").slice(-2)).toEqual(["Status: the session has none.", "Of the site: PIN comes twice."]);
  expect(page.all("p", 'class="topic"')).toEqual(["Berth planning"]);
  expect(page.all("a", "aria-current")).toEqual(["Meeting"]);
});

test("what the site does not say has no line, and an id that is the e-mail address stands once", () => {
  const host = { name: "", webExId: "a@acme.example", email: "a@acme.example" };
  const meeting = {
    ...{ sessionKey: "7", service: "other" as const, topic: null, status: null, host, schedule: null, numbers: [] },
    ...{ accessCode: null, dialInSequences: null, missing: [] },
  };
  const page = meetingPage({ meeting, dialIn: [], links: { start: null, join: null }, notes: [] }, "Once known");
  expect(page.all("dl")).toEqual(["Host a@acme.example Session 7, other"]);
  expect(page.all("h2")).toEqual([]);
  expect(page.text).not.toMatch(/Start|Join/);
  expect(page.text).toContain("Once known");
});

test("why nothing newer, or nothing at all, is known stands in a sentence, with a way to ask again", () => {
  const older = meetingPage({ failure: "the site has not answered yet; ask again" });
  expect(older.all("p", "notice")).toEqual(["The site has not answered yet; ask again. Ask again"]);
  expect(older.linkTo("Ask again")).toBe("/console/local/conferences/987654321/meeting");
  expect(older.text).toContain("Berth planning");

  const none = meetingPage({ meeting: null, knownAt: null, dialIn: [], links: null, failure: "it is away" });
  expect(none.text).toContain("It is away.");
  expect(none.text).toContain("acme.webex.com has said nothing of this conference");
  expect(none.html).not.toContain("Start");
});

test.each([
  "javascript:alert(1)",
  "https://acme.webex.com.evil.example/acme/m.php",
  "http://acme.webex.com/acme/m.php",
  "https://acme.webex.com:8443/acme/m.php",
  "//acme.webex.com/acme/m.php",
])("no page links to %s: it is not the site's own", (url) => {
  const page = meetingPage({ links: { start: link(url, true), join: link(url) } });
  expect(page.html).not.toContain(url);
  expect(page.text).not.toMatch(/Start|Join/);
});

test("words of the site never become a part of the page", () => {
  const { meeting } = answer;
  if (!meeting) throw new Error("there is one");
  const page = MeetingPage({
    ...{ frame: frameFor("viewer", { hasSite: true }), siteUrl },
    answer: {
      ...answer,
      meeting: {
        ...{ ...meeting, topic: hostile, accessCode: hostile, sessionKey: hostile },
        host: { name: hostile, webExId: hostile, email: hostile },
        numbers: [{ kind: "global", number: hostile, label: hostile }],
        missing: [{ what: hostile, why: "wrong", says: hostile }],
      },
      ...{ failure: hostile, notes: [hostile], links: { start: null, join: link(`${siteUrl}?${hostile}`) } },
      dialIn: [{ name: "AutoDialInSequence", dialString: hostile, toFill: [] }],
    },
  });
  expect(isHarmless(page)).toBe(true);
  const check: ProvisioningState = {
    last: { ...last, differences: [{ about: hostile, says: hostile }], notCompared: [hostile] },
    running: { begunAt: now, users: 1, of: null, waits: { says: hostile, until: now } },
    failure: { at: now, says: hostile },
    nextAt: null,
  };
  expect(isHarmless(WebexSitePage({ ...frame, siteUrl, check }))).toBe(true);
});

const last = {
  ...{ begunAt: now - 12 * minuteMs, endedAt: now - 10 * minuteMs, users: 40, differences: [], more: 0 },
  notCompared: [],
};

const none: ProvisioningState = { last: null, running: null, failure: null, nextAt: null };
const operator = { ...frame, person: { ...frame.person, role: "operator" as const } };
const sitePage = (check: Partial<ProvisioningState>, who: typeof frame = operator) =>
  WebexSitePage({ ...who, siteUrl, check: { ...none, ...check } });

test("the last check, its differences with what to do, and when the next one begins", () => {
  const differences = [{ about: "site", says: "The site has no attendeeIDLabel: give it one." }];
  const text = readPage(
    sitePage({
      last: { ...last, differences, more: 3, notCompared: ["user ben.cole: the site does not show it"] },
      nextAt: now + 60 * minuteMs,
    }),
  );
  expect(text).toContain("Last check\n11:50:00 , 40 users in 2 min\nNext by itself\n13:00:00");
  expect(text).toContain("site\nThe site has no attendeeIDLabel: give it one.\nAnd 3 more, which are only counted.");
  expect(text).toContain("Differences\n4 differences\n");
  expect(text).toContain("Not compared\nUser ben.cole: the site does not show it.");
  expect(text).toContain("Compare now");
  expect(text).not.toContain("as the settings say");
});

test("where nothing differs that is said, and all is well only where all was compared", () => {
  expect(readPage(sitePage({ last }))).toContain("none The site is as the settings say.");
  const partly = readPage(sitePage({ last: { ...last, notCompared: ["numbers"] } }));
  expect(partly).toContain("Differences\nnone\nNot compared\nNumbers.");
});

test("a check that runs says how far it is; one that waits says why and until when, and can be pushed on", () => {
  const running = { begunAt: now - 3 * minuteMs, users: 20, of: 400, waits: null };
  const goes = readPage(sitePage({ running }));
  expect(goes).toContain("A check runs since 11:57:00 ( 3 min ): 20 of 400 users so far.");
  expect(goes).not.toMatch(/Compare now|Go on now|Nothing has been compared/);
  const waits = { says: "it asks too often", until: now + minuteMs };
  const waiting = readPage(sitePage({ running: { ...running, of: null, waits } }));
  expect(waiting).toContain(
    "20 of the site's users so far. It waits: it asks too often. It goes on by itself at 12:01:00 .",
  );
  expect(waiting).toContain("Go on now");
});

test("a check that failed says why beside the last one that did not; before the first the page says what would be here", () => {
  const failed = readPage(sitePage({ last, failure: { at: now - minuteMs, says: "the password is wrong" } }));
  expect(failed).toContain("The check that ended at 11:59:00 came to no result. The password is wrong.");
  expect(failed).toContain("Last check\n11:50:00");
  expect(readPage(sitePage({}))).toContain(
    "Last check\nnone\nNext by itself\nnone, by webexSite.nightlyCheck\nCompare now\nNothing has been",
  );
});

test("viewers see the check and begin none", () => {
  expect(String(sitePage({ last }, frame))).not.toContain('method="post" action="/console/acme/site');
  expect(String(sitePage({ last }))).toContain('<form method="post" action="/console/acme/site"');
});

test("the domain's page leads to its site only where it has one", () => {
  const settings = (more: object) =>
    readPage(SettingsPage({ ...frame, settings: { rooms: 1, ...more }, warnings: [], reminders: [] }));
  expect(settings({ webexSite: { site: "acme" } })).toContain("WebEx site → /console/acme/site");
  expect(settings({})).not.toContain("WebEx site");
});

test("lists have the topics that are known beside the keys, the long ones cut", () => {
  const listed = (key: string): ListedConference => ({
    ...{ key: key as ConfKey, life: 1, createdAt: now, phase: "running", now: null },
    ...{ webexHost: "tsp1" as WebexHost, bridge: "main" as BridgeName },
  });
  const named = { ...listed("5"), topic: `Berth ${"x".repeat(300)}` };
  const running = { conferences: [named, listed("6")], next: null, total: 2, bridges: [], unknown: 0 };
  const list = readPage(ConferencesPage({ ...frame, running, bridges: [], begins: "", after: null }));
  expect(list).toContain(`5 → /console/acme/conferences/5 Berth ${"x".repeat(74)}…\n`);
  expect(list).toContain("6 → /console/acme/conferences/6\n");

  const record = aConferenceRecord({ failovers: 0, topic: "" });
  const records = { records: [{ id: 1, at: 0, record }], next: null, end: null };
  const ended = { ...frame, kind: "conference" as const, filters: {}, wrong: null, cursor: null, bridges: [] };
  expect(readPage(RecordsPage({ ...ended, records, topics: new Map([["5", "Berths"]]) }))).toContain(
    "5 → /console/acme/conferences/5 Berths\n",
  );
});
