import type { ConfKey, DomainName, EpochMs, ExtConfId, MsgId, TransId, WebexHost } from "../foundation/ids.ts";
import type { HandleClaim } from "../rpc/handle-index.ts";
import type { EdgeObjects } from "../rpc/objects.ts";
import { answerTo, type FromWebex, isAnswered, requestOf, type SharedRequests, type ToWebex } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import type { HandleCache } from "./handles.ts";
import { type BadTarget, canonicalHost, type TargetSettings } from "./target-url.ts";

type Recipients = Pick<EdgeObjects, "conference" | "handles" | "idAllocator" | "mailbox">;

/** The messages of one document that passed all checks of form. */
interface InboundDocument {
  readonly domain: DomainName;
  readonly transId: TransId;
  readonly messages: readonly FromWebex[];
  /** Whether this answer is sent, and waits for those to other requests of the document. */
  readonly gathers: (answer: ToWebex) => boolean;
}

interface HostsChecked {
  readonly messages: readonly FromWebex[];
  readonly refused: readonly { readonly message: FromWebex; readonly error: BadTarget }[];
  /** The code for the Confirmation where none of the document's requests could be answered, and nothing of it is carried out. */
  readonly verdict: ResultWord | null;
}

/** Gives hosts their canonical form, and refuses messages whose host may not be posted to (protocol T16). */
export function checkHosts(messages: readonly FromWebex[], settings: TargetSettings): HostsChecked {
  const refused: HostsChecked["refused"][number][] = [];
  const kept = messages.flatMap((message): FromWebex[] => {
    const { replyTo, ...hostless } = message;
    if (replyTo === undefined) return [message];
    const host = canonicalHost(replyTo, settings);
    if (host.ok) return [{ ...message, replyTo: host.value }];
    // Nothing is sent for a message that gets no answer, so its host does not matter.
    if (!isAnswered(message)) return [hostless as FromWebex];
    refused.push({ message, error: host.error });
    return [];
  });
  const [first] = refused;
  const verdict = first && !kept.some(isAnswered) ? hostResults[first.error.kind] : null;
  return { messages: kept, refused, verdict };
}

const hostResults = {
  "not-a-host": "wrong-type",
  "not-allowed": "host-not-allowed",
} as const satisfies Record<BadTarget["kind"], ResultWord>;

/**
 * Brings each message to where it belongs, and waits for disks, never for a bridge (protocol T28). Resolves to the lines to log
 * when all messages are on disk. Rejects, after every attempt has ended, if one is not: WebEx then sends the document again, and
 * the objects that have their part know it (protocol T38, T39).
 */
export async function deliver(
  document: InboundDocument,
  objects: Recipients,
  cache: HandleCache,
  now: EpochMs,
): Promise<readonly string[]> {
  const { domain, transId, messages } = document;
  if (await deliverFromCache(document, objects, cache, now)) return [];
  const found = await find(document, objects, cache, now);
  const routed = route(messages, found);
  const { conferences, unrouted, notes } = routed;
  const requests = sharedRequests(routed, document.gathers);
  const shared = requests.length > 0 && { shared: requests };
  const counts = { counts: true } as const;
  const deliveries: Promise<unknown>[] = Array.from(conferences, ([confKey, mine], index) => {
    const part = { domain, confKey, transId, messages: mine, ...shared, ...(index === 0 && counts) };
    return objects.conference(domain, confKey).receive(part);
  });
  // Where all hosts are refused, nothing is left that anybody would store, or count.
  const isOfNone = conferences.size === 0 && messages.length > 0;
  if (isOfNone || unrouted.size > 0) {
    const mail = { domain, transId, answers: unrouted, ...shared, ...(isOfNone && counts) };
    deliveries.push(objects.mailbox(domain).send(mail));
  }
  const outcomes = await Promise.allSettled(deliveries);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return notes;
}

/** Most documents are for one known conference, and cost one call. A conference ignores a second part of a document. */
async function deliverFromCache(
  document: InboundDocument,
  objects: Recipients,
  cache: HandleCache,
  now: EpochMs,
): Promise<boolean> {
  const { domain, transId, messages } = document;
  const handles = new Set<ExtConfId>();
  for (const address of messages.map(addressOf)) {
    if (address.by !== "ext-conf-id") return false;
    handles.add(address.extConfId);
  }
  const [confKey, ...others] = new Set(Array.from(handles, (handle) => cache.get(domain, handle, now)));
  if (confKey === undefined || others.length > 0) return false;
  return objects
    .conference(domain, confKey)
    .receive({ domain, confKey, transId, messages, fromCache: true, counts: true });
}

