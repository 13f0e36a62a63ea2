import * as v from "valibot";
import type { CallId, ConfKey, ExtConfId, TransId } from "../../foundation/ids.ts";
import { personal } from "../../foundation/shown.ts";
import { type PeopleShown, peopleShown } from "../../foundation/text/people-shown.ts";
import { digitsIn, fitsName, spellingsOf } from "../../foundation/text/spelled.ts";
import { dayMs } from "../../foundation/time/timers.ts";
import { isAway } from "../../operators/figures.ts";
import type { ConferenceRecord } from "../../records/conference-record.ts";
import {
  type FoundConference,
  foundConference,
  type ListGaps,
  listGaps,
  type SearchedJournals,
  searchedJournals,
} from "../../records/found-conference.ts";
import { lineOfCall, lineOfPromptCall, type PersonLine, personLine } from "../../records/person-line.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import {
  type FoundRow,
  type ListedConference,
  mostNamed,
  type PromptCallQuery,
  type RunningPage,
} from "../../rpc/directory.ts";
import type { Domain } from "../../settings/load.ts";
import { askedInTime } from "../asked-in-time.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { bridgesOf } from "../monitoring/figures-of-domain.ts";
import { answerOrNull } from "../objects-of-request.ts";
import { problem } from "../problem.ts";
import { noPeople } from "./conferences.ts";
import { anySpelling, cursorAt, cursorOf, flag, limitOf, next, placeOf } from "./lists.ts";
import { isKnown, routeOf } from "./route.ts";

const route = routeOf("Find");

const MOST_LISTED = 200;
const USUAL = 50;
/** Conferences that are asked since when somebody is in them, and whether muted. */
const MOST_ASKED = 10;
/** A search of journals ends after this time: an id must be looked for in each, and a conference that rests wakes for it. */
const JOURNALS_WITHIN_MS = 1_500;
/** All conferences may share the thread that confirms to WebEx what it posts. */
const JOURNALS_PACE = { atOnce: 4, pauseMs: 10 };
/** For how long the id allocator remembers conferences. */
const JOURNALS_OF_MS = 7 * dayMs;
/** An id as WebEx may give it to a message or transaction. One without a digit is not looked for. */
const ID_FORM = /^(?=.*\d)[\w-]{1,32}$/;
/** As most often a number of a telephone is: journals are searched for it only where that is asked for. */
const NUMBER_FORM = /^\d{7,15}$/;
/** The domains whose journals are being searched: one search at a time in each. */
const searching = new WeakSet<Domain>();

const lines = v.pipe(v.array(personLine), v.description("Those of now, and then the latest first."));
const people = v.pipe(
  peopleShown,
  v.description(
    "What of a number people were looked for by: `masked`: its last two characters alone, so that others may fit as well; `none`: nothing, as the domain's settings keep nothing; `full`: all, or the text is no number.",
  ),
);
/** An arrival of a row. */
export const findPlace = /^\d{1,17}$/;
const place = cursorOf(findPlace);

export const findRoutes = [
  route("find", "POST /domains/{domain}/find", {
    says: "Whatever a text names: conferences, and people on the telephone",
    more: "Running conferences and those with a record by key, ExtConfID or a part of the name, and by the name of a sub-conference while that is open; the conference of a MsgID or TransID, the adapter's or WebEx's; who is or was in conferences, was called, or could not get in, by number, attendee ID, or id of a call, the bridge's or WebEx's.",
    query: {
      text: personal(
        v.pipe(
          v.string(),
          v.regex(/\S/, "must not be empty"),
          v.maxLength(256, "must be at most 256 characters"),
          v.description(`What is looked for. Numbers: ${anySpelling}`),
        ),
      ),
      cursor: place,
      limit: limitOf(MOST_LISTED),
      journals: v.pipe(
        flag,
        v.description(
          "1: journals are searched for digits, too, which are a number of a telephone as a rule. One search of a domain's journals runs at a time.",
        ),
      ),
    },
    answer: {
      says: "Conferences, which the first page alone has, and what happened to people.",
      schema: v.object({
        ...{ conferences: v.array(foundConference), lines, next, people, ...listGaps },
        journals: v.exactOptional(searchedJournals),
      }),
    },
    handle: ({ domain, edge, query: { text, cursor, limit = USUAL, journals } }) =>
      findIn(domain, text, { cursor, limit, isForJournals: journals !== undefined }, edge),
  }),
  route("showNumber", "POST /domains/{domain}/numbers", {
    says: "What happened to a telephone number, in all conferences",
    more: "In now, being called, calls that are over, call-outs that failed, and calls that could not get in.",
    query: {
      number: personal(
        v.pipe(
          v.string(),
          v.regex(/\S/, "must not be empty"),
          v.maxLength(256, "must be at most 256 characters"),
          v.description(`The number. ${anySpelling}`),
        ),
      ),
      cursor: place,
      limit: limitOf(MOST_LISTED),
    },
    answer: { says: "What happened.", schema: v.object({ lines, next, people, ...listGaps }) },
    refusals: { 422: "The domain's settings keep no numbers, so nobody is found by them." },
    handle: ({ domain, edge, query: { number, cursor, limit = USUAL } }) =>
      domain.settings.recordsPersonal === "none"
        ? problem(422, "cannot be done", noPeople)
        : numberIn(domain, number, { cursor, limit }, edge),
  }),
];

