import type { ActionId, CallId, ConfKey, ExtCallId, ExtConfId, MsgId, WebexHost } from "../../foundation/ids.ts";
import type { BACK_END } from "../../foundation/text/bare-host.ts";
import type { AnswerType, ToWebex } from "../../tsp/messages.ts";

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

export interface Post {
  readonly host: WebexHost | typeof BACK_END;
  readonly message: Outgoing;
  /** An answer that a replaced server is owed: it gets one attempt, and nothing waits behind it (protocol 4.9). */
  readonly oneAttempt?: true;
  /** It was handed over where it meets answers of other conferences, and is there until it is confirmed or given up. */
  readonly handedOver?: true;
  /** Present if an attempt may have begun, so that its receiver may have it. */
  readonly begun?: true;
  /** It is to find out whether a server that is behind is back. */
  readonly probe?: true;
  /** The operators' actions that WebEx learns of by it. */
  readonly actions?: readonly ActionId[];
  /** The call that it is about, where it does not name it. */
  readonly call?: CallId;
}

/** Data from one caller's client, for the partner's back end (protocol 4.22). */
export interface ClientData {
  readonly type: "client-data";
  /** The same on each attempt, so that the back end recognises a repeat. */
  readonly id: string;
  /** The request's. */
  readonly msgId: MsgId;
  readonly confKey: ConfKey;
  readonly extConfId: ExtConfId;
  readonly extCallId: ExtCallId;
  readonly data: string;
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
export interface UndeliveredDocument {
  readonly host: Post["host"];
  readonly transId: string;
  /** How often it was posted. */
  readonly attempts: number;
  /** Why it is not tried any more. */
  readonly why: string;
  /** It was for a server that had been replaced (protocol 4.9). */
  readonly oneAttempt?: true;
  readonly probe?: true;
  /** It can never be posted: it cannot be written, or the settings do not have its receiver. */
  readonly unpostable?: true;
  /** Its last attempt failed, and was not broken off by a restart. */
  readonly lastFailed?: true;
}
