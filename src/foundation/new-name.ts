import type * as v from "valibot";
import { isRecord } from "./record.ts";

/** A field that answers of the API have under another name, too: the older name goes with the next release. */
export function newName(name: string) {
  return <Schema extends v.GenericSchema>(schema: Schema): Schema => ({ ...schema, newName: name });
}

interface NamedPart {
  readonly newName?: string;
  readonly entries?: Readonly<Record<string, NamedPart>>;
  readonly item?: NamedPart;
  readonly wrapped?: NamedPart;
  readonly options?: readonly NamedPart[];
}

type Convert = (value: unknown) => unknown;

const known = new WeakMap<object, Convert | null>();

/** What adds the newer names to a value of this schema; `null`: it has none. */
export function bothNames(schema: v.GenericSchema): Convert | null {
  return bothNamesOf(schema as NamedPart);
}

function bothNamesOf(part: NamedPart): Convert | null {
  const found = known.get(part);
  if (found !== undefined) return found;
  const made = convertOf(part);
  known.set(part, made);
  return made;
}

function convertOf({ entries, item, wrapped, options }: NamedPart): Convert | null {
  if (entries) return convertObject(entries);
  if (wrapped) return bothNamesOf(wrapped);
  if (item) {
    const each = bothNamesOf(item);
    return each && ((value) => (Array.isArray(value) ? value.map(each) : value));
  }
  const all = (options ?? []).flatMap((option) => (typeof option === "object" ? (bothNamesOf(option) ?? []) : []));
  return all.length === 0 ? null : (value) => all.reduce((before, convert) => convert(before), value);
}

function convertObject(entries: Readonly<Record<string, NamedPart>>): Convert | null {
  const fields = Object.entries(entries).flatMap(([name, part]) => {
    const convert = bothNamesOf(part);
    return convert || part.newName !== undefined ? [{ name, newName: part.newName, convert }] : [];
  });
  if (fields.length === 0) return null;
  return (value) => {
    if (!isRecord(value)) return value;
    const both: Record<string, unknown> = { ...value };
    for (const { name, newName, convert } of fields) {
      if (!(name in value)) continue;
      both[name] = convert ? convert(value[name]) : value[name];
      if (newName !== undefined) both[newName] = both[name];
    }
    return both;
  };
}

interface JsonSchema {
  properties?: Record<string, JsonSchema & { deprecated?: boolean }>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

/** Describes both names in the JSON Schema that was made of a schema: the older one as deprecated. */
export function describeBothNames(schema: v.GenericSchema, json: object): void {
  describe(schema as NamedPart, json);
}

function describe({ entries, item, wrapped, options }: NamedPart, json: JsonSchema): void {
  if (item && json.items) describe(item, json.items);
  if (wrapped) describe(wrapped, json.anyOf?.[0] ?? json);
  const choices = json.anyOf ?? json.oneOf ?? [];
  for (const [index, option] of (options ?? []).entries()) {
    const choice = choices[index];
    if (choice && typeof option === "object") describe(option, choice);
  }
  const { properties } = json;
  for (const [name, part] of Object.entries(entries ?? {})) {
    const property = properties?.[name];
    if (!properties || !property) continue;
    describe(part, property);
    if (part.newName === undefined) continue;
    properties[part.newName] = property;
    properties[name] = { ...property, deprecated: true };
    if (json.required?.includes(name)) json.required.push(part.newName);
  }
}
