import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { dayMs, hourMs, type Timers } from "../../src/foundation/time/timers.ts";
import type { ObjectName } from "../../src/rpc/objects.ts";
import type { Log } from "../platform/log.ts";
import type { Whole } from "../platform/object-kinds.ts";
import type { Sql } from "../platform/platform.ts";
import { Life } from "./life.ts";
import type { EdgeTime } from "./node-clock.ts";
import type { Disk, ObjectChange, Stored } from "./rows/disk.ts";
import { filledFile } from "./rows/filled-file.ts";
import { Flusher } from "./rows/flusher.ts";
import { ObjectDatabase } from "./rows/object-database.ts";
import { type Loaded, RuntimeObject } from "./runtime-object.ts";
import { RuntimeSocket } from "./runtime-socket.ts";

/** The ports of one instance of an object. */
export interface LifePlace {
  readonly sql: Sql;
  /** See `Stored.restoredAt`. */
  readonly restoredAt: EpochMs | null;
  now(): EpochMs;
  after(ms: number, run: () => void): () => void;
  setAlarm(at: EpochMs): Promise<void>;
  getAlarm(): Promise<EpochMs | null>;
  abort(why: string): void;
  deleteAll(): Promise<void>;
  /** See `Life.outside`. */
  outside<Value>(work: (mayLeave: () => Promise<void>) => Promise<Value>): Promise<Value>;
  sockets(): readonly RuntimeSocket[];
  /** Calls another object. Rejects once this instance has ended. */
  call(kind: ObjectName, name: string, method: string, asked: readonly unknown[]): Promise<unknown>;
}

export interface RuntimePorts {
  readonly disk: Disk;
  readonly timers: Timers;
  /** Runs a function once the running callback and its promises are done. */
  soon(run: () => void): void;
  readonly time: Pick<EdgeTime, "now" | "passedMs" | "begin">;
  /** True if the machine's clock must be believed in any case. */
  readonly trustsClock?: boolean;
  readonly log: Log;
  newId(): string;
  make(kind: ObjectName, name: string, place: LifePlace): Whole | Promise<Whole>;
  /** Called if a flush failed. The process must end; output that waits for the disk is never sent. */
  fatal(error: unknown): void;
}

type Method = (...asked: readonly unknown[]) => unknown;

/** Marks an accepted socket inside the process. Node's `Response` does not allow status 101. */
const acceptedHeader = "accepted-socket";
const restAfterMs = 10_000;
/** Loading a large object takes seconds. */
const largeRestAfterMs = hourMs;
const lookEveryMs = 2_000;
/** A timer stands still while the machine sleeps, so the alarm is checked at least this often. */
const longestTimerMs = 60_000;
const alarmAgain = doubling(2_000, 60_000);

/** Runs all objects of an edge in one process, on one disk. */
export class Runtime {
  readonly #ports: RuntimePorts;
  readonly #objects = new Map<string, RuntimeObject>();
  /** Objects that wrote since the last flush. */
  readonly #written = new Set<RuntimeObject>();
  /** Unflushed changes of broken instances. The next instance starts once they are on disk. */
  readonly #left: ObjectChange[] = [];
  readonly #deleted: string[] = [];
  readonly #flusher: Flusher;
  /** Accepted sockets that are not yet connected. */
  readonly #accepted = new Map<string, RuntimeSocket>();
  readonly #restoredAt: EpochMs | null;
  /** How far the machine's clock is ahead, in ms, if it is not believed. Otherwise `null`. */
  readonly clockAheadMs: number | null;
  #isStopped = false;

  private constructor(ports: RuntimePorts, { lastAt, restoredAt, trustsClock }: Stored) {
    this.#ports = ports;
    this.#restoredAt = restoredAt;
    this.clockAheadMs = ports.time.begin(lastAt, trustsClock || ports.trustsClock === true);
    this.#flusher = new Flusher(() => this.#write(), ports.soon);
  }

  /** Rejects as `Disk.open` does. */
  static async start(ports: RuntimePorts): Promise<Runtime> {
    const stored = await ports.disk.open();
    const runtime = new Runtime(ports, stored);
    runtime.#watchClock();
    for (const [key, at] of stored.alarms) {
      const [kind = ""] = key.split("/", 1);
      const object = runtime.#find(kind as ObjectName, key.slice(kind.length + 1));
      object.alarm = at;
      runtime.#arm(object);
    }
    runtime.#lookLater();
    return runtime;
  }

