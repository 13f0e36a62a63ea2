import type { ConfKey } from "../src/foundation/ids.ts";
import type { ConferenceDigest } from "../src/link/messages.ts";

/** Of a conference in which nothing is under way; `position` differs as soon as anything was reported. */
export interface FoundDigest extends ConferenceDigest {
  readonly position: string;
}

/** The digests of a conference since it last changed. */
interface Series extends FoundDigest {
  /** Rounds from one digest to the next, once the edge has confirmed one. */
  every: number;
  /** Spreads conferences that became quiet together. */
  readonly phase: number;
  isConfirmed: boolean;
}

/** Nothing that this agent sees changes after a confirmed digest, so later ones only guard against what nobody thought of. */
const MOST_ROUNDS = 8;
/** Each one wakes an object. With a tick each 200 ms, a round of 2,000 takes 40 s; a larger one is spread over 50 s. */
const FEWEST_AT_ONCE = 10;
const MOST_TICKS = 250;

/**
 * Which digests are sent when. A round begins each minute. A conference's digest is sent in each round until the edge confirms it, and
 * then after 2, 4 and 8 rounds; anew from the first round in which the conference differs, or after anything was reported of it.
 */
export class Digests {
  #round = 0;
  #phases = 0;
  #atOnce = FEWEST_AT_ONCE;
  #series = new Map<ConfKey, Series>();
  #waiting: Series[] = [];

  get isSending(): boolean {
    return this.#waiting.length > 0;
  }

  /** `found`: of all conferences on the bridge that are quiet. */
  beginRound(found: readonly FoundDigest[]): void {
    const before = this.#series;
    this.#round += 1;
    this.#series = new Map(
      found.map((one) => {
        const known = before.get(one.conference);
        const goesOn = known?.digest === one.digest && known.position === one.position;
        return [one.conference, goesOn ? known : { ...one, every: 1, phase: this.#phases++, isConfirmed: false }];
      }),
    );
    const isDue = ({ isConfirmed, every, phase }: Series) => !isConfirmed || (this.#round + phase) % every === 0;
    this.#waiting = [...this.#series.values()].filter(isDue);
    this.#atOnce = Math.max(FEWEST_AT_ONCE, Math.ceil(this.#waiting.length / MOST_TICKS));
  }

  /** The next ones to send, but for those that are out of date. */
  next(isCurrent: (found: FoundDigest) => boolean): ConferenceDigest[] {
    const next = this.#waiting.splice(0, this.#atOnce).filter(isCurrent);
    return next.map((series) => {
      series.isConfirmed = false;
      return { conference: series.conference, digest: series.digest };
    });
  }

  /** The edge knows the conference as this digest says, or has nothing to do with it. */
  confirmed({ conference, digest }: ConferenceDigest): void {
    const series = this.#series.get(conference);
    if (!series || series.digest !== digest || series.isConfirmed) return;
    series.isConfirmed = true;
    series.every = Math.min(2 * series.every, MOST_ROUNDS);
  }

  /** Another agent may act meanwhile, or events may be missed: everything begins anew. */
  clear(): void {
    this.#series.clear();
    this.#waiting = [];
  }
}
