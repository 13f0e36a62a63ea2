import { write } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { pino } from "pino";
import { command as commandSchema } from "../../src/bridge/commands.ts";
import { dialledDigits } from "../../src/foundation/dial-rules.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { exceptSecrets, type Person, showFields, showOf } from "../../src/foundation/shown.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { PolicyReason } from "../core/policy.ts";
import type { Execution } from "../drivers/driver.ts";

/** One thing that operations staff may ask about. Numbers and keys are as they are: `lineOf` shows them. */
export interface Note {
  readonly level: "info" | "warn" | "error";
  readonly event:
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
    | "drain"
    | "journal"
    | "settings";
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
  ...{ conference: "personal", commandId: "open", call: "open", number: "personal", epoch: "open" },
  ...{ unknown: "open", reason: "open", droppedBefore: "open" },
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
const neverRepeated: ReadonlySet<Note["event"]> = new Set([
  "command",
  "settings",
  "drain",
  "journal",
  "takeover",
  "standby",
]);
/** Lines that no longer hold once this one is written. Said again, they are no repetition. */
const outdates: Readonly<Partial<Record<Note["event"], readonly Note["event"][]>>> = {
  "edge-connected": ["edge-trouble"],
  "edge-trouble": ["edge-connected", "active"],
  "bridge-connected": ["bridge-disconnected"],
  "bridge-disconnected": ["bridge-connected", "active"],
  standby: ["active"],
};

interface Recent {
  readonly line: AgentLogLine;
  repeated: number;
  cancel(): void;
}

/**
 * Passes lines on. A line that is repeated within a minute is counted, and comes again with its count (`repeated`): when the
 * minute is over, or before a line that says the opposite. So the last line about a state is always the state that holds.
 */
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
    const outdated = outdates[line.event] ?? [];
    for (const [key, recent] of this.#recent) if (outdated.includes(recent.line.event)) this.#close(key, recent);
    if ("call" in line.details || "commandId" in line.details || neverRepeated.has(line.event)) return this.#pass(line);
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

/** The log may wait in memory up to this size while its disk or its reader is slow; more is dropped. */
const MOST_WAITING_BYTES = 1024 * 1024;
const READER_PAUSE_MS = 20;

interface Line {
  readonly bytes: Buffer;
  /** How many lost lines it reports; 0: it is a line of its own. */
  readonly lost: number;
}

/**
 * Writes lines to a file descriptor and never holds anybody up: lines that the disk does not take are lost and counted, and
 * the next line that it takes comes with their number.
 */
export class LogStream {
  /** Lost lines since the process began. */
  dropped = 0;
  readonly #descriptor: number;
  readonly #shown: (json: string) => string;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  #unreported = 0;
  #writing: Promise<void> | null = null;
  /** The last line on the disk has no end. */
  #isCut = false;

  /** `shown`: from a line of JSON to what is written. */
  constructor(descriptor: number, shown = (json: string) => json) {
    this.#descriptor = descriptor;
    this.#shown = shown;
  }

  /** One line with its end. */
  write(json: string): void {
    const bytes = Buffer.from(this.#shown(json));
    if (this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) return this.#lose({ bytes, lost: 0 });
    if (this.#unreported > 0)
      this.#wait({ bytes: Buffer.from(this.#shown(noticeOf(this.#unreported))), lost: this.#unreported });
    this.#unreported = 0;
    this.#wait({ bytes, lost: 0 });
    this.#writing ??= this.#writeAll();
  }

  /** When all that waits is written or lost. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  #wait(line: Line): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.bytes.length;
  }

  #lose({ lost }: Line): void {
    if (lost === 0) this.dropped += 1;
    this.#unreported += lost || 1;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      const end = Buffer.from(this.#isCut ? "\n" : "");
      if (await this.#writeBytes(Buffer.concat([end, ...lines.map(({ bytes }) => bytes)]))) this.#isCut = false;
      else for (const line of lines) this.#lose(line);
    }
    this.#writing = null;
  }

  /** A slow reader of the log is waited for; a line that fails in another way is lost. */
  async #writeBytes(bytes: Buffer): Promise<boolean> {
    for (let from = 0; from < bytes.length; ) {
      const written = await new Promise<number | string | undefined>((resolve) =>
        write(this.#descriptor, bytes, from, bytes.length - from, null, (error, count) =>
          resolve(error ? error.code : count),
        ),
      );
      if (typeof written === "number") from += written;
      else if (written === "EAGAIN") await pause(READER_PAUSE_MS);
      else {
        this.#isCut ||= from > 0;
        return false;
      }
    }
    return true;
  }
}

function noticeOf(lost: number): string {
  const msg = `${lost} lines of this log could not be written and are lost: was the disk full where the log is kept?`;
  return `${JSON.stringify({ level: "warn", time: new Date().toISOString(), event: "log-lines-lost", msg })}\n`;
}
