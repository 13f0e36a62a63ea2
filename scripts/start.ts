import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isSocketUrl } from "../bridge-agent/drivers/setting-values.ts";
import { type AgentSettingsInput, loadSettings } from "../bridge-agent/service/settings.ts";
import { agentKey, isFolderHeld } from "../bridge-agent/service/state-folder.ts";
import { missingSecretsOf } from "../cli/edge/check.ts";
import { faultOfDatabase, placeOfDatabase } from "../cli/edge/database.ts";
import { holdEdgeState, requireListening } from "../cli/edge/edge-state.ts";
import { print, printNotice, runUntilStopped, StartError } from "../cli/edge/program.ts";
import { systemReason } from "../cli/system-reason.ts";
import { freePorts } from "../simulators/free-ports.ts";
import { reasonOf } from "../src/foundation/text/reason.ts";
import { readOperators } from "../src/operators/people.ts";
import { strongToken, weaknessOf } from "../src/operators/token-strength.ts";
import { loadDomains } from "../src/settings/load.ts";
import { localDomain, mergeSettings } from "../src/settings/local-domain.ts";
import { secretsIn } from "../src/settings/values.ts";
import { type AsteriskPlan, asteriskPlan, prepareAsterisk, requireFreeSipPort } from "./asterisk/local-asterisk.ts";
import { bridgeOption, command, edgeOption, edgesOption } from "./command.ts";
import { bundleCommand, type EdgeOptions, prepareEdge, prepareNode, smallNursery, wranglerDev } from "./edge.ts";
import { preparePostgres } from "./local-postgres.ts";
import {
  localOverrides,
  operatorToken,
  policyAllow,
  portFrom,
  requireSimulatedCalls,
  statePath,
} from "./local-settings.ts";
import { type Guard, type Launch, Part, startGuard, writeAnew } from "./supervise.ts";
import { extraAuthorities } from "./workerd.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
/** For bridges that lead out of this machine by no way. */
const anyNumber = ["+"];
const noSounds =
  "this Asterisk has no English sounds, and callers hear nothing of what they are told: install asterisk-core-sounds-en";
/** The bridge has the name of its kind in `pids.json`: a real one is no simulated one. */
type PartName = "bridge" | "asterisk" | "edge" | "edge2" | "postgres" | "agent";

const program = command("start", "Brings up bridge, edge and agent on this machine.")
  .name("npm start --")
  .addOption(bridgeOption())
  .addOption(edgeOption())
  .addOption(edgesOption())
  .option("--dev", "runs the edge by `wrangler dev`", false)
  .parse();
const options = program.opts<{
  bridge: "simulated" | "asterisk";
  edge: "workers" | "node";
  edges: "1" | "2";
  dev: boolean;
}>();
await runUntilStopped(start);

