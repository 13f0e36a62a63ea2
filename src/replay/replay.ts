import type { ConferenceInput } from "../conference/decide.ts";
import { type Fact, type SingleFact, singleFacts } from "../conference/facts.ts";
import type { QueuedDocument } from "../conference/queue.ts";
import { applyChanges, type Changes, type ConferenceState, emptyState, type OwnState } from "../conference/state.ts";
import { applyTransaction, type DecisionProgress, type Situation } from "../conference/transaction.ts";
import type { MsgId, TransId } from "../foundation/ids.ts";
import type { ReplayStep } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import { changesIn, type Entries, entriesIn, entryIn, kindOf } from "./entries.ts";
import { type About, type HistoryRow, settingsIn, versionIn } from "./history.ts";
import { inputsOf, type TransactionRows } from "./rows.ts";
import { isDocument, messagesOf, type Sent, sentBy, type Written, writtenIn } from "./sent.ts";
import { UnknownIds } from "./unknown-ids.ts";

/** A row of the journal, and what it says of all that followed from its input. */
export interface Step extends Sent, Pick<ReplayStep, "seq" | "at" | "version" | "verdict"> {
  readonly input: ConferenceInput | null;
  readonly facts: readonly Fact[];
  /** Read it before the next step is asked for: it is changed in place then. */
  readonly before: ConferenceState;
  /** Of several inputs in one transaction, the last one has the changes of all. */
  readonly changes: Changes;
}

