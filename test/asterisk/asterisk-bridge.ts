import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalRun } from "../../scripts/local-run.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import { type Phone, Phones } from "../../simulators/telephones/phones.ts";
import { asteriskState } from "./asterisk-state.ts";

/** The Asterisk of a local run, with real telephones around it. */
export class AsteriskBridge {
  readonly phones: Phones;
  /** The number at which callers dial in. */
  readonly dialIn: string;
  /** ARI, as the agent's settings name it. */
  readonly access: { readonly url: string; readonly user: string; readonly password: string };

  private constructor(phones: Phones, dialIn: string, access: AsteriskBridge["access"]) {
    this.phones = phones;
    this.dialIn = dialIn;
    this.access = access;
  }

  /** `sipp`: the program that plays the telephones. */
  static async start(run: LocalRun, sipp: string): Promise<AsteriskBridge> {
    const { telephones } = run;
    if (!telephones) throw new Error("this run has the simulated bridge");
    const { driver } = JSON.parse(readFileSync(join(run.state, "agent.json"), "utf8"));
    return new AsteriskBridge(await Phones.start(sipp, telephones), telephones.dialIn, driver);
  }

  /** A telephone that dials in, is answered, and keys this. */
  async callIn(from: string, keys: string, how: "rfc4733" | "info" = "info"): Promise<Phone> {
    const phone = await this.phones.dialIn(this.dialIn, from);
    await phone.press(keys, how);
    return phone;
  }

  /** One request of ARI, beside the driver. */
  ari(method: string, path: string): Promise<Response> {
    const { url, user, password } = this.access;
    const authorization = `Basic ${btoa(`${user}:${password}`)}`;
    return fetch(`${url}${path}`, { method, headers: { authorization }, signal: AbortSignal.timeout(5_000) });
  }

  /** What Asterisk holds for Bridgehead. */
  state(): Promise<VisibleState> {
    return asteriskState((path) => this.ari("GET", path));
  }

  /** The telephones; Asterisk is the run's. */
  stop(): Promise<void> {
    return this.phones.stop();
  }
}
