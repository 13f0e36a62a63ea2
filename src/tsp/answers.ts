import type { ExtCallId, ExtConfId, MsgId, SubConfId, WebexHost } from "../foundation/ids.ts";
import type { FromWebex, Spelling, ToWebex } from "./messages.ts";
import type { ResultWord, UpdateAction } from "./protocol-table.ts";

/** Which message answers which request (protocol 2.3.1, section 5, rows 11, 12). Requests that are not here get no answer. */
const answerTypes = {
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
} as const;

export type AnswerableType = keyof typeof answerTypes;

/** What must be kept of a request until it is answered. Every answerable message is one. */
export interface OpenRequest {
  readonly type: AnswerableType;
  readonly msgId: MsgId;
  /** The server that asked, and so the one that is answered (protocol T11). */
  readonly replyTo?: WebexHost;
  readonly extConfId?: ExtConfId;
  readonly extCallId?: ExtCallId;
  readonly subConfId?: SubConfId;
  readonly action?: UpdateAction | number;
  readonly spelling?: Spelling;
}

/** The part of a message that its answer needs; `null` for a message that gets no answer. */
export function requestOf(message: FromWebex): OpenRequest | null {
  if (!(message.type in answerTypes) || message.msgId === undefined) return null;
  const { type, msgId } = message;
  const kept: Record<string, unknown> = { type, msgId };
  for (const field of ["replyTo", "extConfId", "extCallId", "subConfId", "action", "spelling"] as const) {
    if (field in message) kept[field] = (message as unknown as Record<string, unknown>)[field];
  }
  return kept as unknown as OpenRequest;
}

/** The answer to a request: its MsgID again (protocol T44), the outcome, and the handles that the request named. */
export function answerTo(request: OpenRequest, result: ResultWord): ToWebex {
  const { msgId, spelling, extConfId, extCallId, subConfId, action } = request;
  const type = answerTypes[request.type];
  if (type === "message-error") return { type, msgId, result, text: "unknown message" };
  return {
    type,
    msgId,
    result,
    ...(extConfId !== undefined && { extConfId }),
    ...(extCallId !== undefined && { extCallId }),
    ...(subConfId !== undefined && { subConfId }),
    ...(action !== undefined && { action }),
    ...(spelling !== undefined && { spelling }),
  } as ToWebex;
}
