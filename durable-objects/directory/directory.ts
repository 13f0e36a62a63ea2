import { expired as expiredText } from "../../src/explain/stages.ts";
import { wireNameOf } from "../../src/explain/timeline.ts";
import type { ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { setLimited } from "../../src/foundation/limits.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { Activity, type ActivityMinute } from "../../src/records/activity.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { type DirectoryFact, isInCounts, type PlacedFact } from "../../src/records/directory-facts.ts";
import { countOutcomes } from "../../src/records/outcomes.ts";
import { changesRunning, foldOf, type RunningFold, withFact } from "../../src/records/running.ts";
import { newWebhooks } from "../../src/records/webhooks.ts";
import type {
  AuditPage,
  CountSource,
  CountTotals,
  DirectoryRpc,
  DomainActivity,
  GivenUpPage,
  WebhookView,
} from "../../src/rpc/directory.ts";
import type { FactPage, FeedAnswer, GivenUpPost, LiveState } from "../../src/rpc/directory-feed.ts";
import { type DomainSettings, personShown } from "../../src/settings/domain-settings.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { KeptValues } from "../platform/object-place.ts";
import { type DomainPorts, type Platform, surelyNow } from "../platform/platform.ts";
import { isOver, retentionAt } from "../platform/retention.ts";
import { SkippedLately } from "../platform/skipped-lately.ts";
import { AuditStore } from "./audit-store.ts";
import { CountStore, type SourceCounts } from "./count-store.ts";
import { type DirectoryIdentity, DirectoryStore, type RunningRow } from "./directory-store.ts";
import { EndedWaiting } from "./ended-waiting.ts";
import { GivenUpStore } from "./given-up-store.ts";
import { KnownTroubles } from "./known-trouble.ts";
import { PromptStore } from "./prompt-store.ts";
import { RecordStore } from "./record-store.ts";
import { type Cursor, type FeedPorts, type Followed, lastOf, type RunningEntry, RunningList } from "./running-list.ts";
import { Webhooks } from "./webhooks.ts";

interface DirectoryPorts
  extends AlarmPorts,
    FeedPorts,
    Pick<Platform, "post" | "measures" | "sql" | "machineNow" | "doubtMs" | "skippedMs" | "giveWay">,
    Pick<DomainPorts, "domain" | "nonce" | "deleteAll"> {
  readonly kept: KeptValues;
  /** Called when a change that people see is committed. */
  changed(): void;
  /** A secret that webhooks are signed with; `undefined`: there is none of this name. */
  secret(name: string): string | undefined;
}

const mostPage = 1_000;
const deleteEveryMs = 6 * hourMs;
const deletePortion = 1_000;
const portionEveryMs = 10_000;
/** All unwatched conferences together send one page in this time at most. */
const pageEveryMs = 8;
const leastPauseMs = 1_000;
/** Messages that a row of what was never notified names one by one. */
const mostNamed = 50;
/** How many conferences that are over are remembered: pages of them may still come. */
const mostOver = 10_000;

/**
 * The conferences of one domain: those that run, and a record of each call and each conference that is over; a fold of the facts that
 * conferences send after their commits, at least once, in order. Each record is kept once. Only who speaks is in memory alone.
 */
export class Directory
  implements Omit<DirectoryRpc, keyof RecordStore | keyof RunningList | keyof KnownTroubles | keyof PromptStore>
{
  readonly #ports: DirectoryPorts;
  readonly #alarm: Alarm;
  readonly #store: DirectoryStore;
  readonly recordStore: RecordStore;
  readonly list: RunningList;
  readonly knownTrouble: KnownTroubles;
  /** When the last page would have come, had each come as soon as all together may. */
  #pagesUpTo: EpochMs = 0;
  readonly promptStore: PromptStore;
  readonly #audit: AuditStore;
  readonly #givenUp: GivenUpStore;
  readonly #skipped: SkippedLately;
  readonly #ended: EndedWaiting;
  readonly #webhooks: Webhooks;
  readonly #over = new Map<ConfKey, Cursor>();
  readonly #counts: CountStore;
  #hasAlarm = false;
  #deleteAt: EpochMs = 0;

  constructor(ports: DirectoryPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports);
    this.#store = new DirectoryStore(ports.sql, { isSteady: ports.machineNow !== undefined });
    this.#audit = new AuditStore(ports.sql);
    this.#givenUp = new GivenUpStore(ports.sql, (host) => this.knownTrouble.placeOf(`posts-given-up:${host}`));
    this.#ended = new EndedWaiting(ports.sql);
    this.#skipped = new SkippedLately(ports);
    this.list = new RunningList(ports, this.#store, this.#ended, () => ports.changed());
    this.promptStore = new PromptStore(ports.sql, {
      transaction: (domain, work) => this.#store.transaction(this.#aboutNow(domain), work),
      ...{ now: () => ports.now(), person: (domain: DomainName) => personShown(ports.domain(domain)?.settings) },
      topicOf: (domain, conference, at) => {
        const found = this.list.find(conference);
        const isKept = ports.domain(domain)?.settings.recordsPersonal === "full";
        return isKept && found && found.createdAt <= at ? found.topic : undefined;
      },
      enteredSince: (since) => [...this.list.inside(), ...this.recordStore.enteredSince(since)],
      changed: () => this.#changed(),
    });
    this.recordStore = new RecordStore(this.#store, {
      now: () => ports.now(),
      aboutNow: (domain) => this.#aboutNow(domain),
      alsoErase: (domain, isMeant) => {
        const erased = this.promptStore.eraseNumber(isMeant);
        const inside = this.list.eraseNumber(isMeant);
        this.knownTrouble.eraseNumber(domain, isMeant);
        return { erased, inside, others: this.promptStore.numbers() };
      },
      giveWay: async () => ports.giveWay?.(),
    });
    this.#webhooks = new Webhooks({
      ...ports,
      domain: () => this.#store.about?.domain ?? null,
      receivers: () => this.#receivers(this.#store.about?.domain ?? null),
      wakeBy: (at) => this.#alarm.wakeBy(at),
      dropped: (url) => this.knownTrouble.deleteReceiver(url),
    });
    this.knownTrouble = new KnownTroubles({
      ...{ sql: ports.sql, givenUp: this.#givenUp, list: this.list, prompt: this.promptStore },
      ...{ audit: this.#audit, log: ports.log, nonce: () => ports.nonce() },
      settings: (domain) => ports.domain(domain)?.settings,
      now: () => ports.now(),
      machineNow: () => (ports.machineNow ?? ports.now)(),
      changed: () => this.#changed(),
      webhooks: (domain) => this.#webhooks.view(this.#receivers(domain)),
      transaction: (domain, work) => this.#store.transaction(this.#aboutNow(domain), work),
    });
    this.#counts = new CountStore(ports.sql, (key) => this.list.conferences.has(key as ConfKey));
  }

  async follow(page: FactPage): Promise<FeedAnswer> {
    const { key, journal, upTo, live } = page;
    const at = this.#ports.now();
    const before = this.list.conferences.get(key);
    const cursor = this.#cursorOf(page);
    const has = this.#rowBefore(page, cursor);
    if (has !== page.after) return this.#answer(page, has);
    // The page came late: its facts are known, and its view is out of date.
    if (cursor && upTo < cursor.row) return this.#answer(page, cursor.row);
    const fresh = cursor ? page.facts.filter(({ row }) => row > cursor.row) : page.facts;
    try {
      const { fold, foldedUpTo } = this.#folded(page, fresh);
      const place = { conference: key, bridge: live?.bridge ?? before?.row.bridge ?? null };
      // Who got in with facts that an earlier life has acknowledged.
      for (const [call, { number, enteredAt }] of page.view?.people ?? [])
        if (enteredAt !== undefined) this.promptStore.entered(page.domain, place, { call, number }, enteredAt);
      for (const { at, fact } of fresh) {
        const record = "record" in fact && fact.record.kind === "call" ? fact.record : null;
        if (fact.kind === "call-entered") this.promptStore.entered(page.domain, place, fact, at);
        else if (record?.enteredAt) this.promptStore.entered(page.domain, place, record, record.enteredAt);
      }
      const isSame = before !== undefined && !this.#changes(page, fresh, before, fold);
      const row = this.#keep(page, fresh, { fold, isSure: cursor !== null, at });
      this.#ended.heard(key, at);
      const { watchedAt = null, askedAt = null } = before ?? {};
      const next = { journal, row: upTo };
      const known = fold && live && { fold, live };
      const followed = known && { cursor: next, foldedUpTo };
      const isWatched = this.list.isWatched(key);
      const asked = { watchedAt, isWatched, askedAt, silentSince: null };
      if (row) this.list.conferences.set(key, { ...row, known, followed, ...asked });
      else this.list.conferences.delete(key);
      if (known && !isSame) this.list.changed(key);
      if (row && known) this.#over.delete(key);
      else setLimited(this.#over, key, next, mostOver);
    } catch (error) {
      this.#counts.load();
      this.#givenUp.load();
      this.#ended.load();
      // The fold was changed in place, and does not agree with the disk any more.
      if (before) this.list.conferences.set(key, { ...before, known: null, followed: null });
      throw error;
    }
    this.#ports.changed();
    await this.#ensureAlarm(at);
    if (this.#receivers(page.domain).length > 0) this.#webhooks.pump();
    return this.#answer(page, upTo);
  }

  /** How far this life has got with the journal; `null`: it has nothing of it yet. */
  #cursorOf({ key, journal }: FactPage): Cursor | null {
    const cursor = this.list.conferences.get(key)?.followed?.cursor ?? this.#over.get(key);
    return cursor?.journal === journal ? cursor : null;
  }

  /** Behind which row a page is wanted: this page is, if it begins there. `null`: a view is wanted. */
  #rowBefore({ after, place, view }: FactPage, cursor: Cursor | null): number | null {
    if (cursor) return Math.min(after, cursor.row);
    // The directory was lost or set back to an older copy: what it acknowledged is gone.
    if (place !== null && !this.#store.has(place)) return 0;
    return view === undefined ? null : after;
  }

  #answer({ domain, key }: FactPage, row: number | null): FeedAnswer {
    const isWatched = this.list.isWatched(key);
    const { directory } = this.#aboutNow(domain);
    const now = this.#ports.now();
    // At the longest, so long as all conferences need for one page each: also where a clock was set back.
    const allMs = this.list.conferences.size * pageEveryMs;
    if (!isWatched) this.#pagesUpTo = Math.min(Math.max(this.#pagesUpTo, now) + pageEveryMs, now + allMs);
    const pauseMs = this.#pagesUpTo - now;
    return {
      ...{ row, place: this.#store.place ?? { directory, id: 0 }, isWatched },
      pauseMs: isWatched ? leastPauseMs : Math.max(leastPauseMs, pauseMs),
      allMs,
    };
  }

  #folded(
    { key, upTo, view, live }: FactPage,
    fresh: readonly PlacedFact[],
  ): Pick<Followed, "foldedUpTo"> & { fold: RunningFold | null } {
    if (view) return { fold: foldOf(view), foldedUpTo: view.row };
    if (!live) return { fold: null, foldedUpTo: upTo };
    const { known, followed } = this.list.conferences.get(key) ?? {};
    // What the disk has of an earlier life ends at no row that facts could go on from.
    const before = followed ? (known?.fold ?? null) : null;
    const { foldedUpTo = 0 } = followed ?? {};
    const fold = fresh.filter(({ row }) => row > foldedUpTo).reduce(withFact, before);
    return { fold, foldedUpTo: Math.max(foldedUpTo, upTo) };
  }

  /** Whether a page says of a conference what the disk does not have. To compare all callers costs more the more there are: only with a view. */
  #changes(
    { view, live }: FactPage,
    fresh: readonly PlacedFact[],
    before: RunningEntry,
    fold: RunningFold | null,
  ): boolean {
    const { known, silentSince } = before;
    if (!fold || !live || !known || silentSince !== null) return true;
    if (view) return JSON.stringify(lastOf(known)) !== JSON.stringify(lastOf({ fold, live }));
    return fresh.some(({ fact }) => changesRunning(fact)) || JSON.stringify(known.live) !== JSON.stringify(live);
  }

  /** Writes what must outlive this object. The row of a conference that runs becomes the record of its end; `null`: none runs. */
  #keep(
    page: FactPage,
    fresh: readonly PlacedFact[],
    { fold, isSure, at }: { readonly fold: RunningFold | null; readonly isSure: boolean; readonly at: EpochMs },
  ): Pick<RunningEntry, "id" | "row"> | null {
    const { domain, key, live } = page;
    const before = this.list.conferences.get(key);
    const hasReceivers = this.#receivers(domain).length > 0;
    const records = recordsIn(fresh);
    const isKept = isSure ? () => false : this.recordStore.keptIn(page, records);
    const isOver = records.some((record) => record.kind === "conference" && before && isOf(before.row, record));
    // The conference is over, and a later page says so. How it was is not known since the directory's restart.
    const isLeft = live !== null && page.view === null && !isOver;
    const row = fold ? rowOf(key, fold, live) : isLeft && before ? before.row : null;
    const webhooks = hasReceivers ? newWebhooks(page, fresh, before?.row.heard, isKept) : null;
    const isSame = before !== undefined && row !== null && isOf(before.row, row);
    const isNew = webhooks?.isNew || (isSame && !saysTheSame(before.row, row));
    const posts = fresh.flatMap((one) => givenUpPost(key, one) ?? []);
    const mayBeSettled = fresh.filter(({ fact }) => settles(fact));
    const owes = mayBeSettled.length > 0 && (posts.some(({ owed }) => owed) || this.#givenUp.owes(key));
    const settled = owes ? mayBeSettled : [];
    // Of one that is over, a page that is not its last does not say it.
    const waiting = live === null ? (page.waiting ?? []) : row ? [] : this.#ended.of(key);
    const isWaiting = JSON.stringify(waiting) !== JSON.stringify(this.#ended.of(key));
    const hasMore =
      records.length > 0 ||
      posts.length > 0 ||
      settled.length > 0 ||
      isWaiting ||
      page.facts.some(({ fact }) => isInCounts(fact));
    if (isSame && !hasMore && !isNew) return before;
    if (!before && !row && !hasMore && !isNew) return null;
    return this.#store.transaction(this.#aboutNow(domain), () => {
      let own: RunningEntry | null = before ?? null;
      for (const record of records) {
        const isItsEnd = own !== null && record.kind === "conference" && isOf(own.row, record);
        // The record is there already, so the row does not become one.
        if (!isKept(record)) {
          this.#store.add(record, at, isItsEnd ? (own?.id ?? null) : null);
          this.knownTrouble.keptRecord(record);
        } else if (isItsEnd && own) this.#store.delete(own.id);
        if (isItsEnd) own = null;
      }
      // In the order of the facts: what a server was reached for does not expire behind that.
      for (const one of [...posts, ...settled].toSorted((one, other) => one.row - other.row))
        if ("fact" in one) this.#givenUp.settle(key, one);
        else this.#givenUp.add(one, at);
      if (isWaiting) this.#ended.keep(key, waiting, at);
      if (webhooks) this.#webhooks.add(webhooks.events);
      if (own && !(row && isOf(own.row, row))) {
        this.#store.delete(own.id);
        own = null;
      }
      const counted = (after: number) => {
        const counts = countsIn(page.facts, after);
        this.knownTrouble.postsRefused(counts.minutes, at);
        return counts;
      };
      this.#counts.add(sourceOf(page), counted, at);
      if (!row) return null;
      if (own && !isNew) return own;
      const heard = webhooks?.progress ?? own?.row.heard;
      const kept: RunningRow = { ...row, ...(heard && { heard }) };
      if (own) this.#store.replace(own.id, kept);
      return { id: own?.id ?? this.#store.begin(kept, at), row: kept };
    });
  }

  async count(domain: DomainName, source: CountSource, minutes: readonly ActivityMinute[]): Promise<void> {
    const now = this.#ports.now();
    try {
      this.#store.transaction(this.#aboutNow(domain), () => {
        const counted = () => {
          // Of a mailbox: no conference says what was given up there.
          this.#givenUp.addOfNone(minutes, now);
          this.knownTrouble.postsRefused(minutes, now);
          return { minutes, outcomes: {} };
        };
        this.#counts.add(source, counted, now);
      });
    } catch (error) {
      this.#counts.load();
      this.#givenUp.load();
      throw error;
    }
    await this.#changed();
  }

  async notReached(conferences: readonly ConfKey[]): Promise<void> {
    this.list.doubt(conferences);
  }

  async activity(): Promise<DomainActivity> {
    await this.list.askUnheard();
    const minutes = this.#counts.minutes(this.#ports.now());
    return { minutes, hosts: this.list.hosts, unknown: this.list.unknown + this.list.stale };
  }

  async countTotals(): Promise<CountTotals> {
    return this.#counts.totals;
  }

  async webhooks(domain: DomainName): Promise<readonly WebhookView[]> {
    return this.#webhooks.view(this.#receivers(domain));
  }

  async keepAudit(domain: DomainName, entry: AuditEntry): Promise<void> {
    this.#store.transaction(this.#aboutNow(domain), () => this.#audit.add(entry, this.#ports.now()));
    await this.#changed();
  }

  async givenUp(...[after, limit, ...of]: Parameters<DirectoryRpc["givenUp"]>): Promise<GivenUpPage> {
    return this.#givenUp.page(after, Math.min(limit, mostPage), ...of);
  }

  async givenUpPost(id: string): Promise<GivenUpPost | null> {
    return this.#givenUp.find(id);
  }

  async audit(before: number | null, limit: number): Promise<AuditPage> {
    return this.#audit.page(before, Math.min(limit, mostPage));
  }

  /** Deletes some rows that are older than the settings want, and posts the webhooks that are due. */
  alarm(): Promise<void> {
    return this.#alarm.fired(async () => {
      const { about } = this.#store;
      if (!about) return;
      const now = this.#ports.now();
      const current = this.#aboutNow(about.domain);
      const surely = surelyNow(this.#ports) - this.#skipped.ms(current.keptMs);
      if (isOver(current, surely)) return await this.#ports.deleteAll();
      // It may have come for something else.
      if (now >= this.#deleteAt || now < this.#deleteAt - deleteEveryMs) {
        this.#deleteAt =
          now + (this.#deleteOld(about.domain, surely - current.keptMs) ? portionEveryMs : deleteEveryMs);
        // Nothing is kept of a conference that answers no more, also where nobody looks at the list.
        void this.list.askUnheard();
      }
      this.#webhooks.pump();
      this.#alarm.wakeBy(this.#deleteAt);
    });
  }

  /** Returns whether there may be more. */
  #deleteOld(domain: DomainName, before: EpochMs): boolean {
    this.promptStore.deleteBefore(before);
    this.knownTrouble.deleteBefore(domain, before);
    try {
      this.#store.transaction(this.#aboutNow(domain), () => this.#ended.deleteBefore(before));
    } catch (error) {
      this.#ended.load();
      throw error;
    }
    const hasMore = this.#audit.deleteBefore(before, deletePortion);
    return this.#store.deleteBefore(before, deletePortion) || hasMore;
  }

  #changed(): Promise<void> {
    this.#ports.changed();
    return this.#ensureAlarm(this.#ports.now());
  }

  async #ensureAlarm(now: EpochMs): Promise<void> {
    if (!this.#hasAlarm) await this.#alarm.ensure(now + deleteEveryMs);
    this.#hasAlarm = true;
  }

  #receivers(domain: DomainName | null): DomainSettings["webhooks"] {
    return (domain && this.#ports.domain(domain)?.settings.webhooks) ?? [];
  }

  #aboutNow(name: DomainName): DirectoryIdentity {
    const known = this.#store.about;
    const domain = this.#ports.domain(name);
    const keptMs = domain && domain.settings.recordsDays * dayMs;
    const directory = known?.directory ?? this.#ports.nonce();
    return { domain: name, directory, ...retentionAt(this.#ports.now(), keptMs, known) };
  }
}

