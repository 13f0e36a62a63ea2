/** One line for one outcome, with its ids. `event` is what a dashboard counts. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [detail: string]: unknown;
}

export type Log = (line: LogLine) => void;

export function consoleLog(line: LogLine): void {
  console[line.level](JSON.stringify(line));
}
