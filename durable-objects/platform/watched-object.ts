import { DurableObject } from "cloudflare:workers";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { type Env, timers } from "./platform.ts";

/** How long a socket lasts. What its watcher was admitted by may have ended since: the next socket is checked anew. */
const LIFE_MS = 5 * 60_000;
/** Changes within this time are one message. */
const EVERY_MS = 250;
/** With this code, the browser opens another socket at once. */
const TIME_IS_UP = 4000;
const CHANGED = JSON.stringify({ changed: true });

/** What the platform keeps with a socket. */
interface Kept {
  readonly begunAt: EpochMs;
}

/**
 * An object that pages of the console watch. They learn that something has changed, and nothing else; who watches was admitted on the way
 * here. The platform keeps the sockets while the object sleeps, and answers their pings. Nothing is on disk, and while nobody watches
 * nothing is done.
 */
export abstract class WatchedObject extends DurableObject<Env> {
  #isWaiting = false;
  #sentAt = 0;

  /** A watcher's request for its socket. */
  override fetch(): Response {
    const { 0: webSocket, 1: server } = new WebSocketPair();
    this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ begunAt: Date.now() } satisfies Kept);
    return new Response(null, { status: 101, webSocket });
  }

  override webSocketMessage(socket: WebSocket): void {
    socket.close(1008, "there is nothing to say here");
  }

  override webSocketClose(socket: WebSocket): void {
    // Without a close from here the other end would wait for it.
    socket.close(1000);
  }

  /** Notifies watchers: a change that is shown of this object is committed. */
  changed(): void {
    if (this.#isWaiting || this.ctx.getWebSockets().length === 0) return;
    this.#isWaiting = true;
    const sinceMs = Math.abs(Date.now() - this.#sentAt);
    timers.after(Math.max(0, EVERY_MS - sinceMs), () => this.#send());
  }

  #send(): void {
    this.#isWaiting = false;
    this.#sentAt = Date.now();
    for (const socket of this.ctx.getWebSockets()) {
      const { begunAt }: Kept = socket.deserializeAttachment();
      const livesMs = this.#sentAt - begunAt;
      try {
        if (livesMs >= 0 && livesMs < LIFE_MS) socket.send(CHANGED);
        else socket.close(TIME_IS_UP, "its time is up");
      } catch {
        // The socket is closed, and its close event on its way.
      }
    }
  }
}
