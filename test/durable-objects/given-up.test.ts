import { beforeEach, expect, test } from "vitest";
import { givenUpIn } from "../../durable-objects/conference/conference-actions.ts";
import type { Journal } from "../../durable-objects/conference/journal.ts";
import { GivenUpStore } from "../../durable-objects/directory/given-up-store.ts";
import type { SqlValue } from "../../durable-objects/platform/platform.ts";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { ConfKey, TransId, WebexHost } from "../../src/foundation/ids.ts";
import type { GivenUpPost } from "../../src/rpc/directory-feed.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { worldBegins } from "../simulation/context.ts";
import { Database } from "../simulation/database.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, extConfId, host } from "./conference-world.ts";
import { DirectoryWorld } from "./directory/world.ts";
import { aPage } from "./fact-page.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };
const refusesAll = () => failed;

/** By TSP server, up to which place somebody has acknowledged what was given up. */
const acknowledged = new Map<string, number>();
const placeOf = (server: string) => acknowledged.get(server) ?? 0;
beforeEach(() => acknowledged.clear());

/** By its nature, as `npm run mutate` has little patience. */
const slow = { timeout: 180_000 };

/** A conference with callers, of whose reports WebEx confirmed nothing until the last of them was given up. */
async function lost(callers: number, ...reports: readonly Report[]): Promise<ConferenceWorld> {
  const world = await ConferenceWorld.running(callers);
  const confirms = world.answer;
  world.answer = refusesAll;
  await world.reported(...reports);
  await world.time.pass(60_000);
  world.answer = confirms;
  world.posted.length = 0;
  return world;
}

/** What its directory was sent that was given up. */
const sentOf = (world: ConferenceWorld) =>
  world.pages.flatMap(({ facts }) =>
    facts.flatMap(({ row, at, fact }) => (fact.kind === "post-given-up" ? [{ row, at, ...fact }] : [])),
  );
const rowOf = (world: ConferenceWorld) => sentOf(world).at(-1)?.row ?? 0;
const sendAgain = (world: ConferenceWorld, row = rowOf(world)) =>
  world.during(world.conference.actions.sendAgain(row, "Ann"));
const muted = (call: string, muted: boolean) => event({ type: "caller-muted", call, muted }) as object as Report;

test("the directory hears what was given up: when, for whom, after how many attempts, and why", async () => {
  const world = await lost(1, muted("c0", true));

  expect(sentOf(world)).toEqual([
    {
      ...{ kind: "post-given-up", row: expect.any(Number), at: expect.any(Number), host, transId: expect.any(String) },
      ...{ attempts: 3, why: "TimeoutError", messages: [{ type: "caller-changed", msgId: expect.any(String) }] },
      lastFailed: true,
      owed: true,
    },
  ]);
});

test("what was given up is told alike each time, by a later life and to a directory that was lost, so that it is kept once", async () => {
  const world = await lost(1, muted("c0", true));
  world.kill();
  world.start();
  const { follow } = world;
  const place = { directory: "2", id: 0 };
  world.follow = async (page) => ({
    ...(await follow(page)),
    place,
    row: page.place?.directory === "1" ? 0 : page.upTo,
  });
  await world.during(world.conference.feedDirectory(false));
  const [first, ...others] = sentOf(world);

  expect(others.length).toBeGreaterThan(0);
  for (const other of others) expect(other).toEqual(first);
});

test("what was given up behind a conference's end is told once, though no row follows", async () => {
  const world = await lost(0, event({ type: "conference-ended" }));
  const before = sentOf(world).length;
  world.kill();
  world.start();
  await world.time.pass(10_000);

  expect([before, sentOf(world).length]).toEqual([1, 1]);
});

test.each(["server-reached", "server-settled"] as const)(
  "that an ended conference owes nothing any more comes to the directory once, whenever its object dies: %s",
  async (kind) => {
    for (const isHeard of [true, false]) {
      const world = await lost(0, event({ type: "conference-ended" }));
      if (kind === "server-settled") world.answer = refusesAll;
      const { follow } = world;
      if (!isHeard) world.follow = () => Promise.reject(new Error("it is away"));
      const isSaid = () => world.stored.journal.facts(0).some(({ facts }) => facts.some((fact) => fact.kind === kind));
      while (!isSaid()) await world.time.pass(60_000);
      if (!isHeard) world.pages.length = 0;
      world.follow = follow;
      for (let life = 0; life < 2; life += 1) {
        world.kill();
        world.start();
        await world.time.pass(2 * 3_600_000);
      }

      const said = world.pages.flatMap(({ facts }) => facts.flatMap(({ fact }) => (fact.kind === kind ? fact : [])));
      const expired = { host, expired: true, messages: [{ type: "conference-changed", count: 1 }] };
      expect(said).toEqual([{ kind, ...(kind === "server-settled" && expired) }]);
    }
  },
);

