import { expect, test } from "vitest";
import { ActivitySender } from "../../durable-objects/counts/activity-sender.ts";
import { BACK_END } from "../../src/conference/server/posts.ts";
import type { DomainName, WebexHost } from "../../src/foundation/ids.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import { noPosts } from "../../src/records/activity.ts";
import { Clock } from "../simulation/clock.ts";
import { worldBegins } from "../simulation/context.ts";
import { ConferenceWorld, callerEntered, host } from "./conference-world.ts";

const domain = "local" as DomainName;
const minute = 60_000;
const confirmed = { ...noPosts, host: "tsp" as WebexHost, confirmed: 1, tookMs: 20 };
/** The first moment of a minute. */
const begins = Math.ceil(worldBegins / minute) * minute;

/** A process, and what it told directories. */
function process() {
  const time = new Clock(begins);
  const sender = new ActivitySender();
  const told: { readonly at: number; readonly minutes: readonly ActivityMinute[] }[] = [];
  const world = {
    time,
    sender,
    told,
    answer: async () => {},
    post: () => sender.countPosts(domain, time.now, confirmed),
  };
  sender.sendBy({
    after: (ms, run) => time.after(ms, run),
    count: async (_, minutes) => {
      told.push({ at: time.now - begins, minutes });
      await world.answer();
    },
  });
  return world;
}

test("a process tells once in a minute, all that it has counted, each in its own minute", async () => {
  const { time, told, post } = process();
  for (let second = 0; second < 150; second++) {
    post();
    await time.pass(1_000);
  }

  expect(told.map(({ at }) => at)).toEqual([1_000, 61_000, 121_000]);
  const counts = told.flatMap(({ minutes }) =>
    minutes.map(({ at, hosts }) => [(at - begins) / minute, hosts[0]?.confirmed]),
  );
  expect(counts).toEqual([
    [0, 1],
    [0, 59],
    [1, 1],
    [1, 59],
    [2, 1],
  ]);
});

test("requests are told with the posts of their minute, and the first of a minute knows when they are", async () => {
  const { time, told, post, sender } = process();
  let done = 0;
  const ask = (outcome: "confirmed" | "refused") =>
    void sender.countRequest(domain, time.now, outcome).then(() => {
      done += 1;
    });
  ask("confirmed");
  ask("refused");
  post();
  await time.pass(500);
  // The second of them has had nothing told.
  expect([done, told.length]).toEqual([1, 0]);
  await time.pass(500);
  expect(done).toBe(2);
  expect(told.map(({ minutes }) => minutes)).toEqual([
    [{ at: begins, requests: { confirmed: 1, refused: 1 }, hosts: [confirmed] }],
  ]);
});

test("without another post, a sweep has told what waits, in a later minute; and where nothing waits, nothing is told", async () => {
  const { time, told, post, sender } = process();
  post();
  await time.pass(2_000);
  post();
  await time.pass(10_000);
  void sender.remind(domain, time.now);
  await time.pass(10_000);
  expect(told).toHaveLength(1);
  await time.pass(minute);
  expect(told).toHaveLength(1);
  void sender.remind(domain, time.now);
  await time.pass(2_000);
  expect(told).toHaveLength(2);
  await time.pass(minute);
  void sender.remind(domain, time.now);
  await time.pass(2_000);
  expect(told).toHaveLength(2);
});

test("what did not come is told again in the next minute, and no more than an hour of it", async () => {
  const world = process();
  const { time, told, post } = world;
  world.answer = () => Promise.reject(new Error("it is away"));
  for (let after = 0; after < 90; after++) {
    post();
    await time.pass(minute);
  }
  expect(told).toHaveLength(90);
  world.answer = async () => {};
  post();
  await time.pass(minute);

  expect(told.at(-1)?.minutes).toHaveLength(60 + 1);
});

/** The sums of what a conference's process told. */
function toldBy(world: ConferenceWorld) {
  const told: ActivityMinute[] = [];
  world.measures.activity.sendBy({
    after: (ms, run) => world.time.after(ms, run),
    count: async (name, minutes) => {
      expect(name).toBe(domain);
      told.push(...minutes);
    },
  });
  return () => {
    const sums = { confirmed: 0, failed: 0, givenUp: 0, tookMs: 0 };
    for (const { hosts } of told)
      for (const posts of hosts)
        for (const name of ["confirmed", "failed", "givenUp", "tookMs"] as const) sums[name] += posts[name];
    return { ...sums, hosts: new Set(told.flatMap(({ hosts }) => hosts.map((one) => one.host))), told };
  };
}

test("each post to WebEx is counted, with its time; so are attempts that fail and documents that are given up", async () => {
  const world = new ConferenceWorld();
  const sums = toldBy(world);
  world.answer = async ({ transId }) => {
    await world.time.wait(20);
    return world.confirmed(transId);
  };
  await world.running(1);
  const before = world.posted.length;
  world.answer = () => ({ kind: "answered", status: 503, body: new Uint8Array() });
  await world.reported(callerEntered(1));
  await world.time.pass(5 * minute);
  await world.conference.sweep();
  await world.time.pass(5_000);

  const { hosts, told, ...rest } = sums();
  // The probes that follow fail as well, and are no documents that are given up.
  const failed = world.posted.length - before;
  expect(rest).toEqual({ confirmed: before, failed, givenUp: 1, tookMs: 20 * before });
  expect(failed).toBeGreaterThan(3);
  expect([...hosts]).toEqual([host]);
  const failures = told.flatMap((one) => one.hosts.flatMap(({ lastFailure }) => lastFailure ?? []));
  expect(failures.at(-1)?.why).toBe("HTTP status 503");
});

test("posts to a partner's back end are not among those to WebEx", async () => {
  const world = new ConferenceWorld();
  world.domain = {
    ...world.domain,
    settings: { ...world.domain.settings, passthroughUrl: "http://127.0.0.1/back-end" },
  };
  const sums = toldBy(world);
  await world.running(1);
  const data = { type: "passthrough", msgId: "m-data", extConfId: "7001", extCallId: "1001", data: "AAAA" };
  await world.received("data", { ...data, replyTo: host } as never);
  await world.time.pass(2 * minute);
  await world.conference.sweep();
  await world.time.pass(5_000);

  expect(world.posted.some(({ url }) => url.endsWith("/back-end"))).toBe(true);
  expect(sums().hosts.has(BACK_END as WebexHost)).toBe(false);
});
