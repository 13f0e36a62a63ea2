import { expect, test } from "vitest";
import type { KeptDoubt } from "../../../durable-objects/node/doubt.ts";
import { copyState } from "../../../durable-objects/node/log/copy-state.ts";
import { type Disk, type Flush, lettersOf } from "../../../durable-objects/node/log/disk.ts";

const doubt: KeptDoubt = { ms: 3, skippedMs: 2, unsureMs: 1 };

/** A disk with objects, each with an image of so many letters and one row beyond it. */
function diskOf(letters: readonly number[]): Pick<Disk, "open" | "read"> {
  return {
    open: async () => ({
      objects: letters.map((_, index) => ({ object: index + 7, name: `conference/local/${index}`, alarm: index })),
      rows: letters.map((_, index) => [index + 3, index + 7] as const),
      texts: [[1, "one"]],
      lastPosition: 9_999,
      lastObject: 9_999,
      lastAt: 5,
      restoredAt: null,
      doubt,
    }),
    read: async (object) => ({
      image: { schema: [], parts: [{ table: "t", key: "", rows: "x".repeat(letters[object - 7] ?? 0) }] },
      bodies: [`["${object - 7}"]`],
    }),
  };
}

async function flushesOf(letters: readonly number[]): Promise<readonly Flush[]> {
  const flushes: Flush[] = [];
  const doubts: KeptDoubt[] = [];
  const target = {
    flush: async (flush: Flush) => void flushes.push(flush),
    markRestored: async () => {},
    keepDoubt: async (kept: KeptDoubt) => void doubts.push(kept),
  };
  const copied = await copyState(diskOf(letters), target);
  expect(copied).toEqual({ objects: letters.length, conferences: letters.length, at: 5 });
  expect(doubts).toEqual([doubt]);
  expect(flushes.flatMap(({ created }) => created)).toEqual(
    letters.map((_, index) => [index + 1, `conference/local/${index}`]),
  );
  expect(flushes.flatMap(({ rows }) => rows)).toEqual(
    letters.map((_, index) => ({ position: index + 1, object: index + 1, body: `["${index}"]` })),
  );
  expect(flushes.map(({ texts }) => texts.length)).toEqual(flushes.map((_, index) => (index === 0 ? 1 : 0)));
  return flushes;
}

test("small objects are written together, and large ones in as many flushes as their letters need", async () => {
  expect((await flushesOf(Array<number>(250).fill(100))).map(({ images }) => images.length)).toEqual([100, 100, 50]);
  const large = await flushesOf(Array<number>(30).fill(300_000));
  for (const flush of large) expect(lettersOf(flush)).toBeLessThanOrEqual(1_300_000);
  expect(large.length).toBeLessThanOrEqual(9);
});

test.each([null, 42])(
  "a copy says of itself that it was put back as what it was copied from does: %s",
  async (restoredAt) => {
    const from = diskOf([1]);
    const marked: number[] = [];
    await copyState(
      { ...from, open: async () => ({ ...(await from.open()), restoredAt }) },
      { flush: async () => {}, keepDoubt: async () => {}, markRestored: async (at) => void marked.push(at) },
    );
    expect(marked).toEqual(restoredAt === null ? [] : [restoredAt]);
  },
);
