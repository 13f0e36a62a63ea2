import { DurableObject } from "cloudflare:workers";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { type ObjectName, objectMethods } from "../../src/rpc/objects.ts";
import { objectKinds, type Whole } from "../platform/object-kinds.ts";
import { type ObjectPlace, type OwnPlace, placeOf } from "../platform/object-place.ts";
import type { ObjectSocket } from "../platform/object-sockets.ts";
import { fetchPost } from "../platform/post.ts";
import { countingOf, type Env, logAt, now, objectsOf, timers } from "./env.ts";
import { acceptOn, socketOf } from "./hibernating-socket.ts";
import { StandingClock, standsAtMostMs } from "./standing-clock.ts";

type Method = (...asked: readonly unknown[]) => unknown;

/**
 * The class of a kind of objects on the platform, which calls methods of a prototype alone: each method of the list, and each event, goes to the
 * whole that is made with the first call.
 */
export function objectClass(kind: ObjectName, make: (place: ObjectPlace) => Whole = objectKinds[kind]) {
  class ObjectOnPlatform extends DurableObject<Env> {
    #made: Whole | null = null;
    readonly #clock = new StandingClock(
      () => machineTime(this.ctx.storage.sql),
      kind === "relay" ? standsAtMostMs.relay : standsAtMostMs.others,
    );

    /** No method of the prototype, so that nobody calls it from outside. */
    readonly whole = (): Whole => {
      this.#made ??= this.#make();
      return this.#made;
    };

    /** Ends this life, if its clock stands still: the next call begins a new one. */
    beginAnew(): void {
      if (this.#clock.standsStill) this.ctx.abort("the machine's clock was set back, and this life's stands still");
    }

    readonly requireTime = (): void => this.#clock.requireGoing();

    override async alarm(): Promise<void> {
      this.beginAnew();
      await this.whole().alarm?.();
    }

    override async fetch({ headers }: Request): Promise<Response> {
      this.requireTime();
      const whole = this.whole();
      const { 0: webSocket, 1: server } = new WebSocketPair();
      const refusal = whole.connect?.(headers, (label) => acceptOn(this.ctx, server, label));
      return refusal === null ? new Response(null, { status: 101, webSocket }) : (refusal ?? noSocket());
    }

    override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
      this.beginAnew();
      const whole = this.whole();
      whole.received?.(socketOf(this.ctx, socket), typeof data === "string" ? data : "");
    }

    override webSocketClose(socket: WebSocket): Promise<void> {
      // Without a close from here the other end would wait for it.
      socket.close(1000);
      return this.webSocketError(socket);
    }

    override async webSocketError(socket: WebSocket): Promise<void> {
      const whole = this.whole();
      whole.closed?.(socketOf(this.ctx, socket));
    }

    #make(): Whole {
      const made = make(placeOf(this.#own(), objectsOf(this.env), this.env));
      if (made.pings) {
        const { ping, pong } = made.pings;
        this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ping, pong));
      }
      return made;
    }

    #own(): OwnPlace {
      const { ctx, env } = this;
      const { storage } = ctx;
      return {
        // With a clock that stands still, no timer comes.
        after: timers.after,
        sql: {
          exec: (query, ...bindings) => storage.sql.exec(query, ...bindings).toArray() as never,
          transaction: (work) => storage.transactionSync(work),
        },
        kept: storage.kv,
        log: logAt(env),
        measures: countingOf(env).measures,
        now,
        post: fetchPost,
        setAlarm: (at) => storage.setAlarm(at),
        getAlarm: () => storage.getAlarm(),
        abort: (why) => ctx.abort(why),
        deleteAll: async () => {
          this.#made = null;
          // An alarm that it still has would wake it for nothing.
          await storage.deleteAlarm();
          await storage.deleteAll();
        },
        sockets: { all: (): readonly ObjectSocket[] => ctx.getWebSockets().map((socket) => socketOf(ctx, socket)) },
        newId: () => crypto.randomUUID(),
        // Workers refuse a fetch that is called as a method.
        fetch: (address, init) => fetch(address, init),
      };
    }
  }
  for (const method of Object.keys(objectMethods[kind])) {
    Object.defineProperty(ObjectOnPlatform.prototype, method, {
      async value(this: ObjectOnPlatform, ...asked: readonly unknown[]) {
        this.requireTime();
        const whole = this.whole() as object as Readonly<Record<string, Method>>;
        return (whole[method] as Method).call(whole, ...asked);
      },
    });
  }
  return ObjectOnPlatform;
}

/** SQLite asks the system, whatever time the life of an object has. */
function machineTime(sql: SqlStorage): EpochMs {
  const { at } = sql.exec("SELECT unixepoch('subsec') AS at").one();
  return Number(at) * 1_000;
}

function noSocket(): Response {
  return new Response("There is no socket here.\n", { status: 404 });
}
