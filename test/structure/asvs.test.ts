import { existsSync, globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faultsOf, namedIn } from "../../scripts/protocol-runs.ts";

const page = readFileSync("docs/asvs.md", "utf8");
const rows = Array.from(page.matchAll(/^\| (\d[\d.,– ]*) \|[^|]*\| (.*) \|$/gm), ([, ids = "", answer = ""]) => ({
  ids,
  answer,
}));

test("docs/asvs.md has each number once, in order", () => {
  const firsts = rows.map(({ ids }) => /^[\d.]+/.exec(ids)?.[0] ?? "");

  expect(firsts.length).toBeGreaterThan(150);
  expect(firsts).toEqual(firsts.toSorted((one, other) => one.localeCompare(other, "en", { numeric: true })));
  expect(new Set(firsts).size).toBe(firsts.length);
});

test("each row names a test or a page, or says why not", () => {
  const held = /^\*\*(?:Does not apply|Later|Not held|Held in part)\*\*: |\]\(|\.test\.ts` “/;

  expect(rows.filter(({ answer }) => !held.test(answer))).toEqual([]);
});

test("each file that a row names as a test has each of its titles", () => {
  const files = page.match(/\.test\.ts`/g) ?? [];
  const named = Array.from(page.matchAll(/`([\w./-]+\.test\.ts)`((?:,? “[^”]+”)+)/g));
  const lost = named.flatMap(([, file = "", titles = ""]) => {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return (titles.match(/(?<=“)[^”]+/g) ?? []).filter((title) => !text.includes(title)).map((title) => [file, title]);
  });

  expect(named).toHaveLength(files.length - 1); // The page names its own test, too.
  expect(lost).toEqual([]);
});

test("npm test reports each named test that did not run", () => {
  const named = namedIn(page);
  const count = [...named.values()].flat().length;
  const titles = ["a TRACE of /x gives back nothing that was sent"];
  const run = { file: "test/http/headers.test.ts", titles, again: false };

  expect(count).toBeGreaterThan(100);
  expect(faultsOf(named, [])).toHaveLength(count);
  expect(faultsOf(named, [{ ...run, status: "passed" }])).toHaveLength(count - 1);
  expect(faultsOf(named, [{ ...run, status: "skipped" }])).toContain(
    `a row: ${run.file}: ^a TRACE of [^]* gives back nothing that was sent$: skipped: ${titles}`,
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
