import type { ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { inPortions } from "../../src/foundation/time/in-portions.ts";
import { dayMs, type Timers, within } from "../../src/foundation/time/timers.ts";
import { sumOfLoads } from "../../src/operators/figures.ts";
import type { KnownTrouble } from "../../src/operators/trouble.ts";
import { foldOf, type RunningFold } from "../../src/records/running.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type {
  BridgeLoad,
  ConferenceTotals,
  FoundPerson,
  ListedConference,
  RebuildPage,
  RunningPage,
  RunningQuery,
  ServerLoad,
} from "../../src/rpc/directory.ts";
import type { FactPage, LiveState } from "../../src/rpc/directory-feed.ts";
import type { HolderPage } from "../../src/rpc/id-allocator.ts";
import type { Log } from "../platform/log.ts";
import type { DirectoryStore, LastReport, RunningRow } from "./directory-store.ts";
import type { EndedWaiting } from "./ended-waiting.ts";
import type { EnteredAt, IsNumber } from "./prompt-store.ts";
import { searchFor } from "./running-search.ts";

export interface FeedPorts extends Timers {
  now(): EpochMs;
  readonly log: Log;
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "feedDirectory">;
  /** The conferences that were allocated ids, as `IdAllocatorRpc` has them. */
  conferencesOf(domain: DomainName, lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage>;
}

export type Cursor = Pick<FactPage, "journal"> & { readonly row: number };

export interface RunningEntry {
  readonly id: number;
  /** As it is on disk. */
  readonly row: RunningRow;
  /** How the conference is, or was when it last reported; `null`: that is not known. */
  readonly known: KnownConference | null;
  /** How far its journal was followed; `null`: it has sent nothing since the directory's own restart. */
  readonly followed: Followed | null;
  readonly watchedAt: EpochMs | null;
  /** Whether the last answer to the conference said that people look at it. */
  readonly isWatched: boolean;
  readonly askedAt: EpochMs | null;
  /** Since when it has answered no question, as the disk has it. */
  readonly silentSince: EpochMs | null;
}

export interface KnownConference {
  readonly fold: RunningFold;
  readonly live: LiveState;
}

export interface Followed {
  readonly cursor: Cursor;
  /** The row up to which the fold goes. It may be ahead of the facts: those up to it are for records and webhooks alone. */
  readonly foldedUpTo: number;
}

const mostPage = 1_000;
/** A conference that does not answer is asked again after this time. */
const askAgainMs = 60_000;
/** How long a list waits after a restart until the conferences that it asks have answered. The others are shown as they last reported. */
const answeredWithinMs = 500;
/** How a conference was is shown for so long while it does not answer. Then it is not known, and nothing of its callers is kept. */
const shownSilentMs = 5 * 60_000;
/** How a conference is goes to disk so long after a change: what changes meanwhile is written once. */
const keptAfterMs = 5_000;
/** Who is in a larger conference is in memory alone: the platform's rows end at 2 MB. */
const mostPeopleKept = 5_000;
/** How long people count as looking: a page that they look at asks anew with each change. */
const watchedMs = 5 * 60_000;
/** How many TSP servers are listed. */
const mostLoads = 50;
/** How many conferences with trouble are named for each server. */
const mostTroubled = 5;

const askWithinMs = 20_000;
const rebuildMs = 7 * dayMs;
/** How many conferences one call of a rebuild asks: it must end in time, even if some hang. */
const mostRebuilding = 20;

/** The conferences that run, as far as the directory knows how they are. */
export class RunningList {
  readonly #ports: FeedPorts;
  readonly #store: DirectoryStore;
  readonly #ended: EndedWaiting;
  readonly #gone: () => void;
  readonly conferences: Map<ConfKey, RunningEntry>;
  /** Those that are asked next. */
  #toAsk = new Set<ConfKey>();
  #asking: Promise<void> | null = null;
  #askingSince: EpochMs = 0;
  /** Those that are not on disk as they are now. */
  readonly #unkept = new Set<ConfKey>();

  /** `gone`: called when something is known no more of a conference, since its object knows nothing of it. */
  constructor(ports: FeedPorts, store: DirectoryStore, ended: EndedWaiting, gone: () => void) {
    this.#ports = ports;
    this.#store = store;
    this.#ended = ended;
    this.#gone = gone;
    const unheard = { followed: null, watchedAt: null, isWatched: false, askedAt: null };
    this.conferences = new Map(
      Array.from(store.running(), ([id, { row, last, silentSince }]) => {
        return [row.key, { id, row, known: lastKnown(row, last), silentSince, ...unheard }];
      }),
    );
  }

