import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { findTool } from "../../scripts/tools/find-tool.ts";
import { type AlertKind, alertKinds } from "../../src/operators/alert-kinds.ts";

const text = readFileSync(resolve("packaging/alerts.yml"), "utf8");
/** By the name of the alert. */
const ruleTexts = new Map(
  [...text.matchAll(/^ {6}- alert: (\w+)\n(?: {7,}.*\n)+/gm)].map(([rule, name]) => [name, rule]),
);

/** Series, when the alert must be silent, and when it must be about exactly one thing. */
interface Case {
  readonly alert: string;
  /** How often there is a value, and the rules are judged; 15 s unless it says. */
  readonly every?: string;
  /** As promtool writes them. */
  readonly series: Readonly<Record<string, string>>;
  readonly silent: readonly string[];
  readonly fires: readonly string[];
  /** Labels of what it is about. */
  readonly about?: string;
}

const edge = 'job="bridgehead-edge", instance="edge:8787"';
const agent = 'instance="one:8791"';
const domain = 'domain="local"';
const bridge = `${domain}, bridge="simulated"`;

function ofAlert(kind: AlertKind): string {
  return `bridgehead_alerts{${domain}, kind="${kind}"}`;
}

/** What else the edge says of these kinds, by which their alerts go. */
const otherSeries: Readonly<Partial<Record<AlertKind, Case["series"]>>> = {
  disk: { [`bridgehead_storage_up{${edge}}`]: "0x20" },
  "no-agent": { [`bridgehead_agents{${bridge}, role="active"}`]: "0x20" },
  "bridge-drained": { [`bridgehead_bridge_drained{${bridge}}`]: "1x20" },
  undelivered: { [`bridgehead_posts_total{${domain}, outcome="given-up"}`]: "0+1x20" },
  "documents-refused": { [`bridgehead_posts_total{${domain}, outcome="refused"}`]: "0+1x20" },
  "webhooks-undelivered": { [`bridgehead_webhooks_total{${domain}, outcome="given-up"}`]: "0+1x20" },
  "server-refused": { [`bridgehead_hosts_refused_total{${domain}}`]: "0+1x20" },
};

/** A counter that rises by so many each 15 s from the fifth minute on. */
const rises = (by = 1) => `0x20 ${by}+${by}x40`;
/** Is 1, and 0 from the fifth minute on. */
const falls = "1x20 0x40";

/** An alert on a counter, silent while it stands still. */
function counted(alert: string, series: string, by = 1): Case {
  return { alert, series: { [series]: rises(by) }, silent: ["5m"], fires: ["10m"] };
}

/** An alert on something that should be 1. */
function down(alert: string, series: string, fires = "7m"): Case {
  return { alert, series: { [series]: falls }, silent: ["5m"], fires: [fires] };
}

/** An alert on how long something takes: 1 s at first, from the fifth minute on 20 s. */
function slow(alert: string, family: string): Case {
  const bucket = (le: string) => `${family}_bucket{${domain}, le="${le}"}`;
  const series = { [bucket("1")]: "0+10x20 200x60", [bucket("30")]: "0+10x80", [bucket("+Inf")]: "0+10x80" };
  return { alert, series, silent: ["5m"], fires: ["18m"] };
}

