import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type NamedTest, type ShownBy, titlesOf } from "./generated-page.ts";

/** A test that ran, or was left out. */
export interface TestRun {
  /** From the project's folder. */
  readonly file: string;
  /** Those of the groups around it, and its own. */
  readonly titles: readonly string[];
  readonly status: string;
  /** It failed first, and was tried again. */
  readonly again: boolean;
}

const project = fileURLToPath(new URL("../", import.meta.url));

/** The tests in a JSON report of vitest. */
export function readRuns(report: string): readonly TestRun[] {
  const { testResults } = JSON.parse(report) as {
    testResults: {
      name: string;
      assertionResults: { ancestorTitles: string[]; title: string; status: string; failureMessages: string[] }[];
    }[];
  };
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ ancestorTitles, title, status, failureMessages }) => ({
      ...{ file: relative(project, name), titles: [...ancestorTitles, title], status },
      again: status === "passed" && failureMessages.length > 0,
    })),
  );
}

/** What is wrong with the tests that show the rules, one line each: a test that did not run, was left out, or failed. */
export function faultsOf(shownBy: ShownBy, runs: readonly TestRun[]): readonly string[] {
  return Array.from(shownBy).flatMap(([rule, tests]) =>
    tests.flatMap((test) => {
      const found = runsOf(test, runs);
      const wrong = found.find(({ status }) => status !== "passed");
      const why = found.length === 0 ? "did not run" : wrong && `${wrong.status}: ${wrong.titles.join(" > ")}`;
      return why ? [`${rule}: ${test.file}: ${test.title.source}: ${why}`] : [];
    }),
  );
}

/** The tests that a page written by hand names, each as `test/….test.ts` “title”. */
export function namedIn(page: string): ShownBy {
  const named = Array.from(page.matchAll(/`([\w./-]+\.test\.ts)`((?:,? “[^”]+”)+)/g), ([, file = "", titles = ""]) =>
    Array.from(titles.matchAll(/“([^”]+)”/g), ([, source = ""]) => ({ file, title: titlesOf(source) })),
  );
  return new Map([["a row", named.flat()]]);
}

/** All that ran under this title. */
export function runsOf({ file, title }: NamedTest, runs: readonly TestRun[]): readonly TestRun[] {
  return runs.filter((run) => run.file === file && run.titles.some((each) => title.test(each)));
}
