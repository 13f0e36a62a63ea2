import type { BridgeName, ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import { LogLimit } from "../src/foundation/rate-limit.ts";
import { assertNever, type Result } from "../src/foundation/result.ts";
import type { Timers } from "../src/foundation/timers.ts";
import { type Hello, type Refusal, refusal } from "../src/link/hello.ts";
import { AgentBudget, type Judgement } from "../src/link/limits.ts";
import {
  type AgentToEdge,
  CLOSE_CODES,
  type CloseReason,
  type EdgeToAgent,
  type LinkDecodeError,
} from "../src/link/messages.ts";
import {
  activeLink,
  type ForConference,
  findLink,
  joinWaiting,
  type Link,
  nextSilence,
  type RelayEffect,
  type RelayInput,
  type RelayState,
  restore,
  step,
} from "../src/link/relay.ts";
import type { BridgeHealth, CommandsForBridge, ConferenceRpc, RelayRpc } from "../src/rpc.ts";
import type { DomainSettings } from "../src/settings/domain-settings.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { Log, Sql } from "./platform.ts";
import { RelayStore } from "./relay-store.ts";

interface Identity {
  readonly domain: DomainName;
  readonly bridge: BridgeName;
}

/** Stays with a socket while the relay sleeps. */
export interface Attachment {
  readonly identity: Identity;
  readonly link: Link;
}

/** The sockets of the agents, each named by the id of its link. They outlive the relay's memory. */
export interface AgentSockets {
  /** The latest attachment of each open socket. */
  attachments(): readonly Attachment[];
  has(id: string): boolean;
  /** Sockets of this agent, among them those whose close the agent has not answered yet. */
  countOf(agent: string): number;
  keep(id: string, attachment: Attachment): void;
  /** Sends nothing over a socket that is closed. */
  send(id: string, message: EdgeToAgent): void;
  /** The socket no longer counts, and is in no list of attachments. */
  close(id: string, code: number, reason: string): void;
}

export interface RelayPorts extends Timers {
  readonly sql: Sql;
  readonly sockets: AgentSockets;
  readonly log: Log;
  now(): EpochMs;
  newId(): string;
  /** Replaces the one alarm there is. */
  setAlarm(at: EpochMs): void;
  settings(domain: DomainName): DomainSettings | undefined;
  conference(domain: DomainName, key: ConfKey): Pick<ConferenceRpc, "ackCommands" | "report" | "matchesBridge">;
}

/** Far below the silence after which an agent counts as gone. */
const KEEP_SEEN_MS = 1_000;
const RPC_LIMIT_MS = 10_000;
/**
 * Of one agent. The platform keeps a socket until the agent has answered its close, or the network has given up on it: an agent
 * that answers none must not use up the edge's descriptors. A link that breaks each ten seconds leaves fewer behind.
 */
const MAX_SOCKETS = 100;
const MAX_CONFERENCES_WAITING = 10_000;

/**
 * The edge's end of the agents of one bridge. The relay may be evicted at any time, and woken with nothing but its store and the
 * sockets. `step` decides what an input means; this class carries it out.
 */
export class Relay implements RelayRpc {
  readonly #ports: RelayPorts;
  readonly #store: RelayStore;
  #state: RelayState;
  #identity: Identity | undefined;
  /** On the machine's clock; `null` when none is known to be set. */
  #alarmAt: EpochMs | null = null;
  /** By agent. A challenge that an eviction lost counts as used: the agent gets another one. */
  readonly #challenges = new Map<string, string>();
  readonly #budgets = new Map<string, AgentBudget>();
  /** The link in each socket's attachment, by link id. */
  readonly #kept = new Map<string, Link>();
  readonly #logLimit = new LogLimit();
  readonly #queue: KeyedQueue<ConfKey, ForConference>;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#store = new RelayStore(ports.sql);
    const attachments = ports.sockets.attachments();
    this.#identity = attachments[0]?.identity;
    const state = { epoch: this.#store.read("epoch") ?? 0, links: attachments.map(({ link }) => link) };
    this.#state = restore(state, this.#store.read("active") ?? null, ports.now());
    const active = activeLink(this.#state);
    if (active && !ports.sockets.has(active.id)) {
      const { id, agent, lastSeen } = active;
      this.#store.write("active", { id, agent, lastSeen });
    }
    this.#queue = new KeyedQueue({
      timers: ports,
      limitMs: RPC_LIMIT_MS,
      maxKeys: MAX_CONFERENCES_WAITING,
      join: joinWaiting,
      run: (_, said) => this.#tellConference(said),
      // A failure is made good when the agent repeats.
      failed: (conference, error) => this.#log("conference-not-told", "", { conference, error: String(error) }),
    });
  }

  /** Why an agent whose signature is right gets no socket now: as a rule, since it must sign a challenge first. */
  refusalOf({ agent, challenge }: Hello): Refusal | null {
    const wanted = this.#challenges.get(agent) ?? this.#ports.newId();
    this.#challenges.set(agent, wanted);
    if (challenge !== wanted) return refusal("replayed", wanted);
    this.#challenges.delete(agent);
    // Asked last: whoever repeats an agent's old request must not spend what the agent may.
    const isAllowed = this.#budgetOf(agent).allowsSocket(this.#ports.now());
    return isAllowed && this.#ports.sockets.countOf(agent) < MAX_SOCKETS ? null : refusal("tooMuch");
  }

  /** An agent that was not refused has its socket. */
  opened(id: string, { domain, bridge, agent }: Hello): void {
    this.#identity = { domain: domain as DomainName, bridge: bridge as BridgeName };
    const settings = this.#ports.settings(this.#identity.domain);
    const agents = settings?.bridges.find(({ name }) => name === bridge)?.agents;
    if (!settings || !agents) return this.#close(id, agent, "unknownBridge");
    const { keypad } = settings;
    this.#apply({ type: "opened", id, agent, alone: agents.length === 1, keypad, at: this.#ports.now() });
    this.#log("agent-connected", agent, { epoch: this.#state.epoch });
    this.#wakeForSilence();
  }

  /** A message of so many characters, which is decoded only when its agent may send as much. */
  received(id: string, length: number, decode: () => Result<AgentToEdge, LinkDecodeError>): void {
    const link = findLink(this.#state, id);
    // More may come over a socket that was closed: that must cost nothing.
    if (!link) return;
    const at = this.#ports.now();
    const budget = this.#budgetOf(link.agent);
    const judgement = budget.judgeText(length, at);
    if (judgement !== "allowed") return this.#tooMuch(link, judgement, { length });
    const decoded = decode();
    if (!decoded.ok) {
      const { error } = decoded;
      return this.#refuse(link, error.kind === "too-long" ? "tooMuch" : "badMessage", error);
    }
    const { value: message } = decoded;
    const { type } = message;
    const messageJudgement = budget.judgeMessage(message, at);
    if (messageJudgement !== "allowed") return this.#tooMuch(link, messageJudgement, { type });
    this.#apply({ type: "message", id, message, at });
  }

  closed(id: string): void {
    this.#kept.delete(id);
    this.#apply({ type: "closed", id, at: this.#ports.now() });
  }

  /** Finds silence even when nothing else happens. An alarm that comes too early sets the next one. */
  alarm(): void {
    this.#alarmAt = null;
    this.#apply({ type: "time", at: this.#ports.now() });
    this.#wakeForSilence();
  }

  async sendCommands({ domain, bridge, conference, commands }: CommandsForBridge): Promise<void> {
    this.#identity = { domain, bridge };
    const at = this.#ports.now();
    this.#store.addConference(conference, at);
    this.#apply({ type: "commands", conference, commands, at });
  }

  async askForSnapshot(conference: ConfKey): Promise<void> {
    const at = this.#ports.now();
    this.#store.addConference(conference, at);
    this.#apply({ type: "time", at });
    const active = activeLink(this.#state);
    if (active) this.#send(active.id, { type: "snapshot-wanted", conference });
  }

  async health(): Promise<BridgeHealth> {
    this.#apply({ type: "time", at: this.#ports.now() });
    const active = activeLink(this.#state);
    return {
      agentConnected: active !== undefined && this.#ports.sockets.has(active.id),
      ...(active?.health ?? { bridgeUp: false, portsInUse: 0, ports: null }),
    };
  }

  #apply(input: RelayInput): void {
    const before = this.#state;
    const { state, effects } = step(before, input);
    if (state.epoch !== before.epoch) this.#store.write("epoch", state.epoch);
    const active = activeLink(state);
    if (active?.id !== activeLink(before)?.id) {
      this.#store.write("active", active ? { id: active.id, agent: active.agent } : null);
    }
    this.#state = state;
    for (const link of state.links) this.#keep(link);
    for (const effect of effects) this.#carryOut(effect, before);
  }

  /** With the link's socket; that the agent was seen again is kept once a second. */
  #keep(link: Link): void {
    const kept = this.#kept.get(link.id);
    if (!this.#identity || (kept && (kept === link || isSameButSeen(kept, link)))) return;
    this.#kept.set(link.id, link);
    this.#ports.sockets.keep(link.id, { identity: this.#identity, link });
  }

  #carryOut(effect: RelayEffect, before: RelayState): void {
    switch (effect.type) {
      case "send":
        return this.#send(effect.id, this.#withConferences(effect.message));
      case "close":
        return this.#close(effect.id, findLink(before, effect.id)?.agent ?? "", effect.why);
      case "commands-ack":
      case "reports":
      case "digest":
        return this.#forConference(effect);
      default:
        return assertNever(effect);
    }
  }

  /** An agent that becomes active learns which conferences it may touch. */
  #withConferences(message: EdgeToAgent): EdgeToAgent {
    const begins = message.type === "activate" || (message.type === "welcome" && message.role === "active");
    return begins ? { ...message, conferences: this.#store.recentConferences(this.#ports.now()) } : message;
  }

  /** A bridge may hold conferences that are not the edge's: what is said about those wakes no object. */
  #forConference(said: ForConference): void {
    const { conference } = said;
    if (this.#store.hasConference(conference, this.#ports.now())) {
      // The agent repeats what is dropped.
      if (!this.#queue.add(conference, said)) this.#log("too-many-conferences-wait", "", { conference });
    } else if (said.type === "reports") {
      // Without an ack, the agent would send its reports for ever.
      this.#ack(said, said.reports.at(-1)?.number ?? 0);
      this.#log("foreign-conference", "", { conference });
    }
  }

  async #tellConference(said: ForConference): Promise<void> {
    if (!this.#identity) return;
    const { domain, bridge } = this.#identity;
    const { conference: confKey } = said;
    const conference = this.#ports.conference(domain, confKey);
    switch (said.type) {
      case "commands-ack":
        return conference.ackCommands(bridge, said.ids);
      case "reports": {
        const { stream, reports } = said;
        return this.#ack(said, await conference.report({ domain, bridge, confKey, stream, reports }));
      }
      case "digest":
        if (await conference.matchesBridge(bridge, said.digest)) return;
        this.#log("conference-differs", "", { conference: confKey });
        this.#send(said.id, { type: "snapshot-wanted", conference: confKey });
        return;
      default:
        return assertNever(said);
    }
  }

  #ack({ id, conference, stream }: Extract<ForConference, { type: "reports" }>, upTo: number): void {
    this.#send(id, { type: "reports-ack", conference, stream, upTo });
  }

  #send(id: string, message: EdgeToAgent): void {
    this.#ports.sockets.send(id, message);
  }

  #tooMuch(link: Link, judgement: Exclude<Judgement, "allowed">, facts: Facts): void {
    if (judgement === "refused") this.#refuse(link, "tooMuch", facts);
    else this.#log("agent-message-ignored", link.agent, facts);
  }

  #refuse({ id, agent }: Link, why: "badMessage" | "tooMuch", facts: Facts): void {
    this.#log("agent-message-refused", agent, facts);
    this.#apply({ type: "bad-message", id, why, at: this.#ports.now() });
  }

  #close(id: string, agent: string, why: CloseReason): void {
    this.#log("agent-closed", agent, { why });
    this.#kept.delete(id);
    this.#ports.sockets.close(id, CLOSE_CODES[why], why);
  }

  #wakeForSilence(): void {
    const at = nextSilence(this.#state);
    // An alarm that was set before the clock was set back would come too late.
    if (at === null || (this.#alarmAt !== null && this.#alarmAt <= at)) return;
    this.#alarmAt = at;
    this.#ports.setAlarm(at);
  }

  /** Per agent, so that a new socket brings no new allowance. */
  #budgetOf(agent: string): AgentBudget {
    const budget = this.#budgets.get(agent) ?? new AgentBudget(this.#ports.now());
    this.#budgets.set(agent, budget);
    return budget;
  }

  /** An agent can cause as many lines as it likes, so each event of each agent has its limit. */
  #log(event: string, agent: string, facts: Facts): void {
    const dropped = this.#logLimit.admit(event, agent, this.#ports.now());
    if (dropped === null) return;
    const about = { ...this.#identity, ...(agent !== "" && { agent }), ...(dropped > 0 && { droppedBefore: dropped }) };
    this.#ports.log({ level: "info", event, ...about, ...facts });
  }
}

type Facts = Readonly<Record<string, unknown>>;

function isSameButSeen(kept: Link, link: Link): boolean {
  const same = kept.role === link.role && kept.health === link.health;
  return same && link.lastSeen - kept.lastSeen < KEEP_SEEN_MS;
}
