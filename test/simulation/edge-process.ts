import { keptIn } from "../../durable-objects/node/own-place.ts";
import type { LifePlace, Runtime } from "../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../durable-objects/node/runtime-socket.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import type { Sql, SqlValue } from "../../durable-objects/platform/platform.ts";
import { HandleCache } from "../../src/routing/handles.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { Clock } from "../kit/clock.ts";
import { Dead, Fault, type Life, never } from "./hosted.ts";

/** What an object has written. */
export type Statement = readonly [query: string, bindings: readonly SqlValue[]];

/** One life of an edge's process with the product's runtime. It may die at any step. */
export class EdgeProcess {
  readonly cache = new HandleCache();
  /** As a request reaches them. */
  readonly objects: EdgeObjects;
  /** `null`: it has not read its disk yet. */
  runtime: Runtime | null = null;
  isAlive = true;
  readonly #clock: Clock;
  /** What objects have written since the last flush began, by their names. */
  readonly #written = new Map<string, Statement[]>();
  /** Refuse the requests that are under way. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.objects = stubsBy({
      call: async (...asked) => this.begun.call(...asked),
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
  }

  get begun(): Runtime {
    if (!this.isAlive || !this.runtime) throw new Fault("connection refused");
    return this.runtime;
  }

  /** As over HTTP: the answer comes once all that it stands on is on disk. */
  async request<Value>(work: () => Promise<Value>): Promise<Value> {
    const { begun } = this;
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    this.#waiting.add(broken.reject);
    try {
      const answer = await Promise.race([work(), broken.promise]);
      await Promise.race([begun.mayLeave(), broken.promise]);
      return answer;
    } finally {
      this.#waiting.delete(broken.reject);
    }
  }

  die(): void {
    this.isAlive = false;
    for (const reject of this.#waiting) reject(new Fault("the connection broke"));
  }

  after(ms: number, run: () => void): () => void {
    return this.#clock.after(ms, () => this.isAlive && run());
  }

  /** What the object has written since this was asked last. */
  takeWritten(name: string): readonly Statement[] {
    const written = this.#written.get(name) ?? [];
    this.#written.delete(name);
    return written;
  }

  /** The ports of a life, which nothing leaves once its process is dead. */
  lifeIn(name: string, life: LifePlace): Life {
    const sql = this.#watched(name, life.sql);
    return {
      ...life,
      sql,
      kept: keptIn(sql),
      outside: (work) => (this.isAlive ? life.outside(work) : never()),
      call: (...asked) => (this.isAlive ? life.call(...asked) : never()),
    };
  }

  /** Reads along what it writes. */
  #watched(name: string, sql: Sql): Sql {
    const check = () => {
      if (!this.isAlive) throw new Dead();
    };
    const written = () => {
      const all = this.#written.get(name) ?? [];
      this.#written.set(name, all);
      return all;
    };
    return {
      exec: (query, ...bindings) => {
        check();
        const rows = sql.exec(query, ...bindings);
        if (!/^\s*(?:SELECT|PRAGMA)/.test(query)) written().push([query, bindings]);
        return rows;
      },
      transaction: (work) => {
        check();
        const before = written().length;
        try {
          return sql.transaction(work);
        } catch (error) {
          written().length = before;
          throw error;
        }
      },
    };
  }
}

/** An agent's socket at the process that has accepted it. */
export interface AcceptedSocket {
  readonly process: EdgeProcess;
  readonly socket: RuntimeSocket;
}
