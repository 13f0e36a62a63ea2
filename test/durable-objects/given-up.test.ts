import { expect, test } from "vitest";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { Report } from "../../src/bridge/events.ts";
import { event } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, createConference, host, request } from "./conference-world.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };
const refusesAll = () => failed;

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
const ended = event({ type: "conference-ended" });
const endsAndIsTold = (world: ConferenceWorld) => world.reported(ended).then(() => world.time.pass(5_000));
const muted = (call: string, muted: boolean) => event({ type: "caller-muted", call, muted });

test("reports an undelivered document with its server, attempts and reason", async () => {
  const world = await lost(1, muted("c0", true));

  expect(sentOf(world)).toEqual([
    {
      kind: "post-given-up",
      row: expect.any(Number),
      at: expect.any(Number),
      host,
      transId: expect.any(String),
      attempts: 3,
      why: "TimeoutError",
      messages: [{ type: "caller-changed", msgId: expect.any(String) }],
      lastFailed: true,
      owed: true,
    },
  ]);
});

test("reports an undelivered document alike after a restart or a lost directory", async () => {
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
  expect(others).toEqual(others.map(() => first));
});

test.each([
  ["full", /DID="14085551234"/],
  ["masked", /DID="\*{9}34"/],
  ["none", /^(?!.*DID=)/s],
] as const)(
  "the text of an undelivered document shows numbers as the settings say: %s",
  async (recordsPersonal, did) => {
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
  },
);

test("resends an undelivered document under a new TransID with its MsgID", async () => {
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

test("resends an undelivered document once, whoever asks", async () => {
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

test("a failed resend leaves the backlog unchanged", async () => {
  const world = await lost(2, muted("c0", true), muted("c1", true));
  const confirms = world.answer;
  const oldest = () => world.pages.findLast(({ live }) => live)?.live?.waiting.map(({ oldestAt }) => oldestAt);
  const before = oldest();
  const row = rowOf(world);
  const { length } = world.facts;
  world.answer = refusesAll;

  expect(await sendAgain(world, row)).toBe("done");
  await world.time.pass(10_000);
  expect(new Set(world.posted.map(({ transId }) => transId)).size).toBe(1);
  expect(world.facts.slice(length).filter(({ kind }) => /server|given-up/.test(kind))).toEqual([]);
  expect(oldest()).toEqual(before);
  const again = async () => (await world.conference.reader.givenUp(row))?.again?.told;
  expect(await again()).toEqual({ owed: 2, owedSince: expect.any(Number) });
  world.answer = confirms;
  await world.time.pass(400_000);
  expect(await again()).toMatchObject({ confirmedAt: expect.any(Number) });
});

test("a resend during a probe posts nothing twice", async () => {
  const world = await lost(1, muted("c0", true));
  const confirms = world.answer;
  let confirm = () => {};
  world.answer = (posted) => new Promise((resolve) => (confirm = () => resolve(confirms(posted))));
  while (world.posted.length === 0) await world.time.pass(10_000);
  await world.time.pass(1_000);
  expect(await sendAgain(world)).toBe("done");
  const told = async () => (await world.conference.reader.givenUp(rowOf(world)))?.again?.told;
  expect(await told()).toEqual({ owed: 1, owedSince: expect.any(Number) });
  confirm();
  await world.time.pass(6_000);

  expect(await told()).toEqual({ notBecause: expect.stringContaining("was notified later") });
  expect(world.posted).toHaveLength(1);
});

test("a resend brings all pending notifications, as they are now", async () => {
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
});

test.each<[string, Report, (world: ConferenceWorld) => Promise<unknown>, string]>([
  ["whose caller has left", callerEntered(1), (world) => world.reported(callerLeft(1)), "outdated"],
  ["whose mute was undone", muted("c0", true), (world) => world.reported(muted("c0", false)), "outdated"],
  ["whose server was notified since", muted("c0", true), (world) => world.time.pass(60_000), "told-since"],
  ["of a conference that has ended", muted("c0", true), (world) => world.reported(ended), "owed-after-end"],
  ["of an end that is known", muted("c0", true), endsAndIsTold, "conference-over"],
  [
    "of a former conference of the key",
    muted("c0", true),
    async (world) => {
      await endsAndIsTold(world);
      await world.received("anew", createConference({ msgId: "m-anew" }));
      await world.allDone();
    },
    "conference-over",
  ],
  [
    "of a conference that goes on without WebEx",
    muted("c0", true),
    (world) => world.received("close", request("close-conference", { keepAlive: true })),
    "without-webex",
  ],
  [
    "for a server that was replaced",
    muted("c0", true),
    (world) => world.received("next", createConference({ replyTo: "http://localhost:8800", extConfId: "3100418" })),
    "server-replaced",
  ],
  [
    "for a server that the settings lack",
    muted("c0", true),
    async (world) => {
      world.domain = testDomain({ webex: { hosts: ["elsewhere.example.com"] } });
    },
    "host-not-allowed",
  ],
])("refuses to resend a document %s", async (_, report, then, refusal) => {
  const world = await lost(1, report);
  const row = rowOf(world);
  await then(world);
  world.posted.length = 0;

  expect(await sendAgain(world, row)).toBe(refusal);
  expect(world.posted).toEqual([]);
});

test("the server of an ended conference is probed at once, on request", async () => {
  const world = await lost(1, muted("c0", true));
  const confirms = world.answer;
  const { row, transId } = sentOf(world).at(-1) ?? { row: 0, transId: "" };
  const documents = Array.from({ length: 50 }, () => ({ row, transId }));
  const all = (person: string | null) => world.during(world.conference.actions.sendEachAgain(documents, person));
  await world.reported(ended);
  world.posted.length = 0;
  world.answer = refusesAll;
  const probed = documents.map(() => "probed");
  expect(await all(null)).toEqual(probed);
  expect(await all("Ann")).toEqual(probed);
  expect(await all("Ann")).toEqual(probed);
  const { items } = await world.during(world.conference.reader.story(0));
  expect(items.filter(({ what }) => what === "asks whether it is back").map(({ facts }) => facts)).toEqual([
    { host, person: "Ann" },
  ]);
  await world.time.pass(60_000);

  world.answer = confirms;
  world.posted.length = 0;
  expect(await all("Ann")).toEqual(probed);
  await world.time.pass(500);
  expect(world.posted.map(({ body }) => /<A2W_\w+/.exec(body)?.[0])).toEqual(["<A2W_NotifyConferenceChange"]);
});

test("a resend that failed probes the server on the next request", async () => {
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

test("resends client data to the back end with its body", async () => {
  const world = new ConferenceWorld();
  world.domain = testDomain({ passthroughUrl: "http://127.0.0.1:9/data", logs: { personal: true } });
  await world.running(1);
  world.answer = refusesAll;
  world.posted.length = 0;
  await world.received("data", request("passthrough", { extCallId: "1001", data: "YQ==" }));
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

test("resends nothing for a row without an undelivered document", async () => {
  const world = await lost(1, muted("c0", true));

  expect(await sendAgain(world, 1)).toBe("no-such-post");
  expect(await sendAgain(world, 9_999)).toBe("no-such-post");
  expect(await world.conference.reader.givenUp(1)).toBeNull();
});
