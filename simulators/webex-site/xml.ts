import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { Refusal } from "./refusals.ts";

/** Read: without prefixes. Written: with them. `type` is `xsi:type`. */
export interface XmlElement {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

type Node = Record<string, unknown>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  removeNSPrefix: true,
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

/** The root element. Throws a refusal for what is no XML, has a document type, or uses an entity of its own. */
export function parseXml(text: string): XmlElement {
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
  return elementOf(root);
}

/** `attributes` are those of the root. */
export function writeXml(root: XmlElement, attributes: Readonly<Record<string, string>>): string {
  const node = { ...nodeOf(root), ":@": attributes };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build([node])}`;
}

function nameOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ":@") ?? "";
}

function elementOf(node: Node): XmlElement {
  const name = nameOf(node);
  const inside = node[name] as readonly Node[];
  const attributes = (node[":@"] ?? {}) as Readonly<Record<string, string>>;
  const isText = (each: Node) => ["#text", "#cdata", "#comment"].includes(nameOf(each));
  return {
    name,
    type: decoded(attributes.type ?? ""),
    text: inside.filter(isText).map(textOf).join(""),
    children: inside.filter((each) => !isText(each)).map(elementOf),
  };
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
    ...(type !== "" && { ":@": { "xsi:type": type, "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance" } }),
  };
}
