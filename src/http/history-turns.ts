import type { Timers } from "../foundation/time/timers.ts";
import { Turns } from "../foundation/time/turns.ts";
import { type Operator, tokenOperator } from "../operators/people.ts";
import { requestMs } from "../rpc/objects.ts";
import { problem } from "./problem.ts";

interface HistoryPorts extends Timers {
  /** See `Platform`. Where it is absent no request may wait for another one: at Cloudflare it would never go on. */
  giveWay?(): Promise<void>;
}

/** Questions that read a conference's history: of each person and conference one at a time. */
export class HistoryTurns {
  readonly #ports: HistoryPorts;
  readonly #asked = new Map<string, { readonly turns: Turns; count: number }>();

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  /** Asked before what is read becomes a page. */
  async giveWay(): Promise<void> {
    await this.#ports.giveWay?.();
  }

  /** `null`: nothing was done, as another question is under way. Whoever has the operator's token is never refused. */
  async inTurn<Answer>(person: Operator, conference: string, work: () => Promise<Answer>): Promise<Answer | null> {
    const mayWait = this.#ports.giveWay !== undefined;
    const isRefused = person.name !== tokenOperator.name;
    const name = JSON.stringify([person.name, conference]);
    const own = this.#asked.get(name) ?? { turns: new Turns(this.#ports, () => 1), count: 0 };
    if (!mayWait && own.count > 0 && isRefused) return null;
    own.count += 1;
    this.#asked.set(name, own);
    const hasTurn = mayWait && (await own.turns.begin(requestMs));
    try {
      return mayWait && !hasTurn && isRefused ? null : await work();
    } finally {
      if (hasTurn) own.turns.end();
      own.count -= 1;
      if (own.count === 0) this.#asked.delete(name);
    }
  }
}

/** In place of an answer that has no turn. */
export function notInTurn(): Response {
  const detail = `${tooManyAtOnce} Try again in 1 s.`;
  return problem(429, "too many requests", detail, { "retry-after": "1" });
}

export const tooManyAtOnce = "Another question of yours about the history of this conference is under way.";
