import { expect, test } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import type { BridgeName, CommandId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { type Figure, figureText } from "../../src/operators/figures.ts";
import { someFigures } from "../builders.ts";
import { readPage } from "../console/read-page.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { BrowserCookies } from "./browser-cookies.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const up = { agentConnected: true, bridgeUp: true, portsInUse: 5, ports: 50 };
const tsp1 = "tsp1" as WebexHost;

async function pageOf(edge: FakeEdge, page = ""): Promise<string> {
  const headers = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const body = new URLSearchParams({ token });
  const cookies = new BrowserCookies();
  cookies.keep(await edge.app.request("/console/sign-in", { method: "POST", headers, body }));
  const path = `/console/local${page}`;
  return readPage(await (await edge.app.request(path, { headers: { ...headers, cookie: cookies.for(path) } })).text());
}

const metricsOf = async (edge: FakeEdge) => (await edge.metrics("")).join("\n");

async function get<Answer>(edge: FakeEdge, path: string, method = "GET"): Promise<Answer> {
  return (await edge.ask<Answer>(`/api/v1/domains/local/${path}`, { method })).body;
}

async function textsIn(edge: FakeEdge): Promise<Readonly<Record<string, string>>> {
  const { figures } = await get<{ figures: readonly Figure[] }>(edge, "figures");
  return Object.fromEntries(figures.map((figure) => [figure.name, figureText(figure)]));
}

test("overview, API and metrics show the same numbers", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", up);
  const waiting = [{ host: tsp1, documents: 4, oldestAt: edge.time - 7_000, failure: "HTTP status 503" }];
  const running = { createdAt: edge.time, bridge: "simulated" as BridgeName, callers: 3 };
  const of = { transId: "t1" as TransId, at: edge.time };
  const failed = { ...of, host: tsp1, why: "HTTP status 503" };
  const facts: readonly Fact[] = [
    { kind: "post-given-up", ...failed, attempts: 3, messages: [], lastFailed: true },
    { kind: "post-failed", ...failed, attempt: 1 },
    { kind: "post-confirmed", ...of, host: "tsp2" as WebexHost, tookMs: 20 },
    { kind: "command-expired", command: "k1" as CommandId, type: "mute" },
  ];
  await edge.directory.publish(aBatch({ key: "1", running, waiting, facts, at: edge.time }));
  await edge.directory.publish(aBatch({ key: "2", running: { ...running, phase: "creating", callers: 0 } }));
  expect(await textsIn(edge)).toEqual({
    conferences: "2",
    callers: "3",
    portsInUse: "5",
    portsFree: "45",
    documentsPending: "4",
    oldestDocumentSeconds: "7",
    requestsConfirmed: "0",
    requestsRefused: "0",
    postsFailed: "2",
    documentsUndelivered: "1",
  });
  const page = await pageOf(edge);
  for (const text of ["Callers now\n3", "Ports free\n45", "Documents pending\n4", "Posts confirmed\nTotal 1;"])
    expect(page).toContain(text);
  // Attempts and documents are never one sum.
  for (const text of ["Failed attempts\nTotal 2;", "Undelivered documents\nTotal 1;"]) expect(page).toContain(text);
  const metrics = await metricsOf(edge);
  for (const line of [
    'callers{domain="local"} 3',
    'documents_waiting{domain="local"} 4',
    'posts_total{domain="local",outcome="confirmed"} 1',
    'posts_total{domain="local",outcome="failed"} 2',
    'posts_total{domain="local",outcome="given-up"} 1',
    'outcomes_total{domain="local",outcome="command-failed"} 1',
    'outcomes_total{domain="local",outcome="call-out-denied"} 0',
    'conferences{domain="local",phase="creating"} 1',
    'conferences{domain="local",phase="running"} 1',
  ])
    expect(metrics).toContain(`bridgehead_${line}\n`);
});

