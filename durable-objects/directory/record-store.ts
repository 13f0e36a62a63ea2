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
const mostPage = 1_000;
const portion = 500;
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
    const records: PlacedRecord<FoundRow>[] = [];
    let from = isOldest ? Math.max(cursor ?? 0, first - 1) : Math.min(cursor ?? behind, behind);
    for (let looked = 0; looked < mostLooked; ) {
      await this.#context.giveWay?.();
      const [above, below] = isOldest ? [from, behind] : [first - 1, from];
      const page = (["call", "conference"] as const)
        .flatMap((table) => (kind === undefined || kind === table ? this.#page(table, query, calls, above, below) : []))
        .sort((one, other) => (isOldest ? one.id - other.id : other.id - one.id))
        .slice(0, portion);
      for (const one of page) {
        from = one.id;
        if (!one.record) continue;
        looked += 1;
        if (isMeant(one.record)) records.push({ ...one, record: one.record });
        if (records.length >= most) return { ...answer, records, next: from };
      }
      if (page.length < portion) return { ...answer, records, next: null };
    }
    return { ...answer, records, next: from };
  }

  /** Returns rows between these arrivals; `null` for a visited row that does not match. */
  #page(
    table: "call" | "conference",
    { order, filter = {} }: RecordQuery,
    calls: string,
    above: number,
    below: number,
  ): readonly PlacedRecord<FoundRow | null>[] {
    const { sql, values } = conditionOf(table, filter);
    const { conference, number, attendeeId, text } = filter;
    const isIndexed = (conference ?? number ?? attendeeId) !== undefined || (table === "call" && text !== undefined);
    // The plus stops SQLite from using the index of arrivals. Without another index, a statement visits at most one portion.
    const [by, data, where] = isIndexed
      ? ["+arrival", "data", sql]
      : ["arrival", `CASE WHEN ${sql} THEN data END AS data`, "TRUE"];
    const rows = this.#store.read<{ arrival: number; data: string | null }>(
      `SELECT arrival, ${data} FROM ${table === "call" ? calls : table} WHERE ${where} AND ${by} > ? AND ${by} < ?
       ORDER BY ${by} ${order === "oldest" ? "ASC" : "DESC"} LIMIT ?`,
      ...[...values, above, below, portion],
    );
    return rows.map(({ arrival, data }) => {
      const row = data === null ? null : (JSON.parse(data) as CallRecord | ConferenceRow | PromptRow);
      const record = row?.kind === "conference" ? recordOfConference(row) : row;
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

/** The filters in SQL. */
export function conditionOf(table: "call" | "conference", filter: Filter): Condition {
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
