import type { EpochMs } from "../ids.ts";
import { dayMs } from "./timers.ts";

/** By when a certificate is to be renewed: 14 days before its end, or a third of its life, whichever is less. Some live for six days. */
export function renewAt({ begins, ends }: { readonly begins: EpochMs; readonly ends: EpochMs }): EpochMs {
  return ends - Math.min(14 * dayMs, (ends - begins) / 3);
}
