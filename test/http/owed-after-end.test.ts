import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import type { Alert } from "../../src/operators/alert-kinds.ts";
import { coverageOf } from "../../src/operators/alerts.ts";
import type { Figure } from "../../src/operators/figures.ts";
import type { ServerLoad } from "../../src/rpc/directory.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  confKey,
  createConference,
  extConfId,
  host,
  muteCaller,
} from "../durable-objects/conference-world.ts";
import { testDomain } from "../local-domain.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { realConference } from "./real-conference.ts";

const up = { agentConnected: true, bridgeUp: true, portsInUse: 5, ports: 50 };
const over = () => event({ type: "conference-ended" }) as object as Report;
const refusesAll = () => ({ kind: "failed", reason: "TimeoutError" }) as const;
const hourMs = 3_600_000;

const anna = await sha256("token-of-anna");
const viewer = { name: "anna", tokenSha256: anna, role: "viewer" as const, domains: ["local"] };

/** A conference whose server confirms nothing until the mute of a caller is given up, and an edge that follows it. */
async function behind(webex = { retryDelaysMs: [0, 20_000] }) {
  const world = new ConferenceWorld();
  world.domain = testDomain({ webex });
  const edge = new FakeEdge(token, {}, { people: [viewer] });
  edge.health.set("simulated", up);
  await edge.held("3100417", confKey);
  edge.alive.add(confKey);
  edge.real.set(confKey, realConference(world));
  world.publish = async (batch) => {
    edge.time = world.time.now;
    return edge.directory.publish(batch);
  };
  await world.running(1);
  const confirms = world.answer;
  world.answer = refusesAll;
  await world.reported(event({ type: "caller-muted", call: "c0", muted: true }) as object as Report);
  await world.time.pass(60_000);
  const get = async <Body>(path: string, init: RequestInit = {}) => {
    edge.time = world.time.now;
    return (await edge.ask<Body>(`/api/v1/domains/local/${path}`, init)).body;
  };
  const alerts = async () => (await get<{ alerts: readonly Alert[] }>("alerts")).alerts;
  const figure = async (name: string) => {
    const { figures } = await get<{ figures: readonly Figure[] }>("figures");
    return figures.find((one) => one.name === name)?.value;
  };
  return {
    world,
    edge,
    get,
    alerts,
    figure,
    resync: (server: string) => get("servers/resync", { method: "POST", body: JSON.stringify({ server }) }),
    back: () => {
      world.answer = confirms;
    },
    comeBack: async () => {
      world.answer = confirms;
      await world.time.pass(400_000);
    },
    kinds: async () => (await alerts()).map(({ kind }) => kind),
    servers: async () => (await get<{ hosts: readonly ServerLoad[] }>("activity")).hosts,
    acknowledge: async (wanted: string) => {
      const one = (await alerts()).find(({ kind }) => kind === wanted) ?? expect.unreachable();
      const seen = { upTo: coverageOf(one, null, edge.time), by: "operator", note: "known" };
      await edge.directory.alertStore.acknowledge("local" as never, { id: one.id, ...seen });
    },
  };
}

test("what a server is owed stays a figure and an alert when the conference ends, until the server is notified", async () => {
  const { world, edge, alerts, figure, kinds, servers, comeBack } = await behind();
  expect(await kinds()).toEqual(["undelivered", "documents-pending"]);
  const waits = async () => (await alerts()).find(({ kind }) => kind === "documents-pending");
  const before = await waits();
  await world.reported(over());
  await world.time.pass(1_000);

  for (let life = 0; life < 2; life += 1) {
    expect(await waits()).toMatchObject({ about: host, since: before?.since, count: 1 });
    expect(await figure("conferences")).toBe(0);
    expect(await figure("documentsPending")).toBe(1);
    expect(await figure("oldestDocumentSeconds")).toBe(((edge.time - (before?.since ?? 0)) / 1_000) as number);
    expect(await servers()).toMatchObject([{ host, conferences: 0, documents: 1, affected: [confKey] }]);
    edge.directory = edge.startDirectory();
  }

  await comeBack();
  expect(await kinds()).toEqual(["undelivered"]);
  expect([await figure("documentsPending"), await figure("oldestDocumentSeconds")]).toEqual([0, 0]);
  expect(await servers()).toEqual([]);
});

