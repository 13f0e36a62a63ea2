import type { ExecutionResult } from "../../src/bridge/commands.ts";
import { dialledDigits } from "../../src/foundation/dial-rules.ts";
import type { CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";
import { version } from "../../src/foundation/version.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import { HangUps } from "../callers/hang-ups.ts";
import { type AnnouncementToCall, Keypads } from "../callers/keypads.ts";
import { Legs, type LegView } from "../callers/legs.ts";
import type { DriverReport, DriverState, Execution } from "../drivers/driver.ts";
import type { Note } from "../service/log.ts";
import { BridgeConnection } from "./bridge-connection.ts";
import { CommandAcks } from "./command-acks.ts";
import { ConferenceEvents } from "./conference-events.ts";
import { HealthReport } from "./health-report.ts";
import type { Assignment, Journal } from "./journal.ts";
import { isInTime, PendingCommands } from "./pending-commands.ts";
import { Durations, type Permitted, type PolicyReason, type PolicySettings } from "./policy.ts";
import { PolicyGate } from "./policy-gate.ts";
import { Reports } from "./reports.ts";
import { Role, takeoverText } from "./role.ts";

/** Everything that can happen to an agent, in the order it happened. */
export type AgentInput =
  /** From a link that is up: `welcome` is the first. */
  | { readonly type: "edge"; readonly message: EdgeToAgent }
  /** Or it is given up: only the next `welcome` says whether this agent acts. */
  | { readonly type: "edge-lost" }
  | { readonly type: "bridge"; readonly report: DriverReport }
  /** The answer to `askState`; `null`: the bridge went away before it came. */
  | { readonly type: "state"; readonly state: DriverState | null }
  | { readonly type: "result"; readonly execution: Execution; readonly result: ExecutionResult }
  /** Some time has passed. */
  | { readonly type: "time" }
  /** The process is to end: nothing new is begun. */
  | { readonly type: "stop" };

/** To be done once the turn's journal entries are on disk, and not before. */
interface Effects {
  readonly messages: AgentToEdge[];
  /** Before the executions: who is hung up on hears why. */
  readonly announcements: AnnouncementToCall[];
  readonly executions: Permitted[];
  /** The epoch from which on the bridge is to take commands from this agent, and from no other one. Comes before all that the bridge is asked. */
  activate: number | null;
  askState: boolean;
  /** Lines for operations staff. */
  readonly notes: Note[];
  /** What the policy refused or ended, each time. */
  readonly policyActs: PolicyReason[];
}

function noEffects(): Effects {
  return {
    messages: [],
    announcements: [],
    executions: [],
    activate: null,
    askState: false,
    notes: [],
    policyActs: [],
  };
}

export interface AgentStatus {
  readonly role: "active" | "standby" | "unknown";
  readonly edgeUp: boolean;
  readonly bridgeUp: boolean;
  /** Why the bridge is not there, for operations staff; `null`: it is, or has not been tried yet. */
  readonly bridgeTrouble: string | null;
  readonly ports: number | null;
  readonly calls: number;
  /** Commands that the bridge is at work on. */
  readonly running: number;
  /** Commands whose result did not come: the agent that acts next reads it from the bridge's state. */
  readonly inDoubt: number;
  /** Reports that the edge has not acknowledged; those of a standby wait until it is active. */
  readonly unacknowledged: number;
  /** Nothing new is begun any more, and the process ends when what runs is over. */
  readonly draining: boolean;
}

const PRUNE_EVERY_MS = 10 * 60_000;
/** Counted from when this agent last saw all of the bridge, so that not all agents send digests at once. */
const DIGESTS_EVERY_MS = 60_000;
/**
 * The agent without clock, sockets or disk of its own. The caller runs each turn within one transaction of the journal
 * and then does what the turn returns.
 */
export class Agent {
  readonly #journal: Journal;
  readonly #reports: Reports;
  readonly #pending: PendingCommands;
  readonly #legs = new Legs();
  readonly #hangUps: HangUps;
  readonly #keypads: Keypads;
  readonly #events: ConferenceEvents;
  readonly #acks = new CommandAcks();
  readonly #newId: () => CommandId;
  readonly #policy: PolicyGate;
  readonly #durations: Durations;
  readonly #role: Role;
  readonly #bridge: BridgeConnection;
  readonly #health = new HealthReport();
  readonly #clock = new SteadyClock();
  #digestsAt: EpochMs = 0;
  #stopping = false;
  /** Effects of the present turn so far. */
  #effects = noEffects();
  #prunedAt: EpochMs = 0;
  /** When the bridge was last connected while this agent was active; `null`: not since the edge made it active. */
  #bridgeBackAt: EpochMs | null = null;

  /** `newId` names the commands that the agent itself makes; never the same twice, not even after a restart. */
  constructor(journal: Journal, newId: () => CommandId, policy: PolicySettings) {
    this.#journal = journal;
    this.#newId = newId;
    const contents = journal.load();
    this.#durations = new Durations(journal, contents.begins);
    this.#reports = new Reports(journal, contents);
    this.#pending = new PendingCommands(journal, contents);
    this.#hangUps = new HangUps(this.#legs, newId);
    const parts = { legs: this.#legs, hangUps: this.#hangUps, pending: this.#pending, reports: this.#reports };
    this.#keypads = new Keypads({ ...parts, newId, log: (note) => this.#effects.notes.push(note) });
    this.#events = new ConferenceEvents(this.#reports, this.#pending, this.#legs, this.#keypads, this.#durations);
    const gated = { journal, pending: this.#pending, legs: this.#legs, durations: this.#durations };
    this.#policy = new PolicyGate(policy, contents.dials, gated);
    this.#role = new Role(journal, contents.assignment);
    this.#bridge = new BridgeConnection(contents.bootId);
    if (contents.assignment) this.#keypads.codes = contents.assignment.keypad;
  }

  turn(inputs: readonly AgentInput[], machineTime: EpochMs): Effects {
    const now = this.#clock.at(machineTime);
    this.#legs.now = now;
    // A caller who has keyed something while this process stood still was not silent.
    const [ticks, others] = [inputs.filter(isTick), inputs.filter((input) => !isTick(input))];
    const tick = ticks.length > 0;
    for (const input of [...others, ...ticks]) this.#apply(input, now);
    if (this.#acting || this.#holdsCallers) for (const hangUp of this.#hangUps.begin()) this.#carryOut(hangUp, now);
    if (this.#acting) this.#begin(now);
    const announcements = this.#keypads.announcements();
    if (this.#acting || this.#holdsCallers) this.#effects.announcements.push(...announcements);
    const wantsState = this.#pending.inDoubt > 0 || this.#reports.snapshotsWanted.size > 0;
    this.#effects.askState ||= this.#acting && !this.#bridge.isAsked && wantsState;
    if (this.#effects.askState) this.#bridge.ask();
    if (this.#role.edgeUp) this.#sendHealth(tick, now);
    if (this.#role.edgeUp && this.#role.active) {
      this.#sendReports(now, tick);
      if (tick) this.#sendDigests();
    }
    if (tick) this.#prune(now);
    this.#reports.writeAcks(now);
    const effects = this.#effects;
    this.#effects = noEffects();
    return effects;
  }

  get status(): AgentStatus {
    return {
      role: this.#role.name,
      edgeUp: this.#role.edgeUp,
      bridgeUp: this.#bridge.isUp,
      bridgeTrouble: this.#bridge.trouble,
      ports: this.#bridge.ports,
      calls: this.#legs.count,
      running: this.#pending.running,
      inDoubt: this.#pending.inDoubt,
      unacknowledged: this.#role.active ? this.#reports.unacknowledged : 0,
      draining: this.#stopping,
    };
  }

  /** From the next command on. */
  set policy(settings: PolicySettings) {
    this.#policy.settings = settings;
  }

  /** The calls of its owner, as far as this agent knows: a standby knows none. */
  get calls(): readonly LegView[] {
    return this.#legs.views;
  }

  /** Whether this text leads into a conference, or makes a silent monitor: wherever a caller has keyed it, nobody is shown it. */
  isSecret(text: string): boolean {
    return this.#reports.isSecret(text);
  }

  /** Whether anything waits for time to pass; else it is enough to look at the clock now and then. */
  get waitsForTime(): boolean {
    const isReporting = this.#role.active && this.#reports.unacknowledged > 0;
    const isWaiting = this.#pending.inDoubt > 0 || isReporting || !this.#acks.isEmpty;
    const hasWaiting = this.#keypads.waitForTime || this.#events.hasDigests || this.#events.hasSpeech;
    return isWaiting || hasWaiting || this.#pending.running > 0 || this.#hasPortsToSay;
  }

  get #portsInUse(): number {
    return this.#legs.count + this.#bridge.callsOfOthers;
  }

  get #hasPortsToSay(): boolean {
    return this.#role.edgeUp && this.#health.hasOtherPorts(this.#portsInUse);
  }

  get #acting(): boolean {
    return this.#role.active && this.#bridge.phase === "up" && !this.#stopping;
  }

  /** One of two, without the edge: the bridge still hands it the callers, and it may only have them wait, or hang up on them. */
  get #holdsCallers(): boolean {
    return this.#bridge.isActivated && this.#role.name === "active" && !this.#role.active && !this.#stopping;
  }

  #apply(input: AgentInput, now: EpochMs): void {
    switch (input.type) {
      case "edge":
        return this.#edgeMessage(input.message, now);
      case "edge-lost":
        this.#role.edgeUp = false;
        this.#keypads.edgeLost(now);
        this.#events.clearDigests();
        return;
      case "bridge":
        return this.#driverReport(input.report, now);
      case "state":
        return this.#stateAnswered(input.state, now);
      case "result":
        return this.#executed(input.execution, input.result, now);
      case "time":
        if (this.#holdsCallers) this.#keypads.heldTimePassed(now);
        if (!this.#acting) return;
        this.#keypads.timePassed(now);
        this.#events.reportSpeech();
        this.#endOverdue(now);
        this.#effects.askState ||= now >= this.#digestsAt && !this.#bridge.isAsked && !this.#events.hasDigests;
        return;
      case "stop":
        this.#stopping = true;
        return;
      default:
        return assertNever(input);
    }
  }

  /** Begins what may begin. */
  #begin(now: EpochMs): void {
    for (let ready = this.#pending.begin(now); ready.length > 0; ready = this.#pending.begin(now)) {
      for (const pending of ready) {
        const { id, conference, command } = pending;
        if (!isInTime(pending, now)) this.#events.settle(pending, { done: false, reason: "too-late" });
        else if (command.type === "identify") this.#events.settle(pending, { done: true });
        else {
          const refusal = this.#carryOut({ id, conference, command }, now);
          if (refusal === null) {
            this.#acks.begun(conference, id);
            continue;
          }
          const number = command.type === "dial" && { number: dialledDigits(command.number) };
          this.#policyActs(refusal, { conference, commandId: id, ...number }, now);
          this.#events.settle(pending, { done: false, reason: "refused" });
        }
      }
    }
  }

  /** Hands the command to the driver, unless the policy refuses that: there is no other way to the driver. */
  #carryOut(execution: Execution, now: EpochMs): PolicyReason | null {
    const permitted = this.#policy.permit(execution, now);
    if (!permitted.ok) return permitted.error;
    this.#effects.executions.push(permitted.value);
    return null;
  }

  /** Each is counted. */
  #policyActs(reason: PolicyReason, about: Partial<Note>, now: EpochMs): void {
    this.#effects.policyActs.push(reason);
    const line = this.#policy.line(reason, about, now);
    if (line) this.#effects.notes.push(line);
  }

  /** Ends what lasts longer than the policy lets it, as somebody at a telephone could. */
  #endOverdue(now: EpochMs): void {
    for (const { conference, call } of this.#policy.overdue(this.#reports.allLive(), now)) {
      const command = call ? ({ type: "expel", call } as const) : ({ type: "end-conference" } as const);
      this.#pending.add({ conference, id: this.#newId(), origin: "policy", command }, now);
      const number = call && this.#legs.find(call)?.number;
      const about = { conference, ...(call && { call }), ...(number && { number }) };
      this.#policyActs(call ? "longest-call" : "longest-conference", about, now);
    }
  }

  #edgeMessage(message: EdgeToAgent, now: EpochMs): void {
    if (message.type !== "welcome" && !this.#role.edgeUp) return; // The message came over a link that was given up.
    switch (message.type) {
      case "welcome": {
        const { role, epoch, activeSince, alone, keypad } = message;
        const assignment = { active: role === "active", epoch, alone, keypad };
        const missed = this.#role.changeMissed(assignment, activeSince);
        if (missed) this.#effects.notes.push(missed);
        return this.#assign(assignment, activeSince, now);
      }
      case "activate":
        if (!this.#role.assignment) return;
        this.#note("info", "takeover", takeoverText(message));
        return this.#assign({ ...this.#role.assignment, active: true, epoch: message.epoch }, message.epoch, now);
      case "commands":
        if (this.#role.active && !this.#stopping && message.epoch >= this.#role.epoch)
          this.#receiveCommands(message, now);
        return;
      case "reports-ack": {
        const { conference, stream, upTo } = message;
        if (this.#reports.acknowledge(conference, stream, upTo, now)) return;
        const text = "edge and agent disagree on what was reported of this conference; a snapshot follows";
        this.#note("warn", "reports-disagree", text, { conference });
        return this.#reports.restartStream(conference);
      }
      case "snapshot-wanted":
        return this.#reports.wantSnapshot(message.conference, message.unless);
      case "digest-confirmed":
        return this.#events.digestConfirmed(message);
      case "pong":
        return; // The link's own.
      default:
        return assertNever(message);
    }
  }

  #receiveCommands(message: Extract<EdgeToAgent, { type: "commands" }>, now: EpochMs): void {
    const { conference, commands, notUnderstood = [] } = message;
    for (const id of notUnderstood) {
      if (!this.#pending.addRefused(conference, id, now)) continue;
      this.#reports.add(conference, { type: "result", id, result: { done: false, reason: "not-supported" } });
      const text = "a command is refused: this version of the agent does not know it";
      this.#note("warn", "command-unknown", text, { conference, commandId: id });
    }
    if (commands.length === 0) return;
    let fresh = true;
    for (const { id, command, again, withinMs } of commands) {
      const limit = withinMs === undefined ? {} : { begin: { from: now, before: now + withinMs } };
      fresh = this.#pending.add({ conference, id, origin: "edge", command, ...limit }, now, again) && fresh;
    }
    const ids = commands.map(({ id }) => id);
    this.#acks.received(conference, ids, fresh, now);
  }

  #stateAnswered(state: DriverState | null, now: EpochMs): void {
    if (!this.#bridge.stateCame() || state === null) return;
    if (this.#bridge.isUp && this.#role.active) this.#reconcile(state, now);
    else if (this.#holdsCallers) this.#keypads.reconcileHeld(state.calls, now);
  }

  #reconcile(state: DriverState, now: EpochMs): void {
    const bridge = this.#bridge;
    const gap = bridge.phase === "reconciling";
    this.#events.reconcile(state, { gap, all: bridge.snapshotsDue }, now);
    bridge.phase = "up";
    if (gap) this.#noteActing(state, now);
    bridge.callsOfOthers = state.callsOfOthers;
    if (bridge.snapshotsDue) this.#digestsAt = now + DIGESTS_EVERY_MS;
    bridge.snapshotsDue = false;
    if (now < this.#digestsAt) return;
    this.#digestsAt = now + DIGESTS_EVERY_MS;
    if (this.#role.edgeUp) this.#events.beginDigests(state);
  }

  #sendDigests(): void {
    const digests = this.#events.nextDigests();
    if (digests.length > 0) this.#effects.messages.push({ type: "digests", epoch: this.#role.epoch, digests });
  }

  #executed({ id, conference }: Execution, result: ExecutionResult, now: EpochMs): void {
    if (conference === null) return this.#hangUps.finished(id, result, now);
    const pending = this.#pending.find(conference, id);
    if (!pending) return;
    // A driver that has lost the bridge says so first; when the bridge is back, its state shows what is left to do.
    const lost = result.done === false && result.reason === "unreachable" && this.#bridge.phase !== "up";
    if (lost || result.done === "unknown") this.#pending.setInDoubt(pending, "tooSlow" in result);
    else this.#events.settle(pending, result);
  }

  /** The edge makes this agent active, or a standby. Reports that found no link are sent now. */
  #assign(assignment: Assignment, activeSince: number, now: EpochMs): void {
    if (!this.#role.edgeUp) this.#keypads.edgeBack();
    const { wasActive, succeeds } = this.#role.assign(assignment, activeSince, now);
    if (!wasActive && assignment.active) this.#bridgeBackAt = null;
    this.#keypads.codes = assignment.keypad;
    this.#health.clear();
    if (!assignment.active || succeeds) {
      // Reports that waited while another agent acted are out of date: that agent's snapshots replace them.
      this.#giveUp();
      this.#reports.restartStreamsWithEvents();
    }
    if (!assignment.active) return;
    this.#pending.activate();
    this.#reports.resendAll();
    if (!this.#bridge.isUp) return;
    if (!wasActive || succeeds) this.#resync();
    this.#bridge.snapshotsDue = true;
    this.#activate();
  }

  #activate(): void {
    this.#bridge.activate();
    this.#effects.activate = this.#role.assignment?.epoch ?? 0;
    this.#effects.askState = true;
  }

  #noteActing({ conferences, calls }: DriverState, now: EpochMs): void {
    const up = calls.filter(({ stage }) => stage !== "ended");
    const held = `${counted(conferences.length, "conference")}, ${counted(up.length, "call")}`;
    const begun = this.#bridgeBackAt ?? this.#role.activeAt;
    const cause = this.#bridgeBackAt === null ? "the edge made it active" : "the bridge was connected";
    const since = begun === null ? "" : `, ${((now - begun) / 1_000).toFixed(1)} s after ${cause}`;
    this.#note("info", "active", `this agent acts on the bridge (${held})${since}`, { epoch: this.#role.epoch });
  }

  #note(level: Note["level"], event: Note["event"], text: string, more: Partial<Note> = {}): void {
    this.#effects.notes.push({ level, event, text, ...more });
  }

  /** Another agent is active: what was not begun, or is in doubt, must not happen when this one is active again. */
  #giveUp(): void {
    this.#keypads.clear();
    for (const pending of this.#pending.idle()) {
      this.#events.settle(pending, { done: false, reason: "unreachable" });
    }
  }

  #driverReport(report: DriverReport, now: EpochMs): void {
    switch (report.type) {
      case "connected":
        this.#note("info", "bridge-connected", `bridge connected, its boot id is ${report.bootId}`);
        if (report.bootId !== this.#bridge.bootId) {
          if (this.#bridge.bootId !== null) this.#pending.bridgeRestarted();
          this.#journal.saveBootId(report.bootId);
        }
        this.#bridge.connected(report);
        this.#resync();
        if (!this.#role.active) return;
        this.#bridgeBackAt = now;
        return this.#activate();
      case "disconnected":
        this.#note("warn", "bridge-disconnected", `bridge disconnected: ${report.why}`);
        this.#events.clearDigests();
        this.#keypads.clear();
        this.#bridge.lost(report.why);
        if (report.isReplaced) this.#role.replaced();
        return;
      case "ports":
        this.#bridge.ports = report.ports;
        return;
      case "notice":
        return this.#note("warn", "bridge-notice", report.text);
      default:
        // While reconciling, whatever happens is part of the state that is on its way. Which keys there are new, it does not show.
        if (this.#role.active && this.#bridge.phase === "up") this.#events.bridgeEvent(report, now);
        else if (this.#holdsCallers || (this.#role.active && report.type === "keys"))
          this.#keypads.heldEvent(report, now);
    }
  }

  /** Events were missed. Whoever still acts on the bridge, and was not succeeded, has missed no key: it keeps its callers. */
  #resync(): void {
    this.#bridge.resync();
    this.#events.clearDigests();
  }

  #sendReports(now: EpochMs, tick: boolean): void {
    const due = this.#reports.due(this.#role.epoch, now, tick);
    for (const { conference, reports } of due) {
      for (const { report } of reports) if (report.type === "result") this.#acks.hasResult(conference, report.id);
    }
    const isWaiting = (conference: ConfKey, id: CommandId) => this.#pending.isWaiting(conference, id);
    this.#effects.messages.push(...this.#acks.due(now, tick, isWaiting), ...due);
  }

  #sendHealth(tick: boolean, now: EpochMs): void {
    // The same of an active agent and of a standby, which does not look at the state: the edge chooses by it.
    const { isUp: bridgeUp, bootId, ports, cannot } = this.#bridge;
    const boot = bridgeUp && bootId !== null && { bootId };
    const missing = cannot.length > 0 && { cannot };
    const portsInUse = this.#portsInUse;
    const waits = { commands: this.#pending.size, reports: this.status.unacknowledged };
    const health = { type: "health", bridgeUp, ...boot, portsInUse, ports, ...missing, version } as const;
    const due = this.#health.due(health, waits, now, tick);
    if (due) this.#effects.messages.push(due);
  }

  #prune(now: EpochMs): void {
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    this.#journal.prune(now);
  }
}

function isTick({ type }: AgentInput): boolean {
  return type === "time";
}
