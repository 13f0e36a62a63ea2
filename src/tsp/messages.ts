import type { ExtConfId, MsgId, WebexHost } from "../foundation/ids.ts";
import { type Field, type FieldsOf, optional, required } from "./fields.ts";

/** One message of the protocol: everything that the decoder, the checks, the encoder and the types need to know. */
export interface MessageSpec {
  /** Element name, unless the domain's `protocol` setting replaces it. */
  readonly wire: string;
  readonly aliases?: readonly string[];
  /** Confirmed by a public document, or proposed by the protocol note because an adapter needs it. */
  readonly standing: "documented" | "unconfirmed";
  readonly fields: Readonly<Record<string, Field>>;
}

const msgId = required("MsgID", { kind: "msg-id" });
const replyTo = optional("WbxHostName", { kind: "host", max: 255 });
const extConfId = required("ExtConfID", { kind: "ext-conf-id", max: 64 });
const extCallId = required("ExtCallID", { kind: "call-id", max: 64 });
const maybeExtConfId = optional("ExtConfID", { kind: "ext-conf-id", max: 64 });
const maybeExtCallId = optional("ExtCallID", { kind: "call-id", max: 64 });
const subConfAliases = { aliases: ["ExtSubConfID", "SubConferenceID", "SubExtConfID"] };
const subConfId = required("SubConfID", { kind: "sub-conf-id", max: 64 }, subConfAliases);
const maybeSubConfId = optional("SubConfID", { kind: "sub-conf-id", max: 64 }, subConfAliases);
const result = required("Result", { kind: "code", codes: "result" });
const participantType = optional("ParticipantType", { kind: "code", codes: "participantType" });
const attendeeId = optional("AttendeeID", { kind: "text", max: 64 });
const did = optional("DID", { kind: "text", max: 64 });
const actionResult = optional("ActionResult", { kind: "code", codes: "result" });
const data = optional("Data", { kind: "text", max: 1024, unit: "bytes" });

const hybrid = {
  hybridEnabled: optional("HybridSDKEnabled", { kind: "boolean", written: "word" }, { since: "hybrid" }),
  hybridToken: optional("HybridSDKToken", { kind: "text", max: 128, unit: "bytes" }, { since: "hybrid" }),
  adhocInstall: optional("AdhocInstall", { kind: "boolean", written: "word" }, { since: "hybrid" }),
  seamlessSwitch: optional("SeamlessSwitchEnabled", { kind: "boolean", written: "word" }, { since: "hybrid" }),
  hybridClientUrl: optional("HybridClientURL", { kind: "text", max: 1024, unit: "bytes" }, { since: "hybrid" }),
  hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024 }, { since: "hybrid" }),
  appDetection: optional("AppDetection", { kind: "text", max: 1024 }, { since: "hybrid" }),
};

const subConferenceRequest = { msgId, replyTo, extConfId, subConfId: maybeSubConfId };
const subConferenceCallRequest = { ...subConferenceRequest, extCallId };