/** Brings up the whole product on this machine (`npm start`; with `-- --dev` by `wrangler dev`); returns how to stop it. */
async function start(): Promise<() => Promise<void>> {
  const plan = options.bridge === "asterisk" ? asteriskPlan() : null;
  if (plan && process.env.BRIDGE_URL) {
    throw new StartError("BRIDGE_URL names another bridge than Asterisk; leave it out, or leave out --bridge asterisk");
  }
  const bridgeVariable = plan ? "ASTERISK_HTTP_PORT" : "SIMULATED_BRIDGE_PORT";
  const ports = {
    edge: portFrom("PORT", 8787),
    bridge: plan?.httpPort ?? portFrom(bridgeVariable, 8790),
    agent: portFrom("AGENT_PORT", 8791),
    ...(options.edges === "2" && { edge2: portFrom("PORT_2", 8797) }),
  };
  const names = ["PORT", bridgeVariable, "AGENT_PORT", "PORT_2"];
  requireSimulatedCalls();
  const overrides = localOverrides();
  const all = Object.values(ports);
  try {
    for (const [at, port] of all.entries()) await requireListening("127.0.0.1", port, `${names[at]} to another port`);
    if (plan) await requireFreeSipPort(plan.sipPort);
  } catch (error) {
    throw new StartError(`${systemReason(error)}${earlierRun(statePath(), bridgeVariable)}`);
  }
  if (new Set(all).size < all.length) {
    const last = names[all.length - 1];
    const others = names.slice(0, all.length - 1).join(", ");
    throw new StartError(`${others} and ${last} must differ; they are ${all.join(", ")}`);
  }
  const folder = statePath();
  holdEdgeState(folder, "BRIDGEHEAD_STATE"); // From now on ours alone.
  const { token, from } = operatorToken(folder);

  const bridge = plan ? await realBridge(folder, plan) : simulatedBridge(ports.bridge);
  const agentSettings = writeAgentSettings(folder, ports, bridge);
  const publicKey = agentPublicKey(agentSettings);
  const defaults = localDomain({ agents: [{ name: "agent-1", publicKey }] });
  const domains = JSON.stringify({ local: mergeSettings(defaults, overrides) });
  const checked = loadDomains(domains);
  if (!checked.ok) throw new StartError(checked.error.replaceAll("DOMAINS.local", "DOMAIN_LOCAL"));

  const operators = process.env.OPERATORS ?? "";
  const people = readOperators(operators);
  if (!people.ok) throw new StartError(people.error);

  const weakness = weaknessOf(token);
  if (weakness !== null) printNotice("warning", `the operator's token ${weakness}; ${strongToken}`);
  for (const { says } of missingSecretsOf(domains, process.env)) printNotice("warning", `the domain local ${says}`);

  const edge = {
    folder: join(folder, "edge"),
    host: "127.0.0.1",
    port: ports.edge,
    authorities: extraAuthorities(process.env),
    variables: { DOMAINS: domains, OPERATOR_TOKEN: token, OPERATORS: operators, ...secretsIn(process.env) },
    // The edge around which `npm run cost` has put a platform that counts.
    ...(process.env.COUNTED_EDGE && { entry: process.env.COUNTED_EDGE, flags: ["nodejs_als"] }),
  };
  const pair = ports.edge2 ? await edgePair(folder, edge, ports.edge2) : null;
  const guard = startGuard();
  const parts = startParts(folder, guard, [
    [bridge.part, bridge.launch],
    ...(pair?.launches ?? [["edge", await oneEdge(folder, edge)] as const]),
    ["agent", agentLaunch(agentSettings)],
  ]);
  // Who is asked first acts first.
  void answers(`http://127.0.0.1:${ports.edge}/healthz`).then(() => pair && parts("edge2").start());
  printNotice("token", `the operator's bearer token is in ${from}`);
  const url = `http://127.0.0.1:${ports.edge}`;
  printNotice("console", `${url}/console, where you sign in with the token`);
  const [secret] = [...checked.value.values()][0]?.settings.adapterSecrets ?? [];
  printNotice("adapter", `${url}/tsp/local${secret ? `/${secret}` : ""}`);
  if (pair) {
    printNotice("second", `http://127.0.0.1:${ports.edge2} stands by, and takes the same posts once it acts`);
    printNotice("state", placeOfDatabase(pair.database));
  }
  for (const [what, line] of bridge.howToCall) printNotice(what, line);
  const stopping = new AbortController();
  const edges = [ports.edge, ...(ports.edge2 ? [ports.edge2] : [])].map((port) => `http://127.0.0.1:${port}`);
  void allConnected(edges, token, stopping.signal).then((ready) => ready && print(`bridgehead ready: ${url}`));

  return async () => {
    print("bridgehead stops");
    stopping.abort();
    await parts("agent").stop(6_000); // It finishes what runs, and so it goes first.
    // All that the edge has confirmed is on disk; without a limit it would wait for its open connections for ever.
    await Promise.all([
      parts("edge").stop(500),
      ...(pair ? [parts("edge2").stop(500)] : []),
      parts(bridge.part).stop(1_000),
    ]);
    if (pair?.isOwn) await parts("postgres").stop(2_000);
    guard.watch([]);
    rmSync(join(folder, "pids.json"), { force: true });
  };
}

async function oneEdge(folder: string, edge: EdgeOptions): Promise<Launch> {
  if (options.dev) return wranglerDev(edge);
  return options.edge === "node" ? prepareNode(await bundleCommand(join(folder, "bin")), edge) : prepareEdge(edge);
}

