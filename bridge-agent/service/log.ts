import { pino } from "pino";
import { command as commandSchema } from "../../src/bridge/commands.ts";
import { dialledDigits } from "../../src/foundation/dial-rules.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { exceptSecrets, type Person, showFields, showOf } from "../../src/foundation/shown.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { PolicyReason } from "../core/policy.ts";
import type { Execution } from "../drivers/driver.ts";

interface EventRule {
  /** It is of one moment: said again, it is no repetition. */
  readonly isOfMoment?: boolean;
  /** Lines that no longer hold once this one is written. Said again, they are no repetition. */
  readonly outdates?: readonly string[];
}

/** What a line of the log may be about, and how repetitions of it are counted. */
const events = {
  "edge-connected": { outdates: ["edge-trouble"] },
  "edge-trouble": { outdates: ["edge-connected", "active"] },
  "bridge-connected": { outdates: ["bridge-disconnected"] },
  "bridge-disconnected": { outdates: ["bridge-connected", "active"] },
  "bridge-notice": {},
  active: {},
  standby: { isOfMoment: true, outdates: ["active"] },
  takeover: { isOfMoment: true },
  "stood-still": {},
  "wrong-keys": {},
  "caller-hung-up-on": {},
  "reports-disagree": {},
  "command-unknown": {},
  command: { isOfMoment: true },
  policy: {},
  drain: { isOfMoment: true },
  journal: { isOfMoment: true },
  settings: { isOfMoment: true },
} as const satisfies Readonly<Record<string, EventRule>>;

/** One thing that operations staff may ask about. Numbers and keys are as they are: `lineOf` shows them. */
export interface Note {
  readonly level: "info" | "warn" | "error";
  readonly event: keyof typeof events;
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
  /** The conference that the line is about, unmasked: two keys may look alike once they are masked. Never written. */
  readonly about?: ConfKey | undefined;
}

type NoteDetails = Omit<Note, "level" | "event" | "text">;
const showNote = showFields<NoteDetails>({
  conference: "personal",
  commandId: "open",
  call: "open",
  number: "personal",
  epoch: "open",
  unknown: "open",
  reason: "open",
  droppedBefore: "open",
});

/** The line of this note; `person`: how numbers and the conference's key are shown. */
export function lineOf({ level, event, text, ...details }: Note, person: Person): AgentLogLine {
  const { conference } = details;
  return { level, event, text, details: withoutKey(showNote(details, person), conference, person), about: conference };
}

const showCommand = showOf(commandSchema);

/** A command with its result; `isSecret`: whether what a caller has keyed as its attendee ID lets somebody in. */
export function lineOfCommand(
  { id, conference, command }: Execution,
  result: object,
  person: Person,
  isSecret: (text: string) => boolean,
): AgentLogLine {
  const { type, ...parts } = showCommand(command, exceptSecrets(person, isSecret));
  const number = command.type === "dial" && { number: person(dialledDigits(command.number)) };
  const details = { commandId: id, conference: conference && person(conference), command: type, ...parts, ...number };
  return {
    level: "info",
    event: "command",
    text: "command",
    details: { ...withoutKey(details, conference, person), result },
  };
}

/** Ids that the edge made begin with the conference's key. */
export function withoutKey<Details extends object>(
  details: Details,
  conference: ConfKey | null | undefined,
  person: Person,
): Details {
  const ids: readonly string[] = ["commandId", "call", "room"];
  const hide = (name: string, value: unknown) =>
    conference && typeof value === "string" && ids.includes(name)
      ? value.replace(conference, person(conference))
      : value;
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, hide(name, value)])) as Details;
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

const COUNTED_FOR_MS = 60_000;

interface Recent {
  readonly line: AgentLogLine;
  repeated: number;
  cancel(): void;
}

/** Counts lines that are repeated within a minute, and passes the count on then, or before a line that says the opposite. */
export class RepeatLimit {
  readonly #timers: Timers;
  readonly #pass: (line: AgentLogLine) => void;
  readonly #recent = new Map<string, Recent>();

  constructor(timers: Timers, pass: (line: AgentLogLine) => void) {
    this.#timers = timers;
    this.#pass = pass;
  }

  /** What happened to one call or command is no repetition of what happened to another, nor is what somebody has asked for. */
  put(line: AgentLogLine): void {
    const { isOfMoment = false, outdates = [] }: EventRule = events[line.event];
    for (const [key, recent] of this.#recent) if (outdates.includes(recent.line.event)) this.#close(key, recent);
    if ("call" in line.details || "commandId" in line.details || isOfMoment) return this.#pass(line);
    const key = JSON.stringify([line.event, line.about, line.text]);
    const recent = this.#recent.get(key);
    if (recent) {
      recent.repeated += 1;
      return;
    }
    this.#pass(line);
    this.#count(key, line);
  }

  /** Writes what is counted so far. */
  end(): void {
    for (const [key, recent] of this.#recent) this.#close(key, recent);
  }

  #count(key: string, line: AgentLogLine): void {
    const cancel = this.#timers.after(COUNTED_FOR_MS, () => {
      if (this.#close(key, recent)) this.#count(key, line);
    });
    const recent: Recent = { line, repeated: 0, cancel };
    this.#recent.set(key, recent);
  }

  /** Whether the line was repeated. */
  #close(key: string, { line, repeated, cancel }: Recent): boolean {
    cancel();
    this.#recent.delete(key);
    if (repeated > 0) this.#pass({ ...line, details: { ...line.details, repeated } });
    return repeated > 0;
  }
}
