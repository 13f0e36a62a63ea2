import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { folders } from "./folders.ts";
import { faultsOf, judge, type MutantResult, mutantsIn, type Verdict } from "./mutant.ts";
import { isLeftOut } from "./part.ts";
import { verdicts } from "./verdicts.ts";

const aMutant = (more: Partial<MutantResult> = {}): MutantResult => ({
  ...{ file: "a.ts", line: "if (one < two) return;", was: "one < two", becomes: "one <= two", at: 3, isKilled: false },
  ...more,
});

const aVerdict = (more: Partial<Verdict> = {}): Verdict => {
  const { at: _, isKilled: __, ...mutant } = aMutant();
  return { ...mutant, effect: "none", because: "nobody sees it", ...more };
};

const many = (killed: number, survivors: readonly MutantResult[] = []) => [
  ...Array.from({ length: killed }, () => aMutant({ isKilled: true })),
  ...survivors,
];

test("a mutant is known by what it replaces and in which line, wherever that stands; what could not run is none", () => {
  const source = "// A comment.\n  if (one < two) {\n    act();\n  }\n";
  const at = (line: number, column: number) => ({ line, column });
  const mutants = [
    { location: { start: at(2, 7), end: at(2, 16) }, replacement: "false", status: "Killed" },
    { location: { start: at(2, 18), end: at(4, 4) }, replacement: "{}", status: "NoCoverage" },
    { location: { start: at(3, 5), end: at(3, 10) }, replacement: `${"x".repeat(90)}`, status: "Timeout" },
    { location: { start: at(3, 5), end: at(3, 10) }, replacement: "", status: "RuntimeError" },
  ];
  const line = "if (one < two) {";
  expect(mutantsIn({ files: { "a.ts": { source, mutants } } })).toEqual([
    { file: "a.ts", line, was: "one < two", becomes: "false", at: 2, isKilled: true },
    { file: "a.ts", line, was: "{ act(); }", becomes: "{}", at: 2, isKilled: false },
    { file: "a.ts", line: "act();", was: "act()", becomes: `${"x".repeat(79)}…`, at: 3, isKilled: true },
  ]);
});

test("each survivor wants a verdict, and each verdict a survivor", () => {
  const judged = judge(many(98, [aMutant(), aMutant({ becomes: "true" })]), [
    aVerdict(),
    aVerdict({ becomes: "true", effect: "left" }),
  ]);
  expect(judged).toEqual({ mutants: 100, killed: 98, withoutEffect: 1, unjudged: [], stale: [] });
  expect(faultsOf(judged)).toEqual([]);

  const unknown = judge(many(99, [aMutant({ line: "if (one < two) return null;" })]), [aVerdict()]);
  expect([unknown.unjudged.length, unknown.stale.length, faultsOf(unknown).length]).toEqual([1, 1, 2]);
  // A test kills it by now.
  const killed = judge(many(100), [aVerdict()]);
  expect([killed.stale, faultsOf(killed)]).toEqual([[aVerdict()], [expect.stringContaining("1 verdicts")]]);
});

test("a folder that is held has 95 % killed, and 2 % judged without effect at most", () => {
  const survivors = (count: number) => Array.from({ length: count }, (_, at) => aMutant({ becomes: String(at) }));
  const faultsWith = (left: number, none: number) => {
    const all = survivors(left + none);
    const effect = (at: number) => (at < left ? ("left" as const) : ("none" as const));
    return faultsOf(
      judge(
        many(100 - left - none, all),
        all.map(({ becomes }, at) => aVerdict({ becomes, effect: effect(at) })),
      ),
    ).length;
  };
  expect([faultsWith(3, 2), faultsWith(4, 2), faultsWith(0, 3), faultsWith(3, 3)]).toEqual([0, 1, 1, 2]);
});

test("each verdict is on a line of the sources of a folder that is held, and says why", () => {
  const held = Object.values(folders).flatMap(({ files, isHeld }) => (isHeld ? files : []));
  const lines = new Map(
    held
      .flatMap((glob) => globSync(glob))
      .map((file) => [
        file,
        readFileSync(file, "utf8")
          .split("\n")
          .map((line) => line.trim()),
      ]),
  );
  const lost = verdicts.filter(({ file, line, because }) => !lines.get(file)?.includes(line) || because === "");
  expect(lost).toEqual([]);
});

test("each folder has files, and tests near them", () => {
  const globs = Object.values(folders).flatMap(({ files, tests }) => [...files, ...tests]);
  expect(globs.filter((glob) => globSync(glob).length === 0)).toEqual([]);
});

test("a part is of each function, member or constant by itself, in one of so many; classes are not left out as such", () => {
  const starts = Array.from({ length: 3_000 }, (_, start) => start);
  const leftOut = (type: string, within: string, oneIn: number) =>
    starts.filter((start) => isLeftOut({ type, start }, { type: within }, { oneIn, seed: 1 })).length;
  for (const [type, within] of [
    ["FunctionDeclaration", "Program"],
    ["ClassMethod", "ClassBody"],
  ] as const) {
    expect(leftOut(type, within, 3)).toBeGreaterThan(1_900);
    expect(leftOut(type, within, 3)).toBeLessThan(2_100);
    expect(leftOut(type, within, 1)).toBe(0);
  }
  expect([leftOut("ClassDeclaration", "Program", 3), leftOut("ReturnStatement", "BlockStatement", 3)]).toEqual([0, 0]);
  const exported = { type: "ExportNamedDeclaration", declaration: { type: "ClassDeclaration" } };
  expect(starts.some((start) => isLeftOut({ ...exported, start }, { type: "Program" }, { oneIn: 3, seed: 1 }))).toBe(
    false,
  );
});
