import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Argument } from "commander";
import { freePorts } from "../simulators/free-ports.ts";
import { interfacesPage } from "../webex-interfaces/doors/page.ts";
import { temporaryFolder } from "./at-exit.ts";
import { command } from "./command.ts";
import type { GeneratedPage } from "./generated-page.ts";
import { LocalRun } from "./local-run.ts";
import { protocolPage } from "./protocol-page.ts";
import { referencePages } from "./reference-pages.ts";
import { runTool } from "./run-tool.ts";

type Page = string | Pick<GeneratedPage, "text" | "gaps">;

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** The generated pages of docs/. Git has all but those that .gitignore names. */
const pages: Readonly<Record<string, () => Page | Promise<Page>>> = {
  "protocol.md": protocolPage,
  ...referencePages,
  "webex-interfaces.md": interfacesPage,
  "conformance.html": playConformance,
};

const { args } = command("docs", "Makes pages of docs/; exits with 1 if one lacks an entry, a file or a test.")
  .addArgument(new Argument("[page...]", "all without it").choices(Object.keys(pages)))
  .addHelpText("after", "\nconformance.html is the report of a run of the kit, which takes two minutes.")
  .parse();

for (const [name, make] of Object.entries(pages)) {
  if (args.length > 0 && !args.includes(name)) continue;
  const made = await make();
  const { text, gaps } = typeof made === "string" ? { text: made, gaps: [] } : made;
  writeFileSync(join(project, "docs", name), text);
  for (const gap of gaps) console.log(gap);
  if (gaps.length > 0) process.exitCode = 1;
  console.log(join("docs", name));
}

/** As docs/conformance.md has it: the edge trusts the kit's authority, which must be there before the edge starts. */
async function playConformance(): Promise<string> {
  const folder = temporaryFolder("docs");
  const [authority, report] = [join(folder, "kit-ca.pem"), join(folder, "report.html")];
  const listen = ["--listen", `127.0.0.1:${(await freePorts(1))[0]}`, "--https", authority];
  await kit(...listen);
  process.env.NODE_EXTRA_CA_CERTS = authority;
  const run = await LocalRun.start();
  const bridge = [
    "--bridge",
    run.bridgeUrl,
    "--host-keys",
    "{key}#{attendee}#",
    "--about",
    "bridge=the simulated bridge",
  ];
  await kit("--adapter", run.adapterUrl, ...listen, ...bridge, "--load", "--html", report);
  await run.stop();
  return readFileSync(report, "utf8");
}

async function kit(...options: readonly string[]): Promise<void> {
  const { ok, output } = await runTool(process.execPath, ["conformance/main.ts", ...options], 300_000);
  if (ok) return;
  console.log(output);
  process.exitCode = 1;
}
