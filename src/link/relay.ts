import type { Ability, IssuedCommand } from "../bridge/commands.ts";
import type { NumberedReport } from "../bridge/events.ts";
import type { KeypadCodes } from "../bridge/keypad-codes.ts";
import type { CommandId, ConfKey, EpochMs, StreamId } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import type { AgentToEdge, CloseReason, EdgeToAgent } from "./messages.ts";

const HEARTBEAT_MS = 3_000;
export const SILENCE_MS = 10_000;
/** Who notices a silence later than this may have a clock that was set, and gives the agent time for a ping. */
export const NOTICED_WITHIN_MS = 5_000;
export const PINGS_WITHIN_MS = HEARTBEAT_MS + 1_000;
/** How long an active agent may be without its bridge while another agent has it. */
export const BRIDGE_AWAY_MS = 2_000;

export interface Link {
  readonly role: "active" | "standby";
  readonly id: string;
  readonly agent: string;
  readonly health: Health | null;
  /** Since when the agent says that its bridge is away; `null`: it does not. */
  readonly bridgeAwaySince: EpochMs | null;
  /** Since when a port of the bridge has been free, as the active agent says; absent: none is, or it does not say. */
  readonly freeSince?: EpochMs;
}

export type Health = Omit<Extract<AgentToEdge, { type: "health" }>, "type" | "at">;

/** The agent that was active last, and the epoch since which no other one was; 0: since ever. */
export interface LastActive {
  readonly agent: string;
  readonly since: number;
}

/** A relay's agents. The epoch and who is active are on disk; the links live as long as their sockets. */
export interface RelayState {
  readonly epoch: number;
  readonly lastActive: LastActive | null;
  readonly links: readonly Link[];
}

export type RelayInput =
  /** An agent has proved who it is, and has a socket. */
  | {
      readonly type: "opened";
      readonly id: string;
      readonly agent: string;
      /** Whether the settings name no other agent for this bridge. */
      readonly alone: boolean;
      readonly keypad: KeypadCodes;
    }
  /** An agent sent what is no message, or too much. */
  | { readonly type: "bad-message"; readonly id: string; readonly why: "badMessage" | "tooMuch" }
  | { readonly type: "message"; readonly id: string; readonly message: AgentToEdge; readonly at: EpochMs }
  | { readonly type: "commands"; readonly conference: ConfKey; readonly commands: readonly IssuedCommand[] }
  | { readonly type: "closed"; readonly id: string }
  | { readonly type: "bridge-away" }
  /** An operator wants that a standby acts in the place of the active agent. */
  | { readonly type: "hand-over" }
  | { readonly type: "silent"; readonly ids: readonly string[] };

export type RelayEffect =
  | { readonly type: "send"; readonly id: string; readonly message: EdgeToAgent }
  | { readonly type: "close"; readonly id: string; readonly why: CloseReason }
  | ForDirectory
  | ForConference;

/** What the domain's directory is to keep; the link `id` is told when it has. */
export type ForDirectory = Extract<AgentToEdge, { type: "prompt-calls" }> & { readonly id: string };

/** Part of an agent's message, for one conference; the answer goes to the link `id`. */
export type ForConference =
  | {
      readonly type: "commands-ack";
      readonly conference: ConfKey;
      readonly ids: readonly CommandId[];
      readonly waiting: readonly CommandId[];
    }
  | {
      readonly type: "reports";
      readonly id: string;
      readonly conference: ConfKey;
      readonly stream: StreamId;
      readonly cannot: readonly Ability[];
      /** How far the agent's clock is ahead, where that matters and is known. */
      readonly aheadMs?: number;
      readonly reports: readonly NumberedReport[];
    }
  /** The agent is answered when the conference knows the same; when it knows otherwise, the agent is asked for a snapshot. */
  | { readonly type: "digest"; readonly id: string; readonly conference: ConfKey; readonly digest: string };

interface RelayStep {
  readonly state: RelayState;
  readonly effects: readonly RelayEffect[];
}

export function step(state: RelayState, input: RelayInput, at: EpochMs): RelayStep {
  const acted = act(state, input, at);
  const before = activeLink(state);
  const closed = acted.effects.find((effect) => effect.type === "close" && effect.id === before?.id);
  return then(acted, (after) => activateOne(after, before, closed?.type === "close" ? closed.why : "closed", at));
}

/** A relay that may have lost its sockets: the agent that was active may act on, so its link stays for a while. */
export function restore(state: RelayState, wasActive: Pick<Link, "id" | "agent"> | null): RelayState {
  if (wasActive === null || activeLink(state)) return state;
  const { id, agent } = wasActive;
  return { ...state, links: [...state.links, newLink("active", id, agent)] };
}

