import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { Refusal } from "./refusals.ts";

/** Read: without prefixes. Written: with them. `type` is `xsi:type`. */
export interface XmlElement {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export interface ReadElement extends XmlElement {
  /** "" without one. `null`: of the root's prefix, which the document does not declare, as one of the samples does not. */
  readonly namespace: string | null;
  readonly children: readonly ReadElement[];
}

type Node = Record<string, unknown>;
/** By prefix; "" is the namespace without one. */
type Scope = Readonly<Record<string, string | null>>;

const XSI = "http://www.w3.org/2001/XMLSchema-instance";

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: "#cdata",
});
const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  suppressEmptyNode: true,
});

/** The root element. Throws a refusal for what is no XML, has a document type, or uses an entity or a prefix that it does not declare. */
export function parseXml(text: string): ReadElement {
  if (/<!DOCTYPE/i.test(text)) throw new Refusal("notXml", "a document type is not allowed");
  if (XMLValidator.validate(text) !== true) throw new Refusal("notXml");
  let nodes: readonly Node[];
  try {
    nodes = parser.parse(text);
  } catch {
    throw new Refusal("notXml");
  }
  const [root, ...others] = nodes.filter((node) => nameOf(node) !== "#text");
  if (!root || others.length > 0) throw new Refusal("notXml");
  const [prefix] = splitName(nameOf(root));
  return elementOf(root, { xml: "http://www.w3.org/XML/1998/namespace", ...(prefix !== "" && { [prefix]: null }) });
}

/** `attributes` are those of the root. */
export function writeXml(root: XmlElement, attributes: Readonly<Record<string, string>>): string {
  const node = { ...nodeOf(root), ":@": attributes };
  // Only values have carriage returns; written as they are, a reader makes line feeds of them.
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build([node]).replaceAll("\r", "&#13;")}`;
}

function nameOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ":@") ?? "";
}

function elementOf(node: Node, outer: Scope): ReadElement {
  const written = nameOf(node);
  const inside = node[written] as readonly Node[];
  const attributes = Object.entries((node[":@"] ?? {}) as Readonly<Record<string, string>>);
  const scope = { ...outer, ...declaredIn(attributes) };
  const [prefix, name] = splitName(written);
  const type = attributes.find(([attribute]) => {
    const [before, after] = splitName(attribute);
    if (before === "" || before === "xmlns") return false;
    return namespaceOf(before, scope) === XSI && after === "type";
  });
  const isText = (each: Node) => ["#text", "#cdata", "#comment"].includes(nameOf(each));
  return {
    name,
    namespace: namespaceOf(prefix, scope),
    type: decoded(type?.[1] ?? ""),
    text: inside.filter(isText).map(textOf).join(""),
    children: inside.filter((each) => !isText(each)).map((each) => elementOf(each, scope)),
  };
}

function splitName(written: string): readonly [prefix: string, name: string] {
  const colon = written.indexOf(":");
  return colon === -1 ? ["", written] : [written.slice(0, colon), written.slice(colon + 1)];
}

function declaredIn(attributes: readonly (readonly [string, string])[]): Scope {
  const found = attributes.flatMap(([name, value]) => {
    const [before, after] = splitName(name);
    if (before === "xmlns") return [[after, decoded(value)]];
    return name === "xmlns" ? [["", decoded(value)]] : [];
  });
  return Object.fromEntries(found);
}

function namespaceOf(prefix: string, scope: Scope): string | null {
  const found = Object.hasOwn(scope, prefix) ? scope[prefix] : undefined;
  if (found === undefined && prefix !== "") throw new Refusal("notXml", `the prefix ${prefix} is not declared`);
  return found === undefined ? "" : found;
}

function textOf(node: Node): string {
  if ("#cdata" in node) return (node["#cdata"] as readonly Node[]).map((each) => String(each["#text"])).join("");
  return "#text" in node ? decoded(String(node["#text"])) : "";
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replaceAll(/&([^;\s]*);?/g, (_, name: string) => {
    const [, hex, digits] = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? [];
    const code = hex ? Number.parseInt(hex, 16) : Number(digits ?? Number.NaN);
    const isCharacter = code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0x10ffff);
    const value = Number.isNaN(code) ? entities[name] : isCharacter ? String.fromCodePoint(code) : undefined;
    if (value === undefined) throw new Refusal("notXml", "only the entities of XML itself are allowed");
    return value;
  });
}

function nodeOf({ name, type, text, children }: XmlElement): Node {
  return {
    [name]: [...(text === "" ? [] : [{ "#text": text }]), ...children.map(nodeOf)],
    ...(type !== "" && { ":@": { "xsi:type": type, "xmlns:xsi": XSI } }),
  };
}
