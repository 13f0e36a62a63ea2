import { expect, test } from "vitest";
import { sentence } from "../../src/foundation/text/sentence.ts";

test.each([
  ["the site is away; ask again", "The site is away; ask again."],
  ["The settings name no numbers.", "The settings name no numbers."],
  ["of the site: what?", "Of the site: what?"],
  ["a long word…", "A long word…"],
])("%j becomes %j", (words, text) => {
  expect(sentence(words)).toBe(text);
});
