import type { IssuedCommand } from "../../src/bridge/commands.ts";
import type { ConferenceInput } from "../../src/conference/decide.ts";
import type { DecisionContext, RepairKind } from "../../src/conference/draft.ts";
import type { OperatorRequest } from "../../src/conference/requests.ts";
import type { ClientPostId, ConferenceState } from "../../src/conference/state.ts";
import { applyChanges, type Changes } from "../../src/conference/state.ts";
import type { Domain } from "../../src/domain.ts";
import type { BridgeName, EpochMs, MsgId, StreamId, TransId } from "../../src/foundation/ids.ts";
import type { AgentReports, ConferenceDocument, ConferenceIdentity, IdBlocks } from "../../src/rpc.ts";
import type { Outbox, Row, Rows } from "../outbox.ts";
import type { ConferencePorts } from "./conference-ports.ts";
import { next } from "./numbers.ts";
import { Seen } from "./seen.ts";
import { type Books, ConferenceStore, type Retention } from "./store.ts";

/** What a conference can be given to commit. */
export type Item =
  | { readonly type: "webex"; readonly delivered: ConferenceDocument }
  | { readonly type: "bridge"; readonly reports: AgentReports }
  | { readonly type: "operator"; readonly request: OperatorRequest }
  | { readonly type: "undelivered"; readonly row: Row }
  | { readonly type: "client-data"; readonly id: ClientPostId; readonly attempt: number; readonly delivered: boolean }
  | { readonly type: "time" };

/** What is to be done now that it is on disk. */
interface Committed {
  readonly rows: Rows;
  /** Those that are new. */
  readonly commands: readonly IssuedCommand[];
  /** What operations staff should read. */
  readonly notes: readonly string[];
  readonly repairs: readonly RepairKind[];
}

/** What a transaction is about to make true, beside the state. */
interface Draft {
  books: Books;
  /** Whether a new life of the conference begins. */
  begins: boolean;
  rows: Rows;
  readonly writes: Map<string, unknown>;
  readonly transIds: TransId[];
  readonly commands: IssuedCommand[];
  readonly notes: string[];
  readonly repairs: RepairKind[];
}

/** Of so many streams it is known how far they were taken: only the last one of each agent goes on. */
const rememberedStreams = 8;
const dayMs = 86_400_000;

/** One conference as it is on disk and, always alike, in memory: each input is committed with all that follows from it. */
export class Ledger {
  readonly #ports: ConferencePorts;
  readonly #store: ConferenceStore;
  readonly #outbox: Outbox;
  readonly #seen: Seen;
  #identity: ConferenceIdentity | null;
  #state: ConferenceState;
  #books: Books;

  constructor(ports: ConferencePorts, outbox: Outbox) {
    this.#ports = ports;
    this.#outbox = outbox;
    this.#store = new ConferenceStore(ports.sql);
    const { identity, state, books } = this.#store.load();
    this.#identity = identity;
    this.#state = state;
    this.#books = books;
    this.#seen = new Seen(identity ? this.#store.transIdsSince(ports.now() - this.#retention.neededMs) : []);
  }

  get identity(): ConferenceIdentity | null {
    return this.#identity;
  }

