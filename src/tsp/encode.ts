import type { PhoneNumber } from "../foundation/phone-number.ts";
import { maxMessages } from "./decode.ts";
import type { FieldKind } from "./fields.ts";
import { phoneParts } from "./phone-element.ts";
import type { CodeLists, MessagePlan, TableMessage, Vocabulary } from "./vocabulary.ts";
import { escapeXml } from "./xml-escape.ts";

/** One document of 1 to 50 messages. The same messages give the same text each time, as a repeat must (protocol T37). */
export function encodeDocument(transId: string, messages: readonly TableMessage[], vocabulary: Vocabulary): string {
  if (messages.length === 0 || messages.length > maxMessages) {
    throw new RangeError(`a document holds 1 to ${maxMessages} messages, not ${messages.length}`);
  }
  let body = "";
  for (const message of messages) {
    const plan = vocabulary.byType.get(message.type);
    if (!plan) throw new Error(`no message "${message.type}" is sent in this direction`);
    body += encodeMessage(message, plan, vocabulary.codes);
  }
  return wrapDocument(transId, body);
}

/** The root element around its TransID and what follows it: the canonical form (protocol section 5, row 21), in one line. */
export function wrapDocument(transId: string, body: string): string {
  return `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${escapeXml(transId)}</TransID>${body}</WbxTSPSchema>`;
}

function encodeMessage(message: TableMessage, plan: MessagePlan, codes: CodeLists): string {
  const spelling = (message.spelling ?? {}) as Readonly<Record<string, string>>;
  let attributes = "";
  let children = "";
  for (const { field, name, wire } of plan.fields) {
    const value = message[name] as FieldValue | undefined;
    if (field.kind.kind === "phone") {
      if (value !== undefined) children += encodePhone(value as PhoneNumber, wire);
      continue;
    }
    const text = value === undefined ? field.absent : writeValue(value, field.kind, codes);
    const said = spelling[name];
    const attribute = said !== undefined && field.aliases?.includes(said) ? said : wire;
    if (text) attributes += ` ${attribute}="${escapeXml(text)}"`;
  }
  const element = plan.spellings.get(spelling.element ?? "") ?? plan.wire;
  return `<${element}${attributes}>${children}</${element}>`;
}

type FieldValue = string | number | boolean | readonly string[] | readonly boolean[] | PhoneNumber;

function writeValue(value: FieldValue, kind: FieldKind, codes: CodeLists): string {
  switch (kind.kind) {
    case "code":
      return String(typeof value === "string" ? numberOf(value, codes[kind.codes].numbers) : value);
    case "boolean":
      return kind.written === "word" ? (value ? "True" : "False") : value ? "1" : "0";
    case "list":
      return (value as readonly string[]).join("%");
    case "flags":
      return (value as readonly boolean[]).map((flag) => (flag ? "Y" : "N")).join("%");
    default:
      return String(value);
  }
}

function numberOf(word: string, numbers: ReadonlyMap<string, number>): number {
  const number = numbers.get(word);
  if (number === undefined) throw new Error(`the code "${word}" has no number`);
  return number;
}

function encodePhone(number: PhoneNumber, wire: string): string {
  const parts = phoneParts.map(({ part, wire: name, required }) =>
    required || number[part] !== "" ? `<${name}>${escapeXml(number[part])}</${name}>` : "",
  );
  return `<${wire}>${parts.join("")}</${wire}>`;
}
