import type { Disk } from "../../durable-objects/node/log/disk.ts";
import { LeasedDisk } from "../../durable-objects/node/shared/leased-disk.ts";
import type { SharedDatabase } from "../../durable-objects/node/shared/shared-database.ts";
import type { Draws } from "../../simulators/draws.ts";
import { MemoryDatabase, type Way } from "../kit/memory-database.ts";
import type { MemoryDisk } from "../kit/memory-disk.ts";
import { draws, type WorldContext } from "./context.ts";
import type { EdgeMachine, EdgeState } from "./edge-machine.ts";
import type { EdgeProcess } from "./edge-process.ts";
import { slowestFlushMs } from "./file-state.ts";

const writes: ReadonlySet<string> = new Set(["flush", "acquire", "giveBack"] satisfies (keyof SharedDatabase)[]);

const reads: ReadonlySet<string> = new Set(["load", "read"] satisfies (keyof SharedDatabase)[]);

/** The state of two edges, in a database between which and them all fails that can. */
export class SharedState implements EdgeState {
  readonly database: MemoryDatabase;
  /** When an edge last had an answer of a machine of the database that was replaced. */
  misreadAt = 0;
  readonly #context: WorldContext;
  readonly #draws;
  readonly #disks = new WeakMap<EdgeProcess, LeasedDisk>();
  /** With its next answer, once an edge knows that its flush is there. */
  #failing: { readonly process: EdgeProcess; isKnown: boolean } | null = null;

  constructor(context: WorldContext, disk: MemoryDisk) {
    this.#context = context;
    this.#draws = draws(context, "database");
    this.database = new MemoryDatabase(context.clock, disk);
    this.database.isFencing = !context.lie.writesForReplacedEdges;
  }

  isCurrent({ name }: EdgeProcess): boolean {
    return this.database.holding.life === name;
  }

  mayAct(process: EdgeProcess): boolean {
    return this.isCurrent(process) && (this.#disks.get(process)?.mayAct ?? false);
  }

  died(): void {}

  diskOf(machine: EdgeMachine, process: EdgeProcess): Disk {
    const { clock, edgeNow } = this.#context;
    // No clock of these machines is any other's: one begins elsewhere, and goes a little slower or faster.
    const [beganAt, pace] = [this.#draws.between(0, 1_000_000), 1 + (this.#draws.next() - 0.5) / 125];
    const disk = new LeasedDisk({
      database: this.#databaseFor(machine, process),
      timers: process,
      passedMs: () => beganAt + clock.now * pace,
      now: edgeNow,
      log: ({ event }) => this.#context.tell(() => `${process.name}: ${event}`),
      self: { name: machine.name, life: process.name, url: `http://${machine.name}`, version: "1" },
      settings: () => "same",
    });
    this.#disks.set(process, disk);
    process.onAnswer = () => {
      if (this.#failing?.process !== process || !this.#failing.isKnown) return;
      this.#failing = null;
      this.failOver(machine.faults.draws);
    };
    return disk;
  }

  failOver(draws: Draws): void {
    this.database.failOver();
    this.isAwayFor(draws.between(500, 8_000));
  }

  isAwayFor(ms: number): void {
    this.database.isAway = true;
    this.#context.clock.after(ms, () => {
      this.database.isAway = false;
    });
  }

  /** As an operator asks for it: the other one acts from now on. */
  handOver(process: EdgeProcess): void {
    const disk = this.#disks.get(process);
    if (disk && process.acts) void process.begun.handOver(() => disk.handOver());
  }

  #databaseFor(machine: EdgeMachine, process: EdgeProcess): SharedDatabase {
    const { faults } = machine;
    let lateMs = 0;
    const ms = () => {
      const passMs = this.#draws.between(1, 4) + lateMs;
      lateMs = 0;
      return passMs;
    };
    const database = this.database.connect((what) => {
      if (what === "flush" && faults.hits("flush slow")) lateMs = faults.draws.between(100, slowestFlushMs);
      if (!writes.has(what) && faults.hits("database reads slow")) lateMs = faults.draws.between(20, 3_000);
      return this.#wayOf(machine, process, what);
    }, ms);
    return Object.fromEntries(
      Object.entries(database).map(([name, call]: [string, (...asked: never[]) => unknown]) => [
        name,
        (...asked: never[]) => {
          if (name === "flush") this.#beforeFlush(machine, process);
          const answer = call(...asked);
          if (!(answer instanceof Promise)) return answer;
          const heard = process.heard(answer);
          if (name === "holding")
            heard.then(
              () => this.#knows(process),
              () => {},
            );
          return heard;
        },
      ]),
    ) as unknown as SharedDatabase;
  }

  #knows(process: EdgeProcess): void {
    if (this.#failing?.process === process) this.#failing.isKnown = true;
  }

  #beforeFlush(machine: EdgeMachine, process: EdgeProcess): void {
    const { faults } = machine;
    if (!faults.hits("process killed amid a flush")) return;
    this.#context.clock.after(faults.draws.between(0, 8), () => process.isAlive && machine.kill("amid a flush"));
  }

  #wayOf(machine: EdgeMachine, process: EdgeProcess, what: keyof SharedDatabase): Way {
    const { isCut, faults } = machine;
    if (isCut) return "lost";
    if (reads.has(what) && faults.hits("replaced database read")) {
      this.misreadAt = this.#context.clock.now;
      return "replaced";
    }
    if (!writes.has(what)) return faults.hits("database reads fail") ? "refused" : "well";
    if (this.#context.edgeMachines.isDiskFull || faults.hits("flush fails")) return "refused";
    if (faults.hits(process.isAsked ? "replica not waited for by an answer" : "replica not waited for")) {
      // A replica that falls out often begins a longer fault; worst of all once somebody has relied on it.
      if (faults.draws.chance(0.5)) this.#failing = { process, isKnown: false };
      return "alone";
    }
    if (!faults.hits("flush in doubt")) return "well";
    return faults.draws.chance(0.5) ? "unheard" : { unheardAfterMs: faults.draws.between(100, 6_000) };
  }
}
