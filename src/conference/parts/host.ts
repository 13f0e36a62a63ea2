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
  const pick = (matches: (caller: Caller) => unknown) => {
    const matching = present.filter(matches);
    return matching.find(({ call }) => call === chosen?.call) ?? matching[0];
  };
  return (
    pick(({ keyedHostCode }) => keyedHostCode) ??
    pick((caller) => isNamed(caller, named)) ??
    pick((caller) => isChosen(caller, chosen))
  );
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

/** Returns the host of a private talk, who stays the host. Never guesses one (protocol 4.21). */
export function hostForTalk(draft: Draft): Caller | undefined {
  const host = hostOf(draft);
  if (host && host.call !== chosenHost(draft)?.call) setHost(draft, host);
  return host;
}

/** The latest caller who entered the host code is the host. */
export function recogniseHost(draft: Draft, caller: Caller): void {
  if (caller.keyedHostCode && caller.participantType !== "silent-monitor") setHost(draft, caller);
}

/** Keeps a leaving host's attendee ID to recognize the host later, because WebEx's name for the call ends with it. */
export function rememberHost(draft: Draft, caller: Caller): void {
  const named = namedHosts(draft.head, draft.context.settings.protocol);
  if (isNamed(caller, named) && hostOf(draft)?.call === caller.call) setHost(draft, caller);
}

/** The host has keyed another attendee ID (protocol 4.19). */
export function renameHost(draft: Draft, before: Caller, attendeeId: string): void {
  if (chosenHost(draft)?.call === before.call) setHost(draft, { ...before, attendeeId });
}

function isNamed({ attendeeId, extCallId }: Caller, named: NamedHosts): boolean {
  return named.attendeeIds.includes(attendeeId) || named.extCallIds.includes(extCallId);
}

function isChosen({ call, attendeeId }: Caller, chosen: ChosenHost | undefined): boolean {
  if (!chosen) return false;
  if (attendeeId !== null && chosen.attendeeId !== null) return attendeeId === chosen.attendeeId;
  return call === chosen.call;
}

function chosenHost({ running }: Draft): ChosenHost | undefined {
  return running?.chosenHost;
}

function setHost(draft: Draft, { call, attendeeId }: Caller): void {
  draft.update({ chosenHost: { call, attendeeId } });
}

function namedHosts(head: Head, protocol: Protocol): NamedHosts {
  const { attendeeIds = [], extCallIds = [] } = protocol.host ?? {};
  const { attendeeId, extCallId }: NonNullable<Ongoing["namedHost"]> = (isOngoing(head) && head.namedHost) || {};
  return { attendeeIds: [...attendeeIds, attendeeId], extCallIds: [...extCallIds, extCallId] };
}
