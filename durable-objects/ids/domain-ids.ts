import type { ConfKey, DomainName, EpochMs, MsgId, TransId } from "../../src/foundation/ids.ts";
import { dayMs, within } from "../../src/foundation/time/timers.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type { DirectoryRpc } from "../../src/rpc/directory.ts";
import type { HolderPage, IdAllocatorRpc, IdBlocks, IdRequest } from "../../src/rpc/id-allocator.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { DomainPorts } from "../platform/platform.ts";
import type { IdAllocator } from "./id-allocator.ts";

interface DomainIdsPorts extends AlarmPorts, Pick<DomainPorts, "domain"> {
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "sweep">;
  directory(domain: DomainName): Pick<DirectoryRpc, "swept">;
  /** Values on disk by name. */
  readonly kept: { get<Value>(name: string): Value | undefined; put(name: string, value: unknown): void };
}

/** A round of sweeps that is under way. */
interface Round {
  readonly beganAt: EpochMs;
  /** The conferences that are left are before this place. */
  readonly before: number;
  /** Present if the round wakes quiet conferences, too. */
  readonly isWhole?: true;
  /** Present if a whole round follows. */
  readonly again?: true;
}

const roundKey = "sweepRound";
/** A conference is allocated ids when it begins, and again as long as it sends messages. */
const reachMs = 6 * 3_600_000;
/** A conference that runs is allocated some after this time, however quiet it is: long before it would be out of reach. */
const renewAfterMs = reachMs / 2;
const everyMs = 300_000;
const pageEveryMs = 10_000;
const sweepWithinMs = 10_000;
/** All objects of an edge may share one thread: the posts of others must find a gap. */
const sweptAtOnce = 20;
/** Position after all conferences. */
const beforeAll = Number.MAX_SAFE_INTEGER;
/** Position before all conferences. Only the expiry of old IDs is left of the round. */
const behindAll = 0;

/**
 * Allocates the TransIDs and MsgIDs of one domain in blocks, so that no two objects use the same. The blocks name the conferences for the
 * sweep. Every five minutes it wakes each conference that runs, or ran in the last six hours, to do overdue work and compare itself with
 * its bridge. The sweep replaces an alarm that the platform gave up after repeated failures, such as in an outage of a few minutes.
 * A quiet conference returns until when sweeps can skip it, and asks for the next sweep with its next commit. A restore and a round for
 * the relay wake it, too. A round reads batches, the latest conferences first, and takes longer with more than 15,000. The next round
 * repeats failed conferences.
 * When ids expire, their conference is woken a last time, or for a week as long as that fails: the alarm for its deletion may have been
 * given up, too. The expiry of many ids goes on in later rounds.
 */
export class DomainIds implements IdAllocatorRpc {
  readonly #ports: DomainIdsPorts;
  readonly #ids: IdAllocator;
  readonly #alarm: Alarm;
  /** Set where another round is to begin: the page under way is none of it. */
  #again = false;
  /** Conferences that asked for the next sweep while a batch was under way. */
  readonly #hurried = new Set<ConfKey>();
  #known: DomainName | undefined;

  constructor(ports: DomainIdsPorts, ids: IdAllocator) {
    this.#ports = ports;
    this.#ids = ids;
    this.#alarm = new Alarm({ ...ports, log: (line) => ports.log({ ...line, domain: this.#domain }) });
  }

  /** The next round is due in five minutes at the latest. */
  async allocate({ domain, holder, ...wanted }: IdRequest): Promise<IdBlocks> {
    this.#keepDomain(domain);
    const now = this.#ports.now();
    const blocks = this.#ids.allocate(holder, wanted, now);
    await this.#alarm.ensure(now + everyMs);
    return blocks;
  }

  async holderOf(msgId: MsgId): Promise<ConfKey | null> {
    const domain = this.#domain === undefined ? null : this.#ports.domain(this.#domain);
    if (!domain) return null;
    return this.#ids.holderOf(msgId, this.#ports.now(), domain.settings.journalRetentionDays * dayMs);
  }

  async holdersOf(id: string): Promise<readonly ConfKey[]> {
    const now = this.#ports.now();
    const holders = [await this.holderOf(id as MsgId), this.#ids.holderOfTransaction(id as TransId, now)];
    return [...new Set(holders.filter((key) => key !== null))];
  }

  async conferencesOf(lastMs: number, before: number | null): Promise<HolderPage> {
    return this.#ids.holdersSince(this.#ports.now() - lastMs, before);
  }

  async sweepNext(conference: ConfKey): Promise<void> {
    this.#hurried.add(conference);
    this.#ids.keepQuiet(new Map([[conference, null]]));
  }

  /** Begins a round now, or behind the one that is under way: that one must come to its end, however often somebody asks. */
  sweep(): Promise<void> {
    const round = this.#ports.kept.get<Round | null>(roundKey);
    this.#keepRound(round ? { ...round, again: true } : this.#wholeRound());
    this.#again = true;
    return this.#alarm.ensure(this.#ports.now() + (round ? pageEveryMs : 0));
  }

  alarm(): Promise<void> {
    return this.#alarm.fired(() => this.#sweepPage());
  }

  /** Read once: a line of the log must not need the disk, which may be away. */
  get #domain(): DomainName | undefined {
    this.#known ??= this.#ports.kept.get<DomainName>("domain");
    return this.#known;
  }

