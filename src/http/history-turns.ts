import type { EpochMs } from "../foundation/ids.ts";
import { type Timers, wait } from "../foundation/time/timers.ts";
import { type Operator, tokenOperator } from "../operators/people.ts";
import { requestMs } from "../rpc/objects.ts";
import { problem } from "./problem.ts";

interface HistoryPorts extends Timers {
  now(): EpochMs;
  /** See `Platform`. */
  giveWay?(): Promise<void>;
}

const lookEveryMs = 50;
/** Where a client has gone, the platform may drop its question unsaid. */
const lostAfterMs = 2 * requestMs;

/** Questions that read a conference's history: of each person and conference one at a time. */
export class HistoryTurns {
  readonly #ports: HistoryPorts;
  /** Those under way. */
  readonly #asked = new Map<string, { readonly at: EpochMs }>();

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  /** Asked before what is read becomes a page. */
  async giveWay(): Promise<void> {
    await this.#ports.giveWay?.();
  }

  /** `null`: nothing was done, as another question is under way. Whoever has the operator's token is never refused. */
  async inTurn<Answer>(person: Operator, conference: string, work: () => Promise<Answer>): Promise<Answer | null> {
    const name = JSON.stringify([person.name, conference]);
    // By timers of its own: at Cloudflare no request may wait for what another one does.
    for (let waitedMs = 0; this.#isUnderWay(name); waitedMs += lookEveryMs) {
      if (waitedMs < requestMs) await wait(this.#ports, lookEveryMs);
      else if (person.name === tokenOperator.name) break;
      else return null;
    }
    const own = { at: this.#ports.now() };
    this.#asked.set(name, own);
    try {
      return await work();
    } finally {
      if (this.#asked.get(name) === own) this.#asked.delete(name);
    }
  }

  #isUnderWay(name: string): boolean {
    const asked = this.#asked.get(name);
    return asked !== undefined && this.#ports.now() - asked.at < lostAfterMs;
  }
}

/** In place of an answer that has no turn. */
export function notInTurn(): Response {
  const detail = `${tooManyAtOnce} Try again in 1 s.`;
  return problem(429, "too many requests", detail, { "retry-after": "1" });
}

export const tooManyAtOnce = "Another question of yours about the history of this conference is under way.";
