import { err, isRecord, ok, type Result } from "../doors/foundation.ts";
import type { Group, Kind, OpenValue, Prefix } from "../tables/schema.ts";
import { isSecretName } from "../tables/secret-names.ts";
import { childrenNamed, type ElementToWrite, isXmlText, type XmlElement } from "./xml.ts";

/** A field that does not fit its table. `value` is absent if it is missing or a secret. */
export interface WrongField {
  readonly path: string;
  readonly rule: string;
  readonly value?: string;
}

export type Values = Readonly<Record<string, unknown>>;

interface Writing {
  /** Leaves out fields that do not fit the table, to pick an answer from a larger document. */
  readonly picks?: boolean;
  readonly prefix?: Prefix | undefined;
  /** Collects the written secrets. */
  readonly secrets?: string[];
}

type Written = Result<readonly ElementToWrite[], WrongField>;

/** Returns the elements of these values, in the table's order. */
export function write(
  group: Pick<Group, "of" | "anyOf" | "prefix">,
  values: unknown,
  writing: Writing,
  path = "",
): Written {
  const { picks = false, prefix } = { ...writing, prefix: group.prefix ?? writing.prefix };
  if (!isRecord(values)) return wrong(path, "must be an object", values);
  const has = (name: string) => Object.hasOwn(values, name) && values[name] !== undefined;
  const unknown = Object.keys(values).find((name) => has(name) && !Object.hasOwn(group.of, name));
  if (unknown !== undefined && !picks) return wrong(join(path, unknown), unknownRule(unknown, Object.keys(group.of)));
  if (group.anyOf && !picks && !group.anyOf.some(has)) return wrong(path, `must have ${group.anyOf.join(" or ")}`);
  const elements: ElementToWrite[] = [];
  for (const [name, kind] of Object.entries(group.of)) {
    const at = join(path, name);
    if (!has(name)) {
      if (kind.need && !picks) return wrong(at, "is missing");
      continue;
    }
    const tag = prefix ? `${prefix}:${name}` : name;
    const written = writeField(tag, values[name], kind, { ...writing, prefix }, at);
    if (written.ok) elements.push(...written.value);
    else if (!picks) return written;
  }
  return ok(elements);
}

function writeField(tag: string, value: unknown, kind: Kind, writing: Writing, path: string): Written {
  switch (kind.is) {
    case "group": {
      const content = write(kind, value, writing, path);
      if (!content.ok) return content;
      return ok(writing.picks && content.value.length === 0 ? [] : [{ name: tag, content: content.value }]);
    }
    case "list": {
      if (!Array.isArray(value)) return wrong(path, "must be a list", value);
      if (kind.max !== undefined && value.length > kind.max) return wrong(path, `must have at most ${kind.max} items`);
      if (kind.need && value.length === 0) return wrong(path, "must have an item");
      return together(value, (item, index) => writeField(tag, item, kind.of, writing, `${path}[${index}]`));
    }
    case "open":
      return writeOpen(tag, value, writing, path, 0);
    default: {
      const isSecret = kind.is === "secret";
      if (isSecret && typeof value === "string") writing.secrets?.push(value);
      const content = leafText(value, kind);
      if (!content.ok) return wrong(path, content.error, isSecret ? undefined : value);
      return ok([{ name: tag, content: content.value, isSecret }]);
    }
  }
}

function together<Item>(items: readonly Item[], each: (item: Item, index: number) => Written): Written {
  const elements: ElementToWrite[] = [];
  for (const [index, item] of items.entries()) {
    const written = each(item, index);
    if (!written.ok) return written;
    elements.push(...written.value);
  }
  return ok(elements);
}

const maxOpenDepth = 20;

/** Writes elements without a table. A list repeats its element. Secrets are recognized by their names. */
export function writeOpen(tag: string, value: unknown, writing: Writing, path: string, depth: number): Written {
  const name = tag.slice(tag.indexOf(":") + 1);
  if (depth > maxOpenDepth) return wrong(path, `must not be deeper than ${maxOpenDepth}`);
  if (!/^[A-Za-z_][\w.-]{0,127}$/.test(name)) return wrong(path.slice(0, 200), "must have a valid XML name");
  if (Array.isArray(value))
    return together(value, (item, at) => writeOpen(tag, item, writing, `${path}[${at}]`, depth + 1));
  if (isRecord(value)) {
    const inner = Object.entries(value).filter(([, one]) => one !== undefined);
    const prefix = writing.prefix ? `${writing.prefix}:` : "";
    const content = together(inner, ([key, one]) => writeOpen(prefix + key, one, writing, join(path, key), depth + 1));
    return content.ok ? ok([{ name: tag, content: content.value }]) : content;
  }
  const isSecret = isSecretName(name);
  const text = ["string", "number", "boolean"].includes(typeof value) ? String(value) : null;
  if (text === null || !isXmlText(text)) return wrong(path, "must be a text, with only characters of XML");
  if (isSecret) writing.secrets?.push(text);
  return ok([{ name: tag, content: text, isSecret }]);
}

