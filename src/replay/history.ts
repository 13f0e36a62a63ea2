import type { DecisionProgress, TransactionContext } from "../conference/decide.ts";
import type { InputRow } from "../conference/inputs.ts";
import {
  applyEntry,
  type ConferenceState,
  emptyState,
  entryKinds,
  kindOfKey,
  type OwnState,
} from "../conference/state.ts";
import { hash } from "../foundation/hash.ts";
import type { ConfKey } from "../foundation/ids.ts";
import { version } from "../foundation/version.ts";
import { type DecisiveSettings, type DomainSettings, decisive } from "../settings/domain-settings.ts";
import type { Domain } from "../settings/load.ts";

/** One row of a conference's journal. */
export interface HistoryRow extends InputRow {
  /** Of its whole transaction, in its last row; `null` in the rows before, and where they were too long. */
  readonly changes: readonly (readonly [key: string, value: unknown])[] | null;
  readonly progress: HistoryProgress;
}

/** How far the conference had come with its row. */
interface HistoryProgress extends DecisionProgress {
  /** Which code and settings decided; absent in rows of versions that did not say. */
  readonly decidedBy?: string;
}

/** What replaying a conference needs besides its journal. */
export interface About {
  readonly confKey: ConfKey;
  readonly domain: Domain;
}

/** A test that is saved from a journal names those that differ from a local run's. */
export function decisiveSettings(settings: DomainSettings): DecisiveSettings {
  return Object.fromEntries(decisive.map((name) => [name, settings[name]])) as DecisiveSettings;
}

const known = new WeakMap<DomainSettings, string>();

/** The version of the code, and after a blank a digest of the settings that it decides by: rows of one text are decided alike. */
export function decidedBy(settings: DomainSettings): string {
  let text = known.get(settings);
  if (text === undefined) {
    text = `${version} ${hash(JSON.stringify(decisiveSettings(settings))).toString(36)}`;
    known.set(settings, text);
  }
  return text;
}

export function deciderIn(decidedBy: string): { readonly version: string; readonly settings: string } {
  const at = decidedBy.lastIndexOf(" ");
  return { version: decidedBy.slice(0, at), settings: decidedBy.slice(at + 1) };
}

/** Who reported the input of a row. */
export function reporterOf({ input, progress }: HistoryRow): NonNullable<TransactionContext["reporter"]> {
  return { bridge: (input?.type === "bridge" && input.elsewhere) || progress.bridge, cannot: progress.cannot };
}

/** The rows of one transaction. */
export type TransactionRows = readonly [HistoryRow, ...HistoryRow[]];

export function* transactionsIn(rows: Iterable<HistoryRow>): Generator<TransactionRows> {
  let open: [HistoryRow, ...HistoryRow[]] | null = null;
  for (const row of rows) {
    if (open && isOfSame(open, row)) open.push(row);
    else {
      if (open) yield open;
      open = [row];
    }
  }
  if (open) yield open;
}

function isOfSame(open: TransactionRows, { at, input, changes, progress }: HistoryRow): boolean {
  const [first] = open;
  if (first.at !== at || first.progress.serial !== progress.serial) return false;
  // Behind the row with the changes there are but facts for which it had no room.
  return open.every((row) => row.changes === null) || (input === null && changes === null);
}

/** The rows that are steps: behind the inputs there may be but facts. */
export function inputsOf(rows: TransactionRows): readonly HistoryRow[] {
  return rows.filter((row, index) => index === 0 || row.input !== null);
}

/** What the transaction changed; `null`: it was too long to be kept. */
export function changesOf(rows: TransactionRows): HistoryRow["changes"] {
  return rows.find(({ changes }) => changes !== null)?.changes ?? null;
}

/** What a conference has on disk, or what a transaction changed there, by keys. */
export type StoredEntries = readonly (readonly [key: string, value: unknown])[];

export function stateOf(entries: Iterable<StoredEntries[number]>): OwnState {
  const state = emptyState();
  for (const [key, value] of entries) applyEntry(state, key, value);
  return state;
}

/** False: it is the outbox's, or of a kind that this version does not know. */
export function isOfState(key: string): boolean {
  return key === "head" || Object.hasOwn(entryKinds, kindOfKey(key));
}

/** The entry under this key; `null`: there is none. */
export function entryIn(state: ConferenceState, key: string): unknown {
  if (key === "head") return state.head;
  const kind = kindOfKey(key);
  const entries: ReadonlyMap<string, unknown> = state[entryKinds[kind as keyof typeof entryKinds]];
  return entries.get(key.slice(kind.length + 1)) ?? null;
}

/** Those of one kind, in order. */
export function valuesOf<Value>(entries: StoredEntries, kind: string): readonly Value[] {
  return entries.flatMap(([key, value]) => (key.startsWith(`${kind}/`) && value !== null ? [value as Value] : []));
}
