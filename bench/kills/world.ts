import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LocalRun } from "../../scripts/local-run.ts";
import type { ActEntry } from "../../simulators/bridge/machine.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { Request } from "../../simulators/webex/client.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { AsteriskBridge } from "../../test/asterisk/asterisk-bridge.ts";
import { PostgresOnTest } from "../../test/kit/postgres-on-test.ts";
import { AsteriskUnderTest } from "./asterisk-under-test.ts";
import type { Answer, PostedRequest } from "./judge.ts";
import type { Roster } from "./roster.ts";
import { SimulatedUnderTest } from "./simulated-under-test.ts";
import { Wire, Wires } from "./wire.ts";

const hosts = 3;
/** More than the meetings ever need. */
const simulatedPorts = 2_000;

/** The bridge, as a person at its telephones and one who looks into it have it. */
export interface BridgeUnderTest {
  /** A caller dials in and keys this, on a real bridge again while it has not entered; the id of the call. */
  callIn(from: string, keys: string, hasEntered: () => boolean): Promise<string>;
  /** Resolves when nobody tries to enter any more. */
  callersGaveUp?(): Promise<void>;
  /** Between two acts of a meeting, in ms: on telephones a caller needs seconds to key. Absent: 20 to 200. */
  readonly actsApartMs?: readonly [least: number, most: number];
  press(call: string, keys: string): Promise<void>;
  hangUp(call: string): Promise<void>;
  answersWith(digits: string, outcome: "answer" | "busy" | "no-answer", afterMs: number): Promise<void>;
  faults(faults: { readonly delayMs: number }): Promise<void>;
  /** The longest `delayMs`; absent: 1.5 s. */
  readonly slowAtMostMs?: number;
  state(): Promise<VisibleState>;
  /** As `state`, once nothing changes any more: real telephones hear who is muted. */
  stateAtRest?(): Promise<VisibleState>;
  acts(): Promise<readonly ActEntry[]>;
  /** Kills the bridge with all its calls; false: it is dead already. Absent: it is not killed. */
  kill?(): Promise<boolean>;
  /** What each life that was killed has carried out. */
  readonly earlierActs?: readonly (readonly ActEntry[])[];
  /** The numbers of the real telephones that are in a call. */
  readonly telephones?: readonly string[];
  stop?(): Promise<void>;
}

/** One of the two agents of the bridge, with wires of its own. */
export interface AgentUnderTest {
  /** 0 while there is none. */
  pid(): number;
  readonly toEdge: Wires;
  readonly toBridge: Wire;
}

/** Two edges over a database, each with a wire of its own to it. */
export interface PairUnderTest {
  readonly postgres: PostgresOnTest;
  readonly edges: readonly { pid(): number; readonly toDatabase: Wire }[];
}

/** The processes under test, the two sides that they connect, and all that these sides see. */
export class KillWorld {
  readonly run: LocalRun;
  readonly agents: readonly AgentUnderTest[];
  readonly bridge: BridgeUnderTest;
  /** `null`: there is one edge. */
  pair: PairUnderTest | null = null;
  readonly servers: readonly WebexServer[];
  readonly requests: PostedRequest[] = [];
  readonly rosters = new Map<ConfKey, Roster>();
  readonly dialled = new Map<string, string>();
  /** The numbers that were to be dialled: a bridge that was killed forgets which it has. */
  readonly askedNumbers: string[] = [];
  /** What was killed and when, a line each. */
  readonly timeline: string[] = [];
  /** ExtCallIDs of everybody who entered, by the notifications to any server. */
  readonly enteredCalls = new Set<ExtCallId>();
  /** The numbers of those who dialled in. */
  readonly callers: string[] = [];
  /** And of everybody who entered. */
  readonly enteredNumbers = new Set<string>();
  private readonly answered = new Map<string, Answer[]>();
  private readonly waiting = new Map<string, () => void>();
  private readonly allRosters = new Map<WebexHost, Roster[]>();
  private nextNumber = 1_000_000;
  private nextKey = 700_000_001;

