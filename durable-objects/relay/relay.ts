import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { BridgeName, ConfKey, DomainName, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import { LogLimit, RateLimit } from "../../src/foundation/limits.ts";
import { assertNever, type Result } from "../../src/foundation/result.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { lookForAbsences, type Presence } from "../../src/link/absences.ts";
import { type Hello, type RefusalHeaders, refusal } from "../../src/link/hello.ts";
import {
  AgentBudget,
  type AgentToEdge,
  CLOSE_CODES,
  type CloseReason,
  type EdgeToAgent,
  type Judgement,
  type LinkDecodeError,
} from "../../src/link/messages.ts";
import {
  activeLink,
  BRIDGE_AWAY_MS,
  type ForConference,
  findLink,
  joinWaiting,
  type Link,
  nextStandby,
  type RelayEffect,
  type RelayInput,
  type RelayState,
  restore,
  SILENCE_MS,
  step,
} from "../../src/link/relay.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type { AgentEvent } from "../../src/rpc/directory.ts";
import type { Platformed } from "../../src/rpc/objects.ts";
import type { AgentView, BridgeHealth, CommandsForBridge, HandOver, RelayRpc } from "../../src/rpc/relay.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { LogLine } from "../platform/log.ts";
import type { Platform, Sql } from "../platform/platform.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { type Identity, type Lost, type RelayEntries, RelayStore } from "./relay-store.ts";

/** Stays with a socket while the relay sleeps. */
export interface Attachment {
  readonly identity: Identity;
  readonly link: Link;
}

/** The sockets of the agents, each named by the id of its link. They outlive the relay's memory, with what they keep. */
export interface AgentSockets {
  /** The latest attachment of each open socket. */
  attachments(): readonly Attachment[];
  /** When the agent last gave a sign of life over this socket, to a second; `null`: the socket is not open. */
  lastSeen(id: string): EpochMs | null;
  seen(id: string, at: EpochMs): void;
  /** Sockets of this agent, among them those whose close the agent has not answered yet. */
  countOf(agent: string): number;
  keep(id: string, attachment: Attachment): void;
  /** Sends nothing over a socket that is closed. */
  send(id: string, message: EdgeToAgent): void;
  /** The socket no longer counts, and is in no list of attachments. */
  close(id: string, code: number, reason: string): void;
}

export interface RelayPorts extends AlarmPorts, Pick<Platform, "measures"> {
  readonly sql: Sql;
  readonly sockets: AgentSockets;
  newId(): string;
  settings(domain: DomainName): DomainSettings | undefined;
  conference(
    domain: DomainName,
    key: ConfKey,
  ): Pick<ConferenceRpc, "ackCommands" | "report" | "compareDigest"> & Pick<Platformed, "id">;
  /** See `IdAllocatorRpc.sweep`. */
  sweep(domain: DomainName): Promise<void>;
  /** See `DirectoryRpc.tellOfAgents`. */
  tellOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void>;
}

/**
 * Sockets of one agent. The platform keeps a socket until the agent has answered its close, or the network has given up on it: an agent
 * that answers none must not use up the edge's descriptors. A link that breaks each ten seconds leaves fewer behind.
 */
const MAX_SOCKETS = 100;
/** One process connects anew now and then; two that throw each other out do so each five seconds. */
const REPLACED_PER_MINUTE = 3;
const TELL_WITHIN_MS = 5_000;
const TELL_AGAIN_MS = 10_000;

/**
 * The edge's end of the agents of one bridge. The relay may be evicted at any time, and woken with nothing but its store and the
 * sockets. `step` decides what an input means; this class carries it out.
 */
export class Relay implements RelayRpc {
  readonly #ports: RelayPorts;
  readonly #alarm: Alarm;
  readonly #store: RelayStore;
  #state: RelayState;
  #identity: Identity | undefined;
  /** Since when the socket of the active link is missed, if it is. */
  #missedAt: EpochMs;
  /** `null`: no active agent has said. */
  #bootId: string | null;
  /** The active link without a socket, to be kept for the next life. */
  #missed: RelayEntries["active"];
  #drainedSince: EpochMs | null;
  #isTelling = false;
  /** By agent. A challenge that an eviction lost counts as used: the agent gets another one. */
  readonly #challenges = new Map<string, string>();
  readonly #budgets = new Map<string, AgentBudget>();
  readonly #logLimit = new LogLimit();
  readonly #replaced = new RateLimit();
  readonly #queue: KeyedQueue<ConfKey, ForConference>;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm({ ...ports, log: (line) => ports.log({ ...line, ...this.#identity }) });
    this.#store = new RelayStore(ports.sql);
    const attachments = ports.sockets.attachments();
    this.#identity = attachments[0]?.identity ?? this.#store.read("absences")?.identity;
    const [epoch, lastActive] = [this.#store.read("epoch") ?? 0, this.#store.read("lastActive") ?? null];
    this.#bootId = this.#store.read("bootId") ?? null;
    this.#drainedSince = this.#store.read("drainedSince") ?? null;
    const state = { epoch, lastActive, links: attachments.map(({ link }) => link) };
    const wasActive = this.#store.read("active") ?? null;
    this.#state = restore(state, wasActive);
    this.#missedAt = wasActive?.lastSeen ?? ports.now();
    this.#missed = wasActive && !activeLink(state) ? { ...wasActive, lastSeen: this.#missedAt } : null;
    this.#queue = new KeyedQueue({
      timers: ports,
      limitMs: 10_000,
      maxKeys: 10_000,
      join: joinWaiting,
      run: (_, said) => this.#tellConference(said),
      // A failure is made good when the agent repeats.
      failed: (conference, error) => {
        const { id } = this.#identity ? ports.conference(this.#identity.domain, conference) : {};
        const objectId = id && String(id);
        this.#log(
          "conference-not-reached",
          "",
          { conference, ...(objectId && { objectId }), error: String(error) },
          "error",
        );
      },
    });
  }

  /** Why an agent whose signature is right gets no socket now: as a rule, since it must sign a challenge first. */
  refusalOf({ agent, challenge }: Hello): RefusalHeaders | null {
    const wanted = this.#challenges.get(agent) ?? this.#ports.newId();
    this.#challenges.set(agent, wanted);
    if (challenge !== wanted) return refusal("replayed", wanted);
    this.#challenges.delete(agent);
    // Asked last: a stranger who repeats an agent's old request must not use up the agent's allowance.
    const isAllowed = this.#budgetOf(agent).allowsSocket(this.#ports.now());
    return isAllowed && this.#ports.sockets.countOf(agent) < MAX_SOCKETS ? null : refusal("tooMuch");
  }

  /** Gives an agent that was not refused its link; closes its socket again if the settings do not have bridge or agent any more. */
  opened(id: string, { domain, bridge, agent, key }: Hello): void {
    this.#identity = { domain: domain as DomainName, bridge: bridge as BridgeName };
    const settings = this.#ports.settings(this.#identity.domain);
    const agents = settings?.bridges.find(({ name }) => name === bridge)?.agents;
    if (!settings || !agents) return this.#close(id, agent, "unknownBridge");
    const isKnown = agents.some(({ name, publicKey }) => name === agent && publicKey === key);
    if (!isKnown) return this.#close(id, agent, "wrongKey");
    this.#ports.sockets.seen(id, this.#ports.now());
    this.#apply({ type: "opened", id, agent, alone: agents.length === 1, keypad: settings.keypad });
    if (findLink(this.#state, id)?.role === "standby") this.#log("agent-standby", agent, {});
    this.#wakeForStandby();
  }

  /** A message of so many characters, which is decoded only when its agent may send as much. */
  received(id: string, length: number, decode: () => Result<AgentToEdge, LinkDecodeError>): void {
    const link = findLink(this.#state, id);
    // More may come over a socket that was closed: that must cost nothing.
    if (!link) return;
    const at = this.#ports.now();
    const budget = this.#budgetOf(link.agent);
    const ofText = budget.judgeText(length, at);
    if (ofText !== "allowed") return this.#tooMuch(link, ofText, { length });
    const decoded = decode();
    if (!decoded.ok) {
      return this.#refuse(link, decoded.error.kind === "too-long" ? "tooMuch" : "badMessage", decoded.error);
    }
    const message = decoded.value;
    const ofMessage = budget.judgeMessage(message, at);
    if (ofMessage !== "allowed") return this.#tooMuch(link, ofMessage, { type: message.type });
    this.#ports.sockets.seen(id, at);
    this.#apply({ type: "message", id, message, at });
    if (message.type === "health") this.#wakeForStandby();
  }

  /** The socket is closed, by whichever side. */
  closed(id: string): void {
    const link = findLink(this.#state, id);
    if (link) this.#log("agent-disconnected", link.agent, { role: link.role }, "warn");
    // Before any look at silence: it has no socket any more.
    this.#step({ type: "closed", id });
    this.#replaceUseless();
  }

  /** Finds an agent whose place a standby is to take. An alarm that comes too early sets the next one. */
  alarm(): Promise<void> {
    return this.#alarm.fired(() => {
      this.#replaceUseless();
      this.#noticeAbsences();
      this.#wakeForStandby();
    });
  }

  async sendCommands(sent: CommandsForBridge): Promise<number | null> {
    const { domain, bridge, conference, commands, activeSince } = sent;
    this.#identity = { domain, bridge };
    this.#store.addConference(conference, this.#ports.now());
    this.#replaceUseless();
    const refused = commands.filter((command) => this.#isRefused(command));
    if (refused.length > 0) this.#refuseConference(conference, refused);
    const allowed = commands.filter((command) => !refused.includes(command));
    if (allowed.length === 0 || !activeLink(this.#state)) return activeSince;
    const { since } = this.#state.lastActive ?? { since: activeSince };
    if (activeSince === null || activeSince === since) this.#step({ type: "commands", conference, commands: allowed });
    return since;
  }

  /**
   * A new conference, while the bridge is drained. A create that is sent again may have begun, unless it was issued since then: it is sent
   * again where its refusal was lost.
   */
  #isRefused({ command, again, withinMs = 0 }: IssuedCommand): boolean {
    if (this.#drainedSince === null || command.type !== "create-conference" || command.renews) return false;
    if (!again) return true;
    const { createTimeoutMs = 0 } = (this.#identity && this.#ports.settings(this.#identity.domain)) ?? {};
    return withinMs > 0 && this.#ports.now() + withinMs - createTimeoutMs > this.#drainedSince;
  }

  /** As if the bridge had refused it; in a stream of its own, which nobody acknowledges or goes on with. */
  #refuseConference(conference: ConfKey, refused: readonly IssuedCommand[]): void {
    const result = { done: false, reason: "capacity" } as const;
    const reports = refused.map(
      ({ id }, index) => ({ number: index + 1, report: { type: "result", id, result } }) as const,
    );
    const stream = this.#ports.newId() as StreamId;
    this.#log("conference-refused", "", { conference, why: "the bridge is drained" });
    this.#forConference({ type: "reports", id: "", conference, stream, cannot: [], reports });
  }

  async askForSnapshot(conference: ConfKey, unless: string): Promise<void> {
    this.#store.addConference(conference, this.#ports.now());
    this.#replaceUseless();
    const active = activeLink(this.#state);
    if (active) this.#send(active.id, { type: "snapshot-wanted", conference, unless });
  }

  async agents(): Promise<readonly AgentView[]> {
    this.#replaceUseless();
    const { sockets } = this.#ports;
    return this.#state.links.map(({ id, agent, role, health }) => ({
      agent,
      role,
      health,
      lastSeen: sockets.lastSeen(id),
    }));
  }

  async health(): Promise<BridgeHealth> {
    this.#replaceUseless();
    const active = activeLink(this.#state);
    const agentConnected = active !== undefined && this.#ports.sockets.lastSeen(active.id) !== null;
    const lostAt = active ? this.#missedAt : this.#store.read("lost")?.at;
    const awaySince = agentConnected ? active.bridgeAwaySince : lostAt;
    // Of the agent, and no business of the strangers who ask whether the bridge is ready.
    const { version: _, waiting: __, ...ofBridge } = active?.health ?? { bridgeUp: false, portsInUse: 0, ports: null };
    return {
      agentConnected,
      ...ofBridge,
      ...(typeof awaySince === "number" && { awaySince }),
      ...(this.#drainedSince !== null && { drainedSince: this.#drainedSince }),
    };
  }

  /** Their settings have changed: they must prove anew who they are, and are turned away if they may not. */
  async closeAgents(agents: readonly string[]): Promise<void> {
    this.#apply({ type: "settings-changed", agents });
  }

  async handOver(from: string): Promise<HandOver> {
    this.#replaceUseless();
    const active = activeLink(this.#state);
    // What was lost with its socket may act on, until it notices.
    if (!active || this.#ports.sockets.lastSeen(active.id) === null) return "no-agent";
    if (active.agent === from) this.#step({ type: "hand-over" });
    const acts = activeLink(this.#state)?.agent ?? from;
    return acts === from ? "no-standby" : { acts };
  }

  async drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null> {
    this.#identity = { domain, bridge };
    if (drained === (this.#drainedSince !== null)) return this.#drainedSince;
    const since = drained ? this.#ports.now() : null;
    this.#store.write("drainedSince", since);
    this.#drainedSince = since;
    this.#log(drained ? "bridge-drained" : "bridge-undrained", "", {}, drained ? "warn" : "info");
    return since;
  }

  #apply(input: RelayInput): void {
    this.#replaceUseless();
    this.#step(input);
  }

  /** Another agent takes the place of one that was silent, or without its bridge, for too long. After the clock was set back, each silence begins anew. */
  #replaceUseless(): void {
    const at = this.#ports.now();
    if (this.#missed) this.#store.write("active", this.#missed);
    this.#missed = null;
    const ids = this.#state.links.map(({ id }) => id);
    for (const id of ids) if (this.#lastSeen(id) > at) this.#ports.sockets.seen(id, at);
    this.#missedAt = Math.min(this.#missedAt, at);
    const silent = ids.filter((id) => at - this.#lastSeen(id) >= SILENCE_MS);
    if (silent.length > 0) this.#step({ type: "silent", ids: silent });
    const awaySince = this.#bridgeAwaySince;
    if (awaySince !== null && Math.abs(at - awaySince) >= BRIDGE_AWAY_MS) this.#step({ type: "bridge-away" });
  }

  /** Since when the active agent is without the bridge that a standby has; `null`: it is not so. */
  get #bridgeAwaySince(): EpochMs | null {
    const since = activeLink(this.#state)?.bridgeAwaySince ?? null;
    return since !== null && nextStandby(this.#state)?.health?.bridgeUp ? since : null;
  }

  #lastSeen(id: string): EpochMs {
    return this.#ports.sockets.lastSeen(id) ?? this.#missedAt;
  }

  #step(input: RelayInput): void {
    const before = this.#state;
    const was = activeLink(before);
    const { state, effects } = step(before, input);
    if (state.epoch !== before.epoch) this.#store.write("epoch", state.epoch);
    const { lastActive } = state;
    if (lastActive && lastActive !== before.lastActive) this.#store.write("lastActive", lastActive);
    const active = activeLink(state);
    const isAnother = active?.id !== was?.id;
    const lost = isAnother && was ? { at: this.#actedUntil(was, input), why: input.type } : undefined;
    if (isAnother) this.#store.write("active", active ? { id: active.id, agent: active.agent } : null);
    if (lost && !active) this.#store.write("lost", lost);
    this.#state = state;
    const identity = this.#identity;
    const changed = state.links.filter((link) => !before.links.includes(link));
    if (identity) for (const link of changed) this.#ports.sockets.keep(link.id, { identity, link });
    for (const effect of effects) this.#carryOut(effect, before);
    if (isAnother) this.#tellActive(before, active, lost ?? this.#store.read("lost"));
    this.#noticeRestart();
    if (state.links !== before.links) this.#noticeAbsences();
  }

  /** Where receivers of webhooks want to hear of agents: keeps who is away, and tells the directory who is so for long, or is back. */
  #noticeAbsences(): void {
    const identity = this.#identity;
    const agents = identity && this.#watchedAgents(identity);
    if (!agents) return;
    const known = this.#store.read("absences") ?? { identity, away: {}, events: [] };
    const { after, events, nextAt } = lookForAbsences(known.away, agents, this.#ports.now());
    const acts = activeLink(this.#state)?.agent ?? null;
    const told = events.map((event) => ({ ...event, bridge: identity.bridge, acts }));
    if (told.length > 0 || JSON.stringify(after) !== JSON.stringify(known.away))
      this.#store.write("absences", { identity, away: after, events: [...known.events, ...told] });
    if (nextAt !== null) this.#alarm.wakeBy(nextAt);
    void this.#tellOfAgents();
  }

  /** How each agent of the settings is; `undefined`: nobody wants to hear of that. */
  #watchedAgents({ domain, bridge }: Identity): ReadonlyMap<string, Presence> | undefined {
    const settings = this.#ports.settings(domain);
    const isWanted = settings?.webhooks.some(({ events }) => events.some((event) => event.startsWith("agent.")));
    const agents = isWanted ? settings?.bridges.find(({ name }) => name === bridge)?.agents : undefined;
    return agents && new Map(agents.map(({ name }) => [name, this.#presenceOf(name)]));
  }

  #presenceOf(agent: string): Presence {
    const link = this.#state.links.find((one) => one.agent === agent);
    if (!link) return "link";
    return link.health?.bridgeUp === false ? "bridge" : "here";
  }

  async #tellOfAgents(): Promise<void> {
    const { identity, events = [] } = this.#store.read("absences") ?? {};
    if (this.#isTelling || !identity || events.length === 0) return;
    this.#isTelling = true;
    try {
      await within(this.#ports, TELL_WITHIN_MS, "the directory", this.#ports.tellOfAgents(identity.domain, events));
      const now = this.#store.read("absences");
      if (now) this.#store.write("absences", { ...now, events: now.events.slice(events.length) });
    } catch (error) {
      this.#log("agents-not-told", "", { error: String(error) }, "warn");
      return this.#alarm.wakeBy(this.#ports.now() + TELL_AGAIN_MS);
    } finally {
      this.#isTelling = false;
    }
    // What has come meanwhile.
    await this.#tellOfAgents();
  }

  /**
   * A bridge that was started anew has lost its conferences. The agent that acted on it reports them; another one, which acts since then, knows
   * of none: the conferences ask.
   */
  #noticeRestart(): void {
    const before = this.#bootId;
    const bootId = activeLink(this.#state)?.health?.bootId;
    if (bootId === undefined || bootId === before) return;
    this.#store.write("bootId", bootId);
    this.#bootId = bootId;
    if (before === null || !this.#identity) return;
    // Should this fail, the next round finds them.
    this.#ports.sweep(this.#identity.domain).catch((error) => {
      this.#log("not-swept", "", { error: String(error) }, "warn");
    });
  }

  /** `null`: that is not known, since its socket was lost with an earlier life of the edge, which writes no sign of life to disk. */
  #actedUntil({ id, bridgeAwaySince }: Link, { type }: RelayInput): EpochMs | null {
    if (type !== "closed" && this.#ports.sockets.lastSeen(id) === null) return null;
    if (type === "silent") return this.#lastSeen(id);
    return (type === "bridge-away" ? bridgeAwaySince : null) ?? this.#ports.now();
  }

  /** Another link is active than before, or none; `lost`: the link that was active last. */
  #tellActive({ lastActive }: RelayState, active: Link | undefined, lost: Lost | undefined): void {
    const why = lost && { why: lost.why };
    if (!active) return this.#log("no-agent-active", lastActive?.agent ?? "", { ...why }, "warn");
    const { epoch } = this.#state;
    const lostAt = lost?.at ?? null;
    const nobodyActed = lostAt !== null && { nobodyActedMs: Math.max(0, this.#ports.now() - lostAt) };
    const facts = { epoch, ...why, ...nobodyActed };
    const from = lastActive?.agent ?? active.agent;
    if (from === active.agent) return this.#log("agent-active", active.agent, facts);
    if (this.#identity) this.#ports.measures.takeovers.count({ ...this.#identity });
    this.#log("agent-takeover", active.agent, { from, ...facts }, "warn");
  }

  #carryOut(effect: RelayEffect, before: RelayState): void {
    switch (effect.type) {
      case "send":
        return this.#send(effect.id, effect.message);
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

  /** A bridge may hold conferences that the edge does not know, as after a loss of its state. Messages about those, such as each round of digests, wake no object. */
  #forConference(said: ForConference): void {
    const { conference } = said;
    if (this.#store.hasConference(conference, this.#ports.now())) {
      // The agent repeats what is dropped.
      if (!this.#queue.add(conference, said)) this.#log("too-many-conferences-wait", "", { conference }, "warn");
    } else if (said.type === "reports") {
      // Without an ack, the agent would send its reports for ever.
      this.#ack(said, said.reports.at(-1)?.number ?? 0);
      if (this.#identity) this.#ports.measures.foreignReports.count({ ...this.#identity });
      this.#log("foreign-conference", findLink(this.#state, said.id)?.agent ?? "", { conference });
    } else if (said.type === "digest") this.#confirmDigest(said);
  }

  async #tellConference(said: ForConference): Promise<void> {
    if (!this.#identity) return;
    const { domain, bridge } = this.#identity;
    const { conference: confKey } = said;
    const conference = this.#ports.conference(domain, confKey);
    const begunAt = this.#ports.now();
    switch (said.type) {
      case "commands-ack":
        return conference.ackCommands(bridge, said.ids, said.waiting);
      case "reports": {
        const { stream, cannot, reports } = said;
        const activeSince = this.#state.lastActive?.since ?? null;
        const upTo = await conference.report({ domain, bridge, confKey, stream, activeSince, cannot, reports });
        this.#ports.measures.eventSeconds.observe({ domain }, this.#ports.now() - begunAt);
        return this.#ack(said, upTo);
      }
      case "digest": {
        const found = await conference.compareDigest(bridge, said.digest);
        if (found === "same") return this.#confirmDigest(said);
        if (found === "undecided") return; // Not confirmed, the digest comes again in a minute.
        this.#log("conference-differs", "", { conference: confKey });
        return this.#send(said.id, { type: "snapshot-wanted", conference: confKey });
      }
      default:
        return assertNever(said);
    }
  }

  #ack({ id, conference, stream }: Extract<ForConference, { type: "reports" }>, upTo: number): void {
    this.#send(id, { type: "reports-ack", conference, stream, upTo });
  }

  #confirmDigest({ id, conference, digest }: Extract<ForConference, { type: "digest" }>): void {
    this.#send(id, { type: "digest-confirmed", conference, digest });
  }

  #send(id: string, message: EdgeToAgent): void {
    this.#ports.sockets.send(id, message);
  }

  #tooMuch(link: Link, judgement: Exclude<Judgement, "allowed">, facts: Facts): void {
    if (judgement === "refused") this.#refuse(link, "tooMuch", facts);
    else this.#log("agent-message-ignored", link.agent, facts, "warn");
  }

  #refuse({ id, agent }: Link, why: "badMessage" | "tooMuch", facts: Facts): void {
    this.#log("agent-message-refused", agent, facts, "warn");
    this.#apply({ type: "bad-message", id, why });
  }

  #close(id: string, agent: string, why: CloseReason): void {
    this.#log("agent-closed", agent, { why: dashed(why), ...(why === "replaced" && this.#sharedName(agent)) }, "warn");
    this.#ports.sockets.close(id, CLOSE_CODES[why], why);
  }

  #sharedName(agent: string): Facts {
    const isOften = this.#replaced.waitSeconds(agent, REPLACED_PER_MINUTE, this.#ports.now()) > 0;
    return isOften ? { note: "it seems that two processes connect under this name, with one key: stop one" } : {};
  }

  #wakeForStandby(): void {
    const { links } = this.#state;
    // Nobody could act in the place of an agent that is alone: its silence is noticed when there is something to send, unless somebody wants to hear of it.
    const isWatched = links.length > 0 && this.#identity !== undefined && this.#watchedAgents(this.#identity);
    if (!isWatched && !links.some(({ role }) => role === "standby")) return;
    const silentAt = Math.min(...links.map(({ id }) => this.#lastSeen(id))) + SILENCE_MS;
    const awaySince = this.#bridgeAwaySince;
    this.#alarm.wakeBy(awaySince === null ? silentAt : Math.min(silentAt, awaySince + BRIDGE_AWAY_MS));
  }

  /** Per agent, so that a new socket brings no new allowance. */
  #budgetOf(agent: string): AgentBudget {
    const budget = this.#budgets.get(agent) ?? new AgentBudget();
    this.#budgets.set(agent, budget);
    return budget;
  }

  /** An agent can cause as many lines as it likes, so each event of each agent has its limit. */
  #log(event: string, agent: string, facts: Facts, level: LogLine["level"] = "info"): void {
    const dropped = this.#logLimit.admit(event, agent, this.#ports.now());
    if (dropped === null) return;
    const about = { ...this.#identity, ...(agent !== "" && { agent }), ...(dropped > 0 && { droppedBefore: dropped }) };
    this.#ports.log({ level, event, ...about, ...facts });
  }
}

type Facts = LogFacts;

/** As the log spells events and reasons. */
function dashed(why: CloseReason): string {
  return why.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
