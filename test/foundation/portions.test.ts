import { expect, test } from "vitest";
import { Portions } from "../../src/foundation/time/portions.ts";
import { Clock } from "../kit/clock.ts";

/** Work that takes time without letting go: each piece so many milliseconds. */
function readers(count: number, { pieces, pieceMs }: { readonly pieces: number; readonly pieceMs: number }) {
  const clock = new Clock(0);
  // What a piece takes passes for the portions at once, and for the timers when it is over.
  let workedMs = 0;
  const portions = new Portions({
    after: (ms, run) => clock.after(ms, run),
    passedMs: () => clock.now + workedMs,
  });
  const log: (readonly [reader: number, at: number])[] = [];
  const read = async (reader: number) => {
    for (let piece = 0; piece < pieces; piece += 1) {
      await portions.giveWay();
      log.push([reader, clock.now]);
      workedMs += pieceMs;
    }
  };
  const done = Promise.all(Array.from({ length: count }, (_, reader) => read(reader)));
  return { clock, log, done, worked: () => workedMs };
}

test("fourteen who read go on one portion at a time, and all else has as long between two of them", async () => {
  const { clock, log, done } = readers(14, { pieces: 10, pieceMs: 1 });
  await clock.pass(2_000);
  await done;

  expect(log).toHaveLength(140);
  const portions = [...Map.groupBy(log, ([, at]) => at)].toSorted(([one], [other]) => one - other);
  expect(Math.max(...portions.map(([, pieces]) => pieces.length))).toBeLessThanOrEqual(5);
  const begins = portions.map(([at]) => at);
  expect(Math.min(...begins.slice(1).map((at, index) => at - (begins[index] ?? 0)))).toBeGreaterThanOrEqual(5);
  // Nobody waits until all others are done.
  const firsts = Array.from({ length: 14 }, (_, reader) => log.findIndex(([one]) => one === reader));
  expect(Math.max(...firsts)).toBeLessThan(14 * 5);
});

test("a piece that takes longer is alone in its portion", async () => {
  const { clock, log, done } = readers(3, { pieces: 2, pieceMs: 20 });
  await clock.pass(2_000);
  await done;

  expect(log).toHaveLength(6);
  expect(new Set(log.map(([, at]) => at)).size).toBe(6);
});

test("one who reads alone goes on within a portion, and waits for nobody but once in each", async () => {
  const { clock, log, done } = readers(1, { pieces: 20, pieceMs: 1 });
  await clock.pass(2_000);
  await done;
  expect(new Set(log.map(([, at]) => at)).size).toBe(4);
});
