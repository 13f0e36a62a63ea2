import type { PostFetch } from "../client/xml-api.ts";
import { printable, type Result, type Terminal, type Timers } from "../doors/foundation.ts";
import { jsonText, systemReason } from "../doors/programs.ts";
import type { ValuePorts } from "./values.ts";

/** What these commands need of the machine. */
export interface WebexPorts extends ValuePorts {
  readonly fetch: PostFetch;
  readonly timers: Timers;
  now(): number;
  /** Before anything is printed. */
  begin(): void;
  terminal(): Terminal;
  print(text: string): void;
  /** One line on stderr. */
  warn(line: string): void;
  /** The exit code will be 1. */
  fail(line: string): void;
}

/** What somebody can put right: a sentence, and exit code 1. */
export class WebexError extends Error {}

/** Carries out a command. A WebexError or a fault of a file becomes one line; anything else is a bug and thrown. */
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
  return error instanceof Error && "code" in error && "syscall" in error;
}

function fileFault(error: NodeJS.ErrnoException): string {
  const own: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file or folder",
    EISDIR: "it is a folder, and must be a file",
  };
  const why = own[error.code ?? ""] ?? systemReason(error);
  return `${error.path ?? "a file"}: ${why}`;
}

/** The value; an error is thrown as a WebexError. */
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

/** That there is no such operation or command, with those that are near. */
export function unknownName(what: string, name: string, known: readonly string[], list: string): string {
  const word = name.toLowerCase();
  const near = known.filter((each) => word.length > 2 && each.toLowerCase().includes(word)).slice(0, 5);
  const hint = near.length === 0 ? "" : ` there are ${near.join(", ")};`;
  return `there is no ${what} "${name}";${hint} \`bridgehead webex ${list}\` lists all`;
}
