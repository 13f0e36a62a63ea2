import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
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
import { dayMs } from "../../src/foundation/time/timers.ts";
import { type DirectoryRecord, identityOf } from "../../src/records/conference-record.ts";
import type { ErasurePage, PlacedRecord, RecordPage, RecordQuery } from "../../src/rpc/directory.ts";
import type { FactPage } from "../../src/rpc/directory-feed.ts";
import type { DirectoryIdentity, DirectoryStore } from "./directory-store.ts";
import type { EnteredAt, IsNumber } from "./prompt-store.ts";

/** How many records one page looks at, however few of them fit the filters. */
const mostLooked = 5_000;
/** The same where SQLite looks for a text in them, in portions of some ten milliseconds. */
const mostSearched = 150_000;
const searchedAtOnce = 15_000;
/** How many records one call of an erasure looks at: others read between its portions, and it must end in time. */
const mostErasing = 2_000;
/** How many other numbers, and conferences, one call of an erasure names. */
const mostAlike = 10;
/** If a conference has no place yet, its records are searched from so long before its start, or now, since clocks may be wrong. */
const clockMarginMs = dayMs;
const mostPage = 1_000;
const portion = 500;

interface ErasedElsewhere extends Pick<ErasurePage, "erased" | "inside"> {
  readonly others: Iterable<string>;
}

interface RecordPorts {
  now(): EpochMs;
  aboutNow(domain: DomainName): DirectoryIdentity;
  /** Takes a number out of all but the records. Returns how many calls at the prompt had it, who has it inside, and others' numbers. */
  alsoErase(domain: DomainName, isMeant: IsNumber): ErasedElsewhere;
  /** See `Platform`. */
  giveWay(): Promise<void>;
}

/** The records of calls and conferences that are over: what people ask of them, and which ones are there already. */
export class RecordStore {
  readonly #store: DirectoryStore;
  readonly #ports: RecordPorts;
  /** Identity → id of each record behind the first of these ids, up to the second. */
  readonly #read = new Map<string, number>();
  #readBehind: number;
  #readUpTo: number;
  /** Of so many records it remembers the identities. */
  readonly #mostRead: number;

  constructor(store: DirectoryStore, ports: RecordPorts, mostRead = 200_000) {
    this.#store = store;
    this.#mostRead = mostRead;
    this.#ports = ports;
    this.#readBehind = store.place?.id ?? 0;
    this.#readUpTo = this.#readBehind;
  }

