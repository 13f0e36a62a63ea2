import { isRecord } from "../record.ts";
import { type fields, type Marks, type Person, shown } from "../shown.ts";

export type LogFacts = { readonly [Name in Exclude<keyof typeof fields, "event">]?: unknown };

/** Callers key a conference's key to enter; sentences may quote what stood in a message. */
const own: Marks = { conference: "personal", why: quoted, detail: quoted, note: quoted };
/** Ids that we made begin with the conference's key, and a handle of WebEx may contain it. */
const withKey: ReadonlySet<string> = new Set("note call commandId extConfId room error why detail about".split(" "));

/** What a line says, as it may be written; `person`: how numbers, quoted values and the keys of conferences are shown. */
export function shownFacts<Facts extends LogFacts>(facts: Facts, person: Person): Facts {
  const { conference, about } = facts;
  const key = isRecord(about) && typeof about.confKey === "string" ? about.confKey : conference;
  const said = shown(facts, person, own);
  if (typeof key !== "string" || key === "") return said;
  const parts = Object.entries(said).map(([name, part]) => [
    name,
    withKey.has(name) ? withoutKey(part, key, person) : part,
  ]);
  return Object.fromEntries(parts);
}

function withoutKey(value: unknown, key: string, person: Person): unknown {
  if (typeof value === "string") return value.replaceAll(key, person(key));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withoutKey(part, key, person)]));
}

function quoted(value: unknown, person: Person): unknown {
  return typeof value === "string" ? value.replace(/"(.*)"/s, (_, text: string) => `"${person(text)}"`) : undefined;
}
