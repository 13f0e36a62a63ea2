import { isRecord } from "../../foundation/record.ts";
import { exactText } from "../../foundation/time/shown-time.ts";
import type { ReplayState } from "../../rpc/replay.ts";

/** One entry of a conference's state: the conference itself, a caller, a call-out, a command, a room, what a server is owed. */
interface Entry {
  readonly name: string;
  /** By the paths of its fields: `talk.stage`. Lists are written as JSON, times in the zone of the page. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface ChangedEntry {
  readonly name: string;
  readonly became: "new" | "gone" | "changed";
  /** Those that differ; `null`: it is not there. */
  readonly fields: readonly { readonly name: string; readonly before: string | null; readonly after: string | null }[];
}

export function entriesOf(
  { head, callers, callOuts, commands, rooms, outages, debts }: ReplayState,
  zone: string,
): readonly Entry[] {
  const entry = (name: string, value: object): Entry => ({ name, fields: new Map(leaves(value, "", zone)) });
  return [
    entry("conference", head),
    ...callers.map((one) => entry(`caller ${one.call}`, one)),
    ...callOuts.map((one) => entry(`call-out ${one.call}`, one)),
    ...commands.map((one) => entry(`command ${one.id}`, one)),
    ...rooms.map((one) => entry(`room ${one.room}`, one)),
    ...outages.map((one) => entry(`outage ${one.host}`, one)),
    ...debts.map(([key, message]) => entry(`debt ${key}`, message)),
  ];
}

/** What differs, in the order of the newer state; behind that what is gone. */
export function stateChanges(before: ReplayState, after: ReplayState, zone: string): readonly ChangedEntry[] {
  const [old, now] = [before, after].map(
    (state) => new Map(entriesOf(state, zone).map(({ name, fields }) => [name, fields])),
  );
  const changed: ChangedEntry[] = [];
  for (const [name, fields] of now ?? []) {
    const was = old?.get(name);
    const names = [...new Set([...(was?.keys() ?? []), ...fields.keys()])];
    const differing = names
      .map((field) => ({ name: field, before: was?.get(field) ?? null, after: fields.get(field) ?? null }))
      .filter((field) => field.before !== field.after);
    if (differing.length > 0) changed.push({ name, became: was ? "changed" : "new", fields: differing });
  }
  for (const [name, fields] of old ?? []) {
    if (now?.has(name)) continue;
    const gone = [...fields].map(([field, value]) => ({ name: field, before: value, after: null }));
    changed.push({ name, became: "gone", fields: gone });
  }
  return changed;
}

function* leaves(value: object, path: string, zone: string): Generator<readonly [string, string]> {
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    if (isRecord(field)) yield* leaves(field, `${path}${name}.`, zone);
    else yield [`${path}${name}`, fieldText(field, zone)];
  }
}

/** Of the year 2001: a number above it is a time, as there is nothing else that counts so far. */
const FIRST_TIME = 1e12;

function fieldText(field: unknown, zone: string): string {
  if (typeof field === "string" && field !== "") return field;
  return typeof field === "number" && field > FIRST_TIME ? exactText(field, zone) : JSON.stringify(field);
}
