import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { bridgehead } from "../cli/bridgehead.ts";
import { alertKinds, showAlert } from "../src/operators/alert-kinds.ts";
import { meaningOf } from "../src/records/columns.ts";
import { recordColumns } from "../src/records/conference-record.ts";
import { inCell, table } from "./generated-page.ts";
import { LocalRun } from "./local-run.ts";
import { runTool } from "./run-tool.ts";

/** The pages of docs/reference that are made from the code. */
export const referencePages = {
  "reference/alerts.md": alertsPage,
  "reference/commands.md": commandsPage,
  "reference/metrics.md": async () => metricsPage(await scraped()),
  "reference/records.md": recordsPage,
} as const;

const root = new URL("../", import.meta.url);

/** The kinds of alerts of the product, and the rules for Prometheus. */
export function alertsPage(): string {
  const kinds = alertKinds.map((kind) => {
    const about = { kind, bridge: "BRIDGE", about: "NAME", since: null, count: 2, why: "REASON" };
    const { type, severity, title, says, todo } = showAlert(about, "DOMAIN");
    const command = todo.command && `\`bridgehead ${todo.command.join(" ")}\``;
    const text = [says, todo.text, command].filter((part) => part !== null).join(" ");
    return [`\`${kind}\``, `${severity}, ${type}`, inCell(title), inCell(text)];
  });
  const alert =
    /- alert: (\w+)\n(?: *#.*\n)? *expr: (.*)\n(?: *for: (.*)\n)?.*severity: (\w+)[\s\S]*?description: '(.*)'/g;
  const text = readFileSync(new URL("packaging/alerts.yml", root), "utf8");
  const rules = Array.from(text.matchAll(alert), ([, name = "", when = "", lasts, severity = "", todo = ""]) => {
    const condition = `\`${when.replaceAll("|", "\\|")}\`${lasts ? ` for ${lasts}` : ""}`;
    return [`\`${name}\``, severity, condition, inCell(todo.replaceAll("''", "'"))];
  });
  return page("Alerts", "NAME, BRIDGE, DOMAIN and REASON stand for those of an alert.", [
    `## Alerts of the product\n\n${table(["kind", "severity", "title", "what it means, and what to do"], kinds)}`,
    `## Rules for Prometheus\n\n${table(["alert", "severity", "when", "what to do"], rules)}`,
  ]);
}

/** The help of each command, as it prints it on 80 columns. */
export async function commandsPage(): Promise<string> {
  const parts = [...commandsOf(bridgehead({ edge: () => Promise.reject(new Error("no edge")) }))];
  const agent = ["bridge-agent/main.ts"];
  for (const [, name = ""] of (await helpOf(agent)).matchAll(/^ {2}(\w+) (?!.*\[command\])/gm))
    parts.push(`## bridgehead-agent ${name}\n\n${fenced(await helpOf([...agent, name]))}`);
  return page("Commands", "The commands of the edge and of the bridge agent, as `--help` prints them.", parts);
}

function commandsOf(command: Command, path: readonly string[] = []): readonly string[] {
  const names = [...path, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((one) => commandsOf(one, names));
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return [`## ${names.join(" ")}\n\n${fenced(parts.join(""))}`];
}

async function helpOf(args: readonly string[]): Promise<string> {
  return (await runTool(process.execPath, [...args, "--help"], 30_000)).output;
}

function fenced(text: string): string {
  return `\`\`\`\n${text.trim()}\n\`\`\``;
}

/** What Prometheus reads of an edge and an agent. */
async function scraped(): Promise<string> {
  const webhooks = [{ url: "http://127.0.0.1:9", secretFrom: "WEBHOOK_SECRET_DOCS" }];
  const run = await LocalRun.start({ domain: { webhooks }, ports: 10 });
  const edge = await fetch(`${run.edgeUrl}/metrics`, { headers: { authorization: `Bearer ${run.operatorToken()}` } });
  const texts = [await edge.text(), await (await fetch(`${run.agentUrl}/metrics`)).text()];
  await run.stop();
  // Of two edges.
  return `${texts.join("")}bridgehead_edge_acts{edge="a"} 1\nbridgehead_edge_ready{edge="a"} 1\n`;
}

/** A row for each metric in this text of Prometheus. */
export function metricsPage(text: string): string {
  const metrics = text.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)$/gm);
  const rows = Array.from(metrics, ([, name = "", help = "", type = ""]) => [
    ...[`\`${name}\``, type, labelsOf(name, text).join(", "), inCell(help)],
  ]);
  const all = table(["metric", "type", "labels", "meaning"], rows);
  return page("Metrics", "The metrics of the edge, and of the bridge agent (`bridgehead_agent_…`).", [all]);
}

function labelsOf(name: string, text: string): readonly string[] {
  const series = text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, "gm"));
  const labels = new Set(Array.from(series, ([, sample = ""]) => sample.match(/\w+(?==")/g) ?? []).flat());
  labels.delete("le");
  return [...labels].map((label) => `\`${label}\``);
}

/** The columns of an export, in order. */
export function recordsPage(): string {
  const tables = Object.entries(recordColumns).map(([kind, columns]) => {
    const rows = Object.entries(columns).map(([name, schema]) => [`\`${name}\``, inCell(meaningOf(schema))]);
    return `## Records of a ${kind}\n\n${table(["column", "meaning"], rows)}`;
  });
  const says = "The columns of an export, in order. JSON has times in milliseconds since 1970.";
  return page("Columns of records", says, tables);
}

function page(title: string, says: string, parts: readonly string[]): string {
  return `# ${title}\n\nMade by \`npm run docs\`; do not edit. ${says}\n\n${parts.join("\n\n")}\n`;
}
