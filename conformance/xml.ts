import { XMLParser, XMLValidator } from "fast-xml-parser";

/** An element of a document that was read. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

/** A message to write. */
export interface Message {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly children?: readonly Message[];
  readonly text?: string;
}

/** A document that was read, with a sentence for each fault. */
export interface ReadDocument {
  /** Empty if absent. */
  readonly transId: string;
  readonly messages: readonly Element[];
  /** Why it is not one XML document; `null` if it is. */
  readonly notWellFormed: string | null;
  /** Faults of the root and its attributes. */
  readonly root: readonly string[];
  /** Faults of the TransID. */
  readonly envelope: readonly string[];
}

const ROOT = "WbxTSPSchema";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
});

/** Returns the root of a text, or why it is not XML. */
function parse(text: string): Element | string {
  const body = text.replace(/^\uFEFF/, "");
  if (body.trim() === "") return "it is empty";
  const valid = XMLValidator.validate(body);
  if (valid !== true) {
    const { line, col, msg } = valid.err;
    return `line ${line}${col === undefined ? "" : `, column ${col}`}: ${msg}`;
  }
  // Checks that fast-xml-parser lacks. Comments, CDATA and processing instructions are exempt.
  const markup = body.replace(/<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>/gs, (all) => " ".repeat(all.length));
  const bare = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)/.exec(markup);
  if (bare && !/<!DOCTYPE/.test(markup)) return `character ${bare.index + 1}: "&" is not escaped`;
  const open = /\s[\w:.-]+\s*=\s*(?:"[^"<]*<[^"]*"|'[^'<]*<[^']*')/.exec(markup);
  if (open) return `character ${open.index + 1}: "<" in an attribute value`;
  let nodes: Element[];
  try {
    const top: readonly Node[] = parser.parse(body);
    if (top.some((node) => "#text" in node && String(node["#text"]).trim() !== "")) return "text outside of the root";
    nodes = elementsOf(top);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [root, ...more] = nodes;
  if (!root) return "there is no element";
  if (more.length > 0) return `there are ${more.length + 1} root elements`;
  return root;
}

type Node = Readonly<Record<string, unknown>>;

function elementsOf(nodes: readonly Node[]): Element[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ":@" && key !== "#text");
    // Skips text and processing instructions.
    if (name === undefined || name.startsWith("?")) return [];
    const inner = node[name] as readonly Node[];
    const text = inner.map((child) => ("#text" in child ? String(child["#text"]) : "")).join("");
    const attributes = (node[":@"] ?? {}) as Readonly<Record<string, string>>;
    return [{ name, attributes, children: elementsOf(inner), text }];
  });
}

interface Layout {
  /** Between two elements. */
  readonly between?: string;
  readonly beforeAttribute?: string;
}

/** Writes a request, laid out as in most examples of the documents. */
export function writeDocument(transId: string, messages: readonly Message[], layout: Layout = {}): string {
  return write(document([element("TransID", transId), ...messages]), layout);
}

export function writeConfirmation(transId: string, result: number): string {
  const confirmation = { name: "Confirmation", attributes: { Result: String(result) } };
  return write(document([element("TransID", transId), confirmation]), {});
}

function document(children: readonly Message[]): Message {
  return { name: ROOT, attributes: { Name: "WTSPDOM", Version: "1.0" }, children };
}

function write({ name, attributes, children = [], text = "" }: Message, layout: Layout): string {
  const { between = "", beforeAttribute = " " } = layout;
  const pairs = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : `${key}="${escaped(value)}"`,
  );
  const start = `<${[name, ...pairs].join(beforeAttribute)}>`;
  if (text !== "") return `${start}${escaped(text)}</${name}>`;
  return [start, ...children.map((child) => write(child, layout)), `</${name}>`].join(between);
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (character) => entities[character] ?? character);
}

export function element(name: string, text: string, children: readonly Element[] = []): Element {
  return { name, attributes: {}, children, text };
}

export function readDocument(text: string): ReadDocument {
  const root = parse(text);
  if (typeof root === "string") {
    const rough = /<TransID\s*>([^<]{0,64})<\/TransID\s*>/.exec(text)?.[1]?.trim() ?? "";
    return { transId: rough, messages: [], notWellFormed: root, root: [], envelope: [] };
  }
  const rootFaults = faultsOfRoot(root);
  const transIds = root.children.filter(({ name }) => name === "TransID");
  const messages = root.children.filter(({ name }) => name !== "TransID");
  const envelope: string[] = [];
  if (transIds.length !== 1) envelope.push(`there are ${transIds.length} TransID elements, not one`);
  else if (root.children[0]?.name !== "TransID") envelope.push("the TransID is not the first element");
  return { transId: transIds[0]?.text.trim() ?? "", messages, notWellFormed: null, root: rootFaults, envelope };
}

function faultsOfRoot({ name, attributes }: Element): string[] {
  const faults: string[] = [];
  if (name !== ROOT) faults.push(`the root element is ${name}, not ${ROOT}`);
  // One documented answer has "WTSPDOM Response".
  if (!attributes.Name?.startsWith("WTSPDOM"))
    faults.push(`the root's Name is "${attributes.Name ?? ""}", not WTSPDOM`);
  if (attributes.Version !== "1.0") faults.push(`the root's Version is "${attributes.Version ?? ""}", not 1.0`);
  return faults;
}

export interface ReadConfirmation {
  readonly transId: string;
  /** `null` if absent or not a whole number. */
  readonly result: number | null;
  readonly faults: readonly string[];
}

export function readConfirmation(text: string): ReadConfirmation {
  const { transId, messages, notWellFormed, root } = readDocument(text);
  const broken = [`the answer is not XML: ${notWellFormed}`];
  if (notWellFormed !== null) return { transId: "", result: null, faults: broken };
  const faults = [...root];
  const confirmations = messages.filter(({ name }) => name === "Confirmation");
  const others = messages.filter(({ name }) => name !== "Confirmation");
  if (confirmations.length !== 1) faults.push(`there are ${confirmations.length} Confirmation elements, not one`);
  for (const { name } of others) faults.push(`${name} is next to the Confirmation`);
  const raw = confirmations[0]?.attributes.Result ?? "";
  const isNumber = /^-?\d{1,9}$/.test(raw);
  if (confirmations.length > 0 && !isNumber) faults.push(`the Result is "${raw}", not a whole number`);
  return { transId, result: isNumber ? Number(raw) : null, faults };
}
