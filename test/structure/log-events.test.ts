import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { edgeEvents } from "../../src/http/monitoring/monitoring.ts";

/** What the edge on plain Node or at Cloudflare is made of, and the destination of its log. */
const code = globSync(["{src,durable-objects,cli/edge}/**/*.{ts,tsx}", "bridge-agent/service/log-destination.ts"])
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");
const [, page = ""] = readFileSync("docs/operations.md", "utf8").split("### The edge's log");
const [table = ""] = page.split("In the agent's log");
const told = Array.from(table.matchAll(/^\| (`.*?) \|/gm), ([, names = ""]) =>
  Array.from(names.matchAll(/`([a-z-]+)`/g), ([, name = ""]) => name),
).flat();

test("each event that the code logs by its name stands in the table of docs/operations.md", () => {
  const named = [
    /\bevent: "([a-z-]+)"/g,
    /\b(?:log|note)\((?:"(?:info|warn|error)", )?"([a-z-]+)"/g,
    /\b(?:line|trouble)\("([a-z-]+)"/g,
  ].flatMap((pattern) => Array.from(code.matchAll(pattern), ([, name = ""]) => name));

  expect(named.length).toBeGreaterThan(100);
  expect([...new Set([...named, ...edgeEvents])].filter((name) => !told.includes(name))).toEqual([]);
});

test("each event of that table stands in the code, and once in the table", () => {
  expect(told.filter((name) => !code.includes(`"${name}"`))).toEqual([]);
  expect(told.filter((name, place) => told.indexOf(name) !== place)).toEqual([]);
});
