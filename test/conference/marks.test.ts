import { expect, test } from "vitest";
import { type Fact, facts, showFact } from "../../src/conference/facts.ts";
import { masked } from "../../src/foundation/shown.ts";
import { unjudged } from "../foundation/unjudged.ts";

test("each field of a fact says whether it is personal or secret", () => {
  expect(Object.entries(facts).flatMap(([kind, fields]) => unjudged(fields, kind))).toEqual([]);
});

test("a fact keeps its kind, and shows a number as is wanted", () => {
  const fact: Fact = { kind: "call-out-denied", country: "1", number: "14085551234", by: [{ type: "deadline" }] };

  expect(showFact(fact, masked)).toEqual({ ...fact, number: "*********34" });
});
