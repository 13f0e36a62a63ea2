import { applyEntry, emptyState, type OwnState } from "../conference/state.ts";

/** What a conference has on disk, or what a transaction changed there, by keys. */
export type Entries = readonly (readonly [key: string, value: unknown])[];

export function stateOf(entries: Entries): OwnState {
  const state = emptyState();
  for (const [key, value] of entries) applyEntry(state, key, value);
  return state;
}

/** Those of one kind, in order. */
export function valuesOf<Value>(entries: Entries, kind: string): readonly Value[] {
  return entries.flatMap(([key, value]) => (key.startsWith(`${kind}/`) && value !== null ? [value as Value] : []));
}
