import type { ExtCallId, WebexHost } from "../foundation/ids.ts";
import { type OpenRequest, requestOf } from "../tsp/answers.ts";
import { applyLostEntries, notifyEntered, notifyMuteState } from "./callers.ts";
import { answerCreate, notifyRunning } from "./conference-status.ts";
import type { Draft, Outgoing } from "./draft.ts";
import { entryRulesOf, renewEntryRules } from "./entry-rules.ts";
import { endTalks } from "./private-talk.ts";
import { notifyRooms } from "./rooms.ts";
import { applyLostSpeech } from "./speakers.ts";
import type { ConferenceState, CreateRequest, Creating, EntryRules, Running } from "./state.ts";

/** How long a replaced handle is accepted in requests (protocol 4.9, last paragraph). */
const FORMER_HANDLE_MS = 60_000;
/** How many are accepted, since WebEx may move the conference again and again within that time. */
const MAX_FORMER_HANDLES = 50;
/** How many calls that left while WebEx was away are kept for the next server; the oldest are dropped first. */
const MAX_DEPARTED = 1_000;
/** Notifications of a takeover that concern the conference as a whole, and one to spare. */
const ofConference = 4;

/**
 * Another TSP server takes over the running conference (protocol 4.9). It is notified of the whole state, in the order of protocol
 * 4.15. A caller who joined meanwhile is a caller like any other (protocol F3).
 */
export function failOver(draft: Draft, head: Running, message: CreateRequest): void {
  const queued = draft.unconfirmed().filter(({ host }) => host === head.host && host !== message.replyTo);
  const departed = [...head.departed, ...departuresIn(queued.map((post) => post.message))];
  const { speech, lostEntries, keptUntil, ...rest } = setServer(draft, head, message);
  // Speakers are reported again when the new server asks for it (protocol 4.16).
  const silenced = speech && { ...speech, reporting: false, reported: [], changedAt: null };
  const running: Running = { ...rest, attached: true, departed: [], ...(silenced && { speech: silenced }) };
  draft.head = running;
  answerCreate(draft, requestOf(message));
  notifyRunning(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).
  for (const caller of draft.callers.values()) {
    // A call that left before the old server had named it does not concern the new one.
    if (caller.left) draft.callers.delete(caller.call);
    else notifyEntered(draft, { ...caller, held: [] });
  }
  // During a sub-conference WebEx gets the state of every call, else of the muted ones (protocol F1, section 5, row 13).
  const includesAll = draft.rooms.find(() => true) !== undefined;
  for (const caller of draft.callers.values()) {
    if (caller.muted || caller.entersMuted || includesAll) notifyMuteState(draft, caller);
  }
  notifyRooms(draft);
  // The new server never saw these calls, and is notified all the same (protocol F4, section 5, row 17).
  for (const extCallId of departed) draft.notify({ type: "caller-changed", extCallId, status: "left" });
  endTalks(draft);
  renewEntryRules(draft, head);
}

/** How many notifications another server gets that takes over now, at most: for each call its entry, its mute state and its room. */
export function takeoverSize({ head, callers, rooms }: ConferenceState): number {
  const departed = head.phase === "running" ? head.departed.length : 0;
  return ofConference + 3 * callers.size + rooms.size + departed;
}

/**
 * Binds the conference to the server and the handle of this request (protocol T13). What waits for the old server is dropped,
 * the answers to its requests included: it is gone, and posts to it would hold up the new one.
 */
export function setServer<Head extends Creating | Running>(draft: Draft, head: Head, message: CreateRequest): Head {
  const host = message.replyTo;
  if (head.host !== host) dropServer(draft, head.host);
  draft.outcome({ event: "conference-taken-over", extConfId: message.extConfId, host });
  const former = head.formerHandles.filter((old) => draft.at < old.until && old.extConfId !== message.extConfId);
  const replaced = { extConfId: head.extConfId, until: draft.at + FORMER_HANDLE_MS };
  return {
    ...(draft.head as Head),
    extConfId: message.extConfId,
    host,
    formerHandles: head.extConfId === message.extConfId ? former : [...former, replaced].slice(-MAX_FORMER_HANDLES),
    ...saidAnew(draft, head, message),
  };
}

/** What this create says anew of a conference that is there or about to be. */
export function saidAnew(draft: Draft, head: Creating | Running, message: CreateRequest): EntryRules & NamedHost {
  return { ...entryRulesOf(draft, message, head), ...namedHostOf(message) };
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

/** Drops all that waits for this server, and all requests that it is owed an answer to. */
function dropServer(draft: Draft, server: WebexHost): void {
  draft.dropQueued(server);
  const isFromServer = (request: OpenRequest | null | undefined) => request && (request.replyTo ?? server) === server;
  for (const command of draft.commands.values()) {
    if (isFromServer(command.request)) draft.commands.set(command.id, { ...command, request: null });
  }
  for (const callOut of draft.callOuts.values()) {
    if (isFromServer(callOut.request)) draft.callOuts.set(callOut.call, { ...callOut, request: null });
  }
  for (const room of draft.rooms.values()) {
    if (isFromServer(room.closeRequest?.request)) draft.rooms.set(room.room, { ...room, closeRequest: null });
  }
  const { head } = draft;
  if (head.phase === "running") {
    draft.head = { ...head, groups: head.groups.filter(({ request }) => !isFromServer(request)) };
  }
}

/** These messages were given up (protocol T43). The conference goes on, and keeps what the next server must be notified of. */
export function applyUndelivered(draft: Draft, messages: readonly Outgoing[]): void {
  const { head } = draft;
  applyLostEntries(draft, messages);
  applyLostSpeech(draft, messages);
  if (head.phase === "running") {
    const departed = departuresIn(messages);
    if (departed.length > 0) keepDeparted(draft, head, departed);
  }
  if (head.phase === "ended" && !head.byWebex && messages.some(isEnd)) {
    draft.head = { ...head, closedUntil: draft.at + draft.context.settings.closedMemoryMs };
  }
  if (head.phase === "ended" && head.told && messages.some(isClosedAnswer)) {
    const { told, ...rest } = head;
    draft.head = rest;
  }
}

function keepDeparted(draft: Draft, head: Running, departed: readonly ExtCallId[]): void {
  const all = [...head.departed, ...departed];
  draft.head = { ...head, departed: all.slice(-MAX_DEPARTED) };
  const lost = all.slice(0, -MAX_DEPARTED);
  if (lost.length > 0) draft.note(`more than ${MAX_DEPARTED} calls left unreported; dropped: ${lost.join(", ")}`);
}

/** Whether this message reports the conference's end. */
export function isEnd(message: Outgoing): boolean {
  return message.type === "conference-changed" && message.status === "ended";
}

/** Whether this message answers a create with code 11: the conference is over. */
export function isClosedAnswer(message: Outgoing): boolean {
  return message.type === "conference-created" && message.result === "conference-closed";
}

/** The calls that these messages report as left. */
function departuresIn(messages: readonly Outgoing[]): ExtCallId[] {
  return messages.flatMap((message) =>
    message.type === "caller-changed" && message.status === "left" ? [message.extCallId] : [],
  );
}
