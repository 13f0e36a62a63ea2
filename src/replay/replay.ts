import type { ConferenceInput } from "../conference/decide.ts";
import { type Fact, type SingleFact, saidIn, singleFacts } from "../conference/facts.ts";
import type { QueuedDocument } from "../conference/queue.ts";
import { applyChanges, type ConferenceState, entriesIn } from "../conference/state.ts";
import { applyTransaction, type DecisionProgress, type Situation } from "../conference/transaction.ts";
import type { MsgId, TransId } from "../foundation/ids.ts";
import type { ReplayStep } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import { type Entries, stateOf, valuesOf } from "./entries.ts";
import { type About, decidedBy, deciderIn, type HistoryRow } from "./history.ts";
import { inputsOf, type TransactionRows } from "./rows.ts";
import { messagesOf, type Sent, sentBy, writtenIn } from "./sent.ts";
import { UnknownIds } from "./unknown-ids.ts";

/** A row of the journal, and what it says of all that followed from its input. */
export interface Step extends Sent, Pick<ReplayStep, "seq" | "at" | "version" | "verdict"> {
  readonly input: ConferenceInput | null;
  readonly facts: readonly Fact[];
  /** What was on disk. */
  readonly before: Entries;
  /** Of several inputs in one transaction, the last one has the changes of all. */
  readonly changes: Entries;
}

/**
 * A conference at a place of its journal. It goes through the transactions one by one: the state before each, what the rows say that it
 * changed and caused, and whether today's code decides the same.
 */
export class Replay {
  readonly #about: About;
  /** What is on disk. */
  readonly #entries = new Map<string, unknown>();
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
    const before = [...this.#entries];
    const recorded = changesOf(rows);
    const written = writtenIn([...before, ...(recorded ?? [])]);
    const verdict = this.#verdict(rows, before);
    const { decidedBy } = lastOf(rows).progress;
    const version = decidedBy === undefined ? null : deciderIn(decidedBy).version;
    const inputs = inputsOf(rows);
    for (const row of inputs) {
      const isLast = row === inputs.at(-1);
      const facts = (isLast ? rows.slice(rows.indexOf(row)) : [row]).flatMap(factsOf);
      yield {
        ...{ seq: row.seq, at: row.at, version, verdict, input: row.input, facts },
        ...{ before, changes: (isLast && recorded) || [] },
        ...sentBy(facts, row.at, written),
      };
    }
    this.#end(rows);
  }

  #begin([first]: TransactionRows): void {
    if (first.seq !== this.#next) this.#gap = "the rows before are no longer kept";
  }

