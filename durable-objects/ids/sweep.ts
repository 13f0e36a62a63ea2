import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { within } from "../../src/foundation/time/timers.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import { Alarm, type AlarmPorts } from "../platform/alarm.ts";
import type { IdAllocator } from "./id-allocator.ts";

/** A round that is under way. */
export interface Round {
  readonly beganAt: EpochMs;
  /** The conferences that are left are before this place. */
  readonly before: number;
}

interface SweepPorts extends AlarmPorts {
  readonly ids: Pick<IdAllocator, "holdersSince" | "expired" | "expire" | "nextExpiry" | "renew">;
  conference(confKey: ConfKey): Pick<ConferenceRpc, "sweep">;
  /** What was kept last, also by an earlier life; `null`: nothing, or `null`. */
  keptRound(): Round | null;
  keepRound(round: Round | null): void;
}

/** A conference is allocated ids when it begins, and again as long as it sends messages. */
const reachMs = 6 * 3_600_000;
/** A conference that runs is allocated some after this time, however quiet it is: long before it would be out of reach. */
const renewAfterMs = reachMs / 2;
const everyMs = 300_000;
const pageEveryMs = 10_000;
const sweepWithinMs = 10_000;
/** All objects of an edge may share one thread: the posts of others must find a gap. */
const sweptAtOnce = 20;
/** Before this place are no conferences: what is left of the round is the expiry of old ids. */
const behindAll = 0;

/**
 * Wakes each conference that runs, or did in the last six hours, every five minutes, so that it does what is overdue and compares itself with its bridge. The
 * platform gives up an alarm that failed some times in a row, as in an outage of a few minutes: nothing else would then wake a conference
 * that nobody talks to. The allocator knows the conferences by their ids, so that no message pays for this. A round goes page by
 * page, the latest conferences first, and takes longer with more than 15,000; one that failed comes again in the next round. When ids expire,
 * their conference is woken a last time, or for a week as long as that fails: the alarm for its deletion may have been given up, too. The
 * expiry of many ids goes on in later rounds.
 */
export class Sweep {
  readonly #ports: SweepPorts;
  readonly #alarm: Alarm;

  constructor(ports: SweepPorts) {
    this.#ports = ports;
    this.#alarm = new Alarm(ports);
  }

  /** Ids were allocated: the next round is due in five minutes at the latest. */
  allocated(): Promise<void> {
    return this.#alarm.ensure(this.#ports.now() + everyMs);
  }

  /** Begins a round now. One that is under way begins anew, for it has passed conferences by. */
  begin(): Promise<void> {
    this.#ports.keepRound(null);
    return this.#alarm.ensure(this.#ports.now());
  }

  alarm(): Promise<void> {
    return this.#alarm.fired(() => this.#sweepPage());
  }

  /** The round is kept when the page is done: a page is swept again over which the object died. */
  async #sweepPage(): Promise<void> {
    const { ids, now, keptRound, keepRound } = this.#ports;
    const at = now();
    const kept = keptRound();
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
    const { running, failed } = await this.#sweep(new Set([...latest.keys(), ...(expired?.holders ?? [])]));
    for (const key of running) if ((latest.get(key) ?? 0) <= at - renewAfterMs) ids.renew(key, at);
    if (expired) ids.expire(expired, failed, at);
    if (before !== null) keepRound({ beganAt, before });
    else if (kept !== null) keepRound(null);
  }

  /** The conferences that run, and those that could not be swept. */
  async #sweep(conferences: ReadonlySet<ConfKey>): Promise<Record<"running" | "failed", ReadonlySet<ConfKey>>> {
    const { conference, log } = this.#ports;
    const rest = conferences.values();
    const [running, failed] = [new Set<ConfKey>(), new Set<ConfKey>()];
    const sweepOneByOne = async () => {
      for (const confKey of rest) {
        const swept = within(this.#ports, sweepWithinMs, "a conference", conference(confKey).sweep());
        const runs = await swept.catch(() => null);
        if (runs === null) failed.add(confKey);
        else if (runs) running.add(confKey);
      }
    };
    await Promise.all(Array.from({ length: sweptAtOnce }, sweepOneByOne));
    if (failed.size > 0) log({ level: "warn", event: "not-swept", conferences: failed.size });
    return { running, failed };
  }
}
