import type { ExtConfId, MsgId, WebexHost } from "../foundation/ids.ts";
import { type Field, type FieldsOf, optional, required } from "./fields.ts";
import { type ResultWord, resultTexts } from "./protocol-table.ts";

/** One message of the protocol: everything that the reader, its checks, the writer and the types need to know. */
export interface MessageSpec {
  /** Element name, unless the domain's `protocol` setting replaces it. */
  readonly wire: string;
  readonly aliases?: readonly string[];
  /** The clause of the protocol that describes it; docs/protocol.md has them all. */
  readonly clause: string;
  /** A public document, or an assumption: an adapter needs such a message. */
  readonly source: "documented" | "assumed";
  readonly fields: Readonly<Record<string, Field>>;
}

const msgId = required("MsgID", { kind: "msg-id" });
const replyTo = optional("WbxHostName", { kind: "host", max: 255 });
const extConfId = required("ExtConfID", { kind: "ext-conf-id", max: 64 });
const extCallId = required("ExtCallID", { kind: "call-id", max: 64 });
const maybeExtConfId = optional("ExtConfID", { kind: "ext-conf-id", max: 64 });
const subConfId = required("SubConfID", { kind: "sub-conf-id", max: 64 });
/** No public document has its name, so that WebEx's own may be a further one (protocol 2.2.8). Cut alike, it still names one room. */
const requestedSubConfId = optional(
  "SubConfID",
  { kind: "sub-conf-id", max: 64 },
  { aliases: ["ExtSubConfID", "SubConferenceID", "SubExtConfID"], repaired: "cut", noted: true },
);
/** No public document has such an attribute in its message: it may help, and no value of it refuses a document. */
function guessed<Guess extends Field>(field: Guess): Guess {
  return { repaired: "left-out", ...field };
}

const result = required("Result", { kind: "code", codes: "result" });
const maybeResult = guessed(optional("Result", { kind: "code", codes: "result", asks: "ok" }));
const maxCallers = optional("MaxNumAttendee", { kind: "integer", min: 0 });
const participantType = optional("ParticipantType", { kind: "code", codes: "participantType" });
const attendeeId = guessed(optional("AttendeeID", { kind: "text", max: 64 }));
const did = optional("DID", { kind: "text", max: 64 }, { repaired: "left-out" });
const actionResult = optional("ActionResult", { kind: "code", codes: "result" });
const data = optional("Data", { kind: "text", max: 1024, unit: "bytes" });

/** Attributes of the hybrid version (protocol section 5, row 24). */
const hybrid = {
  hybridEnabled: optional("HybridSDKEnabled", { kind: "boolean", written: "word" }),
  hybridToken: optional("HybridSDKToken", { kind: "text", max: 128, unit: "bytes" }),
  adhocInstall: optional("AdhocInstall", { kind: "boolean", written: "word" }),
  seamlessSwitch: optional("SeamlessSwitchEnabled", { kind: "boolean", written: "word" }),
  hybridClientUrl: optional("HybridClientURL", { kind: "text", max: 1024, unit: "bytes" }),
  hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024 }),
  appDetection: optional("AppDetection", { kind: "text", max: 1024 }),
};

const request = { msgId, replyTo, extConfId };
const callRequest = { ...request, extCallId };
const subConferenceRequest = { ...request, subConfId: requestedSubConfId };
const subConferenceCallRequest = { ...subConferenceRequest, extCallId };
/** Only the attributes of the guide's examples: WebEx could refuse others (protocol 2.3.1). */
const answer = { msgId, result };

type Fields = MessageSpec["fields"];
type More = Pick<MessageSpec, "aliases">;

function documented<Own extends Fields>(wire: string, clause: string, fields: Own) {
  return { wire, clause, source: "documented", fields } as const;
}

function assumed<Own extends Fields>(wire: string, clause: string, fields: Own, more: More = {}) {
  return { wire, clause, source: "assumed", fields, ...more } as const;
}

