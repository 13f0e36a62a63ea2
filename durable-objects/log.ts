import { withoutPersonal } from "../src/foundation/masking.ts";

/** One line for one outcome, with its ids. `event` is what a dashboard counts. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [detail: string]: unknown;
}

export type Log = (line: LogLine) => void;

/** The edge's log. Personal details are masked, unless the line's domain wants to see them. */
export function logOf(
  write: (level: LogLine["level"], text: string) => void,
  showsPersonal: (domain: unknown) => boolean,
): Log {
  return (line) => write(line.level, JSON.stringify(showsPersonal(line.domain) ? line : withoutPersonal(line)));
}
