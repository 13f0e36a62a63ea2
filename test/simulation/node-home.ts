import { Home, type LifePlace } from "../../durable-objects/home/home.ts";
import type { HomeSocket } from "../../durable-objects/home/home-socket.ts";
import { HomeTime } from "../../durable-objects/home/home-time.ts";
import type { Disk } from "../../durable-objects/home/log/disk.ts";
import { keptIn } from "../../durable-objects/home/log/kept-values.ts";
import { stubsBy } from "../../durable-objects/home/stubs.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { Sql } from "../../durable-objects/platform/platform.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { HandleCache } from "../../src/routing/deliver.ts";
import { type AllObjects, type ObjectName, objectMethods } from "../../src/rpc/objects.ts";
import { draws, faultsOf, type WorldContext } from "./context.ts";
import { Database } from "./database.ts";
import type { Edge } from "./edge.ts";
import type { FaultSource } from "./faults.ts";
import { Dead, Fault, type Hosted, type Life, never } from "./hosted.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { judgeEdgeLine } from "./shown-judge.ts";

/** One life of the process with the product's home. */
interface Process {
  isAlive: boolean;
  /** `null`: it has not read its disk yet. */
  home: Home | null;
  readonly cache: HandleCache;
  /** Refuse the requests that are under way. */
  readonly waiting: Set<(error: Error) => void>;
  /** Brings the flush that is under way to disk; `null`: none is. */
  landing: (() => void) | null;
}

/** A frame leaves so long after what it says was decided. */
export const slowestFlushMs = 4_000;
/** To compare all that was read costs more than to read it: of so many lives, one is judged. */
const judgedLives = 3;

/** What calls of a home hear of a fault. */
const ofFault =
  /^(?:the object rests|the edge cannot write to its disk|what the answer stands on|what is read of the object)/;

