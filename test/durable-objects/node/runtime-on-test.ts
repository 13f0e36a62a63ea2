import { fdatasyncSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { KeptDoubt } from "../../../durable-objects/node/doubt.ts";
import type { Disk, Flush } from "../../../durable-objects/node/log/disk.ts";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import { type LifePlace, Runtime } from "../../../durable-objects/node/runtime.ts";
import type { LogLine } from "../../../durable-objects/platform/log.ts";
import type { Whole } from "../../../durable-objects/platform/object-kinds.ts";
import type { Timers } from "../../../src/foundation/time/timers.ts";
import { Clock } from "../../kit/clock.ts";

/** What a test's object does; all of its methods take and give plain data. */
export type Make = (place: LifePlace, name: string) => object;

/** In the turn of the event loop that asks for it, since the tests' time knows no other thread. */
export const atOnce = async (file: number) => fdatasyncSync(file);

/** A disk that fails when a test wants it to, and counts. */
export class DiskOnTest implements Disk {
  readonly probeEveryMs = 1_000;
  readonly #disk: SqliteDisk;
  /** Thrown by what writes; `null`: nothing fails. */
  fault: Error | null = null;
  /** What is read waits for this. */
  slow: Promise<void> | null = null;
  /** Flushes wait for this. */
  held: Promise<void> | null = null;
  readonly flushes: Flush[] = [];
  isKilled = false;

  constructor(file: string, after: Timers["after"]) {
    this.#disk = new SqliteDisk(file, { sync: atOnce, after });
  }

  open() {
    return this.#disk.open();
  }

  async read(object: number, positions: readonly number[]) {
    await this.slow;
    return this.#disk.read(object, positions);
  }

  async flush(flush: Flush, at: number): Promise<void> {
    await this.held;
    if (this.isKilled) await new Promise(() => {});
    if (this.fault) throw this.fault;
    this.flushes.push(flush);
    await this.#disk.flush(flush, at);
  }

  async probe(at: number): Promise<void> {
    if (this.fault) throw this.fault;
    await this.#disk.probe(at);
  }

  markRestored(at: number) {
    return this.#disk.markRestored(at);
  }

  async keepDoubt(doubt: KeptDoubt): Promise<void> {
    if (this.fault) throw this.fault;
    await this.#disk.keepDoubt(doubt);
  }

  close() {
    return this.#disk.close();
  }
}

/** A runtime over a real file, with a virtual clock and objects of a test. */
export class RuntimeOnTest {
  readonly clock = new Clock(1_800_000_000_000);
  readonly lines: LogLine[] = [];
  readonly file: string;
  disk: DiskOnTest;
  runtime!: Runtime;
  /** Objects that were made, in their order. */
  readonly made: string[] = [];
  readonly #make: Make;
  #ids = 0;

  private constructor(make: Make) {
    const folder = mkdtempSync(join(tmpdir(), "bridgehead-runtime-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    this.file = join(folder, "state.db");
    this.disk = this.#newDisk();
    this.#make = make;
  }

  /** `now`: what the clock shows then. */
  static async start(make: Make, now?: number): Promise<RuntimeOnTest> {
    const test = new RuntimeOnTest(make);
    test.clock.now = now ?? test.clock.now;
    await test.begin();
    return test;
  }

  #newDisk(): DiskOnTest {
    return new DiskOnTest(this.file, (ms, run) => this.clock.after(ms, run));
  }

  /** As after a kill: nothing of the life before is there but the file. */
  async begin(): Promise<void> {
    const { clock } = this;
    this.disk.isKilled = true;
    this.disk = this.#newDisk();
    this.runtime = await Runtime.start({
      disk: this.disk,
      clock: {
        now: () => clock.now,
        notBefore: (time) => {
          clock.now = Math.max(clock.now, time);
        },
        after: (ms, run) => clock.after(ms, run),
      },
      log: (line) => this.lines.push(line),
      newId: () => `id${this.#ids++}`,
      make: (kind, name, place) => {
        this.made.push(`${kind}/${name}`);
        return this.#make(place, name) as Whole;
      },
    });
  }

  /** The answer, once all that it stands on is on disk. */
  async ask(method: string, ...asked: readonly unknown[]): Promise<unknown> {
    return this.askOf("one", method, ...asked);
  }

  async askOf(name: string, method: string, ...asked: readonly unknown[]): Promise<unknown> {
    const gate = this.runtime.gate();
    const answer = this.runtime.call("sessions", name, method, asked).then(async (value) => {
      await gate();
      return value;
    });
    answer.catch(() => {});
    await this.clock.pass(0);
    return answer;
  }
}
