import { existsSync } from "node:fs";
import type { Server } from "node:http";
import { uptime } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { machineClocks, PassingTime } from "../../src/foundation/time/passing-time.ts";
import { type AgentStatus, type Unfinished, unfinishedText } from "../core/agent.ts";
import { type JournalFailure, journalFault, type OpenJournal, openJournal } from "../core/journal.ts";
import { certificateOf } from "../link/edge-answer.ts";
import { edgeAddresses, edgeRoute } from "../link/edge-route.ts";
import { bootIdOf, driverPorts, newCommandIds, openBy } from "../node-ports.ts";
import { RunningAgent } from "../run.ts";
import { healthServer } from "./health.ts";
import { type AgentLogLine, type Note, writeLines } from "./log.ts";
import type { LogDestination } from "./log-destination.ts";
import type { AgentSettings } from "./settings.ts";
import {
  type AgentKey,
  agentKey,
  holdStateFolder,
  journalFile,
  keyFile,
  makeStateFolder,
  readAgentKey,
} from "./state-folder.ts";

const TRY_JOURNAL_AGAIN_MS = 5_000;

/** Settings that a running agent takes up as it is. */
const changedInPlace: ReadonlySet<string> = new Set<keyof AgentSettings>(["listen", "logs", "policy"]);

export const nothingRuns: AgentStatus = {
  role: "unknown",
  edgeUp: false,
  bridgeUp: false,
  bridgeTrouble: null,
  ports: null,
  calls: null,
  running: 0,
  inDoubt: 0,
  unacknowledged: 0,
  draining: false,
};

/** Why the agent cannot run, for a reason that no trying again removes. */
export function cannotStart(error: unknown): string {
  return `agent cannot start: ${reasonOf(error)}`;
}

interface ServicePorts {
  readonly logDestination: Pick<LogDestination, "write" | "dropped">;
  /** Ends the process soon, for a reason that only a person can change. */
  end(why: string): void;
  /** Ends the process: somebody has asked for `drain`, and what ran is over. */
  drained(): void;
}

/** What only one process has at a time. */
interface Held {
  /** The one that the running agent uses. */
  readonly key: AgentKey;
  readonly server: Server;
  readonly releaseFolder: () => void;
}

/** The agent as a process runs it: with its health server, and begun anew when the journal's disk has room again. */
export class AgentService {
  #settings: AgentSettings;
  readonly #ports: ServicePorts;
  readonly #write: (line: AgentLogLine) => void;
  #held: Held | null = null;
  #journal: OpenJournal | null = null;
  #agent: RunningAgent | null = null;
  #retry: NodeJS.Timeout | undefined;
  /** Why the journal cannot be written; `null`: it can. */
  #journalFault: string | null = null;
  /** Why this process does nothing more: its journal was deleted, and the lock of its folder with it. `null`: it was not. */
  #goneFor: string | null = null;
  #isKeyGone = false;
  /** The latest reload; it never fails. */
  #reloaded: Promise<unknown> = Promise.resolve();
  #drained: Promise<Unfinished | null> | null = null;

  constructor(settings: AgentSettings, ports: ServicePorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#write = writeLines(ports.logDestination);
  }

  async start(): Promise<void> {
    this.#held = await this.#hold(this.#settings);
    this.#startAgent();
  }

