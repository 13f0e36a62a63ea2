import type { Server } from "node:http";
import { uptime } from "node:os";
import { machineClocks, PassingTime } from "../../src/foundation/time/passing-time.ts";
import { type JournalFailure, type OpenJournal, openJournal } from "../core/journal.ts";
import { edgeAddresses, edgeRoute } from "../link/edge-route.ts";
import { bootIdOf, driverPorts, newCommandIds, openBy } from "../node-ports.ts";
import { RunningAgent } from "../run.ts";
import { healthServer } from "./health.ts";
import { type AgentLogLine, writeLines } from "./log.ts";
import type { LogDestination } from "./log-destination.ts";
import type { AgentSettings } from "./settings.ts";
import { agentKey, holdStateFolder, journalFile, makeStateFolder } from "./state-folder.ts";

interface ServicePorts {
  readonly logDestination: Pick<LogDestination, "write" | "dropped">;
  /** Writes the log and ends the process with exit code 1. */
  fail(): void;
}

interface Running {
  readonly agent: RunningAgent;
  readonly journal: OpenJournal;
  readonly server: Server;
  readonly releaseFolder: () => void;
}

/** Runs the agent and its health server. */
export class AgentService {
  readonly #settings: AgentSettings;
  readonly #ports: ServicePorts;
  readonly #write: (line: AgentLogLine) => void;
  #running: Running | null = null;

  constructor(settings: AgentSettings, ports: ServicePorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#write = writeLines(ports.logDestination);
  }

  /** Throws an error that names the wrong setting. */
  async start(): Promise<void> {
    const settings = this.#settings;
    const { state, listen } = settings;
    for (const address of edgeAddresses(settings)) edgeRoute(address, settings);
    makeStateFolder(state);
    const key = agentKey(state);
    const releaseFolder = holdStateFolder(state);
    const opened = openJournal(journalFile(state));
    if (!opened.ok) throw new Error(adviceOn(opened.error));
    const journal = opened.value;
    const sinceBootMs = () => uptime() * 1_000;
    const passing = new PassingTime(machineClocks(sinceBootMs));
    const boot = { id: bootIdOf(sinceBootMs()), at: Math.round(Date.now() - passing.now()) };
    const begun = journal.beginLife(boot);
    if (!begun.ok) throw new Error(adviceOn(begun.error));
    const agent = new RunningAgent(settings, {
      ...driverPorts,
      openEdgeSocket: openBy((url) => edgeRoute(url, settings)),
      journal,
      key,
      now: Date.now,
      passedMs: () => passing.now(),
      soon: setImmediate,
      newId: newCommandIds(),
      log: (line) => this.#log(line),
      journalFailed: (failure) => this.#journalFailed(failure),
    });
    const local = {
      names: settings,
      health: () => ({
        status: agent.status,
        counters: agent.counters,
        logLinesDropped: this.#ports.logDestination.dropped,
      }),
      calls: () => agent.calls,
      key,
    };
    const server = await healthServer(local, listen.port);
    this.#running = { agent, journal, server, releaseFolder };
    agent.start();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    const { agent, journal, server, releaseFolder } = this.#running;
    await agent.stop();
    journal.close();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed; // The next start wants the same port.
    releaseFolder();
    this.#running = null;
  }

  #log({ details, ...line }: AgentLogLine): void {
    const { domain, bridge, agent } = this.#settings;
    this.#write({ ...line, details: { domain, bridge, agent, ...details } });
  }

  /** An agent must not act without its journal. The service manager restarts it. */
  #journalFailed(failure: JournalFailure): void {
    this.#log({ level: "error", event: "journal", text: `${adviceOn(failure)}. The agent ends`, details: {} });
    this.#ports.fail();
  }
}

function adviceOn({ kind, sentence }: JournalFailure): string {
  if (kind === "full") return `${sentence}: make room`;
  return kind === "unwritable" ? `${sentence}: check its permissions and its disk` : sentence;
}
