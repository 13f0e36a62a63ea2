import type { EpochMs } from "../src/foundation/ids.ts";
import { withoutPersonal } from "../src/foundation/masking.ts";

/** One line for one outcome, with its ids. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [detail: string]: unknown;
}

export type Log = (line: LogLine) => void;

/** The edge's log, as lines of JSON with their time. Personal details are masked, unless the line's domain wants to see them. */
export function logOf(
  write: (level: LogLine["level"], text: string) => void,
  showsPersonal: (domain: unknown) => boolean,
  now: () => EpochMs,
): Log {
  return (line) => {
    const { level, event, domain, conference, ...more } = showsPersonal(line.domain) ? line : withoutPersonal(line);
    write(
      line.level,
      JSON.stringify({ time: new Date(now()).toISOString(), level, event, domain, conference, ...more }),
    );
  };
}
