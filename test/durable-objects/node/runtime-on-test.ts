import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { EdgeTime } from "../../../durable-objects/node/node-clock.ts";
import type { Disk, Flush, StoredRow } from "../../../durable-objects/node/rows/disk.ts";
import { stateFile } from "../../../durable-objects/node/rows/sqlite-file.ts";
import { type LifePlace, Runtime } from "../../../durable-objects/node/runtime.ts";
import type { RuntimeSocket } from "../../../durable-objects/node/runtime-socket.ts";
import type { LogLine } from "../../../durable-objects/platform/log.ts";
import type { Whole } from "../../../durable-objects/platform/object-kinds.ts";
import { Clock } from "../../kit/clock.ts";

/** What a test's object does; all of its methods take and give plain data. */
type Make = (place: LifePlace, name: string) => object;

/** A path in a folder of its own, which goes with the test. */
export function newStateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-state-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state.db");
}

/** Turns of the event loop in which all goes on that waits for no time. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
}

/** A real file that fails or waits when a test wants it to. */
export class DiskOnTest implements Disk {
  readonly #file: ReturnType<typeof stateFile>;
  /** What is read waits for this. */
  slow: Promise<void> | null = null;
  /** Flushes wait for this. */
  held: Promise<void> | null = null;
  /** Thrown by what writes. */
  fault: Error | null = null;
  lease?: NonNullable<Disk["lease"]>;
  readonly flushes: Flush[] = [];
  isClosed = false;

  constructor(file: string) {
    this.#file = stateFile(file);
  }

  async open() {
    return this.#file.open();
  }

  async schemaOf(name: string) {
    await this.slow;
    return this.#file.schemaOf(name);
  }

  async rowsOf(name: string, after: StoredRow | null) {
    return this.#file.rowsOf(name, after);
  }

  async write(flush: Flush): Promise<void> {
    await this.held;
    if (this.isClosed) await new Promise(() => {});
    if (this.fault) throw this.fault;
    this.flushes.push(flush);
    this.#file.write(flush);
  }

  async trustClock() {
    this.#file.trustClock();
  }

  async close() {
    this.isClosed = true;
    this.#file.close();
  }

  /** Flushes wait until the returned function is called. */
  hold(): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.held = promise;
    return async () => {
      if (this.held === promise) this.held = null;
      resolve();
      await settle();
    };
  }

  /** What is read waits until the returned function is called. */
  slowDown(): () => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.slow = promise;
    return async () => {
      this.slow = null;
      resolve();
      await settle();
    };
  }
}

/** A runtime over a real file, with a virtual clock and objects of a test. */
export class RuntimeOnTest {
  clock = new Clock(1_800_000_000_000);
  readonly file = newStateFile();
  disk = new DiskOnTest(this.file);
  runtime!: Runtime;
  readonly lines: LogLine[] = [];
  readonly fatal: unknown[] = [];
  /** Objects that were made, in their order. */
  readonly made: string[] = [];
  readonly #make: Make;
  #ids = 0;

  private constructor(make: Make) {
    this.#make = make;
  }

  static async start(make: Make): Promise<RuntimeOnTest> {
    const test = new RuntimeOnTest(make);
    await test.#begin();
    return test;
  }

  async #begin(): Promise<void> {
    const { clock, disk } = this;
    const now = () => clock.now;
    this.runtime = await Runtime.start({
      ...{ disk, timers: { after: (ms: number, run: () => void) => clock.after(ms, run) }, soon: process.nextTick },
      time: new EdgeTime({ wall: now, monotonic: now, sinceBoot: now }),
      log: (line) => this.lines.push(line),
      newId: () => `id${this.#ids++}`,
      fatal: (error) => this.fatal.push(error),
      make: (kind, name, place) => {
        this.made.push(`${kind}/${name}`);
        return this.#make(place, name) as Whole;
      },
    });
  }

  /** Nothing of the run before is there but the file. `now`: what the machine's clock shows then. */
  async killAndStart(now = this.clock.now): Promise<void> {
    await this.disk.close();
    this.clock = new Clock(now);
    this.disk = new DiskOnTest(this.file);
    await this.#begin();
  }

  /** The answer, which may not have left. */
  call(method: string, ...asked: readonly unknown[]): Promise<unknown> {
    return this.callOf("one", method, ...asked);
  }

  callOf(name: string, method: string, ...asked: readonly unknown[]): Promise<unknown> {
    const answer = this.runtime.call("sessions", name, method, asked);
    answer.catch(() => {});
    return answer;
  }

  /** The answer as it leaves. */
  ask(method: string, ...asked: readonly unknown[]): Promise<unknown> {
    return this.askOf("one", method, ...asked);
  }

  async askOf(name: string, method: string, ...asked: readonly unknown[]): Promise<unknown> {
    const value = await this.callOf(name, method, ...asked);
    await this.runtime.mayLeave();
    return value;
  }

  /** Connects a socket to the object `one`. `sent`: what has left over it. */
  async connect(headers: Readonly<Record<string, string>> = {}): Promise<{ socket: RuntimeSocket; sent: string[] }> {
    const answer = await this.runtime.connect("sessions", "one", new Headers(headers));
    const socket = this.runtime.acceptedBy(answer);
    if (!socket) throw new Error(`refused with ${answer.status}`);
    const sent: string[] = [];
    socket.attach({ send: (text) => sent.push(text), close: (code, reason) => sent.push(`closed ${code} ${reason}`) });
    await settle();
    return { socket, sent };
  }
}
