import { expect, test } from "vitest";
import { Clock } from "../simulation/clock.ts";
import { ReportsWorld } from "./reports-world.ts";

/** Conferences that are asked about digests; those that are `slow` answer when they are let. `log` has a line for each thing that happened. */
class Asked {
  readonly log: string[] = [];
  readonly time = new Clock();
  readonly #open = new Map<string, PromiseWithResolvers<"undecided">>();
  readonly world: ReportsWorld;

  constructor(...slow: string[]) {
    const compare = async (key: string, digest: string): Promise<"undecided"> => {
      this.log.push(`${key}: ${digest}`);
      if (digest === "bad") throw new Error("bad digest");
      if (!slow.includes(key)) return "undecided";
      const open = Promise.withResolvers<"undecided">();
      this.#open.set(key, open);
      return open.promise;
    };
    this.world = new ReportsWorld(this.time, compare, (line) => this.log.push(line));
  }

  async answers(key: string): Promise<void> {
    this.#open.get(key)?.resolve("undecided");
    await this.settle();
    await this.time.pass(20);
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }
}

test("a conference is asked one thing after the other, another one meanwhile", async () => {
  const asked = new Asked("a");
  asked.world.ack("a", "first");
  await asked.settle();
  asked.world.ack("a", "second");
  asked.world.ack("b", "first");
  await asked.settle();
  expect(asked.log).toEqual(["a: first", "b: first"]);

  await asked.answers("a");
  expect(asked.log.at(-1)).toBe("a: second");
});

test("of what waits for a conference, the newest digest is left", async () => {
  const asked = new Asked("a");
  asked.world.add("a", "first");
  await asked.settle();
  for (let count = 0; count < 1_000; count += 1) asked.world.add("a", `repeat ${count}`);

  for (let count = 0; count < 5; count += 1) await asked.answers("a");
  expect(asked.log).toEqual(["a: first", "a: repeat 999"]);
});

test("what comes in one turn is joined before the conference is asked", async () => {
  const asked = new Asked();
  for (const digest of ["first", "second"]) asked.world.add("a", digest);
  await asked.settle();

  expect(asked.log).toEqual(["a: second"]);
});

test("after a restart conferences are compared ten at a time, and what happens in them waits for none of that", async () => {
  const all = Array.from({ length: 100 }, (_, index) => `c${index}`);
  const asked = new Asked("c15");
  for (const key of all) asked.world.add(key, "digest");
  await asked.settle();
  expect(asked.log).toEqual(all.slice(0, 10).map((key) => `${key}: digest`));
  await asked.time.pass(20);
  expect(asked.log).toHaveLength(20);
  asked.world.ack("new", "command");
  await asked.settle();
  expect(asked.log.at(-1)).toBe("new: command");
  // One hangs, and the next ones wait a second for it.
  await asked.time.pass(1_200);
  expect(asked.log).toHaveLength(31);
  await asked.time.pass(160);
  expect(asked.log).toHaveLength(101);
});

const snapshot = {
  type: "snapshot",
  conference: { locked: false, speaking: null, rooms: [], callers: [], dialled: [] },
} as const;
const locked = { type: "lock-changed", locked: true } as const;

test("snapshots of an agent that is back have their turns, too", async () => {
  const asked = new Asked();
  for (let index = 0; index < 100; index += 1) asked.world.report(`c${index}`, 1, snapshot);
  await asked.settle();
  await asked.time.pass(20);
  expect(asked.log).toHaveLength(20);
  // Sent again without an ack, one keeps its turn, and is brought once.
  asked.world.report("c97", 1, snapshot);
  await asked.settle();
  expect(asked.log).toHaveLength(20);
  await asked.time.pass(200);
  expect(asked.log).toHaveLength(100);
});

test("what happens comes at once, behind the snapshot that waits before it", async () => {
  const asked = new Asked();
  for (let index = 0; index < 100; index += 1) asked.world.report(`c${index}`, 1, snapshot);
  asked.world.report("both", 1, snapshot, locked);
  asked.world.report("over", 1, { type: "snapshot", conference: null });
  await asked.settle();
  expect(asked.log.slice(10)).toEqual(["both: snapshot,lock-changed", "over: snapshot"]);

  asked.world.ack("c99", "command");
  asked.world.report("c98", 2, locked);
  await asked.settle();
  expect(asked.log.slice(12).sort()).toEqual(["c98: lock-changed", "c98: snapshot", "c99: command", "c99: snapshot"]);
  expect(asked.log.indexOf("c98: snapshot")).toBeLessThan(asked.log.indexOf("c98: lock-changed"));
});

test("a conference that hangs is left after 10 s, and asked the next thing", async () => {
  const asked = new Asked("a");
  asked.world.add("a", "first");
  await asked.settle();
  asked.world.add("a", "second");
  asked.time.advance(9_999);
  await asked.settle();
  expect(asked.log).toEqual(["a: first"]);

  asked.time.advance(1);
  await asked.settle();
  const late = "a conference-not-reached Error: the answer took longer than 10000 ms";
  expect(asked.log.slice(1)).toEqual([late, "a: second"]);
});

test("a failure does not hold up the next thing", async () => {
  const asked = new Asked();
  asked.world.add("a", "bad");
  await asked.settle();
  asked.world.add("a", "good");
  await asked.settle();

  expect(asked.log).toEqual(["a: bad", "a conference-not-reached Error: bad digest", "a: good"]);
});

test("beyond 10,000 conferences, what comes for others is dropped until one has answered", async () => {
  const all = Array.from({ length: 10_000 }, (_, index) => `c${index}`);
  const asked = new Asked(...all);
  for (const key of all) asked.world.ack(key, "first");
  asked.world.ack("late", "dropped");
  await asked.settle();
  expect(asked.log.filter((line) => line.startsWith("late"))).toEqual(["late too-many-conferences-wait"]);
  asked.world.ack("c1", "second");

  await asked.answers("c0");
  asked.world.ack("late", "asked");
  await asked.answers("c1");
  expect(asked.log.slice(-2)).toEqual(["late: asked", "c1: second"]);
});
