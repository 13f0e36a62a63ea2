import * as v from "valibot";
import { type BridgeCommand, command as bridgeCommand } from "../bridge/commands.ts";
import type { BridgeName, CallId, CommandId, PhoneNumber, RoomId, WebexHost } from "../foundation/ids.ts";
import { personal, showOf } from "../foundation/shown.ts";
import type { CallRecord } from "../records/call-record.ts";
import type { ToWebex } from "../tsp/messages.ts";
import type { Codes } from "../tsp/protocol-table.ts";
import type { LeaveReason } from "./facts.ts";
import { causes, type Head, request } from "./head.ts";
import {
  call,
  command,
  count,
  countedType,
  extCallId,
  fields,
  flag,
  list,
  maybe,
  msgId,
  nullable,
  plain,
  room,
  server,
  shown,
  subConfId,
  text,
  time,
  word,
  yes,
} from "./marked.ts";

const participantType = plain<keyof Codes["participantType"] | number>();

/** A change of one caller, in the words of its notification. */
const callerChange = {
  status: v.picklist(["unmuted", "muted", "left"]),
  /** Keyed just now (protocol 4.19). */
  attendeeId: maybe(text),
  /** From the private talk into the main conference (protocol 4.21). */
  action: maybe(v.literal("joined-main")),
  actionResult: maybe(v.literal("ok")),
};
export interface CallerChange extends Readonly<v.InferOutput<v.ObjectSchema<typeof callerChange, undefined>>> {}

/** What a call's record needs besides the call itself: what has happened since it was dialled or came in. A count of 0 is left out. */
const callHistory = fields({
  /** The row of the journal in which it began. */
  began: count,
  /** The number that a caller who came in has dialled; empty: nobody knows. */
  dialled: maybe(word),
  dialledAt: maybe(time),
  /** Absent where it is when it entered, or never was. */
  answeredAt: maybe(time),
  enteredAt: maybe(time),
  /** The edge did not know it when it entered: number and `enteredAt` are what the bridge's agent knew. */
  fromBridge: maybe(yes),
  /** Of such a one: nobody knows when it was dialled. */
  dialledOut: maybe(yes),
  mutes: maybe(count),
  /** How long it was muted, up to when it was muted last. */
  mutedMs: maybe(count),
  mutedAt: maybe(time),
  /** As a record names them; absent: the main room alone. */
  rooms: maybe(list(word)),
  failovers: maybe(count),
  repairs: maybe(count),
});
export interface CallHistory extends v.InferOutput<typeof callHistory> {}

/** A call in the conference, or one that left before WebEx named it. */
export const caller = fields({
  call,
  /** Rises with each entry. */
  rank: count,
  /** Digits; empty when withheld. */
  number: text,
  attendeeId: nullable(text),
  /** The reports that brought an attendee ID, newest last: each counts once. */
  identifications: maybe(list(command)),
  /** Its attendee ID lets somebody in, or makes it a silent monitor: WebEx is told, and nobody else. */
  keyedSecret: maybe(yes),
  /** It keyed the subscriber code of the meeting's account (protocol 2.2.1): it is the host's. */
  keyedHostCode: maybe(yes),
  participantType,
  muted: flag,
  /** Its mute state changed for a return from a sub-conference, and WebEx was not notified (protocol 4.13). */
  unreportedMute: maybe(yes),
  /** A private talk lifts its mute, which only the bridge knows (protocol 4.21); false: the mute is restored. */
  heardInTalk: maybe(flag),
  /** WebEx takes the call for muted when it enters: a silent monitor, or a call-out that asked for no more than to listen. */
  entersMuted: maybe(yes),
  room,
  /** How it returns from a sub-conference (protocol 4.13); `null` while it is in the main room. */
  mutedInMain: nullable(flag),
  /** `null` until WebEx has named the call. */
  extCallId: nullable(extCallId),
  /** The `caller-entered` that waits for its answer. */
  enterMsgId: nullable(msgId),
  /** That one was posted and given up, or is a probe: WebEx may have it, and may still name the call. */
  entryLost: maybe(yes),
  /** The one that was answered: another answer to it names the call anew (protocol 2.2.9). */
  namedBy: maybe(msgId),
  /** Changes to report once WebEx has named the call anew, in order (protocol 2.3.3), each with who wanted it; only the last of several alike. */
  held: list(fields({ ...callerChange, by: maybe(causes) })),
  left: flag,
  history: callHistory,
});
export interface Caller extends v.InferOutput<typeof caller> {}