  /** Resolves once everything written so far is on disk and no other edge can be active. `null` if that is so now. */
  mayLeave(): Promise<void> | null {
    const { pending } = this.#flusher;
    const { lease } = this.#ports.disk;
    return lease && (pending || !lease.isHeld) ? this.#whenHeld(lease, pending) : pending;
  }

  /** Calls a method of an object. Arguments and results are copied. */
  readonly call = async (
    kind: ObjectName,
    name: string,
    method: string,
    asked: readonly unknown[],
  ): Promise<unknown> => {
    const own = structuredClone(asked);
    const { life, whole } = await this.#load(this.#find(kind, name));
    // The object was deleted meanwhile. Call its successor.
    if (life.isDeleted) return this.call(kind, name, method, own);
    const { [method]: called } = whole as object as Readonly<Record<string, Method>>;
    if (!called) throw new Error(`an object of kind ${kind} has no method ${method}`);
    return structuredClone(await life.call(() => called.call(whole, ...own)));
  };

  /** Requests a socket. Returns an answer for `acceptedBy`, or the refusal of the object. */
  readonly connect = async (kind: ObjectName, name: string, headers: Headers): Promise<Response> => {
    const object = this.#find(kind, name);
    const { life, whole } = await this.#load(object);
    if (life.isDeleted) return this.connect(kind, name, headers);
    return life.call(() => {
      const made: RuntimeSocket[] = [];
      const accept = (label = "") => {
        if (made.length > 0) throw new Error("a request can accept only one socket");
        const socket = this.#socketOf(object, whole, label);
        made.push(socket);
        return socket;
      };
      try {
        const refusal = whole.connect?.(headers, accept) ?? null;
        const [socket] = refusal ? [] : made.splice(0);
        if (!socket) return refusal ?? new Response("There is no socket here.\n", { status: 404 });
        this.#accepted.set(socket.id, socket);
        return new Response(null, { headers: { [acceptedHeader]: socket.id } });
      } finally {
        for (const socket of made) object.removeSocket(socket);
      }
    });
  };

  /** Returns the socket that the answer accepts, only once. `undefined` for every other answer. */
  acceptedBy({ headers }: Response): RuntimeSocket | undefined {
    const id = headers.get(acceptedHeader) ?? "";
    const socket = this.#accepted.get(id);
    this.#accepted.delete(id);
    return socket;
  }

  /** Writes all changes, and ends all instances. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const object of this.#objects.values()) object.disarm();
    for (let pending = this.#flusher.pending; pending; pending = this.#flusher.pending) await pending;
    for (const { life } of this.#objects.values()) life?.end(new Error("the edge stops"));
    await this.#ports.disk.close();
  }

  #watchClock(): void {
    const { timers, disk, log } = this.#ports;
    if (this.clockAheadMs !== null) {
      const note =
        "the edge's time continues from the last write, so that nothing is deleted for its age; if the clock is right, restart with BRIDGEHEAD_TRUST_CLOCK=yes; a restart after a day believes it too";
      log({ level: "warn", event: "clock-not-believed", ms: this.clockAheadMs, note });
    }
    timers.after(dayMs, () => {
      if (!this.#isStopped) disk.trustClock().catch((error) => this.#ports.fatal(error));
    });
  }

  #socketOf(object: RuntimeObject, whole: Whole, label: string): RuntimeSocket {
    const { time, newId } = this.#ports;
    const socket = new RuntimeSocket(newId(), label, {
      pings: whole.pings ?? null,
      now: () => time.now(),
      afterFlush: (run) => {
        const pending = this.mayLeave();
        if (pending) void pending.then(run);
        else run();
      },
      received: (from, text) => this.#hear(object, (heard) => heard.received?.(from, text)),
      closed: (closed) => {
        if (object.removeSocket(closed)) this.#hear(object, (heard) => heard.closed?.(closed));
      },
    });
    object.sockets = [...object.sockets, socket];
    return socket;
  }

  async #whenHeld(lease: NonNullable<Disk["lease"]>, pending: Promise<void> | null): Promise<void> {
    await pending;
    while (!lease.isHeld) await lease.renewed();
  }

  /** Runs a handler of an object without a caller. An error breaks the object. */
  #hear(object: RuntimeObject, happens: (whole: Whole) => void | Promise<void>): void {
    if (this.#objects.get(object.key) !== object || this.#isStopped) return;
    this.#load(object)
      .then(({ life, whole }) =>
        life.call(() => happens(whole)).catch((error: unknown) => this.#broke(object, life, error)),
      )
      .catch((error: unknown) => this.#log(object, "object-broke", error));
  }

  #log(object: RuntimeObject, event: "object-broke" | "alarm-failed", error: unknown): void {
    if (!this.#isStopped) this.#ports.log({ level: "error", event, ...object.logged, why: reasonOf(error) });
  }

  #find(kind: ObjectName, name: string): RuntimeObject {
    const key = `${kind}/${name}`;
    const known = this.#objects.get(key);
    if (known) return known;
    const object = new RuntimeObject(kind, key);
    this.#objects.set(key, object);
    return object;
  }

  /** Loads an object. Concurrent calls share one load and continue in their order. */
  async #load(object: RuntimeObject): Promise<Loaded> {
    if (!object.loaded) {
      const loaded = this.#begin(object);
      object.loaded = loaded;
      loaded.catch(() => {
        if (object.loaded === loaded) object.loaded = null;
        this.#forget(object);
      });
    }
    return object.loaded;
  }

