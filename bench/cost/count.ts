import type { DurableObject } from "cloudflare:workers";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Units } from "./units.ts";

/**
 * Counts what the platform bills by wrapping the platform: the classes, their storage, timers and posts. The product's code
 * runs as it is. Each unit belongs to the event that it came with, such as `conference.receive` or `relay.alarm`.
 */
export const counted = new Map<string, Units>();

type ObjectClass<Env> = new (ctx: DurableObjectState, env: Env) => DurableObject<Env>;

const none: Units = {
  ...{ workerRequests: 0, objectRequests: 0, socketMessages: 0, rowsRead: 0, rowsWritten: 0, alarms: 0, activeMs: 0 },
};

/** Adds to the units of an event; without a name, of the one that runs. */
export function count(units: Partial<Units>, event = running.getStore()?.event ?? "outside of events"): void {
  const sum: Record<string, number> = { ...(counted.get(event) ?? none) };
  for (const [unit, more] of Object.entries(units)) sum[unit] = (sum[unit] ?? 0) + more;
  counted.set(event, sum as unknown as Units);
}

/** Counts an object's active time. */
class Activity {
  #holds = 0;
  #since = 0;

  /** The object is awake until the returned function is called: an event, a timer or a post is under way. */
  hold(event: string): () => void {
    if (this.#holds++ === 0) this.#since = Date.now();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#holds === 0) count({ activeMs: Date.now() - this.#since }, event);
    };
  }
}

const running = new AsyncLocalStorage<{ readonly event: string; readonly activity: Activity }>();
/** Methods that the platform calls by itself: no object calls them. */
const handlers = new Set(["alarm", "webSocketMessage", "webSocketClose", "webSocketError"]);

/** The same class, counted. `kind` names it in the events. */
export function countedObject<Env>(Class: ObjectClass<Env>, kind: string): ObjectClass<Env> {
  const activities = new WeakMap<object, Activity>();
  const Counted = class extends Class {
    constructor(ctx: DurableObjectState, env: Env) {
      countStorage(ctx.storage);
      super(ctx, env);
      activities.set(this, new Activity());
    }
  };
  for (const [name, value] of methodsOf(Class.prototype)) {
    Object.defineProperty(Counted.prototype, name, {
      value(this: object, ...args: readonly unknown[]): unknown {
        const event = `${kind}.${name}${name === "webSocketMessage" ? ` ${typeOf(args[1])}` : ""}`;
        if (!handlers.has(name)) count({ objectRequests: 1 }, event);
        if (name === "alarm") count({ objectRequests: 1, alarms: 1 }, event);
        if (name === "webSocketMessage") count({ socketMessages: 1 }, event);
        const activity = activities.get(this) ?? new Activity();
        return running.run({ event, activity }, () =>
          whileHeld(activity.hold(event), () => value.apply(this, [...args])),
        );
      },
    });
  }
  return Counted;
}

/** All of the product's classes, those of a class before those of its base. */
function methodsOf(prototype: object): ReadonlyMap<string, (...args: unknown[]) => unknown> {
  const base: object = Object.getPrototypeOf(prototype);
  if (base === Object.prototype) return new Map();
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype));
  return new Map([
    ...methodsOf(base),
    ...own.flatMap(([name, { value }]) =>
      name === "constructor" || typeof value !== "function" ? [] : [[name, value] as const],
    ),
  ]);
}

function whileHeld(release: () => void, run: () => unknown): unknown {
  const value = run();
  if (!(value instanceof Promise)) {
    release();
    return value;
  }
  return value.finally(release);
}

/** The type of a message on the agent's socket. */
function typeOf(message: unknown): string {
  return /"type":"([\w-]+)"/.exec(String(message))?.[1] ?? "";
}

function countStorage(storage: DurableObjectStorage): void {
  const { sql, kv } = storage;
  const exec = sql.exec.bind(sql);
  sql.exec = (<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: unknown[]) => {
    const cursor = exec<Row>(query, ...bindings);
    const rows = cursor.toArray();
    count({ rowsRead: cursor.rowsRead, rowsWritten: cursor.rowsWritten });
    // All that the product asks of a cursor; anything else must fail here instead of going uncounted.
    return { toArray: () => rows, one: () => rows[0] };
  }) as unknown as typeof sql.exec;
  const [get, put, setAlarm] = [kv.get.bind(kv), kv.put.bind(kv), storage.setAlarm.bind(storage)];
  kv.get = (<Value>(key: string) => {
    count({ rowsRead: 1 });
    return get<Value>(key);
  }) as typeof kv.get;
  kv.put = (key, value) => {
    count({ rowsWritten: 1 });
    put(key, value);
  };
  storage.setAlarm = (...args) => {
    count({ rowsWritten: 1 });
    return setAlarm(...args);
  };
}

/** Timers and posts that an object waits for keep it awake. */
export function countTimersAndPosts(): void {
  const { setTimeout: set, clearTimeout: clear, fetch: post } = globalThis;
  const holds = new Map<unknown, () => void>();
  const end = (timer: unknown) => {
    holds.get(timer)?.();
    holds.delete(timer);
  };
  globalThis.setTimeout = ((run: () => void, ms?: number) => {
    const timer = set(() => {
      run();
      end(timer);
    }, ms);
    const now = running.getStore();
    if (now) holds.set(timer, now.activity.hold(now.event));
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    end(timer);
    clear(timer);
  };
  globalThis.fetch = ((...args: Parameters<typeof post>) => {
    const now = running.getStore();
    const release = now?.activity.hold(now.event) ?? (() => {});
    return post(...args).finally(release);
  }) as typeof post;
}
