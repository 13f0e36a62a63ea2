import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type Heard, WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, MsgId, TransId } from "../src/foundation/ids.ts";
import { createCodec } from "../src/tsp/codec.ts";
import type { ToWebex } from "../src/tsp/messages.ts";
import { escapeXml } from "../src/tsp/xml-escape.ts";
import { BridgeControl } from "./bridge-control.ts";
import { countOf, type Flow, laneOf, type Step, shortened } from "./flow-text.ts";
import type { SequenceDiagram } from "./sequence-diagram.ts";

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
const outcomes = {
  answers: "answer",
  "is busy": "busy",
  rejects: "reject",
  "is invalid": "invalid",
  "never answers": "no-answer",
} as const;

let nextKey = 600_000_000 + (Date.now() % 100_000_000);

/** One flow on its stage: plays the steps one by one, each until all that is expected has come. */
export class FlowStage {
  private readonly confKey = String(nextKey++) as ConfKey;
  private readonly system: FlowSystem;
  private readonly bridge: BridgeControl;
  private readonly diagram: SequenceDiagram | null;
  private readonly servers = new Map<string, WebexServer>();
  private readonly codec = createCodec({});
  /** What followed and was not expected yet. */
  private came: string[] = [];
  private lastCame = Date.now();
  private actsSeen = 0;
  private dialIns = 0;
  /** What differs from run to run → its name in the flow. */
  private readonly names = new Map<string, string>();
  private readonly msgIds = new Map<string, string>();
  private readonly perTransaction = new Map<TransId, number>();
  private readonly numbersSet = new Set<string>();

  constructor(system: FlowSystem, diagram: SequenceDiagram | null) {
    this.system = system;
    this.bridge = new BridgeControl(system.bridgeUrl);
    this.diagram = diagram;
  }

