import type { PostFetch } from "../client/xml-api.ts";
import { NotUtf8, printable, type Result, type Terminal, type Timers } from "../doors/foundation.ts";
import { jsonText, systemReason } from "../doors/programs.ts";
import type { ValuePorts } from "./values.ts";

/** Ports of these commands to the machine. */
export interface WebexPorts extends ValuePorts {
  readonly fetch: PostFetch;
  readonly timers: Timers;
  now(): number;
  /** Called before the first output. */
  begin(): void;
  terminal(): Terminal;
  print(text: string): void;
  /** Prints one line on stderr. */
  warn(line: string): void;
  /** Prints one line on stderr, and sets the exit code to 1. */
  fail(line: string): void;
}

/** An error that the user can fix. Prints one sentence; the exit code is 1. */
export class WebexError extends Error {}

/** Runs a command. Prints a WebexError or a file error as one line; any other error is a bug and is thrown. */
export async function run(ports: WebexPorts, act: () => Promise<void>): Promise<void> {
  ports.begin();
  try {
    await act();
  } catch (error) {
    if (!(error instanceof WebexError) && !isOfSystem(error)) throw error;
    ports.fail(printable(error instanceof WebexError ? error.message : fileFault(error)));
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof NotUtf8 || (error instanceof Error && "code" in error && "syscall" in error);
}

function fileFault(error: NodeJS.ErrnoException): string {
  const own: Readonly<Record<string, string>> = {
    ENOENT: "no such file or folder",
    EISDIR: "it is a folder, not a file",
  };
  const why = own[error.code ?? ""] ?? systemReason(error);
  return `${error.path ?? "standard input"}: ${why}`;
}

/** Returns the value, or throws the error as a WebexError. */
export function okOr<Value>(result: Result<Value, string>): Value {
  if (result.ok) return result.value;
  throw new WebexError(result.error);
}

export function printJson(value: unknown, ports: WebexPorts): void {
  ports.print(jsonText(value));
}

export function lines(text: readonly string[], ports: WebexPorts): void {
  ports.print(text.join("\n"));
}

/** Returns an error for an unknown name, with similar names. */
export function unknownName(what: string, name: string, known: readonly string[], list: string): string {
  const word = name.toLowerCase();
  const near = known.filter((each) => word.length > 2 && each.toLowerCase().includes(word)).slice(0, 5);
  const hint = near.length === 0 ? "" : ` similar: ${near.join(", ")};`;
  return `there is no ${what} "${name}";${hint} \`bridgehead webex ${list}\` lists all`;
}
