import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Change, changes } from "./changes.ts";
import { complaints, forgotten, make, newCopy, project } from "./copy.ts";

const rows = readFileSync(join(project, "CONTRIBUTING.md"), "utf8").split("\n");
const isOfProduct = (file: string) => /^(?:src|durable-objects|bridge-agent|cli)\//.test(file);

test.each(changes)(
  "$row takes at most $goal files of the product, which CONTRIBUTING.md names",
  ({ row, goal, files }) => {
    const [, , named = ""] = rows.find((line) => line.startsWith(`| ${row}`))?.split(" | ") ?? [];
    const [, cell = named] = rows.find((line) => line.startsWith(`| ${row}`))?.split(" | ") ?? [];
    const own = Object.keys(files).filter(isOfProduct);
    const isNamed = (file: string) =>
      file.split("/").some((_, end, parts) => cell.includes(`\`${parts.slice(0, end + 1).join("/")}\``));
    // A new driver is a folder of its own.
    expect(own.filter((file) => !file.endsWith("/kind.ts")).length).toBeLessThanOrEqual(goal);
    expect(own.filter((file) => !isNamed(file))).toEqual([]);
  },
);

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
  expect(missed.map((change) => `${change.row}: ${fileOf(change)}`)).toEqual([]);
});
