import type { EpochMs } from "../../src/foundation/ids.ts";
import { persons } from "../../src/foundation/shown.ts";
import { type LogFacts, shownFacts } from "../../src/foundation/text/log-line.ts";

/** One line for one outcome, with its ids. */
export interface LogLine extends LogFacts {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
}

export type Log = (line: LogLine) => void;

/** The edge's log, as lines of JSON with their time. Personal details are masked, unless the line's domain wants to see them. */
export function logOf(
  write: (level: LogLine["level"], text: string) => void,
  showsPersonal: (domain: unknown) => boolean,
  now: () => EpochMs,
): Log {
  return (line) => {
    const person = showsPersonal(line.domain) ? persons.full : persons.masked;
    const { level, event, ...said } = line;
    const { domain, conference, ...more } = shownFacts(said, person);
    write(level, JSON.stringify({ time: new Date(now()).toISOString(), level, event, domain, conference, ...more }));
  };
}
