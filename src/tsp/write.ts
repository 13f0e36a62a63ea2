import type { PhoneNumber } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import type { Spelling } from "./messages.ts";
import { maxMessages } from "./protocol-table.ts";
import type { Confirmation } from "./read.ts";
import { writePhone, writeValue } from "./values.ts";
import type { TableMessage, Vocabulary } from "./vocabulary.ts";
import { escapeXml } from "./xml.ts";

export interface Encoded<Message> {
  /** One document of all messages that could be written; `null` if none could. */
  readonly text: string | null;
  readonly unwritable: readonly { readonly message: Message; readonly why: string }[];
}

/**
 * One document of 1 to 50 messages; a message that cannot be written does not hold up the others. The same messages give
 * the same text each time, as a repeat must (protocol T37).
 */
export function writeDocument<Message extends TableMessage>(
  transId: string,
  messages: readonly Message[],
  vocabulary: Vocabulary,
): Encoded<Message> {
  if (messages.length === 0 || messages.length > maxMessages) {
    throw new RangeError(`a document holds 1 to ${maxMessages} messages, not ${messages.length}`);
  }
  const unwritable: { message: Message; why: string }[] = [];
  let body = "";
  for (const message of messages) {
    const written = writeMessage(message, vocabulary);
    if (written.ok) body += written.value;
    else unwritable.push({ message, why: written.error });
  }
  return { text: body === "" ? null : wrap(transId, body), unwritable };
}

/** The answer to a posted document, in the form of protocol 1.3. */
export function writeConfirmation({ transId, result }: Confirmation): string {
  return wrap(transId, `<Confirmation Result="${result}"></Confirmation>`);
}

/** The root element around its TransID and what follows it: the canonical form (protocol section 5, row 21), in one line. */
function wrap(transId: string, body: string): string {
  return `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${escapeXml(transId)}</TransID>${body}</WbxTSPSchema>`;
}

function writeMessage(message: TableMessage, { byType, codes }: Vocabulary): Result<string, string> {
  const plan = byType.get(message.type);
  if (!plan) return err(`no message "${message.type}" is sent in this direction`);
  const values = message as TableMessage & { readonly spelling?: Spelling } & Readonly<Record<string, unknown>>;
  const { spelling = {} } = values;
  let attributes = "";
  let children = "";
  for (const { field, name, wire } of plan.fields) {
    const value = values[name] ?? field.absent;
    if (value === undefined) continue;
    if (field.kind.kind === "phone") {
      children += writePhone(value as PhoneNumber, wire);
      continue;
    }
    const text = writeValue(value, field, codes);
    if (!text.ok) return err(`${plan.wire}: ${wire} ${text.error}`);
    const received = spelling[name];
    const attribute = received !== undefined && field.aliases?.includes(received) ? received : wire;
    if (text.value !== "") attributes += ` ${attribute}="${text.value}"`;
  }
  const element = plan.spellings.get(spelling.element ?? "") ?? plan.wire;
  return ok(`<${element}${attributes}>${children}</${element}>`);
}
