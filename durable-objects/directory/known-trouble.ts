import { promptEndText } from "../../src/bridge/prompt-call.ts";
import { networksIn } from "../../src/foundation/guard/networks.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { BACK_END, bareHost } from "../../src/foundation/text/bare-host.ts";
import { type ClockJump, nextJump } from "../../src/foundation/time/clock-jump.ts";
import type { Acknowledgement, KnownTrouble } from "../../src/operators/trouble.ts";
import { type FoundTrouble, isOfEdge, serverIsGone } from "../../src/operators/trouble-kinds.ts";
import type { HostPosts } from "../../src/records/activity.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { RefusedCaller } from "../../src/records/rows.ts";
import { receiverId } from "../../src/records/webhooks.ts";
import { isAllowedHost } from "../../src/routing/target-url.ts";
import type { DirectoryRpc, WebhookView } from "../../src/rpc/directory.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { Log } from "../platform/log.ts";
import type { Sql, SqlValue } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";
import type { AuditStore } from "./audit-store.ts";
import { HappenedStore, happenedKinds } from "./happened-store.ts";
import type { PromptStore } from "./prompt-store.ts";
import type { RunningList } from "./running-list.ts";

interface KnownTroublePorts {
  readonly sql: Sql;
  readonly list: RunningList;
  readonly prompt: Pick<PromptStore, "refusedCallers" | "numbers">;
  readonly audit: Pick<AuditStore, "eraseCaller">;
  readonly log: Log;
  nonce(): string;
  webhooks(domain: DomainName): readonly WebhookView[];
  settings(domain: DomainName): DomainSettings | undefined;
  now(): EpochMs;
  /** The clock of the machine. */
  machineNow(): EpochMs;
  /** Writes to the domain's disk, all or nothing. */
  transaction(domain: DomainName, work: () => void): void;
  /** Called when a change that people see is committed. */
  changed(): Promise<void>;
}

/** By what ids name a caller, as long as calls of the number are kept: nobody can find the number by it. */
const keyTable = "CREATE TABLE IF NOT EXISTS caller_key (number TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID";
const table =
  "CREATE TABLE IF NOT EXISTS acknowledgement (id TEXT PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID";

/** So many callers who could not get in are named. */
const mostNamed = 20;
/** In the place of a caller's key, which has eight digits. */
const othersKey = "others";

const removedTable = "CREATE TABLE IF NOT EXISTS removed_bridge (bridge TEXT PRIMARY KEY, since INTEGER NOT NULL)";

/** One row at most. */
const clockTable = "CREATE TABLE IF NOT EXISTS clock_jump (since INTEGER NOT NULL, by_ms INTEGER NOT NULL)";