/** The product's own home in a process that may die at any step, over a disk that fails. All domains of a world share it. */
export class NodeHome {
  readonly faults: FaultSource;
  /** As a request reaches them. */
  readonly objects: AllObjects;
  /** For a request of one call. */
  readonly #single: AllObjects;
  readonly #context: WorldContext;
  readonly #edges: ReadonlyMap<DomainName, Edge>;
  readonly #draws;
  readonly #hosted = new Map<string, NodeObject<object>>();
  readonly #disk = new MemoryDisk(
    (name, statements) => {
      const hosted = this.#hosted.get(name);
      if (!hosted) return;
      for (const [query, bindings] of statements) hosted.disk.exec(query, ...bindings);
      const [kind, ...place] = name.split("/");
      this.#edgeOf(place.join("/")).committed(kind as ObjectName, place.join("/"), statements);
    },
    (name) => this.#hosted.get(name)?.disk.clear(),
  );
  #process: Process | null = null;
  /** Why objects were made to die. */
  readonly #whys = new Set<string>();
  #ids = 0;
  /** Until then nothing can be written. */
  #failsUntil = 0;

  constructor(context: WorldContext, edges: ReadonlyMap<DomainName, Edge>) {
    this.#context = context;
    this.#edges = edges;
    this.#draws = draws(context, "disk");
    this.faults = faultsOf(context, "process of the edge");
    this.objects = stubsBy({
      call: async (...asked) => this.#running.home.call(...asked),
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
    this.#single = stubsBy({
      call: (...asked) => this.request(() => this.#running.home.call(...asked)),
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
    this.#begin();
  }

  get #running(): Process & { readonly home: Home } {
    const process = this.#process;
    if (!process?.home) throw new Fault("connection refused");
    return process as Process & { readonly home: Home };
  }

  get cache(): HandleCache {
    return this.#running.cache;
  }

  host<Object extends object>(kind: ObjectName, place: string, name: string, context: WorldContext): Hosted<Object> {
    const [stubOf, key] = [this.#single[kind] as (...key: readonly string[]) => unknown, place.split("/")];
    const hosted = new NodeObject<Object>(name, kind, context, this, () => stubOf(...key) as Object);
    this.#hosted.set(`${kind}/${place}`, hosted);
    return hosted;
  }

  /** As over HTTP: the answer comes once all that it stands on is on disk. */
  async request<Value>(work: () => Promise<Value>): Promise<Value> {
    const { home, waiting } = this.#running;
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    waiting.add(broken.reject);
    const mayLeave = home.gate();
    try {
      const answer = await Promise.race([work(), broken.promise]);
      await Promise.race([mayLeave(), broken.promise]);
      return answer;
    } finally {
      waiting.delete(broken.reject);
    }
  }

  /** An agent asks for a socket: it gets that, or a refusal. */
  async connect(place: string, headers: Headers): Promise<HomeSocket | Response> {
    const { home } = this.#running;
    const answer = await this.request(() => home.connect("relay", place, headers));
    return home.acceptedBy(answer) ?? answer;
  }

  /** Whether the process that runs now is still alive when this is called. */
  get isAlive(): () => boolean {
    const process = this.#process;
    return () => process?.isAlive ?? false;
  }

  isFault(why: string): boolean {
    return ofFault.test(why) || this.#whys.has(why);
  }

  /** An object dies alone. */
  breakObject(abort: (why: string) => void, why: string): void {
    this.#whys.add(why);
    abort(why);
  }

  /** The process dies, and with it all that is in memory. A flush that is under way is then on disk, or not. */
  kill(why: string): void {
    const process = this.#process;
    if (!process) return;
    this.#context.tell(() => `the edge's process dies: ${why}`);
    process.isAlive = false;
    this.#process = null;
    if (this.faults.draws.chance(0.5)) process.landing?.();
    for (const reject of process.waiting) reject(new Fault("the connection broke"));
    for (const hosted of this.#hosted.values()) hosted.ended();
    for (const { relays } of this.#edges.values()) for (const relay of relays) relay.cut();
    this.#context.clock.after(this.faults.draws.between(50, 3_000), () => this.#begin());
  }

  #begin(): void {
    const { clock, edgeNow } = this.#context;
    const process: Process = { isAlive: true, home: null, cache: new HandleCache(), waiting: new Set(), landing: null };
    this.#process = process;
    const time = new HomeTime({ wall: edgeNow, monotonic: () => clock.now });
    const after = (ms: number, run: () => void) => clock.after(ms, () => process.isAlive && run());
    const home = Home.start({
      disk: this.#diskOf(process),
      clock: { now: () => time.now(), notBefore: (at) => time.notBefore(at), after },
      log: (line) => process.isAlive && this.#log(line),
      newId: () => `id-${++this.#ids}`,
      make: (kind, place, life) => this.#make(process, kind, place, life),
    });
    void home.then((begun) => {
      process.home = begun;
    });
  }

  #diskOf(process: Process): Disk {
    const { clock, edgeMachines } = this.#context;
    const { faults } = this;
    const refuse = () => {
      if (edgeMachines.isDiskFull) throw new Fault("database or disk is full");
      if (clock.now < this.#failsUntil) throw new Fault("disk I/O error");
    };
    const pass = async (ms: number) => {
      await clock.wait(ms);
      if (!process.isAlive) await never();
    };
    return {
      open: async () => this.#disk.open(),
      read: async (object, positions) => {
        await pass(this.#draws.between(0, 3));
        return this.#disk.read(object, positions);
      },
      flush: async (flush, at) => {
        const land = () => this.#disk.flush(flush, at);
        process.landing = land;
        const ms = faults.hits("flush slow") ? faults.draws.between(100, slowestFlushMs) : this.#draws.between(1, 4);
        if (flush.images.length > 0 && faults.hits("process killed before images")) this.kill("before images");
        if (faults.hits("process killed amid a flush"))
          clock.after(faults.draws.between(0, ms), () => process.isAlive && this.kill("amid a flush"));
        await pass(ms);
        process.landing = null;
        refuse();
        if (faults.hits("flush fails")) {
          this.#failsUntil = clock.now + faults.draws.between(0, 4_000);
          if (faults.draws.chance(0.3)) land();
          throw new Fault("disk I/O error");
        }
        land();
      },
      probeEveryMs: 1_000,
      probe: async () => refuse(),
      markRestored: async () => {},
      close: async () => {},
    };
  }

  #log(line: LogLine): void {
    const { tell, violated } = this.#context;
    tell(() => `home: ${line.event} ${line.object ?? ""} ${line.conference ?? ""} ${line.why ?? line.disk ?? ""}`);
    judgeEdgeLine(violated, line);
    if ((line.event === "object-broke" || line.event === "alarm-failed") && !this.isFault(String(line.why)))
      violated("nothing is thrown", `${line.object} ${line.conference ?? ""}: ${line.event}: ${line.why}`);
    if (line.event === "storage-fails") for (const hosted of this.#hosted.values()) hosted.ended();
  }

  #edgeOf(place: string): Edge {
    const edge = this.#edges.get(place.split("/")[0] as DomainName);
    if (!edge) throw new Error(`there is no object ${place}`);
    return edge;
  }

  async #make(process: Process, kind: ObjectName, place: string, life: LifePlace): Promise<Whole> {
    const edge = this.#edgeOf(place);
    const hosted = edge.hostedOf(kind, place) as NodeObject<object>;
    hosted.begun(life.abort);
    this.#judgeRead(hosted, life.sql);
    const whole = await edge.make(kind, hosted, { ...ofProcess(process, life), abort: (why) => hosted.die(why) });
    return new Proxy(whole as Whole, {
      get: (_, name) => {
        const value: unknown = Reflect.get(whole, name);
        if (typeof value !== "function") return value;
        if (name === "alarm") return () => this.#alarm(process, () => value.call(whole));
        if (!(name in objectMethods[kind])) return value.bind(whole);
        return (...asked: readonly unknown[]) => edge.invoke(kind, place, whole, String(name), asked);
      },
    });
  }

  #alarm(process: Process, alarm: () => unknown): unknown {
    const { clock } = this.#context;
    if (this.faults.hits("process killed amid an alarm"))
      clock.after(this.faults.draws.between(0, 10), () => process.isAlive && this.kill("amid an alarm"));
    return alarm();
  }

  /** What an object begins with is what the log has of it, however much of that is in its image. */
  #judgeRead({ name, disk, life }: Hosted, sql: Sql): void {
    if (life % judgedLives !== 0) return;
    const [read, written] = [contentOf(sql), contentOf(disk)];
    if (read !== written)
      this.#context.violated("what is read is what was written", `${name}: ${differenceOf(read, written)}`);
  }
}

