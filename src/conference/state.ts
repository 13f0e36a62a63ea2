import * as v from "valibot";
import { type BridgeCommand, command } from "../bridge/commands.ts";
import { type AccessCodes, accessCodes } from "../bridge/schemas.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  EpochMs,
  ExtCallId,
  ExtConfId,
  MsgId,
  PhoneNumber,
  RoomId,
  SubConfId,
  WebexHost,
} from "../foundation/ids.ts";
import { type Show, showFields, showOf } from "../foundation/shown.ts";
import type { CallRecord } from "../records/call-record.ts";
import { type OpenRequest, showOpenRequest } from "../tsp/answers.ts";
import type { FromWebexMessages, Spelling, ToWebex } from "../tsp/messages.ts";
import type { Codes } from "../tsp/protocol-table.ts";
import { showMessage } from "../tsp/show-message.ts";
import { type Cause, cause, type LeaveReason } from "./facts.ts";

const showCauses = showOf(v.array(cause));

/**
 * All that is known of one conference. The head says in which phase it is. Callers, commands and call-outs have keys of their
 * own: a decision touches, and the store writes, only the entries that it changes.
 */
export interface ConferenceState {
  readonly head: Head;
  readonly callers: ReadonlyMap<CallId, Caller>;
  readonly callOuts: ReadonlyMap<CallId, CallOut>;
  readonly commands: ReadonlyMap<CommandId, PendingCommand>;
  readonly rooms: ReadonlyMap<RoomId, Room>;
  /** The server that is behind, by its name; at most one. */
  readonly outages: ReadonlyMap<WebexHost, Outage>;
  /** What WebEx is to learn once it can be reached (`debts.ts` has the keys). */
  readonly debts: ReadonlyMap<string, ToWebex>;
}

export type Head = Absent | Creating | Running | Ended;

interface Absent {
  readonly phase: "absent";
  /** As of an ended one: the bridge did not create the next. */
  readonly formerSecrets?: readonly string[];
}

/** The bridge is creating it; nobody can join yet. */
export interface Creating extends Ongoing {
  readonly phase: "creating";
  readonly requests: readonly OpenRequest[];
  /** Present once WebEx has closed it and wants its audio kept (protocol 4.8): it is created, and then so. */
  readonly keeps?: readonly OpenRequest[];
}

export interface Running extends Ongoing {
  readonly phase: "running";
  /** False after a keep-alive close (protocol 4.8): the audio goes on, and WebEx hears nothing until it creates again. */
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
  /** Present while the bridge reports who speaks (protocol 4.16). */
  readonly speech?: Speech;
  /** Who the host is, from the first private talk on (protocol 4.21). */
  readonly chosenHost?: ChosenHost;
  /** Present while the host talks to an invitee in private (protocol 4.21). */
  readonly talk?: PrivateTalk;
  /** Requests that became one command for each of several calls, or none of their own, until they are answered. */
  readonly groups: readonly CommandGroup[];
  /** Calls whose leaving an older version could not report; it is reported to the next server (protocol 4.9 F4). */
  readonly departed?: readonly ExtCallId[];
  /** MsgIDs of lost `caller-entered` of callers who have left. WebEx may have got one, and may still name its call. */
  readonly lostEntries?: readonly MsgId[];
}

/** Over. Kept for late traffic, and to know of an end that was not reported to WebEx (protocol 4.9 F5). */
interface Ended {
  readonly phase: "ended";
  /** WebEx asked for the end, and so knows of it. */
  readonly byWebex: boolean;
  /** Until when a create with this key is answered with code 11. */
  readonly closedUntil?: EpochMs;
  /** The server that it had, or that was answered code 11 since; absent in what an older version kept. */
  readonly host?: WebexHost;
  /** The handle that it had; absent as above. */
  readonly extConfId?: ExtConfId;
  /** Code 11 was answered: unless that is lost, the next create makes a new conference. */
  readonly told?: true;
  /** What led in, or made a silent monitor: somebody may still key it, and it names nobody. */
  readonly formerSecrets?: readonly string[];
}