test("undelivered documents count by server, since the first, until somebody acknowledges them", async () => {
  const { world, alerts, comeBack, acknowledge } = await behind();
  const lost = async () => (await alerts()).find(({ kind }) => kind === "undelivered");
  const since = (await lost())?.since;
  for (let count = 2; count <= 4; count += 1) {
    await world.received(`t-${count}`, { ...muteCaller("1001"), msgId: `m-${count}` } as object as FromWebex);
    await world.time.pass(60_000);
    expect(await lost()).toMatchObject({ about: host, since });
    expect((await lost())?.count).toBeGreaterThanOrEqual(count);
  }
  const before = await lost();
  await comeBack();
  expect(await lost()).toEqual(before);
  await acknowledge("undelivered");
  expect(await lost()).toBeUndefined();
});

/** As the conference last published it. */
function troubleIn({ batches }: ConferenceWorld): readonly string[] | undefined {
  return batches.flatMap(({ conferences }) => conferences.flatMap(({ now }) => now ?? [])).at(-1)?.alerts;
}

const mute = muteCaller("1001");
const createUnder = (extConfId: string) => createConference({ extConfId } as never);

test.each([
  ["asks for something", 65, [mute, mute]],
  ["creates the conference anew", 65, [createUnder("7002"), createUnder("7003")]],
  [
    "creates it anew again and again, before each last attempt",
    5,
    ["2", "3", "4", "5"].map((end) => createUnder(`700${end}`)),
  ],
  ["asks for something, and creates the conference anew", 5, [mute, createUnder("7002"), mute]],
])(
  "a server that takes no post and %s has waited since before, until it confirms, after a kill too",
  async (_, seconds, messages) => {
    const { world, edge, alerts, figure, servers, acknowledge, comeBack } = await behind();
    const wait = async () => (await alerts()).find(({ kind }) => kind === "documents-pending");
    const since = (await wait())?.since ?? Number.NaN;
    await acknowledge("documents-pending");
    const goesOn = async (lasting: number) => {
      for (let second = 0; second < lasting; second += 1) {
        await world.time.pass(1_000);
        expect(await wait()).toMatchObject({ since, seen: { note: "known" } });
        expect(await servers()).toMatchObject([{ failure: "TimeoutError", affected: [confKey] }]);
        expect(troubleIn(world)).toContain("posts");
        expect(await figure("oldestDocumentSeconds")).toBe((edge.time - since) / 1_000);
      }
    };
    for (const [index, message] of messages.entries()) {
      const msgId = `m-${index}`;
      await world.received(msgId, { ...message, msgId } as object as FromWebex);
      if (index === 1) world.kill();
      await goesOn(seconds);
    }
    await comeBack();
    expect(await wait()).toBeUndefined();
    expect(await figure("oldestDocumentSeconds")).toBe(0);
    world.answer = refusesAll;
    await world.reported(event({ type: "caller-muted", call: "c0", muted: false }) as object as Report);
    await world.time.pass(60_000);
    expect(await wait()).toMatchObject({ seen: null });
    expect((await wait())?.since).toBeGreaterThan(since + 400_000);
  },
);

test("a server that hangs and creates anew within each attempt: why the last one failed is said", async () => {
  const { world, servers, comeBack } = await behind();
  await comeBack();
  world.answer = () => new Promise((resolve) => world.time.after(10_000, () => resolve(refusesAll())));
  const failures: (string | null | undefined)[] = [];
  for (let second = 0; second < 40; second += 1) {
    if (second % 9 === 0) await world.received(`t-${second}`, createUnder(`71${second}`) as FromWebex);
    await world.time.pass(1_000);
    if (second > 10) failures.push((await servers())[0]?.failure);
  }
  expect(new Set(failures)).toEqual(new Set(["TimeoutError"]));
});

test("a document that fails, and whose server creates the conference anew, has waited since before", async () => {
  const { world, alerts } = await behind({ retryDelaysMs: [30_000, 200_000] });
  const since = (await alerts()).map((one) => one.since);
  await world.received("t-2", createUnder("7002") as FromWebex);
  await world.time.pass(1_000);
  expect((await alerts()).map((one) => one.since)).toEqual(since);
  expect(since).toEqual([expect.any(Number)]);
});

test("dates a backlog by its oldest unconfirmed document after a probe", async () => {
  const { world, alerts, acknowledge } = await behind();
  const wait = async () => (await alerts()).find(({ kind }) => kind === "documents-pending");
  world.domain = testDomain({ webex: { retryDelaysMs: [0, 20_000] } });
  await world.reported(callerEntered(1), callerEntered(2));
  await world.time.pass(700_000);
  await acknowledge("documents-pending");
  await world.time.pass(1);
  let confirmedAt = 0;
  world.answer = ({ transId }) => {
    if (confirmedAt > 0) return refusesAll();
    confirmedAt = world.time.now;
    return world.confirmed(transId);
  };
  await world.time.pass(700_000);
  expect(confirmedAt).toBeGreaterThan(0);
  world.kill();
  await world.time.pass(60_000);
  expect(await wait()).toMatchObject({ seen: null });
  expect((await wait())?.since).toBeGreaterThanOrEqual(confirmedAt - 5_000);
});