/** What WebEx sends (protocol section 2.2). */
export const fromWebex = {
  "create-conference": {
    wire: "W2A_CreateConference",
    standing: "documented",
    fields: {
      msgId,
      replyTo,
      extConfId,
      confKey: required("ConfKey", { kind: "conf-key", max: 64 }),
      maxCallers: optional("MaxNumAttendee", { kind: "integer", min: 1 }),
      anonymousId: optional("AnonymousID", { kind: "digits", max: 64 }),
      ...hybrid,
      subscriberCode: optional("SubscriberCode", { kind: "text", max: 512 }),
      participantCode: optional("ParticipantCode", { kind: "text", max: 512 }),
      tollNumber: optional("TollNum", { kind: "text", max: 512 }),
      tollFreeNumber: optional("TollFreeNum", { kind: "text", max: 512 }),
      hostWebexId: optional("HostWebExID", { kind: "text", max: 512 }),
      conferenceName: optional("ConfName", { kind: "text", max: 512 }),
    },
  },
  "update-conference": {
    wire: "W2A_UpdateConference",
    standing: "documented",
    fields: {
      msgId,
      replyTo,
      extConfId,
      action: required("ActionCode", { kind: "code", codes: "updateAction" }),
      extCallId: optional(
        "ExtCallID",
        { kind: "call-id", max: 64 },
        { requiredWhen: { field: "action", is: "add-to-main" } },
      ),
    },
  },
  "close-conference": {
    wire: "W2A_CloseConference",
    standing: "documented",
    fields: {
      msgId,
      replyTo,
      extConfId,
      keepAlive: optional("KeepAlive", { kind: "boolean", written: "digit" }, { since: "3.4" }),
    },
  },
  "call-out": {
    wire: "W2A_Callout",
    standing: "documented",
    fields: {
      msgId,
      replyTo,
      extConfId,
      extCallId,
      privilege: required("Privilege", { kind: "code", codes: "privilege" }),
      /** Seconds to wait for the answer. */
      maxWaitingTime: optional("MaxWaitingTime", { kind: "integer", min: 0 }),
      participantType,
      joinMode: optional("JoinMode", { kind: "code", codes: "joinMode" }),
      phone: required("PhoneNum", { kind: "phone" }),
    },
  },
  "cancel-call-out": {
    wire: "W2A_CancelCallout",
    standing: "unconfirmed",
    fields: { msgId, replyTo, extConfId, extCallId },
  },
  "update-caller": {
    wire: "W2A_UpdateUser",
    aliases: ["W2A_UpdateCall"],
    standing: "unconfirmed",
    fields: {
      msgId,
      replyTo,
      extConfId,
      extCallId,
      privilege: required("Privilege", { kind: "code", codes: "privilege" }, { aliases: ["Status", "ActionCode"] }),
    },
  },
  "drop-caller": {
    wire: "W2A_DropUser",
    standing: "unconfirmed",
    fields: { msgId, replyTo, extConfId, extCallId },
  },
  "create-sub-conference": {
    wire: "W2A_CreateSubConference",
    standing: "documented",
    fields: {
      msgId,
      replyTo,
      extConfId,
      subConfId,
      name: optional("SubConfName", { kind: "text", max: 512 }),
      maxCallers: optional("MaxNumAttendee", { kind: "integer", min: 1 }),
    },
  },
  "add-to-sub-conference": {
    wire: "W2A_AddToSubConference",
    standing: "documented",
    fields: subConferenceCallRequest,
  },
  "remove-from-sub-conference": {
    wire: "W2A_RemoveFromSubConference",
    standing: "documented",
    fields: subConferenceCallRequest,
  },
  "close-sub-conference": {
    wire: "W2A_CloseSubConference",
    standing: "documented",
    fields: subConferenceRequest,
  },
  /** Answer to `caller-entered`: WebEx names the call (protocol 2.2.9). */
  "caller-named": {
    wire: "W2A_RspNotifyUserEnter",
    standing: "documented",
    fields: {
      msgId,
      replyTo,
      extConfId: maybeExtConfId,
      extCallId: maybeExtCallId,
      result: optional("Result", { kind: "code", codes: "result" }),
    },
  },
  passthrough: {
    wire: "W2A_CSPClientPassthrough",
    standing: "documented",
    fields: { msgId, replyTo, extConfId, extCallId, data },
  },
  "message-refused": {
    wire: "W2A_RspMessageError",
    standing: "unconfirmed",
    fields: {
      msgId,
      replyTo,
      extConfId: maybeExtConfId,
      result: optional("Result", { kind: "code", codes: "result" }),
    },
  },
} as const satisfies Record<string, MessageSpec>;