/** A request that one or several commands answer. Requests of one id are answered together. */
export interface CommandGroup {
  /** Our own id, since WebEx's servers may use the same MsgID. */
  readonly id: number;
  readonly request: OpenRequest;
}

const showGroup = showFields<CommandGroup>({ id: "open", request: showOpenRequest });

interface WaitingCreate {
  readonly message: CreateRequest;
  readonly answerBy: EpochMs;
  /** In which document WebEx asked; absent in what version 0.1 kept. */
  readonly by?: readonly Cause[];
}

/** WebEx has closed it (protocol 4.7). */
export interface Closing {
  readonly requests: readonly OpenRequest[];
  /** When these requests are answered with a failure. The end is waited for all the same. */
  readonly answerBy: EpochMs;
  /** Present where an operator was the first to want the end. */
  readonly byOperator?: true;
  /** Present where WebEx wants an operator's end, too, or that of a conference it had let go on alone: it is notified of it. */
  readonly isAsked?: true;
  /** Creates with the same key that came meanwhile: the next conference begins when this one is over. */
  readonly next: readonly WaitingCreate[];
}

const showClosing = showFields<Closing>({
  ...{ requests: showOpenRequest, answerBy: "open", byOperator: "open", isAsked: "open" },
  next: showFields<WaitingCreate>({ message: showMessage, answerBy: "open", by: showCauses }),
});

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

const showSpeech = showFields<Speech>({
  ...{ reporting: "open", speaking: "open", doubted: "open", reported: "open", changedAt: "open", notBefore: "open" },
});

/** The host, by its latest call, and what it is known by when it comes back: its attendee ID, else its number. */
export interface ChosenHost {
  readonly call: CallId;
  readonly attendeeId: string | null;
  readonly number: string;
}

const showChosenHost = showFields<ChosenHost>({ call: "open", attendeeId: "personal", number: "personal" });

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

const showTalk = showFields<PrivateTalk>({
  ...{ room: "open", host: "open", invitee: "open", stage: "open", dropsInvitee: "open", notifiesJoin: "open" },
  ...{ neverOpened: "open", retryAt: "open", aloneUntil: "open", by: showCauses },
});

/** What the latest create says about callers who enter, as the bridge and its agent are told. */
export interface EntryRules {
  /** How many there may be; `null`: any number. */
  readonly maxCallers: number | null;
  /** Whoever keys it as its attendee ID is a silent monitor (protocol 4.18). */
  readonly anonymousId: string | null;
  /** Absent: the key alone leads in. */
  readonly accessCodes?: AccessCodes;
  /** Those of creates before, newest last. */
  readonly formerSecrets?: readonly string[];
}

const showCodes = showOf(accessCodes);

/** What a conference's record needs besides its state: what has happened since it was asked for. */
export interface Life {
  /** The row of the journal in which it began. */
  readonly row: number;
  readonly createdAt: EpochMs;
  /** `null` until the bridge has created it. */
  readonly runningAt: EpochMs | null;
  readonly extConfIds: readonly ExtConfId[];
  readonly webexHosts: readonly WebexHost[];
  /** As WebEx named it with a create; empty: it did not. */
  readonly topic: string;
  readonly callers: number;
  readonly mostCallers: number;
  /** Those that are over, and their started minutes. */
  readonly calls: number;
  readonly callMinutes: number;
  readonly failovers: number;
  readonly repairs: number;
  /** Messages to WebEx. */
  readonly givenUp: number;
}

const showLife = showFields<Life>({
  ...{
    row: "open",
    createdAt: "open",
    runningAt: "open",
    extConfIds: "open",
    webexHosts: "address",
    topic: "personal",
  },
  ...{ callers: "open", mostCallers: "open", calls: "open", callMinutes: "open", failovers: "open", repairs: "open" },
  givenUp: "open",
});

