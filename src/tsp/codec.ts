import type { Result } from "../foundation/result.ts";
import { type FromWebex, fromWebex, type ToWebex, toWebex, type UnknownMessage } from "./messages.ts";
import type { ProtocolOverrides, ResultWord } from "./protocol-table.ts";
import { type Confirmation, type Decoded, readConfirmation, readDocument } from "./read.ts";
import { buildVocabulary, overridesFault, type TableMessage } from "./vocabulary.ts";
import { type Encoded, writeConfirmation, writeDocument } from "./write.ts";

/** One side's reader and writer of the protocol, with a domain's overrides worked in. */
interface Codec<Incoming, Outgoing> {
  /** Reads and checks a posted document; a failure names the code for the Confirmation. */
  decode(bytes: Uint8Array): Decoded<Incoming>;
  /**
   * One document of those of the 1 to 50 messages that can be written, as text to be sent in UTF-8; the others are named.
   * Throws a RangeError for another number of messages.
   */
  encode(transId: string, messages: readonly Outgoing[]): Encoded<Outgoing>;
  /** The answer to a posted document. */
  confirm(transId: string, result: ResultWord): string;
  /** The peer's answer to our document. */
  readConfirmation(bytes: Uint8Array): Result<Confirmation, string>;
  /** Whether the domain wants this message sent at all (protocol 2.3.1: each unconfirmed answer can be switched off). */
  sends(message: Outgoing): boolean;
}

export type AdapterCodec = Codec<FromWebex, ToWebex>;
/** For a program that plays WebEx. */
export type WebexCodec = Codec<ToWebex | UnknownMessage, Exclude<FromWebex, UnknownMessage>>;

/** Throws if `overridesFault` finds a fault in the overrides; those of the settings are checked when they are loaded. */
export function createCodec(overrides: ProtocolOverrides, side?: "adapter"): AdapterCodec;
export function createCodec(overrides: ProtocolOverrides, side: "webex"): WebexCodec;
export function createCodec(
  overrides: ProtocolOverrides,
  side: "adapter" | "webex" = "adapter",
): AdapterCodec | WebexCodec {
  const fault = overridesFault(overrides);
  if (fault !== null) throw new Error(fault);
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
    decode: (bytes) => readDocument(bytes, reading),
    encode: (transId, messages) => writeDocument(transId, messages, writing),
    confirm: (transId, result) =>
      writeConfirmation({ transId, result: writing.codes.result.numbers.get(result) ?? -1 }),
    readConfirmation,
    sends: ({ type }) => !silent.has(type),
  };
}
