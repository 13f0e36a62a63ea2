import * as v from "valibot";
import { refusalReason } from "../bridge/commands.ts";
import { endReason } from "../bridge/events.ts";
import { promptEnd } from "../bridge/prompt-call.ts";
import { typed } from "../bridge/schemas.ts";
import type { ActionId, BridgeName, CallId, EpochMs } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import { open, type Person, type Show, showOf } from "../foundation/shown.ts";
import { callRecord, enders } from "../records/call-record.ts";
import { conferenceRecord } from "../records/conference-record.ts";
import {
  action,
  call,
  command,
  count,
  countedType,
  extCallId,
  extConfId,
  fields,
  flag,
  list,
  maxCallers,
  maybe,
  msgId,
  nullable,
  plain,
  room,
  server,
  subConfId,
  text,
  transId,
  word,
  yes,
} from "./marked.ts";
import { type Outgoing, receiver } from "./server/posts.ts";

/*
 * What happens to a conference, in the words of log, metrics, API, webhooks, records and pages. A fact is complete: a view of facts
 * needs no state beside them. What begins ends by a fact with the same id: a conference, a call, a room, a command, a post.
 */

export const cause = v.variant("type", [
  typed("request", { transId, msgId: maybe(msgId) }),
  typed("action", { action, person: word }),
  /** An event that the bridge reported by itself. */
  typed("report", { event: word }),
  typed("repair", {}),
  typed("deadline", {}),
  typed("post", {}),
]);

export type Cause = Checked<typeof cause>;
const by = v.array(cause);

/** How many causes of one thing are kept, of the first and of the last ones. */
const MAX_CAUSES = 8;

/** All who bring one thing about; of very many the first and the last, since each of them has a fact of its own. */
export function joined(by: readonly Cause[] = [], more: readonly Cause[] = []): readonly Cause[] {
  const all = [...by, ...more];
  return all.filter((_, index) => index < MAX_CAUSES || index >= all.length - MAX_CAUSES);
}

/** Why a call is over. `not-found`: the bridge no longer had it. */
const leaveReason = v.union([
  endReason,
  refusalReason,
  v.picklist(["not-found", "bridge-timeout", "number-denied", "capacity-exceeded"]),
]);
export type LeaveReason = Checked<typeof leaveReason>;

const participantType = open(v.union([v.string(), v.number()]));

/** A command's result, or that there can be none any more: the conference is over. */
const failure = open(v.union([refusalReason, v.literal("conference-over")]));

const message = v.object({ type: word, msgId });
/** The operators' actions that WebEx learns of by it. */
const named = maybe(list(action));
/** What tells one message of a type from another. */
const said = { extCallId, subConfId, status: word, action: word, actionResult: word, result: word };
const messageSummary = v.object({
  ...{ ...message.entries, ...v.partial(v.object(said)).entries, actions: named },
  /** The call that it is about, where it does not name it. */
  call: maybe(call),
});
/** What facts say of a message; its text is in the document. */
export type MessageSummary = Checked<typeof messageSummary>;

