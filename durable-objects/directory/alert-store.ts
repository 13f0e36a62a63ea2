import { promptEndText } from "../../src/bridge/prompt-call.ts";
import { networksIn, unnamedProxy } from "../../src/foundation/guard/networks.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { BACK_END, bareHost } from "../../src/foundation/text/bare-host.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { isWholeNumber } from "../../src/foundation/text/spelled.ts";
import { isFar } from "../../src/foundation/time/clock-jump.ts";
import { differenceText } from "../../src/foundation/time/difference-text.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import type { AlertKind, FoundAlert } from "../../src/operators/alert-kinds.ts";
import { type DirectoryAlerts, type Seen, serverOf } from "../../src/operators/alerts.ts";
import type { HostPosts } from "../../src/records/activity.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { RefusedCaller } from "../../src/records/rows.ts";
import { receiverId } from "../../src/records/webhooks.ts";
import { isAllowedHost } from "../../src/routing/target-url.ts";
import type { DirectoryRpc, WebhookView } from "../../src/rpc/directory.ts";
import type { DirectoryContext } from "./directory-store.ts";
import type { PromptStore } from "./prompt-store.ts";
import type { RunningList } from "./running-list.ts";

/** Sources of alerts. */
interface AlertSources {
  readonly list: RunningList;
  readonly prompt: Pick<PromptStore, "refusedCallers" | "nameOf">;
  webhooks(domain: DomainName): readonly WebhookView[];
}

/** Starts a new series of an incident if everything before is acknowledged. */
const addRow = `INSERT INTO alert (id, kind, about, total, since, latest, why) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET since = CASE WHEN total <= (SELECT up_to FROM seen WHERE seen.id = alert.id)
  THEN excluded.since ELSE min(since, excluded.since) END,
  latest = max(latest, excluded.latest), total = total + excluded.total, why = excluded.why`;
/** An older acknowledgement does not replace a newer one. */
const keepSeen = `INSERT INTO seen (id, up_to, person, at, note) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
  SET up_to = excluded.up_to, person = excluded.person, at = excluded.at, note = excluded.note
  WHERE excluded.up_to >= up_to`;
const oldestSeen = `SELECT id FROM alert JOIN seen USING (id) WHERE kind = ? AND about > '' AND total <= up_to
  ORDER BY latest LIMIT 1`;

/** The most callers, orphans, and TSP servers of a kind by name. Clients choose the names of servers. */
const mostNamed = 20;
const furtherCallers = "caller-refused:others";
/** An unreachable conference may publish something by then. */
const unreachableLongMs = 60_000;

interface Row {
  readonly about: string;
  readonly total: number;
  readonly since: EpochMs;
  readonly latest: EpochMs;
  readonly why: string;
}

/** The directory's alerts and acknowledgements, in SQLite. */
export class AlertStore implements Pick<DirectoryRpc, "alerts" | "acknowledge" | "serverRefused" | "sourceRefused"> {
  readonly #context: DirectoryContext;
  readonly #sources: AlertSources;

  constructor(context: DirectoryContext, sources: AlertSources) {
    this.#context = context;
    this.#sources = sources;
  }

  /** Called within the transaction that stores the record. */
  keptRecord(record: DirectoryRecord): void {
    if (record.kind !== "conference" || record.reason !== "lost" || record.endedBy !== "bridge") return;
    this.#add("conferences-lost", record.bridge, record.endedAt);
  }

  /** Counts refused and undelivered documents. Called within the transaction that counts them. */
  countPosts(hosts: readonly HostPosts[], now: EpochMs): void {
    for (const { host, refused = 0, givenUp, lastFailure } of hosts) {
      const server = bareHost(host ?? "");
      if (refused > 0) this.#addNamed("documents-refused", server, now, refused);
      if (givenUp > 0) this.#addNamed("undelivered", server, now, givenUp, lastFailure?.why);
    }
  }

  serverRefused(domain: DomainName, host: string): Promise<void> {
    return this.#refused(domain, "server-refused", host);
  }

  sourceRefused(domain: DomainName, address: string): Promise<void> {
    return this.#refused(domain, "source-refused", address);
  }

