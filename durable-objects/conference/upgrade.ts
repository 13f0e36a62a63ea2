import { applyTransaction, type DecisionProgress, type TransactionContext } from "../../src/conference/decide.ts";
import type { Cause, FactRow } from "../../src/conference/facts.ts";
import { type Head, isOngoing, type Life, type Running } from "../../src/conference/head.ts";
import { noLife } from "../../src/conference/records.ts";
import { noQueue } from "../../src/conference/server/queue.ts";
import {
  applyEntry,
  type Caller,
  type CallHistory,
  type CallOut,
  type Changes,
  type ConferenceState,
  emptyState,
  entriesIn,
  entryKinds,
  kindOfKey,
  type OwnState,
} from "../../src/conference/state.ts";
import {
  type HistoryRow,
  type StoredEntries,
  type TransactionRows,
  transactionsIn,
} from "../../src/explain/history.ts";
import {
  type ActionId,
  type ConfKey,
  type DomainName,
  type ExtCallId,
  MAIN_ROOM,
  type MsgId,
  type TransId,
} from "../../src/foundation/ids.ts";
import { isOwed } from "../../src/records/directory-facts.ts";
import { type Domain, readDomains } from "../../src/settings/load.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import type { OpenRequest } from "../../src/tsp/messages.ts";

/*
 * Goes with version 0.3. Up to version 0.1 a journal had no facts, and a state nothing of what records need: once for each
 * conference, the journal that version kept is decided again.
 */

/** What a conference of version 0.1 has left out. */
export interface Upgrade {
  readonly changes: Changes;
  /** What the directory needs and was not sent, in order. */
  readonly owed: readonly FactRow[];
}

/** What rows say that version 0.1 had deleted. */
export interface DeletedRows {
  /** The last one. */
  readonly seq: number;
  readonly head: Head;
  readonly life: (Partial<Life> & { readonly seq: number; readonly isOperators?: true }) | null;
  readonly calls: readonly OldCall[];
}

type OldHistory = { readonly [Field in keyof CallHistory]: CallHistory[Field] | null };

type OldCall = OldHistory &
  Pick<Caller, "call" | "number" | "muted" | "keyedHostCode" | "participantType"> & {
    readonly attendeeId: string;
    readonly extCallId: string;
  };

interface OldJournal {
  readonly about: About;
  readonly rows: Iterable<HistoryRow>;
  /** The directory has everything up to this row. */
  readonly sentUpTo: number;
}

/** `journal`: what is behind the rows that are gone; `null`: nobody needs what it says. */
export function upgrade(state: ConferenceState, deleted: DeletedRows | null, journal: OldJournal | null): Upgrade {
  const decided = deleted ? stateAfter(deleted) : emptyState();
  const owed: FactRow[] = [];
  for (const { facts, ...row } of journal ? decideAgain(journal, decided) : []) {
    const needed = facts.filter(isOwed);
    if (needed.length > 0 && row.seq > (journal?.sentUpTo ?? 0)) owed.push({ ...row, facts: needed });
  }
  return { changes: completed(state, decided), owed };
}

/** As it is set now. Where the settings lack it, any do: the rows say what version 0.1 decided by its own. */
export function domainForUpgrade(name: DomainName, find: (name: DomainName) => Domain | null): Domain {
  try {
    const found = find(name);
    if (found) return found;
  } catch {
    // The settings cannot be read: readiness says so, and the conference goes on once they can.
  }
  const agents = [{ name: "none", publicKey: "A".repeat(43) }];
  const domains = readDomains(JSON.stringify({ [name]: localDomain({ agents }) }));
  const domain = domains.ok ? domains.value.get(name) : undefined;
  if (!domain) throw new Error(`there are no settings to upgrade ${name} with`);
  return domain;
}

