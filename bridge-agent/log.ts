import { write } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { personalOf } from "../src/bridge/command-rules.ts";
import { masked } from "../src/foundation/masking.ts";
import type { Execution } from "./drivers/driver.ts";

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
  #waiting: Line[] = [];
  #waitingBytes = 0;
  #unreported = 0;
  #writing: Promise<void> | null = null;
  /** The last line on the disk has no end. */
  #isCut = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** One line with its end. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) return this.#lose({ bytes, lost: 0 });
    if (this.#unreported > 0) this.#wait({ bytes: Buffer.from(noticeOf(this.#unreported)), lost: this.#unreported });
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
  return `${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`;
}

/** A command for the log; `personal`: whether numbers, attendee IDs and the conference's key stand there as they are. */
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
