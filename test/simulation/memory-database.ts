import type { Flush } from "../../durable-objects/home/log/disk.ts";
import type { Beat, Holding, Peer, SharedDatabase, Writer } from "../../durable-objects/home/shared/shared-database.ts";
import type { Clock } from "./clock.ts";
import { MemoryDisk } from "./memory-disk.ts";

/**
 * What becomes of a call on its way: `lost`: it never comes; `unheard`: it comes, at once or later, and its
 * answer does not.
 */
export type Way = "well" | "lost" | "unheard" | { readonly unheardAfterMs: number };

/** A database that two edges share, in memory: what `PostgresDatabase` does on a real one. */
export class MemoryDatabase {
  readonly disk: MemoryDisk;
  readonly #clock: Clock;
  #holding: Holding = {
    ...{ epoch: 0, flush: 0, holder: "", life: "", since: 0, why: "first", givenBack: null, position: 0 },
  };
  #restoredAt: number | null = null;
  readonly #peers = new Map<string, Beat & { readonly at: number }>();
  isAway = false;

  constructor(clock: Clock, disk = new MemoryDisk()) {
    this.#clock = clock;
    this.disk = disk;
  }

  /** The way of one edge to it. */
  connect(wayOf: (what: keyof SharedDatabase) => Way = () => "well", ms: () => number = () => 1): SharedDatabase {
    let cut = new AbortController();
    const call = <Value>(what: keyof SharedDatabase, work: () => Value): Promise<Value> => {
      const { signal } = cut;
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("the connection was cut")));
        const way = wayOf(what);
        if (way === "lost") return;
        const lateMs = typeof way === "object" ? way.unheardAfterMs : 0;
        this.#clock.after(ms() + lateMs, () => {
          if (this.isAway) return reject(new Error("the database is away"));
          let value: Value;
          try {
            value = work();
          } catch (error) {
            return reject(error);
          }
          if (way === "well") this.#clock.after(ms(), () => resolve(value));
        });
      });
    };
    return {
      prepare: () => call("prepare", () => {}),
      holding: () => call("holding", () => this.#holding),
      acquire: (seen, { after, ...by }) =>
        call("acquire", () => {
          if (!this.#isLast(seen, seen.flush)) return false;
          const epoch = Math.max(seen.epoch, after) + 1;
          this.#holding = { ...this.#holding, ...by, epoch, givenBack: null };
          return true;
        }),
      load: () => call("load", () => ({ ...this.disk.open(), restoredAt: this.#restoredAt })),
      read: (object, positions) =>
        call("read", () =>
          this.disk.read(
            object,
            positions.toSorted((a, b) => a - b),
          ),
        ),
      flush: (by, flush, at) => call("flush", () => this.#write(by, () => this.#flush(flush, at))),
      markRestored: (by, at) =>
        call("markRestored", () =>
          this.#write(by, () => {
            this.#restoredAt = Math.max(at, (this.#restoredAt ?? -1) + 1);
          }),
        ),
      setBack: (by, to) => call("setBack", () => this.#write(by, () => this.disk.setBack(to))),
      giveBack: (by, givenBack) =>
        call("giveBack", () =>
          this.#write(by, () => {
            this.#holding = { ...this.#holding, givenBack };
          }),
        ),
      beat: (beat) => call("beat", () => void this.#peers.set(beat.name, { ...beat, at: this.#clock.now })),
      peers: () =>
        call("peers", () =>
          Array.from(this.#peers.values(), ({ at, ...beat }): Peer => ({ ...beat, seenMsAgo: this.#clock.now - at })),
        ),
      reset() {
        cut.abort();
        cut = new AbortController();
      },
    };
  }

  /** As after a restore of an older copy of the database. */
  set holding(holding: Holding) {
    this.#holding = holding;
  }

  get holding(): Holding {
    return this.#holding;
  }

  #isLast({ epoch }: Writer, flush: number): boolean {
    return this.#holding.epoch === epoch && this.#holding.flush === flush;
  }

  #write(by: Writer, work: () => void): boolean {
    if (!this.#isLast(by, by.flush - 1)) return false;
    this.#holding = { ...this.#holding, flush: by.flush, givenBack: null };
    work();
    return true;
  }

  #flush(flush: Flush, at: number): void {
    this.disk.flush(flush, at);
    const position = Math.max(this.#holding.position, flush.rows.at(-1)?.position ?? 0);
    this.#holding = { ...this.#holding, position };
  }
}
