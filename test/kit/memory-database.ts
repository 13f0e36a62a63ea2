import { type KeptDoubt, noDoubt } from "../../durable-objects/node/doubt.ts";
import type { Flush } from "../../durable-objects/node/log/disk.ts";
import type { Beat, Holding, Peer, SharedDatabase, Writer } from "../../durable-objects/node/shared/shared-database.ts";
import { silentLongMs } from "../../src/operators/edge-pair.ts";
import type { Clock } from "./clock.ts";
import { MemoryDisk } from "./memory-disk.ts";

/**
 * What becomes of a call on its way: `lost`: it never comes; `unheard`: it comes, at once or later, and its
 * answer does not; `refused`: the database does nothing; `alone`: it is done on one machine, whose replica
 * was not waited for; `replaced`: a machine answers that was replaced, and does not know it.
 */
export type Way = "well" | "lost" | "unheard" | "refused" | "alone" | "replaced" | { readonly unheardAfterMs: number };

/** So long `PostgresDatabase` waits, as it asks for its tables, until a host has let it in and said something. */
const hostWithinMs = 4_000;

/** What one machine of the database has. */
interface Copy {
  readonly disk: MemoryDisk;
  holding: Holding;
  restoredAt: number | null;
  doubt: KeptDoubt;
}

/** A database that two edges share, in memory, with a replica: what `PostgresDatabase` does on a real one. */
export class MemoryDatabase {
  /** The lives of edges, each as it comes to act. */
  onAcquired: (life: string) => void = () => {};
  isAway = false;
  /** False: it lies, and writes for an edge that was replaced. */
  isFencing = true;
  readonly #clock: Clock;
  #primary: Copy;
  #replica: Copy;
  /** The last machine that was replaced; it does not know it. */
  #replaced: Copy;
  /** What the replica has not yet. */
  readonly #behind: ((copy: Copy) => void)[] = [];
  readonly #peers = new Map<string, Beat & { readonly at: number }>();
  readonly #connections = new Set<() => void>();

  /** `disk`: of the replica, which has what no single fault loses. */
  constructor(clock: Clock, disk = new MemoryDisk()) {
    const holding: Holding = {
      epoch: 0,
      flush: 0,
      holder: "",
      life: "",
      since: 0,
      why: "first",
      givenBack: null,
      position: 0,
    };
    this.#clock = clock;
    this.#replica = { disk, holding, restoredAt: null, doubt: noDoubt };
    this.#primary = copyOf(this.#replica);
    this.#replaced = this.#primary;
  }