function recordsIn(facts: readonly PlacedFact[]): readonly DirectoryRecord[] {
  return facts.flatMap(({ fact }) => ("record" in fact ? [fact.record] : []));
}

function rowOf(key: ConfKey, { life, createdAt, phase, webexHost }: RunningFold, live: LiveState | null): RunningRow {
  return { key, life, createdAt, phase, webexHost, bridge: live?.bridge ?? null };
}

function saysTheSame(one: RunningRow, other: RunningRow): boolean {
  return one.phase === other.phase && one.webexHost === other.webexHost && one.bridge === other.bridge;
}

function sourceOf({ key, journal: name, upTo }: FactPage): CountSource {
  return { key, name, upTo };
}

function countsIn(facts: readonly PlacedFact[], after: number): SourceCounts {
  const activity = new Activity();
  activity.addFacts(facts, after);
  const fresh = facts.flatMap(({ row, fact }) => (row > after ? [fact] : []));
  return { minutes: activity.data(), outcomes: countOutcomes(fresh) };
}

/** The document that was given up by this fact, or of a conference that is over all that its server was never notified of; `null`: neither. */
function givenUpPost(conference: ConfKey, { row, at, fact }: PlacedFact): GivenUpPost | null {
  if (fact.kind === "post-given-up") {
    const { host, transId, attempts, why, messages, owed } = fact;
    const post = { conference, row, at, host, transId, attempts, why, settledAt: null, ...(owed && { owed }) };
    return { ...post, messages: messages.map(({ type }) => wireNameOf(type)) };
  }
  if (fact.kind !== "server-settled" || !fact.expired || !fact.messages) return null;
  const { host, expired, messages } = fact;
  const mostOfType = Math.floor(mostNamed / messages.length);
  const named = messages.flatMap(({ type, count }) =>
    Array<string>(Math.min(count, mostOfType)).fill(wireNameOf(type)),
  );
  const further = messages.reduce((sum, { count }) => sum + count, 0) - named.length;
  const post = { conference, row, at, host, transId: "", attempts: 0, why: expiredText, settledAt: at, expired };
  return { ...post, messages: named, ...(further > 0 && { further }) };
}

function isOf(row: RunningRow, { life, createdAt }: Pick<RunningRow, "life" | "createdAt">): boolean {
  return row.life === life && row.createdAt === createdAt;
}

const settling: ReadonlySet<DirectoryFact["kind"]> = new Set([
  ...(["server-reached", "server-settled", "post-confirmed"] as const),
  ...(["conference-requested", "conference-taken-over"] as const),
]);

/** Whether what was given up may have come to its server by then. A request of WebEx does not say so. */
function settles(fact: DirectoryFact): boolean {
  return settling.has(fact.kind) && !("byRequest" in fact && fact.byRequest);
}
