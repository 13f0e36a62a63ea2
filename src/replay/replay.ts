import { applyTransaction, type DecisionProgress, type Situation } from "../conference/decide.ts";
import { type Fact, type SingleFact, singleFacts } from "../conference/facts.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import { gatheredIn, type QueuedDocument } from "../conference/server/queue.ts";
import { applyChanges, applyEntry, type ConferenceState, emptyState, entriesIn } from "../conference/state.ts";
import type { MsgId, TransId } from "../foundation/ids.ts";
import type { ReplayStep } from "../rpc/replay.ts";
import type { Domain } from "../settings/load.ts";
import {
  type About,
  changesOf,
  decidedBy,
  deciderIn,
  entryIn,
  type HistoryRow,
  inputsOf,
  isOfState,
  reporterOf,
  type StoredEntries,
  stateOf,
  type TransactionRows,
} from "./history.ts";
import { messagesOf, type SentByRow, sentBy, writtenIn } from "./sent.ts";
import { UnknownIds } from "./unknown-ids.ts";

/** A row of the journal, and what it says of all that followed from its input. */
export interface ReplayedStep extends SentByRow, Pick<ReplayStep, "seq" | "at" | "version" | "verdict"> {
  readonly input: ConferenceInput | null;
  readonly facts: readonly Fact[];
  /** Valid until the next step is asked for. */
  readonly before: ConferenceState;
  /** Of several inputs in one transaction, the last one has the changes of all. */
  readonly changes: StoredEntries;
}