/** Looks handles up in the index, and MsgIDs in the id allocator. */
async function find(
  { domain, transId, messages }: InboundDocument,
  objects: Recipients,
  cache: HandleCache,
  now: EpochMs,
): Promise<FoundHandles> {
  const claims: HandleClaim[] = [];
  const handles = new Set<ExtConfId>();
  const msgIds = new Set<MsgId>();
  for (const address of messages.map(addressOf)) {
    if (address.by === "conf-key") claims.push({ extConfId: address.extConfId, confKey: address.confKey });
    else if (address.by === "ext-conf-id") handles.add(address.extConfId);
    else if (address.by === "msg-id") msgIds.add(address.msgId);
  }
  const asksIndex = claims.length + handles.size > 0;
  const [byExtConfId, holders] = await Promise.all([
    asksIndex
      ? objects.handles(domain).resolve({ domain, transId, claims, handles: [...handles] })
      : new Map<ExtConfId, ConfKey>(),
    Promise.all(
      Array.from(msgIds, async (msgId) => [msgId, await objects.idAllocator(domain).holderOf(msgId)] as const),
    ),
  ]);
  for (const [extConfId, confKey] of byExtConfId) cache.set(domain, extConfId, confKey, now);
  const byMsgId = new Map(holders.flatMap(([msgId, holder]) => (holder === null ? [] : [[msgId, holder] as const])));
  return { byExtConfId, byMsgId };
}

/** For each server that has answers to expect from several objects, all its requests (protocol T45). */
function sharedRequests({ conferences, unrouted }: Routed, gathers: InboundDocument["gathers"]): SharedRequests {
  const asked = Array.from(conferences.values(), (messages) =>
    messages.flatMap((message) => {
      const request = requestOf(message);
      const { replyTo } = request ?? {};
      return request && replyTo ? [{ replyTo, answer: answerTo(request, "ok") }] : [];
    }),
  );
  const refused = Array.from(unrouted, ([replyTo, answers]) => answers.map((answer) => ({ replyTo, answer })));
  const parts = [...asked, refused.flat()].map((part) =>
    Map.groupBy(
      part.filter(({ answer }) => gathers(answer)),
      ({ replyTo }) => replyTo,
    ),
  );
  const hosts = new Set(parts.flatMap((part) => [...part.keys()]));
  return [...hosts].flatMap((host) => {
    const lists = parts.flatMap((part) => (part.has(host) ? [part.get(host) ?? []] : []));
    return lists.length > 1 ? [lists.flat().map(({ answer }) => answer.msgId)] : [];
  });
}

/** How a message names its conference. */
type MessageAddress =
  /** A create names the key itself, and the handle that means this conference from now on. */
  | { readonly by: "conf-key"; readonly confKey: ConfKey; readonly extConfId: ExtConfId }
  | { readonly by: "ext-conf-id"; readonly extConfId: ExtConfId }
  /** An answer to one of our messages is posted like a request, and may carry only its MsgID (protocol T10, 2.2.9). */
  | { readonly by: "msg-id"; readonly msgId: MsgId }
  | { readonly by: "nothing" };

/** The conferences behind the handles of a document. A handle that is not in here is unknown. */
export interface FoundHandles {
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

function addressOf(message: FromWebex): MessageAddress {
  if (message.type === "create-conference") {
    return { by: "conf-key", confKey: message.confKey, extConfId: message.extConfId };
  }
  if (message.extConfId !== undefined) return { by: "ext-conf-id", extConfId: message.extConfId };
  if (message.type === "caller-named" || message.type === "message-refused") {
    return { by: "msg-id", msgId: message.msgId };
  }
  return { by: "nothing" };
}

export function route(messages: readonly FromWebex[], found: FoundHandles): Routed {
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

function conferenceOf(message: FromWebex, found: FoundHandles): ConfKey | null {
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
  const result = answerWhenUnknown(message);
  if (request === null) notes.push(`${nameOf(message)} is ignored: it belongs to no known conference`);
  else if (request.replyTo === undefined)
    notes.push(`${nameOf(message)} cannot be answered (${result}): no WbxHostName`);
  else append(unrouted, request.replyTo, answerTo(request, result));
}

function answerWhenUnknown(message: FromWebex): ResultWord {
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
