import { expect, test } from "vitest";
import { CountStore } from "../../../durable-objects/directory/count-store.ts";
import { hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { Database } from "../../kit/database.ts";

const at = 1_800_000_000_000;
const outcomes = (known: number, upTo: number) => ({ minutes: [], outcomes: { "call-entered": upTo - known } });

function newStore() {
  const database = new Database();
  const running = new Set<string>();
  const open = () => new CountStore(database, (key) => running.has(key));
  return { running, open };
}

/** How far the source counts from now on. */
function countedFrom(store: CountStore, key: string, name: string, upTo: number, now: number): number | null {
  let from: number | null = null;
  store.add(
    { key, name, upTo },
    (known) => {
      from = known;
      return outcomes(known, upTo);
    },
    now,
  );
  return from;
}

test("each of thousands of sources counts once, also after a restart, and where another life of it was counted since", () => {
  const { open } = newStore();
  let store = open();
  // So many in some minutes that their rows are more than stay in any case.
  for (let index = 0; index < 9_000; index += 1)
    expect(countedFrom(store, `${index}`, "one", 5, at + index * 30)).toBe(0);
  for (const again of [store, open()]) {
    store = again;
    expect(countedFrom(store, "7", "one", 5, at + 5 * minuteMs)).toBe(null);
  }
  expect(countedFrom(store, "7", "one", 8, at + 5 * minuteMs)).toBe(5);
  expect(countedFrom(store, "7", "other", 3, at + 7 * minuteMs)).toBe(0);
  expect(countedFrom(store, "7", "one", 8, at + 7 * minuteMs)).toBe(null);
  expect(countedFrom(store, "7", "one", 9, at + 7 * minuteMs)).toBe(8);
});

test("how far a source was counted is known while it goes on, and for an hour", () => {
  const { open, running } = newStore();
  const store = open();
  for (const key of ["long", "again"]) running.add(key);
  for (const key of ["long", "again", "over"]) countedFrom(store, key, "one", 5, at);
  // Each minute another bucket, until the oldest ones are written over.
  for (let minute = 1; minute < 70; minute += 1) {
    if (minute === 60) expect(countedFrom(store, "over", "one", 5, at + hourMs)).toBe(null);
    countedFrom(store, `${minute}`, "one", 1, at + minute * minuteMs);
    if (minute === 30) countedFrom(store, "again", "one", 8, at + minute * minuteMs);
  }
  const later = at + 70 * minuteMs;
  for (const again of [store, open()]) {
    expect(countedFrom(again, "long", "one", 5, later)).toBe(null);
    expect(countedFrom(again, "again", "one", 8, later)).toBe(null);
  }
  // What is over is not remembered for ever.
  expect(countedFrom(store, "over", "one", 5, later)).toBe(0);
});

test("to count costs the same among many that were counted in the hour", () => {
  const { open } = newStore();
  const store = open();
  const tookMs = (from: number) => {
    const begunAt = performance.now();
    for (let index = from; index < from + 2_000; index += 1) countedFrom(store, `${index}`, "one", 1, at + index);
    return performance.now() - begunAt;
  };
  tookMs(0);
  const few = tookMs(2_000);
  for (let index = 4_000; index < 40_000; index += 2_000) tookMs(index);
  expect(tookMs(40_000)).toBeLessThan(few * 3 + 50);
});
