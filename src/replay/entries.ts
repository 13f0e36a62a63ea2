import { applyEntry, type ConferenceState, emptyState, entryKinds, type OwnState } from "../conference/state.ts";

/** What a conference has on disk, or what a transaction changed there, by keys. */
export type Entries = readonly (readonly [key: string, value: unknown])[];

export function stateOf(entries: Iterable<Entries[number]>): OwnState {
  const state = emptyState();
  for (const [key, value] of entries) applyEntry(state, key, value);
  return state;
}

/** False: it is the outbox's, or of a kind that this version does not know. */
export function isOfState(key: string): boolean {
  return key === "head" || Object.hasOwn(entryKinds, kindIn(key));
}

/** The entry under this key; `null`: there is none. */
export function entryIn(state: ConferenceState, key: string): unknown {
  if (key === "head") return state.head;
  const kind = kindIn(key);
  const entries: ReadonlyMap<string, unknown> = state[entryKinds[kind as keyof typeof entryKinds]];
  return entries.get(key.slice(kind.length + 1)) ?? null;
}

/** Those of one kind, in order. */
export function valuesOf<Value>(entries: Entries, kind: string): readonly Value[] {
  return entries.flatMap(([key, value]) => (key.startsWith(`${kind}/`) && value !== null ? [value as Value] : []));
}

function kindIn(key: string): string {
  return key.split("/", 1)[0] ?? "";
}
