import type { ConfKey, ExtConfId, MsgId, WebexHost } from "../foundation/ids.ts";
import { answerTo, requestOf } from "../tsp/answers.ts";
import type { FromWebex, ToWebex } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";

/** How a message names its conference. */
type Address =
  /** A create names the key itself, and the handle that means this conference from now on. */
  | { readonly by: "conf-key"; readonly confKey: ConfKey; readonly extConfId: ExtConfId }
  | { readonly by: "ext-conf-id"; readonly extConfId: ExtConfId }
  /** An answer to one of our messages is posted like a request, and may carry only its MsgID (protocol T10, 2.2.9). */
  | { readonly by: "msg-id"; readonly msgId: MsgId }
  | { readonly by: "nothing" };

/** The conferences behind the handles of a document. A handle that is not in here is unknown. */
export interface Found {
  readonly byExtConfId: ReadonlyMap<ExtConfId, ConfKey>;
  readonly byMsgId: ReadonlyMap<MsgId, ConfKey>;
}

/** Where the messages of one document go; each list keeps the order of the document. */
export interface Routed {
  readonly conferences: ReadonlyMap<ConfKey, readonly FromWebex[]>;
  /** Answers to messages of no conference, by the server that asked (protocol T11). */
  readonly unrouted: ReadonlyMap<WebexHost, readonly ToWebex[]>;
  /** Messages that are neither carried out nor answered, one line each for the log. */
  readonly notes: readonly string[];
}

export function addressOf(message: FromWebex): Address {
  if (message.type === "create-conference") {
    return { by: "conf-key", confKey: message.confKey, extConfId: message.extConfId };
  }
  if (message.extConfId !== undefined) return { by: "ext-conf-id", extConfId: message.extConfId };
  if (message.type === "caller-named" || message.type === "message-refused") {
    return { by: "msg-id", msgId: message.msgId };
  }
  return { by: "nothing" };
}

export function route(messages: readonly FromWebex[], found: Found): Routed {
  const conferences = new Map<ConfKey, FromWebex[]>();
  const unrouted = new Map<WebexHost, ToWebex[]>();
  const notes: string[] = [];
  for (const message of messages) {
    const confKey = conferenceOf(message, found);
    if (confKey !== null) append(conferences, confKey, message);
    else refuse(message, unrouted, notes);
  }
  return { conferences, unrouted, notes };
}

function conferenceOf(message: FromWebex, found: Found): ConfKey | null {
  const address = addressOf(message);
  switch (address.by) {
    case "conf-key":
      // A handle means one conference. A create with the handle of another conference is for neither of them.
      return found.byExtConfId.get(address.extConfId) === address.confKey ? address.confKey : null;
    case "ext-conf-id":
      return found.byExtConfId.get(address.extConfId) ?? null;
    case "msg-id":
      return found.byMsgId.get(address.msgId) ?? null;
    case "nothing":
      return null;
  }
}

function refuse(message: FromWebex, unrouted: Map<WebexHost, ToWebex[]>, notes: string[]): void {
  const request = requestOf(message);
  const result = refusalOf(message);
  if (request === null) notes.push(`${nameOf(message)} is ignored: it belongs to no known conference`);
  else if (request.replyTo === undefined)
    notes.push(`${nameOf(message)} cannot be answered (${result}): no WbxHostName`);
  else append(unrouted, request.replyTo, answerTo(request, result));
}

function refusalOf(message: FromWebex): ResultWord {
  if (message.type === "unknown") return "unknown-message";
  return message.type === "create-conference" ? "ext-conf-id-in-use" : "no-such-conference";
}

function nameOf(message: FromWebex): string {
  const element = message.type === "unknown" ? message.element : message.type;
  return `${element} (MsgID ${message.msgId ?? "none"}, ExtConfID ${message.extConfId ?? "none"})`;
}

function append<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
