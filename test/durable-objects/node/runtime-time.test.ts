import { expect, test } from "vitest";
import { Alarms } from "../../../durable-objects/node/alarms.ts";
import { RuntimeTime } from "../../../durable-objects/node/runtime-time.ts";
import { dayMs, hourMs } from "../../../src/foundation/time/timers.ts";
import { Clock } from "../../kit/clock.ts";

const began = 1_800_000_000_000;
const yearMs = 365 * dayMs;

/** A machine on a virtual clock; its wall clock can be set, and it can sleep. */
class Machine {
  readonly clock = new Clock();
  #wallAheadMs: number;
  #sleptMs = 0;
  readonly skipped: number[] = [];
  readonly time: RuntimeTime;

  constructor(wall = began) {
    this.#wallAheadMs = wall;
    const clocks = {
      wall: () => this.clock.now + this.#wallAheadMs,
      monotonic: () => this.clock.now,
      sinceBoot: () => this.clock.now + this.#sleptMs,
    };
    this.time = new RuntimeTime(clocks, (byMs) => this.skipped.push(byMs));
  }

  setWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /** While it sleeps, the monotonic clock stands. */
  sleep(ms: number): void {
    this.#wallAheadMs += ms;
    this.#sleptMs += ms;
  }

  /** Reads the time each second meanwhile, as an edge at work does, and says by how much it went on each time, at least and at most. */
  pass(ms: number): { readonly least: number; readonly most: number } {
    let [least, most, before] = [Number.POSITIVE_INFINITY, 0, this.time.now()];
    for (let passed = 0; passed < ms; passed += 1_000) {
      this.clock.advance(1_000);
      const now = this.time.now();
      least = Math.min(least, now - before);
      most = Math.max(most, now - before);
      before = now;
    }
    return { least, most };
  }

  get behindMs(): number {
    return this.clock.now + this.#wallAheadMs - this.time.now();
  }
}

test("a step forward that counts at once is said, and no other", () => {
  const machine = new Machine();
  machine.setWall(30_000);
  machine.pass(20 * 60_000);
  machine.setWall(-hourMs);
  machine.pass(1_000);
  machine.sleep(3 * hourMs);
  machine.setWall(3 * hourMs);
  machine.pass(11 * 60_000);
  expect(machine.skipped).toEqual([expect.closeTo(2 * hourMs, -3)]);
});

test("a machine that begins in 1970 is believed as soon as its clock is set, and lasts no shorter by it", () => {
  const machine = new Machine(0);
  machine.pass(hourMs);
  machine.setWall(began);
  expect(machine.time.now()).toBe(began + hourMs);
  expect(machine.skipped).toEqual([began]);
  machine.setWall(hourMs);
  expect(machine.time.now()).toBe(began + hourMs);
});

test("time goes at the pace of both clocks where they agree", () => {
  const machine = new Machine();

  expect(machine.pass(hourMs)).toEqual({ least: 1_000, most: 1_000 });
  expect(machine.time.now()).toBe(began + hourMs);
});

test("seconds ahead are made good by a twenty-fifth faster, so that nothing is due early", () => {
  const machine = new Machine();
  machine.setWall(30_000);

  expect(machine.pass(12 * 60_000)).toEqual({ least: 1_040, most: 1_040 });
  machine.pass(2 * 60_000);
  expect(machine.behindMs).toBe(0);
});

test.each([30_000, 3 * hourMs])(
  "%i ms back: time goes on by a twenty-fifth slower until the wall clock has come to it",
  (ms) => {
    const machine = new Machine();
    machine.setWall(-ms);

    expect(machine.pass(24 * ms)).toEqual({ least: 960, most: 960 });
    machine.pass(2 * ms);
    expect(machine.behindMs).toBe(0);
  },
);

test("years back: what is due still comes, a little later", () => {
  const machine = new Machine();
  machine.setWall(-10 * yearMs);

  expect(machine.pass(hourMs)).toEqual({ least: 960, most: 960 });
  expect(machine.time.now()).toBe(began + 0.96 * hourMs);
});

test("what a machine has slept counts at once, also where its clock was set meanwhile", () => {
  const machine = new Machine();
  machine.pass(60_000);
  machine.sleep(8 * hourMs);
  machine.pass(1_000);
  expect(machine.behindMs).toBe(0);

  machine.sleep(8 * hourMs);
  machine.setWall(-3 * hourMs);
  machine.pass(1_000);
  // While it sleeps, time comes to the clock as well.
  expect(machine.behindMs).toBeCloseTo(-3 * hourMs + 0.04 * 8 * hourMs, -3);
});

// The machine began in 1970, so to speak; or somebody has set its clock right.
test.each([56 * yearMs, dayMs, 2 * 60_000])("%i ms ahead count once they have stayed for ten minutes", (ms) => {
  const machine = new Machine();
  machine.setWall(ms);

  machine.pass(9 * 60_000);
  expect(machine.behindMs).toBeGreaterThan(ms / 2);
  machine.pass(2 * 60_000);
  expect(machine.behindMs).toBe(0);
});

test("years ahead that are taken back in time leave no trace", () => {
  const machine = new Machine();
  machine.setWall(10 * yearMs);
  machine.pass(9 * 60_000);
  machine.setWall(-10 * yearMs);

  machine.pass(60_000);
  expect(machine.behindMs).toBe(0);
  // What was ahead before does not count towards the next ten minutes.
  machine.setWall(10 * yearMs);
  machine.pass(9 * 60_000);
  expect(machine.behindMs).toBeGreaterThan(9 * yearMs);
});

test("a clock that is not ahead by the same all the time counts by the least that it was, each ten minutes", () => {
  const machine = new Machine();
  machine.setWall(2 * 60_000);
  for (let times = 0; times < 3; times += 1) {
    machine.pass(4 * 60_000);
    machine.setWall(yearMs);
    machine.pass(4 * 60_000);
    machine.setWall(-yearMs);
  }
  expect(machine.skipped).toEqual([2 * 60_000]);
  expect(machine.behindMs).toBe(0);
});

test("a clock that gains all the time, as of a machine that is paused again and again, is followed", () => {
  const machine = new Machine();
  for (let times = 0; times < 48; times += 1) {
    machine.setWall(70_000);
    machine.pass(5 * 60_000);
    expect(machine.behindMs).toBeLessThan(5 * 60_000);
  }
});

test("a life begins when the one before has written last, at the earliest, and comes to the wall clock from there", () => {
  const machine = new Machine();
  machine.time.notBefore(began + 60_000);

  expect(machine.time.now()).toBe(began + 60_000);
  expect(machine.pass(24 * 60_000)).toEqual({ least: 960, most: 960 });
  machine.pass(120_000);
  expect(machine.behindMs).toBe(0);
});

test("an alarm of an hour comes within a minute of the machine's waking, however long it slept; otherwise in an hour", () => {
  const fired = (sleptMs: number) => {
    const machine = new Machine();
    const at: number[] = [];
    const alarms = new Alarms<string>(
      {
        now: () => machine.time.now(),
        notBefore: () => {},
        after: (ms, run) => machine.clock.after(ms, run),
      },
      () => at.push(machine.clock.now),
    );
    alarms.set("one", began + hourMs);
    machine.clock.advance(60_000);
    machine.sleep(sleptMs);
    machine.clock.advance(2 * hourMs);
    return at;
  };

  expect(fired(0)).toEqual([hourMs]);
  expect(fired(2 * hourMs)).toEqual([120_000]);
});
