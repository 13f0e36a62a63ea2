import type { RefusalReason } from "../bridge/commands.ts";
import type { EndReason } from "../bridge/events.ts";
import type { PromptEnd } from "../bridge/prompt-call.ts";
import type {
  ActionId,
  BridgeName,
  CallId,
  CommandId,
  EpochMs,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  SubConfId,
  TransId,
  WebexHost,
} from "../foundation/ids.ts";
import type { CallRecord, Ender } from "../records/call-record.ts";
import type { ConferenceRecord } from "../records/conference-record.ts";
import type { Outgoing, Post } from "./server/posts.ts";

/*
 * What happens to a conference, in the words of log, metrics, API, webhooks, records and pages. A fact is complete: a view of facts
 * needs no state beside them. What begins ends by a fact with the same id: a conference, a call, a room, a command, a post.
 */

export type Cause =
  | { readonly type: "request"; readonly transId: TransId; readonly msgId?: MsgId }
  | { readonly type: "action"; readonly action: ActionId; readonly person: string }
  /** An event that the bridge reported by itself. */
  | { readonly type: "report"; readonly event: string }
  | { readonly type: "repair" | "deadline" | "post" };
type By = readonly Cause[];

/** How many causes of one thing are kept, of the first and of the last ones. */
const MAX_CAUSES = 8;

/** All who bring one thing about; of very many the first and the last, since each of them has a fact of its own. */
export function joined(by: readonly Cause[] = [], more: readonly Cause[] = []): readonly Cause[] {
  const all = [...by, ...more];
  return all.filter((_, index) => index < MAX_CAUSES || index >= all.length - MAX_CAUSES);
}

/** Why a call is over. `not-found`: the bridge no longer had it. */
export type LeaveReason =
  | EndReason
  | RefusalReason
  | "not-found"
  | "bridge-timeout"
  | "number-denied"
  | "capacity-exceeded";

/** What tells one message of a type from another. */
const saidNames = ["extCallId", "subConfId", "status", "action", "actionResult", "result"] as const;
type Said = Readonly<Partial<Record<(typeof saidNames)[number], string>>>;

interface NamedMessage {
  readonly type: string;
  readonly msgId: MsgId;
}
/** What facts say of a message; its text is in the document. */
export interface MessageSummary extends NamedMessage, Said {
  /** The operators' actions that WebEx learns of by it. */
  readonly actions?: readonly ActionId[];
  /** The call that it is about, where it does not name it. */
  readonly call?: CallId;
}

/** So many messages of one type. */
export interface CountedType {
  readonly type: string;
  readonly count: number;
}

/** The counts with one message of this type more. */
export function withType(counts: readonly CountedType[], { type }: Pick<CountedType, "type">): readonly CountedType[] {
  const { count } = counts.find((one) => one.type === type) ?? { count: 0 };
  return [...counts.filter((one) => one.type !== type), { type, count: count + 1 }];
}