test("of one page, what its server was reached for is settled, and what came behind that and expired is not", async () => {
  const world = new DirectoryWorld();
  const lost = { host: host as WebexHost, attempts: 3, why: "away", messages: [], owed: true as const };
  const givenUp = (transId: string) => ({ kind: "post-given-up", transId: transId as TransId, ...lost }) as const;
  const expired = { kind: "server-settled", host: host as WebexHost, expired: true } as const;
  const facts = [givenUp("1"), { kind: "server-reached" } as const, givenUp("2"), expired];
  await world.directory.follow(aPage({ running: {}, facts }));

  const { posts } = await world.directory.givenUp(null, 10);
  expect(posts.map(({ transId, settledAt, expired }) => [transId, settledAt, expired])).toEqual([
    ["2", worldBegins, true],
    ["1", worldBegins, undefined],
  ]);
});

test("a request of WebEx settles nothing: only what is confirmed says that its server was reached", async () => {
  const world = new DirectoryWorld();
  const lost = { transId: "1" as TransId, host: host as WebexHost, attempts: 3, why: "away", messages: [] };
  const facts = [{ kind: "post-given-up", ...lost, owed: true } as const];
  await world.directory.follow(aPage({ running: {}, facts }));
  const settledAt = async () => (await world.directory.givenUp(null, 10)).posts.map((post) => post.settledAt);
  await world.directory.follow(aPage({ running: {}, facts: [{ kind: "server-reached", byRequest: true }] }));
  expect(await settledAt()).toEqual([null]);
  await world.directory.follow(aPage({ running: {}, facts: [{ kind: "server-reached" }] }));
  expect(await settledAt()).toEqual([worldBegins]);
});

test("of all that a server was never notified of fifty messages are named, of each type alike, and the others counted", async () => {
  const world = new DirectoryWorld();
  const messages = [
    { type: "caller-changed", count: 1_000 },
    { type: "conference-changed", count: 3 },
  ] as const;
  const expired = { kind: "server-settled", host: host as WebexHost, expired: true, messages } as const;
  await world.directory.follow(aPage({ running: {}, facts: [expired] }));
  const [post] = (await world.directory.givenUp(null, 10)).posts;
  const count = (name: string) => post?.messages.filter((one) => one === name).length;
  expect([post?.messages.length, count("A2W_NotifyUserChange"), post?.further]).toEqual([28, 25, 975]);
});

test("the text of what was given up is as it was posted, with numbers as the domain keeps them", async () => {
  for (const [recordsPersonal, did] of [
    ["full", /DID="14085551234"/],
    ["masked", /DID="\*{9}34"/],
    ["none", /^(?!.*DID=)/s],
  ] as const) {
    const world = new ConferenceWorld();
    world.domain = testDomain({ recordsPersonal });
    await world.running(0);
    world.answer = refusesAll;
    await world.reported(callerEntered(0));
    const [{ body = "" } = {}] = world.posted.slice(-1);
    await world.time.pass(60_000);

    const { text } = (await world.conference.reader.givenUp(rowOf(world))) ?? {};
    expect(text).toMatch(did);
    if (recordsPersonal === "full") expect(text).toBe(body);
  }
});

test("what was given up goes out again under another TransID with its MsgID, and its way is shown", async () => {
  const world = await lost(1, muted("c0", true));
  const [{ transId = "" } = {}] = sentOf(world);

  expect(await sendAgain(world)).toBe("done");
  await world.time.pass(1_000);

  const text = (await world.conference.reader.givenUp(rowOf(world)))?.text ?? "";
  expect(world.posted.map(({ body }) => body)).toEqual([text.replace(transId, world.posted[0]?.transId ?? "")]);
  expect(world.posted[0]?.transId).not.toBe(transId);
  await world.time.pass(6_000);
  expect((await world.conference.reader.givenUp(rowOf(world)))?.again).toMatchObject({
    person: "Ann",
    result: { type: "done" },
    told: { transIds: [world.posted[0]?.transId], confirmedAt: expect.any(Number) },
  });
});

test("it is sent again once, however often and by however many people that is asked, and after days", async () => {
  const world = await lost(1, muted("c0", true));
  const row = rowOf(world);
  const both = [world.conference.actions.sendAgain(row, "Ann"), world.conference.actions.sendAgain(row, "Bob")];
  expect(await world.during(Promise.all(both))).toEqual(["done", "done-before"]);
  await world.time.pass(6_000);
  world.kill();
  world.start();
  await world.time.pass(3 * 86_400_000);
  expect(await sendAgain(world, row)).toBe("done-before");
  await world.time.pass(60_000);

  expect(world.posted.filter(({ body }) => body.includes("A2W_NotifyUserChange"))).toHaveLength(1);
});

