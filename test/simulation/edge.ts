import { standsAtMostMs } from "../../durable-objects/cloudflare/standing-clock.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { objectKinds, type Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { Sql, SqlValue } from "../../durable-objects/platform/platform.ts";
import type { HttpAnswer, PostRequest } from "../../durable-objects/platform/post.ts";
import type { Draws } from "../../simulators/draws.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { isEnd } from "../../src/conference/server/debts.ts";
import type { Outgoing } from "../../src/conference/server/posts.ts";
import type {
  ActionId,
  BridgeName,
  CommandId,
  ConfKey,
  DomainName,
  EpochMs,
  ExtConfId,
  MsgId,
} from "../../src/foundation/ids.ts";
import { checkHosts, deliver } from "../../src/routing/deliver.ts";
import type { AgentReports, ConferenceRpc } from "../../src/rpc/conference.ts";
import type { CountRow, DirectoryRpc } from "../../src/rpc/directory.ts";
import type { ObjectName } from "../../src/rpc/objects.ts";
import type { CommandsForBridge } from "../../src/rpc/relay.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { StoredEntries } from "../../src/timeline/history.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";
import { bridgeOn, conferenceOn } from "../kit/database.ts";
import { draws, type WorldContext } from "./context.ts";
import { slowestFlushMs } from "./edge-machine.ts";
import type { Statement } from "./edge-process.ts";
import { Fault, type Hosted, type Life, never } from "./hosted.ts";
import type { NodeRuntime } from "./node-runtime.ts";
import { RelayHost } from "./relay-host.ts";
import { ResendJudge } from "./resend-judge.ts";
import { judgeEdgeLine } from "./shown-judge.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { type WorkersLife, WorkersObject } from "./workers-object.ts";

/** The way from an outbox to WebEx; `origin` is the object that posts, in this life of it. */
export type PostToWebex = (origin: Hosted, life: number, request: PostRequest) => Promise<HttpAnswer>;

interface Queued {
  readonly transId: string;
  readonly oneAttempt?: true;
  readonly messages: readonly Outgoing[];
}

/** A document as its conference gives it up. */
export type GivenUp = Pick<Extract<ConferenceInput, { type: "undelivered" }>, "messages" | "of">;

/** Calls that only compare a conference with its bridge. */
const checks: ReadonlySet<string> = new Set(["conference.sweep", "conference.compareDigest", "relay.askForSnapshot"]);
/** The key of a command's entry begins so. */
const commandKey = "command/";

/** What the Workers and objects of all domains share: only their names keep them apart. */
export interface Shared {
  readonly edges: Map<DomainName, Edge>;
  /** The Worker process that gets the next post. */
  readonly worker: WorkerProcess;
  /** `null`: the model of Cloudflare. */
  readonly runtime: NodeRuntime | null;
}

/** On plain Node, what an object has written is heard of once it is on disk. */
const writtenWithinMs = 3_000;
const webhookSecret = `whsec_${btoa("a secret of this simulation")}`;

