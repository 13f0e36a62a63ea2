import { existsSync, globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { edgeObjects } from "../../scripts/workerd.ts";
import { circlesIn, importsOf, unused, violations } from "./imports.ts";

const folders = "{src,durable-objects,bridge-agent,simulators,cli,scripts,bench,conformance,webex-interfaces}";
const files = globSync(`${folders}/**/*.{ts,tsx,js}`);

test("each folder imports only what the table of folders allows", () => {
  const imports = files.flatMap((file) => importsOf(file, readFileSync(file, "utf8")));

  expect(imports.length).toBeGreaterThan(20);
  expect(violations(imports)).toEqual([]);
});

test.each(["conformance", "webex-interfaces"])("the rest reaches %s through its doors alone, tests too", (wing) => {
  const rest = [...files, ...globSync("test/**/*.{ts,tsx}")].filter((file) => !file.startsWith(`${wing}/`));
  const targets = rest.flatMap((file) =>
    importsOf(file, readFileSync(file, "utf8")).map(({ from }) => posix.join(posix.dirname(file), from)),
  );
  const reached = targets.filter((target) => target.startsWith(`${wing}/`));

  expect(reached.length).toBeGreaterThan(0);
  expect(reached.filter((target) => !target.startsWith(`${wing}/doors/`))).toEqual([]);
});

test.each(["conformance", "webex-interfaces"])("beside Node %s needs only what its package.json names", (wing) => {
  const own = files.filter((file) => file.startsWith(`${wing}/`) && !file.startsWith(`${wing}/test/`));
  const imported = own.flatMap((file) => importsOf(file, readFileSync(file, "utf8")).map(({ from }) => from));
  const packages = new Set(imported.filter((from) => !/^(\.|node:)/.test(from)));
  const { dependencies, version } = JSON.parse(readFileSync(`${wing}/package.json`, "utf8"));
  const root = JSON.parse(readFileSync("package.json", "utf8"));

  expect([...packages].toSorted()).toEqual(Object.keys(dependencies).toSorted());
  expect(root.dependencies).toMatchObject(dependencies);
  expect(version).toBe(root.version);
  expect(root.workspaces).toContain(wing);
});

test("a folder imports all that the table of folders allows it", () => {
  const imports = files.flatMap((file) => importsOf(file, readFileSync(file, "utf8")));

  // Promised to those who write a driver.
  expect(unused(imports)).toEqual(["bridge-agent/drivers does not import ws"]);
});

test("docs/architecture.md says of each folder of the product what it knows; none has more than 15 files", () => {
  const product = globSync("{src,durable-objects,bridge-agent,cli}/**/*.{ts,tsx,js}");
  const folders = Map.groupBy(product, (file) => posix.dirname(file));
  const [, page = ""] = readFileSync("docs/architecture.md", "utf8").split("## The folders");
  const rows = [...(page.split("\n## ")[0] ?? "").matchAll(/^\| `([\w./-]+)` \| .+ \|$/gm)].map(([, folder]) => folder);

  expect(rows.toSorted()).toEqual([...folders.keys()].filter((folder) => folder !== "src").toSorted());
  expect([...folders].filter(([, files]) => files.length > 15)).toEqual([]);
});

test("an import that the table does not allow is reported with its file, its line and the rule", () => {
  const text = 'import { ok } from "../foundation/result.ts";\n\nimport {\n  createServer,\n} from "node:http";\n';

  expect(violations(importsOf("src/tsp/xml.ts", text))).toEqual([
    "src/tsp/xml.ts:3: imports node:http, but src/tsp may import src/foundation, saxes, valibot",
  ]);
});

test("what is allowed as a type is not allowed as a value", () => {
  const asType = 'import type { HandleIndexRpc } from "../rpc/handle-index.ts";';
  const asTypes = 'import { type HandleIndexRpc, type RelayRpc } from "../rpc/handle-index.ts";';
  const asValue = 'import { type HandleIndexRpc, bindings } from "../rpc/handle-index.ts";';

  expect(violations(importsOf("src/console/page.tsx", asType))).toEqual([]);
  expect(violations(importsOf("src/console/page.tsx", asTypes))).toEqual([]);
  expect(violations(importsOf("src/console/page.tsx", asValue))).toHaveLength(1);
});

test.each([
  'await import("node:fs");',
  'import "node:fs";',
  'export { readFileSync } from "node:fs";',
  'export * from "node:fs";',
])("%s counts as an import", (text) => {
  expect(violations(importsOf("src/conference/decide.ts", text))).toHaveLength(1);
});

test("a driver does not reach back into the agent, though it lies in its folder", () => {
  expect(violations(importsOf("bridge-agent/drivers/generic.ts", 'import { run } from "../agent.ts";'))).toHaveLength(
    1,
  );
});

test("no program that Node runs as it is reaches a page: Node strips types, and reads no JSX", () => {
  const text = (file: string) => readFileSync(file, "utf8");
  const { include }: { include: readonly string[] } = JSON.parse(text("tsconfig.edge.json"));
  const programs = globSync("{bridge-agent,simulators,cli,scripts,bench,conformance,webex-interfaces}/**/*.ts");
  // Workers are bundled.
  const left = programs.filter((file) => !include.includes(file));
  const reached = new Set(left);
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    for (const { from, typeOnly } of importsOf(file, text(file))) {
      const target = posix.join(posix.dirname(file), from);
      if (!from.startsWith(".") || typeOnly || reached.has(target) || !existsSync(target)) continue;
      reached.add(target);
      left.push(target);
    }
  }

  expect(reached.size).toBeGreaterThan(200);
  expect([...reached].filter((file) => file.endsWith(".tsx"))).toEqual([]);
});

