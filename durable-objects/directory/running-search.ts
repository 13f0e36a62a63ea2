import type { ConfKey } from "../../src/foundation/ids.ts";
import { fitsName, idMatcher, numberMatcher, spellingsOf } from "../../src/foundation/text/spelled.ts";
import type { RunningFold } from "../../src/records/running.ts";
import { type FoundPerson, mostNamed, type RunningQuery } from "../../src/rpc/directory.ts";
import type { LiveState } from "../../src/rpc/directory-feed.ts";

/** One more than are shown, to say that there are others. */
const mostFound = mostNamed + 1;

type Sought = Pick<RunningQuery, "begins" | "keys" | "number" | "attendeeId" | "text">;

function isSearchForPeople({ number, attendeeId, text }: Sought): boolean {
  return number !== undefined || attendeeId !== undefined || text !== undefined;
}

type Search = (
  key: ConfKey,
  fold?: RunningFold,
  live?: Pick<LiveState, "topic" | "roomNames">,
) => readonly FoundPerson[] | null;

/** Says why a conference is one that is looked for: by itself, and by these people in it or on their way; `null`: it is not. */
export function searchFor(sought: Sought): Search {
  const { begins = "", keys, text } = sought;
  const beginnings = spellingsOf(begins);
  const ids = text === undefined ? [] : spellingsOf(text);
  const isForPeople = isSearchForPeople(sought);
  const isMeant = personMatcher(sought);
  return (key, fold, live) => {
    if (keys?.includes(key) === false) return null;
    if (!beginnings.some((begin) => key.startsWith(begin))) return null;
    if (!isForPeople) return [];
    const people: FoundPerson[] = [];
    for (const [call, person] of fold?.people ?? [])
      if (people.length < mostFound && isMeant({ call, ...person })) people.push({ call, ...person });
    for (const [call, person] of fold?.ringing ?? []) {
      const rings = { call, ...person, isCalled: true } as const;
      if (people.length < mostFound && isMeant(rings)) people.push(rings);
    }
    const names = [live?.topic, ...(live?.roomNames ?? [])];
    const isItself = text !== undefined && (ids.includes(key) || names.some((name) => fitsName(text, name)));
    return isItself || people.length > 0 ? people : null;
  };
}

/** Reads what is typed once. People whom the settings have masked are found by the end of their IDs. */
function personMatcher({ text, number = text, attendeeId = text }: Sought): (person: FoundPerson) => boolean {
  const isNumber = number === undefined ? () => true : numberMatcher(number);
  const isAttendee = attendeeId === undefined ? () => true : idMatcher(attendeeId);
  const isHis = (id: string) => id !== "" && isAttendee(id);
  if (text === undefined) return (one) => isNumber(one.number) && (attendeeId === undefined || isHis(one.attendeeId));
  const id = text.trim();
  return (one) => one.call === id || one.extCallId === id || isNumber(one.number) || isHis(one.attendeeId);
}
