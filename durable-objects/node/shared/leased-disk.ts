import type { EpochMs } from "../../../src/foundation/ids.ts";
import { codeOf, reasonOf } from "../../../src/foundation/text/reason.ts";
import { type Timers, wait, within } from "../../../src/foundation/time/timers.ts";
import { type ActsSince, silentLongMs } from "../../../src/operators/edge-pair.ts";
import type { Log } from "../../platform/log.ts";
import { answeredFor, type KeptDoubt } from "../doubt.ts";
import {
  BeginsAnew,
  type Disk,
  type Flush,
  type Image,
  lettersOf,
  nothing,
  StandsBy,
  type Stored,
} from "../log/disk.ts";
import { NoState } from "../log/no-state.ts";
import { Lease } from "./lease.ts";
import {
  type Beat,
  type GivenBack,
  type Holding,
  type Peer,
  requireLatest,
  requireWhole,
  type SharedDatabase,
  type Writer,
} from "./shared-database.ts";

export interface LeasedDiskPorts {
  readonly database: SharedDatabase;
  readonly timers: Timers;
  /** Milliseconds since some moment, the machine's sleep included. Nobody can set it. */
  passedMs(): number;
  /** The machine's clock, for what people read. */
  now(): EpochMs;
  readonly log: Log;
  readonly self: Pick<Beat, "name" | "life" | "url" | "version">;
  settings(): string;
}

interface View {
  readonly holding: Holding;
  readonly silentMs: number;
  readonly peers: readonly Peer[];
}

/** Whoever stands by takes over once it has seen nothing new for so long. */
export const leaseMs = 3_000;
const renewEveryMs = leaseMs / 6;
const lookEveryMs = 200;
const beatEveryMs = 1_000;
const checkEveryMs = 60_000;
/** People ask, and strangers as often as they like. */
const sameViewForMs = 500;
/** Each flush says that the edge acts: this is for its name. */
const actingBeatEveryMs = 2_000;
/** An answer of the database that takes longer does not come: the connection may be cut. */
const answerWithinMs = 1_000;
/** The longest time between two looks at the other edge. What was seen longer ago is no sign that the other edge is silent. */
const betweenLooksMs = 2 * lookEveryMs + 2 * answerWithinMs;
const loadWithinMs = 10_000;
/** Several hosts may be asked, one after the other. */
const prepareWithinMs = 10_000;
const againAfterMs = 100;
/** Leaves the time of the last flush as it is. */
const longAgo: EpochMs = 0;
/** So long an edge that has handed over does not act: one that stands by looks much more often. */
const handedOverForMs = 4_000;
/** Each part of an image takes the database a while (0.06 ms was measured), and each letter its way there. */
const partWithinMs = 0.2;
const letterWithinMs = 0.0005;

/**
 * The disk of an edge that shares its state with another one. Who has the lease acts: the other can write
 * nothing, whatever it believes.
 */
export class LeasedDisk implements Disk {
  readonly renewEveryMs = renewEveryMs;
  readonly probeEveryMs = lookEveryMs;
  readonly #ports: LeasedDiskPorts;
  readonly #lease: Lease;
  /** The epoch in which this edge acts, and its last flush; `null`: it stands by. */
  #writer: Writer | null = null;
  /** What it has seen unchanged, and from when to when by passed time. */
  #seen: { readonly holding: Holding; readonly since: number; readonly at: number } | null = null;
  #isPrepared = false;
  /** Another edge has acted since this one read the state last. */
  #isOthers = false;
  /** Such an edge begins no other state in its place. */
  #hasSeenState = false;
  #isClosed = false;
  #beatAt = Number.NEGATIVE_INFINITY;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** Why it could not act, when it was checked last. */
  #fault: string | null = null;
  /** Until when it takes over no epoch that was handed over: its own one, or with `null` any. */
  #waits: { readonly until: number; readonly epoch: number | null } = { until: Number.NEGATIVE_INFINITY, epoch: null };
  /** Agents know an epoch as late as this. */
  #after = 0;
  /** Since when another edge has the name of this one. */
  #namelessSince: number | null = null;
  /** For so long that the other edge is no earlier life of this one. */
  #isNameless = false;
  #viewed: { readonly at: number; readonly view: Promise<View> } | null = null;

  constructor(ports: LeasedDiskPorts) {
    this.#ports = ports;
    this.#lease = new Lease(leaseMs, ports.passedMs);
  }

