import type { Draft } from "./draft.ts";
import type { Caller, Ongoing } from "./state.ts";

/** Attendee IDs and ExtCallIDs that name the host's call, if anything does. */
export interface NamedHosts {
  readonly attendeeIds: readonly string[];
  readonly extCallIds: readonly string[];
}

/**
 * The host's call, of those that are here (protocol 4.21): one that keyed the subscriber code, else one that the settings or
 * the meeting's data name, else any; of several, the one that entered first. Never a silent monitor: nobody knows that it listens.
 */
export function chooseHost(callers: readonly Caller[], named: NamedHosts): Caller | undefined {
  const present = callers
    .filter(({ left, participantType }) => !left && participantType !== "silent-monitor")
    .toSorted((one, other) => one.rank - other.rank);
  const isNamed = ({ attendeeId, extCallId }: Caller) =>
    (attendeeId !== null && named.attendeeIds.includes(attendeeId)) ||
    (extCallId !== null && named.extCallIds.includes(extCallId));
  return present.find(({ keyedHostCode }) => keyedHostCode) ?? present.find(isNamed) ?? present[0];
}

export function hostOf(draft: Draft): Caller | undefined {
  return chooseHost(draft.callers.values(), namedHosts(draft));
}

function namedHosts({ ongoing, context }: Draft): NamedHosts {
  const { attendeeIds = [], extCallIds = [] } = context.settings.protocol.host ?? {};
  const { attendeeId, extCallId }: NonNullable<Ongoing["namedHost"]> = ongoing?.namedHost ?? {};
  return {
    attendeeIds: attendeeId === undefined ? attendeeIds : [...attendeeIds, attendeeId],
    extCallIds: extCallId === undefined ? extCallIds : [...extCallIds, extCallId],
  };
}
