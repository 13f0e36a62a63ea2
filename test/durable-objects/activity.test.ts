import { expect, test } from "vitest";
import { ActivitySender } from "../../durable-objects/counts/activity-sender.ts";
import { Draws } from "../../simulators/draws.ts";
import type { DomainName, TransId } from "../../src/foundation/ids.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import type { CountSource } from "../../src/rpc/directory.ts";
import { event } from "../builders.ts";
import { Clock } from "../kit/clock.ts";
import { worldBegins } from "../kit/world-begins.ts";
import {
  type ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  host,
  identity,
  lock,
} from "./conference-world.ts";
import { DirectoryWorld } from "./directory/world.ts";

const domain = "local" as DomainName;
const minute = 60_000;
/** The first moment of a minute. */
const begins = Math.ceil(worldBegins / minute) * minute;

/** A process, and what it told directories. */
function process() {
  const time = new Clock(begins);
  const told: { readonly at: number; readonly source: CountSource; readonly minutes: readonly ActivityMinute[] }[] = [];
  const world = {
    time,
    told,
    answer: async () => {},
    sender: () => sender,
    refuse: () => void sender.countRefused(domain, time.now),
  };
  const sender = new ActivitySender({
    after: (ms, run) => time.after(ms, run),
    newName: () => "p",
    count: async (_, source, minutes) => {
      told.push({ at: time.now - begins, source, minutes });
      await world.answer();
    },
  });
  return world;
}

test("a process tells a second after something came, all that it has counted, each in its own minute, under the next number", async () => {
  const { time, told, refuse } = process();
  await time.pass(59_500);
  refuse();
  refuse();
  await time.pass(800);
  refuse();
  await time.pass(5_000);

  const shown = told.map(({ at, source, minutes }) => [at, source.upTo, minutes.map(({ at }) => at - begins)]);
  expect(shown).toEqual([[60_500, 1, [0, minute]]]);
  refuse();
  await time.pass(1_000);
  expect(told.at(-1)).toMatchObject({ source: { key: "*p", name: "p", upTo: 2 } });
});

test("requests are told with what came soon after, and each knows when they are", async () => {
  const { time, told, sender } = process();
  let done = 0;
  for (const _ of [1, 2])
    void sender()
      .countRefused(domain, time.now)
      .then(() => {
        done += 1;
      });
  await time.pass(900);
  expect(done).toBe(0);
  expect(told).toEqual([]);
  await time.pass(100);
  expect(done).toBe(2);
  expect(told.map(({ minutes }) => minutes)).toEqual([
    [{ at: begins, requests: { confirmed: 0, refused: 2 }, hosts: [] }],
  ]);
});

test("an answer that comes late confirms no later portion: what was not confirmed is told again", async () => {
  const world = process();
  const { time, told, refuse, sender } = world;
  const answers: { resolve(): void; reject(): void }[] = [];
  world.answer = () =>
    new Promise((resolve, reject) => answers.push({ resolve, reject: () => reject(new Error("it is away")) }));
  refuse();
  await time.pass(1_000);
  // The process is about to end, and tells the same once more, and then the next portion.
  const flushed = sender().flush();
  await time.pass(0);
  answers[1]?.resolve();
  refuse();
  await time.pass(0);
  answers[2]?.reject();
  answers[0]?.resolve();
  await flushed;
  world.answer = async () => {};
  await time.pass(10_000);

  expect(told.map(({ source: { upTo } }) => upTo)).toEqual([1, 1, 2, 2]);
});

test("a process that ends tells each domain, and waits for those that answer, though another one does not", async () => {
  const time = new Clock(begins);
  const told: string[] = [];
  const sender = new ActivitySender({
    after: (ms, run) => time.after(ms, run),
    newName: () => "p",
    count: async (name) => {
      if (name === "away") throw new Error("it is away");
      await time.wait(500);
      told.push(name);
    },
  });
  for (const name of ["away", "local"]) void sender.countRefused(name as DomainName, time.now);
  let isOver = false;
  const flushed = sender.flush().then(() => {
    isOver = true;
  });
  await time.pass(499);
  expect(told).toEqual([]);
  expect(isOver).toBe(false);
  await time.pass(1);
  await flushed;
  expect(told[0]).toBe("local");
});

test("what did not come is told again as it was, after a pause, though nothing follows", async () => {
  const world = process();
  const { time, told, refuse } = world;
  world.answer = () => Promise.reject(new Error("it begins anew"));
  refuse();
  await time.pass(1_000);
  world.answer = async () => {};
  await time.pass(60_000);
  expect(told.map(({ at, source: { upTo } }) => [at, upTo])).toEqual([
    [1_000, 1],
    [2_000, 1],
  ]);
});

test("what did not come in four attempts is told again under its number with the next", async () => {
  const world = process();
  const { time, told, refuse } = world;
  world.answer = () => Promise.reject(new Error("it is away"));
  refuse();
  await time.pass(60_000);
  expect(told.splice(0).map(({ at }) => at)).toEqual([1_000, 2_000, 4_000, 8_000]);
  world.answer = async () => {};
  refuse();
  await time.pass(3_000);

  expect(told.map(({ source: { upTo }, minutes }) => [upTo, minutes[0]?.requests.refused])).toEqual([
    [1, 1],
    [2, 1],
  ]);
});

