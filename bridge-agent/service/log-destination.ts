import { setTimeout as pause } from "node:timers/promises";
import SonicBoom from "sonic-boom";

/** Lines wait in memory up to this size while the disk or the reader is slow; further lines are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** A log that nobody reads must not keep the process. */
const CLOSE_WITHIN_MS = 1_000;

/**
 * Writes log lines through sonic-boom, the destination of pino. `pino.destination` itself also flushes when the process exits, and
 * on a full disk that flush never ends. A failed write keeps its lines and is retried with the next line.
 */
export class LogDestination {
  dropped = 0;
  /** Called with the number of lines, each time that lines are dropped. */
  onDropped: ((lines: number) => void) | null = null;
  readonly #sonic: SonicBoom;
  readonly #shown: (json: string) => string;
  #isClosed = false;
  #droppedInNotices = 0;

  /** `shown` turns a line of JSON into what is written. */
  constructor(fd: number, shown = (json: string) => json) {
    this.#shown = shown;
    this.#sonic = new SonicBoom({ fd, sync: false, maxLength: MAX_WAITING_BYTES });
    this.#sonic.on("error", () => {}); // A full disk, or a pipe without a reader.
    this.#sonic.on("drop", () => {
      this.dropped += 1;
      this.onDropped?.(1);
    });
    this.#sonic.on("drain", () => {
      const lines = this.dropped - this.#droppedInNotices;
      this.#droppedInNotices = this.dropped;
      if (lines > 0) this.write(noticeOf(lines));
    });
  }

  write(json: string): void {
    if (!this.#isClosed) this.#sonic.write(this.#shown(json));
  }

  /** Resolves when all lines are written, or after a second. Later lines are ignored. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const written = new Promise((resolve) => this.#sonic.once("close", resolve));
    this.#sonic.end();
    await Promise.race([written, pause(CLOSE_WITHIN_MS)]);
  }
}

function noticeOf(lines: number): string {
  const msg = `${lines} lines of this log are lost: the disk of the log was full, or nobody read it.`;
  return `${JSON.stringify({ time: new Date().toISOString(), level: "warn", event: "log-lines-lost", msg })}\n`;
}