  private constructor(run: LocalRun, agents: readonly AgentUnderTest[], bridge: BridgeUnderTest) {
    this.run = run;
    this.agents = agents;
    this.bridge = bridge;
    this.servers = Array.from({ length: hosts }, (_, index) => {
      const { adapterUrl } = run;
      const firstCall = (index + 1) * 1_000_000;
      // A post is repeated for a minute: some part is always away here.
      return new WebexServer({ adapterUrl, serverId: 10 + index, firstCall, attempts: 1_200, retryMs: 50 });
    });
  }

  /** `sipp`: on a real Asterisk, with this program's telephones; absent: on the simulated bridge. */
  static async start({
    sipp,
    edges = 1,
  }: {
    readonly sipp?: string | undefined;
    readonly edges?: number;
  } = {}): Promise<KillWorld> {
    // A host is away for a second at most, but the edge dies in between as well.
    const patient = { webex: { attempts: 20, retryDelaysMs: [0, 250, 500] } };
    const kind = sipp ? { bridge: "asterisk" as const } : { ports: simulatedPorts };
    const pair = edges === 2 ? await startPair() : null;
    const run = await LocalRun.start({ twoAgents: true, domain: patient, ...kind, ...(pair && { pair: pair.urls }) });
    const bridge = sipp
      ? new AsteriskUnderTest(await AsteriskBridge.start(run, sipp), run)
      : new SimulatedUnderTest(run);
    const agents = await wired(run);
    const world = new KillWorld(run, agents, bridge);
    if (pair) {
      const [one, other] = pair.wires;
      const ofEdges = [
        { pid: () => run.pids().edge, toDatabase: one },
        { pid: () => run.pids().edge2 ?? 0, toDatabase: other },
      ];
      world.pair = { postgres: pair.postgres, edges: ofEdges };
    }
    for (const server of world.servers) {
      await server.start();
      world.listen(server);
    }
    return world;
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop();
    for (const { toEdge, toBridge } of this.agents) {
      toEdge.stop();
      toBridge.stop();
    }
    await this.bridge.stop?.();
    await this.run.stop();
    for (const { toDatabase } of this.pair?.edges ?? []) toDatabase.stop();
    await this.pair?.postgres.stop();
  }

  readonly databaseBackAt: number[] = [];

  /** Keeps the whole logs and the timeline of the kills; returns the folder. */
  keepLogs(): string {
    const folder = mkdtempSync(join(tmpdir(), "bridgehead-kills-"));
    const logs = join(this.run.state, "logs");
    if (existsSync(logs)) cpSync(logs, folder, { recursive: true });
    writeFileSync(join(folder, "kills.txt"), this.timeline.join("\n"));
    return folder;
  }

  newKey(): ConfKey {
    return String(this.nextKey++) as ConfKey;
  }

  /** Local digits that no other caller has. */
  newNumber(): string {
    return String(this.nextNumber++);
  }

  /** A caller with a number of its own dials in, and keys the conference and an attendee ID. */
  async callIn(confKey: ConfKey): Promise<{ readonly number: string; readonly call: string }> {
    const local = this.newNumber();
    const number = `1408${local}`;
    this.callers.push(number);
    const hasEntered = () => this.enteredNumbers.has(number);
    return { number, call: await this.bridge.callIn(number, `${confKey}#${local}#`, hasEntered) };
  }

  /** The rosters of all TSP servers, replaced ones included. */
  get everyRoster(): readonly Roster[] {
    return [...this.allRosters.values()].flat();
  }

  /** Keeps the roster by what this server receives about a conference under the roster's ExtConfID. */
  follow(server: WebexServer, confKey: ConfKey, roster: Roster): void {
    this.allRosters.set(server.host, [...(this.allRosters.get(server.host) ?? []), roster]);
    this.rosters.set(confKey, roster);
  }

