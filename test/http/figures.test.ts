import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import type { BridgeName, CommandId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { type Figure, type FigureName, figuresOf, figureTable, figureText } from "../../src/operators/figures.ts";
import { readPage } from "../console/read-page.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { BrowserCookies } from "./browser-cookies.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const authorization = { authorization: `Bearer ${token}` };
const up = { agentConnected: true, bridgeUp: true, portsInUse: 5, ports: 50 };

const overviewOf = (edge: FakeEdge) => pageOf(edge, "");

async function pageOf(edge: FakeEdge, page: string): Promise<string> {
  const headers = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const body = new URLSearchParams({ token });
  const cookies = new BrowserCookies();
  cookies.keep(await edge.app.request("/console/sign-in", { method: "POST", headers, body }));
  const path = `/console/local${page}`;
  return readPage(await (await edge.app.request(path, { headers: { ...headers, cookie: cookies.for(path) } })).text());
}

async function figuresIn(edge: FakeEdge): Promise<readonly Figure[]> {
  const answer = await edge.app.request("/api/v1/domains/local/figures", { headers: authorization });
  return ((await answer.json()) as { figures: Figure[] }).figures;
}

test("the same number stands under the same word in overview, API and metrics", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", up);
  const waiting = [
    { host: "tsp1" as WebexHost, documents: 4, oldestAt: edge.time - 7_000, failure: "HTTP status 503" },
  ];
  const running = { createdAt: edge.time, bridge: "simulated" as BridgeName, callers: 3 };
  const of = { transId: "t1" as TransId, at: edge.time };
  const failed = { ...of, host: "tsp1" as WebexHost, why: "HTTP status 503" };
  const command = { command: "k1" as CommandId, type: "mute" };
  const facts: readonly Fact[] = [
    { kind: "post-given-up", ...failed, attempts: 3, messages: [], lastFailed: true },
    { kind: "post-failed", ...failed, attempt: 1 },
    { kind: "post-confirmed", ...of, host: "tsp2" as WebexHost, tookMs: 20 },
    { kind: "command-expired", ...command },
    { kind: "command-failed", ...command, why: "refused" },
  ];
  await edge.directory.publish(aBatch({ key: "1", running, waiting, facts, at: edge.time }));
  await edge.directory.publish(aBatch({ key: "2", running: { ...running, phase: "creating", callers: 0 } }));
  const figures = await figuresIn(edge);
  const values = Object.fromEntries(figures.map(({ name, value }) => [name, value]));
  expect(values).toEqual({
    conferences: 2,
    creating: 1,
    running: 1,
    callers: 3,
    portsInUse: 5,
    portsFree: 45,
    ports: 50,
    documentsWaiting: 4,
    oldestDocumentSeconds: 7,
    requestsConfirmed: 0,
    requestsRefused: 0,
    postsConfirmed: 1,
    postsFailed: 2,
    documentsGivenUp: 1,
  });

  const text = await overviewOf(edge);
  for (const name of [
    "conferences",
    "callers",
    "portsInUse",
    "portsFree",
    "documentsWaiting",
    "documentsGivenUp",
  ] as const)
    expect(text).toContain(`${figureTable[name].word}\n${values[name]}`);
  expect(text).toContain("Posts confirmed\n1 in all");
  // Attempts and documents are never one sum.
  expect(text).toContain("Failed attempts\n2 in all");
  expect(text).toContain("Documents given up\n1 in all");
  const metrics = await (await edge.app.request("/metrics", { headers: authorization })).text();
  const gauges = { callers: "callers", documents_waiting: "documentsWaiting" };
  for (const [gauge, name] of Object.entries(gauges))
    expect(metrics).toContain(`bridgehead_${gauge}{domain="local"} ${values[name]}\n`);
  for (const [outcome, name] of [
    ["confirmed", "postsConfirmed"],
    ["failed", "postsFailed"],
    ["given-up", "documentsGivenUp"],
  ] as const)
    expect(metrics).toContain(`bridgehead_posts_total{domain="local",outcome="${outcome}"} ${values[name]}\n`);
  for (const [outcome, count] of [
    ["command-failed", 2],
    ["call-out-denied", 0],
  ] as const)
    expect(metrics).toContain(`bridgehead_outcomes_total{domain="local",outcome="${outcome}"} ${count}\n`);
  for (const phase of ["creating", "running"] as const)
    expect(metrics).toContain(`bridgehead_conferences{domain="local",phase="${phase}"} ${values[phase]}\n`);
});

