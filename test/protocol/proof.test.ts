import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { protocolPage } from "../../scripts/protocol-page.ts";
import { faultsOf, readRuns, type TestRun } from "../../scripts/protocol-runs.ts";
import { plant } from "../simulation/defects/defect.ts";
import { groups, notSeen } from "./clause-defects.ts";
import { defectsOfRules, seenInstead } from "./rule-defects.ts";

const file = "test/tsp/faults.test.ts";
const shownBy = new Map([["T1", [{ file, title: /^a fault of .*$/ }]]]);
const run = (status: string, title: string, of = file): TestRun => ({
  file: of,
  titles: ["a group", title],
  status,
  again: false,
});

test.each<[string, readonly TestRun[], RegExp[]]>([
  ["has passed in each of its forms", [run("passed", "a fault of x"), run("passed", "a fault of y")], []],
  ["has failed in one form", [run("passed", "a fault of x"), run("failed", "a fault of y")], [/T1.*failed: .*of y/]],
  ["was left out", [run("skipped", "a fault of x")], [/skipped/]],
  ["has another title", [run("passed", "no fault of x")], [/did not run/]],
  ["ran in another file", [run("passed", "a fault of x", "test/tsp/read.test.ts")], [/did not run/]],
  ["is a group of tests", [{ ...run("passed", "one"), titles: ["a fault of x", "one"] }], []],
])("a rule whose test %s", (_, runs, faults) => {
  expect(faultsOf(shownBy, runs)).toEqual(faults.map((fault) => expect.stringMatching(fault)));
});

test("a report of vitest is read", () => {
  const result = { ancestorTitles: ["a group"], title: "a fault of x", status: "passed", failureMessages: [] };
  const assertionResults = [result, { ...result, failureMessages: ["too late"] }, { ...result, status: "failed" }];
  const testResults = [{ name: `${process.cwd()}/${file}`, assertionResults }];

  const passed = run("passed", "a fault of x");
  const runs = [passed, { ...passed, again: true }, run("failed", "a fault of x")];
  expect(readRuns(JSON.stringify({ testResults }))).toEqual(runs);
});

test("each rule has a defect or an observable consequence", () => {
  const rules = [...protocolPage().shownBy.keys()];
  const judged = [...defectsOfRules.keys(), ...Object.keys(seenInstead)];

  expect(judged.toSorted()).toEqual(rules.toSorted());
});

const ofClauses = groups.map(({ name, defects }) => [name, defects] as const);

test.each([...defectsOfRules, ...ofClauses].flatMap(([rule, defects]) => defects.map((one) => ({ rule, ...one }))))(
  "$rule: $name can be planted",
  (defect) => {
    expect(plant(defect, readFileSync(defect.file, "utf8"))).not.toBeNull();
  },
);

test("each documented group of clauses has a defect, or a reason", () => {
  const without = groups.filter(({ defects }) => defects.length === 0).map(({ name }) => name);

  expect(without).toEqual(Object.keys(notSeen).filter((name) => without.includes(name)));
});
