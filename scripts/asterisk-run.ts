import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { AsteriskSettings } from "../bridge-agent/drivers/asterisk/settings.ts";
import { AsteriskOnTest } from "../simulators/telephones/asterisk-on-test.ts";
import { type Phone, Phones } from "../simulators/telephones/phones.ts";
import type { AsteriskWithSipp } from "./asterisk.ts";
import { LocalRun, type LocalRunOptions } from "./local-run.ts";

const READY_WITHIN_MS = 20_000;

/** A real Asterisk as the bridge of a local run, and the telephones around it. */
export class AsteriskBridge {
  readonly asterisk: AsteriskOnTest;
  readonly phones: Phones;
  /** The number at which callers dial in. */
  static readonly dialIn = "18005551234";

  private constructor(asterisk: AsteriskOnTest, phones: Phones) {
    this.asterisk = asterisk;
    this.phones = phones;
  }

  /** `added`: at the end of a configuration file, by its name. */
  static async start(home: AsteriskWithSipp, added: Readonly<Record<string, string>> = {}): Promise<AsteriskBridge> {
    const asterisk = await AsteriskOnTest.start(home, { dialIn: { [AsteriskBridge.dialIn]: "bridgehead" }, added });
    try {
      return new AsteriskBridge(asterisk, await Phones.start(home.sipp, asterisk.ports));
    } catch (error) {
      await asterisk.stop();
      throw error;
    }
  }

  /** A telephone that dials in, is answered, and keys this. */
  async callIn(from: string, keys: string, how: "rfc4733" | "info" = "info"): Promise<Phone> {
    const phone = await this.phones.dialIn(AsteriskBridge.dialIn, from);
    await phone.press(keys, how);
    return phone;
  }

  /** The driver of an agent. `port`: where ARI is, if there is something between. */
  driver(port = this.asterisk.ports.http): AsteriskSettings {
    return {
      type: "asterisk",
      url: `http://127.0.0.1:${port}/ari`,
      user: this.asterisk.user,
      password: this.asterisk.password,
      application: "bridgehead",
      endpoint: "PJSIP/{number}@trunk",
      callerId: AsteriskBridge.dialIn,
      talking: { silenceMs: 300, level: 256 },
    };
  }

  async stop(): Promise<void> {
    await this.phones.stop();
    await this.asterisk.stop();
  }
}

/** The whole product, whose agents drive this Asterisk. The simulated bridge of the run stands aside. Resolves when everything is connected. */
export async function localRunOn(bridge: AsteriskBridge, options: LocalRunOptions = {}): Promise<LocalRun> {
  const run = await LocalRun.start(options);
  try {
    const agents = [{ file: "agent.json", pid: run.pids().agent }];
    if (run.secondAgent) agents.push({ file: "agent-2.json", pid: run.secondAgent.pid });
    for (const { file, pid } of agents) {
      const path = join(run.state, file);
      const settings = JSON.parse(readFileSync(path, "utf8"));
      writeFileSync(path, JSON.stringify({ ...settings, driver: bridge.driver(), dialIn: [AsteriskBridge.dialIn] }));
      process.kill(pid, "SIGHUP");
    }
    await drives(run, bridge);
    return run;
  } catch (error) {
    await run.stop();
    throw error;
  }
}

/** Waits until an agent acts on this Asterisk, and the edge knows. */
export async function drives(run: LocalRun, { asterisk }: AsteriskBridge): Promise<void> {
  const headers = { authorization: `Bearer ${run.operatorToken()}` };
  for (const deadline = Date.now() + READY_WITHIN_MS; ; await pause(50)) {
    // The application is there once an agent acts on it.
    const application = await asterisk.ari("GET", "/applications/bridgehead");
    const edge = await fetch(`${run.edgeUrl}/readyz`, { headers }).catch(() => null);
    if (application.ok && edge?.ok) return;
    if (Date.now() > deadline) throw new Error(`no agent drives Asterisk: see ${run.state}/logs`);
  }
}