  get mayAct(): boolean {
    return this.#lease.isHeld;
  }

  /** In which this edge acts; `null`: it stands by. */
  get epoch(): number | null {
    return this.#writer?.epoch ?? null;
  }

  /** Begins to act where nobody else does; rejects with `StandsBy` where somebody may. */
  async open(): Promise<Stored> {
    const by = await this.#acquire();
    try {
      const stored = await this.renewing(this.#asked("its state", this.#ports.database.load(by), loadWithinMs));
      const tookOver = this.#isOthers;
      this.#isOthers = false;
      return { ...stored, tookOver };
    } catch (error) {
      // The other edge may be able to. Where it is not either, they take turns.
      this.#waits = { until: this.#ports.passedMs() + handedOverForMs, epoch: null };
      await this.#giveBack("handed over").catch(() => {});
      throw error;
    }
  }

  /** Holds the lease while this goes on, and nothing else is written. */
  async renewing<Value>(work: Promise<Value>): Promise<Value> {
    const ended = work.then(
      () => "ended" as const,
      () => "ended" as const,
    );
    const { database, timers } = this.#ports;
    while ((await Promise.race([ended, wait(timers, renewEveryMs)])) !== "ended")
      await this.#write((by) => database.flush(by, nothing, longAgo));
    return work;
  }

  async read(object: number, positions: readonly number[]): Promise<{ image: Image; bodies: readonly string[] }> {
    const by = this.#writer;
    if (!by) throw new StandsBy("this edge stands by");
    return this.#asked("an object", this.#ports.database.read(by, object, positions), loadWithinMs);
  }

  async flush(flush: Flush, at: EpochMs): Promise<void> {
    const parts = flush.images.reduce((sum, { parts, gone }) => sum + parts.length + gone.length, 0);
    const moreMs = Math.round(parts * partWithinMs + lettersOf(flush) * letterWithinMs);
    await this.#write((by) => this.#ports.database.flush(by, flush, at), answerWithinMs + moreMs);
  }

  async markRestored(at: EpochMs): Promise<void> {
    await this.#write((by) => this.#ports.database.markRestored(by, at));
  }

  async keepDoubt(doubt: KeptDoubt): Promise<void> {
    await this.#write((by) => this.#ports.database.keepDoubt(by, doubt));
  }

  /** See `SqliteDisk`. */
  async setBack(to: EpochMs): Promise<number> {
    const { lastAt, doubt } = await this.open();
    if (lastAt > to) await this.#write((by) => this.#ports.database.setBack(by, to));
    else await this.flush(nothing, to);
    await this.keepDoubt(answeredFor(doubt, lastAt - to));
    return lastAt - to;
  }

  /** `open` finds out. */
  async probe(): Promise<void> {}

  /** Who acts, for how long that one is silent, and who has said what: as of half a second ago at most. */
  view(): Promise<View> {
    const at = this.#ports.passedMs();
    if (!this.#viewed || at - this.#viewed.at >= sameViewForMs) {
      const view = this.#view();
      view.catch(() => {}); // Whoever asks hears of it.
      this.#viewed = { at, view };
    }
    return this.#viewed.view;
  }

  async #view(): Promise<View> {
    const { database, passedMs } = this.#ports;
    const view = await this.#asked("both edges", database.view());
    const silentMs = this.#writer || !this.#seen ? 0 : Math.round(passedMs() - this.#seen.since);
    return { ...view, silentMs };
  }

  /** All is on disk, and nothing of it is needed any more by this edge. */
  async handOver(): Promise<void> {
    this.#waits = { until: this.#ports.passedMs() + handedOverForMs, epoch: this.epoch };
    await this.#giveBack("handed over");
  }

  /**
   * Agents know a later epoch than this database, which was lost or put back: the next one is later still.
   */
  beginAfter(epoch: number): void {
    this.#after = Math.max(this.#after, epoch);
  }

  /** A database that is away may: it starts, or another machine takes its place. */
  mayComeBack(error: unknown): boolean {
    return !isRefused(error);
  }

  /** What is under way rejects, and nothing is acquired any more. */
  abandon(): void {
    this.#isClosed = true;
    this.#ports.database.reset();
  }

