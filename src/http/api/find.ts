import * as v from "valibot";
import type { ConfKey, ExtConfId, TransId } from "../../foundation/ids.ts";
import { peopleShown } from "../../foundation/text/people-shown.ts";
import { digitsIn, fitsName, spellingsOf } from "../../foundation/text/spelled.ts";
import type { ConferenceRecord } from "../../records/conference-record.ts";
import {
  type FoundConference,
  foundConference,
  lineOfCall,
  lineOfPromptCall,
  type PersonLine,
  personLine,
} from "../../records/person-line.ts";
import type { CallRow } from "../../records/rows.ts";
import { type ListedConference, mostNamed } from "../../rpc/directory.ts";
import type { Domain } from "../../settings/load.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { noteSilentBridges } from "../monitoring/figures-of-domain.ts";
import { lacks } from "../objects-of-request.ts";
import { anySpelling, cursorAt, next, type Part, pagedRows, placeOf, sought } from "./lists.ts";
import { isKnown, routeOf } from "./route.ts";

const route = routeOf("Find");

const MOST_LISTED = 200;

const lines = v.pipe(v.array(personLine), v.description("Current calls first, then the latest."));
const people = v.pipe(
  peopleShown,
  v.description(
    "Which part of numbers was compared. `masked`: the last two characters, so other numbers can match too; `none`: nothing, because the settings store no numbers; `full`: all, or the text is not a number.",
  ),
);
const page = pagedRows(MOST_LISTED, 50);

export const findRoutes = [
  route("find", "POST /domains/{domain}/find", {
    says: "Finds conferences and callers by any text",
    more: "Conferences by key, ExtConfID, part of the name or of an open sub-conference's name, or a MsgID or TransID of the adapter. Callers by number, attendee ID, or the bridge's or WebEx's call ID.",
    query: { text: sought(`The text to find. Numbers: ${anySpelling}`), ...page },
    answer: {
      says: "What happened to callers, and on the first page conferences.",
      schema: v.object({ conferences: v.array(foundConference), lines, next, people }),
    },
    handle: ({ domain, edge, query: { text, ...page } }) => findIn(domain, text.trim(), page, edge),
  }),
];

async function findIn(domain: Domain, text: string, page: Part, edge: PeoplePorts) {
  const [found, named] = await Promise.all([pageOf(domain, text, page, edge), namedBy(domain, text, edge)]);
  const keys = new Set(found.conferences.map(({ key }) => key));
  // A directory's row has more than a known key; a message's row has its position.
  const others = named.filter(
    ({ key, row }, index) =>
      row !== undefined || (!keys.has(key) && named.findIndex((one) => one.key === key && !one.row) === index),
  );
  const isKey = [...found.conferences, ...named].some(({ by }) => by === "key");
  return {
    conferences: page.cursor === undefined ? [...found.conferences, ...(await asTheyRun(domain, others, edge))] : [],
    // A masked number that only ends like the key is no match.
    lines: await withTopics(
      domain,
      found.lines.filter(({ number, call }) => !isKey || !number.startsWith("*") || call === text),
      edge,
    ),
    next: found.next,
    // A search for a name or an ID needs no note about numbers.
    people: isKey || digitsIn(text) === null ? ("full" as const) : domain.settings.recordsPersonal,
  };
}

async function pageOf(domain: Domain, text: string, { cursor, limit }: Part, edge: PeoplePorts) {
  const { name } = domain;
  const directory = edge.objects.directory(name);
  const isFirst = cursor === undefined;
  const [running, waiting, over] = await Promise.all([
    isFirst ? directory.running({ domain: name, after: null, limit: MOST_LISTED, named: true, text }) : null,
    isFirst ? directory.promptCalls({ number: text, before: null, limit: MOST_LISTED, isOpen: true }) : null,
    directory.found({
      domain: name,
      cursor: placeOf(cursor),
      order: "newest",
      limit,
      filter: { text },
    }),
  ]);
  const inside = [...(running?.found ?? [])];
  const lines = inside.flatMap(([key, people]) => people.slice(0, mostNamed).map((one) => lineOf(key, one)));
  const isCut = inside.some(([, people]) => people.length > mostNamed) || lines.length > MOST_LISTED;
  if (isCut || (running?.next ?? null) !== null)
    lacks(edge, "running conferences", "more match than are listed; enter more of the name or number");
  await noteSilentBridges(
    edge,
    domain,
    inside.map(([, [person]]) => person?.bridge ?? null),
  );
  const conferences = (running?.conferences ?? []).flatMap((one) => ofRunning(one, text));
  lines.splice(MOST_LISTED);
  lines.push(...(waiting?.calls ?? []).map(lineOfPromptCall));
  for (const { record } of over.records) {
    if (record.kind === "conference") conferences.push(ofRecord(record, text));
    else lines.push(record.kind === "call" ? lineOfCall(record) : lineOfPromptCall(record));
  }
  return { conferences, lines, next: cursorAt(over.next) };
}

