import { Agent, type AgentInput } from "../../bridge-agent/core/agent.ts";
import { openJournal } from "../../bridge-agent/core/journal.ts";
import type { PolicyReason, PolicySettings } from "../../bridge-agent/core/policy.ts";
import type { Execution } from "../../bridge-agent/drivers/driver.ts";
import { Ownership } from "../../bridge-agent/drivers/ownership.ts";
import type { AgentSettings } from "../../bridge-agent/service/settings.ts";
import { Machine } from "../../simulators/bridge/machine.ts";
import type { BridgeCommand, Command, ExecutionResult, IssuedCommand } from "../../src/bridge/commands.ts";
import type { BridgeEvent, ConferenceEvent, Report } from "../../src/bridge/events.ts";
import type { KeypadCodes } from "../../src/bridge/keypad-codes.ts";
import type { PromptCall } from "../../src/bridge/prompt-call.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { version } from "../../src/foundation/version.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import { Clock } from "../kit/clock.ts";

export const KEY = "987654321" as ConfKey;
/** Whose agent it is that a test looks at. */
export const OWNER = "local/simulated";

/** A policy that forbids nothing. */
export const anyNumber: AgentSettings["policy"] = { allow: ["+"], deny: [] };

/** Of an agent that reaches nobody. */
export const agentSettings = {
  edge: "ws://127.0.0.1:9",
  domain: "local",
  bridge: "simulated",
  agent: "agent-1",
  state: "",
  listen: { port: 0 },
  logs: { personal: false },
  driver: { type: "generic", url: "ws://127.0.0.1:9/bridge" },
  policy: anyNumber,
} as const;

export const welcome: Extract<EdgeToAgent, { type: "welcome" }> = {
  type: "welcome",
  role: "active",
  epoch: 1,
  activeSince: 1,
  heartbeatMs: 3_000,
  alone: true,
  keypad: { merge: "*1", mute: "*6", askAttendeeId: true },
};

export function openedJournal(file: string) {
  const opened = openJournal(file);
  if (!opened.ok) throw new Error(opened.error.sentence);
  return opened.value;
}

class Crash extends Error {}

/** An agent between a bridge and an edge that live in the same thread and the same, handmade time. */
export class AgentWorld {
  readonly timers = new Clock();
  readonly journal = openedJournal(":memory:");
  machine = this.#newMachine("boot1");
  /** The reports that the edge accepted, in order. */
  readonly accepted: Report[] = [];
  /** Every message that reached the edge. */
  readonly heard: AgentToEdge[] = [];
  epoch = 1;
  /** The epoch since which no other agent was active. */
  activeSince = 1;
  /** Whether the bridge has no other agent. */
  alone = true;
  keypad: KeypadCodes = { merge: "*1", mute: "*6", askAttendeeId: true };
  /** How many calls the bridge says that it carries; `null`: any number. */
  ports: number | null = null;
  /** Those that it keeps, by call. */
  readonly promptCalls = new Map<CallId, PromptCall>();
  /** The connection looks alive, but what the agent says is lost. */
  edgeDeaf = false;
  /** How the edge reacts to what it takes, with commands of its own. */
  react: (report: Report) => readonly [string, BridgeCommand][] = () => [];
  /** The agent dies at this step of its work; `null`: never. */
  crashAt: number | null = null;
  steps = 0;
  crashes = 0;

  readonly #policy: PolicySettings;
  #agent: Agent;
  #now = 100_000_000;
  /** Of the agent's machine; `null`: nobody knows. */
  bootId: string | null = null;
  /** By the time of this life. */
  #bootedAt = 0;
  /** By how much the machine's clock was set in this life. */
  #clockSetMs = 0;
  #inputs: AgentInput[] = [];
  #bridgeUp = false;
  #edgeUp = false;
  /** The highest report number that the edge has accepted of each stream of a conference. */
  readonly #watermarks = new Map<string, number>();
  /** The edge acknowledges nothing that it accepts. */
  silent = false;
  readonly notes: string[] = [];
  /** Number of requests for the bridge's whole state. */
  stateQuestions = 0;
  /** The epochs by which the agent took the bridge for itself. */
  readonly activated: number[] = [];
  /** What callers were to hear. */
  readonly announced: string[] = [];
  /** What the policy refused or ended. */
  readonly policyActs: PolicyReason[] = [];
  /** Called for each command that the bridge is given. */
  onExecute: (execution: Execution) => void = () => {};
  #lives = 0;
  /** As in any driver. */
  readonly #ownership = new Ownership({ owner: OWNER });
  /** Commands that the bridge has not begun: it drops them with the link. */
  readonly #held = new Map<Execution, () => void>();
  readonly #repeated = new Map<string, { readonly conference: ConfKey; readonly issued: IssuedCommand }>();