test("to send again is no sign of life: a server that is still down is probed at once, and its outage is as it was", async () => {
  const world = await lost(2, muted("c0", true), muted("c1", true));
  const confirms = world.answer;
  const before = [...world.stored.state.outages.values()];
  const oldest = () => world.pages.at(-1)?.live?.waiting.map(({ oldestAt }) => oldestAt);
  const oldestBefore = oldest();
  const row = rowOf(world);
  world.answer = refusesAll;
  world.pages.length = 0;

  expect(await sendAgain(world, row)).toBe("done");
  await world.time.pass(10_000);
  expect(new Set(world.posted.map(({ transId }) => transId)).size).toBe(1);

  const [outage] = world.stored.state.outages.values();
  expect(outage).toMatchObject({ since: before[0]?.since, probes: (before[0]?.probes ?? 0) + 1 });
  const kinds = world.pages.flatMap(({ facts }) => facts.map(({ fact }) => fact.kind));
  expect(kinds.filter((kind) => /server|given-up/.test(kind))).toEqual([]);
  expect([oldestBefore, oldest() ?? oldestBefore]).toEqual([[outage?.since], [outage?.since]]);
  const again = async () => (await world.conference.reader.givenUp(row))?.again?.told;
  expect(await again()).toEqual({ owed: 2, owedSince: expect.any(Number) });
  world.answer = confirms;
  await world.time.pass(400_000);
  expect(await again()).toMatchObject({ confirmedAt: expect.any(Number) });
});

test("what is sent again while a probe has it is not posted twice", async () => {
  const world = await lost(1, muted("c0", true));
  const confirms = world.answer;
  let confirm = () => {};
  world.answer = (posted) => new Promise((resolve) => (confirm = () => resolve(confirms(posted))));
  while (world.posted.length === 0) await world.time.pass(10_000);
  const outages = () => structuredClone([...world.stored.state.outages.values()]);
  const before = outages();
  await world.time.pass(1_000);
  expect(await sendAgain(world)).toBe("done");
  expect(outages()).toEqual(before);
  const told = async () => (await world.conference.reader.givenUp(rowOf(world)))?.again?.told;
  expect(await told()).toEqual({ owed: 1, owedSince: expect.any(Number) });
  confirm();
  await world.time.pass(6_000);

  expect(await told()).toEqual({ notBecause: expect.stringContaining("was notified later") });
  expect(world.posted).toHaveLength(1);
});

test("what WebEx was told since, when its server was back, is not sent again, and says so", async () => {
  const world = await lost(1, muted("c0", true));
  await world.time.pass(60_000);
  expect(world.stored.state.debts.size).toBe(0);
  world.posted.length = 0;
  expect((await world.conference.reader.givenUp(rowOf(world)))?.refusal).toBe("told-since");
  expect(await sendAgain(world)).toBe("told-since");
  await world.time.pass(60_000);
  expect(world.posted).toEqual([]);
});

test("a caller whose entry was lost is named by WebEx after the entry was sent again", async () => {
  const world = await lost(0, callerEntered(0));
  expect([...world.stored.state.debts.values()]).toMatchObject([{ type: "caller-entered" }]);
  await sendAgain(world);
  await world.time.pass(1_000);
  const caller = world.stored.state.callers.get("c0" as never);
  expect(world.stored.state.debts.size).toBe(0);
  const named = { type: "caller-named", msgId: caller?.enterMsgId, extCallId: "1001" } as FromWebex;
  await world.received("named", named);

  expect(world.stored.state.callers.get("c0" as never)).toMatchObject({ extCallId: "1001", left: false });
});

test("with it goes all else that the server is owed, as it is now; a document of which nothing is so is not sent", async () => {
  const world = await lost(2, muted("c0", true), muted("c1", true));
  await world.reported(muted("c0", false));
  await world.time.pass(1_000);
  world.posted.length = 0;
  expect(await sendAgain(world)).toBe("done");
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => /ExtCallID="\d+" Status="\d"/.exec(body)?.[0])).toEqual([
    'ExtCallID="1001" Status="0"',
    'ExtCallID="1002" Status="1"',
  ]);

  const other = await lost(1, muted("c0", true));
  await other.reported(muted("c0", false));
  expect((await other.conference.reader.givenUp(rowOf(other)))?.refusal).toBe("outdated");
  expect(await sendAgain(other)).toBe("outdated");
});

test("a caller who has left is not told as entered", async () => {
  const world = await lost(0, callerEntered(0));
  await world.reported(callerLeft(0));

  expect(await sendAgain(world)).toBe("outdated");
});

test("a call whose end was lost is told as left, and not once more to the next server", async () => {
  const world = await lost(1, callerLeft(0));
  expect([...world.stored.state.debts.keys()]).toEqual(["left 1001"]);
  expect(await sendAgain(world)).toBe("done");
  await world.time.pass(1_000);

  expect(world.posted.map(({ body }) => body)).toEqual([expect.stringContaining('ExtCallID="1001"')]);
  expect(world.stored.state.debts.size).toBe(0);
});

