import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "./refusals.ts";
import type { XmlElement } from "./xml.ts";

/** A value as handlers see it: the elements of a group by name; an element that may come several times as a list. */
export type Value = string | number | boolean | Tree | readonly Value[];
export interface Tree {
  readonly [name: string]: Value | undefined;
}

type Shape =
  | { readonly kind: "text"; readonly longest: number }
  | { readonly kind: "whole"; readonly least: number; readonly most: number }
  | { readonly kind: "number" }
  | { readonly kind: "yesno" }
  | { readonly kind: "any" }
  | { readonly kind: "one-of"; readonly values: readonly string[] }
  | { readonly kind: "group"; readonly elements: readonly Element[]; readonly onlyOne: boolean };

interface Element {
  readonly name: string;
  readonly prefix: string;
  readonly required: boolean;
  readonly most: number;
  readonly shape: () => Shape;
}

/** The namespace of each file in `schema/`, by its name. */
export const namespaces = {
  serv: "http://www.webex.com/schemas/2002/06/service",
  com: "http://www.webex.com/schemas/2002/06/common",
  use: "http://www.webex.com/schemas/2002/06/service/user",
  ep: "http://www.webex.com/schemas/2002/06/service/ep",
  sess: "http://www.webex.com/schemas/2002/06/service/session",
  meet: "http://www.webex.com/schemas/2002/06/service/meeting",
  auo: "http://www.webex.com/schemas/2002/06/service/meeting/auo",
  train: "http://www.webex.com/schemas/2002/06/service/trainingsession",
  event: "http://www.webex.com/schemas/2002/06/service/event",
  sales: "http://www.webex.com/schemas/2002/06/service/sales",
  history: "http://www.webex.com/schemas/2002/06/service/history",
  att: "http://www.webex.com/schemas/2002/06/service/attendee",
  site: "http://www.webex.com/schemas/2002/06/service/site",
  sc: "http://www.webex.com/schemas/2002/06/service/supportsession",
  mtgtype: "http://www.webex.com/schemas/2002/06/service/meetingtype",
} as const;
export type Prefix = keyof typeof namespaces;

/**
 * Every type of the public schema that an operation needs, by `prefix.name`. The files have one line an element:
 * `name`, then `?` (may be absent), `*` (any number of times), `+` (at least once), `*3` (at most three times) or
 * nothing; then its type: `text`, `text 16` (the most characters), `whole`, `whole 1..31`, `number`, `yesno`, `any`,
 * `= A | B`, another type of the schema, or nothing for a group whose elements are the deeper lines. `oneof`: one of
 * them alone. `& name` begins a type with the elements of another. `#` begins a remark.
 */
