import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Directory } from "../../durable-objects/directory/directory.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { HttpAnswer, PostRequest } from "../../durable-objects/platform/post.ts";
import type { CallId, DomainName } from "../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import type { ConferenceBatch } from "../../src/rpc/directory-feed.ts";
import type { Domain } from "../../src/settings/load.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { testDomain } from "../local-domain.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { aBatch } from "./a-batch.ts";
import { ConferenceWorld, callerEntered, callerLeft, confKey, createConference } from "./conference-world.ts";
import { alertsIn } from "./directory/world.ts";
import { aDirectory } from "./fakes.ts";

const domain = "local" as DomainName;
const url = "https://voice.example.com/events";
const secret = `whsec_${btoa("a secret of twenty-four b")}`;
const older = `whsec_${btoa("another one, from before!")}`;
const receiver = { url, secretFrom: "WEBHOOK_SECRET_ACME" };
const gone: HttpAnswer = { kind: "failed", reason: "nobody listens" };
const answered = (status: number): HttpAnswer => ({ kind: "answered", status, body: new Uint8Array() });
const taken = answered(204);

type Receiver = typeof receiver;
type Posted = Extract<PostRequest, { readonly headers: unknown }> & { readonly at: number };

/** A directory whose domain has a receiver of webhooks, and what that gets. */
class World {
  readonly time = new Clock(worldBegins);
  readonly sql = new Database();
  readonly measures = new Measures();
  readonly lines: LogLine[] = [];
  readonly posted: Posted[] = [];
  domain: Domain | null = testDomain({ webhooks: [receiver] });
  secret: string | undefined = secret;
  answer: (event: ReturnType<typeof read>) => HttpAnswer | Promise<HttpAnswer> = () => taken;
  alarmAt: number | null = null;
  /** Of the machine's clock. */
  setBackMs = 0;
  #life = 0;
  directory = this.start();

  /** A new life of the object: what the one before had under way is gone. */
  start(): Directory {
    this.#life += 1;
    const life = this.#life;
    this.directory = aDirectory(this.time, {
      sql: this.sql,
      measures: this.measures,
      now: () => this.time.now - this.setBackMs,
      machineNow: () => this.time.now - this.setBackMs,
      log: (line) => this.lines.push(line),
      domain: () => this.domain,
      secret: (name) => (name === receiver.secretFrom ? this.secret : undefined),
      post: async (request) => {
        if (!("headers" in request)) throw new Error("this is no webhook");
        this.posted.push({ ...request, at: this.time.now });
        const answer = await this.answer(read(request));
        return life === this.#life ? answer : new Promise(() => {});
      },
      setAlarm: async (at) => {
        this.alarmAt = at;
      },
      getAlarm: async () => this.alarmAt,
      deleteAll: async () => this.sql.clear(),
    });
    return this.directory;
  }

  /** Lets time go by, with the alarms that come. */
  async pass(ms: number): Promise<void> {
    const end = this.time.now + ms;
    await this.time.pass(0);
    while (this.alarmAt !== null && this.alarmAt <= end) {
      await this.time.pass(Math.max(0, this.alarmAt - this.time.now));
      this.alarmAt = null;
      await this.directory.alarm();
      await this.time.pass(0);
    }
    await this.time.pass(end - this.time.now);
  }

  async publish(batch: ConferenceBatch): Promise<void> {
    await this.directory.publish(batch);
    await this.time.pass(0);
  }

  /** Calls that joined, one after the other; the first behind the begin of their conference. */
  joins(...calls: readonly string[]): Promise<void> {
    return this.publish(
      aBatch({ running: { people: calls.map((call) => ({ call: call as CallId, number: "1408" })) } }),
    );
  }

  get events(): string[] {
    return this.posted.map((post) => read(post).name);
  }

  get rows(): number {
    return Number(this.sql.exec("SELECT count(*) AS rows FROM webhook")[0]?.rows);
  }
}

/** What a post is about, in short. */
function read({ body }: Pick<PostRequest, "body">) {
  const { type, data } = JSON.parse(body) as { type: string; data: { conference: string; call?: string } };
  return { type, name: [type, data.call ?? data.conference].join(" "), data };
}

const left = (call: string) => aCallRecord({ conference: confKey, call, enteredAt: worldBegins, endedAt: worldBegins });

function conferenceOver(life: number, more: object = {}) {
  const at = worldBegins + life;
  return aConferenceRecord({ conference: confKey, life, createdAt: at, runningAt: at, endedAt: at, ...more });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: worldBegins });
});

