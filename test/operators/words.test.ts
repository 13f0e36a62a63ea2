import { expect, test } from "vitest";
import { shellWord } from "../../src/operators/alert-kinds.ts";

test("a word is quoted where a shell would take it for something else", () => {
  expect(["*back-end", "tsp.example.com:80", "it's", "", "a b", "/x_1@y"].map(shellWord)).toEqual([
    "'*back-end'",
    "tsp.example.com:80",
    "'it'\\''s'",
    "''",
    "'a b'",
    "/x_1@y",
  ]);
});
