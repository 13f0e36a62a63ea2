import { expect, test } from "vitest";
import { type Flush, nothing } from "../../../durable-objects/node/log/disk.ts";
import { LeasedDisk, leaseMs } from "../../../durable-objects/node/shared/leased-disk.ts";
import { copies } from "../../../durable-objects/node/shared/shared-database.ts";
import type { LogLine } from "../../../durable-objects/platform/log.ts";
import { Clock } from "../../kit/clock.ts";
import { MemoryDatabase, type Way } from "../../kit/memory-database.ts";

/**
 * Two edges and their database, by one clock. A process that is paused sees none of its own timers, and its
 * clock goes on.
 */
class TwoDisks {
  readonly clock = new Clock(1_800_000_000_000);
  readonly database = new MemoryDatabase(this.clock);
  readonly lines: LogLine[] = [];
  #lives = 0;

  edge(name: string, wayOf: (what: string) => Way = () => "well"): LeasedDisk {
    return new LeasedDisk({
      database: this.database.connect(wayOf),
      timers: this.clock,
      passedMs: () => this.clock.now,
      now: () => this.clock.now,
      log: (line) => this.lines.push(line),
      self: { name, life: `life ${++this.#lives}`, url: `http://${name}`, version: "1" },
      settings: () => "same",
    });
  }

  /** What comes of it, once the time has passed. */
  async done<Value>(work: Promise<Value>, ms = 100): Promise<Value | string> {
    const settled = work.catch((error: unknown) => String(error));
    await this.clock.pass(ms);
    return Promise.race([settled, "under way"]);
  }

  /** Asks again and again, as a runtime does; how long it took. */
  async takeOver(disk: LeasedDisk, forMs = 20_000): Promise<number | null> {
    const begun = this.clock.now;
    while (this.clock.now - begun < forMs) {
      const opened = await this.done(disk.open(), disk.probeEveryMs);
      if (typeof opened !== "string") return this.clock.now - begun;
    }
    return null;
  }
}

function flushOf(position: number): Flush {
  const created = position === 1 ? [[1, "sessions/one"] as const] : [];
  return { ...nothing, created, rows: [{ position, object: 1, body: "[]" }] };
}

async function acting(two: TwoDisks, disk: LeasedDisk): Promise<void> {
  expect(await two.done(disk.open())).toMatchObject({ rows: [] });
}

test("the first one acts, and the other one stands by", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  expect([one.mayAct, one.epoch]).toEqual([true, 1]);
  expect(await two.done(other.open())).toBe("StandsBy: one acts");
  expect([other.mayAct, other.epoch]).toEqual([false, null]);
  expect(await two.done(other.flush(flushOf(1), 1))).toBe("StandsBy: this edge stands by");
  expect(two.lines).toEqual([{ level: "info", event: "edge-acts", epoch: 1, why: "first" }]);
});

test("an operator's word for the time takes back what one clock alone said, and no skip that another one has confirmed", async () => {
  const two = new TwoDisks();
  const one = two.edge("one");
  await acting(two, one);
  const at = two.clock.now;
  await two.done(one.flush(flushOf(1), at));
  await two.done(one.keepDoubt({ ms: 700, skippedMs: 500, unsureMs: 200 }));
  expect(await two.done(one.setBack(at - 1_000))).toBe(1_000);
  expect(await two.done(one.open())).toMatchObject({
    doubt: { ms: 0, skippedMs: 300, unsureMs: 0 },
    lastAt: at - 1_000,
  });
});

test("one that says nothing for a lease is replaced, may say nothing by then, and can write nothing more", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  await two.done(one.flush(flushOf(1), 1), 2);
  const lastAt = two.clock.now;
  let endedAt = 0;
  for (let tookOver = false; !tookOver; ) {
    if (endedAt === 0 && !one.mayAct) endedAt = two.clock.now;
    tookOver = typeof (await two.done(other.open(), other.probeEveryMs)) !== "string";
  }
  expect(endedAt - lastAt).toBeGreaterThan(2_500);
  expect(two.clock.now).toBeGreaterThan(endedAt);
  expect(two.clock.now - lastAt).toBeLessThan(leaseMs + 500);
  expect(await two.done(one.flush(flushOf(2), 2))).toBe("StandsBy: other acts");
  expect(one.epoch).toBe(null);
  expect(await two.done(other.flush(flushOf(2), 2))).toBe(undefined);
  expect(two.database.disk.open().rows).toEqual([
    [1, 1],
    [2, 1],
  ]);
});

