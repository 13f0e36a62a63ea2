/**
 * All messages of the interface, written from its documents, independent of any adapter's code. A message or attribute is
 * `documented` if a public document or one of its examples has it; otherwise it is `unconfirmed` (a message that no public document
 * names) or `inferred` (an assumption).
 */
export type Standing = "documented" | "unconfirmed" | "inferred";

export interface Attribute {
  readonly name: string;
  readonly required: boolean;
  readonly standing: Standing;
  readonly type: "id" | "text" | "integer" | "digits" | "boolean" | "host" | "code" | "list" | "flags";
  readonly max?: number;
  /** Unit of `max`, if not characters. */
  readonly unit?: "bytes";
  /** Known values of a code. */
  readonly codes?: readonly number[];
}

export interface MessageRow {
  readonly name: string;
  readonly standing: Standing;
  /** Section of the protocol note, which gives the source of each fact. */
  readonly section: string;
  readonly document: string;
  readonly attributes: readonly Attribute[];
}

/** Action codes of W2A_UpdateConference. Only 6, 8 and 9 are in public documents. */
export const updateActions = {
  ...{ lock: 1, unlock: 2, "mute-all": 3, "unmute-all": 4, "end-private-talk": 5, "add-to-main": 6 },
  ...{ "unlock-waiting-room": 7, "report-speakers": 8, "stop-reporting-speakers": 9 },
} as const;

export type UpdateAction = keyof typeof updateActions;

/**
 * Type and maximum length of attributes (`b`: in bytes), or the known values of a code. ParticipantType 6 is a silent monitor,
 * JoinMode 0 a private talk. ActionFlag: added to a sub-conference, returned.
 */
const types: Readonly<Record<string, string>> = {
  ...{ MsgID: "id 32", ExtConfID: "id 64", ConfKey: "id 64", ExtCallID: "id 64", SubConfID: "id 64" },
  ...{ WbxHostName: "host 255", AnonymousID: "digits 64", AttendeeID: "text 64", DID: "text 64", Data: "text 1024b" },
  ...{ Result: "integer", ActionResult: "integer", MaxNumAttendee: "integer", MaxWaitingTime: "integer" },
  ...{ KeepAlive: "boolean", ExtCallIDs: "list", SpeakingFlags: "flags", SubConfName: "text 512", ErrMsg: "text 512" },
  ...{ HybridSDKEnabled: "boolean", HybridSDKToken: "text 128b", AdhocInstall: "boolean", AppDetection: "text 1024" },
  ...{ SeamlessSwitchEnabled: "boolean", HybridClientURL: "text 1024b", HybridConnectData: "text 1024" },
  ...{ Privilege: "0,1", ParticipantType: "2,6", JoinMode: "0,1", CallType: "0,1", ActionFlag: "1,2" },
  ...{ NBRPhoneNumber: "text 63", NBRDialSequence: "text 255", HostWebExID: "text 512", ConfName: "text 512" },
  ...{ HostAttendeeID: "text 64" },
  ...{ SubscriberCode: "text 512", ParticipantCode: "text 512", TollNum: "text 512", TollFreeNum: "text 512" },
};

const groups: Readonly<Record<string, string>> = {
  REQUEST: "MsgID! WbxHostName ExtConfID!",
  CALL: "MsgID! WbxHostName ExtConfID! ExtCallID!",
  SUB: "MsgID! WbxHostName ExtConfID! SubConfID!?",
  ANSWER: "MsgID! Result! ExtConfID?",
  NOTIFY: "MsgID! ExtConfID!",
  OF_CALL: "MsgID! ExtConfID! ExtCallID!",
  PERSON: "ParticipantType DID ActionResult",
  RECORDER: "NBRPhoneNumber? NBRDialSequence?",
  CREATE: "MsgID! WbxHostName! ExtConfID! ConfKey!",
  HYBRID:
    "HybridSDKEnabled HybridSDKToken AdhocInstall SeamlessSwitchEnabled HybridClientURL HybridConnectData AppDetection",
  ACCOUNT: "SubscriberCode? ParticipantCode? TollNum? TollFreeNum? HostWebExID? HostAttendeeID? ConfName?",
};

const documents: Readonly<Record<string, string>> = {
  guide: "TSP implementation guide",
  calls: "Call sequences",
  reference: "API Messages Initiated by the TSP Partner",
  hybrid: "Hybrid audio SDK, TSP API",
};

