import type { Result } from "../foundation/result.ts";
import { type Confirmation, encodeConfirmation, readConfirmation } from "./confirmation.ts";
import { type Decoded, decodeDocument } from "./decode.ts";
import { encodeDocument } from "./encode.ts";
import {
  type FromWebex,
  type FromWebexMessages,
  fromWebex,
  type ToWebex,
  toWebex,
  type UnknownMessage,
} from "./messages.ts";
import type { ProtocolOverrides, ResultWord } from "./protocol-table.ts";
import { buildVocabulary, type TableMessage } from "./vocabulary.ts";

/** One side's reader and writer of the protocol, with a domain's overrides worked in. */
export interface Codec<Incoming, Outgoing> {
  /** Reads and checks a posted document; a failure names the code for the Confirmation. */
  decode(bytes: Uint8Array): Decoded<Incoming>;
  /** One document of 1 to 50 messages, as text to be sent in UTF-8. */
  encode(transId: string, messages: readonly Outgoing[]): string;
  /** The answer to a posted document. */
  confirm(transId: string, result: ResultWord): string;
  /** The peer's answer to our document. */
  readConfirmation(bytes: Uint8Array): Result<Confirmation, string>;
  /** Whether the domain wants this message sent at all (protocol 2.3.1: each unconfirmed answer can be switched off). */
  sends(message: Outgoing): boolean;
}

export type AdapterCodec = Codec<FromWebex, ToWebex>;
/** For a program that plays WebEx. */
export type WebexCodec = Codec<ToWebex | UnknownMessage, FromWebexMessages[keyof FromWebexMessages]>;

/** Throws where the overrides name what the protocol does not have, or give two things one name or number. */
export function createCodec(overrides: ProtocolOverrides, side?: "adapter"): AdapterCodec;
export function createCodec(overrides: ProtocolOverrides, side: "webex"): WebexCodec;
export function createCodec(
  overrides: ProtocolOverrides,
  side: "adapter" | "webex" = "adapter",
): AdapterCodec | WebexCodec {
  const [incoming, outgoing] =
    side === "adapter" ? (["from-webex", "to-webex"] as const) : (["to-webex", "from-webex"] as const);
  const reading = buildVocabulary(incoming, overrides);
  const writing = buildVocabulary(outgoing, overrides);
  const silentElements = new Set(overrides.silent);
  const specs = [...Object.entries(fromWebex), ...Object.entries(toWebex)];
  const silent = new Set(specs.filter(([, spec]) => silentElements.has(spec.wire)).map(([type]) => type));

  const codec: Codec<TableMessage, TableMessage> = {
    decode: (bytes) => decodeDocument(bytes, reading),
    encode: (transId, messages) => encodeDocument(transId, messages, writing),
    confirm: (transId, result) =>
      encodeConfirmation({ transId, result: writing.codes.result.numbers.get(result) ?? -1 }),
    readConfirmation,
    sends: ({ type }) => !silent.has(type),
  };
  // The tables that gave the message types their fields are the ones that the reader checks by.
  return codec as unknown as AdapterCodec | WebexCodec;
}
