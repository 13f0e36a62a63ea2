/** A whole number that a program can hold exactly, else `null`. */
export function readInteger(raw: string): number | null {
  if (raw.length > 64 || !/^\s*[+-]?\d+\s*$/.test(raw)) return null;
  const value = Number(raw) + 0; // The sum turns -0 into 0.
  return Number.isSafeInteger(value) ? value : null;
}
