import * as v from "valibot";
import { accessCodes } from "../bridge/schemas.ts";
import type { EpochMs, ExtConfId } from "../foundation/ids.ts";
import { secret } from "../foundation/shown.ts";
import { type FromWebexMessages, type OpenRequest, showMessage, showOpenRequest } from "../tsp/messages.ts";
import { cause } from "./facts.ts";
import {
  call,
  count,
  extConfId,
  fields,
  flag,
  list,
  maxCallers,
  maybe,
  msgId,
  nullable,
  room,
  server,
  shown,
  text,
  time,
  word,
  yes,
} from "./marked.ts";

export const request = shown<OpenRequest>(showOpenRequest);
export const causes = list(cause);
const secrets = list(secret(v.string()));

/** Put back from a backup, and not compared with the bridge since: what has happened meanwhile, nobody knows. */
const isRestored = { restored: maybe(yes) };

export type CreateRequest = FromWebexMessages["create-conference"];

/** A request that one or several commands answer. Requests of one id are answered together. */
const commandGroup = fields({
  /** Our own id, since WebEx's servers may use the same MsgID. */
  id: count,
  request,
});
export interface CommandGroup extends v.InferOutput<typeof commandGroup> {}

/** WebEx has closed it (protocol 4.7). */
const closing = fields({
  requests: list(request),
  /** When these requests are answered with a failure. The end is waited for all the same. */
  answerBy: time,
  /** Present where an operator was the first to want the end. */
  byOperator: maybe(yes),
  /** Present where its time without WebEx is up. */
  byPolicy: maybe(yes),
  /** Present where WebEx wants an operator's end, too, or that of a conference it had let go on alone: it is notified of it. */
  isAsked: maybe(yes),
  /** Of one that was found on its bridge: when it counts as lost, since its bridge does not end it. */
  lostAt: maybe(time),
  /** Creates with the same key that came meanwhile: the next conference begins when this one is over. */
  next: list(
    fields({
      message: shown<CreateRequest>(showMessage),
      answerBy: time,
      /** The document in which WebEx asked. */
      by: causes,
    }),
  ),
});
export interface Closing extends v.InferOutput<typeof closing> {}

const speech = fields({
  /** False after a failover, until the new server asks. */
  reporting: flag,
  speaking: list(call),
  /** Calls of a report that was given up: WebEx may have it or not. */
  doubted: maybe(list(call)),
  /** The speakers that WebEx knows of. */
  reported: list(call),
  /** When the oldest change happened that WebEx does not know of. */
  changedAt: nullable(time),
  /** Nothing is reported before this time. */
  notBefore: time,
});
export interface Speech extends v.InferOutput<typeof speech> {}

/** The host, by its latest call, and what it is known by when it comes back: its attendee ID, else its number. */
const chosenHost = fields({ call, attendeeId: nullable(text), number: text });
export interface ChosenHost extends v.InferOutput<typeof chosenHost> {}

const privateTalk = fields({
  room,
  host: call,
  invitee: call,
  /** `adding` and `ending`: both legs leave the talk's room, which is closed when it is empty. */
  stage: v.picklist(["opening", "open", "adding", "ending"]),
  /** Present while `ending`, where it has failed: no fact says that it was opened. */
  neverOpened: maybe(yes),
  /** Present while `ending`, if WebEx asked for the end: the invitee is hung up, and not moved back. */
  dropsInvitee: maybe(yes),
  /** Present while the invitee is in the main room and the host still in the talk's: WebEx is notified of the join when both are out. */
  notifiesJoin: maybe(yes),
  /** Present after the bridge refused to bring a leg out of the room: when that is tried again. */
  retryAt: maybe(time),
  /** Present while the talk is open and the invitee alone in it: when it is let go. */
  aloneUntil: maybe(time),
  /** Who or what has begun it, or has ended it since. */
  by: causes,
});
export interface PrivateTalk extends v.InferOutput<typeof privateTalk> {}

/** The bridge held it, and the edge did not know it, as after a loss of the edge's state. It runs without WebEx until WebEx creates it again. */
const orphan = fields({
  foundAt: time,
  /** When it is ended; absent: never. */
  endAt: maybe(time),
  /** The edge has it locked, so that nobody new is let in. */
  locks: maybe(yes),
  /** Present after the bridge refused to lock it: when that is tried again. */
  retryLockAt: maybe(time),
  /** It may be another edge's, or the settings say so: nothing is done to it. */
  leftAlone: maybe(yes),
});

/** What a conference's record needs besides its state: what has happened since it was asked for. */
const life = fields({
  row: count,
  createdAt: time,
  /** `null` until the bridge has created it. */
  runningAt: nullable(time),
  extConfIds: list(extConfId),
  webexHosts: list(server),
  /** As WebEx named it with a create; empty: it did not. */
  topic: text,
  /** The edge found it on the bridge: what was before is what the bridge's agent knew. */
  fromBridge: maybe(yes),
  /** One of its calls has a record that says so. */
  clockDiffers: maybe(yes),
  callers: count,
  mostCallers: count,
  /** Those that are over, and their started minutes. */
  calls: count,
  callMinutes: count,
  failovers: count,
  repairs: count,
  givenUp: count,
});
export interface Life extends v.InferOutput<typeof life> {}

