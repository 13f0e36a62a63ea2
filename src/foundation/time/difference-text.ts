import { counted } from "../text/counted.ts";
import { dayMs, hourMs, minuteMs } from "./timers.ts";

/** How far a clock is from another, to go before the other's name: "6 minutes behind". Positive: it is ahead. */
export function differenceText(byMs: number): string {
  return `${lengthText(Math.abs(byMs))} ${byMs > 0 ? "ahead of" : "behind"}`;
}

function lengthText(ms: number): string {
  if (ms >= 2 * dayMs) return counted(Math.floor(ms / dayMs), "day");
  if (ms >= 2 * hourMs) return counted(Math.floor(ms / hourMs), "hour");
  return counted(Math.floor(ms / minuteMs), "minute");
}
