import type { LifePlace } from "../../durable-objects/node/runtime.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { Sql } from "../../durable-objects/platform/platform.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { type EdgeObjects, type ObjectName, objectMethods } from "../../src/rpc/objects.ts";
import type { WorldContext } from "./context.ts";
import type { Edge } from "./edge.ts";
import { EdgeMachine } from "./edge-machine.ts";
import type { AcceptedSocket, EdgeProcess, Statement } from "./edge-process.ts";
import type { Hosted } from "./hosted.ts";
import { NodeObject } from "./node-object.ts";
import { judgeEdgeLine } from "./shown-judge.ts";

/** To compare all that was read costs more than to read it: of so many lives, one is judged. */
const judgedLives = 3;

/** What calls of a runtime hear of a fault. */
const ofFault = /^(?:the object was unloaded|the edge stops|connection refused)/;

/** The product's own runtime in a process that may die at any step, over a disk that fails. All domains of a world share it. */
export class NodeRuntime {
  readonly machine: EdgeMachine;
  /** For a request of one call. */
  readonly #single: EdgeObjects;
  readonly #context: WorldContext;
  readonly #edges: ReadonlyMap<DomainName, Edge>;
  readonly #hosted = new Map<string, NodeObject<object>>();
  /** Why objects were made to die. */
  readonly #whys = new Set<string>();

  constructor(context: WorldContext, edges: ReadonlyMap<DomainName, Edge>) {
    this.#context = context;
    this.#edges = edges;
    this.#single = stubsBy({
      call: (...asked) => this.request(({ begun }) => begun.call(...asked)),
      connect: () => Promise.reject(new Error("agents of a world go to their relay")),
    });
    this.machine = new EdgeMachine(context, {
      make: (...asked) => this.#make(...asked),
      log: (line) => this.#log(line),
      died: (process) => this.#died(process),
      committed: (name, written) => this.#committed(name, written),
    });
  }

  host<Object extends object>(kind: ObjectName, place: string, name: string, context: WorldContext): Hosted<Object> {
    const [stubOf, key] = [this.#single[kind] as (...key: readonly string[]) => unknown, place.split("/")];
    const hosted = new NodeObject<Object>(name, context, this, () => stubOf(...key) as Object);
    this.#hosted.set(`${kind}/${place}`, hosted);
    return hosted;
  }

  /** As over HTTP: the answer comes once all that it stands on is on disk. */
  async request<Value>(work: (at: Pick<EdgeProcess, "objects" | "cache" | "begun">) => Promise<Value>): Promise<Value> {
    const { process } = this.machine;
    return process.request(() => work(process));
  }

  /** An agent asks for a socket: it gets that, or a refusal. */
  async connect(place: string, headers: Headers): Promise<AcceptedSocket | Response> {
    const { process } = this.machine;
    const answer = await this.request(({ begun }) => begun.connect("relay", place, headers));
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

  #died(process: EdgeProcess): void {
    for (const hosted of this.#hosted.values()) hosted.ended();
    for (const { relays } of this.#edges.values()) for (const relay of relays) relay.cut(process);
  }

  #committed(name: string, written: readonly Statement[] | null): void {
    const hosted = this.#hosted.get(name);
    if (!hosted) return;
    if (written === null) return hosted.disk.clear();
    for (const [query, bindings] of written) hosted.disk.exec(query, ...bindings);
    const [kind, ...place] = name.split("/");
    this.#edgeOf(place.join("/")).committed(kind as ObjectName, place.join("/"), written);
  }

  #log(line: LogLine): void {
    const { tell, violated } = this.#context;
    tell(() => `runtime: ${line.event} ${line.object ?? ""} ${line.conference ?? ""} ${line.why ?? ""}`);
    judgeEdgeLine(violated, line);
    if ((line.event === "object-broke" || line.event === "alarm-failed") && !this.isFault(String(line.why)))
      violated("nothing is thrown", `${line.object} ${line.conference ?? ""}: ${line.event}: ${line.why}`);
  }

  #edgeOf(place: string): Edge {
    const edge = this.#edges.get(place.split("/")[0] as DomainName);
    if (!edge) throw new Error(`there is no object ${place}`);
    return edge;
  }

  async #make(process: EdgeProcess, kind: ObjectName, place: string, life: LifePlace): Promise<Whole> {
    const edge = this.#edgeOf(place);
    const hosted = edge.hostedOf(kind, place) as NodeObject<object>;
    hosted.begun(life.abort);
    this.#judgeRead(hosted, life.sql);
    const whole = await edge.make(kind, hosted, {
      ...process.lifeIn(`${kind}/${place}`, life),
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

  #alarm(process: EdgeProcess, alarm: () => unknown): unknown {
    const { faults } = this.machine;
    if (faults.hits("process killed amid an alarm"))
      this.#context.clock.after(faults.draws.between(0, 10), () => {
        if (process.isAlive) this.machine.kill("amid an alarm");
      });
    return alarm();
  }

  /** What an object begins with is what its lives before have written. */
  #judgeRead({ name, disk, life }: Hosted, sql: Sql): void {
    if (life % judgedLives !== 0) return;
    const [read, written] = [contentOf(sql), contentOf(disk)];
    if (read !== written)
      this.#context.violated("what is read is what was written", `${name}: ${differenceOf(read, written)}`);
  }
}

/** All rows, whatever order SQLite gives to them. */
function contentOf(sql: Sql): string {
  const tables = sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").map(({ name }) => name);
  return tables
    .flatMap((name) => sql.exec(`SELECT * FROM ${name}`).map((row) => `${name} ${JSON.stringify(row)}\n`))
    .sort()
    .join("");
}

function differenceOf(read: string, written: string): string {
  const [one, other] = [read, written].map((text) => text.split("\n")) as [string[], string[]];
  const missing = other.find((row) => !one.includes(row));
  const made = one.find((row) => !other.includes(row));
  return missing ? `${missing} is missing` : `${made ?? "nothing"} was not written`;
}
