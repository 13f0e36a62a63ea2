import { expect, test } from "vitest";
import { DomainIds } from "../../durable-objects/ids/domain-ids.ts";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import type { IdLimit } from "../../src/link/messages.ts";
import {
  firstPlaceOf,
  furthestPlace,
  idAt,
  idsPerDay,
  idsPerHour,
  placeByTime,
  placeOf,
} from "../../src/tsp/id-scheme.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { testDomain } from "../local-domain.ts";

const noon = Date.UTC(2026, 10, 21, 12);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const domain = "local" as DomainName;
const key = "k" as ConfKey;

/** The allocator of a domain whose one bridge has an agent that keeps each limit. */
class Allocator {
  readonly sql = new Database();
  readonly time: Clock;
  readonly lines: LogLine[] = [];
  /** All that the relay was handed. */
  readonly handed: IdLimit[] = [];
  /** How often all was to begin anew as after a restore. */
  restores = 0;
  /** When the relay has an answer. */
  answer: (limit: IdLimit) => Promise<void> = async () => {};
  ids!: IdAllocator;
  #domainIds!: DomainIds;
  #alarmAt: number | null = null;
  #lives = 0;
  readonly #kept = new Map<string, unknown>();

  constructor(now = noon, restoredAt: number | null = null) {
    this.time = new Clock(now);
    this.start(restoredAt);
  }

  /** With what is on disk. */
  start(restoredAt: number | null = null): void {
    this.ids = new IdAllocator(this.sql, restoredAt);
    this.#domainIds = new DomainIds(
      {
        now: () => this.time.now,
        after: (ms, run) => this.time.after(ms, run),
        log: (line) => this.lines.push(line),
        setAlarm: async (at) => {
          this.#alarmAt = at;
        },
        getAlarm: async () => this.#alarmAt,
        domain: (name) => (name === domain ? testDomain() : null),
        conference: () => ({ sweep: async () => true }),
        directory: () => ({ swept: async () => {} }),
        relay: () => ({
          keepIdLimit: (_domain, _bridge, limit) => {
            this.handed.push(limit);
            return this.answer(limit);
          },
        }),
        newId: () => `life ${++this.#lives}`,
        beginRestored: () => {
          this.restores += 1;
        },
        kept: {
          get: <Value>(name: string) => this.#kept.get(name) as Value | undefined,
          put: (name, value) => void this.#kept.set(name, value),
        },
      },
      this.ids,
    );
  }

  /** The places of the first MsgID and TransID. */
  async allocate(count = 10, more: object = {}): Promise<{ readonly msg: number; readonly trans: number }> {
    const wanted = { domain, holder: key, msgIds: count, transIds: count, ...more };
    const { msgIds, transIds } = await this.#domainIds.allocate(wanted);
    return { msg: placeOf(msgIds.first, this.time.now), trans: placeOf(transIds.first, this.time.now) };
  }

  holdersOf(place: number): Promise<readonly ConfKey[]> {
    return this.#domainIds.holdersOf(String(idAt(place)));
  }

  async hears(limit: IdLimit): Promise<boolean> {
    const answer = await this.#domainIds.heardLimit(domain, limit);
    await this.settle();
    return answer;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }
}

test("agents store each hour's ids before one of them is used", async () => {
  const allocator = new Allocator();
  const answered = Promise.withResolvers<void>();
  allocator.answer = () => answered.promise;
  let first: { readonly msg: number } | null = null;
  const allocated = allocator.allocate(100).then((ids) => {
    first = ids;
  });
  await allocator.settle();
  expect(allocator.handed).toHaveLength(1);
  expect(first).toBeNull();
  answered.resolve();
  await allocated;
  expect(first).toEqual({ msg: placeByTime(noon), trans: placeByTime(noon) });

  // From now on nobody waits, for the relay has half an hour's worth of time to answer.
  let isKept = () => {};
  allocator.answer = () =>
    new Promise((resolve) => {
      isKept = resolve;
    });
  let last = 0;
  await allocator.settle();
  while (allocator.handed.length === 1) last = (await allocator.allocate(100)).msg;
  const [limit = { place: 0, by: "" }, next] = allocator.handed;
  expect(limit.by).toMatch(/ life 1$/);
  expect(last).toBeLessThan(limit.place - idsPerHour / 2 + 200);
  expect(next).toMatchObject({ by: expect.stringMatching(/ life 1$/) });
  await allocator.allocate(100);
  expect(allocator.handed).toHaveLength(2);
  isKept();
  await allocator.settle();
});

