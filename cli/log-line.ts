import { printable } from "../src/foundation/text/printable.ts";

/** What happens to the edge's process and its settings, which the edge itself cannot log. */
export interface Notice {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly msg: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** A notice as a line of the log, as the edge's own lines are. `now`: ms since 1970. */
export function noticeLine({ level, event, msg, facts }: Notice, now: number): string {
  return JSON.stringify({ time: new Date(now).toISOString(), level, event, msg, ...facts });
}

const plain = /^[\w.:@/*+-]+$/;

/** A line of the edge's log for a person at a terminal. What others sent may stand in any line; it steers nothing. */
export function forTerminal(line: string): string {
  const facts = factsOf(line);
  if (!facts) return printable(line);
  const { time, level, event, ...more } = facts;
  const rest = Object.entries(more).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${name}=${plain.test(text) ? text : JSON.stringify(text)}`;
  });
  return printable([time, String(level).padEnd(5), String(event).padEnd(22), ...rest].join(" ").trimEnd());
}

function factsOf(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{"time":')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
