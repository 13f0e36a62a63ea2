import type { EpochMs } from "../../../../src/foundation/ids.ts";

/** Asterisk's own: between the end of a key and the beginning of the next one. */
const LEAST_PAUSE_MS = 45;
/** Asterisk reports a key for the second time when it has played the ones before, each as long as it was pressed; then it has reported all. */
const DOUBT_MS = 1_000;
/** A telephone that dials by itself pauses evenly, and Asterisk doubles no key where the packets come evenly. */
const EVEN_WITHIN_MS = 60;

/** No telephone presses a key for less. */
const LEAST_PRESS_MS = 40;
/** A telephone that was not believed may key so much sooner when its caller is asked again. */
const SOONER_BY_MS = 40;
/** How many keys in a row show that a telephone says of each that it was pressed for longer than it was. */
const KEYS_TO_JUDGE = 4;

/** Whoever was asked again has keyed nothing for longer: what was uneven before is over. */
const ANEW_AFTER_MS = 3_500;

/** One key; by Asterisk's clock. */
interface Key {
  readonly digit: string;
  readonly releasedAt: EpochMs;
  readonly durationMs: number;
}

/**
 * Which keys Asterisk may have doubled: it overlooks the beginning of a key that is less than its least pause after the one before, as where
 * packets come in bunches. Then the second report seems to begin at once, or some 10 to 100 ms later.
 *
 * Some telephones say that each key was pressed for longer than it was. Where no two keys come one upon the other, such a telephone is not
 * believed when its caller is asked again. Keys by SIP INFO have no beginning; during a playback they come closer, each once.
 */
export class KeyTiming {
  /** `null`: pauses cannot be measured from the last key, since a sentence was played, or it was in doubt. */
  #last: Key | null = null;
  #doubtUntil: EpochMs = 0;
  #releasedAt: EpochMs = 0;
  /** Between different keys: between equal ones it may be a second report. */
  #shortestMs = Number.POSITIVE_INFINITY;
  /** Between any keys without doubt. */
  #longestMs = 0;
  /** From the end of one key to the end of the next, of all since its caller was asked. */
  #leastApartMs = Number.POSITIVE_INFINITY;
  #count = 0;
  /** How many of them begin, as the telephone says, before or hardly after the end of the one before. */
  #overlapping = 0;
  /** It does not press its keys for longer, whatever it says. */
  #longestPressMs = Number.POSITIVE_INFINITY;

  /** Whether this key, the next one, may be the one before, doubled. `isSpokenTo`: a sentence is played. */
  isInDoubt(key: Key, isSpokenTo: boolean): boolean {
    const apartMs = key.releasedAt - this.#releasedAt;
    if (apartMs >= ANEW_AFTER_MS) this.#beginAnew();
    else this.#compare(apartMs, key);
    this.#releasedAt = key.releasedAt;
    const pressedAt = key.releasedAt - Math.min(key.durationMs, this.#longestPressMs);
    const pauseMs = this.#last === null ? Number.POSITIVE_INFINITY : pressedAt - this.#last.releasedAt;
    const isDoubtful = pressedAt < this.#doubtUntil || pauseMs < LEAST_PAUSE_MS;
    if (isDoubtful) this.#doubtUntil = key.releasedAt + key.durationMs + DOUBT_MS;
    else if (this.#last !== null) {
      if (key.digit !== this.#last.digit) this.#shortestMs = Math.min(this.#shortestMs, pauseMs);
      this.#longestMs = Math.max(this.#longestMs, pauseMs);
    }
    this.#last = isDoubtful || isSpokenTo ? null : key;
    return isDoubtful;
  }

  #beginAnew(): void {
    const isEachApart = this.#count >= KEYS_TO_JUDGE && this.#leastApartMs >= LEAST_PRESS_MS + LEAST_PAUSE_MS;
    if (isEachApart && this.#overlapping * 2 >= this.#count) {
      if (this.#longestPressMs === Number.POSITIVE_INFINITY) this.#doubtUntil = 0;
      const pressMs = Math.max(LEAST_PRESS_MS, this.#leastApartMs - LEAST_PAUSE_MS - SOONER_BY_MS);
      this.#longestPressMs = Math.min(pressMs, this.#longestPressMs);
    }
    this.#shortestMs = Number.POSITIVE_INFINITY;
    this.#longestMs = 0;
    this.#last = null;
    this.#leastApartMs = Number.POSITIVE_INFINITY;
    this.#count = 0;
    this.#overlapping = 0;
  }

  #compare(apartMs: number, { durationMs }: Key): void {
    this.#leastApartMs = Math.min(this.#leastApartMs, apartMs);
    this.#count += 1;
    if (apartMs < durationMs + LEAST_PAUSE_MS) this.#overlapping += 1;
  }

  /** Whether packets with keys may have come in bunches. A person's keys look alike. */
  get isUneven(): boolean {
    return this.#longestMs - this.#shortestMs > EVEN_WITHIN_MS;
  }
}