test("ids beyond the limit wait 3 s at most for a relay", async () => {
  const allocator = new Allocator();
  await allocator.allocate();
  allocator.answer = () => new Promise(() => {});
  let isDone = false;
  const more = allocator.allocate(2 * idsPerHour).then(() => {
    isDone = true;
  });
  await allocator.settle();
  expect(isDone).toBe(false);
  await allocator.time.pass(3_000);
  await more;
  expect(allocator.lines).toMatchObject([
    { event: "id-limit-not-kept", why: "Error: a relay took longer than 3000 ms" },
  ]);
});

test("allocates ids though no relay can be reached", async () => {
  const allocator = new Allocator();
  allocator.answer = () => Promise.reject(new Error("being moved"));
  expect(await allocator.allocate()).toEqual({ msg: placeByTime(noon), trans: placeByTime(noon) });
  expect(allocator.lines).toEqual([{ level: "warn", event: "id-limit-not-kept", domain, why: "Error: being moved" }]);
});

test.each([0, 5 * hourMs, dayMs])(
  "a lost state %i ms behind continues after the ids that an agent stores",
  async (ms) => {
    const before = new Allocator();
    for (let count = 0; count < 30; count += 1) await before.allocate(10_000);
    const kept = before.handed.at(-1) as IdLimit;

    const empty = new Allocator(noon - ms);
    await empty.allocate();
    expect(await empty.hears({ ...kept, by: "another life" })).toBe(true);
    // Nobody waits for it then.
    expect(empty.handed).toHaveLength(2);
    expect(await empty.allocate()).toEqual({ msg: kept.place, trans: kept.place });
    expect(empty.handed.at(-1)?.place).toBeGreaterThan(kept.place + idsPerHour / 2);
    // Also after the next restart.
    empty.start();
    expect((await empty.allocate()).trans).toBe(kept.place + 10);
  },
);

test("an agent that reconnects moves no id", async () => {
  const allocator = new Allocator();
  await allocator.allocate();
  const kept = allocator.handed.at(-1) as IdLimit;
  allocator.start();
  expect(await allocator.hears(kept)).toBe(true);

  expect((await allocator.allocate()).msg).toBe(placeByTime(noon) + 10);
  expect(allocator.handed).toHaveLength(1);
  expect(allocator.restores).toBe(0);
});

test("recognizes an older copy of the state by an agent's limit", async () => {
  const allocator = new Allocator();
  await allocator.allocate();
  const { place, by } = allocator.handed.at(-1) as IdLimit;
  expect(await allocator.hears({ place: place + 1, by })).toBe(true);
  expect(allocator.restores).toBe(1);

  expect(await allocator.allocate()).toEqual({ msg: place + 1, trans: place + 1 });
  expect(allocator.handed.at(-1)?.by).not.toBe(by);
  // Another agent keeps more of what the newer state has reserved.
  await allocator.hears({ place: place + 5_000, by });
  expect((await allocator.allocate()).msg).toBe(place + 5_000);
  expect(allocator.restores).toBe(1);

  const late = new Allocator();
  await late.allocate();
  const { by: name } = late.handed.at(-1) as IdLimit;
  expect(await late.hears({ place: furthestPlace(noon) + 1, by: name })).toBe(false);
  expect(late.restores).toBe(0);
  late.time.now += 8 * hourMs;
  await late.hears({ place: place + 1, by: name });
  expect((await late.allocate()).msg).toBe(placeByTime(late.time.now));
});

