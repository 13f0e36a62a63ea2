import type { Page as BrowserPage } from "playwright-core";
import { expect, test } from "vitest";
import { BridgesPage } from "../../src/console/domain/bridges.tsx";
import { AuditPage, ConferencesPage, FindPage, RecordsPage, TspServersPage } from "../../src/console/domain/lists.tsx";
import { OverviewPage } from "../../src/console/domain/overview.tsx";
import { SettingsPage } from "../../src/console/domain/settings.tsx";
import { SignInPage } from "../../src/console/sign-in.tsx";
import { style } from "../../src/console/style.ts";
import { pageOfLines, TimelinePage } from "../../src/console/timeline/timeline.tsx";
import type { BridgeName, ConfKey, WebexHost } from "../../src/foundation/ids.ts";
import { showAlert } from "../../src/operators/alert-kinds.ts";
import type { DomainActivity } from "../../src/rpc/directory.ts";
import type { TimelineLine, TimelineSide } from "../../src/rpc/timeline.ts";
import { someFigures, timelineLine } from "../builders.ts";
import { inFrame } from "../console/read-page.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, type Look, looks } from "./browser-on-test.ts";
import { layoutFaults } from "./layout.ts";
import { STYLE_ALONE, servePage } from "./serve-page.ts";

const browser = new BrowserOnTest();
const now = Date.UTC(2026, 2, 4, 12);
const unbroken = "Unbroken_".repeat(30);
const words = "a sentence that does not want to end, ".repeat(12);
const alerts = ["posts", "commands"] as const;
const health = { bridgeUp: true, portsInUse: 95, ports: 100 };
const ofAgent = { version: unbroken.slice(0, 64), waiting: { commands: 99_999, reports: 99_999 } };
const agents = [
  { agent: unbroken, role: "active", lastSeen: now, health: { ...health, cannot: ["lock"], ...ofAgent } },
  { agent: `standby-${unbroken}`, role: "standby", lastSeen: now, health: { ...health, ...ofAgent } },
] as const;
const found = (bridge: string) => ({
  bridge,
  drainedSince: null,
  agents,
  load: { conferences: 99_999, callers: 99_999 },
});
const wrong = [
  showAlert({ kind: "undelivered", about: unbroken, since: now - 9_000_000, latest: now - 1, count: 999 }, "acme"),
  showAlert({ bridge: unbroken, kind: "no-standby-agent", about: unbroken, since: now - 1 }, "acme"),
  {
    ...showAlert({ kind: "webhook-fails", about: unbroken, why: words + unbroken, since: now - 1 }, "acme"),
    seen: { upTo: 1, by: words, at: now - 1, note: words + unbroken },
  },
];

const domains = Array.from({ length: 60 }, (_, index) => `domain-${index}`);
const frame = {
  person: { name: "anna.".repeat(12), role: "operator" as const, domains: ["*"] },
  by: "session" as const,
  domains,
  domain: "domain-7",
  isLive: false,
  now,
};

const conferences = Array.from({ length: 12 }, (_, index) => ({
  key: (index === 3 ? unbroken : `98765432${index}`) as ConfKey,
  life: 1,
  createdAt: now - index * 4_000_000,
  phase: "running" as const,
  webexHost: (index === 4 ? unbroken : "tsp1") as WebexHost,
  bridge: (index === 5 ? unbroken : "main") as BridgeName,
  undelivered: index,
  now: {
    attached: index !== 2,
    locked: index === 2,
    callers: 99_999,
    rooms: 50,
    orphan: false,
    roomNames: [],
    waiting: [],
    alerts: index === 2 ? alerts : [],
    documents: 9_999,
    oldestDocumentAt: now,
  },
}));
const running = {
  conferences,
  next: unbroken,
  bridges: [{ bridge: unbroken, conferences: 9, callers: 9 }],
};

