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
  async answersWith(digits: string, outcome: NumberOutcome, afterMs = 50): Promise<void> {
    await this.ask("PUT", `/numbers/${digits}`, { outcome, afterMs });
  }

  async faults(faults: { delayMs?: number; refuse?: readonly string[]; down?: boolean }): Promise<void> {
    await this.ask("PUT", "/faults", faults);
  }

  async reset(): Promise<void> {
    await this.ask("POST", "/reset");
  }

  state(): Promise<BridgeState> {
    return this.ask("GET", "/state");
  }

  async acts(): Promise<readonly Act[]> {
    return (await this.ask<{ acts: readonly Act[] }>("GET", "/acts")).acts;
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

export type NumberOutcome = "answer" | "busy" | "reject" | "invalid" | "no-answer";

export interface Act {
  readonly n: number;
  readonly act: string;
  readonly conference: string;
  readonly room: string | null;
  readonly call: string | null;
  readonly commandId: string;
  readonly outcome: string;
}

export interface BridgeState {
  readonly conferences: readonly {
    readonly key: string;
    readonly locked: boolean;
    readonly reportsSpeakers: boolean;
    readonly rooms: readonly { readonly id: string; readonly kind: string; readonly calls: readonly string[] }[];
  }[];
  readonly calls: readonly BridgeCall[];
}

export interface BridgeCall {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly number: string;
  readonly conference: string | null;
  readonly state: "ringing" | "prompted" | "in-conference" | "ended";
  readonly room: string | null;
  readonly muted: boolean;
  readonly attendeeId: string | null;
  readonly endReason: string | null;
}
