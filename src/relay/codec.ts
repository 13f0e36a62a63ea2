import * as v from "valibot";
import type { BridgeEvent } from "../bridge/events.ts";
import type { Order, Report } from "../bridge/orders.ts";
import {
  call,
  command,
  commandId,
  conference,
  endReason,
  flag,
  id,
  outcome,
  room,
  whole,
  word,
} from "../bridge/schemas.ts";
import type { CommandId, JournalId } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { AgentToEdge, EdgeToAgent } from "./messages.ts";

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
  return decode<EdgeToAgent>(edgeToAgent, text);
}

/** The relay's only door for what an agent says. */
export function decodeAgentToEdge(text: string): Result<AgentToEdge, LinkDecodeError> {
  return decode<AgentToEdge>(agentToEdge, text);
}

const typed = v.object({ type: v.string() });

function decode<Message>(
  schemas: Readonly<Record<string, v.GenericSchema<unknown, Message>>>,
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
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined) return err({ kind: "unknown-message", type });
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err({ kind: "bad-message", type, path: v.getDotPath(issue) ?? "", problem: issue.message });
}

const order: v.GenericSchema<unknown, Order> = v.object({
  id: commandId,
  command,
  again: v.exactOptional(v.literal(true)),
  withinMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

const named = v.object({ id: commandId });

/** Those that are understood, and the ids of the others. */
function sorted(values: readonly unknown[]): { readonly orders: Order[]; readonly misfits?: CommandId[] } {
  const orders: Order[] = [];
  const misfits: CommandId[] = [];
  for (const value of values) {
    const known = v.safeParse(order, value, { abortEarly: true });
    const misfit = known.success ? null : v.safeParse(named, value);
    if (known.success) orders.push(known.output);
    else if (misfit?.success) misfits.push(misfit.output.id);
  }
  return misfits.length === 0 ? { orders } : { orders, misfits };
}

const caller = v.object({
  call,
  direction: v.picklist(["in", "out"]),
  number: word,
  attendeeId: v.nullable(word),
  muted: flag,
  silent: flag,
  room,
});

const event: v.GenericSchema<unknown, BridgeEvent> = v.variant("type", [
  v.object({ type: v.literal("caller-entered"), caller }),
  v.object({ type: v.literal("call-answered"), call }),
  v.object({
    type: v.literal("caller-left"),
    call,
    reason: endReason,
  }),
  v.object({ type: v.literal("caller-muted"), call, muted: flag }),
  v.object({ type: v.literal("attendee-identified"), call, attendeeId: word }),
  v.object({ type: v.literal("speaking-changed"), call, speaking: flag }),
  v.object({ type: v.literal("lock-changed"), locked: flag }),
  v.object({ type: v.literal("conference-ended") }),
  v.object({
    type: v.literal("snapshot"),
    conference: v.nullable(
      v.object({
        locked: flag,
        reportsSpeakers: flag,
        rooms: v.array(v.object({ id: room, kind: v.picklist(["main", "sub", "private"]) })),
        callers: v.array(caller),
        dialled: v.array(v.object({ call, answered: flag })),
      }),
    ),
  }),
]);

const report: v.GenericSchema<unknown, Report> = v.variant("type", [
  v.object({ type: v.literal("result"), id: commandId, outcome }),
  v.object({ type: v.literal("event"), event }),
]);

const epoch = whole;
const ping = v.object({ type: v.literal("ping"), nonce: word });
const pong = v.object({ type: v.literal("pong"), nonce: word });

/** One schema for each variant of the union, so that neither can grow without the other. */
type Schemas<Message extends { readonly type: string }> = {
  readonly [Type in Message["type"]]: v.GenericSchema<unknown, Extract<Message, { readonly type: Type }>>;
};

const edgeToAgent: Schemas<EdgeToAgent> = {
  challenge: v.object({ type: v.literal("challenge"), nonce: word }),
  welcome: v.object({
    type: v.literal("welcome"),
    role: v.picklist(["active", "standby"]),
    epoch,
    heartbeatMs: v.pipe(whole, v.minValue(1)),
    alone: flag,
    keypad: v.object({ merge: word, mute: word }),
  }),
  activate: v.object({ type: v.literal("activate"), epoch }),
  commands: v.pipe(
    v.object({ type: v.literal("commands"), epoch, conference, orders: v.array(v.unknown()) }),
    v.transform((message) => ({ ...message, ...sorted(message.orders) })),
  ),
  "reports-taken": v.object({ type: v.literal("reports-taken"), conference, upTo: whole }),
  "snapshot-wanted": v.object({ type: v.literal("snapshot-wanted"), conference }),
  ping,
  pong,
};

const agentToEdge: Schemas<AgentToEdge> = {
  hello: v.object({
    type: v.literal("hello"),
    version: whole,
    agent: word,
    domain: word,
    bridge: word,
    journal: id<JournalId>(),
    nonce: word,
    signature: v.pipe(word, v.regex(/^[A-Za-z0-9_-]{86}$/, "not 64 bytes in base64url")),
    at: whole,
  }),
  "commands-taken": v.object({ type: v.literal("commands-taken"), conference, ids: v.array(commandId) }),
  reports: v.object({
    type: v.literal("reports"),
    epoch,
    conference,
    reports: v.array(v.object({ number: v.pipe(whole, v.minValue(1)), report })),
  }),
  digests: v.object({
    type: v.literal("digests"),
    epoch,
    digests: v.array(v.object({ conference, digest: word })),
  }),
  health: v.object({ type: v.literal("health"), bridgeUp: flag, portsInUse: whole, ports: v.nullable(whole) }),
  ping,
  pong,
};
