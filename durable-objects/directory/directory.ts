import { wireNameOf } from "../../src/explain/timeline.ts";
import type { ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { setLimited } from "../../src/foundation/limits.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { dayMs, hourMs, within } from "../../src/foundation/time/timers.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { Activity, type ActivityMinute, minuteOf } from "../../src/records/activity.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { PlacedFact } from "../../src/records/directory-facts.ts";
import { agentEvent, newWebhooks } from "../../src/records/new-webhooks.ts";
import { foldOf, type PersonInside, type RunningFold, withFact } from "../../src/records/running.ts";
import type {
  AgentEvent,
  AuditPage,
  ConferenceTotals,
  DirectoryRpc,
  DomainActivity,
  GivenUpPage,
  ListedConference,
  RunningPage,
  RunningQuery,
  WebhookView,
} from "../../src/rpc/directory.ts";
import type { FactPage, FeedAnswer, GivenUpPost, LiveState } from "../../src/rpc/directory-feed.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Domain } from "../../src/settings/load.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { Platform, Sql } from "../platform/platform.ts";
import { isOver, retentionAt } from "../platform/retention.ts";
import { AuditStore } from "./audit-store.ts";
import { type About, DirectoryStore, type RunningRow } from "./directory-store.ts";
import { type FeedPorts, FeedRequests } from "./feed-requests.ts";
import { GivenUpStore } from "./given-up-store.ts";
import { type Cursor, type Followed, hostsOf, isShownAs, type Listed, listed, loadsOf } from "./listed.ts";
import { RecordStore } from "./record-store.ts";
import { Webhooks } from "./webhooks.ts";

interface DirectoryPorts extends AlarmPorts, FeedPorts, Pick<Platform, "post" | "measures"> {
  readonly sql: Sql;
  /** `null` when the settings do not have the domain; throws when they cannot be read. */
  domain(name: DomainName): Domain | null;
  /** What people see of it has changed, and is committed. */
  changed(): void;
  /** A secret that webhooks are signed with; `undefined`: there is none of this name. */
  secret(name: string): string | undefined;
  /** 64 random bits as text. */
  nonce(): string;
  /** Deletes everything, and ends the life of the object. */
  deleteAll(): Promise<void>;
}

const mostPage = 1_000;
const deleteEveryMs = 6 * hourMs;
const deletePortion = 1_000;
const portionEveryMs = 10_000;
/** What does not tell how it is when asked is not asked again at each look. */
const askAgainMs = 60_000;
/** What does not answer by then is missing in what waits for it, which says so. `GET /readyz` waits for the directory for 2 s. */
const knownWithinMs = 1_500;
/** A page that people look at asks anew at each change. */
const watchedMs = 5 * 60_000;
/** Conferences that nobody watches send so many pages a second, all together. */
const mostPagesPerSecond = 200;
const leastPauseMs = 1_000;
/** Conferences that are over, of which pages may still come. */
const mostOver = 10_000;

/**
 * The conferences of one domain: those that run, and a record of each call and each conference that is over; a fold of the facts that
 * conferences send after their commits, at least once, in order. Each record is kept once. Callers and rooms are in memory alone.
 */
export class Directory implements Omit<DirectoryRpc, "records" | "erase" | "rebuild"> {
  readonly #ports: DirectoryPorts;
  readonly #alarm: Alarm;
  readonly #store: DirectoryStore;
  readonly recordStore: RecordStore;
  readonly feedRequests: FeedRequests;
  readonly #audit: AuditStore;
  readonly #givenUp: GivenUpStore;
  readonly #webhooks: Webhooks;
  readonly #running = new Map<ConfKey, Listed>();
  readonly #over = new Map<ConfKey, Cursor>();
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
      this.#running.set(row.key, { id, row, known: null, watchedAt: null, isWatched: false, askedAt: null });
    this.recordStore = new RecordStore(this.#store, (domain) => this.#aboutNow(domain));
    this.feedRequests = new FeedRequests(ports, (key) => this.#isWatched(this.#running.get(key)));
    this.#webhooks = new Webhooks({
      ...ports,
      domain: () => this.#store.about?.domain ?? null,
      receivers: () => this.#receivers(this.#store.about?.domain ?? null),
      wakeBy: (at) => this.#alarm.wakeBy(at),
    });
    this.#loadActivity();
  }

  async follow(page: FactPage): Promise<FeedAnswer> {
    const { key, journal, upTo, live } = page;
    const at = this.#ports.now();
    const before = this.#running.get(key);
    const cursor = this.#cursorOf(page);
    const has = this.#rowBefore(page, cursor);
    if (has !== page.after) return this.#answer(page, has);
    // It came late: what it says is known, and how the conference was then is of no use.
    if (cursor && upTo < cursor.row) return this.#answer(page, cursor.row);
    const fresh = cursor ? page.facts.filter(({ row }) => row > cursor.row) : page.facts;
    try {
      const { fold, foldedUpTo } = this.#folded(page, fresh);
      const row = this.#keep(page, fresh, { fold, isSure: cursor !== null, at });
      const { watchedAt = null, askedAt = null } = before ?? {};
      const next = { journal, row: upTo };
      const known = fold && live && { cursor: next, fold, foldedUpTo, live };
      if (row) this.#running.set(key, { ...row, known, watchedAt, isWatched: this.#isWatched(before), askedAt });
      else this.#running.delete(key);
      if (row && known) this.#over.delete(key);
      else setLimited(this.#over, key, next, mostOver);
    } catch (error) {
      // The fold was changed in place, and what it says is not on disk.
      if (before) this.#running.set(key, { ...before, known: null });
      throw error;
    }
    this.#ports.changed();
    await this.#ensureAlarm(at);
    if (this.#receivers(page.domain).length > 0) this.#webhooks.pump();
    return this.#answer(page, upTo);
  }

  /** In this life; `null`: it has got nothing of this journal yet. */
  #cursorOf({ key, journal }: FactPage): Cursor | null {
    const cursor = this.#running.get(key)?.known?.cursor ?? this.#over.get(key);
    return cursor?.journal === journal ? cursor : null;
  }

  /** Where the page is to begin; `null`: with a view. A page that begins earlier is as good. */
  #rowBefore({ after, place, view }: FactPage, cursor: Cursor | null): number | null {
    if (cursor) return Math.min(after, cursor.row);
    // A directory that was lost, or an older copy of it: what it acknowledged is gone.
    if (place !== null && !this.#store.has(place)) return 0;
    return view === undefined ? null : after;
  }

  #answer({ domain, key }: FactPage, row: number | null): FeedAnswer {
    const isWatched = this.#isWatched(this.#running.get(key));
    const { directory } = this.#aboutNow(domain);
    const pauseMs = Math.ceil((this.#running.size * 1_000) / mostPagesPerSecond);
    return {
      ...{ row, place: this.#store.place ?? { directory, id: 0 }, isWatched },
      pauseMs: isWatched ? leastPauseMs : Math.max(leastPauseMs, pauseMs),
    };
  }

  #isWatched(one: Listed | undefined): boolean {
    const { watchedAt = null } = one ?? {};
    return watchedAt !== null && this.#ports.now() - watchedAt < watchedMs;
  }

  #folded(
    { key, upTo, view, live }: FactPage,
    fresh: readonly PlacedFact[],
  ): Pick<Followed, "foldedUpTo"> & { fold: RunningFold | null } {
    if (view) return { fold: foldOf(view), foldedUpTo: view.row };
    if (!live) return { fold: null, foldedUpTo: upTo };
    const { fold: before = null, foldedUpTo = 0 } = this.#running.get(key)?.known ?? {};
    const fold = fresh.filter(({ row }) => row > foldedUpTo).reduce(withFact, before);
    return { fold, foldedUpTo: Math.max(foldedUpTo, upTo) };
  }

  /** Writes what must outlive this object. The row of a conference that runs becomes the record of its end; `null`: none runs. */
  #keep(
    page: FactPage,
    fresh: readonly PlacedFact[],
    { fold, isSure, at }: { readonly fold: RunningFold | null; readonly isSure: boolean; readonly at: EpochMs },
  ): Pick<Listed, "id" | "row"> | null {
    const { domain, key, live } = page;
    const before = this.#running.get(key);
    const hasReceivers = this.#receivers(domain).length > 0;
    const records = recordsIn(fresh);
    const isKept = isSure ? () => false : this.recordStore.keptIn(page, records);
    const isOver = records.some((record) => record.kind === "conference" && before && isOf(before.row, record));
    // It is over, and a page to come says so; how it was is not known since a restart.
    const isLeft = live !== null && page.view === null && !isOver;
    const row = fold ? rowOf(key, fold, live) : isLeft && before ? before.row : null;
    const webhooks = hasReceivers
      ? newWebhooks(page, fresh, { heard: before?.row.heard, life: row?.life ?? null, isKept, at })
      : null;
    const isSame = before !== undefined && row !== null && isOf(before.row, row);
    const posts = fresh.flatMap(({ row, at, fact }) =>
      fact.kind === "post-given-up" ? [givenUpPost(key, row, at, fact)] : [],
    );
    const settled = fresh.findLast(({ fact: { kind } }) => kind === "server-reached" || kind === "server-settled");
    const hasMore = records.length > 0 || posts.length > 0 || settled !== undefined;
    if (isSame && !hasMore && !webhooks?.isNew) return { id: before.id, row: { ...before.row, ...row } };
    if (!before && !row && !hasMore && !webhooks?.isNew) return null;
    return this.#store.transaction(this.#aboutNow(domain), () => {
      let own: Listed | null = before ?? null;
      for (const record of records) {
        const isItsEnd = own !== null && record.kind === "conference" && isOf(own.row, record);
        // A record that is there already has no use for the row.
        if (!isKept(record)) this.#store.add(record, at, isItsEnd ? (own?.id ?? null) : null);
        else if (isItsEnd && own) this.#store.delete(own.id);
        if (isItsEnd) own = null;
      }
      for (const post of posts) this.#givenUp.add(post);
      if (settled) this.#givenUp.settle(key, settled);
      if (webhooks) this.#webhooks.add(webhooks.events);
      if (own && !(row && isOf(own.row, row))) {
        this.#store.delete(own.id);
        own = null;
      }
      if (!row) return null;
      const kept: RunningRow = { ...row, ...(webhooks && { heard: webhooks.heard }) };
      if (own && webhooks?.isNew) this.#store.replace(own.id, kept);
      return {
        id: own?.id ?? this.#store.begin(kept, at),
        row: own && !webhooks?.isNew ? { ...own.row, ...row } : kept,
      };
    });
  }

  async running(query: RunningQuery): Promise<RunningPage> {
    const { after, limit, begins = "", troubled = false, number, attendeeId } = query;
    // What is found by how it is, or by who is inside, must not be missing because nobody knows that.
    if (troubled || number !== undefined || attendeeId !== undefined) await this.#allKnown();
    const isTroubled = ({ known }: Listed) => known !== null && known.live.trouble.length > 0;
    const isMeant = (person: PersonInside) =>
      isShownAs(number, person.number) && isShownAs(attendeeId, person.attendeeId);
    const isWithPerson = ({ known }: Listed) =>
      (number === undefined && attendeeId === undefined) || [...(known?.fold.people.values() ?? [])].some(isMeant);
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
      conferences: page.flatMap((key) => this.find(key) ?? []),
      next: page.length < keys.length ? (page.at(-1) ?? null) : null,
      total: this.#running.size,
      bridges: loadsOf(all),
      unknown: unknown.length,
    };
    const silent = query.isWatched ? this.#noteWatched(page) : [];
    // Those that people look at come first.
    if (unknown.length + silent.length > 0) void this.#ask([...silent, ...unknown]);
    return answer;
  }

  /** As the list has it now; `null`: it does not run, as far as is known. */
  find(key: ConfKey): ListedConference | null {
    const one = this.#running.get(key);
    return one ? listed(one) : null;
  }

  /** Those of them that do not know yet that people look at them, or have said nothing since a restart. */
  #noteWatched(keys: readonly ConfKey[]): readonly Listed[] {
    const watchedAt = this.#ports.now();
    const watched = keys.flatMap((key) => this.#running.get(key) ?? []);
    for (const one of watched) this.#running.set(one.row.key, { ...one, watchedAt });
    return watched.filter(({ isWatched }) => !isWatched);
  }

  async totals(): Promise<ConferenceTotals> {
    await this.#allKnown();
    const totals = { creating: 0, running: 0, callers: 0, documents: 0, oldestAt: null as EpochMs | null };
    for (const { row, known } of this.#running.values()) {
      totals[row.phase] += 1;
      totals.callers += known?.fold.people.size ?? 0;
      for (const { documents, oldestAt } of known?.live.waiting ?? []) {
        totals.documents += documents;
        totals.oldestAt = earliest(totals.oldestAt, oldestAt);
      }
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

  async tellOfAgents(domain: DomainName, events: readonly AgentEvent[]): Promise<void> {
    if (this.#receivers(domain).length === 0) return;
    this.#store.transaction(this.#aboutNow(domain), () => this.#webhooks.add(events.map(agentEvent)));
    await this.#ensureAlarm(this.#ports.now());
    this.#webhooks.pump();
  }

  async webhooks(domain: DomainName): Promise<readonly WebhookView[]> {
    return this.#webhooks.view(this.#receivers(domain));
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
      if (isOver(current, now)) return await this.#ports.deleteAll();
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
    const keptMs = domain && domain.settings.recordsDays * dayMs;
    const directory = known?.directory ?? this.#ports.nonce();
    return { domain: name, directory, ...retentionAt(this.#ports.now(), keptMs, known) };
  }

  /** Those that have said nothing since a restart. */
  get #unknown(): readonly Listed[] {
    return [...this.#running.values()].filter(({ known }) => known === null);
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
    this.#asking = this.feedRequests.ask(about.domain, [...keys]).finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }
}

function recordsIn(facts: readonly PlacedFact[]): readonly DirectoryRecord[] {
  return facts.flatMap(({ fact }) => ("record" in fact ? [fact.record] : []));
}

function rowOf(key: ConfKey, { life, createdAt, phase, webexHost }: RunningFold, live: LiveState | null): RunningRow {
  return { key, life, createdAt, phase, webexHost, bridge: live?.bridge ?? null };
}

type GivenUp = Extract<PlacedFact["fact"], { readonly kind: "post-given-up" }>;

function givenUpPost(conference: ConfKey, row: number, at: EpochMs, fact: GivenUp): GivenUpPost {
  const { host, transId, attempts, why, messages, owed } = fact;
  const post = { conference, row, at, host, transId, attempts, why, settledAt: null, ...(owed && { owed }) };
  return { ...post, messages: messages.map(({ type }) => wireNameOf(type)) };
}

function isOf(row: RunningRow, { life, createdAt }: Pick<RunningRow, "life" | "createdAt">): boolean {
  return row.life === life && row.createdAt === createdAt;
}
