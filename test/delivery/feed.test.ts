import { describe, expect, test } from "vitest";
import { Draws } from "../../simulators/draws.ts";
import { type Ack, type Batch, Feed } from "../../src/delivery/feed.ts";
import { Clock } from "../kit/clock.ts";

interface Rows extends Batch {
  readonly rows: Readonly<Record<string, number>>;
}

/** A sender with rows, a receiver that keeps the latest version of each, and a way between them. */
class World {
  readonly time = new Clock();
  readonly rows = new Map<string, { readonly value: number; readonly version: number }>();
  readonly stored = new Map<string, { readonly value: number; readonly version: number }>();
  readonly sentAt: number[] = [];
  inFlight = 0;
  mostInFlight = 0;
  version = 0;
  acknowledged = 0;
  pauseMs = 2_000;
  /** What becomes of the next batch. */
  fate: () => "arrives" | "lost" | "answer lost" | "late" = () => "arrives";
  feed = this.start();

  /** A life of the sender; what was acknowledged to the one before may be forgotten. */
  start(): Feed<Rows> {
    const feed = new Feed<Rows>({
      now: () => this.time.now,
      after: (ms, run) => this.time.after(ms, run),
      name: () => "sender",
      isPending: () => this.version > this.acknowledged,
      rows: () => {
        const changed = [...this.rows].filter(([, { version }]) => version > this.acknowledged);
        return { version: this.version, rows: Object.fromEntries(changed.map(([name, { value }]) => [name, value])) };
      },
      send: (batch) => this.#receive(batch),
      acknowledged: ({ version }) => {
        this.acknowledged = Math.max(this.acknowledged, version);
      },
      failed: () => {},
    });
    this.feed = feed;
    return feed;
  }

  change(name: string, value: number, ms?: number): void {
    this.version += 1;
    this.rows.set(name, { value, version: this.version });
    this.feed.changed(ms);
  }

  async #receive({ version, rows }: Rows): Promise<Ack> {
    this.sentAt.push(this.time.now);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const fate = this.fate();
      if (fate === "lost") throw new Error("lost");
      if (fate === "late") await this.time.wait(5_000);
      for (const [name, value] of Object.entries(rows))
        if ((this.stored.get(name)?.version ?? 0) < version) this.stored.set(name, { value, version });
      if (fate === "answer lost") throw new Error("the answer is lost");
      return { pauseMs: this.pauseMs };
    } finally {
      this.inFlight -= 1;
    }
  }
}

describe("a feed", () => {
  test.each(Array.from({ length: 50 }, (_, seed) => seed))(
    "brings the latest version of each row, whatever is lost, late or killed (seed %i)",
    async (seed) => {
      const draws = new Draws(seed, "feed");
      const world = new World();
      world.fate = () => draws.pick(["arrives", "arrives", "lost", "answer lost", "late"] as const) ?? "arrives";
      for (let step = 0; step < 40; step += 1) {
        world.change(draws.pick(["a", "b", "c"]) ?? "a", step, draws.pick([undefined, 200]));
        await world.time.pass(draws.between(0, 4_000));
        if (draws.between(0, 9) > 0) continue;
        world.acknowledged = draws.between(0, world.acknowledged);
        world.feed.stop();
        world.start().changed();
      }
      world.fate = () => "arrives";
      await world.time.pass(20 * 60_000);
      expect(Object.fromEntries([...world.stored].map(([name, { value }]) => [name, value]))).toEqual(
        Object.fromEntries([...world.rows].map(([name, { value }]) => [name, value])),
      );
    },
  );

  test("has one batch in flight, and gathers what comes meanwhile", async () => {
    const world = new World();
    world.fate = () => "late";
    world.change("a", 1, 200);
    await world.time.pass(300);
    for (let value = 2; value < 100; value += 1) world.change("a", value, 200);
    await world.time.pass(20_000);
    expect(world.mostInFlight).toBe(1);
    expect(world.sentAt).toHaveLength(2);
    expect(world.stored.get("a")?.value).toBe(99);
  });

  test.each([
    ["urgent changes after 200 ms", 200, 2_000, [200]],
    ["others within the pause of the last answer", undefined, 10_000, [10_000]],
  ])("sends %s", async (_, ms, pauseMs, within) => {
    const world = new World();
    world.pauseMs = pauseMs;
    world.change("a", 1, 0);
    await world.time.pass(1);
    const from = world.time.now;
    world.change("a", 2, ms);
    await world.time.pass(60_000);
    const [, second = 0] = world.sentAt;
    expect(second - from).toBeGreaterThanOrEqual((within[0] ?? 0) / 2);
    expect(second - from).toBeLessThanOrEqual(within[0] ?? 0);
  });

  test("tries again after pauses that grow up to five minutes", async () => {
    const world = new World();
    world.fate = () => "lost";
    world.change("a", 1, 0);
    await world.time.pass(3_600_000);
    const pauses = world.sentAt.map((at, index) => at - (world.sentAt[index - 1] ?? at)).slice(1);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_500);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000);
    expect(pauses.at(-1)).toBeGreaterThan(100_000);
  });
});