const call = aCallRecord({
  conference: unbroken,
  direction: "out",
  number: unbroken,
  attendeeId: unbroken,
  participantType: "participant",
  host: true,
  bridge: unbroken,
  webexHost: unbroken,
  dialledAt: now,
  answeredAt: now,
  enteredAt: now,
  endedAt: now - 86_400_000,
  seconds: 1e6,
  minutes: 2,
  endedBy: "caller",
  status: "no-answer",
  reason: unbroken,
  repairs: 3,
  dialled: unbroken,
});
const conference = aConferenceRecord({
  conference: unbroken,
  extConfIds: [],
  webexHosts: [unbroken, unbroken],
  bridge: unbroken,
  createdAt: now,
  runningAt: now,
  endedAt: now,
  seconds: 1e6,
  endedBy: "webex",
  status: "failed",
  reason: words,
  mostCallers: 2,
  calls: 99_999,
  callMinutes: 99_999,
  failovers: 12,
  repairs: 34,
  givenUp: 56,
  topic: words,
});
const entry = {
  at: now,
  person: unbroken,
  role: "operator" as const,
  by: "session" as const,
  action: unbroken,
  about: { confKey: unbroken, number: unbroken },
  actionId: "k",
  status: 403,
  refusal: "no such conference",
  from: unbroken,
};
const fields = { number: unbroken, since: "2026-03-01", begins: unbroken, find: unbroken, cursor: "9" };
const listed = { fields, refusal: words + unbroken };
const shown = (page: unknown, props: object) => inFrame(page, props, frame);
const foundLines = { people: "masked" as const, next: "1-2" };
const host = unbroken as WebexHost;
const activity: DomainActivity = {
  minutes: Array.from({ length: 60 }, (_, index) => ({
    at: now - index * 60_000,
    requests: { confirmed: 99_999, refused: 9_999 },
    hosts: [
      {
        host,
        confirmed: 99_999,
        failed: 999,
        givenUp: 99,
        tookMs: 9e9,
        lastFailure: { at: now, why: words + unbroken },
      },
    ],
  })),
  hosts: [
    {
      host,
      conferences: 3_000,
      documents: 99_999,
      oldestDocumentAt: now,
      failure: words + unbroken,
      affected: [unbroken as ConfKey],
    },
  ],
};

const lines = (seq: number, from: TimelineSide, to: TimelineSide): readonly TimelineLine[] => [
  timelineLine(seq, now + seq, `${from} > ${to}`, unbroken, { extCallId: unbroken, why: words }),
  {
    ...timelineLine(seq, now + seq, `${from} > ${to}`, "not delivered", { messages: words, outcome: "not-delivered" }),
    why: words + unbroken,
  },
];
const timeline = [
  ...lines(1, "webex", "edge"),
  ...lines(2, "edge", "webex"),
  ...lines(3, "edge", "bridge"),
  ...lines(4, "bridge", "edge"),
  ...lines(5, "operator", "edge"),
  ...lines(6, "edge", "back end"),
  ...lines(7, "edge", "edge"),
];
const everything = { call: "", why: false };
const bridges = [found("main"), found(unbroken)];
const figures = someFigures({ minutes: activity.minutes, conferences: { conferences: 99_999, callers: 99_999 } });
const edges = { acting: null, edges: [] };
const person = { number: unbroken, attendeeId: unbroken, topic: words, call: unbroken, why: words + unbroken };
const people = [
  { what: "inside" as const, from: now - 90_000_000, to: null, ...person, conference: unbroken },
  { what: "not-let-in" as const, from: now - 90_000_000, to: now, ...person, conference: null },
];
const named = [
  { key: unbroken, topic: words, state: "kept" as const, at: now - 90_000_000, by: "message" as const, row: 99_999 },
];

