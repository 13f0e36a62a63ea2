import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandTypes } from "../../src/bridge/command-rules.ts";
import { abilities } from "../../src/bridge/commands.ts";
import { edgeEvents } from "../../src/http/monitoring/monitoring.ts";
import { fromWebex, toWebex } from "../../src/tsp/messages.ts";

/** `npm run docs` makes them; git does not have them. */
const madePages = ["docs/webex-interfaces.md"];
const pages = globSync(["*.md", "docs/{,reference/}*.md", "{conformance,webex-interfaces}/*.md"], {
  exclude: madePages,
});

/** The anchors of a page: its headings as GitHub names them, and those that it names itself. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(page, "utf8").replaceAll(/^```.*?^```/gms, "");
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, id = ""]) => id)]);
}

describe.each(pages)("%s", (page) => {
  const text = readFileSync(page, "utf8");

  test("links only to files that there are", () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => join(dirname(page), link));

    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });

  test("links only to headings that there are", () => {
    const links = text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g);
    const broken = Array.from(
      links,
      ([, to = "", anchor = ""]) => [to ? join(dirname(page), to) : page, anchor] as const,
    )
      .filter(([to]) => to.endsWith(".md") && !madePages.includes(to))
      .filter(([to, anchor]) => !anchorsOf(to).has(anchor));

    expect(broken).toEqual([]);
  });

  test("names only files that there are", () => {
    const named = [
      ...text.matchAll(
        /`((?:src|durable-objects|bridge-agent|simulators|cli|scripts|bench|conformance|webex-interfaces|test|docs)\/[\w./-]+)`/g,
      ),
    ];

    expect(named.map(([, file = ""]) => file).filter((file) => !existsSync(file) && !madePages.includes(file))).toEqual(
      [],
    );
  });
});

test("each command to a bridge stands in docs/bridge-protocol.md", () => {
  const page = readFileSync("docs/bridge-protocol.md", "utf8");

  expect(commandTypes.length).toBeGreaterThan(10);
  expect(commandTypes.filter((type) => !page.includes(`\`${type}\``))).toEqual([]);
});

test("each thing that a bridge may be unable to do stands in docs/bridge-protocol.md", () => {
  const page = readFileSync("docs/bridge-protocol.md", "utf8");

  expect(abilities.filter((ability) => !page.includes(`| \`${ability}\` |`))).toEqual([]);
});

test("the README says how many messages are assumed", () => {
  const assumed = Object.values({ ...fromWebex, ...toWebex }).filter(({ source }) => source === "assumed");

  expect(readFileSync("README.md", "utf8")).toContain(`${assumed.length} messages are *assumed*`);
});

test("docs/reference/log-events.md explains each event of the log in 20 words", () => {
  const code = globSync(["{src,durable-objects,cli/edge,bridge-agent}/**/*.{ts,tsx}"])
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const event = /\bevent: "([a-z-]+)"|\b(?:log|note|line|trouble)\((?:"(?:info|warn|error)", )?"([a-z-]+)"/g;
  const logged = Array.from(code.matchAll(event), ([, name, other]) => name ?? other ?? "");
  const page = readFileSync("docs/reference/log-events.md", "utf8");
  const rows = Array.from(page.matchAll(/^\| (`.*?) \| (.*) \|$/gm), ([, cell = "", meaning = ""]) => ({
    names: Array.from(cell.matchAll(/`([a-z-]+)`/g), ([, name = ""]) => name),
    words: meaning.split(" ").length,
  }));
  const listed = rows.flatMap(({ names }) => names);

  expect(logged.length).toBeGreaterThan(100);
  expect([...logged, ...edgeEvents].filter((name) => !listed.includes(name))).toEqual([]);
  expect(listed.filter((name) => !code.includes(`"${name}"`))).toEqual([]);
  expect(rows.filter(({ words }) => words > 20)).toEqual([]);
});