const cases: readonly Case[] = [
  {
    ...down("BridgeheadEdgeDown", `up{${edge}}`),
    series: { [`up{${edge}}`]: "1x8 0x8 1x8" },
    silent: ["2m", "6m"],
    fires: ["4m"],
  },
  { alert: "BridgeheadEdgeDown", series: {}, silent: ["0m"], fires: ["2m"] },
  {
    alert: "BridgeheadAgentDown",
    silent: ["2m"],
    fires: ["4m"],
    about: 'instance="two:8791"',
    series: {
      [`up{job="bridgehead-agent", ${agent}}`]: "1x24",
      'up{job="bridgehead-agent", instance="two:8791"}': "1x8 0x16",
    },
  },
  { alert: "BridgeheadAgentDown", series: {}, silent: ["0m"], fires: ["2m"] },
  down("BridgeheadNoEdgeActs", 'bridgehead_edge_acts{edge="one"}'),
  down("BridgeheadStorageDown", `bridgehead_storage_up{${edge}}`),
  down("BridgeheadNoAgent", `bridgehead_agents{${bridge}, role="active"}`),
  {
    alert: "BridgeheadRelayUnreachable",
    silent: ["5m"],
    fires: ["7m"],
    series: { [ofAlert("relay-unreachable")]: "0x20 1x20" },
  },
  {
    alert: "BridgeheadBridgeAway",
    silent: ["5m"],
    fires: ["7m"],
    series: { [ofAlert("bridge-unreachable")]: "0x20 1x20" },
  },
  {
    alert: "BridgeheadBridgeDrained",
    every: "10m",
    silent: ["23h"],
    fires: ["25h"],
    series: { [`bridgehead_bridge_drained{${bridge}}`]: "1x200" },
  },
  counted("BridgeheadTakeover", `bridgehead_takeovers_total{${bridge}}`),
  counted("BridgeheadDocumentsNotStored", `bridgehead_documents_not_stored_total{${domain}}`),
  counted("BridgeheadObjectStorageFails", `bridgehead_object_storage_failures_total{${domain}}`),
  {
    ...counted("BridgeheadDocumentsRefused", `bridgehead_documents_total{${domain}, result="not-xml"}`),
    series: {
      [`bridgehead_documents_total{${domain}, result="not-xml"}`]: rises(),
      [`bridgehead_documents_total{${domain}, result="ok"}`]: "0+100x60",
    },
    silent: ["5m", "6m"],
  },
  slow("BridgeheadConfirmationsSlow", "bridgehead_confirm_seconds"),
  slow("BridgeheadCommandsSlow", "bridgehead_command_seconds"),
  slow("BridgeheadEventsSlow", "bridgehead_event_seconds"),
  {
    alert: "BridgeheadPostsWait",
    silent: ["5m"],
    fires: ["7m"],
    series: { [ofAlert("documents-pending")]: "0x20 1x20" },
  },
  {
    ...counted(
      "BridgeheadConferencesNotCreated",
      `bridgehead_outcomes_total{${domain}, outcome="conference-not-created"}`,
    ),
    silent: ["5m", "5m30s"],
  },
  counted("BridgeheadRateLimited", `bridgehead_rate_limited_total{${domain}}`),
  {
    alert: "BridgeheadAlert",
    silent: ["5m", "9m"],
    fires: ["7m"],
    about: 'kind="undelivered"',
    series: {
      [ofAlert("undelivered")]: "0x20 2x11 0x40",
      [ofAlert("no-agent")]: "1x80",
    },
  },
  counted("BridgeheadForeignReports", `bridgehead_foreign_reports_total{${bridge}}`),
  {
    alert: "BridgeheadStrangers",
    silent: ["5m"],
    fires: ["10m"],
    // Not one of them alone.
    series: {
      bridgehead_strangers_total: rises(3),
      bridgehead_operators_refused_total: rises(2),
      'bridgehead_agents_refused_total{why="wrongKey"}': rises(2),
    },
  },
  counted("BridgeheadLogLinesDropped", 'bridgehead_log_lines_dropped_total{event="host-refused"}'),
  down("BridgeheadAgentWithoutEdge", `bridgehead_agent_edge_up{${agent}}`),
  down("BridgeheadAgentWithoutBridge", `bridgehead_agent_bridge_up{${agent}}`),
  {
    // Reports that are acknowledged, and then none any more.
    alert: "BridgeheadReportsWait",
    silent: ["5m", "9m"],
    fires: ["17m"],
    series: { [`bridgehead_agent_reports_unacknowledged{${agent}}`]: "5 0 5 0 5 0 5 0 5 0 5 0 5 0 5 0 5 0 5 0 5x60" },
  },
  counted("BridgeheadCommandsUnclear", `bridgehead_agent_command_seconds_count{${agent}, result="unknown"}`),
  counted("BridgeheadAgentPolicy", `bridgehead_agent_policy_acts_total{${agent}, reason="number-denied"}`),
  counted("BridgeheadAgentLogLinesDropped", `bridgehead_agent_log_lines_dropped_total{${agent}}`),
];

test("each alert has a case here, and says in a sentence what to do", () => {
  const alerts = [...text.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const sentences = [...text.matchAll(/^ {10}description: '([A-Z"].{20,}\.)'$/gm)];

  expect([...new Set(cases.map(({ alert }) => alert))].sort()).toEqual(alerts.sort());
  expect(sentences).toHaveLength(alerts.length);
});

const promtool = await findTool("promtool");
if (!promtool.ok) console.warn(`promtool: left out, because ${promtool.error}`);

/** What only a Prometheus without agents says, and one without an edge. */
const ofJobs = 'alertname!~"Bridgehead(Edge|Agent)Down"';

test.skipIf(!promtool.ok)("Prometheus fires one rule for each kind of alert", () => {
  check(
    alertKinds.map((kind) => ({
      name: kind,
      rules: text,
      interval: kind === "bridge-drained" ? "2h" : "15s",
      input_series: Object.entries({ [ofAlert(kind)]: "1x20", ...otherSeries[kind] }).map(([series, values]) => ({
        series,
        values,
      })),
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertstate="firing", ${ofJobs}})`,
          eval_time: kind === "bridge-drained" ? "26h" : "3m",
          exp_samples: [{ labels: "{}", value: 1 }],
        },
      ],
    })),
  );
});

test.skipIf(!promtool.ok)("each alert fires when it should, and is silent before", () => {
  const tests = cases.map(({ alert, every = "15s", series, silent, fires, about = "" }) => {
    const expr = `count(ALERTS{alertname="${alert}", alertstate="firing"})`;
    const ofOne = `count(ALERTS{alertname="${alert}", alertstate="firing", ${about}})`;
    const one = [{ labels: "{}", value: 1 }];
    return {
      name: alert,
      // To judge all rules in each case would cost five times as much.
      rules: `groups:\n  - name: alone\n    rules:\n${ruleTexts.get(alert)}`,
      interval: every,
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        ...silent.map((eval_time) => ({ expr, eval_time, exp_samples: [] })),
        ...fires.flatMap((eval_time) => [expr, ofOne].map((expr) => ({ expr, eval_time, exp_samples: one }))),
      ],
    };
  });
  check(tests);
});

/** What promtool reads, and the text of the rules that it judges. */
interface RuleTest {
  readonly interval: string;
  readonly rules: string;
}

/** Has promtool judge these. */
function check(tests: readonly RuleTest[]): void {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-alerts-"));
  try {
    const groups = Map.groupBy(tests, ({ interval, rules }) => `${interval} ${rules}`);
    const files = [...groups.values()].map((group, index) => {
      const [{ interval, rules } = { interval: "", rules: "" }] = group;
      const [file, ruleFile] = [join(folder, `test-${index}.yml`), join(folder, `rules-${index}.yml`)];
      writeFileSync(ruleFile, rules);
      const inputs = group.map(({ rules: _, ...input }) => input);
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ rule_files: [ruleFile], evaluation_interval: interval, tests: inputs }));
      return file;
    });
    const ran = spawnSync(promtool.ok ? promtool.value.program : "", ["test", "rules", ...files], { encoding: "utf8" });
    expect([ran.stderr, ran.status], ran.stdout).toEqual(["", 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