  isWatched(key: ConfKey): boolean {
    const { watchedAt = null } = this.conferences.get(key) ?? {};
    return watchedAt !== null && this.#ports.now() - watchedAt < watchedMs;
  }

  async running(query: RunningQuery): Promise<RunningPage> {
    const { after, limit, troubled = false } = query;
    const isBehind = (key: ConfKey) => after === null || key > after;
    const foundIn = searchFor(query);
    const first = [...this.conferences.keys()].filter((key) => isBehind(key) && foundIn(key));
    // Those on the page are asked first.
    await this.askUnheard(first.sort().slice(0, Math.min(limit, mostPage)));
    const isTroubled = ({ known }: RunningEntry) => known !== null && known.live.trouble.length > 0;
    const found = new Map<ConfKey, readonly FoundPerson[]>();
    for (const [key, one] of this.conferences) {
      if (!isBehind(key) || (troubled && !isTroubled(one))) continue;
      const people = foundIn(key, one.known?.fold, one.known?.live);
      const { bridge } = one.row;
      if (people) found.set(key, bridge === null ? people : people.map((person) => ({ ...person, bridge })));
    }
    const keys = [...found.keys()];
    const page = keys.sort().slice(0, Math.min(limit, mostPage));
    const unheard = this.#unheard;
    const { stale } = this;
    const answer = {
      conferences: page.flatMap((key) => this.find(key) ?? []),
      ...(query.named && { found }),
      next: page.length < keys.length ? (page.at(-1) ?? null) : null,
      total: this.conferences.size,
      bridges: this.loads,
      unknown: this.unknown,
      ...(stale > 0 && { stale }),
    };
    const silent = query.isWatched ? this.#noteWatched(page) : [];
    // Conferences that people look at come first.
    void this.#ask([...silent, ...unheard]);
    return answer;
  }

  /** What is on each bridge. */
  get loads(): readonly BridgeLoad[] {
    return loadsOf([...this.conferences.values()]);
  }

  /** The same of those that WebEx has created: the others are orphans. */
  get createdLoads(): readonly BridgeLoad[] {
    return loadsOf([...this.conferences.values()].filter(({ row }) => row.webexHost !== ""));
  }

  /** The conference as the list has it; `null`: it does not run, as far as is known. */
  find(key: ConfKey): ListedConference | null {
    const one = this.conferences.get(key);
    return one ? listed(one) : null;
  }

  /** Returns the conferences that do not know yet that people look at them, or have sent nothing since a restart. */
  #noteWatched(keys: readonly ConfKey[]): readonly RunningEntry[] {
    const watchedAt = this.#ports.now();
    const watched = keys.flatMap((key) => this.conferences.get(key) ?? []);
    for (const one of watched) this.conferences.set(one.row.key, { ...one, watchedAt });
    return watched.filter(({ isWatched }) => !isWatched);
  }

  async totals(): Promise<ConferenceTotals> {
    await this.askUnheard();
    const all = [...this.conferences.values()];
    const load = sumOfLoads(loadsOf(all));
    const creating = all.filter(({ row }) => row.phase === "creating").length;
    const { waiting } = this;
    return {
      ...{ ...load, creating, running: load.conferences - creating },
      documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
      oldestAt: earliest(...waiting.map(({ oldestAt }) => oldestAt)),
    };
  }

