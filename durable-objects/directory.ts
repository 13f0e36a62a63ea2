import type { ConfKey, DomainName, EpochMs } from "../src/foundation/ids.ts";
import { masked } from "../src/foundation/shown.ts";
import { dayMs, hourMs, wait, within } from "../src/foundation/timers.ts";
import type { AuditEntry } from "../src/operators/audit.ts";
import { Activity, type ActivityMinute, minuteOf } from "../src/records/activity.ts";
import { type ConferenceRecord, type DirectoryRecord, identityOf } from "../src/records/conference-record.ts";
import type { ConferenceRpc } from "../src/rpc/conference.ts";
import type {
  AgentEvent,
  AuditPage,
  BridgeLoad,
  ConferenceTotals,
  DirectoryRpc,
  DomainActivity,
  ErasurePage,
  GivenUpPage,
  HostLoad,
  ListedConference,
  PlacedRecord,
  RebuildPage,
  RecordPage,
  RecordQuery,
  RunningPage,
  RunningQuery,
  WebhookView,
} from "../src/rpc/directory.ts";
import type { DirectoryAnswer, DirectoryUpdate, GivenUpPost, PersonInside } from "../src/rpc/directory-update.ts";
import type { HolderPage } from "../src/rpc/id-allocator.ts";
import type { DomainSettings } from "../src/settings/domain-settings.ts";
import type { Domain } from "../src/settings/load.ts";
import { Alarm, type AlarmPorts } from "./alarm.ts";
import { AuditStore } from "./audit-store.ts";
import { earliest } from "./clock.ts";
import { type About, DirectoryStore, type RunningRow } from "./directory-store.ts";
import { GivenUpStore } from "./given-up-store.ts";
import { afterChange, type PeopleInside } from "./people-inside.ts";
import type { Platform, Sql } from "./platform.ts";
import { agentEvents, type Heard, webhookEvents } from "./webhook-events.ts";
import { Webhooks } from "./webhooks.ts";

interface DirectoryPorts extends AlarmPorts, Pick<Platform, "post" | "measures"> {
  readonly sql: Sql;
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "tellDirectory">;
  /** The conferences that were allocated ids, as `IdAllocatorRpc` has them. */
  conferencesOf(domain: DomainName, lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage>;
  /** What people see of it has changed, and is committed. */
  changed(): void;
  /** A secret that webhooks are signed with; `undefined`: there is none of this name. */
  secret(name: string): string | undefined;
  /** 64 random bits as text. */
  nonce(): string;
  /** Deletes everything, and ends the life of the object. */
  deleteAll(): Promise<void>;
}

/** A conference that runs: its row, and how it was when it told last. */
interface Listed {
  readonly id: number;
  readonly row: RunningRow;
  readonly now: ListedConference["now"];
  /** Who is inside, as far as records may say it; `null`: not known. */
  readonly inside: PeopleInside | null;
  /** When people saw it last in a list. */
  readonly shownAt: EpochMs | null;
  /** It was answered so when it told last. */
  readonly isShown: boolean;
  /** When it was asked last how it is. */
  readonly askedAt: EpochMs | null;
}

/** Where a conference has no place yet, its records are looked for from so long before its begin; clocks may be wrong. */
const clockMarginMs = dayMs;
const mostPage = 1_000;
/** Records that one page looks at, however few of them fit. */
const mostLooked = 5_000;
const portion = 500;
/** Records that one call of an erasure looks at: others wait meanwhile. */
const mostErasing = 20_000;
/** Identities of records in memory. */
const mostKnown = 100_000;
const deleteEveryMs = 6 * hourMs;
const deletePortion = 1_000;
const portionEveryMs = 10_000;
const askedAtOnce = 20;
const askWithinMs = 20_000;
/** After this time the next ones are asked, though some have not answered. */
const nextAskedAfterMs = 1_000;
/** workerd reads its sockets only while nothing waits to run: without a pause no page would come until all were asked. */
const askPauseMs = 20;
/** What does not tell how it is when asked is not asked again at each look. */
const askAgainMs = 60_000;
/** What does not answer by then is missing in what waits for it, which says so. `GET /readyz` waits for the directory for 2 s. */
const knownWithinMs = 1_500;
const rebuildMs = 7 * dayMs;
/** A page that people look at asks anew at each change. */
const shownMs = 5 * 60_000;
/** TSP servers whose conferences are told. */
const mostLoads = 50;
/** Conferences with trouble that are named for each. */
const mostTroubled = 5;
/** As an older version tells it. */
const noPeople: PeopleInside = { row: -1, people: new Map() };
/** Conferences in one call of a rebuild, so that it ends in time, though some may hang. */
const mostRebuilding = 20;

/**
 * The conferences of one domain: those that run, and a record of each call and each conference that is over. Conferences tell it after the
 * commit, at least once; it keeps each record once. What it says of callers and rooms is in memory alone.
 */
export class Directory implements DirectoryRpc {
  readonly #ports: DirectoryPorts;
  readonly #alarm: Alarm;
  readonly #store: DirectoryStore;
  readonly #audit: AuditStore;
  readonly #givenUp: GivenUpStore;
  readonly #webhooks: Webhooks;
  readonly #running = new Map<ConfKey, Listed>();
  /** Identity → id of each record behind `#knownBehind`. */
  readonly #known = new Map<string, number>();
  #knownBehind: number;
  #activity = new Activity();
  /** The minute in which it was kept last; `null`: never. */
  #activityKeptIn: EpochMs | null = null;
  /** What is asked now; `null`: nothing is. */
  #asking: Promise<unknown> | null = null;
  #hasAlarm = false;

