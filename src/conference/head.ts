import type { AccessCodes } from "../bridge/schemas.ts";
import type { CallId, EpochMs, ExtConfId, MsgId, RoomId, WebexHost } from "../foundation/ids.ts";
import type { FromWebexMessages, OpenRequest } from "../tsp/messages.ts";
import type { Cause } from "./facts.ts";

/** Put back from a backup, and not compared with the bridge since: what has happened meanwhile, nobody knows. */
interface Restored {
  readonly restored?: true;
}

export type CreateRequest = FromWebexMessages["create-conference"];

/** A request that one or several commands answer. Requests of one id are answered together. */
export interface CommandGroup {
  /** Our own id, since WebEx's servers may use the same MsgID. */
  readonly id: number;
  readonly request: OpenRequest;
}

/** WebEx has closed it (protocol 4.7). */
export interface Closing {
  readonly requests: readonly OpenRequest[];
  /** When these requests are answered with a failure. The end is waited for all the same. */
  readonly answerBy: EpochMs;
  /** Present where an operator was the first to want the end. */
  readonly byOperator?: true;
  /** Present where its time without WebEx is up. */
  readonly byPolicy?: true;
  /** Present where WebEx wants an operator's end, too, or that of a conference it had let go on alone: it is notified of it. */
  readonly isAsked?: true;
  /** Of one that was found on its bridge: when it counts as lost, since its bridge does not end it. */
  readonly lostAt?: EpochMs;
  /** Creates with the same key that came meanwhile: the next conference begins when this one is over. */
  readonly next: readonly {
    readonly message: CreateRequest;
    readonly answerBy: EpochMs;
    /** The document in which WebEx asked. */
    readonly by: readonly Cause[];
  }[];
}

export interface Speech {
  /** False after a failover, until the new server asks. */
  readonly reporting: boolean;
  readonly speaking: readonly CallId[];
  /** Calls of a report that was given up: WebEx may have it or not. */
  readonly doubted?: readonly CallId[];
  /** The speakers that WebEx knows of. */
  readonly reported: readonly CallId[];
  /** When the oldest change happened that WebEx does not know of. */
  readonly changedAt: EpochMs | null;
  /** Nothing is reported before this time. */
  readonly notBefore: EpochMs;
}

/** The host's latest call, and the attendee ID that recognizes a returning host. */
export interface ChosenHost {
  readonly call: CallId;
  readonly attendeeId: string | null;
}

export interface PrivateTalk {
  readonly room: RoomId;
  readonly host: CallId;
  readonly invitee: CallId;
  /** `adding` and `ending`: both legs leave the talk's room, which is closed when it is empty. */
  readonly stage: "opening" | "open" | "adding" | "ending";
  /** Present while `ending`, where it has failed: no fact says that it was opened. */
  readonly neverOpened?: true;
  /** Present while `ending`, if WebEx asked for the end: the invitee is hung up, and not moved back. */
  readonly dropsInvitee?: true;
  /** Present while the invitee is in the main room and the host still in the talk's: WebEx is notified of the join when both are out. */
  readonly notifiesJoin?: true;
  /** Present after the bridge refused to bring a leg out of the room: when that is tried again. */
  readonly retryAt?: EpochMs;
  /** Present while the talk is open and the invitee alone in it: when it is let go. */
  readonly aloneUntil?: EpochMs;
  /** Who or what has begun it, or has ended it since. */
  readonly by: readonly Cause[];
}

/** The bridge held it, and the edge did not know it, as after a loss of the edge's state. It runs without WebEx until WebEx creates it again. */
interface Orphan {
  readonly foundAt: EpochMs;
  /** When it is ended; absent: never. */
  readonly endAt?: EpochMs;
  /** The edge has it locked, so that nobody new is let in. */
  readonly locks?: true;
  /** Present after the bridge refused to lock it: when that is tried again. */
  readonly retryLockAt?: EpochMs;
  /** It may be another edge's, or the settings say so: nothing is done to it. */
  readonly leftAlone?: true;
}

/** What a conference's record needs besides its state: what has happened since it was asked for. */
export interface Life {
  readonly row: number;
  readonly createdAt: EpochMs;
  /** `null` until the bridge has created it. */
  readonly runningAt: EpochMs | null;
  readonly extConfIds: readonly ExtConfId[];
  readonly webexHosts: readonly WebexHost[];
  /** As WebEx named it with a create; empty: it did not. */
  readonly topic: string;
  /** The edge found it on the bridge: what was before is what the bridge's agent knew. */
  readonly fromBridge?: true;
  /** One of its calls has a record that says so. */
  readonly clockDiffers?: true;
  readonly callers: number;
  readonly mostCallers: number;
  /** Those that are over, and their started minutes. */
  readonly calls: number;
  readonly callMinutes: number;
  readonly failovers: number;
  readonly repairs: number;
  readonly givenUp: number;
}

/** What the latest create says about callers who enter, as the bridge and its agent are told. */
export interface EntryRules {
  readonly maxCallers: number | null;
  /** Whoever keys it as its attendee ID is a silent monitor (protocol 4.18). */
  readonly anonymousId: string | null;
  /** Absent: the key alone leads in. */
  readonly accessCodes?: AccessCodes;
  /** Those of creates before, newest last. Somebody may still key one, and it names nobody. */
  readonly formerSecrets?: readonly string[];
}

