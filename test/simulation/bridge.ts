import { type AgentConnection, Agents } from "../../simulators/bridge/agents.ts";
import { Machine } from "../../simulators/bridge/machine.ts";
import type { Call } from "../../simulators/bridge/world.ts";
import type { BridgeCommand, CommandType } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { AgentToBridge, BridgeToAgent } from "../../src/bridge/protocol.ts";
import { type BridgeName, type CallId, type CommandId, type ConfKey, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import { faultsOf, type WorldContext } from "./context.ts";
import type { FaultSource } from "./faults.ts";
import type { Wire } from "./wire.ts";

export type BridgeWire = Wire<BridgeToAgent, AgentToBridge>;

/** One command as the bridge carried it out. */
export interface Execution {
  readonly at: number;
  readonly commandId: CommandId;
  readonly conference: ConfKey | null;
  readonly command: BridgeCommand;
  readonly done: boolean;
  /** When the active agent connected last, or became active: it knows of what was before only by what the bridge shows. */
  readonly agentSince: number;
}

/** The number at which callers of these agents' owner dial in. */
export const dialIn = "18005550100";

/** What another owner has on the same bridge: a conference, its callers, and a caller at the prompt of its number. */
export const foreignKey = "999000111" as ConfKey;
const foreignOwner = "elsewhere/bridge";
const foreignDialIn = "18005550199";
const foreignActsEveryMs = 60_000;

/** A conference of the agents' owner of which the edge knows nothing, as if it had lost its state. */
/** Of a conference of its owner that each bridge has by itself, and that the edge finds. */
const orphanKeys = 999_001_000;

/** The simulated bridge, behind wires instead of sockets. */
export class Bridge {
  machine: Machine;
  down = false;
  readonly acts: Execution[] = [];
  /** Hears of each command at once. */
  onAct: (command: Execution) => void = () => {};
  /** Hears of each command that it is given while it is slow. */
  onGiven: (conference: ConfKey | null, id: CommandId) => void = () => {};
  isActive: (agent: string) => boolean = () => true;
  /** Hears of what telephones do. */
  onEvent: (event: BridgeEvent) => void = () => {};
  /** Hears of each caller whom the bridge mutes or unmutes by itself. */
  onConsole: (call: Call) => void = () => {};
  /** The numbers whose calls a restart has ended. */
  readonly lost = new Set<string>();
  /** When another agent became the active one, each time. */
  readonly agentCameAt: number[] = [];
  #agentSince = 0;
  readonly faults: FaultSource;
  readonly #context: WorldContext;
  readonly #wires = new Set<BridgeWire>();
  #agents: Agents;
  #boots = 0;
  /** Calls from before its last restart. */
  readonly #before: Call[] = [];
  /** Each command takes up to so long; 0: none takes any time. */
  #slowMs = 0;

  readonly name: BridgeName;
  readonly orphanKey: ConfKey;
  readonly #owner: string;
  readonly #ports: number | null;
  readonly #isShared: boolean;

  /** `owner`: for whom its agents act. `ports`: how many calls it can hold; `null`: it does not say. `isShared`: it also has conferences of others. */
  constructor(
    context: WorldContext,
    { name, owner }: { name: BridgeName; owner: string },
    ports: number | null,
    isShared = true,
  ) {
    this.name = name;
    this.orphanKey = String([...name].reduce((sum, sign) => sum * 7 + sign.charCodeAt(0), orphanKeys)) as ConfKey;
    this.#owner = owner;
    this.#ports = ports;
    this.#isShared = isShared;
    this.#context = context;
    this.faults = faultsOf(context, `bridge ${name}`);
    [this.machine, this.#agents] = this.#boot();
    if (isShared) this.#actInForeign();
  }

  /** False: nothing answers. */
  connect(wire: BridgeWire, agent: string | null): boolean {
    if (this.down) return false;
    if (agent === null || this.isActive(agent)) this.agentComes();
    this.#wires.add(wire);
    const connection: AgentConnection = this.#agents.connect(
      {
        send: (message) => {
          const isResult = message.type === "done" || message.type === "refused";
          if (isResult && this.faults.hits("act done, answer lost")) wire.cut(false);
          else wire.toNear(message.type === "hello" ? { ...message, ports: this.#ports } : message);
        },
        close: (code) => wire.close("far", code),
        terminate: () => wire.close("far", 1006),
      },
      agent,
    );
    wire.far = {
      heard: (message) => connection.message(ok(message)),
      closed: () => {
        this.#wires.delete(wire);
        connection.closed();
      },
    };
    return true;
  }

  /** All calls are gone, and after a while the bridge is there again. */
  restart(downMs: number): void {
    this.down = true;
    for (const wire of this.#wires) wire.close("far", 1006);
    this.#wires.clear();
    for (const { number } of this.machine.world.calls.values()) this.lost.add(number);
    this.#before.push(...callsIn(this.machine));
    [this.machine, this.#agents] = this.#boot();
    this.#context.clock.after(downMs, () => {
      this.down = false;
    });
  }

  /** All calls that it ever had, those of other owners aside. */
  get everyCall(): readonly Call[] {
    return [...this.#before, ...callsIn(this.machine)];
  }

  /** From now on each command takes up to so long. */
  slow(mostMs: number): void {
    this.#slowMs = mostMs;
    this.machine.setFaults({ ...this.machine.faults, delayMs: 0 });
  }

  /** Commands take their time, or one still does. */
  get isSlow(): boolean {
    return this.#slowMs > 0 || this.machine.held > 0;
  }

  /** Its own operator mutes a caller, or undoes that: no event tells of it. */
  muteByConsole(call: Call): void {
    this.#context.tell(() => `bridge ${this.name}: console ${call.muted ? "unmutes" : "mutes"} ${call.number}`);
    this.machine.muteByConsole(call, !call.muted);
    this.onConsole(call);
  }

  /** Commands of these types are refused from now on. */
  refuse(types: readonly CommandType[]): void {
    this.machine.setFaults({ ...this.machine.faults, refuse: types });
  }

  /** The active agent connects, or another one becomes active: from now on it goes by what the bridge shows. */
  agentComes(): void {
    this.#agentSince = this.#context.clock.now;
  }

  callsOf(key: ConfKey): Call[] {
    return this.machine.world.callsOf(key);
  }

  #actInForeign(): void {
    this.#context.clock.after(foreignActsEveryMs, () => {
      const { locked = false } = this.machine.world.conferences.get(foreignKey) ?? {};
      this.machine.lockByTelephone(foreignKey, !locked);
      this.#callInForeign();
      this.#callInUnknown();
      this.#actInForeign();
    });
  }

  /** Whether another owner's caller is still at the prompt. */
  get hasForeignCaller(): boolean {
    return [...this.machine.world.calls.values()].some((call) => isForeign(call) && call.stage === "prompted");
  }

  /** Its caller comes and goes, talks and presses keys. */
  #callInForeign(): void {
    const { world } = this.machine;
    const [call] = world.callsOf(foreignKey);
    for (const caller of world.calls.values())
      if (isForeign(caller) && caller.stage === "prompted") this.machine.press(caller, "1#");
    if (call) {
      this.machine.talk(call, !call.talking);
      this.machine.press(call, "*6");
      if (this.faults.draws.chance(0.3)) this.machine.hangUp(call);
      return;
    }
    const id = `foreign-${this.#context.clock.now}` as CallId;
    const kind = { direction: "in", extension: null, conference: foreignKey, stage: "entered" } as const;
    // With a tone: the keys of a silent monitor mean nothing.
    const entered = world.addCall({ ...kind, id, number: "4420", dialled: foreignDialIn });
    Object.assign(entered, { room: MAIN_ROOM, joinTone: true });
  }

  /** A caller keys itself in, or leaves. */
  #callInUnknown(): void {
    if (!this.#context.faults.active) return; // What is quiet stays quiet.
    const [call] = this.callsOf(this.orphanKey);
    if (call) this.machine.hangUp(call);
    else this.machine.dialIn("4430", `${this.orphanKey}##`, dialIn);
  }

  /** The bridge has changed and says nothing: a look at its state must find it. */
  #isLost({ world }: Machine, event: BridgeEvent): boolean {
    if (event.type !== "ended" && event.type !== "talking" && event.type !== "lock-changed") return false;
    if (event.conference === null || event.conference === foreignKey) return false;
    // A phone that is rung has a deadline, which tells of it.
    if (event.type === "ended" && world.find(event.call)?.direction === "out") return false;
    return this.faults.hits("bridge event lost");
  }

  #boot(): [Machine, Agents] {
    this.#boots += 1;
    const { clock, tell } = this.#context;
    const machine: Machine = new Machine(
      `b${this.#boots}`,
      clock,
      (event) => {
        if (machine !== this.machine) return;
        tell(() => `bridge ${this.name}: ${JSON.stringify(event)}`);
        this.onEvent(event);
        if (!this.#isLost(machine, event)) agents.sendEvent(event);
      },
      () => {},
    );
    if (this.#isShared) {
      machine.world.addConference(foreignKey, foreignOwner);
      machine.world.addConference(this.orphanKey, this.#owner);
      machine.dialIn("4421", "", foreignDialIn);
    }
    const agents = new (this.#context.lie.letsTwoAgentsAct ? EqualAgents : Agents)({
      bootId: machine.bootId,
      cannot: machine.cannot,
      world: machine.world,
      get faults() {
        return machine.faults;
      },
      state: () => machine.state(),
      announce: (owner, id, announcement) => {
        const call = machine.world.find(id);
        if (call && isForeign(call)) this.#context.violated("what is another owner's is left alone", announcement);
        machine.announce(owner, id, announcement);
      },
      execute: (owner, commandId, conference, command, answer) => {
        if (this.#slowMs > 0) {
          this.onGiven(conference, commandId);
          machine.setFaults({ ...machine.faults, delayMs: this.faults.draws.between(0, this.#slowMs) });
        }
        const call = "call" in command ? machine.world.find(command.call) : undefined;
        if (this.#context.lie.ignores?.(command, conference === null)) {
          answer({ done: true });
          return () => {};
        }
        return machine.execute(owner, commandId, conference, command, (result) => {
          if (machine !== this.machine) return;
          const { done } = result;
          const agentSince = this.#agentSince;
          const made: Execution = { at: clock.now, commandId, conference, command, done, agentSince };
          tell(() => `bridge ${this.name}: ${commandId} ${JSON.stringify(command)} ${JSON.stringify(result)}`);
          if (conference === foreignKey || (call && isForeign(call)))
            this.#context.violated("what is another owner's is left alone", `${commandId} ${JSON.stringify(command)}`);
          const isOfKeypad = commandId.startsWith("keypad-");
          if (
            conference === this.orphanKey &&
            !isOfKeypad &&
            command.type !== "lock" &&
            command.type !== "end-conference"
          )
            this.#context.violated("an orphan goes on without WebEx", `${commandId} ${command.type}`);
          this.acts.push(made);
          this.onAct(made);
          answer(result);
        });
      },
    });
    return [machine, agents];
  }
}

/** None ever acts in the place of another. */
class EqualAgents extends Agents {
  protected override replace(): void {}
}

function callsIn({ world }: Machine): Call[] {
  return [...world.ended.values(), ...world.calls.values()].filter((call) => !isForeign(call));
}

function isForeign({ conference, dialled }: Call): boolean {
  return conference === foreignKey || dialled === foreignDialIn;
}

/** The bridges of one domain; each conference is on one of them. */
export class Bridges {
  readonly all: readonly Bridge[];
  readonly #holders = new Map<ConfKey, Bridge>();

  constructor(all: readonly Bridge[]) {
    this.all = all;
  }

  /** The bridge that holds the conference, or held it last. */
  of(key: ConfKey): Bridge {
    const last = this.#holders.get(key) ?? this.all[0];
    if (last?.machine.world.conferences.has(key)) return last;
    const holder = this.all.find(({ machine }) => machine.world.conferences.has(key)) ?? last;
    if (!holder) throw new Error("a domain has a bridge");
    this.#holders.set(key, holder);
    return holder;
  }

  /** The bridge that has this call. */
  with(call: Call): Bridge | undefined {
    return this.all.find(({ machine }) => machine.world.calls.get(call.id) === call);
  }

  get acts(): readonly Execution[] {
    return this.all.flatMap(({ acts }) => acts);
  }
}
