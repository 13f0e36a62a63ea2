import type { CallId } from "../../foundation/ids.ts";
import type { DecisiveSettings } from "../../settings/domain-settings.ts";
import type { Draft } from "../draft.ts";
import { type ChosenHost, type Head, isOngoing, type Ongoing } from "../head.ts";
import type { Caller } from "../state.ts";

type Protocol = DecisiveSettings["protocol"];

/** Attendee IDs and ExtCallIDs that name the host's call, if anything does. */
interface NamedHosts {
  readonly attendeeIds: readonly (string | null | undefined)[];
  readonly extCallIds: readonly (string | null | undefined)[];
}

/**
 * Returns the known host among the callers present (protocol 4.21): one that entered the subscriber code, else one that the
 * settings or the meeting's data name, else the chosen one. Of several it prefers the chosen one, then the first to enter.
 * Absent: the host is away or unknown.
 */
export function knownHost(callers: readonly Caller[], named: NamedHosts, chosen?: ChosenHost): Caller | undefined {
  const present = candidates(callers);
  const isNamed = ({ attendeeId, extCallId }: Caller) =>
    named.attendeeIds.includes(attendeeId) || named.extCallIds.includes(extCallId);
  const pick = (matches: (caller: Caller) => unknown) => {
    const matching = present.filter(matches);
    return matching.find(({ call }) => call === chosen?.call) ?? matching[0];
  };
  return pick(({ keyedHostCode }) => keyedHostCode) ?? pick(isNamed) ?? pick((caller) => isChosen(caller, chosen));
}

/** Returns the callers who can be the host, in order of entry. A silent monitor must stay unnoticed. */
function candidates(callers: readonly Caller[]): readonly Caller[] {
  return callers
    .filter(({ left, participantType }) => !left && participantType !== "silent-monitor")
    .toSorted((one, other) => one.rank - other.rank);
}

export function hostOf({ callers, head, context }: Draft): Caller | undefined {
  return hostIn(callers.values(), head, context.settings.protocol);
}

export function hostIn(callers: Iterable<Caller>, head: Head, protocol: Protocol): Caller | undefined {
  const chosen = head.phase === "running" ? head.chosenHost : undefined;
  return knownHost([...callers], namedHosts(head, protocol), chosen);
}

/**
 * Returns the host of a private talk, who stays the host (protocol 4.21). Without a known host, the first talk chooses the
 * caller who entered first.
 */
export function hostForTalk(draft: Draft): Caller | undefined {
  const chosen = chosenHost(draft);
  const host = hostOf(draft) ?? (chosen ? undefined : candidates(draft.callers.values())[0]);
  if (host && host.call !== chosen?.call) setHost(draft, host);
  return host;
}

/**
 * A caller has entered: the host, if it keyed the host code, or if it is known again by its number alone. A number proves little: nobody
 * else may have it, and who keyed an attendee ID is known by that.
 */
export function recogniseHost(draft: Draft, call: CallId): void {
  const chosen = chosenHost(draft);
  const caller = draft.callers.get(call);
  if (!chosen || !caller || caller.participantType === "silent-monitor") return;
  if (caller.keyedHostCode) return setHost(draft, caller);
  const { number } = caller;
  if (hostOf(draft) || number === "" || number !== chosen.number || caller.attendeeId !== null) return;
  const other = draft.callers.find((one) => one.number === number && !one.left && one.call !== call);
  if (!other) setHost(draft, { ...caller, attendeeId: chosen.attendeeId });
}

/** The host has keyed another attendee ID (protocol 4.19). */
export function renameHost(draft: Draft, before: Caller, attendeeId: string): void {
  const chosen = chosenHost(draft);
  // A caller who was known by the number alone and keys another ID was not the host.
  if (chosen?.call === before.call && chosen.attendeeId === before.attendeeId)
    setHost(draft, { ...before, attendeeId });
}

/** `chosen` is absent until the first private talk. */
function isChosen({ call, attendeeId }: Caller, chosen: ChosenHost | undefined): boolean {
  if (!chosen) return false;
  if (attendeeId !== null && chosen.attendeeId !== null) return attendeeId === chosen.attendeeId;
  return call === chosen.call;
}

function chosenHost({ running }: Draft): ChosenHost | undefined {
  return running?.chosenHost;
}

function setHost(draft: Draft, { call, attendeeId, number }: Caller): void {
  draft.update({ chosenHost: { call, attendeeId, number } });
}

function namedHosts(head: Head, protocol: Protocol): NamedHosts {
  const { attendeeIds = [], extCallIds = [] } = protocol.host ?? {};
  const { attendeeId, extCallId }: NonNullable<Ongoing["namedHost"]> = (isOngoing(head) && head.namedHost) || {};
  return { attendeeIds: [...attendeeIds, attendeeId], extCallIds: [...extCallIds, extCallId] };
}
