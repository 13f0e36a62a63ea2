import type { TransId } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { isId, isNeeded, readField, readPhone, readValue, type ValueFault } from "./fields.ts";
import { type CodeLists, documentName, maxMessages, type ResultWord } from "./protocol-table.ts";
import { findName, type MessagePlan, type TableMessage, type Vocabulary } from "./vocabulary.ts";
import { childrenNamed, isNamed, parseXml, readInteger, roughTextOf, type XmlElement } from "./xml.ts";

/** The verdict on a document: all its messages, or the one code that refuses it as a whole (protocol T21 to T23). */
export type Decoded<Message> =
  | {
      readonly ok: true;
      readonly transId: TransId;
      readonly messages: readonly Message[];
      /** Deviations that were tolerated, for the log. */
      readonly notes: readonly string[];
    }
  | {
      readonly ok: false;
      /** The TransID of the document, even a malformed one; empty if there is none. */
      readonly transId: string;
      readonly result: ResultWord;
      readonly detail: string;
    };

/** Reads and checks a document. The same bytes give the same result (protocol T39, section 5, rows 1, 3). */
export function readDocument<Message extends TableMessage>(
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  contentType?: string | null,
): Decoded<Message> {
  const notes: string[] = [];
  const tree = parseXml(bytes, notes, contentType);
  if (!tree.ok) {
    const { line, column, reason } = tree.error;
    return refused(searchTransId(bytes, contentType), "not-xml", `line ${line}, column ${column}: ${reason}`);
  }
  const root = tree.value;
  if (!isNamed(root, "WbxTSPSchema", notes)) {
    return refused(
      searchTransId(bytes, contentType),
      "wrong-root",
      `the root element is ${shorten(root.name)}, not WbxTSPSchema`,
    );
  }
  const name = root.attributes.find((attribute) => attribute.name === "Name")?.value;
  // One documented answer has more words after the name (protocol section 5, row 9).
  if (name && !name.startsWith(documentName)) {
    return refused(
      searchTransId(bytes, contentType),
      "wrong-root",
      `the root's Name is "${shorten(name)}", not ${documentName}`,
    );
  }

  // An element, though one page calls it an attribute (protocol section 5, row 10).
  const transIds: XmlElement[] = [];
  const elements: XmlElement[] = [];
  for (const child of root.children) (isNamed(child, "TransID", notes) ? transIds : elements).push(child);
  const transId = transIds[0]?.text.trim() ?? "";
  if (transId === "") return refused("", "trans-id-missing", "there is no TransID");
  if (transIds.length > 1) return refused(transId, "trans-id-malformed", `there are ${transIds.length} TransIDs`);
  if (!isId(transId)) {
    const detail = `the TransID is "${shorten(transId)}", must be 1 to 32 digits, letters, - and _`;
    return refused(transId, "trans-id-malformed", detail);
  }
  if (elements.length === 0) return refused(transId, "no-message", "there is no message");
  if (elements.length > maxMessages) {
    const detail = `there are ${elements.length} messages, at most ${maxMessages} are read`;
    return refused(transId, "too-many-messages", detail);
  }

  const messages = readMessages<Message>(elements, vocabulary, notes);
  if (!messages.ok) return refused(transId, messages.error.result, messages.error.detail);
  return { ok: true, transId: transId as TransId, messages: messages.value, notes };
}

function refused(transId: string, result: ResultWord, detail: string): Decoded<never> {
  return { ok: false, transId: transId.slice(0, 256), result, detail };
}

/** The sender of a document that cannot be read still gets its TransID back, if there is one (protocol 3.2). */
function searchTransId(bytes: Uint8Array, contentType?: string | null): string {
  return /<TransID\s*>([^<]{0,256})<\/TransID\s*>/i.exec(roughTextOf(bytes, contentType))?.[1]?.trim() ?? "";
}

/** All messages, or the first fault in the order of the document (protocol T20, T22). */
function readMessages<Message extends TableMessage>(
  elements: readonly XmlElement[],
  vocabulary: Vocabulary,
  notes: string[],
): Result<Message[], ValueFault> {
  const messages: Message[] = [];
  const seen = new Set<unknown>();
  for (const element of elements) {
    const named = findName(vocabulary.elements, element.name);
    let message: WritableMessage;
    if (named) {
      if (named.folded) notes.push(`element ${element.name} read as ${named.name}`);
      const read = readMessage(element, named.entry, vocabulary.codes, notes);
      if (!read.ok) return read;
      message = read.value;
      const { msgId } = message;
      if (seen.has(msgId)) {
        const detail = `${named.entry.wire}: MsgID ${msgId} stands in an earlier message too`;
        return err({ result: "duplicate-msg-id", detail });
      }
      seen.add(msgId);
    } else {
      message = readUnknownMessage(element, vocabulary);
    }
    messages.push(message as TableMessage as Message); // The tables that the types come from have checked every field.
  }
  return ok(messages);
}

type WritableMessage = TableMessage & Record<string, unknown>;