test("nothing of a conference that has ended is sent again; with all that was given up, its server is asked at once whether it is back", async () => {
  const world = await lost(1, muted("c0", true));
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  const all = (person: string | null) =>
    world.during(world.conference.actions.sendEachAgain([{ row, transId }], person));
  await world.reported(event({ type: "conference-ended" }));
  world.posted.length = 0;
  expect(await sendAgain(world, row)).toBe("owed-after-end");
  expect((await world.conference.reader.givenUp(row))?.refusal).toBe("owed-after-end");
  expect(await all(null)).toEqual(["probed"]);
  expect(world.posted).toEqual([]);
  world.answer = refusesAll;
  expect(await all("Ann")).toEqual(["probed"]);
  await world.time.pass(60_000);
  expect(world.stored.state.outages.size).toBe(1);

  world.answer = (await ConferenceWorld.running(0)).answer;
  world.posted.length = 0;
  expect(await all("Ann")).toEqual(["probed"]);
  await world.time.pass(500);
  expect(world.posted.map(({ body }) => /<A2W_\w+/.exec(body)?.[0])).toEqual(["<A2W_NotifyConferenceChange"]);
  expect(world.stored.state.outages.size).toBe(0);
});

test("however many documents it has given up, a conference asks its server once, and says who wanted that", async () => {
  const world = await lost(1, muted("c0", true));
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  await world.reported(event({ type: "conference-ended" }));
  world.answer = refusesAll;
  const documents = Array.from({ length: 50 }, () => ({ row, transId }));
  const all = () => world.during(world.conference.actions.sendEachAgain(documents, "Ann"));
  const before = world.journalRows;
  for (let time = 0; time < 2; time += 1) expect(await all()).toEqual(documents.map(() => "probed"));

  expect(world.journalRows).toBe(before + 1);
  const probes = [...world.stored.journal.history()].filter(({ input }) => input?.type === "probe");
  expect(probes.map(({ input }) => input)).toEqual([
    { type: "probe", at: expect.any(Number), id: `probe ${probes[0]?.seq}`, person: "Ann", host },
  ]);
});

test("who only asks what could be sent again has nothing sent, and a place at which another document was given up has nothing", async () => {
  const world = await lost(1, muted("c0", true));
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  const before = world.journalRows;
  const each = (person: string | null, transId: string) =>
    world.during(world.conference.actions.sendEachAgain([{ row, transId }], person));
  expect(await each(null, transId)).toEqual(["done"]);
  for (const person of [null, "Ann"]) expect(await each(person, "of another conference")).toEqual(["no-such-post"]);
  await world.time.pass(1_000);

  expect([world.journalRows, world.posted]).toEqual([before, []]);
});

test.each([
  ["its server was to get it later", {}, false],
  ["it cannot be written, and no server gets it later", { unpostable: true }, true],
  ["its server had been replaced, and does not get it later", { oneAttempt: true }, true],
])("of what was given up %s", (_, how, isUnowed) => {
  const messages = [{ type: "caller-changed", msgId: "m1" }];
  const input = { type: "undelivered", messages, of: { host, transId: "t1", attempts: 1, why: "", ...how } };
  const journal = { inputOf: () => input } as object as Journal;

  expect(givenUpIn(journal, 1)).toEqual({ host, transId: "t1", messages, ...(isUnowed && { isUnowed }) });
});

test("who wanted a server to be asked stands in the timeline, and why it was posted in the facts", async () => {
  const world = await lost(1, muted("c0", true));
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  await world.reported(event({ type: "conference-ended" }));
  const { seq: before } = [...world.stored.journal.history()].at(-1) ?? { seq: 0 };
  await world.during(world.conference.actions.sendEachAgain([{ row, transId }], "Ann"));
  const { items } = await world.during(world.conference.reader.story(0));
  const asks = { from: "operator", to: "edge", what: "asks whether it is back", facts: { host, person: "Ann" } };
  expect(items.filter(({ seq }) => seq > before)[0]).toMatchObject(asks);

  const facts = [...world.stored.journal.history(before)].flatMap((one) => one.facts ?? []);
  const messages = [{ type: "conference-changed", actions: [expect.stringMatching(/^probe \d+$/)] }];
  expect(facts.find(({ kind }) => kind === "post-queued")).toMatchObject({ messages });
});

