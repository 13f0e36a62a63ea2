import { setTimeout as pause } from "node:timers/promises";
import SonicBoom from "sonic-boom";

/** Limit of the lines that wait for a slow disk or reader; further lines are dropped. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** An unread log must not keep the process from ending. */
const CLOSE_WITHIN_MS = 1_000;

/**
 * Writes log lines through sonic-boom, the destination of pino. `pino.destination` itself also flushes when the process exits, and
 * on a full disk that flush never ends. A failed write keeps its lines and is retried with the next line.
 */
export class LogDestination {
  dropped = 0;
  /** False if all lines are written, and none in part. */
  isWriting = false;
  /** Receives the number of lines dropped. */
  onDropped: ((lines: number) => void) | null = null;
  readonly #sonic: SonicBoom;
  readonly #shown: (json: string) => string;
  #isClosed = false;
  #droppedInNotices = 0;

  /** `shown` formats a line of JSON. */
  constructor(fd: number, shown = (json: string) => json) {
    this.#shown = shown;
    this.#sonic = new SonicBoom({ fd, sync: false, maxLength: MAX_WAITING_BYTES });
    this.#sonic.on("error", () => {}); // A full disk, or a pipe without a reader.
    this.#sonic.on("drop", () => {
      this.dropped += 1;
      this.onDropped?.(1);
    });
    this.#sonic.on("drain", () => {
      this.isWriting = false;
      const lines = this.dropped - this.#droppedInNotices;
      this.#droppedInNotices = this.dropped;
      if (lines > 0) this.write(noticeOf(lines));
    });
  }

  write(json: string): void {
    if (this.#isClosed) return;
    this.isWriting = true;
    this.#sonic.write(this.#shown(json));
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
  const msg = `${lines} lines of this log were dropped because its disk was full or nobody read it.`;
  return `${JSON.stringify({ time: new Date().toISOString(), level: "warn", event: "log-lines-lost", msg })}\n`;
}
