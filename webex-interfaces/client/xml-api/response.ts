import { err, ok, type Result } from "../../doors/foundation.ts";
import { type Refused, type SubError, whyRefused, type XmlApiFault } from "./faults.ts";
import { type Fields, type Kind, type Leaf, type OpenValue, type Operation, readLeaf } from "./fields.ts";
import { parseXml, type XmlElement } from "./xml.ts";

/** A field of an answer whose type is another than the table says. `value` is absent where it is a secret, or no single text. */
export interface WrongField {
  readonly path: string;
  readonly value?: string;
  readonly rule: string;
}

/** An answer that the site calls a success. */
export interface ReadAnswer {
  readonly value: Readonly<Record<string, unknown>>;
  /** Fields that were left out: of another type than the table says, and not used. */
  readonly wrong: readonly WrongField[];
  readonly gsbStatus?: "PRIMARY" | "BACKUP";
}

/**
 * Reads the text of an answer. Prefixes, namespaces, unknown elements, their order and the case of names do not count: the documents
 * themselves print both sessionKey and sessionkey. `reads` names the fields that are used; all are without it.
 */
export function readResponse(
  operation: Operation,
  text: string,
  reads?: readonly string[],
): Result<ReadAnswer, XmlApiFault> {
  const root = parseXml(text);
  if (!root.ok) return root;
  const header = readHeader(root.value);
  if (!header.ok) return header;
  const { gsbStatus, refused } = header.value;
  if (refused) return err(refused);
  const content = child(child(root.value, "body"), "bodyContent");
  const status = gsbStatus === undefined ? {} : { gsbStatus };
  if (operation.response === "open") return ok({ value: content ? openFields(content) : {}, wrong: [], ...status });

  const wrong: WrongField[] = [];
  const value = readGroup(content ?? emptyElement, operation.response, "", wrong);
  const used = value.ok ? wrong.find(({ path }) => isUsed(path, reads)) : value.error;
  if (used) return err({ kind: "wrong-field", operation: operation.name, ...used });
  return ok({ value: value.ok ? value.value : {}, wrong, ...status });
}

/** Of one refusal; in each of them, secrets are looked for. */
const mostSubErrors = 100;

const emptyElement: XmlElement = { name: "bodyContent", children: [], text: "", isNil: false };

interface Header {
  readonly gsbStatus?: "PRIMARY" | "BACKUP";
  readonly refused?: Refused;
}

function readHeader(root: XmlElement): Result<Header, XmlApiFault> {
  const notAMessage = (reason: string) => err({ kind: "not-a-message" as const, reason });
  if (root.name.toLowerCase() !== "message") return notAMessage("its root is no message");
  const header = child(root, "header");
  if (!header) return notAMessage("it has no header");
  const responses = childrenNamed(header, "response");
  const failed = responses.find((response) => textOf(response, "result").toUpperCase() === "FAILURE");
  const response = failed ?? responses[0];
  if (!response) return notAMessage("its header has no response");
  const gsb = textOf(response, "gsbStatus");
  const status = gsb === "PRIMARY" || gsb === "BACKUP" ? ({ gsbStatus: gsb } as const) : {};
  if (!failed) {
    const isSuccess = textOf(response, "result").toUpperCase() === "SUCCESS";
    return isSuccess ? ok(status) : notAMessage("its result is neither SUCCESS nor FAILURE");
  }
  const exceptionId = textOf(failed, "exceptionID");
  const listed = child(failed, "subErrors");
  const subErrors = listed ? childrenNamed(listed, "subError").slice(0, mostSubErrors).map(readSubError) : [];
  const why = [exceptionId, ...subErrors.map((part) => part.exceptionId)]
    .map(whyRefused)
    .find((word) => word !== "other");
  const reason = textOf(failed, "reason");
  return ok({
    ...status,
    refused: {
      kind: "refused",
      why: why ?? "other",
      exceptionId,
      reason,
      subErrors,
      ...refusedValue(failed),
      ...status,
    },
  });
}

function readSubError(element: XmlElement): SubError {
  return {
    exceptionId: textOf(element, "exceptionID"),
    reason: textOf(element, "reason"),
    ...refusedValue(element),
  };
}