  /** Stops at the first step that came out otherwise; with `write`, takes down whatever comes. */
  async play(flow: Flow, write = false): Promise<readonly Played[]> {
    const played: Played[] = [];
    await this.server("tsp1");
    this.actsSeen = (await this.bridge.acts()).length;
    this.system.backEnd.onPost = (body) => {
      this.diagram?.arrow("Adapter", "Bridge", `client back end: ${this.shortNames(body)}`);
      this.note(`A→client ${this.shortNames(body)}`);
    };
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
      await this.bridge.faults({});
      for (const number of this.numbersSet) await this.bridge.answersWith(number, "answer");
      for (const server of this.servers.values()) await server.stop();
    }
  }

  private async playStep({ does, expected }: Step, write: boolean): Promise<string[]> {
    const [first = ""] = does;
    if (first === "given a running conference") return this.given();
    if (first === "bridge holds") return this.bridgeHolds(expected, write);
    if (first.startsWith("W→A ")) await this.post([first.slice(4), ...does.slice(1)]);
    else await Promise.all(does.map((line) => this.do(line)));
    if (write) await this.quiet();
    else
      await this.until(() =>
        [...new Set(expected.map(laneOf))].every((lane) => this.cameIn(lane) >= countIn(expected, lane)),
      );
    if (expected.length === 0) await this.edgeKnows();
    await this.named();
    return this.take();
  }

  private async do(line: string): Promise<void> {
    const [who = "", ...words] = line.split(" ");
    const rest = words.join(" ");
    if (who !== "operator") this.diagram?.event(line);
    if (/^\d+$/.test(who)) {
      for (let n = 1; n <= Number(who); n++)
        await this.dialIn(rest.replace("phones dial ", "").replace("N", String(n)));
      return;
    }
    switch (who) {
      case "phone":
        return this.phone(words[0] ?? "", words.slice(1).join(" "));
      case "host":
        return rest === "ends" ? this.bridge.end(this.confKey) : this.bridge.lock(this.confKey, rest === "locks");
      case "number": {
        const [digits = "", ...how] = words;
        this.numbersSet.add(digits);
        return this.bridge.answersWith(digits, outcomes[how.join(" ") as keyof typeof outcomes]);
      }
      case "bridge":
        if (rest.startsWith("delays ")) return this.bridge.faults({ delayMs: Number(words[1]) });
        return this.bridge.faults({ refuse: words.slice(1) as never });
      case "time":
        return pause(Number(words[0]) * 1_000);
      case "operator":
        return this.operator(words[0] ?? "", words[1] ?? "", words.slice(2).join(" "));
      default:
        if (rest === "is gone") return this.servers.get(who)?.stop();
        throw new Error(`no such line in a flow: ${line}`);
    }
  }

  private async phone(name: string, does: string): Promise<void> {
    const [verb = "", ...rest] = does.split(" ");
    if (verb === "dials") return this.dialIn(rest.join(" "));
    const call = await this.callNamed(name);
    if (verb === "keys") return this.bridge.press(call, rest.join(" ").replace("KEY", this.confKey));
    if (verb === "hangs") return this.bridge.hangUp(call);
    return this.bridge.talk(call, verb === "talks");
  }

  private async dialIn(keys: string): Promise<void> {
    const number = `140855501${String(++this.dialIns).padStart(2, "0")}`;
    const name = `c${this.dialIns}`;
    this.names.set(await this.bridge.callIn(number, keys.replace("KEY", this.confKey)), name);
  }

  /** A dialled call has its name from the act that dialled it. */
  private async callNamed(name: string): Promise<string> {
    const find = () => [...this.names].find(([, given]) => given === name)?.[0];
    await this.until(() => find() !== undefined);
    const call = find();
    if (call === undefined) throw new Error(`there is no call ${name}`);
    return call;
  }

  private async operator(method: string, path: string, body: string): Promise<void> {
    const url = `${this.system.edgeUrl}/api/v1/domains/local/conferences/${this.confKey}/${path}`;
    const headers = { authorization: `Bearer ${this.system.token}`, "content-type": "application/json" };
    this.diagram?.event(`operator: ${method} ${path}`);
    const answer = await fetch(url, { method, headers, body });
    this.note(`answered ${answer.status}`);
  }

  private async given(): Promise<string[]> {
    await this.post(["W2A_CreateConference MsgID=1"]);
    await this.until(() => this.cameIn("A→W") >= 2 && this.cameIn("A→B") >= 1);
    const came = this.take();
    const wanted = [
      "A→B create-conference",
      "A→W tsp1 A2W_RspCreateConference MsgID=1 Result=0 ConfKey=KEY ExtConfID=1001",
      "A→W tsp1 A2W_NotifyConferenceChange ExtConfID=1001 Status=0",
    ];
    return sameByLane(came, wanted) ? [] : came;
  }

  private async bridgeHolds(expected: readonly string[], write: boolean): Promise<string[]> {
    let held: string[] = [];
    const look = async () => {
      const { calls } = await this.bridge.state();
      const ours = calls.filter((call) => call.conference === this.confKey && call.state === "in-conference");
      const lines = ours.map((call) => {
        const marks = [call.muted && "muted", !call.joinTone && "no tone"].filter(Boolean);
        return [`${this.nameOf(call.id)} in ${this.nameOf(call.room ?? "")}`, ...marks].join(", ");
      });
      held = shortened(lines.sort());
      return write || held.join() === expected.join();
    };
    if (write) await this.quiet();
    await this.untilAsync(look);
    return held;
  }

  /** Posts one document. */
  private async post(texts: readonly string[]): Promise<void> {
    const [sender] = this.servers.values();
    if (!sender) throw new Error("a flow has at least one TSP server");
    const elements = await Promise.all(texts.map((text) => this.element(text)));
    const transId = sender.client.transId();
    const body = `<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>${transId}</TransID>${elements.join("")}</WbxTSPSchema>`;
    for (const text of texts) this.diagram?.arrow("WebEx", "Adapter", forDiagram(text));
    const { result } = await sender.client.repeat({ transId, body, result: 0 });
    if (result !== 0) this.note(`confirmed Result=${result}`);
  }

  private async element(text: string): Promise<string> {
    const [element = "", ...words] = text.split(" ");
    const given = Object.fromEntries(words.map((word) => word.split(/=(.*)/).slice(0, 2) as [string, string]));
    const { Number: number = "14085550123", ...attributes } = {
      WbxHostName: "tsp1",
      ExtConfID: "1001",
      ...(element === "W2A_CreateConference" && { ConfKey: "KEY" }),
      ...(element === "W2A_Callout" && { Privilege: "0" }),
      ...given,
    };
    const { host } = await this.server(attributes.WbxHostName);
    const real: Record<string, string> = {
      ...attributes,
      WbxHostName: host,
      ExtConfID: this.extConfId(attributes.ExtConfID),
    };
    if (real.ConfKey) real.ConfKey = this.confKey;
    if (real.MsgID) real.MsgID = this.msgId(real.MsgID);
    const written = Object.entries(real).map(([name, value]) => ` ${name}="${escapeXml(value)}"`);
    return `<${element}${written.join("")}>${element === "W2A_Callout" ? phoneElement(number) : ""}</${element}>`;
  }

  private async server(name: string): Promise<WebexServer> {
    const known = this.servers.get(name);
    if (known) return known;
    const serverId = 10 + this.servers.size;
    const server = new WebexServer({ adapterUrl: this.system.adapterUrl, serverId, firstCall: 1 });
    await server.start();
    server.onMessage = (heard) => this.heard(name, heard);
    server.onNaming = (extCallId) =>
      this.diagram?.arrow("WebEx", "Adapter", `W2A_RspNotifyUserEnter ExtCallID=${extCallId}`);
    this.servers.set(name, server);
    this.names.set(server.host, name);
    return server;
  }

  private heard(server: string, { at, transId, message }: Heard): void {
    const together = (this.perTransaction.get(transId) ?? 0) + 1;
    this.perTransaction.set(transId, together);
    if (together > 50) this.note(`A→W ${server} a transaction of more than 50 messages`);
    const text = message.type === "unknown" ? `unknown ${message.element}` : this.written(message);
    const line = `A→W ${server} ${this.shortNames(text)}`;
    this.diagram?.arrow("Adapter", "WebEx", forDiagram(line.slice(4)), at);
    this.note(line);
  }

  /** Element and attributes as they stand in the document; our own MsgIDs, which nobody foresees, left out. */
  private written(message: ToWebex): string {
    const xml = this.codec.encode("1", [message]);
    const [, element = "", attributes = ""] = /<\/TransID><(\w+)([^>]*)>/.exec(xml) ?? [];
    const label = [...this.msgIds].find(([, real]) => real === message.msgId)?.[0];
    const msgId = label ? ` MsgID=${label}` : "";
    return `${element}${attributes.replace(/ MsgID="[^"]*"/, msgId).replaceAll('"', "")}`;
  }

  private async lookAtActs(): Promise<void> {
    const acts = await this.bridge.acts();
    for (const { n, act, call, room, conference, outcome } of acts.slice(this.actsSeen)) {
      this.actsSeen = n;
      if (conference !== this.confKey) continue;
      if (act === "dial" && call !== null) this.giveName(call, "o");
      if (room !== null && room !== "main") this.giveName(room, "r");
      const words = [act, call && this.nameOf(call), room && this.nameOf(room), outcome === "refused" && "refused"];
      const text = words.filter(Boolean).join(" ");
      this.diagram?.arrow("Adapter", "Bridge", text);
      this.note(`A→B ${text}`);
    }
  }

  private note(line: string): void {
    this.came.push(line);
    this.lastCame = Date.now();
  }

  private take(): string[] {
    const taken = shortened(this.came);
    this.came = [];
    return taken;
  }

  private cameIn(lane: string): number {
    return this.came.filter((line) => laneOf(line) === lane).length;
  }

  /** What shows nowhere outside must still have arrived before the next step: the agent has nothing left to tell. */
  private async edgeKnows(): Promise<void> {
    await pause(100);
    await this.untilAsync(async () => {
      const status: { untold: number } = await (await fetch(`${this.system.agentUrl}/status`)).json();
      return status.untold === 0;
    });
  }

  private async named(): Promise<void> {
    for (const server of this.servers.values()) await server.namingsDone();
  }

  private async quiet(): Promise<void> {
    const since = Date.now();
    await this.until(() => Date.now() - Math.max(since, this.lastCame) > quietMs);
    await this.named();
  }

  private until(there: () => boolean): Promise<void> {
    return this.untilAsync(async () => there());
  }

  private async untilAsync(there: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      await this.lookAtActs();
      if (await there()) return;
      await pause(5);
    }
  }

  private msgId(label: string): MsgId {
    const [server] = this.servers.values();
    const real = this.msgIds.get(label) ?? server?.client.msgId() ?? label;
    this.msgIds.set(label, real);
    return real as MsgId;
  }

  private extConfId(label: string): string {
    return `${this.confKey}-${label}`;
  }

  private giveName(id: string, letter: string): void {
    const taken = [...this.names.values()].filter((name) => name.startsWith(letter)).length;
    if (!this.names.has(id)) this.names.set(id, `${letter}${taken + 1}`);
  }

  private nameOf(id: string): string {
    return this.names.get(id) ?? id;
  }

  private shortNames(text: string): string {
    let short = text.replaceAll(`${this.confKey}-`, "").replaceAll(this.confKey, "KEY");
    for (const [id, name] of this.names) short = short.replaceAll(id, name);
    return short;
  }
}