export function activeLink(state: RelayState): Link | undefined {
  for (const link of state.links) if (link.role === "active") return link;
  return undefined;
}

/** At most so many messages of reports wait for one conference; the agent repeats what finds no place. */
const MAX_WAITING_REPORTS = 16;

/** Adds `next` to what waits for one conference: acks first, the newest digest last, no report twice. */
export function joinWaiting(waiting: readonly ForConference[], next: ForConference): readonly ForConference[] {
  const acks = waiting.filter((one) => one.type === "commands-ack");
  const reports = waiting.filter((one) => one.type === "reports");
  const digests = waiting.filter((one) => one.type === "digest");
  switch (next.type) {
    case "commands-ack": {
      const ids = new Set([...acks, next].flatMap((ack) => ack.ids));
      const waited = acks.flatMap(({ waiting }) => waiting).filter((id) => !next.ids.includes(id));
      return [{ ...next, ids: [...ids], waiting: [...waited, ...next.waiting] }, ...reports, ...digests];
    }
    case "reports":
      return [...acks, ...withReports(reports, next), ...digests];
    case "digest":
      return [...acks, ...reports, next];
    default:
      return assertNever(next);
  }
}

type ReportsOfAgent = Extract<ForConference, { type: "reports" }>;

/** Behind the reports that they continue; in place of those that they repeat, or that another link or stream sent. */
function withReports(waiting: readonly ReportsOfAgent[], next: ReportsOfAgent): readonly ReportsOfAgent[] {
  const last = waiting.at(-1);
  const expected = (last?.reports.at(-1)?.number ?? 0) + 1;
  const first = next.reports[0]?.number ?? expected;
  if (last?.id !== next.id || last.stream !== next.stream || first < expected) return [next];
  return first === expected && waiting.length < MAX_WAITING_REPORTS ? [...waiting, next] : waiting;
}

function act(state: RelayState, input: RelayInput, at: EpochMs): RelayStep {
  switch (input.type) {
    case "opened":
      return opened(state, input, at);
    case "bad-message":
      return close(state, input.id, input.why);
    case "message":
      return received(state, input);
    case "commands":
      return sendCommands(state, input.conference, input.commands);
    case "closed":
      return unchanged(without(state, input.id));
    case "bridge-away":
      return replaceActive(state, "bridgeAway");
    case "hand-over":
      return replaceActive(state, "handedOver");
    case "silent":
      return closeAll(state, input.ids, "silent");
    default:
      return assertNever(input);
  }
}

/** Without a standby that has the bridge, nothing changes. */
function replaceActive(state: RelayState, why: CloseReason): RelayStep {
  const active = activeLink(state);
  return active && nextStandby(state)?.health?.bridgeUp ? close(state, active.id, why) : unchanged(state);
}

function opened(state: RelayState, input: Extract<RelayInput, { type: "opened" }>, at: EpochMs): RelayStep {
  const { id, agent, alone, keypad } = input;
  const older = state.links.find((link) => link.agent === agent);
  return then(older ? close(state, older.id, "replaced") : unchanged(state), (others) => {
    const link = newLink("standby", id, agent);
    const joined = { ...others, links: [...others.links, link] };
    // An active agent that connects anew stays active.
    const state = activeLink(joined) ? joined : activated(joined, link, at, alone);
    const { epoch, lastActive } = state;
    const role = activeLink(state)?.id === id ? "active" : "standby";
    const activeSince = lastActive?.since ?? epoch;
    const welcome = { type: "welcome", role, epoch, activeSince, heartbeatMs: HEARTBEAT_MS, alone, keypad } as const;
    return { state, effects: [send(id, welcome)] };
  });
}

function newLink(role: Link["role"], id: string, agent: string): Link {
  return { role, id, agent, health: null, bridgeAwaySince: null };
}