test("a conference whose server asks for something has alerts until it confirms, or another one has taken over", async () => {
  const { world, servers } = await behind();
  const confirms = world.confirmed.bind(world);
  world.answer = ({ transId, url }) => (url.includes("8802") ? confirms(transId) : new Promise(() => {}));
  await world.received("t-2", { ...mute, msgId: "m-2" } as object as FromWebex);
  await world.time.pass(1_000);
  expect(troubleIn(world)).toEqual(["posts"]);
  expect(await servers()).toMatchObject([{ host, documents: 1 }]);
  const takesOver = { msgId: "m-3", extConfId: "7003", replyTo: "localhost:8802" };
  await world.received("t-3", createConference(takesOver as never));
  await world.time.pass(1_000);
  expect(troubleIn(world)).toEqual([]);
  expect(await servers()).toMatchObject([{ host: "localhost:8802", documents: 0 }]);
});

test("what waits for a back end waits since it was queued, beside a server that is behind", async () => {
  const { world, servers } = await behind();
  const [before] = await servers();
  world.domain = testDomain({ webex: { retryDelaysMs: [0, 20_000] }, passthroughUrl: "http://127.0.0.1:9/data" });
  const data = { type: "passthrough", msgId: "m-2", replyTo: host, extConfId, extCallId: "1001", data: "YQ==" };
  const askedAt = world.time.now;
  await world.received("t-2", data as object as FromWebex);
  await world.time.pass(5_000);
  const waits = (await servers()).map(({ host: server, oldestDocumentAt }) => [server, oldestDocumentAt]);
  expect(waits.sort()).toEqual([
    [BACK_END, askedAt],
    [host, before?.oldestDocumentAt],
  ]);
});

test("documents that WebEx confirms with a failure are alerts, each once, until somebody acknowledges it", async () => {
  const { world, edge, alerts, comeBack } = await behind();
  await comeBack();
  world.answer = ({ transId }) => world.confirmed(transId, "not-supported");
  for (const muted of [false, true, false]) {
    await world.reported(event({ type: "caller-muted", call: "c0", muted }) as object as Report);
    await world.time.pass(5_000);
  }
  await world.time.pass(60_000);
  const refused = async () => (await alerts()).filter(({ kind }) => kind === "documents-refused");
  expect(await refused()).toMatchObject([{ about: host, count: 3 }]);
  edge.directory = edge.startDirectory();
  await world.conference.publish(false);
  expect(await refused()).toMatchObject([{ about: host, count: 3, says: expect.stringContaining("with a failure") }]);
});

test("that a bridge has lost a conference does not say that WebEx was notified, while its server confirms nothing", async () => {
  const { world, alerts } = await behind();
  const shown = () => event({ type: "snapshot", conference: null }) as object as Report;
  for (let time = 0; time < 2; time += 1) await world.reported(shown());
  await world.time.pass(1_000);
  const [lost, ...others] = (await alerts()).filter(({ kind }) => kind !== "undelivered");
  expect(others).toMatchObject([{ kind: "documents-pending", about: host, count: 1 }]);
  expect(lost).toMatchObject({ kind: "conferences-lost", count: 1 });
  expect(lost?.says).toContain("WebEx is notified as far as its servers answer.");
});

test("what waits without a document that was given up stays so, too, when the conference ends", async () => {
  const { world, comeBack, figure } = await behind();
  await comeBack();
  expect(await figure("documentsPending")).toBe(0);
  world.answer = refusesAll;
  await world.reported(over());
  await world.time.pass(2_500);
  expect(world.stored.state.outages.size).toBe(0);
  expect(await figure("documentsPending")).toBe(1);
});

