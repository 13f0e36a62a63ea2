import { expect, test } from "vitest";
import { DomainIds } from "../../durable-objects/ids/domain-ids.ts";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { digestOf } from "../../src/bridge/state.ts";
import { type BridgeName, type CallId, type ConfKey, type DomainName, MAIN_ROOM } from "../../src/foundation/ids.ts";
import type { SweepResult } from "../../src/rpc/conference.ts";
import type { Swept } from "../../src/rpc/directory.ts";
import { held } from "../builders.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { ConferenceWorld, callerEntered, createConference, muteCaller } from "./conference-world.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const over: SweepResult = { runs: false, quietUntil: null };

/** An id allocator whose conferences note when they are swept. */
class Allocator {
  readonly time = new Clock(noon);
  readonly ids = new IdAllocator(new Database());
  /** By conference, in minutes since noon. */
  readonly swept = new Map<string, number[]>();
  readonly lines: LogLine[] = [];
  /** What the directory was sent of sweeps. */
  readonly found: Swept[] = [];
  /** The domains whose conferences were swept. */
  readonly domains = new Set<unknown>();
  alarmAt: number | null = null;
  #atOnce = 0;
  mostAtOnce = 0;
  readonly #kept = new Map<string, unknown>();
  /** The platform calls no alarm while the one before runs. */
  #alarm: Promise<void> = Promise.resolve();
  #sweep = this.#begin();
  /** Returns the result of each conference's sweep. */
  becomes: (confKey: ConfKey) => Promise<SweepResult> = async () => over;

  /** Its memory is gone. */
  evict(): void {
    this.#sweep = this.#begin();
  }

  #begin(): DomainIds {
    const setAlarm = async (at: number): Promise<void> => {
      this.alarmAt = at;
      this.time.after(at - this.time.now, () => {
        this.#alarm = this.#alarm.then(() => {
          if (this.alarmAt !== at) return;
          this.alarmAt = null;
          return this.#sweep.alarm();
        });
      });
    };
    const ports = {
      now: () => this.time.now,
      after: (ms: number, run: () => void) => this.time.after(ms, run),
      log: (line: LogLine) => void this.lines.push(line),
      setAlarm,
      getAlarm: async () => this.alarmAt,
      domain: () => null,
      directory: () => ({ swept: async (_: unknown, found: Swept) => void this.found.push(found) }),
      conference: (domain: unknown, confKey: ConfKey) => {
        this.domains.add(domain);
        return { sweep: () => this.#sweepOne(confKey) };
      },
      kept: {
        get: <Value>(name: string) => this.#kept.get(name) as Value | undefined,
        put: (name: string, value: unknown) => {
          this.#kept.set(name, value);
        },
      },
    };
    return new DomainIds(ports, this.ids);
  }

  async #sweepOne(confKey: ConfKey): Promise<SweepResult> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    const minutes = this.swept.get(confKey) ?? [];
    this.swept.set(confKey, [...minutes, Math.floor((this.time.now - noon) / minuteMs)]);
    return this.becomes(confKey).finally(() => {
      this.#atOnce -= 1;
    });
  }

  next(confKey: string): Promise<void> {
    return this.#sweep.sweepNext(confKey as ConfKey);
  }

  begin(): Promise<void> {
    return this.#sweep.sweep();
  }

  async allocate(holder: string | null): Promise<void> {
    const domain = "acme" as DomainName;
    await this.#sweep.allocate({ domain, holder: holder as ConfKey | null, msgIds: 20, transIds: 20 });
  }
}

test("sweeps each conference of the last six hours every 5 minutes", async () => {
  const allocator = new Allocator();
  for (let index = 0; index < 500; index += 1) await allocator.allocate(`k${index}`);
  await allocator.time.pass(hourMs);

  expect([...allocator.swept.values()]).toEqual(
    Array.from({ length: 500 }, () => Array.from({ length: 12 }, (_, round) => 5 * (round + 1))),
  );
});

test("a requested round of sweeps follows the current one", async () => {
  const allocator = new Allocator();
  for (let index = 0; index < 501; index += 1) await allocator.allocate(`k${index}`);
  await allocator.time.pass(5 * minuteMs);
  expect([allocator.swept.has("k500"), allocator.swept.has("k0")]).toEqual([true, false]);
  await allocator.begin();
  await allocator.time.pass(6 * minuteMs);
  expect([allocator.swept.get("k500"), allocator.swept.get("k0")]).toEqual([
    [5, 5, 10],
    [5, 5, 10],
  ]);
});

