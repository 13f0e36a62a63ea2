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
  /** Runs it once all that was written so far is on disk and no other edge can act; at once, if it is so now. */
  afterFlush(run: () => void): void;
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
    this.#ports.afterFlush(() => this.#leave((wire) => wire.close(code, reason)));
  }

  /** The connection stands. */
  attach(wire: Wire): void {
    this.#wire = wire;
    for (const leave of this.#early.splice(0)) leave(wire);
  }

  /** The other end has sent this. */
  received(text: string): void {
    const { pings, now, afterFlush } = this.#ports;
    if (text !== pings?.ping) return this.#ports.received(this, text);
    this.#pingedAt = now();
    // An edge that was replaced, and does not know it yet, must not seem to live.
    afterFlush(() => this.#wire?.send(pings.pong));
  }

  /** The connection is over, whoever ended it. */
  ended(): void {
    this.#isOpen = false;
    this.#ports.closed(this);
  }

  #leave(leave: (wire: Wire) => void): void {
    if (this.#wire) leave(this.#wire);
    else this.#early.push(leave);
  }
}
