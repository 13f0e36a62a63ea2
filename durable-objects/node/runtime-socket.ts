import type { EpochMs } from "../../src/foundation/ids.ts";
import type { ObjectSocket } from "../platform/object-sockets.ts";

/** The connection itself, as the server has it. */
export interface Wire {
  send(text: string): void;
  close(code: number, reason: string): void;
}

interface SocketPorts {
  /** Answered by the runtime, which wakes nobody for it. */
  readonly pings: { readonly ping: string; readonly pong: string } | null;
  now(): EpochMs;
  /** Whether a ping is answered: this edge acts. */
  mayAnswer(): boolean;
  /**
   * `run`: once all that was written so far is on disk; at once, where it is.
   * `failed`: where it is lost.
   */
  afterFlush(run: () => void, failed?: (error: Error) => void): void;
  received(socket: RuntimeSocket, text: string): void;
  closed(socket: RuntimeSocket): void;
}

/** A socket of an object. It stays while the object rests, with what is kept with it. */
export class RuntimeSocket implements ObjectSocket {
  readonly id: string;
  readonly label: string;
  readonly #ports: SocketPorts;
  #kept: string | null = null;
  #pingedAt: EpochMs | null = null;
  #wire: Wire | null = null;
  /** What leaves before the connection stands. */
  #early: ((wire: Wire) => void)[] = [];
  #isOpen = true;
  /** Whether the connection was told to close, or is over. */
  #isEnded = false;

  constructor(id: string, label: string, ports: SocketPorts) {
    this.id = id;
    this.label = label;
    this.#ports = ports;
  }

  kept(): unknown {
    return this.#kept === null ? null : JSON.parse(this.#kept);
  }

  keep(value: unknown): void {
    this.#kept = value === null ? null : JSON.stringify(value);
  }

  pingedAt(): EpochMs | null {
    return this.#pingedAt;
  }

  send(text: string): void {
    if (this.#isOpen) this.#ports.afterFlush(() => this.#leave((wire) => wire.send(text)));
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#ports.afterFlush(
      () => this.#end(code, reason),
      ({ message }) => this.#end(1012, message),
    );
  }

  /** What its object knows is lost: it closes at once, and what waits to be sent never leaves. */
  drop(code: number, reason: string): void {
    this.#isOpen = false;
    this.#end(code, reason);
  }

  /** The connection stands. */
  attach(wire: Wire): void {
    this.#wire = wire;
    for (const leave of this.#early.splice(0)) leave(wire);
  }

  /** The other end has sent this. */
  received(text: string): void {
    const { pings } = this.#ports;
    if (text !== pings?.ping) return this.#ports.received(this, text);
    this.#pingedAt = this.#ports.now();
    // Whoever was replaced, and does not know it yet, must not seem to live.
    if (this.#ports.mayAnswer()) this.#wire?.send(pings.pong);
  }

  /** The connection is over, whoever ended it. */
  ended(): void {
    this.#isOpen = false;
    this.#isEnded = true;
    this.#ports.closed(this);
  }

  #end(code: number, reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#leave((wire) => wire.close(code, reason));
  }

  #leave(leave: (wire: Wire) => void): void {
    if (this.#wire) leave(this.#wire);
    else this.#early.push(leave);
  }
}
