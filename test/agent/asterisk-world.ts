import { vi } from "vitest";
import { AsteriskDriver } from "../../bridge-agent/drivers/asterisk/driver.ts";
import type { AsteriskSettings } from "../../bridge-agent/drivers/asterisk/settings.ts";
import type { DriverPorts, DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { driverPorts } from "../../bridge-agent/node-ports.ts";
import type { Command } from "../../src/bridge/commands.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { type FakeAsterisk, startFakeAsterisk } from "./fake-asterisk.ts";

export const conference = "987654321" as ConfKey;
export const create: Command<"create-conference"> = { type: "create-conference", maxCallers: null, anonymousId: null };

/** The answer of an Asterisk of this version. */
export const info = (version: string) => ({
  status: 200,
  body: { system: { version }, status: { startup_time: "2026-11-20T10:00:00.000+0000" } },
});

/** A fake Asterisk, and drivers of it. */
export class AsteriskWorld {
  readonly asterisk: FakeAsterisk;
  /** Of all drivers. */
  readonly reports: DriverReport[] = [];
  readonly #drivers: AsteriskDriver[] = [];

  static async start(): Promise<AsteriskWorld> {
    return new AsteriskWorld(await startFakeAsterisk());
  }

  constructor(asterisk: FakeAsterisk) {
    this.asterisk = asterisk;
  }

  start(more: Partial<AsteriskSettings> = {}, ports: Partial<DriverPorts> = {}): AsteriskDriver {
    const settings: AsteriskSettings = {
      type: "asterisk",
      url: this.asterisk.url,
      user: "bridgehead",
      password: "secret",
      application: "bridgehead",
      endpoint: "PJSIP/{number}@trunk",
      ports: 350,
      talking: { silenceMs: 1_200, level: 256 },
      ...more,
    };
    const identity = { agent: "agent-1", owner: "acme/bridge-1", dialIn: ["18005551234"] };
    const allPorts = { ...driverPorts, random: () => 0, pingEveryMs: 20, ...ports };
    const driver = new AsteriskDriver(settings, allPorts, identity);
    this.#drivers.push(driver);
    driver.start((report) => this.reports.push(report));
    return driver;
  }

  /** One that acts. What was reported until then is gone. */
  async startActive(
    ports: Partial<DriverPorts> = {},
    settings: Partial<AsteriskSettings> = {},
  ): Promise<AsteriskDriver> {
    const driver = this.start(settings, ports);
    await this.reported("connected");
    driver.activate(3);
    await driver.state();
    this.reports.length = 0;
    return driver;
  }

  /** The first report of this type, as soon as it is there. */
  reported<Type extends DriverReport["type"]>(type: Type): Promise<Extract<DriverReport, { type: Type }>> {
    return vi.waitFor(() => {
      const found = this.reports.find((report) => report.type === type);
      if (!found) throw new Error(`no ${type} among ${JSON.stringify(this.reports)}`);
      return found as Extract<DriverReport, { type: Type }>;
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.#drivers.map((driver) => driver.stop()));
    await this.asterisk.close();
  }
}