const pages = {
  timeline: shown(TimelinePage, {
    frame: { domain: frame.domain, confKey: unbroken as ConfKey, topic: words },
    shown: pageOfLines(timeline, everything, {}),
    filter: everything,
    row: 1,
    wire: [{ seq: 1, input: null, inputText: words + unbroken, commands: [], messages: [] }],
  }),
  overview: shown(OverviewPage, {
    figures: { figures },
    running,
    bridges: { bridges },
    alerts: wrong,
    activity,
    edges,
  }),
  hosts: shown(TspServersPage, { answer: activity }),
  conferences: shown(ConferencesPage, { ...listed, people: "full", answer: running }),
  ended: shown(RecordsPage, { ...listed, bridges: ["main", unbroken], answer: { records: [conference], next: "5" } }),
  calls: shown(RecordsPage, {
    ...listed,
    fields: { ...fields, kind: "call" },
    bridges: ["main", unbroken],
    answer: { records: [call], next: "5" },
  }),
  find: shown(FindPage, { ...listed, answer: { ...foundLines, conferences: named, lines: people } }),
  bridges: shown(BridgesPage, {
    alerts: wrong,
    bridges: [found(unbroken), { ...found("main"), drainedSince: now - 1, agents: [], missing: [unbroken] }],
  }),
  settings: shown(SettingsPage, {
    warnings: [words],
    reminders: [words + unbroken],
    settings: { [unbroken]: unbroken, list: [unbroken, words], nested: { [unbroken]: { [unbroken]: [words] } } },
  }),
  audit: shown(AuditPage, { ...listed, answer: { entries: [entry], next: "3" } }),
  "sign-in": SignInPage({ to: "/console", refusal: `${words} \`${unbroken}\`` }),
};

/** Every machine has these widths, with any fonts. */
const fonts = {
  wide: 'html { font-family: "DejaVu Sans", Verdana, sans-serif; letter-spacing: .02em; }',
  narrow: 'html { font-family: "Arial Narrow", sans-serif; letter-spacing: -.05em; }',
};

/** A page that was not asked of an edge: its style is in itself. */
async function open(page: unknown, look: Look): Promise<BrowserPage> {
  const html = `<!doctype html>${page}`
    .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${style}</style>`)
    .replaceAll(/<link rel="icon"[^>]*>|<img [^>]*>/g, "")
    .replace(/<script [^>]*><\/script>/, "");
  return browser.open(await servePage(html, STYLE_ALONE), look);
}

test.each([
  { scheme: "light", width: "wide" },
  { scheme: "dark", width: "narrow" },
  { scheme: "light", width: "zoomed" },
] as const)(
  "long texts fit every page in any font, $scheme and $width",
  async (look) => {
    for (const [name, page] of Object.entries(pages)) {
      const opened = await open(page, look);
      for (const isOpen of [false, true]) {
        for (const [font, content] of Object.entries(fonts)) {
          await opened.addStyleTag({ content });
          expect(await layoutFaults(opened), `${name}, ${font} font, ${isOpen ? "open" : "closed"}`).toEqual([]);
        }
        await opened.evaluate(() => {
          for (const details of document.querySelectorAll<HTMLDetailsElement>("main details")) details.open = true;
        });
      }
      expect(await axe(opened), name).toEqual([]);
    }
  },
  120_000,
);

test("names that are written from right to left stay in their place", async () => {
  const names = ["\u05d0\u05e0\u05d4", "\u0633\u0627\u0631\u0629"];
  const entries = [{ ...entry, about: { to: names[0], from: names[1] } }];
  const answer = { entries, next: null };
  const page = await open(shown(AuditPage, { ...listed, answer }), { scheme: "light", width: "wide" });
  const places = await page
    .locator("td[data-label=About] bdi")
    .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().left));
  expect(places).toEqual(places.toSorted((one, another) => one - another));
  expect(places).toHaveLength(2);
});

test.each(looks)("whoever sees many domains chooses among them by keys, $scheme and $width", async (look) => {
  const page = await open(pages.bridges, look);
  await page.locator("header summary").focus();
  await page.keyboard.press("Enter");
  expect(await page.getByRole("link", { name: "domain-59" }).isVisible()).toBe(true);
  expect(await axe(page)).toEqual([]);
});
