import { hash } from "../../src/foundation/hash.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { ConferenceDigest } from "../../src/link/messages.ts";

/** Of a conference in which nothing is under way; `position` differs as soon as anything was reported. */
export interface FoundDigest extends ConferenceDigest {
  readonly position: string;
}

/** The digests of a conference since it last changed. */
interface DigestSeries extends FoundDigest {
  dueIn: number;
  /** The first pauses after a digest that is confirmed, in rounds. */
  readonly pauses: number[];
}

/** As long as this agent sees no change, a confirmed digest stays right: later ones only guard against what nobody thought of. */
const MAX_ROUNDS = 8;
/** A tick is 200 ms. Rounds of 500 or more digests take 50 s, because each digest may load a conference. */
const FEWEST_AT_ONCE = 2;
const MAX_TICKS = 250;
/** More first digests than this are spread over several rounds, because the edge loads a conference for each. */
const FIRST_AT_ONCE = 100;
const MAX_FIRST_ROUNDS = 5;

/**
 * Schedules digests. A round begins each minute. A conference's digest is sent in each round until the edge confirms it, then after
 * 2, 4 and up to 8 rounds, then every 8. A changed or reported conference starts again. The third pause varies, which separates
 * conferences that became quiet together. Many first digests are spread, too, except after a change without a report.
 */
export class Digests {
  #round = 0;
  #begun = 0;
  #atOnce = FEWEST_AT_ONCE;
  #series = new Map<ConfKey, DigestSeries>();
  #waiting: DigestSeries[] = [];

  get isSending(): boolean {
    return this.#waiting.length > 0;
  }

  /** `found`: of all conferences on the bridge that are quiet. */
  beginRound(found: readonly FoundDigest[]): void {
    const before = this.#series;
    this.#round += 1;
    const firstRounds = Math.min(MAX_FIRST_ROUNDS, Math.ceil(found.length / FIRST_AT_ONCE));
    this.#series = new Map(
      found.map((one) => {
        const known = before.get(one.conference);
        const isReported = known?.position !== one.position;
        const goesOn = !isReported && known.digest === one.digest;
        return [one.conference, goesOn ? known : this.#begin(one, isReported ? firstRounds : 1)];
      }),
    );
    this.#waiting = [...this.#series.values()].filter(({ dueIn }) => dueIn <= this.#round);
    this.#atOnce = Math.max(FEWEST_AT_ONCE, Math.ceil(this.#waiting.length / MAX_TICKS));
  }

  #begin(found: FoundDigest, firstRounds: number): DigestSeries {
    // A conference with many reports keeps its round, so that it is compared all the same.
    const [first, now] = [hash(found.conference) % firstRounds, this.#round % firstRounds];
    const dueIn = this.#round + ((first - now + firstRounds) % firstRounds);
    const third = MAX_ROUNDS - (this.#begun % MAX_ROUNDS);
    this.#begun += 1;
    return { ...found, dueIn, pauses: [2, 4, third] };
  }

  /** The next ones to send, but for those that are out of date. */
  next(isCurrent: (found: FoundDigest) => boolean): ConferenceDigest[] {
    const next = this.#waiting.splice(0, this.#atOnce).filter(isCurrent);
    return next.map((series) => {
      series.dueIn = this.#round + 1;
      return { conference: series.conference, digest: series.digest };
    });
  }

  /** The edge knows the conference as this digest says, or has nothing to do with it. */
  confirmed({ conference, digest }: ConferenceDigest): void {
    const series = this.#series.get(conference);
    if (series?.digest !== digest || series.dueIn > this.#round + 1) return;
    series.dueIn = this.#round + (series.pauses.shift() ?? MAX_ROUNDS);
  }

  /** Another agent may act meanwhile, or events may be missed: everything begins anew. */
  clear(): void {
    this.#series.clear();
    this.#waiting = [];
  }
}