  /** Posts until it is confirmed; `twice`: once more, as if the Confirmation had been lost. */
  async post(
    server: WebexServer,
    confKey: ConfKey,
    { withinMs, twice }: { readonly withinMs: number; readonly twice: boolean },
    ...messages: (Request & { msgId: MsgId })[]
  ): Promise<PostedRequest[]> {
    const confirmed = await server.client.post(...messages);
    const { result } = twice ? await server.client.repeat(confirmed) : confirmed;
    const types = messages.map(({ type }) => type);
    if (result !== 0) throw new Error(`${types.join(", ")} was confirmed with Result ${result} instead of 0`);
    const replyTo = server.host;
    const confirmedAt = Date.now();
    const requests = messages.map((message) => {
      const { msgId, type } = message;
      const extCallId = message.type === "call-out" ? message.extCallId : null;
      return { msgId, type, confKey, replyTo, confirmedAt, withinMs, extCallId, excused: false };
    });
    this.requests.push(...requests);
    return requests;
  }

  answers(host: WebexHost, msgId: MsgId): readonly Answer[] {
    return this.answered.get(`${host} ${msgId}`) ?? [];
  }

  /** Resolves with the first answer, or with nothing when it is overdue by 10 s. */
  async answerTo({ replyTo, msgId, withinMs }: PostedRequest): Promise<Answer | undefined> {
    const key = `${replyTo} ${msgId}`;
    if (!this.answered.has(key)) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, withinMs + 10_000);
        this.waiting.set(key, () => {
          clearTimeout(timer);
          done();
        });
      });
    }
    return this.answered.get(key)?.[0];
  }

  /** The bridge lists only the last thousand calls that ended. */
  async noteDialled(): Promise<void> {
    const { calls } = await this.bridge.state();
    for (const { id, direction, number } of calls) if (direction === "out") this.dialled.set(id, number);
  }

  private listen(server: WebexServer): void {
    server.onMessage = ({ at, message }) => {
      for (const roster of this.allRosters.get(server.host) ?? []) roster.receive(message);
      if (!("result" in message) || message.msgId === undefined) return;
      const key = `${server.host} ${message.msgId}`;
      this.answered.set(key, [...(this.answered.get(key) ?? []), { at, result: String(message.result) }]);
      this.waiting.get(key)?.();
      this.waiting.delete(key);
    };
    server.onNaming = (extCallId, message) => {
      this.enteredCalls.add(extCallId);
      if (message.did) this.enteredNumbers.add(message.did);
      for (const roster of this.allRosters.get(server.host) ?? []) roster.enter(message, extCallId);
    };
  }
}

/** Leads the connections of both agents through wires. */
async function wired(run: LocalRun): Promise<readonly AgentUnderTest[]> {
  const { driver } = JSON.parse(readFileSync(join(run.state, "agent.json"), "utf8"));
  const url = new URL(driver.url);
  const one = async (name: string, pid: () => number) => {
    const edges = run.balancer ? run.edgeUrls : [run.edgeUrl];
    const wires = edges.map((edge) => new Wire(Number(new URL(edge).port)));
    const toBridge = new Wire(Number(url.port));
    const edgePorts = await Promise.all(wires.map((wire) => wire.start()));
    return { name, pid, toEdge: new Wires(wires), toBridge, edgePorts, bridgePort: await toBridge.start() };
  };
  const agents = [await one("agent-1", () => run.pids().agent), await one("agent-2", () => run.secondAgent?.pid ?? 0)];
  await run.changeAgents((settings) => {
    const { edgePorts, bridgePort } = agents.find(({ name }) => name === settings.agent) as (typeof agents)[number];
    const wire = Object.assign(new URL(url), { port: String(bridgePort) });
    return {
      ...settings,
      edge: edgePorts.map((port) => `ws://127.0.0.1:${port}`),
      driver: { ...settings.driver, url: wire.href },
    };
  });
  while (agents.some(({ toEdge, toBridge }) => toEdge.connections === 0 || toBridge.connections === 0)) await pause(20);
  return agents;
}

async function startPair() {
  const postgres = await PostgresOnTest.start();
  const url = new URL(postgres.url);
  const wires = [new Wire(Number(url.port)), new Wire(Number(url.port))] as const;
  const ports = await Promise.all(wires.map((wire) => wire.start()));
  const [one = "", other = ""] = ports.map((port) => Object.assign(new URL(url), { port: String(port) }).href);
  return { postgres, wires, urls: [one, other] as const };
}