/** What a call's record needs besides the call itself: what has happened since it was dialled or came in. A count of 0 is left out. */
export interface CallHistory {
  /** The row of the journal in which it began. */
  readonly began: number;
  /** The number that a caller who came in has dialled; empty: nobody knows. */
  readonly dialled?: string;
  readonly dialledAt?: EpochMs;
  /** Absent where it is when it entered, or never was. */
  readonly answeredAt?: EpochMs;
  readonly enteredAt?: EpochMs;
  readonly mutes?: number;
  /** How long it was muted, up to when it was muted last. */
  readonly mutedMs?: number;
  readonly mutedAt?: EpochMs;
  /** As a record names them; absent: the main room alone. */
  readonly rooms?: readonly string[];
  readonly failovers?: number;
  readonly repairs?: number;
}

const showHistory = showFields<CallHistory>({
  ...{ began: "open", dialled: "open", dialledAt: "open", answeredAt: "open", enteredAt: "open", mutes: "open" },
  ...{ mutedMs: "open", mutedAt: "open", rooms: "open", failovers: "open", repairs: "open" },
});

/** The part of a conference that it has from the request to create it until its end. */
export interface Ongoing extends EntryRules {
  readonly life: Life;
  readonly extConfId: ExtConfId;
  /** The TSP server that is notified (protocol T12). */
  readonly host: WebexHost;
  /** Handles that another create has replaced (protocol 4.9). No other conference gets one before its `until`. */
  readonly formerHandles: readonly FormerHandle[];
  /** The host's call, where the meeting's data name it. */
  readonly namedHost?: { readonly attendeeId?: string; readonly extCallId?: string };
}

interface FormerHandle {
  readonly extConfId: ExtConfId;
  /** The server that had it; absent in what an older version kept. */
  readonly host?: WebexHost;
  readonly until: EpochMs;
}

const showHandle = showFields<FormerHandle>({ extConfId: "open", host: "address", until: "open" });

export const showHead: Show<Head> = showFields<Head>({
  ...{ phase: "open", requests: showOpenRequest, keeps: showOpenRequest, attached: "open", locked: "open" },
  ...{ closing: showClosing, retryEndAt: "open", keptUntil: "open", renewAt: "open", speech: showSpeech },
  ...{ chosenHost: showChosenHost, talk: showTalk, groups: showGroup, departed: "open", lostEntries: "open" },
  ...{ byWebex: "open", closedUntil: "open", host: "address", extConfId: "open", told: "open", life: showLife },
  ...{
    maxCallers: "open",
    anonymousId: "secret",
    accessCodes: showCodes,
    formerSecrets: "secret",
    formerHandles: showHandle,
  },
  namedHost: showFields<NonNullable<Ongoing["namedHost"]>>({ attendeeId: "personal", extCallId: "open" }),
});

export type CreateRequest = FromWebexMessages["create-conference"];
type ParticipantType = keyof Codes["participantType"] | number;

