import { standsAtMostMs } from "../../durable-objects/cloudflare/standing-clock.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { Database } from "../kit/database.ts";
import { faultsOf, type WorldContext } from "./context.ts";
import type { FaultSource } from "./faults.ts";
import { Dead, Fault, type Hosted, type Life, never } from "./hosted.ts";

/** What the platform throws at an object whose write it cannot carry out; the object lives on. */
class WriteFailed extends Fault {}

/** What one life of an object gets from the platform. */
export interface WorkersLife extends Omit<Life, "sockets" | "call" | "outside" | "kept"> {
  /** Something that leaves the object: it leaves after the turn, when what was written in it is safe. */
  send<Value>(work: () => Promise<Value>): Promise<Value>;
}

interface Alarmed {
  alarm?(): Promise<void> | void;
}

/** How soon the platform calls an alarm again whose object died over it. */
const alarmRetryMs = 2_000;
/** A transaction that is to fail does so at one of its first statements, or in the end. */
const mostStatements = 12;

/** One durable object, by a model of Cloudflare: its disk and its alarm outlive it. */
export class WorkersObject<Object extends object> implements Hosted<Object> {
  readonly name: string;
  readonly disk = new Database();
  life = 0;
  readonly deaths: number[] = [];
  readonly billed = { calls: 0, checks: 0, alarms: 0, alarmsSet: 0, activeMs: 0 };
  readonly turns = { busyMs: 0, longestWaitMs: 0 };
  readonly faults: FaultSource;
  readonly #context: WorldContext;
  readonly #build: (life: WorkersLife) => Object;
  readonly #callers = new Set<(error: Error) => void>();
  #object: Object | null = null;
  #alarmAt: EpochMs | null = null;
  #cancelAlarm: () => void = () => {};
  /** The life whose alarm is at work: the next one waits until that is over. */
  #waking: number | null = null;
  /** Timers and calls of this life that are under way. */
  #underWay = 0;
  #usedAt = 0;
  /** The latest time that this life has seen. */
  #shown = 0;
  /** Since when something keeps it from hibernating; `null`: nothing does. */
  #activeSince: number | null = null;
  #looksForIdleness = false;
  /** Requests that wait for their turn. */
  readonly #inLine: { readonly run: () => void; readonly since: number }[] = [];
  #isBusy = false;
  readonly #stands: { readonly atMostMs: number; ends(): void };
  /** Of its disk, when a turn was over last. */
  #rowsBefore = 0;

  /** `stands`: for how long the clock of a life may stand still, and what ends with a life by that. */
  constructor(
    name: string,
    context: WorldContext,
    build: (life: WorkersLife) => Object,
    stands: { readonly atMostMs: number; ends(): void } = { atMostMs: standsAtMostMs.others, ends: () => {} },
  ) {
    this.name = name;
    this.#stands = stands;
    this.#context = context;
    this.#build = build;
    this.faults = faultsOf(context, name);
  }