/** Brings the state behind these rows by today's rules, and says what happened in each. What the rows say of the state counts. */
function* decideAgain({ about, rows }: OldJournal, state: OwnState): Generator<FactRow> {
  let progress: DecisionProgress = { bridge: null, serial: 0 };
  for (const transaction of transactionsIn(rows)) {
    const recorded = changesOf(transaction)?.filter(([key]) => isOfState(key)) ?? null;
    const before = new Map<string, unknown>();
    for (const row of inputsOf(transaction)) {
      const { seq, at, input } = row;
      if (!input) continue;
      const { decision, facts, ...applied } = applyTransaction({ state, queue: noQueue, progress }, input, {
        ...{ ...about, row: seq, documentSeq: () => 0, msgId: () => "" as MsgId, transId: () => "" as TransId },
        reporter: reporterOf(row),
        nonce: () => unknown,
      });
      progress = applied.progress;
      const said = withKnownIds({ entries: [...entriesIn(decision.changes)], facts }, recorded ?? []);
      for (const [key, value] of said.entries) {
        if (!before.has(key)) before.set(key, entryIn(state, key));
        applyEntry(state, key, value);
      }
      yield { seq, at, facts: said.facts };
    }
    if (recorded) correct(state, before, new Map(recorded));
    progress = transaction.at(-1)?.progress ?? progress;
  }
}

/** Of Unicode's private use: in no id. */
const unknown = "\uE000";

/** Ids end with random bits, which only the entries have that were written then. */
function withKnownIds<Said extends object>(said: Said, recorded: StoredEntries): Said {
  let text = JSON.stringify(said);
  for (const [key] of recorded) {
    const id = JSON.stringify(key.slice(key.indexOf("/") + 1)).slice(1, -1);
    const serial = id.slice(0, id.lastIndexOf(".") + 1);
    if (serial !== "") text = text.replaceAll(serial + unknown, id);
  }
  return JSON.parse(text);
}

/** Makes the entries of the state what the transaction wrote; of what was decided, only the fields stay that version 0.1 had not. */
function correct(state: OwnState, before: ReadonlyMap<string, unknown>, recorded: ReadonlyMap<string, unknown>): void {
  for (const key of new Set([...before.keys(), ...recorded.keys()])) {
    const written = (recorded.has(key) ? recorded.get(key) : before.get(key)) ?? null;
    const decided = entryIn(state, key) ?? before.get(key);
    applyEntry(state, key, written && { ...newFields(decided), ...written });
  }
}

