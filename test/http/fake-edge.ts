import type { Hono } from "hono";
import * as v from "valibot";
import type { Directory } from "../../durable-objects/directory/directory.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import type { ActionId, ConfKey, DomainName, ExtConfId, MsgId } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { Route } from "../../src/http/api/route.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { Rates } from "../../src/http/guard.ts";
import { type Disk, Storage } from "../../src/http/storage.ts";
import type { PendingForServer } from "../../src/operators/alerts.ts";
import type { AuditEntry, AuditedAction } from "../../src/operators/audit.ts";
import type { EdgePair } from "../../src/operators/edge-pair.ts";
import { operatorsSettings, peopleOf } from "../../src/operators/people.ts";
import { CreatesUnderWay } from "../../src/routing/creates-under-way.ts";
import type { OperatorResult } from "../../src/rpc/conference.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import type { ConferenceTotals, Filling, WebhookView } from "../../src/rpc/directory.ts";
import type { HandleRequest } from "../../src/rpc/handle-index.ts";
import type { HolderPage } from "../../src/rpc/id-allocator.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { AgentView, BridgeHealth, HandOver } from "../../src/rpc/relay.ts";
import type { ActionStages, TimelineLine } from "../../src/rpc/timeline.ts";
import type { DomainSettingsInput } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { FromWebex, ToWebex } from "../../src/tsp/messages.ts";
import { aDirectory, memoryHandles, theSessions } from "../durable-objects/fakes.ts";
import { edgeOnTest } from "../edge-on-test.ts";
import { fakeObjects, noted, type SomeObjects } from "../fake-objects.ts";
import { Database } from "../kit/database.ts";
import { testDomain } from "../local-domain.ts";
import { checkedAnswers } from "./checked-answers.ts";
import type { RealConference } from "./real-conference.ts";

export const timers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export const token = "operator-token";

/** A question of a path with a query, asked by POST. */
export function byPost(question: string): [path: string, init: RequestInit] {
  const [path = "", query] = question.split("?");
  return [path, { method: "POST", body: JSON.stringify(Object.fromEntries(new URLSearchParams(query))) }];
}
const domain = "local" as DomainName;

/** The folder of the objects, with one file in it. */
class FakeDisk implements Disk {
  file: string | null = null;
  full = false;
  /** Bytes that a file may have. */
  room = Number.POSITIVE_INFINITY;
  asked = 0;
  /** Each answer waits for this. */
  pauses: () => Promise<void> = async () => {};

  async fetch(_url: string, init?: { readonly body: string }): Promise<Response> {
    this.asked += 1;
    const answer = this.#answer(init);
    await this.pauses();
    return answer;
  }

  async #answer(init?: { readonly body: string }): Promise<Response> {
    if (!init) return this.file === null ? new Response(null, { status: 404 }) : new Response(this.file);
    if (this.full || init.body.length > this.room) throw new Error("internal error");
    this.file = init.body;
    return new Response(null, { status: 204 });
  }
}

/** A whole view of a conference, as its object shows it. */
export function conferenceView(key: string, more: Partial<ConferenceView> = {}): ConferenceView {
  return {
    key: key as ConfKey,
    phase: "running",
    lastAt: 0,
    bridge: null,
    extConfId: "",
    host: "",
    attached: true,
    locked: false,
    callers: [],
    callOuts: [],
    rooms: [],
    commands: [],
    documents: [],
    outages: [],
    muteAll: 0,
    unmuteAll: 0,
    ...more,
  };
}

