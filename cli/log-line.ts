const plain = /^[\w.:@/*+-]+$/;

/** A line of the edge's log for a person at a terminal; a line that is none of ours stays as it is. */
export function forTerminal(line: string): string {
  const facts = factsOf(line);
  if (!facts) return line;
  const { time, level, event, ...more } = facts;
  const told = Object.entries(more).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // What others sent may stand in a value: in quotes it moves no cursor.
    return `${name}=${plain.test(text) ? text : JSON.stringify(text).replace(/[\u007f-\u009f]/g, "?")}`;
  });
  return [time, String(level).padEnd(5), String(event).padEnd(22), ...told].join(" ").trimEnd();
}

function factsOf(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{"time":')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