/** Messages of WebEx: name, section, documents (`-`: none), attributes (`!` required, `?` assumed). */
export const fromWebex: readonly MessageRow[] = rows(
  [
    "CreateConference 2.2.1 guide CREATE MaxNumAttendee AnonymousID HYBRID ACCOUNT",
    "UpdateConference 2.2.2 guide REQUEST ActionCode:1,2,3,4,5,6,7,8,9! ExtCallID",
    "CloseConference 2.2.3 guide REQUEST KeepAlive",
    "Callout 2.2.4 calls,guide CALL Privilege! MaxWaitingTime ParticipantType JoinMode",
    "CancelCallout 2.2.5 - CALL",
    "UpdateUser 2.2.6 - CALL Privilege!?",
    "DropUser 2.2.7 - CALL",
    "CreateSubConference 2.2.8 guide SUB SubConfName? MaxNumAttendee?",
    "AddToSubConference 2.2.8 guide SUB ExtCallID!",
    "RemoveFromSubConference 2.2.8 guide SUB ExtCallID!",
    "CloseSubConference 2.2.8 guide SUB",
    "RspNotifyUserEnter 2.2.9 calls,guide MsgID! WbxHostName ExtConfID? ExtCallID! Result?",
    "CSPClientPassthrough 2.2.10 hybrid CALL Data",
    "RspMessageError 2.2.11 - MsgID! WbxHostName ExtConfID? Result",
  ].map((line) => `W2A_${line}`),
);

/**
 * Messages of an adapter. Status of a conference: running, creating, locked, ended, recording, MP, hybrid data; of a call: unmuted,
 * muted, left; of a sub-conference: created, ended, in progress. ActionCode 2 is a private talk, 3 the main conference. The guide
 * mentions an answer to W2A_AddToSubConference but does not name it.
 */
export const fromAdapter: readonly MessageRow[] = rows(
  [
    "RspCreateConference 2.3.1 guide ANSWER ConfKey HYBRID",
    "RspUpdateConference 2.3.1 - ANSWER ActionCode:integer?",
    "RspCloseConference 2.3.1 - ANSWER",
    "RspCallout 2.3.1 guide ANSWER ExtCallID?",
    "RspCancelCallout 2.3.1 - ANSWER ExtCallID?",
    "RspUpdateUser 2.3.1 - ANSWER ExtCallID?",
    "RspDropUser 2.3.1 - ANSWER ExtCallID?",
    "RspCreateSubConference 2.3.1 guide ANSWER SubConfID?",
    "RspCloseSubConference 2.3.1 guide ANSWER SubConfID?",
    "RspAddToSubConference 2.3.1 - ANSWER SubConfID? ExtCallID?",
    "RspRemoveFromSubConference 2.3.1 guide ANSWER SubConfID? ExtCallID?",
    "RspMessageError 2.3.1 guide MsgID! Result! ErrMsg?",
    "NotifyConferenceChange 2.3.2 reference NOTIFY Status:0,1,2,3,4,5,6! HybridConnectData RECORDER",
    "NotifyUserEnter 2.3.3 calls,guide OF_CALL AttendeeID PERSON ActionCode:2 CallType?",
    "NotifyUserChange 2.3.4 guide,reference OF_CALL Status:0,1,2! AttendeeID? PERSON ActionCode:3",
    "NotifySpeakingStatus 2.3.5 guide NOTIFY ExtCallIDs! SpeakingFlags!",
    "NotifySubConferenceChange 2.3.6 guide NOTIFY SubConfID!? Status:0,1,2!",
    "NotifySubConfCallChange 2.3.7 guide NOTIFY SubConfID!? ExtCallID! ActionFlag!",
    "NotifyJoinSubConference 2.3.8 guide MsgID! ExtConfID!? SubConfID!? ExtCallID!?",
    "CSPClientPassthrough 2.3.11 reference OF_CALL Data",
  ].map((line) => `A2W_${line}`),
);

export const rowsByName: ReadonlyMap<string, MessageRow> = new Map(
  [...fromWebex, ...fromAdapter].map((row) => [row.name, row]),
);

/** Returns the name of the answer to a request. */
export function answerTo(request: string): string {
  return rowsByName.has(request) ? request.replace("W2A_", "A2W_Rsp") : "A2W_RspMessageError";
}

/** Maximum number of messages in one document. */
export const MAX_MESSAGES = 50;

function rows(lines: readonly string[]): MessageRow[] {
  return lines.map((line) => {
    const [name = "", section = "", sources = "", ...words] = line.split(" ");
    return {
      name,
      section,
      standing: sources === "-" ? "unconfirmed" : "documented",
      document: sources
        .split(",")
        .map((source) => documents[source] ?? "none")
        .join("; "),
      attributes: words.flatMap((word) => (groups[word] ?? word).split(" ")).map(attribute),
    };
  });
}

/** Parses `NAME`, `NAME:CODES` or `NAME:TYPE`, with marks. */
function attribute(word: string): Attribute {
  const [, name = "", own, marks = ""] = /^(\w+)(?::([\w,]+))?([!?]*)$/.exec(word) ?? [];
  const kind = own ?? types[name] ?? "text";
  const codes = /^\d/.test(kind) && kind.split(",").map(Number);
  const [type = "", length] = (codes ? "code" : kind).split(" ");
  return {
    name,
    type: type as Attribute["type"],
    required: marks.includes("!"),
    standing: marks.includes("?") ? "inferred" : "documented",
    ...(length && { max: Number.parseInt(length, 10) }),
    ...(length?.endsWith("b") && { unit: "bytes" }),
    ...(codes && { codes }),
  };
}