/** The part of a conference that it has from the request to create it until its end. */
export interface Ongoing extends EntryRules {
  readonly life: Life;
  readonly extConfId: ExtConfId;
  /** The TSP server that is notified (protocol T12). */
  readonly host: WebexHost;
  /** Handles that another create has replaced (protocol 4.9), with the server that had each. No other conference gets one before its `until`. */
  readonly formerHandles: readonly {
    readonly extConfId: ExtConfId;
    readonly host?: WebexHost;
    readonly until: EpochMs;
  }[];
  /** True if the latest create had `HybridSDKEnabled="True"`. */
  readonly hybridEnabled: boolean;
  /** The host's call, where the meeting's data name it. */
  readonly namedHost?: { readonly attendeeId?: string; readonly extCallId?: string };
}

/** Of one that is on its bridge and was not found yet: calls of it have left already, which its record counts. */
interface Unfound {
  readonly unfound?: Life;
}

/** Nothing is known of it, but what led in before: the bridge did not create the next. */
interface Absent extends Restored, Unfound {
  readonly phase: "absent";
  /** WebEx was told that it is not created: a bridge that creates it all the same ends it. */
  readonly notCreated?: true;
  readonly formerSecrets?: readonly string[];
}

/** The bridge is creating it; nobody can join yet. */
export interface Creating extends Ongoing {
  readonly phase: "creating";
  readonly requests: readonly OpenRequest[];
  /** Present once WebEx has closed it and wants its audio kept (protocol 4.8): it is created, and then so. */
  readonly keeps?: readonly OpenRequest[];
}

export interface Running extends Ongoing, Restored {
  readonly phase: "running";
  /** False after a keep-alive close (protocol 4.8): the audio goes on, and WebEx is notified of nothing until it creates again. */
  readonly attached: boolean;
  readonly locked: boolean;
  /** Present while the bridge is to end it. If the bridge refuses, the conference goes on. */
  readonly closing?: Closing;
  /** A deserted conference is ended at this time, not before: the bridge refused to end it. */
  readonly retryEndAt?: EpochMs;
  /** The same where WebEx has detached from it and nobody has entered yet (protocol 4.8). */
  readonly keptUntil?: EpochMs;
  /** Present after the bridge refused to take the entry rules: when it is told again. */
  readonly renewAt?: EpochMs;
  readonly orphan?: Orphan;
  /** Present while the bridge reports who speaks (protocol 4.16). */
  readonly speech?: Speech;
  /** Host by the host code, or the known host of the latest private talk (protocol 4.21). */
  readonly chosenHost?: ChosenHost;
  /** Present while the host talks to an invitee in private (protocol 4.21). */
  readonly talk?: PrivateTalk;
  /** Requests that became one command for each of several calls, or none of their own, until they are answered. */
  readonly groups: readonly CommandGroup[];
  /** MsgIDs of lost `caller-entered` of callers who have left. WebEx may have got one, and may still name its call. */
  readonly lostEntries?: readonly MsgId[];
  /** The last calls that were turned away: an agent that dies meanwhile does it again, and reports it again. */
  readonly turnedAway?: readonly CallId[];
}

/** Over. Kept for late traffic, and to know of an end that was not reported to WebEx (protocol 4.9 F5). */
export interface Ended extends Restored, Unfound {
  readonly phase: "ended";
  readonly at: EpochMs;
  /** WebEx asked for the end, and so knows of it. */
  readonly byWebex: boolean;
  /** Until when a create with this key is answered with code 11. */
  readonly closedUntil?: EpochMs;
  /** Its last server, or the one answered with code 11 since, and its handle; absent: none is known. */
  readonly host?: WebexHost;
  readonly extConfId?: ExtConfId;
  /** Code 11 was answered: unless that is lost, the next create makes a new conference. */
  readonly told?: true;
  readonly formerSecrets?: readonly string[];
}

/** In which phase a conference is, and what is known of it as a whole. */
export type Head = Absent | Creating | Running | Ended;

/** The bridge has said how it is. */
export function compared(head: Head): Head {
  if (head.phase === "creating" || (!head.restored && !("unfound" in head))) return head;
  const { restored: _, ...now } = head;
  if (now.phase === "running") return now;
  const { unfound: __, ...rest } = now;
  return rest;
}

/** All that leads callers in, or makes them silent monitors, and all that did. */
export function secretsOf(head: Head): readonly string[] {
  const { formerSecrets = [] } = head;
  if (!isOngoing(head)) return formerSecrets;
  const now = [head.anonymousId, head.accessCodes?.subscriber, head.accessCodes?.participant];
  return [...new Set([...formerSecrets, ...now.flatMap((secret) => secret ?? [])])];
}

/** The attendee ID as facts have it: what leads in, or has become what leads in, names nobody. */
export function namedAs(
  { attendeeId, keyedSecret }: { readonly attendeeId: string | null; readonly keyedSecret?: true },
  head: Head,
): string | null {
  const secrets: readonly (string | null)[] = secretsOf(head);
  return keyedSecret || secrets.includes(attendeeId) ? null : attendeeId;
}

export function isOngoing(head: Head): head is Creating | Running {
  return head.phase === "creating" || head.phase === "running";
}

/** Absent: nobody wants it to end. */
export function closingOf(head: Head): Closing | undefined {
  return head.phase === "running" ? head.closing : undefined;
}

/** Whether this handle is the conference's own, or one that was replaced a short time ago: no other conference gets it. */
export function holdsHandle(head: Head, extConfId: ExtConfId, at: EpochMs): boolean {
  if (!isOngoing(head)) return false;
  return (
    head.extConfId === extConfId || head.formerHandles.some((old) => old.extConfId === extConfId && at < old.until)
  );
}

/** Whether another create has replaced this handle (protocol 4.9). */
export function isFormerHandle(head: Head, extConfId: ExtConfId | undefined): boolean {
  if (!isOngoing(head) || extConfId === head.extConfId) return false;
  return head.formerHandles.some((former) => former.extConfId === extConfId);
}
