import type { ConfKey, DomainName } from "../../src/foundation/ids.ts";
import { dayMs, type Timers, wait, within } from "../../src/foundation/time/timers.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type { RebuildPage } from "../../src/rpc/directory.ts";
import type { HolderPage } from "../../src/rpc/id-allocator.ts";
import type { Log } from "../platform/log.ts";

export interface FeedPorts extends Timers {
  readonly log: Log;
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "feedDirectory">;
  /** The conferences that were allocated ids, as `IdAllocatorRpc` has them. */
  conferencesOf(domain: DomainName, lastMs: number, before: number | null, upTo: number | null): Promise<HolderPage>;
}

const askedAtOnce = 20;
const askWithinMs = 20_000;
/** After this time the next ones are asked, though some have not answered. */
const nextAskedAfterMs = 1_000;
/** workerd reads its sockets only while nothing waits to run: without a pause no page would come until all were asked. */
const askPauseMs = 20;
const rebuildMs = 7 * dayMs;
/** Conferences in one call of a rebuild, so that it ends in time, though some may hang. */
const mostRebuilding = 20;

/** Asks conferences how they are. */
export class FeedRequests {
  readonly #ports: FeedPorts;
  readonly #isWatched: (key: ConfKey) => boolean;

  constructor(ports: FeedPorts, isWatched: (key: ConfKey) => boolean) {
    this.#ports = ports;
    this.#isWatched = isWatched;
  }

  /** Those that could not be asked. */
  async ask(domain: DomainName, keys: readonly ConfKey[]): Promise<readonly ConfKey[]> {
    const failed: ConfKey[] = [];
    const askOne = async (key: ConfKey) => {
      const asked = this.#ports.conference(domain, key).feedDirectory(this.#isWatched(key));
      const runs = await within(this.#ports, askWithinMs, "a conference", asked).catch(() => null);
      if (runs === null) failed.push(key);
    };
    const all: Promise<unknown>[] = [];
    for (let first = 0; first < keys.length; first += askedAtOnce) {
      if (first > 0) await wait(this.#ports, askPauseMs);
      const some = Promise.all(keys.slice(first, first + askedAtOnce).map(askOne));
      all.push(some);
      await within(this.#ports, nextAskedAfterMs, "some conferences", some).catch(() => {});
    }
    await Promise.all(all);
    if (failed.length > 0) this.#ports.log({ level: "warn", event: "not-asked", conferences: failed.length });
    return failed;
  }

  async rebuild(domain: DomainName, from: RebuildPage["next"]): Promise<RebuildPage> {
    const { holders, next } = await this.#ports.conferencesOf(
      domain,
      rebuildMs,
      from?.before ?? null,
      from?.upTo ?? null,
    );
    const upTo = from?.upTo ?? holders[0]?.place;
    const some = holders.slice(0, mostRebuilding);
    const before = some.length < holders.length ? (some.at(-1)?.place ?? null) : next;
    const keys = some.map(({ key }) => key);
    const failed = await this.ask(domain, keys);
    return {
      told: keys.length - failed.length,
      failed,
      next: before === null || upTo === undefined ? null : { before, upTo },
    };
  }
}
