import { AliasIndex } from "../../durable-objects/alias-index.ts";
import { ConferenceActor } from "../../durable-objects/conference/actor.ts";
import { Mailbox } from "../../durable-objects/mailbox.ts";
import { NumberBooks } from "../../durable-objects/number-books.ts";
import type { PostRequest } from "../../durable-objects/outbox.ts";
import type { Draws } from "../../simulators/draws.ts";
import { nextDeadline } from "../../src/conference/deadlines.ts";
import type { ConferenceInput } from "../../src/conference/decide.ts";
import { decide } from "../../src/conference/decide.ts";
import type { HttpOutcome } from "../../src/delivery/verdict.ts";
import type { Domain } from "../../src/domain.ts";
import type { ConfKey, DomainName, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { AliasCache, checkHosts, deliver } from "../../src/routing/deliver.ts";
import type { EdgeObjects, IdBlock, IdBlocks, IdsWanted } from "../../src/rpc.ts";
import { testDomain } from "../local-domain.ts";
import { Hosted } from "./hosted.ts";
import { RelayHost, simulatedBridge, simulatedKey } from "./relay-host.ts";
import { draws, type Surroundings } from "./surroundings.ts";
import { ToldAgain } from "./told-again.ts";

const domainName = "local" as DomainName;
export const agentNames = ["agent-1", "agent-2"] as const;

/** By how many agents serve its bridge. */
const domains = { 1: domainOf(1), 2: domainOf(2) } as const;

function domainOf(agents: number): Domain {
  const keys = agentNames.slice(0, agents).map((name) => ({ name, publicKey: simulatedKey(name).publicKey }));
  return testDomain({}, keys);
}

/** The way from an outbox to WebEx; `origin` is the object that posts. */
export type PostToWebex = (origin: Hosted<object>, request: PostRequest) => Promise<HttpOutcome>;

/** The edge: Workers and objects, all of them the product's own but for their platform. */
export class Edge {
  readonly conferences = new Map<ConfKey, Hosted<ConferenceActor>>();
  readonly mailboxes = new Map<WebexHost, Hosted<Mailbox>>();
  readonly pool: Hosted<{ readonly books: NumberBooks }>;
  readonly aliases: Hosted<AliasIndex>;
  readonly relay: RelayHost;
  /** What this edge's clock is ahead of the true time. */
  skewMs = 0;
  readonly toldAgain: ToldAgain;
  /** Hears of each input that a conference takes. */
  onInput: (confKey: ConfKey, input: ConferenceInput) => void = () => {};
  /** When each message to WebEx was decided on: it may then wait behind the attempts of others. */
  readonly madeAt = new Map<MsgId, number>();
  readonly #around: Surroundings;
  readonly #domain: Domain;
  readonly #post: PostToWebex;
  readonly #cache = new AliasCache();
  readonly #objects: EdgeObjects;
  readonly #nonces: Draws;

  constructor(around: Surroundings, agents: keyof typeof domains, post: PostToWebex) {
    this.#around = around;
    this.#domain = domains[agents];
    this.#post = post;
    this.#nonces = draws(around, "nonces");
    this.toldAgain = new ToldAgain(around);
    this.toldAgain.watch(this);
    this.#objects = this.#makeObjects();
    this.pool = new Hosted("number pool", around, ({ sql }) => ({ books: new NumberBooks(sql) }));
    this.aliases = new Hosted(
      "alias index",
      around,
      ({ sql, send, setAlarm }) =>
        new AliasIndex({
          sql,
          setAlarm,
          ensureAlarm: async (at) => setAlarm(at),
          log: (line) => around.tell(() => `alias index: ${line.event} ${line.why ?? ""}`),
          now: () => around.edgeNow(),
          retentionMs: () => this.#domain.settings.journalRetentionDays * 86_400_000,
          isHeld: (_, { confKey, extConfId }) =>
            send(() => this.conference(confKey).call(async (actor) => actor.hasHandle(extConfId))),
          deleteAll: () => Promise.reject(new Error("no world lasts that long")),
        }),
    );
    this.relay = new RelayHost(around, domainName, this.#domain.settings, (_, confKey) => ({
      report: (reports) => this.conference(confKey).call((actor) => actor.report(reports)),
      matchesBridge: (bridge, digest) =>
        this.conference(confKey).call(async (actor) => actor.matchesBridge(bridge, digest)),
      ackCommands: (bridge, ids) => {
        this.toldAgain.taken(confKey, ids);
        return this.conference(confKey).call(async (actor) => actor.ackCommands(bridge, ids));
      },
    }));
  }

  /** One post of WebEx to the adapter URL, from its bytes to the answer's status and text. */
  async receive(body: Uint8Array): Promise<{ readonly status: number; readonly text: string }> {
    const { codec } = this.#domain;
    const document = codec.decode(body);
    if (!document.ok) return { status: 200, text: codec.confirm(document.transId, document.result) };
    const { transId } = document;
    const { messages } = checkHosts(document.messages, this.#domain.settings.webex);
    try {
      await deliver({ domain: domainName, transId, messages }, this.#objects, this.#cache, this.#around.edgeNow());
    } catch {
      return { status: 503, text: "" };
    }
    return { status: 200, text: codec.confirm(transId, "ok") };
  }

  /** As the number pool does it each 5 minutes. */
  sweep(): void {
    for (const conference of this.conferences.values()) conference.call((actor) => actor.sweep());
  }

  objects(): Hosted<object>[] {
    return [...this.conferences.values(), ...this.mailboxes.values(), this.pool, this.aliases, this.relay.hosted];
  }

  conference(confKey: ConfKey): Hosted<ConferenceActor> {
    const known = this.conferences.get(confKey);
    if (known) return known;
    const around = this.#around;
    const name = `conference ${confKey}`;
    const hosted: Hosted<ConferenceActor> = new Hosted(
      name,
      around,
      ({ sql, wait, send, setAlarm }) =>
        new ConferenceActor({
          sql,
          wait,
          setAlarm,
          log: (line) => around.tell(() => `${name}: ${line.event} ${line.note ?? line.why ?? ""}`),
          rules: {
            decide: (state, input, surroundings) => {
              this.onInput(confKey, input);
              const decision = decide(state, input, surroundings);
              for (const { message } of decision.posts) this.madeAt.set(message.msgId, around.clock.now);
              return decision;
            },
            nextDeadline,
          },
          now: () => around.edgeNow(),
          post: (request) => send(() => this.#post(hosted, request)),
          domain: () => this.#domain,
          chooseBridge: async () => simulatedBridge,
          tell: (_, __, commands) => {
            this.toldAgain.told(
              confKey,
              commands.map(({ id }) => id),
            );
            const told = { domain: domainName, bridge: simulatedBridge, conference: confKey, commands };
            return send(() => this.relay.hosted.call((relay) => relay.sendCommands(told)));
          },
          askForSnapshot: () => send(() => this.relay.hosted.call((relay) => relay.askForSnapshot(confKey))),
          forget: () => Promise.reject(new Error("no world lasts that long")),
          nonce: () => String(this.#nonces.between(0, Number.MAX_SAFE_INTEGER)),
          takeNumbers: (_, wanted) => send(() => this.#takeNumbers(confKey, wanted)),
        }),
    );
    this.conferences.set(confKey, hosted);
    return hosted;
  }

  #mailbox(host: WebexHost): Hosted<Mailbox> {
    const known = this.mailboxes.get(host);
    if (known) return known;
    const around = this.#around;
    const name = `mail to ${host}`;
    const hosted: Hosted<Mailbox> = new Hosted(
      name,
      around,
      ({ sql, wait, send, setAlarm }) =>
        new Mailbox({
          sql,
          wait,
          setAlarm,
          log: (line) => around.tell(() => `${name}: ${line.event}`),
          now: () => around.edgeNow(),
          post: (request) => send(() => this.#post(hosted, request)),
          domain: () => this.#domain,
          forget: () => Promise.reject(new Error("no world lasts that long")),
          takeTransIds: () =>
            send(async (): Promise<IdBlock> => (await this.#takeNumbers(null, { msgIds: 0, transIds: 50 })).transIds),
        }),
    );
    this.mailboxes.set(host, hosted);
    return hosted;
  }

  #takeNumbers(holder: ConfKey | null, wanted: IdsWanted): Promise<IdBlocks> {
    return this.pool.call(async ({ books }) => books.take(holder, wanted, this.#around.edgeNow()));
  }

  #makeObjects(): EdgeObjects {
    return {
      conference: (_, confKey) => ({
        receive: (delivered) => this.conference(confKey).call((actor) => actor.receive(delivered)),
        operate: (request) => this.conference(confKey).call((actor) => actor.operate(request)),
      }),
      aliases: () => ({
        resolve: (request) => this.aliases.call((index) => index.resolve(request)),
        hasConference: (confKey) => this.aliases.call((index) => index.hasConference(confKey)),
      }),
      idAllocator: () => ({
        holderOf: (msgId) => this.pool.call(async ({ books }) => books.holderOf(msgId, this.#around.edgeNow())),
      }),
      unroutedMail: (_, host) => ({ send: (mail) => this.#mailbox(host).call((mailbox) => mailbox.send(mail)) }),
      bridgeHealth: async () => {
        throw new Error("nobody asks for a bridge's health here");
      },
      connectAgent: async () => {
        throw new Error("agents connect by wires here");
      },
    };
  }
}