afterEach(() => {
  vi.useRealTimers();
});

test("a meeting is told in order, each event signed under its own id", async () => {
  const world = new World();
  const conference = new ConferenceWorld();
  conference.domain = testDomain({ webhooks: [receiver] });
  conference.publish = (batch) => world.directory.publish(batch);
  const both = async (ms: number) => {
    await conference.time.pass(ms);
    await world.pass(ms);
  };
  await conference.received("create", createConference());
  await both(2_000);
  expect(world.events).toEqual([]);
  await conference.allDone();
  await both(2_000);
  await conference.reported(callerEntered(1), callerEntered(2));
  await both(2_000);
  await conference.reported(callerLeft(1));
  await both(2_000);
  await conference.reported(callerEntered(3));
  await conference.reported(callerLeft(3));
  await conference.reported({ type: "event", event: { type: "conference-ended" } });
  await both(5_000);

  expect(world.events).toEqual([
    `conference.started ${confKey}`,
    "call.joined c1",
    "call.joined c2",
    "call.left c1",
    "call.joined c3",
    "call.left c3",
    "call.left c2",
    `conference.ended ${confKey}`,
  ]);
  for (const { headers, body } of world.posted) {
    const { name } = read({ body });
    expect(new Webhook(secret).verify(body, { ...headers }), name).toMatchObject({ timestamp: expect.any(String) });
    expect(() => new Webhook(secret).verify(`${body} `, { ...headers }), name).toThrow("No matching signature");
  }
  const ids = world.posted.map(({ headers }) => headers["webhook-id"] ?? "");
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.join()).not.toContain(".");
  expect(world.rows).toBe(0);
  expect(read(world.posted.at(-1) ?? { body: "{}" }).data).toMatchObject({ calls: 3, endedBy: "telephone" });
});

