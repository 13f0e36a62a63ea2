import { budgets } from "../foundation/guard/budgets.ts";
import { type Timers, wait } from "../foundation/time/timers.ts";
import { type Operator, tokenOperator } from "../operators/people.ts";
import { requestMs } from "../rpc/objects.ts";
import { problem } from "./problem.ts";

interface HistoryPorts extends Timers {
  /** See `EdgePorts`: on workerd somebody may set it. */
  passedMs(): number;
  /** See `Platform`. */
  giveWay?(): Promise<void>;
}

const lookEveryMs = 50;
/** Where a client has gone, the platform may drop its question unsaid. One that waited looks no more; one under way never ends. */
const lostAfterMs = { waiting: 1_000, underWay: 2 * requestMs };

/** A question that waits or is under way. */
interface Asked {
  /** When it looked last, or began. */
  atMs: number;
  state: keyof typeof lostAfterMs;
}

/** Questions that read a conference's history: of each person and conference one at a time. */
export class HistoryTurns {
  readonly #ports: HistoryPorts;
  /** By person and conference, in the order in which they came. */
  readonly #asked = new Map<string, Set<Asked>>();

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  /** Of how many persons and conferences something waits or is under way. */
  get size(): number {
    return this.#asked.size;
  }

  /** Asked before what is read becomes a page. */
  async giveWay(): Promise<void> {
    await this.#ports.giveWay?.();
  }

  /**
   * `null`: nothing was done, as others came first. Whoever has the operator's token is not refused for a wait, as
   * many may have it.
   */
  async inTurn<Answer>(person: Operator, conference: string, work: () => Promise<Answer>): Promise<Answer | null> {
    const name = JSON.stringify([person.name, conference]);
    const { passedMs } = this.#ports;
    const own: Asked = { atMs: 0, state: "waiting" };
    const begunMs = passedMs();
    this.#forgetLost(begunMs);
    try {
      // By looks of its own: at Cloudflare no request may wait for what another one does.
      while (!this.#isTurnOf(own, name)) {
        if (Number(this.#asked.get(name)?.size) > 1 + budgets.histories.waiting) return null;
        if (Math.abs(passedMs() - begunMs) < requestMs) await wait(this.#ports, lookEveryMs);
        else if (person.name === tokenOperator.name) break;
        else return null;
      }
      own.state = "underWay";
      return await work();
    } finally {
      const all = this.#asked.get(name);
      all?.delete(own);
      if (all?.size === 0) this.#asked.delete(name);
    }
  }

  #isTurnOf(own: Asked, name: string): boolean {
    own.atMs = this.#ports.passedMs();
    // Others may have taken this one for lost, where the process stood still.
    const all = (this.#asked.get(name) ?? new Set()).add(own);
    this.#asked.set(name, all);
    for (const first of all) {
      if (first === own || !isLost(first, own.atMs)) return first === own;
      all.delete(first);
    }
    return true;
  }

  /** Nobody else would, where nobody asks about the same again. */
  #forgetLost(nowMs: number): void {
    for (const [name, all] of this.#asked) {
      for (const one of all) if (isLost(one, nowMs)) all.delete(one);
      if (all.size === 0) this.#asked.delete(name);
    }
  }
}

function isLost({ atMs, state }: Asked, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) >= lostAfterMs[state];
}

/** In place of an answer that has no turn. */
export function notInTurn(): Response {
  const detail = `${tooManyAtOnce} Try again in 1 s.`;
  return problem(429, "too many requests", detail, { "retry-after": "1" });
}

export const tooManyAtOnce =
  "Your questions about the history of this conference are answered one at a time, and others came first.";