  /** Removes the entry of an object that has no instance, alarm or socket. */
  #forget(object: RuntimeObject): void {
    const { alarm, firing, loaded, sockets } = object;
    const isKept = alarm !== null || firing !== null || loaded !== null || sockets.length > 0;
    if (!isKept && this.#objects.get(object.key) === object) this.#objects.delete(object.key);
  }

  async #begin(object: RuntimeObject): Promise<Loaded> {
    const { disk, timers, time, make } = this.#ports;
    const { place } = disk;
    const { name } = object;
    if (this.#isStopped) throw new Error("the edge stops");
    // A disk cannot store such a name, or stores two of them as one.
    if (!name.isWellFormed() || name.includes("\0"))
      throw new Error("an object's name must be well-formed Unicode without NUL");
    const failed = (error: unknown) => this.#broke(object, life, error);
    const database = new ObjectDatabase(() => this.#wrote(object, life));
    const mayLeave = () => this.mayLeave();
    const life = new Life(database, { timers, passedMs: () => time.passedMs(), mayLeave, failed });
    try {
      // A former instance can have unflushed changes.
      await this.#flusher.pending;
      await database.fill(disk, object.key, place && ((open) => filledFile(place, object.key, open)));
      object.life = life;
      const whole = await life.busy(async () => make(object.kind, name, this.#placeOf(object, life)));
      if (life.hasEnded) throw new Error("the object broke while it was made");
      return { life, whole };
    } catch (error) {
      this.#leave(object, life, new Error(reasonOf(error), { cause: error }));
      throw error;
    }
  }

  #placeOf(object: RuntimeObject, life: Life): LifePlace {
    const { time } = this.#ports;
    return {
      sql: life.database,
      restoredAt: this.#restoredAt,
      now: () => time.now(),
      after: (ms, run) => life.after(ms, run),
      setAlarm: async (at) => this.#setAlarm(object, life, at),
      // A failed alarm counts, because it is retried. A running one does not.
      getAlarm: async () => object.alarm ?? (object.isWaking ? null : object.firing),
      abort: (why) => this.#broke(object, life, new Error(why)),
      deleteAll: async () => this.#delete(object, life),
      outside: (work) => life.outside(work),
      sockets: () => object.sockets,
      call: (...asked) => life.busy(() => this.call(...asked)),
    };
  }

  #wrote(object: RuntimeObject, life: Life): void {
    if (object.life !== life) throw new Error("the object was deleted");
    this.#written.add(object);
    this.#flusher.changed();
  }

  #setAlarm(object: RuntimeObject, life: Life, at: EpochMs | null): void {
    if (at !== null && !Number.isFinite(at)) throw new RangeError(`an alarm cannot be set to ${at}`);
    if (life.hasEnded || object.life !== life) return;
    object.alarm = at;
    object.hasNewAlarm = true;
    this.#arm(object);
    this.#wrote(object, life);
  }

