import { pauseAfter } from "../../src/delivery/backoff.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { type Timers, wait, within } from "../../src/foundation/time/timers.ts";
import { Activity, type ActivityMinute, noRequests } from "../../src/records/activity.ts";
import type { CountSource } from "../../src/rpc/directory.ts";

interface ActivityPorts extends Timers {
  /** A name for this life of the process, unlike all others. */
  newName(): string;
  count(domain: DomainName, source: CountSource, minutes: readonly ActivityMinute[]): Promise<void>;
}

/** What is not sent yet of a domain, and the portion that may have come without an answer. */
interface Waiting {
  readonly activity: Activity;
  portion: readonly ActivityMinute[] | null;
  number: number;
  sending: Promise<void> | null;
}

/** What comes soon after a request goes with it. */
const togetherMs = 1_000;
/** All attempts end within the 30 s that Cloudflare leaves the timers of a request. */
const answerWithinMs = 5_000;
const retryPausesMs = [1_000, 2_000, 4_000];

/**
 * Brings how many documents of WebEx this process has refused to the directories: a second after they came, for each domain
 * at once. What was confirmed is in journals. A portion that comes again counts once. What a process has not sent when it ends is lost: the last second, as a rule.
 */
export class ActivitySender {
  readonly #domains = new Map<DomainName, Waiting>();
  readonly #ports: ActivityPorts;
  #name: string | null = null;

  constructor(ports: ActivityPorts) {
    this.#ports = ports;
  }

  /** Resolves once this count has been sent. Responses do not wait for it; the platform ends the timers of a request with it. */
  countRefused(domain: DomainName, at: EpochMs): Promise<void> {
    const waiting = this.#waitingOf(domain);
    waiting.activity.addRequests(at, { ...noRequests, refused: 1 });
    return this.#send(domain, waiting);
  }

  /** Sends all there is, before the process ends. */
  async flush(): Promise<void> {
    const all = Array.from(this.#domains, async ([domain, waiting]) => {
      while (waiting.portion || !waiting.activity.isEmpty) await this.#sendPortion(domain, waiting);
    });
    await Promise.allSettled(all);
  }

  #waitingOf(domain: DomainName): Waiting {
    const waiting = this.#domains.get(domain) ?? { activity: new Activity(), portion: null, number: 0, sending: null };
    this.#domains.set(domain, waiting);
    return waiting;
  }

  /** One portion is on its way at a time. What comes meanwhile goes with the next one. */
  #send(domain: DomainName, waiting: Waiting): Promise<void> {
    waiting.sending ??= this.#sendAll(domain, waiting).finally(() => {
      waiting.sending = null;
    });
    return waiting.sending;
  }

  async #sendAll(domain: DomainName, waiting: Waiting): Promise<void> {
    const ports = this.#ports;
    let failures = 0;
    while (waiting.portion || !waiting.activity.isEmpty) {
      await wait(ports, failures === 0 ? togetherMs : pauseAfter(failures, retryPausesMs));
      try {
        await this.#sendPortion(domain, waiting);
        failures = 0;
      } catch {
        failures += 1;
        // The next one that is refused tries again.
        if (failures > retryPausesMs.length) return;
      }
    }
  }

  /** The one that may have come, or what has been refused since. */
  async #sendPortion(domain: DomainName, waiting: Waiting): Promise<void> {
    if (!waiting.portion) {
      if (waiting.activity.isEmpty) return;
      waiting.portion = waiting.activity.removeAll();
      waiting.number += 1;
    }
    this.#name ??= this.#ports.newName();
    const { number, portion } = waiting;
    const source = { key: `*${this.#name}`, name: this.#name, upTo: number };
    await within(this.#ports, answerWithinMs, "the directory", this.#ports.count(domain, source, portion));
    if (waiting.number === number) waiting.portion = null;
  }
}
