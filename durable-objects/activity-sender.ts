import type { DomainName, EpochMs } from "../src/foundation/ids.ts";
import { type Timers, within } from "../src/foundation/timers.ts";
import { Activity, type ActivityMinute, type HostPosts, minuteOf } from "../src/records/activity.ts";

interface ActivityPorts extends Timers {
  /** Resolves when the domain's directory has it. */
  tell(domain: DomainName, minutes: readonly ActivityMinute[]): Promise<void>;
}

/** What is not told yet, and the minute in which something was told last. */
interface Waiting {
  readonly activity: Activity;
  toldIn: EpochMs | null;
}

/** What comes soon after the first post of a minute is told with it. */
const togetherMs = 1_000;
const answerWithinMs = 10_000;

/**
 * Brings what all objects of this process have posted to the directories, for each domain once in a minute at most. Nothing waits for it.
 * What comes behind the first post of a minute is told with the next post or sweep in a later one: a timer for it would keep an object awake,
 * and billed. It is for plots, and not for bills: what a process has not told when it ends is lost, and what a directory took although its
 * answer was lost is told twice.
 */
export class ActivitySender {
  readonly #domains = new Map<DomainName, Waiting>();
  #ports: ActivityPorts | null = null;

  /** Until then nothing is told. */
  tellBy(ports: ActivityPorts): void {
    this.#ports = ports;
  }

  count(domain: DomainName, at: EpochMs, posts: HostPosts): void {
    const waiting = this.#domains.get(domain) ?? { activity: new Activity(), toldIn: null };
    this.#domains.set(domain, waiting);
    waiting.activity.add(at, posts);
    this.remind(domain, at);
  }

  /** Has what waits told, unless something was told in the same minute. */
  remind(domain: DomainName, now: EpochMs): void {
    const waiting = this.#domains.get(domain);
    const ports = this.#ports;
    if (!waiting || !ports || waiting.activity.isEmpty || waiting.toldIn === minuteOf(now)) return;
    waiting.toldIn = minuteOf(now);
    ports.after(togetherMs, () => void this.#tell(domain, waiting.activity, ports, now));
  }

  async #tell(domain: DomainName, activity: Activity, ports: ActivityPorts, now: EpochMs): Promise<void> {
    const minutes = activity.take();
    if (minutes.length === 0) return;
    try {
      await within(ports, answerWithinMs, "the directory", ports.tell(domain, minutes));
    } catch {
      // The next minute tries again.
      activity.addAll(minutes);
      activity.keepHour(now);
    }
  }
}
