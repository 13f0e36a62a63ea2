import type { PhoneNumber, WebexHost } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { isNeeded, writePhone, writeValue } from "./fields.ts";
import { type FromWebex, fromWebex, type ToWebex, toWebex, type UnknownMessage } from "./messages.ts";
import { overridesFault } from "./overrides-fault.ts";
import { documentName, maxMessages, type ProtocolOverrides, type ResultWord } from "./protocol-table.ts";
import { type Confirmation, type Decoded, readConfirmation, readDocument } from "./read.ts";
import { buildVocabulary, type TableMessage, type Vocabulary } from "./vocabulary.ts";
import { escapeXml } from "./xml.ts";

/** One side's reader and writer of the protocol, with a domain's overrides worked in. */
interface Codec<Incoming, Outgoing> {
  /** Reads and checks a posted document; a failure names the code for the Confirmation. */
  decode(bytes: Uint8Array, contentType?: string | null): Decoded<Incoming>;
  /**
   * One document of those of the 1 to 50 messages that can be written, as text to be sent in UTF-8 to this server, which the
   * messages name where the domain wants that; the others are named. What it
   * writes, the reader of the other side accepts: a value that it refuses would refuse the whole document (protocol T21).
   * Throws a RangeError for another number of messages.
   */
  encode(transId: string, messages: readonly Outgoing[], server?: WebexHost): Encoded<Outgoing>;
  confirm(transId: string, result: ResultWord): string;
  readConfirmation(bytes: Uint8Array, notes?: string[], contentType?: string | null): Result<Confirmation, string>;
  /** Whether the domain wants this message sent at all (protocol 2.3.1: each unconfirmed answer can be switched off). */
  sends(message: Outgoing): boolean;
}

interface Encoded<Message> {
  /** One document of all messages that could be written; `null` if none could. */
  readonly text: string | null;
  readonly unwritable: readonly { readonly message: Message; readonly why: string }[];
  /** Texts that were cut or left out, for the log. */
  readonly notes: readonly string[];
}

export type AdapterCodec = Codec<FromWebex, ToWebex>;
export type WebexCodec = Codec<ToWebex | UnknownMessage, Exclude<FromWebex, UnknownMessage>>;

/** Throws if `overridesFault` finds a fault in the overrides; those of the settings are checked when they are loaded. */
export function createCodec(overrides: ProtocolOverrides, side?: "adapter"): AdapterCodec;
export function createCodec(overrides: ProtocolOverrides, side: "webex"): WebexCodec;
export function createCodec(
  overrides: ProtocolOverrides,
  side: "adapter" | "webex" = "adapter",
): AdapterCodec | WebexCodec {
  const fault = overridesFault(overrides);
  if (fault !== null) throw new Error(`protocol.${fault.setting} ${fault.says}`);
  return side === "adapter"
    ? build<FromWebex, ToWebex>(overrides, "from-webex", "to-webex")
    : build<ToWebex | UnknownMessage, Exclude<FromWebex, UnknownMessage>>(overrides, "to-webex", "from-webex");
}

/** The document of all messages, for a program whose messages are its own. Throws if one of them could not be written. */
export function completeText({ text, unwritable }: Encoded<unknown>): string {
  if (text === null || unwritable.length > 0) throw new Error(unwritable.map(({ why }) => why).join("; "));
  return text;
}

type Direction = Parameters<typeof buildVocabulary>[0];

function build<Incoming extends TableMessage, Outgoing extends TableMessage>(
  overrides: ProtocolOverrides,
  incoming: Direction,
  outgoing: Direction,
): Codec<Incoming, Outgoing> {
  const reading = buildVocabulary(incoming, overrides);
  const writing = buildVocabulary(outgoing, overrides);
  const silentElements = new Set(overrides.silent);
  const specs = [...Object.entries(fromWebex), ...Object.entries(toWebex)];
  const silent = new Set(specs.filter(([, spec]) => silentElements.has(spec.wire)).map(([type]) => type));
  return {
    decode: (bytes, contentType) => readDocument(bytes, reading, contentType),
    encode: (transId, messages, server) => writeDocument(transId, messages, writing, server),
    confirm: (transId, result) => {
      const number = writing.codes.result.numbers.get(result) ?? -1;
      return wrap(transId, `<Confirmation Result="${number}"></Confirmation>`);
    },
    readConfirmation,
    sends: ({ type }) => !silent.has(type),
  };
}

/** One document of those that can be written. The same messages give the same text, as a repeat must (protocol T37). */
function writeDocument<Message extends TableMessage>(
  transId: string,
  messages: readonly Message[],
  vocabulary: Vocabulary,
  server: WebexHost | undefined,
): Encoded<Message> {
  if (messages.length === 0 || messages.length > maxMessages) {
    throw new RangeError(`a document holds 1 to ${maxMessages} messages, not ${messages.length}`);
  }
  const unwritable: { message: Message; why: string }[] = [];
  const notes: string[] = [];
  const msgIds = new Set<unknown>();
  const hostName = vocabulary.hostName !== null && server ? ` ${vocabulary.hostName}="${hostAndPort(server)}"` : "";
  let body = "";
  for (const message of messages) {
    const { msgId } = message as TableMessage & { readonly msgId?: unknown };
    const written = msgIds.has(msgId)
      ? err(`${message.type}: its MsgID stands in an earlier message too`)
      : writeMessage(message, vocabulary, notes, hostName);
    if (written.ok) {
      body += written.value;
      msgIds.add(msgId);
    } else unwritable.push({ message, why: written.error });
  }
  return { text: body === "" ? null : wrap(transId, body), unwritable, notes };
}

/** The root element around its TransID and what follows it: the canonical form (protocol section 5, row 21), in one line. */
function wrap(transId: string, body: string): string {
  const root = `<WbxTSPSchema Name="${documentName}" Version="1.0">`;
  return `${root}<TransID>${escapeXml(transId)}</TransID>${body}</WbxTSPSchema>`;
}

/** A server in the form in which WebEx names it (protocol T15, 2.3). */
function hostAndPort(server: WebexHost): string {
  const url = new URL(server.includes("://") ? server : `http://${server}`);
  return `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
}

/** `hostName` is the text of that attribute, or empty. */
function writeMessage(
  message: TableMessage,
  vocabulary: Vocabulary,
  notes: string[],
  hostName: string,
): Result<string, string> {
  const { byType, codes } = vocabulary;
  const plan = byType.get(message.type);
  if (!plan) return err(`no message "${message.type}" is sent in this direction`);
  const values = message as TableMessage & Readonly<Record<string, unknown>>;
  let attributes = "";
  let children = "";
  for (const { field, name, wire } of plan.fields) {
    const value = values[name];
    const isPhone = field.kind.kind === "phone";
    const note = (text: string) => notes.push(`${plan.wire}: ${wire} ${text}`);
    const written =
      value === undefined
        ? ok("")
        : isPhone
          ? writePhone(value as PhoneNumber, wire)
          : writeValue(value, field, codes, note);
    if (!written.ok) return err(`${plan.wire}: ${wire} ${written.error}`);
    const text = written.value || field.absent;
    if (text === undefined) {
      if (isNeeded(field, values)) return err(`${plan.wire}: ${wire} is missing or empty`);
    } else if (isPhone) children += text;
    else attributes += ` ${wire}="${text}"`;
  }
  return ok(`<${plan.wire}${attributes}${hostName}>${children}</${plan.wire}>`);
}
