import type { BridgeName, ConfKey, DomainName, EpochMs, StreamId } from "../../src/foundation/ids.ts";
import { LogLimit, RateLimit } from "../../src/foundation/limits.ts";
import type { Result } from "../../src/foundation/result.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { within } from "../../src/foundation/time/timers.ts";
import type { Hello, RefusalHeaders } from "../../src/link/hello.ts";
import {
  type AgentToEdge,
  CLOSE_CODES,
  type CloseReason,
  type Judgement,
  type LinkDecodeError,
} from "../../src/link/messages.ts";
import {
  activeLink,
  BRIDGE_AWAY_MS,
  findLink,
  type Link,
  NOTICED_WITHIN_MS,
  nextStandby,
  PINGS_WITHIN_MS,
  type RelayEffect,
  type RelayInput,
  type RelayState,
  restore,
  SILENCE_MS,
  step,
} from "../../src/link/relay.ts";
import type { AgentView, BridgeHealth, CommandsForBridge, HandOver, RelayRpc } from "../../src/rpc/relay.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { Sql } from "../platform/platform.ts";
import { AgentAbsences } from "./agent-absences.ts";
import { AgentLimits } from "./agent-limits.ts";
import type { AgentSockets } from "./agent-sockets.ts";
import { BridgeDrain, refusalsOf } from "./bridge-drain.ts";
import {
  actedUntil,
  activeLine,
  bridgeHealth,
  fullUntil,
  lastSaid,
  lostSince,
  nothingSaid,
  shownHealth,
} from "./bridge-health.ts";
import { BridgeReports, type ReportsPorts } from "./bridge-reports.ts";
import {
  type Identity,
  type LastSaid,
  type Lost,
  type RelayEntries,
  type RelayLog,
  RelayStore,
} from "./relay-store.ts";

export interface RelayPorts
  extends AlarmPorts,
    Pick<ReportsPorts, "conference" | "keepPromptCalls" | "measures" | "sockets"> {
  readonly sql: Sql;
  readonly sockets: AgentSockets;
  /** See `Platform`. */
  readonly machineNow?: () => EpochMs;
  readonly restoredAt?: EpochMs;
  newId(): string;
  settings(domain: DomainName): DomainSettings | undefined;
  /** See `IdAllocatorRpc.sweep`. */
  sweep(domain: DomainName): Promise<void>;
}

