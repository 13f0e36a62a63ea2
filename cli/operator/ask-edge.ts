import { type Command, InvalidArgumentError } from "commander";
import { allPrintable, printable } from "../../src/foundation/text/printable.ts";
import { secondText } from "../../src/foundation/time/shown-time.ts";
import { clockTime } from "../clock-time.ts";
import { StartError } from "../edge/program.ts";
import { type Screen, ShownTimes } from "../shown-times.ts";
import { systemReason } from "../system-reason.ts";
import { endWithReader, jsonText, ownTerminal } from "../terminal.ts";
import { findActing, findEdge } from "./find-edge.ts";
import { OperatorClient } from "./operator-client.ts";

/** Value of `--edge`. */
let named: string | undefined;

export function nameEdge(url: string): void {
  named = url;
}

/** A command that asks a running edge about one domain or all. */
export function question(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--domain <name>", "only this domain; needed if there are several, except for lists")
    .option("--json", "print JSON");
}

export interface Options {
  readonly domain?: string;
  readonly json?: true;
}

/** A result for programs and for users. */
interface Found {
  readonly data: unknown;
  lines(now: number, screen: Screen): readonly string[];
  readonly warning?: string | undefined;
  /** True for exit code 1. */
  readonly failed?: boolean;
}

/** `text` gets the data with all texts made printable. */
export function found<Data>(
  data: Data,
  text: (shown: Data, now: number, screen: Screen) => readonly string[],
  more: Pick<Found, "warning" | "failed"> = {},
): Found {
  return { data, lines: (now, screen) => text(allPrintable(data), now, screen), ...more };
}

/** `null`: the user declined. */
export function answer({ json }: Options, ask: (edge: OperatorClient) => Promise<Found | null>): Promise<void> {
  return askEdge(async (edge) => {
    const found = await ask(edge);
    if (found === null) return;
    const { data, lines, warning, failed } = found;
    const shown = json ? [jsonText(data)] : headed(edge, (screen) => lines(Date.now(), screen));
    process.stdout.write(`${shown.join("\n")}\n`);
    if (warning) console.error(warning);
    if (edge.lacking.size > 0) console.error(printable(`incomplete: ${[...edge.lacking].join(", ")}`));
    if (failed) process.exitCode = 1;
  });
}

/** Lines for this terminal, after the time zone if they have times. */
export function headed(edge: OperatorClient, lines: (screen: Screen) => readonly string[]): readonly string[] {
  const screen = { ...ownTerminal(), times: new ShownTimes((domain) => edge.zoneOf(domain)) };
  const shown = lines(screen);
  const { heading } = screen.times;
  return heading === null ? shown : [screen.style("dim", heading), ...shown];
}

/** Runs a command. An error that a user can fix prints one line on stderr, with exit code 1. */
export async function askEdge(work: (edge: OperatorClient) => Promise<void>): Promise<void> {
  endWithReader();
  try {
    await work(new OperatorClient(await findActing(findEdge({ ...process.env, edge: named }))));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(printable(systemReason(error)));
    process.exitCode = 1;
  }
}

/** Checks an argument or option. `faultOf`: the error as a sentence; `null`: valid. */
export function valid(faultOf: (text: string) => string | null) {
  return (text: string): string => {
    const fault = faultOf(text);
    if (fault !== null) throw new InvalidArgumentError(fault);
    return text;
  };
}

/** Checks an option that is a time. Other options determine the day of a time of day. */
export const clockTimeText = valid((text) =>
  clockTime(text, Date.now(), "UTC") === null
    ? "It must be a time such as 02:40, 02:40:15, 2026-11-21 or 2026-11-21T02:40."
    : null,
);

/** A period of these options in a zone, in milliseconds since 1970; `undefined`: it has no begin, or no end. */
export function periodOf(
  options: { readonly since?: string; readonly until?: string },
  now: number,
  zone: string,
): { readonly since: number | undefined; readonly until: number | undefined } {
  const since = options.since === undefined ? null : clockTime(options.since, now, zone);
  const until = options.until === undefined ? null : clockTime(options.until, now, zone, since ?? undefined);
  if (since !== null && until !== null && until < since)
    throw new StartError(`--until ${secondText(until, zone)} is before --since ${secondText(since, zone)} (${zone}).`);
  return { since: since ?? undefined, until: until ?? undefined };
}

export function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? "Example" : "Examples"}:\n${lines.map((line) => `  bridgehead ${line}`).join("\n")}`;
}