/**
 * Reads a message by its plan, or returns its first fault in table order (protocol T20). Text after the start tag is no attribute
 * (protocol section 5, row 4). Unknown children are ignored (protocol T25, section 5, row 2).
 */
function readMessage(
  element: XmlElement,
  plan: MessagePlan,
  codes: CodeLists,
  notes: string[],
): Result<WritableMessage, ValueFault> {
  const message: WritableMessage = { type: plan.type };
  const received = collect(element, plan, notes);
  for (const { field, name, wire, aliases, index } of plan.fields) {
    const { kind } = field;
    const attribute = received[index];
    const read =
      kind.kind === "phone"
        ? readPhone(element, wire, notes)
        : attribute
          ? readField(attribute.raw, field, codes, (text) => notes.push(`${plan.wire}: ${wire} ${text}`))
          : absent;
    if (!read.ok)
      return err({ ...read.error, detail: `${plan.wire}: ${attribute?.name ?? wire} ${read.error.detail}` });

    if (read.value !== undefined) {
      message[name] = read.value;
    } else if (isNeeded(field, message)) {
      const result = kind.kind === "msg-id" ? "msg-id-missing" : "attribute-missing";
      return err({ result, detail: `${plan.wire}: ${wire} is missing or empty` });
    } else if (field.noted && !attribute) {
      const names = [wire, ...aliases].join(", ");
      notes.push(
        `${plan.wire} has none of ${names}; it has ${namesOf(element)}. protocol.attributes can rename ${field.wire}`,
      );
    }
  }
  return ok(message);
}

const MAX_HOST = 256;

/** Keeps those of its common attributes that are valid; a bad one does not refuse the document (protocol T24). */
function readUnknownMessage(element: XmlElement, { common, codes }: Vocabulary): WritableMessage {
  const message: WritableMessage = { type: "unknown", element: element.name.slice(0, 64) };
  const received = collect(element, common, []);
  for (const { field, name, index } of common.fields) {
    const attribute = received[index];
    const read = attribute && readValue(attribute.raw, field.kind, codes);
    if (read?.ok && read.value !== undefined) message[name] = read.value;
    // What is no host stays: where nobody can be answered, the Confirmation says so (protocol T16).
    if (read && !read.ok && name === "replyTo") message[name] = attribute.raw.trim().slice(0, MAX_HOST);
  }
  return message;
}

const absent = ok(undefined);

interface Received {
  readonly raw: string;
  readonly name: string;
  readonly rank: number;
}

/** The attributes that the message has in its table, each at its field's index. Of several spellings of one field the best counts. */
function collect(element: XmlElement, plan: MessagePlan, notes: string[]): readonly (Received | undefined)[] {
  const received: (Received | undefined)[] = plan.fields.map(() => undefined);
  for (const { name, value } of element.attributes) {
    const match = findName(plan.names, name);
    if (!match) continue; // Unknown attributes are ignored (protocol T25).
    if (match.folded) notes.push(`${element.name}: attribute ${name} read as ${match.name}`);
    const rank = match.rank + (match.folded ? 0.5 : 0);
    const { index } = match.entry;
    if (rank < (received[index]?.rank ?? Number.POSITIVE_INFINITY)) {
      received[index] = { raw: value, name: match.name, rank };
    }
  }
  return received;
}

export interface Confirmation {
  readonly transId: string;
  /** 0: the document was received and is in order. */
  readonly result: number;
}

/** A Confirmation has some 130 bytes. What is much longer is something else, and not worth parsing. */
const maxConfirmationBytes = 65_536;

/** The peer's answer to our document; the failure says why it is no Confirmation. */
export function readConfirmation(
  bytes: Uint8Array,
  notes: string[] = [],
  contentType?: string | null,
): Result<Confirmation, string> {
  if (bytes.length === 0) return err("the answer is empty");
  if (bytes.length > maxConfirmationBytes) {
    return err(`${bytes.length} bytes, a Confirmation has at most ${maxConfirmationBytes}`);
  }
  const tree = parseXml(bytes, notes, contentType);
  if (!tree.ok) return err(`no XML: line ${tree.error.line}, column ${tree.error.column}: ${tree.error.reason}`);
  const root = tree.value;
  if (!isNamed(root, "WbxTSPSchema", [])) return err(`the root element is ${shorten(root.name)}, not WbxTSPSchema`);

  const [confirmation] = childrenNamed(root, "Confirmation", []);
  if (!confirmation) return err("there is no Confirmation");
  const raw = confirmation.attributes.find(({ name }) => name.toLowerCase() === "result")?.value ?? "";
  const result = readInteger(raw);
  if (result === null) return err(`the Confirmation's Result is "${raw.slice(0, 40)}", must be a whole number`);
  const [transId] = childrenNamed(root, "TransID", []);
  return ok({ transId: transId?.text.trim() ?? "", result });
}

function namesOf({ attributes }: XmlElement): string {
  return attributes.length === 0
    ? "no attributes"
    : attributes
        .slice(0, 20)
        .map(({ name }) => shorten(name))
        .join(", ");
}

function shorten(text: string): string {
  return text.slice(0, 64);
}
