import { Conference } from "../../durable-objects/conference/conference.ts";
import { Directory } from "../../durable-objects/directory/directory.ts";
import { DomainIds } from "../../durable-objects/ids/domain-ids.ts";
import { HandleIndex } from "../../durable-objects/ids/handle-index.ts";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import { Mailbox } from "../../durable-objects/mail/mailbox.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { Platform, Sql, SqlValue } from "../../durable-objects/platform/platform.ts";
import type { HttpAnswer, PostRequest } from "../../durable-objects/platform/post.ts";
import type { RelayPorts } from "../../durable-objects/relay/relay.ts";
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
  ExtConfId,
  MsgId,
} from "../../src/foundation/ids.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import { runningView } from "../../src/records/running.ts";
import type { StoredEntries } from "../../src/replay/history.ts";
import { checkHosts, deliver, type HandleCache } from "../../src/routing/deliver.ts";
import type { IdBlocks, IdRequest } from "../../src/rpc/id-allocator.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { fakeObjects } from "../fake-objects.ts";
import { draws, type WorldContext } from "./context.ts";
import { bridgeOn, conferenceOn, type Database } from "./database.ts";
import { Fault, Hosted, type Life } from "./hosted.ts";
import { RelayHost } from "./relay-host.ts";
import { ResendJudge } from "./resend-judge.ts";
import { judgeEdgeLine } from "./shown-judge.ts";

/** The way from an outbox to WebEx; `origin` is the object that posts. */
export type PostToWebex = (origin: Hosted<object>, request: PostRequest) => Promise<HttpAnswer>;

interface Queued {
  readonly transId: string;
  readonly oneAttempt?: true;
  readonly messages: readonly Outgoing[];
}

/** A document as its conference gives it up. */
export type GivenUp = Pick<Extract<ConferenceInput, { type: "undelivered" }>, "messages" | "of">;

/** The key of a command's entry begins so. */
const commandKey = "command/";

/** What the Workers and objects of all domains share: only their names keep them apart. */
export interface Shared {
  readonly edges: Map<DomainName, Edge>;
  readonly cache: HandleCache;
}

const webhookSecret = `whsec_${btoa("a secret of this simulation")}`;

/** One domain's part of the edge: Workers and objects, all of them the product's own but for their platform. */
export class Edge {
  readonly conferences = new Map<ConfKey, Hosted<Conference>>();
  readonly measures = new Measures();
  readonly mailbox: Hosted<Mailbox>;
  readonly allocator: Hosted<DomainIds>;
  readonly handles: Hosted<HandleIndex>;
  readonly directory: Hosted<Directory>;
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
  /** The bridge that holds a conference. */
  homeOf: (confKey: ConfKey) => BridgeName | null = () => null;
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
  /** In which life of its conference. */
  readonly #madeIn = new Map<string, number>();
  /** What the mailbox has counted, by its name and the number of the portion. */
  readonly mailPortions = new Map<string, readonly ActivityMinute[]>();
  /** What operators did. */
  readonly #actions = new Set<string>();
  readonly #context: WorldContext;
  readonly domain: Domain;
  readonly #post: PostToWebex;
  readonly #shared: Shared;
  readonly #objects: EdgeObjects;
  readonly #nonces: Draws;
  #allocators = 0;
  /** How often a relay was handed a limit of ids. */
  limitsHanded = 0;

