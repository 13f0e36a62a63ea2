import { type Changes, type ConferenceState, emptyState, entryKinds } from "../conference/state.ts";

/** What a transaction changed, by the keys of the entries on disk. */
export type Entries = readonly (readonly [key: string, value: unknown])[];

type Kind = keyof typeof entryKinds | "head";

/** `null`: it is no part of a conference's state. */
export function kindOf(key: string): Kind | null {
  const [kind = ""] = key.split("/", 1);
  return kind === "head" || Object.hasOwn(entryKinds, kind) ? (kind as Kind) : null;
}

export function entryIn(state: ConferenceState, key: string): unknown {
  const kind = kindOf(key);
  if (kind === null || kind === "head") return kind && state.head;
  return state[entryKinds[kind]].get(idIn(key) as never);
}

export function* entriesIn(changes: Changes): Generator<Entries[number]> {
  if (changes.head) yield ["head", changes.head];
  for (const [kind, plural] of Object.entries(entryKinds)) {
    for (const [id, value] of changes[plural]) yield [`${kind}/${id}`, value];
  }
}

export function changesIn(entries: Entries): Changes {
  const { head: _, ...changes } = emptyState();
  let head: Changes["head"];
  for (const [key, value] of entries) {
    const kind = kindOf(key);
    if (kind === "head") head = value as Changes["head"];
    else if (kind !== null) (changes[entryKinds[kind]] as Map<string, unknown>).set(idIn(key), value);
  }
  return { ...changes, ...(head && { head }) };
}

function idIn(key: string): string {
  return key.slice(key.indexOf("/") + 1);
}
