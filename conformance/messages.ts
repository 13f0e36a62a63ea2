/**
 * All messages of the interface, written from its documents, in the kit's own words and independent of any adapter's code.
 * An attribute is `documented` if a document or one of its examples has it; the rest is an assumption (`inferred`), or a
 * message that no public document names (`unconfirmed`).
 */
export type Standing = "documented" | "unconfirmed" | "inferred";

export type ValueType = "id" | "text" | "integer" | "digits" | "boolean" | "host" | "code" | "list" | "flags";

export interface Attribute {
  readonly name: string;
  readonly required: boolean;
  readonly standing: Standing;
  readonly type: ValueType;
  readonly max?: number;
  /** `bytes` where the document counts these. */
  readonly unit?: "bytes";
  /** Known numbers of a code, with their meaning. */
  readonly codes?: Readonly<Record<number, string>>;
  /** A document lists all codes. Elsewhere they are those of examples, and another one may be right. */
  readonly isPublicList?: true;
}

export interface MessageRow {
  readonly name: string;
  readonly standing: Standing;
  /** Of the protocol note, which has the source of each fact. */
  readonly section: string;
  readonly document: string;
  readonly attributes: readonly Attribute[];
  readonly children?: readonly string[];
  /** The message that carries the result, if the documents name one. */
  readonly answer?: string;
}

const guide = "TSP implementation guide";
const reference = "reference, API Messages Initiated by the TSP Partner";
const hybridPage = "hybrid audio SDK, TSP API";

type More = Partial<Omit<Attribute, "name">>;

const required = (name: string, type: ValueType, more: More = {}): Attribute => ({
  name,
  type,
  required: true,
  standing: "documented",
  ...more,
});
const optional = (name: string, type: ValueType, more: More = {}): Attribute => ({
  name,
  type,
  required: false,
  standing: "documented",
  ...more,
});
const inferred = { standing: "inferred" } as const;

const msgId = required("MsgID", "id", { max: 32 });
const host = optional("WbxHostName", "host", { max: 255 });
const extConfId = required("ExtConfID", "id", { max: 64 });
const extCallId = required("ExtCallID", "id", { max: 64 });
const result = required("Result", "integer");
const subConfId = required("SubConfID", "id", { max: 64, ...inferred });
const maxNumAttendee = optional("MaxNumAttendee", "integer");
const participantType = optional("ParticipantType", "code", { codes: { 2: "participant", 6: "silent monitor" } });
const actionResult = optional("ActionResult", "integer");
const data = optional("Data", "text", { max: 1024, unit: "bytes" });
const attendeeId = optional("AttendeeID", "text", { max: 64 });
const did = optional("DID", "text", { max: 64 });
const privilege = { codes: { 0: "may speak", 1: "listens only" } };
const sometimes = (attribute: Attribute): Attribute => ({ ...attribute, required: false });
const assumed = (attribute: Attribute): Attribute => ({ ...attribute, ...inferred });

const hybrid: readonly Attribute[] = [
  optional("HybridSDKEnabled", "boolean"),
  optional("HybridSDKToken", "text", { max: 128, unit: "bytes" }),
  optional("AdhocInstall", "boolean"),
  optional("SeamlessSwitchEnabled", "boolean"),
  optional("HybridClientURL", "text", { max: 1024, unit: "bytes" }),
  optional("HybridConnectData", "text", { max: 1024 }),
  optional("AppDetection", "text", { max: 1024 }),
];
const account = ["SubscriberCode", "ParticipantCode", "TollNum", "TollFreeNum", "HostWebExID", "ConfName"].map((name) =>
  optional(name, "text", { max: 512, ...inferred }),
);

const request: readonly Attribute[] = [msgId, host, extConfId];
const ofCall: readonly Attribute[] = [...request, extCallId];
const subConference: readonly Attribute[] = [...request, subConfId];
const answer: readonly Attribute[] = [msgId, result, sometimes(assumed(extConfId))];
const answerOfCall: readonly Attribute[] = [...answer, sometimes(assumed(extCallId))];
const answerOfSub: readonly Attribute[] = [...answer, sometimes(subConfId)];
const answerOfSubCall: readonly Attribute[] = [...answerOfSub, sometimes(assumed(extCallId))];

export const updateActions = {
  lock: 1,
  unlock: 2,
  muteAll: 3,
  unmuteAll: 4,
  endPrivateTalk: 5,
  addToMain: 6,
  speakersOn: 8,
  speakersOff: 9,
} as const;

