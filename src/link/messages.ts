import * as v from "valibot";
import { type IssuedCommand, issuedCommand, missingAbilities } from "../bridge/commands.ts";
import { numberedReport } from "../bridge/events.ts";
import { keypadCodes } from "../bridge/keypad-codes.ts";
import { promptCall } from "../bridge/prompt-call.ts";
import { commandId, conference, flag, id, typed, whole, word, wrong } from "../bridge/schemas.ts";
import type { CommandId, EpochMs, StreamId } from "../foundation/ids.ts";
import { type Rate, TokenBucket } from "../foundation/limits.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { Checked } from "../foundation/schemas.ts";

/** Alerts that an agent reports of its bridge. */
const bridgeTroubles = ["trunk-fails", "numbers-shared"] as const;
export type BridgeTrouble = (typeof bridgeTroubles)[number];

const epoch = whole;
const stream = id<StreamId>();

const edgeToAgent = [
  typed("welcome", {
    role: v.picklist(["active", "standby"]),
    /** Rises with each change of the active agent; commands of an older one are refused. */
    epoch,
    /** Of an active agent: the epoch since which no other agent was active. */
    activeSince: epoch,
    heartbeatMs: v.pipe(whole, v.minValue(1)),
    /** Whether the bridge has no other agent that could act in this one's place. */
    alone: flag,
    keypad: keypadCodes,
  }),
  /** A standby is the active agent from now on, in place of the one that was; for the log alone. */
  typed("activate", { epoch, replaces: v.optional(v.object({ agent: word, why: word })) }),
  v.pipe(
    typed("commands", { epoch, conference, commands: v.array(v.unknown()) }),
    v.transform((message) => ({ ...message, ...sorted(message.commands) })),
  ),
  /** The conference has the reports of this stream on disk, up to this number. */
  typed("reports-ack", { conference, stream, upTo: whole }),
  /** The conference's object knows it as this digest says, or the conference is not the edge's. */
  typed("digest-confirmed", { conference, digest: word }),
  /** The domain has these calls on disk, up to the message of this number. */
  typed("prompt-calls-ack", { upTo: whole }),
  /** The digest differs from what the object knows. `unless`: no snapshot is wanted if the bridge has this one. */
  typed("snapshot-wanted", { conference, unless: v.optional(word) }),
  /** The answer to a ping, in the same order. */
  typed("pong", {}),
];

export type EdgeToAgent = Checked<(typeof edgeToAgent)[number]>;

const conferenceDigest = v.object({
  conference,
  digest: word,
});

export type ConferenceDigest = Checked<typeof conferenceDigest>;

const agentToEdge = [
  /** The commands are in the journal, and with the bridge but for those `waiting`, which are acknowledged again. */
  typed("commands-ack", { conference, ids: v.array(commandId), waiting: v.exactOptional(v.array(commandId)) }),
  /** `at`: the agent's current time, if a report has a time. */
  typed("reports", { epoch, conference, stream, reports: v.array(numberedReport), at: v.exactOptional(whole) }),
  /** Of conferences of which nothing is pending: each minute until it is confirmed, then each eight at most. */
  typed("digests", { epoch, digests: v.array(conferenceDigest) }),
  /**
   * Whether the bridge answers, which of its starts this is (absent: it does not answer), how full it is, and what it cannot do (absent: it
   * can do everything); sent on change. `version` and `waiting` are for people.
   */
  typed("health", {
    bridgeUp: flag,
    bootId: v.exactOptional(word),
    portsInUse: whole,
    /** The agent has not read yet what the bridge holds, so `portsInUse` says nothing. A standby does not read it. */
    portsUnread: v.exactOptional(v.literal(true)),
    ports: v.nullable(whole),
    cannot: v.exactOptional(missingAbilities),
    troubles: v.exactOptional(v.array(v.object({ kind: v.picklist(bridgeTroubles), since: whole, why: word }))),
    version: v.pipe(v.string(), v.maxLength(64)),
    /** The agent's clock, for people. */
    at: v.exactOptional(whole),
    /** Commands without a result, and reports without an ack, once some have waited for 5 s; a change of these alone is sent each 5 s at most. */
    waiting: v.exactOptional(v.object({ commands: whole, reports: whole })),
  }),
  /**
   * Calls at the prompt that were not led in at once, each with its whole story so far; of the active agent and of others. It comes again until
   * it is acknowledged. `at`: the agent's time now.
   */
  typed("prompt-calls", {
    upTo: whole,
    calls: v.array(promptCall),
    at: whole,
  }),
  typed("ping", {}),
];

