/** FNV-1a over the characters of a text, as an unsigned number of 32 bits. */
export function hash(text: string, seed = 0x811c9dc5): number {
  let value = seed;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

/** From 0 to 1, evenly for different texts: chance that repeats. */
export function spread(text: string): number {
  return hash(text) / 2 ** 32;
}
