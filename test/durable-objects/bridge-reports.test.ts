import { expect, test } from "vitest";
import { Clock } from "../kit/clock.ts";
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

test("comparing conferences after a restart delays no event", async () => {
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

test("an event follows its conference's pending snapshot at once", async () => {
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
