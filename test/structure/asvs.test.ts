import { existsSync, globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { asvsRows, asvsShownBy } from "../../scripts/asvs-page.ts";
import { faultsOf } from "../../scripts/protocol-runs.ts";

/** How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has: its first ones. */
const sections: Readonly<Record<string, number>> = {
  ...{ "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1 },
  ...{ "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4 },
  ...{ "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4 },
  ...{ "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1 },
  ...{ "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3 },
  ...{ "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4 },
  ...{ "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7 },
  ...{ "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2 },
};
const required = Object.entries(sections).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
);
const rows = asvsRows();
const tests = rows.flatMap((row) => row.tests.map((one) => ({ ...one, row: row.ids.join(", ") })));

test("docs/asvs.md has each requirement of levels 1 and 2 once, in order", () => {
  const wholeChapters = new Set(rows.flatMap(({ ids }) => ids.filter((id) => !id.includes("."))));
  const chapterOf = (id: string) => id.split(".")[0] ?? "";
  const expected = required.map((id) => (wholeChapters.has(chapterOf(id)) ? chapterOf(id) : id));

  expect(required).toHaveLength(253);
  expect(rows.flatMap(({ ids }) => ids)).toEqual([...new Set(expected)]);
});

test("each row names a test or a page, or says that it does not apply, is judged later or is not held", () => {
  const verdict = /^\*\*(?:Does not apply|Later|Not held|Held in part)\*\*: /;
  const empty = rows.filter(({ answer, tests }) => tests.length === 0 && !verdict.test(answer) && !/\]\(/.test(answer));

  expect(empty.map(({ ids }) => ids)).toEqual([]);
  // Each file that is named as a test stands with a title of it.
  const named = rows.map(({ answer }) => answer.match(/\.test\.ts`/g)?.length ?? 0);
  expect(named).toEqual(rows.map(({ tests }) => new Set(tests.map(({ file }) => file)).size));
  expect(tests.length).toBeGreaterThan(100);
});

test("each test that a row names is there by its title, and is run wherever npm test is", () => {
  const wrong = tests.flatMap(({ row, file, source }) => {
    const why = !existsSync(file) ? "no such file" : whyNotRun(readFileSync(file, "utf8"), source);
    return why ? [`${row}: ${file}: ${source}: ${why}`] : [];
  });
  // Where no Asterisk or Chromium can be had, theirs are left out, and those of the night by day.
  const elsewhere = /^test\/(?:asterisk|browser)\/|^test\/whole\/packages|^test\/bridge\/python-example/;

  expect(wrong).toEqual([]);
  expect(tests.filter(({ file }) => elsewhere.test(file)).map(({ row, file }) => `${row}: ${file}`)).toEqual([]);
});

test("npm test, which hands over what ran, hears of each of them that did not", () => {
  expect(faultsOf(asvsShownBy(), [])).toHaveLength(tests.length);
  const run = {
    file: "test/http/headers.test.ts",
    titles: ["a TRACE of /x gives back nothing that was sent"],
    again: false,
  };
  const left = [{ ...run, status: "passed" }].flatMap((one) => faultsOf(asvsShownBy(), [one]));
  expect(left).toHaveLength(tests.length - 1);
  expect(faultsOf(asvsShownBy(), [{ ...run, status: "skipped" }])).toContain(
    `13.4.4: ${run.file}: ^a TRACE of [^]* gives back nothing that was sent$: skipped: ${run.titles}`,
  );
});

/** Why nobody can rely on the test of this title; `null`: nothing is wrong with it. */
function whyNotRun(text: string, title: string): string | null {
  const at = ['"', "'", "`"].map((quote) => text.indexOf(`${quote}${title}${quote},`)).find((found) => found >= 0);
  if (at === undefined) return "no such title";
  const [, modifiers = ""] =
    Array.from(text.slice(0, at).matchAll(/^ *(?:test|describe)((?:\.\w+)*)\(/gm)).at(-1) ?? [];
  if (!/^(?:\.each)?$/.test(modifiers)) return `it is a test${modifiers}`;
  return /^ *describe\.(?!each)|^ *(?:test|describe)\.only/m.test(text) ? "its file leaves tests out" : null;
}

test.each([
  ['test("a title", () => {});', null],
  ['test.each([1])("a title", () => {});', null],
  ['test.each([\n  [1],\n  [2],\n])("a title", () => {});', null],
  ["test(\n  `a title`,\n  () => {},\n);", null],
  ['test("another title", () => {});', "no such title"],
  ['test("a title and more", () => {});', "no such title"],
  ['test.skip("a title", () => {});', "it is a test.skip"],
  ['test.todo("a title", () => {});', "it is a test.todo"],
  ['test.skipIf(x)("a title", () => {});', "it is a test.skipIf"],
  ['test.skip.each([\n  [1],\n])("a title", () => {});', "it is a test.skip.each"],
  ['test("a title", () => {});\ntest.only("b", () => {});', "its file leaves tests out"],
  ['describe.skip("a", () => {\n  test("a title", () => {});\n});', "its file leaves tests out"],
])("of %j it is known whether it runs", (text, why) => {
  expect(whyNotRun(text, "a title")).toBe(why);
});

test("docs/dependencies.md names each package that we build on, and each comes from npm's registry with its hash", () => {
  const page = readFileSync("docs/dependencies.md", "utf8");
  const named = ["package.json", ...globSync("{conformance,webex-interfaces}/package.json")].flatMap((file) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(file, "utf8"));
    return Object.keys({ ...dependencies, ...devDependencies });
  });
  const lock: { packages: Record<string, { link?: true; resolved?: string; integrity?: string }> } = JSON.parse(
    readFileSync("package-lock.json", "utf8"),
  );
  const installed = Object.entries(lock.packages).filter(([path, { link }]) => path.includes("node_modules/") && !link);

  expect(named.filter((name) => !new RegExp(`(?:\\| |, )${name}(?: \\||,)`).test(page))).toEqual([]);
  expect(installed.length).toBeGreaterThan(100);
  const odd = installed.filter(
    // Without `resolved` it is npm's registry.
    ([, { resolved, integrity = "" }]) => resolved !== undefined || !integrity.startsWith("sha512-"),
  );
  expect(odd.map(([path]) => path)).toEqual([]);
});
