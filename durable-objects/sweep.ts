import type { ConfKey, EpochMs } from "../src/foundation/ids.ts";
import type { ConferenceRpc } from "../src/rpc.ts";
import type { LogLine } from "./log.ts";
import type { NumberBooks } from "./number-books.ts";

interface SweepPorts {
  readonly books: Pick<NumberBooks, "holdersSince">;
  conference(confKey: ConfKey): Pick<ConferenceRpc, "sweep">;
  setAlarm(at: EpochMs): void;
  log(line: LogLine): void;
}

/** A conference takes numbers when it begins, and again and again as long as it has something to say. */
const reachMs = 6 * 3_600_000;
export const sweepEveryMs = 300_000;
const pageEveryMs = 10_000;

/**
 * Wakes some of the conferences of the last hours, the latest first, so that they do what is overdue; tells before which
 * place the next ones are, for whom an alarm is set. The platform gives an alarm up that failed some times in a row, as in
 * an outage of a few minutes: then nothing else would wake a conference that nobody talks to. Which ones there are is known
 * by the numbers that they took, so that no message pays for this.
 */
export async function sweep(ports: SweepPorts, before: number | null, now: EpochMs): Promise<number | null> {
  const { books, conference, setAlarm, log } = ports;
  const { holders, next } = books.holdersSince(now - reachMs, before);
  if (before === null && next === null && holders.length === 0) return null;
  setAlarm(now + (next === null ? sweepEveryMs : pageEveryMs));
  const outcomes = await Promise.allSettled(holders.map((confKey) => conference(confKey).sweep()));
  const failed = outcomes.filter(({ status }) => status === "rejected").length;
  if (failed > 0) log({ level: "warn", event: "not-swept", conferences: failed });
  return next;
}
