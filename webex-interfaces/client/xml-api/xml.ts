import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { err, ok, type Result, reasonOf } from "../../doors/foundation.ts";
import type { AnswerForm } from "./faults.ts";
import { isXmlText } from "./fields.ts";

/** An element of an answer, by its name without a prefix. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The element's own text, and that of its CDATA sections, joined. */
  readonly text: string;
  /** Says of itself that it has no value (`xsi:nil`). */
  readonly isNil: boolean;
}

/** An element to write. Its name is one of XML, its text has only characters of XML. */
export interface ElementToWrite {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly content: string | readonly ElementToWrite[];
  /** Its content is for the site alone. */
  readonly isSecret?: boolean;
}

export type XmlFault =
  | { readonly kind: "not-xml"; readonly looksLike: AnswerForm }
  | { readonly kind: "bad-xml"; readonly reason: string };

/** Elements within elements; the deepest answer that the tables know has eight. */
const maxDepth = 50;

/**
 * A page of 500 users has 20 000; each costs the parser up to a kilobyte. Attributes, comments, CDATA sections and processing instructions
 * cost as much, and count with them.
 */
const maxElements = 100_000;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // The texts are decoded here, so that only the five entities of XML and characters by number mean anything.
  processEntities: false,
  cdataPropName: "#cdata",
  maxNestedTags: 2 * maxDepth,
});

const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  suppressBooleanAttributes: false,
  processEntities: true,
});

type Node = Readonly<Record<string, unknown>>;

