import { expect, test } from "vitest";
import { isOneOf } from "../../src/foundation/secrets.ts";

test("each of the expected texts is one of them, wherever it stands", async () => {
  expect(await Promise.all(["a", "b"].map((given) => isOneOf(["a", "b"], given)))).toEqual([true, true]);
});

test("of thousands of guesses, whose hashes share many a byte with the right one, none is right", async () => {
  const guesses = Array.from({ length: 3_000 }, (_, index) => isOneOf(["a", "b"], `guess ${index}`));

  expect((await Promise.all(guesses)).filter(Boolean)).toEqual([]);
});
