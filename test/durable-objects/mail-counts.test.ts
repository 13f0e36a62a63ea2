import { expect, test } from "vitest";
import { MailCounts } from "../../durable-objects/mail/mail-counts.ts";
import type { TransId } from "../../src/foundation/ids.ts";
import { Database } from "../simulation/database.ts";
import { DirectoryWorld, domain } from "./directory/world.ts";

/** The counts of a mailbox, over a real directory. */
class CountsWorld {
  readonly of = new DirectoryWorld();
  readonly time = this.of.time;
  isAway = false;
  isAnswerLost = false;
  tookMs = 0;
  /** The numbers of the portions that were sent, and how many were under way at most. */
  readonly sent: number[] = [];
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #sql = new Database();

  open(): MailCounts {
    return new MailCounts({
      sql: this.#sql,
      now: () => this.time.now,
      after: (ms, run) => this.time.after(ms, run),
      nonce: () => "1",
      count: async (source, minutes) => {
        this.sent.push(source.upTo);
        this.#atOnce += 1;
        this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
        await this.time.wait(this.tookMs);
        this.#atOnce -= 1;
        if (this.isAway) throw new Error("the directory is away");
        await this.of.directory.count(domain, source, minutes);
        if (this.isAnswerLost) throw new Error("its answer was lost");
      },
    });
  }

  /** How many documents the directory has counted. */
  async counted(): Promise<number> {
    const { minutes } = await this.of.start().activity();
    return minutes.reduce((sum, { requests }) => sum + requests.confirmed, 0);
  }
}

const document = { kind: "document-confirmed", transId: "1" as TransId } as const;

test("what comes within a second goes in one portion, and then nothing is left to do", async () => {
  const world = new CountsWorld();
  const counts = world.open();
  for (let number = 0; number < 3; number++) counts.add(document);
  await world.time.pass(5_000);

  expect([world.sent, await world.counted(), counts.owes]).toEqual([[1], 3, false]);
  counts.send();
  expect(world.time.due()).toEqual([]);
});

test("a portion that may have come is not changed any more, also by the next life", async () => {
  const world = new CountsWorld();
  world.isAnswerLost = true;
  world.open().add(document);
  await world.time.pass(2_000);
  world.isAnswerLost = false;
  world.open().add(document);
  await world.time.pass(20_000);

  expect(await world.counted()).toBe(2);
});

test("while a portion is under way, what comes is another one, waits for it, and stays when the first is acknowledged", async () => {
  const world = new CountsWorld();
  world.tookMs = 4_000;
  const counts = world.open();
  counts.add(document);
  await world.time.pass(1_500);
  counts.add(document);
  counts.send();
  await world.time.pass(20_000);

  expect([world.sent, world.mostAtOnce, await world.counted()]).toEqual([[1, 2], 1, 2]);
});

test("a portion that grows while the one before it is under way goes as it has become", async () => {
  const world = new CountsWorld();
  world.isAway = true;
  const counts = world.open();
  counts.add(document);
  await world.time.pass(2_000);
  counts.add(document);
  [world.isAway, world.tookMs] = [false, 3_000];
  await world.time.pass(2_000);
  expect(world.sent).toEqual([1, 1]);
  counts.add(document);
  await world.time.pass(20_000);

  expect([world.sent, await world.counted(), counts.owes]).toEqual([[1, 1, 2], 3, false]);
});

test("a directory that is away is asked again every ten seconds, until it has answered", async () => {
  const world = new CountsWorld();
  world.isAway = true;
  const counts = world.open();
  counts.add(document);
  await world.time.pass(30_000);
  expect(world.sent).toHaveLength(3);
  world.isAway = false;
  await world.time.pass(10_000);

  expect([await world.counted(), counts.owes]).toEqual([1, false]);
});

test("what was stopped sends nothing more, also of what is under way", async () => {
  const world = new CountsWorld();
  world.tookMs = 2_000;
  world.open().add(document);
  const counts = world.open();
  counts.add(document);
  await world.time.pass(1_500);
  counts.stop();
  await world.time.pass(20_000);

  expect([new Set(world.sent), counts.owes]).toEqual([new Set([1]), false]);
});
