import type { EpochMs } from "../../src/foundation/ids.ts";
import { type Hello, type RefusalHeaders, refusal } from "../../src/link/hello.ts";
import { AgentBudget } from "../../src/link/messages.ts";

/**
 * Sockets of one agent. The platform keeps a socket until the agent has answered its close, or the network has given up on it: an agent
 * that answers none must not use up the edge's descriptors. A link that breaks each ten seconds leaves fewer behind.
 */
const MAX_SOCKETS = 100;
/** A hello that was recorded and never arrived must not be good for ever. */
const CHALLENGE_MS = 5 * 60_000;

/** Who gets a socket, and how much each agent may send: per agent, so that a new socket brings no new allowance. */
export class AgentLimits {
  /** By agent, with when it was given. A challenge that an eviction lost counts as used: the agent gets another one. */
  readonly #challenges = new Map<string, { readonly text: string; readonly at: EpochMs }>();
  readonly #budgets = new Map<string, AgentBudget>();

  /** Why an agent whose signature is right gets no socket now: as a rule, since it must sign a challenge first. */
  refusalOf({ agent, challenge }: Hello, sockets: number, newId: () => string, now: EpochMs): RefusalHeaders | null {
    const given = this.#challenges.get(agent);
    const isGood = given && Math.abs(now - given.at) < CHALLENGE_MS;
    const wanted = isGood ? given : { text: newId(), at: now };
    this.#challenges.set(agent, wanted);
    if (challenge !== wanted.text) return refusal("replayed", wanted.text);
    this.#challenges.delete(agent);
    // Asked last: a stranger who repeats an agent's old request must not use up the agent's allowance.
    const isAllowed = this.budgetOf(agent).allowsSocket(now);
    return isAllowed && sockets < MAX_SOCKETS ? null : refusal("tooMuch");
  }

  budgetOf(agent: string): AgentBudget {
    const budget = this.#budgets.get(agent) ?? new AgentBudget();
    this.#budgets.set(agent, budget);
    return budget;
  }
}
