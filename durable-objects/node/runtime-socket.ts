import type { EpochMs } from "../../src/foundation/ids.ts";
import type { ObjectSocket } from "../platform/object-sockets.ts";

/** The WebSocket of the HTTP server. */
export interface Wire {
  send(text: string): void;
  close(code: number, reason: string): void;
}

interface SocketPorts {
  /** The runtime answers pings without loading the object. */
  readonly pings: { readonly ping: string; readonly pong: string } | null;
  now(): EpochMs;
  /** Runs a function once `Runtime.mayLeave` allows it, and at once if it does now. */
  afterFlush(run: () => void): void;
  received(socket: RuntimeSocket, text: string): void;
  closed(socket: RuntimeSocket): void;
}

/** A socket of an object. The socket and its kept value remain while the object is unloaded. */
export class RuntimeSocket implements ObjectSocket {
  readonly id: string;
  readonly label: string;
  readonly #ports: SocketPorts;
  #kept: string | null = null;
  #pingedAt: EpochMs | null = null;
  #wire: Wire | null = null;
  /** Frames to send once the socket is connected. */
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

  /** Sets the connection, and sends the frames that waited for it. */
  attach(wire: Wire): void {
    this.#wire = wire;
    for (const leave of this.#early.splice(0)) leave(wire);
  }

  /** Handles a frame from the other end. */
  received(text: string): void {
    const { pings, now, afterFlush } = this.#ports;
    if (text !== pings?.ping) return this.#ports.received(this, text);
    this.#pingedAt = now();
    // Fence: a replaced edge must not answer pings.
    afterFlush(() => this.#wire?.send(pings.pong));
  }

  /** Handles the end of the connection, by either side. */
  ended(): void {
    this.#isOpen = false;
    this.#ports.closed(this);
  }

  #leave(leave: (wire: Wire) => void): void {
    if (this.#wire) leave(this.#wire);
    else this.#early.push(leave);
  }
}
