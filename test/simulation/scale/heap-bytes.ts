import { deserialize, serialize } from "node:v8";
import { heapUsed } from "../../heap-used.ts";

/** More than one, since what else the heap does is as much as a small value. */
const copies = 8;

/** What a copy of this value takes in memory: the value itself cannot be told from what lies around it. */
export function heapBytesOfCopy(value: unknown): number {
  const text = serialize(value);
  heapUsed();
  const before = heapUsed();
  const kept = Array.from({ length: copies }, (): unknown => deserialize(text));
  const bytes = (heapUsed() - before) / copies;
  // Without a use behind the measuring, they would be collected before it.
  return kept.length === 0 ? 0 : Math.max(0, bytes);
}
