import { write } from "node:fs";
import { personalOf } from "../src/bridge/command-rules.ts";
import { masked } from "../src/foundation/masked.ts";
import type { Execution } from "./drivers/driver.ts";

/** So much of the log waits in memory while its disk is slow; what is more is dropped. */
const MOST_WAITING_BYTES = 1024 * 1024;

/**
 * Writes lines to a file descriptor and never holds anybody up: lines that the disk does not take are dropped and counted,
 * and the next line that it takes again says how many.
 */
export class LogStream {
  /** Since the process began. */
  dropped = 0;
  readonly #descriptor: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #droppedUnsaid = 0;
  #written: Promise<void> | null = null;
  /** The last line on the disk has no end. */
  #isCut = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** One line with its end. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) return this.#drop(1);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#written ??= this.#writeAll().finally(() => {
      this.#written = null;
    });
  }

  /** When all that waits is written or dropped. */
  async flushed(): Promise<void> {
    await this.#written;
  }

  #drop(lines: number): void {
    this.dropped += lines;
    this.#droppedUnsaid += lines;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      const unsaid = this.#droppedUnsaid;
      const before = (this.#isCut ? "\n" : "") + (unsaid === 0 ? "" : noticeOf(unsaid));
      if (await this.#writeBytes(Buffer.concat([Buffer.from(before), ...lines]))) {
        this.#isCut = false;
        this.#droppedUnsaid -= unsaid;
      } else this.#drop(lines.length);
    }
  }

  async #writeBytes(bytes: Buffer): Promise<boolean> {
    for (let from = 0; from < bytes.length; ) {
      const count = await new Promise<number>((resolve) =>
        write(this.#descriptor, bytes, from, bytes.length - from, null, (error, written) =>
          resolve(error ? 0 : written),
        ),
      );
      if (count === 0) {
        this.#isCut ||= from > 0;
        return false;
      }
      from += count;
    }
    return true;
  }
}

function noticeOf(dropped: number): string {
  const msg = `${dropped} lines of this log could not be written and are lost: was the disk full where the log is kept?`;
  return `${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`;
}

/** What a log says of a command; `personal`: whether numbers, attendee IDs and the conference's key stand there as they are. */
export function executionForLog({ id, conference, command }: Execution, personal: boolean): object {
  const { type, ...details } = command;
  const hide = personal ? (text: string) => text : masked;
  // Ids that the edge made begin with the conference's key.
  const hideKey = (id: string) => (conference ? id.replace(conference, hide(conference)) : id);
  const shown: Record<string, unknown> = { id: hideKey(id), conference: conference && hide(conference) };
  Object.assign(shown, { command: type }, details);
  for (const [name, value] of Object.entries(personalOf(command))) shown[name] = hide(value);
  if ("call" in command) shown.call = hideKey(command.call);
  if ("room" in command) shown.room = hideKey(command.room);
  return shown;
}