export interface Read {
  readonly values: Values;
  /** Fields left out; empty after a strict read. */
  readonly wrong: readonly WrongField[];
}

/**
 * Reads the values of an element. `strict` refuses unknown, repeated, missing and wrong elements. `lenient` leaves out
 * and lists wrong ones, and accepts names in any case. Both ignore order, prefixes and outer spaces.
 */
export function read(
  element: XmlElement,
  group: Pick<Group, "of" | "anyOf">,
  mode: "strict" | "lenient",
): Result<Read, WrongField> {
  const left: WrongField[] = [];
  const values = readGroup(element, group, mode === "strict" ? null : left, "");
  return values.ok ? ok({ values: values.value, wrong: left }) : values;
}

/** Collects fields that are left out; with `null`, they are errors. */
type Left = WrongField[] | null;

function readGroup(
  element: XmlElement,
  { of, anyOf }: Pick<Group, "of" | "anyOf">,
  left: Left,
  path: string,
): Result<Values, WrongField> {
  const { children, text } = element;
  if (text.trim() !== "" && (children.length === 0 || left === null))
    return wrong(path, "must have elements, but has text");
  const other = left === null ? children.find(({ name }) => !Object.hasOwn(of, name)) : undefined;
  if (other) return wrong(join(path, other.name.slice(0, 60)), "is not in the schema");
  const values: [string, unknown][] = [];
  for (const [name, kind] of Object.entries(of)) {
    const found = childrenNamed(element, name).filter((one) => !one.isNil && (left !== null || !isEmpty(one, kind)));
    const value = readField(found, kind, left, join(path, name));
    if (value.ok && value.value !== undefined) values.push([name, value.value]);
    else if (left !== null && !value.ok) left.push(value.error);
    else if (!value.ok) return value;
    else if (left === null && kind.need) return wrong(join(path, name), "is required");
  }
  if (left === null && anyOf && !values.some(([name]) => anyOf.includes(name)))
    return wrong(path, `must have ${anyOf.join(" or ")}`);
  return ok(Object.fromEntries(values));
}

/** True for an element without a value, which programs send for an absent one. */
function isEmpty({ children, text }: XmlElement, kind: Kind): boolean {
  return children.length === 0 && text.trim() === "" && kind.is !== "open";
}

function readField(found: readonly XmlElement[], kind: Kind, left: Left, path: string): Result<unknown, WrongField> {
  const [element, ...more] = found;
  if (element === undefined) return ok(undefined);
  if (kind.is === "list") {
    if (left === null && kind.max !== undefined && found.length > kind.max)
      return wrong(path, `must come at most ${kind.max} times`);
    const items: unknown[] = [];
    for (const [index, item] of found.entries()) {
      const value = readField([item], kind.of, left, `${path}[${index}]`);
      if (!value.ok && left === null) return value;
      if (!value.ok) left?.push(value.error);
      else if (value.value !== undefined) items.push(value.value);
    }
    return ok(items);
  }
  if (kind.is === "open") return ok(found.length === 1 ? openValue(element) : found.map(openValue));
  if (more.length > 0) return wrong(path, `must come once, but comes ${found.length} times`);
  if (kind.is === "group") return readGroup(element, kind, left, path);
  if (element.children.length > 0) return wrong(path, "must have text, but has elements");
  const isText = kind.is === "text" || kind.is === "secret";
  if (!isText && element.text.trim() === "") return ok(undefined);
  const raw = kind.is === "text" && left === null ? element.text.trim() : element.text;
  const value = leafValue(raw, kind, left === null);
  return value.ok ? value : wrong(path, value.error, kind.is === "secret" ? undefined : element.text);
}

function openValue(element: XmlElement): OpenValue {
  return element.children.length === 0 ? element.text : readOpen(element);
}

/** Reads all content of an element as texts. */
export function readOpen(element: XmlElement): { readonly [name: string]: OpenValue } {
  const byName = Map.groupBy(element.children, ({ name }) => name);
  const entries = Array.from(byName, ([name, found]) => {
    const values = found.map(openValue);
    return [name, values.length === 1 && values[0] !== undefined ? values[0] : values] as const;
  });
  return Object.fromEntries(entries);
}

