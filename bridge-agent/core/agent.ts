import type { ExecutionResult } from "../../src/bridge/commands.ts";
import type { CommandId, EpochMs } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { version } from "../../src/foundation/version.ts";
import type { EdgeToAgent } from "../../src/link/messages.ts";
import { HangUps } from "../callers/hang-ups.ts";
import { Keypads } from "../callers/keypads.ts";
import { Legs, type LegView } from "../callers/legs.ts";
import { PromptCalls } from "../callers/prompt-calls.ts";
import type { DriverReport, DriverState, Execution } from "../drivers/driver.ts";
import type { Note } from "../service/log.ts";
import { BridgeConnection } from "./bridge-connection.ts";
import { CommandRunner, noEffects, type TurnEffects } from "./command-runner.ts";
import { ConferenceEvents } from "./conference-events.ts";
import { HealthReport } from "./health-report.ts";
import { type AgentJournal, type Assignment, NOTICED_MS } from "./journal.ts";
import { PendingCommands } from "./pending-commands.ts";
import { Durations, Policy, type PolicySettings } from "./policy.ts";
import { Reports } from "./reports.ts";
import { AgentRole, actingText, takeoverText } from "./role.ts";

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
  | { readonly type: "time" }
  /** The process is to end: nothing new is begun. */
  | { readonly type: "stop" };

export interface AgentStatus {
  readonly role: "active" | "standby" | "unknown";
  readonly edgeUp: boolean;
  readonly bridgeUp: boolean;
  /** Why the bridge is not there, for operations staff; `null`: it is, or has not been tried yet. */
  readonly bridgeTrouble: string | null;
  readonly ports: number | null;
  /** `null`: not known, as to a standby, and while the bridge does not answer. */
  readonly calls: number | null;
  /** Commands that the bridge is at work on. */
  readonly running: number;
  /** Commands whose result did not come: the agent that acts next reads it from the bridge's state. */
  readonly inDoubt: number;
  /** Reports that the edge has not acknowledged; those of a standby wait until it is active. */
  readonly unacknowledged: number;
  /** Nothing new is begun any more, and the process ends when what runs is over. */
  readonly draining: boolean;
}

/** Describes the unfinished work of a stopping agent; `null` if there is none. */
export function unfinishedText({
  running,
  inDoubt,
  unacknowledged,
}: Pick<AgentStatus, "running" | "inDoubt" | "unacknowledged">): string | null {
  const parts = [
    { count: running, what: "command", rest: "at work on the bridge" },
    { count: inDoubt, what: "command", rest: "whose result is not known" },
    { count: unacknowledged, what: "report", rest: "not acknowledged by the edge" },
  ];
  const left = parts.filter(({ count }) => count > 0).map(({ count, what, rest }) => `${counted(count, what)} ${rest}`);
  return left.join(" and ") || null;
}

const TRUNK_FAILED = "the trunk did not take a call-out: WebEx is answered bridge-unavailable";
/** Counted from when this agent last saw all of the bridge, so that not all agents send digests at once. */
const DIGESTS_EVERY_MS = 60_000;

/** The agent without clock, sockets or disk. Each turn is a transaction of the journal; its effects come after it. */
export class Agent {
  readonly #journal: AgentJournal;
  readonly #reports: Reports;
  readonly #pending: PendingCommands;
  readonly #legs: Legs;
  readonly #hangUps: HangUps;
  readonly #promptCalls: PromptCalls;
  readonly #keypads: Keypads;
  readonly #events: ConferenceEvents;
  readonly #commands: CommandRunner;
  readonly #policy: Policy;
  readonly #durations: Durations;
  readonly #role: AgentRole;
  readonly #bridge: BridgeConnection;
  readonly #health = new HealthReport();
  /** By how much the machine's clock was set in this life, as the journal has it. */
  #clockSetMs = 0;
  #digestsAt: EpochMs = 0;
  #stopping = false;
  /** When the turn before this one was. */
  #turnBefore: EpochMs = 0;
  #effects = noEffects();
  /** When the bridge was last connected while this agent was active; `null`: not since the edge made it active. */
  #bridgeBackAt: EpochMs | null = null;