  /** A call by another object, or by a Worker, with the ways that it can fail. */
  call<Value>(work: (object: Object) => Promise<Value>, kind: "calls" | "checks" = "calls"): Promise<Value> {
    const { clock } = this.#context;
    return new Promise((resolve, reject) => {
      const arrived = () => {
        if (this.faults.hits("RPC fails before")) return reject(new Fault("the call did not arrive"));
        this.billed[kind] += 1;
        let object: Object;
        try {
          object = this.#living();
        } catch (error) {
          return reject(error);
        }
        this.#callers.add(reject);
        this.#countActive();
        const done = () => {
          const wasUnderWay = this.#callers.delete(reject);
          this.#countActive();
          return wasUnderWay;
        };
        work(object).then(
          (value) => {
            if (!done()) return;
            if (this.faults.hits("RPC fails after")) return reject(new Fault("the answer did not arrive"));
            clock.after(1, () => resolve(value));
          },
          (error) => {
            if (done()) reject(error);
          },
        );
      };
      clock.after(1, () => this.#inTurn(arrived));
    });
  }

  /** One after the other, where requests take time. */
  #inTurn(run: () => void): void {
    if (!this.#context.edgeMachines.turnMs) return run();
    this.#inLine.push({ run, since: this.#context.clock.now });
    if (!this.#isBusy) this.#nextTurn();
  }

  #nextTurn(): void {
    const { clock, edgeMachines } = this.#context;
    const next = this.#inLine.shift();
    this.#isBusy = next !== undefined;
    if (!next || !edgeMachines.turnMs) return;
    this.turns.longestWaitMs = Math.max(this.turns.longestWaitMs, clock.now - next.since);
    next.run();
    const { rowsWritten } = this.disk;
    const { reading, writing } = edgeMachines.turnMs;
    const turnMs = rowsWritten > this.#rowsBefore ? writing : reading;
    this.#rowsBefore = rowsWritten;
    this.turns.busyMs += turnMs;
    clock.after(turnMs, () => this.#nextTurn());
  }

  /** Such as a message over a socket. */
  deliver(work: (object: Object) => void): void {
    if (this.#beginAnew()) return;
    try {
      work(this.#living());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    // What comes by a socket keeps its order, and others wait behind it.
    this.#inTurn(() => {});
  }

  die(why: string): void {
    if (!this.#object) return;
    this.#context.tell(() => `${this.name} dies: ${why}`);
    this.life += 1;
    this.deaths.push(this.#context.clock.now);
    this.#underWay = 0;
    this.#object = null;
    for (const reject of this.#callers) reject(new Fault("the object died"));
    this.#callers.clear();
    this.#countActive();
  }

  /** As the shell of the product does, so that the next life has the right time. Returns whether this one has ended. */
  #beginAnew(): boolean {
    if (!this.#object || this.#standsMs <= this.#stands.atMostMs) return false;
    this.#stands.ends();
    this.die("its clock stands still");
    return true;
  }

  #living(): Object {
    this.#used();
    this.#beginAnew();
    if (this.#object) return this.#object;
    const life = this.life;
    try {
      const object = this.#build(this.#lifeOf(life));
      if (life !== this.life) throw new Dead();
      this.#object = object;
      return object;
    } catch (error) {
      if (life === this.life) this.life += 1;
      throw error;
    }
  }

  /** The time of this life: workerd lets it stand still until the machine's clock has come back to it. */
  #now(): EpochMs {
    this.#shown = Math.max(this.#shown, this.#context.edgeNow());
    return this.#shown;
  }

  get #standsMs(): number {
    return this.#now() - this.#context.edgeNow();
  }

  #lifeOf(life: number): WorkersLife {
    this.#shown = 0;
    const { clock, lie } = this.#context;
    const alive = <Value>(promise: Promise<Value>): Promise<Value> =>
      promise.then(
        (value) => (life === this.life ? value : never()),
        (error) => (life === this.life ? Promise.reject(error) : never()),
      );
    const setAlarm = async (at: EpochMs): Promise<void> => {
      if (life !== this.life) throw new Dead();
      if (this.faults.hits("alarm not set")) {
        this.faults.alarmLostAt = this.#context.clock.now;
        throw new WriteFailed();
      }
      this.billed.alarmsSet += 1;
      // It is written with what else is written in this turn: an object that dies in the turn has not set it.
      queueMicrotask(() => {
        if (life === this.life && !lie.forgetsAlarms) this.#ring(at);
      });
    };
    /** Statements of the present transaction up to the one that fails; 0: none does. */
    let failsIn = 0;
    let inTransaction = false;
    const transaction = <Value>(work: () => Value): Value => {
      inTransaction = true;
      try {
        return this.disk.transaction(work);
      } finally {
        inTransaction = false;
      }
    };
    return {
      sql: {
        exec: (query, ...bindings) => {
          if (life !== this.life) throw new Dead();
          const isWrite = /^(?:INSERT|UPDATE|DELETE)/.test(query);
          if (this.#context.edgeMachines.isDiskFull && isWrite) this.#diskIsFull();
          if (!inTransaction && isWrite && this.faults.hits("write fails")) throw new WriteFailed();
          if (failsIn > 0 && --failsIn === 0) throw new WriteFailed();
          const { isDiskFull: isFull } = this.#context.edgeMachines;
          if (isWrite && lie.loses?.({ disk: "edge", query, values: bindings, isFull })) return [];
          const rows = this.disk.exec(query, ...bindings);
          return lie.reads?.(query, rows) ?? rows;
        },
        transaction: (work) => {
          if (life !== this.life) throw new Dead();
          if (this.#context.edgeMachines.isDiskFull) this.#diskIsFull();
          if (this.faults.hits("object dies before a write")) {
            this.#fall("before a write");
            throw new Dead();
          }
          if (!this.faults.hits("write fails")) return transaction(work);
          failsIn = this.faults.draws.between(1, mostStatements);
          try {
            return transaction(() => {
              work();
              throw new WriteFailed(); // When it is to be committed, at the latest.
            });
          } finally {
            failsIn = 0;
          }
        },
      },
      after: (ms, run) => {
        const over = this.#begin(life);
        let cancel = () => {};
        // With its clock, its timers stand still.
        const wait = (leftMs: number) => {
          cancel = clock.after(leftMs, () => {
            const standsMs = life === this.life ? this.#standsMs : 0;
            if (standsMs > 0) wait(standsMs);
            else if (over()) run();
          });
        };
        wait(ms);
        return () => {
          over();
          cancel();
        };
      },
      setAlarm,
      getAlarm: async () => this.#alarmAt,
      now: () => this.#now(),
      restoredAt: null,
      abort: (why) => this.die(why),
      deleteAll: () => Promise.reject(new Error("no world lasts that long")),
      send: (work) => {
        if (life !== this.life) return never();
        return new Promise((resolve, reject) => {
          clock.after(0, () => {
            if (life !== this.life) return;
            if (this.faults.hits("object dies before sending")) return this.#fall("before sending");
            const over = this.#begin(life);
            alive(work()).finally(over).then(resolve, reject);
          });
        });
      },
    };
  }

  /** Something that keeps the object from being idle; false when that is over already, or the object's life is. */
  #begin(life: number): () => boolean {
    if (life !== this.life) return () => false;
    this.#underWay += 1;
    this.#countActive();
    let isOver = false;
    return () => {
      if (isOver || life !== this.life) return false;
      isOver = true;
      this.#underWay -= 1;
      this.#countActive();
      return true;
    };
  }

  /** The platform bills the time in which an object works or waits. */
  #countActive(): void {
    const { now } = this.#context.clock;
    const isActive = this.#underWay + this.#callers.size > 0;
    if (isActive === (this.#activeSince !== null)) return;
    this.billed.activeMs += now - (this.#activeSince ?? now);
    this.#activeSince = isActive ? now : null;
  }

  /** An object without work is evicted, as on the platform. */
  #used(): void {
    const { clock, edgeMachines } = this.#context;
    const { idleMs } = edgeMachines;
    this.#usedAt = clock.now;
    if (idleMs === null || this.#looksForIdleness) return;
    this.#looksForIdleness = true;
    clock.after(idleMs, () => {
      this.#looksForIdleness = false;
      if (!this.#object) return;
      const isIdle = clock.now - this.#usedAt >= idleMs && this.#underWay === 0 && this.#callers.size === 0;
      if (isIdle) return this.die("idle");
      const usedAt = this.#usedAt;
      this.#used();
      this.#usedAt = usedAt;
    });
  }

  /** The platform gives an object up that cannot write. */
  #diskIsFull(): never {
    this.#fall("its disk is full");
    throw new Dead();
  }

  /** Also where it dies in its constructor. */
  #fall(why: string): void {
    if (this.#object) this.die(why);
    else {
      this.life += 1;
      this.deaths.push(this.#context.clock.now);
    }
  }

  #ring(at: EpochMs): void {
    this.#alarmAt = at;
    this.#cancelAlarm();
    this.#cancelAlarm = this.#context.clock.after(at - this.#context.edgeNow(), () => this.#alarm());
  }

  /** Called at least once: an object that dies over its alarm is called again. One that fails is, too, but soon no more. */
  #alarm(): void {
    if (this.#object && this.#waking === this.life) return;
    this.#alarmAt = null;
    this.billed.alarms += 1;
    this.#inTurn(() => {});
    const again = () => {
      if (this.#alarmAt !== null) return;
      this.#ring(this.#context.edgeNow() + alarmRetryMs);
    };
    const failed = (error: unknown) => {
      if (!(error instanceof Dead)) this.#context.violated("no alarm fails", `${this.name}: ${error}`);
      again();
    };
    try {
      const object = this.#living();
      const { life } = this;
      this.#waking = life;
      this.#callers.add(again);
      this.#countActive();
      const done = () => {
        const wasUnderWay = this.#callers.delete(again);
        this.#countActive();
        if (!wasUnderWay) return false;
        if (this.#waking === life) this.#waking = null;
        if (this.#alarmAt !== null) this.#ring(this.#alarmAt);
        return true;
      };
      Promise.resolve((object as Alarmed).alarm?.()).then(done, (error) => {
        if (done()) failed(error);
      });
    } catch (error) {
      failed(error);
    }
  }
}
