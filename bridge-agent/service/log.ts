import { pino } from "pino";
import { dialledDigits } from "../../src/foundation/dial-rules.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { exceptSecrets, type Person } from "../../src/foundation/shown.ts";
import { shownFacts } from "../../src/foundation/text/log-line.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import type { PolicyReason } from "../core/policy.ts";
import type { Execution } from "../drivers/driver.ts";

type LogEvent =
  | "edge-connected"
  | "edge-trouble"
  | "bridge-connected"
  | "bridge-disconnected"
  | "bridge-notice"
  | "active"
  | "standby"
  | "takeover"
  | "stood-still"
  | "wrong-keys"
  | "caller-hung-up-on"
  | "reports-disagree"
  | "command-unknown"
  | "command"
  | "policy"
  | "journal"
  | "stopped";

/** One thing that operations staff may ask about. Numbers and keys are as they are: `lineOf` shows them. */
export interface Note {
  readonly level: "info" | "warn" | "error";
  readonly event: LogEvent;
  readonly text: string;
  readonly conference?: ConfKey;
  readonly commandId?: CommandId;
  readonly call?: CallId;
  readonly number?: string;
  readonly epoch?: number;
  /** Keys of no conference that a caller tried. */
  readonly unknown?: number;
  readonly reason?: PolicyReason;
  /** Lines of this kind that were left out before this one. */
  readonly droppedBefore?: number;
}

/** A line of the log, as it may be read. */
export interface AgentLogLine extends Pick<Note, "level" | "event" | "text"> {
  readonly details: object;
}

/** The line of this note; `person`: how numbers and the conference's key are shown. */
export function lineOf({ level, event, text, ...details }: Note, person: Person): AgentLogLine {
  return { level, event, text, details: shownFacts(details, person) };
}

/** A command with its result; `isSecret`: whether what a caller has keyed as its attendee ID lets somebody in. */
export function lineOfCommand(
  { id, conference, command }: Execution,
  result: object,
  person: Person,
  isSecret: (text: string) => boolean,
): AgentLogLine {
  const { type, ...parts } = command;
  const number = command.type === "dial" && { number: dialledDigits(command.number) };
  const facts = { commandId: id, conference, command: type, ...parts, ...number, result };
  return {
    level: "info",
    event: "command",
    text: "command",
    details: shownFacts(facts, exceptSecrets(person, isSecret)),
  };
}

/** JSON lines: time (ISO 8601, UTC), level word, event, what it is about, and the sentence as `msg`. */
export function writeLines(stream: { write(line: string): void }): (line: AgentLogLine) => void {
  const formatters = { level: (level: string) => ({ level }) };
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, stream);
  return ({ level, event, text, details }) => logger[level]({ event, ...details }, text);
}

/** A JSON line as people read it at a terminal. What came from elsewhere must not steer the terminal. */
export function forPeople(json: string): string {
  const { time, level, msg, event: _, domain: __, bridge: ___, agent: ____, ...rest } = JSON.parse(json);
  const fields = Object.entries(rest).flatMap(([name, value]) =>
    value === null ? [] : `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`,
  );
  const text = [time, String(level).padEnd(5), msg, ...fields].join("  ");
  return `${printable(text)}\n`;
}
