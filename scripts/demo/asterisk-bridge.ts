import { closeSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CALL_VARIABLE, readBridgeName, readCallNotes } from "../../bridge-agent/drivers/asterisk/names.ts";
import type { NumberPlan } from "../../simulators/bridge/machine.ts";
import { type Phone, Phones, type Plan } from "../../simulators/telephones/phones.ts";
import type { LocalRun } from "../local-run.ts";
import type { Act, FlowBridge, HeldCall } from "./flow-bridge.ts";

const plans: Readonly<Record<NumberPlan["outcome"], Plan>> = {
  answer: { outcome: "answer", ringMs: 50 },
  busy: { outcome: 486 },
  reject: { outcome: 603 },
  invalid: { outcome: 404 },
  "no-answer": { outcome: "ring" },
};
/** Until Asterisk counts a telephone as silent, and some more. */
const SILENT_AFTER_MS = 1_500;
const READY_WITHIN_MS = 10_000;

/** What a flow has that telephones cannot show, in words; `null`: nothing. */
export function cannotShow(happens: readonly string[]): string | null {
  if (happens.some((line) => line.startsWith("host ")))
    return "no telephone can lock or end a conference on Asterisk by its keys";
  if (happens.some((line) => /^bridge (delays|refuses)/.test(line)))
    return "Asterisk cannot be told to be slow, or to refuse";
  return null;
}

/** A real Asterisk, and real telephones around it. What the adapter has it do is read in the agent's log. */
export class AsteriskBridge implements FlowBridge {
  readonly sideBySide = true;
  readonly #run: LocalRun;
  readonly #phones: Phones;
  readonly #ari: { readonly url: string; readonly authorization: string };
  readonly #log: number;
  #read = 0;
  #unread = "";
  readonly #acts: Act[] = [];
  /** By the id of the channel. */
  readonly #callers = new Map<string, Phone>();

  private constructor(run: LocalRun, phones: Phones, { driver }: { driver: Readonly<Record<string, string>> }) {
    this.#run = run;
    this.#phones = phones;
    this.#ari = { url: `${driver.url}`, authorization: `Basic ${btoa(`${driver.user}:${driver.password}`)}` };
    this.#log = openSync(join(run.state, "logs", "agent.log"), "r");
    phones.otherwise = plans.answer;
  }

  static async start(run: LocalRun, sipp: string): Promise<AsteriskBridge> {
    const { telephones } = run;
    if (!telephones) throw new Error("this run has the simulated bridge");
    // The agent's log shall name the conference of each command as it is.
    const file = join(run.state, "agent.json");
    const settings = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...settings, logs: { personal: true } }));
    process.kill(run.pids().agent, "SIGHUP");
    const bridge = new AsteriskBridge(run, await Phones.start(sipp, telephones), settings);
    const isSaid = () => readFileSync(join(run.state, "logs", "agent.log"), "utf8").includes('"event":"settings"');
    for (const deadline = Date.now() + READY_WITHIN_MS; !isSaid(); await pause(10)) {
      if (Date.now() > deadline) throw new Error(`the agent does not take up its settings: see ${run.state}/logs`);
    }
    return bridge;
  }

  async callIn(from: string): Promise<string> {
    const phone = await this.#phones.dialIn(this.#run.telephones?.dialIn ?? "", from);
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
    this.#phones.plan(digits, plans[outcome]);
  }

  async held(confKey: string): Promise<readonly HeldCall[]> {
    const bridges = await this.#ask<readonly { name: string; channels: readonly string[] }[]>("/bridges");
    const rooms = bridges.flatMap(({ name, channels }) => {
      const room = readBridgeName(name);
      return room?.conference === confKey ? channels.map((id) => ({ id, room: room.room })) : [];
    });
    return Promise.all(
      rooms.map(async ({ id, room }) => {
        const notes = readCallNotes(await this.#variable(id, CALL_VARIABLE));
        return { id, room, muted: notes?.muted ?? false, joinTone: notes?.joinTone ?? false };
      }),
    );
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
      const outcome = result.done === true ? "done" : "refused";
      this.#acts.push({ n: this.#acts.length + 1, act, conference, call, room, outcome });
    }
    return this.#acts;
  }

  async hangUpAll(): Promise<void> {
    await this.#phones.hangUpAll();
  }

  async stop(): Promise<void> {
    await this.#phones.stop();
    closeSync(this.#log);
  }

  async #phoneOf(call: string): Promise<Phone> {
    const known = this.#callers.get(call);
    if (known) return known;
    const phone = this.#phones.ofCall(await this.#variable(call, "CHANNEL(pjsip,call-id)"));
    if (!phone) throw new Error(`there is no telephone in the call ${call}`);
    await phone.until("up");
    return phone;
  }

  async #variable(channel: string, name: string): Promise<string> {
    const path = `/channels/${encodeURIComponent(channel)}/variable?${new URLSearchParams({ variable: name })}`;
    return (await this.#ask<{ value: string }>(path)).value;
  }

  async #ask<Answer>(path: string): Promise<Answer> {
    const { url, authorization } = this.#ari;
    const answer = await fetch(`${url}${path}`, { headers: { authorization }, signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`Asterisk: GET ${path} → ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
