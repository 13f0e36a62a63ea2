import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";
import { surelyWrong } from "../../src/foundation/time/clock-jump.ts";
import { dayMs, wait } from "../../src/foundation/time/timers.ts";
import type { ObjectName } from "../../src/rpc/objects.ts";
import type { Log } from "../platform/log.ts";
import type { Whole } from "../platform/object-kinds.ts";
import type { Sql } from "../platform/platform.ts";
import { Alarms } from "./alarms.ts";
import { copied } from "./copied.ts";
import { Doubt } from "./doubt.ts";
import { Life } from "./life.ts";
import {
  BeginsAnew,
  type Disk,
  type Flush,
  type ImageChange,
  type LogRow,
  lettersOfImage,
  StandsBy,
  type Stored,
} from "./log/disk.ts";
import { LogRows } from "./log/log-rows.ts";
import { LogWriter } from "./log/log-writer.ts";
import { isOfFile, ObjectDatabase } from "./log/object-database.ts";
import { Texts } from "./log/texts.ts";
import type { RuntimeClock } from "./runtime-clock.ts";
import { type Loaded, RuntimeObject } from "./runtime-object.ts";
import { RuntimeSocket } from "./runtime-socket.ts";

/** What the runtime gives one life of an object. */
export interface LifePlace {
  readonly sql: Sql;
  /** See `Stored`. */
  readonly restoredAt: EpochMs | null;
  now(): EpochMs;
  /** See `Platform`. */
  doubtMs(): number;
  /** See `Platform`. */
  skippedMs(): number;
  after(ms: number, run: () => void): () => void;
  setAlarm(at: EpochMs): Promise<void>;
  getAlarm(): Promise<EpochMs | null>;
  abort(why: string): void;
  /** See `Platform`. */
  beginRestored(): void;
  /** `null`: the state is shared with no other edge. */
  readonly edgeEpoch: number | null;
  beginEpochAfter(epoch: number): void;
  deleteAll(): Promise<void>;
  /** Work whose effect leaves the process. `mayLeave`: resolves when that still may, where it could not leave at once. */
  outside<Value>(work: (mayLeave: () => Promise<void>) => Promise<Value>): Promise<Value>;
  sockets(): readonly RuntimeSocket[];
  /** A call of another object; refused once this life has ended. */
  call(kind: ObjectName, name: string, method: string, asked: readonly unknown[]): Promise<unknown>;
}

export interface RuntimePorts {
  readonly disk: Disk;
  readonly clock: RuntimeClock;
  readonly log: Log;
  newId(): string;
  make(kind: ObjectName, name: string, place: LifePlace): Whole | Promise<Whole>;
}

type Method = (...asked: readonly unknown[]) => unknown;

/** Within the process, in the place of the status 101 that no `Response` of Node may have. */
const acceptedHeader = "accepted-socket";
const restAfterMs = 10_000;
/** To load a large object takes some tenths of a second. */
const largeRestAfterMs = 3_600_000;
/**
 * Of more objects in memory, of some 150 KiB each, those that have been idle for longest rest sooner. Each that comes back before it
 * would have rested anyway makes room for one more, since to load it costs as much as what it is loaded for.
 */
const roomForLive = { least: 300, most: 3_000, keptOfLook: 0.99 } as const;
const crowdedRestAfterMs = 2_000;
const lookEveryMs = 2_000;
/** By the third time a row of the log is in an image and gone, whatever goes on. */
const tidyEveryMs = 15 * 60_000;
/** With a database in between, 100,000 take some 10 ms. */
const imageLettersAtOnce = 50_000;
/** A machine's clock that is further behind what is on disk was set, or was ahead before. */
const farMs = 60_000;
/** So far an agent is believed at once, and so often in a life: one that lies uses up no epochs for ever. */
const epochsAtOnce = 2 ** 32;
const mostEpochsBehind = 10;
const doubtNote =
  "nobody but this machine's clock says so: until an agent or a TSP server on another machine agrees, what is deleted for its age stays for as much longer";
/** By then whoever has asked for it has an answer. */
const handsOverAfterMs = 100;
const alarmAgain = doubling(2_000, 60_000);

/** Why nothing can be written. */
export interface Fault {
  readonly why: string;
  readonly since: EpochMs;
  /** The disk is well, and another edge acts, or may. */
  readonly standsBy: boolean;
  readonly isLogged: boolean;
}

