import { Conference } from "../../durable-objects/conference/conference.ts";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import { Mailbox } from "../../durable-objects/mail/mailbox.ts";
import type { Platform } from "../../durable-objects/platform/platform.ts";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { BridgeName, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import { RateLimit } from "../../src/foundation/limits.ts";
import { Counts } from "../../src/foundation/metrics.ts";
import { createApp } from "../../src/http/app.ts";
import { Attempts } from "../../src/http/guard.ts";
import { Metrics } from "../../src/http/monitoring/monitoring.ts";
import { Storage } from "../../src/http/storage.ts";
import { HandleCache } from "../../src/routing/deliver.ts";
import type { IdBlocks, IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { Domain } from "../../src/settings/load.ts";
import { fakeObjects } from "../fake-objects.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { worldBegins } from "../simulation/context.ts";
import { Database } from "../simulation/database.ts";
import { confirmation, fakePlatform, memoryHandles, transIdOf } from "./fakes.ts";

const name = "local" as DomainName;
const nobody = () => Promise.reject(new Error("not in this world"));

/** The adapter from its URL to its disks: real routes over real objects, with a bridge and a WebEx that say yes. */
export class WholeEdge {
  readonly domain: Domain;
  readonly time = new Clock(worldBegins);
  readonly posted: string[] = [];
  /** Events that should never happen. */
  readonly broken: string[] = [];
  /** Whether those who are dialled pick up at once. */
  picksUp = false;
  /** Whether WebEx takes what is posted. */
  listens = true;
  readonly app: ReturnType<typeof createApp>;
  readonly #conferences = new Map<ConfKey, Conference>();
  readonly #mailbox: Mailbox = new Mailbox({
    ...this.#ports(),
    domain: () => this.domain,
    allocateIds: ({ holder, ...wanted }) => this.#allocate(holder, wanted),
    deleteAll: async () => {},
  });
  readonly #handles = memoryHandles(() => this.time.now, {
    hasHandle: async (_, { confKey, extConfId }, claimedBy) =>
      this.#conference(confKey).hasHandle(extConfId, claimedBy),
  });
  readonly #allocator = new IdAllocator(new Database());
  readonly #sent = new Map<ConfKey, Map<string, IssuedCommand>>();
  /** MsgIDs of callers whom WebEx is yet to name. */
  readonly #entered: string[] = [];
  readonly #reported = new Map<ConfKey, number>();
  #nonces = 0;

  constructor(settings: object = {}) {
    this.domain = testDomain(settings);
    this.app = createApp({
      after: (ms, run) => this.time.after(ms, run),
      domains: new Map([[name, this.domain]]),
      objects: this.#objects(),
      ownTotals: () => null,
      handleCache: new HandleCache(),
      requested: () => {},
      posts: new RateLimit(),
      metrics: new Metrics({ counts: new Counts() }),
      storage: new Storage({
        after: (ms, run) => this.time.after(ms, run),
        disk: null,
        now: () => this.time.now,
        mark: "a mark",
        log: () => {},
      }),
      measured: () => "",
      flushCounts: nobody,
      processText: () => "",
      people: async () => ({ byToken: new Map(), access: null }),
      sessionKey: "",
      attempts: new Attempts(),
      fetch: nobody,
      auditAsked: async () => true,
      audit: () => {},
      now: () => this.time.now,
      log: (event, facts) => {
        if (event !== "document-refused") this.#watch(event, facts);
      },
    });
  }

  async post(body: BodyInit): Promise<{ readonly status: number; readonly confirmed: number | null }> {
    const response = await this.app.request("/tsp/local", { method: "POST", body });
    const confirmation = this.domain.codec.readConfirmation(new Uint8Array(await response.arrayBuffer()));
    return { status: response.status, confirmed: confirmation.ok ? confirmation.value.result : null };
  }

  /** The bridge carries out its commands and lets a caller in everywhere, time passes, and WebEx names the callers. */
  async goOn(): Promise<void> {
    for (const [confKey, commands] of this.#sent) {
      const results = [...commands.values()].flatMap(({ id, command }): Report[] => {
        const result: Report = { type: "result", id, result: { done: true } };
        const isUp = this.picksUp && command.type === "dial";
        return isUp ? [result, { type: "event", event: { type: "call-answered", call: command.call } }] : [result];
      });
      commands.clear();
      await this.#report(confKey, [...results, callerEntered(`${confKey}-${this.time.now}`)]);
    }
    await this.time.pass(3_000);
    for (const msgId of this.#entered.splice(0)) await this.post(named(msgId, `${(Number(msgId) % 3) + 1}`));
  }

  /** The host has ended it by telephone. */
  async endByTelephone(confKey: string): Promise<void> {
    await this.#report(confKey as ConfKey, [{ type: "event", event: { type: "conference-ended" } }]);
  }

  async #report(confKey: ConfKey, reports: readonly Report[]): Promise<void> {
    const before = this.#reported.get(confKey) ?? 0;
    this.#reported.set(confKey, before + reports.length);
    const numbered = reports.map((report, index) => ({ number: before + 1 + index, report }));
    await this.#conference(confKey).report({
      domain: name,
      confKey,
      stream: "s" as StreamId,
      activeSince: null,
      bridge: "simulated" as BridgeName,
      reports: numbered,
    });
  }

  #watch(event: string, facts: object): void {
    if (event === "post-failed" && !this.listens) return;
    if (/broke|failed|unreachable|no-ids/.test(event)) this.broken.push(`${event} ${JSON.stringify(facts)}`);
  }

  #ports(): Platform {
    return fakePlatform(this.time, {
      log: ({ event, ...facts }) => this.#watch(event, facts),
      after: (ms, run) => {
        if (ms > 0) return this.time.after(ms, run);
        queueMicrotask(run);
        return () => {};
      },
      post: async ({ body }) => {
        if (!this.listens) return { kind: "failed", reason: "nobody listens" };
        this.posted.push(body);
        for (const [, msgId = ""] of body.matchAll(/<A2W_NotifyUserEnter MsgID="(\d+)"/g)) this.#entered.push(msgId);
        return confirmation(this.domain, transIdOf(body));
      },
      abort: (why) => this.broken.push(why),
    });
  }

  #conference(confKey: ConfKey): Conference {
    const known = this.#conferences.get(confKey);
    if (known) return known;
    const sent = new Map<string, IssuedCommand>();
    this.#sent.set(confKey, sent);
    const conference: Conference = new Conference({
      ...this.#ports(),
      domain: () => this.domain,
      relay: () => ({
        sendCommands: async ({ bridge, commands }) => {
          for (const command of commands) sent.set(command.id, command);
          conference.ackCommands(
            bridge,
            commands.map(({ id }) => id),
          );
          return null;
        },
        askForSnapshot: async () => {},
        health: async () => ({ agentConnected: true, bridgeUp: true, ports: null, portsInUse: 0 }),
      }),
      allocateIds: ({ holder, ...wanted }) => this.#allocate(holder, wanted),
      setAlarm: async (at) => {
        this.time.after(at - this.time.now, () => conference.alarm());
      },
      deleteAll: async () => {},
      share: (answers) => this.#mailbox.share(answers),
      directory: () => ({
        follow: async ({ upTo: row }) => ({
          ...{ row, place: { directory: "1", id: 0 }, isWatched: false, pauseMs: 1_000 },
        }),
      }),
      webexSite: () => ({ topics: async () => new Map() }),
      changed: () => {},
      nonce: () => String(++this.#nonces),
    });
    this.#conferences.set(confKey, conference);
    return conference;
  }

  async #allocate(holder: ConfKey | null, wanted: IdsWanted): Promise<IdBlocks> {
    return this.#allocator.allocate(holder, wanted, this.time.now);
  }

  #objects(): EdgeObjects {
    return fakeObjects({
      conference: (_, confKey) => this.#conference(confKey),
      handles: () => this.#handles,
      idAllocator: () => ({ holderOf: async (msgId) => this.#allocator.holderOf(msgId, this.time.now) }),
      mailbox: () => this.#mailbox,
    });
  }
}

function callerEntered(call: string): Report {
  const caller = { call, number: "", attendeeId: null, muted: false, silent: false, room: "main" };
  return { type: "event", event: { type: "caller-entered", caller } } as Report;
}

function named(msgId: string, extCallId: string): string {
  const message = `<W2A_RspNotifyUserEnter MsgID="${msgId}" ExtCallID="${extCallId}"/>`;
  return `<WbxTSPSchema><TransID>n${msgId}</TransID>${message}</WbxTSPSchema>`;
}