  get hosts(): readonly ServerLoad[] {
    return hostsOf([...this.conferences.values()], this.#waiting);
  }

  /** By server, also beyond those that are listed, what waits for it, of conferences that are over too. */
  get waiting(): KnownTrouble["waiting"] {
    return this.#waiting.flatMap(([, waiting]) => waiting);
  }

  get #waiting(): EndedWaiting["all"] {
    const running = [...this.conferences].map(([key, { known }]) => [key, known?.live.waiting ?? []] as const);
    return [...running, ...this.#ended.all];
  }

  /** Those that were found on a bridge and that WebEx has not created again, the oldest first. */
  get orphans(): NonNullable<KnownTrouble["orphans"]> {
    const all = [...this.conferences.values()].flatMap(({ row, known }) =>
      known?.fold.isOrphan && row.bridge !== null
        ? [
            {
              key: row.key,
              bridge: row.bridge,
              since: row.createdAt,
              callers: known.fold.people.size,
              locked: known.fold.locked,
            },
          ]
        : [],
    );
    return all.sort((one, other) => one.since - other.since);
  }

  /** How many conferences of each bridge have commands that are late, and since when. */
  get late(): KnownTrouble["late"] {
    const late = [...this.conferences.values()].filter(({ known }) => known?.live.trouble.includes("commands"));
    const byBridge = Map.groupBy(late, ({ row }) => row.bridge);
    return [...byBridge].flatMap(([bridge, all]) => {
      const since = earliest(...all.map(({ known }) => known?.live.lateSince ?? null));
      return bridge === null ? [] : [{ bridge, conferences: all.length, since }];
    });
  }

  /** By how much the time of some conference is ahead of the machine's clock, which was set back. */
  get aheadMs(): number {
    return Math.max(0, ...[...this.conferences.values()].map(({ known }) => known?.live.aheadMs ?? 0));
  }

  /** How many conferences have answered no question since a restart, and since when; `null`: none. */
  get unreachable(): NonNullable<KnownTrouble["unreachable"]> | null {
    const silent = this.#unheard.filter(({ silentSince }) => silentSince !== null);
    const since = earliest(...silent.map(({ silentSince }) => silentSince));
    return since === null ? null : { conferences: silent.length, since };
  }

  /** How many conferences have never said how they are, as far as is known. */
  get unknown(): number {
    return [...this.conferences.values()].filter(({ known }) => known === null).length;
  }

  /** How many of the others have sent nothing since a restart: they are as they last reported. */
  get stale(): number {
    return this.#unheard.length - this.unknown;
  }

  /** The conferences that have sent nothing since a restart. */
  get #unheard(): readonly RunningEntry[] {
    return [...this.conferences.values()].filter(({ followed }) => followed === null);
  }

  /** What these have said counts as said before a restart. */
  doubt(keys: readonly ConfKey[]): void {
    for (const key of keys) {
      const one = this.conferences.get(key);
      if (one) this.conferences.set(key, { ...one, followed: null, askedAt: null });
    }
    void this.askUnheard();
  }