test("wakes no quiet conference among many", async () => {
  const found = [];
  for (const count of [10, 300]) {
    const allocator = new Allocator();
    allocator.becomes = async () => ({ runs: true, quietUntil: allocator.time.now + hourMs });
    for (let index = 0; index < count; index += 1) await allocator.allocate(`k${index}`);
    await allocator.time.pass(6 * minuteMs);
    const woken = async (minutes: number) => {
      const [sweeps, calls] = [[...allocator.swept.values()].flat().length, allocator.found.length];
      await allocator.time.pass(minutes * minuteMs);
      return [[...allocator.swept.values()].flat().length - sweeps, allocator.found.length - calls];
    };
    const atRest = await woken(30);
    await allocator.next("k7");
    allocator.evict();
    const hurried = await woken(10);
    await allocator.begin();
    const all = await woken(1);
    found.push([atRest, hurried, all[0] === count, (await woken(65))[0] === count]);
  }
  const each = [[0, 0], [1, 1], true, true];
  expect(found).toEqual([each, each]);
});

test("sweeps a conference again that asks during its sweep", async () => {
  const allocator = new Allocator();
  const quiet = async (): Promise<SweepResult> => ({ runs: true, quietUntil: allocator.time.now + hourMs });
  for (const key of ["busy", "quiet", "broken"]) await allocator.allocate(key);
  allocator.becomes = async (key) => {
    if (key === "busy") await allocator.next(key);
    if (key === "broken") throw new Error("out of reach");
    return quiet();
  };
  await allocator.time.pass(11 * minuteMs);
  expect(Object.fromEntries(allocator.swept)).toEqual({ busy: [5, 10], quiet: [5], broken: [5, 10] });
});

test("sweeps quiet conferences after a restore", async () => {
  const sql = new Database();
  const block = { msgIds: 20, transIds: 20 };
  const until = () => new IdAllocator(sql, noon).holdersSince(0, null).holders.map(({ quietUntil }) => quietUntil);
  const before = new IdAllocator(sql);
  before.allocate("k" as ConfKey, block, noon);
  before.keepQuiet(new Map([["k" as ConfKey, noon + hourMs]]));
  expect([before.isBehind, new IdAllocator(sql, noon).isBehind, until()]).toEqual([false, true, [noon + hourMs]]);
  new IdAllocator(sql, noon).allocate("other" as ConfKey, block, noon);
  expect(until()).toEqual([null, null]);
});

test("sweeps the load of protocol T9 in five minutes", async () => {
  const allocator = new Allocator();
  const block = { msgIds: 20, transIds: 20 };
  for (let index = 0; index < 2 * 10_800; index += 1) {
    allocator.ids.allocate(`k${index % 10_800}` as ConfKey, block, noon);
  }
  await allocator.allocate("latest");
  await allocator.time.pass(hourMs);

  expect(allocator.swept.get("latest")).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]);
  expect(allocator.swept.get("k300")).toEqual([8, 13, 18, 23, 28, 33, 38, 43, 48, 53, 58]);
  expect(new Set([...allocator.swept.values()].map(({ length }) => length))).toEqual(new Set([11, 12]));
});

test("sweeps a quiet conference as long as it runs", async () => {
  const allocator = new Allocator();
  await allocator.allocate("quiet");
  const known = () => allocator.ids.holdersSince(allocator.time.now - 6 * hourMs, null).holders.map(({ key }) => key);
  allocator.becomes = async () => ({ ...over, runs: true });
  await allocator.time.pass(2 * dayMs);
  expect(allocator.swept.get("quiet")).toHaveLength((2 * 24 * 60) / 5);
  expect(known()).toEqual(["quiet"]);
  allocator.becomes = async () => over;
  await allocator.time.pass(6 * hourMs + 10 * minuteMs);
  expect(known()).toEqual([]);
});

test("a conference's ids end after eight days", async () => {
  const allocator = new Allocator();
  await allocator.allocate("over");
  await allocator.time.pass(12 * dayMs);
  expect(allocator.swept.get("over")?.at(-1)).toBe((8 * dayMs) / minuteMs);
  expect(allocator.alarmAt).toBeNull();
});

test("a sweep says whether a conference runs", async () => {
  const world = new ConferenceWorld();
  expect(await world.conference.sweep()).toEqual(over);
  await world.running(1);
  const running = world.conference.sweep();
  await world.during(running);
  await world.reported({ type: "event", event: { type: "conference-ended" } });
  const ended = world.conference.sweep();
  await world.during(ended);
  expect(await Promise.all([running, ended])).toMatchObject([{ runs: true }, { runs: false }]);
});

