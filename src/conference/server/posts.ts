import * as v from "valibot";
import type { ActionId, CallId, ConfKey, WebexHost } from "../../foundation/ids.ts";
import { address, type Person, secret, showOf } from "../../foundation/shown.ts";
import type { BACK_END } from "../../foundation/text/bare-host.ts";
import { type AnswerType, type FromWebex, showMessage, type ToWebex } from "../../tsp/messages.ts";
import { count, extCallId, extConfId, fields, maybe, msgId, plain, word, yes } from "../marked.ts";

/** A message that leaves: to a TSP server, or client data to the partner's back end. */
export type Outgoing = ToWebex | ClientData;

type Answer = Extract<ToWebex, { type: AnswerType }>;

export function isAnswer(message: Outgoing): message is Answer {
  return "result" in message;
}

/** Those to a TSP server. */
export function toServers(messages: readonly Outgoing[]): readonly ToWebex[] {
  return messages.filter((message) => message.type !== "client-data");
}

/** Who is posted to: a TSP server, or the partner's back end. */
export const receiver = address(plain<Post["host"]>());

export interface Post {
  readonly host: WebexHost | typeof BACK_END;
  readonly message: Outgoing;
  /** An answer that a replaced server is owed: it gets one attempt, and nothing waits behind it (protocol 4.9). */
  readonly oneAttempt?: true;
  /** It was handed over where it meets answers of other conferences, and is there until it is confirmed or given up. */
  readonly handedOver?: true;
  /** It is to find out whether a server that is behind is back. */
  readonly probe?: true;
  /** The operators' actions that WebEx learns of by it. */
  readonly actions?: readonly ActionId[];
  /** The call that it is about, where it does not name it. */
  readonly call?: CallId;
}

/** Data from one caller's client, for the partner's back end (protocol 4.22). */
const clientData = fields({
  type: v.literal("client-data"),
  /** The same on each attempt, so that the back end recognises a repeat. */
  id: word,
  /** The request's. */
  msgId,
  confKey: plain<ConfKey>(),
  extConfId,
  extCallId,
  data: secret(v.string()),
});
export interface ClientData extends v.InferOutput<typeof clientData> {}

const showClientData = showOf(clientData);

export function showOutgoing<Message extends Outgoing | FromWebex>(message: Message, person: Person): Message {
  return (message.type === "client-data" ? showClientData(message, person) : showMessage(message, person)) as Message;
}

/** What was queued for a server. Of one that was replaced, the answers stay, with one attempt each. */
export interface Dropped {
  readonly host: Post["host"];
  readonly keepsAnswers: boolean;
}

/** A queue without what is dropped; of answers to a server that was replaced, each has one attempt. */
export function withoutDropped<Queued extends Post>(queue: readonly Queued[], dropped: readonly Dropped[]): Queued[] {
  return queue.flatMap((post) => {
    const drop = post.oneAttempt ? undefined : dropped.find(({ host }) => host === post.host);
    if (!drop || (post.handedOver && !drop.keepsAnswers)) return [post];
    return drop.keepsAnswers && isAnswer(post.message) ? [{ ...post, oneAttempt: true as const }] : [];
  });
}

/** A document that its receiver did not confirm. */
export const undeliveredDocument = fields({
  host: receiver,
  transId: word,
  /** How often it was posted. */
  attempts: count,
  /** Why it is not tried any more. */
  why: word,
  /** It was for a server that had been replaced (protocol 4.9). */
  oneAttempt: maybe(yes),
  probe: maybe(yes),
  /** It can never be posted: it cannot be written, or the settings do not have its receiver. */
  unpostable: maybe(yes),
  /** Its last attempt failed, and was not broken off by a restart. */
  lastFailed: maybe(yes),
});
export interface UndeliveredDocument extends v.InferOutput<typeof undeliveredDocument> {}
