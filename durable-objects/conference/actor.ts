import type { Order } from "../../src/bridge/orders.ts";
import { firstClientPost } from "../../src/conference/client-data.ts";
import { applyChanges, type Changes, type Decision, type Surroundings } from "../../src/conference/decision.ts";
import type { ConferenceInput, OperatorRequest } from "../../src/conference/input.ts";
import type { ClientPostId, ConferenceState } from "../../src/conference/state.ts";
import type { BridgeName, CommandId, EpochMs, ExtConfId, MsgId, TransId } from "../../src/foundation/ids.ts";
import type { Domain } from "../domain-of.ts";
import type { ConferenceIdentity, Delivered, NumberBlocks, OperatorOutcome, ReportsOfAgent } from "../env.ts";
import { GroupCommit } from "../group-commit.ts";
import { Outbox, type OutboxPorts, type Row, type Rows } from "../outbox.ts";
import { left, NumbersRunOut, next } from "./numbers.ts";
import { PendingOrders } from "./pending-orders.ts";
import { type Books, ConferenceStore } from "./store.ts";

export interface ConferencePorts extends OutboxPorts {
  readonly rules: {
    decide(state: ConferenceState, input: ConferenceInput, around: Surroundings): Decision;
    nextDeadline(state: ConferenceState): EpochMs | null;
  };
  domain(identity: ConferenceIdentity): Domain;
  /** The bridge of the domain that is to hold a new conference. */
  chooseBridge(identity: ConferenceIdentity): Promise<BridgeName>;
  /** Tells a bridge; whether there was an agent to tell. What was not taken is told again. */
  tell(identity: ConferenceIdentity, bridge: BridgeName, orders: readonly Order[]): Promise<boolean>;
  takeNumbers(identity: ConferenceIdentity, count: number): Promise<NumberBlocks>;
  /** Replaces the one alarm there is; part of the transaction of the same turn. */
  setAlarm(at: EpochMs): void;
}

type Item =
  | { readonly type: "webex"; readonly delivered: Delivered }
  | { readonly type: "bridge"; readonly reports: ReportsOfAgent }
  | { readonly type: "operator"; readonly request: OperatorRequest }
  | { readonly type: "undelivered"; readonly row: Row }
  | { readonly type: "client-data"; readonly id: ClientPostId; readonly attempt: number; readonly delivered: boolean }
  | { readonly type: "time" };

/** What a transaction is about to make true, beside the state. */
interface Draft {
  books: Books;
  rows: Rows;
  readonly writes: Map<string, unknown>;
  readonly transIds: TransId[];
  readonly notes: string[];
}

/** What is due sooner is done by the object while it lives; the alarm is there for the case that it does not. */
const alarmLeadMs = 1000;
/** One journal row and one entry stay far below the platform's 2 MB. */
const maxInputChars = 1_000_000;
/** A decision that wants more numbers than this is a bug. */
const maxNumbers = 20_000;

/**
 * One conference: its state in memory, each input committed together with all that follows from it, and only then told
 * to the bridge and to WebEx. It may be thrown away between any two steps; the next one goes on from the rows.
 */
export class ConferenceActor {
  readonly #ports: ConferencePorts;
  readonly #store: ConferenceStore;
  readonly #outbox: Outbox;
  readonly #commits: GroupCommit<Item>;
  readonly #pending = new PendingOrders();
  /** TransID → when it was taken, the oldest first (protocol T38). */
  readonly #seen = new Map<TransId, EpochMs>();
  readonly #underWay = new Map<TransId, Promise<void>>();
  #identity: ConferenceIdentity | null;
  #bridge: BridgeName | null;
  #state: ConferenceState;
  #books: Books;
  #alarmAt: EpochMs | null = null;
  #fetching: Promise<void> | null = null;
  /** The client data that is under way, and for which time. */
  #handing: string | null = null;

