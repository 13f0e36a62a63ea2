import type { BridgeCaller } from "./events.ts";

/** What a digest stands for: that of a conference which a comparison of both sides would mend. */
export interface Digested {
  readonly locked: boolean;
  readonly callers: Iterable<Pick<BridgeCaller, "call" | "muted" | "room">>;
}

/** A short text that is the same for the same content, in whatever order the callers come. */
export function digestOf({ locked, callers }: Digested): string {
  let count = 0;
  let one = 0;
  let other = 0;
  for (const { call, muted, room } of callers) {
    const text = JSON.stringify([call, muted, room]);
    count += 1;
    one = (one + hash(text, 0x811c9dc5)) >>> 0;
    other = (other + hash(text, 0x01000193)) >>> 0;
  }
  return `${locked ? "locked" : "open"}.${count}.${one.toString(36)}.${other.toString(36)}`;
}

/** FNV-1a over the characters, with a finish that lets sums of hashes differ. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