/** A call in the conference, or one that left before WebEx named it. */
export interface Caller {
  readonly call: CallId;
  /** Rises with each entry. */
  readonly rank: number;
  /** Digits; empty when withheld. */
  readonly number: string;
  readonly attendeeId: string | null;
  /** The reports that brought an attendee ID, newest last: each counts once. */
  readonly identifications?: readonly CommandId[];
  /** Its attendee ID lets somebody in, or makes it a silent monitor: WebEx is told, and nobody else. */
  readonly keyedSecret?: true;
  /** It keyed the subscriber code of the meeting's account (protocol 2.2.1): it is the host's. */
  readonly keyedHostCode?: true;
  readonly participantType: ParticipantType;
  readonly muted: boolean;
  /** A private talk lifts its mute, which only the bridge knows (protocol 4.21); false: the mute is restored. */
  readonly heardInTalk?: boolean;
  /** WebEx takes the call for muted when it enters: a silent monitor, or a call-out that asked for no more than to listen. */
  readonly entersMuted?: true;
  readonly room: RoomId;
  /** How it returns from a sub-conference (protocol 4.13); `null` while it is in the main room. */
  readonly mutedInMain: boolean | null;
  /** `null` until WebEx has named the call. */
  readonly extCallId: ExtCallId | null;
  /** The `caller-entered` that waits for its answer. */
  readonly enterMsgId: MsgId | null;
  /** That one was posted and given up, or is a probe: WebEx may have it, and may still name the call. */
  readonly entryLost?: true;
  /** The one that was answered: another answer to it names the call anew (protocol 2.2.9). */
  readonly namedBy?: MsgId;
  /** Changes to report once WebEx has named the call anew, in order (protocol 2.3.3); only the last of several alike. */
  readonly held: readonly HeldChange[];
  readonly left: boolean;
  readonly history: CallHistory;
}

/** A change of one caller, in the words of its notification. */
export interface CallerChange {
  readonly status: "unmuted" | "muted" | "left";
  /** Keyed just now (protocol 4.19). */
  readonly attendeeId?: string;
  /** From the private talk into the main conference (protocol 4.21). */
  readonly action?: "joined-main";
  readonly actionResult?: "ok";
}

/** A change that WebEx is notified of later, and the operators who wanted it. */
type HeldChange = CallerChange & { readonly by?: readonly Cause[] };

export const showCaller: Show<Caller> = showFields<Caller>({
  ...{ call: "open", rank: "open", number: "personal", attendeeId: "personal", identifications: "open" },
  ...{
    keyedSecret: "open",
    keyedHostCode: "open",
    participantType: "open",
    muted: "open",
    heardInTalk: "open",
    entersMuted: "open",
  },
  ...{ room: "open", mutedInMain: "open", extCallId: "open", enterMsgId: "open", entryLost: "open", namedBy: "open" },
  ...{ left: "open", history: showHistory },
  held: showFields<HeldChange>({
    ...{ status: "open", attendeeId: "personal", action: "open", actionResult: "open", by: showCauses },
  }),
});

/** A call that WebEx or an operator had us dial and that has not entered yet. */
export interface CallOut {
  readonly call: CallId;
  /** `null` once it is answered, and where an operator asked. */
  readonly request: OpenRequest | null;
  /** `null`: WebEx does not know of it, and names it when it enters. */
  readonly extCallId: ExtCallId | null;
  /** Who had it dialled; absent in what an older version kept. */
  readonly by?: readonly Cause[];
  readonly number: PhoneNumber;
  /** As it was given with the request, if at all. */
  readonly attendeeId?: string;
  readonly participantType: ParticipantType;
  readonly muted: boolean;
  /** Invited by phone: it talks to the host in private first (protocol 4.21). */
  readonly privately: boolean;
  /**
   * `waiting`: picked up, and on the line until the host adds it; WebEx knows of it (protocol 4.21). `dropping`: nobody
   * wants it any more, and it stays here until the bridge has hung it up (protocol 4.4).
   */
  readonly stage: "dialling" | "answered" | "waiting" | "dropping";
  /** The MsgID of its `caller-entered` while it waits and WebEx has not confirmed its name. */
  readonly enterMsgId?: MsgId | null;
  /** When it has failed, if nothing was heard of it; `dropping`: when a refused hang-up is tried again, if at all. */
  readonly answerBy: EpochMs | null;
  readonly history: CallHistory;
  /** `dropping`: why nobody wants it any more. */
  readonly end?: CallEnd;
}

const showEnd = showFields<CallEnd>({ endedBy: "open", status: "open", reason: "open" });

export const showCallOut: Show<CallOut> = showFields<CallOut>({
  ...{ call: "open", request: showOpenRequest, extCallId: "open", by: showCauses, number: "personal" },
  ...{ attendeeId: "personal", participantType: "open", muted: "open", privately: "open", stage: "open" },
  ...{ enterMsgId: "open", answerBy: "open", history: showHistory, end: showEnd },
});

