import { expect, test } from "vitest";
import { TspServersPage } from "../../src/console/domain/lists.tsx";
import { OverviewPage } from "../../src/console/domain/overview.tsx";
import { style } from "../../src/console/style.ts";
import type { ConfKey, WebexHost } from "../../src/foundation/ids.ts";
import { figuresOf } from "../../src/operators/figures.ts";
import { type HostPosts, noPosts } from "../../src/records/activity.ts";
import type { DomainActivity } from "../../src/rpc/directory.ts";
import { frame, now } from "../console/read-page.ts";
import { axe } from "./axe.ts";
import { BrowserOnTest, looks, screenshot } from "./browser-on-test.ts";
import { layoutFaults } from "./layout.ts";
import { STYLE_ALONE, servePage } from "./serve-page.ts";

const browser = new BrowserOnTest();
const minuteMs = 60_000;
const hosts = ["tsp1.example.com:443", "tsp2.example.com:443", `${"a-long-name-".repeat(12)}.example.com:12345`];

function posts(host: string, minute: number): HostPosts {
  const isBroken = host === hosts[1] && minute > 40;
  const at = now - (59 - minute) * minuteMs;
  const confirmed = isBroken ? 0 : 30 + Math.round(25 * Math.sin(minute / 6));
  return {
    ...noPosts,
    host: host as WebexHost,
    confirmed,
    tookMs: confirmed * (host === hosts[0] ? 45 : 1_800),
    ...(isBroken && { failed: minute % 5, givenUp: minute % 2, lastFailure: { at, why: "HTTP status 503" } }),
  };
}

/** A domain in which the second server fell silent 20 minutes ago. */
const activity: DomainActivity = {
  minutes: Array.from({ length: 60 }, (_, minute) => ({
    at: now - (59 - minute) * minuteMs,
    requests: { confirmed: 60 + Math.round(50 * Math.sin(minute / 6)), refused: minute % 17 === 3 ? 2 : 0 },
    hosts: hosts.map((host) => posts(host, minute)),
  })),
  hosts: hosts.map((host, index) => ({
    host: host as WebexHost,
    conferences: 40,
    documents: index === 1 ? 317 : 0,
    oldestDocumentAt: index === 1 ? now - 19 * minuteMs : null,
    failure: index === 1 ? "HTTP status 503" : null,
    affected: index === 1 ? Array.from({ length: 5 }, (_, key) => String(987_654_300 + key) as ConfKey) : [],
  })),
};

const health = { bridgeUp: true, portsInUse: 12, ports: 100 };
const agent = { agent: "agent-1", role: "active", lastSeen: now, health } as const;
const overview = OverviewPage({
  figures: Object.values(figuresOf({ minutes: activity.minutes })),
  ...frame,
  live: false,
  here: "overview",
  activity,
  alerts: [],
  unknown: [],
  running: { conferences: [], next: null },
  bridges: [{ bridge: "main", drainedSince: null, agents: [agent], load: { conferences: 120, callers: 900 } }],
  edges: { acting: null, edges: [] },
});
const ofHosts = TspServersPage({
  ...frame,
  live: false,
  here: "servers",
  answer: activity,
});

test.each(
  looks.flatMap((look) => [
    { ...look, name: "plots", shown: overview },
    { ...look, name: "tsp-servers", shown: ofHosts },
  ]),
)("$name of a busy hour are fit for everybody, and whole in their window, $scheme and $width", async (one) => {
  const { name, shown, ...look } = one;
  const page = await browser.open(await servePage(withStyle(shown), STYLE_ALONE), look);
  expect(await axe(page)).toEqual([]);
  expect(await layoutFaults(page)).toEqual([]);
  await screenshot(page, `console-${name}`, look);
  for (const summary of await page.locator("#minutes > summary").all()) await summary.click();
  expect(await axe(page)).toEqual([]);
  expect(await layoutFaults(page)).toEqual([]);
});

/** A page that was not asked of an edge: its style is in itself. */
function withStyle(page: unknown): string {
  return `<!doctype html>${page}`
    .replace(/<link rel="stylesheet"[^>]*>/, `<style>${style}</style>`)
    .replaceAll(/<script [^>]*><\/script>|<link rel="icon"[^>]*>/g, "");
}
