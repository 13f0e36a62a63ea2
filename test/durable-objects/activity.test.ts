import { expect, test } from "vitest";
import { Counting } from "../../durable-objects/platform/counting.ts";
import { Draws } from "../../simulators/draws.ts";
import type { DomainName, TransId } from "../../src/foundation/ids.ts";
import { noPosts, together } from "../../src/records/activity.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import { event } from "../builders.ts";
import { Clock } from "../kit/clock.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { callerEntered, callerLeft, createConference, host, identity, lock } from "./conference-world.ts";
import { alertsIn, DirectoryWorld } from "./directory/world.ts";

const minute = 60_000;

/** A process, and what it sent to directories. */
function process() {
  const time = new Clock(worldBegins);
  const told: (readonly [domain: string, at: number, refused: number])[] = [];
  const world = {
    time,
    told,
    answer: async (_: string) => {},
    refuse: (domain = "local") => counting.countRefused(domain as DomainName),
    flush: () => counting.flush(),
  };
  const directory = (domain: DomainName) => ({
    count: async (
      _: DomainName,
      { counts }: { readonly counts: { readonly requests: { readonly refused: number } } },
    ) => {
      told.push([domain, time.now - worldBegins, counts.requests.refused]);
      await world.answer(domain);
      return { pauseMs: 2_000 };
    },
  });
  const objects = { directory } as object as Pick<EdgeObjects, "directory">;
  const counting = new Counting({
    objects,
    after: (ms, run) => time.after(ms, run),
    now: () => time.now,
    newId: () => "p",
  });
  return world;
}

test("a process sends a second after a refusal what it has counted, and each knows when", async () => {
  const { time, told, refuse } = process();
  let done = 0;
  for (const _ of [1, 2]) void refuse().then(() => (done += 1));
  await time.pass(900);
  expect([told, done]).toEqual([[], 0]);
  await time.pass(100);
  expect([told, done]).toEqual([[["local", 1_000, 2]], 2]);
  await time.pass(minute);
  expect(told).toHaveLength(1);
});

test("a process sends again what a directory did not acknowledge, though nothing follows", async () => {
  const world = process();
  world.answer = () => Promise.reject(new Error("it is away"));
  void world.refuse();
  await world.time.pass(minute);
  void world.refuse();
  world.answer = async () => {};
  await world.time.pass(10 * minute);
  expect(world.told.length).toBeGreaterThan(2);
  expect(world.told.at(-1)).toEqual(["local", expect.any(Number), 2]);
});

test("a process that ends sends to each domain, though one does not answer", async () => {
  const world = process();
  world.answer = async (name) => {
    if (name === "away") throw new Error("it is away");
    await world.time.wait(500);
  };
  for (const name of ["away", "local"]) void world.refuse(name);
  let isOver = false;
  void world.flush().then(() => {
    isOver = true;
  });
  await world.time.pass(499);
  expect(isOver).toBe(false);
  await world.time.pass(1);
  expect([isOver, world.told]).toEqual([
    true,
    [
      ["away", 0, 1],
      ["local", 0, 1],
    ],
  ]);
});

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "whatever is lost, late, twice or restarted, each post counts once, each document, and what becomes of callers (%d)",
  async (seed) => {
    const draws = new Draws(seed, "posts");
    const directory = new DirectoryWorld();
    const world = directory.conference();
    const wire = { confirmed: 0, failed: 0 };
    const { publish } = world;
    world.publish = async (batch) => {
      const life = directory.directory;
      if (draws.chance(0.2)) throw new Error("it did not arrive");
      const answer = await publish(batch);
      if (draws.chance(0.2)) world.time.after(draws.between(0, 5_000), () => directory.directory.publish(batch));
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
    world.publish = publish;
    await world.time.pass(15 * minute);

    const undelivered = await alertsIn(directory.directory, world.time.now, "undelivered");
    const givenUp = undelivered.reduce((sum, { count }) => sum + count, 0);
    const { minutes } = await directory.directory.stats();
    const posts = minutes.flatMap((minute) => minute.hosts).reduce(together, noPosts);
    expect(posts).toMatchObject({ ...wire, givenUp });
    expect(minutes.reduce((sum, { requests }) => sum + requests.confirmed, 0)).toBe(10);
    directory.start();
    const { hosts, outcomes } = (await directory.directory.stats()).counts;
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
    expect(hosts).toMatchObject([{ host, ...wire, givenUp }]);
  },
);