test("what was sent again while its server was away is asked for once more", async () => {
  const world = await lost(1, muted("c0", true));
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  const all = () => world.during(world.conference.actions.sendEachAgain([{ row, transId }], "Ann"));
  const confirms = world.answer;
  world.answer = refusesAll;
  expect(await all()).toEqual(["done"]);
  await world.time.pass(60_000);
  world.answer = confirms;
  world.posted.length = 0;
  expect(await all()).toEqual(["probed"]);
  await world.time.pass(500);
  expect(world.posted).toHaveLength(1);
  expect(await all()).toEqual(["sent-before"]);
});

test("nothing of a conference that has begun anew is sent again, nor of one whose end is told", async () => {
  const world = await lost(1, muted("c0", true));
  const row = rowOf(world);
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(5_000);
  expect(await sendAgain(world, row)).toBe("conference-over");
  await world.received("anew", createConference({ msgId: "m-anew" as never }));
  await world.allDone();

  expect(await sendAgain(world, row)).toBe("conference-over");
});

test("nothing is sent again to a server that another one has replaced, nor while WebEx lets the conference go on alone", async () => {
  const world = await lost(1, muted("c0", true));
  const row = rowOf(world);
  const close = { type: "close-conference", msgId: "m-close", replyTo: host, extConfId, keepAlive: true } as FromWebex;
  await world.received("close", close);
  expect(await sendAgain(world, row)).toBe("without-webex");

  const next = { msgId: "m-next", replyTo: "http://localhost:8800" as WebexHost, extConfId: "3100418" };
  await world.received("next", createConference(next as never));
  expect(await sendAgain(world, row)).toBe("server-replaced");
});

test("nothing is sent again to a server that the settings do not have any more", async () => {
  const world = await lost(1, muted("c0", true));
  world.domain = testDomain({ webex: { hosts: ["elsewhere.example.com"] } });

  expect(await sendAgain(world)).toBe("host-not-allowed");
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  const all = world.conference.actions.sendEachAgain([{ row, transId }], "Ann");
  expect(await world.during(all)).toEqual(["host-not-allowed"]);
});

test("data for the partner's back end is sent again with its body, as long as the settings have the back end", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ passthroughUrl: "http://127.0.0.1:9/data", logs: { personal: true } });
  await world.running(1);
  world.answer = refusesAll;
  world.posted.length = 0;
  const data = { type: "passthrough", msgId: "m-data", replyTo: host, extConfId, extCallId: "1001", data: "YQ==" };
  await world.received("data", data as FromWebex);
  await world.time.pass(60_000);
  const toBackEnd = () => world.posted.filter(({ url }) => url.endsWith("/data")).map(({ body }) => body);
  const row = sentOf(world).find((post) => post.host === "*back-end")?.row ?? 0;
  const [body] = toBackEnd();
  const text = body?.replace("YQ==", "(secret)");
  expect(await world.conference.reader.givenUp(row)).toMatchObject({ text, refusal: null, again: null });

  const { domain } = world;
  world.domain = testDomain();
  expect(await sendAgain(world, row)).toBe("host-not-allowed");
  world.domain = domain;
  world.answer = () => ({ kind: "answered", status: 204, body: new Uint8Array() });
  world.posted.length = 0;
  expect(await sendAgain(world, row)).toBe("done");
  await world.time.pass(1_000);
  expect(toBackEnd()).toEqual([body]);
});

test("a row in which nothing was given up has nothing to send", async () => {
  const world = await lost(1, muted("c0", true));

  expect(await sendAgain(world, 1)).toBe("no-such-post");
  expect(await sendAgain(world, 9_999)).toBe("no-such-post");
  expect(await world.conference.reader.givenUp(1)).toBeNull();
});

const add = (store: GivenUpStore, post: GivenUpPost, cameAt = post.at) => store.add(post, cameAt);

test("the list keeps a thousand, the latest, each once, and none that is too old", () => {
  const sql = new Database();
  const store = new GivenUpStore(sql, placeOf);
  expect(store.page(null, 10)).toEqual({ posts: [], next: null });
  store.deleteBefore(5);
  const post = (at: number): GivenUpPost => ({
    ...{ conference: "5-7" as ConfKey, row: at, at, host: "tsp1", transId: "1", attempts: 3, why: "why", messages: [] },
    settledAt: null,
  });
  for (let at = 1; at <= 1_005; at += 1) add(store, post(at));
  add(store, post(1_005));

  const page = store.page(null, 2);
  expect(page.posts.map(({ at }) => at)).toEqual([1_005, 1_004]);
  expect(store.page(page.next, 2).posts.map(({ at }) => at)).toEqual([1_003, 1_002]);
  expect(store.find(page.posts[0]?.id ?? "")).toEqual(post(1_005));
  const { posts } = store.page(null, 5_000);
  expect([posts.length, posts.at(-1)?.at]).toEqual([1_000, 6]);
  store.deleteBefore(1_000);
  expect(store.page(null, 5_000).posts.map(({ at }) => at)).toEqual([1_005, 1_004, 1_003, 1_002, 1_001, 1_000]);
});