/** Messages from WebEx (protocol section 2.2). */
export const fromWebex = {
  "create-conference": documented("W2A_CreateConference", "2.2.1", {
    ...request,
    /** Only a create must name its host: a running conference has one (protocol T14, T20). */
    replyTo: required("WbxHostName", { kind: "host", max: 255 }),
    /** Not only digits, though callers key it in (protocol 2.1). */
    confKey: required("ConfKey", { kind: "conf-key", max: 64 }),
    maxCallers,
    anonymousId: optional("AnonymousID", { kind: "keyed", max: 64 }),
    ...hybrid,
    /** Of the meeting's account; what callers key of them leads in like the ConfKey. */
    subscriberCode: guessed(optional("SubscriberCode", { kind: "keyed", max: 512 })),
    participantCode: guessed(optional("ParticipantCode", { kind: "keyed", max: 512 })),
    tollNumber: guessed(optional("TollNum", { kind: "text", max: 512 })),
    tollFreeNumber: guessed(optional("TollFreeNum", { kind: "text", max: 512 })),
    hostWebexId: guessed(optional("HostWebExID", { kind: "text", max: 512 })),
    /** The host's call, by what its caller keys or by WebEx's name for it. */
    hostAttendeeId: guessed(optional("HostAttendeeID", { kind: "text", max: 64 })),
    hostExtCallId: guessed(optional("HostExtCallID", { kind: "text", max: 64 })),
    conferenceName: optional("ConfName", { kind: "text", max: 512 }, { repaired: "cut" }),
  }),
  "update-conference": documented("W2A_UpdateConference", "2.2.2", {
    ...request,
    action: required("ActionCode", { kind: "code", codes: "updateAction" }),
    extCallId: optional(
      "ExtCallID",
      { kind: "call-id", max: 64 },
      { requiredWhen: { field: "action", is: ["add-to-main"] } },
    ),
  }),
  "close-conference": documented("W2A_CloseConference", "2.2.3", {
    ...request,
    /** Since version 3.4 of the interface. */
    keepAlive: optional("KeepAlive", { kind: "boolean", written: "digit" }),
  }),
  "call-out": documented("W2A_Callout", "2.2.4", {
    ...callRequest,
    privilege: required("Privilege", { kind: "code", codes: "privilege" }),
    /** Seconds to wait for the answer. */
    maxWaitingTime: optional("MaxWaitingTime", { kind: "integer", min: 0 }),
    participantType,
    /** In no example of it, but in the example of the entry that follows (protocol 4.21). */
    attendeeId,
    joinMode: optional("JoinMode", { kind: "code", codes: "joinMode" }),
    phone: required("PhoneNum", { kind: "phone" }),
  }),
  "cancel-call-out": assumed("W2A_CancelCallout", "2.2.5", callRequest),
  "update-caller": assumed(
    "W2A_UpdateUser",
    "2.2.6",
    {
      ...callRequest,
      privilege: required("Privilege", { kind: "code", codes: "privilege" }, { aliases: ["Status", "ActionCode"] }),
    },
    { aliases: ["W2A_UpdateCall"] },
  ),
  "drop-caller": assumed("W2A_DropUser", "2.2.7", callRequest),
  "create-sub-conference": documented("W2A_CreateSubConference", "2.2.8", {
    ...subConferenceRequest,
    name: optional("SubConfName", { kind: "text", max: 512 }, { repaired: "cut" }),
    maxCallers: guessed(maxCallers),
  }),
  "add-to-sub-conference": documented("W2A_AddToSubConference", "2.2.8", subConferenceCallRequest),
  "remove-from-sub-conference": documented("W2A_RemoveFromSubConference", "2.2.8", subConferenceCallRequest),
  "close-sub-conference": documented("W2A_CloseSubConference", "2.2.8", subConferenceRequest),
  /** Answer to `caller-entered`: WebEx names the call (protocol 2.2.9), or reports an error. */
  "caller-named": documented("W2A_RspNotifyUserEnter", "2.2.9", {
    msgId,
    replyTo,
    extConfId: guessed(maybeExtConfId),
    result: maybeResult,
    extCallId: optional(
      "ExtCallID",
      { kind: "call-id", max: 64 },
      { requiredWhen: { field: "result", is: ["ok", undefined] } },
    ),
  }),
  passthrough: documented("W2A_CSPClientPassthrough", "2.2.10", { ...callRequest, data }),
  "message-refused": assumed("W2A_RspMessageError", "2.2.11", {
    msgId,
    replyTo,
    extConfId: guessed(maybeExtConfId),
    result: maybeResult,
  }),
} as const satisfies Record<string, MessageSpec>;

