import { expect, test } from "vitest";
import { weaknessOf } from "../../src/operators/token-strength.ts";

test.each([
  ["a", "can be guessed: it is shorter than 16 characters"],
  ["operator-token!", "can be guessed: it is shorter than 16 characters"],
  ["abababababababababababab", "can be guessed: it has fewer than 8 different characters"],
  ["aaaaaaaaaaabcdefg", "can be guessed: it has fewer than 8 different characters"],
  ["abcdefghabcdefgh", null],
  ["d5c1b3e8f70942a6", null],
])("the weakness of %j is %j", (token, weakness) => {
  expect(weaknessOf(token)).toBe(weakness);
});