  /** The way of one edge to it. */
  connect(wayOf: (what: keyof SharedDatabase) => Way = () => "well", ms: () => number = () => 1): SharedDatabase {
    const waiting = new Set<(why: unknown) => void>();
    const reset = () => {
      for (const reject of waiting) reject(new Error("the connection was cut"));
    };
    this.#connections.add(reset);
    const call = <Value>(what: keyof SharedDatabase, work: (asked: Copy) => Value): Promise<Value> => {
      return new Promise<Value>((resolve, fail) => {
        const reject = (why: unknown) => {
          waiting.delete(reject);
          fail(why);
        };
        waiting.add(reject);
        const way = wayOf(what);
        if (way === "lost") {
          if (what === "prepare") this.#clock.after(hostWithinMs, () => reject(new Error("no host of it answers")));
          return;
        }
        const lateMs = typeof way === "object" ? way.unheardAfterMs : 0;
        this.#clock.after(ms() + lateMs, () => {
          if (this.isAway) return reject(new Error("the database is away"));
          if (way === "refused") return reject(new Error("the database refuses it"));
          const before = this.#behind.length;
          let value: Value;
          try {
            value = work(way === "replaced" ? this.#replaced : this.#primary);
          } catch (error) {
            return reject(error);
          }
          if (way === "alone") return reject(new Error("the database did not wait for its replica"));
          // A commit waits for all before it; what changes nothing waits for nothing.
          if (this.#behind.length > before) this.#replicate();
          if (way !== "well" && way !== "replaced") return;
          this.#clock.after(ms(), () => {
            waiting.delete(reject);
            resolve(value);
          });
        });
      });
    };
    return {
      prepare: () => call("prepare", () => {}),
      holding: () => call("holding", () => this.holding),
      acquire: (seen, { after, ...by }) =>
        call("acquire", () => {
          if (this.holding.epoch !== seen.epoch || this.holding.flush !== seen.flush) return false;
          const epoch = Math.max(seen.epoch, after) + 1;
          this.#change((copy) => {
            copy.holding = { ...copy.holding, ...by, epoch, givenBack: null };
          });
          this.onAcquired(by.life);
          return true;
        }),
      load: (by) =>
        call("load", ({ disk, restoredAt, doubt, holding }) => {
          requireFlush(holding, by);
          return { ...disk.open(), restoredAt, doubt };
        }),
      check: () => call("check", () => void this.#primary.disk.open()),
      read: (by, object, positions) =>
        call("read", ({ disk, holding }) => {
          requireFlush(holding, by);
          return disk.read(
            object,
            positions.toSorted((a, b) => a - b),
          );
        }),
      flush: (by, flush, at) => call("flush", () => this.#write(by, (copy) => flushTo(copy, flush, at))),
      markRestored: (by, at) =>
        call("markRestored", () =>
          this.#write(by, (copy) => {
            copy.restoredAt = Math.max(at, (copy.restoredAt ?? -1) + 1);
          }),
        ),
      keepDoubt: (by, doubt) =>
        call("keepDoubt", () =>
          this.#write(by, (copy) => {
            copy.doubt = doubt;
          }),
        ),
      setBack: (by, to) => call("setBack", () => this.#write(by, ({ disk }) => disk.setBack(to))),
      giveBack: (by, givenBack) => call("giveBack", () => this.#write(by, () => {}, givenBack)),
      beat: (beat) =>
        call("beat", () => {
          const { now } = this.#clock;
          const known = this.#peers.get(beat.name);
          if (known && known.life !== beat.life && now - known.at <= silentLongMs) return false;
          for (const { life, name } of this.#peers.values()) if (life === beat.life) this.#peers.delete(name);
          this.#peers.set(beat.name, { ...beat, at: now });
          return true;
        }),
      leave: (life) =>
        call("leave", () => {
          for (const peer of this.#peers.values()) if (peer.life === life) this.#peers.delete(peer.name);
        }),
      view: () =>
        call("view", () => ({
          holding: this.holding,
          peers: Array.from(
            this.#peers.values(),
            ({ at, ...beat }): Peer => ({ ...beat, seenMsAgo: this.#clock.now - at }),
          ),
        })),
      reset,
    };
  }

  get disk(): MemoryDisk {
    return this.#primary.disk;
  }

  get holding(): Holding {
    return this.#primary.holding;
  }

  /** As after a restore of an older copy of the database. */
  set holding(holding: Holding) {
    this.#change((copy) => {
      copy.holding = holding;
    });
    this.#replicate();
  }

  /** The machine that everybody asks is lost, and its replica takes its place. */
  failOver(): void {
    this.#behind.length = 0;
    this.#replaced = this.#primary;
    this.#primary = copyOf(this.#replica);
    for (const reset of this.#connections) reset();
  }

  /** What puts back all that is in it now, as from a backup. */
  saved(): () => void {
    const { disk, ...others } = copyOf(this.#replica);
    return () => {
      this.#replica.disk.setTo(disk);
      Object.assign(this.#replica, others);
      this.failOver();
    };
  }

  #isNext({ epoch, flush, life }: Writer): boolean {
    const { holding } = this;
    return holding.epoch === epoch && holding.flush === flush - 1 && holding.life === life;
  }

  #write(by: Writer, change: (copy: Copy) => void, givenBack: Holding["givenBack"] = null): boolean {
    if (this.isFencing && !this.#isNext(by)) return false;
    this.#change((copy) => {
      change(copy);
      copy.holding = { ...copy.holding, flush: by.flush, givenBack };
    });
    return true;
  }

  #change(change: (copy: Copy) => void): void {
    change(this.#primary);
    this.#behind.push(change);
  }

  #replicate(): void {
    for (const change of this.#behind.splice(0)) change(this.#replica);
  }
}

function requireFlush({ epoch, life, flush }: Holding, by: Writer): void {
  if (epoch !== by.epoch || life !== by.life || flush < by.flush)
    throw new Error("this machine of the database has another state than the one that is written to");
}

function flushTo(copy: Copy, flush: Flush, at: number): void {
  copy.disk.flush(flush, at);
  const position = Math.max(copy.holding.position, flush.rows.at(-1)?.position ?? 0);
  copy.holding = { ...copy.holding, position };
}

function copyOf({ disk, ...others }: Copy): Copy {
  return { ...others, disk: disk.copy() };
}