const types = new Map<string, () => Shape>();
const folder = join(import.meta.dirname, "schema");
for (const file of readdirSync(folder)) {
  const prefix = file.replace(".txt", "");
  const lines = readFileSync(join(folder, file), "utf8").split("\n").filter(Boolean);
  lines.forEach((line, at) => {
    if (/^[ #]/.test(line)) return;
    const [name = "", ...kind] = line.split(" ");
    types.set(
      `${prefix}.${name}`,
      remembered(() => shape(prefix, kind.join(" "), below(lines, at))),
    );
  });
}

/** The type of that name, such as `meet.getMeeting`; `undefined` if the public schema has none. */
export function typeNamed(name: string): (() => Shape) | undefined {
  return types.get(name);
}

/** What a request says, if it keeps to its type in everything; otherwise throws the refusal that names the element. */
export function readTree(type: () => Shape, element: XmlElement): Tree {
  return read(type(), element, element.name) as Tree;
}

/** A group's elements in the order of the schema; what the group does not have is left out. */
export function writeTree(type: () => Shape, tree: Tree): XmlElement[] {
  const group = type();
  return group.kind === "group" ? writeGroup(group.elements, tree, "") : anyElements(tree);
}

function read(shape: Shape, element: XmlElement, path: string): Value {
  switch (shape.kind) {
    case "any":
      return anyValue(element);
    case "group":
      if (element.text.trim() !== "") throw invalid(path, "has text, but must have elements");
      return readGroup(shape, element, path);
    default:
      if (element.children.length > 0) throw invalid(path, "has elements, but must have a value");
      return readValue(shape, element.text, path);
  }
}

function readGroup(shape: Shape & { kind: "group" }, element: XmlElement, path: string): Tree {
  const found: Record<string, Value> = {};
  let next = 0;
  for (const expected of shape.elements) {
    const mine: XmlElement[] = [];
    while (element.children[next]?.name === expected.name) mine.push(element.children[next++] as XmlElement);
    const place = `${path}.${expected.name}`;
    if (mine.length === 0 && expected.required && !shape.onlyOne) throw missing(place, element, expected.name);
    if (mine.length > expected.most) throw invalid(place, `comes ${mine.length} times, but at most ${expected.most}`);
    const values = mine.map((each) => read(expected.shape(), each, place));
    if (expected.most > 1 && values.length > 0) found[expected.name] = values;
    else if (values[0] !== undefined) found[expected.name] = values[0];
  }
  const left = element.children[next];
  if (left) {
    const isKnown = shape.elements.some(({ name }) => name === left.name);
    throw invalid(`${path}.${left.name}`, isKnown ? "stands in the wrong place" : "is not in the schema");
  }
  if (shape.onlyOne && Object.keys(found).length !== 1) throw invalid(path, "must have exactly one element");
  return found;
}

function readValue(shape: Exclude<Shape, { kind: "group" | "any" }>, text: string, path: string): Value {
  const trimmed = text.trim();
  switch (shape.kind) {
    case "text":
      if ([...text].length > shape.longest) throw invalid(path, `is longer than ${shape.longest} characters`);
      return text;
    case "whole": {
      const value = Number(trimmed);
      if (!/^[+-]?\d+$/.test(trimmed)) throw invalid(path, "must be a whole number");
      if (value < shape.least || value > shape.most) throw invalid(path, "is out of range");
      return value;
    }
    case "number":
      if (trimmed === "" || Number.isNaN(Number(trimmed))) throw invalid(path, "must be a number");
      return Number(trimmed);
    case "yesno":
      if (!["true", "false", "1", "0", "TRUE", "FALSE"].includes(trimmed)) throw invalid(path, "must be true or false");
      return ["true", "1", "TRUE"].includes(trimmed);
    default:
      if (!shape.values.includes(trimmed)) throw invalid(path, `must be one of ${shape.values.join(", ")}`);
      return trimmed;
  }
}

function missing(path: string, element: XmlElement, name: string): Refusal {
  const isElsewhere = element.children.some((child) => child.name === name);
  return invalid(path, isElsewhere ? "stands in the wrong place" : "is required");
}

function invalid(path: string, problem: string): Refusal {
  return new Refusal("invalid", `${path} ${problem}`);
}

function writeGroup(elements: readonly Element[], tree: Tree, path: string): XmlElement[] {
  return elements.flatMap(({ name, prefix, required, most, shape: type }) => {
    const value = tree[name];
    const place = `${path}.${name}`;
    if (value === undefined) {
      if (required) throw new Error(`the answer lacks ${place}`);
      return [];
    }
    const values = Array.isArray(value) ? value : [value];
    if (required && values.length === 0) throw new Error(`the answer lacks ${place}`);
    const shape = type();
    return values.slice(0, most).map((each): XmlElement => {
      const element = { name: `${prefix}:${name}`, type: "", text: "", children: [] };
      if (shape.kind === "group") return { ...element, children: writeGroup(shape.elements, each as Tree, place) };
      if (shape.kind === "any") return { ...element, ...anyContent(each) };
      return { ...element, text: String(each) };
    });
  });
}

/** An element whose inside the public schema leaves open. */
function anyValue({ text, children }: XmlElement): Value {
  if (children.length === 0) return text;
  const found: Record<string, Value> = {};
  for (const child of children) {
    const before = found[child.name];
    const value = anyValue(child);
    found[child.name] = before === undefined ? value : [before, value].flat();
  }
  return found;
}

function anyContent(value: Value): { text: string; children: XmlElement[] } {
  return typeof value === "object" && !Array.isArray(value)
    ? { text: "", children: anyElements(value as Tree) }
    : { text: String(value), children: [] };
}

function anyElements(tree: Tree): XmlElement[] {
  return Object.entries(tree).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => ({ name, type: "", ...anyContent(each as Value) })),
  );
}

function shape(prefix: string, kind: string, lines: readonly string[]): Shape {
  const [word = "", rest = ""] = kind.split(/ (.*)/s);
  const [least = "", most = ""] = rest.split("..");
  switch (word) {
    case "text":
      return { kind: "text", longest: rest === "" ? Number.POSITIVE_INFINITY : Number(rest) };
    case "whole":
      return { kind: "whole", least: bound(least, -(2 ** 53)), most: bound(most, 2 ** 63) };
    case "number":
    case "yesno":
    case "any":
      return { kind: word };
    case "=":
      return { kind: "one-of", values: rest.split(" | ") };
    case "":
    case "oneof":
      return { kind: "group", onlyOne: word === "oneof", elements: elements(prefix, lines) };
    default: {
      const name = word.includes(".") ? word : `${prefix}.${word}`;
      const named = types.get(name);
      if (!named) throw new Error(`schema: there is no type ${name}`);
      return named();
    }
  }
}

function bound(text: string, otherwise: number): number {
  return text === "" ? otherwise : Number(text);
}

function elements(prefix: string, lines: readonly string[]): readonly Element[] {
  const depth = lines[0]?.search(/\S/) ?? 0;
  return lines.flatMap((line, at): readonly Element[] => {
    if (line.search(/\S/) !== depth) return [];
    const [word = "", kind = ""] = line.trim().split(/ (.*)/s);
    if (word === "&") {
      const base = shape(prefix, kind, []);
      return base.kind === "group" ? base.elements : [];
    }
    const [, name = "", times = "", count = ""] = /^([A-Za-z0-9_]+)([?*+]?)(\d*)$/.exec(word) ?? [];
    const most = times === "*" || times === "+" ? bound(count, Number.POSITIVE_INFINITY) : 1;
    const type = remembered(() => shape(prefix, kind, below(lines, at)));
    return [{ name, prefix, required: times === "" || times === "+", most, shape: type }];
  });
}

/** The deeper lines right after this one. */
function below(lines: readonly string[], at: number): readonly string[] {
  const depth = lines[at]?.search(/\S/) ?? 0;
  const end = lines.findIndex((line, index) => index > at && line.search(/\S/) <= depth);
  return lines.slice(at + 1, end === -1 ? undefined : end);
}

function remembered<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
