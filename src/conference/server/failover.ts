import { requestOf } from "../../tsp/messages.ts";
import type { Draft } from "../draft.ts";
import type { CreateRequest, Creating, EntryRules, Running } from "../head.ts";
import { notifyEntered, notifyMuteState } from "../parts/callers.ts";
import { entryRulesOf, renewEntryRules, renewUnknownRules } from "../parts/entry-rules.ts";
import { endTalks } from "../parts/private-talk.ts";
import { notifyRooms } from "../parts/rooms.ts";
import { countTakeover, updateLife } from "../records.ts";
import type { ConferenceState } from "../state.ts";
import { answerCreate, notifyRunning } from "./conference-status.ts";
import { isLeft } from "./debts.ts";
import { settle } from "./resync.ts";

/** How long no other conference gets a replaced handle: requests under it may be on their way. */
const FORMER_HANDLE_MS = 60_000;
/** How many are known, since WebEx may move the conference again and again. */
const MAX_FORMER_HANDLES = 50;
/** Notifications of a takeover that concern the conference as a whole, and one to spare. */
const MAX_OF_CONFERENCE = 4;

/** Another TSP server takes over, and is notified of the whole state in the order of protocol 4.15 (protocol 4.9, F3). */
export function failOver(draft: Draft, head: Running, message: CreateRequest): void {
  const isOther = isByOther(head, message);
  const queued = draft.unconfirmed().filter(({ host }) => isOther && host === head.host);
  const departures = queued.map((post) => post.message).filter(isLeft);
  const missed = settle(draft, message.replyTo);
  const left = new Set([...missed, ...departures.map(({ extCallId }) => extCallId)]);
  const { speech, lostEntries, keptUntil, orphan, ...rest } = setServer(draft, head, message);
  // Speakers are reported again when the new server asks for it (protocol 4.16).
  const { speaking, notBefore } = speech ?? { speaking: [], notBefore: 0 };
  const silenced = speech && { speaking, notBefore, reporting: false, reported: [], changedAt: null };
  const running: Running = { ...rest, attached: true, ...(silenced && { speech: silenced }) };
  draft.head = running;
  answerCreate(draft, requestOf(message));
  notifyRunning(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).
  for (const caller of draft.callers.values()) {
    // A call that left before the old server had named it does not concern the new one.
    if (caller.left) draft.callers.delete(caller.call);
    // Two entries of one call under the same handle would make two names of it.
    else notifyEntered(draft, { ...caller, held: [] }, { firstMsgId: isOther ? null : caller.enterMsgId });
  }
  // During a sub-conference WebEx gets the state of every call, else of the muted ones (protocol F1, section 5, row 13).
  const includesAll = draft.rooms.find(() => true) !== undefined;
  for (const caller of draft.callers.values()) {
    if (caller.muted || caller.entersMuted || includesAll) notifyMuteState(draft, caller);
  }
  notifyRooms(draft);
  // The new server never saw these calls, and is notified all the same (protocol F4, section 5, row 17).
  for (const extCallId of left) draft.notify({ type: "caller-changed", extCallId, status: "left" });
  endTalks(draft);
  if (orphan) renewUnknownRules(draft);
  else renewEntryRules(draft, head);
  if (orphan?.locks) draft.issue({ type: "unlock" });
}

/** How many notifications another server gets that takes over now, at most: for each call its entry, its mute state and its room. */
export function takeoverSize({ callers, callOuts, rooms, debts }: ConferenceState): number {
  return MAX_OF_CONFERENCE + 3 * callers.size + callOuts.size + rooms.size + debts.size;
}

/** Binds the conference to this server and handle (protocol T13); the old server gets its answers (protocol 4.9). */
export function setServer<Head extends Creating | Running>(draft: Draft, head: Head, message: CreateRequest): Head {
  const { extConfId, replyTo: host } = message;
  const isOther = isByOther(head, message);
  if (isOther && head.host !== "") draft.dropNotifications(head.host);
  const said = saidAnew(draft, head, message);
  draft.fact({ kind: "conference-taken-over", extConfId, host, maxCallers: said.maxCallers });
  if (isOther) countTakeover(draft, { extConfId, host });
  const former = head.formerHandles.filter((old) => old.extConfId !== extConfId);
  const isKept = head.extConfId === extConfId || "orphan" in head;
  const replaced = { extConfId: head.extConfId, host: head.host, until: draft.at + FORMER_HANDLE_MS };
  return {
    ...(draft.head as Head),
    extConfId,
    host,
    formerHandles: isKept ? former : [...former, replaced].slice(-MAX_FORMER_HANDLES),
    ...said,
  };
}

/** Whether this create brings another server or another handle. Else its own server attaches to the conference again (protocol 4.8 step 6). */
export function isByOther({ host, extConfId }: Creating | Running, message: CreateRequest): boolean {
  return host !== message.replyTo || extConfId !== message.extConfId;
}

/** What this create says anew of a conference that is there or about to be. */
export function saidAnew(
  draft: Draft,
  head: Creating | Running,
  message: CreateRequest,
): Pick<Creating, "hybridEnabled"> & EntryRules & NamedHost {
  updateLife(draft, ({ topic }) => ({ topic: message.conferenceName ?? topic }));
  const { hybridEnabled = false } = message;
  return { ...entryRulesOf(draft, message, head), hybridEnabled, ...namedHostOf(message) };
}

type NamedHost = Pick<Creating, "namedHost">;

/** The host's call, where the create names it; a later create that does not leaves the name as it is. */
export function namedHostOf({ hostAttendeeId, hostExtCallId }: CreateRequest): NamedHost {
  if (hostAttendeeId === undefined && hostExtCallId === undefined) return {};
  return {
    namedHost: {
      ...(hostAttendeeId !== undefined && { attendeeId: hostAttendeeId }),
      ...(hostExtCallId !== undefined && { extCallId: hostExtCallId }),
    },
  };
}