/** Who ended a call, what became of it, and why. */
const callEnd = fields({
  endedBy: plain<CallRecord["endedBy"]>(),
  status: plain<CallRecord["status"]>(),
  reason: plain<LeaveReason>(),
});
export interface CallEnd extends v.InferOutput<typeof callEnd> {}

/** A call that WebEx or an operator had us dial and that has not entered yet. */
export const callOut = fields({
  call,
  /** `null` once it is answered, and where an operator asked. */
  request: nullable(request),
  /** `null`: WebEx does not know of it, and names it when it enters. */
  extCallId: nullable(extCallId),
  /** What had it dialed. */
  by: causes,
  number: personal(plain<PhoneNumber>()),
  /** As it was given with the request, if at all. */
  attendeeId: maybe(text),
  participantType,
  muted: flag,
  /** Invited by phone: it talks to the host in private first (protocol 4.21). */
  privately: flag,
  /**
   * `waiting`: picked up, and on the line until the host adds it; WebEx knows of it (protocol 4.21). `dropping`: nobody
   * wants it any more, and it stays here until the bridge has hung it up (protocol 4.4).
   */
  stage: v.picklist(["dialling", "answered", "waiting", "dropping"]),
  /** The MsgID of its `caller-entered` while it waits and WebEx has not confirmed its name. */
  enterMsgId: maybe(nullable(msgId)),
  /** When it has failed, if nothing was reported of it; `dropping`: when a refused hang-up is tried again, if at all. */
  answerBy: nullable(time),
  history: callHistory,
  /** `dropping`: why nobody wants it any more. */
  end: maybe(callEnd),
});
export interface CallOut extends v.InferOutput<typeof callOut> {}

/** A command without a result yet. */
export const pendingCommand = fields({
  id: command,
  command: shown<BridgeCommand>(showOf(bridgeCommand)),
  /** Its request is answered with a failure then, so it must not begin later; `null`: it has all the time it needs. */
  answerBy: nullable(time),
  /** Set on a command left over from an earlier life: the bridge it is for. Its result changes nothing here. */
  bridge: maybe(plain<BridgeName>()),
  /** Its time has passed and its request is answered; its result is still awaited, to undo or report the effect. */
  expired: maybe(yes),
  /** The request that its result answers. */
  request: nullable(request),
  /** The group that it is one command of. */
  group: maybe(count),
  /** Its effect is not reported: the notification of a later command includes it. */
  unreported: maybe(yes),
  /** It lifts the mute of a private talk's host, or restores it. */
  forTalk: maybe(yes),
  /** What issued it. */
  by: causes,
});
export interface PendingCommand extends v.InferOutput<typeof pendingCommand> {}

/** The request to close a sub-conference. */
const closeRequest = fields({
  request,
  answerBy: time,
  /** Calls that went back since. Only the answer says so to WebEx, or one notification each if the room stays open. */
  returned: list(call),
});
export interface CloseRequest extends v.InferOutput<typeof closeRequest> {}

/** A sub-conference (protocol 4.13). */
export const subConference = fields({
  room,
  subConfId,
  /** As WebEx named it for people; absent: it did not. */
  name: maybe(text),
  stage: v.picklist(["opening", "open", "closing"]),
  closeRequest: nullable(closeRequest),
  /** The server is a new one since the room began to close, and is notified of the room only if it stays. */
  unannounced: maybe(yes),
  /** Present after the bridge refused to close the room of a conference without WebEx: when that is tried again. */
  retryAt: maybe(time),
  /** Present while `closing`: who or what wants that. */
  by: maybe(causes),
});
export interface Room extends v.InferOutput<typeof subConference> {}

/** A TSP server that did not confirm what was posted to it (protocol 4.9): it is posted probes alone, until it is back. */
export const outage = fields({
  host: server,
  /** Since when it has confirmed nothing of what it is owed. */
  since: time,
  /** Since when its conference is over, or, where that was before, since it was first lost; absent: it goes on. */
  overAt: maybe(time),
  /** When the last document was given up, and why. */
  failedAt: time,
  why: word,
  probes: count,
  /** Something has happened since: it is probed sooner. */
  hasNew: maybe(yes),
  /** The probe under way: since when, and the keys of what it says. */
  probe: maybe(fields({ at: time, keys: list(word) })),
  /** What was owed meanwhile and is not any more: the server was not notified of that either. */
  dropped: maybe(list(countedType)),
});
export interface Outage extends v.InferOutput<typeof outage> {}

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