/** One domain's part of the edge: Workers and objects, all of them the product's own but for their platform. */
export class Edge {
  readonly conferences = new Map<ConfKey, Hosted<Whole<"conference">>>();
  readonly measures = new Measures();
  readonly mailbox: Hosted<Whole<"mailbox">>;
  readonly allocator: Hosted<Whole<"idAllocator">>;
  readonly handles: Hosted<Whole<"handles">>;
  readonly directory: Hosted<Whole<"directory">>;
  readonly relays: readonly RelayHost[];
  readonly resends: ResendJudge;
  /** Hears of documents that conferences give up; `all`: the conference has lived since it decided on what they say. */
  onGivenUp: (confKey: ConfKey, givenUp: GivenUp, all: boolean) => void = () => {};
  /** Hears that a conference tells its server what that has missed. */
  onCaughtUp: (confKey: ConfKey) => void = () => {};
  /** Whether WebEx has moved this handle's meeting on. */
  isReplaced: (extConfId: ExtConfId) => boolean = () => false;
  /** Hears of transactions that are of such requests alone, and the keys of what they changed, documents aside. */
  onLateRequests: (confKey: ConfKey, requests: readonly FromWebex[], changed: readonly string[]) => void = () => {};
  /** Hears that a conference has decided to announce its end. */
  onEnd: (confKey: ConfKey) => void = () => {};
  /** Hears of answers that belong to no conference and are given up. */
  onMailGivenUp: (transId: string) => void = () => {};
  /** Hears that commands leave. */
  onCommands: (confKey: ConfKey) => void = () => {};
  /** Hears of each call of an object or a Worker, as it leaves; at Cloudflare. */
  onCall: (kind: ObjectName, method: string) => void = () => {};
  /** The bridge that holds a conference. */
  ownBridgeOf: (confKey: ConfKey) => BridgeName | null = () => null;
  /** Document and message → when that was decided on: it may then wait behind the attempts of others. */
  readonly #madeAt = new Map<string, number>();
  /** The ids of all events that the receiver of webhooks has got. */
  readonly webhooks = new Set<string>();
  /** Posts of WebEx so far. */
  posts = 0;
  /** When each conference committed last, by its own time. */
  readonly #lastAt = new Map<ConfKey, number>();
  /** Documents that a replaced server is owed. */
  readonly #owed = new Set<string>();
  /** Messages of conferences. */
  readonly #messages = new Set<MsgId>();
  /** What each life of the mailbox's disk has counted last. */
  readonly mailCounts = new Map<string, CountRow>();
  /** What operators did. */
  readonly #actions = new Set<string>();
  readonly #context: WorldContext;
  readonly domain: Domain;
  readonly #post: PostToWebex;
  readonly #shared: Shared;
  #firstSweepInMs: number | null;
  #ids = 0;
  readonly #nonces: Draws;

  constructor(context: WorldContext, shared: Shared, domain: Domain, post: PostToWebex) {
    this.#context = context;
    this.#shared = shared;
    this.domain = domain;
    shared.edges.set(domain.name, this);
    this.#post = post;
    this.#nonces = draws(context, "nonces");
    this.resends = new ResendJudge(context);
    this.resends.watch(this);
    this.#firstSweepInMs = draws(context, "sweep").between(20_000, 300_000);
    const { name } = domain;
    this.allocator = this.#host("idAllocator", name, "id allocator");
    this.mailbox = this.#host("mailbox", name, "mailbox");
    this.handles = this.#host("handles", name, "handle index");
    this.directory = this.#host("directory", name, "directory");
    this.relays = domain.settings.bridges.map(({ name: bridge }) => {
      const place = { domain: name, bridge: bridge as BridgeName };
      const hosted = this.#host("relay", `${name}/${bridge}`, `relay of ${bridge}`);
      return new RelayHost(context, place, domain.settings, hosted, shared.runtime);
    });
  }