  async #refused(domain: DomainName, kind: AlertKind, about: string): Promise<void> {
    this.#context.store.transaction(domain, () => this.#addNamed(kind, about, this.#context.now()));
    await this.#context.changed();
  }

  /** Limits the names: an acknowledged incident is dropped, or else the new one gets no name. */
  #addNamed(kind: AlertKind, about: string, at: EpochMs, count = 1, why = ""): void {
    const named = this.#rows(kind).filter((row) => row.about !== "");
    if (named.length < mostNamed || about === "" || named.some((row) => row.about === about))
      return this.#add(kind, about, at, count, why);
    const [oldest] = this.#context.store.read(oldestSeen, kind);
    for (const table of oldest ? ["alert", "seen"] : [])
      this.#context.sql.exec(`DELETE FROM ${table} WHERE id = ?`, oldest?.id ?? null);
    this.#add(kind, oldest ? about : "", at, count, why);
  }

  #add(kind: AlertKind, about: string, at: EpochMs, count = 1, why = ""): void {
    this.#context.sql.exec(addRow, `${kind}:${about}`, kind, about, count, at, at, why);
  }

  #rows(kind: AlertKind): readonly Row[] {
    const query = "SELECT about, total, since, latest, why FROM alert WHERE kind = ? ORDER BY id";
    return this.#context.store.read<Row>(query, kind);
  }

  async alerts(domain: DomainName): Promise<DirectoryAlerts> {
    const { list, webhooks } = this.#sources;
    const { hosts = [], from = [] } = this.#context.store.settings(domain)?.webex ?? {};
    const seen = this.#seen;
    const wanted = networksIn(from);
    const serverAlert = (about: string) =>
      isInSettings(hosts, about) ? serverOf(about) : { ...serverOf(about), command: null };
    return {
      found: [
        ...this.#incidents("conferences-lost", (bridge) => ({ bridge })),
        ...this.#removed(domain),
        ...list.late.map(({ conferences: count, ...late }): FoundAlert => ({ kind: "commands-late", ...late, count })),
        ...this.#orphans(domain),
        ...this.#clock(),
        ...this.#unreachable(),
        ...this.#incidents("undelivered", serverAlert),
        ...shownCallers(this.#refusedCallers(seen)),
        ...this.#incidents("server-refused", serverOf, (about) => !isAllowedHost(hosts, about)),
        ...this.#incidents("source-refused", sourceOf, (about) => !wanted.has(about)),
        ...this.#incidents("documents-refused", serverOf),
      ],
      waiting: list.waiting,
      webhooks: webhooks(domain),
      seen,
    };
  }

  get #seen(): readonly Seen[] {
    const query = `SELECT id, up_to AS upTo, person AS "by", at, note FROM seen`;
    return this.#context.store.read<Seen>(query);
  }

  /** Callers who were refused since the acknowledgement. Oldest first, so that new ones displace none. */
  #refusedCallers(seen: readonly Seen[]): readonly (FoundAlert & { readonly sequence: number })[] {
    const { prompt } = this.#sources;
    const keyOf = (number: string) => (number === "" ? "withheld" : prompt.nameOf(number));
    const seenUpTo = new Map(seen.map(({ id, upTo }) => [id, upTo]));
    return prompt
      .refusedCallers((number) => seenUpTo.get(`caller-refused:${keyOf(number)}`) ?? 0)
      .toSorted((one, other) => one.since - other.since || one.place - other.place)
      .map((caller) => refusedCaller(caller, keyOf(caller.number)));
  }

  /** `of`: the subject; `isMeant`: filter. */
  #incidents(kind: AlertKind, of: (about: string) => Partial<FoundAlert>, isMeant = (_about: string) => true) {
    const rows = this.#rows(kind).filter(({ about }) => isMeant(about));
    return rows.map(({ about, total: count, since, latest, why }): FoundAlert => {
      return { kind, since, latest, why, count, sequence: count, ...of(about) };
    });
  }

  /** Bridges with conferences that the settings lack. Orphans have alerts of their own. */
  #removed(domain: DomainName): readonly FoundAlert[] {
    return this.#sources.list.createdLoads.flatMap(({ bridge, conferences: count }): FoundAlert[] =>
      bridge !== null && this.#isGone(domain, bridge) ? [{ kind: "bridge-removed", bridge, since: null, count }] : [],
    );
  }

  /** Returns an alert while the machine's clock is far from the objects' time. */
  #clock(): readonly FoundAlert[] {
    const { now, machineNow = now } = this.#context;
    const byMs = machineNow() - now() - this.#sources.list.aheadMs;
    return isFar(byMs) ? [{ kind: "clock-jumped", since: null, why: differenceText(byMs) }] : [];
  }

  /** The oldest conferences that WebEx has not created, and how many more each bridge has. */
  #orphans(domain: DomainName): readonly FoundAlert[] {
    const kind = "orphan-conference";
    const all = this.#sources.list.orphans;
    const oldest = all.slice(0, mostNamed).map(({ key: about, bridge, since, callers: count, locked }) => {
      const state = locked ? "it is locked" : "it is not locked";
      const why = this.#isGone(domain, bridge) ? "the settings lack the bridge" : state;
      return { kind, bridge, about, name: `the conference ${about}`, since, count, why } as const;
    });
    const { began = 0 } = this.#context.store.about ?? {};
    const count = all.filter(({ since }) => since < began).length;
    const lost: readonly FoundAlert[] = count > 0 ? [{ kind: "state-lost", since: began, count }] : [];
    const further = Map.groupBy(all.slice(mostNamed), ({ bridge }) => bridge);
    const others = Array.from(further, ([bridge, orphans]): FoundAlert => {
      const name = counted(orphans.length, "further conference");
      const of = { bridge, key: "others", name, command: null, why: "only the oldest are listed" };
      return { kind, ...of, since: orphans[0]?.since ?? null, count: sumOf(orphans, ({ callers }) => callers) };
    });
    return [...lost, ...oldest, ...others];
  }

  #unreachable(): readonly FoundAlert[] {
    const { unreachable } = this.#sources.list;
    if (!unreachable || !hasLasted(unreachable.since, this.#context.now(), unreachableLongMs)) return [];
    return [{ kind: "conferences-unreachable", since: unreachable.since, count: unreachable.conferences }];
  }

  /** True if the settings lack this bridge. */
  #isGone(domain: DomainName, bridge: string): boolean {
    const { bridges } = this.#context.store.settings(domain) ?? {};
    return bridges !== undefined && !bridges.some(({ name }) => name === bridge);
  }

  async acknowledge(domain: DomainName, { id, upTo, by, note }: Omit<Seen, "at">): Promise<void> {
    const further = id === furtherCallers ? this.#refusedCallers(this.#seen).slice(mostNamed) : [];
    const others = further.filter(({ sequence }) => sequence <= upTo).map(({ key }) => `caller-refused:${key}`);
    this.#context.store.transaction(domain, () => {
      for (const about of id === furtherCallers ? others : [id])
        this.#context.sql.exec(keepSeen, about, upTo, by, this.#context.now(), note);
    });
    await this.#context.changed();
  }

  /** Called within a transaction. A receiver that returns to the settings begins at 0. */
  deleteReceiver(url: string): void {
    this.#context.sql.exec("DELETE FROM seen WHERE id = ?", `webhooks-undelivered:${receiverId(url)}`);
  }

  /** Deletes expired rows. Incidents that still count keep their acknowledgements. */
  deleteBefore(domain: DomainName, at: EpochMs): void {
    this.#context.store.transaction(domain, () => {
      this.#context.sql.exec("DELETE FROM seen WHERE id IN (SELECT id FROM alert WHERE latest < ?)", at);
      this.#context.sql.exec("DELETE FROM alert WHERE latest < ?", at);
      const counted = "id IN (SELECT id FROM alert) OR id LIKE 'webhooks-undelivered:%'";
      this.#context.sql.exec(`DELETE FROM seen WHERE at < ? AND NOT (${counted})`, at);
    });
  }
}