  async stop(): Promise<void> {
    await this.#stopAgent();
    if (this.#held) await release(this.#held, null);
    this.#held = null;
  }

  /**
   * Goes on with other settings; the sentence says what changed. Only what the link or the bridge sees begins the agent anew,
   * which costs it its place beside a standby. Where the settings or the key file cannot work, the agent runs on with those it
   * has, and the sentence says why. Throws where no agent can go on.
   */
  async reload(settings: AgentSettings): Promise<Result<string, string>> {
    if (this.#drained) return err("this agent is about to end");
    if (this.#goneFor !== null) return err(this.#goneFor);
    const reloaded = this.#reload(settings);
    this.#reloaded = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(settings: AgentSettings): Promise<Result<string, string>> {
    const before = this.#held;
    let held: Held;
    try {
      held = await this.#hold(settings);
    } catch (error) {
      return err(reasonOf(error));
    }
    const changed = changedSettings(this.#settings, settings);
    if (held.key.publicKey !== before?.key.publicKey) changed.push("key");
    if (changed.length === 0) return ok("nothing has changed");
    const isRestart = changed.some((name) => !changedInPlace.has(name));
    if (isRestart) await this.#stopAgent();
    if (before) await release(before, held);
    this.#held = held;
    this.#settings = settings;
    const what = `changed: ${changed.join(", ")}`;
    if (!isRestart) {
      this.#agent?.change(settings);
      return ok(what);
    }
    this.#journalFault = null;
    this.#startAgent();
    return ok(`${what}; the agent begins anew`);
  }

  note(level: Note["level"], event: Note["event"], text: string): void {
    this.#log({ level, event, text, details: {} });
  }

  #log({ details, ...line }: AgentLogLine): void {
    const { domain, bridge, agent } = this.#settings;
    this.#write({ ...line, details: { domain, bridge, agent, ...details } });
  }

  /** What it holds already stays held. What it throws says which setting is wrong; then nothing has changed. */
  async #hold(settings: AgentSettings): Promise<Held> {
    const { state, listen } = settings;
    for (const address of edgeAddresses(settings)) edgeRoute(address, settings);
    const now = this.#held;
    const keepsFolder = now !== null && state === this.#settings.state;
    if (keepsFolder) {
      if (!existsSync(state)) {
        throw new Error(`state: ${state} is gone: stop the agent, put the folder back from a backup, and start it`);
      }
    } else makeStateFolder(state);
    const key = keepsFolder ? this.#keyNow() : agentKey(state);
    const releaseFolder = keepsFolder ? now.releaseFolder : holdStateFolder(state);
    try {
      // Nobody else can have it open: this process holds its folder.
      const fault = now !== null && !keepsFolder && journalFault(journalFile(state), false);
      if (fault) throw new Error(fault.sentence);
      const keepsPort = now !== null && listen.port === this.#settings.listen.port;
      return { key, releaseFolder, server: keepsPort ? now.server : await this.#listen(listen.port) };
    } catch (error) {
      if (!keepsFolder) releaseFolder();
      throw error;
    }
  }

  /** The key file as it is now; where it is gone, the key that this process has read before. */
  #keyNow(): AgentKey {
    const { state } = this.#settings;
    const key = readAgentKey(state);
    const kept = this.#held?.key;
    if (key || !kept) {
      this.#isKeyGone = false;
      return key ?? agentKey(state);
    }
    if (!this.#isKeyGone) {
      const text = `${keyFile(state)} is gone: the agent goes on with the key that it has in memory, until its process ends; put the file back from a backup before that`;
      this.note("error", "settings", text);
    }
    this.#isKeyGone = true;
    return kept;
  }

  #listen(port: number): Promise<Server> {
    return healthServer(
      () => ({
        names: this.#settings,
        health: () => ({
          status: { ...(this.#agent?.status ?? nothingRuns), draining: this.#drained !== null },
          journal: this.#journalFault,
          counters: this.#agent?.counters ?? null,
          logLinesDropped: this.#ports.logDestination.dropped,
        }),
        calls: () => this.#agent?.calls ?? [],
        drain: () => {
          this.#drained ??= this.#reloaded.then(() => this.#drain()); // A reload may begin another agent.
          return this.#drained;
        },
        key: () => this.#keyNow(),
      }),
      port,
    );
  }

  async #drain(): Promise<Unfinished | null> {
    clearTimeout(this.#retry);
    try {
      if (this.#agent) return await this.#agent.drain();
      this.note("warn", "drain", `drain: this agent ends; left: ${unfinishedText(null)}`);
      return null;
    } finally {
      setImmediate(() => this.#ports.drained()); // Whoever has asked is answered first.
    }
  }

  async #stopAgent(): Promise<void> {
    await this.#agent?.stop();
    clearTimeout(this.#retry);
    this.#agent = null;
    this.#journal?.close();
    this.#journal = null;
  }

  #startAgent(): void {
    const { state } = this.#settings;
    const journal = openJournal(journalFile(state));
    if (!journal.ok) return this.#journalFailed(journal.error);
    this.#journal = journal.value;
    const sinceBootMs = () => uptime() * 1_000;
    const passing = new PassingTime(machineClocks(sinceBootMs));
    const boot = { id: bootIdOf(sinceBootMs()), at: Math.round(Date.now() - passing.now()) };
    const begun = journal.value.beginLife(boot);
    if (!begun.ok) return this.#journalFailed(begun.error);
    if (this.#journalFault !== null) this.note("info", "journal", "journal can be written again: the agent goes on");
    this.#journalFault = null;
    const key = this.#keyNow();
    if (this.#held) this.#held = { ...this.#held, key };
    const settings = this.#settings;
    this.#agent = new RunningAgent(settings, {
      ...driverPorts,
      openEdgeSocket: openBy((url) => edgeRoute(url, settings)),
      certificateOf: (address) => certificateOf(address, settings),
      journal: journal.value,
      key,
      now: Date.now,
      passedMs: () => passing.now(),
      soon: setImmediate,
      newId: newCommandIds(),
      log: (line) => this.#log(line),
      journalFailed: (failure) => this.#journalFailed(failure),
    });
    this.#agent.start();
  }

  #journalFailed({ kind, sentence }: JournalFailure): void {
    this.#agent = null;
    this.#journal?.close();
    this.#journal = null;
    if (kind === "damaged" || kind === "other-format") return this.#ports.end(sentence);
    if (kind === "gone") {
      this.note("error", "journal", sentence);
      this.#journalFault = sentence;
      this.#goneFor = sentence;
      return;
    }
    const seconds = TRY_JOURNAL_AGAIN_MS / 1_000;
    const advice = kind === "full" ? "make room" : "make room, or see who may write it and what its disk says";
    const text = `${sentence}; the agent does nothing until it can be written, and tries every ${seconds} s: ${advice}`;
    if (this.#journalFault === null) this.note("error", "journal", text);
    this.#journalFault = text;
    this.#retry = setTimeout(() => {
      try {
        this.#startAgent();
      } catch (error) {
        this.#ports.end(cannotStart(error));
      }
    }, TRY_JOURNAL_AGAIN_MS);
  }
}

function changedSettings(before: AgentSettings, after: AgentSettings): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof AgentSettings>;
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

async function release({ server, releaseFolder }: Held, kept: Held | null): Promise<void> {
  if (server !== kept?.server) {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed; // The next start wants the same port.
  }
  if (releaseFolder !== kept?.releaseFolder) releaseFolder();
}
