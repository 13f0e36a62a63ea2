import type { Timers } from "../../src/foundation/time/timers.ts";
import type { AllObjects } from "../../src/rpc/objects.ts";
import { ActivitySender } from "../counts/activity-sender.ts";
import { Measures } from "./measures.ts";

interface CountingPorts extends Timers {
  readonly objects: Pick<AllObjects, "directory">;
  newId(): string;
}

/** What one process counts. All objects of the process share it. */
export class Counting {
  readonly measures = new Measures();
  /** What was refused of WebEx's documents, for the plots of each domain. */
  readonly activity: ActivitySender;

  constructor({ objects, after, newId }: CountingPorts) {
    this.activity = new ActivitySender({
      ...{ after, newName: newId },
      count: (domain, source, minutes) => objects.directory(domain).count(domain, source, minutes),
    });
  }

  /** Sends the activity before the process ends. Resolves when it has come, or cannot come. */
  flush(): Promise<void> {
    return this.activity.flush();
  }
}
