import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { bareHost } from "../../src/foundation/text/bare-host.ts";
import { isFar } from "../../src/foundation/time/clock-jump.ts";
import { hasLasted } from "../../src/foundation/time/has-lasted.ts";
import { AWAY_AFTER_MS } from "../../src/link/absences.ts";
import { type KnownTrouble, troubleOf } from "../../src/operators/trouble.ts";
import { type DomainTrouble, sourcesOf } from "../../src/operators/trouble-kinds.ts";
import { wants } from "../../src/records/webhooks.ts";
import type { LiveState } from "../../src/rpc/directory-feed.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { RunningList } from "./running-list.ts";

/** By which receivers' trouble of the domain is known, in the place of a bridge. */
export const ofDomain = "*";

interface WatchPorts {
  readonly known: {
    trouble(domain: DomainName): Promise<KnownTrouble>;
    /** See `KnownTroubles`. */
    notifyOfDomain(domain: DomainName, shown: readonly DomainTrouble[]): Promise<void>;
    notifiedOf(name: string): readonly DomainTrouble[];
    readonly hasNotified: boolean;
    isGone(domain: DomainName, bridge: string): boolean;
    readonly machineAheadMs: number;
  };
  readonly list: Pick<RunningList, "unknown">;
  receivers(domain: DomainName): DomainSettings["webhooks"];
  now(): EpochMs;
  wakeBy(at: EpochMs): void;
}

type Wrong = Pick<LiveState, "trouble" | "waiting" | "aheadMs" | "bridge">;

/** Pages come often: one look is for all that come meanwhile. */
const pauseMs = 1_000;
/** While conferences do not answer, the next look comes after as long as they have been silent, and after this time at most. */
const longestPauseMs = 10 * 60_000;

/**
 * Notifies receivers of webhooks of what is wrong in the domain itself, once it has lasted ten seconds, and of its end. While nothing is
 * wrong, it reads nothing and sets no alarm; so it does where no receiver wants to be notified of trouble.
 */
export class TroubleWatch {
  readonly #ports: WatchPorts;
  #lookedAt: EpochMs | null = null;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
  }

  /** A conference has sent how it is; `before`: how it was. Of one that is as it was, the next look is soon enough. */
  followed(domain: DomainName, before: Wrong, live: Wrong): void {
    const { known } = this.#ports;
    const wrongIn = ({ trouble, waiting, aheadMs, bridge }: Wrong) => [
      ...[...trouble, ...waiting.map(({ host }) => bareHost(host)), ...(aheadMs === undefined ? [] : ["clock"])],
      ...(bridge !== null && known.isGone(domain, bridge) ? [`without ${bridge}`] : []),
    ];
    const now = wrongIn(live);
    if (JSON.stringify(now) !== JSON.stringify(wrongIn(before))) this.lookSoon(domain);
    else if (now.length > 0 || known.hasNotified || isFar(known.machineAheadMs)) this.#lookAfter(domain, AWAY_AFTER_MS);
  }

  lookSoon(domain: DomainName): void {
    this.#lookAfter(domain, pauseMs);
  }

  /** So long after the last look, at the earliest. */
  #lookAfter(domain: DomainName, ms: number): void {
    if (!wants(this.#ports.receivers(domain))) return;
    const now = this.#ports.now();
    const last = this.#lookedAt ?? Number.NEGATIVE_INFINITY;
    this.#ports.wakeBy(Math.abs(now - last) < ms ? last + ms : now);
  }

  /** Called by the alarm. */
  async look(domain: DomainName): Promise<void> {
    if (!wants(this.#ports.receivers(domain))) return;
    const { known, list, now, wakeBy } = this.#ports;
    const found = await known.trouble(domain);
    const at = now();
    this.#lookedAt = at;
    const all = troubleOf([], [], { domain, known: found, mail: [], silent: [] }, at).filter(isOfLook);
    const lasting = all.filter(({ place, since }) => {
      return place !== null || (since !== null && hasLasted(since, at, AWAY_AFTER_MS));
    });
    // Conferences that have not reported since a restart may have the same trouble as before.
    const before = list.unknown > 0 ? known.notifiedOf(ofDomain).filter(isOfConferences) : [];
    const kept = before.filter(({ id }) => !lasting.some((one) => one.id === id));
    await known.notifyOfDomain(domain, [...lasting, ...kept]);
    if (isToCome(found, lasting) || lasting.length < all.length) return wakeBy(at + AWAY_AFTER_MS);
    const silentMs = at - (found.unreachable?.since ?? at);
    if (kept.length > 0) wakeBy(at + Math.min(Math.max(silentMs, AWAY_AFTER_MS), longestPauseMs));
  }
}

/** Of what was given up they are notified in the transaction in which it is counted. */
function isOfLook({ kind }: DomainTrouble): boolean {
  return kind !== "posts-given-up";
}

function isOfConferences({ kind }: DomainTrouble): boolean {
  return sourcesOf(kind).includes("conference");
}

/** Whether something is about to be trouble, if it lasts. */
function isToCome({ waiting, webhooks, unreachable }: KnownTrouble, lasting: readonly DomainTrouble[]): boolean {
  const abouts = new Set(lasting.map(({ kind, about }) => `${kind} ${about}`));
  return (
    (unreachable && !lasting.some(({ kind }) => kind === "conferences-unreachable")) ||
    waiting.some(({ host }) => !abouts.has(`posts-wait ${bareHost(host)}`)) ||
    webhooks.some(({ url, failure, refused }) => (failure || refused > 0) && !abouts.has(`webhook-fails ${url}`))
  );
}