test("one that has just taken over has a whole lease, though it has written nothing yet", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  for (const begun = two.clock.now; two.clock.now - begun < leaseMs - 500; )
    expect(await two.done(other.open(), other.probeEveryMs)).toBe("StandsBy: one acts");
  const { holding } = two.database;
  two.database.holding = { ...holding, epoch: holding.epoch + 1, life: "life 3" };

  expect(await two.takeOver(other)).toBeGreaterThanOrEqual(leaseMs);
});

test("one that writes, also nothing, is replaced by nobody", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  for (let asked = 0; asked < 20; asked += 1) {
    expect(await two.done(one.flush(nothing, 1), one.renewEveryMs)).toBe(undefined);
    expect(await two.done(other.open())).toBe("StandsBy: one acts");
    expect(one.mayAct).toBe(true);
  }
});

test("a flush whose answer is lost is sent again, and is there once", async () => {
  const two = new TwoDisks();
  let way: Way = "well";
  const one = two.edge("one", (what) => (what === "flush" ? way : "well"));
  await acting(two, one);
  way = "unheard";
  const flushed = two.done(one.flush(flushOf(1), 1), 1_500);
  two.clock.after(500, () => {
    way = "well";
  });
  expect(await flushed).toBe(undefined);
  expect(two.database.disk.open().rows).toEqual([[1, 1]]);
  // One more behind it says that it is wherever the database keeps it.
  expect(two.database.holding.flush).toBe(2);
  expect(await two.done(one.flush(flushOf(2), 2))).toBe(undefined);
});

test("a flush that comes after it was given up is refused, since the edge has begun anew", async () => {
  const two = new TwoDisks();
  let way: Way = "well";
  const one = two.edge("one", (what) => (what === "flush" ? way : "well"));
  await acting(two, one);
  way = { unheardAfterMs: 5_000 };
  expect(await two.done(one.flush(flushOf(1), 1), 4_000)).toMatch(/^Error: .*took longer than 1000 ms$/);
  expect(one.mayAct).toBe(false);
  way = "well";
  expect(await two.done(one.open())).toMatchObject({ rows: [] });
  expect(one.epoch).toBe(2);
  await two.clock.pass(10_000);
  expect(two.database.disk.open().rows).toEqual([]);
  expect(await two.done(one.flush(flushOf(1), 1))).toBe(undefined);
  expect(two.database.disk.open().rows).toEqual([[1, 1]]);
  expect(two.lines.map(({ why }) => why)).toEqual(["first", "began anew"]);
});

test("while the database is away nobody acts; whoever did goes on, and is not replaced once it is back", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  await two.done(other.open());
  two.database.isAway = true;
  expect(await two.done(one.flush(flushOf(1), 1), 5_000)).toMatch(/^Error: /);
  for (let asked = 0; asked < 30; asked += 1) expect(await two.done(other.open(), 200)).toMatch(/^Error: /);
  expect([one.mayAct, other.mayAct]).toEqual([false, false]);
  two.database.isAway = false;
  for (let asked = 0; asked < 12; asked += 1) expect(await two.done(other.open(), 200)).toBe("StandsBy: one acts");
  expect(await two.done(one.open())).toMatchObject({ rows: [] });
  expect(two.lines.map(({ why }) => why)).toEqual(["first", "began anew"]);
});

test("one that hands over is followed at once, and stands by", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  await two.done(one.flush(flushOf(1), 1));
  await two.done(one.handOver(), 5);
  expect([one.mayAct, one.epoch]).toEqual([false, null]);
  expect(await two.done(one.open(), 5)).toBe("StandsBy: this edge has handed over");
  expect(await two.takeOver(other)).toBe(200);
  expect(two.lines.at(-1)).toMatchObject({ epoch: 2, why: "handed over" });
  // And back, however soon.
  await two.done(other.handOver(), 5);
  expect(await two.takeOver(one)).toBe(200);
  expect(two.lines.at(-1)).toMatchObject({ epoch: 3, why: "handed over" });
});