test("what nobody knows is null, and never 0; a sum says what it lacks", async () => {
  const edge = new FakeEdge();
  edge.broken.add("directory");
  const figures = await figuresIn(edge);
  expect(figures.filter(({ value }) => value !== null)).toEqual([]);

  const bridges = [
    { bridge: "east", health: { portsInUse: null, ports: null } },
    { bridge: "west", health: up },
  ];
  const unread = figuresOf({ bridges: [{ bridge: "east", health: { portsInUse: null, ports: 50 } }] });
  expect([unread.portsInUse, unread.portsFree, unread.ports].map((one) => figureText(one))).toEqual([
    ...Array(2).fill("not known"),
    "50",
  ]);
  const endless = { bridge: "west", health: { ...up, ports: null } };
  expect(figureText(figuresOf({ bridges: [...bridges.slice(0, 1), endless] }).ports)).toBe(
    "no limit; not known for east",
  );
  expect(figureText(figuresOf({ bridges }).portsFree)).toBe("at least 45, not known for east");
  expect(figureText(figuresOf({ bridges: [{ bridge: "w", health: { ...up, ports: null } }] }).portsFree)).toBe(
    "no limit",
  );
});

test("how long a document waits is not known while the clock is behind when it was queued", () => {
  const waits = (oldestAt: number | null) =>
    figuresOf({ now: 10_000, documents: { documents: 4, oldestAt } }).oldestDocumentSeconds.value;
  expect([waits(null), waits(4_000), waits(10_900), waits(11_001)]).toEqual([0, 6, 0, null]);
});

