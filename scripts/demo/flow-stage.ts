import { setTimeout as pause } from "node:timers/promises";
import { type ReceivedMessage, WebexServer } from "../../simulators/webex/server.ts";
import type { TransId } from "../../src/foundation/ids.ts";
import { BridgeControl } from "../bridge-control.ts";
import type { BackEnd } from "./back-end.ts";
import { FlowNames, serverNamedIn } from "./flow-names.ts";
import { countOf, type Flow, laneOf, type Step, sameByLane, shortened } from "./flow-text.ts";
import type { SequenceDiagram } from "./sequence-diagram.ts";
import { Telephones } from "./telephones.ts";

/** The processes that a flow is played against. */
export interface FlowSystem {
  readonly edgeUrl: string;
  readonly adapterUrl: string;
  readonly bridgeUrl: string;
  readonly agentUrl: string;
  readonly token: string;
  readonly backEnd: BackEnd;
}

/** A step as it came out. */
export interface Played {
  readonly step: Step;
  readonly came: readonly string[];
  readonly asExpected: boolean;
}

const patienceMs = 10_000;
/** How long nothing more may come, where nothing says how much is to come. */
const quietMs = 150;
/** Most messages in one transaction (protocol 1.3). */
const maxTogether = 50;

const givenCreate: Step = {
  does: ["W→A W2A_CreateConference MsgID=1"],
  expected: [
    "A→B create-conference",
    "A→W tsp1 A2W_RspCreateConference MsgID=1 Result=0 ConfKey=KEY ExtConfID=1001",
    "A→W tsp1 A2W_NotifyConferenceChange ExtConfID=1001 Status=0",
  ],
};
const endOfFlow: Step = { does: ["the flow is over"], expected: [] };

/** One flow on its stage: plays the steps one by one, each until all that is expected has come. */
export class FlowStage {
  private readonly system: FlowSystem;
  private readonly diagram: SequenceDiagram | null;
  private readonly bridge: BridgeControl;
  private readonly names = new FlowNames();
  private readonly telephones: Telephones;
  private readonly servers = new Map<string, WebexServer>();
  private readonly together = new Map<TransId, number>();
  /** What followed and was not expected yet. */
  private came: string[] = [];
  private lastCame = Date.now();
  private actsSeen = 0;

  constructor(system: FlowSystem, diagram: SequenceDiagram | null) {
    this.system = system;
    this.diagram = diagram;
    this.bridge = new BridgeControl(system.bridgeUrl);
    this.telephones = new Telephones(this.bridge, this.names);
  }

  /** Stops at the first step that came out otherwise; with `write`, takes down whatever comes. */
  async play(flow: Flow, write = false): Promise<readonly Played[]> {
    const played: Played[] = [];
    await this.openServer("tsp1");
    this.actsSeen = (await this.bridge.acts()).length;
    this.system.backEnd.onPost = (body) => this.clientData(body);
    try {
      for (const step of flow.steps) {
        const came = await this.playStep(step, write);
        const asExpected = write || sameByLane(came, step.expected);
        played.push({ step, came, asExpected });
        if (!asExpected) return played;
      }
      await this.quiet();
      if (this.came.length > 0) played.push({ step: endOfFlow, came: this.came, asExpected: false });
      return played;
    } finally {
      await this.telephones.mend();
      for (const server of this.servers.values()) await server.stop();
    }
  }

  private async playStep(step: Step, write: boolean): Promise<readonly string[]> {
    const [first = ""] = step.does;
    if (first === "given a running conference") {
      const came = await this.playStep(givenCreate, false);
      return sameByLane(came, givenCreate.expected) ? [] : came;
    }
    if (first === "bridge holds") return this.bridgeHolds(step.expected, write);
    if (first.startsWith("W→A ")) await this.post([first.slice(4), ...step.does.slice(1)]);
    else await Promise.all(step.does.map((line) => this.do(line)));

    if (write) await this.quiet();
    else await this.until(() => this.hasCome(step.expected));
    if (step.expected.length === 0) await this.edgeKnows();
    await this.allNamed();
    const came = shortened(this.came);
    this.came = [];
    return came;
  }

  private async do(line: string): Promise<void> {
    const [who = "", word = "", ...words] = line.split(" ");
    const rest = words.join(" ");
    this.diagram?.event(line);
    if (/^\d+$/.test(who)) return this.telephones.dialInMany(Number(who), rest.replace("dial ", ""));
    switch (who) {
      case "phone":
        // A dialled call has its name from the act that dialled it.
        await this.until(() => rest.startsWith("dials") || this.names.idOf(word) !== undefined);
        return this.telephones.phone(word, rest);
      case "host":
        return this.telephones.host(word);
      case "number":
        return this.telephones.number(word, rest);
      case "bridge":
        return this.bridge.faults(word === "delays" ? { delayMs: Number(words[0]) } : { refuse: words as never });
      case "time":
        return pause(Number(word) * 1_000);
      case "operator":
        return this.operator(word, words[0] ?? "", words.slice(1).join(" "));
      default:
        if (line.endsWith(" is gone")) return this.servers.get(who)?.stop();
        throw new Error(`no such line in a flow: ${line}`);
    }
  }

