import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import type { AllObjects } from "../../src/rpc/objects.ts";
import { ActivitySender } from "../counts/activity-sender.ts";
import { CountsSender } from "../counts/counts-sender.ts";
import { Measures } from "./measures.ts";

interface CountingPorts extends Timers {
  readonly objects: Pick<AllObjects, "counts" | "directory">;
  now(): EpochMs;
  newId(): string;
}

/** What one process counts, and how it leaves the process. All objects of the process share it. */
export class Counting {
  readonly measures = new Measures();
  readonly sender: CountsSender;
  /** What was refused of WebEx's documents, for the plots of each domain. */
  readonly activity: ActivitySender;

  constructor({ objects, after, now, newId }: CountingPorts) {
    const ports = { after, now, newName: newId };
    const { measures } = this;
    this.sender = new CountsSender(
      { ...ports, send: (from, portions) => objects.counts().add(from, portions) },
      measures.counts,
    );
    this.activity = new ActivitySender({
      ...ports,
      count: (domain, source, minutes) => objects.directory(domain).count(domain, source, minutes),
    });
    measures.onCounted = () => this.sender.counted();
  }

  /** Sends all that is counted, before the process ends. Resolves when it has come, or cannot come. */
  async flush(): Promise<void> {
    await Promise.allSettled([this.sender.flush(), this.activity.flush()]);
  }
}