/** A conference at a place of its journal: the state before each transaction, what it changed and caused, and whether today's code decides alike. */
export class Replay {
  readonly #about: About;
  readonly #state = emptyState();
  /** The documents that wait to be posted, by their keys. */
  readonly #outbox = new Map<string, QueuedDocument>();
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
  *steps(rows: TransactionRows): Generator<ReplayedStep> {
    this.#begin(rows);
    const recorded = changesOf(rows);
    const written = writtenIn([...this.#outbox, ...(recorded ?? [])]);
    const verdict = this.#verdict(rows, written.documents);
    const { decidedBy } = lastOf(rows).progress;
    const version = decidedBy === undefined ? null : deciderIn(decidedBy).version;
    const inputs = inputsOf(rows);
    for (const row of inputs) {
      const isLast = row === inputs.at(-1);
      const facts = (isLast ? rows.slice(rows.indexOf(row)) : [row]).flatMap(factsOf);
      yield {
        ...{ seq: row.seq, at: row.at, version, verdict, input: row.input, facts },
        ...{ before: this.#state, changes: (isLast && recorded) || [] },
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
      if (applyEntry(this.#state, key, value) || !key.startsWith("outbox/")) continue;
      if (value === null) this.#outbox.delete(key);
      else this.#outbox.set(key, value as QueuedDocument);
    }
    this.#progress = progress;
    this.#next = seq + 1;
    this.#previous = inputsOf(rows).at(-1)?.seq ?? null;
  }

  #verdict(rows: TransactionRows, documents: readonly QueuedDocument[]): ReplayedStep["verdict"] {
    const recorded = changesOf(rows);
    const { progress } = lastOf(rows);
    const mayDiffer = (why: string) => ({ is: "may differ", why }) as const;
    if (rows.some(({ facts }) => facts === null))
      return mayDiffer("version 0.1 wrote it without facts, or the upgrade from it");
    if (recorded === null) return mayDiffer("what followed was too long to be kept");
    const changes = new Map(recorded.filter(([key]) => isOfState(key)));
    const said = { facts: rows.flatMap(factsOf), documents, changes, serial: progress.serial };
    const isGathered = gatheredIn(writtenIn(recorded).documents);
    const ids = new UnknownIds();
    let where: string | null;
    try {
      const decided = this.#decideAgain(rows, ids);
      const keys = [...decided.changes.keys(), ...changes.keys()];
      const [today, then] = [decided, said].map((one) => ({
        ...comparable(one, isGathered),
        ...this.#entriesAfter(one, keys),
        serial: one.serial,
      }));
      where = ids.difference(today, then);
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

  /** What is under these keys after such changes. */
  #entriesAfter({ changes }: ReplayedEffects, keys: readonly string[]): object {
    const entries = keys.map((key) => [key, changes.has(key) ? changes.get(key) : entryIn(this.#state, key)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== null));
  }

  #decideAgain(rows: TransactionRows, ids: UnknownIds): ReplayedEffects {
    const begin = this.#progress ?? { bridge: null, serial: 0 };
    const today = this.#decide(rows, ids, begin);
    if (this.#gap === null || this.#progress !== null) return today;
    const { progress } = lastOf(rows);
    return this.#decide(rows, ids, { ...begin, serial: progress.serial - today.serial });
  }

  /** What today's code decides on the inputs of a transaction, with marks in place of ids that only the journal knows. */
  #decide(rows: TransactionRows, ids: UnknownIds, progress: DecisionProgress): ReplayedEffects {
    const { confKey, domain } = this.#about;
    const confirmed = new Set(rows.flatMap(factsOf).map((fact) => fact.kind === "post-confirmed" && fact.transId));
    const waiting = [...this.#outbox.values()].filter(({ transId }) => !confirmed.has(transId as TransId));
    const inputs = rows.flatMap(({ input, ...row }) => (input === null ? [] : [{ ...row, input }]));
    const facts: Fact[] = [];
    const changes = new Map<string, unknown>();
    // Nothing is decided behind the last input.
    const state = inputs.length > 1 ? stateOf(entriesIn(this.#state)) : this.#state;
    let situation: Situation = { state, queue: { rows: waiting, open: [] }, progress };
    let documents = Math.max(0, ...waiting.map(({ seq }) => seq));
    for (const row of inputs) {
      const { decision, ...after } = applyTransaction(situation, row.input, {
        ...{ confKey, domain, row: row.seq, reporter: reporterOf(row) },
        msgId: () => ids.next() as MsgId,
        transId: () => ids.next() as TransId,
        documentSeq: () => ++documents,
        nonce: () => ids.next(),
      });
      facts.push(...after.facts);
      for (const [key, value] of entriesIn(decision.changes)) changes.set(key, value);
      if (inputs.length > 1) applyChanges(state, decision.changes);
      situation = { state, queue: after.queue, progress: after.progress };
    }
    return { facts, documents: situation.queue.rows, changes, serial: situation.progress.serial };
  }
}

/** What followed from the inputs of one transaction. */
interface ReplayedEffects {
  readonly facts: readonly Fact[];
  readonly documents: readonly QueuedDocument[];
  /** By keys; `null` deletes an entry. */
  readonly changes: ReadonlyMap<string, unknown>;
  readonly serial: number;
}

/** These depend on what was being posted, which only the outbox knew. */
const ofOutbox: ReadonlySet<Fact["kind"]> = new Set([
  "document-confirmed",
  "post-confirmed",
  "post-failed",
  "post-dropped",
] as const);

/**
 * Facts and messages: whatever differs first is named. Which documents messages join depends on
 * what is being posted; each host's keep their order all the same, but for gathered answers.
 */
function comparable({ facts, documents }: ReplayedEffects, isGathered: ReturnType<typeof gatheredIn>): object {
  const decided = facts.flatMap(singleFacts).filter(({ kind }) => !ofOutbox.has(kind));
  const placeOf = (fact: SingleFact) => {
    if (fact.kind !== "post-queued") return "";
    return `${fact.host} ${isGathered(fact) ? `${fact.type} ${fact.msgId}` : ""}`;
  };
  const inOrder = decided.toSorted((one, other) => placeOf(one).localeCompare(placeOf(other)));
  const dropped = new Set(
    facts.flatMap((fact) => (fact.kind === "post-dropped" ? fact.messages.map(({ msgId }) => msgId) : [])),
  );
  const messages = inOrder
    .flatMap((fact) => (fact.kind === "post-queued" ? messagesOf(documents, { ...fact, messages: [fact] }) : []))
    .filter((message) => message && !dropped.has(message.msgId));
  return {
    ...Object.fromEntries(
      inOrder.map((fact, index) => [
        `${fact.kind} ${index}`,
        fact.kind === "post-queued" ? { ...fact, transId: "" } : fact,
      ]),
    ),
    ...Object.fromEntries(messages.map((message, index) => [`message ${index}`, message])),
  };
}

function factsOf({ facts }: HistoryRow): readonly Fact[] {
  return facts ?? [];
}

function lastOf(rows: TransactionRows): HistoryRow {
  return rows.at(-1) ?? rows[0];
}
