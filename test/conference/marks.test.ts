import { readdirSync, readFileSync } from "node:fs";
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

test("each fact is said by a rule, or by who posts", () => {
  const files = ["src/conference", "durable-objects"].flatMap((folder) =>
    readdirSync(folder).map((name) => `${folder}/${name}`),
  );
  // The one declares them, the other says those of version 0.1.
  const others = files.filter((file) => !/\/(facts|upgrade)\.ts$/.test(file));
  const code = others.map((file) => readFileSync(file, "utf8")).join("\n");
  const isSaid = (kind: string) => new RegExp(`kind: [^;{}]*?"${kind}"`).test(code);

  expect(Object.keys(facts).filter((kind) => !isSaid(kind))).toEqual([]);
});