/** An object in that home. */
class NodeObject<Object extends object> implements Hosted<Object> {
  readonly name: string;
  readonly disk: Database;
  life = 0;
  readonly deaths: number[] = [];
  readonly billed = { calls: 0, checks: 0, alarms: 0, alarmsSet: 0 };
  readonly faults: FaultSource;
  readonly #context: WorldContext;
  readonly #home: NodeHome;
  readonly #stub: () => Object;
  /** Ends the present life; `null`: it is not in memory. */
  #abort: ((why: string) => void) | null = null;

  constructor(name: string, kind: ObjectName, context: WorldContext, home: NodeHome, stub: () => Object) {
    this.name = name;
    this.disk = Database.open(kind);
    this.#context = context;
    this.#home = home;
    this.#stub = stub;
    this.faults = faultsOf(context, name);
  }

  call<Value>(work: (object: Object) => Promise<Value>): Promise<Value> {
    return work(this.#stub());
  }

  deliver(work: (object: Object) => void): void {
    const done: unknown = work(this.#stub());
    if (!(done instanceof Promise)) return;
    done.catch((error: unknown) => {
      if (!(error instanceof Fault || this.#home.isFault(error instanceof Error ? error.message : String(error))))
        throw error;
    });
  }

  die(why: string): void {
    const abort = this.#abort;
    if (!abort) return;
    this.#context.tell(() => `${this.name} dies: ${why}`);
    this.ended();
    this.#home.breakObject(abort, why);
  }

  begun(abort: (why: string) => void): void {
    this.ended(); // It rested meanwhile.
    this.#abort = abort;
  }

  ended(): void {
    if (!this.#abort) return;
    this.#abort = null;
    this.life += 1;
    this.deaths.push(this.#context.clock.now);
  }
}

/** The ports of a life, which nothing leaves once its process is dead. */
function ofProcess(process: Process, life: LifePlace): Life {
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

function contentOf(sql: Sql): string {
  const tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").map(({ name }) => name);
  return tables
    .map((name) => sql.exec(`SELECT * FROM ${name}`))
    .flatMap((rows, index) => rows.map((row) => `${tables[index]} ${JSON.stringify(row)}\n`))
    .join("");
}

function differenceOf(read: string, written: string): string {
  const [one, other] = [read, written].map((text) => text.split("\n")) as [string[], string[]];
  const missing = other.find((row) => !one.includes(row));
  const made = one.find((row) => !other.includes(row));
  return missing ? `${missing} is missing` : `${made ?? "the order"} was not written`;
}
