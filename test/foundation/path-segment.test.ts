import { expect, test } from "vitest";
import { segmentOf, textOfSegment } from "../../src/foundation/text/path-segment.ts";

test.each([
  ".",
  "..",
  "...",
  "a/../b",
  "/",
  "?",
  "#",
  "a b",
  "\\",
  "+",
  "😀",
  "ключ",
  "7".repeat(64),
  "%41",
  "%2E%2E%2E",
])("%j is one segment of an address, and is had again from it", (text) => {
  const { pathname } = new URL(`http://edge.test/a/${segmentOf(text)}/b`);
  const segments = pathname.split("/");
  expect(segments).toEqual(["", "a", segmentOf(text), "b"]);
  expect(textOfSegment(decodeURIComponent(segments[2] ?? ""))).toBe(text);
});
