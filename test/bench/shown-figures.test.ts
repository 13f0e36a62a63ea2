import { expect, test } from "vitest";
import { each } from "../../bench/kills/shown-figures.ts";

test("a figure that is not shown where it belongs is one that is not known", () => {
  expect(each(["conferences", "callers"], [["callers", 3]])).toEqual([
    ["conferences", null],
    ["callers", 3],
  ]);
});