export type AgentToEdge = Checked<(typeof agentToEdge)[number]>;

/** The messages that an agent sends at one time, in order. */
export interface AgentTurn {
  readonly type: "turn";
  readonly messages: readonly AgentToEdge[];
}

/** The commands that are understood, and the ids of the others, which must not hold them up. `notUnderstood` is never sent. */
function sorted(values: readonly unknown[]): { commands: IssuedCommand[]; notUnderstood?: CommandId[] } {
  const commands: IssuedCommand[] = [];
  const notUnderstood: CommandId[] = [];
  for (const value of values) {
    const known = v.safeParse(issuedCommand, value, { abortEarly: true });
    if (known.success) {
      commands.push(known.output);
      continue;
    }
    const other = v.safeParse(named, value);
    if (other.success) notUnderstood.push(other.output.id);
  }
  return notUnderstood.length === 0 ? { commands } : { commands, notUnderstood };
}

const named = v.object({ id: commandId });

/** Longest frame in characters: a snapshot of some 20,000 callers, or as many commands. */
export const MAX_MESSAGE_LENGTH = 4 * 1024 * 1024;
/** A turn that is longer leaves in several frames. */
const MAX_TURN_LENGTH = 256 * 1024;

export type LinkDecodeError =
  | { readonly kind: "too-long"; readonly length: number }
  | { readonly kind: "not-json" }
  | { readonly kind: "unknown-message"; readonly type: string }
  /** `path` is the place in the message, such as `commands.0.command`. */
  | { readonly kind: "bad-message"; readonly type: string; readonly path: string; readonly problem: string };

export function encodeMessage(message: EdgeToAgent | AgentToEdge): string {
  return JSON.stringify(message);
}

/** The frames of what an agent has to say. */
export function encodeAgentFrames(frame: AgentToEdge | AgentTurn): string[] {
  if (frame.type !== "turn") return [encodeMessage(frame)];
  const frames: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const text of frame.messages.map(encodeMessage)) {
    length += text.length;
    if (length > MAX_TURN_LENGTH) {
      frames.push([]);
      length = text.length;
    }
    frames.at(-1)?.push(text);
  }
  return frames.map((texts) => `{"type":"turn","messages":[${texts.join()}]}`);
}

/** The platform answers this text with that one by itself: a sign of life wakes no relay. */
export const PING = encodeMessage({ type: "ping" });
export const PONG = encodeMessage({ type: "pong" });

export function decodeEdgeToAgent(text: string): Result<EdgeToAgent, LinkDecodeError> {
  const read = parse(text);
  return read.ok ? decode<EdgeToAgent>(fromEdge, read.value) : read;
}

/** The messages of one frame. One that is wrong makes the frame wrong. */
export function decodeAgentToEdge(text: string): Result<readonly AgentToEdge[], LinkDecodeError> {
  const read = parse(text);
  if (!read.ok) return read;
  const messages: AgentToEdge[] = [];
  for (const value of v.is(turn, read.value) ? read.value.messages : [read.value]) {
    const decoded = decode<AgentToEdge>(fromAgent, value);
    if (!decoded.ok) return decoded;
    messages.push(decoded.value);
  }
  return ok(messages);
}

const fromEdge = new Map(edgeToAgent.map((schema) => [schema.entries.type.literal, schema]));
const fromAgent = new Map(agentToEdge.map((schema) => [schema.entries.type.literal, schema]));
const ofSomeType = v.object({ type: v.string() });
const turn = v.object({ type: v.literal("turn"), messages: v.array(v.unknown()) });

function parse(text: string): Result<unknown, LinkDecodeError> {
  if (text.length > MAX_MESSAGE_LENGTH) return err({ kind: "too-long", length: text.length });
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    return err({ kind: "not-json" });
  }
}