test("while a bridge's agent is silent, every view of its callers says that they may have left", async () => {
  const agents = [{ name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" }];
  const edge = new FakeEdge(token, { bridges: ["east", "west"].map((name) => ({ name, agents })) });
  for (const bridge of ["east", "west"] as BridgeName[]) {
    await edge.directory.publish(aBatch({ key: bridge, running: { bridge, callers: 4 } }));
    edge.health.set(bridge, up);
  }
  const says = "bridge east (no agent reports what it does: callers may have left)";
  for (const page of ["", "/conferences"]) expect(await pageOf(edge, page)).not.toContain("Incomplete");
  edge.health.set("east", { ...up, portsInUse: null, ports: null, bridgeUp: false });
  for (const page of ["", "/conferences"]) expect(await pageOf(edge, page)).toContain(`Incomplete: ${says}.`);
});

test("while the directory is away, the overview says what the others know, and that the rest is not known", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", up);
  edge.broken.add("directory");
  const overview = await overviewOf(edge);
  expect(overview).toContain(`${figureTable.callers.word}\nnot known`);
  expect(overview).toContain("5 of 50 ports in use, 45 free");
  expect(overview).toContain("conferences that are not known, callers that are not known");
  expect(overview).toContain("Affected conferences are not known.");
  expect(overview).not.toContain("Nothing came from WebEx");
  expect(await pageOf(edge, "/bridges")).toContain("conferences that are not known, callers that are not known");
});

test("documents that wait stand by their servers, on the page and in the API, answers of no conference among them", async () => {
  const edge = new FakeEdge();
  const activity = async () =>
    (await edge.app.request("/api/v1/domains/local/activity", { headers: authorization })).json();
  const waiting = [{ host: "tsp1" as WebexHost, documents: 4, oldestAt: edge.time - 7_000, failure: null }];
  await edge.directory.publish(aBatch({ key: "1", running: { webexHost: "tsp1" as WebexHost }, waiting }));
  edge.mailWaiting.push({ host: "tsp1", documents: 2, oldestAt: edge.time - 9_000 });
  edge.mailWaiting.push({ host: "tsp2", documents: 5, oldestAt: edge.time - 8_000 });
  const figures = await figuresIn(edge);
  expect(figures.find(({ name }) => name === "documentsWaiting")?.value).toBe(11);
  expect(await activity()).toMatchObject({
    hosts: [
      { host: "tsp1", documents: 6, oldestDocumentAt: edge.time - 9_000 },
      { host: "tsp2", documents: 5, oldestDocumentAt: edge.time - 8_000, conferences: 0 },
    ],
  });
  const page = await pageOf(edge, "/servers");
  expect(page).toContain("6, the oldest for 9 s");
  expect(page).toContain("5, the oldest for 8 s");
  expect(page).not.toContain("Incomplete");

  edge.broken.add("mailbox");
  expect(await activity()).toMatchObject({ hosts: [{ documents: 4 }], incomplete: [{ what: "the mailbox" }] });
  expect(await pageOf(edge, "/servers")).toContain("Incomplete: the mailbox (did not answer");
});

test("a mailbox that does not answer hides what waits in it, and nothing of conferences and callers", async () => {
  const edge = new FakeEdge();
  const waiting = [{ host: "tsp1" as WebexHost, documents: 4, oldestAt: edge.time - 7_000, failure: null }];
  await edge.directory.publish(
    aBatch({ key: "1", running: { bridge: "simulated" as BridgeName, callers: 3 }, waiting }),
  );
  edge.health.set("simulated", up);
  edge.broken.add("mailbox");
  const figures = new Map((await figuresIn(edge)).map((one) => [one.name, figureText(one)]));
  const { word: documents } = figureTable.documentsWaiting;
  expect(
    ["conferences", "callers", "documentsWaiting", "oldestDocumentSeconds"].map((name) =>
      figures.get(name as FigureName),
    ),
  ).toEqual(["1", "3", "at least 4, not known for the mailbox", "at least 7, not known for the mailbox"]);
  expect(await overviewOf(edge)).toContain(`${documents}\nat least 4, not known for the mailbox`);
  const metrics = await (await edge.app.request("/metrics", { headers: authorization })).text();
  expect(metrics).toContain('bridgehead_callers{domain="local"} 3\n');
  for (const name of ["documents_waiting", "oldest_document_seconds"])
    expect(metrics).not.toContain(`bridgehead_${name}{`);
});

test("of mailbox and conferences the oldest document counts, whichever has it", async () => {
  for (const [inConference, inMailbox] of [
    [7_000, 9_000],
    [9_000, 7_000],
  ] as const) {
    const edge = new FakeEdge();
    const oldestAt = (ms: number) => edge.time - ms;
    const host = "tsp1" as WebexHost;
    const waiting = [{ host, documents: 1, oldestAt: oldestAt(inConference), failure: null }];
    await edge.directory.publish(aBatch({ key: "1", running: { webexHost: host }, waiting }));
    edge.mailWaiting.push({ host, documents: 1, oldestAt: oldestAt(inMailbox) });
    const values = new Map((await figuresIn(edge)).map(({ name, value }) => [name, value]));
    expect([values.get("documentsWaiting"), values.get("oldestDocumentSeconds")]).toEqual([2, 9]);
    const activity = await edge.app.request("/api/v1/domains/local/activity", { headers: authorization });
    expect(await activity.json()).toMatchObject({ hosts: [{ documents: 2, oldestDocumentAt: oldestAt(9_000) }] });
  }
});

test("metrics show the answers of each object", async () => {
  const edge = new FakeEdge(token);
  edge.health.set("simulated", { ...up, drainedSince: 1 });
  const agent = { agent: "agent-1", role: "standby", lastSeen: edge.time, health: null } as const;
  edge.agents.push({ ...agent, role: "active" } as never, agent as never, { ...agent, lastSeen: null } as never);
  const all = await (await edge.app.request("/metrics", { headers: authorization })).text();
  for (const line of [
    'bridge_drained{domain="local",bridge="simulated"} 1',
    'agents{domain="local",bridge="simulated",role="active"} 1',
    'agents{domain="local",bridge="simulated",role="standby"} 1',
    'posts_total{domain="local",outcome="confirmed"} 0',
  ])
    expect(all).toContain(`bridgehead_${line}\n`);
});

/** Where what figures come from may be read: the table, what gathers its sources, and rows of one agent or conference. */
const readers: Readonly<Record<string, readonly string[]>> = {
  "\\bportsInUse\\b": [
    "src/console/domain/bridges.tsx",
    "src/console/domain/overview.tsx",
    "cli/operator/views.ts",
    "src/http/monitoring/metrics-text.ts",
  ],
  "\\.totals\\(": ["src/http/monitoring/figures-of-domain.ts", "src/http/monitoring/readiness.ts"],
  "callers\\b.*\\breduce\\(|\\breduce\\(.*callers\\b": [],
  // Overview and readiness read its minutes alone.
  "\\.activity\\(": [
    "src/http/monitoring/figures-of-domain.ts",
    "src/http/monitoring/readiness.ts",
    "src/http/console/console-domain.tsx",
  ],
  "\\bmailbox\\([^)]*\\)\\.waiting\\(": [
    "src/http/monitoring/figures-of-domain.ts",
    "src/http/monitoring/readiness.ts",
  ],
};

test.each(Object.entries(readers))(
  "a figure has one source: %s is read where the table is filled alone",
  (what, may) => {
    const files = ["src/console", "src/http", "cli", "durable-objects/directory"].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
    );
    const found = files.filter((file) => /\.tsx?$/.test(file) && new RegExp(what).test(readFileSync(file, "utf8")));
    expect(found.filter((file) => !may.includes(file))).toEqual([]);
  },
);