/** Who ended a call, what became of it, and why. */
export type CallEnd = Pick<CallRecord, "endedBy" | "status"> & { readonly reason: LeaveReason };

/** A command without a result yet. */
export interface PendingCommand {
  readonly id: CommandId;
  readonly command: BridgeCommand;
  /** Its request is answered with a failure then, so it must not begin later; `null`: it has all the time it needs. */
  readonly answerBy: EpochMs | null;
  /** Set on a command left over from an earlier life: the bridge it is for. Its result changes nothing here. */
  readonly bridge?: BridgeName;
  /** Its time has passed and its request is answered; its result is still awaited, to undo or report the effect. */
  readonly expired?: true;
  /** The request that its result answers. */
  readonly request: OpenRequest | null;
  /** The group that it is one command of. */
  readonly group?: CommandGroup["id"];
  /** Its effect is not reported: the notification of a later command includes it. */
  readonly unreported?: true;
  /** It lifts the mute of a private talk's host, or restores it. */
  readonly forTalk?: true;
  /** Who or what wants it; absent in what an older version kept. */
  readonly by?: readonly Cause[];
}

export const showPending: Show<PendingCommand> = showFields<PendingCommand>({
  ...{ id: "open", command: showOf(command), answerBy: "open", bridge: "open", expired: "open" },
  ...{ request: showOpenRequest, group: "open", unreported: "open", forTalk: "open", actions: "open" },
  by: showCauses,
});

/** The request to close a sub-conference. */
export interface CloseRequest {
  readonly request: OpenRequest;
  /** When it is answered with a failure. */
  readonly answerBy: EpochMs;
  /** Calls that went back since. Only the answer says so to WebEx, or one notification each if the room stays open. */
  readonly returned: readonly CallId[];
}

const showCloseRequest = showFields<CloseRequest>({ request: showOpenRequest, answerBy: "open", returned: "open" });

/** A sub-conference (protocol 4.13). */
export interface Room {
  readonly room: RoomId;
  readonly subConfId: SubConfId;
  readonly spelling?: Spelling;
  readonly stage: "opening" | "open" | "closing";
  readonly closeRequest: CloseRequest | null;
  /** The server is a new one since the room began to close, and hears of the room only if it stays. */
  readonly unannounced?: true;
  /** Present after the bridge refused to close the room of a conference without WebEx: when that is tried again. */
  readonly retryAt?: EpochMs;
  /** Present while `closing`: who or what wants that. */
  readonly by?: readonly Cause[];
}

export const showRoom: Show<Room> = showFields<Room>({
  ...{ room: "open", subConfId: "open", spelling: "open", stage: "open", closeRequest: showCloseRequest },
  ...{ unannounced: "open", retryAt: "open", by: showCauses },
});

/** A TSP server that did not confirm what was posted to it (protocol 4.9): it is posted probes alone, until it is heard of. */
export interface Outage {
  readonly host: WebexHost;
  /** Since when; of a conference that is over, since its end. */
  readonly since: EpochMs;
  /** When the last document was given up, and why. */
  readonly failedAt: EpochMs;
  readonly why: string;
  /** How many probes were given up. */
  readonly probes: number;
  /** Something has happened since: it is probed sooner. */
  readonly hasNew?: true;
  /** The probe under way: since when, and the keys of what it says. */
  readonly probe?: { readonly at: EpochMs; readonly keys: readonly string[] };
}

const showProbe = showFields<NonNullable<Outage["probe"]>>({ at: "open", keys: "open" });

export const showOutage: Show<Outage> = showFields<Outage>({
  ...{
    host: "address",
    since: "open",
    failedAt: "open",
    why: "open",
    probes: "open",
    hasNew: "open",
    probe: showProbe,
  },
});

