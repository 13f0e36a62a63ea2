import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../structure/imports.ts";

/** Everything that the kit's files import, and what those import, by the file that does. */
function everythingImported(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const waiting = globSync("conformance/**/*.ts").map((file): [string, string] => [file, "the kit"]);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [name, from] = next;
    if (found.has(name)) continue;
    found.set(name, from);
    if (!name.endsWith(".ts")) continue;
    for (const one of importsOf(name, readFileSync(name, "utf8"))) {
      const target = one.from.startsWith(".") ? posix.join(posix.dirname(name), one.from) : one.from;
      waiting.push([target, name]);
    }
  }
  return found;
}

test("the kit shares no code with the product's protocol, and needs nothing of Cloudflare", () => {
  const imported = [...everythingImported()].map(([name, from]) => `${name} (by ${from})`);

  expect(imported.length).toBeGreaterThan(50);
  expect(
    imported.filter((name) =>
      /^(src\/(?!foundation\/)|durable-objects\/|cloudflare:|@cloudflare|wrangler|miniflare|workerd)/.test(name),
    ),
  ).toEqual([]);
});

test("beside Node it needs only what its package.json names", () => {
  const { dependencies } = JSON.parse(readFileSync("conformance/package.json", "utf8"));
  const { devDependencies, dependencies: ofProject } = JSON.parse(readFileSync("package.json", "utf8"));
  const packages = [...everythingImported().keys()].filter(
    (name) => !name.endsWith(".ts") && !name.startsWith("node:"),
  );

  expect(packages.toSorted()).toEqual(Object.keys(dependencies).toSorted());
  for (const [name, version] of Object.entries(dependencies))
    expect({ ...devDependencies, ...ofProject }[name]).toBe(version);
});
