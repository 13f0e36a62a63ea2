import type { TransId } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { isNamed } from "./element-name.ts";
import type { ResultWord } from "./protocol-table.ts";
import { readMessage, readUnknownMessage } from "./read-message.ts";
import { isNumberLike, type ValueFault } from "./read-value.ts";
import { findName, type TableMessage, type Vocabulary } from "./vocabulary.ts";
import { parseXml, type XmlElement } from "./xml.ts";
import { roughXmlText } from "./xml-text.ts";

/** The verdict on a document: all its messages, or the one code that refuses it as a whole (protocol T21 to T23). */
export type Decoded<Message> =
  | {
      readonly ok: true;
      readonly transId: TransId;
      readonly messages: readonly Message[];
      /** What was overlooked in reading, for the log. */
      readonly notes: readonly string[];
    }
  | {
      readonly ok: false;
      /** What the document has for a TransID, also a malformed one; empty if nothing is found. */
      readonly transId: string;
      readonly result: ResultWord;
      readonly detail: string;
    };

export const maxMessages = 50;

/**
 * Reads and checks a document. The same bytes get the same verdict each time (protocol T39). What is no XML is refused and
 * never repaired (protocol section 5, rows 1, 3).
 */
export function decodeDocument(bytes: Uint8Array, vocabulary: Vocabulary): Decoded<TableMessage> {
  const tree = parseXml(bytes);
  if (!tree.ok) {
    const { line, column, reason } = tree.error;
    return refused(searchTransId(bytes), "not-xml", `line ${line}, column ${column}: ${reason}`);
  }
  const notes: string[] = [];
  const root = tree.value;
  if (!isNamed(root, "WbxTSPSchema", notes)) {
    return refused(searchTransId(bytes), "wrong-root", `the root element is ${shorten(root.name)}, not WbxTSPSchema`);
  }
  const name = root.attributes.find((attribute) => attribute.name === "Name")?.value;
  // One documented answer has words behind it (protocol section 5, row 9).
  if (name && !name.startsWith("WTSPDOM")) {
    return refused(searchTransId(bytes), "wrong-root", `the root's Name is "${shorten(name)}", not WTSPDOM`);
  }

  // An element, though one page calls it an attribute (protocol section 5, row 10).
  const transIds: XmlElement[] = [];
  const elements: XmlElement[] = [];
  for (const child of root.children) (isNamed(child, "TransID", notes) ? transIds : elements).push(child);
  const transId = transIds[0]?.text.trim() ?? "";
  if (transId === "") return refused("", "trans-id-missing", "there is no TransID");
  if (transIds.length > 1) return refused(transId, "trans-id-malformed", `there are ${transIds.length} TransIDs`);
  if (!isNumberLike(transId)) {
    const detail = `the TransID is "${shorten(transId)}", must be 1 to 32 digits, letters, - and _`;
    return refused(transId, "trans-id-malformed", detail);
  }
  if (elements.length === 0) return refused(transId, "no-message", "there is no message");
  if (elements.length > maxMessages) {
    return refused(
      transId,
      "too-many-messages",
      `there are ${elements.length} messages, at most ${maxMessages} are read`,
    );
  }

  const messages = readMessages(elements, vocabulary, notes);
  if (!messages.ok) return refused(transId, messages.error.result, messages.error.detail);
  return { ok: true, transId: transId as TransId, messages: messages.value, notes };
}

function refused(transId: string, result: ResultWord, detail: string): Decoded<never> {
  return { ok: false, transId: transId.slice(0, 256), result, detail };
}

/** Where a document is past reading, its sender still gets its TransID back if there is one (protocol 3.2). */
function searchTransId(bytes: Uint8Array): string {
  const text = roughXmlText(bytes);
  return /<TransID\s*>([^<]{0,256})<\/TransID\s*>/i.exec(text)?.[1]?.trim() ?? "";
}

/** All messages, or the first fault in the order of the document (protocol T20, T22). */
function readMessages(
  elements: readonly XmlElement[],
  vocabulary: Vocabulary,
  notes: string[],
): Result<TableMessage[], ValueFault> {
  const messages: TableMessage[] = [];
  const seen = new Set<unknown>();
  for (const element of elements) {
    const named = findName(vocabulary.messages, element.name);
    if (!named) {
      messages.push(readUnknownMessage(element, vocabulary));
      continue;
    }
    const plan = named.entry;
    if (named.folded) notes.push(`element ${element.name} read as ${named.name}`);
    const message = readMessage(element, plan, named.rank > 0 ? named.name : null, vocabulary.codes, notes);
    if (!message.ok) return message;
    const { msgId } = message.value;
    if (seen.has(msgId)) {
      return err({
        result: "duplicate-msg-id",
        detail: `${plan.wire}: MsgID ${msgId} stands in an earlier message too`,
      });
    }
    seen.add(msgId);
    messages.push(message.value);
  }
  return ok(messages);
}

function shorten(text: string): string {
  return text.slice(0, 64);
}
