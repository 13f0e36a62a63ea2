import type { BridgeCommand, IssuedCommand } from "../bridge/commands.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import { type Effect, isCommand, isPost, type Outgoing, type Post } from "../conference/draft.ts";
import type { Fact } from "../conference/facts.ts";
import type { QueuedDocument } from "../conference/queue.ts";
import {
  applyChanges,
  type Changes,
  type ConferenceState,
  emptyState,
  entryKinds,
  type OwnState,
} from "../conference/state.ts";
import { applyTransaction, type DecisionProgress, type Situation } from "../conference/transaction.ts";
import type { EpochMs, MsgId, TransId } from "../foundation/ids.ts";
import type { Domain } from "../settings/load.ts";
import { type About, type HistoryRow, settingsIn, versionIn } from "./history.ts";
import { GroupedRows, type TransactionRows } from "./rows.ts";
import { UnknownIds } from "./unknown-ids.ts";

/** Whether today's code decides as the journal says. */
export type Verdict =
  | { readonly is: "same" }
  /** `where`: the fact, the entry or the message that differs first. */
  | { readonly is: "differs"; readonly where: string }
  | { readonly is: "may differ"; readonly why: string };

/** Messages of one document, and what became of them. */
export interface Posted {
  readonly host: Post["host"];
  readonly transId: string;
  readonly messages: readonly Outgoing[];
  /** When it was confirmed, or the attempt failed. */
  readonly at: EpochMs;
}

/** A row of the journal, and what it has of all that followed from its input. */
export interface Step {
  readonly seq: number;
  readonly at: EpochMs;
  /** The code version that decided; `null`: the row does not say. */
  readonly version: string | null;
  readonly verdict: Verdict;
  readonly input: ConferenceInput | null;
  readonly facts: readonly Fact[];
  /** Read it before the next step is asked for: it is changed in place then. */
  readonly before: ConferenceState;
  readonly changes: Changes;
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly SentMessage[];
  /** Documents whose server was replaced before it had confirmed them, or that waited behind one that was given up. */
  readonly dropped: readonly Posted[];
  readonly givenUp: readonly Posted[];
  readonly confirmed: readonly Posted[];
  readonly failed: readonly (Posted & { readonly why: string; readonly attempts: number; readonly nextAt: EpochMs })[];
}

/** In the document that carries it. */
export interface SentMessage extends Pick<Post, "host" | "message"> {
  readonly transId: TransId;
}

/**
 * Steps through a conference's journal: the state before each row, what the row says that it changed and caused, and whether today's code
 * decides the same. Where several inputs share a transaction, the journal has their changes together, so the states between them are
 * today's.
 */
export function* replay(rows: Iterable<HistoryRow>, about: About): Generator<Step> {
  const replayed = new Replay(about);
  const grouped = new GroupedRows();
  for (const row of rows) for (const transaction of grouped.add(row)) yield* replayed.steps(transaction);
  for (const transaction of grouped.rest()) yield* replayed.steps(transaction);
}

/** A conference at a place of its journal. */
export class Replay {
  readonly #about: About;
  readonly #state: OwnState = emptyState();
  /** Those that wait, by the keys of their entries. */
  #documents: ReadonlyMap<string, QueuedDocument> = new Map();
  #progress: HistoryRow["progress"] | null = null;
  /** Why the state is not all that there was. */
  #gap: string | null = null;
  #next = 1;
  #previous: number | null = null;

  constructor(about: About) {
    this.#about = about;
  }

  get domain(): Domain {
    return this.#about.domain;
  }

  /** The row behind the last one that was read. */
  get next(): number {
    return this.#next;
  }

  /** The last step; `null`: there was none. */
  get previous(): number | null {
    return this.#previous;
  }

  /** Goes behind a transaction; nothing is decided. */
  skip(rows: TransactionRows): void {
    this.#begin(rows);
    this.#end(rows, changesOf(rows) ? null : this.#decideAgain(rows));
  }

