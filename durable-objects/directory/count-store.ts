import type { EpochMs } from "../../src/foundation/ids.ts";
import { hourMs } from "../../src/foundation/time/timers.ts";
import { Activity, type ActivityMinute, type HostPosts, minuteMs } from "../../src/records/activity.ts";
import type { CountSource, PostTotals } from "../../src/rpc/directory.ts";
import { LazyTables } from "../platform/lazy-tables.ts";
import type { Sql } from "../platform/platform.ts";

const table = "CREATE TABLE IF NOT EXISTS counted (id INTEGER PRIMARY KEY, data TEXT NOT NULL)";
/** A row with so many sources is full: it is written with each count. */
const mostSources = 100;

/** What came within a minute, and how far each source was counted then. */
interface Bucket {
  readonly id: number;
  readonly begunAt: EpochMs;
  readonly upTo: Map<string, readonly [name: string, number]>;
  readonly activity: Activity;
}

interface BucketData {
  readonly begunAt: EpochMs;
  readonly upTo: readonly (readonly [string, readonly [string, number]])[];
  readonly minutes: readonly ActivityMinute[];
  /** As they were when the row was written; absent: an older version wrote it. */
  readonly totals?: PostTotals;
}

const none: PostTotals = { confirmed: 0, refused: 0, failed: 0, givenUp: 0 };

/**
 * What a domain was asked and has posted in the last hour: each portion of a source counts once, however often it comes, also after a restart.
 * What is older than the hour does not count any more, and until then it is known how far its source was counted. A count costs one row written.
 */
export class CountStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  readonly #before: readonly ActivityMinute[];
  #buckets: Bucket[] = [];
  #totals = none;

  /** `before`: what an earlier version has counted. */
  constructor(sql: Sql, before: readonly ActivityMinute[]) {
    this.#sql = sql;
    this.#before = before;
    this.#table = new LazyTables(sql, "counted", table);
    this.load();
  }

  /** As the disk has it: at the start, and after a transaction that failed. */
  load(): void {
    const rows = this.#table.read("SELECT id, data FROM counted");
    this.#totals = none;
    const buckets = rows.map(({ id, data }) => {
      const { begunAt, upTo, minutes, totals = none }: BucketData = JSON.parse(String(data));
      // They only rise, and each row has those of its time.
      this.#totals = mapTotals((name) => Math.max(totals[name], this.#totals[name]));
      return { id: Number(id), begunAt, upTo: new Map(upTo), activity: activityOf(minutes) };
    });
    this.#buckets = buckets.sort((one, other) => one.begunAt - other.begunAt);
  }

  /** Within a transaction: counts what is new of this source, up to this number of it. `minutes`: what is behind the number before. */
  add(
    { key, name, upTo }: CountSource,
    minutesAfter: (number: number) => readonly ActivityMinute[],
    now: EpochMs,
  ): void {
    const numbers = this.#buckets
      .map((bucket) => bucket.upTo.get(key))
      .map((known) => (known?.[0] === name ? known[1] : 0));
    const counted = Math.max(0, ...numbers);
    if (upTo <= counted) return;
    const fresh = activityOf(minutesAfter(counted));
    fresh.keepHour(now);
    if (fresh.isEmpty) return;
    const bucket = this.#bucketAt(now);
    bucket.activity.addAll(fresh.data());
    const posts = fresh.data().flatMap(({ hosts }) => hosts);
    this.#totals = mapTotals((name) => posts.reduce((sum, one) => sum + totalOf[name](one), this.#totals[name]));
    bucket.upTo.set(key, [name, upTo]);
    this.#write(bucket);
  }

  minutes(now: EpochMs): readonly ActivityMinute[] {
    const all = activityOf(this.#before);
    for (const { activity } of this.#buckets) all.addAll(activity.data());
    all.keepHour(now);
    return all.data();
  }

  get totals(): PostTotals {
    return this.#totals;
  }

  #bucketAt(now: EpochMs): Bucket {
    const last = this.#buckets.at(-1);
    if (last && Math.abs(now - last.begunAt) < minuteMs && last.upTo.size < mostSources) return last;
    // The row of one that nothing is asked of any more is written over, which is cheaper than to delete it.
    const [oldest] = this.#buckets;
    const isOver = oldest !== undefined && now - oldest.begunAt > hourMs + 2 * minuteMs;
    if (isOver) this.#buckets.shift();
    const id = isOver ? oldest.id : Math.max(0, ...this.#buckets.map((bucket) => bucket.id)) + 1;
    const bucket = { id, begunAt: now, upTo: new Map(), activity: new Activity() };
    this.#buckets.push(bucket);
    return bucket;
  }

  #write({ id, begunAt, upTo, activity }: Bucket): void {
    const data: BucketData = { begunAt, upTo: [...upTo], minutes: activity.data(), totals: this.#totals };
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