test("a process that ends tells all at once, also what came while a portion was on its way", async () => {
  const world = process();
  const { time, told, refuse, sender } = world;
  world.answer = () => Promise.reject(new Error("it is away"));
  refuse();
  await time.pass(1_500);
  world.answer = async () => {};
  refuse();
  void sender().flush();
  await time.pass(0);

  expect(told.splice(0).map(({ source: { upTo }, minutes }) => [upTo, minutes[0]?.requests.refused])).toEqual([
    [1, 1],
    [1, 1],
    [2, 1],
  ]);
  await time.pass(60_000);
  expect(told).toEqual([]);
});

/** The sums of what the directory has of a conference's posts. */
async function countedOf(world: ConferenceWorld, directory: DirectoryWorld) {
  const { minutes } = await directory.directory.activity();
  const sums = { confirmed: 0, failed: 0, givenUp: 0, tookMs: 0 };
  const all = minutes.flatMap(({ hosts }) => hosts);
  const documents = minutes.reduce((sum, { requests }) => sum + requests.confirmed, 0);
  for (const posts of all)
    for (const name of ["confirmed", "failed", "givenUp", "tookMs"] as const) sums[name] += posts[name];
  return {
    ...sums,
    documents,
    hosts: [...new Set(all.map((one) => one.host))],
    last: all.at(-1)?.lastFailure?.why,
    world,
  };
}

test("each post is in the figures within five seconds, with its time; so are attempts that fail and documents that are given up", async () => {
  const directory = new DirectoryWorld();
  const world = directory.conference();
  world.answer = async ({ transId }) => {
    await world.time.wait(20);
    return world.confirmed(transId);
  };
  await world.running(1);
  await world.time.pass(5_000);
  const before = world.posted.length;
  expect(await countedOf(world, directory)).toMatchObject({ confirmed: before, failed: 0, tookMs: 20 * before });
  world.answer = () => ({ kind: "answered", status: 503, body: new Uint8Array() });
  await world.reported(callerEntered(1));
  await world.time.pass(3 * minute);

  // The probes that follow fail as well, and are no documents that are given up.
  const failed = world.posted.length - before;
  expect(failed).toBeGreaterThan(3);
  const is = { confirmed: before, failed, givenUp: 1, hosts: [host], last: "HTTP status 503" };
  expect(await countedOf(world, directory)).toMatchObject(is);
  expect((await directory.directory.givenUp(null, 9)).posts).toHaveLength(1);

  directory.start();
  expect(await countedOf(world, directory)).toMatchObject(is);
});

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "whatever is lost, late, twice or restarted, each post counts once, each document, and what becomes of callers (%d)",
  async (seed) => {
    const draws = new Draws(seed, "posts");
    const directory = new DirectoryWorld();
    const world = directory.conference();
    const wire = { confirmed: 0, failed: 0 };
    const { follow } = world;
    world.follow = async (page) => {
      const life = directory.directory;
      if (draws.chance(0.2)) throw new Error("it did not arrive");
      const answer = await follow(page);
      if (draws.chance(0.2)) world.time.after(draws.between(0, 5_000), () => directory.directory.follow(page));
      if (draws.chance(0.2)) directory.start();
      if (life !== directory.directory || draws.chance(0.2)) throw new Error("its answer was lost");
      return answer;
    };
    world.answer = ({ transId }) => {
      const isConfirmed = draws.chance(0.7);
      wire[isConfirmed ? "confirmed" : "failed"] += 1;
      return isConfirmed ? world.confirmed(transId) : { kind: "failed", reason: "nobody listens" };
    };
    await world.running(0);
    for (let document = 0; document < 10; document++) {
      const part = { ...identity, transId: `d${document}` as TransId, messages: [lock(`m${document}`)] };
      const counted = { ...part, counts: true as const };
      await world.during(Promise.all([world.conference.receive(counted), world.conference.receive(counted)]));
      if (draws.chance(0.3)) await world.time.pass(draws.between(0, 3_000));
      if (draws.chance(0.3)) world.conference = world.start();
      await world.during(world.conference.receive(counted));
      await world.during(world.conference.receive({ ...part, transId: `of-another-${document}` as TransId }));
    }
    for (let call = 0; call < 25; call++) {
      await world.reported(callerEntered(call));
      await world.time.pass(draws.between(0, 6_000));
      if (call % 3 === 0) await world.reported(callerLeft(call));
    }
    // A conference with this key ends, and the next one begins, which nobody waits for.
    await world.reported(event({ type: "conference-ended" }));
    await world.received("again", createConference());
    await world.time.pass(draws.between(0, 300_000));
    world.follow = follow;
    await world.time.pass(15 * minute);

    const { posts } = await directory.directory.givenUp(null, 100);
    expect(await countedOf(world, directory)).toMatchObject({ ...wire, givenUp: posts.length, documents: 10 });
    directory.start();
    const { posts: counted, outcomes } = await directory.directory.countTotals();
    // No conference begins with the second create where the server is still to be notified of the end.
    const said = [...world.stored.journal.history()].flatMap(({ facts }) => facts ?? []);
    const again = said.filter(({ kind }) => kind === "conference-requested").length - 1;
    expect(outcomes).toEqual({
      "conference-created": 1,
      "conference-ended": 1,
      ...(again > 0 && { "conference-not-created": again }),
      "call-entered": 25,
      "call-left": 25,
      // All locks, and the second create, have no answer from the bridge.
      "command-failed": 20 + again,
    });
    expect(counted).toEqual({ ...wire, refused: 0, givenUp: posts.length });
  },
);
