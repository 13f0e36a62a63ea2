import type { DomainName } from "../../src/foundation/ids.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import {
  digitsIn,
  endsOfNumber,
  fitsName,
  idMatcher,
  idSpellings,
  numberMatcher,
  spellingsOf,
} from "../../src/foundation/text/spelled.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { type CallRow, type ConferenceRow, type PromptRow, recordOfConference } from "../../src/records/rows.ts";
import type { Erasure, FoundRow, PlacedRecord, RecordPage, RecordQuery } from "../../src/rpc/directory.ts";
import type { SqlValue } from "../platform/platform.ts";
import { arrivalAt, conferenceCalls, type DirectoryContext, type DirectoryStore, reversed } from "./directory-store.ts";

/** Most rows that one page reads, even if few match the filters outside SQL. */
const mostLooked = 5_000;
/** Most rows that one statement visits, so that others need not wait for it. */
const mostVisited = 5_000;
const mostPage = 1_000;
const mostPortion = 500;
/** How many other numbers, and conferences, an erasure names. */
const mostAlike = 10;

/** Part of a query, with its values. */
interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Queries of ended calls and conferences. */
export class RecordStore {
  readonly #store: DirectoryStore;
  readonly #context: DirectoryContext;

  constructor(context: DirectoryContext) {
    this.#context = context;
    this.#store = context.store;
  }

  async records(query: RecordQuery): Promise<RecordPage<DirectoryRecord>> {
    return (await this.#found(query, conferenceCalls)) as RecordPage<DirectoryRecord>;
  }

  async found(query: RecordQuery): Promise<RecordPage<FoundRow>> {
    return await this.#found(query, "call");
  }

  /** `calls`: the table of calls. */
  async #found(query: RecordQuery, calls: string): Promise<RecordPage<FoundRow>> {
    const { cursor, order, since, until, limit, kind } = query;
    const isOldest = order === "oldest";
    const { about, lastArrival } = this.#store;
    const end = about && { directory: about.directory, id: lastArrival };
    const answer = { ...this.#store.filling, end };
    const first = since === undefined ? 0 : arrivalAt(since);
    const behind = until === undefined ? lastArrival + 1 : arrivalAt(until);
    const isMeant = recordMatcher(query.filter ?? {});
    const most = Math.min(limit, mostPage);
    const { number, text, webexHost } = query.filter ?? {};
    const portion = (number ?? text ?? webexHost) === undefined ? Math.min(most, mostPortion) : mostPortion;
    const records: PlacedRecord<FoundRow>[] = [];
    let from = isOldest ? Math.max(cursor ?? 0, first - 1) : Math.min(cursor ?? behind, behind);
    const tables = (["call", "conference"] as const).filter((table) => kind === undefined || kind === table);
    for (let looked = 0; looked < mostLooked; ) {
      await this.#context.giveWay?.();
      const rest = isOldest ? { above: from, below: behind } : { above: first - 1, below: from };
      const last = this.#end(tables, query, rest);
      const part = last === null ? rest : { ...rest, [isOldest ? "below" : "above"]: last };
      const page = tables
        .flatMap((table) => this.#page(table, query, calls, part, portion))
        .sort((one, other) => (isOldest ? one.id - other.id : other.id - one.id))
        .slice(0, portion);
      for (const one of page) {
        from = one.id;
        if (isMeant(one.record)) records.push(one);
        if (records.length >= most) return { ...answer, records, next: from };
      }
      looked += page.length;
      if (page.length === portion) continue;
      if (last === null) return { ...answer, records, next: null };
      from = isOldest ? last - 1 : last + 1;
    }
    return { ...answer, records, next: from };
  }

  /** The arrival at which a statement without another index must end; `null`: it may visit all these rows. */
  #end(tables: readonly Table[], { order, filter = {} }: RecordQuery, { above, below }: Part): number | null {
    const [direction, first] = order === "oldest" ? ["ASC", Math.min] : ["DESC", Math.max];
    const visited = tables.filter((table) => !isIndexed(table, filter) && conditionOf(table, filter).sql !== "TRUE");
    const ends = visited.flatMap((table) => {
      const query = `SELECT arrival FROM ${table} WHERE arrival > ? AND arrival < ?
        ORDER BY arrival ${direction} LIMIT 1 OFFSET ?`;
      return this.#store.read<{ arrival: number }>(query, above, below, mostVisited).map(({ arrival }) => arrival);
    });
    return ends.length === 0 ? null : first(...ends);
  }

  /** Rows between these arrivals that may match. */
  #page(table: Table, { order, filter = {} }: RecordQuery, calls: string, { above, below }: Part, portion: number) {
    const where = conditionOf(table, filter);
    // The plus keeps SQLite from the index of arrivals if another index is faster.
    const by = isIndexed(table, filter) ? "+arrival" : "arrival";
    const rows = this.#store.read<{ arrival: number; data: string }>(
      `SELECT arrival, data FROM ${table === "call" ? calls : table} WHERE ${by} > ? AND ${by} < ? AND ${where.sql}
       ORDER BY ${by} ${order === "oldest" ? "ASC" : "DESC"} LIMIT ?`,
      ...[above, below, ...where.values, portion],
    );
    return rows.map(({ arrival, data }) => {
      const row = JSON.parse(data) as CallRecord | ConferenceRow | PromptRow;
      const record = row.kind === "conference" ? recordOfConference(row) : row;
      return { id: arrival, at: Math.floor(arrival / 1_000), record };
    });
  }

  async erase(domain: DomainName, number: string): Promise<Erasure> {
    if (number === "" || !this.#store.about) return { erased: 0, alike: [] };
    // Bridges may leave signs between digits.
    const isMeant = (kept: string) => kept === number || digitsIn(kept) === number;
    const { sql, values } = numberCondition(number);
    const rows = [
      ...this.#store.read(`SELECT DISTINCT reversed FROM call WHERE ${sql}`, ...values),
      // Also numbers that end with a sign or a word.
      ...this.#store.read("SELECT DISTINCT reversed FROM call WHERE reversed > '' AND reversed GLOB '*[^0-9]*'"),
    ];
    const known = rows.map((row) => reversed(String(row.reversed)));
    const numbers = new Set([number, ...known.filter(isMeant)]);
    const erased = this.#store.transaction(domain, () => this.#store.erase([...numbers], this.#context.now()));
    const isAlike = numberMatcher(number);
    const alike = new Set(known.filter((other) => !isMeant(other) && isAlike(other)));
    return { erased, alike: [...alike].slice(0, mostAlike) };
  }
}