/** The objects of an edge in one process, over one log. */
export class Runtime {
  readonly #ports: RuntimePorts;
  readonly #objects = new Map<string, RuntimeObject>();
  readonly #byNumber = new Map<number, RuntimeObject>();
  /** Objects in memory. */
  readonly #live = new Set<RuntimeObject>();
  /** How many may be in memory before others rest sooner. */
  #room: number = roomForLive.least;
  /** Objects that rested sooner, and until when they would have stayed. */
  readonly #wouldStay = new Map<RuntimeObject, number>();
  /** Objects of which something is to be written. */
  readonly #written = new Set<RuntimeObject>();
  /** Objects that rest with the next flush, or of which an image is wanted. */
  readonly #toImage = new Set<RuntimeObject>();
  readonly #created: (readonly [object: number, name: string])[] = [];
  /** Rows for the next flush. */
  readonly #recorded: LogRow[] = [];
  readonly #deleted: number[] = [];
  readonly #alarms: Alarms<RuntimeObject>;
  readonly #writer: LogWriter;
  /** Sockets whose connection is yet to be made. */
  readonly #accepted = new Map<string, RuntimeSocket>();
  #texts = new Texts([]);
  #rows = new LogRows([]);
  #position = 0;
  /** The last row of the log when it was last tidied. */
  #tidyUpTo = 0;
  /** So many rows that may go are enough for the next flush; `null`: as usual. */
  #dropsFrom: number | null = null;
  #number = 0;
  #restoredAt: EpochMs | null = null;
  readonly #doubt = new Doubt();
  /** The state was read before. */
  #hasBegun = false;
  #fault: Fault | null = null;
  /** It never rejects; `null`: none is under way. */
  #probing: Promise<void> | null = null;
  #cancelProbe = () => {};
  /** Whether a timer will look for objects that may rest. */
  #looks = false;
  /** How often a flush has failed. */
  #losses = 0;
  /** Whether the state is an older copy, without saying so; asked once in a life, or a lying agent could have all begin anew again and again. */
  #older: "not known" | "found" | "marked" = "not known";
  #isStopped = false;
  /** Nothing new is begun. */
  #handsOver = false;
  /** How many later epochs of agents it has gone behind, and the latest of them. */
  #epochsBehind = 0;
  #farthestKnown = 0;

