import type { ExtCallId, ExtConfId, MsgId, SubConfId, WebexHost } from "../foundation/ids.ts";
import { type Show, showFields } from "../foundation/shown.ts";
import type { FromWebex, Spelling, ToWebex } from "./messages.ts";
import { type ResultWord, resultTexts, type UpdateAction } from "./protocol-table.ts";

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

/** Whether WebEx waits for an answer to this message. */
export function isAnswered(message: FromWebex): message is Extract<FromWebex, { type: AnsweredType }> {
  return Object.hasOwn(answerTypes, message.type);
}

/** The part of a request that is kept until the answer. */
export interface OpenRequest {
  readonly type: AnsweredType;
  readonly msgId: MsgId;
  /** The server that asked and gets the answer (protocol T11). */
  readonly replyTo?: WebexHost;
  readonly extConfId?: ExtConfId;
  readonly extCallId?: ExtCallId;
  readonly subConfId?: SubConfId;
  readonly action?: UpdateAction | number;
  readonly spelling?: Spelling;
}

export const showOpenRequest: Show<OpenRequest> = showFields<OpenRequest>({
  ...{ type: "open", msgId: "open", replyTo: "address", extConfId: "open", extCallId: "open", subConfId: "open" },
  ...{ action: "open", spelling: "open" },
});

/** Requests of one document whose answers travel together although they come from several conferences, by server. */
export type SharedRequests = readonly (readonly MsgId[])[];

/** The part of a message that its answer needs; `null` if the message gets no answer. */
export function requestOf(message: FromWebex): OpenRequest | null {
  if (!isAnswered(message) || message.msgId === undefined) return null;
  const { type, msgId, replyTo, extConfId } = message;
  return {
    type,
    msgId,
    ...(replyTo !== undefined && { replyTo }),
    ...(extConfId !== undefined && { extConfId }),
    ...("extCallId" in message && { extCallId: message.extCallId }),
    ...("subConfId" in message && { subConfId: message.subConfId }),
    ...("action" in message && { action: message.action }),
    ...("spelling" in message && { spelling: message.spelling }),
  };
}

/** The answer to a request: the request's MsgID (protocol T44), the result, and the handles that the request named. */
export function answerTo(request: OpenRequest, result: ResultWord): ToWebex {
  const { type, msgId, replyTo: _, ...handles } = request;
  if (type === "unknown") return { type: answerTypes[type], msgId, result, text: resultTexts["unknown-message"] };
  return { type: answerTypes[type], msgId, result, ...handles } as ToWebex;
}
