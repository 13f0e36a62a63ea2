import * as v from "valibot";
import { refusalReason } from "../bridge/commands.ts";
import { endReason } from "../bridge/events.ts";
import { type Checked, typed } from "../bridge/schemas.ts";
import type {
  ActionId,
  BridgeName,
  CallId,
  CommandId,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  SubConfId,
  TransId,
  WebexHost,
} from "../foundation/ids.ts";
import { open, personal } from "../foundation/shown.ts";
import { callRecord, enders } from "../records/call-record.ts";
import { conferenceRecord } from "../records/conference-record.ts";
import type { Post } from "./draft.ts";

/*
 * What happens to a conference, in the words of log, metrics, API, webhooks, records and pages. A fact is complete: a view of facts
 * needs no state beside them. What begins ends by a fact with the same id: a conference, a call, a room, a command, a post.
 */

const id = <Id extends string>() => open(v.custom<Id>((value) => typeof value === "string"));
const word = open(v.string());
const flag = open(v.boolean());
const count = open(v.number());
const text = personal(v.string());
const call = id<CallId>();
const room = id<RoomId>();
const command = id<CommandId>();
const action = id<ActionId>();
const transId = id<TransId>();
const msgId = id<MsgId>();
const extConfId = id<ExtConfId>();
const extCallId = id<ExtCallId>();
const subConfId = id<SubConfId>();
/** A TSP server; the partner's back end may be a receiver, too. */
const server = id<WebexHost>();
const receiver = id<Post["host"]>();

const cause = v.variant("type", [
  typed("request", { transId, msgId: v.exactOptional(msgId) }),
  typed("action", { action, person: text }),
  /** An event that the bridge reported by itself. */
  typed("report", { event: word }),
  /** The bridge was found to hold something else. */
  typed("repair", {}),
  typed("deadline", {}),
  /** A post was confirmed or given up. */
  typed("post", {}),
]);

/** Who or what brought something about. */
export type Cause = Checked<typeof cause>;
const by = v.array(cause);

/** Why a call is over. `not-found`: the bridge no longer had it. `conference-locked`: it was picked up too late. */
const leaveReason = v.union([
  endReason,
  refusalReason,
  v.picklist(["not-found", "bridge-timeout", "conference-locked"]),
]);
export type LeaveReason = Checked<typeof leaveReason>;

const participantType = open(v.union([v.string(), v.number()]));

/** A command's result, or that there can be none any more: the conference is over. */
const failure = open(v.union([refusalReason, v.literal("conference-over")]));

const message = v.object({ type: word, msgId });

export const facts = {
  /** `life`: the row in which it began, which tells conferences of one key apart. */
  "conference-requested": v.object({ life: count, extConfId, host: server, topic: v.exactOptional(text), by }),
  "conference-created": v.object({
    ...{ life: count, createdAt: count, extConfId, host: server, bridge: v.nullable(id<BridgeName>()), by },
  }),
  "conference-not-created": v.object({ why: word, record: conferenceRecord, by }),
  "conference-taken-over": v.object({ extConfId, host: server, by }),
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
  "call-dialled": v.object({ call, number: text, extCallId: v.nullable(extCallId), by }),
  "call-answered": v.object({ call, by }),
  "call-entered": v.object({
    ...{
      call,
      life: count,
      began: count,
      direction: open(v.picklist(["in", "out"])),
      number: text,
      attendeeId: v.nullable(text),
    },
    ...{ extCallId: v.nullable(extCallId), participantType, muted: flag, room, by },
  }),
  /** WebEx has named it, or named it anew. */
  "call-named": v.object({ call, extCallId, by }),
  /** The caller keyed its attendee ID after entering (protocol 4.19). */
  "call-merged": v.object({ call, attendeeId: text, by }),
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
  "command-issued": v.object({ command, type: word, call: v.exactOptional(call), room: v.exactOptional(room), by }),
  /** Somebody else wants the same: its result counts for them, too. */
  "command-joined": v.object({ command, by }),
  "command-done": v.object({ command }),
  /** `late`: those who waited for it were answered before. */
  "command-failed": v.object({ command, type: word, why: failure, late: v.exactOptional(v.literal(true)) }),
  /** It has no result in time; a late one still counts. */
  "command-expired": v.object({ command, type: word }),
  "message-queued": v.object({
    ...message.entries,
    host: receiver,
    transId,
    actions: v.exactOptional(v.pipe(v.array(action), v.readonly())),
  }),
  "post-given-up": v.object({
    ...{ transId, host: receiver, attempts: count, why: word, messages: v.array(message) },
    /** It was to find out whether its server is back. */
    probe: v.exactOptional(v.literal(true)),
  }),
  /** The settings do not let this server be posted to. */
  "host-refused": v.object({ host: receiver, type: word, why: word }),
  /** Its server was replaced. */
  "post-dropped": v.object({ transId, messages: v.array(message) }),
  "server-lost": v.object({ host: server, why: word }),
  "server-reached": v.object({ host: server }),
  /** The bridge held this otherwise. */
  repaired: v.object({
    what: open(
      v.picklist([
        ...(["entered", "left", "muted", "moved", "speaking", "reporting", "locked", "room", "call-out"] as const),
        ...(["lost", "over"] as const),
      ]),
    ),
    call: v.exactOptional(call),
  }),
  /** Something odd, for operations staff. */
  noted: v.object({ text: word }),
} as const;

export type FactKind = keyof typeof facts;

/** All that was begun in the name of an action is over when the action is. */
export function actionsOf(by: readonly Cause[]): readonly ActionId[] {
  return by.flatMap((one) => (one.type === "action" ? [one.action] : []));
}

/** What happened to a conference. */
export type Fact = {
  readonly [Kind in FactKind]: { readonly kind: Kind } & Readonly<v.InferOutput<(typeof facts)[Kind]>>;
}[FactKind];