test.each([
  ["restarted", 1, 1],
  ["restarted", 0, 0],
  ["new", 1, 0],
])("a %s state, %i h older than an agent's, begins %i restores", async (state, hours, restores) => {
  const allocator = new Allocator();
  await allocator.allocate();
  if (state === "restarted") allocator.start();
  await allocator.hears({ place: placeByTime(noon) + 100, by: `${noon + hours * hourMs} life` });
  expect(allocator.restores).toBe(restores);
});

test("a new state continues after all that agents know", async () => {
  const allocator = new Allocator();
  await allocator.hears({ place: firstPlaceOf(noon) + 1, by: `${noon + hourMs} life` });
  expect((await allocator.allocate()).msg).toBe(placeByTime(noon));
  expect(allocator.handed.at(-1)?.by).toBe(`${noon + hourMs + 1} life 1`);
});

test("an agent moves ids within the reserved hour without a new limit", async () => {
  const allocator = new Allocator();
  await allocator.allocate();
  await allocator.hears({ place: placeByTime(noon) + 100, by: "another life" });
  const next = { msg: placeByTime(noon) + 100, trans: placeByTime(noon) + 100 };
  expect(await allocator.allocate()).toEqual(next);
  expect(allocator.handed).toHaveLength(1);
});

test("an agent moves ids to the next day's end at most", async () => {
  const allocator = new Allocator();
  await allocator.allocate();
  const furthest = firstPlaceOf(noon) + 2 * idsPerDay;
  expect(furthestPlace(noon)).toBe(furthest);

  expect(await allocator.hears({ place: furthest + 1, by: "a lie" })).toBe(false);
  expect(await allocator.hears({ place: Number.MAX_SAFE_INTEGER, by: "a lie" })).toBe(false);
  expect((await allocator.allocate()).msg).toBe(placeByTime(noon) + 10);
  for (let time = 0; time < 3; time += 1) await allocator.hears({ place: furthest, by: `lie ${time}` });
  expect((await allocator.allocate()).msg).toBe(furthest);
});

test("a restored allocator continues after the clock, its backup and the agents", async () => {
  const allocator = new Allocator();
  await allocator.allocate();
  const { place: reserved } = allocator.handed.at(-1) as IdLimit;
  // Of the ids that were allocated after the backup, nothing here knows.
  allocator.start(noon + 1);
  const first = await allocator.allocate();
  expect(first).toEqual({ msg: reserved, trans: reserved });
  const next = allocator.handed.at(-1) as IdLimit;
  expect(next).toMatchObject({ by: expect.stringMatching(/ life 2$/) });
  allocator.start(noon + 1);
  expect(await allocator.allocate()).toEqual({ msg: reserved + 10, trans: reserved + 10 });

  // An agent that has been handed more since the backup: less than what is reserved by now counts, too.
  expect(await allocator.hears({ place: reserved + 30_000, by: "life 1" })).toBe(true);
  expect((await allocator.allocate()).msg).toBe(reserved + 30_000);

  allocator.time.now += 8 * hourMs;
  allocator.start(noon + 2);
  expect((await allocator.allocate()).msg).toBe(placeByTime(noon + 8 * hourMs));
});

test("finds the conferences of a MsgID or TransID", async () => {
  const allocator = new Allocator();
  const other = "other" as ConfKey;
  const { msg } = await allocator.allocate(5, { transIds: 10 });
  await allocator.allocate(5, { holder: other });
  const holders = await Promise.all([0, 7, 12, 99].map((place) => allocator.holdersOf(msg + place)));
  expect(holders).toEqual([[key], [other, key], [other], []]);

  const unknown = new Allocator();
  unknown.ids.allocate(key, { msgIds: 5, transIds: 0 }, noon);
  expect(await unknown.holdersOf(placeByTime(noon))).toEqual([]);
});