test("one that hands over to nobody acts again after four seconds", async () => {
  const two = new TwoDisks();
  const one = two.edge("one");
  await acting(two, one);
  await two.done(one.handOver(), 5);
  const took = await two.takeOver(one);
  expect(took).toBeGreaterThan(3_900);
  expect(took).toBeLessThan(4_500);
  expect(two.lines.at(-1)).toMatchObject({ why: "began anew" });
});

test("two that cannot read the state take turns, some seconds each, and not at once", async () => {
  const two = new TwoDisks();
  const wayOf = (what: string) => (what === "load" ? "refused" : "well");
  const edges = [two.edge("one", wayOf), two.edge("other", wayOf)];
  for (const begun = two.clock.now; two.clock.now - begun < 60_000; )
    for (const edge of edges) await two.takeOver(edge, 200);
  expect(two.lines.filter(({ event }) => event === "edge-acts").length).toBeLessThan(40);
});

test("one that stands by begins no other state in the place of one that it has seen", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  expect(await two.done(other.open())).toBe("StandsBy: one acts");
  one.abandon();
  two.database.holding = { ...two.database.holding, epoch: 0, flush: 0, life: "", holder: "" };
  expect(await two.done(other.open())).toMatch(/^NoState: the database's state is gone/);
});

test("a state that was moved to a folder is taken by nobody", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  await two.done(one.close("moved"));
  for (const waitMs of [100, leaseMs, leaseMs])
    expect(await two.done(other.open(), waitMs)).toMatch(/^NoState: .* was copied to a folder, /);
});

test("a flush may take as long as its letters need on their way", async () => {
  const two = new TwoDisks();
  let asked = 0;
  const one = two.edge("one", (what) => {
    if (what !== "flush") return "well";
    asked += 1;
    return "lost";
  });
  await acting(two, one);
  const part = { table: "t", key: "", rows: "x".repeat(1_000_000) };
  const image = { object: 1, upTo: 0, alarm: null, schema: [], replaced: [], parts: [part], gone: [] };
  expect(await two.done(one.flush({ ...nothing, images: [image] }, 1), 1_400)).toBe("under way");
  expect(asked).toBe(1);
});

test("one that stops is followed at once", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  await two.done(one.close());
  expect(await two.takeOver(other)).toBe(200);
  expect(two.lines.at(-1)).toMatchObject({ why: "stopped" });
});

test("of two that find the state free, one acts", async () => {
  const two = new TwoDisks();
  const opened = [two.edge("one"), two.edge("other")].map((disk) => two.done(disk.open(), 0));
  await two.clock.pass(100);
  await Promise.all(opened);
  expect(two.lines.length).toBe(1);
  expect(two.database.holding.epoch).toBe(1);
});

test("a begun epoch is later than what agents know", async () => {
  const two = new TwoDisks();
  const one = two.edge("one");
  await acting(two, one);
  one.beginAfter(41);
  expect(await two.done(one.open())).toMatchObject({ rows: [] });
  expect(one.epoch).toBe(42);
});

test("both say what they are; the one that stands by says how far it has come, each second", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  await two.done(one.flush(flushOf(1), 1));
  await two.done(other.open());
  await two.done(one.flush(flushOf(2), 1));
  const view = await two.done(other.view());
  expect(view).toMatchObject({ holding: { holder: "one", position: 2 } });
  const { peers } = view as Awaited<ReturnType<typeof other.view>>;
  expect(peers.map(({ name, position, fault }) => [name, position, fault])).toEqual([
    ["one", 0, null],
    ["other", 1, null],
  ]);
});

