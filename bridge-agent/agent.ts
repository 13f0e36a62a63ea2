import type { ExecutionResult } from "../src/bridge/commands.ts";
import type { BridgeState } from "../src/bridge/state.ts";
import type { CommandId, EpochMs } from "../src/foundation/ids.ts";
import { masked } from "../src/foundation/masked.ts";
import { assertNever } from "../src/foundation/result.ts";
import { SteadyClock } from "../src/foundation/steady-clock.ts";
import type { AgentToEdge, EdgeToAgent } from "../src/link/messages.ts";
import { Books } from "./books.ts";
import { BridgeSide, type Execution } from "./bridge-side.ts";
import type { DriverReport } from "./drivers/driver.ts";
import type { Journal, Standing } from "./journal.ts";
import { Receipts } from "./receipts.ts";
import { Tasks } from "./tasks.ts";

/** Everything that can happen to an agent, in the order it happened. */
export type AgentInput =
  /** From a link that is up: `welcome` is the first. */
  | { readonly type: "edge"; readonly message: EdgeToAgent }
  | { readonly type: "edge-gone" }
  | { readonly type: "bridge"; readonly report: DriverReport }
  /** The answer to `askState`; `null`: the bridge went away before it came. */
  | { readonly type: "state"; readonly state: BridgeState | null }
  | { readonly type: "result"; readonly command: Execution; readonly result: ExecutionResult }
  /** Some time has passed; comes several times a second. */
  | { readonly type: "time" }
  /** The process is to stop: nothing new is begun. */
  | { readonly type: "stop" };

/** What to do when the turn's journal entries are on disk, and not before. */
export interface Effects {
  readonly messages: readonly AgentToEdge[];
  readonly commands: readonly Execution[];
  readonly askState: boolean;
  /** The link is to be made anew: only a new welcome tells what this agent is. */
  readonly reconnect: boolean;
  /** What operations staff should read, one line each. */
  readonly notes: readonly string[];
}

export interface AgentStatus {
  readonly role: "active" | "standby" | "unknown";
  readonly edgeUp: boolean;
  readonly bridgeUp: boolean;
  readonly ports: number | null;
  readonly calls: number;
  readonly running: number;
  readonly untold: number;
}

/** A process that has stood still so long may have been replaced meanwhile; the edge finds a silent agent after 10 s. */
const STOOD_STILL_MS = 6_000;
const PRUNE_EVERY_MS = 10 * 60_000;
/** From the time when the agent last saw all of the bridge, so that not all agents do it at once. */
const COMPARE_EVERY_MS = 60_000;

type Health = Extract<AgentToEdge, { type: "health" }>;

/**
 * The agent without clock, sockets or disk of its own. Each turn takes what has come in; the caller runs it within one
 * transaction of the journal and then does what the turn returns.
 */
export class Agent {
  readonly #journal: Journal;
  readonly #books: Books;
  readonly #tasks: Tasks;
  readonly #side: BridgeSide;
  readonly #receipts = new Receipts();
  readonly #clock = new SteadyClock();
  #standing: Standing | null;
  #epoch = 0;
  #edgeUp = false;
  #bridge: "away" | "catching-up" | "up" = "away";
  /** Of the bridge, when it was last there. */
  #bootId: string | null;
  #ports: number | null = null;
  /** The edge is to hear what the bridge holds when that is next known. */
  #snapshotsDue = false;
  #compareAt: EpochMs = 0;
  #stopping = false;
  #turnedAt: EpochMs | null = null;
  /** Since it stood still it was not welcomed again: it must not act. */
  #unsure = false;
  #reconnect = false;
  /** The answer to a question for the state is on its way. */
  #asking = false;
  #health: Health | null = null;
  #messages: AgentToEdge[] = [];
  #notes: string[] = [];
  #askState = false;
  #prunedAt: EpochMs = 0;

