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
  count(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void>;
}

/** What is not sent yet, and the minute in which something was sent last. */
interface Waiting {
  readonly activity: Activity;
  sentIn: EpochMs | null;
}

/** What comes soon after the first request or post of a minute goes with it. */
const togetherMs = 1_000;
const answerWithinMs = 10_000;

/**
 * Brings what WebEx has asked of this process, and what its objects have posted, to the directories: for each domain once in a minute at
 * most, with a request, post or sweep of that minute, since a timer would keep an object awake, and billed. It is for plots, and not for
 * bills: what a process has not sent when it ends is lost, and what a directory has although its answer was lost counts twice.
 */
export class ActivitySender {
  readonly #domains = new Map<DomainName, Waiting>();
  #ports: ActivityPorts | null = null;

  sendBy(ports: ActivityPorts): void {
    this.#ports = ports;
  }

  countPosts(domain: DomainName, at: EpochMs, posts: HostPosts): void {
    this.#waitingOf(domain).activity.add(at, posts);
    void this.remind(domain, at);
  }

  /** Resolves once this request's count has been sent. Responses do not wait for it; the platform ends the timers of a request with it. */
  countRequest(domain: DomainName, at: EpochMs, outcome: keyof Requests): Promise<void> {
    this.#waitingOf(domain).activity.addRequests(at, { ...noRequests, [outcome]: 1 });
    return this.remind(domain, at);
  }

  /** Sends what waits, unless something was sent in the same minute; resolves then, and never rejects. */
  async remind(domain: DomainName, now: EpochMs): Promise<void> {
    const waiting = this.#domains.get(domain);
    const ports = this.#ports;
    if (!waiting || !ports || waiting.activity.isEmpty || waiting.sentIn === minuteOf(now)) return;
    waiting.sentIn = minuteOf(now);
    await wait(ports, togetherMs);
    await this.#count(domain, waiting.activity, ports, now);
  }

  #waitingOf(domain: DomainName): Waiting {
    const waiting = this.#domains.get(domain) ?? { activity: new Activity(), sentIn: null };
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
