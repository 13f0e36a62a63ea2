import { Feed } from "../../src/delivery/feed.ts";
import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { type Timers, wait } from "../../src/foundation/time/timers.ts";
import { noCounts } from "../../src/records/counts.ts";
import type { CountRow } from "../../src/rpc/directory.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import { Measures } from "./measures.ts";

interface CountingPorts extends Timers {
  readonly objects: Pick<EdgeObjects, "directory">;
  now(): EpochMs;
  newId(): string;
  /** Absent if each object has its own thread. */
  readonly mostCreates?: number | undefined;
}

/** What comes soon after a request goes with it. The platform leaves the timers of a request 30 s. */
const togetherMs = 1_000;

/** What one process counts. All objects of the process share it. */
export class Counting {
  readonly measures: Measures;
  readonly #ports: CountingPorts;
  /** What was refused of the documents of each domain. */
  readonly #refused = new Map<DomainName, Refused>();

  constructor(ports: CountingPorts) {
    this.#ports = ports;
    this.measures = new Measures(ports.mostCreates);
  }

  /** Resolves once the domain's directory has this count, or does not answer. Responses do not wait for it. */
  async countRefused(domain: DomainName): Promise<void> {
    const refused = this.#refused.get(domain) ?? this.#newRefused(domain);
    this.#refused.set(domain, refused);
    refused.count += 1;
    await wait(this.#ports, togetherMs);
    await refused.feed.send();
  }

  /** Sends all there is, before the process ends. */
  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#refused.values(), ({ feed }) => feed.send()));
  }

  #newRefused(domain: DomainName): Refused {
    const { objects, after, now, newId } = this.#ports;
    const source = `process ${newId()}`;
    let stored = 0;
    const refused: Refused = {
      count: 0,
      feed: new Feed({
        ...{ after, now, name: () => source },
        isPending: () => refused.count > stored,
        rows: () => ({
          ...{ source, version: refused.count },
          counts: { ...noCounts, requests: { confirmed: 0, refused: refused.count } },
        }),
        send: (row) => objects.directory(domain).count(domain, row),
        acknowledged: ({ version }) => {
          stored = version;
        },
        failed: () => {},
      }),
    };
    return refused;
  }
}

interface Refused {
  count: number;
  readonly feed: Feed<CountRow>;
}