  #keepDomain(domain: DomainName): void {
    if (this.#domain !== undefined) return;
    this.#ports.kept.put("domain", domain);
    this.#known = domain;
  }

  #wholeRound(): Round {
    return { beganAt: this.#ports.now(), before: beforeAll, isWhole: true };
  }

  #keepRound(round: Round | null): void {
    this.#ports.kept.put(roundKey, round);
  }

  /** The round is kept when the page is done: a page is swept again over which the object died. */
  async #sweepPage(): Promise<void> {
    const ids = this.#ids;
    const at = this.#ports.now();
    this.#again = false;
    this.#hurried.clear();
    const kept = this.#ports.kept.get<Round | null>(roundKey) ?? null;
    const isWhole = kept?.isWhole === true || ids.isBehind;
    // After the clock was set back, a round would have begun in the future.
    const beganAt = Math.min(kept?.beganAt ?? at, at);
    const { holders, next } = ids.holdersSince(at - reachMs, kept?.before ?? null);
    const expired = next === null ? ids.expired(at) : null;
    const nextPage = at + pageEveryMs;
    const nextRound = Math.max(beganAt + everyMs, nextPage);
    const hasMoreToExpire = expired?.hasMore === true && nextPage < nextRound;
    const before = next ?? (hasMoreToExpire ? behindAll : null);
    const isAtRest = kept === null && holders.length === 0;
    const expiry = isAtRest ? ids.nextExpiry : at;
    if (before !== null) this.#alarm.wakeBy(nextPage);
    else if (expiry !== null) this.#alarm.wakeBy(Math.max(expiry, nextRound));
    const latest = new Map(holders.map((holder) => [holder.key, holder.at]));
    const due = holders.filter(({ quietUntil }) => isWhole || quietUntil === null || quietUntil <= at);
    const { running, failed } = await this.#sweep(new Set([...due.map(({ key }) => key), ...(expired?.holders ?? [])]));
    for (const key of running) if ((latest.get(key) ?? 0) <= at - renewAfterMs) ids.renew(key, at);
    if (expired) ids.expire(expired, failed, at);
    const again = kept?.again === true || this.#again;
    if (before !== null) this.#keepRound({ beganAt, before, ...(isWhole && { isWhole }), ...(again && { again }) });
    else if (again || kept !== null) this.#keepRound(again ? this.#wholeRound() : null);
    if (before === null && again) this.#alarm.wakeBy(this.#ports.now());
  }

  /** The conferences that run, and those that could not be swept. */
  async #sweep(conferences: ReadonlySet<ConfKey>): Promise<Record<"running" | "failed", ReadonlySet<ConfKey>>> {
    // Only what was allocated is swept, and the domain is kept since then.
    const domain = this.#domain as DomainName;
    const rest = conferences.values();
    const [running, failed, over] = [new Set<ConfKey>(), new Set<ConfKey>(), new Set<ConfKey>()];
    if (conferences.size === 0) return { running, failed };
    const quiet = new Map<ConfKey, EpochMs | null>();
    const sweepOneByOne = async () => {
      for (const confKey of rest) {
        const swept = this.#ports.conference(domain, confKey).sweep();
        const found = await within(this.#ports, sweepWithinMs, "a conference", swept).catch(() => null);
        (found === null ? failed : found.runs ? running : over).add(confKey);
        quiet.set(confKey, found?.quietUntil ?? null);
      }
    };
    await Promise.all(Array.from({ length: sweptAtOnce }, sweepOneByOne));
    for (const key of this.#hurried) quiet.delete(key);
    this.#ids.keepQuiet(quiet);
    if (failed.size > 0) this.#ports.log({ level: "warn", event: "not-swept", domain, conferences: failed.size });
    // A conference that breaks after it has published looks as before: only the sweep finds it.
    const found = { failed: [...failed], running: [...running], over: [...over] };
    const swept = this.#ports.directory(domain).swept(domain, found);
    await within(this.#ports, sweepWithinMs, "the directory", swept).catch(() => {});
    return { running, failed };
  }
}
