import { SaxesParser } from "saxes";
import { err, ok, type Result } from "../doors/foundation.ts";

/** An element of a document. Names have no prefix. */
export interface XmlElement {
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** The element's own text and CDATA, joined. */
  readonly text: string;
  /** True if `xsi:nil` marks it as having no value. */
  readonly isNil: boolean;
  /** The `xsi:type`; empty without one. */
  readonly type: string;
}

/** An element to write, with a valid XML name and text. */
export interface ElementToWrite {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly content: string | readonly ElementToWrite[];
  readonly isSecret?: boolean;
}

export type DocumentForm = "html" | "empty" | "other";

export type XmlFault =
  | { readonly kind: "not-xml"; readonly looksLike: DocumentForm }
  | { readonly kind: "bad-xml"; readonly reason: string };

/** Documents of the tables have at most eight levels. */
const maxDepth = 50;
/** A list of 500 users has 20,000. Attributes and comments count, too. */
const maxElements = 100_000;

/** Returns the document as text, with its declaration. */
export function writeXml(root: ElementToWrite): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${textOf(root)}`;
}

function textOf({ name, attributes = {}, content }: ElementToWrite): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const inside = typeof content === "string" ? escaped(content) : content.map(textOf).join("");
  return inside === "" ? `<${name}${given.join("")}/>` : `<${name}${given.join("")}>${inside}</${name}>`;
}

const entities: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "\r": "#13" };

/** Escapes a text. A raw carriage return would be read as a line feed. */
export function escaped(text: string): string {
  return text.replace(/[&<>"\r]/g, (sign) => `&${entities[sign]};`);
}

/** True if XML 1.0 can carry each character. */
export function isXmlText(value: string): boolean {
  return value.isWellFormed() && !notInXml.test(value);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 does not have.
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Decodes a document by its byte order mark, the encoding in HTTP or in the document, or as UTF-8. */
export function decodeText(bytes: Uint8Array, contentType: string): Result<string, XmlFault> {
  const mark = byteOrderMark(bytes);
  const named =
    mark === null ? [charsetOf(contentType), declaredEncoding(bytes)].filter((one) => one !== null) : [mark];
  const labels = named.length === 0 ? ["utf-8"] : named;
  // Servers can name a wrong encoding. Then the document's own declaration is tried.
  for (const label of labels) {
    try {
      return ok(new TextDecoder(label.replaceAll("_", "-"), { fatal: true }).decode(bytes));
    } catch {}
  }
  return err({
    kind: "bad-xml",
    reason: `it is not text in ${labels.map((label) => label.slice(0, 40)).join(" or ")}`,
  });
}

function byteOrderMark([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return first === 0xff && second === 0xfe ? "utf-16le" : null;
}

function charsetOf(contentType: string): string | null {
  return /;\s*charset\s*=\s*"?([\w.:-]+)"?/i.exec(contentType)?.[1] ?? null;
}

function declaredEncoding(bytes: Uint8Array): string | null {
  const beginning = String.fromCharCode(...bytes.subarray(0, 400)).trimStart();
  return /^<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(beginning)?.[1] ?? null;
}

interface Open {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
  readonly isNil: boolean;
  readonly type: string;
}

class Refused extends Error {}

/**
 * Parses a document. Ignores spaces and a byte order mark before it. Refuses document types, entities other than XML's
 * own, and documents that are too deep or too large.
 */
export function parseXml(raw: string): Result<XmlElement, XmlFault> {
  const text = raw.replace(/^[\s\uFEFF]+/, "");
  if (!text.startsWith("<")) return err({ kind: "not-xml", looksLike: text === "" ? "empty" : "other" });
  if (/^(?:<\?xml[^>]*>\s*)?(?:<!--[^>]*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(text.slice(0, 1_000))) {
    return err({ kind: "not-xml", looksLike: "html" });
  }
  const parser = new SaxesParser();
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  let parts = 0;
  const count = (more: number) => {
    parts += more;
    if (parts > maxElements) throw new Refused(`it has more than ${maxElements} elements`);
  };
  const add = (more: string) => {
    const last = stack.at(-1);
    if (last) last.text += more;
  };
  parser.on("doctype", () => {
    throw new Refused("it has a document type");
  });
  parser.on("opentag", ({ name, attributes }) => {
    const given = Object.entries(attributes);
    count(1 + given.length);
    if (stack.length >= maxDepth) throw new Refused(`its elements are nested deeper than ${maxDepth}`);
    const attribute = (local: string) => given.find(([key]) => localName(key) === local)?.[1].trim() ?? "";
    const isNil = /^(?:true|1)$/.test(attribute("nil"));
    stack.push({ name: localName(name), children: [], text: "", isNil, type: attribute("type") });
  });
  parser.on("closetag", () => {
    const element = stack.pop();
    if (!element) return;
    const within = stack.at(-1);
    if (within) within.children.push(element);
    else root = element;
  });
  parser.on("text", add);
  parser.on("cdata", (more) => {
    count(1);
    add(more);
  });
  parser.on("comment", () => count(1));
  parser.on("processinginstruction", () => count(1));
  parser.on("error", () => {
    throw new Refused(`line ${parser.line}, column ${parser.column}: it is not well formed`);
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return err({ kind: "bad-xml", reason: error.message });
  }
  return root ? ok(root) : err({ kind: "bad-xml", reason: "it has no element" });
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Returns the first element with this name in any case. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element && childrenNamed(element, name)[0];
}

/** Returns the elements with this name, otherwise in any case. The documents print sessionKey and sessionkey. */
export function childrenNamed({ children }: XmlElement, name: string): readonly XmlElement[] {
  const exact = children.filter((inner) => inner.name === name);
  if (exact.length > 0) return exact;
  return children.filter((inner) => inner.name.toLowerCase() === name.toLowerCase());
}

/** Returns the text of a child; empty without one. */
export function textIn(element: XmlElement | undefined, name: string): string {
  return child(element, name)?.text.trim() ?? "";
}