export const facts = {
  /** A document of WebEx is on disk, for the first time; of several conferences that it is for, one says so. */
  "document-confirmed": v.object({ transId }),
  /** `life`: the row in which it began, which tells conferences of one key apart. */
  "conference-requested": v.object({ life: count, extConfId, host: server, maxCallers, topic: maybe(text), by }),
  "conference-created": v.object({
    ...{ life: count, createdAt: count, extConfId, host: server, bridge: nullable(plain<BridgeName>()), by },
  }),
  /** The bridge held it, and the edge did not know it. */
  "conference-found": v.object({
    ...{ life: count, createdAt: count, locked: flag, bridge: nullable(plain<BridgeName>()), by },
    /** It may be another edge's, or the settings say so: nothing is done to it. */
    leftAlone: maybe(yes),
  }),
  "conference-not-created": v.object({ why: word, record: conferenceRecord, by }),
  "conference-taken-over": v.object({ extConfId, host: server, maxCallers, by }),
  /** WebEx has closed it, and its audio goes on (protocol 4.8). */
  "conference-detached": v.object({ by }),
  "conference-locked": v.object({ locked: flag, by }),
  "conference-ended": v.object({
    endedBy: open(v.picklist(enders)),
    why: word,
    callers: count,
    record: conferenceRecord,
    by,
  }),
  "call-dialled": v.object({ call, number: text, extCallId: nullable(extCallId), by }),
  "call-answered": v.object({ call, by }),
  "call-entered": v.object({
    call,
    life: count,
    began: count,
    direction: open(v.picklist(["in", "out"])),
    number: text,
    attendeeId: nullable(text),
    ...{ extCallId: nullable(extCallId), participantType, muted: flag, room, by },
    /** How it came in from the prompt; absent: it did not, or its agent did not say. */
    prompt: maybe(fields({ waitedMs: count, wrongKeys: count })),
  }),
  /** Its caller has keyed the key of this conference at the prompt, and was hung up on. `reason`: why the bridge refused. */
  "call-turned-away": v.object({
    ...{
      call,
      number: text,
      why: promptEnd,
      reason: maybe(open(refusalReason)),
      wrongKeys: count,
      waitedMs: count,
      by,
    },
  }),
  /** WebEx has named it, or named it anew; it may have left by then. */
  "call-named": v.object({ call, extCallId, by }),
  /** WebEx has given it the name of another live call, so a request for one of them can reach the other. */
  "call-name-shared": v.object({ call, other: call, by }),
  /** WebEx refuses to name it, or nobody waits for its name any more: WebEx is notified of nothing. */
  "call-not-named": v.object({ call, by }),
  /** The caller keyed its attendee ID after entering (protocol 4.19). */
  "call-merged": v.object({ call, attendeeId: nullable(text), by }),
  "call-muted": v.object({ call, muted: flag, by }),
  "call-moved": v.object({ call, room, by }),
  "call-left": v.object({ call, why: open(leaveReason), record: callRecord, by }),
  /** A call that was dialled is over, and has never entered. */
  "call-not-entered": v.object({ call, why: open(leaveReason), record: callRecord, by }),
  /** The domain's policy does not let this number be called. */
  "call-out-denied": v.object({ country: word, number: text, by }),
  "room-opened": v.object({ room, subConfId, by }),
  "room-closed": v.object({ room, subConfId, by }),
  "talk-opened": v.object({ room, host: call, invitee: call, by }),
  "talk-ended": v.object({ room, by }),
  /** The bridge says who speaks, or no longer (protocol 4.16). */
  "speakers-followed": v.object({ on: flag, by }),
  "speaker-changed": v.object({ call, speaking: flag }),
  "command-issued": v.object({ command, type: word, call: maybe(call), room: maybe(room), by }),
  /** Somebody else wants the same: its result counts for them, too. */
  "command-joined": v.object({ command, type: word, by }),
  "command-done": v.object({ command }),
  /** `late`: those who waited for it were answered before. */
  "command-failed": v.object({ command, type: word, why: failure, late: maybe(yes) }),
  /** It has no result in time; a late one still counts. */
  "command-expired": v.object({ command, type: word }),
  /** No message is made of it: WebEx has let the conference go on alone, or has not named the call, and may still do so. */
  "message-withheld": v.object({
    ...{ type: word, why: open(v.picklist(["detached", "unnamed", "not-named-yet"])) },
    ...{ call: maybe(call), actions: named },
  }),
  /** The server cannot be reached: it is notified of this, or of how it is then, once it can be. */
  "message-owed": v.object({ ...message.entries, actions: named }),
  /** What was owed is not said any more: something else says it, or it is not so any more. */
  "message-dropped": v.object({ ...message.entries }),
  /** A new document, or more messages in one that waits. */
  "post-queued": v.object({ transId, host: receiver, messages: v.array(messageSummary) }),
  /** `refused`: with a code other than 0. `host` and `tookMs` are absent if the mailbox has posted it. */
  "post-confirmed": v.object({
    ...{ transId, at: count },
    ...{ host: maybe(receiver), tookMs: maybe(count), refused: maybe(yes) },
  }),
  /** `nextAt`: when it is tried again; absent: it was the last attempt, or to find out whether its server is back. */
  "post-failed": v.object({
    ...{ transId, attempt: count, why: word, at: count, nextAt: maybe(count), host: maybe(receiver) },
  }),
  "post-given-up": v.object({
    ...{ transId, host: receiver, attempts: count, why: word, messages: v.array(message) },
    /** It was to find out whether its server is back. */
    probe: maybe(yes),
    /** Its last attempt failed: no `post-failed` says that. */
    lastFailed: maybe(yes),
  }),
  /** Its server was replaced. */
  "post-dropped": v.object({ transId, messages: v.array(message) }),
  "server-lost": v.object({ host: server, why: word }),
  "server-reached": v.object({ host: server }),
  /**
   * It is owed nothing any more of what it has not confirmed: another one has taken over, all of it is so no more, or, of a
   * conference that is over, nobody waits (`expired`).
   * `messages`: all that it was never notified of since it was lost.
   */
  "server-settled": v.object({ host: server, expired: maybe(yes), messages: maybe(list(countedType)) }),
  repaired: v.object({
    what: open(
      v.picklist([
        ...(["entered", "left", "muted", "moved", "speaking", "reporting", "locked", "room", "call-out"] as const),
        ...(["lost", "over", "bridge"] as const),
      ]),
    ),
    call: maybe(call),
  }),
  /** Something odd, for operations staff. */
  noted: v.object({ text: word }),
} as const;

