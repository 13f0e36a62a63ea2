import { expect, test } from "vitest";
import { WhyPage } from "../../src/console/story/why.tsx";
import type { CallId } from "../../src/foundation/ids.ts";
import type { Explanation } from "../../src/rpc/story.ts";
import { frameFor, now, Shown } from "./shown.ts";

const muted: Explanation = {
  at: now,
  calls: ["c1" as CallId],
  question: "Why was the caller 14085550101 muted?",
  answer: "WebEx asked for it at 2026-03-04T12:30:00.000Z.",
  rows: [
    { seq: 4, at: now },
    { seq: 5, at: now },
  ],
};
const locked: Explanation = {
  ...muted,
  calls: [],
  question: "Why could nobody else enter?",
  rows: [{ seq: 9, at: now }],
};

function shown(answers: readonly Explanation[], call = ""): Shown {
  return new Shown(WhyPage({ frame: frameFor("operator", { timeZone: "Asia/Kolkata" }), answers, call }));
}

test("each question stands with its answer, and leads to the rows that prove it", () => {
  const page = shown([muted, locked]);
  const path = "/console/local/conferences/987654321";

  expect(page.all("h2")).toEqual([muted.question, locked.question]);
  expect(page.all("article")[0]).toBe(
    `${muted.question} WebEx asked for it at 18:00:00. 18:00:00 The call c1 Row 4 Row 5`,
  );
  expect(page.linkTo("Row 4")).toBe(`${path}/timeline?row=4#row-4`);
  expect(page.linkTo("The call c1")).toBe(`${path}/timeline?call=c1`);
});

test("of one call there are its answers, and the way back to all", () => {
  const page = shown([muted], "c1");
  expect(page.all("h2")).toEqual([muted.question]);
  expect(page.linkTo("Show all")).toBe("/console/local/conferences/987654321/why");
});

test("where nothing needs an explanation, the page says what could", () => {
  expect(shown([]).text).toContain("Nothing needs an explanation. Here would stand why a caller was muted");
  expect(shown([], "c9").text).toContain("Nothing about the call c9 needs an explanation.");
});

test("more than a hundred answers come in pages, each on one of them; without a page, the latest", () => {
  const many = Array.from({ length: 250 }, (_, place) => ({
    ...muted,
    calls: [`c${place}` as CallId],
    question: `Question ${place + 1}?`,
  }));
  const paged = (page?: number) => new Shown(WhyPage({ frame: frameFor("operator"), answers: many, call: "c1", page }));
  const pages = [1, 2, 3].map((page) => paged(page).all("h2"));

  expect(pages.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(pages.flat()).toEqual(many.map(({ question }) => question));
  expect(paged().all("h2")).toEqual(pages[2]);
  expect(paged().text).toContain("page 3 of 3, 250 answers");
  expect(paged().linkTo("Earlier")).toBe("/console/local/conferences/987654321/why?call=c1&page=2");
});