const updateCodes = {
  1: "lock",
  2: "unlock",
  3: "mute all",
  4: "unmute all",
  5: "end private talk",
  6: "bring the invitee into the main conference",
  7: "unlock the waiting room",
  8: "report speakers",
  9: "do not report speakers",
};

/** What WebEx sends. */
export const fromWebex: readonly MessageRow[] = [
  {
    name: "W2A_CreateConference",
    standing: "documented",
    section: "2.2.1",
    document: guide,
    answer: "A2W_RspCreateConference",
    attributes: [
      msgId,
      { ...host, required: true },
      extConfId,
      required("ConfKey", "id", { max: 64 }),
      maxNumAttendee,
      optional("AnonymousID", "digits", { max: 64 }),
      ...hybrid,
      ...account,
    ],
  },
  {
    name: "W2A_UpdateConference",
    standing: "documented",
    section: "2.2.2",
    document: guide,
    attributes: [msgId, host, extConfId, required("ActionCode", "code", { codes: updateCodes }), sometimes(extCallId)],
  },
  {
    name: "W2A_CloseConference",
    standing: "documented",
    section: "2.2.3",
    document: guide,
    attributes: [...request, optional("KeepAlive", "boolean")],
  },
  {
    name: "W2A_Callout",
    standing: "documented",
    section: "2.2.4",
    document: `call sequences; ${guide}`,
    answer: "A2W_RspCallout",
    attributes: [
      ...ofCall,
      required("Privilege", "code", privilege),
      optional("MaxWaitingTime", "integer"),
      participantType,
      optional("JoinMode", "code", { codes: { 0: "private talk first", 1: "main conference" } }),
    ],
    children: ["PhoneNum"],
  },
  { name: "W2A_CancelCallout", standing: "unconfirmed", section: "2.2.5", document: "none", attributes: ofCall },
  {
    name: "W2A_UpdateUser",
    standing: "unconfirmed",
    section: "2.2.6",
    document: "none",
    attributes: [...ofCall, required("Privilege", "code", { ...privilege, ...inferred })],
  },
  { name: "W2A_DropUser", standing: "unconfirmed", section: "2.2.7", document: "none", attributes: ofCall },
  {
    name: "W2A_CreateSubConference",
    standing: "documented",
    section: "2.2.8",
    document: guide,
    answer: "A2W_RspCreateSubConference",
    attributes: [...subConference, optional("SubConfName", "text", { max: 512, ...inferred }), assumed(maxNumAttendee)],
  },
  {
    name: "W2A_AddToSubConference",
    standing: "documented",
    section: "2.2.8",
    document: guide,
    attributes: [...subConference, extCallId],
  },
  {
    name: "W2A_RemoveFromSubConference",
    standing: "documented",
    section: "2.2.8",
    document: guide,
    answer: "A2W_RspRemoveFromSubConference",
    attributes: [...subConference, extCallId],
  },
  {
    name: "W2A_CloseSubConference",
    standing: "documented",
    section: "2.2.8",
    document: guide,
    answer: "A2W_RspCloseSubConference",
    attributes: subConference,
  },
  {
    name: "W2A_RspNotifyUserEnter",
    standing: "documented",
    section: "2.2.9",
    document: `call sequences; ${guide}`,
    attributes: [msgId, host, sometimes(assumed(extConfId)), extCallId, sometimes(assumed(result))],
  },
  {
    name: "W2A_CSPClientPassthrough",
    standing: "documented",
    section: "2.2.10",
    document: hybridPage,
    attributes: [...ofCall, data],
  },
  {
    name: "W2A_RspMessageError",
    standing: "unconfirmed",
    section: "2.2.11",
    document: "none",
    attributes: [msgId, host, sometimes(assumed(extConfId)), sometimes(result)],
  },
];

const callStatus = { 0: "not muted", 1: "muted", 2: "left" };