/** The edge's routes over objects that live in these maps; every call is noted, in order, in `calls`. */
export class FakeEdge {
  readonly calls: string[] = [];
  /** Every question to an object, as it was asked. */
  readonly askedOfObjects: string[] = [];
  readonly logged: string[] = [];
  /** The facts of each line. */
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  readonly received = new Map<string, FromWebex[]>();
  readonly mailed = new Map<string, ToWebex[]>();
  readonly holders = new Map<MsgId, ConfKey>();
  readonly operated: OperatorRequest[] = [];
  readonly actionIds: string[] = [];
  /** What became of each document of WebEx. */
  readonly refused: string[] = [];
  readonly serversRefused: string[] = [];
  readonly sourcesRefused: string[] = [];
  /** Why conferences refuse what operators ask; `null`: they do not. */
  refusal: OperatorResult | null = null;
  readonly actions = new Map<ActionId, ActionStages>();
  /** Conferences that answer `hasHandle` with yes. */
  readonly alive = new Set<string>();
  /** Conferences that no longer have the handle by which somebody remembers them. */
  readonly over = new Set<string>();
  /** Names of objects that cannot be reached. */
  readonly broken = new Set<string>();
  /** Why conferences refuse documents; `null`: they do not. */
  refuses: string | null = null;
  /** Names of objects that never answer. */
  readonly hung = new Set<string>();
  readonly health = new Map<string, BridgeHealth>();
  /** What each conference shows of itself. */
  readonly views = new Map<ConfKey, ConferenceView>();
  /** Conferences that are really there. */
  readonly real = new Map<ConfKey, RealConference>();
  readonly timelines = new Map<ConfKey, readonly TimelineLine[]>();
  readonly agents: AgentView[] = [];
  /** The conference that a bridge has and WebEx has not created. */
  readonly onBridges = new Map<string, string>();
  /** With which relays answer agents. */
  relayStatus = 200;
  handOver: HandOver = "no-standby";
  /** Each answer of the handle index waits for this. */
  indexPauses: () => Promise<void> = async () => {};
  /** What happens with each call. */
  whenCalled: (text: string) => void = () => {};
  /** Each view of a conference, and each search of its journal, waits for this. */
  viewPauses: () => Promise<void> = async () => {};
  readonly webhooks: WebhookView[] = [];
  totals: ConferenceTotals | null = null;
  /** What waits in the mailbox. */
  readonly mailWaiting: PendingForServer[] = [];
  readonly disk = new FakeDisk();
  /** By how much the machine's clock is ahead and not believed; `null`: it is. */
  clockAheadMs: number | null = null;
  isTokenWeak = false;
  readonly rates = new Rates();
  readonly creates = new CreatesUnderWay(2);
  /** Resolves once all that was written is on disk. */
  onDisk = async (): Promise<void> => {};
  /** In milliseconds. */
  time = 1_000_000;
  readonly #committed = new Set<string>();
  readonly #handles = memoryHandles(() => this.time, {
    hasHandle: async (_domain, { confKey }, claimedBy) => {
      this.#call(`hasHandle ${confKey}`, confKey);
      return this.alive.has(confKey) || (claimedBy !== null && !this.#committed.has(`${confKey} ${claimedBy}`));
    },
  });
  readonly sessions = theSessions({ ...timers, now: this.time }, { sql: new Database(), now: () => this.time });
  /** The directory of the domain `local`, and its disk. */
  directoryDisk = new Database();
  #directories = 0;
  directory = this.startDirectory();
  /** It may say that conferences have not sent all their rows. */
  isFilling = false;
  readonly audited: (readonly [DomainName, AuditEntry])[] = [];
  /** Actions in the log, and how many were done before. */
  readonly loggedActions: (readonly [AuditedAction, done: number])[] = [];
  /** What the world answers. */
  fetches: (url: string) => Response = () => {
    throw new Error("nobody answers");
  };
  readonly app: { readonly request: Hono["request"] };
  readonly #domain: Domain;

  constructor(
    operatorToken = token,
    settings: Partial<DomainSettingsInput> = {},
    operators: v.InferInput<typeof operatorsSettings> = {},
    otherDomains: readonly string[] = [],
    routes: readonly Route[] = apiRoutes,
    pair?: EdgePair,
  ) {
    const agents = [{ name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" }];
    const domain = testDomain({ webex: { hosts: ["tsp1.example.com"] }, ...settings }, agents);
    this.#domain = domain;
    const log = (event: string, facts: Readonly<Record<string, unknown>>) => {
      this.logged.push(event);
      this.lines.push(facts);
    };
    const people = peopleOf(v.parse(operatorsSettings, operators), operatorToken);
    const time = { ...timers, now: () => this.time };
    const domains = [domain, ...otherDomains.map((name) => ({ ...domain, name: name as DomainName }))];
    this.app = checkedAnswers(
      edgeOnTest(
        time,
        domains,
        noted(this.#objects(), (call) => this.askedOfObjects.push(call)),
        {
          people: () => people,
          rates: this.rates,
          creates: this.creates,
          onDisk: () => this.onDisk(),
          mayLeave: () => this.onDisk(),
          fetch: async (url: string) => this.fetches(url),
          refused: (domain) => this.refused.push(domain),
          serverRefused: (_domain, host) => this.serversRefused.push(host),
          sourceRefused: (_domain, address) => this.sourcesRefused.push(address),
          logAction: (_, action) => void this.loggedActions.push([action, this.operated.length]),
          audit: (domain, entry) => {
            this.audited.push([domain, entry]);
            void this.directory.keepAudit(domain, entry);
          },
          storage: new Storage({ ...time, disk: this.disk, mark: "a mark", log }),
          log,
          isTokenWeak: () => this.isTokenWeak,
          clockAheadMs: () => this.clockAheadMs,
          ...(pair && { pair }),
        },
        routes,
      ),
    );
  }

  /** Another life of the directory over its disk. */
  startDirectory(): Directory {
    return aDirectory(
      { ...timers, now: this.time },
      {
        sql: this.directoryDisk,
        now: () => this.time,
        domain: () => this.#domain,
        conference: (_, key) => ({
          publish: async () => {
            this.#call(`${key} publishes`, key);
            return true;
          },
        }),
        conferencesOf: async (_, ...page) => this.#conferencesOf(...page),
        nonce: () => String(++this.#directories),
      },
    );
  }

  loseDirectory(): void {
    this.directoryDisk = new Database();
    this.directory = this.startDirectory();
  }

  async post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return this.app.request("/tsp/local", { method: "POST", body, headers });
  }

  /** What the operator, or the user of another token, gets. */
  async ask<Body = unknown>(
    path: string,
    init: RequestInit = {},
    by = token,
  ): Promise<{ readonly status: number; readonly body: Body }> {
    const headers = { authorization: `Bearer ${by}`, ...(init.headers as object) };
    const response = await this.app.request(path, { ...init, headers });
    return { status: response.status, body: (await response.json()) as Body };
  }

  /** The lines of /metrics that begin so. */
  async metrics(begins: string): Promise<string[]> {
    const answer = await this.app.request("/metrics", { headers: { authorization: `Bearer ${token}` } });
    return (await answer.text()).split("\n").filter((line) => line.startsWith(begins));
  }

  /** The value of one series. */
  async metric(series: string): Promise<string | undefined> {
    const [line] = await this.metrics(`${series} `);
    return line?.slice(series.length + 1);
  }

  /** As if a conference had claimed this handle a while ago. */
  async held(extConfId: string, confKey: string): Promise<void> {
    await this.#resolve([{ extConfId, confKey }]);
    this.time += 60_000;
  }

  /** The conference that has this handle now. */
  async holder(extConfId: string): Promise<ConfKey | undefined> {
    return (await this.#resolve([], [extConfId]))?.get(extConfId as ExtConfId);
  }

  #resolve(claims: object[], handles: string[] = []): Promise<ReadonlyMap<ExtConfId, ConfKey> | null> {
    return this.#handles.resolve({ domain, transId: "t", claims, handles } as object as HandleRequest);
  }

  #call(text: string, object: string): void {
    this.calls.push(text);
    this.whenCalled(text);
    if (this.broken.has(object)) throw new Error(`${object} is broken`);
  }

  #objects(): EdgeObjects {
    const call = (text: string, object: string) => this.#call(text, object);
    return fakeObjects({
      conference: (_, confKey) => this.#conference(confKey),
      handles: () => ({
        resolve: async (request) => {
          call(`resolve ${[...request.claims.map(({ extConfId }) => extConfId), ...request.handles]}`, "handles");
          await this.indexPauses();
          return this.#handles.resolve(request);
        },
        hasConference: (confKey) => this.#handles.hasConference(confKey),
      }),
      idAllocator: () => ({
        holderOf: async (msgId) => {
          call(`holder of ${msgId}`, "ids");
          return this.holders.get(msgId) ?? null;
        },
        holdersOf: async (id) => {
          const holder = this.holders.get(id as MsgId);
          return holder === undefined ? [] : [holder];
        },
      }),
      mailbox: () => ({
        waiting: async () => {
          call("waiting of the mailbox", "mailbox");
          const documents = this.mailWaiting.reduce((sum, one) => sum + one.documents, 0);
          return { documents, oldestAt: this.mailWaiting[0]?.oldestAt ?? null, servers: this.mailWaiting };
        },
        send: async ({ answers }) => {
          call(`mail to ${[...answers.keys()]}`, "mailbox");
          for (const [host, messages] of answers) {
            this.mailed.set(host, [...(this.mailed.get(host) ?? []), ...messages]);
          }
        },
      }),
      directory: (domain) => this.#fakeDirectory(domain),
      sessions: () => this.sessions,
      relay: (domain, bridge) => ({
        fetch: async () => new Response(`agent of ${domain}/${bridge}`, { status: this.relayStatus }),
        health: async () => {
          call(`health of ${bridge}`, bridge);
          if (this.hung.has(bridge)) return new Promise(() => {});
          const none = { agentConnected: false, bridgeUp: false, portsInUse: null, ports: null };
          return this.health.get(bridge) ?? none;
        },
        hasConference: async (key) => {
          if (this.broken.has(bridge)) throw new Error(`${bridge} is broken`);
          return this.onBridges.get(bridge) === key;
        },
        agents: async () => {
          call(`agents of ${bridge}`, bridge);
          return this.agents;
        },
        agentRefused: async (_domain, bridge, agent) => call(`the key of ${agent} of ${bridge} is wrong`, bridge),
        handOver: async (from) => {
          call(`${from} of ${bridge} hands over`, bridge);
          return this.handOver;
        },
        drain: async (_domain, _bridge, drained) => {
          call(`${bridge} is ${drained ? "drained" : "undrained"}`, bridge);
          return drained ? this.time : null;
        },
      }),
    });
  }

  #conferencesOf(lastMs: number, before: number | null): HolderPage {
    this.#call(`conferences of ${lastMs} ms before ${before}`, "ids");
    const keys = [...this.views.keys()].slice(before === null ? 0 : this.views.size - before);
    const about = { at: 0, quietUntil: null };
    return { holders: keys.map((key, index) => ({ key, place: keys.length - 1 - index, ...about })), next: null };
  }

  /** The calls that a test may look for, with their words. */
  #fakeDirectory(domain: DomainName): ReturnType<NonNullable<SomeObjects["directory"]>> {
    const asked = async (what: string) => this.#call(`${what} of the directory`, "directory");
    const filled = <Answer extends Filling>({ isFilling, ...answer }: Answer) =>
      this.isFilling && isFilling ? { ...answer, isFilling } : answer;
    return {
      areRunning: (keys) => this.directory.list.areRunning(keys),
      running: (query) => asked("running").then(async () => filled(await this.directory.list.running(query))),
      stats: () => asked("stats").then(async () => filled({ ...(await this.directory.stats()), ...this.totals })),
      records: (query) => asked("records").then(async () => filled(await this.directory.recordStore.records(query))),
      found: (query) => asked("records").then(async () => filled(await this.directory.recordStore.found(query))),
      erase: (...all) => asked("erase").then(() => this.directory.recordStore.erase(...all)),
      waitingFor: (server) => asked("waiting").then(() => this.directory.list.waitingFor(server)),
      promptCalls: (query) => asked("prompt calls").then(() => this.directory.promptStore.promptCalls(query)),
      audit: (...page) => asked("audit").then(() => this.directory.audit(...page)),
      webhooks: async () => {
        this.#call(`webhooks of ${domain}`, "directory");
        return this.webhooks;
      },
      alerts: async () => {
        this.#call(`alerts of ${domain}`, "directory");
        return { ...(await this.directory.alertStore.alerts(domain)), webhooks: this.webhooks };
      },
      acknowledge: (...all) => asked("acknowledge").then(() => this.directory.alertStore.acknowledge(...all)),
    };
  }

  #conference(confKey: ConfKey): ReturnType<NonNullable<SomeObjects["conference"]>> {
    const real = this.real.get(confKey);
    return {
      id: { toString: () => `id of ${confKey}` },
      receive: async ({ transId, messages, fromCache }) => {
        this.#call(`receive ${confKey}`, confKey);
        if (this.refuses !== null) throw new Error(this.refuses);
        if (this.hung.has(confKey)) return new Promise(() => {});
        if (fromCache && this.over.has(confKey)) return false;
        this.#committed.add(`${confKey} ${transId}`);
        this.received.set(confKey, [...(this.received.get(confKey) ?? []), ...messages]);
        return true;
      },
      resync: () => {},
      view: async () => {
        this.#call(`view of ${confKey}`, confKey);
        if (this.hung.has(confKey)) return new Promise(() => {});
        await this.viewPauses();
        return this.views.get(confKey) ?? null;
      },
      entered: async () => new Map(),
      timeline: async (from) => ({ items: (this.timelines.get(confKey) ?? []).slice(from), next: null }),
      placeOfId: async (id) => {
        this.#call(`place of ${id} in ${confKey}`, confKey);
        await this.viewPauses();
        const line = this.timelines.get(confKey)?.find(({ facts }) => facts.msgId === id || facts.transId === id);
        return line ? { row: line.seq, at: line.at } : null;
      },
      action: async (id) => this.actions.get(id) ?? null,
      wire: async () => "[]",
      ...real,
      operate: async (action) => {
        const { id, request } = action;
        this.#call(`operate ${confKey}`, confKey);
        const isKnown = this.actionIds.includes(id);
        this.actionIds.push(id);
        if (real) return real.operate(action);
        if (this.refusal !== null) return this.refusal;
        if (!this.alive.has(confKey)) return "no-such-conference";
        if (request.type === "passthrough" && request.extCallId !== "77") return "no-such-call";
        if (isKnown) return "done-before";
        this.operated.push(request);
        return "done";
      },
    };
  }
}
