import { safeParse } from "valibot";
import { expect, test } from "vitest";
import { type Cause, type Fact, joined, probeAsFailed } from "../../../src/conference/facts.ts";
import { call, shown, withType, yes } from "../../../src/conference/marked.ts";

const causes = (from: number, count: number) =>
  Array.from({ length: count }, (_, index): Cause => ({ type: "report", event: `${from + index}` }));

test("of all who bring one thing about the first eight and the last eight are kept", () => {
  expect([joined(), joined(causes(1, 2), causes(3, 1)), joined(causes(1, 9), causes(10, 7))]).toEqual([
    [],
    causes(1, 3),
    causes(1, 16),
  ]);
  expect(joined(causes(1, 9), causes(10, 11))).toEqual([...causes(1, 8), ...causes(13, 8)]);
});

const givenUp = { kind: "post-given-up", transId: "t1", host: "tsp1:80", attempts: 3, why: "HTTP 500", messages: [] };
const failed = { kind: "post-failed", transId: "t1", attempt: 3, why: "HTTP 500", at: 900 };

test.each([
  ["a document that is given up", givenUp, givenUp],
  ["a probe", { ...givenUp, probe: true }, failed],
  [
    "a probe whose last attempt nothing else tells of",
    { ...givenUp, probe: true, lastFailed: true },
    { ...failed, host: "tsp1:80" },
  ],
  ["anything else", { kind: "noted", text: "odd" }, { kind: "noted", text: "odd" }],
])("%s is told as an attempt that failed, or as it is", (_, fact, expected) => {
  expect(probeAsFailed(fact as Fact, 900)).toStrictEqual(expected);
});

test("what rules of ours have made is kept as it is, and a mark is there or absent", () => {
  for (const schema of [call, shown(() => null)])
    expect(safeParse(schema, "c1")).toMatchObject({ success: true, output: "c1" });
  expect([true, false].map((value) => safeParse(yes, value).success)).toEqual([true, false]);
});

test("messages are counted by their type, the latest last", () => {
  const counts = [
    { type: "caller-changed", count: 2 },
    { type: "conference-changed", count: 1 },
  ];
  expect(withType(counts, { type: "caller-changed" })).toEqual([
    { type: "conference-changed", count: 1 },
    { type: "caller-changed", count: 3 },
  ]);
  expect(withType(counts, { type: "caller-entered" })).toEqual([...counts, { type: "caller-entered", count: 1 }]);
});