function decode<Message>(
  schemas: ReadonlyMap<string, v.GenericSchema<unknown, Message>>,
  value: unknown,
): Result<Message, LinkDecodeError> {
  const type = v.is(ofSomeType, value) ? value.type.slice(0, 50) : "";
  const schema = schemas.get(type);
  if (schema === undefined) return err({ kind: "unknown-message", type });
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err({ kind: "bad-message", type, path: v.getDotPath(issue) ?? "", problem: wrong(issue) });
}

/** Why the edge closed an agent's socket or gave it none; the agent's log explains each in a sentence. */
export const CLOSE_CODES = {
  /** No hello, or a message that is not of this protocol. */
  badMessage: 4400,
  /** The key is not one of this bridge's agents, or the signature does not fit. */
  wrongKey: 4401,
  /** The hello does not answer the relay's challenge, which comes with this code. */
  replayed: 4402,
  unknownDomain: 4403,
  unknownBridge: 4404,
  oldVersion: 4406,
  silent: 4408,
  replaced: 4409,
  /** The agent has lost its bridge, and another one has it. */
  bridgeAway: 4411,
  /** An operator has asked that another agent act in this one's place; this one may connect anew. */
  handedOver: 4413,
  /** This edge stands by for another one, which acts. */
  standsBy: 4414,
  /** More messages, or longer ones, than one agent may send: see `AgentBudget`. */
  tooMuch: 4429,
} as const;

export type CloseReason = keyof typeof CLOSE_CODES;

/**
 * The limits of one agent, over all of its sockets. All relays and conferences of an edge may share one thread, so a flood from one
 * agent would hold up the others. The agent's own limits (`bridge-agent/core/reports.ts`) stay below these, also with a backlog.
 */
const allowances = {
  sockets: { burst: 200, perSecond: 2 },
  messages: { burst: 10_000, perSecond: 5_000 },
  characters: { burst: 8 * MAX_MESSAGE_LENGTH, perSecond: MAX_MESSAGE_LENGTH },
  /** Each digest wakes the object of its conference. */
  digests: { burst: 10_000, perSecond: 500 },
  /** Each is a row on the domain's disk. */
  promptCalls: { burst: 1_000, perSecond: 50 },
} as const satisfies Record<string, Rate>;

const MAX_DIGESTS = 500;
const MAX_REPORTS = 1_000;
export const MAX_PROMPT_CALLS = 100;
const MAX_IDS = 20_000;

/** `ignored`: the agent repeats it or says it anew. `refused`: no honest agent sends such a message, or so many. */
export type Judgement = "allowed" | "ignored" | "refused";

/** The rest of one agent's allowances; each question spends them. */
export class AgentBudget {
  readonly #buckets = new Map<keyof typeof allowances, TokenBucket>();

  allowsSocket(at: EpochMs): boolean {
    return this.#spend("sockets", 1, at);
  }

  /** Asked before a frame is decoded: decoding is the greater part of its cost. */
  judgeText(length: number, at: EpochMs): Judgement {
    if (length > MAX_MESSAGE_LENGTH || !this.#spend("messages", 1, at)) return "refused";
    return this.#spend("characters", length, at) ? "allowed" : "ignored";
  }

  /** Of one of the messages of a frame; `judgeText` has paid for the first one. */
  judgeMessage(message: AgentToEdge, at: EpochMs, isFirst = true): Judgement {
    if (!isFirst && !this.#spend("messages", 1, at)) return "refused";
    switch (message.type) {
      case "digests": {
        const { length } = message.digests;
        if (length > MAX_DIGESTS) return "refused";
        return this.#spend("digests", length, at) ? "allowed" : "ignored";
      }
      case "reports":
        return message.reports.length <= MAX_REPORTS ? "allowed" : "refused";
      case "commands-ack":
        return Math.max(message.ids.length, message.waiting?.length ?? 0) <= MAX_IDS ? "allowed" : "refused";
      case "prompt-calls": {
        const { length } = message.calls;
        if (length > MAX_PROMPT_CALLS) return "refused";
        return this.#spend("promptCalls", length, at) ? "allowed" : "ignored";
      }
      case "health":
      case "ping":
        return "allowed";
    }
  }

  #spend(kind: keyof typeof allowances, amount: number, at: EpochMs): boolean {
    const bucket = this.#buckets.get(kind) ?? new TokenBucket(allowances[kind], at);
    this.#buckets.set(kind, bucket);
    return bucket.spend(amount, at);
  }
}
