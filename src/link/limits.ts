import type { EpochMs } from "../foundation/ids.ts";
import { type Rate, TokenBucket } from "../foundation/rate-limit.ts";
import { type AgentToEdge, MAX_MESSAGE_LENGTH } from "./messages.ts";

/**
 * What one agent may send, over all of its sockets: some ten times what an honest one sends, also after a failover. All relays and
 * conferences of an edge may share one thread, so a flood from one agent would hold up the others.
 */
const allowances = {
  sockets: { burst: 200, perSecond: 2 },
  /** An honest agent pings every three seconds, and the pong costs a frame. */
  pings: { burst: 20, perSecond: 4 },
  messages: { burst: 10_000, perSecond: 5_000 },
  characters: { burst: 8 * MAX_MESSAGE_LENGTH, perSecond: MAX_MESSAGE_LENGTH },
  /** Each digest wakes the object of its conference. */
  digests: { burst: 10_000, perSecond: 500 },
} as const satisfies Record<string, Rate>;

/** So many things go into one message. */
export const MAX_DIGESTS = 500;
const MAX_REPORTS = 1_000;
const MAX_IDS = 20_000;

/** What one agent has left of its allowances; each question spends, and is false when there is not enough. */
export class AgentBudget {
  readonly #buckets: Readonly<Record<keyof typeof allowances, TokenBucket>>;

  constructor(at: EpochMs) {
    const bucket = (kind: keyof typeof allowances) => new TokenBucket(allowances[kind], at);
    this.#buckets = {
      sockets: bucket("sockets"),
      pings: bucket("pings"),
      messages: bucket("messages"),
      characters: bucket("characters"),
      digests: bucket("digests"),
    };
  }

  allowsSocket(at: EpochMs): boolean {
    return this.#buckets.sockets.spend(1, at);
  }

  /** Asked before the message is decoded: decoding is the greater part of its cost. */
  allowsText(length: number, at: EpochMs): boolean {
    return this.#buckets.messages.spend(1, at) && this.#buckets.characters.spend(length, at);
  }

  allowsMessage(message: AgentToEdge, at: EpochMs): boolean {
    switch (message.type) {
      case "ping":
        return this.#buckets.pings.spend(1, at);
      case "digests":
        return message.digests.length <= MAX_DIGESTS && this.#buckets.digests.spend(message.digests.length, at);
      case "reports":
        return message.reports.length <= MAX_REPORTS;
      case "commands-ack":
        return message.ids.length <= MAX_IDS;
      case "health":
        return true;
    }
  }
}
