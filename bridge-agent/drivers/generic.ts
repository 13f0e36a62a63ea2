import type { ActOutcome, BridgeAct, BridgeState } from "../../src/bridge/driving.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/timers.ts";
import type { BridgeDriver, DriverReport } from "./driver.ts";
import { GenericLink } from "./generic-link.ts";

const FIRST_RETRY_MS = 100;
/** The bridge is near: asking often costs little, and callers wait. */
const LONGEST_RETRY_MS = 1_000;

/** Speaks the generic bridge protocol (docs/bridge-protocol.md) to a bridge program. */
export class GenericDriver implements BridgeDriver {
  private readonly url: string;
  private readonly timers: Timers;
  private readonly random: () => number;
  private report: (report: DriverReport) => void = () => {};
  private link: GenericLink | null = null;
  private failures = 0;
  private lastWhy: string | null = null;
  private cancelRetry: () => void = () => {};

  /** `url` such as `ws://127.0.0.1:8790/bridge`; `random` gives 0 to 1 and spreads the attempts to connect. */
  constructor(url: string, timers: Timers, random: () => number) {
    this.url = url;
    this.timers = timers;
    this.random = random;
  }

  start(report: (report: DriverReport) => void): void {
    this.report = report;
    this.connect();
  }

  async execute(commandId: CommandId, conference: ConfKey | null, act: BridgeAct): Promise<ActOutcome> {
    const asked = this.link?.ask({ type: "act", commandId, conference, act }) ?? "not-connected";
    if (asked === "not-connected") return { done: false, reason: "unreachable" };
    const answer = await asked;
    if (answer?.type === "refused") return { done: false, reason: answer.reason };
    return { done: answer?.type === "done" ? true : "unknown" };
  }

  async state(): Promise<BridgeState | null> {
    const asked = this.link?.ask({ type: "state" }) ?? "not-connected";
    if (asked === "not-connected") return null;
    const answer = await asked;
    return answer?.type === "state" ? answer.state : null;
  }

  async stop(): Promise<void> {
    const link = this.link;
    this.link = null;
    this.report = () => {};
    this.cancelRetry();
    link?.end("the driver was stopped");
  }

  private connect(): void {
    const link = new GenericLink(this.url, this.timers, {
      report: (report) => {
        if (report.type === "connected") {
          this.failures = 0;
          this.lastWhy = null;
        }
        this.report(report);
      },
      lost: (why) => {
        if (this.link === link) this.lost(why);
      },
    });
    this.link = link;
  }

  private lost(why: string): void {
    this.link = null;
    if (why !== this.lastWhy) this.report({ type: "disconnected", why });
    this.lastWhy = why;
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    this.failures += 1;
    this.cancelRetry = this.timers.after(longest * (0.5 + this.random() / 2), () => this.connect());
  }
}