/** Messages to WebEx (protocol section 2.3). */
export const toWebex = {
  "conference-created": documented("A2W_RspCreateConference", "2.3.1", {
    ...answer,
    ...hybrid,
  }),
  "conference-updated": assumed("A2W_RspUpdateConference", "2.3.1", answer),
  "conference-closed": assumed("A2W_RspCloseConference", "2.3.1", answer),
  "called-out": documented("A2W_RspCallout", "2.3.1", answer),
  "call-out-cancelled": assumed("A2W_RspCancelCallout", "2.3.1", answer),
  "caller-updated": assumed("A2W_RspUpdateUser", "2.3.1", answer),
  "caller-dropped": assumed("A2W_RspDropUser", "2.3.1", answer),
  "sub-conference-created": documented("A2W_RspCreateSubConference", "2.3.1", answer),
  "added-to-sub-conference": assumed("A2W_RspAddToSubConference", "2.3.1", answer),
  "removed-from-sub-conference": documented("A2W_RspRemoveFromSubConference", "2.3.1", answer),
  "sub-conference-closed": documented("A2W_RspCloseSubConference", "2.3.1", answer),
  "message-error": documented("A2W_RspMessageError", "2.3.1", {
    ...answer,
    text: optional("ErrMsg", { kind: "text", max: 512 }, { repaired: "cut" }),
  }),
  "conference-changed": documented("A2W_NotifyConferenceChange", "2.3.2", {
    msgId,
    extConfId,
    status: required("Status", { kind: "code", codes: "conferenceStatus" }),
    hybridConnectData: hybrid.hybridConnectData,
    /** The recorder's dial-out, since version 3.5.3. */
    recordingNumber: guessed(optional("NBRPhoneNumber", { kind: "text", max: 63 })),
    recordingSequence: guessed(optional("NBRDialSequence", { kind: "text", max: 255 })),
  }),
  "caller-entered": documented("A2W_NotifyUserEnter", "2.3.3", {
    msgId,
    extConfId,
    /** Absent: encoded as `null`, and WebEx assigns one (protocol 2.3.3). */
    extCallId: optional("ExtCallID", { kind: "call-id", max: 64 }, { absent: "null" }),
    attendeeId,
    participantType,
    did,
    action: optional("ActionCode", { kind: "code", codes: "enterAction" }),
    actionResult,
    callType: guessed(optional("CallType", { kind: "code", codes: "callType" })),
  }),
  "caller-changed": documented("A2W_NotifyUserChange", "2.3.4", {
    msgId,
    extConfId,
    extCallId,
    status: required("Status", { kind: "code", codes: "callerStatus" }),
    attendeeId,
    participantType,
    did,
    action: optional("ActionCode", { kind: "code", codes: "changeAction" }),
    actionResult,
  }),
  "speaking-changed": documented("A2W_NotifySpeakingStatus", "2.3.5", {
    msgId,
    extConfId,
    extCallIds: required("ExtCallIDs", { kind: "list", max: 64 }),
    speaking: required("SpeakingFlags", { kind: "flags" }),
  }),
  "sub-conference-changed": documented("A2W_NotifySubConferenceChange", "2.3.6", {
    msgId,
    extConfId,
    subConfId,
    status: required("Status", { kind: "code", codes: "subConferenceStatus" }),
  }),
  "sub-conference-call-changed": documented("A2W_NotifySubConfCallChange", "2.3.7", {
    msgId,
    extConfId,
    subConfId,
    extCallId,
    action: required("ActionFlag", { kind: "code", codes: "subCallAction" }),
  }),
  "joined-sub-conference": documented("A2W_NotifyJoinSubConference", "2.3.8", {
    msgId,
    extConfId,
    subConfId,
    extCallId,
  }),
  "client-passthrough": documented("A2W_CSPClientPassthrough", "2.3.11", { msgId, extConfId, extCallId, data }),
} as const satisfies Record<string, MessageSpec>;

