import type { EpochMs } from "../../src/foundation/ids.ts";
import { type Timers, within } from "../../src/foundation/time/timers.ts";
import type { Alarm } from "../platform/alarm.ts";
import type { RelayLog } from "./relay-store.ts";

interface SenderPorts extends Timers {
  now(): EpochMs;
}

/** What the directory is sent next. */
interface Sending {
  send(): Promise<void>;
  /** Called when the directory has it. */
  sent(): void;
}

const sendWithinMs = 5_000;
const sendAgainMs = 10_000;

/** Sends the directory one thing at a time. What it does not take is left to the alarm. */
export class DirectorySender {
  readonly #ports: SenderPorts;
  readonly #alarm: Alarm;
  readonly #failed: (error: string) => void;
  #isSending = false;

  /** `failedEvent`: the line of the log where it does not take something. */
  constructor(ports: SenderPorts, alarm: Alarm, log: RelayLog, failedEvent: string) {
    this.#ports = ports;
    this.#alarm = alarm;
    this.#failed = (error) => log(failedEvent, "", { error }, "warn");
  }

  /** Sends until nothing is left. `next` is called again after each, since more may have come in the meantime. */
  async send(next: () => Sending | null): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let one = next(); one; one = next()) {
        await within(this.#ports, sendWithinMs, "the directory", one.send());
        one.sent();
      }
    } catch (error) {
      this.#failed(String(error));
      this.#alarm.wakeBy(this.#ports.now() + sendAgainMs);
    } finally {
      this.#isSending = false;
    }
  }
}