  /** Asks those that have sent nothing since a restart, or for long, though something of them waits. Resolves when all have answered, or soon. `first`: they are asked before the others. */
  async askUnheard(first: readonly ConfKey[] = []): Promise<void> {
    const unheard = this.#unheard;
    const ended = this.#ended.silent(this.#ports.now());
    if (unheard.length + ended.length === 0) return;
    const shown = first.flatMap((key) => unheard.find(({ row }) => row.key === key) ?? []);
    const asking = this.#ask([...shown, ...unheard], ended);
    const withinMs = answeredWithinMs - Math.abs(this.#ports.now() - this.#askingSince);
    if (withinMs > 0) await within(this.#ports, withinMs, "the conferences", asking).catch(() => {});
  }

  /** Asks conferences how they are, except those asked a short time ago. Resolves when all have answered, those asked before too. */
  async #ask(silent: readonly RunningEntry[], ended: readonly ConfKey[] = []): Promise<void> {
    const { about } = this.#store;
    if (!about) return;
    const now = this.#ports.now();
    const asked = silent.filter((one) => one.askedAt === null || now - one.askedAt >= askAgainMs);
    this.#toAsk = new Set([...asked.map(({ row }) => row.key), ...this.#toAsk, ...ended]);
    if (this.#toAsk.size === 0 && !this.#asking) return;
    if (!this.#asking) this.#askingSince = now;
    this.#asking ??= this.#askAll(about.domain).finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  async #askAll(domain: DomainName): Promise<void> {
    const all: Promise<boolean>[] = [];
    const ask = (key: ConfKey) => {
      this.#toAsk.delete(key);
      const one = this.conferences.get(key);
      if (one) this.conferences.set(key, { ...one, askedAt: this.#ports.now() });
      const asked = this.#askOne(domain, key);
      all.push(asked);
      return asked;
    };
    await inPortions(this.#ports, {
      hasMore: () => this.#toAsk.size > 0,
      take: (most) => [...this.#toAsk].slice(0, most).map((key) => () => ask(key)),
    });
    const failed = (await Promise.all(all)).filter((hasAnswered) => !hasAnswered);
    if (failed.length > 0) this.#ports.log({ level: "warn", event: "not-asked", conferences: failed.length });
  }

  async #askOne(domain: DomainName, key: ConfKey): Promise<boolean> {
    const before = this.conferences.get(key)?.followed;
    const ended = this.#ended.find(key);
    const asked = this.#ports.conference(domain, key).feedDirectory(this.isWatched(key));
    const runs = await within(this.#ports, askWithinMs, "a conference", asked).catch(() => null);
    const one = this.conferences.get(key);
    if (one && runs === false && one.followed === before) this.#delete(one);
    else if (one && one.followed === null) this.#noteSilent(one);
    // One that is over and knows what waits sends a page, which says it.
    if (ended && runs === false && this.#ended.find(key) === ended) this.#deleteEnded(key);
    return runs !== null;
  }

  /** Its object knows nothing of it any more. One that is over sends a page, which says so. */
  #delete({ id, row: { key } }: RunningEntry): void {
    this.#write(() => this.#store.delete(id));
    this.conferences.delete(key);
    this.#noteGone(key);
  }

  #deleteEnded(key: ConfKey): void {
    const isDeleted = this.#write(() => this.#ended.keep(key, [], this.#ports.now()));
    if (isDeleted) this.#noteGone(key);
    else this.#ended.load();
  }

  #noteGone(key: ConfKey): void {
    this.#ports.log({ level: "warn", event: "conference-gone", conference: key });
    this.#gone();
  }

  /** It was asked, and no page of it came. */
  #noteSilent(one: RunningEntry): void {
    const now = this.#ports.now();
    const { known } = one;
    const silentSince = one.silentSince ?? now;
    const isOver = known !== null && now - silentSince >= shownSilentMs;
    if (one.silentSince !== null && !isOver) return;
    this.#write(() => (isOver ? this.#store.emptyLast(one.id) : this.#store.keepSilent(one.id, silentSince)));
    this.conferences.set(one.row.key, { ...one, silentSince, known: isOver ? null : known });
  }

  /** Who is inside, by number, and since when. */
  *inside(): Generator<EnteredAt> {
    for (const { known } of this.conferences.values())
      for (const { number, enteredAt } of known?.fold.people.values() ?? [])
        if (enteredAt !== undefined) yield [number, enteredAt];
  }

  /** The conference has changed. The disk has that soon. */
  changed(key: ConfKey): void {
    if (this.#unkept.size === 0) this.#ports.after(keptAfterMs, () => this.#keep());
    this.#unkept.add(key);
  }

  #keep(): void {
    const keys = [...this.#unkept];
    if (keys.length === 0) return;
    this.#unkept.clear();
    this.#write(() => {
      for (const { id, known } of keys.flatMap((key) => this.conferences.get(key) ?? []))
        if (known && known.fold.people.size <= mostPeopleKept) this.#store.keepLast(id, lastOf(known));
        else this.#store.deleteLast(id);
    });
  }

  /**
   * Takes a person's number out, and the attendee ID beside it, until the conference reports it anew. Returns the conferences
   * in which calls have it.
   */
  eraseNumber(isMeant: IsNumber): readonly ConfKey[] {
    const found = new Set<ConfKey>();
    for (const { row, known } of this.conferences.values()) {
      for (const people of known ? [known.fold.people, known.fold.ringing] : [])
        for (const [call, person] of people) {
          if (!isMeant(person.number)) continue;
          people.set(call, { ...person, number: "", attendeeId: "" });
          found.add(row.key);
          this.#unkept.add(row.key);
        }
    }
    this.#keep();
    return [...found];
  }

  /** A failure to write costs what a restart of the directory would show until its conferences have answered. Returns whether it was written. */
  #write(work: () => void): boolean {
    const { about } = this.#store;
    try {
      if (about) this.#store.transaction(about, work);
      return true;
    } catch (error) {
      this.#ports.log({ level: "warn", event: "list-not-kept", why: String(error) });
      return false;
    }
  }