/** What the directory knows of trouble, and who has acknowledged what: a row for each, which the first one makes the table of. */
export class KnownTroubles
  implements Pick<DirectoryRpc, "trouble" | "acknowledge" | "serverRefused" | "sourceRefused">
{
  readonly #ports: KnownTroublePorts;
  readonly #happened: HappenedStore;
  /** Since when it is known that a bridge with conferences is not in the settings. */
  #removedSince: ReadonlyMap<string, EpochMs>;
  readonly #table: LazyTables;
  readonly #keyTable: LazyTables;
  readonly #clock: LazyTables;
  readonly #removedTable: LazyTables;
  #jump: ClockJump | null;
  /** `null`: not read since it changed. So is what follows. */
  #acknowledgements: ReadonlyMap<string, Acknowledgement> | null = null;
  #callerKeys: ReadonlyMap<string, string> | null = null;

  constructor(ports: KnownTroublePorts) {
    this.#ports = ports;
    this.#happened = new HappenedStore(ports.sql);
    this.#table = new LazyTables(ports.sql, "acknowledgement", table);
    this.#keyTable = new LazyTables(ports.sql, "caller_key", keyTable);
    this.#clock = new LazyTables(ports.sql, "clock_jump", clockTable);
    this.#removedTable = new LazyTables(ports.sql, "removed_bridge", removedTable);
    const removed = this.#removedTable.read("SELECT bridge, since FROM removed_bridge");
    this.#removedSince = new Map(removed.map(({ bridge, since }) => [String(bridge), Number(since)]));
    const [jump] = this.#clock.read("SELECT since, by_ms FROM clock_jump");
    this.#jump = jump ? { since: Number(jump.since), byMs: Number(jump.by_ms) } : null;
  }

  /** Within the transaction in which the directory keeps it. */
  keptRecord(record: DirectoryRecord): void {
    if (record.kind !== "conference" || record.reason !== "lost" || record.endedBy !== "bridge") return;
    this.#happened.add("conferences-lost", record.bridge, record.endedAt);
  }

  /** Counts refused and undelivered documents. Within the transaction in which they are counted. */
  countPosts(hosts: readonly HostPosts[], now: EpochMs): void {
    for (const { host, refused = 0, givenUp, lastFailure } of hosts) {
      const server = bareHost(host ?? "");
      if (refused > 0) this.#happened.add("posts-refused", server, now, refused);
      if (givenUp > 0) this.#happened.add("posts-given-up", server, now, givenUp, lastFailure?.why);
    }
  }

  async serverRefused(domain: DomainName, host: string): Promise<void> {
    await this.#wasRefused("server-refused", domain, host);
  }

  async sourceRefused(domain: DomainName, address: string): Promise<void> {
    await this.#wasRefused("source-refused", domain, address);
  }

  async #wasRefused(kind: "server-refused" | "source-refused", domain: DomainName, about: string): Promise<void> {
    this.#change(domain, () => this.#happened.add(kind, about, this.#ports.now()));
    await this.#ports.changed();
  }

  async trouble(domain: DomainName): Promise<KnownTrouble> {
    const { list, webhooks } = this.#ports;
    const refused = await this.#refused(domain);
    return {
      clock: this.#lookAtClock(domain),
      givenUp: this.#givenUp(domain),
      refused: [...refused.slice(0, mostNamed), ...inOne(refused.slice(mostNamed))],
      ...{
        waiting: list.waiting,
        lost: this.#happened.open("conferences-lost").map(({ about, ...one }) => ({ ...one, bridge: about })),
        serversRefused: this.#serversRefused(domain),
        sourcesRefused: this.#sourcesRefused(domain),
        postsRefused: this.#happened.open("posts-refused"),
        removed: this.#removed(domain),
        late: list.late,
        orphans: list.orphans.map((one) => ({
          ...one,
          ...(this.#isGone(domain, one.bridge) && { isGone: true as const }),
        })),
        unreachable: list.unreachable,
        webhooks: webhooks(domain),
        acknowledged: [...this.#acknowledged.values()],
      },
    };
  }

  /** Callers who could not get in. The longest known come first, so that a further one takes nobody out of the list. */
  async #refused(domain: DomainName): Promise<readonly RefusedTrouble[]> {
    const { prompt } = this.#ports;
    this.#drawKeys(domain, prompt.refusedCallers());
    const keys = this.#keys;
    const open = prompt.refusedCallers((number) => this.placeOf(callerId(keys.get(number))));
    // Without a key, as of who has become one since then, the number would be the id.
    return open
      .filter(({ number }) => number === "" || keys.has(number))
      .map((one) => refusedCaller(one, keys.get(one.number)))
      .toSorted((one, other) => one.since - other.since || one.place - other.place);
  }

  /** Bridges with conferences that are not in the settings, but for orphans, which are trouble of their own. */
  #removed(domain: DomainName): KnownTrouble["removed"] {
    const removed = this.#ports.list.createdLoads.flatMap(({ bridge, conferences }) =>
      bridge !== null && this.#isGone(domain, bridge) ? [{ bridge, conferences }] : [],
    );
    const at = this.#ports.now();
    const since = new Map(removed.map((one) => [one.bridge as string, this.#removedSince.get(one.bridge) ?? at]));
    this.#keepRemovedSince(domain, since);
    return removed.map((one) => ({ ...one, since: since.get(one.bridge) ?? at }));
  }

  /** On disk: an acknowledgement must hold. */
  #keepRemovedSince(domain: DomainName, since: ReadonlyMap<string, EpochMs>): void {
    const before = this.#removedSince;
    if (before.size === since.size && [...since].every(([bridge, at]) => before.get(bridge) === at)) return;
    this.#removedSince = since;
    this.#keepIfItCan(domain, () => {
      this.#removedTable.make();
      this.#ports.sql.exec("DELETE FROM removed_bridge");
      for (const one of since) this.#ports.sql.exec("INSERT INTO removed_bridge VALUES (?, ?)", ...one);
    });
  }

  /** Those that the settings do not have yet, and further ones as one. Nobody needs to know how often each has asked. */
  #serversRefused(domain: DomainName): readonly FoundTrouble[] {
    const { hosts = [] } = this.#ports.settings(domain)?.webex ?? {};
    const open = this.#happened.open("server-refused").filter(({ about }) => !isAllowedHost(hosts, about));
    return open.map((one) => ({ ...one, count: 1 }));
  }

  #sourcesRefused(domain: DomainName): readonly FoundTrouble[] {
    const { from = [] } = this.#ports.settings(domain)?.webex ?? {};
    const open = this.#happened.open("source-refused").filter(({ about }) => !networksIn(from).has(about));
    return open.map((one) => ({ ...one, count: 1 }));
  }

  #givenUp(domain: DomainName): readonly FoundTrouble[] {
    const open = this.#happened.open("posts-given-up");
    return open.map((one) => (this.#isInSettings(domain, one.about) ? one : { ...one, why: serverIsGone }));
  }

  #isInSettings(domain: DomainName, host: string): boolean {
    const { hosts } = this.#ports.settings(domain)?.webex ?? {};
    if (host === "" || host === BACK_END || !hosts) return true;
    const { hostname = "" } = URL.parse(`http://${host}`) ?? {};
    return isAllowedHost(hosts, hostname);
  }

  /** Whether the settings do not have this bridge. */
  #isGone(domain: DomainName, bridge: string): boolean {
    const { bridges } = this.#ports.settings(domain) ?? {};
    return bridges !== undefined && !bridges.some(({ name }) => name === bridge);
  }

  /** Since when the machine's clock is far from the objects' time. On disk: an acknowledgement must hold. */
  #lookAtClock(domain: DomainName): ClockJump | null {
    const { list, sql, now, machineNow } = this.#ports;
    const before = this.#jump;
    const byMs = machineNow() - now() - list.aheadMs;
    const next = nextJump(before, byMs, now());
    if (next === before) return before;
    this.#jump = next;
    this.#keepIfItCan(domain, () => {
      this.#clock.make();
      sql.exec("DELETE FROM clock_jump");
      if (next) sql.exec("INSERT INTO clock_jump VALUES (?, ?)", next.since, next.byMs);
    });
    return next;
  }

  /** A disk that takes no row hides nothing: this life knows it. */
  #keepIfItCan(domain: DomainName, work: () => void): void {
    try {
      this.#change(domain, work);
    } catch {}
  }

  async acknowledge(domain: DomainName, given: Acknowledgement): Promise<void> {
    const { id } = given;
    const [kind = "", ...parts] = id.split(":");
    const about = parts.join(":");
    const now = this.#ports.now();
    // What is wrong is dated by this object, whose time may be far from that of the edge, or by the edge.
    const at = isOfEdge(kind) ? given.at : now;
    const acknowledgement = { ...given, at, upTo: Math.max(at, given.upTo) };
    const upTo = acknowledgement.place ?? 0;
    const others = id === callerId(othersKey) ? (await this.#refused(domain)).slice(mostNamed) : null;
    this.#change(domain, () => {
      // Somebody else may have acknowledged more: a page that was opened before shows an older place.
      const place = Math.max(upTo, this.placeOf(id));
      // Who calls in vain again is a caller as all others.
      const kept = others
        ?.filter((one) => one.place <= upTo)
        .map((one) => ({ ...acknowledgement, id: callerId(one.key), place: one.place })) ?? [
        { ...acknowledgement, place: acknowledgement.place === null ? null : place },
      ];
      this.#table.make();
      for (const one of kept) this.#keep(one, now);
      this.#acknowledgements = null;
      const happened = happenedKinds.find((one) => one === kind);
      if (happened) this.#happened.acknowledge(happened, about, upTo);
    });
    await this.#ports.changed();
  }

  /** `now`: by which it gets old. */
  #keep(acknowledgement: Acknowledgement, now: EpochMs): void {
    this.#ports.sql.exec(
      `INSERT INTO acknowledgement (id, at, data) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET at = excluded.at, data = excluded.data`,
      ...[acknowledgement.id, now, JSON.stringify(acknowledgement)],
    );
  }

  #change(domain: DomainName, work: () => void): void {
    try {
      this.#ports.transaction(domain, work);
    } catch (error) {
      this.#acknowledgements = null;
      this.#callerKeys = null;
      throw error;
    }
  }

  /** Up to which place somebody has acknowledged what has happened; 0: nobody has. */
  placeOf(id: string): number {
    return this.#acknowledged.get(id)?.place ?? 0;
  }

  get #acknowledged(): ReadonlyMap<string, Acknowledgement> {
    this.#acknowledgements ??= new Map(
      this.#table.read("SELECT data FROM acknowledgement").map(({ data }) => {
        const one = JSON.parse(String(data)) as Acknowledgement;
        return [one.id, one];
      }),
    );
    return this.#acknowledgements;
  }

  /** Takes out that the caller of this number could not get in, and who has acknowledged it. */
  eraseNumber(domain: DomainName, isMeant: (kept: string) => boolean): void {
    this.#change(domain, () => {
      for (const [number, key] of this.#keys) {
        if (!isMeant(number)) continue;
        this.#deleteKey(number);
        this.#deleteAcknowledged("id = ?", callerId(key));
        this.#ports.audit.eraseCaller(key);
      }
    });
  }

  /** Within a transaction. A receiver that comes to the settings again begins at 0. */
  deleteReceiver(url: string): void {
    this.#deleteAcknowledged("id = ?", `webhooks-given-up:${receiverId(url)}`);
  }

  #deleteAcknowledged(which: string, value: SqlValue): void {
    this.#acknowledgements = null;
    if (this.#table.areThere) this.#ports.sql.exec(`DELETE FROM acknowledgement WHERE ${which}`, value);
  }

  /** For who has none yet. Withheld numbers are nobody's. A full disk leaves out callers without a key, and no other trouble. */
  #drawKeys(domain: DomainName, refused: readonly RefusedCaller[]): void {
    const fresh = refused.map(({ number }) => number).filter((number) => number !== "" && !this.#keys.has(number));
    if (fresh.length === 0) return;
    try {
      this.#change(domain, () => this.#makeKeys(fresh));
    } catch (error) {
      this.#ports.log({ level: "warn", event: "caller-keys-not-kept", why: String(error) });
    }
  }

  #makeKeys(numbers: readonly string[]): void {
    this.#keyTable.make();
    this.#callerKeys = null;
    for (const number of numbers) {
      const key = BigInt(this.#ports.nonce()).toString(16).slice(-8).padStart(8, "0");
      this.#ports.sql.exec("INSERT INTO caller_key (number, key) VALUES (?, ?)", number, key);
    }
    this.#deleteUnusedKeys();
  }

  /** No number outlives its calls here, and no key changes while one of them is left. */
  #deleteUnusedKeys(): void {
    if (this.#keys.size === 0) return;
    const numbers = this.#ports.prompt.numbers();
    for (const number of this.#keys.keys()) if (!numbers.has(number)) this.#deleteKey(number);
  }

  #deleteKey(number: string): void {
    this.#callerKeys = null;
    this.#ports.sql.exec("DELETE FROM caller_key WHERE number = ?", number);
  }

  /** By number. */
  get #keys(): ReadonlyMap<string, string> {
    this.#callerKeys ??= new Map(
      this.#keyTable.read("SELECT number, key FROM caller_key").map(({ number, key }) => [String(number), String(key)]),
    );
    return this.#callerKeys;
  }

  /** Deletes what is older than the settings want. */
  deleteBefore(domain: DomainName, at: EpochMs): void {
    this.#change(domain, () => {
      this.#happened.deleteBefore(at);
      // What a receiver was never given is counted as long as the settings name it.
      this.#deleteAcknowledged("at < ? AND id NOT LIKE 'webhooks-given-up:%'", at);
      this.#deleteUnusedKeys();
    });
  }
}

function callerId(key?: string): string {
  return key === undefined ? "caller-refused" : `caller-refused:${key}`;
}

type RefusedTrouble = FoundTrouble & { readonly since: EpochMs; readonly latest: EpochMs; readonly place: number };

function refusedCaller(
  { number, calls: count, since, latest: last, place }: RefusedCaller,
  key?: string,
): RefusedTrouble {
  return {
    ...{ kind: "caller-refused", about: number === "" ? null : number, since, latest: last.at, count, place },
    ...(key !== undefined && { key }),
    why: last.end ? promptEndText(last.end) : "",
  };
}

/** One wrong invitation keeps hundreds out: those that are not named are counted. */
function inOne(others: readonly RefusedTrouble[]): readonly RefusedTrouble[] {
  const [first] = others;
  if (!first) return [];
  const latest = Math.max(...others.map((one) => one.latest));
  const place = Math.max(...others.map((one) => one.place));
  return [{ kind: "caller-refused", key: othersKey, since: first.since, latest, count: others.length, place }];
}