type MessagesOf<Specs extends Readonly<Record<string, MessageSpec>>> = {
  [Type in keyof Specs]: { readonly type: Type } & FieldsOf<Specs[Type]["fields"]>;
};

export type FromWebexMessages = MessagesOf<typeof fromWebex>;
export type ToWebexMessages = MessagesOf<typeof toWebex>;

/** A message that is not in the tables. It is confirmed, and answered with code -12 (protocol T24). */
export interface UnknownMessage {
  readonly type: "unknown";
  readonly element: string;
  readonly msgId?: MsgId;
  readonly replyTo?: WebexHost;
  readonly extConfId?: ExtConfId;
}

/** A message that passed all checks of form. */
export type FromWebex = FromWebexMessages[keyof FromWebexMessages] | UnknownMessage;
export type ToWebex = ToWebexMessages[keyof ToWebexMessages];

/** Which message answers which request (protocol T24, 2.3.1, section 5, rows 11, 12). A message that is not here gets no answer. */
export const answerTypes = {
  "create-conference": "conference-created",
  "update-conference": "conference-updated",
  "close-conference": "conference-closed",
  "call-out": "called-out",
  "cancel-call-out": "call-out-cancelled",
  "update-caller": "caller-updated",
  "drop-caller": "caller-dropped",
  "create-sub-conference": "sub-conference-created",
  "add-to-sub-conference": "added-to-sub-conference",
  "remove-from-sub-conference": "removed-from-sub-conference",
  "close-sub-conference": "sub-conference-closed",
  unknown: "message-error",
} as const satisfies { readonly [Type in FromWebex["type"]]?: ToWebex["type"] };

export type AnsweredType = keyof typeof answerTypes;
/** The messages to WebEx that answer a request; all others are notifications. */
export type AnswerType = (typeof answerTypes)[AnsweredType];

export interface OpenRequest {
  readonly type: AnsweredType;
  readonly msgId: MsgId;
  /** The server that asked and gets the answer (protocol T11). */
  readonly replyTo?: WebexHost;
  readonly extConfId?: ExtConfId;
  /** Only for a create. */
  readonly hybridEnabled?: boolean;
}

/** Requests of one document whose answers travel together although they come from several conferences, by server. */
export type SharedRequests = readonly (readonly MsgId[])[];

type Answered = Extract<FromWebex, { type: AnsweredType }>;

export function isAnswered(message: FromWebex): message is Answered {
  return Object.hasOwn(answerTypes, message.type);
}

/** The part of a message that its answer needs; `null` if the message gets no answer. */
export function requestOf(message: Exclude<Answered, UnknownMessage>): OpenRequest;
export function requestOf(message: FromWebex): OpenRequest | null;
export function requestOf(message: FromWebex): OpenRequest | null {
  if (!isAnswered(message) || message.msgId === undefined) return null;
  const { type, msgId, replyTo, extConfId } = message;
  return {
    type,
    msgId,
    ...(replyTo !== undefined && { replyTo }),
    ...(extConfId !== undefined && { extConfId }),
    ...("hybridEnabled" in message && { hybridEnabled: message.hybridEnabled }),
  };
}

/** Returns the answer to a request: its MsgID (protocol T44) and the result. */
export function answerTo({ type, msgId }: OpenRequest, result: ResultWord): ToWebex {
  if (type === "unknown") return { type: answerTypes[type], msgId, result, text: resultTexts["unknown-message"] };
  return { type: answerTypes[type], msgId, result };
}
