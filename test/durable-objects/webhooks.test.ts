import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Directory } from "../../durable-objects/directory/directory.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { HttpAnswer, PostRequest } from "../../durable-objects/platform/post.ts";
import type { BridgeName, CallId, DomainName, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import { troubleOf } from "../../src/operators/trouble.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { DirectoryFact } from "../../src/records/directory-facts.ts";
import type { FactPage } from "../../src/rpc/directory-feed.ts";
import type { Domain } from "../../src/settings/load.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld, callerEntered, callerLeft, confKey, createConference } from "./conference-world.ts";
import { aPage } from "./fact-page.ts";
import { aDirectory } from "./fakes.ts";

const domain = "local" as DomainName;
const url = "https://voice.example.com/events";
const secret = `whsec_${btoa("a secret of twenty-four b")}`;
const older = `whsec_${btoa("another one, from before!")}`;
const receiver = { url, secretFrom: "WEBHOOK_SECRET_ACME" };
const taken: HttpAnswer = { kind: "answered", status: 204, body: new Uint8Array() };
const gone: HttpAnswer = { kind: "failed", reason: "nobody listens" };

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
  doubtMs = 0;
  /** What of the directory's time has ever gone on at once. */
  skippedMs = 0;
  #life = 0;
  #isCreated = false;
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
      doubtMs: () => this.doubtMs,
      skippedMs: () => this.skippedMs,
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

  async follow(page: FactPage): Promise<void> {
    await this.directory.follow(page);
    await this.time.pass(0);
  }

  /** Calls that joined, one after the other; the first behind the begin of their conference. */
  async joins(...calls: readonly string[]): Promise<void> {
    const facts = [...(this.#isCreated ? [] : [created()]), ...calls.map((call) => joined(call))];
    this.#isCreated = true;
    await this.follow(aPage({ running: {}, facts }));
  }

  get events(): string[] {
    return this.posted.map((post) => read(post).name);
  }

  get rows(): number {
    return this.sql.exec("SELECT id FROM webhook").length;
  }
}

/** What a post is about, in short. */
function read({ body }: Pick<PostRequest, "body">) {
  const { type, data } = JSON.parse(body) as { type: string; data: { conference: string; call?: string } };
  return { type, name: [type, data.call ?? data.conference].join(" "), data };
}

function created(life = 1): DirectoryFact {
  const [host, bridge] = ["tsp" as WebexHost, "main" as BridgeName];
  return { kind: "conference-created", life, createdAt: worldBegins + life - 1, host, bridge };
}

function joined(call: string): DirectoryFact {
  return {
    kind: "call-entered",
    life: 1,
    began: 2,
    call: call as CallId,
    extCallId: null,
    direction: "in",
    number: "1408",
    attendeeId: null,
    participantType: "participant",
  };
}

function left(call: string): DirectoryRecord {
  const times = { dialledAt: null, enteredAt: worldBegins, endedAt: worldBegins };
  return { kind: "call", conference: confKey, life: 1, began: 2, call, ...times } as unknown as DirectoryRecord;
}

function conferenceOver(life: number): DirectoryRecord {
  return {
    kind: "conference",
    conference: confKey,
    life,
    createdAt: worldBegins + life - 1,
    runningAt: worldBegins,
    endedAt: worldBegins,
    webexHosts: ["tsp"],
    bridge: "main",
  } as unknown as DirectoryRecord;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: worldBegins });
});

afterEach(() => {
  vi.useRealTimers();
});

