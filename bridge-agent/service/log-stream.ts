import { write, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** The log may wait in memory up to this size while its disk or its reader is slow; more is dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;
const READER_PAUSE_MS = 20;
/** A log that nobody reads must not keep the process. */
const FLUSH_WITHIN_MS = 1_000;

interface Line {
  readonly bytes: Buffer;
  /** How many dropped lines the notice before it reports. */
  readonly reports: number;
}

/**
 * Writes lines and never waits: what the disk does not take is lost and counted, and the next line comes with
 * their number.
 */
export class LogStream {
  dropped = 0;
  /** Called with the number of lines, each time that some are lost. */
  onDropped: ((lines: number) => void) | null = null;
  readonly #descriptor: number;
  readonly #shown: (json: string) => string;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  /** How many of the dropped lines notices have reported. */
  #reported = 0;
  #writing: Promise<void> | null = null;
  /** What is being written, from which byte on; `isUnderWay`: the system was asked, and has not answered. */
  #current: { bytes: Buffer; from: number; isUnderWay: boolean } | null = null;
  /** The last line on the disk has no end. */
  #isCut = false;

  /** `shown`: from a line of JSON to what is written. */
  constructor(descriptor: number, shown = (json: string) => json) {
    this.#descriptor = descriptor;
    this.#shown = shown;
  }

  write(json: string): void {
    const unreported = this.#unreported;
    const bytes = this.#bytesOf(json);
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) return this.#drop(1);
    this.#waiting.push({ bytes, reports: unreported });
    this.#waitingBytes += bytes.length;
    this.#reported += unreported;
    this.#writing ??= this.#writeAll();
  }

  /** When all that waits is written or lost. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  /** For a process that is about to end: the same, at the latest after a second. */
  async flushedSoon(): Promise<void> {
    await Promise.race([this.flushed(), pause(FLUSH_WITHIN_MS, undefined, { ref: false })]);
  }

  /**
   * For a process that ends in this very turn: writes what waits, and this last line, within a second. Of
   * what is under way, a slow reader may miss a part.
   */
  writeNow(last: string): void {
    const current = this.#current;
    if (current?.isUnderWay) sleep(READER_PAUSE_MS); // It comes to its end without us, or ends amid a line.
    const isCut = current?.isUnderWay || (!current && this.#isCut);
    const begun = isCut ? Buffer.from("\n") : (current?.bytes.subarray(current.from) ?? Buffer.of());
    const bytes = Buffer.concat([begun, ...this.#waiting.map((line) => line.bytes), this.#bytesOf(last)]);
    const pauses = FLUSH_WITHIN_MS / READER_PAUSE_MS;
    for (let from = 0, paused = 0; from < bytes.length && paused < pauses; ) {
      try {
        from += writeSync(this.#descriptor, bytes, from);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
        sleep(READER_PAUSE_MS);
        paused += 1;
      }
    }
  }

  get #unreported(): number {
    return this.dropped - this.#reported;
  }

  /** A line as it is written, behind a notice of those that were lost. */
  #bytesOf(json: string): Buffer {
    const notice = this.#unreported > 0 ? this.#shown(noticeOf(this.#unreported)) : "";
    return Buffer.from(notice + this.#shown(json));
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      const end = Buffer.from(this.#isCut ? "\n" : "");
      if (await this.#writeBytes(Buffer.concat([end, ...lines.map(({ bytes }) => bytes)]))) this.#isCut = false;
      else {
        this.#drop(lines.length);
        for (const { reports } of lines) this.#reported -= reports;
      }
    }
    this.#writing = null;
  }

  /** A slow reader of the log is waited for; a line that fails in another way is lost. */
  async #writeBytes(bytes: Buffer): Promise<boolean> {
    const current = { bytes, from: 0, isUnderWay: false };
    this.#current = current;
    while (current.from < bytes.length) {
      current.isUnderWay = true;
      const written = await this.#writeSome(bytes, current.from);
      current.isUnderWay = false;
      if (typeof written === "number") current.from += written;
      else if (written === "EAGAIN") await pause(READER_PAUSE_MS);
      else break;
    }
    this.#current = null;
    const isWhole = current.from === bytes.length;
    this.#isCut ||= current.from > 0 && !isWhole;
    return isWhole;
  }

  /** How many bytes were written, or why none. */
  #writeSome(bytes: Buffer, from: number): Promise<number | string | undefined> {
    return new Promise((resolve) =>
      write(this.#descriptor, bytes, from, bytes.length - from, null, (error, count) =>
        resolve(error ? error.code : count),
      ),
    );
  }

  #drop(lines: number): void {
    this.dropped += lines;
    this.onDropped?.(lines);
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function noticeOf(lost: number): string {
  const msg = `${lost} lines of this log could not be written and are lost: was the disk full where the log is kept, or did nobody read it?`;
  return `${JSON.stringify({ time: new Date().toISOString(), level: "warn", event: "log-lines-lost", msg })}\n`;
}
