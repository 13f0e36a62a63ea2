import { expect, test } from "vitest";
import { keptIn } from "../../durable-objects/home/log/kept-values.ts";
import { SkippedLately } from "../../durable-objects/platform/skipped-lately.ts";
import { Database } from "../simulation/database.ts";

/** An object whose platform has let so much time go on at once, and its next lives. */
function lives() {
  const time = { now: 1_000_000, skippedMs: 0, doubtMs: 0 };
  const kept = keptIn(new Database());
  let puts = 0;
  const ports = {
    now: () => time.now,
    skippedMs: () => time.skippedMs,
    doubtMs: () => time.doubtMs,
    kept: {
      get: kept.get,
      put: (name: string, value: unknown) => {
        kept.put(name, value);
        puts += 1;
      },
    },
  };
  const skip = (ms: number) => {
    time.now += ms;
    time.skippedMs += ms;
  };
  return { time, skip, ms: () => new SkippedLately(ports).ms(100), writes: () => puts };
}

test("a skip counts for at least as long as is asked for, and for twice as long at most", () => {
  const { time, skip, ms, writes } = lives();
  expect(ms()).toBe(0);
  skip(5_000);
  expect(ms()).toBe(5_000);
  time.now += 99;
  skip(700);
  expect(ms()).toBe(5_700);
  time.now += 1;
  const counted = Array.from({ length: 4 }, () => {
    time.now += 50;
    return ms();
  });
  expect([counted, ms()]).toEqual([[700, 700, 0, 0], 0]);
  expect(writes()).toBeLessThanOrEqual(3);
});

test("where nothing was ever skipped, nothing is kept", () => {
  const { time, ms, writes } = lives();
  for (let turn = 0; turn < 5; turn += 1) {
    time.now += 100;
    expect(ms()).toBe(0);
  }
  expect(writes()).toBe(0);
});

test("a skip that an operator takes back counts no more", () => {
  const { time, skip, ms } = lives();
  skip(5_000);
  ms();
  time.now -= 5_000;
  time.skippedMs = 0;
  expect(ms()).toBe(0);
  skip(300);
  expect(ms()).toBe(300);
});

test("one clock alone, ahead by however much, ends no span", () => {
  const { time, skip, ms } = lives();
  skip(5_000);
  ms();
  time.now += 90_000;
  time.doubtMs = 90_000;
  expect([ms(), ms()]).toEqual([5_000, 5_000]);
});

test("behind a skip that was taken back, the next one counts for its time", () => {
  const { time, skip, ms } = lives();
  skip(900);
  ms();
  time.now += 100;
  ms();
  time.now -= 900;
  time.skippedMs = 0;
  expect(ms()).toBe(0);
  time.now += 90;
  skip(100);
  expect(ms()).toBe(100);
  time.now += 99;
  expect(ms()).toBe(100);
});
