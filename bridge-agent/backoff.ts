const FIRST_MS = 100;
/** A person may take long, but a network comes back at any moment. */
export const LONGEST_PAUSE_MS = 5_000;

/** Pause before the next try after so many failures in a row; `draw`, 0 to 1, keeps agents from coming all at once. */
export function backoffMs(failures: number, draw: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return longest * (0.5 + draw / 2);
}