export type FactKind = keyof typeof facts;

type SaidName = keyof typeof said;
const saidNames = Object.keys(said) as readonly SaidName[];

export function saidIn(message: object): Partial<Record<SaidName, string>> {
  const found: Partial<Record<SaidName, string>> = {};
  for (const name of saidNames) {
    const value = (message as Partial<Record<SaidName, unknown>>)[name];
    if (value !== undefined) found[name] = String(value);
  }
  return found;
}

/** `call`: the one that it is about, where it does not name it. */
export function summaryOf(message: Outgoing, call?: CallId): MessageSummary {
  const { type, msgId } = message;
  return { type, msgId, ...saidIn(message), ...(call && { call }) } as MessageSummary;
}

export type SingleFact = Exclude<Fact, PostQueued> | (Omit<PostQueued, "messages"> & MessageSummary);
type PostQueued = Extract<Fact, { kind: "post-queued" }>;

/** A fact of its own for each message that was queued, whatever shares its document. */
export function singleFacts(fact: Fact): readonly SingleFact[] {
  if (fact.kind !== "post-queued") return [fact];
  const { messages, ...post } = fact;
  return messages.map((message) => ({ ...post, ...message }));
}

/** That a probe fails is an attempt that failed, and no document that is given up. */
export function probeAsFailed(fact: Fact, at: EpochMs): Fact {
  if (fact.kind !== "post-given-up" || !fact.probe) return fact;
  const { transId, attempts: attempt, why, host, lastFailed } = fact;
  return { kind: "post-failed", ...{ transId, attempt, why, at }, ...(lastFailed && { host }) };
}

/** The operators' actions among causes: one is over when all that was begun in its name is. */
export function actionsOf(by: readonly Cause[]): readonly ActionId[] {
  return by.flatMap((one) => (one.type === "action" ? [one.action] : []));
}

export type Fact = {
  readonly [Kind in FactKind]: { readonly kind: Kind } & Readonly<v.InferOutput<(typeof facts)[Kind]>>;
}[FactKind];

const shows = new Map(Object.entries(facts).map(([kind, fields]) => [kind, showOf(fields) as Show]));

export function showFact<One extends Fact>(fact: One, person: Person): One {
  return { kind: fact.kind, ...(shows.get(fact.kind)?.(fact, person) as object) } as One;
}

export interface FactRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly facts: readonly Fact[];
}
