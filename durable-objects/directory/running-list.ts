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
import type { Running } from "./running.ts";

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
    return this.#store.running.size;
  }

  get #running(): readonly Running[] {
    return [...this.#store.running.values()];
  }

  async running(query: RunningQuery): Promise<RunningPage> {
    const limit = Math.min(query.limit, mostPage);
    const people = this.#peopleFound(query);
    const found = this.#rows(query, people, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const { waiting } = this.#counts;
    if (query.isWatched) this.#noteWatched(page.map(keyOf));
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
    return keys.some((key) => this.#store.running.has(key));
  }

  /** The first rows of a search, by key. */
  #rows(query: RunningQuery, people: ReadonlyMap<ConfKey, unknown> | null, most: number): readonly ConferenceRow[] {
    const { after, keys } = query;
    const isMeant = conferenceMatcher(query, people);
    const select = "SELECT data FROM conference WHERE arrival IS NULL AND key";
    if (!isMeant) return this.#store.data(`${select} > ? ORDER BY key LIMIT ?`, after ?? "", most);
    const running = this.#store.running;
    const asked = keys ? [...new Set(keys)].flatMap((key) => running.get(key) ?? []) : this.#running;
    const found = asked.flatMap((one) => (one.key > (after ?? "") && isMeant(one) ? one.key : [])).sort();
    const wanted = JSON.stringify(found.slice(0, most));
    return this.#store.data(`${select} IN (SELECT value FROM json_each(?)) ORDER BY key`, wanted);
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

  /** Asks newly watched conferences to publish again unless they just did, because that loads them. */
  #noteWatched(keys: readonly ConfKey[]): void {
    const now = this.#context.now();
    for (const [key, until] of this.#watched) if (until <= now) this.#watched.delete(key);
    const { about, running } = this.#store;
    const isOld = (key: ConfKey) => Math.abs(now - (running.get(key)?.heardAt ?? now)) >= watchedMs;
    const fresh = keys.filter((key) => !this.isWatched(key) && isOld(key));
    for (const key of keys) this.#watched.set(key, now + watchedMs);
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
      this.#store.deleteRunning(key);
      this.#counts.lost(key);
    });
  }

  /** Asks ended conferences that are listed as running to publish. */
  async swept(domain: DomainName, { failed, running, over }: Swept): Promise<void> {
    if (!this.#store.about) return;
    const listed = this.#store.running;
    this.#noteUnreached(
      failed.filter((key) => listed.get(key)?.unreached === null),
      this.#context.now(),
    );
    const reached = [...running, ...over].filter((key) => (listed.get(key)?.unreached ?? null) !== null);
    this.#noteUnreached(reached, null);
    await this.#ask(
      domain,
      over.filter((key) => listed.has(key)),
      true,
    );
  }

  #noteUnreached(keys: readonly ConfKey[], since: EpochMs | null): void {
    if (keys.length === 0) return;
    const these = "arrival IS NULL AND key IN (SELECT value FROM json_each(?))";
    this.#store.exec(`UPDATE conference SET unreached = ? WHERE ${these}`, since, JSON.stringify(keys));
    for (const key of keys) {
      const one = this.#store.running.get(key);
      if (one) one.unreached = since;
    }
  }

  /** Notes that the conference has published. */
  heard(key: ConfKey): void {
    this.#asked.delete(key);
    const one = this.#store.running.get(key);
    if (!one) return;
    one.heardAt = this.#context.now();
    if (one.unreached !== null) this.#noteUnreached([key], null);
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
    for (let before: number | null = null; ; ) {
      const { holders, next }: HolderPage = await this.#context.conferencesOf(domain, refillMs, before);
      for (const { key } of holders) this.#store.exec("INSERT OR IGNORE INTO unfilled (key) VALUES (?)", key);
      if (next === null) return;
      before = next;
    }
  }

  get totals(): ConferenceTotals {
    const { loads: bridges, waiting } = this;
    const { conferences, callers } = sumOfLoads(bridges);
    const creating = this.#running.filter(({ status }) => status === "creating").length;
    return {
      ...this.#store.filling,
      ...{ conferences, callers, bridges, creating, running: conferences - creating },
      documents: waiting.reduce((sum, { documents }) => sum + documents, 0),
      oldestAt: earliest(...waiting.map(({ oldestAt }) => oldestAt)),
    };
  }

  /** The load of each bridge. */
  get loads(): readonly BridgeLoad[] {
    return loadsOf(this.#running);
  }

  /** The same without orphans. */
  get createdLoads(): readonly BridgeLoad[] {
    return loadsOf(this.#running.filter(({ server }) => server !== ""));
  }

  /** Servers with running conferences or a backlog, the largest backlog first. */
  get hosts(): readonly ServerLoad[] {
    const byServer = Map.groupBy(
      this.#running.filter(({ server }) => server !== ""),
      ({ server }) => server as ServerLoad["host"],
    );
    const loads = new Map(
      Array.from(byServer, ([host, all]): [string, ServerLoad] => [host, { host, conferences: all.length, ...idle }]),
    );
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
    const bySize = [...loads.values()].sort(
      (a, b) => b.documents - a.documents || b.conferences - a.conferences || (a.host < b.host ? -1 : 1),
    );
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
    const orphans = this.#running.flatMap(({ key, bridge, server, createdAt: since, now }): Orphan[] => {
      const { callers, locked } = now;
      return now.orphan && server === "" && bridge !== "" ? [{ key, bridge, since, callers, locked }] : [];
    });
    return orphans.sort((one, other) => one.since - other.since);
  }

  /** Number of conferences with late commands on each bridge, and the start of that. */
  get late(): readonly { bridge: BridgeName; conferences: number; since: EpochMs | null }[] {
    const late = this.#running.filter(({ bridge, now }) => bridge !== "" && now.lateSince !== null);
    return byBridge(late).map(([bridge, all]) => ({
      bridge: bridge as BridgeName,
      conferences: all.length,
      since: earliest(...all.map(({ now }) => now.lateSince)),
    }));
  }

  /** Largest lead of a conference's time over the machine's clock, which was set back. */
  get aheadMs(): number {
    return this.#running.reduce((most, { now }) => Math.max(most, now.aheadMs), 0);
  }

  /** Number of conferences that the last sweep did not reach, and the start of that; `null`: none. */
  get unreachable(): { readonly conferences: number; readonly since: EpochMs } | null {
    const all = this.#running.flatMap(({ unreached }) => unreached ?? []);
    const since = earliest(...all);
    return since === null ? null : { conferences: all.length, since };
  }
}