  constructor(policy: PolicySettings = anyNumber) {
    this.#policy = policy;
    this.#agent = this.#newAgent();
  }

  get status() {
    return this.#agent.status;
  }

  /** As operations staff are shown them. */
  get calls() {
    return this.#agent.calls;
  }

  events(): ConferenceEvent[] {
    return this.accepted.flatMap((report) => (report.type === "event" ? [report.event] : []));
  }

  results(): Record<string, unknown> {
    return Object.fromEntries(
      this.accepted.flatMap((report) => (report.type === "result" ? [[report.id, report.result.done]] : [])),
    );
  }

  acts(): string[] {
    return this.machine.acts.map(({ act, call, outcome }) => `${act}${call ? ` ${call}` : ""} ${outcome}`);
  }

  connect(role: "active" | "standby" = "active"): void {
    this.connectBridge();
    this.connectEdge(role);
  }

  connectBridge(): void {
    this.#bridgeUp = true;
    this.#put({
      type: "bridge",
      report: { type: "connected", bootId: this.machine.bootId, ports: this.ports, cannot: this.machine.cannot },
    });
  }

  /** As of any driver, unanswered commands are `unknown`; `tooSlow`: the link was given up because they were unanswered. */
  loseBridge(result: ExecutionResult = { done: "unknown" }): void {
    const unanswered = [...this.#held.keys()];
    this.#bridgeUp = false;
    this.#callOff();
    this.#put({ type: "bridge", report: { type: "disconnected", why: "test", isReplaced: false } });
    for (const execution of unanswered) this.#put({ type: "result", execution, result });
  }

  #callOff(): void {
    for (const callOff of this.#held.values()) callOff();
    this.#held.clear();
  }

  restartBridge(): void {
    this.loseBridge();
    this.machine = this.#newMachine("boot2");
    this.connectBridge();
  }

  connectEdge(role: "active" | "standby" = "active"): void {
    this.#edgeUp = true;
    const { epoch, activeSince, alone, keypad } = this;
    this.tell({ type: "welcome", role, epoch, activeSince, heartbeatMs: 3_000, alone, keypad });
  }

  loseEdge(): void {
    this.#edgeUp = false;
    this.#put({ type: "edge-lost" });
  }

  stop(): void {
    this.#put({ type: "stop" });
  }

  tell(message: Extract<AgentInput, { type: "edge" }>["message"]): void {
    this.#put({ type: "edge", message });
  }

  /** The edge repeats it each second until the agent has it. */
  command(
    id: string,
    command: BridgeCommand,
    more: Pick<IssuedCommand, "withinMs" | "again"> = {},
    conference = KEY,
  ): void {
    const issued = { id: id as CommandId, command, ...more };
    this.#repeated.set(id, { conference, issued });
    this.#send(conference, issued);
  }

  #send(conference: ConfKey, issued: IssuedCommand): void {
    if (!this.#edgeUp) return;
    this.tell({ type: "commands", epoch: this.epoch, conference, commands: [issued] });
  }

  /** Lets the agent work until nothing is left to do at this moment. */
  settle(): void {
    for (;;) {
      const inputs = this.#inputs.splice(0);
      if (inputs.length === 0) return;
      try {
        this.#turn(inputs);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        this.restart();
      }
    }
  }

  #turn(inputs: readonly AgentInput[]): void {
    const turned = this.journal.transaction(() => {
      const decided = this.#agent.turn(inputs, this.#now, this.#clockSetMs);
      this.#step();
      return decided;
    });
    if (!turned.ok) throw new Error(turned.error.sentence);
    const effects = turned.value;
    this.#step();
    this.notes.push(...effects.notes.map(({ text }) => text));
    if (effects.activate !== null) this.activated.push(effects.activate);
    this.policyActs.push(...effects.policyActs);
    for (const message of effects.messages) {
      if (this.#edgeUp && !this.edgeDeaf) this.#edgeHears(message);
      this.#step();
    }
    for (const { call, announcement } of effects.announcements) this.announced.push(`${call} ${announcement}`);
    for (const execution of effects.executions) {
      if (!this.#bridgeUp) {
        this.#put({ type: "result", execution, result: { done: false, reason: "unreachable" } });
        continue;
      }
      this.onExecute(execution);
      this.#held.set(execution, () => {});
      const { id, conference, command } = execution;
      const callOff = this.machine.execute(OWNER, id, conference, command, (result) => {
        if (result.done) this.#ownership.applySuccess(conference, command);
        if (this.#held.delete(execution)) this.#put({ type: "result", execution, result });
      });
      if (this.#held.has(execution)) this.#held.set(execution, callOff);
      this.#step();
    }
    if (!effects.askState) return;
    this.stateQuestions += 1;
    this.#put({ type: "state", state: this.#bridgeUp ? this.#ownership.ownPart(this.machine.state()) : null });
  }

  get now(): number {
    return this.#now;
  }

  /** The machine's clock is set. */
  setClock(byMs: number): void {
    this.#clockSetMs += byMs;
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 200) {
      this.#now += 200;
      this.timers.advance(200);
      if (passed % 1_000 === 0)
        for (const { conference, issued } of this.#repeated.values()) this.#send(conference, issued);
      this.#put({ type: "time" });
      this.settle();
    }
  }

  /** The process stands still for this time; then its clock comes first, and all that came meanwhile after it. */
  standStill(ms: number, meanwhile: () => void): void {
    this.#now += ms;
    this.#put({ type: "time" });
    meanwhile();
    this.settle();
  }

  /** The bridge says what the simulated one never does. */
  reported(report: BridgeEvent): void {
    this.#put({ type: "bridge", report });
    this.settle();
  }

  /** The process dies and comes back with nothing but its journal. */
  restart(setWhileGoneMs = 0): void {
    this.crashes += 1;
    this.#now += this.#clockSetMs + setWhileGoneMs;
    this.#bootedAt += this.#clockSetMs + setWhileGoneMs;
    this.#clockSetMs = 0;
    this.#callOff();
    this.#inputs = [];
    this.#agent = this.#newAgent();
    const edge = this.#edgeUp;
    if (this.#bridgeUp) this.connectBridge();
    if (edge) this.connectEdge();
  }

  #step(): void {
    this.steps += 1;
    if (this.steps === this.crashAt) throw new Crash();
  }

  #newAgent(): Agent {
    this.#lives += 1;
    const life = this.#lives;
    let count = 0;
    const begun = this.journal.beginLife({ id: this.bootId, at: this.#bootedAt });
    if (!begun.ok) throw new Error(begun.error.sentence);
    return new Agent(this.journal, () => `keypad-${life}-${++count}` as CommandId, this.#policy);
  }

  #newMachine(bootId: string): Machine {
    return new Machine(
      bootId,
      this.timers,
      (report) => {
        if (this.#bridgeUp && this.#ownership.isOwn(report)) this.#put({ type: "bridge", report });
      },
      () => {},
    );
  }

  #put(input: AgentInput): void {
    this.#inputs.push(input);
  }

  #edgeHears(message: AgentToEdge): void {
    this.heard.push(message);
    if (message.type === "commands-ack") for (const id of message.ids) this.#repeated.delete(id);
    if (message.type === "prompt-calls") {
      for (const call of message.calls) this.promptCalls.set(call.call, call);
      if (!this.silent) this.tell({ type: "prompt-calls-ack", upTo: message.upTo });
    }
    if (message.type !== "reports") return;
    const { conference, stream } = message;
    const name = `${conference} ${stream}`;
    let upTo = this.#watermarks.get(name) ?? 0;
    for (const { number, report } of message.reports) {
      if (number !== upTo + 1) continue;
      upTo = number;
      this.#watermarks.set(name, upTo);
      this.accepted.push(report);
      if (report.type === "result") this.#repeated.delete(report.id);
      for (const [id, command] of this.react(report)) this.command(id, command);
    }
    if (!this.silent) this.tell({ type: "reports-ack", conference, stream, upTo });
  }

  /** The edge remembers something else of this conference. */
  remember(conference: ConfKey, upTo: number): void {
    for (const name of this.#watermarks.keys()) {
      if (name.startsWith(conference)) this.#watermarks.set(name, upTo);
    }
  }
}

export const call = (id: string) => id as CallId;

export const create: Command<"create-conference"> = { type: "create-conference", maxCallers: null, anonymousId: "999" };

export const dial = (id: string, local = "5551234"): BridgeCommand => ({
  type: "dial",
  call: call(id),
  number: { country: "1", area: "408", local, extension: "" },
  waitMs: 30_000,
});

export const admit = (id: string): BridgeCommand => ({ type: "admit", call: call(id), muted: false, joinTone: true });

/** The health of an agent of which nothing is known yet but that nothing happens there. */
export const quiet = {
  type: "health",
  portsInUse: 0,
  ports: null,
  version,
  waiting: { commands: 0, reports: 0 },
};

export function running(policy?: PolicySettings): AgentWorld {
  const world = new AgentWorld(policy);
  world.connect();
  world.command("create", create);
  world.settle();
  return world;
}

/** An edge that admits whoever answers. */
export function admitting(report: Report): [string, BridgeCommand][] {
  if (report.type !== "event" || report.event.type !== "call-answered") return [];
  return [[`admit-${report.event.call}`, admit(report.event.call)]];
}
