import type {
  BridgeDriver,
  DriverIdentity,
  DriverPorts,
  DriverReport,
  DriverState,
} from "../../bridge-agent/drivers/driver.ts";
import { createDriver } from "../../bridge-agent/drivers/registry.ts";
import type { Ability } from "../../src/bridge/abilities.ts";
import type { BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import { type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { GiveUp } from "./checks.ts";
import { GREETING_MS } from "./greeting-check.ts";

export interface CheckingAgent {
  readonly driver: BridgeDriver;
  readonly reports: readonly DriverReport[];
  /** How its connection ended. */
  readonly closed: Promise<string>;
}

interface CheckedBridgeOptions {
  readonly url: string;
  /** Of a conference that is made and ended. */
  readonly key: string;
  readonly ports: DriverPorts;
}

/** The bridge under check, with the agents that are connected to it. */
export class CheckedBridge {
  readonly #options: CheckedBridgeOptions;
  readonly #key: ConfKey;
  readonly #drivers = new Set<BridgeDriver>();
  cannot: readonly Ability[] = [];
  #commands = 0;
  /** Why the latest connection that was lost was. */
  #lost = "it gave none";

  constructor(options: CheckedBridgeOptions) {
    this.#options = options;
    this.#key = options.key as ConfKey;
  }

  async connect(agent: string, owner: string): Promise<CheckingAgent> {
    const { url, ports } = this.#options;
    const identity: DriverIdentity = { agent: `bridgehead-check-${agent}`, owner, dialIn: [] };
    const driver = createDriver({ type: "generic", url }, ports, identity);
    this.#drivers.add(driver);
    const reports: DriverReport[] = [];
    let close: (how: "closed" | "replaced") => void = () => {};
    const closed = new Promise<string>((resolve) => {
      close = resolve;
    });
    const connected = new Promise<void>((resolve, reject) => {
      driver.start((report) => {
        reports.push(report);
        if (report.type === "connected") {
          this.cannot = report.cannot ?? [];
          resolve();
        }
        if (report.type !== "disconnected") return;
        this.#lost = report.why;
        reject(new GiveUp(report.why));
        void this.stop(driver); // It would connect again, and close others.
        close(report.isReplaced ? "replaced" : "closed");
      });
    });
    await within(ports.timers, GREETING_MS, "the connection", connected).catch((error: Error) => {
      throw new GiveUp(`nothing else can be checked: ${error.message}`);
    });
    await this.#state(driver); // From here on the driver knows what is its owner's.
    return { driver, reports, closed };
  }

  endOf({ closed }: CheckingAgent): Promise<string> {
    const { timers } = this.#options.ports;
    return within(timers, GREETING_MS, "", closed).catch(() => `still connected after ${GREETING_MS / 1_000} s`);
  }

  async stop(driver: BridgeDriver): Promise<void> {
    this.#drivers.delete(driver);
    await driver.stop();
  }

  execute(driver: BridgeDriver, command: BridgeCommand, conference = this.#key): Promise<ExecutionResult> {
    this.#commands += 1;
    return driver.execute(`bridgehead-check-${this.#commands}` as CommandId, conference, command);
  }

  async #state(driver: BridgeDriver): Promise<DriverState> {
    const state = await driver.state();
    if (state === null) throw new GiveUp(`nothing else can be checked without the state: ${this.#lost}`);
    return state;
  }

  async held(driver: BridgeDriver): Promise<DriverState["conferences"][number] | undefined> {
    return (await this.#state(driver)).conferences.find(({ conference }) => conference === this.#key);
  }

  async rooms(driver: BridgeDriver): Promise<readonly RoomId[] | undefined> {
    return (await this.held(driver))?.rooms.flatMap(({ id }) => (id === MAIN_ROOM ? [] : id));
  }

  async stopAll(): Promise<void> {
    for (const driver of this.#drivers) await driver.stop();
  }
}