/**
 * A conference at a place of its journal. It goes through the transactions one by one: the state before each, what the rows say that it
 * changed and caused, and whether today's code decides the same.
 */
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

  /** The last step; `null`: there was none. */
  get previous(): number | null {
    return this.#previous;
  }

  /** Goes behind a transaction; nothing is decided. */
  skip(rows: TransactionRows): void {
    this.#begin(rows);
    this.#end(rows);
  }

  /** Goes behind a transaction, row by row; whoever leaves off within it finds it before that transaction. */
  *steps(rows: TransactionRows): Generator<Step> {
    this.#begin(rows);
    const last = rows.at(-1) ?? rows[0];
    const recorded = changesOf(rows);
    const written = writtenIn(recorded, this.#documents.values());
    const verdict = this.#verdict(rows, written);
    const { decidedBy } = last.progress;
    const version = decidedBy === undefined ? null : versionIn(decidedBy);
    for (const row of inputsOf(rows)) {
      const isLast = row === inputsOf(rows).at(-1);
      const facts = isLast ? rows.slice(rows.indexOf(row)).flatMap(factsOf) : factsOf(row);
      yield {
        ...{ seq: row.seq, at: row.at, version, verdict, input: row.input, facts },
        ...{ before: this.#state, changes: changesIn((isLast && recorded) || []) },
        ...sentBy(facts, row.at, written),
      };
    }
    this.#end(rows);
  }

  #begin([first]: TransactionRows): void {
    if (first.seq !== this.#next) this.#gap = "the rows before are no longer kept";
  }

  #end(rows: TransactionRows): void {
    const { seq, progress } = rows.at(-1) ?? rows[0];
    const recorded = changesOf(rows);
    if (recorded === null) this.#gap = `what followed from row ${seq} was too long to be kept`;
    const documents = new Map(this.#documents);
    for (const entry of recorded ?? []) {
      const [key, value] = entry;
      // One by one: an entry that was deleted and is set again comes last.
      applyChanges(this.#state, changesIn([entry]));
      if (isDocument(key) && value === null) documents.delete(key);
      else if (isDocument(key)) documents.set(key, value as QueuedDocument);
    }
    this.#documents = documents;
    this.#progress = progress;
    this.#next = seq + 1;
    this.#previous = inputsOf(rows).at(-1)?.seq ?? null;
  }

  #verdict(rows: TransactionRows, written: Written): Step["verdict"] {
    const recorded = changesOf(rows);
    const { progress } = rows.at(-1) ?? rows[0];
    const mayDiffer = (why: string) => ({ is: "may differ", why }) as const;
    if (rows.some(({ facts }) => facts === null))
      return mayDiffer("version 0.1 wrote it without facts, or the upgrade from it");
    if (recorded === null) return mayDiffer("what followed was too long to be kept");
    let where: string | null;
    try {
      const today = this.#decideAgain(rows);
      where =
        differenceOfFacts(rows, today) ??
        differenceOfMessages(rows, written, today) ??
        differenceOfEntries(recorded, this.#state, today) ??
        (today.serial === progress.serial ? null : "serial");
    } catch (error) {
      return mayDiffer(`this version cannot decide on it: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (where === null) return { is: "same" };
    if (rows.some(({ input }) => input && "tooLong" in input)) return mayDiffer("the input was too long to be kept");
    if (this.#gap !== null) return mayDiffer(this.#gap);
    const { decidedBy } = progress;
    if (decidedBy === undefined) return mayDiffer("the row does not say which version decided");
    if (settingsIn(decidedBy) !== settingsIn(this.#about.decidedBy))
      return mayDiffer("the settings of the domain have changed since");
    return { is: "differs", where: UnknownIds.readable(where) };
  }

  #decideAgain(rows: TransactionRows): Decided {
    const begin = this.#progress ?? { bridge: null, serial: 0 };
    const today = this.#decide(rows, begin);
    if (this.#gap === null || this.#progress !== null) return today;
    const { progress } = rows.at(-1) ?? rows[0];
    return this.#decide(rows, { ...begin, serial: progress.serial - today.serial });
  }

  /** What today's code decides on the inputs of a transaction. */
  #decide(rows: TransactionRows, progress: DecisionProgress): Decided {
    const { confKey, domain } = this.#about;
    const confirmed = new Set(rows.flatMap(factsOf).map((fact) => fact.kind === "post-confirmed" && fact.transId));
    const waiting = [...this.#documents.values()].filter(({ transId }) => !confirmed.has(transId as TransId));
    const ids = new UnknownIds();
    const facts: Fact[] = [];
    const messages: unknown[] = [];
    const entries: Entries[number][] = [];
    const state = rows.length === 1 ? this.#state : copyOf(this.#state);
    let situation: Situation = { state, queue: { rows: waiting, open: [] }, progress };
    let documents = Math.max(0, ...waiting.map(({ seq }) => seq));
    for (const { input, seq, progress: then } of rows) {
      if (input === null) continue;
      const bridge = (input.type === "bridge" && input.elsewhere) || then.bridge;
      const { decision, ...after } = applyTransaction(situation, input, {
        ...{ confKey, domain, row: seq, reporter: { bridge, cannot: then.cannot } },
        msgId: () => ids.next() as MsgId,
        transId: () => ids.next() as TransId,
        documentSeq: () => ++documents,
        nonce: () => ids.next(),
      });
      facts.push(...after.facts);
      messages.push(...queuedIn(after.facts).flatMap((fact) => messagesOf(after.queue.rows, fact)));
      entries.push(...entriesIn(decision.changes));
      if (rows.length > 1) applyChanges(state, decision.changes);
      situation = { state, queue: after.queue, progress: after.progress };
    }
    return { ids, facts, messages, entries: new Map(entries), serial: situation.progress.serial };
  }
}

/** What today's code decides, with marks in place of ids that only the journal knows. */
interface Decided {
  readonly ids: UnknownIds;
  readonly facts: readonly Fact[];
  /** In the order of the facts that say they are queued. */
  readonly messages: readonly unknown[];
  readonly entries: ReadonlyMap<string, unknown>;
  readonly serial: number;
}

/** These depend on what was being posted, which only the outbox knew. */
const ofOutbox: ReadonlySet<Fact["kind"]> = new Set(["post-confirmed", "post-failed", "post-dropped"] as const);

function differenceOfFacts(rows: TransactionRows, { ids, facts }: Decided): string | null {
  const [today = [], said = []] = [facts, rows.flatMap(factsOf)].map((all) => all.flatMap(decidedIn));
  for (const [index, fact] of today.entries()) {
    const other = said[index];
    if (fact.kind !== other?.kind) return fact.kind;
    const where = ids.difference(fact, other, fact.kind);
    if (where !== null) return where;
  }
  return said[today.length]?.kind ?? null;
}

/** Which document a message joined depends on what was being posted, too. */
function decidedIn(fact: Fact): readonly SingleFact[] {
  if (ofOutbox.has(fact.kind)) return [];
  return singleFacts(fact.kind === "post-queued" ? { ...fact, transId: "" as TransId } : fact);
}

function queuedIn(facts: readonly Fact[]) {
  return facts.filter((fact) => fact.kind === "post-queued");
}

/** The facts name the same messages, in the same order. */
function differenceOfMessages(rows: TransactionRows, { documents }: Written, today: Decided): string | null {
  const facts = rows.flatMap(factsOf);
  const dropped = new Set(facts.map((fact) => fact.kind === "post-dropped" && fact.transId));
  const recorded = queuedIn(facts).flatMap((fact) =>
    messagesOf(documents, fact).map((message) => ({ message, isDropped: dropped.has(fact.transId) })),
  );
  for (const [index, { message, isDropped }] of recorded.entries()) {
    if (!message && isDropped) continue;
    const where = today.ids.difference(today.messages[index] ?? null, message ?? null, message?.type);
    if (where !== null) return where;
  }
  return null;
}

function differenceOfEntries(recorded: Entries, before: ConferenceState, { ids, entries }: Decided): string | null {
  const open = new Map(recorded.filter(([key]) => kindOf(key) !== null));
  for (const [key, value] of entries) {
    const found = open.has(key) ? key : [...open.keys()].find((other) => ids.isSameText(key, other));
    const known = found === undefined ? entryIn(before, key) : open.get(found);
    const where = ids.difference(value ?? null, known ?? null, key);
    if (where !== null) return where;
    if (found !== undefined) open.delete(found);
  }
  for (const [key, value] of open) {
    const where = ids.difference(entryIn(before, key) ?? null, value, key);
    if (where !== null) return where;
  }
  return null;
}

/** The state of its own that a reader may keep. */
export function copyOf({ head, callers, callOuts, commands, rooms, outages, debts }: ConferenceState): OwnState {
  return {
    ...{ head, callers: new Map(callers), callOuts: new Map(callOuts) },
    ...{ commands: new Map(commands), rooms: new Map(rooms), outages: new Map(outages), debts: new Map(debts) },
  };
}

function factsOf({ facts }: HistoryRow): readonly Fact[] {
  return facts ?? [];
}

function changesOf(rows: TransactionRows): HistoryRow["changes"] {
  return rows.find(({ changes }) => changes !== null)?.changes ?? null;
}
