import { expect } from "vitest";
import { Conference } from "../../durable-objects/conference/conference.ts";
import type { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { HttpAnswer, PostRequest } from "../../durable-objects/platform/post.ts";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { Fact } from "../../src/conference/facts.ts";
import type { OperatorAction } from "../../src/conference/operator-actions.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  DomainName,
  ExtConfId,
  StreamId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import type { AgentReports, OperatorResult } from "../../src/rpc/conference.ts";
import type { ConferenceBatch, DirectoryAck } from "../../src/rpc/directory-feed.ts";
import type { IdBlocks, IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import type { BridgeHealth } from "../../src/rpc/relay.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import type { ResultWord } from "../../src/tsp/protocol-table.ts";
import { done, entered, left } from "../builders.ts";
import { Clock } from "../kit/clock.ts";
import { conferenceOn, Database } from "../kit/database.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { testDomain } from "../local-domain.ts";
import { confirmation, transIdOf } from "./fakes.ts";

export const confKey = "987654321" as ConfKey;
export const extConfId = "7001" as ExtConfId;
export const host = "127.0.0.1:8801" as WebexHost;
export const stream = "stream-1" as StreamId;
export const identity = { domain: "local" as DomainName, confKey, bridge: "simulated" as BridgeName };

type Posted = PostRequest & { readonly at: number; readonly transId: string };

/** Around one conference: its disk, its alarm, its clock, and both its neighbours, as a test wants them. */
export class ConferenceWorld {
  readonly time: Clock;
  readonly sql = new Database();
  domain: Domain = testDomain();
  readonly allocator = new IdAllocator(new Database());
  readonly sent: (readonly IssuedCommand[])[] = [];
  /** The bridge to which each of them was sent. */
  readonly sentTo: BridgeName[] = [];
  readonly posted: Posted[] = [];
  readonly lines: LogLine[] = [];
  readonly measures = new Measures(1);
  alarmAt: number | null = null;
  /** By how much the machine's clock is wrong. */
  clockSetMs = 0;
  isDiskFull = false;
  /** For each time that a snapshot was asked for: the digest with which none is wanted. */
  readonly asked: string[] = [];
  /** How often everything was deleted. */
  deleted = 0;
  /** WebEx's answer to a post. */
  answer: (posted: Posted) => HttpAnswer | Promise<HttpAnswer> = (posted) => this.confirmed(posted.transId);
  /** Each relay's answer to a question about its bridge. */
  health: (bridge: BridgeName) => Promise<Partial<BridgeHealth>> = async () => ({});
  isInSettings = true;
  /** When the disk was last put back from a backup. */
  restoredAt: number | null = null;
  /** Why the settings cannot be read. */
  settingsFault: string | null = null;
  sweepsAsked = 0;
  allocateIds: (wanted: IdsWanted) => Promise<IdBlocks> = async (wanted) =>
    this.allocator.allocate(confKey, wanted, this.time.now);
  share: (answers: SharedAnswers) => Promise<ShareResult> = async () => "confirmed";
  /** All that the directory was sent. */
  readonly batches: ConferenceBatch[] = [];
  publish: (batch: ConferenceBatch) => Promise<DirectoryAck> = async () => ({ directory: "1", pauseMs: 2_000 });
  onSent: (commands: readonly IssuedCommand[]) => unknown = () => {};
  conference: Conference;
  alive = false;
  #life = 0;
  /** Ends the wait of the platform for an alarm's work. */
  #died = () => {};
  #alarmDone = Promise.resolve();
  readonly #results = new Set<CommandId>();
  #nonces = 0;
  #reports = 0;
  #streams = 0;

  constructor(time = new Clock(worldBegins)) {
    this.time = time;
    this.conference = this.start();
  }

  /** With a conference that runs, and so many callers, each named `1001`, `1002` … by WebEx. */
  static async running(callers: number): Promise<ConferenceWorld> {
    const world = new ConferenceWorld();
    await world.running(callers);
    return world;
  }

  /** A new object over the same disk; the one before never does anything again. */
  start(): Conference {
    this.kill();
    const life = this.#life;
    this.alive = true;
    const step = () => {
      if (life !== this.#life) throw new Error("this object is dead");
    };
    const dead = new Promise<never>(() => {});
    const alive = <Value>(promise: Promise<Value>) =>
      promise.then((value) => (life === this.#life ? value : (dead as Promise<Value>)));

    this.conference = new Conference({
      sql: {
        exec: (query, ...bindings) => this.sql.exec(query, ...bindings),
        transaction: (work) => {
          step();
          if (this.isDiskFull) throw new Error("database or disk is full: SQLITE_FULL");
          return this.sql.transaction(work);
        },
      },
      log: (line) => this.lines.push(line),
      measures: this.measures,
      ...(this.restoredAt !== null && { restoredAt: this.restoredAt }),
      now: () => this.time.now + this.clockSetMs,
      after: (ms, run) => this.time.after(ms, () => life === this.#life && run()),
      domain: () => {
        if (this.settingsFault !== null) throw new Error(this.settingsFault);
        return this.isInSettings ? this.domain : null;
      },
      post: (request) => {
        step();
        return alive(this.#post(request));
      },
      relay: (_, bridge) => ({
        sendCommands: async ({ commands }) => {
          step();
          this.sentTo.push(bridge);
          this.sent.push(commands);
          await this.onSent(commands);
          return null;
        },
        askForSnapshot: async (_, unless) => {
          step();
          this.asked.push(unless);
        },
        health: async () => {
          step();
          const said = await alive(this.health(bridge));
          return { agentConnected: true, bridgeUp: true, ports: 0, portsInUse: 0, ...said };
        },
      }),
      allocateIds: (wanted) => {
        step();
        return alive(this.allocateIds(wanted));
      },
      abort: () => this.kill(),
      share: (answers) => {
        step();
        return alive(this.share(answers));
      },
      directory: () => ({
        publish: async (batch) => {
          step();
          this.batches.push(batch);
          return alive(this.publish(batch));
        },
      }),
      idAllocator: () => ({ sweepNext: async () => void this.sweepsAsked++ }),
      nonce: () => String(++this.#nonces),
      deleteAll: async () => {
        step();
        this.deleted += 1;
        this.sql.clear();
        this.kill();
      },
      setAlarm: async (at) => {
        step();
        this.#setAlarm(at);
      },
      getAlarm: async () => this.alarmAt,
    });
    return this.conference;
  }

  #setAlarm(at: number): void {
    this.alarmAt = at;
    this.time.after(at - this.clockSetMs - this.time.now, async () => {
      if (this.alarmAt !== at) return;
      // The platform holds an alarm back until the one before is done.
      await this.#alarmDone;
      if (this.alarmAt !== at) return;
      this.alarmAt = null;
      if (!this.alive) this.start();
      const [life, deleted] = [this.#life, this.deleted];
      const died = new Promise<void>((resolve) => {
        this.#died = resolve;
      });
      this.#alarmDone = Promise.race([this.conference.alarm(), died]);
      await this.#alarmDone;
      // The platform repeats an alarm over which its object died.
      const hasDied = life !== this.#life && deleted === this.deleted;
      if (hasDied && this.alarmAt === null) this.#setAlarm(this.time.now + this.clockSetMs + 2_000);
    });
  }

  /** The end of the object, as a killed process or an eviction makes it. */
  kill(): void {
    this.#life += 1;
    this.alive = false;
    this.#died();
  }

  receive(transId: string, ...messages: readonly FromWebex[]): Promise<boolean> {
    return this.conference.receive({ ...identity, transId: transId as TransId, messages });
  }

  /** The same, while time goes on. */
  received(transId: string, ...messages: readonly FromWebex[]): Promise<boolean> {
    return this.during(this.receive(transId, ...messages));
  }

  /** What an operator asks under this id, while time goes on. */
  operate(id: string, request: object, person = "Ann"): Promise<OperatorResult> {
    const action = { id, person, request } as object as OperatorAction;
    return this.during(this.conference.actions.operate(action));
  }

  /** The next reports of the agent's stream. */
  report(...reports: readonly Report[]): Promise<number> {
    return this.reportAs(this.#reports + 1, ...reports);
  }

  /** The same, while time goes on. */
  reported(...reports: readonly Report[]): Promise<number> {
    return this.during(this.report(...reports));
  }

  reportAs(first: number, ...reports: readonly Report[]): Promise<number> {
    this.#reports = Math.max(this.#reports, first + reports.length - 1);
    const numbered = reports.map((report, index) => ({ number: first + index, report }));
    this.#answered(reports);
    return this.conference.report({ ...identity, stream, activeSince: null, reports: numbered });
  }

  /** One report, the first in a stream of its own. */
  reportFrom(
    bridge: string,
    report: Report,
    more: Partial<Pick<AgentReports, "knownSince" | "cannot" | "aheadMs">> = {},
  ): Promise<number> {
    this.#streams += 1;
    const from = { bridge: bridge as BridgeName, stream: `${bridge}-${this.#streams}` as StreamId };
    const reports = [{ number: 1, report }];
    this.#answered([report]);
    return this.conference.report({ ...identity, ...from, ...more, activeSince: null, reports });
  }

  #answered(reports: readonly Report[]): void {
    for (const report of reports) if (report.type === "result") this.#results.add(report.id);
  }

  confirmed(transId: string, result: ResultWord = "ok"): HttpAnswer {
    return confirmation(this.domain, transId, result);
  }

  /** Sent commands without a result. */
  get pending(): CommandId[] {
    return [...new Set(this.sent.flatMap((commands) => commands.map(({ id }) => id)))].filter(
      (id) => !this.#results.has(id),
    );
  }

  /** The call of the latest call-out sent to a bridge. */
  get dialled(): CallId {
    const commands = this.sent.flatMap((sent) => sent.map(({ command }) => command));
    return commands.findLast((command) => command.type === "dial")?.call ?? expect.unreachable();
  }

  /** The MsgIDs of entry notifications, in order. */
  get entries(): string[] {
    const bodies = this.posted.map(({ body }) => body).join("");
    return [...new Set(Array.from(bodies.matchAll(/NotifyUserEnter MsgID="(\d+)"/g), ([, msgId = ""]) => msgId))];
  }

  get facts(): Fact[] {
    return conferenceOn(this.sql)
      .journal.facts(0)
      .flatMap(({ facts }) => facts);
  }

  /** Everything that was sent and has no result yet gets one: done. */
  async allDone(): Promise<void> {
    await this.during(this.report(...this.pending.map((id): Report => done(id))));
  }

  /** Waits for something while time goes on. */
  async during<Value>(promise: Promise<Value>): Promise<Value> {
    const result = Promise.allSettled([promise]);
    await this.time.pass(0);
    await this.time.pass(50);
    const [settled] = await result;
    if (settled.status === "rejected") throw settled.reason;
    return settled.value;
  }

  async running(callers: number): Promise<void> {
    await this.received("create", createConference());
    await this.allDone();
    const entered = Array.from({ length: callers }, (_, index) => callerEntered(index));
    if (callers > 0) await this.reported(...entered);
    await this.time.pass(5000);
    const named = this.entries.map(
      (msgId, index) => ({ type: "caller-named", msgId, extCallId: `${1001 + index}` }) as FromWebex,
    );
    for (let first = 0; first < named.length; first += 50) {
      await this.received(`named-${first}`, ...named.slice(first, first + 50));
    }
    await this.time.pass(5000);
  }

  /** Three hours of which 10,000 rows of the journal are left, the most that it keeps. Another life goes on from there. */
  async longPast(): Promise<void> {
    await this.time.pass(3 * 3_600_000);
    this.sql.exec(
      `WITH RECURSIVE past (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM past WHERE n < 10000)
       INSERT INTO journal (seq, at, input, progress, facts)
       SELECT seq + n, at, '{"type":"time"}', progress, '[]'
       FROM past, (SELECT seq, at, progress FROM journal ORDER BY seq DESC LIMIT 1)`,
    );
    this.start();
  }

  /** The agent acknowledges every command that the bridge was sent. */
  ackAll(): void {
    this.conference.ackCommands(
      identity.bridge,
      this.sent.flat().map(({ id }) => id),
    );
  }

  get tables(): number {
    return this.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").length;
  }

  get journalRows(): number {
    return this.sql.exec("SELECT seq FROM journal WHERE input IS NOT NULL").length;
  }

  /** The disk as another life of the conference would find it. */
  get stored(): ConferenceStore {
    return conferenceOn(this.sql);
  }

  async #post(request: PostRequest): Promise<HttpAnswer> {
    const { body, signal } = request;
    const posted = { at: this.time.now, transId: transIdOf(body), ...request };
    this.posted.push(posted);
    const aborted = new Promise<HttpAnswer>((resolve) =>
      signal.addEventListener("abort", () => resolve({ kind: "failed", reason: "AbortError" })),
    );
    return Promise.race([this.answer(posted), aborted]);
  }
}

/** A request about the conference, or another message of WebEx. */
export function request(type: string, more: object = {}): FromWebex {
  return { type, msgId: `m-${type}`, replyTo: host, extConfId, ...more } as object as FromWebex;
}

export function createConference(more: object = {}): FromWebex {
  return request("create-conference", { msgId: "m-create", confKey, ...more });
}

export function muteCaller(extCallId: string, msgId = `m-mute-${extCallId}`): FromWebex {
  return request("update-caller", { msgId, extCallId, privilege: "listen" });
}

export function lock(msgId: string): FromWebex {
  return request("update-conference", { msgId, action: "lock" });
}

export const callerLeft = (index: number): Report => left(`c${index}`);

export const callerEntered = (index: number): Report => entered({ call: `c${index}` });
