import type {
  BridgeDriver,
  DriverIdentity,
  DriverPorts,
  DriverReport,
  DriverState,
} from "../../bridge-agent/drivers/driver.ts";
import { generic } from "../../bridge-agent/drivers/generic.ts";
import type { Ability, BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
import { type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { GiveUp } from "./checks.ts";
import { GREETING_MS } from "./greeting-check.ts";

export interface CheckingAgent {
  readonly driver: BridgeDriver;
  readonly reports: readonly DriverReport[];
  readonly closed: Promise<string>;
}

/** The bridge under check, with the agents that are connected to it. */
export class CheckedBridge {
  readonly #url: string;
  readonly #key: ConfKey;
  readonly #ports: DriverPorts;
  readonly #drivers = new Set<BridgeDriver>();
  cannot: readonly Ability[] = [];
  #commands = 0;
  /** Why the latest connection that was lost was. */
  #lost = "it gave none";

  constructor(url: string, key: ConfKey, ports: DriverPorts) {
    this.#url = url;
    this.#key = key;
    this.#ports = ports;
  }

  async connect(agent: string, owner: string): Promise<CheckingAgent> {
    const ports = this.#ports;
    const identity: DriverIdentity = { agent: `bridgehead-check-${agent}`, owner, dialIn: [] };
    const driver = generic.create({ type: "generic", url: this.#url }, ports, identity);
    this.#drivers.add(driver);
    const reports: DriverReport[] = [];
    const closed = Promise.withResolvers<string>();
    const connected = Promise.withResolvers<void>();
    driver.start((report) => {
      reports.push(report);
      if (report.type === "connected") {
        this.cannot = report.cannot ?? [];
        connected.resolve();
      }
      if (report.type !== "disconnected") return;
      this.#lost = report.why;
      connected.reject(new GiveUp(report.why));
      void this.stop(driver); // It would connect again, and close others.
      closed.resolve(report.isReplaced ? "replaced" : "closed");
    });
    await within(ports.timers, GREETING_MS, "the connection", connected.promise).catch((error: Error) => {
      throw new GiveUp(`nothing else can be checked: ${error.message}`);
    });
    await this.#state(driver); // From here on the driver knows what is its owner's.
    return { driver, reports, closed: closed.promise };
  }

  connectionEnd({ closed }: CheckingAgent): Promise<string> {
    return within(this.#ports.timers, GREETING_MS, "", closed).catch(
      () => `still connected after ${GREETING_MS / 1_000} s`,
    );
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
