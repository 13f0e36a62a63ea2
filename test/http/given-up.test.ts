import { expect, test } from "vitest";
import type { Report } from "../../src/bridge/events.ts";
import type { MsgId, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import type { Figure } from "../../src/operators/figures.ts";
import type { SentAgain } from "../../src/operators/send-again.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import type { DirectoryFact } from "../../src/records/directory-facts.ts";
import type { Explanation, StoryLine } from "../../src/rpc/story.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import { readPage } from "../console/read-page.ts";
import { ConferenceWorld, confKey, extConfId, host } from "../durable-objects/conference-world.ts";
import { aPage } from "../durable-objects/fact-page.ts";
import { testDomain } from "../local-domain.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";
import { realConference } from "./real-conference.ts";

const viewer = {
  name: "anna",
  tokenSha256: await sha256("token-of-anna"),
  role: "viewer" as const,
  domains: ["local"],
};
const api = "/api/v1/domains/local/given-up-posts";

interface Post {
  readonly id: string;
  readonly document: string | null;
  readonly notSentAgain: string | null;
  readonly again: object | null;
}

const muted = (call: string, muted = true) => event({ type: "caller-muted", call, muted }) as object as Report;

/** An edge with one conference, of whose callers' mutes WebEx never confirmed any; `more`: they are unmuted behind that. */
async function lost(...more: readonly string[]) {
  const world = await ConferenceWorld.running(1 + more.length);
  const confirms = world.answer;
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  await world.reported(...["c0", ...more].map((call) => muted(call)));
  await world.time.pass(1_000);
  if (more.length > 0) await world.reported(...more.map((call) => muted(call, false)));
  await world.time.pass(59_000);
  world.answer = confirms;
  world.posted.length = 0;
  return asked(world);
}

/** What people ask of an edge that has this conference. */
async function asked(world: ConferenceWorld) {
  const edge = new FakeEdge(token, {}, { people: [viewer] });
  await edge.held("3100417", confKey);
  edge.alive.add(confKey);
  edge.real.set(confKey, realConference(world));
  edge.time = world.time.now;
  for (const page of world.pages) await edge.directory.follow({ ...page, place: null });
  const ask = async (path: string, init: RequestInit = {}, by = token) => {
    const response = await edge.app.request(path, {
      ...init,
      headers: { authorization: `Bearer ${by}`, ...init.headers },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const json = async <Body>(path: string, init?: RequestInit) => JSON.parse((await ask(path, init)).text) as Body;
  const { posts } = await json<{ posts: readonly Post[] }>(api);
  return { world, edge, ask, json, id: posts[0]?.id ?? "", posts };
}

test("nothing is asked of a conference of which nothing is kept any more, nor sent to it again", async () => {
  const { edge, json, ask } = await asked(await ConferenceWorld.running(0));
  const fact = { kind: "post-given-up", transId: "1", host: "tsp9", attempts: 3, why: "away", messages: [] };
  await edge.directory.follow(aPage({ key: "gone", running: {}, facts: [fact as object as DirectoryFact] }));
  const { posts } = await json<{ posts: readonly Post[] }>(`${api}?server=tsp9`);
  const path = `${api}/${encodeURIComponent(posts[0]?.id ?? "")}`;
  edge.askedOfObjects.length = 0;
  expect(await json(path)).toMatchObject({ document: null, again: null, notSentAgain: expect.any(String) });
  expect((await ask(`${path}/send`, { method: "POST" })).status).toBe(404);
  const sent = await json("/api/v1/domains/local/servers/tsp9/send-again", { method: "POST" });
  expect(sent).toMatchObject({ documents: 0, not: [{ reason: "no-such-post", documents: 1 }] });
  expect(edge.askedOfObjects.filter((call) => call.startsWith("conference"))).toEqual([]);
});

test("the list has what was given up, one has its text, and it is sent again, once", async () => {
  const { world, edge, ask, json, id, posts } = await lost();
  expect(posts).toEqual([
    expect.objectContaining({
      id,
      conference: confKey,
      attempts: 3,
      why: "TimeoutError",
      messages: ["A2W_NotifyUserChange"],
    }),
  ]);
  const one = `${api}/${encodeURIComponent(id)}`;
  const before = await json<Post>(one);
  expect(before).toMatchObject({ notSentAgain: null, again: null });
  expect(before.document).toContain("<A2W_NotifyUserChange ");

  const sent = await ask(`${one}/send`, { method: "POST" });
  expect(sent.status).toBe(202);
  expect((await ask(`${one}/send`, { method: "POST" })).status).toBe(202);
  await world.time.pass(6_000);
  expect(world.posted).toHaveLength(1);
  expect((await json<Post>(one)).again).toMatchObject({ result: { type: "done" } });
  expect(await json(sent.headers.get("location") ?? "")).toMatchObject({ told: { confirmedAt: expect.any(Number) } });
  const [, entry] = edge.audited[0] ?? [];
  const about = { post: id, confKey, host: expect.any(String), transId: expect.any(String) };
  expect(entry).toMatchObject({ action: "sendAgain", about, status: 202 });
  // Before it was sent: should the edge die then, nobody adds it.
  expect(edge.auditAsked[0]?.[1].about).toEqual(entry?.about);
});

test("what WebEx was told since, when its server was back, is marked in the list, of its own conference alone", async () => {
  const { world, edge, json, posts } = await lost();
  await edge.directory.follow(aPage({ key: "404", facts: [{ ...givenUp, owed: true }], at: edge.time }));
  expect(posts).toMatchObject([{ owed: true, settledAt: null }]);
  const told = world.pages.length;
  await world.time.pass(400_000);
  for (const page of world.pages.slice(told)) await edge.directory.follow({ ...page, place: null });
  const list = await json<{ posts: readonly (Post & { settledAt: number | null })[] }>(api);
  expect(list.posts.map(({ id, settledAt }) => [id.endsWith("-404"), settledAt !== null])).toEqual(
    expect.arrayContaining([
      [true, false],
      [false, true],
    ]),
  );
});

test("what nobody waits for any more is marked in the list as expired: its server was never told", async () => {
  const { edge, json } = await lost();
  const fact = { kind: "server-settled", host: "tsp1" as WebexHost, expired: true } as const;
  for (const one of [{ ...givenUp, owed: true as const }, fact])
    await edge.directory.follow(aPage({ key: "404", facts: [one], at: edge.time }));
  const { posts } = await json<{ posts: readonly Post[] }>(api);

  const expired = { settledAt: expect.any(Number), expired: true };
  expect(posts.filter(({ id }) => id.endsWith("-404"))).toEqual([expect.objectContaining(expired)]);
});

test("what is not sent again is told in a sentence, and nothing is sent", async () => {
  const { world, ask, json, id } = await lost();
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(60_000);
  // Of a conference that is over its server was owed the end alone.
  expect(/ Status="(\d)"/.exec(world.posted.at(-1)?.body ?? "")?.[1]).toBe("3");
  world.posted.length = 0;
  const one = `${api}/${encodeURIComponent(id)}`;

  expect((await json<Post>(one)).notSentAgain).toContain(`The conference ${confKey} has ended`);
  const refused = await ask(`${one}/send`, { method: "POST" });
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining(`The conference ${confKey} has ended`)]);
  await world.time.pass(60_000);
  expect(world.posted).toEqual([]);
});

const givenUp: DirectoryFact & { readonly kind: "post-given-up" } = {
  kind: "post-given-up",
  transId: "1" as TransId,
  host: "tsp1" as WebexHost,
  attempts: 3,
  why: "why",
  messages: [{ type: "caller-entered", msgId: "1" as MsgId }],
};

test("of a conference of which nothing is kept the list still says what was given up", async () => {
  const { edge, ask, json } = await lost();
  await edge.directory.follow(aPage({ key: "404", facts: [givenUp], at: edge.time }));
  const { posts } = await json<{ posts: readonly Post[] }>(`${api}?limit=5`);
  const id = posts.find(({ id }) => id.endsWith("-404"))?.id ?? "";

  expect(await json(`${api}/${id}`)).toMatchObject({
    document: null,
    again: null,
    notSentAgain: "The conference 404 does not keep this document any more, or never gave it up.",
  });
  expect((await ask(`${api}/${id}/send`, { method: "POST" })).status).toBe(404);
  expect((await ask(`${api}/nothing`)).status).toBe(404);
});

test("a journal that was deleted counts anew: another document in the same row is neither shown nor sent in place of the old one", async () => {
  const { world, edge, ask, json } = await lost();
  const now = world.pages.flatMap(({ facts }) => facts).find(({ fact }) => fact.kind === "post-given-up");
  if (!now) throw new Error("nothing was given up");
  const old = { ...now, at: now.at - 30 * 86_400_000, fact: { ...givenUp, transId: "of-last-month" as TransId } };
  await edge.directory.follow({ ...aPage(), journal: "of last month", facts: [old] });
  const { posts } = await json<{ posts: readonly Post[] }>(api);
  const one = `${api}/${encodeURIComponent(posts.at(-1)?.id ?? "")}`;
  const kept = `The conference ${confKey} does not keep this document any more, or never gave it up.`;

  expect(await json(one)).toMatchObject({
    at: old.at,
    transId: "of-last-month",
    document: null,
    again: null,
    notSentAgain: kept,
  });
  expect((await ask(`${one}/send`, { method: "POST" })).status).toBe(404);
  await world.time.pass(1_000);
  expect(world.posted).toEqual([]);
});

test("the console shows it, and its button sends it again for an operator alone", async () => {
  const { world, edge, ask, id } = await lost();
  const html = { accept: "text/html" };
  const page = `/console/local/servers/posts/${encodeURIComponent(id)}`;
  expect((await ask("/console/local/servers", { headers: html })).text).toContain(page);
  expect((await ask(page, { headers: html })).text).toContain("Send again</button>");
  expect((await ask(page, { headers: html }, "token-of-anna")).text).not.toContain("Send again</button>");
  expect((await ask(page, { method: "POST" }, "token-of-anna")).status).toBe(403);
  expect(world.posted).toEqual([]);

  const sent = await ask(page, { method: "POST" });
  expect([sent.status, sent.headers.get("location")]).toEqual([303, page]);
  await world.time.pass(1_000);
  expect(world.posted).toHaveLength(1);
  expect((await ask(page, { headers: html })).text).not.toContain("Send again</button>");
  expect(edge.audited.map(([, { person, refusal }]) => `${person} ${refusal}`)).toEqual([
    "anna not allowed",
    "operator null",
  ]);
  expect((await ask("/console/local/servers/posts/nothing", { headers: html })).status).toBe(404);
});

test("all that was given up for a server is sent again at once: with a preview, each once, and why the others are not", async () => {
  const { world, edge, ask, json } = await lost();
  const settled = { kind: "server-reached" } as const;
  await edge.directory.follow(aPage({ key: "404", facts: [{ ...givenUp, owed: true }, settled], at: edge.time }));
  await edge.directory.follow(aPage({ key: "405", facts: [givenUp], at: edge.time }));
  const path = (server: string) => `/api/v1/domains/local/servers/${encodeURIComponent(server)}/send-again`;
  const { posts } = await json<{ posts: readonly { host: string }[] }>(`${api}?server=127.0.0.1:8801`);
  expect(posts.map(({ host }) => host)).toEqual(["127.0.0.1:8801"]);

  const preview = { server: "127.0.0.1:8801", documents: 1, conferences: [confKey], not: [], next: null };
  expect(await json(path("127.0.0.1:8801"))).toEqual(preview);
  expect(world.posted).toEqual([]);
  const others = await json<{ not: readonly object[] }>(path("http://tsp1"));
  expect(others).toMatchObject({ documents: 0, conferences: [] });
  expect(others.not).toEqual([
    { reason: "settled", says: expect.stringContaining("Nothing of it is owed any more"), documents: 1 },
    { reason: "no-such-post", says: expect.stringContaining("The conference does not keep"), documents: 1 },
  ]);

  const post = { method: "POST", headers: { "idempotency-key": "once" } };
  expect((await ask(path("127.0.0.1:8801"), post, "token-of-anna")).status).toBe(403);
  expect(await json(path("127.0.0.1:8801"), post)).toEqual(preview);
  const again = [{ reason: "sent-before", says: expect.any(String), documents: 1 }];
  expect(await json(path("127.0.0.1:8801"), post)).toEqual({ ...preview, documents: 0, conferences: [], not: again });
  await world.time.pass(6_000);
  expect(world.posted).toHaveLength(1);
  const [, entry] = edge.audited.find(([, { status }]) => status === 200) ?? [];
  expect(entry).toMatchObject({ action: "sendAllAgain", about: { server: "127.0.0.1:8801" }, person: "operator" });
});

test("what goes out again to a receiver goes in the order in which it was posted", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ passthroughUrl: "http://127.0.0.1:9/data" });
  await world.running(1);
  world.answer = () => ({ kind: "failed", reason: "TimeoutError" });
  const data = ["MQ==", "Mg==", "Mw=="];
  for (const [index, one] of data.entries()) {
    const message = {
      type: "passthrough",
      msgId: `m-${index}`,
      replyTo: host,
      extConfId,
      extCallId: "1001",
      data: one,
    };
    await world.received(`data-${index}`, message as FromWebex);
    await world.time.pass(60_000);
  }
  world.answer = () => ({ kind: "answered", status: 204, body: new Uint8Array() });
  const { ask } = await asked(world);
  world.posted.length = 0;
  await ask("/api/v1/domains/local/servers/*back-end/send-again", { method: "POST" });
  await world.time.pass(10_000);

  const sent = world.posted.filter(({ url }) => url.endsWith("/data")).map(({ body }) => body);
  expect(sent.map((body) => data.findIndex((one) => body.includes(one)))).toEqual([0, 1, 2]);
});

