/**
 * Pauses in milliseconds after the first, the second … failure in a row; the last one repeats. Measure them by a timer or by
 * a clock that cannot be set back, such as `SteadyClock`.
 */
export type Backoff = readonly number[];

/** Each pause is twice the one before, up to the longest. */
export function doubling(firstMs: number, longestMs: number): Backoff {
  const pauses: number[] = [];
  for (let ms = firstMs; ms < longestMs; ms *= 2) pauses.push(ms);
  return [...pauses, longestMs];
}

/**
 * The pause after so many failures in a row; 0 after none. `draw`, from 0 to 1, shortens it by up to a half, so that those who
 * failed together do not come back together; without it, the pause is whole.
 */
export function pauseAfter(failures: number, backoff: Backoff, draw = 1): number {
  if (failures <= 0) return 0;
  const ms = backoff[failures - 1] ?? backoff.at(-1) ?? 0;
  return Math.round(ms * (0.5 + draw / 2));
}