function isInSettings(hosts: readonly string[], server: string): boolean {
  return server === "" || server === BACK_END || isAllowedHost(hosts, URL.parse(`http://${server}`)?.hostname ?? "");
}

function sourceOf(about: string): { readonly about: string; readonly name: string } {
  if (about === "") return { about, name: "other addresses" };
  const isUnnamed = about === unnamedProxy;
  return { about, name: isUnnamed ? "a proxy that trustedProxies lacks, or that named no address" : about };
}

/** `key`: paths and the audit must not keep numbers. */
function refusedCaller({ number, calls: count, since, place: sequence, latest }: RefusedCaller, key: string) {
  const why = latest.end ? promptEndText(latest.end) : "";
  const found = { kind: "caller-refused", key, since, latest: latest.at, count, sequence, why } as const;
  if (number === "") return { ...found, name: "withheld or unknown numbers", command: ["prompt-calls"] };
  const name = isWholeNumber(number) ? number : `numbers that end in ${number.replace(/^\*+/, "")}`;
  return { ...found, about: number, name };
}

/** The first callers by name, and one alert for all others. */
function shownCallers(all: readonly (FoundAlert & { readonly sequence: number })[]): readonly FoundAlert[] {
  const others = all.slice(mostNamed);
  const latest = others.toSorted((one, other) => other.sequence - one.sequence)[0];
  if (!latest) return all;
  const of = { about: null, key: "others", name: "further callers", command: ["prompt-calls"] };
  const count = sumOf(others, ({ count = 1 }) => count);
  return [...all.slice(0, mostNamed), { ...latest, ...of, since: others[0]?.since ?? null, count }];
}

function sumOf<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