function refusedValue(element: XmlElement): { readonly value?: string } {
  const value = textOf(element, "value");
  return value === "" ? {} : { value };
}

function isUsed(path: string, reads: readonly string[] | undefined): boolean {
  if (reads === undefined) return true;
  const plain = path.replaceAll(/\[\d+\]/g, "");
  return reads.some((used) => plain === used || plain.startsWith(`${used}.`) || used.startsWith(`${plain}.`));
}

/** The values that an element holds; an error if one that always stands is missing or wrong. Others that are wrong are left out. */
function readGroup(
  element: XmlElement,
  fields: Fields,
  path: string,
  wrong: WrongField[],
): Result<Readonly<Record<string, unknown>>, WrongField> {
  if (element.children.length === 0 && element.text.trim() !== "") {
    return err({ path, rule: "must have elements, and has text" });
  }
  const values: [string, unknown][] = [];
  for (const [name, kind] of Object.entries(fields)) {
    const fieldPath = path === "" ? name : `${path}.${name}`;
    const found = childrenNamed(element, name).filter(({ isNil }) => !isNil);
    const value = readField(found, kind, fieldPath, wrong);
    const isAlways = kind.need === "always";
    if (!value.ok) {
      if (isAlways) return value;
      wrong.push(value.error);
    } else if (value.value !== undefined) {
      values.push([name, value.value]);
    } else if (isAlways) {
      return err({ path: fieldPath, rule: "is missing" });
    }
  }
  return ok(Object.fromEntries(values));
}

function readField(
  found: readonly XmlElement[],
  kind: Kind,
  path: string,
  wrong: WrongField[],
): Result<unknown, WrongField> {
  const [element, ...more] = found;
  if (element === undefined) return ok(undefined);
  if (kind.kind === "list") {
    const items: unknown[] = [];
    for (const [index, item] of found.entries()) {
      const value = readField([item], kind.of, `${path}[${index}]`, wrong);
      if (!value.ok) wrong.push(value.error);
      else if (value.value !== undefined) items.push(value.value);
    }
    return ok(items);
  }
  if (kind.kind === "open") return ok(found.length === 1 ? openValue(element) : found.map(openValue));
  if (more.length > 0) return err({ path, rule: `must stand once, and stands ${found.length} times` });
  if (kind.kind === "group") return readGroup(element, kind.fields, path, wrong);
  return readText(element, kind, path);
}

/** An empty element has no value, unless a text is what it holds. */
function readText(element: XmlElement, kind: Leaf, path: string): Result<unknown, WrongField> {
  if (element.children.length > 0) return err({ path, rule: "must have text, and has elements" });
  const isText = kind.kind === "text" || kind.kind === "secret";
  if (!isText && element.text.trim() === "") return ok(undefined);
  const value = readLeaf(element.text, kind);
  if (value.ok) return value;
  return err({ path, rule: value.error, ...(kind.kind === "secret" ? {} : { value: element.text }) });
}

function openValue(element: XmlElement): OpenValue {
  return element.children.length === 0 ? element.text : openFields(element);
}

function openFields(element: XmlElement): { readonly [name: string]: OpenValue } {
  const byName = new Map<string, OpenValue[]>();
  for (const inner of element.children) {
    const values = byName.get(inner.name);
    if (values) values.push(openValue(inner));
    else byName.set(inner.name, [openValue(inner)]);
  }
  const entries = [...byName].map(([name, values]) => [name, values.length === 1 ? values[0] : values] as const);
  return Object.fromEntries(entries) as { readonly [name: string]: OpenValue };
}

function textOf(element: XmlElement, name: string): string {
  return child(element, name)?.text.trim() ?? "";
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element && childrenNamed(element, name)[0];
}

function childrenNamed({ children }: XmlElement, name: string): readonly XmlElement[] {
  const exact = children.filter((inner) => inner.name === name);
  if (exact.length > 0) return exact;
  const lowered = name.toLowerCase();
  return children.filter((inner) => inner.name.toLowerCase() === lowered);
}