type Filter = NonNullable<RecordQuery["filter"]>;

type Table = "call" | "conference";

/** Arrivals, both exclusive. */
interface Part {
  readonly above: number;
  readonly below: number;
}

/** True if few rows match, or none, and an index has them. */
function isIndexed(table: Table, { conference, number, attendeeId, text }: Filter): boolean {
  return (conference ?? number ?? attendeeId) !== undefined || (table === "call" && text !== undefined);
}

/** The filters in SQL. */
export function conditionOf(table: Table, filter: Filter): Condition {
  const { conference, number, attendeeId, bridge, endedBy, status, text } = filter;
  const isCall = table === "call";
  const given = [
    conference !== undefined && oneOf(isCall ? "conference" : "key", spellingsOf(conference)),
    number !== undefined && (isCall ? numberCondition(number) : none),
    attendeeId !== undefined && (isCall ? oneOf("attendee", idSpellings(attendeeId)) : none),
    bridge !== undefined && oneOf("bridge", [bridge]),
    endedBy !== undefined && oneOf("ended_by", [endedBy]),
    status !== undefined && oneOf("status", [status]),
    text !== undefined && (isCall ? personCondition(text) : nameCondition(text)),
  ];
  return joined("AND", given);
}

const none: Condition = { sql: "FALSE", values: [] };

/** Candidates for a number, an attendee ID or a call ID. */
function personCondition(text: string): Condition {
  const [attendees, ids] = [idSpellings(text), spellingsOf(text)];
  return joined("OR", [numberCondition(text), oneOf("attendee", attendees), oneOf("call", ids), oneOf("named", ids)]);
}

/** A key, an external conference ID, or a part of a name. */
function nameCondition(text: string): Condition {
  const ids = spellingsOf(text);
  const handles = ids.map((id) => ({ sql: "instr(handles, ?) > 0", values: [id] }));
  const name = { sql: "name LIKE ? ESCAPE '!'", values: [patternOf(text)] };
  return joined("OR", [oneOf("key", ids), ...handles, name]);
}

/** Candidates for a number in any spelling. */
function numberCondition(number: string): Condition {
  const sql = "reversed >= ? AND reversed < ?";
  const ends = endsOfNumber(number).map(reversed);
  return joined(
    "OR",
    ends.map((end) => ({ sql, values: [end, `${end}\uffff`] })),
  );
}

/** Indexes lack empty values. */
function oneOf(column: string, values: readonly string[]): Condition {
  return { sql: `${column} > '' AND ${column} IN (${values.map(() => "?")})`, values };
}

function joined(by: "AND" | "OR", conditions: readonly (Condition | false)[]): Condition {
  const given = conditions.filter((one) => one !== false);
  const sql = given.map((one) => `(${one.sql})`).join(` ${by} `) || "TRUE";
  return { sql, values: given.flatMap(({ values }) => values) };
}

/** Bytes of a pattern; the platform takes no more than 50. */
const mostOfPattern = 48;

/** Matches texts that contain the start of this text. SQLite lowers only ASCII letters, so other characters match any. */
function patternOf(text: string): string {
  let pattern = "%";
  for (const one of text.trim()) {
    const next = /[%_!]/.test(one) ? `!${one}` : /[\x20-\x7e]/.test(one) ? one : "_";
    if (pattern.length + next.length >= mostOfPattern) break;
    pattern += next;
  }
  return `${pattern}%`;
}

type Matcher = (row: FoundRow | CallRow) => boolean;

/** The filters outside SQL. Parses the query once. */
export function recordMatcher({ number, webexHost, text }: Filter): Matcher {
  const isNumber = number === undefined ? null : numberMatcher(number);
  const isText = text === undefined ? null : textMatcher(text);
  const host = webexHost === undefined ? null : bareHost(webexHost);
  return (record) => {
    const hosts = record.kind === "conference" ? record.webexHosts : record.kind === "call" ? [record.webexHost] : [];
    return (
      (!isNumber || (record.kind !== "conference" && isNumber(record.number))) &&
      (!isText || isText(record)) &&
      (host === null || hosts.some((one) => bareHost(one) === host))
    );
  };
}

/** True if a record matches a text. A key means the conference, not its calls. */
function textMatcher(text: string): Matcher {
  const spellings = spellingsOf(text);
  const isNumber = numberMatcher(text);
  const isAttendee = idMatcher(text);
  return (record) => {
    if (record.kind === "conference") {
      const ids: readonly string[] = [record.conference, ...record.extConfIds];
      return fitsName(text, record.topic) || spellings.some((one) => ids.includes(one));
    }
    const { number, call } = record;
    if (record.kind === "prompt") return isNumber(number) || spellings.includes(call);
    const { attendeeId, extCallId } = record;
    return isNumber(number) || isAttendee(attendeeId) || spellings.some((one) => [call, extCallId].includes(one));
  };
}
