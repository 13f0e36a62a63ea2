import { BridgeControl } from "../../scripts/bridge-control.ts";
import { LocalRun } from "../../scripts/local-run.ts";
import type { Request } from "../../simulators/webex/client.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtCallId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { CutProxy } from "./cut-proxy.ts";
import type { Answer, Asked } from "./judge.ts";
import type { Roster } from "./roster.ts";

const hosts = 3;

/** The processes under test with both sides that they stand between, and all that these sides see. */
export class KillWorld {
  readonly run: LocalRun;
  readonly wire: CutProxy;
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

  private constructor(run: LocalRun, wire: CutProxy) {
    this.run = run;
    this.wire = wire;
    this.bridge = new BridgeControl(run.bridgeUrl);
    this.servers = Array.from({ length: hosts }, (_, index) => {
      const { adapterUrl } = run;
      const firstCall = (index + 1) * 1_000_000;
      // It goes on for a minute with a post that is not confirmed: some part is always away here.
      return new WebexServer({ adapterUrl, serverId: 10 + index, firstCall, attempts: 1_200, retryMs: 50 });
    });
  }

  static async start(): Promise<KillWorld> {
    const wire = new CutProxy();
    const port = await wire.start();
    // A host that is away for a second must be tried for longer, since the edge dies in between as well.
    const patient = { webex: { attempts: 20, retryDelaysMs: [0, 250, 500] } };
    const env = { BRIDGE_URL: `ws://127.0.0.1:${port}/bridge`, DOMAIN_LOCAL: JSON.stringify(patient) };
    const run = await LocalRun.start({ env, onBridgePort: (bridgePort) => (wire.target = bridgePort) });
    const world = new KillWorld(run, wire);
    for (const server of world.servers) {
      await server.start();
      world.listen(server);
    }
    return world;
  }

  async stop(): Promise<void> {
    for (const server of this.servers) await server.stop();
    this.wire.stop();
    await this.run.stop();
  }

  newKey(): ConfKey {
    return String(this.nextKey++) as ConfKey;
  }

  /** Local digits that no other caller has. */
  newNumber(): string {
    return String(this.nextNumber++);
  }

  /** What this server is told of a conference from now on, under the roster's ExtConfID. */
  follow(server: WebexServer, confKey: ConfKey, roster: Roster): void {
    this.allRosters.set(server.host, [...(this.allRosters.get(server.host) ?? []), roster]);
    this.rosters.set(confKey, roster);
  }

  /** Posts until it is confirmed, and `twice` once more, as if that had been lost; resolves to the entry in the books. */
  async ask(
    server: WebexServer,
    confKey: ConfKey,
    { withinMs, twice }: { readonly withinMs: number; readonly twice: boolean },
    message: Request & { msgId: MsgId },
  ): Promise<Asked> {
    const { msgId, type } = message;
    const confirmed = await server.client.post(message);
    const { result } = twice ? await server.client.repeat(confirmed) : confirmed;
    if (result !== 0) throw new Error(`a ${type} was confirmed with Result ${result} instead of 0`);
    const replyTo = server.host;
    const confirmedAt = Date.now();
    const extCallId = message.type === "call-out" ? message.extCallId : null;
    const asked = { msgId, type, confKey, replyTo, confirmedAt, withinMs, extCallId, excused: false };
    this.asked.push(asked);
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