/** Two edges, and their database: that of STATE_URL, or one of this run's own. */
async function edgePair(folder: string, edge: EdgeOptions, secondPort: number) {
  const isOnWorkers = options.edge === "workers" && program.getOptionValueSource("edge") === "cli";
  if (options.dev || isOnWorkers)
    throw new StartError(
      `${options.dev ? "--dev" : "--edge workers"} runs the edge in the Workers runtime, and --edges 2 on plain Node: leave one of them out`,
    );
  const { STATE_URL } = process.env;
  const fault = STATE_URL ? faultOfDatabase(STATE_URL) : null;
  if (fault) throw new StartError(`STATE_URL ${fault}`);
  const [port = 0] = await freePorts(1);
  const postgres = STATE_URL ? null : await preparePostgres(join(folder, "postgres"), port);
  const database = postgres?.url ?? STATE_URL ?? "";
  const second = { ...edge, folder: join(folder, "edge2"), port: secondPort };
  // Each edge may have a way of its own to it.
  const database2 = process.env.STATE_URL_2 || database;
  const command = await bundleCommand(join(folder, "bin"));
  const launches: readonly (readonly [PartName, Launch])[] = [
    ...(postgres ? [["postgres", postgres.launch] as const] : []),
    ["edge", prepareNode(command, edge, { state: database, name: "edge-1" })],
    ["edge2", prepareNode(command, second, { state: database2, name: "edge-2" })],
  ];
  return { launches, database, isOwn: postgres !== null };
}

/** What to do about an earlier run: it goes on, or its parts do, as it and its guard were killed at once. */
function earlierRun(folder: string, bridgeVariable: string): string {
  if (isFolderHeld(folder)) {
    const own = `BRIDGEHEAD_STATE, PORT, ${bridgeVariable} and AGENT_PORT`;
    return `; a run with the state folder ${folder} is up: stop that one, or set ${own} for a second one beside it`;
  }
  const file = join(folder, "pids.json");
  const known = existsSync(file) ? Object.values(JSON.parse(readFileSync(file, "utf8"))) : [];
  const pids = known.filter((pid) => existsSync(`/proc/${pid}`));
  if (pids.length === 0) return "";
  return `; or, if ${file} is of a run that was killed, end what is left of it: kill ${pids.join(" ")}`;
}

function startParts(
  folder: string,
  guard: Guard,
  launches: readonly (readonly [PartName, Launch])[],
): (name: PartName) => Part {
  const logs = join(folder, "logs");
  mkdirSync(logs, { recursive: true });
  rmSync(join(folder, "pids.json"), { force: true });
  const pids = new Map<PartName, number>();
  const writePids = pidsWriter(folder, pids);
  const part = (name: PartName, launch: Launch) =>
    new Part({
      name,
      launch,
      logFile: join(logs, `${name}.log`),
      onStart: (pid) => {
        pids.set(name, pid);
        guard.watch([...pids.values()]);
        if (pids.size === launches.length) writePids();
      },
    });
  const parts = new Map(launches.map(([name, launch]) => [name, part(name, launch)]));
  for (const [name, each] of parts) if (name !== "edge2") each.start();
  printNotice("logs", logs);
  return (name) => parts.get(name) as Part;
}

/** Returns a function that writes the process ids of the parts to a file. While the disk is full the file is out of date, and the parts go on. */
function pidsWriter(folder: string, pids: ReadonlyMap<PartName, number>): () => void {
  const file = join(folder, "pids.json");
  let isWritten = true;
  return function write() {
    try {
      // Renamed into place, so that readers never see half a file.
      writeFileSync(`${file}.new`, `${JSON.stringify(Object.fromEntries(pids))}\n`);
      renameSync(`${file}.new`, file);
      if (!isWritten) printNotice("pids", `${file} is written again`);
      isWritten = true;
    } catch (error) {
      if (isWritten) printNotice("pids", `cannot write ${file} (${systemReason(error)}); is tried again each second`);
      isWritten = false;
      setTimeout(write, 1_000).unref();
    }
  };
}

/** The bridge of this run. */
interface LocalBridge {
  readonly part: PartName;
  readonly launch: Launch;
  readonly driver: AgentSettingsInput["driver"];
  readonly dialIn?: string[];
  /** Begins of the numbers that may be dialled. */
  readonly allow: string[];
  readonly howToCall: readonly (readonly [string, string])[];
}

