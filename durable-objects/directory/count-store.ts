import type { EpochMs } from "../../src/foundation/ids.ts";
import { hourMs, minuteMs } from "../../src/foundation/time/timers.ts";
import { Activity, type ActivityMinute, type HostPosts } from "../../src/records/activity.ts";
import { type OutcomeCounts, outcomeCounts, togetherOutcomes } from "../../src/records/outcomes.ts";
import { type CountSource, type CountTotals, mailboxKey, type PostTotals } from "../../src/rpc/directory.ts";
import type { Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

const table = "CREATE TABLE IF NOT EXISTS counted (id INTEGER PRIMARY KEY, data TEXT NOT NULL)";
/** A row with so many sources is full: it is written with each count. */
const mostSources = 100;

/** So many rows stay, whatever the clock says: it may jump, and what was counted comes again. */
const leastRows = 64;

/** What a source has to count. */
export interface SourceCounts {
  readonly minutes: readonly ActivityMinute[];
  readonly outcomes: OutcomeCounts;
}

/** What came within a minute, and how far each source was counted then. */
interface Bucket {
  readonly id: number;
  /** Rises from bucket to bucket; the clock may not. */
  readonly number: number;
  readonly begunAt: EpochMs;
  readonly upTo: Map<string, readonly [name: string, number]>;
  readonly activity: Activity;
  /** So many of its sources come from a row that was written over. */
  readonly carried: number;
}

interface BucketData {
  readonly number: number;
  readonly begunAt: EpochMs;
  readonly upTo: readonly (readonly [string, readonly [string, number]])[];
  readonly carried: number;
  readonly minutes: readonly ActivityMinute[];
  /** Totals at the time of the row. */
  readonly totals: PostTotals;
  readonly outcomes: OutcomeCounts;
}

const none: PostTotals = { confirmed: 0, refused: 0, failed: 0, givenUp: 0 };

/**
 * What a domain was asked and has posted in the last hour, and all that was counted since its directory was begun: each portion of a source counts
 * once, however often it comes, also after a restart, and whatever the clock says. For as long as a source goes on, and for an hour at least, it is
 * known how far it was counted. A count costs one row written.
 */
export class CountStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  readonly #goesOn: (key: string) => boolean;
  #buckets: Bucket[] = [];
  /** Where each source was counted last: there may be thousands of buckets. */
  readonly #latest = new Map<string, Bucket>();
  #totals: CountTotals = { posts: none, outcomes: {} };

  /** `goesOn`: true if this conference runs. */
  constructor(sql: Sql, goesOn: (key: string) => boolean) {
    this.#sql = sql;
    this.#goesOn = (key) => key === mailboxKey || goesOn(key);
    this.#table = new LazyTables(sql, "counted", table);
    this.load();
  }

  /** As the disk has it: at the start, and after a transaction that failed. */
  load(): void {
    const rows = this.#table.read("SELECT id, data FROM counted");
    this.#totals = { posts: none, outcomes: {} };
    const buckets = rows.map(({ id, data }) => {
      const { totals: posts, outcomes, minutes, ...row }: BucketData = JSON.parse(String(data));
      // They only rise, and each row has those of its time.
      const before = this.#totals;
      this.#totals = {
        posts: mapTotals((name) => Math.max(posts[name], before.posts[name])),
        outcomes: outcomeCounts((name) => Math.max(outcomes[name] ?? 0, before.outcomes[name] ?? 0)),
      };
      const { number, carried, begunAt, upTo } = row;
      return { id: Number(id), number, begunAt, carried, upTo: new Map(upTo), activity: activityOf(minutes) };
    });
    this.#buckets = buckets.sort((one, other) => one.number - other.number || one.begunAt - other.begunAt);
    this.#latest.clear();
    for (const bucket of this.#buckets) for (const key of bucket.upTo.keys()) this.#latest.set(key, bucket);
  }

  /** How far this source is counted, as far as is known. */
  #upTo(key: string, name: string): number {
    const latest = this.#latest.get(key)?.upTo.get(key);
    if (!latest || latest[0] === name) return latest?.[1] ?? 0;
    // Another life of the conference was counted since.
    const numbers = this.#buckets.map(({ upTo }) => upTo.get(key)).map((known) => (known?.[0] === name ? known[1] : 0));
    return Math.max(0, ...numbers);
  }

  /** Within a transaction: counts what is new of this source, up to this number of it. `behind`: what it has behind a number. */
  add({ key, name, upTo }: CountSource, behind: (number: number) => SourceCounts, now: EpochMs): void {
    const counted = this.#upTo(key, name);
    if (upTo <= counted) return;
    const { minutes, outcomes: more } = behind(counted);
    // A conference whose time is ahead of the clock has counted it by now.
    const fresh = activityOf(minutes.map((minute) => ({ ...minute, at: Math.min(minute.at, now) })));
    if (fresh.isEmpty && Object.keys(more).length === 0) return;
    const posts = fresh.data().flatMap(({ hosts }) => hosts);
    const { posts: before, outcomes } = this.#totals;
    this.#totals = {
      posts: mapTotals((name) => posts.reduce((sum, one) => sum + totalOf[name](one), before[name])),
      outcomes: togetherOutcomes(outcomes, more),
    };
    const bucket = this.#bucketAt(now);
    fresh.keepHour(now);
    bucket.activity.addAll(fresh.data());
    bucket.upTo.set(key, [name, upTo]);
    this.#latest.set(key, bucket);
    this.#write(bucket);
  }

  minutes(now: EpochMs): readonly ActivityMinute[] {
    const all = activityOf(this.#buckets.flatMap(({ activity }) => activity.data()));
    all.keepHour(now);
    return all.data();
  }

  get totals(): CountTotals {
    return this.#totals;
  }

  #bucketAt(now: EpochMs): Bucket {
    const last = this.#buckets.at(-1);
    const isOpen = last && Math.abs(now - last.begunAt) < minuteMs && last.upTo.size - last.carried < mostSources;
    if (isOpen) return last;
    // The row of one that nothing is asked of any more is written over, which is cheaper than to delete it.
    const [oldest] = this.#buckets;
    const isOver =
      this.#buckets.length >= leastRows && Math.abs(now - (oldest?.begunAt ?? now)) > hourMs + 2 * minuteMs;
    if (isOver) this.#buckets.shift();
    const id = isOver && oldest ? oldest.id : Math.max(0, ...this.#buckets.map((bucket) => bucket.id)) + 1;
    const left = isOver && oldest ? [...oldest.upTo].filter(([key]) => this.#latest.get(key) === oldest) : [];
    const upTo = new Map(left.filter(([key]) => this.#goesOn(key)));
    const number = (last?.number ?? 0) + 1;
    const bucket = { id, number, begunAt: now, upTo, carried: upTo.size, activity: new Activity() };
    for (const [key] of left)
      if (upTo.has(key)) this.#latest.set(key, bucket);
      else this.#latest.delete(key);
    this.#buckets.push(bucket);
    return bucket;
  }

  #write({ id, upTo, activity, ...row }: Bucket): void {
    const { posts: totals, outcomes } = this.#totals;
    const data: BucketData = { ...row, upTo: [...upTo], minutes: activity.data(), totals, outcomes };
    this.#table.make();
    this.#sql.exec(
      "INSERT INTO counted (id, data) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET data = excluded.data",
      ...[id, JSON.stringify(data)],
    );
  }
}

const totalOf: Readonly<Record<keyof PostTotals, (posts: HostPosts) => number>> = {
  confirmed: ({ confirmed, refused = 0 }) => confirmed - refused,
  refused: ({ refused = 0 }) => refused,
  failed: ({ failed }) => failed,
  givenUp: ({ givenUp }) => givenUp,
};

function mapTotals(of: (name: keyof PostTotals) => number): PostTotals {
  return { confirmed: of("confirmed"), refused: of("refused"), failed: of("failed"), givenUp: of("givenUp") };
}

function activityOf(minutes: readonly ActivityMinute[]): Activity {
  const activity = new Activity();
  activity.addAll(minutes);
  return activity;
}
