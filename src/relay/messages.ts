import type { KeypadCodes, NumberedReport, Order } from "../bridge/orders.ts";
import type { CommandId, ConfKey, JournalId } from "../foundation/ids.ts";

export const LINK_PROTOCOL_VERSION = 1;

export type EdgeToAgent =
  | { readonly type: "challenge"; readonly nonce: string }
  | {
      readonly type: "welcome";
      readonly role: "active" | "standby";
      /** Rises with each change of the active agent; commands of an older one are refused. */
      readonly epoch: number;
      readonly heartbeatMs: number;
      /** Whether the bridge has no other agent that could act in this one's place. */
      readonly alone: boolean;
      readonly keypad: KeypadCodes;
    }
  /** A standby is the active agent from now on. */
  | { readonly type: "activate"; readonly epoch: number }
  | {
      readonly type: "commands";
      readonly epoch: number;
      readonly conference: ConfKey;
      readonly orders: readonly Order[];
      /** Never sent: orders that the decoder did not understand. They must not hold up the others. */
      readonly misfits?: readonly CommandId[];
    }
  /** The conference has taken, and stored, the reports up to this number. */
  | { readonly type: "reports-taken"; readonly conference: ConfKey; readonly upTo: number }
  /** The digest of this conference differs from what its object knows. */
  | { readonly type: "snapshot-wanted"; readonly conference: ConfKey }
  | { readonly type: "ping"; readonly nonce: string }
  | { readonly type: "pong"; readonly nonce: string };

export type AgentToEdge =
  | {
      readonly type: "hello";
      readonly version: number;
      readonly agent: string;
      readonly domain: string;
      readonly bridge: string;
      readonly journal: JournalId;
      /** Of the challenge that this answers. The signature covers it; it stands here too so that a repeat is called one. */
      readonly nonce: string;
      /** Base64url, 64 bytes, over `helloText`. */
      readonly signature: string;
      readonly at: number;
    }
  /** The orders are in the journal; the edge need not repeat them. */
  | { readonly type: "commands-taken"; readonly conference: ConfKey; readonly ids: readonly CommandId[] }
  | {
      readonly type: "reports";
      readonly epoch: number;
      readonly conference: ConfKey;
      readonly reports: readonly NumberedReport[];
    }
  /** Each minute, of what the bridge holds; of conferences where something is under way or untold there is none. */
  | { readonly type: "digests"; readonly epoch: number; readonly digests: readonly ConferenceDigest[] }
  /** Whether the bridge answers, and how full it is; sent on change. */
  | { readonly type: "health"; readonly bridgeUp: boolean; readonly portsInUse: number; readonly ports: number | null }
  | { readonly type: "ping"; readonly nonce: string }
  | { readonly type: "pong"; readonly nonce: string };

export interface ConferenceDigest {
  readonly conference: ConfKey;
  /** See `digestOf`. */
  readonly digest: string;
}

/** What an agent signs to prove who it is: nothing of it can be used for another bridge, domain, link or version. */
export function helloText(hello: {
  readonly version: number;
  readonly agent: string;
  readonly domain: string;
  readonly bridge: string;
  readonly journal: string;
  readonly at: number;
  readonly nonce: string;
}): string {
  return [
    "bridgehead-agent",
    hello.version,
    hello.domain,
    hello.bridge,
    hello.agent,
    hello.journal,
    hello.at,
    hello.nonce,
  ].join("\n");
}

/** Why the relay closed an agent's socket; the agent's log explains each in a sentence. */
export const CLOSE_CODES = {
  /** No valid hello within the time for it, or a message that is not of this protocol. */
  badMessage: 4400,
  /** The key is not one of this bridge's agents, or the signature does not fit. */
  wrongKey: 4401,
  /** The hello answers another link's challenge. */
  replayed: 4402,
  unknownDomain: 4403,
  unknownBridge: 4404,
  oldVersion: 4406,
  /** No sign of life for too long. */
  silent: 4408,
  /** The same agent connected anew. */
  replaced: 4409,
  /** The agent's clock is too far off. */
  clockSkew: 4410,
  /** Too many sockets that have not said who they are. */
  crowded: 4429,
} as const;

export type CloseReason = keyof typeof CLOSE_CODES;
