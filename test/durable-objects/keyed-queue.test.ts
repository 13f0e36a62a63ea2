import { expect, test } from "vitest";
import { KeyedQueue } from "../../durable-objects/relay/keyed-queue.ts";
import { Clock } from "../simulation/clock.ts";

/** Jobs that are done when they are let; `log` has a line for each thing that happened. */
class Jobs {
  readonly log: string[] = [];
  readonly timers = new Clock();
  readonly queue: KeyedQueue<string, string>;
  readonly #open = new Map<string, PromiseWithResolvers<void>>();

  constructor(...slow: string[]) {
    this.queue = new KeyedQueue({
      timers: this.timers,
      limitMs: 10_000,
      maxKeys: 2,
      join: (waiting, job) => [...waiting.slice(-1), job],
      run: (key, job) => {
        this.log.push(`${key}: ${job}`);
        if (job === "bad") throw new Error("bad job");
        if (!slow.includes(key)) return Promise.resolve();
        const open = Promise.withResolvers<void>();
        this.#open.set(key, open);
        return open.promise;
      },
      failed: (key, error) => this.log.push(`${key} failed: ${error}`),
    });
  }

  async done(key: string): Promise<void> {
    this.#open.get(key)?.resolve();
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }
}

test("jobs of one key run one after the other, those of another key meanwhile", async () => {
  const jobs = new Jobs("a");
  jobs.queue.add("a", "first");
  await jobs.settle();
  jobs.queue.add("a", "second");
  jobs.queue.add("b", "first");
  await jobs.settle();
  expect(jobs.log).toEqual(["a: first", "b: first"]);

  await jobs.done("a");
  expect(jobs.log.at(-1)).toBe("a: second");
  await jobs.done("a");
  expect(["b", "c"].map((key) => jobs.queue.add(key, "job"))).toEqual([true, true]);
});

test("what waits is what `join` makes of it", async () => {
  const jobs = new Jobs("a");
  jobs.queue.add("a", "first");
  await jobs.settle();
  for (let count = 0; count < 1_000; count += 1) jobs.queue.add("a", `repeat ${count}`);

  for (let count = 0; count < 5; count += 1) await jobs.done("a");
  expect(jobs.log).toEqual(["a: first", "a: repeat 998", "a: repeat 999"]);
});

test("a job that hangs is left after its time limit, and the next one runs", async () => {
  const jobs = new Jobs("a");
  jobs.queue.add("a", "first");
  await jobs.settle();
  jobs.queue.add("a", "second");
  jobs.timers.advance(9_999);
  await jobs.settle();
  expect(jobs.log).toEqual(["a: first"]);

  jobs.timers.advance(1);
  await jobs.settle();
  expect(jobs.log.slice(1)).toEqual(["a failed: Error: the answer took longer than 10000 ms", "a: second"]);
});

test("a job that fails does not hold up the next one", async () => {
  const jobs = new Jobs();
  jobs.queue.add("a", "bad");
  jobs.queue.add("a", "good");
  await jobs.settle();

  expect(jobs.log).toEqual(["a: bad", "a failed: Error: bad job", "a: good"]);
  expect(["b", "c"].map((key) => jobs.queue.add(key, "job"))).toEqual([true, true]);
});

test("keys beyond the limit are dropped, and find a place when there is one", async () => {
  const jobs = new Jobs("a", "b");
  expect(["a", "b", "c"].map((key) => jobs.queue.add(key, "job"))).toEqual([true, true, false]);
  await jobs.settle();
  expect(jobs.queue.add("a", "another")).toBe(true);

  await jobs.done("b");
  expect(jobs.queue.add("c", "job")).toBe(true);
});