  /** Rejects where it acts, and the database does not hear that it acts no more. */
  async close(why: Exclude<GivenBack, "handed over"> = "stopped"): Promise<void> {
    this.#isClosed = true;
    const { database, self } = this.#ports;
    try {
      if (this.#writer) await this.#giveBack(why);
      await this.#asked("its name", database.leave(self.life)).catch(() => {});
    } finally {
      database.reset();
    }
  }

  async #giveBack(why: GivenBack): Promise<void> {
    const by = this.#writer;
    if (!by) throw new StandsBy("this edge stands by");
    this.#lease.end();
    this.#writer = null;
    const { database } = this.#ports;
    const isHeard = await this.#asked("the end of the lease", database.giveBack({ ...by, flush: by.flush + 1 }, why));
    if (!isHeard) throw new StandsBy("another edge acts");
  }

  /**
   * Sends the same again until it is there. It can be there from before: then the database has it, and
   * whoever reads it sees it. With a lease that is long over, nobody knows whether another edge acts: then
   * what is in memory is given up.
   */
  async #write(send: (by: Writer) => Promise<boolean>, withinMs = answerWithinMs): Promise<void> {
    const { database, passedMs, timers } = this.#ports;
    const giveUpAt = passedMs() + Math.max(leaseMs, 2 * withinMs);
    for (;;) {
      const last = this.#writer;
      if (last && this.#after > last.epoch) throw this.#lost(new BeginsAnew(`agents know the epoch ${this.#after}`));
      if (!last) throw new StandsBy("this edge stands by");
      const by = { ...last, flush: last.flush + 1 };
      const sentAt = passedMs();
      let found: Holding;
      try {
        if (await this.#asked("a flush", send(by), withinMs)) {
          this.#writer = by;
          this.#lease.extend(sentAt);
          if (sentAt - this.#beatAt >= actingBeatEveryMs) this.#beatLater();
          return;
        }
        found = await this.#asked("who acts", database.holding());
      } catch (error) {
        if (this.#isClosed || isRefused(error)) throw this.#lost(error);
        this.#reset();
        if (passedMs() + againAfterMs >= giveUpAt) throw this.#lost(error);
        await wait(timers, againAfterMs);
        continue;
      }
      if (found.epoch !== by.epoch || found.life !== by.life) throw this.#replaced(found);
      if (found.flush !== by.flush) throw this.#lost(new Error(`flush ${by.flush} was to follow ${found.flush}`));
      // It is there from before, and may be on one machine alone: the next one is on all, and it is behind
      // this one.
      this.#writer = by;
      send = (later) => database.flush(later, nothing, longAgo);
    }
  }

  #replaced({ holder }: Holding): Error {
    this.#writer = null;
    this.#lease.end();
    return new StandsBy(`${holder} acts`);
  }

  /** It is not known what is in the database: it begins anew with that. */
  #lost(error: unknown): Error {
    this.#lease.end();
    this.#writer = null;
    return error instanceof Error ? error : new Error(reasonOf(error));
  }

  async #acquire(): Promise<Writer> {
    const { self, now, log, passedMs } = this.#ports;
    const { life, name } = self;
    const holding = await this.#look();
    if (holding.life !== life) requireWhole(holding);
    requireLatest(holding);
    const why = this.#whyNow(holding);
    if (why === null)
      throw new StandsBy(holding.life === life ? "this edge has handed over" : `${holding.holder} acts`);
    // Also where the answer is lost, and it finds itself the next time.
    this.#isOthers ||= holding.life !== life;
    const sentAt = passedMs();
    const by = { holder: name, life, since: now(), why, after: this.#after };
    const found = await this.#acquired(holding, by);
    if (found.life !== life) throw new StandsBy(`${found.holder} acts`);
    const writer = { epoch: found.epoch, flush: found.flush, life };
    this.#writer = writer;
    this.#hasSeenState = true;
    this.#seen = null;
    this.#lease.extend(sentAt);
    this.#beatLater();
    const level = why === "silent" || why === "began anew" ? "warn" : "info";
    log({ level, event: "edge-acts", epoch: found.epoch, why });
    return writer;
  }

