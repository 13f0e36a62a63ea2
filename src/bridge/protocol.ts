import * as v from "valibot";
import { err, ok, type Result } from "../foundation/result.ts";
import type { Checked } from "../foundation/schemas.ts";
import { command, missingAbilities, refusalReason } from "./commands.ts";
import { bridgeEvent } from "./events.ts";
import { call, commandId, conference, flag, typed, whole, word, wrong } from "./schemas.ts";
import { bridgeState } from "./state.ts";

/** The generic bridge protocol, described in docs/bridge-protocol.md. */
export const BRIDGE_PROTOCOL_VERSION = 3;

const agentToBridge = v.variant("type", [
  typed("command", { id: whole, commandId, conference: v.nullable(conference), command }),
  v.object({ type: v.picklist(["state", "ping"]), id: whole }),
  typed("activate", { owner: v.pipe(word, v.nonEmpty()), epoch: whole }),
  /** Only to a bridge that `announces`. A word of a later version says nothing. */
  typed("announce", { call, announcement: word }),
]);

/** The code with which a bridge closes the connection of an agent in whose place another one acts from now on. */
export const REPLACED_CODE = 4001;

/** `id` counts up within one connection and ties an answer to its question. */
export type AgentToBridge = Checked<typeof agentToBridge>;

const bridgeToAgent = v.variant("type", [
  /** The first message on each connection. */
  typed("hello", {
    version: v.custom<number>(
      (version) => version === BRIDGE_PROTOCOL_VERSION,
      `must be ${BRIDGE_PROTOCOL_VERSION}. Update the bridge program or the agent`,
    ),
    bootId: v.pipe(word, v.nonEmpty()),
    ports: v.nullable(whole),
    /** Absent: the bridge can do everything. */
    cannot: v.exactOptional(missingAbilities),
    /** It says to callers what the agent announces; absent: it has a voice of its own, or none. */
    announces: v.exactOptional(flag),
  }),
  v.object({ type: v.picklist(["done", "pong"]), id: whole }),
  typed("refused", { id: whole, reason: refusalReason }),
  typed("state", { id: whole, state: bridgeState }),
  ...bridgeEvent.options,
]);

export type BridgeToAgent = Checked<typeof bridgeToAgent>;

/** A state that is not understood answers its question, too: what comes after it may be. `why` names the field. Never sent. */
export interface BadState {
  readonly type: "bad-state";
  readonly id: number;
  readonly why: string;
}

const anyState = typed("state", { id: whole });

/** Longest message in characters: the state of a bridge with some 160,000 calls. */
export const MAX_BRIDGE_MESSAGE_LENGTH = 64 * 1024 * 1024;

export function decodeAgentToBridge(text: string): Result<AgentToBridge, string> {
  return decode(agentToBridge, text);
}

/** The agent's only door for what a bridge says; the failure is a sentence. */
export function decodeBridgeToAgent(text: string): Result<BridgeToAgent | BadState, string> {
  return decode(bridgeToAgent, text, (value, why) => {
    const state = v.safeParse(anyState, value);
    return state.success ? { type: "bad-state", id: state.output.id, why } : null;
  });
}

function decode<Message, Bad = never>(
  schema: v.GenericSchema<unknown, Message>,
  text: string,
  insteadOf: (value: unknown, why: string) => Bad | null = () => null,
): Result<Message | Bad, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(`${text.length} characters that are not JSON`);
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [problem] = parsed.issues;
  const why = `${v.getDotPath(problem) ?? "message"}: ${wrong(problem)}`;
  const instead = insteadOf(value, why);
  return instead === null ? err(why) : ok(instead);
}