test("of two edges of one name the second one is shown as such, and gets the name of one that died", async () => {
  const two = new TwoDisks();
  const [one, second] = [two.edge("one"), two.edge("one")];
  await acting(two, one);
  const shown = async () => {
    const { peers } = (await two.done(one.view())) as Awaited<ReturnType<typeof one.view>>;
    return peers.map(({ name, life, fault }) => [name, life, fault]);
  };
  const pass = async (seconds: number, isAlive: boolean) => {
    for (let count = 0; count < seconds; count += 1) {
      if (isAlive) await two.done(one.flush(nothing, 1), 500);
      await two.done(second.open(), 500);
    }
  };
  await pass(4, true);
  expect(await shown()).toEqual([["one", "life 1", null]]);
  await pass(3, true);
  expect(await shown()).toEqual([
    ["one", "life 1", null],
    ["one (http://one)", "life 2", "another edge is named one, too"],
  ]);
  expect(two.lines.filter(({ event }) => event === "edge-name-taken")).toHaveLength(1);
  await pass(3, true);
  expect(two.lines.filter(({ event }) => event === "edge-name-taken")).toHaveLength(1);
  await two.done(one.close());
  await pass(3, false);
  expect(await shown()).toEqual([["one", "life 2", null]]);
});

test("one that stands by says why it could not act, where it cannot read the state", async () => {
  const two = new TwoDisks();
  let fails = false;
  const [one, other] = [two.edge("one"), two.edge("other", (what) => (fails && what === "check" ? "lost" : "well"))];
  await acting(two, one);
  const faultOf = async () => {
    await two.done(one.flush(nothing, 1));
    const { peers } = (await two.done(one.view())) as Awaited<ReturnType<typeof one.view>>;
    return peers.find(({ name }) => name === "other")?.fault;
  };
  await two.done(other.open());
  expect(await faultOf()).toBe(null);
  fails = true;
  for (let second = 0; second < 100; second += 1) {
    await two.done(one.flush(nothing, 1), 500);
    await two.done(other.open(), 500);
  }
  expect(await faultOf()).toBe("the database's answer about its state took longer than 10000 ms");
});

test("over a database that was put back to an older copy it begins anew", async () => {
  const two = new TwoDisks();
  const one = two.edge("one");
  await acting(two, one);
  const before = two.database.holding;
  await two.done(one.flush(flushOf(1), 1));
  two.database.holding = before;
  expect(await two.done(one.flush(flushOf(2), 1))).toBe("Error: flush 2 was to follow 0");
  expect([one.epoch, one.mayAct]).toEqual([null, false]);
  await two.done(one.open());
  expect(one.epoch).toBe(2);
});

test("what the database refuses for what it is is not sent again", async () => {
  const two = new TwoDisks();
  const one = two.edge("one");
  await acting(two, one);
  const { flush } = two.database.disk;
  let sent = 0;
  two.database.disk.flush = () => {
    sent += 1;
    throw Object.assign(new Error("invalid input syntax"), { code: "22P02" });
  };
  expect(await two.done(one.flush(flushOf(1), 1), 10)).toBe("Error: invalid input syntax");
  expect([sent, one.mayAct]).toEqual([1, false]);
  two.database.disk.flush = flush;
});

test("a state that was not copied to its end is taken by nobody, however long whoever copied it is silent", async () => {
  const two = new TwoDisks();
  await acting(two, two.edge(copies));
  const edge = two.edge("edge");
  for (const waitMs of [100, leaseMs, leaseMs])
    expect(await two.done(edge.open(), waitMs)).toMatch(/^NoState: a state is being copied /);
});

test("who was replaced hands over nothing, and who has closed begins no more", async () => {
  const two = new TwoDisks();
  const [one, other] = [two.edge("one"), two.edge("other")];
  await acting(two, one);
  expect(await two.takeOver(other)).toBeGreaterThanOrEqual(leaseMs);
  expect(await two.done(one.handOver())).toBe("StandsBy: another edge acts");

  await two.done(other.close());
  expect(await two.done(other.open())).toMatch(/^StandsBy: /);
});

test("of the epochs that agents know the latest counts, whoever says an earlier one behind it", async () => {
  const two = new TwoDisks();
  const one = two.edge("one");
  await acting(two, one);
  for (const epoch of [41, 7]) one.beginAfter(epoch);
  await two.done(one.open());
  expect(one.epoch).toBe(42);
});