function byBridge(running: readonly Running[]) {
  return Array.from(Map.groupBy(running, ({ bridge }) => bridge)).sort(([one], [other]) => (one < other ? -1 : 1));
}

function loadsOf(running: readonly Running[]): readonly BridgeLoad[] {
  return byBridge(running).map(([bridge, all]) => {
    const callers = all.reduce((sum, { now }) => sum + now.callers, 0);
    return { bridge: bridge || null, conferences: all.length, callers };
  });
}

/** Filter for a search by conference or caller; `null`: all match. */
function conferenceMatcher(
  { begins = "", keys, text, affected = false }: Pick<RunningQuery, "begins" | "keys" | "text" | "affected">,
  people: ReadonlyMap<ConfKey, unknown> | null,
): ((one: Running) => boolean) | null {
  if (begins === "" && keys === undefined && !affected && people === null) return null;
  const beginnings = spellingsOf(begins);
  const ids: readonly string[] = text === undefined ? [] : spellingsOf(text);
  const isNamed = ({ topic, now }: Running) =>
    text !== undefined && [topic, ...now.roomNames].some((name) => fitsName(text, name));
  return (one) => {
    const { key, now } = one;
    if (!beginnings.some((begin) => key.startsWith(begin)) || (affected && now.alerts.length === 0)) return false;
    return people === null || people.has(key) || ids.includes(key) || isNamed(one);
  };
}

function keyOf({ conference }: Pick<ConferenceRow, "conference">): ConfKey {
  return conference as ConfKey;
}
