import * as v from "valibot";
import { keypadCodes, numberedReport, type Order, order } from "../bridge/orders.ts";
import { type Checked, commandId, conference, flag, id, typed, whole, word } from "../bridge/schemas.ts";
import type { CommandId, StreamId } from "../foundation/ids.ts";

const epoch = whole;
const stream = id<StreamId>();

export const edgeToAgent = [
  typed("welcome", {
    role: v.picklist(["active", "standby"]),
    /** Rises with each change of the active agent; commands of an older one are refused. */
    epoch,
    heartbeatMs: v.pipe(whole, v.minValue(1)),
    /** Whether the bridge has no other agent that could act in this one's place. */
    alone: flag,
    keypad: keypadCodes,
  }),
  /** A standby is the active agent from now on. */
  typed("activate", { epoch }),
  v.pipe(
    typed("commands", { epoch, conference, orders: v.array(v.unknown()) }),
    v.transform((message) => ({ ...message, ...sorted(message.orders) })),
  ),
  /** The conference has taken, and stored, the reports of this stream up to this number. */
  typed("reports-taken", { conference, stream, upTo: whole }),
  /** The digest of this conference differs from what its object knows, or there was none for minutes. */
  typed("snapshot-wanted", { conference }),
  /** Proves to the agent that its ping came through. */
  typed("pong", { nonce: word }),
];

export type EdgeToAgent = Checked<(typeof edgeToAgent)[number]>;

const conferenceDigest = v.object({
  conference,
  /** See `digestOf`. */
  digest: word,
});

export type ConferenceDigest = Checked<typeof conferenceDigest>;

export const agentToEdge = [
  /** The orders are in the journal; the edge need not repeat them. */
  typed("commands-taken", { conference, ids: v.array(commandId) }),
  typed("reports", { epoch, conference, stream, reports: v.array(numberedReport) }),
  /** Each minute, of what the bridge holds; of conferences where something is under way or untold there is none. */
  typed("digests", { epoch, digests: v.array(conferenceDigest) }),
  /** Whether the bridge answers, and how full it is; sent on change. */
  typed("health", { bridgeUp: flag, portsInUse: whole, ports: v.nullable(whole) }),
  /** A sign of life; the answer is one of the edge's. */
  typed("ping", { nonce: word }),
];

export type AgentToEdge = Checked<(typeof agentToEdge)[number]>;

/** Those that are understood, and the ids of the others, which must not hold them up. `misfits` is never sent. */
function sorted(values: readonly unknown[]): { orders: Order[]; misfits?: CommandId[] } {
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

const named = v.object({ id: commandId });

/** Why the edge closed an agent's socket or gave it none; the agent's log explains each in a sentence. */
export const CLOSE_CODES = {
  /** No hello, or a message that is not of this protocol. */
  badMessage: 4400,
  /** The key is not one of this bridge's agents, or the signature does not fit. */
  wrongKey: 4401,
  /** The hello does not answer the relay's challenge, which is told with this. */
  replayed: 4402,
  /** The key is an agent's, but of another domain. */
  unknownDomain: 4403,
  /** Of another bridge of this domain. */
  unknownBridge: 4404,
  oldVersion: 4406,
  /** No sign of life for too long. */
  silent: 4408,
  /** The same agent connected anew. */
  replaced: 4409,
  /** The agent's clock is too far off. */
  clockSkew: 4410,
} as const;

export type CloseReason = keyof typeof CLOSE_CODES;
