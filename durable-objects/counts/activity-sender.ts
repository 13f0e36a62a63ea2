import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { type Timers, wait, within } from "../../src/foundation/time/timers.ts";
import {
  Activity,
  type ActivityMinute,
  type HostPosts,
  minuteOf,
  noRequests,
  type Requests,
} from "../../src/records/activity.ts";

interface ActivityPorts extends Timers {
  /** Resolves when the domain's directory has it. */
  count(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void>;
}

/** What is not told yet, and the minute in which something was told last. */
interface Waiting {
  readonly activity: Activity;
  toldIn: EpochMs | null;
}

/** What comes soon after the first request or post of a minute is told with it. */
const togetherMs = 1_000;
const answerWithinMs = 10_000;

/**
 * Brings what WebEx has asked of this process, and what its objects have posted, to the directories, for each domain once in a minute at
 * most. Nothing waits for it. What comes behind the first of a minute is told with the next request, post or sweep in a later one: a timer for
 * it would keep an object awake, and billed. It is for plots, and not for bills: what a process has not told when it ends is lost, and what a directory took although its
 * answer was lost is told twice.
 */
export class ActivitySender {
  readonly #domains = new Map<DomainName, Waiting>();
  #ports: ActivityPorts | null = null;

  /** Until then nothing is told. */
  tellBy(ports: ActivityPorts): void {
    this.#ports = ports;
  }

  countPosts(domain: DomainName, at: EpochMs, posts: HostPosts): void {
    this.#waitingOf(domain).activity.add(at, posts);
    void this.remind(domain, at);
  }

  /** Resolves when that which this request had told is told, which no answer waits for: the platform ends the timers of a request with it. */
  countRequest(domain: DomainName, at: EpochMs, outcome: keyof Requests): Promise<void> {
    this.#waitingOf(domain).activity.addRequests(at, { ...noRequests, [outcome]: 1 });
    return this.remind(domain, at);
  }

  /** Has what waits told, unless something was told in the same minute; resolves then, and never rejects. */
  async remind(domain: DomainName, now: EpochMs): Promise<void> {
    const waiting = this.#domains.get(domain);
    const ports = this.#ports;
    if (!waiting || !ports || waiting.activity.isEmpty || waiting.toldIn === minuteOf(now)) return;
    waiting.toldIn = minuteOf(now);
    await wait(ports, togetherMs);
    await this.#count(domain, waiting.activity, ports, now);
  }

  #waitingOf(domain: DomainName): Waiting {
    const waiting = this.#domains.get(domain) ?? { activity: new Activity(), toldIn: null };
    this.#domains.set(domain, waiting);
    return waiting;
  }

  async #count(domain: DomainName, activity: Activity, ports: ActivityPorts, now: EpochMs): Promise<void> {
    const minutes = activity.removeAll();
    if (minutes.length === 0) return;
    try {
      await within(ports, answerWithinMs, "the directory", ports.count(domain, minutes));
    } catch {
      // The next minute tries again.
      activity.addAll(minutes);
      activity.keepHour(now);
    }
  }
}
