import type { BridgeName, ConfKey, DomainName, EpochMs, WebexHost } from "../../src/foundation/ids.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import { fitsName, spellingsOf } from "../../src/foundation/text/spelled.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { inPortions } from "../../src/foundation/time/in-portions.ts";
import { dayMs, within } from "../../src/foundation/time/timers.ts";
import type { PendingForServer } from "../../src/operators/alerts.ts";
import { sumOfLoads } from "../../src/operators/figures.ts";
import type { CallRow, ConferenceNow, ConferenceRow } from "../../src/records/rows.ts";
import {
  type BridgeLoad,
  type ConferenceTotals,
  type ListedConference,
  mostNamed,
  type RunningPage,
  type RunningQuery,
  type ServerLoad,
  type Swept,
} from "../../src/rpc/directory.ts";
import type { WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import type { HolderPage } from "../../src/rpc/id-allocator.ts";
import type { CountStore } from "./count-store.ts";
import { conferenceCalls, type DirectoryContext, type DirectoryStore } from "./directory-store.ts";
import { conditionOf, recordMatcher } from "./record-store.ts";

interface Orphan {
  readonly key: ConfKey;
  readonly bridge: BridgeName;
  readonly since: EpochMs;
  readonly callers: number;
  readonly locked: boolean;
}

const mostPage = 1_000;
/** How many TSP servers are listed. */
const mostLoads = 50;
const idle = { documents: 0, oldestDocumentAt: null, failure: null, affected: [] };
/** How many conferences with alerts are named for each server. */
const mostAffected = 5;
/** How long a user counts as looking after each request. */
const watchedMs = 10_000;
const askWithinMs = 20_000;
const refillMs = 7 * dayMs;

/** The running conferences, as they published themselves. */
export class RunningList {
  readonly #context: DirectoryContext;
  readonly #store: DirectoryStore;
  readonly #counts: CountStore;
  /** End of the watch of each conference. */
  readonly #watched = new Map<ConfKey, EpochMs>();
  /** Conferences that were asked to publish and have not yet. */
  readonly #asked = new Set<ConfKey>();

  constructor(context: DirectoryContext, counts: CountStore) {
    this.#context = context;
    this.#store = context.store;
    this.#counts = counts;
  }

  isWatched(key: ConfKey): boolean {
    return (this.#watched.get(key) ?? 0) > this.#context.now();
  }

  get size(): number {
    return Number(this.#store.read("SELECT count(*) AS count FROM conference WHERE arrival IS NULL")[0]?.count ?? 0);
  }

  async running(query: RunningQuery): Promise<RunningPage> {
    const limit = Math.min(query.limit, mostPage);
    const people = this.#peopleFound(query);
    const isMeant = conferenceMatcher(query, people);
    const most = isMeant ? Number.MAX_SAFE_INTEGER : limit + 1;
    const sql = "SELECT data FROM conference WHERE arrival IS NULL AND key > ? ORDER BY key LIMIT ?";
    const rows = this.#store.data<ConferenceRow>(sql, query.after ?? "", most);
    const found = isMeant ? rows.filter(isMeant) : rows;
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const { waiting } = this.#counts;
    if (query.isWatched) this.#noteWatched(page);
    return {
      ...this.#store.filling,
      conferences: page.map((row) => this.#listed(row, waiting.get(keyOf(row)))),
      ...(query.named && { found: new Map(page.map((row) => [keyOf(row), people?.get(keyOf(row)) ?? []])) }),
      next: last && found.length > limit ? keyOf(last) : null,
      total: this.size,
      bridges: this.loads,
    };
  }

  async areRunning(keys: readonly ConfKey[]): Promise<boolean> {
    const query = "SELECT 1 FROM conference WHERE arrival IS NULL AND key IN (SELECT value FROM json_each(?)) LIMIT 1";
    return this.#store.read(query, JSON.stringify(keys)).length > 0;
  }

  /** Matching callers inside or being called, by conference; `null`: no search for callers. */
  #peopleFound({ number, attendeeId, text }: RunningQuery): ReadonlyMap<ConfKey, readonly CallRow[]> | null {
    if (number === undefined && attendeeId === undefined && text === undefined) return null;
    const filter = { number, attendeeId, text };
    const { sql, values } = conditionOf("call", filter);
    const query = `SELECT data FROM ${conferenceCalls} WHERE arrival IS NULL AND ${sql}`;
    const calls = this.#store.data<CallRow>(query, ...values).filter(recordMatcher(filter));
    const byConference = Map.groupBy(calls, keyOf);
    // One more than shown, to indicate further ones.
    return new Map(Array.from(byConference, ([key, all]) => [key, all.slice(0, mostNamed + 1)]));
  }

  #listed(row: ConferenceRow, waiting: readonly WaitingDocuments[] = []): ListedConference {
    const { life, createdAt, topic, bridge, webexHosts } = row;
    const { lateSince: _, aheadMs: __, ...now } = row.now as ConferenceNow;
    return {
      ...{ key: keyOf(row), life, createdAt },
      phase: row.runningAt === null ? "creating" : "running",
      webexHost: (webexHosts.at(-1) ?? "") as WebexHost,
      bridge: (bridge as BridgeName) || null,
      ...(topic !== "" && { topic }),
      undelivered: row.givenUp,
      now: {
        ...now,
        documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
        oldestDocumentAt: earliest(...waiting.map(({ oldestAt }) => oldestAt)),
        waiting,
      },
    };
  }

  /** Asks newly watched conferences to publish again. */
  #noteWatched(rows: readonly ConferenceRow[]): void {
    const now = this.#context.now();
    for (const [key, until] of this.#watched) if (until <= now) this.#watched.delete(key);
    const fresh = rows.map(keyOf).filter((key) => !this.isWatched(key));
    for (const key of rows.map(keyOf)) this.#watched.set(key, now + watchedMs);
    const { about } = this.#store;
    if (about) void this.#ask(about.domain, fresh, false);
  }

  /** Asks these conferences to publish. */
  async #ask(domain: DomainName, keys: readonly ConfKey[], isWhole: boolean): Promise<void> {
    let failed = 0;
    const asking: Promise<void>[] = [];
    const toAsk = keys.map((key) => () => {
      const asked = this.#askOne(domain, key, isWhole).catch(() => {
        failed += 1;
      });
      asking.push(asked);
      return asked;
    });
    await inPortions(this.#context, { hasMore: () => toAsk.length > 0, take: (most) => toAsk.splice(0, most) });
    await Promise.all(asking);
    if (failed > 0) this.#context.log({ level: "warn", event: "not-asked", conferences: failed });
  }

  async #askOne(domain: DomainName, key: ConfKey, isWhole: boolean): Promise<void> {
    this.#asked.add(key);
    const asked = this.#context.conference(domain, key).publish(isWhole);
    const isThere = await within(this.#context, askWithinMs, "a conference", asked);
    if (isWhole) this.#store.exec("DELETE FROM unfilled WHERE key = ?", key);
    // A conference created meanwhile has published.
    if (!this.#asked.delete(key) || isThere) return;
    this.#store.transaction(domain, () => {
      this.#store.exec("DELETE FROM call WHERE conference = ? AND arrival IS NULL", key);
      this.#store.exec("DELETE FROM conference WHERE key = ? AND arrival IS NULL", key);
      this.#counts.lost(key);
    });
  }

  /** Asks ended conferences that are listed as running to publish. */
  async swept(domain: DomainName, { failed, running, over }: Swept): Promise<void> {
    if (!this.#store.about) return;
    const isOne = "arrival IS NULL AND key IN (SELECT value FROM json_each(?))";
    const [unreached, reached] = [JSON.stringify(failed), JSON.stringify([...running, ...over])];
    this.#store.exec(
      `UPDATE conference SET unreached = ? WHERE unreached IS NULL AND ${isOne}`,
      this.#context.now(),
      unreached,
    );
    this.#store.exec(`UPDATE conference SET unreached = NULL WHERE unreached > 0 AND ${isOne}`, reached);
    const query = `SELECT key FROM conference WHERE ${isOne}`;
    const listed = this.#store.read<{ key: ConfKey }>(query, JSON.stringify(over));
    await this.#ask(
      domain,
      listed.map(({ key }) => key),
      true,
    );
  }

  /** Notes that the conference has published. */
  heard(key: ConfKey): void {
    this.#asked.delete(key);
    this.#store.exec("UPDATE conference SET unreached = NULL WHERE key = ? AND arrival IS NULL AND unreached > 0", key);
  }

  /** Asks all conferences of the domain to publish everything; after the first time, those that have not yet. */
  async refill(domain: DomainName): Promise<void> {
    if (this.#store.read("SELECT 1 FROM about WHERE refills = 0").length > 0) await this.#noteUnfilled(domain);
    this.#store.exec("UPDATE about SET refills = refills + 1");
    const unfilled = this.#store.read<{ key: ConfKey }>("SELECT key FROM unfilled");
    await this.#ask(
      domain,
      unfilled.map(({ key }) => key),
      true,
    );
  }

  async #noteUnfilled(domain: DomainName): Promise<void> {
    for (let before: number | null = null, upTo: number | null = null; ; ) {
      const { holders, next }: HolderPage = await this.#context.conferencesOf(domain, refillMs, before, upTo);
      upTo ??= holders[0]?.place ?? null;
      for (const { key } of holders) this.#store.exec("INSERT OR IGNORE INTO unfilled (key) VALUES (?)", key);
      if (next === null) return;
      before = next;
    }
  }

  get totals(): ConferenceTotals {
    const { loads: bridges, waiting } = this;
    const { conferences, callers } = sumOfLoads(bridges);
    const query = "SELECT count(*) AS count FROM conference WHERE arrival IS NULL AND status = 'creating'";
    const creating = Number(this.#store.read(query)[0]?.count ?? 0);
    return {
      ...this.#store.filling,
      ...{ conferences, callers, bridges, creating, running: conferences - creating },
      documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
      oldestAt: earliest(...waiting.map(({ oldestAt }) => oldestAt)),
    };
  }

  /** The load of each bridge. */
  get loads(): readonly BridgeLoad[] {
    return this.#loads("");
  }

  /** The same without orphans. */
  get createdLoads(): readonly BridgeLoad[] {
    return this.#loads("AND server > ''");
  }

  #loads(where: string): readonly BridgeLoad[] {
    return this.#store.read<BridgeLoad>(
      `SELECT nullif(bridge, '') AS bridge, count(*) AS conferences, sum(callers) AS callers FROM conference
       WHERE arrival IS NULL ${where} GROUP BY 1 ORDER BY 1`,
    );
  }

  /** Servers with running conferences or a backlog, the largest backlog first. */
  get hosts(): readonly ServerLoad[] {
    const query = `SELECT server AS host, count(*) AS conferences FROM conference
      WHERE arrival IS NULL AND server > '' GROUP BY server`;
    const servers = this.#store.read<Pick<ServerLoad, "host" | "conferences">>(query);
    const loads = new Map(servers.map((one): [string, ServerLoad] => [one.host, { ...one, ...idle }]));
    // A conference can also post to the back end, or still to its former server.
    for (const [key, waiting] of this.#counts.waiting)
      for (const { host, documents, oldestAt, failure } of waiting) {
        const load = loads.get(host) ?? { host, conferences: 0, ...idle };
        loads.set(host, {
          ...load,
          documents: load.documents + documents,
          oldestDocumentAt: earliest(load.oldestDocumentAt, oldestAt),
          failure: load.failure ?? failure,
          affected: failure === null ? load.affected : [...load.affected, key].slice(0, mostAffected),
        });
      }
    const bySize = [...loads.values()].sort((a, b) => b.documents - a.documents || b.conferences - a.conferences);
    return bySize.slice(0, mostLoads);
  }

  /** The backlog by server, also of unlisted servers and ended conferences. */
  get waiting(): readonly PendingForServer[] {
    return [...this.#counts.waiting.values()].flat();
  }

  async waitingFor(server: string): Promise<readonly ConfKey[]> {
    const isMeant = ({ host }: WaitingDocuments) => bareHost(host) === bareHost(server);
    return [...this.#counts.waiting].flatMap(([key, waiting]) => (waiting.some(isMeant) ? key : []));
  }

  /** Orphans, the oldest first. */
  get orphans(): readonly Orphan[] {
    const query = "SELECT data FROM conference WHERE arrival IS NULL AND server = '' AND bridge > '' ORDER BY began";
    return this.#store.data<ConferenceRow>(query).flatMap(({ conference, bridge, createdAt: since, now }): Orphan[] => {
      const of = { key: conference as ConfKey, bridge: bridge as BridgeName, since };
      return now?.orphan ? [{ ...of, callers: now.callers, locked: now.locked }] : [];
    });
  }

  /** Number of conferences with late commands on each bridge, and the start of that. */
  get late() {
    return this.#store.read<Pick<Orphan, "bridge" | "since"> & { readonly conferences: number }>(
      `SELECT bridge, count(*) AS conferences, min(late_since) AS since FROM conference
       WHERE arrival IS NULL AND bridge > '' AND late_since > 0 GROUP BY bridge ORDER BY bridge`,
    );
  }

  /** Largest lead of a conference's time over the machine's clock, which was set back. */
  get aheadMs(): number {
    const query = "SELECT max(ahead_ms) AS most FROM conference WHERE arrival IS NULL";
    return Number(this.#store.read(query)[0]?.most ?? 0);
  }

  /** Number of conferences that the last sweep did not reach, and the start of that; `null`: none. */
  get unreachable(): { readonly conferences: number; readonly since: EpochMs } | null {
    const query =
      "SELECT count(*) AS conferences, min(unreached) AS since FROM conference WHERE arrival IS NULL AND unreached > 0";
    const [row] = this.#store.read<{ conferences: number; since: EpochMs }>(query);
    return row && row.conferences > 0 ? row : null;
  }
}

/** Filter for a search by conference or caller; `null`: all match. */
function conferenceMatcher(
  { begins = "", keys, text, affected = false }: Pick<RunningQuery, "begins" | "keys" | "text" | "affected">,
  people: ReadonlyMap<ConfKey, unknown> | null,
): ((row: ConferenceRow) => boolean) | null {
  if (begins === "" && keys === undefined && !affected && people === null) return null;
  const beginnings = spellingsOf(begins);
  const ids: readonly string[] = text === undefined ? [] : spellingsOf(text);
  const isNamed = ({ topic, now }: ConferenceRow) =>
    text !== undefined && [topic, ...(now?.roomNames ?? [])].some((name) => fitsName(text, name));
  return (row) => {
    const key = keyOf(row);
    if (keys?.includes(key) === false || !beginnings.some((begin) => key.startsWith(begin))) return false;
    if (affected && (row.now?.alerts.length ?? 0) === 0) return false;
    return people === null || people.has(key) || ids.includes(key) || isNamed(row);
  };
}

function keyOf({ conference }: Pick<ConferenceRow, "conference">): ConfKey {
  return conference as ConfKey;
}