  /** `newId` names the commands that the agent itself makes; never the same twice, not even after a restart. */
  constructor(journal: AgentJournal, newId: () => CommandId, policy: PolicySettings) {
    this.#journal = journal;
    const contents = journal.load();
    this.#legs = new Legs(journal, contents.starts);
    this.#durations = new Durations(journal, contents.starts);
    this.#reports = new Reports(journal, contents);
    this.#pending = new PendingCommands(journal, contents);
    this.#hangUps = new HangUps(this.#legs, newId);
    this.#promptCalls = new PromptCalls(journal, contents, this.#reports);
    const shared = { legs: this.#legs, hangUps: this.#hangUps, pending: this.#pending, reports: this.#reports };
    const callers = { ...shared, promptCalls: this.#promptCalls };
    this.#keypads = new Keypads({ ...callers, newId, log: (note) => this.#effects.notes.push(note) });
    this.#events = new ConferenceEvents({ ...callers, keypads: this.#keypads, durations: this.#durations });
    this.#policy = new Policy(policy, contents.dials, { ...shared, journal, durations: this.#durations });
    const effects = () => this.#effects;
    this.#commands = new CommandRunner({ ...shared, events: this.#events, policy: this.#policy, newId, effects });
    this.#role = new AgentRole(journal, contents.assignment);
    this.#bridge = new BridgeConnection(contents.bootId);
    if (contents.assignment) this.#keypads.assigned(contents.assignment);
  }

  /**
   * `now`: the time at the start of this life and what has passed since. `clockSetMs`: by how much
   * the machine's clock was set meanwhile.
   */
  turn(inputs: readonly AgentInput[], now: EpochMs, clockSetMs = 0): TurnEffects {
    this.#durations.passed(now);
    if (Math.abs(clockSetMs - this.#clockSetMs) >= NOTICED_MS) {
      this.#journal.saveClockSet(clockSetMs);
      this.#clockSetMs = clockSetMs;
    }
    this.#turnBefore = this.#legs.now;
    this.#legs.now = now;
    // A caller who has keyed something while this process stood still was not silent.
    const [ticks, others] = [inputs.filter(isTick), inputs.filter((input) => !isTick(input))];
    const tick = ticks.length > 0;
    for (const input of [...others, ...ticks]) this.#apply(input, now);
    const hasCallers = this.#acting || this.#holdsCallers;
    if (hasCallers) {
      this.#thinOutPrompt(now);
      for (const hangUp of this.#hangUps.begin()) this.#commands.carryOut(hangUp, now);
    }
    if (this.#acting) this.#commands.begin(now);
    const announcements = this.#keypads.announcements();
    if (hasCallers) this.#effects.announcements.push(...announcements);
    const wantsState = this.#pending.inDoubt > 0 || this.#reports.isSnapshotDue;
    this.#effects.askState ||= this.#acting && !this.#bridge.isAsked && wantsState;
    if (this.#effects.askState) this.#bridge.ask();
    if (this.#role.edgeUp) this.#sendHealth(tick, now);
    if (this.#role.edgeUp && this.#role.active) {
      this.#effects.messages.push(...this.#commands.due(this.#role.epoch, now, tick));
      const digests = tick ? this.#events.nextDigests() : [];
      if (digests.length > 0) this.#effects.messages.push({ type: "digests", epoch: this.#role.epoch, digests });
    }
    if (tick) this.#pending.prune(now);
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
      calls: this.#bridge.phase === "up" && this.#role.name === "active" ? this.#legs.count : null,
      running: this.#pending.running,
      inDoubt: this.#pending.inDoubt,
      unacknowledged: this.#role.active ? this.#reports.unacknowledged : 0,
      draining: this.#stopping,
    };
  }

  /** The calls of its owner, as far as this agent knows: a standby knows none. */
  get calls(): readonly LegView[] {
    return this.#legs.views;
  }

  /** Whether this text leads into a conference, or makes a silent monitor: wherever a caller has keyed it, nobody is shown it. */
  isSecret(text: string): boolean {
    return this.#reports.live.isSecret(text);
  }

  /** Whether anything waits for time to pass; else it is enough to look at the clock now and then. */
  get waitsForTime(): boolean {
    const { running, inDoubt, unacknowledged } = this.status;
    const isWaiting = running + inDoubt + unacknowledged > 0 || this.#commands.hasAcks;
    const hasWaiting =
      this.#promptCalls.isWaiting ||
      this.#keypads.waitForTime ||
      this.#events.digests.isSending ||
      this.#events.hasSpeech;
    const hasOtherPorts = this.#role.edgeUp && this.#health.hasOtherPorts(this.#portsInUse);
    return isWaiting || hasWaiting || hasOtherPorts;
  }

  get #portsInUse(): number {
    return this.#legs.count + this.#bridge.callsOfOthers;
  }

  #thinOutPrompt(now: EpochMs): void {
    for (const leg of this.#policy.crowd(this.#keypads.arrivedAtPrompt())) {
      const { call, number } = leg;
      this.#commands.policyActs("prompt-calls", { call, number }, now);
      this.#keypads.hangUpOnCrowded(leg);
    }
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
        this.#keypads.edgeLost(now, this.#turnBefore);
        this.#events.digests.clear();
        return;
      case "bridge":
        return this.#driverReport(input.report, now);
      case "state":
        return this.#stateAnswered(input.state, now);
      case "result":
        return this.#commands.executed(input.execution, input.result, this.#bridge.phase === "up", now);
      case "time":
        if (this.#holdsCallers) this.#keypads.heldTimePassed(now);
        if (!this.#acting) return;
        this.#keypads.timePassed(now);
        this.#events.reportSpeech();
        this.#commands.endOverdue(now);
        this.#commands.endAnnounced(now);
        this.#effects.askState ||= now >= this.#digestsAt && !this.#bridge.isAsked && !this.#events.digests.isSending;
        return;
      case "stop":
        this.#stopping = true;
        return;
      default:
        return assertNever(input);
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
          this.#commands.receive(message, now);
        return;
      case "reports-ack": {
        const { conference, stream, upTo } = message;
        if (this.#reports.acknowledge(conference, stream, upTo, now)) return;
        const text = "edge and agent disagree on what was reported of this conference; a snapshot follows";
        this.#note("warn", "reports-disagree", text, { conference });
        return this.#reports.restartStream(conference);
      }
      case "prompt-calls-ack":
        return this.#promptCalls.acknowledge(message.upTo);
      case "snapshot-wanted":
        return this.#reports.wantSnapshot(message.conference, message.unless);
      case "digest-confirmed":
        return this.#events.digests.confirmed(message);
      case "pong":
        return; // The link's own.
      default:
        return assertNever(message);
    }
  }

  #stateAnswered(state: DriverState | null, now: EpochMs): void {
    if (!this.#bridge.stateCame() || state === null) return;
    if (this.#bridge.isUp && this.#role.active) this.#reconcile(state, now);
    else if (this.#holdsCallers) this.#keypads.reconcileHeld(state.calls, now);
  }

  #reconcile(state: DriverState, now: EpochMs): void {
    const bridge = this.#bridge;
    const gap = bridge.phase === "reconciling";
    if (this.#role.assignment?.unseen) this.#events.forgetStarts(state);
    this.#role.bridgeSeen();
    this.#events.reconcile(state, { gap, all: bridge.snapshotsDue }, now);
    bridge.phase = "up";
    if (gap) {
      const text = actingText(state, this.#bridgeBackAt, this.#role.activeAt, now);
      this.#note("info", "active", text, { epoch: this.#role.epoch });
    }
    bridge.callsOfOthers = state.callsOfOthers;
    bridge.setTrouble("numbers-shared", state.sharedWith.join(" and ") || null, now);
    if (bridge.snapshotsDue) this.#digestsAt = now + DIGESTS_EVERY_MS;
    bridge.snapshotsDue = false;
    if (now < this.#digestsAt) return;
    this.#digestsAt = now + DIGESTS_EVERY_MS;
    if (this.#role.edgeUp) this.#events.beginDigests(state);
  }

  /** The edge makes this agent active, or a standby. Reports that found no link are sent now. */
  #assign(assignment: Assignment, activeSince: number, now: EpochMs): void {
    if (!this.#role.edgeUp) this.#keypads.edgeBack(now);
    const { wasActive, succeeds } = this.#role.assign(assignment, activeSince, now);
    if (!wasActive && assignment.active) this.#bridgeBackAt = null;
    this.#keypads.assigned(assignment);
    this.#health.clear();
    if (!assignment.active || succeeds) {
      // Reports that waited while another agent acted are out of date: that agent's snapshots replace them.
      this.#keypads.clear();
      this.#commands.giveUp();
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

  #note(level: Note["level"], event: Note["event"], text: string, more: Partial<Note> = {}): void {
    this.#effects.notes.push({ level, event, text, ...more });
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
        this.#events.digests.clear();
        this.#keypads.clear();
        this.#bridge.lost(report.why);
        if (report.isReplaced) this.#role.replaced();
        return;
      case "notice":
        return this.#note("warn", "bridge-notice", report.text);
      default:
        if (this.#bridge.happened(report, now)) this.#note("warn", "bridge-notice", TRUNK_FAILED);
        // While reconciling, whatever happens is part of the state that is on its way. Which keys there are new, it does not show.
        if (this.#role.active && this.#bridge.phase === "up") this.#events.bridgeEvent(report, now);
        else if (this.#holdsCallers || (this.#role.active && report.type === "keys"))
          this.#keypads.heldEvent(report, now);
    }
  }

  /** Events were missed. Whoever still acts on the bridge, and was not succeeded, has missed no key: it keeps its callers. */
  #resync(): void {
    this.#bridge.resync();
    this.#events.digests.clear();
  }

  #sendHealth(tick: boolean, now: EpochMs): void {
    const waits = { commands: this.#pending.size, reports: this.status.unacknowledged };
    const health = { type: "health", ...this.#bridge.health, portsInUse: this.#portsInUse, version } as const;
    const due = this.#health.due(health, waits, now, tick);
    if (due) this.#effects.messages.push(due);
    this.#effects.messages.push(...this.#promptCalls.due(now));
  }
}

function isTick({ type }: AgentInput): boolean {
  return type === "time";
}