/** One process connects anew now and then; two that throw each other out do so each five seconds. */
const REPLACED_PER_MINUTE = 3;
const sweptWithinMs = 10_000;
const sweepAgainMs = 5_000;

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
  /** Since when the active link has had no socket, if it has none. */
  #missedAt: EpochMs;
  /** For whom conferences were last swept; see `RelayEntries`. */
  #sweepBegunFor: string | undefined;
  #isSweeping = false;
  /** The active link without a socket, as it is kept for the next life. */
  #missed: RelayEntries["active"];
  #lastSaid: LastSaid;
  readonly #logLimit = new LogLimit();
  readonly #replaced = new RateLimit();
  readonly #limits = new AgentLimits();
  readonly #drain: BridgeDrain;
  readonly #absences: AgentAbsences;
  readonly #reports: BridgeReports;
  /** Read once: it changes only with an agent that connects. */
  #known: ReturnType<ReportsPorts["known"]> | undefined;

  constructor(ports: RelayPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm({ ...ports, log: (line) => ports.log({ ...line, ...this.#identity }) });
    this.#store = new RelayStore(ports.sql);
    const attachments = ports.sockets.attachments();
    this.#identity = attachments[0]?.identity ?? this.#store.read("absences")?.identity;
    const epoch = this.#store.read("epoch") ?? 0;
    const acted = this.#store.read("lastActive");
    const lastActive = acted && acted.restoredAt === ports.restoredAt ? acted : null;
    // An epoch without a noted sweep: the relay stopped before it noted one, so it sweeps once.
    this.#sweepBegunFor = this.#store.read("sweepBegunFor") ?? (epoch === 0 ? undefined : "");
    const links = attachments.map(({ link }) => link);
    const state = { epoch, lastActive, links };
    const wasActive = this.#store.read("active") ?? null;
    this.#state = restore(state, wasActive);
    this.#missedAt = wasActive?.lastSeen ?? ports.now();
    this.#missed = wasActive && !activeLink(state) ? { ...wasActive, lastSeen: this.#missedAt } : null;
    this.#lastSaid = this.#store.read("lastSaid") ?? nothingSaid;
    this.#drain = new BridgeDrain(this.#store, this.#log);
    this.#absences = new AgentAbsences(ports, this.#store);
    const current = { identity: () => this.#identity, state: () => this.#state };
    const known = () => (this.#known ??= { knownSince: this.#knownSince });
    this.#reports = new BridgeReports({ ...ports, ...current, known }, this.#store, this.#log);
  }

  get #knownSince(): EpochMs {
    return Math.max(this.#store.read("begunAt") ?? 0, this.#ports.restoredAt ?? 0);
  }

  refusalOf(hello: Hello): RefusalHeaders | null {
    const { sockets, newId, now } = this.#ports;
    return this.#limits.refusalOf(hello, sockets.countOf(hello.agent), newId, now());
  }

  /** Gives an agent that was not refused its link; closes its socket again if the settings do not have bridge or agent any more. */
  opened(id: string, { domain, bridge, agent, key, at }: Hello): void {
    const identity = { domain: domain as DomainName, bridge: bridge as BridgeName };
    this.#identity = identity;
    if (this.#store.read("begunAt") === undefined) this.#store.write("begunAt", this.#ports.now());
    this.#known = undefined;
    const settings = this.#ports.settings(identity.domain);
    const agents = settings?.bridges.find(({ name }) => name === bridge)?.agents;
    if (!settings || !agents) return this.#close(id, agent, "unknownBridge");
    const isKnown = agents.some(({ name, publicKey }) => name === agent && publicKey === key);
    if (!isKnown) return this.#close(id, agent, "wrongKey");
    this.#ports.sockets.seen(id, this.#ports.now());
    this.#absences.refusals.admitted(agent);
    this.#absences.clocks.heard(agent, at - this.#machineNow);
    this.#apply({ type: "opened", id, agent, alone: agents.length === 1, keypad: settings.keypad });
    if (findLink(this.#state, id)?.role === "standby") this.#log("agent-standby", agent, {});
    this.#wakeForStandby();
  }

  /** A frame of so many characters, which is decoded only when its agent may send as much. */
  received(id: string, length: number, decode: () => Result<readonly AgentToEdge[], LinkDecodeError>): void {
    const link = findLink(this.#state, id);
    // A socket that was closed may bring more, which must cost nothing.
    if (!link) return;
    const at = this.#ports.now();
    const budget = this.#limits.budgetOf(link.agent);
    const ofText = budget.judgeText(length, at);
    if (ofText !== "allowed") return this.#tooMuch(link, ofText, { length });
    const decoded = decode();
    if (!decoded.ok)
      return this.#refuse(link, decoded.error.kind === "too-long" ? "tooMuch" : "badMessage", decoded.error);
    for (const [index, message] of decoded.value.entries()) {
      const ofMessage = budget.judgeMessage(message, at, index === 0);
      if (ofMessage !== "allowed") this.#tooMuch(link, ofMessage, { type: message.type });
      if (ofMessage === "refused") return;
      if (ofMessage === "ignored") continue;
      this.#ports.sockets.seen(id, at);
      if (message.type === "health" && message.at !== undefined)
        this.#absences.clocks.heard(link.agent, message.at - this.#machineNow);
      this.#apply({ type: "message", id, message, at });
      if (message.type === "health") this.#wakeForStandby();
    }
  }

  /** The socket is closed, by whichever side. */
  closed(id: string): void {
    const link = findLink(this.#state, id);
    if (link) this.#log("agent-disconnected", link.agent, { role: link.role }, "warn");
    // Before any check for silence, since the link has no socket any more.
    this.#step({ type: "closed", id });
    this.#replaceUseless();
  }

  /** Looks for an agent that a standby must replace. An alarm that comes too early sets the next one. */
  alarm(): Promise<void> {
    return this.#alarm.fired(() => {
      this.#replaceUseless();
      this.#lookForAlerts();
      this.#wakeForStandby();
    });
  }

  async sendCommands(sent: CommandsForBridge): Promise<number | null> {
    const { domain, bridge, conference, commands, activeSince } = sent;
    this.#identity = { domain, bridge };
    this.#store.addConference(conference, this.#ports.now());
    this.#reports.changed(conference);
    this.#replaceUseless();
    const now = this.#ports.now();
    const { createTimeoutMs = 0 } = this.#ports.settings(domain) ?? {};
    const refused = commands.filter((command) => this.#drain.refuses(command, now, createTimeoutMs));
    if (refused.length > 0) {
      this.#log("conference-refused", "", { conference, why: "the bridge is drained" });
      this.#reports.add(refusalsOf(conference, refused, this.#ports.newId() as StreamId));
    }
    const allowed = commands.filter((command) => !refused.includes(command));
    if (allowed.length === 0 || !activeLink(this.#state)) return activeSince;
    const { since } = this.#state.lastActive ?? { since: activeSince };
    if (activeSince === null || activeSince === since) this.#step({ type: "commands", conference, commands: allowed });
    return since;
  }

  async askForSnapshot(conference: ConfKey, unless: string): Promise<void> {
    this.#store.addConference(conference, this.#ports.now());
    this.#reports.changed(conference, unless);
    this.#replaceUseless();
    const active = activeLink(this.#state);
    if (active) this.#ports.sockets.send(active.id, { type: "snapshot-wanted", conference, unless });
  }

  async hasConference(conference: ConfKey): Promise<boolean> {
    return this.#store.knows(conference);
  }

  async agents(): Promise<readonly AgentView[]> {
    this.#replaceUseless();
    const { sockets } = this.#ports;
    return this.#state.links.map(({ id, agent, role, health }) => {
      return { agent, role, health: health && shownHealth(health, role), lastSeen: sockets.lastSeen(id) };
    });
  }

  async health(): Promise<BridgeHealth> {
    this.#replaceUseless();
    // The settings may name an agent that has never come. A disk that takes no row must not hide how the bridge is.
    await this.#alarm.guard(() => this.#lookForAlerts());
    return this.#health();
  }

  #health(): BridgeHealth {
    const active = activeLink(this.#state);
    const agentConnected = active !== undefined && this.#ports.sockets.lastSeen(active.id) !== null;
    const missedAt = active ? this.#missedAt : lostSince(this.#store.read("lost"));
    const { awaySince: bridgeAwaySince, endsSince, fullSince } = this.#lastSaid;
    const awaySince = agentConnected ? bridgeAwaySince : missedAt;
    const { troubles = [] } = active?.health ?? {};
    const alerts = [...this.#absences.alerts(this.#identity, this.#state), ...troubles];
    const { since: drainedSince } = this.#drain;
    return bridgeHealth(active, { agentConnected, awaySince, drainedSince, endsSince, fullSince, alerts });
  }

  async handOver(from: string): Promise<HandOver> {
    this.#replaceUseless();
    const active = activeLink(this.#state);
    // An agent whose socket was lost may go on acting until it notices.
    if (!active || this.#ports.sockets.lastSeen(active.id) === null) return "no-agent";
    if (active.agent === from) this.#step({ type: "hand-over" });
    const acts = activeLink(this.#state)?.agent ?? from;
    return acts === from ? "no-standby" : { acts };
  }

  async drain(domain: DomainName, bridge: BridgeName, drained: boolean): Promise<EpochMs | null> {
    this.#identity = { domain, bridge };
    return this.#drain.set(drained, this.#ports.now());
  }

  async agentRefused(domain: DomainName, bridge: BridgeName, agent: string): Promise<void> {
    this.#identity = { domain, bridge };
    this.#absences.refusals.refused(agent);
  }

  #apply(input: RelayInput): void {
    this.#replaceUseless();
    this.#step(input);
  }

  /**
   * Another agent takes the place of one that was silent, or without its bridge, for too long. After the
   * clock was set back, each silence begins anew. Where it was set forward by more than a silence that is noticed in
   * time, or this object looks late, a connected agent has time for a ping.
   */
  #replaceUseless(): void {
    const at = this.#ports.now();
    if (this.#missed) this.#store.write("active", this.#missed);
    this.#missed = null;
    const ids = this.#state.links.map(({ id }) => id);
    for (const id of ids) {
      const silentMs = at - this.#lastSeen(id);
      if (silentMs < 0) this.#ports.sockets.seen(id, at);
      else if (silentMs >= SILENCE_MS + NOTICED_WITHIN_MS && this.#ports.sockets.lastSeen(id) !== null) {
        this.#ports.sockets.seen(id, at - SILENCE_MS + PINGS_WITHIN_MS);
        // Else looks that are far apart would each give it time anew.
        this.#alarm.wakeBy(at + PINGS_WITHIN_MS);
      }
    }
    this.#missedAt = Math.min(this.#missedAt, at);
    const silent = ids.filter((id) => at - this.#lastSeen(id) >= SILENCE_MS);
    if (silent.length > 0) this.#step({ type: "silent", ids: silent });
    const awaySince = this.#bridgeAwaySince;
    if (awaySince !== null && Math.abs(at - awaySince) >= BRIDGE_AWAY_MS) this.#step({ type: "bridge-away" });
  }

  /** Since when the active agent has been without the bridge that a standby has; `null`: it has its bridge, or no standby has. */
  get #bridgeAwaySince(): EpochMs | null {
    const since = activeLink(this.#state)?.bridgeAwaySince ?? null;
    return since !== null && nextStandby(this.#state)?.health?.bridgeUp ? since : null;
  }

  get #machineNow(): EpochMs {
    return (this.#ports.machineNow ?? this.#ports.now)();
  }

  #lastSeen(id: string): EpochMs {
    return this.#ports.sockets.lastSeen(id) ?? this.#missedAt;
  }

  #step(input: RelayInput): void {
    const before = this.#state;
    const was = activeLink(before);
    const { state, effects } = step(before, input, this.#ports.now());
    if (state.epoch !== before.epoch) this.#store.write("epoch", state.epoch);
    const { lastActive } = state;
    const { restoredAt } = this.#ports;
    if (lastActive && lastActive !== before.lastActive)
      this.#store.write("lastActive", { ...lastActive, ...(restoredAt !== undefined && { restoredAt }) });
    const active = activeLink(state);
    const isAnother = active?.id !== was?.id;
    const lost = isAnother && was ? { at: actedUntil(was, input, this.#ports), why: input.type } : undefined;
    if (isAnother) this.#reports.changed();
    if (isAnother) this.#store.write("active", active ? { id: active.id, agent: active.agent } : null);
    if (lost && !active) this.#store.write("lost", { ...lost, missedAt: this.#missedAt });
    this.#state = state;
    const [identity, changed] = [this.#identity, state.links.filter((link) => !before.links.includes(link))];
    if (identity) for (const link of changed) this.#ports.sockets.keep(link.id, { identity, link });
    for (const effect of effects) this.#carryOut(effect, before);
    if (isAnother) this.#logActive(before.lastActive?.agent, lost ?? this.#store.read("lost"));
    this.#sweepBehindLoss();
    if (state.links === before.links) return;
    this.#lookForAlerts();
  }

  #lookForAlerts(): void {
    const said = lastSaid(this.#lastSaid, this.#state, this.#ports.now());
    const isNew = JSON.stringify(said) !== JSON.stringify(this.#lastSaid);
    this.#lastSaid = said;
    const freeAt = fullUntil(said, this.#state);
    if (freeAt !== null) this.#alarm.wakeBy(freeAt);
    if (isNew) this.#store.write("lastSaid", said);
    this.#absences.look(this.#identity, this.#state);
  }

  /**
   * A bridge that was started anew has lost its conferences, and the agent that noticed may end before it has told the edge of all. The
   * one that acts next knows of none of them, so the conferences ask. They also ask a reconnected agent, because
   * it can have lost its journal, and its link a pending question.
   */
  #sweepBehindLoss(): void {
    const { lastActive } = this.#state;
    const { id, health } = activeLink(this.#state) ?? {};
    const bootId = health?.bootId;
    if (!lastActive || bootId === undefined || !this.#identity || this.#isSweeping) return;
    const acting = `${lastActive.since} ${bootId} ${id}`;
    if (acting === this.#sweepBegunFor) return;
    // With the first agent of all, nothing can have been lost.
    if (this.#sweepBegunFor === undefined) return this.#noteSweep(acting);
    this.#isSweeping = true;
    void this.#sweep(this.#identity.domain, acting);
  }

  #noteSweep(acting: string): void {
    this.#sweepBegunFor = acting;
    this.#store.write("sweepBegunFor", acting);
  }

  async #sweep(domain: DomainName, acting: string): Promise<void> {
    try {
      await within(this.#ports, sweptWithinMs, "the allocator", this.#ports.sweep(domain));
      this.#isSweeping = false;
      this.#noteSweep(acting);
      this.#sweepBehindLoss();
    } catch (error) {
      this.#log("not-swept", "", { error: String(error) }, "warn");
      this.#ports.after(sweepAgainMs, () => {
        this.#isSweeping = false;
        this.#sweepBehindLoss();
      });
    }
  }

  /** Another link is active than before, or none; `lost`: the link that was active last. */
  #logActive(before: string | undefined, lost: Pick<Lost, "at" | "why"> | undefined): void {
    const line = activeLine(before, this.#state, lost, this.#ports.now());
    if (line.event === "agent-takeover" && this.#identity) this.#ports.measures.takeovers.count({ ...this.#identity });
    this.#log(line.event, line.agent, line.facts, line.level);
  }

  #carryOut(effect: RelayEffect, before: RelayState): void {
    switch (effect.type) {
      case "send":
        return this.#ports.sockets.send(effect.id, effect.message);
      case "close":
        return this.#close(effect.id, findLink(before, effect.id)?.agent ?? "", effect.why);
      default:
        return this.#reports.add(effect);
    }
  }

  #tooMuch(link: Link, judgement: Exclude<Judgement, "allowed">, facts: LogFacts): void {
    if (judgement === "refused") this.#refuse(link, "tooMuch", facts);
    else this.#log("agent-message-ignored", link.agent, facts, "warn");
  }

  #refuse({ id, agent }: Link, why: "badMessage" | "tooMuch", facts: LogFacts): void {
    this.#log("agent-message-refused", agent, facts, "warn");
    this.#apply({ type: "bad-message", id, why });
  }

  #close(id: string, agent: string, why: CloseReason): void {
    const isShared =
      why === "replaced" && this.#replaced.waitSeconds(agent, REPLACED_PER_MINUTE, this.#ports.now()) > 0;
    const note = "it seems that two processes connect under this name, with one key: stop one";
    this.#log("agent-closed", agent, { why: dashed(why), ...(isShared && { note }) }, "warn");
    this.#ports.sockets.close(id, CLOSE_CODES[why], why);
  }

  #wakeForStandby(): void {
    const { links } = this.#state;
    // Nobody could act in the place of an agent that is alone: its silence is noticed when there is something to send.
    if (!links.some(({ role }) => role === "standby")) return;
    const silentAt = Math.min(...links.map(({ id }) => this.#lastSeen(id))) + SILENCE_MS;
    const awaySince = this.#bridgeAwaySince;
    this.#alarm.wakeBy(awaySince === null ? silentAt : Math.min(silentAt, awaySince + BRIDGE_AWAY_MS));
  }

  /** An agent can cause as many lines as it likes, so each event of each agent has its limit. */
  readonly #log: RelayLog = (event, agent, facts, level = "info") => {
    const dropped = this.#logLimit.admit(event, agent, this.#ports.now());
    if (dropped === null) return;
    const about = { ...this.#identity, ...(agent !== "" && { agent }), ...(dropped > 0 && { droppedBefore: dropped }) };
    this.#ports.log({ level, event, ...about, ...facts });
  };
}

/** The name as the log spells events and reasons. */
function dashed(why: CloseReason): string {
  return why.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
