import type { Hono } from "hono";
import { ConferenceActor } from "../../durable-objects/conference/actor.ts";
import { Mailbox } from "../../durable-objects/mailbox.ts";
import { NumberBooks } from "../../durable-objects/number-books.ts";
import type { OutboxPorts } from "../../durable-objects/outbox.ts";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { Report } from "../../src/bridge/events.ts";
import { nextDeadline } from "../../src/conference/deadlines.ts";
import { decide } from "../../src/conference/decide.ts";
import type { BridgeName, ConfKey, DomainName, StreamId, WebexHost } from "../../src/foundation/ids.ts";
import { RateLimit } from "../../src/foundation/rate-limit.ts";
import { createApp } from "../../src/http/app.ts";
import { Metrics } from "../../src/http/monitoring.ts";
import { AliasCache } from "../../src/routing/deliver.ts";
import type { EdgeObjects } from "../../src/rpc.ts";
import { memoryAliases } from "../simulation/memory-aliases.ts";
import { localSettings } from "./conference-world.ts";
import { MemorySql } from "./memory-sql.ts";
import { VirtualTime } from "./virtual-time.ts";

const name = "local" as DomainName;

/** The adapter from its URL to its disks: real routes over real objects, with a bridge and a WebEx that say yes. */
export class WholeEdge {
  readonly domain = localSettings();
  readonly time = new VirtualTime();
  readonly posted: string[] = [];
  /** What should never happen. */
  readonly broken: string[] = [];
  readonly app: Hono;
  readonly #conferences = new Map<ConfKey, ConferenceActor>();
  readonly #mailboxes = new Map<WebexHost, Mailbox>();
  readonly #aliases = memoryAliases(() => this.time.now, {
    isHeld: async (_, { confKey, extConfId }) => this.#conference(confKey).hasHandle(extConfId),
  });
  readonly #pool = new NumberBooks(new MemorySql());
  readonly #told = new Map<ConfKey, Map<string, IssuedCommand>>();
  /** MsgIDs of callers whom WebEx is yet to name. */
  readonly #entered: string[] = [];
  readonly #reported = new Map<ConfKey, number>();
  #nonces = 0;

  constructor() {
    this.app = createApp({
      domains: new Map([[name, this.domain]]),
      objects: this.#objects(),
      aliasCache: new AliasCache(),
      posts: new RateLimit(),
      metrics: new Metrics(),
      operatorToken: "",
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

  /** The bridge carries out what it was told and lets a caller in everywhere, time passes, and WebEx names the callers. */
  async goOn(): Promise<void> {
    for (const [confKey, commands] of this.#told) {
      const results = Array.from(
        commands.values(),
        ({ id }): Report => ({ type: "result", id, result: { done: true } }),
      );
      commands.clear();
      await this.#report(confKey, [...results, callerEntered(`${confKey}-${this.time.now}`)]);
    }
    await this.time.pass(3_000);
    for (const msgId of this.#entered.splice(0)) await this.post(named(msgId, `${(Number(msgId) % 3) + 1}`));
  }

  async #report(confKey: ConfKey, reports: readonly Report[]): Promise<void> {
    const before = this.#reported.get(confKey) ?? 0;
    this.#reported.set(confKey, before + reports.length);
    const numbered = reports.map((report, index) => ({ number: before + 1 + index, report }));
    await this.#conference(confKey).report({
      domain: name,
      confKey,
      stream: "s" as StreamId,
      bridge: "simulated" as BridgeName,
      reports: numbered,
    });
  }

  #watch(event: string, facts: object): void {
    if (/broke|failed|unreachable|no-numbers/.test(event)) this.broken.push(`${event} ${JSON.stringify(facts)}`);
  }

  #ports(): OutboxPorts & { setAlarm(at: number): void } {
    return {
      sql: new MemorySql(),
      log: ({ event, ...facts }) => this.#watch(event, facts),
      now: () => this.time.now,
      wait: (ms) => (ms === 0 ? Promise.resolve() : this.time.wait(ms)),
      post: async ({ body }) => {
        this.posted.push(body);
        for (const [, msgId = ""] of body.matchAll(/<A2W_NotifyUserEnter MsgID="(\d+)"/g)) this.#entered.push(msgId);
        const transId = /<TransID>(\d+)/.exec(body)?.[1] ?? "";
        return {
          kind: "answered",
          status: 200,
          body: new TextEncoder().encode(this.domain.codec.confirm(transId, "ok")),
        };
      },
      setAlarm: () => {},
    };
  }

  #conference(confKey: ConfKey): ConferenceActor {
    const known = this.#conferences.get(confKey);
    if (known) return known;
    const told = new Map<string, IssuedCommand>();
    this.#told.set(confKey, told);
    const actor: ConferenceActor = new ConferenceActor({
      ...this.#ports(),
      rules: { decide, nextDeadline },
      domain: () => this.domain,
      chooseBridge: async () => "simulated" as BridgeName,
      tell: async (_, __, commands) => {
        for (const order of commands) told.set(order.id, order);
        actor.ackCommands(
          "simulated" as BridgeName,
          commands.map(({ id }) => id),
        );
        return true;
      },
      askForSnapshot: async () => {},
      nonce: () => String(++this.#nonces),
      takeNumbers: async (_, wanted) => this.#pool.take(confKey, wanted, this.time.now),
      setAlarm: (at) => this.time.at(at, () => actor.alarm()),
      forget: async () => {},
    });
    this.#conferences.set(confKey, actor);
    return actor;
  }

  #mailbox(host: WebexHost): Mailbox {
    const takeTransIds = async () => this.#pool.take(null, { msgIds: 0, transIds: 50 }, this.time.now).transIds;
    const mailbox =
      this.#mailboxes.get(host) ??
      new Mailbox({ ...this.#ports(), domain: () => this.domain, takeTransIds, forget: async () => {} });
    this.#mailboxes.set(host, mailbox);
    return mailbox;
  }

  #objects(): EdgeObjects {
    const nobody = () => Promise.reject(new Error("not in this world"));
    return {
      conference: (_, confKey) => {
        const actor = this.#conference(confKey);
        return {
          receive: (delivered) => actor.receive(delivered),
          operate: (request) => actor.operate(request),
        };
      },
      aliases: () => this.#aliases,
      idAllocator: () => ({ holderOf: async (msgId) => this.#pool.holderOf(msgId, this.time.now) }),
      unroutedMail: (_, host) => this.#mailbox(host),
      bridgeHealth: nobody,
      connectAgent: nobody,
    };
  }
}

function callerEntered(call: string): Report {
  const caller = { call, direction: "in", number: "", attendeeId: null, muted: false, silent: false, room: "main" };
  return { type: "event", event: { type: "caller-entered", caller } } as Report;
}

function named(msgId: string, extCallId: string): string {
  const message = `<W2A_RspNotifyUserEnter MsgID="${msgId}" ExtCallID="${extCallId}"/>`;
  return `<WbxTSPSchema><TransID>n${msgId}</TransID>${message}</WbxTSPSchema>`;
}