  /** Who acts then. */
  async #acquired(seen: Holding, by: Parameters<SharedDatabase["acquire"]>[1]): Promise<Holding> {
    const { database } = this.#ports;
    try {
      await this.#asked("the lease", database.acquire(seen, by));
      return await this.#asked("who acts", database.holding());
    } catch (error) {
      this.#reset();
      throw error;
    }
  }

  /** Why it may act now; `null`: somebody else acts, or may. */
  #whyNow({ epoch, life, givenBack }: Holding): ActsSince | null {
    const at = this.#ports.passedMs();
    const { until, epoch: own } = this.#waits;
    const waits = at < until && (own === null || own === epoch);
    if (this.#isClosed || (waits && givenBack === "handed over")) return null;
    if (epoch === 0) return "first";
    if (life === this.#ports.self.life) return "began anew";
    if (givenBack && givenBack !== "moved") return givenBack;
    return this.#seen && at - this.#seen.since >= leaseMs ? "silent" : null;
  }

  async #look(): Promise<Holding> {
    const { database, passedMs } = this.#ports;
    try {
      if (!this.#isPrepared) await this.#asked("its tables", database.prepare(!this.#hasSeenState), prepareWithinMs);
      this.#isPrepared = true;
      const askedAt = passedMs();
      const holding = await this.#asked("who acts", database.holding());
      if (this.#hasSeenState && holding.epoch === 0)
        throw new NoState(
          "the database's state is gone, and another one begins: stop both edges, and restore a backup",
        );
      this.#hasSeenState ||= holding.epoch > 0;
      const { holding: before, since, at: seenAt = 0 } = this.#seen ?? {};
      const at = passedMs();
      const isSame = before?.epoch === holding.epoch && before.flush === holding.flush;
      // Both machines may have slept, and whoever acts has not been able to say so since.
      const goesOn = isSame && at - seenAt <= betweenLooksMs;
      // It was so when it was read, at the earliest when it was asked for; counted from when it was heard.
      this.#seen = goesOn && since !== undefined ? { holding, since, at } : { holding, since: at, at };
      // It may take long, and whoever acts may fall silent meanwhile.
      if (askedAt - this.#checkedAt >= checkEveryMs) void this.#check();
      // The other edge and people hear of it later, should it fail.
      if (askedAt - this.#beatAt >= beatEveryMs) await this.#beat(holding, this.#fault).catch(() => {});
      return holding;
    } catch (error) {
      // The other one hears of what this release cannot read.
      if (isRefused(error)) await this.#beat({ position: 0 }, reasonOf(error)).catch(() => {});
      // What was not seen may have changed.
      this.#seen = null;
      if (!(error instanceof StandsBy)) this.#reset();
      throw error;
    }
  }

  /** The next connection may be to another machine. */
  #reset(): void {
    this.#isPrepared = false;
    this.#ports.database.reset();
  }

  /** Whether it could act: it reads all that a start needs. */
  async #check(): Promise<void> {
    const { database, passedMs } = this.#ports;
    this.#checkedAt = passedMs();
    try {
      await this.#asked("its state", database.check(), loadWithinMs);
      this.#fault = null;
    } catch (error) {
      this.#fault = reasonOf(error);
    }
  }

  /** What this edge is, for people; nothing waits for it. */
  #beatLater(): void {
    this.#beat({ position: 0 }, null).catch(() => {});
  }

  async #beat({ position }: Pick<Holding, "position">, fault: string | null): Promise<void> {
    const { database, self, settings, passedMs } = this.#ports;
    if (this.#isClosed) return;
    const at = passedMs();
    this.#beatAt = at;
    const beat = { ...self, settings: settings(), position, fault };
    if (await this.#asked("a beat", database.beat(beat))) {
      this.#namelessSince = null;
      this.#isNameless = false;
      return;
    }
    if (this.#isClosed) return;
    this.#namelessSince ??= at;
    // Before it started anew, it may have had the name itself.
    if (at - this.#namelessSince < silentLongMs) return;
    const says = `another edge is named ${self.name}, too`;
    if (!this.#isNameless) this.#ports.log({ level: "error", event: "edge-name-taken", why: says });
    this.#isNameless = true;
    const taken = { name: `${self.name} (${self.url})`, fault: says };
    await this.#asked("a beat", database.beat({ ...beat, ...taken }));
  }

  #asked<Value>(what: string, work: Promise<Value>, ms: number = answerWithinMs): Promise<Value> {
    return within(this.#ports.timers, ms, `the database's answer about ${what}`, work);
  }
}

/** Whether the database has refused it for what it is, and would again. https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isRefused(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === "NoState" || /^(?:22|23|28|3D|3F|42|ENOTFOUND|ERR_INVALID_URL)/.test(codeOf(error)))
  );
}