/** What we send (protocol section 2.3). */
export const toWebex = {
  "conference-created": {
    wire: "A2W_RspCreateConference",
    standing: "documented",
    fields: {
      msgId,
      result,
      confKey: optional("ConfKey", { kind: "conf-key", max: 64 }),
      extConfId: maybeExtConfId,
      ...hybrid,
    },
  },
  "conference-updated": {
    wire: "A2W_RspUpdateConference",
    standing: "unconfirmed",
    fields: {
      msgId,
      result,
      extConfId: maybeExtConfId,
      action: optional("ActionCode", { kind: "code", codes: "updateAction" }),
    },
  },
  "conference-closed": {
    wire: "A2W_RspCloseConference",
    standing: "unconfirmed",
    fields: { msgId, result, extConfId: maybeExtConfId },
  },
  "called-out": {
    wire: "A2W_RspCallout",
    standing: "documented",
    fields: { msgId, result, extConfId: maybeExtConfId, extCallId: maybeExtCallId },
  },
  "call-out-cancelled": {
    wire: "A2W_RspCancelCallout",
    standing: "unconfirmed",
    fields: { msgId, result, extConfId: maybeExtConfId, extCallId: maybeExtCallId },
  },
  "caller-updated": {
    wire: "A2W_RspUpdateUser",
    aliases: ["A2W_RspUpdateCall"],
    standing: "unconfirmed",
    fields: { msgId, result, extConfId: maybeExtConfId, extCallId: maybeExtCallId },
  },
  "caller-dropped": {
    wire: "A2W_RspDropUser",
    standing: "unconfirmed",
    fields: { msgId, result, extConfId: maybeExtConfId, extCallId: maybeExtCallId },
  },
  "sub-conference-created": {
    wire: "A2W_RspCreateSubConference",
    standing: "documented",
    fields: { msgId, result, extConfId: maybeExtConfId, subConfId: maybeSubConfId },
  },
  "added-to-sub-conference": {
    wire: "A2W_RspAddToSubConference",
    standing: "unconfirmed",
    fields: { msgId, result, extConfId: maybeExtConfId, subConfId: maybeSubConfId, extCallId: maybeExtCallId },
  },
  "removed-from-sub-conference": {
    wire: "A2W_RspRemoveFromSubConference",
    standing: "documented",
    fields: { msgId, result, extConfId: maybeExtConfId, subConfId: maybeSubConfId, extCallId: maybeExtCallId },
  },
  "sub-conference-closed": {
    wire: "A2W_RspCloseSubConference",
    standing: "documented",
    fields: { msgId, result, extConfId: maybeExtConfId, subConfId: maybeSubConfId },
  },
  "message-error": {
    wire: "A2W_RspMessageError",
    standing: "documented",
    fields: { msgId, result, text: optional("ErrMsg", { kind: "text", max: 512 }) },
  },
  "conference-changed": {
    wire: "A2W_NotifyConferenceChange",
    standing: "documented",
    fields: {
      msgId,
      extConfId,
      status: required("Status", { kind: "code", codes: "conferenceStatus" }),
      hybridConnectData: optional("HybridConnectData", { kind: "text", max: 1024 }, { since: "hybrid" }),
      recordingNumber: optional("NBRPhoneNumber", { kind: "text", max: 63 }, { since: "3.5.3" }),
      recordingSequence: optional("NBRDialSequence", { kind: "text", max: 255 }, { since: "3.5.3" }),
    },
  },
  "caller-entered": {
    wire: "A2W_NotifyUserEnter",
    standing: "documented",
    fields: {
      msgId,
      extConfId,
      /** Absent: encoded as `null`, and WebEx assigns one (protocol 2.3.3). */
      extCallId: optional("ExtCallID", { kind: "call-id", max: 64 }, { absent: "null" }),
      attendeeId,
      participantType,
      did,
      action: optional("ActionCode", { kind: "code", codes: "enterAction" }),
      actionResult,
      callType: optional("CallType", { kind: "code", codes: "callType" }, { since: "hybrid" }),
    },
  },
  "caller-changed": {
    wire: "A2W_NotifyUserChange",
    standing: "documented",
    fields: {
      msgId,
      extConfId,
      extCallId,
      status: required("Status", { kind: "code", codes: "callerStatus" }),
      attendeeId,
      participantType,
      did,
      action: optional("ActionCode", { kind: "code", codes: "changeAction" }),
      actionResult,
    },
  },
  "speaking-changed": {
    wire: "A2W_NotifySpeakingStatus",
    standing: "documented",
    fields: {
      msgId,
      extConfId,
      extCallIds: required("ExtCallIDs", { kind: "list", max: 64 }),
      speaking: required("SpeakingFlags", { kind: "flags" }),
    },
  },
  "sub-conference-changed": {
    wire: "A2W_NotifySubConferenceChange",
    standing: "documented",
    fields: {
      msgId,
      extConfId,
      subConfId,
      status: required("Status", { kind: "code", codes: "subConferenceStatus" }),
    },
  },
  "sub-conference-call-changed": {
    wire: "A2W_NotifySubConfCallChange",
    standing: "documented",
    fields: {
      msgId,
      extConfId,
      subConfId,
      extCallId,
      action: required("ActionFlag", { kind: "code", codes: "subCallAction" }),
    },
  },
  "joined-sub-conference": {
    wire: "A2W_NotifyJoinSubConference",
    standing: "documented",
    fields: { msgId, extConfId, subConfId, extCallId },
  },
  "client-passthrough": {
    wire: "A2W_CSPClientPassthrough",
    standing: "documented",
    fields: { msgId, extConfId, extCallId, data },
  },
} as const satisfies Record<string, MessageSpec>;

/** Which fields (and `element`, the message itself) came in another spelling than ours; answers echo it. */
export type Spelling = Readonly<Record<string, string>>;

type MessagesOf<Specs extends Readonly<Record<string, MessageSpec>>> = {
  [Type in keyof Specs]: { readonly type: Type; readonly spelling?: Spelling } & FieldsOf<Specs[Type]["fields"]>;
};

export type FromWebexMessages = MessagesOf<typeof fromWebex>;
export type ToWebexMessages = MessagesOf<typeof toWebex>;

/** A message that this adapter does not know; it is confirmed, and answered with code -12 (protocol T24). */
export interface UnknownMessage {
  readonly type: "unknown";
  readonly element: string;
  readonly msgId?: MsgId;
  readonly replyTo?: WebexHost;
  readonly extConfId?: ExtConfId;
}

/** A message that passed all checks of form. */
export type FromWebex = FromWebexMessages[keyof FromWebexMessages] | UnknownMessage;
/** A message to WebEx. */
export type ToWebex = ToWebexMessages[keyof ToWebexMessages];
