import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../../structure/imports.ts";

/** Everything that these files import, and what those import. */
function importedBy(pattern: string): string[] {
  const found = new Set<string>();
  const waiting = globSync(pattern);
  for (let name = waiting.pop(); name; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    if (!name.endsWith(".ts")) continue;
    for (const { from } of importsOf(name, readFileSync(name, "utf8"))) {
      waiting.push(from.startsWith(".") ? posix.join(posix.dirname(name), from) : from);
    }
  }
  return [...found];
}

test("the simulated site shares nothing with the client of its interfaces, so that a mistake in one shows in the other", () => {
  const ofSite = importedBy("simulators/webex-site/**/*.ts");

  expect(ofSite.length).toBeGreaterThan(25);
  expect(ofSite.filter((name) => name.startsWith("src/webex"))).toEqual([]);
  expect(importedBy("src/webex/**/*.ts").filter((name) => name.startsWith("simulators"))).toEqual([]);
});

test("these tests write their requests by hand", () => {
  expect(importedBy("test/webex/site/*.ts").filter((name) => name.startsWith("src/webex"))).toEqual([]);
});
