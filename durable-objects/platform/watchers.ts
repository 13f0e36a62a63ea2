import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { Accept, ObjectEvents, ObjectSocket, ObjectSockets } from "./object-sockets.ts";

/** How long a socket lasts. What its watcher was admitted by may have ended since: the next socket is checked anew. */
const LIFE_MS = 5 * 60_000;
/** Changes within this time are one message. */
const EVERY_MS = 250;
/** With this code, the browser opens another socket at once. */
const TIME_IS_UP = 4000;
const CHANGED = JSON.stringify({ changed: true });

interface WatchersPorts extends Timers {
  readonly sockets: ObjectSockets;
  now(): EpochMs;
}

/** What is kept with a socket. */
interface Kept {
  readonly begunAt: EpochMs;
}

/**
 * Pages of the console that watch an object. They learn that something has changed, and nothing else; who watches was admitted on the way
 * here. Nothing is on disk, and while nobody watches nothing is done.
 */
export class Watchers implements ObjectEvents {
  readonly pings = { ping: "ping", pong: "pong" } as const;
  readonly #ports: WatchersPorts;
  /** Sockets of an earlier life may be open. To ask the platform at each change would cost more than what has changed. */
  #mayBeWatched = true;
  #isWaiting = false;
  #sentAt = 0;

  constructor(ports: WatchersPorts) {
    this.#ports = ports;
  }

  connect(_headers: Headers, accept: Accept): null {
    this.#mayBeWatched = true;
    accept().keep({ begunAt: this.#ports.now() } satisfies Kept);
    return null;
  }

  received(socket: ObjectSocket): void {
    socket.close(1008, "there is nothing to say here");
  }

  /** A change that is shown of this object is committed. */
  changed(): void {
    const { sockets, now } = this.#ports;
    if (this.#isWaiting || !this.#mayBeWatched) return;
    this.#mayBeWatched = sockets.all().length > 0;
    if (!this.#mayBeWatched) return;
    this.#isWaiting = true;
    const sinceMs = Math.abs(now() - this.#sentAt);
    this.#ports.after(Math.max(0, EVERY_MS - sinceMs), () => this.#send());
  }

  #send(): void {
    this.#isWaiting = false;
    this.#sentAt = this.#ports.now();
    for (const socket of this.#ports.sockets.all()) {
      const { begunAt } = socket.kept() as Kept;
      const livesMs = this.#sentAt - begunAt;
      if (livesMs >= 0 && livesMs < LIFE_MS) socket.send(CHANGED);
      else socket.close(TIME_IS_UP, "its time is up");
    }
  }
}