/** The document as text, with its declaration. */
export function writeXml(root: ElementToWrite): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build([nodeOf(root)])}`;
}

function nodeOf({ name, attributes = {}, content }: ElementToWrite): Node {
  return { [name]: typeof content === "string" ? [{ "#text": content }] : content.map(nodeOf), ":@": attributes };
}

/** The text of an answer: in the encoding that HTTP names, else that of the document, else UTF-8. */
export function decodeText(bytes: Uint8Array, contentType: string): Result<string, XmlFault> {
  const label = byteOrderMark(bytes) ?? charsetOf(contentType) ?? declaredEncoding(bytes) ?? "utf-8";
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(label, { fatal: true, ignoreBOM: false });
  } catch {
    return err({ kind: "bad-xml", reason: `its encoding ${JSON.stringify(label.slice(0, 40))} is unknown` });
  }
  try {
    return ok(decoder.decode(bytes));
  } catch {
    return err({ kind: "bad-xml", reason: `it has bytes that are no ${label.slice(0, 40)}` });
  }
}

function byteOrderMark([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return first === 0xff && second === 0xfe ? "utf-16le" : undefined;
}

function charsetOf(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(contentType)?.[1];
}

function declaredEncoding(bytes: Uint8Array): string | undefined {
  const beginning = String.fromCharCode(...bytes.subarray(0, 200));
  return /^<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(beginning)?.[1];
}

/** The root of a document, or why it is none. Refuses document types, entities beyond XML's own, and what is nested too deep. */
export function parseXml(raw: string): Result<XmlElement, XmlFault> {
  const text = raw.replace(/^\uFEFF/, "").trim();
  const beginning = text.slice(0, 1_000);
  if (!beginning.startsWith("<")) {
    return err({ kind: "not-xml", looksLike: text === "" ? "empty" : "other" });
  }
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(beginning)) {
    return err({ kind: "not-xml", looksLike: "html" });
  }
  const markupFault = faultOfMarkup(text);
  if (markupFault !== null) return err({ kind: "bad-xml", reason: markupFault });
  try {
    const valid = XMLValidator.validate(text);
    if (valid !== true) {
      const { line, col } = valid.err;
      return err({ kind: "bad-xml", reason: `line ${line}, column ${col}: it is not well formed` });
    }
    const [root, ...more] = elementsOf(parser.parse(text));
    if (!root) return err({ kind: "bad-xml", reason: "it has no element" });
    return more.length === 0 ? ok(root) : err({ kind: "bad-xml", reason: "it has several roots" });
  } catch (error) {
    // The parser's own limits, and names that it keeps for itself. Its message may quote the document, and so stays here.
    return err({ kind: "bad-xml", reason: error instanceof RangeError ? "it is too deep" : wordsOf(error) });
  }
}

function wordsOf(error: unknown): string {
  return /nested tags/i.test(reasonOf(error)) ? "it is too deep" : "it is not well formed";
}

const tooMany = `it has more than ${maxElements} elements`;

/** What the parser lets pass or would act on, found in one pass over the text; `null` if there is nothing of it. */
function faultOfMarkup(text: string): string | null {
  if (!isXmlText(text)) return "it has characters that XML does not have";
  const references = new References(text);
  let depth = 0;
  let elements = 0;
  let at = 0;
  for (;;) {
    const opening = text.indexOf("<", at);
    const textEnd = opening === -1 ? text.length : opening;
    if (depth === 0 && text.slice(at, textEnd).trim() !== "") return "it has text outside of its root";
    const textFault = references.faultBetween(at, textEnd);
    if (textFault !== null) return textFault;
    if (opening === -1) return depth === 0 ? null : "it is cut off";
    const section = sections.find(({ begins }) => text.startsWith(begins, opening));
    if (section) {
      if (section.refused) return section.refused;
      const end = text.indexOf(section.ends, opening + section.begins.length);
      if (end === -1) return "it is cut off";
      elements += 1;
      if (elements > maxElements) return tooMany;
      at = end + section.ends.length;
      continue;
    }
    const { closing, values } = endOfTag(text, opening);
    if (closing === -1) return "it is cut off";
    const tagFault = references.faultBetween(opening, closing);
    if (tagFault !== null) return tagFault;
    const next = text.indexOf("<", opening + 1);
    if (next !== -1 && next < closing) return 'it has a "<" in a tag';
    if (text[opening + 1] === "/") depth -= 1;
    else {
      elements += 1 + values;
      if (text[closing - 1] !== "/") depth += 1;
    }
    if (elements > maxElements) return tooMany;
    if (depth < 0) return "it ends an element that it did not begin";
    if (depth > maxDepth) return `its elements are nested deeper than ${maxDepth}`;
    at = closing + 1;
  }
}

const sections: readonly { readonly begins: string; readonly ends: string; readonly refused?: string }[] = [
  { begins: "<!--", ends: "-->" },
  { begins: "<![CDATA[", ends: "]]>" },
  { begins: "<!", ends: ">", refused: "it has a document type, which no answer needs" },
  { begins: "<?", ends: "?>" },
];

/** Where the tag's `>` stands, -1 without one, and how many quoted values come before it; a `>` within one of these is none. */
function endOfTag(text: string, opening: number): { readonly closing: number; readonly values: number } {
  const sign = /["'>]/g;
  sign.lastIndex = opening + 1;
  for (let values = 0; ; values += 1) {
    const [found] = sign.exec(text) ?? [];
    if (found === undefined) return { closing: -1, values };
    if (found === ">") return { closing: sign.lastIndex - 1, values };
    const quoteEnd = text.indexOf(found, sign.lastIndex);
    if (quoteEnd === -1) return { closing: -1, values };
    sign.lastIndex = quoteEnd + 1;
  }
}

const reference = /^&(?:amp|lt|gt|quot|apos|#(\d{1,7})|#x([\da-fA-F]{1,6}));/;

/** Looks at each `&` of a text once, however often it is asked. */
class References {
  readonly #text: string;
  #next: number;

  constructor(text: string) {
    this.#text = text;
    this.#next = text.indexOf("&");
  }

  faultBetween(from: number, to: number): string | null {
    while (this.#next !== -1 && this.#next < to) {
      const at = this.#next;
      this.#next = this.#text.indexOf("&", at + 1);
      const fault = at < from ? null : faultOfReference(this.#text.slice(at, at + 12));
      if (fault !== null) return fault;
    }
    return null;
  }
}

function faultOfReference(text: string): string | null {
  const [match, decimal, hex] = reference.exec(text) ?? [];
  if (match === undefined) return "it has an entity that is none of XML's own";
  if (decimal === undefined && hex === undefined) return null;
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  const isCharacter = code > 0 && code <= 0x10ffff && isXmlText(String.fromCodePoint(code));
  return isCharacter ? null : "it names a character that XML does not have";
}

function elementsOf(nodes: readonly Node[]): XmlElement[] {
  return nodes.flatMap((node) => {
    const written = Object.keys(node).find((key) => key !== ":@" && key !== "#text" && key !== "#cdata");
    if (written === undefined || written.startsWith("?")) return [];
    const inner = node[written] as readonly Node[];
    const attributes = Object.entries((node[":@"] ?? {}) as Readonly<Record<string, string>>);
    const isNil = attributes.some(([name, value]) => localName(name) === "nil" && /^\s*(?:true|1)\s*$/.test(value));
    return [{ name: localName(written), children: elementsOf(inner), text: inner.map(textOf).join(""), isNil }];
  });
}

function textOf(node: Node): string {
  if (typeof node["#text"] === "string") return decoded(node["#text"]);
  const cdata = node["#cdata"];
  return Array.isArray(cdata) ? cdata.map((part: Node) => String(part["#text"] ?? "")).join("") : "";
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decoded(raw: string): string {
  if (!raw.includes("&")) return raw;
  return raw.replace(/&(?:(\w+)|#(\d+)|#x([\da-fA-F]+));/g, (match, name, decimal, hex) => {
    if (name !== undefined) return named[name] ?? match;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}
