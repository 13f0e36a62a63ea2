import type { IssuedCommand } from "../bridge/commands.ts";
import type { NumberedReport } from "../bridge/events.ts";
import type { KeypadCodes } from "../bridge/keypad.ts";
import { assertNever } from "../foundation/assert-never.ts";
import type { CommandId, ConfKey, EpochMs, StreamId } from "../foundation/ids.ts";
import type { AgentToEdge, CloseReason, EdgeToAgent } from "./messages.ts";

/** How often an agent gives a sign of life. */
export const HEARTBEAT_MS = 3_000;
/** How long an agent may give none. */
export const SILENCE_MS = 10_000;

/** One agent's socket. */
export interface Link {
  readonly role: "active" | "standby";
  readonly id: string;
  readonly agent: string;
  readonly lastSeen: EpochMs;
  readonly health: Health | null;
}

/** With `lastSeen` once it was missed. */
export type WasActive = Pick<Link, "id" | "agent"> & Partial<Pick<Link, "lastSeen">>;

export type Health = Omit<Extract<AgentToEdge, { type: "health" }>, "type">;

/** All that a relay knows. The epoch and who is active are on disk; the links live as long as their sockets. */
export interface RelayState {
  readonly epoch: number;
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
      readonly at: EpochMs;
    }
  /** It said what is no message. */
  | { readonly type: "bad-message"; readonly id: string; readonly at: EpochMs }
  | { readonly type: "message"; readonly id: string; readonly message: AgentToEdge; readonly at: EpochMs }
  | {
      readonly type: "commands";
      readonly conference: ConfKey;
      readonly commands: readonly IssuedCommand[];
      readonly at: EpochMs;
    }
  | { readonly type: "closed"; readonly id: string; readonly at: EpochMs }
  | { readonly type: "time"; readonly at: EpochMs };

export type RelayEffect =
  | { readonly type: "send"; readonly id: string; readonly message: EdgeToAgent }
  | { readonly type: "close"; readonly id: string; readonly why: CloseReason }
  | { readonly type: "commands-ack"; readonly conference: ConfKey; readonly ids: readonly CommandId[] }
  /** Should the conference know otherwise, the agent is asked for a snapshot. */
  | { readonly type: "digest"; readonly id: string; readonly conference: ConfKey; readonly digest: string }
  | {
      readonly type: "reports";
      readonly id: string;
      readonly conference: ConfKey;
      readonly stream: StreamId;
      readonly reports: readonly NumberedReport[];
    };

interface LinkStep {
  readonly state: RelayState;
  readonly effects: readonly RelayEffect[];
}

/** What follows from one input. Whoever has been silent for too long is found, and replaced, at each of them. */
export function step(before: RelayState, input: RelayInput): LinkStep {
  const swept = then(sweep(seen(notLater(before, input.at), input), input.at), activateOne);
  return then(
    then(swept, (state) => act(state, input)),
    activateOne,
  );
}

/**
 * A relay that may have lost its sockets. The agent that was active need not have noticed, and goes on: its link counts as any
 * that is silent, from when it was first missed, so that no other one acts meanwhile.
 */
export function restore(state: RelayState, wasActive: WasActive | null, at: EpochMs): RelayState {
  if (wasActive === null || activeLink(state)) return state;
  return { ...state, links: [...state.links, { lastSeen: at, ...wasActive, role: "active", health: null }] };
}

/** When the next link is over unless it gives a sign of life; `null`: there is none. */
export function nextSilence({ links }: RelayState): EpochMs | null {
  return links.length === 0 ? null : Math.min(...links.map(({ lastSeen }) => lastSeen)) + SILENCE_MS;
}

export function activeLink(state: RelayState): Link | undefined {
  for (const link of state.links) if (link.role === "active") return link;
  return undefined;
}

function act(state: RelayState, input: RelayInput): LinkStep {
  switch (input.type) {
    case "opened":
      return opened(state, input);
    case "bad-message":
      return close(state, input.id, "badMessage");
    case "message":
      return heard(state, input.id, input.message);
    case "commands":
      return tell(state, input.conference, input.commands);
    case "closed":
      return unchanged(without(state, input.id));
    case "time":
      return unchanged(state);
    default:
      return assertNever(input);
  }
}