test("what is not known is null, never 0", async () => {
  const edge = new FakeEdge();
  edge.broken.add("directory");
  expect(new Set(Object.values(await textsIn(edge)))).toEqual(new Set(["not known"]));
  const free = (...healths: readonly (number | null)[][]) => {
    const health = ([portsInUse = null, ports = null]: readonly (number | null)[]) => ({ portsInUse, ports });
    const bridges = healths.map((one, index) => ({ bridge: `b${index}`, health: health(one) }));
    const figure = someFigures({ bridges }).find(({ name }) => name === "portsFree");
    return figure && figureText(figure);
  };
  expect([free([null, 50]), free([null, null], [5, 50]), free([5, null])]).toEqual(["not known", "45", "no limit"]);
});

test("while a bridge's agent is silent, every view of its callers says that they may have left", async () => {
  const agents = [{ name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" }];
  const edge = new FakeEdge(token, { bridges: ["east", "west"].map((name) => ({ name, agents })) });
  for (const bridge of ["east", "west"] as BridgeName[]) {
    await edge.directory.publish(aBatch({ key: bridge, running: { bridge, callers: 4 } }));
    edge.health.set(bridge, up);
  }
  await edge.directory.alarm();
  const says = "bridge east (no agent reports its state: callers may have left)";
  for (const page of ["", "/conferences"]) expect(await pageOf(edge, page)).not.toContain("Incomplete");
  edge.health.set("east", { ...up, portsInUse: null, ports: null, bridgeUp: false });
  for (const page of ["", "/conferences"]) expect(await pageOf(edge, page)).toContain(`Incomplete: ${says}.`);
});

test("the overview shows what is known while the directory does not answer", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", up);
  edge.broken.add("directory");
  const overview = await pageOf(edge);
  expect(overview).toContain("Callers now\nnot known");
  expect(overview).toContain("Ports free\n45");
  expect(overview).toContain("Conferences: not known");
  expect(overview).toContain("Affected conferences are not known.");
});

test("documents pending in the mailbox count with those of conferences", async () => {
  const edge = new FakeEdge();
  const waiting = [{ host: tsp1, documents: 4, oldestAt: edge.time - 7_000, failure: null }];
  const running = { webexHost: tsp1, bridge: "simulated" as BridgeName, callers: 3 };
  await edge.directory.publish(aBatch({ key: "1", running, waiting }));
  await edge.directory.alarm();
  edge.mailWaiting.push({ host: "tsp1", documents: 2, oldestAt: edge.time - 9_000 });
  edge.mailWaiting.push({ host: "tsp2", documents: 5, oldestAt: edge.time - 8_000 });
  expect(await textsIn(edge)).toMatchObject({ documentsPending: "11", oldestDocumentSeconds: "9" });
  expect(await get(edge, "activity")).toMatchObject({
    hosts: [
      { host: "tsp1", documents: 6, oldestDocumentAt: edge.time - 9_000 },
      { host: "tsp2", documents: 5, oldestDocumentAt: edge.time - 8_000, conferences: 0 },
    ],
  });
  const page = await pageOf(edge, "/servers");
  for (const text of ["6 documents\n9 s", "5 documents\n8 s"]) expect(page).toContain(text);

  edge.health.set("simulated", up);
  edge.broken.add("mailbox");
  expect(await textsIn(edge)).toMatchObject({
    callers: "3",
    documentsPending: "not known",
    oldestDocumentSeconds: "not known",
  });
  expect(await get(edge, "activity")).toMatchObject({
    hosts: [{ documents: 4 }],
    incomplete: [{ what: "the mailbox" }],
  });
  expect(await pageOf(edge, "/servers")).toContain("Incomplete: the mailbox (did not answer");
  const metrics = await metricsOf(edge);
  expect(metrics).toContain('bridgehead_callers{domain="local"} 3\n');
  for (const name of ["documents_waiting", "oldest_document_seconds"]) expect(metrics).not.toContain(`${name}{`);
});
