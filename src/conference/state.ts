import type { BridgeCommand } from "../bridge/commands.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  EpochMs,
  ExtCallId,
  MsgId,
  PhoneNumber,
  RoomId,
  SubConfId,
  WebexHost,
} from "../foundation/ids.ts";
import type { CallRecord } from "../records/call-record.ts";
import type { OpenRequest, ToWebex } from "../tsp/messages.ts";
import type { Codes } from "../tsp/protocol-table.ts";
import type { Cause, CountedType, LeaveReason } from "./facts.ts";
import type { Head } from "./head.ts";

type ParticipantType = keyof Codes["participantType"] | number;

/** A change of one caller, in the words of its notification. */
export interface CallerChange {
  readonly status: "unmuted" | "muted" | "left";
  /** Keyed just now (protocol 4.19). */
  readonly attendeeId?: string;
  /** From the private talk into the main conference (protocol 4.21). */
  readonly action?: "joined-main";
  readonly actionResult?: "ok";
}

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
  /** The edge did not know it when it entered: number and `enteredAt` are what the bridge's agent knew. */
  readonly fromBridge?: true;
  /** Of such a one: nobody knows when it was dialled. */
  readonly dialledOut?: true;
  readonly mutes?: number;
  /** How long it was muted, up to when it was muted last. */
  readonly mutedMs?: number;
  readonly mutedAt?: EpochMs;
  /** As a record names them; absent: the main room alone. */
  readonly rooms?: readonly string[];
  readonly failovers?: number;
  readonly repairs?: number;
}

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
  /** Its mute state changed for a return from a sub-conference, and WebEx was not notified (protocol 4.13). */
  readonly unreportedMute?: true;
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
  /** Changes to report once WebEx has named the call anew, in order (protocol 2.3.3), each with who wanted it; only the last of several alike. */
  readonly held: readonly (CallerChange & { readonly by?: readonly Cause[] })[];
  readonly left: boolean;
  readonly history: CallHistory;
}

/** Who ended a call, what became of it, and why. */
export interface CallEnd {
  readonly endedBy: CallRecord["endedBy"];
  readonly status: CallRecord["status"];
  readonly reason: LeaveReason;
}

/** A call that WebEx or an operator had us dial and that has not entered yet. */
export interface CallOut {
  readonly call: CallId;
  /** `null` once it is answered, and where an operator asked. */
  readonly request: OpenRequest | null;
  /** `null`: WebEx does not know of it, and names it when it enters. */
  readonly extCallId: ExtCallId | null;
  /** What had it dialed. */
  readonly by: readonly Cause[];
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
  /** When it has failed, if nothing was reported of it; `dropping`: when a refused hang-up is tried again, if at all. */
  readonly answerBy: EpochMs | null;
  readonly history: CallHistory;
  /** `dropping`: why nobody wants it any more. */
  readonly end?: CallEnd;
}

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
  readonly group?: number;
  /** Its effect is not reported: the notification of a later command includes it. */
  readonly unreported?: true;
  /** It lifts the mute of a private talk's host, or restores it. */
  readonly forTalk?: true;
  /** What issued it. */
  readonly by: readonly Cause[];
}

/** The request to close a sub-conference. */
export interface CloseRequest {
  readonly request: OpenRequest;
  readonly answerBy: EpochMs;
  /** Calls that went back since. Only the answer says so to WebEx, or one notification each if the room stays open. */
  readonly returned: readonly CallId[];
}

/** A sub-conference (protocol 4.13). */
export interface Room {
  readonly room: RoomId;
  readonly subConfId: SubConfId;
  /** As WebEx named it for people; absent: it did not. */
  readonly name?: string;
  readonly stage: "opening" | "open" | "closing";
  readonly closeRequest: CloseRequest | null;
  /** The server is a new one since the room began to close, and is notified of the room only if it stays. */
  readonly unannounced?: true;
  /** Present after the bridge refused to close the room of a conference without WebEx: when that is tried again. */
  readonly retryAt?: EpochMs;
  /** Present while `closing`: who or what wants that. */
  readonly by?: readonly Cause[];
}

/** A TSP server that did not confirm what was posted to it (protocol 4.9): it is posted probes alone, until it is back. */
export interface Outage {
  readonly host: WebexHost;
  /** Since when it has confirmed nothing of what it is owed. */
  readonly since: EpochMs;
  /** Since when its conference is over, or, where that was before, since it was first lost; absent: it goes on. */
  readonly overAt?: EpochMs;
  /** When the last document was given up, and why. */
  readonly failedAt: EpochMs;
  readonly why: string;
  readonly probes: number;
  /** Something has happened since: it is probed sooner. */
  readonly hasNew?: true;
  /** The probe under way: since when, and the keys of what it says. */
  readonly probe?: { readonly at: EpochMs; readonly keys: readonly string[] };
  /** What was owed meanwhile and is not any more: the server was not notified of that either. */
  readonly dropped?: readonly CountedType[];
}

/** The entries of a conference, each kind by keys of its own: a decision touches, and the store writes, only those that it changes. */
interface Entries {
  readonly callers: Map<CallId, Caller>;
  readonly callOuts: Map<CallId, CallOut>;
  readonly commands: Map<CommandId, PendingCommand>;
  readonly rooms: Map<RoomId, Room>;
  /** The server that is behind, by its name; at most one. */
  readonly outages: Map<WebexHost, Outage>;
  /** What WebEx is to learn once it can be reached (`debts.ts` has the keys). */
  readonly debts: Map<string, ToWebex>;
}

type EntriesFor<More, Kind = keyof Entries> = {
  readonly [One in keyof Entries & Kind]: Entries[One] extends Map<infer Key, infer Value>
    ? ReadonlyMap<Key, Value | More>
    : never;
};

/** All that is known of one conference. The head says in which phase it is. */
export type ConferenceState = { readonly head: Head } & EntriesFor<never>;
/** Entries to write, or to delete where the value is `null`. */
export type Changes = { readonly head?: Head } & EntriesFor<null>;
/** A state whose owner holds it alone and changes it in place: a change costs what changed, not what there is. */
type OwnState = { head: Head } & Entries;

/** The kinds of entries besides the head: the word for one, as in its key on disk, and for all. */
const entryKinds = {
  caller: "callers",
  "call-out": "callOuts",
  command: "commands",
  room: "rooms",
  outage: "outages",
  debt: "debts",
} as const satisfies Record<string, keyof Entries>;

export function isMutedOnBridge({ muted, heardInTalk }: Caller): boolean {
  return muted && heardInTalk !== true;
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

/** `head`, or the kind of what the id behind it names. */
export function kindOfKey(key: string): string {
  return key.split("/", 1)[0] ?? "";
}

/** False: it is no part of the state. */
export function applyEntry(state: OwnState, key: string, value: unknown): boolean {
  const kind = kindOfKey(key);
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