test("no files of the product import each other in a circle, types included", () => {
  const product = globSync("{src,durable-objects,bridge-agent,cli}/**/*.{ts,tsx,js}");
  const imports = new Map(product.map((file) => [file, importsOf(file, readFileSync(file, "utf8"))]));

  expect(circlesIn(imports)).toEqual([]);
});

test("a circle of two files that import each other's types is reported", () => {
  const imports = new Map([
    ["src/a.ts", importsOf("src/a.ts", 'import type { B } from "./b.ts";')],
    ["src/b.ts", importsOf("src/b.ts", 'import { type A } from "./a.ts";')],
    ["src/c.ts", importsOf("src/c.ts", 'import { a } from "./a.ts";')],
  ]);

  expect(circlesIn(imports)).toEqual(["src/a.ts, src/b.ts"]);
});

test.each([
  ["src/worker.ts", 200],
  ["src/home.ts", 200],
  ["cli/edge/serve.ts", 50],
  ["bridge-agent/main.ts", 90],
])("%s reaches no test, simulator or script", (entry, least) => {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const { from, typeOnly } of importsOf(file, readFileSync(file, "utf8"))) {
      const target = posix.join(posix.dirname(file), from);
      if (from.startsWith(".") && !typeOnly && existsSync(target)) reached.add(target);
    }
  }

  expect(reached.size).toBeGreaterThan(least);
  const notForProduction = /^(?:test|simulators|scripts|bench|conformance)\//;
  expect([...reached].filter((file) => notForProduction.test(file))).toEqual([]);
});

test.each(["src/worker.ts", "src/home.ts"])("what few deployments ask for is not evaluated as %s starts", (entry) => {
  const reached = new Set([entry]);
  for (const file of reached) {
    const text = existsSync(file) ? readFileSync(file, "utf8").replaceAll(/\bimport\(/g, "late(") : "";
    for (const { from, typeOnly } of importsOf(file, text)) {
      if (!typeOnly) reached.add(from.startsWith(".") ? posix.join(posix.dirname(file), from) : from);
    }
  }
  const late = /^(webex-interfaces\/|@valibot\/to-json-schema$|jose$|pg$|fast-xml-parser$)/;

  expect(reached.size).toBeGreaterThan(200);
  expect([...reached].filter((name) => late.test(name))).toEqual([]);
});

test("Cloudflare is named by its own shells and the Worker alone, so that all else runs on Node too", () => {
  const platform =
    /\b(cloudflare:\w+|DurableObject\w*|SqlStorage\w*|WebSocketPair|WebSocketRequestResponsePair|ExecutionContext|Fetcher)\b/;
  const named = globSync("{src,durable-objects}/**/*.{ts,tsx}").filter((file) => {
    // Comments may name it, and so may texts for people.
    const code = readFileSync(file, "utf8").replaceAll(/^ *(\/\*\*|\*|\/\/).*$|"[^"\n]* [^"\n]*"/gm, "");
    return platform.test(code);
  });

  expect(named.filter((file) => !file.startsWith("durable-objects/cloudflare/"))).toEqual(["src/worker.ts"]);
});

test("only store and wire read changes of journal rows", () => {
  const readers =
    /^(durable-objects\/conference\/(conference-store|journal)\.ts|src\/explain\/(history|wire)\.ts|src\/conference\/)/;
  const keysOfEntries = /["'`[](outbox|caller|call-out|command|room|outage|debt)\/(["'`]|\$\{)/;
  const others = globSync("{src,durable-objects,cli}/**/*.{ts,tsx}").filter((file) => !readers.test(file));
  const found = others.filter((file) => {
    const text = readFileSync(file, "utf8");
    return /\bStoredEntries\b/.test(text) || keysOfEntries.test(text);
  });
  // They hand the rows to readers, and know nothing of them.
  const handsOver = others.filter((file) => /\bHistoryRow\b|\bjournal\.history\(/.test(readFileSync(file, "utf8")));

  expect(others.length).toBeGreaterThan(200);
  expect(found).toEqual([]);
  expect(handsOver.toSorted()).toEqual([
    "durable-objects/conference/conference-reader.ts",
    "durable-objects/conference/journal-readers.ts",
  ]);
});

test("npm start binds the same objects as a deployment, and all of them are taken over", () => {
  const deployed = [...readFileSync("wrangler.toml", "utf8").matchAll(/^name = "(\w+)"\nclass_name = "(\w+)"$/gm)];

  expect(Object.fromEntries(deployed.map(([, binding, name]) => [binding, name]))).toEqual(edgeObjects);
});