  constructor(context: WorldContext, shared: Shared, domain: Domain, post: PostToWebex) {
    this.#context = context;
    this.#shared = shared;
    this.domain = domain;
    shared.edges.set(domain.name, this);
    this.#post = post;
    this.#nonces = draws(context, "nonces");
    this.resends = new ResendJudge(context);
    this.resends.watch(this);
    this.#objects = this.#makeObjects();
    this.allocator = this.#makeAllocator();
    this.mailbox = new Hosted(
      "mailbox",
      context,
      (life) =>
        new Mailbox({
          ...this.#ports(this.mailbox, life),
          nonce: () => String(this.#nonces.between(0, Number.MAX_SAFE_INTEGER)),
          directory: (name) => ({
            count: (...counted) => {
              const [, { name: mailbox, upTo }, minutes] = counted;
              // A portion that left does not change any more.
              this.mailPortions.set(`${mailbox} ${upTo}`, minutes);
              return life.send(() => this.#of(name).directory.call((directory) => directory.count(...counted)));
            },
          }),
        }),
    );
    this.handles = new Hosted(
      "handle index",
      context,
      ({ sql, after, send, setAlarm, getAlarm }) =>
        new HandleIndex({
          sql,
          after,
          setAlarm,
          getAlarm,
          log: (line) => {
            context.tell(() => `handle index: ${line.event} ${line.why ?? ""}`);
            judgeEdgeLine(context.violated, line);
          },
          now: () => context.edgeNow(),
          retentionMs: (name) => this.#of(name).domain.settings.journalRetentionDays * 86_400_000,
          hasHandle: (name, { confKey, extConfId }, claimedBy) =>
            send(() =>
              this.#of(name)
                .conference(confKey)
                .call(async (conference) => conference.hasHandle(extConfId, claimedBy)),
            ),
          deleteAll: () => Promise.reject(new Error("no world lasts that long")),
        }),
    );
    this.directory = new Hosted(
      "directory",
      context,
      ({ sql, after, send, setAlarm, getAlarm }) =>
        new Directory({
          sql,
          after,
          setAlarm,
          getAlarm,
          log: (line) => {
            context.tell(() => `directory: ${line.event} ${line.why ?? ""}`);
            judgeEdgeLine(context.violated, line);
          },
          measures: this.measures,
          post: (request) =>
            send(async () => {
              if ("headers" in request) this.webhooks.add(request.headers["webhook-id"] ?? "");
              return { kind: "answered", status: 204, body: new Uint8Array() };
            }),
          secret: () => webhookSecret,
          now: () => context.edgeNow(),
          domain: (name) => this.#shared.edges.get(name)?.domain ?? null,
          conference: (name, confKey) => ({
            feedDirectory: (isWatched) =>
              send(() =>
                this.#of(name)
                  .conference(confKey)
                  .call((conference) => conference.feedDirectory(isWatched)),
              ),
          }),
          conferencesOf: (name, lastMs, before, upTo) =>
            send(() => this.#of(name).allocator.call((allocator) => allocator.conferencesOf(lastMs, before, upTo))),
          changed: () => {},
          nonce: () => String(this.#nonces.between(0, Number.MAX_SAFE_INTEGER)),
          deleteAll: () => Promise.reject(new Error("no world lasts that long")),
        }),
    );
    const { settings } = domain;
    this.relays = settings.bridges.map(({ name }) => {
      const place = { domain: domain.name, bridge: name as BridgeName };
      return new RelayHost(context, place, settings, {
        conference: (name, confKey) => this.#of(name).#forRelay(confKey),
        sweep: (name) => this.#of(name).allocator.call((allocator) => allocator.sweep()),
        heardLimit: (name, limit) => this.#of(name).allocator.call((allocator) => allocator.heardLimit(name, limit)),
        keepPromptCalls: (name, said) =>
          this.#of(name).directory.call((directory) => directory.promptStore.keepPromptCalls(name, said)),
      });
    });
  }

  /** The part of this name, as the product's code asks for it. */
  #of(name: DomainName): Edge {
    const edge = this.#shared.edges.get(name);
    if (!edge) throw new Error(`there is no domain ${name}`);
    return edge;
  }

  relayOf(bridge: BridgeName): RelayHost {
    const relay = this.relays.find(({ place }) => place.bridge === bridge);
    if (!relay) throw new Error(`there is no bridge ${bridge}`);
    return relay;
  }

  #makeAllocator(): Hosted<DomainIds> {
    const context = this.#context;
    const kept = new Map<string, unknown>();
    /** The domain had conferences before: its rounds come at any time. */
    let firstInMs: number | null = draws(context, "sweep").between(20_000, 300_000);
    return new Hosted("id allocator", context, (life) => {
      const { send, setAlarm } = life;
      return new DomainIds(
        {
          ...life,
          setAlarm: (at) => {
            if (firstInMs === null) return setAlarm(at);
            const first = context.edgeNow() + firstInMs;
            firstInMs = null;
            return setAlarm(first);
          },
          now: context.edgeNow,
          domain: (name) => this.#shared.edges.get(name)?.domain ?? null,
          log: ({ event }) => context.tell(() => `id allocator: ${event}`),
          conference: (_, confKey) => ({ sweep: () => send(() => this.#sweep(confKey)) }),
          relay: (name, bridge) => ({
            keepIdLimit: (...limit) => {
              this.limitsHanded += 1;
              const { hosted } = this.#of(name).relayOf(bridge);
              return send(() => hosted.call((relay) => relay.keepIdLimit(...limit)));
            },
          }),
          newId: () => `allocator-${++this.#allocators}`,
          kept: {
            get: <Value>(name: string) => kept.get(name) as Value | undefined,
            put: (name, value) => void kept.set(name, value),
          },
        },
        new IdAllocator(life.sql),
      );
    });
  }

  /** The sweep hears of a failure and goes on, so a defect would be seen nowhere else. */
  async #sweep(confKey: ConfKey): Promise<boolean> {
    try {
      return await this.conference(confKey).call((conference) => conference.sweep(), "checks");
    } catch (error) {
      const isFault = error instanceof Fault || /took longer/.test(String(error));
      if (!isFault) this.#context.violated("no rejection goes unhandled", `a sweep of ${confKey}: ${error}`);
      throw error;
    }
  }

  #forRelay(confKey: ConfKey): ReturnType<RelayPorts["conference"]> {
    const hosted = this.conference(confKey);
    return {
      report: (reports) =>
        hosted.call(async (conference) => {
          const upTo = await conference.report(reports);
          const { bridge } = reports;
          const { chosenAt } = this.relayOf(bridge).activeAgent;
          if (bridge === this.homeOf(confKey)) this.resends.reported(reports, chosenAt, hosted);
          return upTo;
        }),
      compareDigest: (bridge, digest) =>
        hosted.call(async (conference) => conference.compareDigest(bridge, digest), "checks"),
      ackCommands: (bridge, ids, waiting) => {
        return hosted.call(async (conference) => {
          if (bridge === this.homeOf(confKey)) this.resends.acked(confKey, ids, hosted.life);
          conference.ackCommands(bridge, ids, waiting);
        });
      },
    };
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
    try {
      const { protocol, webex, transactionMemoryMs: memoryMs } = this.domain.settings;
      const transactions = { scope: protocol.transIds ?? "conference", memoryMs };
      await deliver(
        { domain, transId, messages, transactions, gathers: (answer) => webex.gatherMs > 0 && codec.sends(answer) },
        this.#objects,
        this.#shared.cache,
        this.#context.edgeNow(),
      );
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

  objects(): Hosted<object>[] {
    const relays = this.relays.map(({ hosted }) => hosted);
    return [...this.conferences.values(), this.mailbox, this.allocator, this.handles, this.directory, ...relays];
  }

  conference(confKey: ConfKey): Hosted<Conference> {
    const known = this.conferences.get(confKey);
    if (known) return known;
    const hosted: Hosted<Conference> = new Hosted(`conference ${confKey}`, this.#context, (life) => {
      const { send } = life;
      return new Conference({
        ...this.#ports(hosted, life),
        sql: this.#watched(confKey, hosted, life.sql),
        share: (answers) => send(() => this.#of(answers.domain).mailbox.call((mailbox) => mailbox.share(answers))),
        directory: (name) => ({
          follow: (page) =>
            send(() =>
              this.#of(name).directory.call(async (directory) => {
                const answer = await directory.follow(page);
                if (answer.row === page.upTo) this.#judgeListed(confKey, hosted.disk, directory, page.upTo);
                return answer;
              }),
            ),
        }),
        webexSite: () => ({ topics: async () => new Map() }),
        changed: () => {},
        nonce: () => String(this.#nonces.between(0, Number.MAX_SAFE_INTEGER)),
        relay: (name, bridge) => {
          const host = this.#of(name).relayOf(bridge);
          const { hosted } = host;
          return {
            sendCommands: (sent) => {
              const ids = sent.commands.map(({ id }) => id);
              this.resends.sent(confKey, ids);
              this.onCommands(confKey);
              return send(() => {
                host.asked(sent);
                return hosted.call((relay) => relay.sendCommands(sent));
              });
            },
            askForSnapshot: (key, unless) =>
              send(() => hosted.call((relay) => relay.askForSnapshot(key, unless), "checks")),
            health: () => send(() => hosted.call((relay) => relay.health())),
          };
        },
      });
    });
    this.conferences.set(confKey, hosted);
    return hosted;
  }

  #ports(hosted: Hosted<object>, { sql, after, send, setAlarm, getAlarm }: Life) {
    const context = this.#context;
    return {
      sql,
      after,
      setAlarm,
      getAlarm,
      measures: this.measures,
      log: (line) => {
        context.tell(() => `${hosted.name}: ${line.event} ${line.note ?? line.why ?? ""}`);
        judgeEdgeLine(context.violated, line);
        if (line.event === "post-given-up" && hosted === this.mailbox) this.onMailGivenUp(String(line.transId));
        // No number, ID or name of these worlds is too long.
        if (line.event === "message-unwritable" || line.event === "message-repaired")
          context.violated("what is posted is of the protocol", String(line.why));
      },
      now: () => context.edgeNow(),
      post: (request) => send(() => this.#post(hosted, request)),
      abort: (why) => hosted.die(why),
      domain: (name: DomainName) => this.#shared.edges.get(name)?.domain ?? null,
      allocateIds: (request: IdRequest): Promise<IdBlocks> =>
        send(() => this.#of(request.domain).allocator.call((allocator) => allocator.allocate(request))),
      deleteAll: () => Promise.reject(new Error("no world lasts that long")),
    } satisfies Platform & Record<string, unknown>;
  }

  #judgeListed(confKey: ConfKey, disk: Database, directory: Directory, row: number): void {
    const { state, journal } = conferenceOn(disk);
    if (journal.lastSeq !== row) return;
    const listed = directory.list.find(confKey);
    const view = runningView(state, row, (text) => text);
    const { attached, locked, callers, rooms } = listed?.now ?? {};
    const shown = listed && [listed.life, listed.phase, listed.webexHost, attached, locked, callers, rooms];
    const is = view && [view.life, view.phase, view.webexHost, view.attached, view.locked];
    const all = view && [...(is ?? []), view.people.length, view.rooms.length];
    if (String(shown) !== String(all))
      this.#context.violated("the directory shows what is so", `${confKey}: ${shown}, and it is ${all}`);
  }

  /** Reads along what a conference commits. */
  #watched(confKey: ConfKey, hosted: Hosted<object>, { exec, transaction }: Sql): Sql {
    let written: (readonly [query: string, bindings: readonly SqlValue[]])[] = [];
    return {
      transaction: (work) => {
        written = [];
        const value = transaction(work);
        for (const [query, bindings] of written) this.#written(confKey, hosted, query, bindings);
        this.#judgeLate(confKey, written);
        return value;
      },
      exec: (query, ...bindings) => {
        if (!query.startsWith("SELECT")) written.push([query, bindings]);
        return exec(query, ...bindings);
      },
    };
  }

  /** Whether all that WebEx asks here is under handles that were replaced. */
  #isLate(input: string): boolean {
    if (!input.startsWith('{"type":"webex"')) return false;
    const handles = [...input.matchAll(/"extConfId":"([^"]*)"/g)].map(([, handle]) => handle as ExtConfId);
    return handles.length > 0 && handles.every(this.isReplaced);
  }

  #judgeLate(confKey: ConfKey, written: readonly (readonly [query: string, bindings: readonly SqlValue[]])[]): void {
    const rows = written.filter(([query]) => query.startsWith("INSERT INTO journal")).map(([, bindings]) => bindings);
    if (rows.length === 0 || !rows.every(([, , , input]) => this.#isLate(String(input)))) return;
    const requests = rows.flatMap(([, , , input]) => (JSON.parse(String(input)) as { messages: FromWebex[] }).messages);
    const changes = JSON.parse(String(rows.at(-1)?.[5] ?? "[]")) as StoredEntries;
    const changed = changes.map(([key]) => key).filter((key) => !key.startsWith("outbox/"));
    this.onLateRequests(confKey, requests, changed);
  }

  #written(confKey: ConfKey, { life }: Hosted<object>, query: string, bindings: readonly SqlValue[]): void {
    if (query.startsWith("INSERT INTO journal")) {
      const [, at, , input, , changes] = bindings;
      const before = this.#lastAt.get(confKey) ?? 0;
      if (Number(at) < before)
        this.#context.violated("a conference's time never goes back", `${confKey}: ${before - Number(at)} ms`);
      this.#lastAt.set(confKey, Number(at));
      if (String(input).startsWith('{"type":"undelivered"')) this.#givenUp(confKey, String(input), life);
      if (String(input).startsWith('{"type":"operator"')) this.#operated(confKey, String(input));
      this.#judgeChanges(confKey, String(changes), life);
    } else if (query.startsWith("INSERT INTO entry")) {
      const [key, , value] = bindings;
      if (String(key).startsWith("outbox/")) this.#queued(confKey, JSON.parse(String(value)), life);
    } else if (query.startsWith("DELETE FROM entry")) {
      const [key] = bindings;
      if (String(key).startsWith(commandKey)) this.resends.finished(confKey, String(key).slice(commandKey.length));
    }
  }

  /** Of the changes in a row of the journal, those that the rules look at; parsing all of them would cost more than the rest. */
  #judgeChanges(confKey: ConfKey, changes: string, life: number): void {
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
    for (const [, row] of rows) if (row) this.#queued(confKey, row, life);
  }

  #givenUp(confKey: ConfKey, input: string, life: number): void {
    const givenUp = JSON.parse(input) as GivenUp;
    this.onGivenUp(
      confKey,
      givenUp,
      givenUp.messages.every(({ msgId }) => this.#madeIn.get(`${givenUp.of?.transId} ${msgId}`) === life),
    );
  }

  #operated(confKey: ConfKey, input: string): void {
    const name = `${confKey} ${(JSON.parse(input) as { id: ActionId }).id}`;
    if (this.#actions.has(name)) this.#context.violated("an operator's action acts once", name);
    this.#actions.add(name);
  }

  #queued(confKey: ConfKey, { transId, oneAttempt, messages }: Queued, life: number): void {
    if (oneAttempt) this.#owed.add(transId);
    for (const message of messages) {
      const name = `${transId} ${message.msgId}`;
      this.#messages.add(message.msgId);
      if (this.#madeAt.has(name)) continue;
      this.#madeAt.set(name, this.#context.clock.now);
      this.#madeIn.set(name, life);
      if (isEnd(message)) this.onEnd(confKey);
    }
  }

  #makeObjects(): EdgeObjects {
    return fakeObjects({
      conference: (name, confKey) => called(this.#of(name).conference(confKey)),
      handles: (name) => called(this.#of(name).handles),
      idAllocator: (name) => called(this.#of(name).allocator),
      mailbox: (name) => called(this.#of(name).mailbox),
    });
  }
}

type Called<Object> = {
  readonly [Method in keyof Object]: Object[Method] extends (...asked: infer Asked) => infer Answer
    ? (...asked: Asked) => Promise<Awaited<Answer>>
    : never;
};

/** The object as others reach it: each call may fail in all ways that calls fail. */
function called<Object extends object>(hosted: Hosted<Object>): Called<Object> {
  return new Proxy({} as Called<Object>, {
    get:
      (_, method) =>
      (...asked: readonly unknown[]) =>
        hosted.call(async (object) =>
          (Reflect.get(object, method) as (...asked: readonly unknown[]) => unknown).call(object, ...asked),
        ),
  });
}