  #end(rows: TransactionRows): void {
    const { seq, progress } = lastOf(rows);
    const recorded = changesOf(rows);
    if (recorded === null) this.#gap = `what followed from row ${seq} was too long to be kept`;
    for (const [key, value] of recorded ?? []) {
      if (value === null) this.#entries.delete(key);
      else this.#entries.set(key, value);
    }
    this.#progress = progress;
    this.#next = seq + 1;
    this.#previous = inputsOf(rows).at(-1)?.seq ?? null;
  }

  #verdict(rows: TransactionRows, before: Entries): Step["verdict"] {
    const recorded = changesOf(rows);
    const { progress } = lastOf(rows);
    const mayDiffer = (why: string) => ({ is: "may differ", why }) as const;
    if (rows.some(({ facts }) => facts === null))
      return mayDiffer("version 0.1 wrote it without facts, or the upgrade from it");
    if (recorded === null) return mayDiffer("what followed was too long to be kept");
    const { documents } = writtenIn([...before, ...recorded]);
    const state = stateOf([...before, ...recorded]);
    const said = { facts: rows.flatMap(factsOf), documents, state, serial: progress.serial };
    const ids = new UnknownIds();
    let where: string | null;
    try {
      where = ids.difference(comparable(this.#decideAgain(rows, before, ids)), comparable(said));
    } catch (error) {
      return mayDiffer(`this version cannot decide on it: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (where === null) return { is: "same" };
    if (rows.some(({ input }) => input && "tooLong" in input)) return mayDiffer("the input was too long to be kept");
    if (this.#gap !== null) return mayDiffer(this.#gap);
    if (progress.decidedBy === undefined) return mayDiffer("the row does not say which version decided");
    if (deciderIn(progress.decidedBy).settings !== deciderIn(decidedBy(this.domain.settings)).settings)
      return mayDiffer("the settings of the domain have changed since");
    return { is: "differs", where: UnknownIds.readable(where) };
  }

  #decideAgain(rows: TransactionRows, before: Entries, ids: UnknownIds): Consequences {
    const begin = this.#progress ?? { bridge: null, serial: 0 };
    const today = this.#decide(rows, before, ids, begin);
    if (this.#gap === null || this.#progress !== null) return today;
    const { progress } = lastOf(rows);
    return this.#decide(rows, before, ids, { ...begin, serial: progress.serial - today.serial });
  }

  /** What today's code decides on the inputs of a transaction, with marks in place of ids that only the journal knows. */
  #decide(rows: TransactionRows, before: Entries, ids: UnknownIds, progress: DecisionProgress): Consequences {
    const { confKey, domain } = this.#about;
    const confirmed = new Set(rows.flatMap(factsOf).map((fact) => fact.kind === "post-confirmed" && fact.transId));
    const waiting = valuesOf<QueuedDocument>(before, "outbox").filter(
      ({ transId }) => !confirmed.has(transId as TransId),
    );
    const state = stateOf(before);
    const facts: Fact[] = [];
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
      applyChanges(state, decision.changes);
      situation = { state, queue: after.queue, progress: after.progress };
    }
    return { facts, documents: situation.queue.rows, state, serial: situation.progress.serial };
  }
}

/** What followed from the inputs of one transaction. */
interface Consequences {
  readonly facts: readonly Fact[];
  readonly documents: readonly QueuedDocument[];
  readonly state: ConferenceState;
  readonly serial: number;
}

/** These depend on what was being posted, which only the outbox knew. */
const ofOutbox: ReadonlySet<Fact["kind"]> = new Set(["post-confirmed", "post-failed", "post-dropped"] as const);

/** In the order in which it is compared: whatever differs first is named. */
function comparable({ facts, documents, state, serial }: Consequences): object {
  const dropped = new Set(
    facts.flatMap((fact) => (fact.kind === "post-dropped" ? fact.messages.map(({ msgId }) => msgId) : [])),
  );
  // Which document a message joins, and so the order of such facts, depends on what is being posted.
  const [queued = [], others = []] = [true, false].map((isQueued) =>
    facts.flatMap(singleFacts).filter(({ kind }) => (kind === "post-queued") === isQueued && !ofOutbox.has(kind)),
  );
  const textOf = (fact: SingleFact) => JSON.stringify([(fact as { type?: string }).type, saidIn(fact)]);
  const inOrder = queued.toSorted((one, other) => textOf(one).localeCompare(textOf(other)));
  const messages = inOrder
    .flatMap((fact) => (fact.kind === "post-queued" ? messagesOf(documents, { ...fact, messages: [fact] }) : []))
    .filter((message) => message && !dropped.has(message.msgId));
  return {
    ...Object.fromEntries(others.map((fact, index) => [`${fact.kind} ${index}`, fact])),
    ...Object.fromEntries(inOrder.map((fact, index) => [`${fact.kind} ${index}`, { ...fact, transId: "" }])),
    ...Object.fromEntries(messages.map((message, index) => [`message ${index}`, message])),
    ...Object.fromEntries(entriesIn(state)),
    serial,
  };
}

function factsOf({ facts }: HistoryRow): readonly Fact[] {
  return facts ?? [];
}

function changesOf(rows: TransactionRows): HistoryRow["changes"] {
  return rows.find(({ changes }) => changes !== null)?.changes ?? null;
}

function lastOf(rows: TransactionRows): HistoryRow {
  return rows.at(-1) ?? rows[0];
}