test("a document is kept by the time when it came, also where its conference is behind by a skip of the clock", () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  add(store, aPost("1", 5), 100);
  add(store, aPost("2", 6), 80);
  store = new GivenUpStore(sql, placeOf);
  store.deleteBefore(100);
  store = new GivenUpStore(sql, placeOf);

  expect(store.page(null, 10).posts.map(({ conference }) => conference)).toEqual(["1"]);
});

test.each(["oldest", "newest"] as const)(
  "documents of one time are in the order of their rows, over pages: %s",
  (order) => {
    const store = new GivenUpStore(new Database(), placeOf);
    const post: Omit<GivenUpPost, "row"> = {
      ...{ conference: "5" as ConfKey, at: 7, host: "tsp1", transId: "1", attempts: 3, why: "why", messages: [] },
      settledAt: null,
    };
    const rows = [8, 9, 10, 11];
    for (const row of rows) add(store, { ...post, row });
    add(store, { ...post, row: 7, host: "tsp2" });
    const found: number[] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page = store.page(after ?? null, 2, "tsp1", order);
      found.push(...page.posts.map(({ row }) => row));
      after = page.next;
    }

    expect(found).toEqual(order === "oldest" ? rows : rows.toReversed());
  },
);

test("the end of one conference's outage reads nothing of others, and is known also where its transaction failed", () => {
  const disk = new Database();
  let read = 0;
  const exec = (query: string, ...bindings: readonly SqlValue[]) => {
    const rows = disk.exec(query, ...bindings);
    read += rows.length;
    return rows;
  };
  const sql = { exec, transaction: <Value>(work: () => Value) => disk.transaction(work) };
  let store = new GivenUpStore(sql, placeOf);
  const post = (key: string, row: number, owed = true): GivenUpPost => ({
    ...{ conference: key as ConfKey, row, at: row, host: "tsp1", transId: "1", attempts: 3, why: "why", messages: [] },
    ...{ settledAt: null, ...(owed && { owed: true as const }) },
  });
  const settle = (key: string, row: number, at: number) =>
    store.settle(key as ConfKey, { row, index: 0, at, fact: { kind: "server-reached" } });
  const settled = () =>
    store.page(null, 1_000).posts.flatMap(({ conference, row, settledAt }) => settledAt && `${conference} ${row}`);
  for (let row = 1; row <= 990; row += 1) add(store, post(`1-${row}`, row));
  settle("0", 10_000, 7);
  read = 0;
  for (let one = 0; one < 100; one += 1) settle(`2-${one}`, 10_000, 7);
  expect(read).toBe(0);

  for (const [key, row, owed] of [
    ["7", 3],
    ["7", 4],
    ["7", 5, false],
    ["7", 9],
    ["5-7", 3],
  ] as const)
    add(store, post(key, row, owed));
  const failed = () =>
    sql.transaction(() => {
      settle("7", 9, 20);
      throw new Error("the disk is full");
    });
  expect(failed).toThrow("full");
  store.load();
  expect(settled().filter(Boolean)).toEqual([]);
  settle("7", 9, 20);
  expect(settled().filter(Boolean)).toEqual(["7 4", "7 3"]);
  store = new GivenUpStore(sql, placeOf);
  for (const at of [30, 40]) settle("7", 10, at);
  expect(settled().filter(Boolean)).toEqual(["7 9", "7 4", "7 3"]);
  expect(store.page(null, 1).posts.map(({ settledAt }) => settledAt)).toEqual([null]);
  store.deleteBefore(4);
  settle("1-990", 10_000, 50);
  expect(settled().filter(Boolean)).toEqual(["1-990 990", "7 9", "7 4"]);
});

test("what a server is owed waits, as operators see it, until the server is back", async () => {
  const world = await lost(1, muted("c0", true));
  const live = () => world.pages.at(-1)?.live;
  expect(live()).toMatchObject({ trouble: ["posts"], waiting: [{ host, documents: 1, failure: "TimeoutError" }] });
  const pause = 5 * 60_000;
  await world.time.pass(pause + pause / 10);

  expect(world.posted.map(({ body }) => /Status="1"/.test(body))).toEqual([true]);
  expect(world.stored.state.outages.size).toBe(0);
  expect(live()).toMatchObject({ trouble: [], waiting: [] });
});

/** A document of this conference for a server, given up in this row at this time. */
const aPost = (key: string, row: number, server = "tsp1", owed = false): GivenUpPost => ({
  ...{ conference: key as ConfKey, row, at: row, host: server, transId: "1", attempts: 3, why: "why", messages: [] },
  ...{ settledAt: null, ...(owed && { owed: true as const }) },
});
const settles = (row: number, expired = false) => {
  const fact = expired
    ? ({ kind: "server-settled", host: "tsp1" as WebexHost, expired: true } as const)
    : ({ kind: "server-reached" } as const);
  return { row, index: 0, at: row, fact };
};
const requests = { confirmed: 0, refused: 0 };
const ofMailbox = { host: "tsp1" as WebexHost, confirmed: 0, failed: 0, tookMs: 0, lastFailure: null };
const counted = (store: GivenUpStore) =>
  store.openByHost().map(({ about, since, latest, count }) => [about, since, latest, count]);
