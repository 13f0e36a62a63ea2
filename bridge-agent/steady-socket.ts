import { WebSocket } from "ws";
import type { Timers } from "../src/foundation/timers.ts";
import { REFUSAL_HEADER } from "../src/link/hello.ts";
import { backoffMs } from "./backoff.ts";

export interface SteadySocketOptions {
  /** Name and route are looked up anew at each try. */
  readonly url: string;
  readonly timers: Timers;
  /** 0 to 1. */
  random(): number;
  /** In bytes. */
  readonly longestMessage: number;
  /** How long the way from the first packet to the greeting may take. */
  readonly greetingMs: number;
  /** How long a ping may wait for its answer. */
  readonly pongMs: number;
  /** Between two tries. */
  readonly longestPauseMs: number;
  /** Of the request for a connection, made anew at each try. */
  headers?(): Readonly<Record<string, string>>;
  heard(text: string): void;
  /** Sends a ping; its answer is told by `answered`. */
  ping(): void;
  /**
   * Called once for each connection or attempt that is over; says when the next try is. `late`: only a person can change it.
   * An attempt that was refused with a code and a reason has those of the refusal.
   */
  lost(code: number, why: string): "at once" | "soon" | "late";
}

/** One connection at a time, made anew for ever. The other end speaks first, and then answers pings, or is taken for dead. */
export class SteadySocket {
  readonly #options: SteadySocketOptions;
  #socket: WebSocket | null = null;
  #failures = 0;
  #pingEveryMs = 0;
  #stopped = false;
  /** Of the next try, the next ping, or the end of our patience. */
  #cancelTimer: () => void = () => {};

  constructor(options: SteadySocketOptions) {
    this.#options = options;
  }

  connect(): void {
    const { url, longestMessage, greetingMs } = this.#options;
    const socket = new WebSocket(url, {
      // One message for each turn of the event loop, so that whoever awaited an answer runs before the next one is heard.
      allowSynchronousEvents: false,
      maxPayload: longestMessage,
      perMessageDeflate: false,
      headers: this.#options.headers?.(),
    });
    this.#socket = socket;
    this.#expectWithin(greetingMs);
    socket.on("message", (data) => {
      if (socket === this.#socket) this.#options.heard(String(data));
    });
    socket.on("unexpected-response", (_request, { statusCode, headers }) => {
      if (socket !== this.#socket) return;
      const [, code, why] = /^(\d{4}) (.*)$/.exec(String(headers[REFUSAL_HEADER])) ?? [];
      this.#over(Number(code ?? 1006), why ?? `it answered with status ${statusCode}`);
      socket.terminate();
    });
    let trouble = "";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      trouble = error.message || String(error.code);
    });
    socket.on("close", (code, reason) => {
      if (socket === this.#socket) this.#over(code, trouble || String(reason));
    });
  }

  /** The other end has said who it is: from now on it is asked so often whether it is there. */
  greeted(pingEveryMs: number): void {
    this.#failures = 0;
    this.#pingEveryMs = pingEveryMs;
    this.answered();
  }

  answered(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timers.after(this.#pingEveryMs, () => {
      this.#expectWithin(this.#options.pongMs);
      this.#options.ping();
    });
  }

  send(text: string): void {
    this.#socket?.send(text, () => {}); // Failure comes as an event, too.
  }

  /** Gives this connection up, for another one. */
  end(why: string): void {
    if (!this.#socket) return;
    const socket = this.#socket;
    this.#over(1006, why);
    socket.terminate();
  }

  /** For good: nothing is heard or lost any more. */
  stop(): void {
    const socket = this.#socket;
    this.#stopped = true;
    this.#socket = null;
    this.#cancelTimer();
    if (socket?.readyState === WebSocket.OPEN) socket.close(1000);
    else socket?.terminate();
  }

  #expectWithin(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timers.after(ms, () => this.end(`it has not answered for ${ms / 1_000} s`));
  }

  #over(code: number, why: string): void {
    const { timers, random, longestPauseMs, lost } = this.#options;
    this.#socket = null;
    this.#cancelTimer();
    const next = lost(code, why);
    if (this.#stopped) return;
    this.#failures += 1;
    const soon = backoffMs(this.#failures, longestPauseMs, random());
    const pause = { "at once": 0, soon, late: longestPauseMs }[next];
    this.#cancelTimer = timers.after(pause, () => this.connect());
  }
}
