import * as v from "valibot";
import { wrong } from "../bridge/schemas.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { type AgentToEdge, agentToEdge, type EdgeToAgent, edgeToAgent } from "./messages.ts";

/** Longest message in characters: a snapshot of some 20,000 callers, or as many orders. */
export const MAX_MESSAGE_LENGTH = 4 * 1024 * 1024;

export type LinkDecodeError =
  | { readonly kind: "too-long"; readonly length: number }
  | { readonly kind: "not-json" }
  | { readonly kind: "unknown-message"; readonly type: string }
  /** `path` is the place in the message, such as `orders.0.command`. */
  | { readonly kind: "bad-message"; readonly type: string; readonly path: string; readonly problem: string };

export function encode(message: EdgeToAgent | AgentToEdge): string {
  return JSON.stringify(message);
}

/** The agent's only door for what the edge says. */
export function decodeEdgeToAgent(text: string): Result<EdgeToAgent, LinkDecodeError> {
  return decode<EdgeToAgent>(fromEdge, text);
}

/** The relay's only door for what an agent says. */
export function decodeAgentToEdge(text: string): Result<AgentToEdge, LinkDecodeError> {
  return decode<AgentToEdge>(fromAgent, text);
}

const fromEdge = new Map(edgeToAgent.map((schema) => [schema.entries.type.literal, schema]));
const fromAgent = new Map(agentToEdge.map((schema) => [schema.entries.type.literal, schema]));
const typed = v.object({ type: v.string() });

function decode<Message>(
  schemas: ReadonlyMap<string, v.GenericSchema<unknown, Message>>,
  text: string,
): Result<Message, LinkDecodeError> {
  if (text.length > MAX_MESSAGE_LENGTH) return err({ kind: "too-long", length: text.length });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err({ kind: "not-json" });
  }
  const type = v.is(typed, value) ? value.type.slice(0, 50) : "";
  const schema = schemas.get(type);
  if (schema === undefined) return err({ kind: "unknown-message", type });
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err({ kind: "bad-message", type, path: v.getDotPath(issue) ?? "", problem: wrong(issue) });
}