/** What an adapter sends. */
export const fromAdapter: readonly MessageRow[] = [
  {
    name: "A2W_RspCreateConference",
    standing: "documented",
    section: "2.3.1",
    document: guide,
    attributes: [msgId, result, optional("ConfKey", "id", { max: 64 }), sometimes(assumed(extConfId)), ...hybrid],
  },
  {
    name: "A2W_RspUpdateConference",
    standing: "unconfirmed",
    section: "2.3.1",
    document: "none",
    // The request's, also one that nobody knows.
    attributes: [...answer, optional("ActionCode", "integer", inferred)],
  },
  { name: "A2W_RspCloseConference", standing: "unconfirmed", section: "2.3.1", document: "none", attributes: answer },
  { name: "A2W_RspCallout", standing: "documented", section: "2.3.1", document: guide, attributes: answerOfCall },
  ...["A2W_RspCancelCallout", "A2W_RspUpdateUser", "A2W_RspDropUser"].map(
    (name): MessageRow => ({
      name,
      standing: "unconfirmed",
      section: "2.3.1",
      document: "none",
      attributes: answerOfCall,
    }),
  ),
  ...["A2W_RspCreateSubConference", "A2W_RspCloseSubConference"].map(
    (name): MessageRow => ({
      name,
      standing: "documented",
      section: "2.3.1",
      document: guide,
      attributes: answerOfSub,
    }),
  ),
  {
    // The guide speaks of a response without its name.
    name: "A2W_RspAddToSubConference",
    standing: "unconfirmed",
    section: "2.3.1",
    document: guide,
    attributes: answerOfSubCall,
  },
  {
    name: "A2W_RspRemoveFromSubConference",
    standing: "documented",
    section: "2.3.1",
    document: guide,
    attributes: answerOfSubCall,
  },
  {
    name: "A2W_RspMessageError",
    standing: "documented",
    section: "2.3.1",
    document: guide,
    attributes: [msgId, result, optional("ErrMsg", "text", { max: 512, ...inferred })],
  },
  {
    name: "A2W_NotifyConferenceChange",
    standing: "documented",
    section: "2.3.2",
    document: reference,
    attributes: [
      msgId,
      extConfId,
      required("Status", "code", {
        codes: {
          0: "running",
          1: "being created",
          2: "locked",
          3: "ended",
          4: "new sequence for recording",
          5: "MP",
          6: "hybrid connect data",
        },
        isPublicList: true,
      }),
      optional("HybridConnectData", "text", { max: 1024 }),
      optional("NBRPhoneNumber", "text", { max: 63, ...inferred }),
      optional("NBRDialSequence", "text", { max: 255, ...inferred }),
    ],
  },
  {
    name: "A2W_NotifyUserEnter",
    standing: "documented",
    section: "2.3.3",
    document: `call sequences; ${guide}`,
    attributes: [
      msgId,
      extConfId,
      extCallId,
      attendeeId,
      participantType,
      did,
      optional("ActionCode", "code", { codes: { 2: "entered a private talk" } }),
      actionResult,
      optional("CallType", "code", { codes: { 0: "telephone", 1: "VoIP" }, ...inferred }),
    ],
  },
  {
    name: "A2W_NotifyUserChange",
    standing: "documented",
    section: "2.3.4",
    document: `${guide}; ${reference}`,
    attributes: [
      msgId,
      extConfId,
      extCallId,
      required("Status", "code", { codes: callStatus }),
      assumed(attendeeId),
      participantType,
      did,
      optional("ActionCode", "code", { codes: { 3: "invitee moved into the main conference" } }),
      actionResult,
    ],
  },
  {
    name: "A2W_NotifySpeakingStatus",
    standing: "documented",
    section: "2.3.5",
    document: guide,
    attributes: [msgId, extConfId, required("ExtCallIDs", "list"), required("SpeakingFlags", "flags")],
  },
  {
    name: "A2W_NotifySubConferenceChange",
    standing: "documented",
    section: "2.3.6",
    document: guide,
    attributes: [
      msgId,
      extConfId,
      subConfId,
      required("Status", "code", { codes: { 0: "created", 1: "ended", 2: "in progress" } }),
    ],
  },
  {
    name: "A2W_NotifySubConfCallChange",
    standing: "documented",
    section: "2.3.7",
    document: guide,
    attributes: [
      msgId,
      extConfId,
      subConfId,
      extCallId,
      required("ActionFlag", "code", { codes: { 1: "added", 2: "moved back to the main conference" } }),
    ],
  },
  {
    name: "A2W_NotifyJoinSubConference",
    standing: "documented",
    section: "2.3.8",
    document: guide,
    attributes: [msgId, assumed(extConfId), subConfId, assumed(extCallId)],
  },
  {
    name: "A2W_CSPClientPassthrough",
    standing: "documented",
    section: "2.3.11",
    document: reference,
    attributes: [msgId, extConfId, extCallId, data],
  },
];

export const rowsByName: ReadonlyMap<string, MessageRow> = new Map(
  [...fromWebex, ...fromAdapter].map((row) => [row.name, row]),
);

/** Most messages in one document. */
export const MAX_MESSAGES = 50;
