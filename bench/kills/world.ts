import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BridgeControl } from "../../scripts/bridge-control.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import type { Request } from "../../simulators/webex/client.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { Answer, Asked } from "./judge.ts";
import type { Roster } from "./roster.ts";
import { Wire } from "./wire.ts";

const hosts = 3;

/** One of the two agents of the bridge, each with wires of its own. */
export interface AgentUnderTest {
  /** 0 while there is none. */
  pid(): number;
  readonly toEdge: Wire;
  readonly toBridge: Wire;
}

/** The processes under test with both sides that they stand between, and all that these sides see. */
export class KillWorld {
  readonly run: LocalRun;
  readonly agents: readonly AgentUnderTest[];
  readonly bridge: BridgeControl;
  readonly servers: readonly WebexServer[];
  readonly asked: Asked[] = [];
  readonly rosters = new Map<ConfKey, Roster>();
  readonly dialled = new Map<string, string>();
  /** The called who entered, whichever server was told so. */
  readonly entered = new Set<ExtCallId>();
  private readonly answered = new Map<string, Answer[]>();
  private readonly waiting = new Map<string, () => void>();
  private readonly allRosters = new Map<WebexHost, Roster[]>();
  private nextNumber = 1_000_000;
  private nextKey = 700_000_001;

  private constructor(run: LocalRun, agents: readonly AgentUnderTest[]) {
    this.run = run;
    this.agents = agents;
    this.bridge = new BridgeControl(run.bridgeUrl);
    this.servers = Array.from({ length: hosts }, (_, index) => {
      const { adapterUrl } = run;
      const firstCall = (index + 1) * 1_000_000;
      // It goes on for a minute with a post that is not confirmed: some part is always away here.
      return new WebexServer({ adapterUrl, serverId: 10 + index, firstCall, attempts: 1_200, retryMs: 50 });
    });
  }

  static async start(): Promise<KillWorld> {
    // A host that is away for a second must be tried for longer, since the edge dies in between as well.
    const patient = { webex: { attempts: 20, retryDelaysMs: [0, 250, 500] } };
    const run = await LocalRun.start({ twoAgents: true, domain: patient });
    const agents = [
      await wire(run, "agent.json", () => run.pids().agent),
      await wire(run, "agent-2.json", () => run.secondAgent?.pid ?? 0),
    ];
    const world = new KillWorld(run, agents);
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
    await this.run.stop();
  }

  newKey(): ConfKey {
    return String(this.nextKey++) as ConfKey;
  }

  /** Local digits that no other caller has. */
  newNumber(): string {
    return String(this.nextNumber++);
  }

  /** Whatever a TSP server was told, of those too that were replaced since. */
  get everyRoster(): readonly Roster[] {
    return [...this.allRosters.values()].flat();
  }

  /** What this server is told of a conference from now on, under the roster's ExtConfID. */
  follow(server: WebexServer, confKey: ConfKey, roster: Roster): void {
    this.allRosters.set(server.host, [...(this.allRosters.get(server.host) ?? []), roster]);
    this.rosters.set(confKey, roster);
  }

  /** Posts until it is confirmed, and `twice` once more, as if that had been lost; resolves to the entries in the books. */
  async ask(
    server: WebexServer,
    confKey: ConfKey,
    { withinMs, twice }: { readonly withinMs: number; readonly twice: boolean },
    ...messages: (Request & { msgId: MsgId })[]
  ): Promise<Asked[]> {
    const confirmed = await server.client.post(...messages);
    const { result } = twice ? await server.client.repeat(confirmed) : confirmed;
    const types = messages.map(({ type }) => type);
    if (result !== 0) throw new Error(`${types.join(", ")} was confirmed with Result ${result} instead of 0`);
    const replyTo = server.host;
    const confirmedAt = Date.now();
    const asked = messages.map((message) => {
      const { msgId, type } = message;
      const extCallId = message.type === "call-out" ? message.extCallId : null;
      return { msgId, type, confKey, replyTo, confirmedAt, withinMs, extCallId, excused: false };
    });
    this.asked.push(...asked);
    return asked;
  }

  answers(host: WebexHost, msgId: MsgId): readonly Answer[] {
    return this.answered.get(`${host} ${msgId}`) ?? [];
  }

  /** Resolves when the answer is there, or cannot be expected any more. */
  async answerTo({ replyTo, msgId, withinMs }: Asked): Promise<Answer | undefined> {
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
      for (const roster of this.allRosters.get(server.host) ?? []) roster.hears(message);
      if (!("result" in message) || message.msgId === undefined) return;
      const key = `${server.host} ${message.msgId}`;
      this.answered.set(key, [...(this.answered.get(key) ?? []), { at, result: String(message.result) }]);
      this.waiting.get(key)?.();
      this.waiting.delete(key);
    };
    server.onNaming = (extCallId, message) => {
      this.entered.add(extCallId);
      for (const roster of this.allRosters.get(server.host) ?? []) roster.entered(message, extCallId);
    };
  }
}

/** Has an agent that runs read its settings again, which now lead through wires. */
async function wire(run: LocalRun, settingsFile: string, pid: () => number): Promise<AgentUnderTest> {
  const file = join(run.state, settingsFile);
  const settings = JSON.parse(readFileSync(file, "utf8"));
  const toEdge = new Wire(Number(new URL(run.edgeUrl).port));
  const toBridge = new Wire(Number(new URL(run.bridgeUrl).port));
  const url = `ws://127.0.0.1:${await toBridge.start()}/bridge`;
  const wired = { ...settings, edge: `ws://127.0.0.1:${await toEdge.start()}`, driver: { ...settings.driver, url } };
  writeFileSync(file, JSON.stringify(wired));
  process.kill(pid(), "SIGHUP");
  while (toEdge.connections === 0 || toBridge.connections === 0) await pause(20);
  return { pid, toEdge, toBridge };
}
