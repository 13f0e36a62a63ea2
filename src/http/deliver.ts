import type { ConfKey, DomainName, EpochMs, ExtConfId, MsgId, TransId } from "../foundation/ids.ts";
import type { AliasCache } from "../routing/alias-cache.ts";
import { addressOf, type Found, route } from "../routing/route.ts";
import type { HandleClaim } from "../rpc.ts";
import type { FromWebex } from "../tsp/messages.ts";
import type { Objects } from "./objects.ts";

/** One document that passed all checks of form. */
interface CheckedDocument {
  readonly domain: DomainName;
  readonly transId: TransId;
  readonly messages: readonly FromWebex[];
}

/**
 * Brings each message to where it belongs, and waits for disks, never for a bridge (protocol T28). Resolves, to what
 * should be logged, when all of them are on disk; rejects, after every attempt has ended, if one is not: WebEx then sends
 * the document again, and those that have it know it (protocol T38, T39).
 */
export async function deliver(
  letter: CheckedDocument,
  objects: Objects,
  aliases: AliasCache,
  now: EpochMs,
): Promise<readonly string[]> {
  const { domain, transId, messages } = letter;
  if (await deliverByMemory(letter, objects, aliases, now)) return [];
  const routed = route(messages, await find(letter, objects, aliases, now));
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
 * Most documents are for one conference whose handle is known here: they cost one call. Only whole documents, since
 * nobody takes a second part of a transaction of which it has a first one.
 */
async function deliverByMemory(
  letter: CheckedDocument,
  objects: Objects,
  aliases: AliasCache,
  now: EpochMs,
): Promise<boolean> {
  const { domain, transId, messages } = letter;
  const handles = new Set<ExtConfId>();
  for (const address of messages.map(addressOf)) {
    if (address.by !== "ext-conf-id") return false;
    handles.add(address.extConfId);
  }
  const [confKey, ...others] = new Set(Array.from(handles, (handle) => aliases.get(domain, handle, now)));
  if (confKey === undefined || others.length > 0) return false;
  return objects.conference(domain, confKey).receive({ domain, confKey, transId, messages, fromCache: true });
}

async function find(
  { domain, messages }: CheckedDocument,
  objects: Objects,
  aliases: AliasCache,
  now: EpochMs,
): Promise<Found> {
  const byExtConfId = new Map<ExtConfId, ConfKey>();
  const byMsgId = new Map<MsgId, ConfKey>();

  // Creates come first: a call-out beside a create in one document is meant for the conference that it makes.
  for (const message of messages) {
    if (message.type !== "create-conference" || byExtConfId.has(message.extConfId)) continue;
    keep(message.extConfId, await claim({ domain, ...message }, objects));
  }

  const lookUps: Promise<void>[] = [];
  const asked = new Set<string>();
  for (const address of messages.map(addressOf)) {
    if (address.by === "ext-conf-id") {
      const { extConfId } = address;
      if (asked.has(extConfId) || byExtConfId.has(extConfId)) continue;
      asked.add(extConfId);
      lookUps.push(lookUp(extConfId));
    } else if (address.by === "msg-id") {
      lookUps.push(lookUpHolder(address.msgId));
    }
  }
  await Promise.all(lookUps);
  return { byExtConfId, byMsgId };

  async function lookUp(extConfId: ExtConfId): Promise<void> {
    const confKey = await objects.alias(domain, extConfId).lookup();
    if (confKey !== null) keep(extConfId, confKey);
  }

  function keep(extConfId: ExtConfId, confKey: ConfKey): void {
    byExtConfId.set(extConfId, confKey);
    aliases.set(domain, extConfId, confKey, now);
  }

  async function lookUpHolder(msgId: MsgId): Promise<void> {
    const confKey = await objects.numberPool(domain).holderOf(msgId);
    if (confKey !== null) byMsgId.set(msgId, confKey);
  }
}

/** Claims a handle for a conference; whose it is now. */
async function claim({ domain, extConfId, confKey }: HandleClaim, objects: Objects): Promise<ConfKey> {
  const alias = objects.alias(domain, extConfId);
  const holder = await alias.claim({ domain, extConfId, confKey });
  if (holder === confKey || (await objects.conference(domain, holder).hasHandle(extConfId))) return holder;
  return alias.replace(holder, confKey);
}
