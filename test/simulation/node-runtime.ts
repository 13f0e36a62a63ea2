import type { LifePlace } from "../../durable-objects/node/runtime.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { Sql } from "../../durable-objects/platform/platform.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { type EdgeObjects, type ObjectName, objectMethods } from "../../src/rpc/objects.ts";
import { MemoryDisk } from "../kit/memory-disk.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import { EdgeMachine, type EdgeState } from "./edge-machine.ts";
import { type AcceptedSocket, type EdgeProcess, lifeIn } from "./edge-process.ts";
import { FileState } from "./file-state.ts";
import { Fault, type Hosted, type Life } from "./hosted.ts";
import { NodeObject } from "./node-object.ts";
import { SharedState } from "./shared-state.ts";
import { judgeEdgeLine } from "./shown-judge.ts";

/** To compare all that was read costs more than to read it: of so many lives, one is judged. */
const judgedLives = 3;
/** How often a load balancer asks which edge acts. */
const balancerAsksMs = 250;
/** Of two edges that could, one acts by then. */
const takeoverMs = 10_000;

/** What calls of a runtime hear of a fault. */
const ofFault =
  /^(?:the object rests|the edge cannot write its state|this edge stands by|the edge hands over|what the answer stands on|what is read of the object|the database refuses it|the connection was cut|the database is away|this machine of the database has another state|the database's answer about an object)/;

/**
 * The product's own runtime in processes that may die at any step: one over a disk that fails, or two over a
 * database. All domains of a world share it.
 */
export class NodeRuntime {
  readonly machines: readonly EdgeMachine[];
  /** `null`: there is one edge. */
  readonly shared: SharedState | null;
  /** For a request of one call. */
  readonly #single: EdgeObjects;
  readonly #context: WorldContext;
  readonly #edges: ReadonlyMap<DomainName, Edge>;
  readonly #hosted = new Map<string, NodeObject<object>>();
  readonly #state: EdgeState;
  /** Its state is an older one. */
  wasPutBack = false;
  /** The one of two that acts, as the load balancer knows. */
  #chosen: EdgeProcess | null = null;
  /** Epoch and flush of the database. */
  #written = "";
  /** Since when none of two acts though one could; `null`: it is not so. */
  #nobodySince: number | null = null;
  /** Why objects were made to die. */
  readonly #whys = new Set<string>();

  constructor(context: WorldContext, edges: ReadonlyMap<DomainName, Edge>, isPair: boolean) {
    this.#context = context;
    this.#edges = edges;
    const disk = new MemoryDisk(
      (name, statements) => {
        const hosted = this.#hosted.get(name);
        if (!hosted) return;
        for (const [query, bindings] of statements) hosted.disk.exec(query, ...bindings);
        const [kind, ...place] = name.split("/");
        this.#edgeOf(place.join("/")).committed(kind as ObjectName, place.join("/"), statements);
      },
      (name) => this.#hosted.get(name)?.disk.clear(),
    );
    this.shared = isPair ? new SharedState(context, disk) : null;
    this.#state = this.shared ?? new FileState(context, disk);
    this.#single = stubsBy({
      call: (...asked) => this.request(({ begun }) => begun.call(...asked)),
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
    if (this.shared) this.shared.database.onAcquired = (life) => this.#acquired(life);
    this.machines = (isPair ? ["edge-1", "edge-2"] : ["the edge"]).map(
      (name) =>
        new EdgeMachine(name, context, {
          state: this.#state,
          make: (...asked) => this.#make(...asked),
          log: (process, line) => this.#log(process, line),
          died: (process) => this.#died(process),
        }),
    );
    // Nobody asks anything before an edge acts.
    if (isPair) this.#balance(1);
  }

  get #reached(): EdgeProcess {
    const process = this.shared ? this.#chosen : this.machines[0]?.process;
    if (!process?.isAlive || !process.runtime) throw new Fault("connection refused");
    return process;
  }

  host<Object extends object>(kind: ObjectName, place: string, name: string, context: WorldContext): Hosted<Object> {
    const [stubOf, key] = [this.#single[kind] as (...key: readonly string[]) => unknown, place.split("/")];
    const hosted = new NodeObject<Object>(name, kind, context, this, () => stubOf(...key) as Object);
    this.#hosted.set(`${kind}/${place}`, hosted);
    return hosted;
  }

  /** As over HTTP: the answer comes once all that it stands on is on disk. */
  async request<Value>(
    work: (at: Pick<EdgeProcess, "objects" | "cache" | "begun">) => Promise<Value>,
    process = this.#reached,
  ): Promise<Value> {
    const answer = await process.request(() => work(process));
    this.leaves(process, "an answer");
    return answer;
  }

  /** An agent asks the edge of this number for a socket: it gets that, or a refusal. */
  async connect(edge: number, place: string, headers: Headers): Promise<AcceptedSocket | Response> {
    const { process } = this.machines[edge] ?? {};
    if (!process?.isAlive || !process.runtime) throw new Fault("connection refused");
    const answer = await this.request(({ begun }) => begun.connect("relay", place, headers), process);
    const socket = process.begun.acceptedBy(answer);
    return socket ? { process, socket } : answer;
  }

  isFault(why: string): boolean {
    return ofFault.test(why) || this.#whys.has(why);
  }

  /** An object dies alone. */
  breakObject(abort: (why: string) => void, why: string): void {
    this.#whys.add(why);
    abort(why);
  }

  /** All processes die. */
  kill(why: string): void {
    for (const machine of this.machines) machine.kill(why);
  }

  /** What puts back the state of now, while no process runs. */
  saved(): () => void {
    const all = [...this.#hosted.values()].map(({ disk }) => disk.saved());
    const database = this.shared?.database.saved();
    return () => {
      this.wasPutBack = true;
      for (const putBack of all) putBack();
      database?.();
    };
  }

  /** Something leaves this process, which is right only while it holds the lease. */
  leaves(process: EdgeProcess, what: string): void {
    if (!this.#state.mayAct(process))
      this.#context.violated("an edge that was replaced says nothing", `${process.name}: ${what}`);
  }

  #died(process: EdgeProcess): void {
    if (this.#state.isCurrent(process)) this.#endObjects();
    for (const { relays } of this.#edges.values()) for (const relay of relays) relay.cut(process);
  }

  /** Another process acts, or the same one begins anew. */
  #acquired(life: string): void {
    this.#context.tell(() => `${life} acts`);
    this.#endObjects();
    for (const { relays } of this.#edges.values()) for (const relay of relays) relay.replaced();
  }

  #endObjects(): void {
    for (const hosted of this.#hosted.values()) hosted.ended();
  }

  /** A load balancer asks both edges, and breaks off what is under way at one that acts no more. */
  #balance(inMs: number): void {
    const { clock, edgeMachines, violated } = this.#context;
    clock.after(inMs, () => {
      const chosen = this.machines.find(({ process }) => process.acts)?.process ?? null;
      if (chosen !== this.#chosen) this.#chosen?.breakOff();
      this.#chosen = chosen;
      edgeMachines.noneActs = chosen === null;
      const could = (chosen === null || !this.#hasWritten()) && this.#oneCould;
      this.#nobodySince = could ? Math.max(this.#nobodySince ?? clock.now, this.shared?.misreadAt ?? 0) : null;
      const sinceMs = clock.now - (this.#nobodySince ?? clock.now);
      if (sinceMs > takeoverMs) violated("one of two edges acts", `none for ${sinceMs} ms`);
      this.#balance(clock.now < balancerAsksMs ? 1 : balancerAsksMs);
    });
  }

  /** Since it was asked last. Of two edges, the one that acts does, if only that it acts. */
  #hasWritten(): boolean {
    if (!this.shared) return true;
    const { epoch, flush } = this.shared.database.holding;
    const before = this.#written;
    this.#written = `${epoch} ${flush}`;
    return this.#written !== before;
  }

  get #oneCould(): boolean {
    if (this.shared?.database.isAway || this.#context.edgeMachines.isDiskFull) return false;
    return this.machines.some(({ isCut, process }) => !isCut && process.isAlive && !process.standstill.isOn);
  }

  #log(process: EdgeProcess, line: LogLine): void {
    const { tell, violated } = this.#context;
    tell(() => `runtime: ${line.event} ${line.object ?? ""} ${line.conference ?? ""} ${line.why ?? line.disk ?? ""}`);
    judgeEdgeLine(violated, line);
    if ((line.event === "object-broke" || line.event === "alarm-failed") && !this.isFault(String(line.why)))
      violated("nothing is thrown", `${line.object} ${line.conference ?? ""}: ${line.event}: ${line.why}`);
    if (line.event === "storage-fails" && this.#state.isCurrent(process)) this.#endObjects();
  }

  #edgeOf(place: string): Edge {
    const edge = this.#edges.get(place.split("/")[0] as DomainName);
    if (!edge) throw new Error(`there is no object ${place}`);
    return edge;
  }

  async #make(process: EdgeProcess, kind: ObjectName, place: string, life: LifePlace): Promise<Whole> {
    const edge = this.#edgeOf(place);
    const hosted = edge.hostedOf(kind, place) as NodeObject<object>;
    // What was replaced may read whatever it likes: nothing comes of it.
    if (this.#state.isCurrent(process)) {
      hosted.begun(life.abort);
      this.#judgeRead(hosted, life.sql);
    }
    const whole = await edge.make(kind, hosted, {
      ...this.#leaving(process, lifeIn(process, life)),
      abort: (why) => hosted.die(why),
    });
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

  /** Looks at what leaves, and lets answers wait for a process that stands still. */
  #leaving(process: EdgeProcess, life: Life): Life {
    return {
      ...life,
      outside: (work) =>
        life.outside(async (mayLeave) => {
          const machine = this.#machineOf(process);
          if (machine?.faults.hits("edge frozen before a post")) {
            // While its connection is made. It may be replaced by the time when it goes on.
            machine.freeze();
            await new Promise<void>((go) => process.within(go));
          }
          await mayLeave();
          this.leaves(process, "a post");
          return process.heard(work(mayLeave));
        }),
    };
  }

  #machineOf(process: EdgeProcess): EdgeMachine | undefined {
    return this.machines.find((machine) => machine.process === process);
  }

  #alarm(process: EdgeProcess, alarm: () => unknown): unknown {
    const machine = this.#machineOf(process);
    if (machine?.faults.hits("process killed amid an alarm"))
      this.#context.clock.after(machine.faults.draws.between(0, 10), () => {
        if (process.isAlive) machine.kill("amid an alarm");
      });
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