interface LinePage {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

interface FoundLines extends ListGaps {
  readonly lines: readonly PersonLine[];
  readonly next: string | null;
  readonly people: PeopleShown;
}

export interface FoundAnswer extends FoundLines {
  readonly conferences: readonly FoundConference[];
  readonly journals?: SearchedJournals;
}

/** What happened to a number, the latest first. */
export async function numberIn(domain: Domain, number: string, page: LinePage, edge: PeoplePorts): Promise<FoundLines> {
  const { lines, next, gaps } = await pageOf(domain, { number }, page, edge);
  return { ...gaps, lines, next, people: domain.settings.recordsPersonal };
}

/** Calls in the prompt that were not led in at once, of all numbers. */
export async function promptLinesOf(
  domain: Domain,
  page: Pick<PromptCallQuery, "before" | "limit">,
  edge: PeoplePorts,
): Promise<Omit<FoundLines, "people">> {
  const { calls, next } = await edge.objects.directory(domain.name).promptCalls(page);
  return { lines: await named(domain, [], calls.map(lineOfPromptCall), edge), next: cursorAt(next) };
}

interface FindPlace extends LinePage {
  /** Journals are searched for digits, too. */
  readonly isForJournals?: boolean;
}

export async function findIn(domain: Domain, typed: string, page: FindPlace, edge: PeoplePorts): Promise<FoundAnswer> {
  const text = typed.trim();
  const [people, named] = await Promise.all([
    pageOf(domain, { text }, page, edge),
    page.cursor === undefined ? namedBy(domain, text, edge) : ([] as readonly FoundConference[]),
  ]);
  const found = new Set(people.conferences.map(({ key }) => key));
  // What is kept alone says less than that it runs, or how it ended.
  const others = named.filter(({ key, row }, index) => {
    const isFirst = named.findIndex((one) => one.key === key && one.row === undefined) === index;
    return row !== undefined || (isFirst && !found.has(key));
  });
  const isKey =
    page.cursor === undefined
      ? [...people.conferences, ...others].some(({ by }) => by === "key")
      : await isKeyOfOne(domain, text, edge);
  const isOther =
    isKey || people.lines.length + people.conferences.length > 0 || others.some(({ by }) => by !== "message");
  const isIdAlone = page.cursor === undefined && !isOther && isId(text);
  const isSearched = page.isForJournals === true || !NUMBER_FORM.test(text);
  const ofWebex = isIdAlone ? (isSearched ? await inJournals(domain, text, edge) : notInJournals) : null;
  const more = ofWebex?.conferences.filter(({ key }) => !others.some((one) => one.key === key)) ?? [];
  const known = await Promise.all([...others, ...more].map((one) => asItRuns(domain, one, edge)));
  return {
    ...people.gaps,
    conferences: [...people.conferences, ...known],
    ...(ofWebex && { journals: ofWebex.journals }),
    next: people.next,
    // Who looks for a name or an id need not know what the settings say of numbers.
    people: isKey || digitsIn(text) === null ? "full" : domain.settings.recordsPersonal,
    // A masked number that only ends like the key is not what was looked for.
    lines: isKey ? people.lines.filter(({ number, call }) => !number.startsWith("*") || call === text) : people.lines,
  };
}

async function isKeyOfOne(domain: Domain, text: string, edge: PeoplePorts): Promise<boolean> {
  const known = spellingsOf(text).map((key) => isKnown(domain, key as ConfKey, edge));
  return (await Promise.all(known)).includes(true);
}

/** As the directory has the conference, where it runs. */
async function asItRuns(domain: Domain, one: FoundConference, edge: PeoplePorts): Promise<FoundConference> {
  const { name } = domain;
  const begins = one.key;
  const { conferences } = await edge.objects.directory(name).running({ domain: name, after: null, limit: 1, begins });
  const [listed] = conferences;
  if (listed?.key !== one.key) return one;
  const { topic, phase, createdAt } = listed;
  return { ...one, ...(topic !== undefined && { topic }), state: phase, at: one.at ?? createdAt };
}

type Sought = { readonly text: string } | { readonly number: string };

async function pageOf(domain: Domain, sought: Sought, { cursor, limit }: LinePage, edge: PeoplePorts) {
  const { name } = domain;
  const directory = edge.objects.directory(name);
  const isFirst = cursor === undefined;
  const number = "text" in sought ? sought.text : sought.number;
  const kind = "text" in sought ? undefined : ("call" as const);
  const [running, waiting, over] = await Promise.all([
    isFirst ? directory.running({ domain: name, after: null, limit: MOST_LISTED, named: true, ...sought }) : null,
    isFirst ? directory.promptCalls({ number, before: null, limit: MOST_LISTED, isOpen: true }) : null,
    directory.found({
      domain: name,
      cursor: placeOf(cursor),
      order: "newest",
      limit,
      filter: sought,
      ...(kind && { kind }),
    }),
  ]);
  const conferences = running?.conferences ?? [];
  const { inside, isCut } = await insideOf(domain, running?.found ?? new Map(), edge);
  const rows = over.records.map(({ record }) => record);
  const lines = [
    ...inside,
    ...(waiting?.calls ?? []).map(lineOfPromptCall),
    ...rows.flatMap((row) => (row.kind === "conference" ? [] : lineOf(row))),
  ];
  const nextRunning = running?.next ?? null;
  return {
    gaps: { ...((isCut || nextRunning !== null) && { isCut: true as const }) },
    conferences: [
      ...conferences.flatMap((one) => ofRunning(one, "text" in sought ? sought.text : null)),
      ...rows.flatMap((row) => (row.kind === "conference" ? ofRecord(row, number) : [])),
    ],
    lines: await named(domain, conferences, lines, edge),
    next: cursorAt(over.next),
  };
}

function lineOf(row: Exclude<FoundRow, ConferenceRecord>): PersonLine {
  return row.kind === "call" ? lineOfCall(row) : lineOfPromptCall(row);
}

function ofRecord(record: ConferenceRecord, text: string): FoundConference {
  const { conference: key, topic, endedAt } = record;
  const ids = spellingsOf(text);
  const by = ids.some((id) => id === key)
    ? "key"
    : ids.some((id) => record.extConfIds.includes(id))
      ? "ExtConfID"
      : "name";
  return { key, ...(topic !== "" && { topic }), state: "over", at: endedAt, by };
}

function ofRunning(one: ListedConference, text: string | null): readonly FoundConference[] {
  if (text === null) return [];
  const { key, topic, phase, createdAt: at, now } = one;
  const isKey = spellingsOf(text).some((spelling) => spelling === key);
  const isNamed = isKey || fitsName(text, topic);
  const room = isNamed ? undefined : now.roomNames?.find((name) => fitsName(text, name));
  if (!isNamed && room === undefined) return [];
  const by = isKey
    ? { by: "key" as const }
    : room === undefined
      ? { by: "name" as const }
      : { by: "sub-conference" as const, room };
  return [{ key, ...(topic !== undefined && { topic }), state: phase, at, ...by }];
}

/** Who is in these conferences, as far as they are listed. The first ones are asked since when, and whether muted. */
async function insideOf(
  domain: Domain,
  found: NonNullable<RunningPage["found"]>,
  edge: PeoplePorts,
): Promise<{ readonly inside: readonly PersonLine[]; readonly isCut: boolean }> {
  const withPeople = [...found].filter(([, people]) => people.length > 0);
  const relays = bridgesOf(
    edge,
    domain,
    withPeople.map(([, [person]]) => person?.bridge ?? null),
  );
  const lists = withPeople.map(async ([key, people], index): Promise<readonly PersonLine[]> => {
    const object = edge.objects.conference(domain.name, key);
    const asked = () => Promise.all([object.view(), object.entered()]);
    const [answered, bridges] = await Promise.all([
      index < MOST_ASKED ? answerOrNull(asked(), edge, { domain: domain.name, conference: key }) : null,
      relays,
    ]);
    const [view, entered] = answered ?? [];
    return people
      .slice(0, mostNamed)
      .map(({ extCallId: _, isCalled, enteredAt = null, dialledAt = null, bridge = null, ...person }): PersonLine => {
        const place = { ...person, conference: key, to: null };
        const isUnsaid = isAway(bridges, bridge);
        if (isCalled)
          return { ...place, what: "being-called", from: dialledAt, why: whyNotEntered(person.call, view, isUnsaid) };
        const from = entered?.get(person.call) ?? enteredAt;
        return { ...place, what: "inside", from, why: howInside(person.call, view, isUnsaid) };
      });
  });
  const all = (await Promise.all(lists)).flat();
  const isCut = all.length > MOST_LISTED || withPeople.some(([, people]) => people.length > mostNamed);
  return { inside: all.slice(0, MOST_LISTED), isCut };
}

/** `isUnsaid`: no agent says what the bridge does. */
function whyNotEntered(id: CallId, view: ConferenceView | null | undefined, isUnsaid: boolean): string {
  if (view?.callOuts.some(({ call, stage }) => call === id && stage === "dropping"))
    return "It is given up: the bridge has not said yet that it is over.";
  if (isUnsaid) return "No agent says now what its bridge does: it may not ring.";
  if (view?.commands.some(({ type, call }) => type === "dial" && call === id))
    return "The bridge has not said yet that it dials.";
  return "It has not entered.";
}

function howInside(id: CallId, view: ConferenceView | null | undefined, isUnsaid: boolean): string {
  if (isUnsaid) return "No agent says now what its bridge does: it may have left.";
  const caller = view?.callers.find(({ call }) => call === id);
  if (caller?.muted) return "It is muted.";
  return caller?.speaks ? "It speaks." : "";
}

/** Adds each conference's topic: the record's own, or WebEx's if the conference runs. */
async function named(
  domain: Domain,
  known: readonly ListedConference[],
  lines: readonly PersonLine[],
  edge: PeoplePorts,
) {
  const { name } = domain;
  const unnamed = lines.flatMap(({ conference, topic }) => (topic === undefined && conference) || []);
  const others = [...new Set(unnamed)].filter((name) => !known.some(({ key }) => key === name)) as ConfKey[];
  const query = { domain: name, after: null, limit: others.length, keys: others };
  const found = others.length === 0 ? null : await edge.objects.directory(name).running(query);
  const running = [...known, ...(found?.conferences ?? [])];
  const own = new Map<string, string>(running.flatMap(({ key, topic }) => (topic === undefined ? [] : [[key, topic]])));
  return lines.map((line) => {
    const { topic = own.get(line.conference ?? "") } = line;
    return topic === undefined ? line : { ...line, topic };
  });
}

/** Conferences that a text names as an id: their key or ExtConfID, or the id of one of their messages. */
async function namedBy(domain: Domain, text: string, edge: PeoplePorts): Promise<readonly FoundConference[]> {
  const { handles, idAllocator } = edge.objects;
  const { name } = domain;
  const spellings = spellingsOf(text);
  const asked = { domain: name, transId: "" as TransId, claims: [], handles: spellings as readonly ExtConfId[] };
  const [known, ofHandles, holders] = await Promise.all([
    Promise.all(spellings.map((key) => isKnown(domain, key as ConfKey, edge))),
    handles(name).resolve(asked),
    /^\d{11}$/.test(text) ? idAllocator(name).holdersOf(text) : [],
  ]);
  const kept = { state: "kept", at: null } as const;
  return [
    ...spellings.flatMap((key, index) => (known[index] ? [{ ...kept, key, by: "key" } as const] : [])),
    ...[...(ofHandles?.values() ?? [])].map((key) => ({ ...kept, key, by: "ExtConfID" }) as const),
    ...(await Promise.all(holders.map((key) => messageIn(domain, key, text, edge)))).flat(),
  ];
}

/** Where in a conference's journal this id stands first. One of the adapter's may have been allocated and not used. */
async function messageIn(
  domain: Domain,
  key: ConfKey,
  id: string,
  edge: PeoplePorts,
): Promise<readonly FoundConference[]> {
  const place = await edge.objects.conference(domain.name, key).placeOfId(id);
  return place && (await isKnown(domain, key, edge))
    ? [{ key, state: "kept", at: place.at, by: "message", row: place.row }]
    : [];
}

/** Whether it may be an id of a message, and is not written as numbers of people are. */
function isId(text: string): boolean {
  return ID_FORM.test(text) && (digitsIn(text) ?? text) === text;
}

interface InJournals {
  readonly conferences: readonly FoundConference[];
  readonly journals: SearchedJournals;
}

const notInJournals: InJournals = { conferences: [], journals: { searched: 0, isAll: false } };

/** Conferences whose journals have an id that WebEx gave to a message or transaction: no table has those, so that no message costs a row more. */
async function inJournals(domain: Domain, id: string, edge: PeoplePorts): Promise<InJournals> {
  if (searching.has(domain)) return notInJournals;
  searching.add(domain);
  try {
    const { name } = domain;
    const { holders, next } = await edge.objects.idAllocator(name).conferencesOf(JOURNALS_OF_MS, null, null);
    const ask = ({ key }: (typeof holders)[number]) =>
      answerOrNull(messageIn(domain, key, id, edge), edge, { domain: name, conference: key });
    const answers = await askedInTime(edge, JOURNALS_WITHIN_MS, holders, ask, JOURNALS_PACE);
    const found = answers.filter((one) => one !== null);
    const searched = found.length;
    return { conferences: found.flat(), journals: { searched, isAll: next === null && searched === holders.length } };
  } finally {
    searching.delete(domain);
  }
}
