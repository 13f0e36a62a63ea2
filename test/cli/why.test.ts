import { expect, test } from "vitest";
import { whyText } from "../../cli/operator/story.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import { exactText } from "../../src/foundation/time/shown-time.ts";
import type { Explanation } from "../../src/rpc/story.ts";
import { conference, now, painted, plain } from "./view-examples.ts";

const muted: Explanation = {
  at: now - 60_000,
  calls: ["c1" as CallId],
  question: "Why was the caller *******01 (WebEx's call 70000) muted?",
  answer:
    "The bridge held it as muted when conference and bridge were compared: word of the change had not come before.",
  rows: [
    { seq: 12, at: now - 70_000 },
    { seq: 15, at: now - 60_000 },
  ],
};

test("an answer has its time, its question, its sentences and the rows that prove it", () => {
  const narrow = { ...plain, width: 80 };
  const [head = "", ...told] = whyText(conference(), [muted, { ...muted, rows: muted.rows.slice(1) }], now, narrow);
  expect(head).toMatch(/^conference 555120777/);
  const answer = [
    `${exactText(muted.at, "UTC")}  Why was the caller *******01 (WebEx's call 70000)`,
    "muted?",
    "  The bridge held it as muted when conference and bridge were compared: word of",
    "  the change had not come before.",
  ];
  expect(told.slice(1)).toEqual([
    "",
    ...answer,
    "  rows 12, 15 of the journal",
    "",
    ...answer,
    "  row 15 of the journal",
  ]);
  expect(whyText(conference(), [muted], now, painted).join("\n")).toContain("<dim>rows 12, 15 of the journal</>");
});

test("of very many answers the latest are shown, and it is said how to have the others", () => {
  const many = Array.from({ length: 203 }, (_, index) => ({ ...muted, question: `Why number ${index}?` }));
  const text = whyText(conference(), many, now, plain).join("\n");
  expect(text).toContain("3 earlier answers left out: --since, --until and --call");
  expect([text.includes("Why number 2?"), text.includes("Why number 3?")]).toEqual([false, true]);
  expect(text).toContain("Why number 202?");
});

test("where nothing needs an explanation, that is said", () => {
  expect(whyText(conference(), [], now, plain).at(-1)).toBe("nothing needs an explanation");
});
