import { readFileSync } from "node:fs";
import { type NamedTest, type ShownBy, titlesOf } from "./generated-page.ts";

/** A row of docs/asvs.md, which is written by hand. */
export interface AsvsRow {
  /** The requirements that it is about: `1.2.6`, or a chapter as a whole: `17`. */
  readonly ids: readonly string[];
  readonly answer: string;
  readonly tests: readonly AnsweringTest[];
}

interface AnsweringTest extends NamedTest {
  /** As the file has it. */
  readonly source: string;
}

export function asvsRows(page = readFileSync(new URL("../docs/asvs.md", import.meta.url), "utf8")): readonly AsvsRow[] {
  return Array.from(page.matchAll(/^\| (\d[\d.,– ]*) \|[^|]*\| (.*) \|$/gm), ([, ids = "", answer = ""]) => ({
    ids: ids.split(", ").flatMap(idsFrom),
    answer,
    tests: Array.from(answer.matchAll(/`([\w./-]+\.test\.ts)`((?:,? “[^”]+”)+)/g)).flatMap(
      ([, file = "", titles = ""]) =>
        Array.from(titles.matchAll(/“([^”]+)”/g), ([, source = ""]) => ({ file, source, title: titlesOf(source) })),
    ),
  }));
}

/** By row, the tests that it names: each must have run. */
export function asvsShownBy(): ShownBy {
  return new Map(asvsRows().map(({ ids, tests }) => [ids.join(", "), tests]));
}

/** `1.2.6–1.2.8`: all three. */
function idsFrom(range: string): readonly string[] {
  const [first = "", last = first] = range.split("–");
  const section = first.replace(/\d+$/, "");
  const [from, to] = [first, last].map((id) => Number(id.slice(section.length)));
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => `${section}${Number(from) + index}`);
}