/** What version 0.1 did not write. */
function newFields(decided: unknown): object {
  const { history, end, by, life, formerSecrets, keyedSecret, notCreated } = (decided ?? {}) as AnyEntry;
  const fields = Object.entries({ history, end, by, life, formerSecrets, keyedSecret, notCreated });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** Any field of any entry, those of version 0.1 too. */
interface AnyEntry extends Partial<Pick<Caller & CallOut & Running, "history" | "end" | "life" | "formerSecrets">> {
  readonly keyedSecret?: true;
  readonly notCreated?: true;
  readonly by?: readonly Cause[];
  readonly request?: OpenRequest | null;
  readonly action?: ActionId;
  readonly actions?: readonly ActionId[];
  readonly stage?: string;
}

/** The entries of the state with what was decided again; what rows that are gone said of a call or a command is not known. */
function completed(state: ConferenceState, decided: OwnState): Changes {
  const entries = [...entriesIn(state)].flatMap(([key, value]): StoredEntries => {
    const { action, actions = action === undefined ? [] : [action], ...entry } = value as AnyEntry;
    const by = [...actions.map((one) => ({ type: "action", action: one, person: "" })), ...requestCauses(entry)];
    const added = newFields(entryIn(decided, key));
    switch (kindOfKey(key)) {
      case "head":
        return isOngoing(state.head) ? [[key, completedHead(state, decided)]] : [];
      case "caller":
        return [[key, { history: { began: 0 }, ...entry, ...added }]];
      case "call-out":
        return [[key, { history: { began: 0 }, ...entry, by, ...added }]];
      case "command":
        return [[key, { ...entry, by, ...added }]];
      case "room":
        return entry.stage === "closing" ? [[key, { ...entry, by: byWebex, ...added }]] : [];
      default:
        return [];
    }
  });
  const { head, ...changes } = stateOf(entries);
  return { ...changes, ...(isOngoing(head) && { head }) };
}

function completedHead({ head, callers }: ConferenceState, { head: decided }: OwnState): Head {
  const inside = [...callers.values()].filter(({ left }) => !left).length;
  const { life = noLife } = decided as AnyEntry;
  const mostCallers = Math.max(inside, life.mostCallers);
  const talk = head.phase === "running" && head.talk;
  const { by = byWebex } = (decided.phase === "running" && decided.talk) || {};
  return {
    ...{ ...head, ...newFields(decided), life: { ...life, callers: inside, mostCallers } },
    ...(talk && { talk: { ...talk, by } }),
  };
}

/** In which document WebEx asked is not known. WebEx alone has talks begun and sub-conferences closed. */
const byWebex: readonly Cause[] = [{ type: "request", transId: "" as TransId }];

function requestCauses({ request }: AnyEntry): readonly Cause[] {
  return request ? [{ type: "request", transId: "" as TransId, msgId: request.msgId }] : [];
}

function stateAfter({ head, life, calls }: DeletedRows): OwnState {
  const state = emptyState();
  const { seq: row = 0, isOperators: _, ...known } = life ?? {};
  state.head = isOngoing(head) ? { ...head, life: { ...noLife, ...known, row } } : head;
  for (const { call, number, attendeeId, extCallId, participantType, muted, keyedHostCode, ...history } of calls) {
    if (history.enteredAt === null) continue;
    state.callers.set(call, {
      ...{ call, number, participantType, muted, ...(keyedHostCode && { keyedHostCode }) },
      ...{ rank: 0, room: MAIN_ROOM, mutedInMain: null, enterMsgId: null, held: [], left: false },
      ...{ attendeeId: attendeeId || null, extCallId: (extCallId || null) as ExtCallId | null },
      history: historyOf(history),
    });
  }
  return state;
}

function historyOf(old: OldHistory): CallHistory {
  const { began, dialled, dialledAt, answeredAt, enteredAt, mutes, mutedMs, mutedAt, rooms, failovers, repairs } = old;
  const times = { dialledAt, answeredAt, enteredAt, mutedAt };
  const known = Object.entries({ began, dialled, ...times, mutes, mutedMs, rooms, failovers, repairs });
  return Object.fromEntries(known.filter(([, value]) => value != null)) as unknown as CallHistory;
}

interface About {
  readonly confKey: ConfKey;
  readonly domain: Domain;
}

function reporterOf({ input, progress }: HistoryRow): NonNullable<TransactionContext["reporter"]> {
  return { bridge: (input?.type === "bridge" && input.elsewhere) || progress.bridge, cannot: progress.cannot };
}

function inputsOf(rows: TransactionRows): readonly HistoryRow[] {
  return rows.filter((row, index) => index === 0 || row.input !== null);
}

function changesOf(rows: TransactionRows): StoredEntries | null {
  return rows.find(({ changes }) => changes !== null)?.changes ?? null;
}

function stateOf(entries: Iterable<StoredEntries[number]>): OwnState {
  const state = emptyState();
  for (const [key, value] of entries) applyEntry(state, key, value);
  return state;
}

function isOfState(key: string): boolean {
  return key === "head" || Object.hasOwn(entryKinds, kindOfKey(key));
}

function entryIn(state: ConferenceState, key: string): unknown {
  if (key === "head") return state.head;
  const kind = kindOfKey(key);
  const entries: ReadonlyMap<string, unknown> = state[entryKinds[kind as keyof typeof entryKinds]];
  return entries.get(key.slice(kind.length + 1)) ?? null;
}