/** What the latest create says about callers who enter, as the bridge and its agent are told. */
const entryRules = {
  maxCallers,
  /** Whoever keys it as its attendee ID is a silent monitor (protocol 4.18). */
  anonymousId: nullable(secret(v.string())),
  /** Absent: the key alone leads in. */
  accessCodes: maybe(accessCodes),
  /** Those of creates before, newest last. Somebody may still key one, and it names nobody. */
  formerSecrets: maybe(secrets),
};
export interface EntryRules extends Readonly<v.InferOutput<v.ObjectSchema<typeof entryRules, undefined>>> {}

/** The part of a conference that it has from the request to create it until its end. */
const ongoing = {
  ...entryRules,
  life,
  extConfId,
  /** The TSP server that is notified (protocol T12). */
  host: server,
  /** Handles that another create has replaced (protocol 4.9), with the server that had each. No other conference gets one before its `until`. */
  formerHandles: list(fields({ extConfId, host: maybe(server), until: time })),
  /** True if the latest create had `HybridSDKEnabled="True"`. */
  hybridEnabled: flag,
  /** The host's call, where the meeting's data name it. */
  namedHost: maybe(fields({ attendeeId: maybe(text), extCallId: maybe(word) })),
};
export interface Ongoing extends Readonly<v.InferOutput<v.ObjectSchema<typeof ongoing, undefined>>> {}

/** Of one that is on its bridge and was not found yet: calls of it have left already, which its record counts. */
const hasUnfound = { unfound: maybe(life) };

/** Nothing is known of it, but what led in before: the bridge did not create the next. */
const absent = fields({
  ...isRestored,
  ...hasUnfound,
  phase: v.literal("absent"),
  /** WebEx was told that it is not created: a bridge that creates it all the same ends it. */
  notCreated: maybe(yes),
  formerSecrets: maybe(secrets),
});
interface Absent extends v.InferOutput<typeof absent> {}

/** The bridge is creating it; nobody can join yet. */
const creating = fields({
  ...ongoing,
  phase: v.literal("creating"),
  requests: list(request),
  /** Present once WebEx has closed it and wants its audio kept (protocol 4.8): it is created, and then so. */
  keeps: maybe(list(request)),
});
export interface Creating extends v.InferOutput<typeof creating> {}

const running = fields({
  ...ongoing,
  ...isRestored,
  phase: v.literal("running"),
  /** False after a keep-alive close (protocol 4.8): the audio goes on, and WebEx is notified of nothing until it creates again. */
  attached: flag,
  locked: flag,
  /** Present while the bridge is to end it. If the bridge refuses, the conference goes on. */
  closing: maybe(closing),
  /** A deserted conference is ended at this time, not before: the bridge refused to end it. */
  retryEndAt: maybe(time),
  /** The same where WebEx has detached from it and nobody has entered yet (protocol 4.8). */
  keptUntil: maybe(time),
  /** Present after the bridge refused to take the entry rules: when it is told again. */
  renewAt: maybe(time),
  orphan: maybe(orphan),
  /** Present while the bridge reports who speaks (protocol 4.16). */
  speech: maybe(speech),
  /** Who the host is, from the first private talk on (protocol 4.21). */
  chosenHost: maybe(chosenHost),
  /** Present while the host talks to an invitee in private (protocol 4.21). */
  talk: maybe(privateTalk),
  /** Requests that became one command for each of several calls, or none of their own, until they are answered. */
  groups: list(commandGroup),
  /** MsgIDs of lost `caller-entered` of callers who have left. WebEx may have got one, and may still name its call. */
  lostEntries: maybe(list(msgId)),
  /** The last calls that were turned away: an agent that dies meanwhile does it again, and reports it again. */
  turnedAway: maybe(list(call)),
});
export interface Running extends v.InferOutput<typeof running> {}

/** Over. Kept for late traffic, and to know of an end that was not reported to WebEx (protocol 4.9 F5). */
const ended = fields({
  ...isRestored,
  ...hasUnfound,
  phase: v.literal("ended"),
  at: time,
  /** WebEx asked for the end, and so knows of it. */
  byWebex: flag,
  /** Until when a create with this key is answered with code 11. */
  closedUntil: maybe(time),
  /** Its last server, or the one answered with code 11 since, and its handle; absent: none is known. */
  host: maybe(server),
  extConfId: maybe(extConfId),
  /** Code 11 was answered: unless that is lost, the next create makes a new conference. */
  told: maybe(yes),
  formerSecrets: maybe(secrets),
});
export interface Ended extends v.InferOutput<typeof ended> {}

/** In which phase a conference is, and what is known of it as a whole. */
export const head = v.variant("phase", [absent, creating, running, ended]);
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
