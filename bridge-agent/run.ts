import type { CommandId, EpochMs } from "../src/foundation/ids.ts";
import { Histogram } from "../src/foundation/metrics.ts";
import { type Person, persons } from "../src/foundation/shown.ts";
import { shownFacts } from "../src/foundation/text/log-line.ts";
import { isFar } from "../src/foundation/time/clock-jump.ts";
import { WakeTimer } from "../src/foundation/time/wake-timer.ts";
import type { LegView } from "./callers/legs.ts";
import { Agent, type AgentInput, type AgentStatus, unfinishedText } from "./core/agent.ts";
import { type AgentJournal, type JournalFailure, LOCKED_FOR_MS } from "./core/journal.ts";
import { type Permitted, type PolicyReason, policyReasons } from "./core/policy.ts";
import type { BridgeDriver, DriverPorts } from "./drivers/driver.ts";
import { kindOf } from "./drivers/registry.ts";
import { EdgeLink } from "./link/edge-link.ts";
import type { OpenSocket } from "./link/reconnecting-socket.ts";
import { type AgentLogLine, lineOf, lineOfCommand, type Note } from "./service/log.ts";
import type { AgentSettings } from "./service/settings.ts";
import type { AgentKey } from "./service/state-folder.ts";

interface AgentPorts extends DriverPorts {
  /** Absent: as to the bridge. */
  readonly openEdgeSocket?: OpenSocket;
  readonly journal: AgentJournal;
  readonly key: AgentKey;
  /** The machine's clock, which somebody may set. */
  now(): EpochMs;
  /** How much time has passed, in milliseconds from some time on, while the machine slept too. */
  passedMs(): number;
  /** Runs it once all that has arrived by now is in the queue. */
  soon(run: () => void): void;
  /** Never the same id twice, not even after a restart. */
  newId(): CommandId;
  log(line: AgentLogLine): void;
  /** The journal cannot be written. The agent has closed its connections, for without its journal it must not act. */
  journalFailed(failure: JournalFailure): void;
}

/** What is counted from the start of a running agent. */
export class Counters {
  readonly commandSeconds = new Histogram(
    "bridgehead_agent_command_seconds",
    "From when the bridge was given a command until its result was known, or given up.",
  );
  readonly edgeMessages = { received: 0, sent: 0 };
  /** What the policy refused or ended, by its reason. */
  readonly policyActs: Record<PolicyReason, number>;
  turns = 0;

  constructor() {
    const reasons = Object.keys(policyReasons) as PolicyReason[];
    this.policyActs = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<PolicyReason, number>;
    for (const result of ["done", "refused", "unknown"]) this.commandSeconds.begin({ result });
  }
}

/** So long what was deleted may stand in the journal's log. */
const CLEAN_EVERY_MS = 10 * 60_000;
const CLEAN_AGAIN_MS = 1_000;
const TICK_MS = 200;
const LOCKED_AGAIN_MS = 20;
/** While nothing waits for time to pass. */
const IDLE_TICK_MS = 2_000;
/** A process that has stood still so long may have been replaced meanwhile: the edge finds a silent agent after 10 s. */
const STOOD_STILL_MS = 3_500;
/** No command takes longer than 30 s. */
const STOP_WITHIN_MS = 45_000;

export interface CallView extends Pick<LegView, "muted" | "stage"> {
  readonly call: string;
  /** Empty when withheld. */
  readonly number: string;
  readonly conference: string | null;
  readonly room: string | null;
  /** When this agent first saw the call, ISO 8601. */
  readonly since: string;
}

