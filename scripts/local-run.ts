import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
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

/** An agent, its settings once they were changed. */
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
  readonly state: string;
  readonly supervisor: ChildProcess;
  readonly exited: Promise<number>;
  /** What it has printed. */
  readonly output: string[] = [];
  /** Only with Asterisk. */
  readonly telephones: SipPlaces | null;
  /** Only with `twoAgents`. */
  secondAgent: SecondAgent | undefined;
  /** Only with `pair`: `edgeUrl` leads to the edge that acts. */
  balancer: Balancer | undefined;
  #edgeUrl: string;
  /** Where the state is, if not in the folder. */
  database: string | null = null;
  /** Of each edge itself. */
  readonly edgeUrls: readonly string[];
  private readonly removeState: boolean;
  private readonly cancelKill: () => void;

  private constructor(
    ports: readonly number[],
    telephones: SipPlaces | null,
    state: string,
    removeState: boolean,
    supervisor: ChildProcess,
  ) {
    const [edge, bridge, agent] = ports;
    this.#edgeUrl = `http://127.0.0.1:${edge}`;
    this.edgeUrls = [this.#edgeUrl, `http://127.0.0.1:${ports[7]}`];
    this.bridgeUrl = `http://127.0.0.1:${bridge}`;
    this.agentUrl = `http://127.0.0.1:${agent}`;
    this.telephones = telephones;
    this.state = state;
    this.removeState = removeState;
    this.supervisor = supervisor;
    this.cancelKill = atExit(() => this.kill());
    this.exited = new Promise((done) => supervisor.once("exit", (code) => done(code ?? 1)));
  }

  /** Resolves when everything is connected. */
  static async start(options: LocalRunOptions = {}): Promise<LocalRun> {
    const ports = await freePorts(8);
    const state = options.state ?? mkdtempSync(join(tmpdir(), "bridgehead-"));
    const agents = options.twoAgents ? { bridges: [bridgeWithTwoAgents(state)] } : {};
    const [edge, bridge, agent] = ports.map(String);
    const isReal = options.bridge === "asterisk";
    const [http = 0, sip = 0, trunk = 0] = ports.slice(4);
    const telephones = isReal ? { dialIn: "18005551234", sip, trunk } : null;
    const asteriskVariables = {
      DIAL_IN: "18005551234",
      SIP_PORT: `${sip}`,
      SIP_TRUNK: `127.0.0.1:${trunk}`,
      ASTERISK_HTTP_PORT: `${http}`,
    };
    const args = [
      ...(isReal ? ["--bridge", "asterisk"] : []),
      ...(options.pair ? ["--edges", "2"] : []),
      ...(options.dev ? ["--dev"] : []),
    ];
    const supervisor = spawn(process.execPath, [join(project, "scripts", "start.ts"), ...args], {
      // A session of its own: Ctrl-C reaches us alone.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        STOP_WITH_PARENT: "1",
        PORT: edge,
        SIMULATED_BRIDGE_PORT: bridge,
        AGENT_PORT: agent,
        ...(options.people && { OPERATORS: JSON.stringify({ people: options.people }) }),
        ...(options.pair && { PORT_2: String(ports[7]), ...databaseOf(options.pair) }),
        BRIDGEHEAD_STATE: state,
        ...(options.ports && { SIMULATED_BRIDGE_CALLS: String(options.ports) }),
        ...(isReal && asteriskVariables),
        ...(options.countedEdge && { COUNTED_EDGE: options.countedEdge }),
        DOMAIN_LOCAL: JSON.stringify(mergeSettings(options.domain ?? {}, agents)),
      },
    });
    const run = new LocalRun(ports, telephones, state, options.state === undefined, supervisor);
    await run.ready();
    if (options.pair) run.balancer = await Balancer.start(run.edgeUrls);
    if (options.twoAgents) run.secondAgent = await SecondAgent.start(state, ports[3] ?? 0);
    return run;
  }

  get edgeUrl(): string {
    return this.balancer?.url ?? this.#edgeUrl;
  }

  get adapterUrl(): string {
    return `${this.edgeUrl}/tsp/local`;
  }

  pids(): Pids {
    return JSON.parse(readFileSync(join(this.state, "pids.json"), "utf8"));
  }

  /** Changes the settings of each agent and restarts it; resolves when all agents serve. */
  async changeAgents(change: (settings: AgentSettingsInput) => AgentSettingsInput): Promise<void> {
    const agents = [
      { name: "agent", url: this.agentUrl, pid: () => this.pids().agent },
      ...(this.secondAgent ? [{ name: "agent-2", url: this.secondAgent.url, pid: () => this.secondAgent?.pid }] : []),
    ];
    await Promise.all(
      agents.map(async ({ name, url, pid }) => {
        const file = join(this.state, `${name}.json`);
        writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
        const before = pid();
        if (before) process.kill(before, "SIGTERM");
        for (
          const deadline = Date.now() + SERVES_WITHIN_MS;
          pid() === before || !(await isReady(url));
          await pause(10)
        ) {
          if (Date.now() > deadline) throw new Error(`the ${name} did not start: see ${this.state}/logs/${name}.log`);
        }
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
    this.cancelKill();
    if (this.removeState) removeFolder(this.state);
    return code;
  }

  private kill(): void {
    killGroup(this.supervisor.pid);
    for (const pid of [...this.startedParts(), this.secondAgent?.pid]) killGroup(pid);
    if (this.removeState) removeFolder(this.state);
  }

  private startedParts(): readonly number[] {
    try {
      return Object.values(this.pids());
    } catch {
      return []; // None has started yet.
    }
  }

  private async ready(): Promise<void> {
    const lines = this.output;
    const { stdout, stderr } = this.supervisor;
    const ready = new Promise<true>((done) => {
      for (const stream of [stdout, stderr]) {
        if (!stream) continue;
        createInterface({ input: stream }).on("line", (line) => {
          lines.push(line);
          if (line.startsWith("bridgehead ready:")) done(true);
        });
      }
    });
    const slow = new Promise<"slow">((done) => setTimeout(() => done("slow"), 30_000).unref());
    const result = await Promise.race([ready, this.exited, slow]);
    if (result === true) return;
    if (result === "slow") await this.stop();
    throw new Error(`the local run did not become ready (${result}):\n${lines.join("\n")}`);
  }
}

function databaseOf(pair: NonNullable<LocalRunOptions["pair"]>): Readonly<Record<string, string>> {
  return pair === "own" ? { STATE_URL: "", STATE_URL_2: "" } : { STATE_URL: pair[0], STATE_URL_2: pair[1] };
}

/** For the settings of a local run's domain: its bridge with two agents, whose keys lie in the run's state folder. */
function bridgeWithTwoAgents(state: string) {
  const agent = (name: string, folder: string) => ({ name, publicKey: agentKey(join(state, folder)).publicKey });
  return { name: "simulated", agents: [agent("agent-1", "agent"), agent("agent-2", "agent-2")] };
}

/** A standby agent beside the one of `npm start`; both are started again whenever they die. */
class SecondAgent {
  readonly url: string;
  private readonly guard = startGuard();
  private readonly part: Part;

  private constructor(state: string, settingsFile: string, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.part = new Part({
      name: "agent-2",
      launch: {
        command: process.execPath,
        args: [join(project, "bridge-agent", "main.ts"), "run", "--settings", settingsFile],
        env: {},
      },
      logFile: join(state, "logs", "agent-2.log"),
      onStart: (pid) => this.guard.watch([pid]),
    });
    this.part.start();
  }

  /** Resolves when it stands by. */
  static async start(state: string, port: number): Promise<SecondAgent> {
    const settings = JSON.parse(readFileSync(join(state, "agent.json"), "utf8"));
    const settingsFile = join(state, "agent-2.json");
    const own = { agent: "agent-2", state: join(state, "agent-2"), listen: { port } };
    writeFileSync(settingsFile, JSON.stringify({ ...settings, ...own }));
    const agent = new SecondAgent(state, settingsFile, port);
    const deadline = Date.now() + 30_000;
    while (!(await isReady(agent.url))) {
      if (Date.now() > deadline)
        throw new Error(`the second agent did not become ready: see ${state}/logs/agent-2.log`);
      await pause(50);
    }
    return agent;
  }

  /** 0 while there is none. */
  get pid(): number {
    return this.part.pid ?? 0;
  }

  async stop(): Promise<void> {
    await this.part.stop(6_000);
    this.guard.watch([]);
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return answer?.status === 200;
}
