import { setTimeout as pause } from "node:timers/promises";
import type { AgentStatus } from "../../bridge-agent/core/agent.ts";
import { type ReceivedMessage, WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, MsgId, TransId } from "../../src/foundation/ids.ts";
import { ShortNames } from "../../test/transcripts/short-names.ts";
import {
  commandLine,
  documentOf,
  elementOf,
  postedLine,
  type Step,
  type Transcript,
} from "../../test/transcripts/transcript.ts";
import { countOf, gathered, isSame, isSettings, laneOf } from "./flow.ts";
import type { FlowSystem } from "./system.ts";
import { type FlowBridge, Telephones } from "./telephones.ts";

/** A step as it came out. */
export interface Played {
  readonly step: Step;
  readonly came: readonly string[];
  readonly asExpected: boolean;
}

const patienceMs = 10_000;
/** How long it must be quiet, when the flow does not say how much comes. */
const quietMs = 150;
/** Most messages in one transaction (protocol 1.3). */
const maxTogether = 50;

const givenCreate: Step = {
  happens: ["W→A W2A_CreateConference MsgID=1"],
  follows: [
    "A→B create-conference",
    "A→W tsp1 - A2W_RspCreateConference MsgID=1 Result=0",
    "A→W tsp1 1001 A2W_NotifyConferenceChange Status=0",
  ],
};
const endOfFlow: Step = { happens: ["the flow is over"], follows: [] };

let nextKey = 600_000_000 + (Date.now() % 100_000_000);

/** Plays one flow, step by step, each until all that is expected has come. */
export class FlowStage {
  readonly #system: FlowSystem;
  readonly #bridge: FlowBridge;
  readonly #names = new ShortNames();
  readonly confKey = String(nextKey++) as ConfKey;
  readonly #telephones: Telephones;
  readonly #servers = new Map<string, WebexServer>();
  /** A flow's name for a MsgID → the MsgID: `2` of WebEx; `n2`, where a person plays WebEx, of the adapter. */
  readonly #msgIds = new Map<string, MsgId>();
  #ownMsgIds = 0;
  /** Confirmations are compared, and callers are named by the lines of the flow. */
  #byHand = false;
  readonly #heardOf = new Map<TransId, number>();
  /** Everything since the last step, in the order in which it happened. */
  #came: string[] = [];
  #lastCame = Date.now();
  #actsSeen = 0;
  /** One observation after the other. */
  #observing: Promise<void> = Promise.resolve();

  constructor(system: FlowSystem) {
    this.#system = system;
    this.#bridge = system.bridge;
    this.#names.give(this.confKey, "KEY");
    this.#names.give(`${this.confKey}-`, "");
    this.#telephones = new Telephones(this.#bridge, this.#names, this.confKey);
  }