export class RunningAgent {
  readonly counters = new Counters();
  readonly #ports: AgentPorts;
  /** How its log and `calls` show numbers and keys. */
  readonly #person: Person;
  readonly #agent: Agent;
  readonly #link: EdgeLink;
  readonly #driver: BridgeDriver;
  #inputs: AgentInput[] = [];
  #stopped = false;
  /** In passed time. */
  #turnedAt: number;
  #cleanedAt: number;
  /** Start of another program's lock on the journal; `null` if it is free. */
  #lockedSince: number | null = null;
  /** What the machine's clock showed at the start, less the time that had passed by then. */
  readonly #began: EpochMs;
  /** By how much it was set since then, as the edge last heard. */
  #saidSetMs = 0;
  readonly #tick: WakeTimer;

  constructor(settings: AgentSettings, ports: AgentPorts) {
    this.#ports = ports;
    this.#turnedAt = ports.passedMs();
    this.#cleanedAt = this.#turnedAt;
    this.#began = ports.now() - this.#turnedAt;
    // Never a turn at once: after a standstill, what came meanwhile may say that another agent acts.
    this.#tick = new WakeTimer(ports.timers, ports.monotonicMs, () => this.#put({ type: "time" }));
    this.#person = settings.logs.personal ? persons.full : persons.masked;
    this.#agent = new Agent(ports.journal, ports.newId, settings.policy);
    const { agent, domain, bridge, dialIn } = settings;
    const identity = { agent, owner: `${domain}/${bridge}`, dialIn };
    this.#driver = kindOf(settings.driver).create(settings.driver, ports, identity);
    this.#link = new EdgeLink({
      settings,
      key: ports.key,
      openSocket: ports.openEdgeSocket ?? ports.openSocket,
      timers: ports.timers,
      now: ports.now,
      random: ports.random,
      message: (message) => {
        this.counters.edgeMessages.received += 1;
        this.#put({ type: "edge", message });
      },
      lost: () => this.#put({ type: "edge-lost" }),
      log: (note) => this.#note(note),
    });
  }

  get status(): AgentStatus {
    return this.#agent.status;
  }

  start(): void {
    this.#driver.start((report) => {
      this.#put({ type: "bridge", report });
      // Another agent acts: the edge says which one shall.
      if (report.type === "disconnected" && report.isReplaced) this.#link.renew();
    });
    this.#link.connect();
    this.#scheduleTick();
  }

  /** The calls that this agent knows, as its settings let them be shown. */
  get calls(): readonly CallView[] {
    const person = this.#person;
    return this.#agent.calls.map((call) => {
      const view = { ...call, since: new Date(call.since + this.#clockSetMs).toISOString() };
      return shownFacts(view, person);
    });
  }

  /**
   * Starts nothing new, waits until the bridge has finished its commands and the edge has the results, and closes the connections.
   * A standby takes over once the link is closed.
   */
  async stop(): Promise<void> {
    this.#put({ type: "stop" });
    const { timers } = this.#ports;
    let isLate = false;
    const cancel = timers.after(STOP_WITHIN_MS, () => {
      isLate = true;
    });
    const isDone = ({ running, edgeUp, unacknowledged }: AgentStatus) =>
      this.#inputs.length === 0 && running === 0 && !(edgeUp && unacknowledged > 0);
    do await new Promise<void>((resolve) => timers.after(20, resolve));
    while (!isDone(this.status) && !this.#stopped && !isLate);
    cancel();
    const left = unfinishedText(this.status);
    if (left !== null) this.#note({ level: "warn", event: "stopped", text: `this agent ends; left: ${left}` });
    await this.#close();
  }

  #close(): Promise<void> {
    this.#stopped = true;
    this.#tick.cancel();
    this.#link.stop();
    return this.#driver.stop();
  }

  /** All that comes in before the turn belongs to the turn: one transaction, one message for each conference. */
  #put(input: AgentInput): void {
    // An input after the end is found in the bridge's state, or repeated by the edge, at the next start.
    if (this.#stopped) return;
    this.#inputs.push(input);
    if (this.#inputs.length === 1) this.#ports.soon(() => this.#turn());
  }

  #turn(): void {
    if (this.#stopped) return;
    if (this.#hasStoodStill()) this.#askAnew();
    const turned = this.#ports.journal.transaction(() => {
      const inputs = this.#inputs;
      this.#inputs = [];
      this.#lockedSince = null;
      this.counters.turns += 1;
      return this.#agent.turn(inputs, this.#now, this.#clockSetMs);
    });
    if (!turned.ok) {
      if (turned.error.kind === "busy" && this.#mayWait()) return;
      void this.#close();
      return this.#ports.journalFailed(turned.error);
    }
    const { messages, announcements, executions, activate, askState, notes, policyActs } = turned.value;
    for (const reason of policyActs) this.counters.policyActs[reason] += 1;
    for (const note of notes) this.#note(note);
    if (activate !== null) this.#driver.activate(activate);
    this.#link.send(messages);
    this.#noticeClock();
    this.counters.edgeMessages.sent += messages.length;
    for (const { call, announcement } of announcements) this.#driver.announce(call, announcement);
    for (const execution of executions) void this.#execute(execution);
    this.#cleanJournal();
    if (askState) void this.#driver.state().then((state) => this.#put({ type: "state", state }));
    this.#scheduleTick();
  }

  /** Waits for another program's lock on the journal. Inputs stay queued. */
  #mayWait(): boolean {
    this.#lockedSince ??= this.#turnedAt;
    if (this.#turnedAt - this.#lockedSince >= LOCKED_FOR_MS) return false;
    this.#ports.timers.after(LOCKED_AGAIN_MS, () => this.#turn());
    return true;
  }

  /** Goes on at one pace, whoever sets the machine's clock. */
  get #now(): EpochMs {
    return Math.floor(this.#began + this.#ports.passedMs());
  }

  get #clockSetMs(): number {
    return Math.round(this.#ports.now() - this.#ports.passedMs() - this.#began);
  }

  #cleanJournal(): void {
    if (this.#turnedAt - this.#cleanedAt < CLEAN_EVERY_MS) return;
    const againInMs = this.#ports.journal.clean() ? CLEAN_EVERY_MS : CLEAN_AGAIN_MS;
    this.#cleanedAt = this.#turnedAt - CLEAN_EVERY_MS + againInMs;
  }

  /** The edge shows people that the clocks differ. */
  #noticeClock(): void {
    const setMs = this.#clockSetMs;
    if (!isFar(setMs - this.#saidSetMs)) return;
    this.#saidSetMs = setMs;
    this.#link.sayHealth();
  }

  #hasStoodStill(): boolean {
    const before = this.#turnedAt;
    this.#turnedAt = this.#ports.passedMs();
    return this.#turnedAt - before > STOOD_STILL_MS;
  }

  /** Another agent may act by now. What came from the edge before counts no more, not even a welcome. */
  #askAnew(): void {
    const text = "this process stood still: asking the edge anew whether it acts";
    this.#note({ level: "warn", event: "stood-still", text });
    this.#inputs = [{ type: "edge-lost" }, ...this.#inputs.filter(({ type }) => type !== "edge")];
    this.#link.renew();
  }

  async #execute(execution: Permitted): Promise<void> {
    const { monotonicMs } = this.#ports;
    const begin = monotonicMs();
    const result = await this.#driver.execute(execution.id, execution.conference, execution.command);
    const word = result.done === true ? "done" : result.done === false ? "refused" : "unknown";
    this.counters.commandSeconds.observe({ result: word }, monotonicMs() - begin);
    this.#ports.log(lineOfCommand(execution, result, this.#person, (text) => this.#agent.isSecret(text)));
    this.#put({ type: "result", execution, result });
  }

  #note(note: Note): void {
    this.#ports.log(lineOf(note, this.#person));
  }

  #scheduleTick(): void {
    this.#tick.wakeWithin(this.#agent.waitsForTime ? TICK_MS : IDLE_TICK_MS);
  }
}