function lineOf(conference: ConfKey, { call, number, attendeeId, enteredAt, dialledAt }: CallRow): PersonLine {
  return {
    what: enteredAt === null ? "being-called" : "inside",
    from: enteredAt ?? dialledAt,
    to: null,
    number,
    attendeeId,
    conference,
    call,
    why: enteredAt === null ? "It has not entered." : "",
  };
}

function ofRecord(record: ConferenceRecord, text: string): FoundConference {
  const { conference: key, topic, endedAt } = record;
  const ids = spellingsOf(text);
  const isByExtConfId = ids.some((id) => record.extConfIds.includes(id));
  const by = ids.includes(key) ? "key" : isByExtConfId ? "ExtConfID" : "name";
  return { key, ...(topic !== "" && { topic }), state: "over", at: endedAt, by };
}

function ofRunning({ key, topic, phase, createdAt, now }: ListedConference, text: string): FoundConference[] {
  const one = { key, ...(topic !== undefined && { topic }), state: phase, at: createdAt };
  if (spellingsOf(text).includes(key)) return [{ ...one, by: "key" }];
  if (fitsName(text, topic)) return [{ ...one, by: "name" }];
  const room = now.roomNames.find((name) => fitsName(text, name));
  return room === undefined ? [] : [{ ...one, by: "sub-conference", room }];
}

/** Returns those of these conferences that are running, as the directory has them. */
async function runningOf({ name }: Domain, keys: readonly string[], edge: PeoplePorts) {
  const asked = [...new Set(keys)] as ConfKey[];
  if (asked.length === 0) return new Map<string, ListedConference>();
  const query = { domain: name, after: null, limit: asked.length, keys: asked };
  const { conferences } = await edge.objects.directory(name).running(query);
  return new Map<string, ListedConference>(conferences.map((one) => [one.key, one]));
}

async function asTheyRun(domain: Domain, found: readonly FoundConference[], edge: PeoplePorts) {
  const keys = found.map(({ key }) => key);
  const running = await runningOf(domain, keys, edge);
  return found.map((one): FoundConference => {
    const listed = running.get(one.key);
    if (!listed) return one;
    const { topic, phase, createdAt } = listed;
    return { ...one, ...(topic !== undefined && { topic }), state: phase, at: one.at ?? createdAt };
  });
}

/** Adds each conference's name: the record's own, or WebEx's if the conference runs. */
async function withTopics(domain: Domain, lines: readonly PersonLine[], edge: PeoplePorts) {
  const unnamed = lines.flatMap(({ conference, topic }) => (topic === undefined && conference) || []);
  const running = await runningOf(domain, unnamed, edge);
  return lines.map((line) => {
    const { topic = running.get(line.conference ?? "")?.topic } = line;
    return topic === undefined ? line : { ...line, topic };
  });
}

/** Conferences by ID: their key or ExtConfID, or the adapter's ID of one of their messages. */
async function namedBy(domain: Domain, text: string, edge: PeoplePorts): Promise<readonly FoundConference[]> {
  const { conference, handles, idAllocator } = edge.objects;
  const { name } = domain;
  const spellings = spellingsOf(text);
  const asked = { domain: name, transId: "" as TransId, claims: [], handles: spellings as readonly ExtConfId[] };
  const [known, ofHandles, holders] = await Promise.all([
    Promise.all(spellings.map((key) => isKnown(domain, key as ConfKey, edge))),
    handles(name).resolve(asked),
    /^\d{11}$/.test(text) ? idAllocator(name).holdersOf(text) : [],
  ]);
  /** The first row of a conference's journal with this ID. An allocated ID may be unused. */
  const messageIn = async (key: ConfKey): Promise<FoundConference[]> => {
    const place = await conference(name, key).placeOfId(text);
    const isThere = place && (await isKnown(domain, key, edge));
    return isThere ? [{ key, state: "kept", at: place.at, by: "message", row: place.row }] : [];
  };
  const kept = { state: "kept", at: null } as const;
  return [
    ...spellings.flatMap((key, index) => (known[index] ? [{ ...kept, key, by: "key" } as const] : [])),
    ...[...(ofHandles?.values() ?? [])].map((key) => ({ ...kept, key, by: "ExtConfID" }) as const),
    ...(await Promise.all(holders.map(messageIn))).flat(),
  ];
}
