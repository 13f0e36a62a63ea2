import { SaxesParser } from "saxes";
import { err, ok, type Result } from "../foundation/result.ts";
import { xmlText } from "./xml-text.ts";

export interface XmlAttribute {
  readonly name: string;
  readonly value: string;
}

export interface XmlElement {
  readonly name: string;
  /** In document order, no name twice. A list, so that a name such as `__proto__` is nothing but text. */
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** Its own text and CDATA joined; its children's is not part of it. */
  readonly text: string;
}

/** Why a document was refused, and where: lines count from 1, `column` is the number of characters read in that line. */
export interface XmlFault {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

/** What one document may hold. A document of 50 messages needs a tenth of it. */
export const xmlLimits = {
  bytes: 1_048_576,
  depth: 32,
  elements: 20_000,
  attributesOfElement: 256,
  nameLength: 1024,
} as const;

/** The one door for XML from the network: a tree of a well-formed document without DOCTYPE (protocol T6, T7), or the first fault. */
export function parseXml(bytes: Uint8Array): Result<XmlElement, XmlFault> {
  if (bytes.length > xmlLimits.bytes) {
    return err({ line: 1, column: 0, reason: `${bytes.length} bytes, at most ${xmlLimits.bytes} are read` });
  }
  const text = xmlText(bytes);
  if (!text.ok) return err({ line: 1, column: 0, reason: text.error });

  // With `xmlns` the cost is quadratic in the depth.
  const parser = new SaxesParser({ xmlns: false, position: false });
  const root = buildTree(parser);
  try {
    parser.write(text.value).close();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return err({ line: parser.line, column: parser.column, reason: error.message });
  }
  return ok(root());
}

const controls = /[\p{Cc}--[\t\n\r\x85]]/v;

type Parser = SaxesParser<{ xmlns: false }>;

interface GrowingElement extends XmlElement {
  readonly children: GrowingElement[];
  text: string;
}

/** Thrown to stop the parser, which would go on after an error. */
class Refusal extends Error {}

function buildTree(parser: Parser): () => XmlElement {
  const document: GrowingElement = { name: "", attributes: [], children: [], text: "" };
  const open: GrowingElement[] = [document];
  let parent = document;
  let attributes: XmlAttribute[] = [];
  let elements = 0;

  const refuseLongName = (name: string) => {
    if (name.length > xmlLimits.nameLength) throw new Refusal(`a name longer than ${xmlLimits.nameLength}`);
  };
  const refuseControls = (text: string) => {
    // XML 1.1 lets them in by reference. No value of the protocol may hold them, and XML 1.0, which we write, cannot.
    if (parser.xmlDecl.version === "1.1" && controls.test(text)) throw new Refusal("a control character by reference");
  };
  const addText = (text: string) => {
    refuseControls(text);
    parent.text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("attribute", (attribute) => {
    refuseLongName(attribute.name);
    refuseControls(attribute.value);
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
  parser.on("doctype", () => {
    throw new Refusal("a DOCTYPE is not accepted");
  });
  parser.on("error", ({ message }) => {
    throw new Refusal(message);
  });

  return () => {
    const [root] = document.children;
    if (!root) throw new Error("a well-formed document came without a root element");
    return root;
  };
}