  /** Posts one document, from the server that its first message names. */
  private async post(texts: readonly string[]): Promise<void> {
    for (const text of texts) this.diagram?.arrow("WebEx", "Adapter", forDiagram(text));
    const { client } = await this.openServer(serverNamedIn(texts[0] ?? ""));
    const transId = client.transId();
    const elements = texts.map((text) => this.names.element(text, () => client.msgId()));
    const body = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${elements.join("")}</WbxTSPSchema>`;
    const { result } = await client.repeat({ transId, body, result: 0 });
    if (result !== 0) this.note(`confirmed Result=${result}`);
  }

  private async operator(method: string, path: string, body: string): Promise<void> {
    const url = `${this.system.edgeUrl}/api/v1/domains/local/conferences/${this.names.confKey}/${path}`;
    const headers = { authorization: `Bearer ${this.system.token}`, "content-type": "application/json" };
    const { status } = await fetch(url, { method, headers, body });
    this.note(`answered ${status}`);
  }

  private async bridgeHolds(expected: readonly string[], write: boolean): Promise<string[]> {
    if (write) await this.quiet();
    let held: string[] = [];
    await this.until(async () => {
      held = await this.telephones.held();
      return write || held.join() === expected.join();
    });
    return held;
  }

  private async openServer(name: string): Promise<WebexServer> {
    const known = this.servers.get(name);
    if (known) return known;
    const { adapterUrl } = this.system;
    const server = new WebexServer({ adapterUrl, serverId: 10 + this.servers.size, firstCall: 1 });
    await server.start();
    server.onMessage = (heard) => this.heard(name, heard, server.posts.at(-1) ?? "");
    server.onNaming = (extCallId) =>
      this.diagram?.arrow("WebEx", "Adapter", `W2A_RspNotifyUserEnter ExtCallID=${extCallId}`);
    this.servers.set(name, server);
    this.names.give(server.host, name);
    return server;
  }

  private heard(server: string, { at, transId, message }: ReceivedMessage, document: string): void {
    const together = (this.together.get(transId) ?? 0) + 1;
    this.together.set(transId, together);
    if (together > maxTogether) this.note(`A→W ${server} a transaction of more than ${maxTogether} messages`);
    const text = `${server} ${this.names.line(document, message.msgId ?? "")}`;
    this.diagram?.arrow("Adapter", "WebEx", forDiagram(text), at);
    this.note(`A→W ${text}`);
  }

  private clientData(body: string): void {
    this.diagram?.arrow("Adapter", "Bridge", `client back end: ${this.names.short(body)}`);
    this.note(`A→client ${this.names.short(body)}`);
  }

  private async lookAtActs(): Promise<void> {
    const { names } = this;
    const acts = await this.bridge.acts();
    for (const { n, act, call, room, conference, outcome } of acts.slice(this.actsSeen)) {
      this.actsSeen = n;
      if (conference !== names.confKey) continue;
      if (act === "dial" && call !== null) names.giveNext(call, "o");
      if (room !== null && room !== "main") names.giveNext(room, "r");
      const words = [act, call && names.nameOf(call), room && names.nameOf(room), outcome === "refused" && "refused"];
      const text = words.filter(Boolean).join(" ");
      this.diagram?.arrow("Adapter", "Bridge", text);
      this.note(`A→B ${text}`);
    }
  }

  private note(line: string): void {
    this.came.push(line);
    this.lastCame = Date.now();
  }

  private hasCome(expected: readonly string[]): boolean {
    const inLane = (lines: readonly string[], lane: string) => lines.filter((line) => laneOf(line) === lane);
    return expected.map(laneOf).every((lane) => {
      const wanted = inLane(expected, lane).reduce((sum, line) => sum + countOf(line), 0);
      return inLane(this.came, lane).length >= wanted;
    });
  }

  /** What shows nowhere outside must still have arrived before the next step: the agent has nothing left to tell. */
  private async edgeKnows(): Promise<void> {
    await pause(100);
    await this.until(async () => {
      const status: { untold: number } = await (await fetch(`${this.system.agentUrl}/status`)).json();
      return status.untold === 0;
    });
  }

  private async allNamed(): Promise<void> {
    for (const server of this.servers.values()) await server.allNamed();
  }

  private async quiet(): Promise<void> {
    const since = Date.now();
    await this.until(() => Date.now() - Math.max(since, this.lastCame) > quietMs);
    await this.allNamed();
  }

  private async until(there: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      await this.lookAtActs();
      if (await there()) return;
      await pause(5);
    }
  }
}

/** What nobody looks for is left out. */
function forDiagram(text: string): string {
  return text.replace(/ (ParticipantType=2|ActionResult=0|MsgID=\S+|ExtConfID=1001|DID=\S+|ConfKey=KEY)|^tsp1 /g, "");
}
