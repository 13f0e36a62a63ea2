/** Numbers of the interface by list and word; what no public document names is assumed, and `--rename` has others. */
export const codeLists = {
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
    mp: 5,
    "hybrid-data": 6,
  },
  callerStatus: { unmuted: 0, muted: 1, left: 2 },
  privilege: { speak: 0, listen: 1 },
  participantType: { participant: 2, "silent-monitor": 6 },
  joinMode: { "private-talk": 0, main: 1 },
  enterAction: { "private-talk": 2 },
  changeAction: { "joined-main": 3 },
  subConferenceStatus: { created: 0, ended: 1, "in-progress": 2 },
  subCallAction: { added: 1, returned: 2 },
  callType: { phone: 0, voip: 1 },
  result: {
    ok: 0,
    busy: 6,
    "no-answer": 7,
    "invalid-number": 8,
    cancelled: 9,
    "conference-closed": 11,
    "unknown-message": -12,
    rejected: 17,
  },
} as const;

export type CodeListName = keyof typeof codeLists;

/**
 * All messages of the interface, written from its documents, in the kit's own words and independent of any adapter's code.
 * An attribute is `documented` if a document or one of its examples has it; the rest is an assumption (`inferred`), or a
 * message that no public document names (`unconfirmed`).
 */
export type Standing = "documented" | "unconfirmed" | "inferred";

type ValueType = "id" | "text" | "integer" | "digits" | "boolean" | "host" | "code" | "list" | "flags";

export interface Attribute {
  readonly name: string;
  readonly required: boolean;
  readonly standing: Standing;
  readonly type: ValueType;
  readonly max?: number;
  /** `bytes` where the document counts these. */
  readonly unit?: "bytes";
  /** Whose numbers it has. */
  readonly list?: CodeListName;
  /** Known numbers of a code, with their words. */
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

/** A number of this list. */
function of(list: CodeListName): More {
  const codes = Object.entries<number>(codeLists[list]).map(([word, number]) => [number, word.replaceAll("-", " ")]);
  return { list, codes: Object.fromEntries(codes) };
}

const msgId = required("MsgID", "id", { max: 32 });
const host = optional("WbxHostName", "host", { max: 255 });
const extConfId = required("ExtConfID", "id", { max: 64 });
const extCallId = required("ExtCallID", "id", { max: 64 });
const result = required("Result", "integer", { list: "result" });
const subConfId = required("SubConfID", "id", { max: 64, ...inferred });
const maxNumAttendee = optional("MaxNumAttendee", "integer");
const participantType = optional("ParticipantType", "code", of("participantType"));
const actionResult = optional("ActionResult", "integer", { list: "result" });
const data = optional("Data", "text", { max: 1024, unit: "bytes" });
const attendeeId = optional("AttendeeID", "text", { max: 64 });
const did = optional("DID", "text", { max: 64 });
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

const { updateAction } = codeLists;
export const updateActions = {
  lock: updateAction.lock,
  unlock: updateAction.unlock,
  muteAll: updateAction["mute-all"],
  unmuteAll: updateAction["unmute-all"],
  endPrivateTalk: updateAction["end-private-talk"],
  addToMain: updateAction["add-to-main"],
  speakersOn: updateAction["report-speakers"],
  speakersOff: updateAction["stop-reporting-speakers"],
} as const;

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
    attributes: [msgId, host, extConfId, required("ActionCode", "code", of("updateAction")), sometimes(extCallId)],
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
      required("Privilege", "code", of("privilege")),
      optional("MaxWaitingTime", "integer"),
      participantType,
      optional("JoinMode", "code", of("joinMode")),
    ],
    children: ["PhoneNum"],
  },
  { name: "W2A_CancelCallout", standing: "unconfirmed", section: "2.2.5", document: "none", attributes: ofCall },
  {
    name: "W2A_UpdateUser",
    standing: "unconfirmed",
    section: "2.2.6",
    document: "none",
    attributes: [...ofCall, required("Privilege", "code", { ...of("privilege"), ...inferred })],
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
    attributes: [...answer, optional("ActionCode", "integer", { ...inferred, list: "updateAction" })],
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
      required("Status", "code", { ...of("conferenceStatus"), isPublicList: true }),
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
      optional("ActionCode", "code", of("enterAction")),
      actionResult,
      optional("CallType", "code", { ...of("callType"), ...inferred }),
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
      required("Status", "code", of("callerStatus")),
      assumed(attendeeId),
      participantType,
      did,
      optional("ActionCode", "code", of("changeAction")),
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
    attributes: [msgId, extConfId, subConfId, required("Status", "code", of("subConferenceStatus"))],
  },
  {
    name: "A2W_NotifySubConfCallChange",
    standing: "documented",
    section: "2.3.7",
    document: guide,
    attributes: [msgId, extConfId, subConfId, extCallId, required("ActionFlag", "code", of("subCallAction"))],
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