test("what nobody waits for any more is a new loss, open again behind what was acknowledged", async () => {
  const { world, edge, alerts, figure, kinds, acknowledge } = await behind();
  await world.reported(callerEntered(1), callerEntered(2));
  await world.reported(callerLeft(1));
  await world.reported(callerLeft(0));
  await world.reported(over());
  await world.time.pass(1_000);
  await acknowledge("undelivered");
  expect(await kinds()).toEqual(["documents-pending"]);
  await world.time.pass(hourMs - 60_000);
  expect(await kinds()).toEqual(["documents-pending"]);
  const givenUp = async () => (await edge.directory.stats()).counts.hosts.reduce((sum, one) => sum + one.givenUp, 0);
  const before = await givenUp();

  await world.time.pass(400_000);
  expect(await alerts()).toMatchObject([{ kind: "undelivered", about: host, count: 1, sequence: 2 }]);
  expect(await figure("documentsPending")).toBe(0);
  expect(await figure("documentsUndelivered")).toBe(1);
  expect(await givenUp()).toBe(before + 1);
  edge.directory = edge.startDirectory();
  expect(await alerts()).toMatchObject([{ kind: "undelivered", count: 1, sequence: 2 }]);
  const error = { level: "error", event: "post-given-up", host };
  expect(world.lines.at(-1)).toMatchObject({ ...error, messages: expect.stringContaining("2 caller-entered") });
});

test("a resynced server gets its pending notifications, each once", async () => {
  const { world, edge, resync, back, servers } = await behind();
  await world.reported(callerEntered(1));
  await world.time.pass(1_000);
  const told = () =>
    world.posted.flatMap(({ body }) => [...body.matchAll(/<A2W_Notify(\w+)/g)].map(([, name]) => name));
  world.posted.length = 0;
  expect(await resync(host)).toEqual({ server: host, conferences: 1, unanswered: [] });
  await world.time.pass(60_000);
  expect(new Set(told())).toEqual(new Set(["UserEnter"]));
  expect(await servers()).toMatchObject([{ host, failure: "TimeoutError" }]);

  back();
  world.posted.length = 0;
  expect(await resync(`https://${host}`)).toMatchObject({ conferences: 1, unanswered: [] });
  await world.time.pass(10_000);
  expect(told()).toEqual(["UserEnter", "UserChange"]);
  expect(await servers()).toMatchObject([{ host, documents: 0 }]);
  expect(await resync(host)).toEqual({ server: host, conferences: 0, unanswered: [] });
  await world.time.pass(400_000);
  expect(told()).toEqual(["UserEnter", "UserChange"]);
  const [, entry] = edge.audited[0] ?? [];
  expect(entry).toMatchObject({ action: "resync-server", about: { server: host }, person: "operator", status: 200 });
});

test("a resynced server learns of the end of a conference", async () => {
  const { world, resync, back } = await behind();
  await world.reported(over());
  back();
  world.posted.length = 0;
  expect(await resync(host)).toMatchObject({ conferences: 1 });
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => / Status="(\d)"/.exec(body)?.[1])).toEqual(["3"]);
});

test("only operators see a button that resyncs a server, and it does", async () => {
  const { world, edge, back } = await behind();
  const ask = (method: string, by: string, body?: string) => {
    const headers = { authorization: `Bearer ${by}`, accept: "text/html" };
    const path = body ? "servers/resync" : "servers";
    return edge.app.request(`/console/local/${path}`, { method, headers, ...(body && { body }) });
  };
  expect(await (await ask("GET", "token-of-anna")).text()).not.toContain("Resync</button>");
  expect(await (await ask("GET", token)).text()).toContain("Resync</button>");
  back();
  world.posted.length = 0;
  const body = `server=${encodeURIComponent(host)}`;
  expect((await ask("POST", "token-of-anna", body)).status).toBe(403);
  expect(world.posted).toEqual([]);
  expect((await ask("POST", token, body)).status).toBe(303);
  await world.time.pass(1_000);
  expect(world.posted).toHaveLength(1);
});

test("a resync names conferences that do not answer", async () => {
  const { world, edge, resync } = await behind();
  edge.real.set(confKey, { ...realConference(world), resync: () => Promise.reject(new Error("the object broke")) });
  expect(await resync(host)).toEqual({ server: host, conferences: 1, unanswered: [confKey] });
  expect((await edge.directory.list.waitingFor("tsp9")).length).toBe(0);
});

test("the end of a conference that nobody was told of in time has expired, also where its server creates the key before it is asked again", async () => {
  const { world, alerts } = await behind();
  await world.reported(over());
  const state = () => [...world.stored.state.outages.values()];
  await world.time.pass(hourMs - 60_000);
  while (state().length > 0 && world.time.now < (state()[0]?.overAt ?? 0) + hourMs) await world.time.pass(1_000);
  expect(state()).toHaveLength(1);
  await world.received("t-9", createConference({ msgId: "c-9", extConfId: "7009" } as never));
  await world.time.pass(5_000);
  expect(await alerts()).toContainEqual(expect.objectContaining({ kind: "undelivered", count: 2 }));
});