  private constructor(ports: RuntimePorts) {
    this.#ports = ports;
    this.#alarms = new Alarms(ports.clock, (object) => void this.#wake(object));
    this.#writer = new LogWriter({
      clock: ports.clock,
      disk: { flush: (flush, at) => this.#flush(flush, at) },
      collect: () => this.#collect(),
      failed: (error) => this.#failed(error),
    });
  }

  /** Rejects where the disk cannot be read. */
  static async start(ports: RuntimePorts): Promise<Runtime> {
    const runtime = new Runtime(ports);
    try {
      await runtime.#open();
    } catch (error) {
      if (!(error instanceof StandsBy || ports.disk.mayComeBack?.(error))) throw error;
      runtime.#failed(error);
    }
    runtime.#renewLater();
    runtime.#tidyLater();
    return runtime;
  }

  /** What is wrong with the disk, or that another edge acts; `null`: nothing. */
  get fault(): Fault | null {
    return this.#fault;
  }

  /** See `Doubt`. */
  get doubtMs(): number {
    return this.#doubt.ms;
  }

  /** The time has gone on at once, by so much. */
  skipped(byMs: number): void {
    this.#doubt.skipped(byMs);
    for (const { life } of this.#live) life?.skipped(byMs);
    this.#ports.log({ level: "warn", event: "time-skipped", ms: byMs, note: doubtNote });
    this.#keepDoubt();
  }

  /** The clock of another machine shows `at`. */
  heardTime(at: EpochMs): void {
    if (!this.#doubt.heard(at, this.#ports.clock.now())) return;
    this.#ports.log({ level: "info", event: "time-confirmed" });
    this.#keepDoubt();
  }

  /** With the next flush. */
  #keepDoubt(): void {
    if (!this.#fault) void this.#writer.renew().catch(() => {});
  }

  /**
   * For an answer that leaves the process: taken when its request comes, and called when it is ready. Resolves once all that was written
   * is on disk; rejects where something was lost since the request came, for the answer may stand on that.
   */
  gate(): () => Promise<void> {
    const before = this.#losses;
    return async () => {
      await this.#onDisk();
      if (this.#losses !== before) throw new Error("what the answer stands on was not written to disk");
    };
  }

  /** Arguments and results are copied, as between processes. */
  readonly call = async (
    kind: ObjectName,
    name: string,
    method: string,
    asked: readonly unknown[],
  ): Promise<unknown> => {
    const own = copied(asked);
    const { life, whole } = await this.#load(this.#find(kind, name));
    // It was deleted between: the next one of its name is asked.
    if (life.isDeleted) return this.call(kind, name, method, own);
    const { [method]: called } = whole as object as Readonly<Record<string, Method>>;
    if (!called) throw new Error(`an object of kind ${kind} has no method ${method}`);
    return copied(await life.call(() => called.call(whole, ...own)));
  };

  /** A request for a socket: what `acceptedBy` knows, or the object's refusal. */
  readonly connect = async (kind: ObjectName, name: string, headers: Headers): Promise<Response> => {
    const { clock, newId } = this.#ports;
    const object = this.#find(kind, name);
    const { life, whole } = await this.#load(object);
    if (life.isDeleted) return this.connect(kind, name, headers);
    return life.call(() => {
      const accepted: RuntimeSocket[] = [];
      const accept = (label = "") => {
        if (accepted.length > 0) throw new Error("a request gets one socket");
        const socket = new RuntimeSocket(newId(), label, {
          pings: whole.pings ?? null,
          now: () => clock.now(),
          mayAnswer: () => this.#mayAct,
          afterFlush: this.#afterFlush,
          received: (from, text) => this.#hear(object, (heard) => heard.received?.(from, text)),
          closed: (closed) => {
            if (object.removeSocket(closed)) this.#hear(object, (heard) => heard.closed?.(closed));
          },
        });
        accepted.push(socket);
        object.sockets = [...object.sockets, socket];
        return socket;
      };
      const drop = () => {
        for (const socket of accepted) object.removeSocket(socket);
      };
      try {
        const refusal = whole.connect?.(headers, accept);
        if (refusal) {
          drop();
          return refusal;
        }
      } catch (error) {
        drop();
        throw error;
      }
      const [socket] = accepted;
      if (!socket) return new Response("There is no socket here.\n", { status: 404 });
      this.#accepted.set(socket.id, socket);
      return new Response(null, { headers: { [acceptedHeader]: socket.id } });
    });
  };

  /** The socket that this answer accepts; asked once. `undefined`: it is an answer like others. */
  acceptedBy({ headers }: Response): RuntimeSocket | undefined {
    const id = headers.get(acceptedHeader) ?? "";
    const socket = this.#accepted.get(id);
    this.#accepted.delete(id);
    return socket;
  }

  /**
   * Has another edge act from now on. `give` tells it so, once all is on disk; until then nothing new is
   * begun. It resolves at once, so that whoever has asked for it gets an answer.
   */
  async handOver(give: () => Promise<void>): Promise<void> {
    if (this.#fault) throw new Error(refusalBy(this.#fault));
    if (this.#handsOver) throw new Error("the edge hands over");
    this.#ports.clock.after(handsOverAfterMs, () => void this.#handOver(give));
  }

  async #handOver(give: () => Promise<void>): Promise<void> {
    if (this.#isLeaving) return;
    this.#handsOver = true;
    const { clock } = this.#ports;
    try {
      do {
        await this.#writer.flushed();
        // What has waited for that leaves first.
        await wait(clock, 0);
      } while (this.#writer.isBehind);
      await give();
      // What somebody wanted to write meanwhile may have failed by it.
      if (!this.#fault) this.#failed(new StandsBy("it has handed over"));
    } catch (error) {
      this.#ports.log({ level: "error", event: "hand-over-failed", why: reasonOf(error) });
    } finally {
      this.#handsOver = false;
    }
  }

  /** Writes what is left, and ends all objects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const error = new Error("the edge stops");
    for (const { life } of this.#live) life?.end(error);
    this.#toImage.clear();
    while (this.#writer.isBehind) await this.#writer.flushed()?.catch(() => {});
    if (this.#probing) this.#ports.disk.abandon?.();
    await this.#probing;
    this.#cancelProbe();
    this.#endAll(error);
    this.#alarms.clear();
    // Who does not hear that this edge stops sees that it is silent.
    await this.#ports.disk.close().catch(() => {});
  }

  /** Something happens to an object that nobody waits for. */
  #hear(object: RuntimeObject, happens: (whole: Whole) => void | Promise<void>): void {
    if (this.#objects.get(object.key) !== object || this.#isStopped) return;
    this.#load(object)
      .then(({ life, whole }) =>
        life.call(() => happens(whole)).catch((error: unknown) => this.#broke(object, life, error)),
      )
      .catch((error: unknown) => {
        if (!this.#isLeaving) this.#log(object, "object-broke", error);
      });
  }

  #log(object: RuntimeObject, event: "object-broke" | "alarm-failed", error: unknown): void {
    this.#ports.log({ level: "error", event, ...object.logged, why: reasonOf(error) });
  }

  /**
   * Resolves once all that was written so far is on disk, and this edge may say so; rejects where it is
   * lost. `null`: it may at once.
   */
  #onDisk(): Promise<void> | null {
    const pending = this.#writer.flushed();
    if (this.#fault) return pending;
    if (this.#mayAct) return pending && this.#whenMayAct(pending);
    return this.#whenMayAct(this.#writer.renew());
  }

  async #whenMayAct(pending: Promise<void>): Promise<void> {
    await pending;
    while (!this.#mayAct) await this.#writer.renew();
  }

  get #mayAct(): boolean {
    return this.#ports.disk.mayAct ?? true;
  }

  /** Nothing that fails now is anybody's fault. */
  get #isLeaving(): boolean {
    return this.#fault !== null || this.#isStopped || this.#handsOver;
  }

  readonly #afterFlush = (run: () => void, failed: (error: Error) => void = () => {}): void => {
    const pending = this.#onDisk();
    if (pending) pending.then(run, failed);
    else run();
  };

  /** An edge that has nothing to write says so, or another one takes its place. */
  #renewLater(): void {
    const { disk, clock } = this.#ports;
    if (disk.renewEveryMs === undefined) return;
    clock.after(disk.renewEveryMs, () => {
      if (this.#isStopped) return;
      if (!this.#isLeaving && !this.#writer.isBehind) void this.#writer.renew().catch(() => {});
      this.#renewLater();
    });
  }

  /** No row stays in the log because little, or a lot, goes on: somebody's number may have been erased since. */
  #tidyLater(dropsFrom = 0): void {
    // What a life before has left is not known here.
    this.#ports.clock.after(tidyEveryMs, () => {
      if (this.#isStopped) return;
      this.#rows.imageUpTo(this.#tidyUpTo);
      this.#tidyUpTo = this.#position;
      this.#dropsFrom = dropsFrom;
      if (this.#mayAct && !this.#isLeaving) this.#writer.wrote();
      this.#tidyLater(1);
    });
  }

  async #open(): Promise<void> {
    const stored = await this.#ports.disk.open();
    const { objects, rows, texts, lastPosition, lastObject, lastAt, restoredAt } = stored;
    this.#noticeClock(lastAt);
    this.#ports.clock.notBefore(lastAt);
    await this.#beginDoubt(stored);
    this.#texts = new Texts(texts);
    this.#position = lastPosition;
    this.#number = lastObject;
    this.#restoredAt = restoredAt;
    this.#rows = new LogRows(rows);
    for (const { object: number, name, alarm } of objects) {
      const [kind = ""] = name.split("/", 1);
      const object = new RuntimeObject(kind as ObjectName, name);
      object.number = number;
      object.alarm = alarm;
      this.#objects.set(object.key, object);
      this.#byNumber.set(number, object);
      this.#alarms.set(object, alarm);
    }
  }

  /** On disk before anything is written by this clock. */
  async #beginDoubt({ doubt, lastAt, tookOver = false }: Stored): Promise<void> {
    const { clock, log } = this.#ports;
    if (this.#hasBegun && !tookOver) this.#doubt.goesOn(doubt);
    else this.#doubt.began(doubt, lastAt, clock.now());
    this.#hasBegun = true;
    await this.#writeDoubt();
    const { ms } = this.#doubt;
    if (ms >= dayMs) log({ level: "warn", event: "time-in-doubt", ms, note: doubtNote });
  }

  async #writeDoubt(): Promise<void> {
    const { unkept } = this.#doubt;
    if (!unkept) return;
    await this.#ports.disk.keepDoubt(unkept);
    this.#doubt.kept(unkept);
  }

  /** Nothing may be dated before what is there, so only a person can say which of the two clocks was wrong. */
  #noticeClock(lastAt: EpochMs): void {
    const { clock, log } = this.#ports;
    const ms = lastAt - clock.now();
    if (lastAt === 0 && clock.now() < surelyWrong) {
      const shown = new Date(clock.now()).toISOString();
      const note = `the machine's clock shows ${shown}, and was never set: what is recorded until it is keeps such dates`;
      log({ level: "warn", event: "clock-not-set", note });
    }
    if (ms < farMs) return;
    const at = new Date(lastAt).toISOString();
    const note = `the state was written up to ${at}, and the machine's clock is behind that: time goes on from there, slowly towards the machine's. If the machine's clock is right, stop the edge and run "bridgehead reset-clock"; if not, set it right`;
    log({ level: "warn", event: "clock-behind-state", ms, note });
  }

  #find(kind: ObjectName, name: string): RuntimeObject {
    const key = `${kind}/${name}`;
    const known = this.#objects.get(key);
    if (known) return known;
    const object = new RuntimeObject(kind, key);
    this.#objects.set(key, object);
    return object;
  }

  /** All who ask while it is loaded get the same one, in the order in which they asked. */
  #load(object: RuntimeObject): Promise<Loaded> {
    const refusal = this.#refusalOf(object);
    if (refusal !== null) {
      this.#forget(object);
      return Promise.reject(new Error(refusal));
    }
    object.rests = false;
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

  #refusalOf({ name }: RuntimeObject): string | null {
    if (this.#fault) return refusalBy(this.#fault);
    if (this.#isStopped) return "the edge stops";
    if (this.#handsOver) return "the edge hands over";
    // On disk two such names may be one, or there is none such.
    return name.isWellFormed() && !name.includes("\0") ? null : "no object has half a character or a NUL in its name";
  }

  /** Where nothing of it is kept, nothing remembers its name. */
  #forget(object: RuntimeObject): void {
    const isKept = object.number !== null || object.loaded !== null || object.sockets.length > 0;
    if (!isKept && this.#objects.get(object.key) === object) this.#objects.delete(object.key);
  }

  async #begin(object: RuntimeObject): Promise<Loaded> {
    const { disk, clock, make } = this.#ports;
    const failed = (error: unknown) => this.#broke(object, life, error);
    const database = new ObjectDatabase(this.#texts, { wrote: () => this.#wrote(object, life), failed });
    const life = new Life(database, {
      clock,
      pending: () => this.#onDisk(),
      mayAct: () => this.#mayAct,
      failed,
    });
    try {
      if (object.number !== null) {
        // An image of it may be on its way to disk.
        await this.#writer.flushed();
        const { image, bodies } = await disk.read(object.number, this.#rows.of(object.number));
        // A flush may have failed meanwhile: another one of this name begins anew then.
        if (this.#objects.get(object.key) !== object) throw new Error("what is read of the object was dropped");
        database.restore(image, bodies);
      }
      object.life = life;
      this.#live.add(object);
      if ((this.#wouldStay.get(object) ?? 0) > clock.now()) this.#room = Math.min(this.#room + 1, roomForLive.most);
      this.#wouldStay.delete(object);
      this.#lookLater();
      const whole = await life.busy(async () => make(object.kind, object.name, this.#placeOf(object, life)));
      if (life.hasEnded) throw new Error("the object broke while it was made");
      return { life, whole };
    } catch (error) {
      if (isOfFile(error)) this.#log(object, "object-broke", error);
      this.#leave(object, life, new Error(reasonOf(error), { cause: error }));
      throw error;
    }
  }

  #placeOf(object: RuntimeObject, life: Life): LifePlace {
    const { clock } = this.#ports;
    return {
      sql: life.database,
      restoredAt: this.#restoredAt,
      now: () => clock.now(),
      doubtMs: () => this.#doubt.ms,
      skippedMs: () => this.#doubt.skippedMs,
      after: (ms, run) => life.after(ms, run),
      setAlarm: async (at) => this.#setAlarm(object, life, at),
      // One that failed is about to come again; one at work is none.
      getAlarm: async () => object.alarm ?? (object.isWaking ? null : object.firing),
      abort: (why) => this.#broke(object, life, new Error(why)),
      beginRestored: () => this.#beginRestored(),
      edgeEpoch: this.#ports.disk.epoch ?? null,
      beginEpochAfter: (epoch) => this.#beginEpochAfter(epoch),
      deleteAll: async () => this.#delete(object, life),
      outside: (work) => life.outside(work),
      sockets: () => object.sockets,
      call: (...asked) => life.busy(() => this.call(...asked)),
    };
  }

  #wrote(object: RuntimeObject, life: Life): void {
    if (object.life !== life) throw new Error("the object was deleted");
    this.#written.add(object);
    this.#writer.wrote();
  }

  #setAlarm(object: RuntimeObject, life: Life, at: EpochMs | null): void {
    if (at !== null && !Number.isFinite(at)) throw new RangeError(`an alarm cannot be set to ${at}`);
    if (life.hasEnded || object.life !== life) return;
    object.alarm = at;
    object.hasNewAlarm = true;
    this.#alarms.set(object, at);
    this.#wrote(object, life);
  }

  /** It comes again until its work is done, later each time. */
  async #wake(object: RuntimeObject): Promise<void> {
    const { clock } = this.#ports;
    const at = object.alarm ?? object.firing;
    if (at === null || object.isWaking || this.#objects.get(object.key) !== object) return;
    object.isWaking = true;
    let notBefore = Number.NEGATIVE_INFINITY;
    try {
      const { life, whole } = await this.#load(object);
      // One for later may have taken its place while the object was loaded.
      if (life.isDeleted || (object.alarm !== null && object.alarm > clock.now())) return;
      object.firing = at;
      object.alarm = null;
      await life.call(() => whole.alarm?.());
      object.firing = null;
      object.failures = 0;
      if (object.alarm === null) this.#setAlarm(object, life, null);
    } catch (error) {
      if (this.#fault || this.#isStopped) return;
      object.failures += 1;
      notBefore = clock.now() + pauseAfter(object.failures, alarmAgain);
      if (!this.#handsOver) this.#log(object, "alarm-failed", error);
      // One that it has set for later takes its place, and waits for the pause, too.
      if (object.alarm !== null && object.alarm > clock.now()) return;
      // Also where the object could not be loaded, or has set one that is due already.
      object.firing = at;
      object.alarm = null;
    } finally {
      object.isWaking = false;
      const due = object.alarm ?? object.firing;
      const isKnown = !this.#isStopped && this.#objects.get(object.key) === object;
      if (isKnown && due !== null) this.#alarms.set(object, Math.max(due, notBefore));
    }
  }

  /** What it has written stays: others may have acted on it. */
  #broke(object: RuntimeObject, life: Life, error: unknown): void {
    if (life.hasEnded) return;
    this.#log(object, "object-broke", error);
    if (!life.isDeleted) this.#record(object, life);
    if (this.#recorded.length > 0) this.#writer.wrote();
    this.#leave(object, life, error instanceof Error ? error : new Error(String(error)));
  }

  #leave(object: RuntimeObject, life: Life, error: Error): void {
    life.end(error);
    // Before it is in memory, it holds nothing here; and the next one may be on its way.
    if (object.life !== life) return;
    object.life = null;
    object.loaded = null;
    this.#live.delete(object);
    this.#forget(object);
  }

  #delete(object: RuntimeObject, life: Life): void {
    if (life.hasEnded || object.life !== life) return;
    life.deleted();
    if (object.number !== null) {
      this.#deleted.push(object.number);
      this.#byNumber.delete(object.number);
      this.#rows.release(object.number);
      this.#writer.wrote();
    }
    for (const socket of object.sockets) socket.close(1012, "the object was deleted");
    this.#alarms.set(object, null);
    this.#live.delete(object);
    this.#written.delete(object);
    if (this.#objects.get(object.key) === object) this.#objects.delete(object.key);
    object.life = null;
    object.loaded = null;
  }

  #record(object: RuntimeObject, life: Life): void {
    const body = life.database.removeRecorded();
    this.#written.delete(object);
    if (body === null && !object.hasNewAlarm) return;
    if (object.number === null) {
      this.#number += 1;
      object.number = this.#number;
      this.#byNumber.set(object.number, object);
      this.#created.push([object.number, object.key]);
    }
    this.#position += 1;
    // One that came before it was on disk, and is at work, comes again after a kill.
    const alarm = object.hasNewAlarm ? { alarm: object.alarm ?? object.firing } : {};
    object.hasNewAlarm = false;
    this.#rows.add(this.#position, object.number);
    this.#recorded.push({ position: this.#position, object: object.number, ...alarm, body: body ?? "[]" });
  }

  #collect(): Flush | null {
    for (const object of this.#written) if (object.life) this.#record(object, object.life);
    const images = this.#someImages();
    for (const number of this.#rows.toImage) this.#wantImage(number);
    const droppable = this.#rows.takeDroppable(this.#position, this.#dropsFrom ?? undefined);
    this.#dropsFrom = null;
    const flush: Flush = {
      ...{ texts: this.#texts.removeNew(), created: this.#created.splice(0), rows: this.#recorded.splice(0) },
      ...{ images, deleted: this.#deleted.splice(0), droppable },
    };
    const { texts, created, rows, deleted } = flush;
    const isEmpty = texts.length + created.length + rows.length + images.length + deleted.length === 0;
    return isEmpty && droppable === null ? null : flush;
  }

  /** What is written meanwhile waits for this flush: the next one takes the other images. */
  #someImages(): ImageChange[] {
    const images: ImageChange[] = [];
    let letters = 0;
    for (const object of this.#toImage) {
      if (letters >= imageLettersAtOnce) break;
      this.#toImage.delete(object);
      const image = this.#imageOf(object);
      if (!image) continue;
      images.push(image);
      letters += lettersOfImage(image);
    }
    if (this.#toImage.size > 0) void this.#writer.renew().catch(() => {});
    return images;
  }

  /** What must change on disk, where an image of it is to be written; it leaves memory where it rests. */
  #imageOf(object: RuntimeObject): ImageChange | null {
    const { life, number, rests } = object;
    if (!life) return null;
    try {
      const isBehind = number !== null && this.#rows.of(number).length > 0;
      const image = isBehind
        ? {
            object: number,
            upTo: this.#position,
            alarm: object.alarm ?? object.firing,
            ...life.database.changeOfImage(),
          }
        : null;
      if (image) this.#rows.release(image.object);
      if (rests) this.#leave(object, life, new Error("the object rests"));
      return image;
    } catch (error) {
      if (number !== null) this.#rows.setAside(number);
      this.#broke(object, life, error);
      return null;
    }
  }

  /** With the next flush, once it is in memory. */
  #wantImage(number: number): void {
    const object = this.#byNumber.get(number);
    if (!object || this.#toImage.has(object)) return;
    this.#load(object).then(
      () => {
        this.#toImage.add(object);
        this.#writer.wrote();
      },
      (error: unknown) => {
        if (this.#isLeaving || this.#byNumber.get(number) !== object) return;
        this.#rows.setAside(number);
        this.#log(object, "object-broke", error);
      },
    );
  }

  #lookLater(): void {
    if (this.#looks || this.#live.size === 0) return;
    this.#looks = true;
    this.#ports.clock.after(lookEveryMs, () => {
      this.#looks = false;
      this.#look();
      this.#lookLater();
    });
  }

  /** Objects with which nothing has happened for some time leave memory. */
  #look(): void {
    const { clock } = this.#ports;
    const now = clock.now();
    const idle = Array.from(this.#live, (object) => ({ object, since: object.life?.idleSince ?? now }));
    this.#room = Math.max(this.#room * roomForLive.keptOfLook, roomForLive.least);
    for (const [object, until] of this.#wouldStay) if (until <= now) this.#wouldStay.delete(object);
    let surplus = this.#live.size - this.#room;
    for (const { object, since } of idle.sort((one, other) => one.since - other.since)) {
      const othersMs = surplus > 0 ? crowdedRestAfterMs : restAfterMs;
      if (now - since < (object.life?.database.isLarge ? largeRestAfterMs : othersMs)) continue;
      surplus -= 1;
      if (now - since < restAfterMs) this.#wouldStay.set(object, since + restAfterMs);
      object.rests = true;
      this.#toImage.add(object);
      this.#writer.wrote();
    }
  }

  #beginRestored(): void {
    if (this.#older !== "not known") return;
    this.#older = "found";
    const note =
      "agents know ids that this state does not: it is a copy that was put back without `bridgehead restore`";
    this.#ports.log({ level: "error", event: "state-is-older", note });
  }

  #beginEpochAfter(epoch: number): void {
    const { disk, log } = this.#ports;
    const after = Math.min(epoch, (disk.epoch ?? 0) + epochsAtOnce);
    // Agents that come back together know the same one.
    if (after <= this.#farthestKnown) return;
    const isRefused = this.#epochsBehind === mostEpochsBehind;
    log({ level: "warn", event: isRefused ? "epoch-refused" : "epoch-is-behind", epoch });
    if (isRefused) return;
    this.#farthestKnown = after;
    this.#epochsBehind += 1;
    disk.beginAfter?.(after);
    void this.#writer.renew().catch(() => {});
  }

  async #flush(flush: Flush, at: EpochMs): Promise<void> {
    const { disk } = this.#ports;
    await this.#writeDoubt();
    if (this.#older !== "found") return disk.flush(flush, at);
    await disk.markRestored(at);
    this.#older = "marked";
    await disk.flush(flush, at);
    throw new BeginsAnew("the state is an older copy that was put back: all begins anew, as after a restore");
  }

  /** Nothing that is in memory counts any more: all objects begin anew with what is on disk, once something can be written again. */
  #failed(error: unknown): void {
    this.#losses += 1;
    this.#endAll(new Error(refusalBy(this.#note(error))));
    this.#alarms.clear();
    if (error instanceof BeginsAnew) this.#probeNow();
    else this.#probeLater();
  }

  /**
   * What keeps this edge from writing. The log says when another edge begins to act, when a disk begins to
   * fail, and when none does any more.
   */
  #note(error: unknown): Fault {
    const { clock, log } = this.#ports;
    const why = reasonOf(error);
    const standsBy = error instanceof StandsBy;
    const before = this.#fault;
    const isLogged = before?.isLogged ?? false;
    const fails = !standsBy && !(error instanceof BeginsAnew);
    if (fails && !isLogged) log({ level: "error", event: "storage-fails", disk: why });
    if (before && standsBy && isLogged) this.#noteMended(before.since);
    if (standsBy && before?.why !== why) log({ level: "info", event: "edge-stands-by", why });
    const since = before?.standsBy === standsBy ? before.since : clock.now();
    this.#fault = { why, since, standsBy, isLogged: fails || (isLogged && !standsBy) };
    return this.#fault;
  }

  #noteMended(since: EpochMs): void {
    const { clock, log } = this.#ports;
    log({ level: "info", event: "storage-works-again", failedMs: clock.now() - since });
  }

  #endAll(error: Error): void {
    for (const object of this.#live) object.life?.end(error);
    for (const { sockets } of this.#objects.values()) for (const socket of sockets) socket.drop(1012, error.message);
    this.#live.clear();
    this.#written.clear();
    this.#toImage.clear();
    this.#accepted.clear();
    this.#objects.clear();
    this.#byNumber.clear();
    for (const list of [this.#created, this.#recorded, this.#deleted]) list.length = 0;
  }

  #probeLater(): void {
    const { clock, disk } = this.#ports;
    this.#cancelProbe();
    this.#cancelProbe = clock.after(disk.probeEveryMs, () => this.#probeNow());
  }

  /** One at a time: two would each begin with what is on disk. */
  #probeNow(): void {
    this.#cancelProbe();
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = null;
      if (this.#fault) this.#probeLater();
    });
  }

  async #probe(): Promise<void> {
    if (this.#isStopped || !this.#fault) return;
    const { disk, clock } = this.#ports;
    const losses = this.#losses;
    try {
      await disk.probe(clock.now());
      await this.#open();
      if (this.#losses !== losses) return;
      const { since, isLogged } = this.#fault;
      if (isLogged) this.#noteMended(since);
      this.#fault = null;
    } catch (error) {
      this.#note(error);
    }
  }
}

function refusalBy({ why, standsBy }: Fault): string {
  return standsBy ? `this edge stands by: ${why}` : `the edge cannot write its state: ${why}`;
}