interface Facts {
  /** A document of WebEx is on disk, for the first time; of several conferences that it is for, one says so. */
  "document-confirmed": { transId: TransId };
  /** `life`: the row in which it began, which tells conferences of one key apart. */
  "conference-requested": {
    life: number;
    extConfId: ExtConfId;
    host: WebexHost;
    maxCallers: number | null;
    topic?: string;
    by: By;
  };
  "conference-created": {
    life: number;
    createdAt: number;
    extConfId: ExtConfId;
    host: WebexHost;
    bridge: BridgeName | null;
    by: By;
  };
  /** The bridge held it, and the edge did not know it. */
  "conference-found": {
    life: number;
    createdAt: number;
    locked: boolean;
    bridge: BridgeName | null;
    by: By;
    /** It may be another edge's, or the settings say so: nothing is done to it. */
    leftAlone?: true;
  };
  "conference-not-created": { why: string; record: ConferenceRecord; by: By };
  "conference-taken-over": { extConfId: ExtConfId; host: WebexHost; maxCallers: number | null; by: By };
  /** WebEx has closed it, and its audio goes on (protocol 4.8). */
  "conference-detached": { by: By };
  "conference-locked": { locked: boolean; by: By };
  "conference-ended": { endedBy: Ender; why: string; callers: number; record: ConferenceRecord; by: By };
  "call-dialled": { call: CallId; number: string; extCallId: ExtCallId | null; by: By };
  "call-answered": { call: CallId; by: By };
  "call-entered": {
    call: CallId;
    life: number;
    began: number;
    direction: "in" | "out";
    number: string;
    attendeeId: string | null;
    extCallId: ExtCallId | null;
    participantType: string | number;
    muted: boolean;
    room: RoomId;
    by: By;
    /** How it came in from the prompt; absent: it did not, or its agent did not say. */
    prompt?: { waitedMs: number; wrongKeys: number };
  };
  /** Its caller has keyed the key of this conference at the prompt, and was hung up on. `reason`: why the bridge refused. */
  "call-turned-away": {
    call: CallId;
    number: string;
    why: PromptEnd;
    reason?: RefusalReason;
    wrongKeys: number;
    waitedMs: number;
    by: By;
  };
  /** WebEx has named it, or named it anew; it may have left by then. */
  "call-named": { call: CallId; extCallId: ExtCallId; by: By };
  /** WebEx has given it the name of another live call, so a request for one of them can reach the other. */
  "call-name-shared": { call: CallId; other: CallId; by: By };
  /** WebEx refuses to name it, or nobody waits for its name any more: WebEx is notified of nothing. */
  "call-not-named": { call: CallId; by: By };
  /** The caller keyed its attendee ID after entering (protocol 4.19). */
  "call-merged": { call: CallId; attendeeId: string | null; by: By };
  "call-muted": { call: CallId; muted: boolean; by: By };
  /** The caller began or ended a hold at its telephone. The bridge silences it meanwhile. */
  "call-held": { call: CallId; on: boolean; by: By };
  "call-moved": { call: CallId; room: RoomId; by: By };
  "call-left": { call: CallId; why: LeaveReason; record: CallRecord; by: By };
  /** A call that was dialled is over, and has never entered. */
  "call-not-entered": { call: CallId; why: LeaveReason; record: CallRecord; by: By };
  /** The domain's policy does not let this number be called. */
  "call-out-denied": { country: string; number: string; by: By };
  "room-opened": { room: RoomId; subConfId: SubConfId; by: By };
  "room-closed": { room: RoomId; subConfId: SubConfId; by: By };
  "talk-opened": { room: RoomId; hostCall: CallId; invitee: CallId; by: By };
  "talk-ended": { room: RoomId; by: By };
  /** The bridge says who speaks, or no longer (protocol 4.16). */
  "speakers-followed": { on: boolean; by: By };
  "speaker-changed": { call: CallId; speaking: boolean };
  "command-issued": { command: CommandId; type: string; call?: CallId; room?: RoomId; by: By };
  /** Somebody else wants the same: its result counts for them, too. */
  "command-joined": { command: CommandId; type: string; by: By };
  "command-done": { command: CommandId };
  /** `late`: those who waited for it were answered before. */
  "command-failed": { command: CommandId; type: string; why: RefusalReason | "conference-over"; late?: true };
  /** It has no result in time; a late one still counts. */
  "command-expired": { command: CommandId; type: string };
  /** No message is made of it: WebEx has let the conference go on alone, or has not named the call, and may still do so. */
  "message-withheld": {
    type: string;
    why: "detached" | "unnamed" | "not-named-yet";
    call?: CallId;
    actions?: readonly ActionId[];
  };
  /** The server cannot be reached: it is notified of this, or of how it is then, once it can be. */
  "message-owed": { type: string; msgId: MsgId; actions?: readonly ActionId[] };
  /** What was owed is not said any more: something else says it, or it is not so any more. */
  "message-dropped": { type: string; msgId: MsgId };
  /** A new document, or more messages in one that waits. */
  "post-queued": { transId: TransId; host: Post["host"]; messages: readonly MessageSummary[] };
  /** `refused`: with a code other than 0. `host` and `tookMs` are absent if the mailbox has posted it. */
  "post-confirmed": { transId: TransId; at: number; host?: Post["host"]; tookMs?: number; refused?: true };
  /** `nextAt`: when it is tried again; absent: it was the last attempt, or to find out whether its server is back. */
  "post-failed": {
    transId: TransId;
    attempt: number;
    why: string;
    at: number;
    nextAt?: number;
    host?: Post["host"];
  };
  "post-given-up": {
    transId: TransId;
    host: Post["host"];
    attempts: number;
    why: string;
    messages: readonly NamedMessage[];
    /** It was to find out whether its server is back. */
    probe?: true;
    /** Its last attempt failed: no `post-failed` says that. */
    lastFailed?: true;
  };
  /** Its server was replaced. */
  "post-dropped": { transId: TransId; messages: readonly NamedMessage[] };
  "server-lost": { host: WebexHost; why: string };
  "server-reached": { host: WebexHost };
  /**
   * It is owed nothing any more of what it has not confirmed: another one has taken over, all of it is so no more, or, of a
   * conference that is over, nobody waits (`expired`).
   * `messages`: all that it was never notified of since it was lost.
   */
  "server-settled": { host: WebexHost; expired?: true; messages?: readonly CountedType[] };
  repaired: {
    what:
      | "entered"
      | "left"
      | "muted"
      | "moved"
      | "speaking"
      | "reporting"
      | "locked"
      | "room"
      | "call-out"
      | "lost"
      | "over"
      | "bridge";
    call?: CallId;
  };
  /** Something odd, for operations staff. */
  noted: { text: string };
}

export type FactKind = keyof Facts;

export function saidIn(message: object): Said {
  const found: Partial<Record<keyof Said, string>> = {};
  for (const name of saidNames) {
    const value = (message as Partial<Record<keyof Said, unknown>>)[name];
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
  readonly [Kind in FactKind]: { readonly kind: Kind } & Readonly<Facts[Kind]>;
}[FactKind];

export interface FactRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly facts: readonly Fact[];
}