/** The simulated bridge; its driver goes to another program that speaks the bridge protocol if BRIDGE_URL names one. */
function simulatedBridge(port: number): LocalBridge {
  const url = process.env.BRIDGE_URL || `ws://127.0.0.1:${port}/bridge`;
  if (!isSocketUrl(url)) {
    throw new StartError(
      "BRIDGE_URL must be an address such as ws://127.0.0.1:8790/bridge, without user, password and #",
    );
  }
  // A program of somebody else's may have a way to the telephone network.
  const isOthers = Boolean(process.env.BRIDGE_URL);
  const allow = policyAllow(isOthers ? [] : anyNumber);
  const calls =
    allow.length === 0
      ? "no number may be dialled until POLICY_ALLOW has begins of some, such as +1408,+44"
      : `numbers that may be dialled begin with ${allow.join(", ")}`;
  return {
    part: "bridge",
    launch: {
      command: process.execPath,
      args: [join(project, "simulators", "bridge", "main.ts")],
      env: { SIMULATED_BRIDGE_PORT: String(port) },
    },
    driver: { type: "generic", url },
    allow,
    howToCall: isOthers ? [["policy", `${calls}; logs/agent.log has a line for each call that is refused`]] : [],
  };
}

async function realBridge(folder: string, plan: AsteriskPlan): Promise<LocalBridge> {
  const { version, launch, driver, hasSounds } = await prepareAsterisk(join(folder, "asterisk"), plan);
  const { dialIn, sipPort, trunkPort } = plan;
  return {
    part: "asterisk",
    launch,
    driver,
    dialIn: [dialIn],
    allow: policyAllow(anyNumber),
    howToCall: [
      ["version", version],
      ...(hasSounds ? [] : [["sounds", noSounds] as const]),
      ["dial-in", `sip:${dialIn}@127.0.0.1:${sipPort} by any soft phone on this machine, without account or password`],
      ["", "key the conference key and #, and then the attendee ID and #, or # alone"],
      ["trunk", `calls out go to 127.0.0.1:${trunkPort}, by SIP over UDP`],
    ],
  };
}

function writeAgentSettings(
  folder: string,
  ports: { readonly edge: number; readonly edge2?: number; readonly agent: number },
  { driver, dialIn, allow }: LocalBridge,
): string {
  const file = join(folder, "agent.json");
  const state = join(folder, "agent");
  mkdirSync(state, { recursive: true });
  const settings: AgentSettingsInput = {
    edge: ports.edge2
      ? [`ws://127.0.0.1:${ports.edge}`, `ws://127.0.0.1:${ports.edge2}`]
      : `ws://127.0.0.1:${ports.edge}`,
    domain: "local",
    // The same for each kind: conferences of an earlier run are this bridge's, and so the edge learns that they are gone.
    bridge: "simulated",
    agent: "agent-1",
    state,
    listen: { port: ports.agent },
    driver,
    ...(dialIn && { dialIn }),
    // The simulated bridge has as many ports as somebody asks for, and its demos have bursts of callers.
    policy: { allow, promptCalls: 10_000 },
  };
  writeAnew(file, `${JSON.stringify(settings, null, 2)}\n`);
  return file;
}

/** Makes the agent's key if there is none. */
function agentPublicKey(file: string): string {
  const settings = loadSettings(file);
  if (!settings.ok) throw new StartError(settings.error);
  try {
    return agentKey(settings.value.state).publicKey;
  } catch (error) {
    throw new StartError(`agent cannot start: ${reasonOf(error)}`);
  }
}

function agentLaunch(settings: string): Launch {
  const args = [smallNursery, join(project, "bridge-agent", "main.ts"), "run", "--settings", settings];
  return { command: process.execPath, args, env: {} };
}

async function answers(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => null))?.ok) await pause(50);
}

/** Waits until one edge reports an agent whose bridge answers, and the others are on standby; false after `giveUp`. */
async function allConnected(edges: readonly string[], token: string, giveUp: AbortSignal): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  const complainAt = Date.now() + 15_000;
  let complained = false;
  while (!giveUp.aborted) {
    const answers = await Promise.all(
      edges.map(async (url) => {
        const answer = await fetch(`${url}/readyz`, { headers, signal: AbortSignal.timeout(2_000) }).catch(() => null);
        return { status: answer?.status, body: await answer?.text().catch(() => "") };
      }),
    );
    const isReady = answers.some(({ status }) => status === 200);
    const othersStandBy = answers.filter(({ body }) => body?.includes('"role":"standby"')).length === edges.length - 1;
    if (isReady && othersStandBy) return !giveUp.aborted;
    if (Date.now() > complainAt && !complained) {
      complained = true;
      const said = answers.map(({ body }) => body || "nothing, the edge does not answer").join("; ");
      console.error(`still waiting after 15 s; /readyz says: ${said}`);
    }
    await pause(50);
  }
  return false;
}
