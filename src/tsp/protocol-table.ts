import * as v from "valibot";
import { as, type Checked } from "../foundation/schemas.ts";

/** Most messages in one document (protocol 1.3). */
export const maxMessages = 50;

/** The codes, documented or assumed (protocol 2.2.2, 3.2); a domain's `protocol` setting replaces any of them. */
export const defaultCodes = {
  updateAction: {
    lock: 1,
    unlock: 2,
    "mute-all": 3,
    "unmute-all": 4,
    "end-private-talk": 5,
    "add-to-main": 6,
    "unlock-waiting-room": 7,
    "report-speakers": 8,
    "stop-reporting-speakers": 9,
  },
  conferenceStatus: {
    running: 0,
    creating: 1,
    locked: 2,
    ended: 3,
    "recording-sequence": 4,
    "hybrid-data": 6,
  },
  callerStatus: { unmuted: 0, muted: 1, left: 2 },
  privilege: { speak: 0, listen: 1 },
  participantType: { participant: 2, "silent-monitor": 6 },
  joinMode: { "private-talk": 0, main: 1 },
  enterAction: { "private-talk": 2 },
  changeAction: { "joined-main": 3 },
  subConferenceStatus: { created: 0, "in-progress": 2 },
  subCallAction: { added: 1, returned: 2 },
  callType: { phone: 0, voip: 1 },
  result: {
    ok: 0,
    "internal-failure": -1,
    "not-xml": -2,
    "wrong-root": -3,
    "trans-id-missing": -4,
    "trans-id-malformed": -5,
    "msg-id-missing": -6,
    "attribute-missing": -7,
    "wrong-type": -8,
    "too-long": -9,
    "too-many-messages": -10,
    "no-message": -11,
    "unknown-message": -12,
    "duplicate-msg-id": -13,
    "host-not-allowed": -14,
    "no-such-conference": 1,
    "ext-conf-id-in-use": 2,
    "bridge-unreachable": 3,
    "capacity-exceeded": 4,
    "no-such-call": 5,
    busy: 6,
    "no-answer": 7,
    "invalid-number": 8,
    cancelled: 9,
    "conference-locked": 10,
    "conference-closed": 11,
    "no-such-room": 12,
    "room-exists": 13,
    "not-supported": 14,
    "wrong-room": 15,
    "bridge-timeout": 16,
    rejected: 17,
    "number-denied": 18,
  },
} as const satisfies Record<string, Readonly<Record<string, number>>>;

export const resultTexts = {
  /** The guide's own words (section "Adapter Backward Compatibility"). */
  "unknown-message": "unknown msg received",
} as const satisfies Partial<Record<keyof typeof defaultCodes.result, string>>;

/** Name of the root in each document. */
export const documentName = "WTSPDOM";

export type Codes = typeof defaultCodes;
/** How a request ended, in our words. */
export type ResultWord = keyof Codes["result"];
export type UpdateAction = keyof Codes["updateAction"];

type CodeNumbers = { readonly [List in keyof Codes]?: { readonly [Word in keyof Codes[List]]?: number } };

const number = v.pipe(v.number(), v.integer("must be a whole number"));
const codes = as<CodeNumbers>(
  v.partial(
    v.strictObject(
      Object.fromEntries(
        Object.entries(defaultCodes).map(([list, words]) => [
          list,
          v.partial(v.strictObject(Object.fromEntries(Object.keys(words).map((word) => [word, number])))),
        ]),
      ),
    ),
  ),
);

const wireName = v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, "must be an XML name"));
export const callName = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.maxLength(64, "must have at most 64 characters"),
);

/** The `protocol` setting of a domain; absent parts keep the defaults. */
export const protocolSettings = v.strictObject({
  /** Default element name → the name used instead, both ways. */
  elements: v.exactOptional(v.record(v.string(), wireName)),
  /** Default attribute name → the name used instead, both ways. */
  attributes: v.exactOptional(v.record(v.string(), wireName)),
  codes: v.exactOptional(codes),
  /** Default element names of answers that are not sent. */
  silent: v.exactOptional(v.array(wireName)),
  /** True if messages to WebEx name the server that they are posted to. */
  hostName: v.exactOptional(v.boolean()),
  /** How often a conference that ended while WebEx was away is answered with code 11 within `closedMemoryMs`; absent: once. */
  closedAnswer: v.exactOptional(v.picklist(["once", "always"], 'must be "once" or "always"')),
  /** Attendee IDs and ExtCallIDs of hosts, beside those that a create names. */
  host: v.exactOptional(
    v.strictObject({
      attendeeIds: v.exactOptional(v.array(callName)),
      extCallIds: v.exactOptional(v.array(callName)),
    }),
  ),
});
export type ProtocolOverrides = Checked<typeof protocolSettings>;

/** The codes of a domain, from word to number and back. */
export type CodeLists = Readonly<Record<keyof Codes, CodeList>>;

interface CodeList {
  readonly numbers: ReadonlyMap<string, number>;
  /** The first word of each number: those that are only written may share one. */
  readonly words: ReadonlyMap<number, string>;
}

/** Returns the default codes, overridden by a domain's own numbers. */
export function codeLists({ codes }: ProtocolOverrides): CodeLists {
  const lists = (Object.keys(defaultCodes) as (keyof Codes)[]).map((name): [keyof Codes, CodeList] => {
    const numbers = Object.entries<number>({ ...defaultCodes[name], ...codes?.[name] });
    const words = numbers.toReversed().map(([word, number]) => [number, word] as const);
    return [name, { numbers: new Map(numbers), words: new Map(words) }];
  });
  return Object.fromEntries(lists) as Record<keyof Codes, CodeList>;
}
