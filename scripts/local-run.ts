import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AgentSettingsInput } from "../bridge-agent/service/settings.ts";
import { agentKey } from "../bridge-agent/service/state-folder.ts";
import { freePorts } from "../simulators/free-ports.ts";
import { mergeSettings } from "../src/settings/local-domain.ts";
import { Balancer } from "../test/kit/balancer.ts";
import { atExit, killGroup, removeFolder } from "./at-exit.ts";
import { Part, startGuard } from "./supervise.ts";

/** The run, an agent, its settings once they were changed. */
const SERVES_WITHIN_MS = 30_000;

const project = dirname(dirname(fileURLToPath(import.meta.url)));

export interface LocalRunOptions {
  /** Laid over the usual settings of the domain. */
  readonly domain?: unknown;
  /** Who may look beside the one with the operator's token, as in `OPERATORS`. */
  readonly people?: readonly object[];
  /** A state folder to go on with; otherwise a new one, removed at the end. */
  readonly state?: string;
  /** A second agent stands by beside the one of `npm start`. */
  readonly twoAgents?: true;
  /** A Worker around the edge, for example one that counts what the platform bills. */
  readonly countedEdge?: string;
  /** True if `wrangler dev` runs the edge. */
  readonly dev?: true;
  /** A real Asterisk in place of the simulated bridge. */
  readonly bridge?: "asterisk";
  /** How many calls the simulated bridge carries; absent: any number. */
  readonly ports?: number;
  /** Two edges: over a database of the run's own, or over one to which each has a way of its own. */
  readonly pair?: "own" | readonly [url: string, url2: string];
}

/** A run has the simulated `bridge`, or a real Asterisk. */
export interface Pids {
  readonly edge: number;
  readonly agent: number;
  /** Only with two edges. */
  readonly edge2?: number;
  readonly postgres?: number;
  readonly bridge?: number;
  readonly asterisk?: number;
}

/** Where the Asterisk of a run is for telephones. */
interface SipPlaces {
  /** The number that callers dial. */
  readonly dialIn: string;
  readonly sip: number;
  /** Where it sends calls to. */
  readonly trunk: number;
}

/** The whole product on free ports of this machine, as `npm start` brings it up, for programs that play with it. */
export class LocalRun {
  readonly bridgeUrl: string;
  readonly agentUrl: string;
  /** Of each edge itself. */
  readonly edgeUrls: readonly string[];
  /** Only with Asterisk. */
  readonly telephones: SipPlaces | null;
  readonly state: string;
  readonly supervisor: ChildProcess;
  readonly exited: Promise<number>;
  /** What it has printed. */
  readonly output: string[] = [];
  /** Only with `twoAgents`. */
  secondAgent: SecondAgent | undefined;
  /** Only with `pair`: `edgeUrl` leads to the edge that acts. */
  balancer: Balancer | undefined;
  readonly #removeState: boolean;
  readonly #cancelKill: () => void;

  private constructor(
    options: LocalRunOptions,
    state: string,
    [edge, edge2, bridge, agent, http, sip, trunk]: number[],
  ) {
    const { pair, people } = options;
    const dialIn = "18005551234";
    this.telephones = options.bridge ? { dialIn, sip: sip ?? 0, trunk: trunk ?? 0 } : null;
    this.edgeUrls = [edge, edge2].map((port) => `http://127.0.0.1:${port}`);
    this.bridgeUrl = `http://127.0.0.1:${bridge}`;
    this.agentUrl = `http://127.0.0.1:${agent}`;
    this.state = state;
    this.#removeState = options.state === undefined;
    const agents = options.twoAgents ? { bridges: [bridgeWithTwoAgents(state)] } : {};
    const [database, database2] = pair === "own" ? ["", ""] : (pair ?? []);
    const variables = {
      ...{ STOP_WITH_PARENT: "1", BRIDGEHEAD_STATE: state },
      ...{ PORT: edge, SIMULATED_BRIDGE_PORT: bridge, AGENT_PORT: agent },
      ...(pair && { PORT_2: edge2, STATE_URL: database, STATE_URL_2: database2 }),
      ...(this.telephones && {
        DIAL_IN: dialIn,
        SIP_PORT: sip,
        SIP_TRUNK: `127.0.0.1:${trunk}`,
        ASTERISK_HTTP_PORT: http,
      }),
      ...(people && { OPERATORS: JSON.stringify({ people }) }),
      ...(options.ports && { SIMULATED_BRIDGE_CALLS: options.ports }),
      ...(options.countedEdge && { COUNTED_EDGE: options.countedEdge }),
      DOMAIN_LOCAL: JSON.stringify(mergeSettings(options.domain ?? {}, agents)),
    };
    const args = [
      ...(options.bridge ? ["--bridge", options.bridge] : []),
      ...(pair ? ["--edges", "2"] : []),
      ...(options.dev ? ["--dev"] : []),
    ];
    this.supervisor = spawn(process.execPath, [join(project, "scripts", "start.ts"), ...args], {
      // A session of its own: Ctrl-C reaches us alone.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...Object.fromEntries(Object.entries(variables).map(([name, of]) => [name, String(of)])) },
    });
    this.#cancelKill = atExit(() => this.#kill());
    this.exited = new Promise((done) => this.supervisor.once("exit", (code) => done(code ?? 1)));
  }