  /** The part of this name, as the product's code asks for it. */
  #of(name: DomainName): Edge {
    const edge = this.#shared.edges.get(name);
    if (!edge) throw new Error(`there is no domain ${name}`);
    return edge;
  }

  get isOnNode(): boolean {
    return this.#shared.runtime !== null;
  }

  relayOf(bridge: BridgeName): RelayHost {
    const relay = this.relays.find(({ place }) => place.bridge === bridge);
    if (!relay) throw new Error(`there is no bridge ${bridge}`);
    return relay;
  }

  #host<Kind extends ObjectName>(kind: Kind, place: string, name: string): Hosted<Whole<Kind>> {
    const { runtime } = this.#shared;
    return runtime ? runtime.host(kind, place, name, this.#context) : this.#hostOnWorkers(kind, place, name);
  }

  #hostOnWorkers<Kind extends ObjectName>(kind: Kind, place: string, name: string): Hosted<Whole<Kind>> {
    const kept = new Map<string, unknown>();
    const build = ({ send, ...life }: WorkersLife) => {
      const { life: born } = hosted;
      let hasBegun = false;
      const whole = this.make(kind, hosted, {
        ...life,
        sql: kind === "conference" ? this.#watched(place, life.sql) : life.sql,
        kept: {
          get: <Value>(of: string) => kept.get(of) as Value | undefined,
          put: (of, value) => void kept.set(of, value),
        },
        sockets: () =>
          this.#relayAt(kind, place)?.sockets(
            () => hosted.life === born,
            () => hasBegun,
          ) ?? [],
        outside: (work) => send(() => work(async () => {})),
        call: (of, at, method, asked) =>
          send(() => this.#answered(kind, hosted, of, method, asked, this.reach(of, at, method, asked))),
      });
      hasBegun = true;
      return whole as Whole<Kind>; // No kind of these worlds is made with a pause.
    };
    const stands = {
      atMostMs: kind === "relay" ? standsAtMostMs.relay : standsAtMostMs.others,
      ends: () => this.#relayAt(kind, place)?.cut(),
    };
    const hosted: WorkersObject<Whole<Kind>> = new WorkersObject(name, this.#context, build, stands);
    return hosted;
  }

  /** A call on the platform. */
  reach(kind: ObjectName, place: string, method: string, asked: readonly unknown[]): Promise<unknown> {
    const edge = this.#of(place.split("/")[0] as DomainName);
    edge.onCall(kind, method);
    const hosted = edge.hostedOf(kind, place) as WorkersObject<object>;
    const work = (object: object) => edge.invoke(kind, place, object, method, asked);
    return hosted.call(work, checks.has(`${kind}.${method}`) ? "checks" : "calls");
  }

  /** What a relay hears of a conference may be never, or a lie. */
  #answered(
    by: ObjectName,
    { faults }: Hosted,
    kind: ObjectName,
    method: string,
    asked: readonly unknown[],
    answer: Promise<unknown>,
  ): Promise<unknown> {
    if (by !== "relay" || kind !== "conference") return answer;
    const { acksFailedReports, compares } = this.#context.lie;
    const told = answer.then(
      (value) => (method === "compareDigest" ? (compares ?? value) : value),
      (error: unknown) => {
        const { number } = (method === "report" && (asked as [AgentReports])[0].reports.at(-1)) || {};
        if (acksFailedReports && number !== undefined) return number;
        throw error;
      },
    );
    if (!faults.hits("conference hangs")) return told;
    told.catch(() => {});
    return never();
  }

  #relayAt(kind: ObjectName, place: string): RelayHost | undefined {
    return kind === "relay" ? this.relayOf(place.split("/")[1] as BridgeName) : undefined;
  }

  /** The object of this kind at this place: `local/555120777`. */
  hostedOf(kind: ObjectName, place: string): Hosted {
    if (kind === "conference") return this.conference(place.split("/")[1] as ConfKey);
    const { allocator: idAllocator, mailbox, handles, directory } = this;
    const relay = this.#relayAt(kind, place)?.hosted;
    const hosted: Partial<Record<ObjectName, Hosted>> = {
      idAllocator,
      mailbox,
      handles,
      directory,
      ...(relay && { relay }),
    };
    const { [kind]: found } = hosted;
    if (!found) throw new Error(`no world has an object ${kind}/${place}`);
    return found;
  }

  /** One life of an object: the product's own code over the ports of its runtime. */
  make<Kind extends ObjectName>(kind: Kind, hosted: Hosted, life: Life): Whole<Kind> {
    const objects = stubsBy({
      call: (of, place, method, asked) => this.#ask(hosted, life, of, place, method, asked),
      connect: () => Promise.reject(new Error("no object of a world opens a socket")),
    });
    const { restoredAt, ...ports } = life;
    const { life: born } = hosted;
    return objectKinds[kind]({
      ...ports,
      ...(restoredAt !== null && { restoredAt }),
      ...objects,
      sockets: { all: () => life.sockets() },
      setAlarm: kind === "idAllocator" ? (at) => life.setAlarm(this.#firstAlarm(at)) : life.setAlarm,
      measures: this.measures,
      log: (line) => this.#logged(hosted, line),
      post: (request) => life.outside(() => this.#posted(hosted, born, request)),
      newId: () => `id-${++this.#ids}`,
      fetch: () => Promise.reject(new Error("no object of a world fetches")),
      secret: () => webhookSecret,
      domain: (name) => this.#shared.edges.get(name)?.domain ?? null,
      allocateIds: (request) => objects.idAllocator(request.domain).allocate(request),
      nonce: () => String(this.#nonces.between(0, Number.MAX_SAFE_INTEGER)),
    });
  }

  /** The domain had conferences before: its rounds come at any time. */
  #firstAlarm(at: EpochMs): EpochMs {
    const inMs = this.#firstSweepInMs;
    this.#firstSweepInMs = null;
    return inMs === null ? at : this.#context.edgeNow() + inMs;
  }

  #logged(hosted: Hosted, line: LogLine): void {
    const { tell, violated } = this.#context;
    tell(() => `${hosted.name}: ${line.event} ${line.agent ?? ""} ${line.note ?? line.why ?? ""}`);
    judgeEdgeLine(violated, line);
    if (line.event === "post-given-up" && hosted === this.mailbox) this.onMailGivenUp(String(line.transId));
    // No number, ID or name of these worlds is too long.
    if (line.event === "message-unwritable" || line.event === "message-repaired")
      violated("what is posted is of the protocol", String(line.why));
  }

  async #posted(hosted: Hosted, born: number, request: PostRequest): Promise<HttpAnswer> {
    if (hosted !== this.directory) return this.#post(hosted, born, request);
    if ("headers" in request) this.webhooks.add(request.headers["webhook-id"] ?? "");
    return { kind: "answered", status: 204, body: new Uint8Array() };
  }

  /** What an object asks of another one. */
  #ask(by: Hosted, life: Life, kind: ObjectName, place: string, method: string, asked: readonly unknown[]) {
    if (kind === "directory" && method === "count" && by === this.mailbox) {
      const [, row] = asked as Parameters<DirectoryRpc["count"]>;
      if (row.version > (this.mailCounts.get(row.source)?.version ?? 0)) this.mailCounts.set(row.source, row);
    }
    if (kind === "relay" && method === "sendCommands") {
      const [sent] = asked as [CommandsForBridge];
      this.resends.sent(
        sent.conference,
        sent.commands.map(({ id }) => id),
      );
      this.onCommands(sent.conference);
      this.relayOf(sent.bridge).asked(sent);
    }
    return life.call(kind, place, method, asked);
  }

  /** What an object is asked. */
  async invoke(kind: ObjectName, place: string, object: object, method: string, asked: readonly unknown[]) {
    const answer = () =>
      (Reflect.get(object, method) as (...asked: readonly unknown[]) => unknown).apply(object, [...asked]);
    const confKey = place.split("/")[1] as ConfKey;
    switch (`${kind}.${method}`) {
      case "conference.report": {
        const [reports] = asked as [AgentReports];
        const upTo = await answer();
        const { chosenAt } = this.relayOf(reports.bridge).activeAgent;
        const flushMs = this.#shared.runtime ? slowestFlushMs : 0;
        if (reports.bridge === this.ownBridgeOf(confKey))
          this.resends.reported(reports, chosenAt, this.conference(confKey), flushMs);
        return upTo;
      }
      case "conference.ackCommands": {
        const [bridge, ids] = asked as Parameters<ConferenceRpc["ackCommands"]>;
        if (bridge === this.ownBridgeOf(confKey)) this.resends.acked(confKey, ids, this.conference(confKey).life);
        return answer();
      }
      case "conference.sweep":
        return this.#sweep(confKey, answer);
      default:
        return answer();
    }
  }

  /** The sweep hears of a failure and goes on, so a defect would be seen nowhere else. */
  async #sweep(confKey: ConfKey, sweep: () => unknown): Promise<unknown> {
    try {
      return await sweep();
    } catch (error) {
      const isFault = error instanceof Fault || /took longer/.test(String(error));
      if (!isFault) this.#context.violated("no rejection goes unhandled", `a sweep of ${confKey}: ${error}`);
      throw error;
    }
  }

  /** One post of WebEx to the adapter URL, from its bytes to the answer's status and text. */
  async receive(body: Uint8Array): Promise<{ readonly status: number; readonly text: string }> {
    this.posts += 1;
    const { codec, name: domain } = this.domain;
    const document = codec.decode(body);
    if (!document.ok) return { status: 200, text: codec.confirm(document.transId, document.result) };
    const { transId } = document;
    const { messages, verdict } = checkHosts(document.messages, this.domain.settings.webex);
    if (verdict !== null) return { status: 200, text: codec.confirm(transId, verdict) };
    const gathers = (answer: ToWebex) => this.domain.settings.webex.gatherMs > 0 && codec.sends(answer);
    const received = { domain, transId, messages, gathers };
    const { runtime, worker } = this.#shared;
    const now = this.#context.edgeNow();
    try {
      if (runtime) await runtime.request(({ objects, cache }) => deliver(received, objects, cache, now));
      else await deliver(received, worker.objects, worker.cache, now);
    } catch {
      return { status: 503, text: "" };
    }
    return { status: 200, text: codec.confirm(transId, "ok") };
  }

  /** When a conference decided on this message of this document; `null`: none did. */
  madeAt(transId: string, msgId: MsgId): number | null {
    return this.#madeAt.get(`${transId} ${msgId}`) ?? null;
  }

  /** Whether the server of this document was replaced: it waits for nothing else. */
  isOwed(transId: string): boolean {
    return this.#owed.has(transId);
  }

  /** Whether a conference has this answer to give, though a mailbox may post it. */
  isOfConference(msgId: MsgId): boolean {
    return this.#messages.has(msgId);
  }

  /** The bridge that a conference has chosen, if it has. */
  bridgeOf(confKey: ConfKey): BridgeName | null {
    const { disk } = this.conferences.get(confKey) ?? {};
    return disk ? bridgeOn(disk) : null;
  }

  /** Whether its server has missed something, and is to learn it. */
  isBehind(confKey: ConfKey): boolean {
    const { disk } = this.conferences.get(confKey) ?? {};
    return disk !== undefined && conferenceOn(disk).state.outages.size > 0;
  }

  /** The ids of the commands that a conference has issued and has no result of. */
  pendingCommands(confKey: ConfKey): CommandId[] {
    const { disk } = this.conferences.get(confKey) ?? {};
    return disk ? [...conferenceOn(disk).state.commands.keys()] : [];
  }

  objects(): Hosted[] {
    const relays = this.relays.map(({ hosted }) => hosted);
    return [...this.conferences.values(), this.mailbox, this.allocator, this.handles, this.directory, ...relays];
  }

  conference(confKey: ConfKey): Hosted<Whole<"conference">> {
    const known = this.conferences.get(confKey);
    if (known) return known;
    const hosted = this.#host("conference", `${this.domain.name}/${confKey}`, `conference ${confKey}`);
    this.conferences.set(confKey, hosted);
    return hosted;
  }

  /** Reads along what a conference commits. */
  #watched(place: string, { exec, transaction }: Sql): Sql {
    let written: Statement[] = [];
    return {
      transaction: (work) => {
        written = [];
        const value = transaction(work);
        this.committed("conference", place, written);
        return value;
      },
      exec: (query, ...bindings) => {
        if (!query.startsWith("SELECT")) written.push([query, bindings]);
        return exec(query, ...bindings);
      },
    };
  }

  /** This is on disk. */
  committed(kind: ObjectName, place: string, written: readonly Statement[]): void {
    if (kind !== "conference") return;
    const confKey = place.split("/")[1] as ConfKey;
    const hosted = this.conference(confKey);
    for (const [query, bindings] of written) this.#written(confKey, hosted, query, bindings);
    this.#judgeLate(confKey, written);
  }

  /** Whether all that WebEx asks here is under handles that were replaced. */
  #isLate(input: string): boolean {
    if (!input.startsWith('{"type":"webex"')) return false;
    const handles = [...input.matchAll(/"extConfId":"([^"]*)"/g)].map(([, handle]) => handle as ExtConfId);
    return handles.length > 0 && handles.every(this.isReplaced);
  }

  #judgeLate(confKey: ConfKey, written: readonly Statement[]): void {
    const rows = written.filter(([query]) => query.startsWith("INSERT INTO journal")).map(([, bindings]) => bindings);
    if (rows.length === 0 || !rows.every(([, , , input]) => this.#isLate(String(input)))) return;
    const requests = rows.flatMap(([, , , input]) => (JSON.parse(String(input)) as { messages: FromWebex[] }).messages);
    const changes = JSON.parse(String(rows.at(-1)?.[5] ?? "[]")) as StoredEntries;
    const changed = changes.map(([key]) => key).filter((key) => !key.startsWith("outbox/"));
    this.onLateRequests(confKey, requests, changed);
  }

  #written(confKey: ConfKey, { deaths }: Hosted, query: string, bindings: readonly SqlValue[]): void {
    if (query.startsWith("INSERT INTO journal")) {
      const [, at, , input, , changes] = bindings;
      const before = this.#lastAt.get(confKey) ?? 0;
      if (Number(at) < before)
        this.#context.violated("a conference's time never goes back", `${confKey}: ${before - Number(at)} ms`);
      this.#lastAt.set(confKey, Number(at));
      if (String(input).startsWith('{"type":"undelivered"')) this.#givenUp(confKey, String(input), deaths);
      if (String(input).startsWith('{"type":"operator"')) this.#operated(confKey, String(input));
      this.#judgeChanges(confKey, String(changes));
    } else if (query.startsWith("INSERT INTO entry")) {
      const [key, , value] = bindings;
      if (String(key).startsWith("outbox/")) this.#queued(confKey, JSON.parse(String(value)));
    } else if (query.startsWith("DELETE FROM entry")) {
      const [keys] = bindings;
      for (const key of JSON.parse(String(keys)) as readonly string[])
        if (key.startsWith(commandKey)) this.resends.finished(confKey, key.slice(commandKey.length));
    }
  }

  /** Of the changes in a row of the journal, those that the rules look at; parsing all of them would cost more than the rest. */
  #judgeChanges(confKey: ConfKey, changes: string): void {
    const start = `["${commandKey}`;
    for (let at = changes.indexOf(start); at >= 0; at = changes.indexOf(start, at + 1)) {
      const id = at + start.length;
      const end = changes.indexOf('"', id);
      if (changes.startsWith('",null]', end)) this.resends.finished(confKey, changes.slice(id, end));
    }
    if (/\["outage\/[^"]*",null\]/.test(changes)) this.onCaughtUp(confKey);
    const outbox = changes.indexOf('["outbox/'); // Behind the outbox comes nothing else.
    if (outbox < 0 || !changes.includes('"msgId"', outbox)) return;
    const rows = JSON.parse(`[${changes.slice(outbox)}`) as (readonly [key: string, row: Queued | null])[];
    for (const [, row] of rows) if (row) this.#queued(confKey, row);
  }

  #givenUp(confKey: ConfKey, input: string, deaths: readonly number[]): void {
    const givenUp = JSON.parse(input) as GivenUp;
    const lateMs = this.#shared.runtime ? writtenWithinMs : 0;
    const hasLived = ({ msgId }: GivenUp["messages"][number]) => {
      const madeAt = this.madeAt(givenUp.of?.transId ?? "", msgId);
      return madeAt !== null && !deaths.some((at) => at >= madeAt - lateMs);
    };
    this.onGivenUp(confKey, givenUp, givenUp.messages.every(hasLived));
  }

  #operated(confKey: ConfKey, input: string): void {
    const name = `${confKey} ${(JSON.parse(input) as { id: ActionId }).id}`;
    if (this.#actions.has(name)) this.#context.violated("an operator's action acts once", name);
    this.#actions.add(name);
  }

  #queued(confKey: ConfKey, { transId, oneAttempt, messages }: Queued): void {
    if (oneAttempt) this.#owed.add(transId);
    for (const message of messages) {
      const name = `${transId} ${message.msgId}`;
      this.#messages.add(message.msgId);
      if (this.#madeAt.has(name)) continue;
      this.#madeAt.set(name, this.#context.clock.now);
      if (isEnd(message)) this.onEnd(confKey);
    }
  }
}
