import * as v from "valibot";
import type { CommandId, ConfKey } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { RefusalReason } from "./commands.ts";
import type { BridgeAbilities, BridgeAct, BridgeCall, BridgeHappening, BridgeState } from "./driving.ts";
import { call, command, commandId, conference, endReason, flag, refusalReason, room, whole, word } from "./schemas.ts";

/** The generic bridge protocol, described in docs/bridge-protocol.md. */
export const BRIDGE_PROTOCOL_VERSION = 1;

/** `id` counts up within one connection and ties an answer to its question. */
export type AgentToBridge =
  | {
      readonly type: "act";
      readonly id: number;
      readonly commandId: CommandId;
      readonly conference: ConfKey | null;
      readonly act: BridgeAct;
    }
  | { readonly type: "state"; readonly id: number }
  | { readonly type: "ping"; readonly id: number };

export type BridgeToAgent =
  /** The first message on each connection. */
  | {
      readonly type: "hello";
      readonly version: number;
      readonly bootId: string;
      readonly abilities: BridgeAbilities;
      readonly ports: number | null;
    }
  | { readonly type: "done"; readonly id: number }
  | { readonly type: "refused"; readonly id: number; readonly reason: RefusalReason }
  | { readonly type: "state"; readonly id: number; readonly state: BridgeState }
  | { readonly type: "pong"; readonly id: number }
  | BridgeHappening;

/** Longest message in characters: the state of a bridge with some 20,000 calls. */
export const MAX_BRIDGE_MESSAGE_LENGTH = 8 * 1024 * 1024;

/** A bridge's only door for what an agent says; the failure is a sentence. */
export function decodeAgentToBridge(text: string): Result<AgentToBridge, string> {
  return decode(agentToBridge, text);
}

/** The agent's only door for what a bridge says; the failure is a sentence. */
export function decodeBridgeToAgent(text: string): Result<BridgeToAgent, string> {
  return decode(bridgeToAgent, text);
}

function decode<Message>(schema: v.GenericSchema<unknown, Message>, text: string): Result<Message, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(`not JSON: ${text.slice(0, 60)}`);
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [problem] = parsed.issues;
  return err(`${v.getDotPath(problem) ?? "message"}: ${problem.message}`);
}

const act: v.GenericSchema<unknown, BridgeAct> = v.intersect([
  command,
  v.object({ attendeeId: v.exactOptional(v.nullable(word)) }),
]);

const agentToBridge: v.GenericSchema<unknown, AgentToBridge> = v.variant("type", [
  v.object({ type: v.literal("act"), id: whole, commandId, conference: v.nullable(conference), act }),
  v.object({ type: v.picklist(["state", "ping"]), id: whole }),
]);

const bridgeCall: v.GenericSchema<unknown, BridgeCall> = v.variant("stage", [
  v.object({ stage: v.literal("prompted"), call, number: word, keys: word }),
  v.object({ stage: v.picklist(["ringing", "answered"]), call, number: word, conference }),
  v.object({
    stage: v.literal("entered"),
    call,
    direction: v.picklist(["in", "out"]),
    number: word,
    conference,
    room,
    muted: flag,
    joinTone: flag,
    attendeeId: v.nullable(word),
    talking: flag,
  }),
  v.object({
    stage: v.literal("ended"),
    call,
    direction: v.picklist(["in", "out"]),
    number: word,
    conference: v.nullable(conference),
    reason: endReason,
  }),
]);

const bridgeState: v.GenericSchema<unknown, BridgeState> = v.object({
  conferences: v.array(
    v.object({
      conference,
      locked: flag,
      reportsSpeakers: flag,
      rooms: v.array(v.object({ id: room, kind: v.picklist(["main", "sub", "private"]) })),
    }),
  ),
  calls: v.array(bridgeCall),
});

const bridgeToAgent: v.GenericSchema<unknown, BridgeToAgent> = v.variant("type", [
  v.object({
    type: v.literal("hello"),
    version: whole,
    bootId: v.pipe(word, v.nonEmpty()),
    abilities: v.object({ subConferences: flag, talkDetection: flag, joinTones: flag }),
    ports: v.nullable(whole),
  }),
  v.object({ type: v.picklist(["done", "pong"]), id: whole }),
  v.object({ type: v.literal("refused"), id: whole, reason: refusalReason }),
  v.object({ type: v.literal("state"), id: whole, state: bridgeState }),
  v.object({ type: v.literal("prompted"), call, number: word }),
  v.object({ type: v.literal("keys"), call, keys: word }),
  v.object({ type: v.literal("answered"), call, conference }),
  v.object({ type: v.literal("ended"), call, conference: v.nullable(conference), reason: endReason }),
  v.object({ type: v.literal("talking"), call, conference, talking: flag }),
  v.object({ type: v.literal("lock-changed"), conference, locked: flag }),
  v.object({ type: v.literal("conference-ended"), conference }),
]);
