import { lookup } from "node:dns/promises";
import { existsSync, statfsSync } from "node:fs";
import { createDriver } from "./drivers/registry.ts";
import { journalFault } from "./journal.ts";
import { driverPorts } from "./node-ports.ts";
import type { AgentSettings } from "./settings.ts";
import { agentKey, journalFile } from "./state-folder.ts";

const PATIENCE_MS = 5_000;
/** The edge refuses a clock that is minutes off; a minute is already worth a look. */
const MOST_CLOCK_SKEW_MS = 60_000;
/** A busy agent writes some MiB a day. */
const LEAST_FREE_MIB = 100;

interface Finding {
  readonly good: boolean;
  readonly says: string;
}

/** Looks at everything an agent needs, one line each; whether all is well. A running agent is not disturbed. */
export async function doctor(settings: AgentSettings, print: (line: string) => void): Promise<boolean> {
  const checks: readonly (readonly [string, () => Promise<Finding>])[] = [
    ["key", async () => good(`${agentKey(settings.state).publicKey}, for agent ${settings.agent} at the edge`)],
    ["journal", async () => checkJournal(settings)],
    ["name", () => checkName(settings)],
    ["reachability", async () => checkEdge(settings, await edge)],
    ["clock", async () => checkClock(await edge)],
    ["bridge", () => checkBridge(settings)],
  ];
  const edge = askEdge(settings.edge);
  edge.catch(() => undefined); // Each check that needs its answer says why there is none.
  let allGood = true;
  print("ok    settings: every one is right");
  for (const [what, check] of checks) {
    const finding = await check().catch((error: unknown) =>
      bad(error instanceof Error ? error.message : String(error)),
    );
    allGood &&= finding.good;
    print(`${finding.good ? "ok   " : "WRONG"} ${what}: ${finding.says}`);
  }
  return allGood;
}

function good(says: string): Finding {
  return { good: true, says };
}

function bad(says: string): Finding {
  return { good: false, says };
}

function checkJournal({ state }: AgentSettings): Finding {
  const file = journalFile(state);
  const { bavail, bsize } = statfsSync(state);
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB < LEAST_FREE_MIB) return bad(`${state} has ${freeMiB} MiB left: make room, or the agent stops acting`);
  if (!existsSync(file)) return good(`${file} is made at the first start`);
  const fault = journalFault(file);
  return fault ? bad(fault.sentence) : good(`${file} is whole, with ${freeMiB} MiB left for it`);
}

async function checkName({ edge }: AgentSettings): Promise<Finding> {
  const { hostname } = new URL(edge);
  const { address } = await lookup(hostname.replace(/^\[|\]$/g, ""));
  return good(`${hostname} is ${address}`);
}

function checkEdge({ edge }: AgentSettings, response: Response): Finding {
  return response.ok
    ? good(`${edge} serves`)
    : bad(`${edge} answers ${response.status}: check \`edge\` in the settings`);
}

function checkClock({ headers }: Response): Finding {
  const date = headers.get("date");
  if (date === null) return good("not compared, the edge sends no date");
  const skewMs = Date.now() - Date.parse(date);
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) <= MOST_CLOCK_SKEW_MS) return good("agrees with the edge's");
  return bad(`${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the edge's: set it, for example with NTP`);
}

/** The same place as the link's, asked by plain HTTP. */
function askEdge(edge: string): Promise<Response> {
  const url = `${edge.replace(/^ws/, "http").replace(/\/+$/, "")}/healthz`;
  return fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: unknown) => {
    throw new Error(`${url} cannot be reached: ${error instanceof Error ? (error.cause ?? error.message) : error}`);
  });
}

async function checkBridge({ driver: settings }: AgentSettings): Promise<Finding> {
  const driver = createDriver(settings, driverPorts, null);
  const finding = await new Promise<Finding>((resolve) => {
    let why = `the bridge does not answer within ${PATIENCE_MS / 1_000} s`;
    const timer = setTimeout(() => resolve(bad(why)), PATIENCE_MS);
    driver.start((report) => {
      if (report.type === "disconnected") why = report.why;
      if (report.type !== "connected") return;
      clearTimeout(timer);
      resolve(good(`it answers, with ${report.ports ?? "unlimited"} ports`));
    });
  });
  await driver.stop();
  return finding;
}