  #arm(object: RuntimeObject, notBefore = Number.NEGATIVE_INFINITY): void {
    const { time, timers } = this.#ports;
    object.disarm();
    const due = object.alarm ?? object.firing;
    if (due === null || this.#isStopped || this.#objects.get(object.key) !== object) return;
    const inMs = Math.max(0, due - time.now(), notBefore - time.now());
    const isFar = inMs > longestTimerMs;
    const run = () => (isFar ? this.#arm(object, notBefore) : void this.#wake(object));
    object.disarm = timers.after(isFar ? longestTimerMs : inMs, run);
  }

  /** Runs the alarm, and retries it after growing pauses until it succeeds. */
  async #wake(object: RuntimeObject): Promise<void> {
    const { time } = this.#ports;
    const at = object.alarm ?? object.firing;
    if (at === null || object.isWaking || this.#objects.get(object.key) !== object) return;
    object.isWaking = true;
    let notBefore = Number.NEGATIVE_INFINITY;
    try {
      const { life, whole } = await this.#load(object);
      // A later alarm can have replaced it during the load.
      if (life.isDeleted || (object.alarm !== null && object.alarm > time.now())) return;
      object.firing = at;
      object.alarm = null;
      await life.call(() => whole.alarm?.());
      object.firing = null;
      object.failures = 0;
      if (object.alarm === null) this.#setAlarm(object, life, null);
    } catch (error) {
      object.failures += 1;
      notBefore = time.now() + pauseAfter(object.failures, alarmAgain);
      this.#log(object, "alarm-failed", error);
      // A later alarm that it set replaces it, but also waits for the pause.
      if (object.alarm !== null && object.alarm > time.now()) return;
      // Includes a failed load, and a new alarm that is already due.
      object.firing = at;
      object.alarm = null;
    } finally {
      object.isWaking = false;
      this.#arm(object, notBefore);
    }
  }

  /** Ends a broken instance. Its writes are kept, because others can have acted on them. */
  #broke(object: RuntimeObject, life: Life, error: unknown): void {
    if (life.hasEnded) return;
    this.#log(object, "object-broke", error);
    const change = life.isDeleted || object.life !== life ? null : this.#changeOf(object, life);
    if (change) {
      this.#left.push(change);
      this.#flusher.changed();
    }
    this.#leave(object, life, error instanceof Error ? error : new Error(String(error)));
  }

  #leave(object: RuntimeObject, life: Life, error: Error): void {
    life.end(error);
    // The load can have failed, and the next one can be running.
    if (object.life !== life) return;
    object.life = null;
    object.loaded = null;
    this.#written.delete(object);
    this.#forget(object);
  }

  #delete(object: RuntimeObject, life: Life): void {
    if (life.hasEnded || object.life !== life) return;
    life.deleted();
    this.#deleted.push(object.key);
    this.#flusher.changed();
    for (const socket of object.sockets) socket.close(1012, "the object was deleted");
    object.disarm();
    this.#written.delete(object);
    if (this.#objects.get(object.key) === object) this.#objects.delete(object.key);
    object.life = null;
    object.loaded = null;
  }

  async #write(): Promise<void> {
    const { disk, time, fatal } = this.#ports;
    try {
      const [changes, deleted] = [this.#left.splice(0), this.#deleted.splice(0)];
      for (const object of this.#written) {
        const change = object.life && this.#changeOf(object, object.life);
        if (change) changes.push(change);
      }
      this.#written.clear();
      if (changes.length + deleted.length > 0) await disk.write({ at: time.now(), deleted, changes });
    } catch (error) {
      fatal(error);
      await new Promise(() => {}); // Nothing may be sent.
    }
  }

  /** `null` if nothing has changed. */
  #changeOf(object: RuntimeObject, life: Life): ObjectChange | null {
    const change = life.database.takeChange();
    if (!change && !object.hasNewAlarm) return null;
    object.hasNewAlarm = false;
    // A running alarm stays on disk, so that it is retried after a kill.
    const unchanged = { schema: null, replaces: false, rows: [] };
    return { name: object.key, alarm: object.alarm ?? object.firing, ...(change ?? unchanged) };
  }

  #lookLater(): void {
    this.#ports.timers.after(lookEveryMs, () => {
      if (this.#isStopped) return;
      this.#look();
      this.#lookLater();
    });
  }

  /** Unloads idle objects. */
  #look(): void {
    for (const object of this.#objects.values()) {
      const { life } = object;
      if (!life || this.#written.has(object)) continue;
      if (life.idleMs < (life.database.isLarge ? largeRestAfterMs : restAfterMs)) continue;
      this.#leave(object, life, new Error("the object was unloaded"));
    }
  }
}