  /** Stops at the first step that came out otherwise. */
  async play(transcript: Transcript): Promise<readonly Played[]> {
    const played: Played[] = [];
    await this.#openServer("tsp1");
    this.#actsSeen = (await this.#bridge.acts()).length;
    this.#system.onClientData = (body) => this.#observe(`A→client ${body}`);
    try {
      for (const item of transcript.slice(1)) {
        if (typeof item === "string") continue;
        const came = await this.#playStep(item);
        const asExpected = isSame(came, item.follows, this.#bridge.sideBySide);
        played.push({ step: item, came, asExpected });
        if (!asExpected) return played;
      }
      await this.#quiet();
      if (this.#came.length > 0) played.push({ step: endOfFlow, came: this.#came, asExpected: false });
      return played;
    } finally {
      await this.#telephones.mend();
      for (const server of this.#servers.values()) await server.stop();
      await this.#bridge.hangUpAll?.();
    }
  }

  async #playStep(step: Step): Promise<readonly string[]> {
    const [first = ""] = step.happens;
    if (isSettings(step.happens)) return [];
    if (first === "given WebEx by hand") {
      this.#byHand = true;
      for (const server of this.#servers.values()) server.namesCallers = false;
      return [];
    }
    if (first === "given a running conference") {
      const came = await this.#playStep(givenCreate);
      return isSame(came, givenCreate.follows, this.#bridge.sideBySide) ? [] : came;
    }
    if (first === "bridge holds") return this.#bridgeHolds(step.follows);
    if (first.startsWith("W→A ")) await this.#post([first.slice("W→A ".length), ...step.happens.slice(1)]);
    else await Promise.all(step.happens.map((line) => this.#do(line)));

    await this.#until(() => this.#hasCome(step.follows));
    if (!step.follows.some((line) => line.startsWith("A→W"))) await this.#edgeKnows();
    await this.#allNamed();
    const came = gathered(this.#came);
    this.#came = [];
    return came;
  }

  async #do(line: string): Promise<void> {
    const [who = "", word = "", ...words] = line.split(" ");
    const rest = words.join(" ");
    if (/^\d+$/.test(who)) return this.#telephones.dialInMany(Number(who), rest.replace("dial ", ""));
    switch (who) {
      case "phone":
        // A dialled call has its name from the act that dialled it.
        await this.#until(() => rest.startsWith("dials") || this.#names.idOf(word) !== undefined);
        return this.#telephones.phone(word, rest);
      case "host":
        return this.#telephones.host(word);
      case "number":
        return this.#telephones.number(word, rest);
      case "bridge":
        return this.#bridge.faults?.(word === "delays" ? { delayMs: Number(words[0]) } : { refuse: words as never });
      case "time":
        return pause(Number(word) * 1_000);
      case "operator":
        return this.#operator(word, words[0] ?? "", words.slice(1).join(" "));
      default:
        if (line.endsWith(" is gone")) return this.#servers.get(who)?.stop();
        throw new Error(`no such line in a flow: ${line}`);
    }
  }

  /** Posts one document, from the server that its first message names. */
  async #post(texts: readonly string[]): Promise<void> {
    const { client } = await this.#openServer(/ WbxHostName=(\S+)/.exec(texts[0] ?? "")?.[1] ?? "tsp1");
    const transId = client.transId();
    const elements = texts.map((text) =>
      elementOf(text, (name, value) => this.#real(name, value, () => client.msgId())),
    );
    await client.repeat({ transId, body: documentOf(transId, elements), result: 0 });
  }

  #real(attribute: string, value: string, newMsgId: () => MsgId): string {
    if (attribute === "ExtConfID") return `${this.confKey}-${value}`;
    if (attribute !== "MsgID") return this.#names.idOf(value) ?? value;
    const msgId = this.#msgIds.get(value) ?? newMsgId();
    this.#msgIds.set(value, msgId);
    return msgId;
  }

  async #operator(method: string, path: string, body: string): Promise<void> {
    const { run } = this.#system;
    const url = `${run.edgeUrl}/api/v1/domains/local/conferences/${this.confKey}/${path}`;
    const headers = { authorization: `Bearer ${run.operatorToken()}`, "content-type": "application/json" };
    const { status } = await fetch(url, { method, headers, body });
    await this.#observe(`answered ${status}`);
  }

  async #bridgeHolds(expected: readonly string[]): Promise<string[]> {
    let held: string[] = [];
    await this.#until(async () => {
      held = await this.#telephones.held();
      return held.join() === expected.join();
    });
    return held;
  }

  async #openServer(name: string): Promise<WebexServer> {
    const known = this.#servers.get(name);
    if (known) return known;
    const { adapterUrl } = this.#system.run;
    // ExtCallIDs 1, 2, 3 … of tsp1, 1001, 1002 … of tsp2: no two calls of a conference are named alike.
    const firstCall = 1 + 1_000 * this.#servers.size;
    const server = new WebexServer({ adapterUrl, serverId: 10 + this.#servers.size, firstCall });
    server.namesCallers = !this.#byHand;
    await server.start();
    server.onMessage = (received) => this.#heard(name, received, server.posts.at(-1) ?? "");
    server.client.onConfirmation = (result) => this.#confirmation(`A→W ${name} -`, result);
    this.#servers.set(name, server);
    this.#names.give(server.host, name);
    return server;
  }

  #heard(server: string, { transId, message }: ReceivedMessage, document: string): void {
    const [, element = "", attributes = ""] =
      new RegExp(`<(\\w+)([^>]* MsgID="${message.msgId}"[^>]*)>`).exec(document) ?? [];
    const { msgId } = message;
    const isNew = msgId !== undefined && ![...this.#msgIds.values()].includes(msgId);
    if (this.#byHand && isNew) this.#msgIds.set(`n${++this.#ownMsgIds}`, msgId);
    const label = [...this.#msgIds].find(([, real]) => real === message.msgId)?.[0];
    const known = attributes.replace(/ MsgID="[^"]*"/, label === undefined ? "" : ` MsgID="${label}"`);
    this.#observe(this.#names.shorten(postedLine(server, element, known)));

    const together = (this.#heardOf.get(transId) ?? 0) + 1;
    this.#heardOf.set(transId, together);
    if (together > maxTogether) this.#observe(`a transaction of more than ${maxTogether} messages`);
    if (together === document.split(' MsgID="').length - 1) this.#confirmation("W→A", 0);
  }

  #confirmation(to: string, result: number): void {
    if (result !== 0 || this.#byHand) this.#observe(`${to} Confirmation Result=${result}`);
  }

  /**
   * Notes something that happened. The bridge lists its acts only on request, so the stage asks for them before it notes
   * anything else: then all stand in the order in which they happened.
   */
  #observe(line: string): Promise<void> {
    this.#lastCame = Date.now();
    this.#observing = this.#observing.then(async () => {
      await this.#lookAtActs();
      this.#note(this.#names.shorten(line));
    });
    return this.#observing;
  }

  async #lookAtActs(): Promise<void> {
    const acts = await this.#bridge.acts();
    for (const { n, act, call, room, conference, outcome } of acts.slice(this.#actsSeen)) {
      this.#actsSeen = n;
      if (conference !== this.confKey) continue;
      if (act === "dial" && call !== null) this.#names.giveNext(call, "o");
      if (room !== null && room !== "main") this.#names.giveNext(room, "r");
      const line = this.#names.shorten(commandLine(act, { call, room }));
      this.#note(outcome === "done" ? line : `${line} ${outcome}`);
    }
  }

  #note(line: string): void {
    this.#came.push(line);
    this.#lastCame = Date.now();
  }

  #hasCome(expected: readonly string[]): boolean {
    const inLane = (lines: readonly string[], lane: string) => lines.filter((line) => laneOf(line) === lane);
    return expected.map(laneOf).every((lane) => {
      const wanted = inLane(expected, lane).reduce((sum, line) => sum + countOf(line), 0);
      return inLane(this.#came, lane).length >= wanted;
    });
  }

  /** Waits until the agent has nothing left to report: some effects show nowhere outside, and the next step needs them. */
  async #edgeKnows(): Promise<void> {
    await pause(100);
    const isQuiet = await this.#until(async () => {
      const status: AgentStatus = await (await fetch(`${this.#system.run.agentUrl}/status`)).json();
      return status.unacknowledged === 0;
    });
    if (!isQuiet) throw new Error("the agent has reports that the edge does not acknowledge: see the logs");
  }

  async #allNamed(): Promise<void> {
    for (const server of this.#servers.values()) await server.allNamed();
  }

  async #quiet(): Promise<void> {
    const since = Date.now();
    await this.#until(() => Date.now() - Math.max(since, this.#lastCame) > quietMs);
    await this.#allNamed();
  }

  async #until(isThere: () => boolean | Promise<boolean>): Promise<boolean> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      this.#observing = this.#observing.then(() => this.#lookAtActs());
      await this.#observing;
      if (await isThere()) return true;
      await pause(5);
    }
    return false;
  }
}