function opened(state: RelayState, input: Extract<RelayInput, { type: "opened" }>): LinkStep {
  const { id, agent, alone, keypad, at } = input;
  const older = state.links.find((link) => link.agent === agent);
  const others = then(older ? close(state, older.id, "replaced") : unchanged(state), activateOne);
  return then(others, (others) => {
    const role = activeLink(others) ? "standby" : "active";
    const epoch = role === "active" ? others.epoch + 1 : others.epoch;
    const links = [...others.links, { role, id, agent, lastSeen: at, health: null }] as const;
    const welcome = { type: "welcome", role, epoch, heartbeatMs: HEARTBEAT_MS, alone, keypad } as const;
    return { state: { epoch, links }, effects: [send(id, welcome)] };
  });
}

function heard(state: RelayState, id: string, message: AgentToEdge): LinkStep {
  const link = find(state, id);
  if (!link) return unchanged(state);
  const acts = link.role === "active";
  switch (message.type) {
    case "ping":
      return { state, effects: [send(id, { type: "pong", nonce: message.nonce })] };
    case "health": {
      const { bridgeUp, portsInUse, ports } = message;
      return unchanged(changed(state, { ...link, health: { bridgeUp, portsInUse, ports } }));
    }
    case "commands-ack":
      if (!acts) return unchanged(state);
      return { state, effects: [{ type: "commands-ack", conference: message.conference, ids: message.ids }] };
    case "reports": {
      // What an agent saw before another one took over is told again by that one's snapshot.
      if (!acts || message.epoch !== state.epoch) return unchanged(state);
      const { conference, stream, reports } = message;
      return { state, effects: [{ type: "reports", id, conference, stream, reports }] };
    }
    case "digests": {
      if (!acts || message.epoch !== state.epoch) return unchanged(state);
      return { state, effects: message.digests.map((one) => ({ type: "digest", id, ...one })) };
    }
    default:
      return assertNever(message);
  }
}

function tell(state: RelayState, conference: ConfKey, commands: readonly IssuedCommand[]): LinkStep {
  const active = activeLink(state);
  if (!active) return unchanged(state);
  return { state, effects: [send(active.id, { type: "commands", epoch: state.epoch, conference, commands })] };
}

/** A clock that was set back does not make anybody's last sign of life count for longer. */
function notLater(state: RelayState, at: EpochMs): RelayState {
  if (state.links.every((link) => link.lastSeen <= at)) return state;
  return { ...state, links: state.links.map((link) => ({ ...link, lastSeen: at })) };
}

/** A message is a sign of life. */
function seen(state: RelayState, input: RelayInput): RelayState {
  const link = input.type === "message" ? find(state, input.id) : undefined;
  return link ? changed(state, { ...link, lastSeen: input.at }) : state;
}

function sweep(state: RelayState, at: EpochMs): LinkStep {
  let swept = unchanged(state);
  for (const link of state.links) {
    if (at - link.lastSeen < SILENCE_MS) continue;
    swept = then(swept, (left) => close(left, link.id, "silent"));
  }
  return swept;
}

/** The longest connected standby takes over when there is no active agent. */
function activateOne(state: RelayState): LinkStep {
  if (activeLink(state)) return unchanged(state);
  const next = state.links.find((link) => link.role === "standby");
  if (!next) return unchanged(state);
  const epoch = state.epoch + 1;
  return {
    state: changed({ ...state, epoch }, { ...next, role: "active" }),
    effects: [send(next.id, { type: "activate", epoch })],
  };
}

function close(state: RelayState, id: string, why: CloseReason): LinkStep {
  if (!find(state, id)) return unchanged(state);
  return { state: without(state, id), effects: [{ type: "close", id, why }] };
}

function then(first: LinkStep, next: (state: RelayState) => LinkStep): LinkStep {
  const second = next(first.state);
  if (second.effects.length === 0) return { state: second.state, effects: first.effects };
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

function unchanged(state: RelayState): LinkStep {
  return { state, effects: [] };
}

function find(state: RelayState, id: string): Link | undefined {
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
