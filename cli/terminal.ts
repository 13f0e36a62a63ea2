import { styleText } from "node:util";
import { type Terminal, wordsOf, wrapped } from "../src/foundation/table.ts";
import { printableJson } from "../src/foundation/text/printable.ts";
import { systemReason } from "./system-reason.ts";

/** The terminal of this process, as wide as it is now. COLUMNS sets the width where the output is none. */
export function ownTerminal(): Terminal {
  const { columns } = process.stdout;
  return {
    width: columns || Number(process.env.COLUMNS) || Number.POSITIVE_INFINITY,
    style: (format, text) => styleText(format, text, { stream: process.stdout }),
  };
}

/** From now on, no reader ends the process well, and a full disk with a line. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0); // As `head` closes its end.
    console.error(`cannot print the answer (${systemReason(error)})`);
    process.exit(1);
  });
}

/** Each text as an item of a list, its further lines indented by two columns more. */
export function items(texts: readonly string[], width: number): string[] {
  return texts.flatMap((text) =>
    wrapped(wordsOf(text), width - 4).map((line, at) => `${at === 0 ? "  " : "    "}${line}`),
  );
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 10) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** As "12 s ago", or "in 2.0 s". */
export function fromNow(at: number, now: number): string {
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

/** For programs, and for eyes: nothing in it moves a terminal. */
export function jsonText(data: unknown): string {
  return printableJson(JSON.stringify(data, null, 2));
}