  /** `newId` names the acts that the agent itself makes; never the same twice, not even after a restart. */
  constructor(journal: Journal, newId: () => CommandId) {
    this.#journal = journal;
    const contents = journal.load();
    this.#books = new Books(journal, contents);
    this.#tasks = new Tasks(journal, contents);
    this.#side = new BridgeSide(this.#books, this.#tasks, newId);
    this.#standing = contents.standing;
    this.#bootId = contents.bootId;
    if (this.#standing) this.#side.codes = this.#standing.keypad;
  }

  turn(inputs: readonly AgentInput[], machineTime: EpochMs): Effects {
    const now = this.#clock.at(machineTime);
    this.#side.now = now;
    const stoodStill = this.#turnedAt !== null && now - this.#turnedAt > STOOD_STILL_MS;
    this.#turnedAt = now;
    if (stoodStill) this.#beUnsure();
    let tick = false;
    for (const input of inputs) {
      tick ||= input.type === "time";
      this.#take(input, now);
    }
    const acts = this.#acting ? this.#side.begin() : [];
    // Orders that were told before wait for it, each in its turn.
    const wantsState = this.#side.wantsState || this.#books.snapshotsWanted.size > 0;
    this.#askState ||= this.#acting && !this.#asking && wantsState;
    this.#asking ||= this.#askState;
    if (this.#edgeUp && this.#active) {
      this.#tellReports(now, tick);
      this.#tellHealth(tick);
    }
    if (tick) this.#prune(now);
    const effects: Effects = {
      messages: this.#messages,
      commands: acts,
      askState: this.#askState,
      reconnect: this.#reconnect,
      notes: this.#notes,
    };
    this.#messages = [];
    this.#notes = [];
    this.#askState = false;
    this.#reconnect = false;
    return effects;
  }

  get status(): AgentStatus {
    return {
      role: this.#standing === null ? "unknown" : this.#standing.active ? "active" : "standby",
      edgeUp: this.#edgeUp,
      bridgeUp: this.#bridge !== "away",
      ports: this.#ports,
      calls: this.#side.calls,
      running: this.#tasks.running,
      untold: this.#books.untold,
    };
  }

  /**
   * An agent that is alone leads callers in while the edge is away, also after a restart: nobody else can. One of two acts
   * only while the edge can tell it not to; the edge activates the other one after 10 s of silence, when this link is over.
   */
  get #active(): boolean {
    if (!this.#standing?.active) return false;
    return this.#edgeUp || this.#standing.alone;
  }

  get #acting(): boolean {
    return this.#active && this.#bridge === "up" && !this.#stopping && !this.#unsure;
  }

