import { globSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../../test/structure/imports.ts";

/** Everything that the kit's files import, and what those import, by the file that does. */
function everythingImported(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const waiting = globSync("conformance/**/*.ts", { exclude: ["conformance/test/**"] }).map(
    (file): [string, string] => [file, "the kit"],
  );
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [name, from] = next;
    if (found.has(name)) continue;
    found.set(name, from);
    if (!name.endsWith(".ts")) continue;
    for (const one of importsOf(name)) {
      const target = one.from.startsWith(".") ? posix.join(posix.dirname(name), one.from) : one.from;
      waiting.push([target, name]);
    }
  }
  return found;
}

test("the kit shares no code with the product's protocol, and needs nothing of Cloudflare", () => {
  const imported = [...everythingImported()].map(([name, from]) => `${name} (by ${from})`);

  expect(imported.length).toBeGreaterThan(40);
  expect(
    imported.filter((name) =>
      /^(src\/(?!foundation\/|delivery\/backoff\.ts )|durable-objects\/|cloudflare:|@cloudflare|wrangler|miniflare|workerd)/.test(
        name,
      ),
    ),
  ).toEqual([]);
});