const acknowledge = (store: GivenUpStore, server: string, place: number) => {
  acknowledged.set(server, place);
  store.acknowledge(server, place);
};

test("what was given up is counted also where it has no row any more, by server, until its server has been told", () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  for (let row = 1; row <= 1_500; row += 1)
    add(store, aPost(String(row % 3), row, row % 2 ? "http://tsp1" : "tsp2", true));
  for (const row of [1, 400, 1_500]) add(store, aPost(String(row % 3), row, row % 2 ? "http://tsp1" : "tsp2", true));
  for (let life = 0; life < 2; life += 1) {
    expect(counted(store).toSorted()).toEqual([
      ["tsp1", 1, 1_499, 750],
      ["tsp2", 2, 1_500, 750],
    ]);
    store = new GivenUpStore(sql, placeOf);
  }
  store.settle("1" as ConfKey, settles(2_000));
  expect(counted(store).map(([, , , count]) => count)).toEqual([500, 500]);
  // Nobody told the server of this one, and none of it is told later.
  store.settle("2" as ConfKey, settles(2_000, true));
  expect(counted(store).map(([, , , count]) => count)).toEqual([500, 500]);
  store.settle("2" as ConfKey, settles(3_000));
  store.settle("0" as ConfKey, settles(3_000));
  expect(counted(store).map(([, , , count]) => count)).toEqual([250, 250]);
  // Another meeting of the same key begins its journal anew.
  add(store, { ...aPost("1", 2, "tsp2"), at: 5_000 });
  expect(counted(store).map(([, , , count]) => count)).toEqual([250, 251]);
  store.deleteBefore(6_000);
  expect(counted(store)).toEqual([]);
});

test("what is not owed stays lost, listed or not, when its conference's server is reached", () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  // To the back end, and to a server that was replaced: nobody catches up there.
  for (let row = 1; row <= 1_300; row += 1) add(store, aPost("1", row, "tsp1", row % 2 === 0));
  for (const row of [1, 2, 299]) add(store, aPost("1", row, "tsp1", row % 2 === 0));
  store.settle("1" as ConfKey, settles(2_000));
  for (let life = 0; life < 2; life += 1) {
    expect(counted(store)).toEqual([["tsp1", 1, 1_299, 650]]);
    store = new GivenUpStore(sql, placeOf);
  }
});

test("an acknowledgement covers what had come before it, however old what comes late is, and after all rows are gone", () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  const place = () => store.openByHost()[0]?.place ?? 0;
  for (let row = 1; row <= 1_100; row += 1) add(store, aPost("5", 10_000 + row));
  expect(place()).toBe(1_100);
  acknowledge(store, "tsp1", 1_100);
  expect(counted(store)).toEqual([]);
  add(store, aPost("6", 50));
  add(store, aPost("5", 10_100));
  expect(counted(store)).toEqual([["tsp1", 50, 50, 1]]);
  for (const at of [60, 70]) store.addOfNone([{ at, requests, hosts: [{ ...ofMailbox, givenUp: 2 }] }], 1_000_000);
  expect(counted(store)).toEqual([["tsp1", 50, 70, 5]]);
  const last = place();
  for (const server of ["tsp1", "tsp2"]) acknowledge(store, server, last);
  store.deleteBefore(1_000_000);
  store = new GivenUpStore(sql, placeOf);
  add(store, aPost("7", 1));
  expect(counted(store)).toEqual([["tsp1", 1, 1, 1]]);
});

test("what was acknowledged is not counted again as later documents push it out of the list, also by another life", () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  for (let row = 1; row <= 100; row += 1) add(store, aPost("7", row));
  acknowledge(store, "tsp1", 100);
  for (let row = 101; row <= 1_200; row += 1) {
    if (row % 300 === 0) store = new GivenUpStore(sql, placeOf);
    add(store, aPost("7", row));
  }
  expect(counted(store)).toEqual([["tsp1", 101, 1_200, 1_100]]);
});

test("what is given up of no conference is so now, or, where its minute is over, some time in that", () => {
  const store = new GivenUpStore(new Database(), placeOf);
  const ofNone = [{ at: 60_000, requests, hosts: [{ ...ofMailbox, givenUp: 1 }] }];
  store.addOfNone(ofNone, 100_000);
  expect(counted(store)).toEqual([["tsp1", 100_000, 100_000, 1]]);
  store.addOfNone(ofNone, 120_000);
  expect(counted(store)).toEqual([["tsp1", 60_000, 100_000, 2]]);
});