  #take(input: AgentInput, now: EpochMs): void {
    switch (input.type) {
      case "edge":
        return this.#hear(input.message, now);
      case "edge-gone":
        this.#edgeUp = false;
        return;
      case "bridge":
        return this.#watch(input.report);
      case "state":
        this.#asking = false;
        if (input.state !== null && this.#bridge !== "away" && this.#active) this.#look(input.state, now);
        return;
      case "result":
        return this.#learn(input.command, input.result);
      case "time":
        if (!this.#acting) return;
        this.#side.timePassed();
        this.#askState ||= now >= this.#compareAt && !this.#asking;
        return;
      case "stop":
        this.#stopping = true;
        return;
      default:
        return assertNever(input);
    }
  }

  #hear(message: EdgeToAgent, now: EpochMs): void {
    if (message.type !== "welcome" && !this.#edgeUp) return; // Of a link that has been given up.
    switch (message.type) {
      case "welcome": {
        const { role, epoch, alone, keypad } = message;
        return this.#serve({ active: role === "active", epoch, alone, keypad });
      }
      case "activate":
        if (this.#standing) this.#serve({ ...this.#standing, active: true, epoch: message.epoch });
        return;
      case "commands": {
        const { conference, commands, notUnderstood = [] } = message;
        if (!this.#active || this.#stopping || message.epoch < this.#epoch) return;
        let fresh = true;
        for (const id of notUnderstood) {
          const isNew = this.#tasks.take({ conference, id, by: "edge", work: { type: "not-understood" } }, now);
          const name = id.replace(conference, masked(conference));
          if (isNew) this.#notes.push(`order ${name} is refused: this version of the agent does not know its command`);
        }
        for (const { id, command, again, withinMs } of commands) {
          const limit = withinMs === undefined ? {} : { toBegin: { from: now, before: now + withinMs } };
          fresh = this.#tasks.take({ conference, id, by: "edge", work: command, ...limit }, now, again) && fresh;
        }
        this.#receipts.commands(
          conference,
          commands.map(({ id }) => id),
          fresh,
          now,
        );
        return;
      }
      case "reports-ack": {
        const { conference, stream, upTo } = message;
        if (this.#books.taken(conference, stream, upTo, now)) return;
        const who = masked(conference);
        this.#notes.push(`conference ${who}: edge and agent disagree on what was told; the edge hears how it stands`);
        return this.#books.startOver(conference);
      }
      case "snapshot-wanted":
        this.#books.snapshotsWanted.add(message.conference);
        return;
      case "pong":
        return; // The link's own.
      default:
        return assertNever(message);
    }
  }

  #look(state: BridgeState, now: EpochMs): void {
    const gap = this.#bridge === "catching-up";
    this.#side.catchUp(state, { gap, all: this.#snapshotsDue });
    this.#bridge = "up";
    if (this.#snapshotsDue) this.#compareAt = now + COMPARE_EVERY_MS;
    this.#snapshotsDue = false;
    if (now < this.#compareAt || !this.#edgeUp) return;
    this.#compareAt = now + COMPARE_EVERY_MS;
    const digests = this.#side.digests(state);
    if (digests.length > 0) this.#messages.push({ type: "digests", epoch: this.#epoch, digests });
  }

  #learn(command: Execution, result: ExecutionResult): void {
    // A driver that has lost the bridge says so first; the state then shows what is left to do when it is back.
    const lost = result.done === false && result.reason === "unreachable" && this.#bridge !== "up";
    this.#side.result(command, lost ? { done: "unknown" } : result);
  }

  /** The edge says what this agent is. What it was not told for lack of a link, it is told now. */
  #serve(standing: Standing): void {
    const before = this.#standing;
    const wasActive = this.#active && !this.#unsure;
    this.#edgeUp = true;
    this.#epoch = standing.epoch;
    this.#standing = standing;
    this.#journal.keepStanding(standing);
    this.#side.codes = standing.keypad;
    this.#health = null;
    this.#unsure = false;
    // Each welcome of an active agent is an epoch: where one is missing, another agent was active.
    const succession = before !== null && (!before.active || standing.epoch > before.epoch + 1);
    if (!standing.active || succession) {
      // What waits while another agent acts is out of date: that one's snapshots say how things stand.
      this.#side.giveUp();
      this.#books.startAllOver();
    }
    if (!standing.active) return;
    this.#tasks.takeCharge();
    this.#books.sendAllAgain();
    if (this.#bridge === "away") return;
    if (!wasActive || succession) this.#lookAnew();
    this.#snapshotsDue = true;
    this.#askState = true;
  }

  /** Another agent may be in charge: until the edge has said who is, this one leaves everything as it is. */
  #beUnsure(): void {
    this.#notes.push("this process stood still, or its clock was set: asking the edge anew whether it acts");
    this.#unsure = true;
    this.#reconnect = true;
    this.#edgeUp = false;
  }

  #watch(report: DriverReport): void {
    switch (report.type) {
      case "connected":
        this.#notes.push(`bridge connected, its boot id is ${report.bootId}`);
        this.#ports = report.ports;
        if (report.bootId !== this.#bootId) {
          if (this.#bootId !== null) this.#side.startedAnew();
          this.#bootId = report.bootId;
          this.#journal.keepBootId(report.bootId);
        }
        this.#lookAnew();
        this.#askState ||= this.#active;
        return;
      case "disconnected":
        this.#notes.push(`bridge disconnected: ${report.why}`);
        this.#lookAnew();
        this.#bridge = "away";
        return;
      default:
        // While catching up, whatever happens is part of the state that is on its way.
        if (this.#active && this.#bridge === "up") this.#side.bridgeEvent(report);
    }
  }

  /** What was known of calls no longer counts. */
  #lookAnew(): void {
    this.#bridge = "catching-up";
    this.#snapshotsDue = true;
    this.#side.forgetCalls();
  }

  #tellReports(now: EpochMs, tick: boolean): void {
    const due = this.#books.due(this.#epoch, now, tick);
    for (const { conference, reports } of due) {
      for (const { report } of reports) if (report.type === "result") this.#receipts.result(conference, report.id);
    }
    this.#messages.push(...this.#receipts.due(now, tick), ...due);
  }

  #tellHealth(tick: boolean): void {
    const health: Health = {
      type: "health",
      bridgeUp: this.#bridge === "up",
      portsInUse: this.#side.calls,
      ports: this.#ports,
    };
    const told = this.#health;
    const changed = told?.bridgeUp !== health.bridgeUp || told.ports !== health.ports;
    if (!changed && !(tick && told.portsInUse !== health.portsInUse)) return;
    this.#health = health;
    this.#messages.push(health);
  }

  #prune(now: EpochMs): void {
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    this.#journal.prune(now);
  }
}
