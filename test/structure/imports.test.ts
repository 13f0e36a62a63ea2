import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { importRules, importsIn, importsOf, reachedFrom, targetOf, unused, violations } from "./imports.ts";

const page = readFileSync("docs/architecture.md", "utf8");
const rules = importRules(page);
const folders = "{src,durable-objects,bridge-agent,simulators,cli,scripts,bench,conformance,webex-interfaces}";
const files = globSync(`${folders}/**/*.{ts,tsx,js}`);
const product = globSync("{src,durable-objects,bridge-agent,cli}/**/*.{ts,tsx,js}");
const imports = files.flatMap((file) => importsOf(file));

test("each folder imports only what the table of docs/architecture.md allows", () => {
  expect(imports.length).toBeGreaterThan(1_000);
  expect(violations(imports, rules)).toEqual([]);
});

test("each folder imports all that the table allows", () => {
  // docs/writing-a-driver.md allows it.
  expect(unused(imports, rules)).toEqual(["bridge-agent/drivers does not import ws"]);
});

test.each([
  ["src/tsp/xml.ts", 'import { ok } from "../foundation/result.ts";', 0],
  ["src/tsp/xml.ts", 'import {\n  createServer,\n} from "node:http";', 1],
  ["src/console/page.tsx", 'import type { RelayRpc } from "../rpc/relay.ts";', 0],
  ["src/console/page.tsx", 'import { type RelayRpc, type Rpc } from "../rpc/relay.ts";', 0],
  ["src/console/page.tsx", 'import { type RelayRpc, bindings } from "../rpc/relay.ts";', 1],
  ["src/conference/decide.ts", 'await import("node:fs");', 1],
  ["src/conference/decide.ts", 'import "node:fs";', 1],
  ["src/conference/decide.ts", 'export * from "node:fs";', 1],
  ["bridge-agent/drivers/generic.ts", 'import { run } from "../agent.ts";', 1],
  ["elsewhere/a.ts", 'import "node:fs";', 1],
])("in %s, %j breaks %i rules", (file, text, count) => {
  expect(violations(importsIn(file, text), rules)).toHaveLength(count);
});

test.each(["conformance", "webex-interfaces"])("other workspaces import %s only through its doors", (workspace) => {
  const rest = [...files, ...globSync("test/**/*.{ts,tsx}")].filter((file) => !file.startsWith(`${workspace}/`));
  const reached = rest.flatMap((file) =>
    importsOf(file)
      .map(targetOf)
      .filter((to) => to.startsWith(`${workspace}/`)),
  );

  expect(reached.length).toBeGreaterThan(0);
  expect(reached.filter((target) => !target.startsWith(`${workspace}/doors/`))).toEqual([]);
});

test.each(["conformance", "webex-interfaces"])("%s needs only Node and the packages that it names", (workspace) => {
  const own = files.filter((file) => file.startsWith(`${workspace}/`) && !file.startsWith(`${workspace}/test/`));
  const packages = own
    .flatMap((file) => importsOf(file).map(({ from }) => from))
    .filter((from) => !/^(\.|node:)/.test(from));
  const { dependencies, version } = JSON.parse(readFileSync(`${workspace}/package.json`, "utf8"));
  const root = JSON.parse(readFileSync("package.json", "utf8"));

  expect([...new Set(packages)].toSorted()).toEqual(Object.keys(dependencies).toSorted());
  expect(root.dependencies).toMatchObject(dependencies);
  expect(root.workspaces).toContain(workspace);
  expect(version).toBe(root.version);
});

test("docs/architecture.md describes each folder of the product", () => {
  const described = Array.from(page.matchAll(/^\| `([\w./-]+)` \| [^|]+ \|$/gm), ([, folder]) => folder);
  const folders = new Set(product.map((file) => posix.dirname(file)));

  expect(described.toSorted()).toEqual([...folders].filter((folder) => folder !== "src").toSorted());
});

test("no folder of the product has more than 15 files", () => {
  const byFolder = Map.groupBy(product, (file) => posix.dirname(file));

  expect([...byFolder].filter(([, files]) => files.length > 15)).toEqual([]);
});

test("programs without a bundler import no JSX", () => {
  const bundled: readonly string[] = JSON.parse(readFileSync("tsconfig.edge.json", "utf8")).include;
  const programs = globSync("{bridge-agent,simulators,cli,scripts,bench,conformance,webex-interfaces}/**/*.ts");
  const reached = reachedFrom(
    programs.filter((file) => !bundled.includes(file)),
    ({ typeOnly }) => !typeOnly,
  );

  expect(reached.size).toBeGreaterThan(200);
  expect([...reached].filter((file) => file.endsWith(".tsx"))).toEqual([]);
});

test("no files of the product import each other in a circle, types included", () => {
  const targets = new Map(product.map((file) => [file, importsOf(file).map(targetOf)]));
  // Removes files until only circles are left.
  for (let before = 0; before !== targets.size; ) {
    before = targets.size;
    const imported = new Set([...targets.values()].flat());
    for (const [file, all] of targets) {
      if (!imported.has(file) || !all.some((target) => targets.has(target))) targets.delete(file);
    }
  }

  expect([...targets.keys()]).toEqual([]);
});

test.each([
  ["src/worker.ts", 200],
  ["src/node.ts", 200],
  ["cli/edge/serve.ts", 50],
  ["bridge-agent/main.ts", 90],
])("%s reaches no test, simulator or script", (entry, least) => {
  const reached = reachedFrom([entry], ({ typeOnly }) => !typeOnly);

  expect(reached.size).toBeGreaterThan(least);
  expect([...reached].filter((file) => /^(?:test|simulators|scripts|bench|conformance)\//.test(file))).toEqual([]);
});

test.each(["src/worker.ts", "src/node.ts"])("%s loads rare features late", (entry) => {
  const isLate = ({ file, line }: { file: string; line: number }) =>
    /\bimport\(/.test(readFileSync(file, "utf8").split("\n")[line - 1] ?? "");
  const reached = reachedFrom([entry], (one) => !one.typeOnly && !isLate(one));

  expect(reached.size).toBeGreaterThan(200);
  const rare = /^(webex-interfaces\/|@valibot\/to-json-schema$|jose$|pg$|fast-xml-parser$)/;
  expect([...reached].filter((name) => rare.test(name))).toEqual([]);
});
