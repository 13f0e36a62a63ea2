import { existsSync, globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { asvsRows, asvsShownBy } from "../../scripts/asvs-page.ts";
import { faultsOf } from "../../scripts/protocol-runs.ts";

const rows = asvsRows();

test("docs/asvs.md has each number once", () => {
  const ids = rows.flatMap(({ ids }) => ids);

  expect(ids.length).toBeGreaterThan(200);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
});

test("each row names a test or a page, or says why not", () => {
  const verdict = /^\*\*(?:Does not apply|Later|Not held|Held in part)\*\*: /;
  const empty = rows.filter(({ answer, tests }) => tests.length === 0 && !verdict.test(answer) && !/\]\(/.test(answer));

  expect(empty.map(({ ids }) => ids)).toEqual([]);
});

test("each file that a row names as a test has a title", () => {
  const named = rows.map(({ answer }) => answer.match(/\.test\.ts`/g)?.length ?? 0);

  expect(named).toEqual(rows.map(({ tests }) => new Set(tests.map(({ file }) => file)).size));
});

test("each file that a row names has the title", () => {
  const tests = rows.flatMap((row) => row.tests.map((one) => ({ ...one, row: row.ids.join(", ") })));
  const lost = tests.filter(({ file, source }) => !existsSync(file) || !readFileSync(file, "utf8").includes(source));

  expect(lost.map(({ row, file, source }) => `${row}: ${file}: ${source}`)).toEqual([]);
});

test("npm test reports each named test that did not run", () => {
  const count = rows.flatMap(({ tests }) => tests).length;
  const titles = ["a TRACE of /x gives back nothing that was sent"];
  const run = { file: "test/http/headers.test.ts", titles, again: false };

  expect(count).toBeGreaterThan(100);
  expect(faultsOf(asvsShownBy(), [])).toHaveLength(count);
  expect(faultsOf(asvsShownBy(), [{ ...run, status: "passed" }])).toHaveLength(count - 1);
  expect(faultsOf(asvsShownBy(), [{ ...run, status: "skipped" }])).toContain(
    `13.4.4: ${run.file}: ^a TRACE of [^]* gives back nothing that was sent$: skipped: ${titles}`,
  );
});

test("docs/dependencies.md names each package that we build on", () => {
  const page = readFileSync("docs/dependencies.md", "utf8");
  const named = ["package.json", ...globSync("{conformance,webex-interfaces}/package.json")].flatMap((file) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(file, "utf8"));
    return Object.keys({ ...dependencies, ...devDependencies });
  });

  expect(named.filter((name) => !new RegExp(`(?:\\| |, )${name}(?: \\||,)`).test(page))).toEqual([]);
});

test("each installed package comes from npm's registry with its hash", () => {
  const lock: { packages: Record<string, { link?: true; resolved?: string; integrity?: string }> } = JSON.parse(
    readFileSync("package-lock.json", "utf8"),
  );
  const installed = Object.entries(lock.packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);

  expect(installed.length).toBeGreaterThan(100);
  const odd = installed.filter(
    // Without `resolved` it is npm's registry.
    ([, { resolved, integrity = "" }]) => resolved !== undefined || !integrity.startsWith("sha512-"),
  );
  expect(odd.map(([path]) => path)).toEqual([]);
});
