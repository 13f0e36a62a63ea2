import type { ActEntry, Faults, NumberPlan } from "../../simulators/bridge/machine.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";

/** The simulated bridge's control interface, as a person at its telephones has it. */
export class BridgeControl {
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** A caller dials in and keys this; the id of the call. */
  async callIn(from: string, keys: string): Promise<string> {
    const { id } = await this.ask<{ id: string }>("POST", "/calls", { from, keys });
    return id;
  }

  async press(call: string, keys: string): Promise<void> {
    await this.ask("POST", `/calls/${call}/keys`, { keys });
  }

  async hangUp(call: string): Promise<void> {
    await this.ask("POST", `/calls/${call}/hang-up`);
  }

  /** How a number takes call-outs from now on. */
  async answersWith(digits: string, outcome: NumberPlan["outcome"], afterMs = 50): Promise<void> {
    await this.ask("PUT", `/numbers/${digits}`, { outcome, afterMs });
  }

  async talk(call: string, talking: boolean): Promise<void> {
    await this.ask("POST", `/calls/${call}/talking`, { talking });
  }

  async lock(confKey: string, locked: boolean): Promise<void> {
    await this.ask("POST", `/conferences/${confKey}/lock`, { locked });
  }

  async end(confKey: string): Promise<void> {
    await this.ask("POST", `/conferences/${confKey}/end`);
  }

  async faults(faults: Partial<Faults>): Promise<void> {
    await this.ask("PUT", "/faults", faults);
  }

  async reset(): Promise<void> {
    await this.ask("POST", "/reset");
  }

  state(): Promise<VisibleState> {
    return this.ask("GET", "/state");
  }

  /** The calls that are in this conference. */
  async held(confKey: string): Promise<VisibleState["calls"]> {
    const { calls } = await this.state();
    return calls.filter((call) => call.conference === confKey && call.state === "in-conference");
  }

  async acts(): Promise<readonly ActEntry[]> {
    return (await this.ask<{ acts: readonly ActEntry[] }>("GET", "/acts")).acts;
  }

  private async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`simulated bridge: ${method} ${path} → ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as Answer;
  }
}