test("a meeting is told from its begin to its end, in order, each event signed and with an id of its own", async () => {
  const world = new World();
  const conference = new ConferenceWorld();
  conference.domain = testDomain({ webhooks: [receiver] });
  conference.follow = (page) => world.directory.follow(page);
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
  // Came and went between two looks of the directory.
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

test("an event costs two rows written, and all changes of who is in within five seconds one, also without receivers", async () => {
  const world = new World();
  await world.joins("c1");
  const rows = async (page: FactPage) => {
    const before = world.sql.rowsWritten;
    await world.follow(page);
    return world.sql.rowsWritten - before;
  };
  // One is of the counts, which a page with posts writes anyway.
  expect(await rows(aPage({ running: {}, facts: [joined("c2"), joined("c3")] }))).toBe(2 * 2 + 1 + 1);
  expect(await rows(aPage({ running: { callers: 2 }, records: [left("c2")] }))).toBe(2 + 1 + 1);

  const quiet = new World();
  quiet.domain = testDomain();
  await quiet.follow(aPage({ running: {} }));
  await quiet.pass(5_000);
  const then = quiet.sql.rowsWritten;
  await quiet.follow(aPage({ running: { trouble: ["posts"] }, facts: [joined("c1")] }));
  await quiet.follow(aPage({ running: { callers: 4 }, facts: [joined("c2")] }));
  // What became of the calls is counted in a row of each page.
  expect(quiet.sql.rowsWritten - then).toBe(2);
  await quiet.pass(5_000);
  expect(quiet.sql.rowsWritten - then).toBe(2 + 1);
  expect(quiet.posted).toEqual([]);
});

test("each receiver gets all events", async () => {
  const world = new World();
  const other = "https://other.example.com/";
  world.domain = testDomain({ webhooks: [receiver, { ...receiver, url: other }] });
  await world.joins("c1");
  await world.pass(0);

  const of = (to: string) => world.posted.filter((post) => post.url === to).map((post) => read(post).name);
  for (const to of [url, other]) expect(of(to)).toEqual([`conference.started ${confKey}`, "call.joined c1"]);
});

test("while a receiver does not answer all wait, with growing pauses; then they come in order, as they were", async () => {
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
  ["of a receiver that is away", gone],
  ["of an event that was refused", { ...taken, status: 404 }],
])("a clock that is set back lengthens no pause %s", async (_, failed) => {
  const world = new World();
  world.answer = () => failed;
  await world.follow(aPage({ running: {}, facts: [created()] }));
  world.answer = () => taken;
  world.setBackMs = 3_600_000;
  for (const call of ["c1", "c2"]) {
    await world.time.pass(5_000);
    await world.follow(aPage({ running: {}, facts: [joined(call)] }));
  }

  expect(world.events.slice(1).sort()).toEqual(["call.joined c1", "call.joined c2", `conference.started ${confKey}`]);
});

test.each([
  { ahead: "the clock was ahead, and goes right before a restart", setBackMs: [-2 * dayMs, 0, 0] },
  {
    ahead: "the clock is set back, and then the receiver fails, and then comes a restart",
    setBackMs: [0, 8 * hourMs, 8 * hourMs],
  },
  { ahead: "the clock is set back by less than a pause after a restart", setBackMs: [0, 0, 8 * hourMs] },
])("nothing waits for longer than its pause: $ahead", async ({ setBackMs: [first = 0, second = 0, third = 0] }) => {
  for (const failed of [gone, { ...taken, status: 404 }]) {
    const world = new World();
    world.setBackMs = first;
    await world.joins("c0");
    world.answer = () => failed;
    world.setBackMs = second;
    await world.joins("c1");
    world.answer = () => taken;
    world.setBackMs = third;
    world.start();
    await world.directory.alarm();
    await world.time.pass(5_000);
    await world.directory.alarm();
    await world.time.pass(0);

    expect(world.events.slice(2), failed.kind).toEqual(["call.joined c1", "call.joined c1"]);
  }
});

test("an event that a receiver refuses is passed by the others, and comes again", async () => {
  const world = new World();
  world.answer = ({ name }) => (name.endsWith("c1") ? { ...taken, kind: "answered", status: 400 } : taken);
  await world.joins("c1", "c2");
  await world.joins("c3");
  expect(world.events.slice(1)).toEqual(["call.joined c1", "call.joined c2", "call.joined c3"]);
  expect(world.lines).toMatchObject([
    { event: "webhook-refused", why: "HTTP status 400", receiver: "voice.example.com" },
  ]);
  const shown = async () => (await world.directory.webhooks(domain)).map(({ waiting, refused }) => [waiting, refused]);
  expect(await shown()).toEqual([[1, 1]]);

  world.answer = () => taken;
  await world.pass(5_000);
  expect(await shown()).toEqual([[0, 0]]);
  expect(world.events.at(-1)).toBe("call.joined c1");
  expect(world.rows).toBe(0);
});

test.each([301, 302, 404, 410])(
  "an event that is answered with %d has not come to its receiver, and comes again",
  async (status) => {
    const world = new World();
    await world.joins("c1");
    world.answer = () => ({ kind: "answered", status, body: new Uint8Array() });
    await world.joins("c2");
    world.answer = () => taken;
    await world.pass(5_000);
    expect(world.events.slice(2)).toEqual(["call.joined c2", "call.joined c2"]);
    expect(world.rows).toBe(0);
  },
);

test.each([408, 429, 500, 503])("status %d is of the receiver, and not of the event", async (status) => {
  const world = new World();
  world.answer = () => ({ kind: "answered", status, body: new Uint8Array() });
  await world.joins("c1");
  expect(world.events).toEqual([`conference.started ${confKey}`]);
  expect(world.lines).toMatchObject([{ event: "webhook-fails", why: `HTTP status ${status}` }]);
});

test("what nobody took is tried on as long as one clock alone says that it is three days old", async () => {
  const world = new World();
  world.answer = () => gone;
  world.doubtMs = 3 * dayMs;
  await world.joins("c1");
  await world.pass(5 * dayMs);
  expect(world.rows).toBe(2);
  await world.pass(2 * dayMs);
  expect(world.rows).toBe(0);
});

test("what went on at once, since the clock was set right, makes no event old; what did so before counts for nothing", async () => {
  const world = new World();
  world.answer = () => gone;
  world.skippedMs = 9 * dayMs;
  await world.joins("c1");
  world.skippedMs += 4 * dayMs;
  world.time.now += 4 * dayMs;
  await world.pass(dayMs);
  expect(world.rows).toBe(2);
  await world.pass(4 * dayMs);
  expect(world.rows).toBe(0);
});

test("what nobody took for three days is given up with a notice, a refused event and all of a dead receiver alike", async () => {
  const world = new World();
  world.answer = ({ name }) =>
    name.endsWith("c1") ? { kind: "answered", status: 410, body: new Uint8Array() } : taken;
  await world.joins("c1");
  await world.pass(5 * dayMs);
  expect(world.rows).toBe(0);
  expect(world.lines.at(-1)).toMatchObject({
    level: "error",
    event: "webhook-given-up",
    events: 1,
    why: "HTTP status 410",
  });

  world.answer = () => gone;
  vi.setSystemTime(world.time.now);
  await world.joins("c2", "c3");
  await world.pass(6 * dayMs);
  expect(world.rows).toBe(0);
  expect(world.lines.filter(({ event }) => event === "webhook-given-up").map(({ events }) => events)).toEqual([1, 2]);
  expect(await world.directory.webhooks(domain)).toMatchObject([
    { waiting: 0, givenUp: 3, lastGivenUpAt: expect.any(Number) },
  ]);
  expect(world.measures.text([])).toContain('bridgehead_webhooks_total{domain="local",outcome="given-up"} 3\n');
});

test.each<[string, HttpAnswer]>([
  ["is away", gone],
  ["refuses it", { kind: "answered", status: 410, body: new Uint8Array() }],
])(
  "an event waits three days from when it came for a receiver that %s, also of a conference that is behind by a skip",
  async (_, answer) => {
    const world = new World();
    world.answer = () => answer;
    await world.pass(40 * dayMs);
    const came = world.time.now;
    await world.joins("c1");
    await world.pass(2 * dayMs);
    expect(world.rows).toBe(2);
    expect(await world.directory.webhooks(domain)).toMatchObject([{ waiting: 2, oldestAt: came }]);
    await world.pass(4 * dayMs);
    expect(world.rows).toBe(0);
  },
);

test("a receiver that is dead for hours has so many waiting and no more", async () => {
  const world = new World();
  world.answer = () => gone;
  const many = Array.from({ length: 10_001 }, (_, index) => `c${index}`);
  await world.joins(...many);
  expect(world.rows).toBe(10_000);
  expect(world.lines.at(-1)).toMatchObject({ event: "webhook-given-up", events: 2 });
});

test("a receiver that takes each event slowly has so many waiting and no more, also beside another one", async () => {
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

test("however many events wait, none of them is read as further ones come, as others are refused, or for a look", async () => {
  const world = new World();
  world.answer = () => ({ kind: "answered", status: 404, body: new Uint8Array() });
  const { exec } = world.sql;
  const scans: string[] = [];
  let rows = 0;
  vi.spyOn(world.sql, "exec").mockImplementation((query, ...bindings) => {
    const found = exec.call(world.sql, query, ...bindings);
    rows += found.length;
    if (query.startsWith("SELECT DISTINCT")) scans.push(query);
    return found;
  });
  await world.joins(...Array.from({ length: 300 }, (_, index) => `c${index}`));
  expect(world.posted).toHaveLength(301);
  expect(rows).toBeLessThan(301 * 5);

  scans.length = 0;
  await world.joins("later");
  expect(scans).toEqual([]);

  rows = 0;
  expect(await world.directory.webhooks(domain)).toMatchObject([{ waiting: 302, oldestAt: worldBegins }]);
  expect(rows).toBeLessThan(5);
});

test("an object that is killed while a post is under way posts it again within a minute, under its id", async () => {
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

test("what comes twice is told once, also by the next life of the directory, and when its conference is over", async () => {
  const world = new World();
  const page = aPage({ running: {}, facts: [created(), joined("c1")], records: [left("c2")] });
  const over = { ...conferenceOver(1), endedAt: worldBegins + 1 };
  const end = aPage({ facts: [joined("c3")], records: [left("c3"), over] });
  for (const twice of [page, end]) {
    await world.follow(twice);
    await world.follow(twice);
    world.start();
    await world.follow(twice);
  }

  expect(world.events).toEqual([
    `conference.started ${confKey}`,
    "call.joined c1",
    "call.left c2",
    "call.joined c3",
    "call.left c3",
    `conference.ended ${confKey}`,
  ]);
});

test("a meeting that is over before the directory hears of it is told whole, though it takes more than one page", async () => {
  const world = new World();
  const conference = new ConferenceWorld();
  conference.domain = testDomain({ webhooks: [receiver] });
  conference.follow = () => Promise.reject(new Error("it is away"));
  await conference.received("create", createConference());
  await conference.allDone();
  for (let call = 0; call < 500; call += 100)
    await conference.reported(...Array.from({ length: 100 }, (_, index) => callerEntered(call + index)));
  await conference.reported({ type: "event", event: { type: "conference-ended" } });
  await conference.time.pass(1_000);
  const listed: number[] = [];
  conference.follow = async (page) => {
    const answer = await world.directory.follow(page);
    listed.push((await world.directory.list.running({ domain, after: null, limit: 10 })).total);
    return answer;
  };
  await conference.time.pass(60_000);
  await world.pass(60_000);

  const counts = Object.groupBy(world.events, (name) => name.split(" ")[0] ?? "");
  expect(Object.entries(counts).map(([type, all]) => [type, all?.length])).toEqual([
    ["conference.started", 1] as const,
    ["call.joined", 500] as const,
    ["call.left", 500] as const,
    ["conference.ended", 1] as const,
  ]);
  // It is in the list until its record is there; a page more has what was behind its end.
  expect(listed).toEqual([1, 1, 0, 0]);
});

test("what goes before the end of a conference, in a page of its own, is told once, also over a restart", async () => {
  const world = new World();
  await world.joins("c1");
  const cut: FactPage = { ...aPage({ running: {}, facts: [joined("c2")] }), view: null };
  const total = async () => (await world.directory.list.running({ domain, after: null, limit: 10 })).total;
  world.start();
  await world.follow(cut);
  expect(await total()).toBe(1);
  world.start();
  await world.follow(cut);
  await world.follow({ ...aPage({ running: {}, facts: [joined("c3")] }), view: null, live: cut.live });
  expect(await total()).toBe(1);
  await world.follow(aPage({ records: [conferenceOver(1)] }));
  await world.pass(0);

  expect(await total()).toBe(0);
  expect(world.events.slice(2)).toEqual(["call.joined c2", "call.joined c3", `conference.ended ${confKey}`]);
});

test("what is told of a conference that is not in the list is told, though nothing else of the page is kept", async () => {
  const world = new World();
  await world.follow(aPage({ key: "1", running: {} }));
  await world.follow(aPage({ facts: [joined("c1")] }));
  expect(world.events).toEqual(["call.joined c1"]);
});

test("a conference that ends and begins anew in one page is told in order; one that never ran is told as over alone", async () => {
  const world = new World();
  const page = aPage({ running: { life: 3 }, records: [conferenceOver(1), conferenceOver(2)] });
  const place = ({ row }: { readonly row: number }, fact: DirectoryFact) => ({ row, index: 1, at: worldBegins, fact });
  const [one, two] = page.facts;
  if (!one || !two) return expect.unreachable();
  await world.follow({ ...page, facts: [place(one, created()), one, two, place(two, created(3))] });

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

test("what waits for a receiver that the settings do not name any more is dropped", async () => {
  const world = new World();
  world.answer = () => gone;
  await world.joins("c1");
  world.domain = testDomain({ webhooks: [{ ...receiver, url: "https://new.example.com/" }] });
  await world.pass(dayMs);
  expect(world.rows).toBe(0);
  expect(world.sql.exec("SELECT url FROM webhook_receiver")).toEqual([]);
});

test("what a receiver was never given stays acknowledged, and counts anew once the settings have had it no more", async () => {
  const world = new World();
  world.answer = () => gone;
  const lose = async (...calls: readonly string[]) => {
    await world.joins(...calls);
    await world.pass(5 * dayMs);
  };
  const id = `webhooks-given-up:${url}`;
  const shown = async () => {
    const known = await world.directory.knownTrouble.trouble(domain);
    const all = troubleOf([], [], { domain, known, mail: [], silent: [] }, world.time.now);
    return all.flatMap((one) => (one.id === id ? [one.count] : []));
  };
  await lose("c1", "c2");
  expect(await shown()).toEqual([3]);
  const { now } = world.time;
  const known = { id, since: null, upTo: now, place: 3, by: "anna", at: now, word: "known" };
  await world.directory.knownTrouble.acknowledge(domain, known);
  await world.pass(400 * dayMs);
  expect(await shown()).toEqual([]);
  await lose("c3");
  expect(await shown()).toEqual([1]);

  world.domain = testDomain();
  await world.pass(dayMs);
  world.domain = testDomain({ webhooks: [receiver] });
  await lose("c4", "c5", "c6", "c7");
  expect(await shown()).toEqual([4]);
});

test("receivers whose addresses differ in what nobody is shown are two, each with its own trouble", async () => {
  const world = new World();
  const [one, other] = ["one", "other"].map((key) => ({ ...receiver, url: `${url}?key=${key}` }));
  if (!one || !other) return expect.unreachable();
  world.domain = testDomain({ webhooks: [one, other] });
  world.answer = () => gone;
  const lose = async (...calls: readonly string[]) => {
    await world.joins(...calls);
    await world.pass(5 * dayMs);
  };
  const shown = async () => {
    const known = await world.directory.knownTrouble.trouble(domain);
    const all = troubleOf([], [], { domain, known, mail: [], silent: [] }, world.time.now);
    return all.filter(({ kind }) => kind === "webhooks-given-up");
  };
  await lose("c1", "c2");
  const before = await shown();
  expect(before.map(({ about, count }) => [about, count])).toEqual(Array(2).fill([`${url}?…`, 3]));
  expect(new Set(before.map(({ id }) => id)).size).toBe(2);
  const { now } = world.time;
  for (const { id } of before)
    await world.directory.knownTrouble.acknowledge(domain, {
      id,
      since: null,
      upTo: now,
      place: 3,
      by: "anna",
      at: now,
      word: "known",
    });
  expect(await shown()).toEqual([]);

  // One that comes to the settings again begins at 0; the other stays as it was.
  world.domain = testDomain({ webhooks: [other] });
  await world.pass(dayMs);
  world.domain = testDomain({ webhooks: [one, other] });
  await lose("c3");
  expect((await shown()).map(({ id, count }) => [id, count])).toEqual(before.map(({ id }) => [id, 1]));
});

test("who came in is told once, also by the next life of the conference, with the number as in records", async () => {
  const conference = new ConferenceWorld();
  conference.domain = testDomain({ webhooks: [receiver], recordsPersonal: "masked" });
  const world = new World();
  conference.follow = (page) => world.directory.follow(page);
  await conference.running(0);
  await conference.reported(callerEntered(1));
  await conference.time.pass(2_000);
  const calls = async () => {
    await world.pass(1_000);
    return world.posted.flatMap((post) => (read(post).type === "call.joined" ? [read(post).data] : []));
  };
  expect(await calls()).toMatchObject([{ call: "c1", number: "*********34" }]);

  conference.start();
  await conference.reported(callerEntered(2));
  await conference.time.pass(2_000);
  expect(await calls()).toMatchObject([{ call: "c1" }, { call: "c2" }]);
});

test("a document that came from a conference that is behind by a skip is kept as long as any other", async () => {
  const world = new World();
  const lost = { host: "tsp1" as WebexHost, transId: "7" as TransId, attempts: 3, why: "away", messages: [] };
  const at = world.time.now;
  await world.pass(400 * dayMs);
  await world.directory.follow(aPage({ running: {}, at, facts: [{ kind: "post-given-up", ...lost }] }));
  await world.pass(29 * dayMs);
  expect((await world.directory.givenUp(null, 9)).posts).toMatchObject([{ at, ...lost }]);
});

test("an acknowledgement that could not be kept acknowledges nothing", async () => {
  const world = new World();
  const lost = { host: "tsp1" as WebexHost, transId: "7" as TransId, attempts: 3, why: "away", messages: [] };
  await world.directory.follow(aPage({ running: {}, facts: [{ kind: "post-given-up", ...lost }] }));
  const open = async () => {
    const { givenUp, acknowledged } = await world.directory.knownTrouble.trouble(domain);
    return [givenUp.map(({ count }) => count), acknowledged.length];
  };
  const transaction = world.sql.transaction.bind(world.sql);
  world.sql.transaction = (work) =>
    transaction(() => {
      work();
      throw new Error("database or disk is full");
    });
  const ack = {
    id: "posts-given-up:tsp1",
    since: null,
    upTo: worldBegins,
    place: 1,
    by: "anna",
    at: worldBegins,
    word: "told",
  };
  await expect(world.directory.knownTrouble.acknowledge(domain, ack)).rejects.toThrow("full");
  world.sql.transaction = transaction;
  expect(await open()).toEqual([[1], 0]);
  await world.directory.knownTrouble.acknowledge(domain, ack);
  expect(await open()).toEqual([[], 1]);
});
