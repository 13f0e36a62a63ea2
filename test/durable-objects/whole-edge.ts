import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import { Mailbox } from "../../durable-objects/mail/mailbox.ts";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { BridgeName, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import type { Domain } from "../../src/settings/load.ts";
import { done, entered } from "../builders.ts";
import { edgeOnTest } from "../edge-on-test.ts";
import { fakeObjects } from "../fake-objects.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { worldBegins } from "../kit/world-begins.ts";
import { testDomain } from "../local-domain.ts";
import { ConferenceWorld } from "./conference-world.ts";
import { aCounter, confirmation, fakePlatform, memoryHandles, transIdOf } from "./fakes.ts";

const name = "local" as DomainName;

/** What is to be done at once is, without a test that lets time pass. */
class PromptClock extends Clock {
  override after(ms: number, run: () => void): () => void {
    if (ms > 0) return super.after(ms, run);
    queueMicrotask(run);
    return () => {};
  }
}

/** The adapter from its URL to its disks: real routes over real objects, with a bridge and a WebEx that say yes. */
export class WholeEdge {
  readonly domain: Domain;
  readonly time = new PromptClock(worldBegins);
  readonly posted: string[] = [];
  /** Events that should never happen. */
  readonly broken: string[] = [];
  /** Whether those who are dialled pick up at once. */
  picksUp = false;
  /** Whether WebEx takes what is posted. */
  listens = true;
  readonly app: ReturnType<typeof edgeOnTest>;
  readonly #conferences = new Map<ConfKey, ConferenceWorld>();
  readonly #allocator = new IdAllocator(new Database());
  readonly #mailbox: Mailbox;
  readonly #handles = memoryHandles(() => this.time.now, {
    hasHandle: async (_, { confKey, extConfId }, claimedBy) =>
      this.#world(confKey).conference.hasHandle(extConfId, claimedBy),
  });
  readonly #sent = new Map<ConfKey, Map<string, IssuedCommand>>();
  /** MsgIDs of callers whom WebEx is yet to name. */
  readonly #entered: string[] = [];
  readonly #reported = new Map<ConfKey, number>();

  constructor(settings: object = {}) {
    this.domain = testDomain(settings);
    const watch = this.#watch.bind(this);
    this.#mailbox = new Mailbox({
      ...fakePlatform(this.time, {
        log: ({ event, ...facts }) => watch(event, facts),
        post: async ({ body }) => this.#answer(body),
        abort: (why) => this.broken.push(why),
      }),
      ...aCounter,
      domain: () => this.domain,
      allocateIds: async ({ holder, ...wanted }) => this.#allocator.allocate(holder, wanted, this.time.now),
      deleteAll: async () => {},
    });
    const objects = fakeObjects({
      conference: (_, confKey) => this.#world(confKey).conference,
      handles: () => this.#handles,
      idAllocator: () => ({ holderOf: async (msgId) => this.#allocator.holderOf(msgId, this.time.now) }),
      mailbox: () => this.#mailbox,
    });
    const time = { now: () => this.time.now, after: (ms: number, run: () => void) => this.time.after(ms, run) };
    const log = (event: string, facts: object) => event !== "document-refused" && watch(event, facts);
    this.app = edgeOnTest(time, [this.domain], objects, { log });
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
        const result: Report = done(id);
        const isUp = this.picksUp && command.type === "dial";
        return isUp ? [result, { type: "event", event: { type: "call-answered", call: command.call } }] : [result];
      });
      commands.clear();
      await this.#report(confKey, [...results, entered({ call: `${confKey}-${this.time.now}`, number: "" })]);
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
    await this.#world(confKey).conference.report({
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

  #world(confKey: ConfKey): ConferenceWorld {
    const known = this.#conferences.get(confKey);
    if (known) return known;
    const sent = new Map<string, IssuedCommand>();
    this.#sent.set(confKey, sent);
    const world = new ConferenceWorld(this.time);
    world.domain = this.domain;
    world.lines.push = ({ event, ...facts }) => {
      this.#watch(event, facts);
      return 0;
    };
    world.answer = ({ body }) => this.#answer(body);
    world.allocateIds = async (wanted) => this.#allocator.allocate(confKey, wanted, this.time.now);
    world.share = async (answers) => this.#mailbox.share(answers);
    world.onSent = (commands) => {
      for (const command of commands) sent.set(command.id, command);
      world.conference.ackCommands(
        "simulated" as BridgeName,
        commands.map(({ id }) => id),
      );
    };
    this.#conferences.set(confKey, world);
    return world;
  }

  /** WebEx's, to a post. */
  #answer(body: string): HttpAnswer {
    if (!this.listens) return { kind: "failed", reason: "nobody listens" };
    this.posted.push(body);
    for (const [, msgId = ""] of body.matchAll(/<A2W_NotifyUserEnter MsgID="(\d+)"/g)) this.#entered.push(msgId);
    return confirmation(this.domain, transIdOf(body));
  }
}

function named(msgId: string, extCallId: string): string {
  const message = `<W2A_RspNotifyUserEnter MsgID="${msgId}" ExtCallID="${extCallId}"/>`;
  return `<WbxTSPSchema><TransID>n${msgId}</TransID>${message}</WbxTSPSchema>`;
}
