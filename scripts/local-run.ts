import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { mergeSettings } from "../src/settings/local-domain.ts";
import { bridgeWithTwoAgents, SecondAgent } from "./second-agent.ts";

const startScript = join(dirname(fileURLToPath(import.meta.url)), "start.ts");

export interface LocalRunOptions {
  /** What differs from the usual settings of the domain. */
  readonly domain?: unknown;
  /** A state folder to go on with; otherwise a new one, removed at the end. */
  readonly state?: string;
  /** Beside the agent of `npm start` a second one stands by. */
  readonly twoAgents?: true;
}

export interface Pids {
  readonly edge: number;
  readonly bridge: number;
  readonly agent: number;
}

/** The whole product on free ports of this machine, as `npm start` brings it up, for programs that play with it. */
export class LocalRun {
  readonly edgeUrl: string;
  readonly bridgeUrl: string;
  readonly agentUrl: string;
  readonly state: string;
  readonly supervisor: ChildProcess;
  readonly exited: Promise<number>;
  /** Only with `twoAgents`. */
  secondAgent: SecondAgent | undefined;
  private readonly removeState: boolean;

  private constructor(ports: readonly number[], state: string, removeState: boolean, supervisor: ChildProcess) {
    const [edge, bridge, agent] = ports;
    this.edgeUrl = `http://127.0.0.1:${edge}`;
    this.bridgeUrl = `http://127.0.0.1:${bridge}`;
    this.agentUrl = `http://127.0.0.1:${agent}`;
    this.state = state;
    this.removeState = removeState;
    this.supervisor = supervisor;
    this.exited = new Promise((done) => supervisor.once("exit", (code) => done(code ?? 1)));
  }

  /** Resolves when everything is connected. */
  static async start(options: LocalRunOptions = {}): Promise<LocalRun> {
    const ports = await freePorts(4);
    const state = options.state ?? mkdtempSync(join(tmpdir(), "bridgehead-"));
    const agents = options.twoAgents ? { bridges: [bridgeWithTwoAgents(state)] } : {};
    const [edge, bridge, agent] = ports.map(String);
    const supervisor = spawn(process.execPath, [startScript], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        STOP_WITH_PARENT: "1",
        PORT: edge,
        SIMULATED_BRIDGE_PORT: bridge,
        AGENT_PORT: agent,
        BRIDGEHEAD_STATE: state,
        DOMAIN_LOCAL: JSON.stringify(mergeSettings(options.domain ?? {}, agents)),
      },
    });
    const run = new LocalRun(ports, state, options.state === undefined, supervisor);
    await run.ready();
    if (options.twoAgents) run.secondAgent = await SecondAgent.start(state, ports[3] ?? 0);
    return run;
  }

  get adapterUrl(): string {
    return `${this.edgeUrl}/tsp/local`;
  }

  pids(): Pids {
    return JSON.parse(readFileSync(join(this.state, "pids.json"), "utf8"));
  }

  operatorToken(): string {
    return readFileSync(join(this.state, "operator-token"), "utf8").trim();
  }

  async stop(): Promise<number> {
    await this.secondAgent?.stop();
    this.supervisor.kill("SIGTERM");
    const code = await this.exited;
    if (this.removeState) rmSync(this.state, { recursive: true, force: true });
    return code;
  }

  private async ready(): Promise<void> {
    const lines: string[] = [];
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
    const outcome = await Promise.race([ready, this.exited, slow]);
    if (outcome === true) return;
    if (outcome === "slow") await this.stop();
    throw new Error(`the local run did not become ready (${outcome}):\n${lines.join("\n")}`);
  }
}

/** Ports that nobody listens on at this moment, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((listening) => {
          const server = createServer();
          server.listen(0, "127.0.0.1", () => listening(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
