import { printable } from "../src/foundation/printable.ts";

const plain = /^[\w.:@/*+-]+$/;

/** A line of the edge's log for a person at a terminal. What others sent may stand in any line; it steers nothing. */
export function forTerminal(line: string): string {
  const facts = factsOf(line);
  if (!facts) return printable(line);
  const { time, level, event, ...more } = facts;
  const told = Object.entries(more).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${name}=${plain.test(text) ? text : JSON.stringify(text)}`;
  });
  return printable([time, String(level).padEnd(5), String(event).padEnd(22), ...told].join(" ").trimEnd());
}

function factsOf(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{"time":')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