  /** Resolves when everything is connected. */
  static async start(options: LocalRunOptions = {}): Promise<LocalRun> {
    const [secondAgent = 0, ...ports] = await freePorts(8);
    const run = new LocalRun(options, options.state ?? mkdtempSync(join(tmpdir(), "bridgehead-")), ports);
    await run.#ready();
    if (options.pair) run.balancer = await Balancer.start(run.edgeUrls);
    if (options.twoAgents) run.secondAgent = await startSecondAgent(run.state, secondAgent);
    return run;
  }

  get edgeUrl(): string {
    return this.balancer?.url ?? this.edgeUrls[0] ?? "";
  }

  get adapterUrl(): string {
    return `${this.edgeUrl}/tsp/local`;
  }

  pids(): Pids {
    return JSON.parse(readFileSync(join(this.state, "pids.json"), "utf8"));
  }

  /** Changes the settings of each agent and restarts it; resolves when all agents serve. */
  async changeAgents(change: (settings: AgentSettingsInput) => AgentSettingsInput): Promise<void> {
    const { secondAgent } = this;
    const agents = [
      { name: "agent", url: this.agentUrl, pid: () => this.pids().agent },
      ...(secondAgent ? [{ name: "agent-2", url: secondAgent.url, pid: () => secondAgent.pid }] : []),
    ];
    await Promise.all(
      agents.map(async ({ name, url, pid }) => {
        const file = join(this.state, `${name}.json`);
        writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
        const before = pid();
        if (before) process.kill(before, "SIGTERM");
        await agentServes(this.state, name, async () => pid() !== before && (await isReady(url)));
      }),
    );
  }

  operatorToken(): string {
    return readFileSync(join(this.state, "operator-token"), "utf8").trim();
  }

  async stop(): Promise<number> {
    await this.secondAgent?.stop();
    this.balancer?.stop();
    this.supervisor.kill("SIGTERM");
    const code = await this.exited;
    this.#cancelKill();
    if (this.#removeState) removeFolder(this.state);
    return code;
  }

  #kill(): void {
    killGroup(this.supervisor.pid);
    // None has started before the file is there.
    const started = existsSync(join(this.state, "pids.json")) ? Object.values(this.pids()) : [];
    for (const pid of [...started, this.secondAgent?.pid]) killGroup(pid);
    if (this.#removeState) removeFolder(this.state);
  }

  async #ready(): Promise<void> {
    const ready = new Promise<true>((done) => {
      for (const input of [this.supervisor.stdout, this.supervisor.stderr]) {
        if (!input) continue;
        createInterface({ input }).on("line", (line) => {
          this.output.push(line);
          if (line.startsWith("bridgehead ready:")) done(true);
        });
      }
    });
    const result = await Promise.race([ready, this.exited, pause(SERVES_WITHIN_MS, "slow", { ref: false })]);
    if (result === true) return;
    if (result === "slow") await this.stop();
    throw new Error(`the local run did not become ready (${result}):\n${this.output.join("\n")}`);
  }
}

/** For the settings of a local run's domain: its bridge with two agents, whose keys lie in the run's state folder. */
function bridgeWithTwoAgents(state: string) {
  const agent = (name: string, folder: string) => ({ name, publicKey: agentKey(join(state, folder)).publicKey });
  return { name: "simulated", agents: [agent("agent-1", "agent"), agent("agent-2", "agent-2")] };
}

/** A standby agent beside the one of `npm start`; both are started again whenever they die. */
interface SecondAgent {
  readonly url: string;
  /** 0 while there is none. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resolves when it stands by. */
async function startSecondAgent(state: string, port: number): Promise<SecondAgent> {
  const settings = JSON.parse(readFileSync(join(state, "agent.json"), "utf8"));
  const file = join(state, "agent-2.json");
  const own = { agent: "agent-2", state: join(state, "agent-2"), listen: { port } };
  writeFileSync(file, JSON.stringify({ ...settings, ...own }));
  const guard = startGuard();
  const args = [join(project, "bridge-agent", "main.ts"), "run", "--settings", file];
  const part = new Part({
    name: "agent-2",
    launch: { command: process.execPath, args, env: {} },
    logFile: join(state, "logs", "agent-2.log"),
    onStart: (pid) => guard.watch([pid]),
  });
  part.start();
  const url = `http://127.0.0.1:${port}`;
  await agentServes(state, "agent-2", () => isReady(url));
  return {
    url,
    get pid() {
      return part.pid ?? 0;
    },
    stop: async () => {
      await part.stop(6_000);
      guard.watch([]);
    },
  };
}

async function agentServes(state: string, name: string, serves: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + SERVES_WITHIN_MS; !(await serves()); await pause(10)) {
    if (Date.now() > deadline) throw new Error(`the ${name} did not start: see ${state}/logs/${name}.log`);
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return answer?.status === 200;
}
