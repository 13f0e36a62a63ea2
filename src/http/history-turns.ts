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
/** Where a client has gone, the platform may drop its question unsaid. One that waited looks no more; one under way never ends. */
const lostAfterMs = { waiting: 1_000, underWay: 2 * requestMs };

/** A question that waits or is under way. */
interface Asked {
  /** When it looked last, or began. */
  at: EpochMs;
  state: keyof typeof lostAfterMs;
}

/** Questions that read a conference's history: of each person and conference one at a time. */
export class HistoryTurns {
  readonly #ports: HistoryPorts;
  /** By person and conference, in the order in which they came. */
  readonly #asked = new Map<string, readonly Asked[]>();

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
    const own: Asked = { at: 0, state: "waiting" };
    try {
      // By timers of its own: at Cloudflare no request may wait for what another one does.
      for (let waitedMs = 0; !this.#isTurnOf(own, name); waitedMs += lookEveryMs) {
        if (waitedMs < requestMs) await wait(this.#ports, lookEveryMs);
        else if (person.name === tokenOperator.name) break;
        else return null;
      }
      own.state = "underWay";
      return await work();
    } finally {
      const others = this.#of(name).filter((one) => one !== own);
      if (others.length > 0) this.#asked.set(name, others);
      else this.#asked.delete(name);
    }
  }

  #isTurnOf(own: Asked, name: string): boolean {
    own.at = this.#ports.now();
    // A clock may be set. Others may have taken this one for lost, where the process stood still.
    const known = this.#of(name).filter(({ at, state }) => Math.abs(own.at - at) < lostAfterMs[state]);
    const all = known.includes(own) ? known : [...known, own];
    this.#asked.set(name, all);
    return all[0] === own;
  }

  #of(name: string): readonly Asked[] {
    return this.#asked.get(name) ?? [];
  }
}

/** In place of an answer that has no turn. */
export function notInTurn(): Response {
  const detail = `${tooManyAtOnce} Try again in 1 s.`;
  return problem(429, "too many requests", detail, { "retry-after": "1" });
}

export const tooManyAtOnce =
  "Your questions about the history of this conference are answered one at a time, and others came first.";
