import { Lanes } from "../../durable-objects/relay/lanes.ts";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { BridgeName, CommandId, ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { type AgentToEdge, CLOSE_CODES, type EdgeToAgent } from "../../src/link/messages.ts";
import {
  activeLink,
  nextSilence,
  type RelayEffect,
  type RelayInput,
  type RelayState,
  restore,
  SILENCE_MS,
  step,
  type WasActive,
} from "../../src/link/relay.ts";
import type { AgentReports } from "../../src/rpc.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { FaultSource } from "./faults.ts";
import type { Surroundings } from "./surroundings.ts";
import { WhoActs } from "./who-acts.ts";
import type { Wire } from "./wire.ts";

export const simulatedBridge = "simulated" as BridgeName;
export type AgentWire = Wire<EdgeToAgent, AgentToEdge>;

export interface RelayNeighbours {
  report(reports: AgentReports): Promise<number>;
  ackCommands(conference: ConfKey, ids: readonly CommandId[]): Promise<void>;
  matchesBridge(conference: ConfKey, digest: string): Promise<boolean>;
}

/** A clock that is set back lets the time begin anew once. */
const silentAtMostMs = 2 * SILENCE_MS + 1_000;

/** The relay object without its sockets: `step` decides, and this carries it out over wires. */
export class Relay {
  readonly #around: Surroundings;
  readonly #faults: FaultSource;
  readonly #domain: DomainName;
  readonly #settings: DomainSettings;
  readonly #neighbours: RelayNeighbours;
  readonly whoActs: WhoActs;
  #wires = new Map<string, AgentWire>();
  #state: RelayState = { epoch: 0, links: [] };
  #lanes: Lanes;
  #life = 0;
  #opened = 0;
  #lastEpoch = 0;
  #alarmIsSet = false;
  /** Link → when the last message of it came, by no machine's clock. */
  readonly #heardAt = new Map<string, number>();

  constructor(around: Surroundings, domain: DomainName, settings: DomainSettings, neighbours: RelayNeighbours) {
    this.#around = around;
    this.#faults = around.faults.source("relay");
    this.#domain = domain;
    this.#settings = settings;
    this.#neighbours = neighbours;
    this.whoActs = new WhoActs(around);
    this.#lanes = this.#newLanes();
  }

  get alone(): boolean {
    return this.#settings.bridges[0]?.agents.length === 1;
  }

  /** An agent has proved who it is. */
  open(agent: string, wire: AgentWire): void {
    const id = `link-${++this.#opened}`;
    wire.far = {
      heard: (message) => {
        this.#heardAt.set(id, this.#around.clock.now);
        this.#take({ type: "message", id, message, at: this.#around.edgeNow() });
      },
      closed: () => {
        this.#wires.delete(id);
        this.#take({ type: "closed", id, at: this.#around.edgeNow() });
      },
    };
    this.#wires.set(id, wire);
    this.#heardAt.set(id, this.#around.clock.now);
    const { alone } = this;
    this.#take({ type: "opened", id, agent, alone, keypad: this.#settings.keypad, at: this.#around.edgeNow() });
  }

  async tell(conference: ConfKey, commands: readonly IssuedCommand[]): Promise<boolean> {
    await this.#around.clock.wait(1);
    if (this.#faults.hits("RPC fails before")) throw new Error("the call did not arrive");
    const effects = this.#take({ type: "commands", conference, commands, at: this.#around.edgeNow() });
    if (this.#faults.hits("RPC fails after")) throw new Error("the answer did not arrive");
    return effects.some((effect) => effect.type === "send" && this.#wires.has(effect.id));
  }

  askForSnapshot(conference: ConfKey): void {
    this.#take({ type: "time", at: this.#around.edgeNow() });
    const active = activeLink(this.#state);
    if (active) this.#wires.get(active.id)?.toNear({ type: "snapshot-wanted", conference });
  }

  /** The object is thrown away with its sockets, but for the epoch and who is active. */
  die(): void {
    this.#life += 1;
    this.#lanes = this.#newLanes();
    const wires = [...this.#wires.values()];
    const active = activeLink(this.#state);
    let wasActive: WasActive | null = active ?? null;
    if (active && this.#wires.has(active.id)) {
      wasActive = { id: active.id, agent: active.agent };
      this.#heardAt.set(active.id, this.#around.clock.now);
    }
    this.#wires.clear();
    this.#state = restore({ epoch: this.#state.epoch, links: [] }, wasActive, this.#around.edgeNow());
    for (const wire of wires) wire.close("far", 1006);
  }

  /** It hibernates: what is under way is forgotten, and the sockets bring their links back. */
  sleep(): void {
    this.#life += 1;
    this.#lanes = this.#newLanes();
  }

  #take(input: RelayInput): readonly RelayEffect[] {
    const { state, effects } = step(this.#state, input);
    this.#state = state;
    const active = activeLink(state);
    if (active) this.whoActs.chosen(active.agent);
    // Whom a silent agent keeps from acting, nobody hears: requests are refused in time all the same.
    const silentMs = this.#around.clock.now - (this.#heardAt.get(active?.id ?? "") ?? this.#around.clock.now);
    if (active && silentMs >= silentAtMostMs) {
      this.#around.violated("a silent agent is replaced", `${active.agent}: ${silentMs} ms`);
    }
    for (const effect of effects) this.#carryOut(effect);
    this.#wakeForSilence();
    return effects;
  }

  /** By the object's alarm, which outlives it. */
  #wakeForSilence(): void {
    const at = nextSilence(this.#state);
    if (at === null || this.#alarmIsSet) return;
    this.#alarmIsSet = true;
    this.#around.clock.after(Math.max(0, at - this.#around.edgeNow()), () => {
      this.#alarmIsSet = false;
      this.#take({ type: "time", at: this.#around.edgeNow() });
    });
  }

  #carryOut(effect: RelayEffect): void {
    switch (effect.type) {
      case "send":
        this.#checkEpoch(effect.message);
        this.#wires.get(effect.id)?.toNear(effect.message);
        return;
      case "close": {
        const wire = this.#wires.get(effect.id);
        this.#wires.delete(effect.id);
        this.#around.tell(() => `relay closes ${effect.id}: ${effect.why}`);
        wire?.close("far", CLOSE_CODES[effect.why]);
        return;
      }
      case "commands-ack":
        return this.#lanes.ackCommands(effect.conference, effect.ids);
      case "reports":
        return this.#lanes.report(effect.conference, effect);
      case "digest":
        return this.#lanes.compare(effect.conference, effect);
    }
  }

  /** By its epoch an agent knows whether another one acted since it did. */
  #checkEpoch(message: EdgeToAgent): void {
    const begins = message.type === "activate" || (message.type === "welcome" && message.role === "active");
    if (!begins) return;
    if (message.epoch <= this.#lastEpoch) this.#around.violated("an epoch begins once", String(message.epoch));
    this.#lastEpoch = message.epoch;
  }

  #newLanes(): Lanes {
    const life = this.#life;
    return new Lanes({
      ackCommands: (confKey, ids) => this.#neighbours.ackCommands(confKey, ids).catch(() => {}),
      report: async (confKey, { id, stream, reports }) => {
        try {
          const upTo = await this.#neighbours.report({
            domain: this.#domain,
            bridge: simulatedBridge,
            confKey,
            stream,
            reports,
          });
          if (life === this.#life)
            this.#wires.get(id)?.toNear({ type: "reports-ack", conference: confKey, stream, upTo });
        } catch {
          // It is made good when the agent repeats.
        }
      },
      compare: async (conference, { id, digest }) => {
        const matches = await this.#neighbours.matchesBridge(conference, digest).catch(() => true);
        if (!matches && life === this.#life) this.#wires.get(id)?.toNear({ type: "snapshot-wanted", conference });
      },
    });
  }
}