function received(state: RelayState, { id, message, at }: Extract<RelayInput, { type: "message" }>): RelayStep {
  const link = findLink(state, id);
  if (!link) return unchanged(state);
  const isActive = link.role === "active";
  switch (message.type) {
    case "ping":
      return unchanged(state); // The holder of the socket has answered it: see `PING`.
    case "health": {
      const { type, at: _, ...health } = message;
      const { freeSince, ...rest } = link;
      const bridgeAwaySince = health.bridgeUp ? null : (link.bridgeAwaySince ?? at);
      const free = isActive ? freeFrom(freeSince, health, at) : {};
      return unchanged(changed(state, { ...rest, health, bridgeAwaySince, ...free }));
    }
    case "prompt-calls":
      // Also of an agent that acts no longer: nobody else knows what it saw.
      return { state, effects: [{ ...message, id }] };
    case "commands-ack": {
      if (!isActive) return unchanged(state);
      const { conference, ids, waiting = [] } = message;
      return { state, effects: [{ type: "commands-ack", conference, ids, waiting }] };
    }
    case "reports": {
      // The snapshots of a new active agent cover what the one before it saw.
      if (!isActive || message.epoch !== state.epoch) return unchanged(state);
      const { conference, stream, reports, at: sentAt } = message;
      const cannot = link.health?.cannot ?? [];
      const ahead = sentAt !== undefined && { aheadMs: sentAt - at };
      return { state, effects: [{ type: "reports", id, conference, stream, cannot, ...ahead, reports }] };
    }
    case "digests": {
      if (!isActive || message.epoch !== state.epoch) return unchanged(state);
      return { state, effects: message.digests.map((one) => ({ type: "digest", id, ...one })) };
    }
    default:
      return assertNever(message);
  }
}

function freeFrom(since: EpochMs | undefined, health: Health, at: EpochMs): Pick<Link, "freeSince"> {
  const isUnread = health.bridgeUp && !saysPorts(health);
  const isFree = hasPorts(health) && health.portsInUse < (health.ports ?? 0);
  const freeSince = isUnread ? since : isFree ? (since ?? at) : undefined;
  return freeSince === undefined ? {} : { freeSince };
}

/** Whether it says how many ports are in use: right after it has connected to its bridge, an agent does not know yet. */
export function saysPorts({ bridgeUp, portsUnread }: Health): boolean {
  return bridgeUp && !portsUnread;
}

/** Whether it says so, and there is a limit: else the bridge cannot be full. */
export function hasPorts(health: Health): boolean {
  return saysPorts(health) && health.ports !== null && health.ports > 0;
}

function sendCommands(state: RelayState, conference: ConfKey, commands: readonly IssuedCommand[]): RelayStep {
  const active = activeLink(state);
  if (!active) return unchanged(state);
  return { state, effects: [send(active.id, { type: "commands", epoch: state.epoch, conference, commands })] };
}

function activateOne(state: RelayState, before: Link | undefined, why: Replaced, at: EpochMs): RelayStep {
  const next = activeLink(state) ? undefined : nextStandby(state);
  if (!next) return unchanged(state);
  const after = activated(state, next, at);
  const replaces = before && { replaces: { agent: before.agent, why } };
  return { state: after, effects: [send(next.id, { type: "activate", epoch: after.epoch, ...replaces })] };
}

/** Why an agent is active no longer: the edge closed its link for this reason, or the link was closed by somebody else. */
type Replaced = CloseReason | "closed";

/** Who takes over when there is no active agent: the longest connected standby of those that have their bridge, or else of all. */
export function nextStandby({ links }: RelayState): Link | undefined {
  const standbys = links.filter(({ role }) => role === "standby");
  return standbys.find(({ health }) => health?.bridgeUp) ?? standbys[0];
}

function activated(state: RelayState, link: Link, at: EpochMs, alone = false): RelayState {
  // By the clock, too: a relay that has lost its state, or has an older one, is ahead of all epochs that agents and bridges know.
  const epoch = Math.max(state.epoch + 1, Math.floor(at / 1_000));
  const { agent } = link;
  // Where that is not known, another agent may have acted until now, if there is another.
  const since = state.lastActive === null && alone ? 0 : epoch;
  const lastActive = state.lastActive?.agent === agent ? state.lastActive : { agent, since };
  const free = link.health && freeFrom(undefined, link.health, at);
  return changed({ ...state, epoch, lastActive }, { ...link, role: "active", ...free });
}

function close(state: RelayState, id: string, why: CloseReason): RelayStep {
  if (!findLink(state, id)) return unchanged(state);
  return { state: without(state, id), effects: [{ type: "close", id, why }] };
}

function closeAll(state: RelayState, ids: readonly string[], why: CloseReason): RelayStep {
  return ids.reduce((left, id) => then(left, (state) => close(state, id, why)), unchanged(state));
}

function then(first: RelayStep, next: (state: RelayState) => RelayStep): RelayStep {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

function unchanged(state: RelayState): RelayStep {
  return { state, effects: [] };
}

export function findLink(state: RelayState, id: string): Link | undefined {
  return state.links.find((link) => link.id === id);
}

function changed(state: RelayState, link: Link): RelayState {
  return { ...state, links: state.links.map((other) => (other.id === link.id ? link : other)) };
}

function without(state: RelayState, id: string): RelayState {
  return { ...state, links: state.links.filter((link) => link.id !== id) };
}

function send(id: string, message: EdgeToAgent): RelayEffect {
  return { type: "send", id, message };
}
