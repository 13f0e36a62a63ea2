import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { agentKey } from "../bridge-agent/key.ts";
import { startGuard } from "./guard.ts";
import { Part } from "./part.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** For the settings of a local run's domain: its bridge with two agents, whose keys lie in the run's state folder. */
export function bridgeWithTwoAgents(state: string) {
  const agent = (name: string, folder: string) => ({ name, publicKey: agentKey(join(state, folder)).publicKey });
  return { name: "simulated", agents: [agent("agent-1", "agent"), agent("agent-2", "agent-2")] };
}

/** A second agent beside the one of `npm start`, which stands by; started again whenever it dies, as that one is. */
export class SecondAgent {
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
