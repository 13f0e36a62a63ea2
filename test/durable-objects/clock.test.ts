import { expect, test } from "vitest";
import { Clock, nextWake } from "../../durable-objects/platform/clock.ts";
import { Clock as TestClock } from "../simulation/clock.ts";
import { fakePlatform } from "./fakes.ts";

const hourMs = 3_600_000;

test("what the clock is ahead by is written again where the first write failed", () => {
  const machine = { now: 10 * hourMs, isFull: true };
  const [kept, alarms]: [number[], number[]] = [[], []];
  const setAlarm = async (at: number) => void alarms.push(at);
  const platform = { ...fakePlatform(new TestClock()), now: () => machine.now, setAlarm };
  const clock = new Clock(platform, machine.now, {}, (aheadMs) => {
    if (machine.isFull) throw new Error("database or disk is full");
    kept.push(aheadMs);
  });
  machine.now -= hourMs;
  expect(() => clock.wakeBy(clock.now() + 5_000)).toThrow("full");
  machine.isFull = false;
  clock.wakeBy(clock.now() + 5_000);

  expect([kept, alarms]).toEqual([[hourMs], [machine.now + 5_000]]);
});

test("an alarm comes in its time also where the clock was set back unseen; a lead is written once, and a second of it not", () => {
  const machine = { now: 10 * hourMs };
  const [kept, alarms]: [number[], number[]] = [[], []];
  const setAlarm = async (at: number) => void alarms.push(at);
  const platform = { ...fakePlatform(new TestClock()), now: () => machine.now, setAlarm };
  const clock = new Clock(platform, machine.now, {}, (aheadMs) => void kept.push(aheadMs));
  const due = clock.now() + 5_000;
  machine.now -= 1_000;
  clock.wakeBy(due);
  expect([kept, alarms]).toEqual([[], [machine.now + 5_000]]);
  machine.now -= hourMs;
  clock.wakeBy(due - 1);
  clock.wakeBy(due - 2);
  expect(kept).toEqual([hourMs + 1_000]);
});

test("a lead that ends where the clock is set right is no lead of the next life", () => {
  const yearMs = 365 * 24 * hourMs;
  const machine = { now: 2 * yearMs };
  const kept: number[] = [];
  const platform = { ...fakePlatform(new TestClock()), now: () => machine.now, setAlarm: async () => {} };
  const clock = new Clock(platform, machine.now, {}, (aheadMs) => void kept.push(aheadMs));
  machine.now -= yearMs;
  clock.wakeBy(clock.now() + 5_000);
  machine.now += yearMs;
  clock.wakeBy(clock.now() + 5_000);
  expect(kept).toEqual([yearMs, 0]);
});

test("an object is behind by what the platform has skipped since it began, until it catches up; alarms come as early as without it", async () => {
  const machine = { now: 10 * hourMs, skippedMs: hourMs };
  const alarms: number[] = [];
  const base = fakePlatform(new TestClock());
  const setAlarm = async (at: number) => void alarms.push(at);
  const platform = { ...base, now: () => machine.now, skippedMs: () => machine.skippedMs, setAlarm };
  const clock = new Clock(platform, 9 * hourMs, { skippedMs: hourMs });
  expect(clock.now()).toBe(10 * hourMs);
  machine.now += 24 * hourMs + 5_000;
  machine.skippedMs += 24 * hourMs;
  expect([clock.now(), clock.behindMs, clock.skippedMs]).toEqual([10 * hourMs + 5_000, 24 * hourMs, hourMs]);
  clock.wakeBy(10 * hourMs + 9_000);
  await new Clock(platform, 10 * hourMs + 5_000, { skippedMs: hourMs }).ensure(10 * hourMs + 6_000);
  const begun = new Clock(platform, 0);
  await begun.ensure(34 * hourMs + 20_000);
  expect([begun.behindMs, begun.skippedMs]).toEqual([0, 25 * hourMs]);
  clock.catchUp();
  expect([clock.now(), clock.behindMs, clock.skippedMs]).toEqual([machine.now, 0, 25 * hourMs]);
  expect(alarms.map((at) => at - machine.now)).toEqual([4_000, 1_000, 15_000]);
});

test("an object that had more of what was skipped than ever was, since an operator has set the time back, is not ahead", () => {
  const platform = { ...fakePlatform(new TestClock()), now: () => 10 * hourMs, skippedMs: () => hourMs };
  const clock = new Clock(platform, 9 * hourMs, { skippedMs: 24 * hourMs });
  expect([clock.now(), clock.behindMs, clock.skippedMs]).toEqual([10 * hourMs, 0, hourMs]);
});

test.each<[string, Parameters<typeof nextWake>, number | null]>([
  ["nothing is due", [1_000, 5_000, null, null, null], null],
  ["something is overdue: after the lead time", [1_000, 5_000, null, 500, 9_000], 6_000],
  ["something is due much later", [1_000, 5_000, null, null, 90_000], 90_000],
  ["a deadline is ahead: in time for it", [1_000, 5_000, 1_500, null], 1_500],
  ["a deadline is far ahead: within five minutes, since the clock may be set", [1_000, 5_000, hourMs], 301_000],
  ["a deadline is now: it is a backstop like others", [1_000, 5_000, 1_000], 6_000],
  ["a deadline has passed: it is a backstop like others", [1_000, 5_000, 900], 6_000],
  ["a deadline is ahead of what is due", [1_000, 5_000, 4_000, 2_000], 4_000],
])("the alarm where %s", (_, given, at) => {
  expect(nextWake(...given)).toBe(at);
});
