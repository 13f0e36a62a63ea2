import type { ConfKey } from "../../src/foundation/ids.ts";
import { masked } from "../../src/foundation/shown.ts";
import { fitsName, fitsNumber, spellingsOf } from "../../src/foundation/text/spelled.ts";
import type { RunningFold } from "../../src/records/running.ts";
import type { FoundPerson, RunningQuery } from "../../src/rpc/directory.ts";
import type { LiveState } from "../../src/rpc/directory-feed.ts";

/** People of one conference who are named: one more than are shown, to say that there are others. */
const mostFound = 21;

type Sought = Pick<RunningQuery, "begins" | "keys" | "number" | "attendeeId" | "text">;

function isSearchForPeople({ number, attendeeId, text }: Sought): boolean {
  return number !== undefined || attendeeId !== undefined || text !== undefined;
}

/** Why a conference is one that is looked for: by itself, and by these people in it or on their way; `null`: it is not. */
export function foundIn(
  key: ConfKey,
  fold: RunningFold | undefined,
  live: Pick<LiveState, "topic" | "roomNames"> | undefined,
  sought: Sought,
): readonly FoundPerson[] | null {
  const { begins = "", keys, text } = sought;
  if (keys?.includes(key) === false) return null;
  if (!spellingsOf(begins).some((begin) => key.startsWith(begin))) return null;
  if (!isSearchForPeople(sought)) return [];
  const people: FoundPerson[] = [];
  for (const [call, person] of fold?.people ?? [])
    if (people.length < mostFound && isMeant({ call, ...person }, sought)) people.push({ call, ...person });
  for (const [call, person] of fold?.ringing ?? []) {
    const rings = { call, ...person, isCalled: true } as const;
    if (people.length < mostFound && isMeant(rings, sought)) people.push(rings);
  }
  const names = [live?.topic, ...(live?.roomNames ?? [])];
  const isItself =
    text !== undefined && (spellingsOf(text).some((one) => one === key) || names.some((name) => fitsName(text, name)));
  return isItself || people.length > 0 ? people : null;
}

function isMeant({ call, extCallId, number, attendeeId }: FoundPerson, sought: Sought): boolean {
  const { text } = sought;
  if (text !== undefined)
    return call === text.trim() || extCallId === text.trim() || fitsNumber(text, number) || isShownAs(text, attendeeId);
  return (
    (sought.number === undefined || fitsNumber(sought.number, number)) &&
    (sought.attendeeId === undefined || isShownAs(sought.attendeeId, attendeeId))
  );
}

/** People whom the settings have masked are found by the end of their IDs. */
function isShownAs(wanted: string, shown: string): boolean {
  return shown !== "" && spellingsOf(wanted).some((one) => shown === one || shown === masked(one));
}
