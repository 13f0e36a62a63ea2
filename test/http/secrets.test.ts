import { expect, test } from "vitest";
import { indexOfEqual } from "../../src/foundation/secrets.ts";

test.each([
  ["one", 0],
  ["two", 2],
  ["", -1],
  ["on", -1],
  ["one\0", -1],
  ["onf", -1],
])("only an equal text is a secret: %j", (given, index) => {
  expect(indexOfEqual(["one", "two", "two"], given)).toBe(index);
});