  async records(query: RecordQuery): Promise<RecordPage> {
    const { cursor, order, since, until, limit, filter = {} } = query;
    const end = this.#store.place;
    const first = Math.max(since === undefined ? 1 : this.#store.firstSince(since), this.#store.first);
    const behind = until === undefined ? (end?.id ?? 0) + 1 : this.#store.firstSince(until);
    const isOldest = order === "oldest";
    const holds = textsIn(filter);
    const span = holds ? mostSearched : mostLooked;
    let from = isOldest ? Math.max(cursor ?? 0, first - 1) : Math.min(cursor ?? behind, behind);
    const to = isOldest ? Math.min(from + span + 1, behind) : Math.max(from - span - 1, first - 1);
    const isMeant = recordMatcher(query);
    const records: PlacedRecord[] = [];
    for (;;) {
      await this.#ports.giveWay();
      const upTo = isOldest ? Math.min(from + searchedAtOnce + 1, to) : Math.max(from - searchedAtOnce - 1, to);
      const page = this.#store.page(from, order, portion, { to: upTo, holds });
      for (const one of page) {
        from = one.id;
        if (isMeant(one.record)) records.push(one);
        if (records.length >= Math.min(limit, mostPage)) return { end, records, next: from };
      }
      if (page.length === portion) continue;
      if (upTo === to) break;
      from = isOldest ? upTo - 1 : upTo + 1;
    }
    const next = isOldest ? (to < behind ? to - 1 : null) : to >= first ? to + 1 : null;
    return { end, records, next };
  }

  /** Who entered, of calls that are over since then: of the latest records, as many as one page looks at. */
  *enteredSince(since: EpochMs): Generator<EnteredAt> {
    const end = (this.#store.place?.id ?? 0) + 1;
    const to = Math.max(this.#store.firstSince(since) - 1, end - mostLooked);
    for (let from = end; ; ) {
      const page = this.#store.page(from, "newest", portion, { to });
      for (const { id, record } of page) {
        from = id;
        if (record.kind === "call" && record.enteredAt !== null) yield [record.number, record.enteredAt];
      }
      if (page.length < portion) return;
    }
  }

  /** Also in the middle of an export: ids stay. */
  async erase(domain: DomainName, number: string, from: number): Promise<ErasurePage> {
    if (number === "" || !this.#store.about) return { erased: 0, alike: [], inside: [], next: null };
    // Bridges may keep signs between digits.
    const isMeant = (kept: string) => kept === number || digitsIn(kept) === number;
    const isAlike = numberMatcher(number);
    const alike = new Set<string>();
    const noteAlike = (other: string) => {
      if (alike.size < mostAlike && !isMeant(other) && isAlike(other)) alike.add(other);
    };
    const besides = from === 0 ? this.#ports.alsoErase(domain, isMeant) : null;
    for (const other of besides?.others ?? []) noteAlike(other);
    const inside = besides?.inside.slice(0, mostAlike) ?? [];
    let erased = besides?.erased ?? 0;
    let place = from;
    for (let looked = 0; looked < mostErasing; looked += portion) {
      await this.#ports.giveWay();
      const page = this.#store.page(place, "oldest", portion);
      const concerned = page.filter(({ record }) => record.kind === "call" && isMeant(record.number));
      if (concerned.length > 0) {
        this.#store.transaction(this.#ports.aboutNow(domain), () => {
          for (const { id, record } of concerned) {
            if (record.kind === "call") this.#store.replace(id, { ...record, number: "", attendeeId: "" });
          }
        });
      }
      erased += concerned.length;
      for (const { record } of page) if (record.kind === "call") noteAlike(record.number);
      if (page.length < portion) return { erased, alike: [...alike], inside, next: null };
      place = page.at(-1)?.id ?? place;
    }
    return { erased, alike: [...alike], inside, next: place };
  }

  /** Returns a check whether a record is there already, for these records. */
  keptIn({ place }: FactPage, records: readonly DirectoryRecord[]): (record: DirectoryRecord) => boolean {
    if (records.length === 0) return () => false;
    const readBehind = this.#readFrom(place, records);
    return (record) => (this.#read.get(identityOf(record)) ?? 0) > readBehind;
  }

  /** The id behind which copies of these records must stand. Reads all identities behind it. */
  #readFrom(place: FactPage["place"], records: readonly DirectoryRecord[]): number {
    const last = this.#store.place?.id ?? 0;
    const begun = records.map((record) =>
      record.kind === "call" ? (record.dialledAt ?? record.enteredAt ?? record.endedAt) : record.createdAt,
    );
    const since = Math.min(...begun, this.#ports.now()) - clockMarginMs;
    const from = place?.id ?? this.#store.firstSince(since) - 1;
    if (this.#read.size > this.#mostRead) {
      this.#read.clear();
      this.#readBehind = last;
    } else this.#readPart(this.#readUpTo, last);
    this.#readUpTo = last;
    this.#readPart(from, this.#readBehind);
    this.#readBehind = Math.min(this.#readBehind, from);
    return from;
  }

  #readPart(behind: number, upTo: number): void {
    for (let from = behind; from < upTo; ) {
      const page = this.#store.page(from, "oldest", portion);
      for (const { id, record } of page) this.#read.set(identityOf(record), id);
      if (page.length < portion) return;
      from = page.at(-1)?.id ?? upTo;
    }
  }
}

type Matcher = (record: DirectoryRecord) => boolean;

/** Reads what is looked for once. */
function recordMatcher({ kind, filter = {} }: RecordQuery): Matcher {
  const fields = Object.entries(filter).flatMap(([name, wanted]) =>
    wanted === undefined ? [] : fieldMatcher(name, wanted),
  );
  return (record) => (kind === undefined || record.kind === kind) && fields.every((isMeant) => isMeant(record));
}

function fieldMatcher(name: string, wanted: string): Matcher {
  if (name === "text") return textMatcher(wanted);
  const valueIn = (record: Readonly<Record<string, unknown>>) => record[name];
  if (name === "number") {
    const isMeant = numberMatcher(wanted);
    return (record) => record.kind === "call" && isMeant(record.number);
  }
  if (name === "attendeeId") {
    const isMeant = idMatcher(wanted);
    return (record) => record.kind === "call" && isMeant(record.attendeeId);
  }
  if (name === "conference") {
    const spellings: readonly unknown[] = spellingsOf(wanted);
    return (record) => spellings.includes(valueIn(record));
  }
  if (name !== "webexHost") return (record) => valueIn(record) === wanted;
  const hostsIn = ({ webexHosts, webexHost }: Readonly<Record<string, unknown>>) => [webexHosts ?? webexHost].flat();
  return (record) => hostsIn({ ...record }).some((host) => bareHost(String(host)) === bareHost(wanted));
}

/** Whether a record is of whom or what somebody looks for by a text. A key means the conference, and not its calls. */
function textMatcher(text: string): Matcher {
  const spellings = spellingsOf(text);
  const isNumber = numberMatcher(text);
  const isAttendee = idMatcher(text);
  return (record) => {
    if (record.kind === "conference") {
      const ids: readonly string[] = [record.conference, ...record.extConfIds];
      return fitsName(text, record.topic) || spellings.some((one) => ids.includes(one));
    }
    const { number, attendeeId, call, extCallId } = record;
    return isNumber(number) || isAttendee(attendeeId) || spellings.some((one) => [call, extCallId].includes(one));
  };
}

type Filter = NonNullable<RecordQuery["filter"]>;

/** The JSON of each record that fits has one of these in it; `undefined`: that cannot be said. */
function textsIn({ conference, number, attendeeId, text }: Filter): readonly string[] | undefined {
  if (text) return [...new Set([inJson(text.trim()), ...endsInJson(text)])];
  if (number) return endsInJson(number);
  const spellings = conference ? spellingsOf(conference) : attendeeId ? idSpellings(attendeeId) : undefined;
  return spellings?.map((one) => `"${inJson(one)}"`);
}

function endsInJson(number: string): readonly string[] {
  return endsOfNumber(number).map((end) => `${inJson(end)}"`);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
