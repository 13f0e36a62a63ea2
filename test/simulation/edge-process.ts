import { keptIn } from "../../durable-objects/node/log/kept-values.ts";
import type { LifePlace, Runtime } from "../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../durable-objects/node/runtime-socket.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import type { Sql } from "../../durable-objects/platform/platform.ts";
import { HandleCache } from "../../src/routing/handles.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { Clock } from "../kit/clock.ts";
import { Dead, Fault, type Life, never } from "./hosted.ts";
import { Standstill } from "./standstill.ts";

/** One life of an edge's process with the product's runtime. It may die at any step, or stand still. */
export class EdgeProcess {
  /** `edge-1, life 3` */
  readonly name: string;
  readonly cache = new HandleCache();
  /** As a request reaches them. */
  readonly objects: EdgeObjects;
  /** `null`: it has not read its disk yet. */
  runtime: Runtime | null = null;
  isAlive = true;
  readonly standstill: Standstill;
  /** Called as an answer leaves. */
  onAnswer: () => void = () => {};
  readonly #clock: Clock;
  /** Refuse the requests that are under way. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.#clock = clock;
    this.standstill = new Standstill(clock);
    this.objects = stubsBy({
      call: async (...asked) => this.begun.call(...asked),
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
  }

  get begun(): Runtime {
    if (!this.isAlive || !this.runtime) throw new Fault("connection refused");
    return this.runtime;
  }

  /** Whether somebody waits for its answer. */
  get isAsked(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether it answers that it acts. */
  get acts(): boolean {
    return this.isAlive && !this.standstill.isOn && this.runtime !== null && this.runtime.fault === null;
  }

  /** As over HTTP: the answer comes once all that it stands on is on disk. */
  async request<Value>(work: () => Promise<Value>): Promise<Value> {
    const { begun, standstill } = this;
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    this.#waiting.add(broken.reject);
    try {
      // The system has the connection already.
      if (standstill.isOn) await Promise.race([new Promise<void>((go) => standstill.holds(go)), broken.promise]);
      const mayLeave = begun.gate();
      const answer = await Promise.race([work(), broken.promise]);
      await Promise.race([mayLeave(), broken.promise]);
      this.onAnswer();
      return answer;
    } finally {
      this.#waiting.delete(broken.reject);
    }
  }

  /** The connections of all requests that are under way break. */
  breakOff(): void {
    for (const reject of this.#waiting) reject(new Fault("the connection broke"));
  }

  die(): void {
    this.isAlive = false;
    this.standstill.clear();
    this.breakOff();
  }

  /** Runs it in this process, or when the process goes on, or never. */
  within(run: () => void): void {
    if (this.isAlive && !this.standstill.holds(() => this.within(run))) run();
  }

  /** A timer that is due while the process stands still can be cancelled when it goes on. */
  after(ms: number, run: () => void): () => void {
    let isOn = true;
    const cancel = this.#clock.after(ms, () => this.within(() => isOn && run()));
    return () => {
      isOn = false;
      cancel();
    };
  }

  /** What comes from outside. */
  heard<Value>(answer: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => this.within(() => resolve(value)),
        (error: unknown) => this.within(() => reject(error)),
      );
    });
  }
}

/** An agent's socket at the process that has accepted it. */
export interface AcceptedSocket {
  readonly process: EdgeProcess;
  readonly socket: RuntimeSocket;
}

/** The ports of a life, which nothing leaves once its process is dead. */
export function lifeIn(process: EdgeProcess, life: LifePlace): Life {
  const check = () => {
    if (!process.isAlive) throw new Dead();
  };
  const { sql } = life;
  const watched: Sql = {
    exec: (query, ...bindings) => {
      check();
      return sql.exec(query, ...bindings);
    },
    transaction: (work) => {
      check();
      return sql.transaction(work);
    },
  };
  return {
    ...life,
    sql: watched,
    kept: keptIn(watched),
    outside: (work) => (process.isAlive ? life.outside(work) : never()),
    call: (...asked) => (process.isAlive ? life.call(...asked) : never()),
  };
}
