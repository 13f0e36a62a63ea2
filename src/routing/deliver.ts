import type { ConfKey, DomainName, EpochMs, ExtConfId, MsgId, TransId } from "../foundation/ids.ts";
import type { EdgeObjects, HandleClaim } from "../rpc.ts";
import { isAnswered } from "../tsp/answers.ts";
import type { FromWebex } from "../tsp/messages.ts";
import { addressOf, type Found, route } from "./route.ts";
import { type BadTarget, canonicalHost, type TargetSettings } from "./target-url.ts";

/** The messages of one document that passed all checks of form. */
interface InboundDocument {
  readonly domain: DomainName;
  readonly transId: TransId;
  readonly messages: readonly FromWebex[];
}

interface HostsChecked {
  readonly messages: readonly FromWebex[];
  readonly refused: readonly { readonly message: FromWebex; readonly why: BadTarget["kind"] }[];
}

/**
 * Gives each message's host its canonical form, and refuses the messages whose host may not be posted to: nobody could be told
 * what became of them, and the host names of strangers must make no objects (protocol T16).
 */
export function checkHosts(messages: readonly FromWebex[], settings: TargetSettings): HostsChecked {
  const refused: HostsChecked["refused"][number][] = [];
  const kept = messages.flatMap((message): FromWebex[] => {
    const { replyTo, ...hostless } = message;
    if (replyTo === undefined) return [message];
    const host = canonicalHost(replyTo, settings);
    if (host.ok) return [{ ...message, replyTo: host.value }];
    // Nothing is sent for a message that gets no answer, so its host does not matter.
    if (!isAnswered(message)) return [hostless as FromWebex];
    refused.push({ message, why: host.error.kind });
    return [];
  });
  return { messages: kept, refused };
}

/**
 * Brings each message to where it belongs, and waits for disks, never for a bridge (protocol T28). Resolves to the lines to log
 * when all messages are on disk. Rejects, after every attempt has ended, if one is not: WebEx then sends the document again, and
 * the objects that have their part know it (protocol T38, T39).
 */
export async function deliver(
  document: InboundDocument,
  objects: EdgeObjects,
  cache: AliasCache,
  now: EpochMs,
): Promise<readonly string[]> {
  const { domain, transId, messages } = document;
  if (await deliverFromCache(document, objects, cache, now)) return [];
  const routed = route(messages, await find(document, objects, cache, now));
  const outcomes = await Promise.allSettled([
    ...Array.from(routed.conferences, ([confKey, mine]) =>
      objects.conference(domain, confKey).receive({ domain, confKey, transId, messages: mine }),
    ),
    ...Array.from(routed.unrouted, ([host, answers]) =>
      objects.unroutedMail(domain, host).send({ domain, host, transId, messages: answers }),
    ),
  ]);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return routed.notes;
}

/**
 * Most documents are for one conference whose handle is known here, and cost one call. Only whole documents go this way, since
 * a conference ignores a second part of a transaction of which it has a first one.
 */
async function deliverFromCache(
  document: InboundDocument,
  objects: EdgeObjects,
  cache: AliasCache,
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
  return objects.conference(domain, confKey).receive({ domain, confKey, transId, messages, fromCache: true });
}

/** Asks the index once for all handles of the document, and the id allocator for each MsgID that stands alone. */
async function find(
  { domain, messages }: InboundDocument,
  objects: EdgeObjects,
  cache: AliasCache,
  now: EpochMs,
): Promise<Found> {
  const claims: HandleClaim[] = [];
  const handles = new Set<ExtConfId>();
  const msgIds = new Set<MsgId>();
  for (const message of messages) {
    const address = addressOf(message);
    if (address.by === "conf-key") claims.push({ extConfId: address.extConfId, confKey: address.confKey });
    else if (address.by === "ext-conf-id") handles.add(address.extConfId);
    else if (address.by === "msg-id") msgIds.add(address.msgId);
  }
  const asksIndex = claims.length > 0 || handles.size > 0;
  const [byExtConfId, holders] = await Promise.all([
    asksIndex ? objects.aliases(domain).resolve({ domain, claims, handles: [...handles] }) : new Map(),
    Promise.all(
      Array.from(msgIds, async (msgId) => [msgId, await objects.idAllocator(domain).holderOf(msgId)] as const),
    ),
  ]);
  for (const [extConfId, confKey] of byExtConfId) cache.set(domain, extConfId, confKey, now);
  const byMsgId = new Map(holders.flatMap(([msgId, holder]) => (holder === null ? [] : [[msgId, holder] as const])));
  return { byExtConfId, byMsgId };
}

/**
 * Remembers for which conference a handle stands, so that an ordinary message costs no look-up. A handle changes its
 * conference only after the holder is over, which then says so; for want of that, an entry's age is bounded.
 */
export class AliasCache {
  readonly #entries = new Map<string, { readonly confKey: ConfKey; readonly until: EpochMs }>();
  readonly #limits: { readonly entries: number; readonly ageMs: number };

  constructor(limits: { readonly entries: number; readonly ageMs: number } = { entries: 10_000, ageMs: 300_000 }) {
    this.#limits = limits;
  }

  get(domain: DomainName, extConfId: ExtConfId, now: EpochMs): ConfKey | undefined {
    const entry = this.#entries.get(`${domain}/${extConfId}`);
    return entry && now < entry.until ? entry.confKey : undefined;
  }

  set(domain: DomainName, extConfId: ExtConfId, confKey: ConfKey, now: EpochMs): void {
    const name = `${domain}/${extConfId}`;
    this.#entries.delete(name);
    this.#entries.set(name, { confKey, until: now + this.#limits.ageMs });
    if (this.#entries.size <= this.#limits.entries) return;
    // A Map keeps the order of insertion: its first entry is the oldest.
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
