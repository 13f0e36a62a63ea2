import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { type Change, changes } from "./changes.ts";
import { complaints, forgotten, make, newCopy } from "./copy.ts";

const isOfProduct = (file: string) => /^(?:src|durable-objects|bridge-agent|cli)\//.test(file);

test.each(changes)("$name takes at most $goal files of the product", ({ goal, files }) => {
  // A new driver is a folder of its own.
  const own = Object.keys(files).filter((file) => isOfProduct(file) && !file.endsWith("/kind.ts"));

  expect(own.length).toBeLessThanOrEqual(goal);
});

/** As the first test leaves it, for the next ones: what has not changed is not compiled again. */
const copy = newCopy();
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test("with all of its files each change is clean, and nothing is forgotten", { timeout: 120_000 }, async () => {
  make(changes, copy, () => false);

  expect(await complaints(copy)).toEqual([]);
  expect(await forgotten(copy)).toEqual([]);
});

/** The night leaves out one file of each change after the other. */
const most = Math.max(...changes.map(({ files }) => Object.keys(files).length));
const leftOut = process.env.LEAVE_OUT === "all" ? Array.from({ length: most }, (_, index) => index) : [];

test.each(leftOut)("a change without its file number %i turns something red", { timeout: 120_000 }, async (index) => {
  const fileOf = ({ files }: Change) => Object.keys(files)[index] ?? "";
  make(changes, copy, (change, file) => file === fileOf(change));

  const [faults, forgot] = [await complaints(copy), await forgotten(copy)];

  const missed = changes.filter(({ adds, missedByTests, files }) => {
    const file = Object.keys(files)[index];
    const found = missedByTests?.includes(file ?? "") ? forgot : faults;
    return file !== undefined && Object.keys(files).length > 1 && !found.some((line) => new RegExp(adds).test(line));
  });
  expect(missed.map((change) => `${change.name}: ${fileOf(change)}`)).toEqual([]);
});
