import { expect, test } from "vitest";
import { CountsSender } from "../../durable-objects/counts/counts-sender.ts";
import { DeploymentCounts } from "../../durable-objects/counts/deployment-counts.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { Counts } from "../../src/foundation/metrics.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";

const webhook = { domain: "local", outcome: "delivered" };

/** The object with the counts of all processes. It may restart. */
class World {
  readonly time = new Clock();
  readonly sql = new Database();
  counts = this.#start();
  sent = 0;
  /** What becomes of the answer to a process. */
  answers = true;

  restart(): void {
    this.counts = this.#start();
  }

  /** A process of the deployment. */
  process(name: string): { readonly measures: Measures; readonly sender: CountsSender } {
    const measures = new Measures();
    const sender = new CountsSender(
      {
        after: (ms, run) => this.time.after(ms, run),
        now: () => this.time.now,
        newName: () => name,
        send: async (...portions) => {
          this.sent += 1;
          await this.counts.add(...portions);
          if (!this.answers) throw new Error("the answer is lost");
        },
      },
      measures.counts,
    );
    measures.onCounted = () => sender.counted();
    return { measures, sender };
  }

  async posts(): Promise<number> {
    const shown = new Counts();
    shown.addAll(await this.counts.all());
    return Number(shown.of("bridgehead_webhooks_total").get('domain="local",outcome="delivered"') ?? 0);
  }

  #start(): DeploymentCounts {
    return new DeploymentCounts({ sql: this.sql, log: () => {} });
  }
}

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test("adds up the counts of all processes, also after a restart", async () => {
  const world = new World();
  const [one, other] = [world.process("one"), world.process("other")];
  one.measures.webhooks.count(webhook);
  one.measures.postSeconds.observe({ domain: "local" }, 150);
  other.measures.webhooks.count(webhook, 2);
  other.measures.postSeconds.observe({ domain: "local" }, 30_500);
  for (const { sender } of [one, other]) await sender.flush();
  world.restart();

  expect(await world.posts()).toBe(3);
  const shown = new Counts();
  shown.addAll(await world.counts.all());
  const text = one.measures.text([], shown);
  expect(text).toContain('bridgehead_post_seconds_bucket{domain="local",le="0.1"} 0\n');
  expect(text).toContain('bridgehead_post_seconds_bucket{domain="local",le="0.2"} 1\n');
  expect(text).toContain('bridgehead_post_seconds_bucket{domain="local",le="+Inf"} 2\n');
  expect(text).toContain('bridgehead_post_seconds_sum{domain="local"} 30.65\n');
});

test("a batch of counts whose answer is lost counts once", async () => {
  const world = new World();
  const { measures, sender } = world.process("one");
  world.answers = false;
  measures.webhooks.count(webhook);
  await settle();
  expect(world.sent).toBe(1);
  measures.webhooks.count(webhook);
  await expect(sender.flush()).rejects.toThrow("the answer is lost");
  world.restart();
  world.answers = true;
  await sender.flush();

  expect(await world.posts()).toBe(2);
});

test("a process sends counts at once, then every half minute at most", async () => {
  const world = new World();
  const { measures, sender } = world.process("one");
  for (let count = 0; count < 100; count += 1) {
    measures.webhooks.count(webhook);
    await settle();
    await world.time.pass(1_000);
  }
  expect(world.sent).toBe(4);
  expect(await world.posts()).toBe(91);

  // An alarm or a sweep, long after.
  await world.time.pass(60_000);
  sender.counted();
  await settle();
  sender.counted();
  await world.time.pass(60_000);
  sender.counted();
  await settle();
  expect(world.sent).toBe(5);
  expect(await world.posts()).toBe(100);
});

test("one request of several sends the counts after 20 s", async () => {
  const world = new World();
  const { measures, sender } = world.process("one");
  measures.counts.add("bridgehead_strangers_total", "", 1);
  const requests = [sender.afterRequest(), sender.afterRequest()];
  await world.time.pass(19_999);
  expect(world.sent).toBe(0);
  await world.time.pass(1);
  await Promise.all(requests);
  expect(world.sent).toBe(1);

  // The platform ends this one.
  measures.counts.add("bridgehead_strangers_total", "", 1);
  const { after } = world.time;
  world.time.after = () => () => {};
  void sender.afterRequest();
  world.time.after = after;
  await world.time.pass(40_000);
  const next = sender.afterRequest();
  await world.time.pass(20_000);
  await next;
  expect(world.sent).toBe(2);
});