/** What the partner's own servers are posted: the data of clients. */
export class BackEnd {
  onPost: (body: string) => void = () => {};
  private readonly server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end();
    this.onPost(body);
  });

  async start(): Promise<string> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/passthrough`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const endOfFlow: Step = { does: ["the flow is over"], expected: [] };

function sameByLane(came: readonly string[], expected: readonly string[]): boolean {
  const byLane = (lines: readonly string[]) => lines.toSorted((a, b) => laneOf(a).localeCompare(laneOf(b))).join("\n");
  return byLane(came) === byLane(expected);
}

function countIn(lines: readonly string[], lane: string): number {
  return lines.filter((line) => laneOf(line) === lane).reduce((sum, line) => sum + countOf(line), 0);
}

/** What nobody looks for is left out. */
function forDiagram(text: string): string {
  return text.replace(
    / (ParticipantType=2|ActionResult=0|MsgID=\S+|ExtConfID=1001|DID=\S+|ConfKey=KEY|tsp1(?= A2W))/g,
    "",
  );
}

function phoneElement(digits: string): string {
  const [, country, area, local] = /^(\d)(\d{3})(\d+)$/.exec(digits) ?? [];
  return `<PhoneNum><CountryCode>${country}</CountryCode><AreaCode>${area}</AreaCode><LocalNumber>${local}</LocalNumber></PhoneNum>`;
}
