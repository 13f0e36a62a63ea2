import { SaxesParser } from "saxes";
import { err, ok, type Result } from "../foundation/result.ts";

interface XmlAttribute {
  readonly name: string;
  readonly value: string;
}

export interface XmlElement {
  readonly name: string;
  /** In document order, no name twice. A list, so that a name such as `__proto__` is nothing but text. */
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** The element's own text and CDATA joined, without the text of its children. */
  readonly text: string;
}

/** Why a document was refused, and where: lines count from 1, `column` is the number of characters read in that line. */
interface XmlFault {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

/** Limits of one document. A document of 50 messages needs a tenth of them. */
export const xmlLimits = {
  bytes: 1_048_576,
  depth: 32,
  elements: 20_000,
  attributesOfElement: 256,
  nameLength: 1024,
} as const;

/**
 * The only reader of XML from the network: the tree of a well-formed document, or its first fault (protocol T6). A DOCTYPE may
 * name an external DTD, which nobody fetches; with declarations of its own, it is refused (protocol T7).
 */
export function parseXml(
  bytes: Uint8Array,
  notes: string[] = [],
  contentType?: string | null,
): Result<XmlElement, XmlFault> {
  if (bytes.length > xmlLimits.bytes) {
    return err({ line: 1, column: 0, reason: `${bytes.length} bytes, at most ${xmlLimits.bytes} are read` });
  }
  const text = textOf(bytes, contentType);
  if (!text.ok) return err({ line: 1, column: 0, reason: text.error });
  const [, mark = "", blanks = ""] = blanksBeforeDeclaration.exec(text.value) ?? [];
  if (blanks !== "") notes.push("white space before the XML declaration is skipped");

  const { parser, treeOf } = reader;
  try {
    return ok(treeOf(blanks === "" ? text.value : mark + text.value.slice(mark.length + blanks.length)));
  } catch (error) {
    reader = newReader();
    if (!(error instanceof Refusal)) throw error;
    return err({ line: parser.line, column: parser.column, reason: error.message });
  }
}

/** Whether the element has this name. The case of letters is ignored, with a note (protocol T26). */
export function isNamed(element: XmlElement, name: string, notes: string[]): boolean {
  if (element.name === name) return true;
  if (element.name.length !== name.length || element.name.toLowerCase() !== name.toLowerCase()) return false;
  notes.push(`element ${element.name} read as ${name}`);
  return true;
}

export function childrenNamed(parent: XmlElement, name: string, notes: string[]): readonly XmlElement[] {
  return parent.children.filter((child) => isNamed(child, name, notes));
}

// XML 1.0 has no form for these characters, not even a reference: control characters, lone surrogates, U+FFFE, U+FFFF.
const notXml = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const everyNotXml = new RegExp(notXml, "gu");
/** ASCII without anything to escape: most values. */
const plain = /^[ !#-%'-;=?-~]*$/;

/** Whether XML 1.0 can carry this text unchanged. */
export function isXmlText(text: string): boolean {
  return plain.test(text) || !notXml.test(text);
}

/** Text for an attribute in double quotes, or between tags. A character that XML does not have becomes U+FFFD. */
export function escapeXml(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(everyNotXml, "\ufffd").replace(/["&<>\t\n\r]/g, escapeOf);
}

function escapeOf(character: string): string {
  switch (character) {
    case '"':
      return "&quot;";
    case "&":
      return "&amp;";
    case "<":
      return "&lt;";
    case ">":
      return "&gt;";
    default:
      return `&#${character.charCodeAt(0)};`; // A bare tab or line end in an attribute would be read as a space.
  }
}

/** The text of a document that may be broken: what cannot be decoded becomes U+FFFD. */
export function roughTextOf(bytes: Uint8Array, contentType?: string | null): string {
  try {
    return new TextDecoder(encodingOf(bytes, contentType)).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes); // No such encoding exists.
  }
}

// The parser removes the byte order mark. If the decoder removed one too, a document with two of them would be accepted.
const strictly = { fatal: true, ignoreBOM: true } as const;
const utf8 = new TextDecoder("utf-8", strictly);
const latin1 = new TextDecoder("latin1");
const blanksBeforeDeclaration = /^(\ufeff?)([ \t\r\n]+)(?=<\?xml\s)/;
const declaredEncoding = /^[ \t\r\n]*<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']/;
/** Enough for a declaration and some blank lines before it. */
const DECLARATION_BYTES = 1_024;

/** The characters of an XML document (protocol T6). */
function textOf(bytes: Uint8Array, contentType?: string | null): Result<string, string> {
  const label = encodingOf(bytes, contentType);
  try {
    return ok((label === "utf-8" ? utf8 : new TextDecoder(label, strictly)).decode(bytes));
  } catch (error) {
    // The Encoding standard has two errors: RangeError for the label, TypeError for the bytes.
    if (error instanceof RangeError) return err(`the encoding "${label}" is not known`);
    if (error instanceof TypeError) return err(`the bytes are no ${label} text`);
    throw error;
  }
}

/**
 * A byte order mark or a zero byte decides first, then a declared ISO-2022, which looks like ASCII. Bytes that are valid UTF-8 are
 * UTF-8, since programs often declare another encoding by mistake. Otherwise the declaration decides, then the Content-Type header.
 */
function encodingOf(bytes: Uint8Array, contentType: string | null = ""): string {
  const [first, second, third] = bytes;
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";

  const declared = declaredEncoding.exec(latin1.decode(bytes.subarray(0, DECLARATION_BYTES)))?.[1]?.toLowerCase();
  if (declared?.startsWith("iso-2022-")) return declared;
  if (isUtf8(bytes)) return "utf-8";
  const label = declared ?? /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? "")?.[1]?.toLowerCase() ?? "utf-8";
  // UTF-16 has zero bytes in a declaration.
  return label === "utf_8" || label.startsWith("utf-16") ? "utf-8" : label;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

interface GrowingElement extends XmlElement {
  readonly children: GrowingElement[];
  text: string;
}

/** Thrown to stop the parser, which would go on after an error. */
class Refusal extends Error {}

/** What may stand behind `<!DOCTYPE`: a name, and where an external DTD is. */
const externalDtd =
  /^\s+[A-Za-z_:][\w:.-]*\s+(?:SYSTEM|PUBLIC\s+(?:"[\w \n'()+,./:=?;!*#@$%-]*"|'[\w \n()+,./:=?;!*#@$%-]*'))\s+(?:"[^"]*"|'[^']*')\s*$/;

const controls = /[\p{Cc}--[\t\n\r\x85]]/v;

/** Making a parser costs more than reading most documents, so one reads them all. One that refused a document is replaced. */
let reader = newReader();

function newReader() {
  // The cost of `xmlns` would be quadratic in the depth.
  const parser = new SaxesParser({ xmlns: false, position: false });
  let document: GrowingElement;
  let open: GrowingElement[];
  let parent: GrowingElement;
  let attributes: XmlAttribute[];
  let elements: number;

  const addText = (text: string) => {
    refuseControls(parser, text);
    parent.text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("attribute", (attribute) => {
    refuseLongName(attribute.name);
    refuseControls(parser, attribute.value);
    if (attributes.push(attribute) > xmlLimits.attributesOfElement) {
      throw new Refusal(`more than ${xmlLimits.attributesOfElement} attributes in one element`);
    }
  });
  parser.on("opentag", ({ name }) => {
    refuseLongName(name);
    elements += 1;
    if (elements > xmlLimits.elements) throw new Refusal(`more than ${xmlLimits.elements} elements`);
    if (open.length > xmlLimits.depth) throw new Refusal(`elements nested deeper than ${xmlLimits.depth}`);
    const element: GrowingElement = { name, attributes, children: [], text: "" };
    attributes = [];
    parent.children.push(element);
    open.push(element);
    parent = element;
  });
  parser.on("closetag", () => {
    open.pop();
    parent = open.at(-1) ?? document;
  });
  refuseFaults(parser);

  const begin = () => {
    document = { name: "", attributes: [], children: [], text: "" };
    open = [document];
    parent = document;
    attributes = [];
    elements = 0;
  };
  const treeOf = (text: string): XmlElement => {
    begin();
    try {
      parser.write(text).close();
      const [root] = document.children;
      if (!root) throw new Error("a well-formed document came without a root element");
      return root;
    } finally {
      begin(); // Names and numbers must not stay in memory until the next document comes.
    }
  };
  return { parser, treeOf };
}

function refuseLongName(name: string): void {
  if (name.length > xmlLimits.nameLength) throw new Refusal(`a name longer than ${xmlLimits.nameLength}`);
}

/** XML 1.1 allows them by reference. No value of the protocol may hold them, and XML 1.0, which we write, cannot. */
function refuseControls(parser: SaxesParser<{ xmlns: false }>, text: string): void {
  if (parser.xmlDecl.version === "1.1" && controls.test(text)) throw new Refusal("a control character by reference");
}

function refuseFaults(parser: SaxesParser<{ xmlns: false }>): void {
  parser.on("doctype", (text) => {
    if (!externalDtd.test(text))
      throw new Refusal("a DOCTYPE may have the address of an external DTD, and nothing else");
  });
  parser.on("error", ({ message }) => {
    throw new Refusal(message);
  });
}

/** A whole number that a program can hold exactly, else `null`. */
export function readInteger(raw: string): number | null {
  if (raw.length > 64 || !/^\s*[+-]?\d+\s*$/.test(raw)) return null;
  const value = Number(raw) + 0; // The sum turns -0 into 0.
  return Number.isSafeInteger(value) ? value : null;
}