/** Entries to write, or to delete where the value is `null`. */
export interface Changes {
  readonly head?: Head;
  readonly callers: ReadonlyMap<CallId, Caller | null>;
  readonly callOuts: ReadonlyMap<CallId, CallOut | null>;
  readonly commands: ReadonlyMap<CommandId, PendingCommand | null>;
  readonly rooms: ReadonlyMap<RoomId, Room | null>;
  readonly outages: ReadonlyMap<WebexHost, Outage | null>;
  readonly debts: ReadonlyMap<string, ToWebex | null>;
}

/** All that leads callers in, or makes them silent monitors, and all that did. */
export function secretsOf(head: Head): readonly string[] {
  const { formerSecrets = [] } = head;
  if (!isOngoing(head)) return formerSecrets;
  const now = [head.anonymousId, head.accessCodes?.subscriber, head.accessCodes?.participant];
  return [...new Set([...formerSecrets, ...now.flatMap((secret) => secret ?? [])])];
}

/** Whether there is a conference that is not over. */
export function isOngoing(head: Head): head is Creating | Running {
  return head.phase === "creating" || head.phase === "running";
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

/** The attendee ID as facts have it: what leads in, or has become what leads in, names nobody. */
export function namedAs(
  { attendeeId, keyedSecret }: Pick<Caller, "attendeeId" | "keyedSecret">,
  head: Head,
): string | null {
  if (attendeeId !== null && secretsOf(head).includes(attendeeId)) return null;
  return keyedSecret ? null : attendeeId;
}

/** Whether the bridge holds the call as muted. */
export function isMutedOnBridge({ muted, heardInTalk }: Caller): boolean {
  return muted && heardInTalk !== true;
}

/** The kinds of entries besides the head: the word for one, as in its key on disk, and for all. */
export const entryKinds = {
  caller: "callers",
  "call-out": "callOuts",
  command: "commands",
  room: "rooms",
  outage: "outages",
  debt: "debts",
} as const;

/** A state whose owner holds it alone and changes it in place: a change costs what changed, not what there is. */
export interface OwnState extends ConferenceState {
  head: Head;
  readonly callers: Map<CallId, Caller>;
  readonly callOuts: Map<CallId, CallOut>;
  readonly commands: Map<CommandId, PendingCommand>;
  readonly rooms: Map<RoomId, Room>;
  readonly outages: Map<WebexHost, Outage>;
  readonly debts: Map<string, ToWebex>;
}

export function emptyState(): OwnState {
  return {
    head: { phase: "absent" },
    callers: new Map(),
    callOuts: new Map(),
    commands: new Map(),
    rooms: new Map(),
    outages: new Map(),
    debts: new Map(),
  };
}

/** What is kept on disk, by keys: `head` or `kind/id`; `null` deletes an entry. */
export function* entriesIn({ head, ...changes }: Changes): Generator<readonly [key: string, value: unknown]> {
  if (head) yield ["head", head];
  for (const [kind, plural] of Object.entries(entryKinds)) {
    for (const [id, value] of changes[plural]) yield [`${kind}/${id}`, value];
  }
}

/** False: it is no part of the state. */
export function applyEntry(state: OwnState, key: string, value: unknown): boolean {
  const [kind = ""] = key.split("/", 1);
  if (kind === "head") state.head = value as Head;
  else if (Object.hasOwn(entryKinds, kind)) {
    const entries: Map<string, unknown> = state[entryKinds[kind as keyof typeof entryKinds]];
    const id = key.slice(kind.length + 1);
    if (value === null) entries.delete(id);
    else entries.set(id, value);
  } else return false;
  return true;
}

export function applyChanges(state: OwnState, changes: Changes): void {
  if (changes.head) state.head = changes.head;
  for (const kind of Object.values(entryKinds)) {
    const entries: Map<string, unknown> = state[kind];
    for (const [key, value] of changes[kind]) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
  }
}