test("while a receiver does not answer all wait, with growing pauses", async () => {
  const world = new World();
  await world.joins("c0");
  world.posted.length = 0;
  world.answer = () => gone;
  const begin = world.time.now;
  await world.joins("c1");
  await world.joins("c2");
  await world.pass(3 * 3_600_000);
  expect(world.posted.map(({ at }) => (at - begin) / 1_000)).toEqual([0, 5, 305, 2_105, 9_305]);
  expect(new Set(world.events)).toEqual(new Set(["call.joined c1"]));
  expect(await world.directory.webhooks(domain)).toMatchObject([
    {
      url,
      waiting: 2,
      oldestAt: worldBegins,
      failure: { since: begin, attempts: 5, why: "nobody listens" },
      givenUp: 0,
    },
  ]);

  world.start();
  world.answer = () => taken;
  await world.pass(dayMs);
  expect(world.events.slice(5, 7)).toEqual(["call.joined c1", "call.joined c2"]);
  const [first, again] = [world.posted[0], world.posted[5]];
  expect(again?.body).toBe(first?.body);
  expect(again?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  expect(world.lines.map(({ event }) => event)).toEqual(["webhook-fails", "webhook-works-again"]);
  expect(await world.directory.webhooks(domain)).toMatchObject([{ waiting: 0, oldestAt: null, failure: null }]);
});

test.each([
  ["ahead until a restart", [-2 * dayMs, 0, 0]],
  ["set back in the object's run", [0, 8 * hourMs, 8 * hourMs]],
  ["set back at a restart", [0, 0, 8 * hourMs]],
])("nothing waits for longer than its pause when the clock is %s", async (_, [first = 0, second = 0, third = 0]) => {
  for (const failed of [gone, answered(404)]) {
    const world = new World();
    world.setBackMs = first;
    await world.joins("c0");
    world.answer = () => failed;
    world.setBackMs = second;
    await world.joins("c1");
    world.answer = () => taken;
    world.setBackMs = third;
    if (third !== second || first !== 0) world.start();
    await world.directory.alarm();
    await world.time.pass(5_000);
    await world.directory.alarm();
    await world.time.pass(0);
    expect(world.events.slice(2), failed.kind).toEqual(["call.joined c1", "call.joined c1"]);
  }
});

test.each([301, 302, 400, 404, 410])(
  "an event that is answered with %d is passed by others and comes again",
  async (status) => {
    const world = new World();
    world.answer = ({ name }) => (name.endsWith("c1") ? answered(status) : taken);
    await world.joins("c1", "c2");
    await world.joins("c3");
    expect(world.events.slice(1)).toEqual(["call.joined c1", "call.joined c2", "call.joined c3"]);
    expect(world.lines).toMatchObject([
      {
        event: "webhook-refused",
        why: expect.stringContaining(`HTTP status ${status}`),
        receiver: "voice.example.com",
      },
    ]);
    expect(await world.directory.webhooks(domain)).toMatchObject([{ waiting: 1, refused: 1, failure: null }]);
    world.answer = () => taken;
    await world.pass(5_000);
    expect(await world.directory.webhooks(domain)).toMatchObject([{ waiting: 0, refused: 0 }]);
    expect(world.events.at(-1)).toBe("call.joined c1");
  },
);

test.each([408, 429, 500, 503])("status %d is of the receiver, and not of the event", async (status) => {
  const world = new World();
  world.answer = () => answered(status);
  await world.joins("c1");
  expect(world.events).toEqual([`conference.started ${confKey}`]);
  expect(world.lines).toMatchObject([{ event: "webhook-fails", why: `HTTP status ${status}` }]);
});

test.each([
  ["is away", gone],
  ["refuses them", answered(410)],
])("events wait three days from when they came for a receiver that %s, and are then given up", async (_, answer) => {
  const world = new World();
  await world.pass(40 * dayMs);
  world.answer = () => answer;
  const came = world.time.now;
  await world.joins("c1");
  await world.pass(2 * dayMs);
  expect(await world.directory.webhooks(domain)).toMatchObject([{ waiting: 2, oldestAt: came, givenUp: 0 }]);
  await world.pass(4 * dayMs);
  const givenUp = world.lines.filter(({ event, level }) => event === "webhook-given-up" && level === "error");
  expect(givenUp.reduce((sum, { events }) => sum + Number(events), 0)).toBe(2);
  const view = { waiting: 0, oldestAt: null, givenUp: 2, lastGivenUpAt: expect.any(Number) };
  expect(await world.directory.webhooks(domain)).toMatchObject([view]);
  const metrics = world.measures.text([testDomain({ webhooks: [receiver] })]);
  expect(metrics).toContain('bridgehead_webhooks_total{domain="local",outcome="given-up"} 2');
});

test("a receiver that is dead for hours has so many waiting and no more", async () => {
  const world = new World();
  world.answer = () => gone;
  const many = Array.from({ length: 10_001 }, (_, index) => `c${index}`);
  await world.joins(...many);
  expect(world.rows).toBe(10_000);
  expect(world.lines.at(-1)).toMatchObject({ event: "webhook-given-up", events: 2 });
});

test("a slow receiver has so many waiting and no more", async () => {
  const world = new World();
  const slow = "https://slow.example.com/events";
  world.domain = testDomain({ webhooks: [{ ...receiver, url: slow }, receiver] });
  const answers: (() => void)[] = [];
  world.answer = () =>
    world.posted.at(-1)?.url === slow ? new Promise((resolve) => answers.push(() => resolve(taken))) : taken;
  for (let index = 0; index < 1_000; index++) await world.joins(`c${index}`);
  await world.joins(...Array.from({ length: 10_500 }, (_, index) => `d${index}`));
  for (let index = 0; index < 1_000; index++) {
    answers.pop()?.();
    await world.time.pass(0);
  }

  expect(world.rows).toBe(10_000);
  expect(world.lines.at(-1)).toMatchObject({ event: "webhook-given-up", receiver: "slow.example.com", events: 501 });
});

test("an object killed during a post posts it again under its id", async () => {
  const world = new World();
  world.answer = () => new Promise(() => {});
  await world.joins("c1");
  world.start();
  world.answer = () => taken;
  await world.pass(60_000);

  expect(world.events).toEqual([`conference.started ${confKey}`, `conference.started ${confKey}`, "call.joined c1"]);
  const [first, again] = world.posted;
  expect(again?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
});

test("events of a later life of the object stand behind those that wait", async () => {
  const world = new World();
  world.answer = () => gone;
  await world.joins("c1", "c2");
  world.start();
  await world.joins("c3");
  world.answer = () => taken;
  const before = world.posted.length;
  await world.pass(600_000);

  expect(world.events.slice(before + 1)).toEqual(["call.joined c1", "call.joined c2", "call.joined c3"]);
});

test("a receiver has one post at a time, whatever happens meanwhile", async () => {
  const world = new World();
  const answers: ((answer: HttpAnswer) => void)[] = [];
  world.answer = () => new Promise((resolve) => answers.push(resolve));
  await world.joins("c1");
  await world.joins("c2");
  await world.directory.alarm();
  await world.time.pass(0);
  expect(world.events).toEqual([`conference.started ${confKey}`]);

  world.answer = () => taken;
  for (const answer of answers) answer(taken);
  await world.time.pass(0);
  expect(world.events).toEqual([`conference.started ${confKey}`, "call.joined c1", "call.joined c2"]);
});

test("what comes twice is told once, also by the next life of the directory", async () => {
  const world = new World();
  const people = [{ call: "c1" as CallId }];
  const begins = aBatch({ running: { people, createdAt: worldBegins + 1 }, records: [left("c2")] });
  const over = aBatch({ records: [left("c3"), conferenceOver(1)] });
  for (const batch of [begins, over, begins]) {
    await world.publish(batch);
    await world.publish(batch);
    world.start();
    await world.publish(batch);
  }

  expect(world.events).toEqual([
    "call.joined c2",
    "call.joined c1",
    "call.left c2",
    `conference.started ${confKey}`,
    "call.joined c3",
    "call.left c3",
    `conference.ended ${confKey}`,
  ]);
});

test("a conference that ends and begins anew in one batch is told in order", async () => {
  const world = new World();
  const records = [conferenceOver(1), conferenceOver(2, { runningAt: null })];
  await world.publish(aBatch({ running: { life: 3, createdAt: worldBegins + 3 }, records }));
  expect(world.posted.map((post) => [read(post).type, (read(post).data as { life?: number }).life])).toEqual([
    ["conference.started", 1],
    ["conference.ended", 1],
    ["conference.ended", 2],
    ["conference.started", 3],
  ]);
});

test("without its secret nothing is posted; with two, each post is signed by both", async () => {
  const world = new World();
  world.secret = undefined;
  await world.joins("c1");
  expect(world.posted).toEqual([]);
  expect(world.lines).toMatchObject([{ event: "webhook-fails", why: "the secret WEBHOOK_SECRET_ACME is not set" }]);

  world.secret = "no base64 !";
  await world.pass(5_000);
  expect(world.posted).toEqual([]);

  world.secret = `${secret} ${older}`;
  await world.pass(dayMs);
  const [post] = world.posted;
  if (!post) return expect.unreachable();
  vi.setSystemTime(post.at);
  expect(() => new Webhook(secret).verify(post.body, { ...post.headers })).not.toThrow();
  expect(() => new Webhook(older).verify(post.body, { ...post.headers })).not.toThrow();
});

test("two receivers get all events, and lose what waits for them with their place in the settings", async () => {
  const world = new World();
  const other = { ...receiver, url: "https://other.example.com/" };
  world.domain = testDomain({ webhooks: [receiver, other] });
  await world.joins("c1");
  for (const to of [url, other.url])
    expect(world.posted.filter((post) => post.url === to).map((post) => read(post).name)).toEqual([
      `conference.started ${confKey}`,
      "call.joined c1",
    ]);
  world.answer = () => gone;
  await world.joins("c2");
  expect(world.rows).toBe(2);
  world.domain = testDomain({ webhooks: [other] });
  await world.pass(3_600_000);
  expect((await world.directory.webhooks(domain)).map(({ waiting }) => waiting)).toEqual([1]);
  expect(world.rows).toBe(1);
});

test("receivers that differ in secrets have their own alerts, which begin at 0 with their place in the settings", async () => {
  const world = new World();
  const [one, other] = ["one", "other"].map((key) => ({ ...receiver, url: `${url}?key=${key}` })) as [
    Receiver,
    Receiver,
  ];
  world.domain = testDomain({ webhooks: [one, other] });
  world.answer = () => gone;
  const lose = async (...calls: readonly string[]) => {
    await world.joins(...calls);
    await world.pass(5 * dayMs);
  };
  const shown = () => alertsIn(world.directory, world.time.now, "webhooks-undelivered");
  await lose("c1", "c2");
  const before = await shown();
  expect(before.map(({ about, count }) => [about, count])).toEqual(Array(2).fill([`${url}?…`, 3]));
  expect(new Set(before.map(({ id }) => id)).size).toBe(2);
  for (const { id } of before)
    await world.directory.alertStore.acknowledge(domain, { id, upTo: 3, by: "anna", note: "known" });
  await world.pass(400 * dayMs);
  expect(await shown()).toEqual([]);
  world.domain = testDomain({ webhooks: [other] });
  await world.pass(dayMs);
  world.domain = testDomain({ webhooks: [one, other] });
  await lose("c3");
  expect((await shown()).map(({ id, count }) => [id, count])).toEqual(before.map(({ id }) => [id, 1]));
});