test("what is too much to be listed is counted among what is not sent again, once for all portions", async () => {
  const { edge, json } = await lost();
  const facts = Array.from({ length: 1_003 }, () => ({ ...givenUp, host: "tsp9" as WebexHost }));
  await edge.directory.follow(aPage({ key: "405", facts, at: edge.time }));
  const path = "/api/v1/domains/local/servers/tsp9/send-again";
  expect(await json(`${api}?limit=1`)).toMatchObject({ unlisted: 4 });
  const unlisted = ({ not }: SentAgain) => not.filter(({ reason }) => reason === "not-listed");
  const first = await json<SentAgain>(path);
  expect(unlisted(first)).toMatchObject([
    { documents: 3, says: expect.stringContaining("older than the latest 1,000") },
  ]);
  expect(unlisted(await json(`${path}?cursor=${first.next}`))).toEqual([]);
  expect(unlisted(await json("/api/v1/domains/local/servers/tsp1/send-again"))).toEqual([]);
});

test("the console says how many would be sent again to a server, and its button sends them", async () => {
  const { world, ask } = await lost();
  const html = { headers: { accept: "text/html" } };
  const page = "/console/local/servers/127.0.0.1%3A8801/send-again";
  expect((await ask("/console/local/servers", html)).text).toContain(`href="${page}"`);
  expect((await ask(page, html)).text).toContain("Send 1 document of 1 conference again</button>");
  expect((await ask(page, html, "token-of-anna")).text).not.toContain("again</button>");

  const sent = await ask(page, { method: "POST" });
  expect([sent.status, sent.headers.get("location")]).toEqual([303, page]);
  await world.time.pass(1_000);
  expect(world.posted).toHaveLength(1);
  expect((await ask(page, html)).text).toContain("1 document not: Somebody has sent it again before.");
});