type Leaf = Exclude<Kind, { is: "group" | "list" | "open" }>;

/** Maximum of the schema's `long`. */
const longest = 2n ** 63n - 1n;
const wireTime = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?$/;
const ourTime = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;

/** Returns a value's text on the wire, or the rule that it breaks. */
function leafText(value: unknown, leaf: Leaf): Result<string, string> {
  switch (leaf.is) {
    case "text":
    case "secret":
      if (typeof value !== "string") return err("must be a text");
      if (!isXmlText(value)) return err("must have only characters of XML");
      return isTooLong(value, leaf.max) ? err(`must have at most ${leaf.max} characters`) : ok(value);
    case "digits": {
      // JSON may have a number, if it is exact.
      const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
      if (typeof text !== "string" || !/^\d+$/.test(text)) return err("must be digits, as text");
      return text.length <= 19 && BigInt(text) <= longest ? ok(text) : err(`must be at most ${longest}`);
    }
    case "whole":
      return typeof value === "number" && isInBounds(value, leaf) ? ok(String(value + 0)) : err(boundsRule(leaf));
    case "decimal": {
      const isPlain = typeof value === "number" && Number.isFinite(value) && !String(value).includes("e");
      return isPlain ? ok(String(value + 0)) : err("must be a number");
    }
    case "flag":
      return typeof value === "boolean" ? ok(String(value)) : err("must be true or false");
    case "time": {
      const [, year, month, day, hour, minute, second] = ourTime.exec(String(value)) ?? [];
      const isReal = typeof value === "string" && year !== undefined && isTime(value);
      return isReal
        ? ok(`${month}/${day}/${year} ${hour}:${minute}:${second}`)
        : err("must be a time, like 2026-11-28T10:10:00");
    }
    case "word":
      return typeof value === "string" && leaf.of.includes(value)
        ? ok(value)
        : err(`must be one of ${leaf.of.join(", ")}`);
  }
}

/** Returns the value of a text on the wire, or the rule that it breaks. Checks lengths and bounds only in requests. */
function leafValue(raw: string, leaf: Leaf, isStrict: boolean): Result<string | number | boolean, string> {
  const text = raw.trim();
  switch (leaf.is) {
    case "text":
    case "secret":
      return isStrict && isTooLong(raw, leaf.max) ? err(`must have at most ${leaf.max} characters`) : ok(raw);
    case "digits":
      return /^-?\d{1,64}$/.test(text) ? ok(text) : err("must be digits");
    case "whole": {
      const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) + 0 : Number.NaN;
      return isInBounds(value, isStrict ? leaf : {}) ? ok(value) : err(boundsRule(isStrict ? leaf : {}));
    }
    case "decimal":
      return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text) && text.length <= 64
        ? ok(Number(text) + 0)
        : err("must be a number");
    case "flag":
      if (/^(?:true|1)$/i.test(text)) return ok(true);
      return /^(?:false|0)$/i.test(text) ? ok(false) : err("must be true or false");
    case "time": {
      const [match, month, day, year, hour = "0", minute = "0", second = "0"] = wireTime.exec(text) ?? [];
      const value = `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
      return match !== undefined && isTime(value) ? ok(value) : err("must be a time, like 11/28/2026 10:10:00");
    }
    case "word":
      return leaf.of.includes(text) ? ok(text) : err(`must be one of ${leaf.of.join(", ")}`);
  }
}

function isTooLong(text: string, max: number | undefined): boolean {
  return max !== undefined && [...text].length > max;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function isInBounds(value: number, { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Bounds): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

export function boundsRule({ min, max = Number.MAX_SAFE_INTEGER }: Bounds): string {
  if (min === undefined) return "must be a whole number";
  return `must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? "" : ` to ${max}`}`;
}

function two(part = ""): string {
  return part.padStart(2, "0");
}

/** True if this day and time exist. Hour 24 does not. */
function isTime(value: string): boolean {
  const at = Date.parse(`${value}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function unknownRule(name: string, names: readonly string[]): string {
  const near = names.find((known) => known.toLowerCase() === name.toLowerCase());
  if (near !== undefined) return `is not a field here; write ${near}`;
  return names.length === 0
    ? "is not a field here: there are none"
    : `is not a field here; there are ${names.join(", ")}`;
}

function wrong(path: string, rule: string, value?: unknown): { readonly ok: false; readonly error: WrongField } {
  return err({ path, rule, ...(value === undefined ? {} : { value: shown(value) }) });
}

function shown(value: unknown): string {
  if (typeof value === "string") return value.slice(0, 60);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return String(value).slice(0, 60);
}