  /** The identity of a conference that was told it. */
  get known(): ConferenceIdentity {
    if (!this.#identity) throw new Error("this conference object was never told which conference it is");
    return this.#identity;
  }

  get domain(): Domain {
    return this.#ports.domain(this.known);
  }

  get state(): ConferenceState {
    return this.#state;
  }

  get books(): Books {
    return this.#books;
  }

  /** It is on disk with the first input. */
  introduce({ domain, confKey }: ConferenceIdentity): void {
    this.#identity ??= { domain, confKey };
  }

  /** From when on nothing of it is needed by anybody; `null`: that cannot be said yet. */
  get forgettableAt(): EpochMs | null {
    const { head, ...entries } = this.#state;
    const isOver = head.phase === "absent" || head.phase === "ended";
    if (this.#store.isNew || !isOver || Object.values(entries).some(({ size }) => size > 0)) return null;
    const closedUntil = head.phase === "ended" ? head.closedUntil : undefined;
    const { neededMs, keptMs } = this.#retention;
    return Math.max(this.#store.lastAt + Math.max(neededMs, keptMs), closedUntil ?? 0);
  }

  get #retention(): Retention {
    const { transactionMemoryMs, journalRetentionDays } = this.domain.settings;
    return { neededMs: transactionMemoryMs, keptMs: journalRetentionDays * dayMs };
  }

  get lastAt(): EpochMs {
    return this.#store.lastAt;
  }

  isRepeat(transId: TransId): boolean {
    return this.#seen.has(transId, this.#ports.now(), this.#retention.neededMs);
  }

  takenOf(stream: StreamId): number {
    return this.#books.taken[stream] ?? 0;
  }

  /** Of which reports were taken last; `undefined`: none were yet. */
  get lastStream(): StreamId | undefined {
    return Object.keys(this.#books.taken).at(-1) as StreamId | undefined;
  }

  /** They are on disk with the next input; those that are lost before were used by nobody. */
  addNumbers({ msgIds, transIds }: IdBlocks): void {
    const books = this.#books;
    this.#books = { ...books, msgIds: [...books.msgIds, msgIds], transIds: [...books.transIds, transIds] };
  }

  /** Whether this is a bridge that the conference is not on. */
  isElsewhere(bridge: BridgeName): boolean {
    return isElsewhere(this.#books, bridge);
  }

  /** Of what is on disk with the last input. */
  correct(change: Partial<Pick<Books, "bridge" | "aheadMs">>): void {
    const books = { ...this.#books, ...change };
    this.#ports.sql.transaction(() => this.#store.correct(books));
    this.#books = books;
  }

  /** All of them in one transaction; throws, and leaves nothing of any of them, where one fails. */
  commit(items: readonly Item[]): Committed {
    const at = this.#ports.now();
    const { rows } = this.#outbox;
    const lists = { transIds: [], commands: [], notes: [], repairs: [] };
    const draft: Draft = { books: this.#books, begins: false, rows, writes: new Map(), ...lists };
    try {
      this.#ports.sql.transaction(() => {
        for (const item of items) this.#take(item, at, draft);
        if (draft.begins) this.#dropNumbers(draft);
        this.#store.write(draft.writes);
        this.#outbox.write(draft.rows);
      });
    } catch (error) {
      this.#state = this.#store.load().state;
      throw error;
    }
    this.#books = draft.books;
    for (const transId of draft.transIds) this.#seen.add(transId, at, this.#retention.neededMs);
    return draft;
  }

  #take(item: Item, at: EpochMs, draft: Draft): void {
    const input = toInput(item, at, draft);
    if (!input) return;
    // Nobody chose a bridge for a conference that WebEx never created: it is on the one that tells of it.
    if (item.type === "bridge" && this.#state.head.phase === "absent") {
      draft.books = { ...draft.books, bridge: draft.books.bridge ?? item.reports.bridge };
    }
    const decision = this.#ports.rules.decide(this.#state, input, this.#surroundings(draft));
    this.#noteChanges(decision.changes, draft.writes);
    const begins = this.#begins(decision.changes);
    draft.begins ||= begins;
    applyChanges(this.#state, decision.changes);
    draft.rows = draft.rows.filter(({ host }) => !decision.dropQueued.includes(host));
    for (const { host, message } of decision.posts) {
      draft.rows = this.#outbox.add(draft.rows, host, message, () => takeNumber(draft, "transIds") as TransId);
    }
    if (begins) draft.books = { ...draft.books, bridge: this.#onlyBridge };
    draft.commands.push(...decision.commands);
    draft.notes.push(...decision.notes);
    draft.repairs.push(...decision.repairs);
    if (input.type === "webex") draft.transIds.push(input.transId);
    if (input.type === "bridge") {
      const upTo = input.reports.at(-1)?.number ?? 0;
      const { [input.stream]: _, ...others } = draft.books.taken;
      const recent = Object.entries(others).slice(1 - rememberedStreams);
      draft.books = { ...draft.books, taken: { ...Object.fromEntries(recent), [input.stream]: upTo } };
    }
    this.#store.append(input, draft.books);
    this.#store.prune(at, this.#retention);
  }

  /** The pool forgets in time who was given the numbers of an earlier life; what is committed with its begin may still need them. */
  #dropNumbers(draft: Draft): void {
    if (draft.books.msgIds.length + draft.books.transIds.length === 0) return;
    draft.books = { ...draft.books, msgIds: [], transIds: [] };
    this.#store.correct(draft.books);
  }

  #noteChanges(changes: Changes, writes: Map<string, unknown>): void {
    if (this.#store.isNew) writes.set("identity", this.known);
    if (changes.head) writes.set("head", changes.head);
    for (const [call, caller] of changes.callers) writes.set(`caller/${call}`, caller);
    for (const [call, callOut] of changes.callOuts) writes.set(`call-out/${call}`, callOut);
    for (const [id, command] of changes.commands) writes.set(`command/${id}`, command);
    for (const [id, room] of changes.rooms) writes.set(`room/${id}`, room);
    for (const [id, post] of changes.clientPosts) writes.set(`client-post/${id}`, post);
  }

  /** A new life of the conference may be held by another bridge. */
  #begins({ head }: Changes): boolean {
    return head?.phase === "creating" && this.#state.head.phase !== "creating";
  }

  /** Kept from the start, so that a second bridge in the settings takes no conference from the first one. */
  get #onlyBridge(): BridgeName | null {
    const [only, ...others] = this.domain.settings.bridges;
    return only && others.length === 0 ? (only.name as BridgeName) : null;
  }

  #surroundings(draft: Draft): DecisionContext {
    return {
      confKey: this.known.confKey,
      settings: this.domain.settings,
      bridge: draft.books.bridge,
      msgId: () => takeNumber(draft, "msgIds") as MsgId,
      nonce: () => this.#ports.nonce(),
      serial: () => {
        draft.books = { ...draft.books, serial: draft.books.serial + 1 };
        return draft.books.serial;
      },
      unconfirmed: () => draft.rows.flatMap(({ host, messages }) => messages.map((message) => ({ host, message }))),
    };
  }
}

/** `null`: there is nothing in it that was not taken before. */
function toInput(item: Item, at: EpochMs, draft: Draft): ConferenceInput | null {
  switch (item.type) {
    case "webex": {
      const { transId, messages } = item.delivered;
      return { type: "webex", at, transId, messages };
    }
    case "bridge": {
      const { stream, bridge } = item.reports;
      const elsewhere = isElsewhere(draft.books, bridge) && { elsewhere: bridge };
      let upTo = draft.books.taken[stream] ?? 0;
      const fresh = item.reports.reports.filter(({ number }) => number === upTo + 1 && ++upTo);
      return fresh.length === 0 ? null : { type: "bridge", at, stream, reports: fresh, ...elsewhere };
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
      return { type: "operator", at, request: item.request };
    default:
      return { type: "time", at };
  }
}

function isElsewhere({ bridge: own }: Books, bridge: BridgeName): boolean {
  return own !== null && own !== bridge;
}

function takeNumber(draft: Draft, kind: "msgIds" | "transIds"): string {
  const { id, rest } = next(draft.books[kind]);
  draft.books = { ...draft.books, [kind]: rest };
  return id;
}