  constructor(ports: DirectoryPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports);
    this.#store = new DirectoryStore(ports.sql);
    this.#audit = new AuditStore(ports.sql);
    this.#givenUp = new GivenUpStore(ports.sql);
    for (const [id, row] of this.#store.running())
      this.#running.set(row.key, { id, row, now: null, inside: null, shownAt: null, isShown: false, askedAt: null });
    this.#knownBehind = this.#store.place?.id ?? 0;
    this.#webhooks = new Webhooks({
      ...ports,
      domain: () => this.#store.about?.domain ?? null,
      receivers: () => this.#receivers(this.#store.about?.domain ?? null),
      wakeBy: (at) => this.#alarm.wakeBy(at),
    });
    this.#loadActivity();
  }

  async tell(update: DirectoryUpdate): Promise<DirectoryAnswer> {
    const { domain, key, running, people, ended, joined = [], givenUp = [] } = update;
    const at = this.#ports.now();
    const about = this.#aboutNow(domain);
    const missing = ended.some(({ again }) => again) ? this.#behind(update) : 0;
    const before = this.#running.get(key);
    const { shownAt = null, askedAt = null } = before ?? {};
    const isShown = shownAt !== null && at - shownAt < shownMs;
    const added: (readonly [identity: string, id: number])[] = [];
    const hasReceivers = this.#receivers(domain).length > 0;
    const isLate = this.#isLate(update, before);
    const records: DirectoryRecord[] = [];
    let row: Listed | undefined = before;
    const write = () => {
      for (const { record, again } of ended) {
        const identity = identityOf(record);
        if (again && (this.#known.get(identity) ?? 0) > missing) {
          if (record.kind === "conference" && row && isOf(row, record)) row = this.#drop(row);
          continue;
        }
        records.push(record);
        const own = record.kind === "conference" && row && isOf(row, record) ? row : null;
        added.push([identity, this.#store.add(record, at, own?.id ?? null)]);
        if (own) row = undefined;
      }
      if (isLate) return;
      if (row && !(running && isOf(row, running))) row = this.#drop(row);
      if (!running) return;
      const { key: _, life, createdAt, phase, webexHost, bridge, ...now } = running;
      const heard: Heard = { started: phase === "running", trouble: running.trouble };
      const current: RunningRow = { key, life, createdAt, phase, webexHost, bridge, ...(hasReceivers && { heard }) };
      if (row && hasReceivers && !isSame(row.row.heard, heard)) this.#store.replace(row.id, current);
      const { id = this.#store.begin(current, at), inside = null } = row ?? {};
      row = { id, row: current, now, inside, shownAt, isShown, askedAt };
    };
    const writeEvents = () => {
      write();
      for (const post of givenUp) this.#givenUp.add(post);
      const known = before ? { life: before.row.life, ...(before.row.heard ?? { started: false, trouble: [] }) } : null;
      const now = isLate ? null : running;
      if (hasReceivers) this.#webhooks.add(webhookEvents({ joined, ended: records, running: now, known, at }));
    };
    const isOther = running === null ? row !== undefined : !row || !isOf(row, running);
    const needsRows = ended.length > 0 || givenUp.length > 0 || isOther || hasReceivers;
    if (needsRows) this.#store.transaction(about, writeEvents);
    else write();
    for (const [identity, id] of added) this.#remember(identity, id);
    // Behind the commit, since it changes what is there.
    if (row) this.#running.set(key, { ...row, inside: people ? afterChange(row.inside, people) : noPeople });
    else this.#running.delete(key);
    this.#ports.changed();
    await this.#ensureAlarm(at);
    if (hasReceivers) this.#webhooks.pump();
    const lacksPeople = this.#running.get(key)?.inside === null;
    const place = this.#store.place ?? { directory: about.directory, id: 0 };
    return { ...place, isShown, ...(lacksPeople && { lacksPeople }) };
  }

  async running(query: RunningQuery): Promise<RunningPage> {
    const { after, limit, begins = "", troubled = false, number, attendeeId } = query;
    // What is found by how it is, or by who is inside, must not be missing because nobody knows that.
    if (troubled || number !== undefined || attendeeId !== undefined) await this.#allKnown();
    const isTroubled = ({ now }: Listed) => now !== null && now.trouble.length > 0;
    const isMeant = (person: PersonInside) =>
      isShownAs(number, person.number) && isShownAs(attendeeId, person.attendeeId);
    const isWithPerson = ({ inside }: Listed) =>
      (number === undefined && attendeeId === undefined) || [...(inside?.people.values() ?? [])].some(isMeant);
    const keys = [...this.#running]
      .filter(
        ([key, one]) =>
          key.startsWith(begins) &&
          (after === null || key > after) &&
          (!troubled || isTroubled(one)) &&
          isWithPerson(one),
      )
      .map(([key]) => key);
    const page = keys.sort().slice(0, Math.min(limit, mostPage));
    const all = [...this.#running.values()];
    const unknown = this.#unknown;
    const answer = {
      conferences: page.flatMap((key) => {
        const { row, now = null } = this.#running.get(key) ?? {};
        if (!row) return [];
        const { heard: _, ...shown } = row;
        return [{ ...shown, now }];
      }),
      next: page.length < keys.length ? (page.at(-1) ?? null) : null,
      total: this.#running.size,
      bridges: loadsOf(all),
      unknown: unknown.length,
    };
    const silent = query.isShown ? this.#noteShown(page) : [];
    // Those that people look at come first.
    if (unknown.length + silent.length > 0) void this.#ask([...silent, ...unknown]);
    return answer;
  }

  /** Those of them that do not know yet that people look at them, or have not told since a restart. */
  #noteShown(keys: readonly ConfKey[]): readonly Listed[] {
    const shownAt = this.#ports.now();
    const shown = keys.flatMap((key) => this.#running.get(key) ?? []);
    for (const one of shown) this.#running.set(one.row.key, { ...one, shownAt });
    return shown.filter(({ isShown }) => !isShown);
  }

  async totals(): Promise<ConferenceTotals> {
    await this.#allKnown();
    const totals = { creating: 0, running: 0, callers: 0, documents: 0, oldestAt: null as EpochMs | null };
    for (const { row, now } of this.#running.values()) {
      totals[row.phase] += 1;
      totals.callers += now?.callers ?? 0;
      totals.documents += now?.documents ?? 0;
      totals.oldestAt = earliest(totals.oldestAt, now?.oldestDocumentAt ?? null);
    }
    return totals;
  }

  /** Writes a row, unless one was written in the same minute: then it is a part of the next one, and until then in memory alone. */
  async count(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void> {
    const now = this.#ports.now();
    this.#activity.addAll(minutes);
    this.#activity.keepHour(now);
    if (this.#activityKeptIn !== minuteOf(now)) {
      try {
        this.#store.transaction(this.#aboutNow(domain), () => this.#store.keepActivity(this.#activity.data(), now));
      } catch (error) {
        // It is told again.
        this.#loadActivity();
        throw error;
      }
      this.#activityKeptIn = minuteOf(now);
    }
    this.#ports.changed();
    await this.#ensureAlarm(now);
  }

  async activity(): Promise<DomainActivity> {
    await this.#allKnown();
    this.#activity.keepHour(this.#ports.now());
    const hosts = hostsOf([...this.#running.values()]);
    return { minutes: this.#activity.data(), hosts, unknown: this.#unknown.length };
  }

  async records(query: RecordQuery): Promise<RecordPage> {
    const { cursor, order, since, until, limit } = query;
    const first = since === undefined ? 1 : this.#store.firstSince(since);
    const behind = until === undefined ? Number.MAX_SAFE_INTEGER : this.#store.firstSince(until);
    const isOldest = order === "oldest";
    let from = isOldest ? Math.max(cursor ?? 0, first - 1) : Math.min(cursor ?? Number.MAX_SAFE_INTEGER, behind);
    const records: PlacedRecord[] = [];
    const end = this.#store.place;
    for (let looked = 0; looked < mostLooked; looked += portion) {
      const page = this.#store.page(from, order, portion);
      for (const one of page) {
        if (isOldest ? one.id >= behind : one.id < first) return { end, records, next: null };
        from = one.id;
        if (fits(one, query)) records.push(one);
        if (records.length >= Math.min(limit, mostPage)) return { end, records, next: from };
      }
      if (page.length < portion) return { end, records, next: null };
    }
    return { end, records, next: from };
  }

  async tellOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void> {
    if (this.#receivers(domain).length === 0) return;
    this.#store.transaction(this.#aboutNow(domain), () => this.#webhooks.add(agentEvents(events)));
    await this.#ensureAlarm(this.#ports.now());
    this.#webhooks.pump();
  }

  async webhooks(domain: DomainName): Promise<readonly WebhookView[]> {
    return this.#webhooks.view(this.#receivers(domain));
  }

  /** Also in the middle of an export: ids stay. */
  async erase(domain: DomainName, number: string, from: number): Promise<ErasurePage> {
    if (number === "" || !this.#store.about) return { erased: 0, next: null };
    let erased = 0;
    let place = from;
    for (let looked = 0; looked < mostErasing; looked += portion) {
      const page = this.#store.page(place, "oldest", portion);
      const concerned = page.filter(({ record }) => record.kind === "call" && record.number === number);
      if (concerned.length > 0) {
        this.#store.transaction(this.#aboutNow(domain), () => {
          for (const { id, record } of concerned) {
            if (record.kind === "call") this.#store.replace(id, { ...record, number: "", attendeeId: "" });
          }
        });
      }
      erased += concerned.length;
      if (page.length < portion) return { erased, next: null };
      place = page.at(-1)?.id ?? place;
    }
    return { erased, next: place };
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
    const failed = await this.#askAll(domain, keys, "all");
    return {
      told: keys.length - failed.length,
      failed,
      next: before === null || upTo === undefined ? null : { before, upTo },
    };
  }

  async keepAudit(domain: DomainName, entry: AuditEntry): Promise<void> {
    this.#store.transaction(this.#aboutNow(domain), () => this.#audit.add(entry));
    this.#ports.changed();
    await this.#ensureAlarm(this.#ports.now());
  }

  async givenUp(before: string | null, limit: number): Promise<GivenUpPage> {
    return this.#givenUp.page(before, Math.min(limit, mostPage));
  }

  async givenUpPost(id: string): Promise<GivenUpPost | null> {
    return this.#givenUp.find(id);
  }

  async audit(before: number | null, limit: number): Promise<AuditPage> {
    return this.#audit.page(before, Math.min(limit, mostPage));
  }

  /** Deletes some of what is older than the settings want, and sends webhooks that are due. */
  alarm(): Promise<void> {
    return this.#alarm.fired(async () => {
      const { about } = this.#store;
      if (!about) return;
      const now = this.#ports.now();
      this.#webhooks.pump();
      const current = this.#aboutNow(about.domain);
      if (current.removedAt !== null && now >= current.removedAt + current.keptMs) return await this.#ports.deleteAll();
      this.#store.transaction(current, () => {});
      const before = now - current.keptMs;
      this.#givenUp.deleteBefore(before);
      const hasMoreActions = this.#audit.deleteBefore(before, deletePortion);
      const hasMore = this.#store.deleteBefore(before, deletePortion) || hasMoreActions;
      this.#alarm.wakeBy(now + (hasMore ? portionEveryMs : deleteEveryMs));
    });
  }

  #loadActivity(): void {
    const { activity } = this.#store;
    this.#activity = new Activity();
    this.#activity.addAll(activity?.minutes ?? []);
    this.#activityKeptIn = activity && minuteOf(activity.at);
  }

  async #ensureAlarm(now: EpochMs): Promise<void> {
    if (!this.#hasAlarm) await this.#alarm.ensure(now + deleteEveryMs);
    this.#hasAlarm = true;
  }

  #receivers(domain: DomainName | null): DomainSettings["webhooks"] {
    return (domain && this.#ports.domain(domain)?.settings.webhooks) ?? [];
  }

  #aboutNow(name: DomainName): About {
    const known = this.#store.about;
    const domain = this.#ports.domain(name);
    const directory = known?.directory ?? this.#ports.nonce();
    if (domain) return { domain: name, directory, keptMs: domain.settings.recordsDays * dayMs, removedAt: null };
    return {
      ...{ domain: name, directory, keptMs: known?.keptMs ?? 0 },
      removedAt: known?.removedAt ?? this.#ports.now(),
    };
  }

  /** The id behind which a copy of this update must be, all of whose identities are in memory then. */
  #behind({ behind, ended }: DirectoryUpdate): number {
    const { place } = this.#store;
    if (!place) return 0;
    const begun = ended.map(({ record }) =>
      record.kind === "call" ? (record.dialledAt ?? record.enteredAt ?? record.endedAt) : record.createdAt,
    );
    const isSame = behind?.directory === place.directory;
    const from = isSame ? behind.id : this.#store.firstSince(Math.min(...begun) - clockMarginMs) - 1;
    while (this.#knownBehind > from) {
      const page = this.#store.page(this.#knownBehind + 1, "newest", portion);
      for (const { id, record } of page) if (id > from) this.#known.set(identityOf(record), id);
      const lowest = page.at(-1)?.id ?? 0;
      this.#knownBehind = page.length < portion ? from : Math.max(from, lowest - 1);
    }
    return from;
  }

  #remember(identity: string, id: number): void {
    if (this.#known.size >= mostKnown) {
      this.#known.clear();
      this.#knownBehind = id - 1;
    }
    this.#known.set(identity, id);
  }

  /** Whether a later update came before this one, or the conference is over: it says nothing of how the conference is now. */
  #isLate({ running, people }: DirectoryUpdate, before: Listed | undefined): boolean {
    if (!running) return false;
    const { key: conference, life, createdAt } = running;
    if (this.#known.has(identityOf({ kind: "conference", conference, life, createdAt }))) return true;
    const inside = before && isOf(before, running) ? before.inside : null;
    return people !== undefined && inside !== null && people.row < inside.row;
  }

  /** Within a transaction: the list had it, and it is not so. */
  #drop({ id }: Listed): undefined {
    this.#store.delete(id);
  }

  /** Those of which it is not known how they are, or who is inside. */
  get #unknown(): readonly Listed[] {
    return [...this.#running.values()].filter(({ now, inside }) => now === null || inside === null);
  }

  /** Resolves when all have told how they are, or soon: a conference may hang. */
  async #allKnown(): Promise<void> {
    const unknown = this.#unknown;
    if (unknown.length === 0) return;
    await within(this.#ports, knownWithinMs, "the conferences", this.#ask(unknown)).catch(() => {});
  }

  /**
   * These tell how they are, unless nothing is left of them. Those that were asked a short time ago are left out. Resolves when all that were
   * asked have told, also those that somebody else had asked before.
   */
  async #ask(silent: readonly Listed[]): Promise<void> {
    const { about } = this.#store;
    if (!about) return;
    if (this.#asking) return void (await this.#asking);
    const askedAt = this.#ports.now();
    const asked = silent.filter((one) => one.askedAt === null || askedAt - one.askedAt >= askAgainMs);
    const keys = new Set(asked.map(({ row }) => row.key));
    for (const key of keys) {
      const one = this.#running.get(key);
      if (one) this.#running.set(key, { ...one, askedAt });
    }
    this.#asking = this.#askAll(about.domain, [...keys], "changes").finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  /** Those that could not be asked. */
  async #askAll(domain: DomainName, keys: readonly ConfKey[], what: "changes" | "all"): Promise<readonly ConfKey[]> {
    const failed: ConfKey[] = [];
    const askOne = async (key: ConfKey) => {
      const asked = this.#ports.conference(domain, key).tellDirectory(what);
      const runs = await within(this.#ports, askWithinMs, "a conference", asked).catch(() => null);
      if (runs === null) failed.push(key);
    };
    const all: Promise<unknown>[] = [];
    for (let first = 0; first < keys.length; first += askedAtOnce) {
      if (first > 0) await wait(this.#ports, askPauseMs);
      const some = Promise.all(keys.slice(first, first + askedAtOnce).map(askOne));
      all.push(some);
      await within(this.#ports, nextAskedAfterMs, "some conferences", some).catch(() => {});
    }
    await Promise.all(all);
    if (failed.length > 0) this.#ports.log({ level: "warn", event: "not-asked", conferences: failed.length });
    return failed;
  }
}

function loadsOf(all: readonly Listed[]): readonly BridgeLoad[] {
  const loads = new Map<string, BridgeLoad>();
  for (const { row, now } of all) {
    const { bridge } = row;
    const { conferences = 0, callers = 0 } = loads.get(bridge ?? "") ?? {};
    loads.set(bridge ?? "", { bridge, conferences: conferences + 1, callers: callers + (now?.callers ?? 0) });
  }
  return [...loads].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, load]) => load);
}

/** Where the settings have people masked, they are found by the end of their numbers. */
function isShownAs(wanted: string | undefined, shown: string): boolean {
  return wanted === undefined || shown === wanted || shown === masked(wanted);
}

function isSame(one: Heard | undefined, other: Heard): boolean {
  return one?.started === other.started && String(one.trouble) === String(other.trouble);
}

/** Those for which the most documents wait are the first. */
function hostsOf(all: readonly Listed[]): readonly HostLoad[] {
  const hosts = new Map<HostLoad["host"], HostLoad>();
  const loadOf = (host: HostLoad["host"]): HostLoad =>
    hosts.get(host) ?? {
      ...{ host, conferences: 0, documents: 0, oldestDocumentAt: null, failure: null, troubled: [] },
    };
  for (const { row, now } of all) {
    const load = loadOf(row.webexHost);
    hosts.set(load.host, { ...load, conferences: load.conferences + 1 });
    // A conference may post to the back end, too, or still to the server that it was with before.
    for (const { host, documents, oldestAt, failure } of now?.waiting ?? []) {
      const before = loadOf(host);
      const isTroubled = failure !== null && before.troubled.length < mostTroubled;
      hosts.set(host, {
        ...before,
        documents: before.documents + documents,
        oldestDocumentAt: earliest(before.oldestDocumentAt, oldestAt),
        failure: failure ?? before.failure,
        troubled: isTroubled ? [...before.troubled, row.key] : before.troubled,
      });
    }
  }
  const loads = [...hosts.values()].sort(
    (one, other) => other.documents - one.documents || other.conferences - one.conferences,
  );
  return loads.slice(0, mostLoads);
}

function isOf({ row }: Listed, { life, createdAt }: Pick<ConferenceRecord, "life" | "createdAt">): boolean {
  return row.life === life && row.createdAt === createdAt;
}

function fits({ record }: PlacedRecord, { kind, filter = {} }: RecordQuery): boolean {
  if (kind !== undefined && record.kind !== kind) return false;
  const fields: Readonly<Record<string, unknown>> = record;
  return Object.entries(filter).every(([name, wanted]: readonly [string, EpochMs | string | undefined]) => {
    if (wanted === undefined) return true;
    if (name !== "webexHost") return fields[name] === wanted;
    const hosts = [fields.webexHosts ?? fields.webexHost].flat();
    return hosts.some((host) => withoutScheme(String(host)) === withoutScheme(String(wanted)));
  });
}

/** People leave it out, since it is the same for all servers of a domain. */
function withoutScheme(host: string): string {
  return host.replace(/^https?:\/\//, "");
}
