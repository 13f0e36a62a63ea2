import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Counters } from "../../bridge-agent/run.ts";
import { metricsText } from "../../bridge-agent/service/health.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { findTool } from "../../scripts/tools/find-tool.ts";
import { Counter, Histogram } from "../../src/foundation/metrics.ts";
import { edgeEvents, Metrics, processText } from "../../src/http/monitoring/monitoring.ts";
import { testDomain } from "../local-domain.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { FakePair } from "./fake-pair.ts";

const read = (file: string) => readFileSync(file, "utf8");
const files = ["packaging/alerts.yml", "packaging/dashboard.json", "docs/monitoring.md", "docs/security.md"];

const ofAgent = metricsText({
  status: { role: "active", calls: 0 },
  counters: new Counters(),
  logLinesDropped: 0,
} as never);
const measures = new Measures();
measures.postSeconds.observe({ domain: "local" }, 12_345);
const answer = await new FakeEdge(token, {}, {}, [], undefined, new FakePair()).app.request("/metrics", {
  headers: { authorization: `Bearer ${token}` },
});
const ofEdge = (await answer.text()) + measures.text([testDomain()]) + processText("0.1.0", 1_000);
const families = Array.from(
  (ofAgent + ofEdge).matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm),
  ([, name = "", help = "", type = ""]) => ({ name, help, type }),
);

test.each(files)("each metric that %s names exists", (file) => {
  const exist = families.flatMap(({ name, type }) =>
    type === "histogram" ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  const named = new Set(read(file).match(/\bbridgehead_[a-z_]+/g));

  expect(named.size).toBeGreaterThan(0);
  expect([...named].filter((name) => !exist.includes(name))).toEqual([]);
});

test("whatever is counted or measured is in what Prometheus reads", () => {
  const shown = new Set(families.map(({ name }) => name));
  const counted = Object.values(measures).filter((one) => one instanceof Counter || one instanceof Histogram);

  expect(counted.length).toBeGreaterThan(5);
  expect(counted.filter(({ name }) => !shown.has(name)).map(({ name }) => name)).toEqual([]);
});

test("docs/reference/metrics.md has each metric (`npm run docs` renews it)", () => {
  const rows = read("docs/reference/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \| .* \| (.*) \|$/gm);
  const listed = Array.from(rows, ([, name, type, help]) => ({ name, help, type }));

  expect(families.length).toBeGreaterThan(30);
  expect(listed).toEqual(expect.arrayContaining(families));
  expect(listed).toHaveLength(families.length);
});

test("each event whose lines may be dropped has a series from the start, so that the first drop counts", () => {
  const routes = new Metrics();
  const dropped = [...routes.text([]).matchAll(/^bridgehead_log_lines_dropped_total\{event="([a-z-]+)"\} 0$/gm)];

  expect(dropped.map(([, event]) => event)).toEqual([...edgeEvents, "log-lines-lost"]);
});

interface Panel {
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat?: string }[];
}
const { panels } = JSON.parse(read("packaging/dashboard.json")) as { readonly panels: readonly Panel[] };

test("no panel of the dashboard lies on another one", () => {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
  );
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(new Set(cells).size).toBe(cells.length);
});

test("each label by which the dashboard asks or names a line is one of its metric", () => {
  const ofTarget = ["job", "instance", "le"];
  // Prometheus' own.
  const labels = new Map<string, readonly string[]>([["ALERTS", ["alertname", "alertstate"]]]);
  for (const [, name = "", sample = ""] of (ofAgent + ofEdge).matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    labels.set(name, [...(labels.get(name) ?? ofTarget), ...namesIn(sample, /(\w+)="/g)]);
  }
  const wrong = panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr, legendFormat = "" }) => {
      const metric = /bridgehead_\w+|ALERTS/.exec(expr)?.[0] ?? "";
      const used = [
        ...namesIn(expr, /(\w+) ?(?:=~|!~|!=|=)"/g),
        ...namesIn(expr, /\bby \(([^)]*)\)/g).flatMap((list) => list.split(/, */)),
        ...namesIn(legendFormat, /\{\{(\w+)\}\}/g),
      ];
      const unknown = used.filter((label) => !labels.get(metric)?.includes(label));
      return unknown.map((label) => `${label} of ${metric}: ${expr}`);
    }),
  );
  expect(labels.size).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, name = ""]) => name);
}

/** The questions of the dashboard, as rules that promtool can check. */
const questions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const asRules = questions.map((expr, index) => ({
  record: `dashboard:question:${index}`,
  expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$domain", ".*"),
}));

const promtool = await findTool("promtool");
if (!promtool.ok) console.warn(`promtool: left out, because ${promtool.error}`);

test.skipIf(!promtool.ok).each([
  ["the metrics of the edge", ["check", "metrics"], ofEdge],
  ["the metrics of the agent", ["check", "metrics"], ofAgent],
  ["the alerts", ["check", "rules", "packaging/alerts.yml"], ""],
])("promtool finds nothing wrong with %s", (_what, words, input) => {
  const { status, stdout, stderr } = spawnSync(promtool.ok ? promtool.value.program : "", words, {
    input,
    encoding: "utf8",
  });

  expect([stderr, status], stdout).toEqual(["", 0]);
});

test.skipIf(!promtool.ok)("promtool understands each question of the dashboard", () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-dashboard-"));
  try {
    const file = join(folder, "rules.yml");
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: asRules }] }));
    const { status, stderr } = spawnSync(promtool.ok ? promtool.value.program : "", ["check", "rules", file], {
      encoding: "utf8",
    });
    expect([stderr, status]).toEqual(["", 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