test("while documents are given up all the time, an acknowledgement covers what was seen of those without a row", () => {
  const store = new GivenUpStore(new Database(), placeOf);
  const ofNone = (at: number, host: string, givenUp: number) =>
    store.addOfNone([{ at, requests, hosts: [{ ...ofMailbox, host: host as WebexHost, givenUp }] }], 1_000_000);
  const count = () => counted(store).map(([host, , , count]) => [host, count]);
  ofNone(1, "tsp1", 50);
  ofNone(2, "http://tsp1", 20);
  const seen = store.openByHost()[0]?.place ?? 0;
  ofNone(3, "tsp2", 300);
  for (let row = 4; row <= 8; row += 1) add(store, aPost("7", row));
  ofNone(9, "tsp1", 2);
  acknowledge(store, "tsp1", seen);
  expect(count()).toEqual([
    ["tsp1", 7],
    ["tsp2", 300],
  ]);
  ofNone(10, "tsp1", 1);
  acknowledge(store, "tsp1", seen + 7);
  expect(count().toSorted()).toEqual([
    ["tsp1", 1],
    ["tsp2", 300],
  ]);
});

test("after a transaction that failed, what is counted is what is on disk", () => {
  const sql = new Database();
  const store = new GivenUpStore(sql, placeOf);
  add(store, aPost("1", 1));
  const failed = () =>
    sql.transaction(() => {
      add(store, aPost("1", 2));
      expect(counted(store)).toEqual([["tsp1", 1, 2, 2]]);
      throw new Error("the disk is full");
    });
  expect(failed).toThrow("full");
  store.load();
  expect(counted(store)).toEqual([["tsp1", 1, 1, 1]]);
});

test("a flood of conferences does not fill the disk: beyond 11,000, what has no row is counted by server alone", () => {
  const sql = new Database();
  const store = new GivenUpStore(sql, placeOf);
  for (let row = 1; row <= 11_100; row += 1) add(store, aPost(String(row), row, "tsp1", true));
  expect(sql.exec("SELECT count(*) AS count FROM given_up_unlisted")).toEqual([{ count: 10_001 }]);
  expect(counted(store)).toEqual([["tsp1", 1, 11_100, 11_100]]);
});

test("an outage of 5,000 conferences is over once their server is reached, in another life too", slow, () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  for (let row = 1; row <= 5_000; row += 1) add(store, aPost(String(row), row, "tsp1", true));
  store = new GivenUpStore(sql, placeOf);
  expect(counted(store)).toEqual([["tsp1", 1, 5_000, 5_000]]);
  for (let row = 1; row <= 5_000; row += 1) store.settle(String(row) as ConfKey, settles(6_000));
  expect(counted(store)).toEqual([]);
});

test("what is settled makes room for what is open, outage after outage, and gives no place again", slow, () => {
  const sql = new Database();
  let store = new GivenUpStore(sql, placeOf);
  let row = 0;
  const outage = (name: string, conferences: number, documents: number) => {
    for (let one = 0; one < conferences * documents; one += 1) {
      row += 1;
      add(store, aPost(`${name}-${one % conferences}`, row, "tsp1", true));
    }
    for (let one = 0; one < conferences; one += 1) store.settle(`${name}-${one}` as ConfKey, settles(row + 1));
  };
  add(store, aPost("0", 0, "tsp2", true));
  store.settle("0" as ConfKey, settles(1));
  outage("1", 1_000, 2);
  expect(counted(store)).toEqual([]);
  outage("2", 100, 20);
  expect(counted(store)).toEqual([]);
  outage("3", 10_100, 3);
  expect(sql.exec("SELECT count(*) AS count FROM given_up_unlisted")).toEqual([{ count: 10_002 }]);
  store = new GivenUpStore(sql, placeOf);
  for (const server of ["tsp1", "tsp2"]) add(store, aPost(server, row + 1, server));
  expect(store.openByHost().map(({ about, place }) => [about, place])).toEqual([
    ["tsp1", row + 1],
    ["tsp2", 2],
  ]);
});

test("in an outage each document costs a row, however many are kept", () => {
  const disk = new Database();
  let read = 0;
  const exec = (query: string, ...bindings: readonly SqlValue[]) => {
    const rows = disk.exec(query, ...bindings);
    read += rows.length;
    return rows;
  };
  const store = new GivenUpStore({ exec, transaction: (work) => disk.transaction(work) }, placeOf);
  for (let row = 1; row <= 1_500; row += 1) {
    add(store, aPost(String(row % 700), row));
    expect(store.openByHost().map(({ count }) => count)).toEqual([row]);
  }
  expect(read).toBeLessThan(10);
});
