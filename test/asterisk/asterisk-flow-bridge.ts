import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Act, FlowBridge, HeldCall } from "../../scripts/demo/telephones.ts";
import type { LocalRun } from "../../scripts/local-run.ts";
import type { NumberPlan } from "../../simulators/bridge/machine.ts";
import type { Phone, Plan } from "../../simulators/telephones/phones.ts";
import { AsteriskBridge } from "./asterisk-bridge.ts";

const plans: Readonly<Record<NumberPlan["outcome"], Plan>> = {
  answer: { outcome: "answer", ringMs: 50 },
  busy: { outcome: 486 },
  reject: { outcome: 603 },
  invalid: { outcome: 404 },
  "no-answer": { outcome: "ring" },
};
/** Until Asterisk counts a telephone as silent, and some more. */
const SILENT_AFTER_MS = 1_500;

/** A flow on a real Asterisk, with real telephones. What the adapter has it do is read in the agent's log. */
export class AsteriskFlowBridge implements FlowBridge {
  readonly sideBySide = true;
  readonly #bridge: AsteriskBridge;
  readonly #log: number;
  #read = 0;
  #unread = "";
  readonly #acts: Act[] = [];
  /** By the id of the channel. */
  readonly #callers = new Map<string, Phone>();

  private constructor(bridge: AsteriskBridge, log: number) {
    this.#bridge = bridge;
    this.#log = log;
    bridge.phones.otherwise = plans.answer;
  }

  static async start(run: LocalRun, sipp: string): Promise<AsteriskFlowBridge> {
    // The agent's log shall name the conference of each command as it is.
    await run.changeAgents((settings) => ({ ...settings, logs: { personal: true } }));
    const bridge = await AsteriskBridge.start(run, sipp);
    const log = join(run.state, "logs", "agent.log");
    return new AsteriskFlowBridge(bridge, openSync(log, "r"));
  }

  async callIn(from: string): Promise<string> {
    const phone = await this.#bridge.phones.dialIn(this.#bridge.dialIn, from);
    const channels = await this.#ask<readonly { id: string; caller: { number: string } }[]>("/channels");
    const channel = channels.find(({ id, caller }) => caller.number === from && !this.#callers.has(id));
    if (!channel) throw new Error(`Asterisk has no call from ${from}`);
    this.#callers.set(channel.id, phone);
    return channel.id;
  }

  async press(call: string, keys: string): Promise<void> {
    await (await this.#phoneOf(call)).press(keys, "info");
  }

  async hangUp(call: string): Promise<void> {
    await (await this.#phoneOf(call)).hangUp();
  }

  async talk(call: string, talking: boolean): Promise<void> {
    const phone = await this.#phoneOf(call);
    if (talking) return phone.talk();
    phone.fallSilent();
    await pause(SILENT_AFTER_MS);
  }

  async answersWith(digits: string, outcome: NumberPlan["outcome"]): Promise<void> {
    this.#bridge.phones.plan(digits, plans[outcome]);
  }

  async held(confKey: string): Promise<readonly HeldCall[]> {
    const { calls } = await this.#bridge.state();
    return calls.filter((call) => call.conference === confKey && call.state === "in-conference");
  }

  async acts(): Promise<readonly Act[]> {
    const chunk = Buffer.alloc(65_536);
    for (let size = 1; size > 0; this.#read += size) {
      size = readSync(this.#log, chunk, 0, chunk.length, this.#read);
      this.#unread += chunk.toString("utf8", 0, size);
    }
    const lines = this.#unread.split("\n");
    this.#unread = lines.pop() ?? "";
    for (const line of lines.filter((each) => each.includes('"event":"command"'))) {
      const { command: act, conference, call = null, room = null, result } = JSON.parse(line);
      const outcome = result.done === true ? "done" : result.done === "unknown" ? "unknown" : "refused";
      this.#acts.push({ n: this.#acts.length + 1, act, conference, call, room, outcome });
    }
    return this.#acts;
  }

  async hangUpAll(): Promise<void> {
    await this.#bridge.phones.hangUpAll();
  }

  async stop(): Promise<void> {
    await this.#bridge.stop();
    closeSync(this.#log);
  }

  async #phoneOf(call: string): Promise<Phone> {
    const known = this.#callers.get(call);
    if (known) return known;
    const path = `/channels/${encodeURIComponent(call)}/variable?variable=CHANNEL(pjsip,call-id)`;
    const phone = this.#bridge.phones.ofCall((await this.#ask<{ value: string }>(path)).value);
    if (!phone) throw new Error(`there is no telephone in the call ${call}`);
    await phone.until("up");
    return phone;
  }

  async #ask<Answer>(path: string): Promise<Answer> {
    const answer = await this.#bridge.ari("GET", path);
    if (!answer.ok) throw new Error(`Asterisk: GET ${path} → ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
