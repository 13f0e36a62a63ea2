import { Command } from "commander";
import { isSocketUrl } from "../bridge-agent/drivers/setting-values.ts";
import { driverPorts } from "../bridge-agent/node-ports.ts";
import { type Finding, findingLine } from "../src/foundation/text/finding.ts";
import { printable } from "../src/foundation/text/printable.ts";
import { version } from "../src/foundation/version.ts";
import { domainNameFault } from "../src/settings/check-domains.ts";
import { addWebex, webexPorts } from "../webex-interfaces/doors/command.ts";
import { checkBridge } from "./bridge/bridge-check.ts";
import { addBridgeWork } from "./bridge/bridge-work.ts";
import { checkDomainsFile, checkEdge } from "./edge/check.ts";
import { settingsFile } from "./edge/edge-settings.ts";
import { print, runUntilStopped } from "./edge/program.ts";
import { type EdgeParts, serve } from "./edge/serve.ts";
import { settingsExample } from "./edge/settings-example.ts";
import { addStateCommands } from "./edge/state-commands.ts";
import { addActions } from "./operator/actions.ts";
import { addAlerts } from "./operator/alerts.ts";
import { nameEdge, valid } from "./operator/ask-edge.ts";
import { addExplain } from "./operator/explain.ts";
import { addLists } from "./operator/lists.ts";
import { addPeople } from "./operator/people.ts";
import { addRecords } from "./operator/records.ts";

/** The operators' command. A further command is one more `command(…)` here, and a file beside this one that does the work. */
export function bridgehead(parts: EdgeParts): Command {
  const program = new Command("bridgehead").description(
    "Run Bridgehead's edge, and ask it and act on it as an operator.",
  );
  program.version(version, "--version");
  program.option("--edge <url>", "the address of the edge to ask");
  program.on("option:edge", nameEdge);
  program.configureHelp({
    subcommandTerm: (command) => `${command.name()} ${command.usage().replace("[options]", "").trim()}`.trim(),
  });
  program.configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll("\n", " ")}\n`) });

  program.commandsGroup("Alerts:");
  addAlerts(program);

  program.commandsGroup("Ask:");
  addLists(program);
  addExplain(program);
  addRecords(program);

  program.commandsGroup("Act on a conference:");
  addActions(program);

  program.commandsGroup("Planned work:");
  addBridgeWork(program);
  addBridgeCheck(program);
  addWebex(program, webexPorts);

  program.commandsGroup("Users:");
  addPeople(program);

  program.commandsGroup("This machine's edge:");
  program
    .command("serve")
    .description("Run the edge until stopped")
    .option("--settings <file>", "settings of the edge, JSON", settingsFile)
    .action(({ settings }: { settings: string }) => runUntilStopped(() => serve(settings, parts), { log: true }));

  program
    .command("check")
    .summary("Check the edge's settings and all its domains")
    .description("Check the edge's settings and all its domains; exit code 1 if something is wrong")
    .option("--settings <file>", "settings of the edge, JSON", settingsFile)
    .option("--domains <file>", "check this file of domains instead, as DOMAINS at Cloudflare")
    .action(async ({ settings, domains }: { settings: string; domains?: string }) =>
      report(domains === undefined ? await checkEdge(settings) : checkDomainsFile(domains)),
    );

  const settings = program.command("settings").description("Print settings");
  settings
    .command("example")
    .description("Print a settings file for production; replace its key and its secret")
    .requiredOption("--domain <name>", "name of the domain", valid(domainNameFault))
    .action(({ domain }: { domain: string }) => print(settingsExample(domain).trimEnd()));

  addStateCommands(program);

  return program;
}

function addBridgeCheck(program: Command): void {
  const bridge = program.command("bridge").description("Check bridge programs");
  bridge
    .command("check")
    .description("Check that a bridge program does what docs/bridge-protocol.md says; exit code 1 if not")
    .argument("<url>", "where its agents connect, such as ws://127.0.0.1:8790/bridge")
    .option("--key <digits>", "key of the conference that is created and ended", "990019900")
    .action(async (url: string, { key }: { key: string }) => {
      if (!isSocketUrl(url)) {
        program.error(
          `"${printable(url)}" is no address of a bridge program; one is ws://127.0.0.1:8790/bridge, ws:// or wss:// without user, password and #`,
        );
      }
      const settleMs = 1_000;
      if (!(await checkBridge({ url, key, ports: driverPorts, settleMs, print }))) process.exitCode = 1;
    });
}

/** A line for each finding; the exit code says whether something is wrong. */
function report(findings: readonly Finding[]): void {
  for (const finding of findings) print(findingLine(finding));
  if (findings.some(({ verdict }) => verdict === "WRONG")) process.exitCode = 1;
}