test("given up is one count of documents wherever it is said; messages, attempts and what was withdrawn have words of their own", async () => {
  const { world, edge, ask, json, posts } = await lost("c1");
  edge.views.set(confKey, conferenceView(confKey));
  const { trouble } = await json<{ trouble: readonly { kind: string; count: number; says: string }[] }>(
    "/api/v1/domains/local/trouble",
  );
  const pages = world.pages.length;
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(10_000);
  for (const page of world.pages.slice(pages)) await edge.directory.follow({ ...page, place: null });
  /** A journal of many rows is read by turns. */
  const read = async <Body>(asked: Promise<Body>): Promise<Body> => {
    let isRead = false;
    const body = asked.finally(() => {
      isRead = true;
    });
    while (!isRead) await world.time.pass(10);
    return body;
  };
  const domain = "/api/v1/domains/local";
  const conference = `${domain}/conferences/${confKey}`;
  const { figures } = await json<{ figures: readonly Figure[] }>(`${domain}/figures`);
  const { minutes } = await json<{ minutes: readonly ActivityMinute[] }>(`${domain}/activity`);
  const { records } = await json<{ records: readonly { givenUp?: number }[] }>(`${domain}/records`, {
    method: "POST",
    body: '{"kind":"conference"}',
  });
  const { answers } = await read(
    json<{ answers: readonly Explanation[] }>(`${conference}/explain`, { method: "POST" }),
  );
  const { lines } = await read(json<{ lines: readonly StoryLine[] }>(`${conference}/story`));
  const { text: metrics } = await ask("/metrics");
  const ofPosts = minutes.flatMap(({ hosts }) => hosts);
  const wrong = trouble.find(({ kind }) => kind === "posts-given-up");
  const said = (pattern: RegExp) => answers.filter(({ answer }) => pattern.test(answer)).length;
  const html = { headers: { accept: "text/html" } };
  const shown = async (path: string) => readPage((await read(ask(`/console/local${path}`, html))).text);

  expect({
    list: posts.length,
    figure: figures.find(({ name }) => name === "documentsGivenUp")?.value,
    activity: ofPosts.reduce((sum, { givenUp }) => sum + givenUp, 0),
    metric: Number(/^bridgehead_posts_total\{domain="local",outcome="given-up"\} (\d+)$/m.exec(metrics)?.[1]),
    trouble: wrong?.count,
    record: records.map(({ givenUp }) => givenUp),
    explain: said(/given up at/),
    story: lines.filter(({ what }) => what === "given up").length,
  }).toEqual({
    list: 1,
    figure: 1,
    activity: 1,
    metric: 1,
    trouble: 1,
    record: [1],
    explain: 1,
    story: 1,
  });
  expect(wrong?.says).toContain("1 document for ");
  expect(await shown("/records?kind=conference")).toContain("1 document given up");
  expect(await shown(`/conferences/${confKey}`)).toContain("Documents given up\n1 before its end\n");
  expect(await shown("/servers")).toMatch(/Documents given up\n(?:.*\n){5}0 ms\n1\n/);

  expect(posts).toMatchObject([{ messages: Array(2).fill("A2W_NotifyUserChange"), attempts: 3 }]);
  expect(said(/withdrawn/)).toBe(1);
  // Attempts that failed: those of probes are among them, and no probe is given up.
  const failed = lines.filter(({ what }) => what === "not delivered").length;
  expect(ofPosts.reduce((sum, one) => sum + one.failed, 0)).toBe(failed + 1);
});
