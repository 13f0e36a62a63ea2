import { createHash } from "node:crypto";
import { XMLParser } from "fast-xml-parser";
import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { MemoryPorts } from "../ports-memory.ts";
import type { DefectName } from "../reference/defects.ts";
import { playReference } from "../reference/play.ts";
import { findingsOf } from "../report/findings.ts";
import { htmlReport } from "../report/html.ts";
import { jsonReport } from "../report/json.ts";
import { junitReport } from "../report/junit.ts";
import { type Report, runId } from "../report/summary.ts";
import { textReport } from "../report/text.ts";
import { testedAdapter } from "../tested-adapter.ts";
import { VIRTUAL_CLOCK_MS } from "./each-defect.ts";

const clauses = allClauses.filter(({ id }) => /^(?:4\.[1-3]|4\.13|4\.17|T44|F1|2\.3)/.test(id));

async function findingsWith(...defects: DefectName[]) {
  const results = await playReference(clauses, defects);
  return findingsOf(results).map(({ cause, clauses: those }) => [cause, those.length] as const);
}

test.each<[DefectName, string, number]>([
  ["added-with-other-flag", "A2W_NotifySubConfCallChange has ActionFlag 2, not 1", 15],
  ["call-out-not-answered", "A2W_RspCallout does not come", 15],
  ["enters-before-answer", "A2W_NotifyUserEnter comes before A2W_RspCallout", 10],
  ["two-rooms-for-one-key", "a caller does not hear another one", 5],
  ["failover-tells-nobody", "A2W_NotifyUserEnter does not come after a takeover", 3],
])("%s is one finding, with all clauses that it stops", { timeout: VIRTUAL_CLOCK_MS }, async (defect, cause, least) => {
  const findings = await findingsWith(defect);

  expect(findings).toEqual([[cause, expect.any(Number)]]);
  expect(findings[0]?.[1]).toBeGreaterThanOrEqual(least);
});

test("two causes are two findings, what documents demand first", { timeout: VIRTUAL_CLOCK_MS }, async () => {
  const findings = await findingsWith("added-with-other-flag", "attendee-id-as-number");

  expect(findings.map(([cause]) => cause)).toEqual([
    "A2W_NotifySubConfCallChange has ActionFlag 2, not 1",
    "A2W_NotifyUserEnter has another AttendeeID",
  ]);
});

async function reportWith(...defects: DefectName[]): Promise<Report> {
  const results = await playReference(
    clauses.filter(({ id }) => /^4\.(?:1|13)/.test(id)),
    defects,
  );
  const tested = { version: "4.2", kit: "bridgehead-conformance 1.2.3" };
  return { adapter: "http://a/", tested, conditions: {}, startedAt: 0, tookMs: 1, results };
}

test("each report begins with the findings", async () => {
  const report = await reportWith("added-with-other-flag");
  const cause = "A2W_NotifySubConfCallChange has ActionFlag 2, not 1";
  const { findings, clauses: all } = JSON.parse(jsonReport(report));
  const { testsuites } = new XMLParser({ ignoreAttributes: false }).parse(junitReport(report));
  const [text, page] = [textReport(report), htmlReport(report)];

  expect(findings).toEqual([{ n: 1, cause, standing: "documented", clauses: expect.arrayContaining(["4.13b"]) }]);
  expect(all.find(({ id }: { id: string }) => id === "4.13b")).toMatchObject({ finding: 1, cause });
  expect(text).toContain(`finding 1: ${cause}\n`);
  expect(text.indexOf("finding 1")).toBeLessThan(text.indexOf("passed  "));
  // The wire once, of the clause that shows the finding.
  expect(text.match(/→ adapter: W2A_AddToSubConference/g)).toHaveLength(1);
  expect(page.indexOf(cause)).toBeLessThan(page.indexOf("Documented clauses"));
  expect(page).toContain('<a href="#4.13b">');
  const properties = testsuites.testsuite[0].properties.property.map((one: Record<string, string>) => one["@_name"]);
  expect(properties.slice(0, 3)).toEqual(["verdict", "finding 1", "run"]);
});

test("the run's id is a digest of all else in the report for programs, and another one for another run", async () => {
  const report = await reportWith();
  const { run, ...rest } = JSON.parse(jsonReport(report));

  expect(run).toBe(createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 16));
  expect(runId(report)).toBe(run);
  expect(runId({ ...report, startedAt: 1 })).not.toBe(run);
  expect(runId({ ...report, tested: { version: "4.3" } })).not.toBe(run);
});

test.each<[string[], Record<string, string>]>([
  [[], { version: "1.2", settings: "ab", bridge: "unknown (--about bridge=… names it)" }],
  [["bridge=Asterisk 20", "version=7"], { version: "7", settings: "ab", bridge: "Asterisk 20" }],
  [["http://adapter/other", "bridge=a"], { version: "unknown (--about version=… names it)", build: "7" }],
  [["http://nobody/", "settings=x"], { version: "unknown (--about version=… names it)", settings: "x" }],
])("what was tested is known by %j", async (about, tested) => {
  const ports = new MemoryPorts();
  await ports.listen("adapter:80", async ({ url }) => {
    const body = url === "/healthz" ? { status: "ok", version: "1.2", settings: "ab", more: {} } : { build: 7 };
    return { status: 200, body: JSON.stringify(body) };
  });

  expect(await ports.run(testedAdapter(ports, "http://adapter/tsp/local", about))).toMatchObject(tested);
});
