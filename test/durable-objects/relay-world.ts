import type { LogLine } from "../../durable-objects/platform/log.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import type { Attachment } from "../../durable-objects/relay/agent-sockets.ts";
import { Relay } from "../../durable-objects/relay/relay.ts";
import type { CommandResult } from "../../src/bridge/commands.ts";
import type { Comparison } from "../../src/conference/reconcile.ts";
import type { BridgeName, CommandId, ConfKey, DomainName, StreamId } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import { type Hello, LINK_PROTOCOL_VERSION } from "../../src/link/hello.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import { event } from "../builders.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { agentWithoutKey, testDomain } from "../local-domain.ts";

export const domain = "local" as DomainName;
export const bridge = "simulated" as BridgeName;
export const [own, foreign] = ["555111222" as ConfKey, "555999999" as ConfKey];
export const stream = "s1" as StreamId;
export const commands = [{ id: "o1" as CommandId, command: { type: "lock" as const } }];
export const dayMs = 86_400_000;
const begunAt = Date.UTC(2026, 0, 1, 12);
/** Of the first agent of a world. */
export const firstEpoch = begunAt / 1_000;

export const reports = (conference: ConfKey, number = 1): AgentToEdge => {
  const report = event({ type: "conference-ended" });
  return { type: "reports", epoch: firstEpoch, conference, stream, reports: [{ number, report }] };
};

export const digests = (...keys: ConfKey[]): AgentToEdge => {
  return { type: "digests", epoch: firstEpoch, digests: keys.map((conference) => ({ conference, digest: "d" })) };
};

/** A relay with one connected agent; `asked` has what the conferences were asked, `sent` what the agent was sent. */
export class RelayWorld {
  readonly sql = new Database();
  readonly timers = new Clock();
  readonly asked: string[] = [];
  readonly sent: EdgeToAgent[] = [];
  readonly lines: LogLine[] = [];
  readonly measures = new Measures();
  readonly closed: string[] = [];
  directoryFails = false;
  /** The agents of the settings, from the next restart on. */
  agentNames = ["agent-1", "agent-2"];
  /** The settings do not have the bridge any more, or not even its domain. */
  isRemoved = false;
  isDomainRemoved = false;
  /** Who acted since when, as conferences hear with each report. */
  readonly activeSince: (number | null)[] = [];
  /** Results of commands that conferences were told. */
  readonly reported: { readonly id: CommandId; readonly result: CommandResult }[] = [];
  readonly sockets = new Map<string, { attachment: Attachment | null; lastSeen: number }>();
  alarmAt: number | null = null;
  now = begunAt;
  hangs = false;
  /** Since when the relay has lost nothing, as conferences hear with each report. */
  readonly knownSince: number[] = [];
  restoredAt: number | null = null;
  /** By comparing a digest. */
  found: Comparison = "same";
  relay = this.#restart();
  #links = 0;
  #ids = 0;

  static async begin(): Promise<RelayWorld> {
    const world = new RelayWorld();
    world.connect();
    await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
    world.sent.length = 0;
    return world;
  }

  connect(agent = "agent-1", more: Partial<Pick<Hello, "at" | "key">> = {}): string {
    const id = `link-${++this.#links}`;
    const { key = agentWithoutKey(agent).publicKey, ...said } = more;
    const own = { version: LINK_PROTOCOL_VERSION, agent, domain, bridge, at: this.now, key, signature: "s" };
    const hello = { ...own, ...said };
    const challenge = this.relay.refusalOf({ ...hello, challenge: "" })?.["bridgehead-refusal"].slice(5) ?? "";
    if (this.relay.refusalOf({ ...hello, challenge })) throw new Error("refused");
    this.sockets.set(id, { attachment: null, lastSeen: 0 });
    this.relay.opened(id, { ...hello, challenge });
    return id;
  }

  /** Sockets whose close the agent has not answered, among others. */
  socketsOfAgent = 0;

  /** The platform answers the ping by itself. */
  pings(id: string): void {
    Object.assign(this.sockets.get(id) ?? {}, { lastSeen: this.now });
  }

  /** The agent's newest link says this, or another one. */
  says(message: AgentToEdge, length = 100, link = `link-${this.#links}`): void {
    this.relay.received(link, length, () => ok([message]));
  }

  /** The relay sleeps, and wakes with what its sockets and its disk say. */
  sleep(): void {
    this.relay = this.#restart();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  }

  #restart(): Relay {
    const { settings } = testDomain({}, this.agentNames.map(agentWithoutKey));
    const ask = async (line: string): Promise<void> => {
      this.asked.push(line);
      if (this.hangs) await new Promise(() => {});
    };
    return new Relay({
      ...(this.restoredAt !== null && { restoredAt: this.restoredAt }),
      sql: this.sql,
      after: (ms, run) => this.timers.after(ms, run),
      sockets: {
        attachments: () => [...this.sockets.values()].flatMap(({ attachment }) => attachment ?? []),
        lastSeen: (id) => this.sockets.get(id)?.lastSeen ?? null,
        seen: (id, at) => Object.assign(this.sockets.get(id) ?? {}, { lastSeen: at }),
        countOf: () => this.socketsOfAgent,
        keep: (id, attachment) => Object.assign(this.sockets.get(id) ?? {}, { attachment }),
        send: (id, message) => this.sockets.has(id) && void this.sent.push(message),
        close: (id, code, reason) => {
          this.sockets.delete(id);
          this.closed.push(`${id}: ${code} ${reason}`);
        },
      },
      log: (line) => this.lines.push(line),
      measures: this.measures,
      now: () => this.now,
      machineNow: () => this.now,
      newId: () => `challenge${++this.#ids}`,
      setAlarm: async (at) => {
        this.alarmAt = at;
      },
      getAlarm: async () => this.alarmAt,
      settings: () => {
        if (this.isDomainRemoved) return undefined;
        return { ...settings, bridges: this.isRemoved ? [] : settings.bridges };
      },
      conference: (_, key) => ({
        ackCommands: (from, ids) => ask(`${key} acks ${ids.join()} of ${from}`),
        report: ({ reports, bridge: from, cannot = [], knownSince = 0, activeSince = null }) => {
          this.activeSince.push(activeSince);
          this.knownSince.push(knownSince);
          for (const { report } of reports)
            if (report.type === "result") this.reported.push({ id: report.id, result: report.result });
          return ask(`${key} report ${[reports[0]?.number, ...cannot].join(" without ")} of ${from}`).then(() => 1);
        },
        compareDigest: (from) => ask(`${key} digest of ${from}`).then(() => this.found),
      }),
      sweep: (domain) => ask(`${domain} sweeps`),
      keepPromptCalls: (_, said) => {
        if (this.directoryFails) throw new Error("it does not answer");
        const { calls, bridge, aheadMs } = said;
        return ask(`${calls.length} calls at the prompt of ${bridge}, ${aheadMs} ms ahead`).then(() => {});
      },
    });
  }
}

export const health = { type: "health", bridgeUp: true, portsInUse: 3, ports: null, version: "1" } as const;

/** An active agent on `link-1` and a standby on `link-2`, which pings each three seconds up to now. */
export async function twoAgents(): Promise<RelayWorld> {
  const world = await RelayWorld.begin();
  world.connect("agent-2");
  for (let count = 0; count < 3; count += 1) {
    world.now += 3_000;
    world.pings("link-2");
  }
  return world;
}
