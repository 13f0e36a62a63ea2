import type { EpochMs } from "../foundation/ids.ts";
import { type Rate, TokenBucket } from "../foundation/rate-limit.ts";
import { type AgentToEdge, MAX_MESSAGE_LENGTH } from "./messages.ts";

/**
 * What one agent may send, over all of its sockets. All relays and conferences of an edge may share one thread, so a flood from one
 * agent would hold up the others. The agent's own limits (`bridge-agent/reports.ts`) stay below these, also with a backlog.
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
const MAX_DIGESTS = 500;
const MAX_REPORTS = 1_000;
const MAX_IDS = 20_000;

/**
 * `ignored`: nothing becomes of the message, and the agent repeats it or says it anew. `refused`: no honest agent sends such a
 * message, or so many.
 */
export type Judgement = "allowed" | "ignored" | "refused";

/** The rest of one agent's allowances; each question spends them. */
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
  judgeText(length: number, at: EpochMs): Judgement {
    if (length > MAX_MESSAGE_LENGTH || !this.#buckets.messages.spend(1, at)) return "refused";
    return this.#buckets.characters.spend(length, at) ? "allowed" : "ignored";
  }

  judgeMessage(message: AgentToEdge, at: EpochMs): Judgement {
    switch (message.type) {
      case "ping":
        return this.#buckets.pings.spend(1, at) ? "allowed" : "refused";
      case "digests": {
        const { length } = message.digests;
        if (length > MAX_DIGESTS) return "refused";
        return this.#buckets.digests.spend(length, at) ? "allowed" : "ignored";
      }
      case "reports":
        return message.reports.length <= MAX_REPORTS ? "allowed" : "refused";
      case "commands-ack":
        return message.ids.length <= MAX_IDS ? "allowed" : "refused";
      case "health":
        return "allowed";
    }
  }
}