test("a round sweeps twenty conferences at once, whatever one of them does", async () => {
  const allocator = new Allocator();
  for (let index = 0; index < 1_200; index += 1) await allocator.allocate(`k${index}`);
  allocator.becomes = async (confKey) => {
    await Promise.resolve();
    if (confKey === "k1193") throw new Error("out of reach");
    if (confKey === "k1192") await new Promise(() => {});
    return over;
  };
  await allocator.time.pass(5 * minuteMs);
  expect(allocator.swept.size).toBe(500);
  expect(allocator.mostAtOnce).toBe(20);
  await allocator.time.pass(1_000);
  await allocator.allocate("late");
  await allocator.time.pass(9_000);
  expect(allocator.swept.size).toBe(1_000);
  allocator.evict();
  await allocator.time.pass(10_000);

  expect(allocator.swept.size).toBe(1_200);
  expect(allocator.swept.has("late")).toBe(false);
  expect([...allocator.domains]).toEqual(["acme"]);
  expect(allocator.lines).toMatchObject([{ event: "not-swept", conferences: 2 }]);
  expect(allocator.found.flatMap(({ failed }) => failed).toSorted()).toEqual(["k1192", "k1193"]);
  expect(allocator.found.flatMap(({ over }) => over)).toHaveLength(1_198);
  await allocator.time.pass(5 * minuteMs);
  expect(allocator.swept.get("k1193")).toEqual([5, 10]);
  expect(allocator.swept.has("late")).toBe(true);
});

test("a conference stays quiet until its next commit in any instance", async () => {
  const world = await ConferenceWorld.running(1);
  const quiet = async () => {
    await world.time.pass(10 * minuteMs);
    const swept = world.conference.sweep();
    await world.during(swept);
    return ((await swept).quietUntil ?? 0) > world.time.now + 59 * minuteMs;
  };
  expect([await quiet(), world.sweepsAsked]).toEqual([true, 0]);
  for (const number of [1, 2]) await world.reported(callerEntered(number));
  expect([await quiet(), world.sweepsAsked]).toEqual([true, 1]);
  world.kill();
  world.start();
  for (const number of [3, 4]) await world.reported(callerEntered(number));
  expect(world.sweepsAsked).toBe(2);
});

test("a sweep does what a lost alarm left", async () => {
  const world = new ConferenceWorld();
  await world.received("create", createConference());
  world.alarmAt = null;
  await world.time.pass(76_000);
  expect(world.posted).toHaveLength(0);

  await world.during(world.conference.sweep());
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => /A2W_RspCreateConference[^>]*/.exec(body)?.[0])).toEqual([
    expect.stringContaining('MsgID="m-create"'),
  ]);
});

test("a sweep deletes a finished conference whose alarm was lost", async () => {
  const world = await ConferenceWorld.running(1);
  await world.reported({ type: "event", event: { type: "conference-ended" } });
  await world.time.pass(hourMs);
  world.alarmAt = null;
  world.kill();
  await world.time.pass(8 * dayMs);
  expect(world.deleted).toBe(0);

  world.start();
  await world.during(world.conference.sweep());
  await world.time.pass(minuteMs);
  expect(world.deleted).toBe(1);
  world.start();
  await world.during(world.conference.sweep());
  expect(world.tables).toBe(0);
  expect(world.alarmAt).toBeNull();
});

test("a sweep compares a running conference with nothing pending", async () => {
  const world = new ConferenceWorld();
  const sweeps = () => world.during(world.conference.sweep());
  await world.received("create", createConference());
  await sweeps();
  await world.allDone();
  await world.reported(callerEntered(0));
  await world.time.pass(5_000);
  await sweeps();
  world.kill();
  world.start();
  await sweeps();
  await world.received("mute", muteCaller("1001"));
  await world.reported({ type: "event", event: { type: "conference-ended" } });
  await sweeps();

  const callers = [{ call: "c0" as CallId, muted: false, room: MAIN_ROOM }];
  const digest = digestOf(held({ callers }));
  expect(world.asked).toEqual([digest, digest]);
  expect(world.conference.compareDigest("simulated" as BridgeName, digest)).toBe("differs");
});

test("compares a busy conference once nothing is pending", async () => {
  const world = await ConferenceWorld.running(1);
  await world.received("mute", muteCaller("1001"));
  await world.during(world.conference.sweep());
  const asked = () => world.asked.length;
  expect(asked()).toBe(0);
  await world.allDone();
  expect(asked()).toBe(1);
  await world.received("unmute", muteCaller("1001"));
  await world.allDone();
  expect(asked()).toBe(1);
});
