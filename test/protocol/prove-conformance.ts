import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitOnSignals, temporaryFolder } from "../../scripts/at-exit.ts";
import { command } from "../../scripts/command.ts";
import { runTool } from "../../scripts/run-tool.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { makeCertificate } from "../kit/certificate.ts";
import { plant } from "../simulation/defects/defect.ts";
import { type Group, groups, notSeen } from "./clause-defects.ts";
import type { RuleDefect } from "./rule-defects.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const copy = join(temporaryFolder("conformance"), "product");

/** A copy of the product, so that a file of it can be changed. */
function copyProduct(): void {
  const folders = [
    "src",
    "durable-objects",
    "bridge-agent",
    "simulators",
    "cli",
    "scripts",
    "webex-interfaces",
    "test",
  ];
  for (const one of [...folders, "package.json", "wrangler.toml", "tsconfig.json", "tsconfig.base.json"])
    cpSync(join(project, one), join(copy, one), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
}

/** Ids of the group's clauses that fail while the product has the defect. */
async function failedClauses({ clauses, plays }: Group, defect: RuleDefect): Promise<readonly string[]> {
  const healthy = readFileSync(join(copy, defect.file), "utf8");
  const planted = plant(defect, healthy);
  if (planted === null) throw new Error(`${defect.name}: its text must occur exactly once in ${defect.file}`);
  writeFileSync(join(copy, defect.file), planted);
  process.env.BRIDGEHEAD_EDGE = "node";
  const { LocalRun }: typeof import("../../scripts/local-run.ts") = await import(join(copy, "scripts", "local-run.ts"));
  const run = await LocalRun.start({ domain });
  try {
    const [port] = await freePorts(1);
    const json = join(run.state, "report.json");
    const addresses = ["--adapter", run.adapterUrl, "--listen", `127.0.0.1:${port}`, "--bridge", run.bridgeUrl];
    // An adapter that is later than 20 s must be waited for.
    const patience = clauses.includes("T9") ? "50" : "5";
    const more = [
      "--host-keys",
      "{key}#{attendee}#",
      "--https",
      certificateFile,
      "--patience",
      patience,
      "--only",
      plays.join(),
      "--json",
      json,
    ];
    await runTool(process.execPath, [join(project, "conformance", "main.ts"), ...addresses, ...more], 300_000);
    const report: { readonly clauses: readonly { readonly id: string; readonly outcome: string }[] } = JSON.parse(
      readFileSync(json, "utf8"),
    );
    const failed = report.clauses.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
    return failed.filter((id) => clauses.includes(id));
  } finally {
    await run.stop();
    writeFileSync(join(copy, defect.file), healthy);
  }
}

/** Of a TSP server by HTTPS. The edge trusts it. */
const certificateFile = join(dirname(copy), "certificate.pem");
const { certificate, key } = makeCertificate("127.0.0.1");
writeFileSync(certificateFile, certificate);
writeFileSync(`${certificateFile}.key`, key);
process.env.NODE_EXTRA_CA_CERTS = certificateFile;

const domain = {
  recording: { number: { country: "1", area: "408", local: "9041708" }, sequence: "P15D123456789#P10D1234#P0" },
};

const { group: only } = command(
  "prove:conformance",
  "Plants defects in the product: for each documented group of clauses, a clause of the conformance kit must fail.",
)
  .option("--group <names>", "only these groups, such as T38,4.9")
  .parse()
  .opts<{ group?: string }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
copyProduct();
const missed: string[] = [];
for (const group of groups.filter(({ name }) => (only ? only.split(",").includes(name) : !(name in notSeen)))) {
  let failed: readonly string[] = [];
  for (const defect of group.defects) {
    failed = await failedClauses(group, defect);
    console.log(`${group.name.padEnd(8)} with "${defect.name}": ${failed.join(" ") || "nothing fails"}`);
    if (failed.length > 0) break;
  }
  if (failed.length === 0) missed.push(group.name);
}
for (const [name, why] of Object.entries(notSeen)) console.log(`${name.padEnd(8)} is not seen: ${why}`);
console.log(`${groups.length} groups; no clause fails for ${missed.join(" ") || "none"}`);
process.exit(missed.length === 0 ? 0 : 1);
