import { beforeEach, expect, test } from "vitest";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { WebexHost } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, extConfId, host } from "./conference-world.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };
const refusesAll = () => failed;

/** By TSP server, up to which place somebody has acknowledged what was given up. */
const acknowledged = new Map<string, number>();
beforeEach(() => acknowledged.clear());

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