  /** Loads everything, and takes up what is outstanding at once. */
  constructor(ports: ConferencePorts) {
    this.#ports = ports;
    this.#store = new ConferenceStore(ports.sql);
    const { identity, bridge, state, books } = this.#store.load();
    this.#identity = identity;
    this.#bridge = bridge;
    this.#state = state;
    this.#books = books;
    this.#commits = new GroupCommit(
      (items) => this.#commit(items),
      ports,
      (error) => this.#remedy(error),
    );
    this.#outbox = new Outbox(
      ports,
      () => this.#domain,
      (row) => this.#giveUp(row),
    );
    this.#outbox.load();
    if (!identity) return;
    const since = ports.now() - this.#domain.settings.transactionMemoryMs;
    for (const [transId, at] of this.#store.transIdsSince(since)) this.#seen.set(transId, at);
    this.alarm();
  }

  /** Resolves when the messages, or an earlier copy of them, are on disk. */
  async receive(delivered: Delivered): Promise<void> {
    this.#identity ??= { domain: delivered.domain, confKey: delivered.confKey };
    const { transId } = delivered;
    const underWay = this.#underWay.get(transId);
    if (underWay) return underWay;
    const takenAt = this.#seen.get(transId);
    const memoryMs = this.#domain.settings.transactionMemoryMs;
    if (takenAt !== undefined && this.#ports.now() - takenAt < memoryMs) {
      return this.#ports.log({ level: "info", event: "repeat", transId, ...this.#identity });
    }
    const taken = this.#commits.submit({ type: "webex", delivered }).finally(() => this.#underWay.delete(transId));
    this.#underWay.set(transId, taken);
    return taken;
  }

  /** Resolves, when they are on disk, to the highest number taken of this journal. */
  async report(reports: ReportsOfAgent): Promise<number> {
    this.#identity ??= { domain: reports.domain, confKey: reports.confKey };
    await this.#commits.submit({ type: "bridge", reports });
    return this.#books.taken[reports.journal] ?? 0;
  }

  /** The agent has these orders in its journal: they need not be told again. */
  ordersTaken(ids: readonly CommandId[]): void {
    this.#pending.taken(ids);
  }

  holds(extConfId: ExtConfId): boolean {
    const { head } = this.#state;
    if (head.phase === "absent" || head.phase === "ended") return false;
    const now = this.#ports.now();
    return head.extConfId === extConfId || head.former.some((one) => one.extConfId === extConfId && one.until > now);
  }

  async operate(request: OperatorRequest): Promise<OperatorOutcome> {
    const { head } = this.#state;
    if (head.phase !== "running" || !head.attached) return "no-such-conference";
    if (request.type === "passthrough" && !this.#hasCall(request.extCallId)) return "no-such-call";
    await this.#commits.submit({ type: "operator", request });
    return "done";
  }

  /** Sets the next alarm first, then does what is due; never throws, since a failed alarm is soon given up for good. */
  async alarm(): Promise<void> {
    this.#alarmAt = null;
    try {
      await this.#work();
    } catch (error) {
      this.#ports.log({ level: "error", event: "alarm-broke", why: String(error), ...this.#identity });
    }
  }

  get #domain(): Domain {
    return this.#ports.domain(this.#known);
  }

  get #known(): ConferenceIdentity {
    if (!this.#identity) throw new Error("this conference object was never told which conference it is");
    return this.#identity;
  }

  #hasCall(extCallId: string): boolean {
    for (const caller of this.#state.callers.values()) if (caller.extCallId === extCallId && !caller.left) return true;
    return false;
  }

  #commit(items: readonly Item[]): void {
    const at = this.#ports.now();
    const draft: Draft = { books: this.#books, rows: this.#outbox.rows, writes: new Map(), transIds: [], notes: [] };
    try {
      this.#ports.sql.transaction(() => {
        for (const item of items) this.#take(item, at, draft);
        this.#store.write(draft.writes);
        this.#outbox.write(draft.rows);
      });
    } catch (error) {
      this.#state = this.#store.load().state;
      throw error;
    }
    this.#books = draft.books;
    for (const transId of draft.transIds) this.#remember(transId, at);
    if (draft.writes.get("bridge") === null) this.#bridge = null;
    this.#pending.keepOnly(this.#state.orders);
    for (const note of draft.notes) this.#ports.log({ level: "info", event: "note", note, ...this.#identity });
    this.#follow(draft.rows);
  }

  /** What is committed stays so, whatever happens here: a failure is left to the alarm. */
  #follow(rows: Rows): void {
    try {
      this.#outbox.adopt(rows);
      this.#arm();
      this.#tell();
      this.#handOn();
      this.#stockUp();
    } catch (error) {
      this.#ports.log({ level: "error", event: "follow-up-broke", why: String(error), ...this.#identity });
    }
  }

  #take(item: Item, at: EpochMs, draft: Draft): void {
    const input = toInput(item, at, draft);
    if (!input) return;
    const decision = this.#ports.rules.decide(this.#state, input, this.#surroundings(draft));
    this.#noteChanges(decision.changes, draft.writes);
    applyChanges(this.#state, decision.changes);
    this.#pending.given(decision.orders);
    draft.rows = draft.rows.filter(({ host }) => !decision.dropQueued.includes(host));
    for (const { host, message } of decision.posts) {
      draft.rows = this.#outbox.add(draft.rows, host, message, () => takeNumber(draft, "transIds") as TransId);
    }
    draft.notes.push(...decision.notes);
    if (input.type === "webex") draft.transIds.push(input.transId);
    if (input.type === "bridge") {
      const upTo = input.reports.at(-1)?.number ?? 0;
      draft.books = { ...draft.books, taken: { ...draft.books.taken, [input.journal]: upTo } };
    }
    this.#store.append(input, draft.books);
    this.#store.prune(at, this.#domain.settings.transactionMemoryMs);
  }

  #noteChanges(changes: Changes, writes: Map<string, unknown>): void {
    if (this.#store.isNew) writes.set("identity", this.#known);
    if (changes.head) writes.set("head", changes.head);
    // A new life of the conference may be held by another bridge, once nothing of the old one is under way.
    const idle = this.#state.orders.size === 0 && changes.head?.phase === "creating";
    if (idle && this.#bridge && this.#state.head.phase !== "creating") writes.set("bridge", null);
    for (const [call, caller] of changes.callers) writes.set(`caller/${call}`, caller);
    for (const [call, callOut] of changes.callOuts) writes.set(`call-out/${call}`, callOut);
    for (const [id, order] of changes.orders) writes.set(`order/${id}`, order);
    for (const [id, room] of changes.rooms) writes.set(`room/${id}`, room);
    for (const [id, post] of changes.clientPosts) writes.set(`client-post/${id}`, post);
  }

  #surroundings(draft: Draft): Surroundings {
    return {
      confKey: this.#known.confKey,
      settings: this.#domain.settings,
      msgId: () => takeNumber(draft, "msgIds") as MsgId,
      serial: () => {
        draft.books = { ...draft.books, serial: draft.books.serial + 1 };
        return draft.books.serial;
      },
      unconfirmed: () => draft.rows.flatMap(({ host, messages }) => messages.map((message) => ({ host, message }))),
    };
  }

  #remember(transId: TransId, at: EpochMs): void {
    this.#seen.delete(transId);
    this.#seen.set(transId, at);
    const memoryMs = this.#domain.settings.transactionMemoryMs;
    for (const [oldest, takenAt] of this.#seen) {
      if (at - takenAt < memoryMs) return;
      this.#seen.delete(oldest);
    }
  }

  async #giveUp(row: Row): Promise<void> {
    await this.#commits.submit({ type: "undelivered", row });
  }

  /** Does whatever is due. */
  async #work(): Promise<void> {
    this.#arm();
    this.#outbox.tidy();
    this.#outbox.pump();
    this.#tell();
    this.#handOn();
    const deadline = this.#ports.rules.nextDeadline(this.#state);
    if (deadline !== null && deadline <= this.#ports.now()) await this.#commits.submit({ type: "time" });
  }

  /** Sees to it that there is an alarm for what is outstanding. Each alarm set costs a row: an earlier one does. */
  #arm(): void {
    const now = this.#ports.now();
    const soonest = earliest(this.#pending.nextTelling(this.#state.orders), this.#outbox.nextDue);
    const lively = soonest === null ? null : Math.max(soonest, now + alarmLeadMs);
    const deadline = this.#ports.rules.nextDeadline(this.#state);
    const at = earliest(lively, deadline === null || deadline > now ? deadline : now + alarmLeadMs);
    if (at === null || (this.#alarmAt !== null && this.#alarmAt <= at)) return;
    this.#alarmAt = at;
    this.#ports.setAlarm(at);
  }

  async #tell(): Promise<void> {
    const orders = this.#pending.due(this.#state.orders, this.#ports.now());
    if (orders.length === 0) return;
    try {
      const bridge = this.#bridge ?? (await this.#choose());
      await this.#ports.tell(this.#known, bridge, orders);
    } catch (error) {
      this.#ports.log({ level: "warn", event: "bridge-not-told", why: String(error), ...this.#identity });
    }
  }

  /** Posts the client data whose turn it is. After a restart an attempt that was under way is made once more. */
  async #handOn(): Promise<void> {
    const first = firstClientPost(this.#state.clientPosts.values());
    const { passthroughUrl: url, webex } = this.#domain.settings;
    if (!first?.underWay || url === undefined) return;
    const attempt = `${first.id}/${first.attempts}`;
    if (this.#handing === attempt) return;
    this.#handing = attempt;
    const body = JSON.stringify(first.body);
    const { timeoutMs } = webex;
    const { signal } = new AbortController();
    const outcome = await this.#ports.post({ url, body, contentType: "application/json", timeoutMs, signal });
    const delivered = outcome.kind === "answered" && outcome.status >= 200 && outcome.status < 300;
    try {
      await this.#commits.submit({ type: "client-data", id: first.id, attempt: first.attempts, delivered });
    } catch (error) {
      this.#ports.log({ level: "error", event: "client-data-not-noted", why: String(error), ...this.#identity });
    }
  }

  /** A domain with one bridge needs no row to remember it. */
  async #choose(): Promise<BridgeName> {
    const [only, ...others] = this.#domain.settings.bridges;
    if (only && others.length === 0) return only.name as BridgeName;
    const chosen = await this.#ports.chooseBridge(this.#known);
    if (this.#bridge) return this.#bridge;
    this.#ports.sql.transaction(() => this.#store.write(new Map([["bridge", chosen]])));
    this.#bridge = chosen;
    return chosen;
  }

  /** Keeps enough numbers at hand for a failover of everybody, so that a transaction need not wait for the pool. */
  #stockUp(): void {
    const { head, callers } = this.#state;
    if (head.phase === "absent" || head.phase === "ended") return;
    const wanted = 20 + 3 * callers.size;
    const stock = Math.min(left(this.#books.msgIds), left(this.#books.transIds) * 3);
    if (stock >= wanted) return;
    this.#fetchNumbers(wanted * 2).catch((error: unknown) =>
      this.#ports.log({ level: "warn", event: "no-numbers", why: String(error), ...this.#identity }),
    );
  }

  #fetchNumbers(count: number): Promise<void> {
    this.#fetching ??= this.#ports
      .takeNumbers(this.#known, count)
      .then(({ msgIds, transIds }) => {
        const books = this.#books;
        this.#books = { ...books, msgIds: [...books.msgIds, msgIds], transIds: [...books.transIds, transIds] };
      })
      .finally(() => {
        this.#fetching = null;
      });
    return this.#fetching;
  }

  async #remedy(error: unknown): Promise<boolean> {
    if (!(error instanceof NumbersRunOut)) return false;
    const stock = Math.min(left(this.#books.msgIds), left(this.#books.transIds));
    if (stock > maxNumbers) return false;
    try {
      await this.#fetchNumbers(Math.max(50, stock * 2));
      return true;
    } catch (why) {
      this.#ports.log({ level: "error", event: "no-numbers", why: String(why), ...this.#identity });
      return false;
    }
  }
}

/** `null`: there is nothing in it that was not taken before. */
function toInput(item: Item, at: EpochMs, draft: Draft): ConferenceInput | null {
  switch (item.type) {
    case "webex": {
      const { transId, messages } = item.delivered;
      return checked({ type: "webex", at, transId, messages });
    }
    case "bridge": {
      const { journal } = item.reports;
      let upTo = draft.books.taken[journal] ?? 0;
      const fresh = item.reports.reports.filter(({ number }) => number === upTo + 1 && ++upTo);
      return fresh.length === 0 ? null : checked({ type: "bridge", at, journal, reports: fresh });
    }
    case "undelivered": {
      const { row } = item;
      // A failover may have dropped it meanwhile.
      if (!draft.rows.some(({ seq }) => seq === row.seq)) return null;
      draft.rows = draft.rows.filter(({ seq }) => seq !== row.seq);
      return { type: "undelivered", at, messages: row.messages };
    }
    case "client-data":
      return { ...item, at };
    case "operator":
      return checked({ type: "operator", at, request: item.request });
    default:
      return { type: "time", at };
  }
}

function checked(input: ConferenceInput): ConferenceInput {
  const { length } = JSON.stringify(input);
  if (length > maxInputChars)
    throw new Error(`an input of ${length} characters is too large (${maxInputChars} at most)`);
  return input;
}

function takeNumber(draft: Draft, kind: "msgIds" | "transIds"): string {
  const { id, rest } = next(draft.books[kind]);
  draft.books = { ...draft.books, [kind]: rest };
  return id;
}

function earliest(...times: readonly (EpochMs | null)[]): EpochMs | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
