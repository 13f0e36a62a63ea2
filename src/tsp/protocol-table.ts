import type { Shapes } from "./shapes.ts";
import type { Repair } from "./xml.ts";

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

/** The root's Name, by what the document is: of requests and notifications, with an answer in it, a Confirmation. */
export const defaultDocumentNames = { request: "WTSPDOM", response: "WTSPDOM", confirmation: "WTSPDOM" };
export type DocumentNames = Readonly<typeof defaultDocumentNames>;

export type Codes = typeof defaultCodes;
/** How a request ended, in our words. */
export type ResultWord = keyof Codes["result"];
export type UpdateAction = keyof Codes["updateAction"];

/** The `protocol` setting of a domain; absent parts keep the defaults. */
export interface ProtocolOverrides {
  /** Default element name → the name used instead, both ways. */
  readonly elements?: Readonly<Record<string, string>>;
  /** Default attribute name → the name used instead, both ways. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly codes?: { readonly [List in keyof Codes]?: { readonly [Word in keyof Codes[List]]?: number } };
  /** What requests that nobody has confirmed look like on the wire, and their answers. */
  readonly shapes?: Shapes;
  /** Default element names of answers that are not sent. */
  readonly silent?: readonly string[];
  readonly documentName?: { readonly [Document in keyof DocumentNames]?: string };
  /** Slips of the guide's examples that are read. */
  readonly repairs?: readonly Repair[];
  /** Whether messages to WebEx name the server that they are posted to. */
  readonly hostName?: boolean;
  /** False: attributes that none of the guide's examples has are not written where WebEx can do without them. */
  readonly extra?: boolean;
  /** False: an answer and a notification do not share a document. */
  readonly together?: boolean;
  /** False: the Confirmation is 0 although all requests of a document name hosts that may not be posted to. */
  readonly refuseHosts?: boolean;
  /** Over what a TransID is unique: `domain` costs each document a call of the handle index. */
  readonly transIds?: "conference" | "domain";
  /** Means nothing any more: answers to one document travel together. */
  readonly gather?: "conference" | "document";
  /** What a create with MaxNumAttendee 0 means; absent: there is no limit. */
  readonly zeroAttendees?: "no-limit" | "refused";
  /** Whether to mute and unmute all is for calls in sub-conferences, too; absent: for the whole conference. */
  readonly muteAll?: "conference" | "main-room";
  /** Whether call-outs are refused while the conference is locked; absent: they pass. */
  readonly lockedCallOuts?: "pass" | "refused";
  /** How often a conference that ended while WebEx was away is answered with code 11 within `closedMemoryMs`; absent: once. */
  readonly closedAnswer?: "once" | "always";
  /** What becomes of an invitee whose host has left their private talk; absent: it is hung up. */
  readonly leftInvitee?: "hung-up" | "joins";
  /** Attendee IDs and ExtCallIDs of hosts, beside those that a create names. */
  readonly host?: { readonly attendeeIds?: readonly string[]; readonly extCallIds?: readonly string[] };
}

/** The codes of a domain, from word to number and back. */
export type CodeLists = Readonly<Record<keyof Codes, CodeList>>;

interface CodeList {
  readonly numbers: ReadonlyMap<string, number>;
  /** The first word of each number: those that are only written may share one. */
  readonly words: ReadonlyMap<number, string>;
}

/** The default codes, with a domain's own numbers in place of theirs; what is read as none of `unread` are. */
export function codeLists({ codes }: ProtocolOverrides, unread: readonly string[] = []): CodeLists {
  const lists = (Object.keys(defaultCodes) as (keyof Codes)[]).map((name): [keyof Codes, CodeList] => {
    const numbers = Object.entries<number>({ ...defaultCodes[name], ...codes?.[name] });
    const read = numbers.filter(([word]) => !unread.includes(word)).toReversed();
    return [name, { numbers: new Map(numbers), words: new Map(read.map(([word, number]) => [number, word])) }];
  });
  return Object.fromEntries(lists) as Record<keyof Codes, CodeList>;
}
