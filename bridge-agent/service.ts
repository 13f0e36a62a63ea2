import type { Server } from "node:http";
import type { Logger } from "pino";
import type { AgentStatus } from "./agent.ts";
import { healthServer } from "./health.ts";
import { type JournalFailure, type OpenJournal, openJournal } from "./journal.ts";
import type { LogStream } from "./log.ts";
import { driverPorts, newCommandIds } from "./node-ports.ts";
import { RunningAgent } from "./run.ts";
import type { AgentSettings } from "./settings.ts";
import { agentKey, holdStateFolder, journalFile, makeStateFolder } from "./state-folder.ts";

const TRY_JOURNAL_AGAIN_MS = 5_000;

const nothingRuns: AgentStatus = {
  role: "unknown",
  edgeUp: false,
  bridgeUp: false,
  ports: null,
  calls: 0,
  running: 0,
  unacknowledged: 0,
};

/** Why the agent cannot run, for a reason that no trying again removes. */
export function cannotStart(error: unknown): string {
  return `agent cannot start: ${error instanceof Error ? error.message : error}`;
}

/** The agent as a process runs it: with its health server, and begun anew when the journal's disk has room again. */
export class AgentService {
  readonly #settings: AgentSettings;
  readonly #log: Logger;
  readonly #logStream: LogStream;
  readonly #end: (why: string) => void;
  #releaseFolder = () => {};
  #server: Server | null = null;
  #journal: OpenJournal | null = null;
  #agent: RunningAgent | null = null;
  #retry: NodeJS.Timeout | undefined;
  #isJournalDown = false;

  /** `end` ends the process soon, for a reason that only a person can change. */
  constructor(settings: AgentSettings, log: Logger, logStream: LogStream, end: (why: string) => void) {
    this.#settings = settings;
    this.#log = log;
    this.#logStream = logStream;
    this.#end = end;
  }

  async start(): Promise<void> {
    const { state } = this.#settings;
    makeStateFolder(state);
    this.#releaseFolder = holdStateFolder(state);
    const health = () => ({
      status: this.#agent?.status ?? nothingRuns,
      counters: this.#agent?.counters ?? null,
      logLinesDropped: this.#logStream.dropped,
    });
    this.#server = await healthServer(health, this.#settings.listen.port);
    this.#startAgent();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#agent?.stop();
    const server = this.#server;
    const closed = new Promise((resolve) => server?.close(resolve));
    server?.closeAllConnections();
    await closed; // The next start wants the same port.
    clearTimeout(this.#retry);
    this.#journal?.close();
    this.#releaseFolder();
  }

  #startAgent(): void {
    const { state } = this.#settings;
    const journal = openJournal(journalFile(state));
    if (!journal.ok) return this.#journalFailed(journal.error);
    if (this.#isJournalDown) this.#log.info("journal can be written again: the agent goes on");
    this.#isJournalDown = false;
    this.#journal = journal.value;
    this.#agent = new RunningAgent(this.#settings, {
      ...driverPorts,
      journal: journal.value,
      key: agentKey(state),
      now: Date.now,
      monotonicMs: () => performance.now(),
      soon: setImmediate,
      newId: newCommandIds(),
      log: (line, details = {}) => this.#log.info(details, line),
      journalFailed: (failure) => this.#journalFailed(failure),
    });
    this.#agent.start();
  }

  #journalFailed({ kind, sentence }: JournalFailure): void {
    this.#agent = null;
    this.#journal?.close();
    this.#journal = null;
    if (kind === "damaged" || kind === "other-format") return this.#end(sentence);
    const seconds = TRY_JOURNAL_AGAIN_MS / 1_000;
    if (!this.#isJournalDown) {
      const advice = kind === "full" ? "make room" : "make room, or see who may write it and what its disk says";
      this.#log.error(
        `${sentence}; the agent does nothing until it can be written, and tries every ${seconds} s: ${advice}`,
      );
    }
    this.#isJournalDown = true;
    this.#retry = setTimeout(() => {
      try {
        this.#startAgent();
      } catch (error) {
        this.#end(cannotStart(error));
      }
    }, TRY_JOURNAL_AGAIN_MS);
  }
}
