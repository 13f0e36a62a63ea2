const FIRST_MS = 100;

/** Pause before the next try after so many failures in a row; `draw`, 0 to 1, keeps many from coming back all at once. */
export function backoffMs(failures: number, longestMs: number, draw: number): number {
  const longest = Math.min(longestMs, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return longest * (0.5 + draw / 2);
}
