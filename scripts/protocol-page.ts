import { readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fromWebex, toWebex } from "../src/tsp/messages.ts";
import { type GeneratedPage, linkTo, type NamedTest, table, titleOf, titlesOf } from "./generated-page.ts";
import { rules as allRules, type Rule } from "./protocol-rules.ts";

/**
 * docs/protocol.md: for each message and each rule of the protocol, the files that carry it out and the tests that
 * show it. Code names rules in comments, tests in their titles, transcripts in their `#` lines, documents of the corpus in
 * `shows`; always as "protocol T38", "protocol 4.9 F5", "protocol section 5, row 13".
 */
const root = new URL("../", import.meta.url);

/** The titles in this test are examples. */
const ownTest = "test/protocol/page.test.ts";
/** A string literal with a rule in parentheses is the title of a test. */
const titles = /(["'`])((?:(?!\1)[^\\\n]|\\.)*\(protocol (?:(?!\1)[^\\\n]|\\.)*)\1/g;

interface Mention {
  readonly id: string;
  readonly file: string;
  /** The title of a test; code has none. */
  readonly title?: string;
  /** The test that runs it. */
  readonly test?: NamedTest;
}

export function protocolPage(): GeneratedPage {
  const code = filesIn(["src", "durable-objects", "bridge-agent", "simulators", "webex-interfaces/client"], ".ts");
  const places = byRule(
    code.flatMap((file) =>
      Array.from(read(file).matchAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm), ([comment]) => mentions(comment, { file })),
    ),
  );
  const testFiles = filesIn(["test", "webex-interfaces/test", "conformance/test"], ".test.ts");
  const transcripts = filesIn(["test/transcripts"], ".txt");
  const tests = byRule([
    ...testFiles.flatMap((file) =>
      Array.from(file === ownTest ? [] : read(file).matchAll(titles), ([, , title = ""]) =>
        mentions(title, { file, title: shorten(title), test: { file, title: titlesOf(title) } }),
      ),
    ),
    ...transcripts.flatMap((file) => {
      const test = { file: "test/transcripts/transcripts.test.ts", title: titleOf(relative("test/transcripts", file)) };
      const comments = read(file).match(/^#.*$/gm) ?? [];
      return comments.map((line) => mentions(line, { file, title: shorten(line.slice(1)), test }));
    }),
    ...filesIn(["test/tsp/corpus"], ".json").map((file) => {
      const title = titleOf(`the document ${nameOf(file)} is read as its JSON file says`);
      const test = { file: "test/tsp/corpus.test.ts", title };
      return mentions(JSON.parse(read(file)).shows ?? "", { file, title: nameOf(file), test });
    }),
  ]);

  const gaps: string[] = [];
  const messages = Object.values({ ...fromWebex, ...toWebex }).map(({ wire, clause, source }) => {
    const where = places.get(clause) ?? [];
    const shown = transcripts
      .map((file) => ({ id: "", file, title: nameOf(file), share: shareOf(wire, read(file)) }))
      .filter(({ share }) => share > 0)
      .sort((one, other) => other.share - one.share);
    if (where.length === 0) gaps.push(`${wire}: no comment names clause ${clause}`);
    if (shown.length === 0) gaps.push(`${wire}: no transcript has it`);
    return [`\`${wire}\``, clause, source, links(where), links(shown, 3)];
  });
  const groups = Object.entries(allRules).map(([title, rules]) => {
    const rows = Object.entries<Rule>(rules).map(([id, rule]) => {
      const [where, shown] = [places.get(id) ?? [], tests.get(id) ?? []];
      if (typeof rule !== "string") return [id, rule.says, rule.outside, links(shown)];
      if (where.length === 0) gaps.push(`${id}: no comment in the code names it`);
      if (shown.length === 0) gaps.push(`${id}: no test, transcript or document names it`);
      return [id, rule, links(where), links(shown)];
    });
    return `## ${title}\n\n${table(["rule", "what it says", "where", "shown by"], rows)}\n`;
  });
  const known = Object.values(allRules).flatMap((rules) => Object.keys(rules));
  for (const id of new Set([...places.keys(), ...tests.keys()])) {
    if (/^(?:T|F|4\.|row )/.test(id) && !known.includes(id)) gaps.push(`${id} is named, and there is no such rule`);
  }
  const testsOf = (id: string) => (tests.get(id) ?? []).flatMap(({ test }) => test ?? []);
  const shownBy = new Map(known.map((id) => [id, testsOf(id)]));
  const all = table(["message", "clause", "source", "where", "shown by"], messages);
  return { text: [head, all, "", ...groups].join("\n"), gaps, shownBy };
}

const head = `# The protocol, rule by rule

What WebEx's TSP telephony interface demands of an adapter, which files carry it out here, and which tests show it. Comments
and test titles use the same numbers. This page is generated: \`npm run docs protocol.md\` renews it. \`npm run prove:protocol\` runs the tests of each rule, and
plants defects that break a rule: one of the tests that show the rule must fail then.

## Messages

An *assumed* message is in no public document; a domain's \`protocol\` setting can rename it or switch it off.
[src/tsp/messages.ts](../src/tsp/messages.ts) describes all of them.
`;

function mentions(text: string, where: Omit<Mention, "id">): readonly Mention[] {
  return rulesNamedIn(text).map((id) => ({ id, ...where }));
}

/** In the order found, each place once. */
function byRule(found: readonly (readonly Mention[])[]): ReadonlyMap<string, readonly Mention[]> {
  const each = new Map(found.flat().map((one) => [[one.id, one.file, one.title].join("\n"), one]));
  return Map.groupBy(each.values(), ({ id }) => id);
}

/** `protocol T36 to T38, 4.9 F5` → T36, T37, T38, 4.9, F5. */
export function rulesNamedIn(text: string): readonly string[] {
  const ids: string[] = [];
  const flat = text.replaceAll(/\n\s*(?:\*|\/\/) ?/g, " ");
  const token = String.raw`(?:sections?|steps?|rows?|to|and|[TF]\d+|\d+(?:\.\d+)*)`;
  for (const [, run = ""] of flat.matchAll(new RegExp(String.raw`\bprotocol (${token}(?:,? ${token})*)`, "g"))) {
    let kind = "";
    let before = "";
    for (const word of run.split(/,? /)) {
      const [, letter = "", digits = ""] = /^([TF]?)(\d+)$/.exec(word) ?? [];
      if (/^(?:section|step|row)s?$/.test(word)) kind = word.replace(/s$/, "");
      else if (word.includes(".")) ids.push(word);
      else if (digits && (letter || kind === "row")) {
        const prefix = letter || "row ";
        const first = before === "to" ? Number(ids.at(-1)?.slice(prefix.length)) + 1 : Number(digits);
        for (let number = first; number <= Number(digits); number += 1) ids.push(`${prefix}${number}`);
      }
      before = word;
    }
  }
  return ids;
}

/** The share of a transcript's lines that have this message. */
function shareOf(wire: string, transcript: string): number {
  const lines = transcript.split("\n");
  return lines.filter((line) => line.includes(`${wire} `)).length / lines.length;
}

function links(mentions: readonly Mention[], most = mentions.length): string {
  const shown = mentions.slice(0, most).map(({ file, title }) => linkTo(file, title ?? placeOf(file)));
  return [...shown, ...(mentions.length > most ? [`and ${mentions.length - most} more`] : [])].join("<br>");
}

/** A test's title without the numbers of the rules, and with "…" for what varies. */
function shorten(title: string): string {
  const short = title
    .replaceAll(/\s*\((?:[^()]*\b)?protocol [^()]*\)/g, "")
    .replaceAll(/%[sjd]|\$\{\w+\}/g, "…")
    .trim();
  return short.replace(/[:.,]$/, "");
}

/** `src/tsp/read.ts` → `tsp/read`. */
function placeOf(file: string): string {
  return file.replace(/^src\//, "").replace(/\.\w+$/, "");
}

function nameOf(file: string): string {
  return file.replace(/^.*\//, "").replace(/\.\w+$/, "");
}

function filesIn(folders: readonly string[], ending: string): string[] {
  return folders.flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
      .map((name) => `${folder}/${name}`)
      .sort(),
  );
}

function read(file: string): string {
  return readFileSync(new URL(file, root), "utf8");
}