  async rebuild(domain: DomainName, from: RebuildPage["next"]): Promise<RebuildPage> {
    const { holders, next } = await this.#ports.conferencesOf(
      domain,
      rebuildMs,
      from?.before ?? null,
      from?.upTo ?? null,
    );
    const upTo = from?.upTo ?? holders[0]?.place;
    const some = holders.slice(0, mostRebuilding);
    const before = some.length < holders.length ? (some.at(-1)?.place ?? null) : next;
    const keys = some.map(({ key }) => key);
    const answered = await Promise.all(keys.map((key) => this.#askOne(domain, key)));
    const failed = keys.filter((_, index) => !answered[index]);
    if (failed.length > 0) this.#ports.log({ level: "warn", event: "not-asked", conferences: failed.length });
    return {
      reported: keys.length - failed.length,
      failed,
      next: before === null || upTo === undefined ? null : { before, upTo },
    };
  }
}

/** As the disk has it: who speaks, nobody knows. */
function lastKnown({ life, createdAt, phase, webexHost }: RunningRow, last: LastReport | null): KnownConference | null {
  if (!last) return null;
  const { live, ...state } = last;
  return { fold: foldOf({ row: 0, ...{ life, createdAt, phase, webexHost }, ...state, speaking: [] }), live };
}

/** Without who speaks, and whether anybody knows. */
export function lastOf({ fold, live: { followsSpeakers: _, ...live } }: KnownConference): LastReport {
  const { attached, isOrphan, locked, people, ringing, rooms } = fold;
  return {
    attached,
    ...(isOrphan && { isOrphan }),
    locked,
    people: [...people],
    ringing: [...ringing],
    rooms: [...rooms],
    live,
  };
}

function listed({ row: { heard: _, ...row }, known }: RunningEntry): ListedConference {
  if (!known) return { ...row, now: null };
  const { attached, isOrphan, locked, people, rooms, speaking } = known.fold;
  const { topic, roomNames, trouble, waiting, followsSpeakers } = known.live;
  return {
    ...row,
    ...(topic !== undefined && { topic }),
    now: {
      ...{ attached, ...(isOrphan && { orphan: isOrphan }), locked, callers: people.size, rooms: rooms.size, trouble },
      ...(roomNames && { roomNames }),
      ...(followsSpeakers && {
        speakers: [...speaking].flatMap((call) => {
          const { number, attendeeId } = people.get(call) ?? {};
          return number === undefined || attendeeId === undefined ? [] : { number, attendeeId };
        }),
      }),
      documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
      oldestDocumentAt: earliest(...waiting.map(({ oldestAt }) => oldestAt)),
      ...(waiting.length > 0 && { waiting }),
    },
  };
}

function loadsOf(all: readonly RunningEntry[]): readonly BridgeLoad[] {
  const loads = new Map<string, BridgeLoad>();
  for (const { row, known, followed } of all) {
    const { bridge } = row;
    const before = loads.get(bridge ?? "");
    const { conferences = 0, callers = null, unknown = 0 } = before ?? {};
    const inside = known ? (callers ?? 0) + known.fold.people.size : callers;
    const silent = unknown + (known ? 0 : 1);
    const stale = (before?.stale ?? 0) + (known && !followed ? 1 : 0);
    const load = { bridge, conferences: conferences + 1, callers: inside, unknown: silent };
    loads.set(bridge ?? "", { ...load, ...(stale > 0 && { stale }) });
  }
  return [...loads].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, load]) => load);
}

/** The servers for which most documents wait come first. */
function hostsOf(all: readonly RunningEntry[], said: EndedWaiting["all"]): readonly ServerLoad[] {
  const hosts = new Map<ServerLoad["host"], ServerLoad>();
  const loadOf = (host: ServerLoad["host"]): ServerLoad =>
    hosts.get(host) ?? { host, conferences: 0, documents: 0, oldestDocumentAt: null, failure: null, troubled: [] };
  for (const { row } of all) {
    if (row.webexHost === "") continue; // WebEx has not created it again.
    const load = loadOf(row.webexHost);
    hosts.set(load.host, { ...load, conferences: load.conferences + 1 });
  }
  for (const [key, waiting] of said) {
    // A conference may post to the back end, too, or still to the server that it was with before.
    for (const { host, documents, oldestAt, failure } of waiting) {
      const before = loadOf(host);
      const isTroubled = failure !== null && before.troubled.length < mostTroubled;
      hosts.set(host, {
        ...before,
        documents: before.documents + documents,
        oldestDocumentAt: earliest(before.oldestDocumentAt, oldestAt),
        failure: failure ?? before.failure,
        troubled: isTroubled ? [...before.troubled, key] : before.troubled,
      });
    }
  }
  const loads = [...hosts.values()].sort(
    (one, other) => other.documents - one.documents || other.conferences - one.conferences,
  );
  return loads.slice(0, mostLoads);
}
