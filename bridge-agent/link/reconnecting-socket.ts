import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { Result } from "../../src/foundation/result.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";

/** How messages stand on the wire. A network that carries messages as they are needs none of it. */
export interface SocketCodec<In, Out> {
  decode(text: string): Result<In, string>;
  /** Its frames, one or more. */
  encode(message: Out): readonly string[];
  /** The longest text that is read. */
  readonly maxBytes: number;
}

export interface SocketEvents<In> {
  /** Messages come one by one: what an earlier one set going by a promise runs before the next one comes. */
  message(message: Result<In, string>): void;
  /** The connection is over, or the attempt was refused; comes once, and not after `close`. */
  closed(code: number, why: string): void;
}

export interface Socket<Out> {
  /** A message that cannot be sent is lost; `closed` then says why. */
  send(message: Out): void;
  close(how: "orderly" | "at once"): void;
}

/** Begins one connection. Name and route are looked up anew each time. */
export type OpenSocket = <In, Out>(
  url: string,
  headers: Readonly<Record<string, string>>,
  codec: SocketCodec<In, Out>,
  events: SocketEvents<In>,
) => Socket<Out>;

interface ReconnectingSocketOptions<In, Out> {
  readonly openSocket: OpenSocket;
  /** Asked for each attempt. */
  url(): string;
  readonly codec: SocketCodec<In, Out>;
  readonly timers: Timers;
  /** 0 to 1. */
  random(): number;
  /** How long the way from the first packet to the first answer to a ping may take. */
  readonly greetingMs: number;
  readonly pongMs: number;
  readonly longestPauseMs: number;
  /** The headers of the request for a connection, made anew for each attempt. */
  headers?(): Readonly<Record<string, string>>;
  message(message: Result<In, string>): void;
  /** Sends a ping; its answer is passed on by `answered`. */
  ping(): void;
  /**
   * Called once for each connection or attempt that is over; says when the next attempt is. `late`: only a person can
   * change the cause. A number: after so many milliseconds. `closes`: so many connections the other end has closed after its greeting since one proved good,
   * with this one; 0 where this one is over for another reason.
   */
  lost(code: number, why: string, closes: number): "at once" | "soon" | "late" | number;
}

const FIRST_PAUSE_MS = 100;
/** A greeting proves little: the other end may break off each time soon after it. So much longer a connection must last. */
const PROVES_GOOD_AFTER_MS = 5_000;
/** Where connections are greeted and break off; for the bridge, whose other pauses are shorter. Two who throw each other off must prove nothing by the other's pause. */
const LONGEST_PAUSE_AFTER_GREETING_MS = 3_000;

/**
 * One connection at a time, made anew for ever. The other end speaks first, and then answers pings, or counts as dead. What an
 * answer proves is counted from when its ping was sent: the answer may have waited for a process that stood still.
 */
export class ReconnectingSocket<In, Out> {
  readonly #options: ReconnectingSocketOptions<In, Out>;
  #socket: Socket<Out> | null = null;
  /** Since a connection proved good. */
  #failures = 0;
  #closes = 0;
  #isGreeted = false;
  #cancelProof = () => {};
  #pingEveryMs = 0;
  #stopped = false;
  #cancelNext = () => {};
  /** Each cancels a timer that ends the connection: of the last answered ping, then of the pings that are on their way. */
  #cancelEnds: (() => void)[] = [];

  constructor(options: ReconnectingSocketOptions<In, Out>) {
    this.#options = options;
  }

  connect(): void {
    const { openSocket, url, codec, headers, greetingMs, message } = this.#options;
    const socket: Socket<Out> = openSocket<In, Out>(url(), headers?.() ?? {}, codec, {
      message: (received) => {
        if (socket === this.#socket) message(received);
      },
      closed: (code, why) => {
        if (socket !== this.#socket) return;
        this.#over(code, why, this.#isGreeted ? ++this.#closes : 0);
      },
    });
    this.#socket = socket;
    this.#cancelEnds = [this.#endAfter(greetingMs)];
  }

  /** The other end has said who it is: from now on it is pinged at this interval. To say so again changes only the interval. */
  greeted(pingEveryMs: number): void {
    this.#pingEveryMs = pingEveryMs;
    if (this.#isGreeted) return;
    this.#isGreeted = true;
    this.#cancelProof = this.#options.timers.after(PROVES_GOOD_AFTER_MS, () => {
      this.#failures = 0;
      this.#closes = 0;
    });
    this.#ping();
  }

  /** One more ping is answered: answers come in the order of their pings. */
  answered(): void {
    if (this.#cancelEnds.length > 1) this.#cancelEnds.shift()?.();
  }

  send(message: Out): void {
    this.#socket?.send(message);
  }

  end(why: string): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#over(1006, why, 0);
    socket.close("at once");
  }

  /** For good: nothing is received or lost any more. */
  stop(): void {
    const socket = this.#socket;
    this.#stopped = true;
    this.#socket = null;
    this.#cancelTimers();
    socket?.close("orderly");
  }

  #ping(): void {
    const { timers, pongMs, ping } = this.#options;
    this.#cancelEnds.push(this.#endAfter(this.#pingEveryMs + pongMs));
    this.#cancelNext = timers.after(this.#pingEveryMs, () => this.#ping());
    ping();
  }

  #endAfter(ms: number): () => void {
    return this.#options.timers.after(ms, () => this.end(`it has not answered for ${ms / 1_000} s`));
  }

  #cancelTimers(): void {
    this.#cancelNext();
    this.#cancelProof();
    for (const cancel of this.#cancelEnds) cancel();
  }

  #over(code: number, why: string, closes: number): void {
    const { timers, random, longestPauseMs, lost } = this.#options;
    this.#socket = null;
    this.#cancelTimers();
    const longest = this.#isGreeted ? Math.max(longestPauseMs, LONGEST_PAUSE_AFTER_GREETING_MS) : longestPauseMs;
    this.#isGreeted = false;
    const next = lost(code, why, closes);
    if (this.#stopped) return;
    if (next !== "at once") this.#failures += 1;
    const soon = pauseAfter(this.#failures, doubling(FIRST_PAUSE_MS, longest), random());
    const pause = typeof next === "number" ? next : { "at once": 0, soon, late: longestPauseMs }[next];
    this.#cancelNext = timers.after(pause, () => this.connect());
  }
}