  /** Goes behind a transaction, row by row; whoever leaves off within it finds it before that transaction. */
  *steps(rows: TransactionRows): Generator<Step> {
    this.#begin(rows);
    const last = rows.at(-1) ?? rows[0];
    const recorded = changesOf(rows);
    const decided = this.#decideAgain(rows);
    const documents = [...this.#documents.values(), ...this.#documentsAfter(recorded).values()];
    const verdict = this.#verdict(rows, documents, decided);
    const written = new Written(recorded, documents, decided);
    const isToday = verdict.is === "same" || recorded === null;
    const inputs = inputsOf(rows);
    const state = inputs.length === 1 ? this.#state : copyOf(this.#state);
    for (const [index, row] of inputs.entries()) {
      const isLast = index === inputs.length - 1;
      const facts = isLast ? rows.slice(rows.indexOf(row)).flatMap(factsOf) : factsOf(row);
      const own = isToday ? filled(decided, decided.changes[index]) : noChanges;
      const changes = isLast && recorded ? changesIn(recorded) : own;
      yield {
        ...{ seq: row.seq, at: row.at, version: versionOf(last), verdict, input: row.input, facts },
        ...{ before: state, changes, ...written.by(row, facts) },
      };
      if (!isLast) applyChanges(state, changes);
    }
    this.#end(rows, decided);
  }

  #begin([first]: TransactionRows): void {
    if (first.seq !== this.#next) this.#gap = "the rows before are no longer kept";
  }

  /** `decided`: what today's code decides, where the rows do not say. */
  #end(rows: TransactionRows, decided: Decided | null): void {
    const last = rows.at(-1) ?? rows[0];
    const recorded = changesOf(rows);
    if (recorded) {
      // One by one: an entry that was deleted and is set again comes last.
      for (const entry of recorded) applyChanges(this.#state, changesIn([entry]));
      this.#documents = this.#documentsAfter(recorded);
    } else if (decided) {
      for (const changes of decided.changes) applyChanges(this.#state, filled(decided, changes));
      this.#documents = new Map(decided.situation.queue.rows.map((row) => [`outbox/${row.seq}`, row]));
    }
    if (recorded === null) this.#gap ??= `what followed from row ${last.seq} was too long to be kept`;
    this.#progress = last.progress;
    this.#next = last.seq + 1;
    this.#previous = inputsOf(rows).at(-1)?.seq ?? null;
  }

  #documentsAfter(recorded: HistoryRow["changes"]): ReadonlyMap<string, QueuedDocument> {
    const documents = new Map(this.#documents);
    for (const [key, value] of recorded ?? []) {
      if (!key.startsWith("outbox/")) continue;
      if (value === null) documents.delete(key);
      else documents.set(key, value as QueuedDocument);
    }
    return documents;
  }

  #decideAgain(rows: TransactionRows): Decided {
    const last = rows.at(-1) ?? rows[0];
    const begin = this.#progress ?? { bridge: null, serial: 0 };
    const decided = this.#decide(rows, begin);
    if (this.#gap === null || this.#progress !== null || decided.error !== null) return decided;
    return this.#decide(rows, { ...begin, serial: last.progress.serial - decided.situation.progress.serial });
  }

  /** What today's code decides on each input of a transaction. */
  #decide(rows: TransactionRows, progress: DecisionProgress): Decided {
    const { confKey, domain } = this.#about;
    const confirmed = new Set(rows.flatMap(factsOf).map((fact) => fact.kind === "post-confirmed" && fact.transId));
    const waiting = [...this.#documents.values()].filter(({ transId }) => !confirmed.has(transId as TransId));
    const state = rows.length === 1 ? this.#state : copyOf(this.#state);
    const ids = new UnknownIds();
    const decided = { ids, facts: [] as Fact[], posts: [] as SentMessage[], commands: [] as IssuedCommand[] };
    const changes: Changes[] = [];
    let situation: Situation = { state, queue: { rows: waiting, open: [] }, progress };
    let documents = Math.max(0, ...waiting.map(({ seq }) => seq));
    try {
      for (const { input, seq, progress: then } of rows) {
        if (input === null) continue;
        const bridge = (input.type === "bridge" && input.elsewhere) || then.bridge;
        const { decision, facts, ...after } = applyTransaction(situation, input, {
          ...{ confKey, domain, row: seq, reporter: { bridge, cannot: then.cannot } },
          msgId: () => ids.next() as MsgId,
          transId: () => ids.next() as TransId,
          documentSeq: () => ++documents,
          nonce: () => ids.next(),
        });
        decided.facts.push(...facts);
        decided.posts.push(...sentIn(decision.effects, after.queue.rows));
        decided.commands.push(...decision.effects.filter(isCommand));
        changes.push(decision.changes);
        if (rows.length > 1) applyChanges(state, decision.changes);
        situation = { state, ...after };
      }
      return { ...decided, changes, situation, error: null };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { ...decided, changes, situation, error: `this version cannot decide on it: ${why}` };
    }
  }

  #verdict(rows: TransactionRows, documents: readonly QueuedDocument[], decided: Decided): Verdict {
    const recorded = changesOf(rows);
    const { progress } = rows.at(-1) ?? rows[0];
    if (decided.error !== null) return { is: "may differ", why: decided.error };
    if (rows.some(({ facts }) => facts === null))
      return { is: "may differ", why: "version 0.1 wrote it, without facts" };
    if (recorded === null) return { is: "may differ", why: "what followed was too long to be kept" };
    const where =
      differenceOfFacts(rows, decided) ??
      differenceOfMessages(rows, documents, decided) ??
      this.#differenceOfEntries(recorded, decided) ??
      (decided.situation.progress.serial === progress.serial ? null : "serial");
    if (where === null) return { is: "same" };
    if (rows.some(({ input }) => input && "tooLong" in input))
      return { is: "may differ", why: "the input was too long to be kept" };
    if (this.#gap !== null) return { is: "may differ", why: this.#gap };
    const { decidedBy } = progress;
    if (decidedBy === undefined) return { is: "may differ", why: "the row does not say which version decided" };
    if (settingsIn(decidedBy) !== settingsIn(this.#about.decidedBy))
      return { is: "may differ", why: "the settings of the domain have changed since" };
    return { is: "differs", where: UnknownIds.readable(where) };
  }

  #differenceOfEntries(recorded: Entries, { ids, changes }: Decided): string | null {
    const open = new Map(recorded.filter(([key]) => kindOf(key) !== null));
    const merged = new Map(changes.flatMap((one) => [...entriesIn(one)]));
    for (const [key, value] of merged) {
      const found = open.has(key) ? key : [...open.keys()].find((other) => ids.isSameText(key, other));
      const known = found === undefined ? this.#entry(key) : open.get(found);
      const where = ids.difference(value ?? null, known ?? null, key);
      if (where !== null) return where;
      if (found !== undefined) open.delete(found);
    }
    for (const [key, value] of open) {
      const where = ids.difference(this.#entry(key) ?? null, value, key);
      if (where !== null) return where;
    }
    return null;
  }

  #entry(key: string): unknown {
    const kind = kindOf(key);
    if (kind === null) return undefined;
    return kind === "head" ? this.#state.head : this.#state[entryKinds[kind]].get(idIn(key) as never);
  }
}

type Entries = readonly (readonly [key: string, value: unknown])[];

/** What today's code decides on the inputs of a transaction, with marks in place of ids that only the journal knows. */
interface Decided {
  readonly ids: UnknownIds;
  readonly facts: readonly Fact[];
  readonly posts: readonly SentMessage[];
  readonly commands: readonly IssuedCommand[];
  /** Of each input. */
  readonly changes: readonly Changes[];
  /** Behind the last input. */
  readonly situation: Situation;
  /** Why it cannot decide. */
  readonly error: string | null;
}

/** What became of a row's commands, messages and documents, in full: as the journal has them, else as today's code does. */
class Written {
  readonly #commands: ReadonlyMap<string, BridgeCommand>;
  readonly #documents: readonly Pick<QueuedDocument, "host" | "transId" | "messages">[];

  constructor(recorded: HistoryRow["changes"], documents: readonly QueuedDocument[], decided: Decided | null) {
    const today = decided && {
      ...decided,
      ...decided.ids.filled({ commands: decided.commands, posts: decided.posts }),
    };
    const issued = today?.commands.map(({ id, command }) => [id, command] as const) ?? [];
    const pending = recorded ? [...changesIn(recorded).commands.values()].filter((one) => one !== null) : [];
    this.#commands = new Map([...issued, ...pending.map(({ id, command }) => [id, command] as const)]);
    this.#documents = [
      ...documents,
      ...(today?.posts.map(({ message, ...to }) => ({ ...to, messages: [message] })) ?? []),
    ];
  }

  by({ at, input }: HistoryRow, facts: readonly Fact[]): Sent {
    const sent = { commands: [], messages: [], dropped: [], givenUp: [], confirmed: [], failed: [] } as MutableSent;
    for (const fact of facts) {
      if (fact.kind === "command-issued") {
        const command = this.#commands.get(fact.command);
        if (command) sent.commands.push({ id: fact.command, command });
      } else if (fact.kind === "message-queued") {
        const [message] = this.#messages(fact.transId, [fact]);
        if (message) sent.messages.push({ host: fact.host, transId: fact.transId, message });
      } else if (fact.kind === "post-given-up" && input?.type === "undelivered") {
        sent.givenUp.push({ host: fact.host, transId: fact.transId, messages: input.messages, at });
      } else if (fact.kind === "post-dropped" || fact.kind === "post-confirmed" || fact.kind === "post-failed") {
        const document = this.#documents.find(({ transId }) => transId === fact.transId);
        if (!document) continue;
        const { host, transId, messages } = document;
        if (fact.kind === "post-dropped")
          sent.dropped.push({ host, transId, at, messages: this.#messages(transId, fact.messages) });
        else if (fact.kind === "post-confirmed") sent.confirmed.push({ host, transId, messages, at: fact.at });
        else
          sent.failed.push({
            ...{ host, transId, messages, at: fact.at },
            ...{ why: fact.why, attempts: fact.attempt, nextAt: fact.nextAt },
          });
      }
    }
    return sent;
  }

  #messages(transId: string, named: readonly NamedMessage[]): readonly Outgoing[] {
    return messagesIn(this.#documents, transId, named);
  }
}

export interface SentByRow extends Sent, Pick<HistoryRow, "seq" | "input"> {}
type Sent = Pick<Step, "commands" | "messages" | "dropped" | "givenUp" | "confirmed" | "failed">;
type MutableSent = { [List in keyof Sent]: Sent[List][number][] };
interface NamedMessage extends Pick<Outgoing, "msgId"> {
  readonly type: string;
}

/** What the rows of one transaction say was sent, by row; of documents that were queued before, nothing is known. */
export function sentBy(rows: TransactionRows): readonly SentByRow[] {
  const recorded = changesOf(rows);
  const written = new Written(recorded, documentsIn(recorded), null);
  return rows.map((row) => ({ seq: row.seq, input: row.input, ...written.by(row, factsOf(row)) }));
}

function messagesIn(
  documents: readonly Pick<QueuedDocument, "transId" | "messages">[],
  transId: string,
  named: readonly NamedMessage[],
): readonly Outgoing[] {
  const messages = documents.flatMap((one) => (one.transId === transId ? one.messages : []));
  return named.flatMap(({ type, msgId }) => messages.find((one) => one.type === type && one.msgId === msgId) ?? []);
}

/** These depend on what was being posted, which only the outbox knew. */
const ofOutbox: ReadonlySet<Fact["kind"]> = new Set(["post-confirmed", "post-failed", "post-dropped"] as const);

function differenceOfFacts(rows: TransactionRows, { ids, facts }: Decided): string | null {
  const [today, said] = [facts, rows.flatMap(factsOf)].map((all) => all.filter(({ kind }) => !ofOutbox.has(kind)));
  for (const [index, fact] of (today ?? []).entries()) {
    const other = said?.[index];
    if (fact.kind !== other?.kind) return fact.kind;
    const where = ids.difference(withoutDocument(fact), withoutDocument(other), fact.kind);
    if (where !== null) return where;
  }
  return said?.[today?.length ?? 0]?.kind ?? null;
}

/** Which document a message joined depends on what was being posted. */
function withoutDocument(fact: Fact): unknown {
  return fact.kind === "message-queued" ? { ...fact, transId: null } : fact;
}

/** The facts have the same messages, in the same order. */
function differenceOfMessages(
  rows: TransactionRows,
  documents: readonly QueuedDocument[],
  { ids, posts }: Decided,
): string | null {
  const facts = rows.flatMap(factsOf);
  const dropped = new Set(facts.flatMap((fact) => (fact.kind === "post-dropped" ? fact.transId : [])));
  const queued = facts.filter((fact) => fact.kind === "message-queued");
  for (const [index, fact] of queued.entries()) {
    const [message] = messagesIn(documents, fact.transId, [fact]);
    if (!message && dropped.has(fact.transId)) continue;
    const where = ids.difference(posts[index]?.message ?? null, message ?? null, fact.type);
    if (where !== null) return where;
  }
  return null;
}

/** In the documents that carry them. */
function sentIn(effects: readonly Effect[], rows: readonly QueuedDocument[]): readonly SentMessage[] {
  return effects.filter(isPost).flatMap(({ host, message }) => {
    const row = rows.find(({ messages }) => messages.includes(message));
    return row ? [{ host, message, transId: row.transId as TransId }] : [];
  });
}

const { head: _, ...noChanges } = emptyState();

/** With the journal's ids, as far as they are known. */
function filled({ ids }: Decided, changes: Changes | undefined): Changes {
  return changes ? changesIn(ids.filled([...entriesIn(changes)])) : noChanges;
}

/** The state of its own that a reader may keep. */
export function copyOf({ head, callers, callOuts, commands, rooms, outages, debts }: ConferenceState): OwnState {
  return {
    ...{ head, callers: new Map(callers), callOuts: new Map(callOuts) },
    ...{ commands: new Map(commands), rooms: new Map(rooms), outages: new Map(outages), debts: new Map(debts) },
  };
}

/** The rows that are steps: behind the inputs there may be more facts. */
export function inputsOf(rows: TransactionRows): readonly HistoryRow[] {
  return rows.filter((row, index) => index === 0 || row.input !== null);
}

function versionOf({ progress: { decidedBy } }: HistoryRow): string | null {
  return decidedBy === undefined ? null : versionIn(decidedBy);
}

function factsOf({ facts }: HistoryRow): readonly Fact[] {
  return facts ?? [];
}

function changesOf(rows: TransactionRows): HistoryRow["changes"] {
  return rows.find(({ changes }) => changes !== null)?.changes ?? null;
}

type Kind = keyof typeof entryKinds | "head";

function kindOf(key: string): Kind | null {
  const [kind = ""] = key.split("/", 1);
  return kind === "head" || Object.hasOwn(entryKinds, kind) ? (kind as Kind) : null;
}

function idIn(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}

function* entriesIn(changes: Changes): Generator<readonly [key: string, value: unknown]> {
  if (changes.head) yield ["head", changes.head];
  for (const [kind, plural] of Object.entries(entryKinds)) {
    for (const [id, value] of changes[plural]) yield [`${kind}/${id}`, value];
  }
}

function changesIn(entries: Entries): Changes {
  const { head: _, ...changes } = emptyState();
  let head: Changes["head"];
  for (const [key, value] of entries) {
    const kind = kindOf(key);
    if (kind === "head") head = value as Changes["head"];
    else if (kind !== null) (changes[entryKinds[kind]] as Map<string, unknown>).set(idIn(key), value);
  }
  return { ...changes, ...(head && { head }) };
}

function documentsIn(recorded: HistoryRow["changes"]): readonly QueuedDocument[] {
  return (recorded ?? []).flatMap(([key, value]) =>
    key.startsWith("outbox/") && value ? [value as QueuedDocument] : [],
  );
}
