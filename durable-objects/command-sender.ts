import { topicOf } from "../src/bridge/command-rules.ts";
import type { IssuedCommand } from "../src/bridge/commands.ts";
import type { PendingCommand } from "../src/conference/state.ts";
import type { BridgeName, CommandId, EpochMs } from "../src/foundation/ids.ts";
import { type Timers, within } from "../src/foundation/timers.ts";
import type { BridgeHealth, ConferenceIdentity, RelayRpc } from "../src/rpc.ts";
import type { Log } from "./log.ts";

type Commands = ReadonlyMap<CommandId, PendingCommand>;

/** Pauses before a command that no agent has acknowledged is sent again; the last one repeats, for the first minute. */
const pausesMs = [1000, 2000, 4000, 5000] as const;
/** After that: an agent that has been away for so long reports when it is back. */
const longPauseMs = 60_000;
const patienceMs = 60_000;
/** Before an acknowledged command: another agent may be active by now, and have nothing to report of this conference. */
const repeatAckedMs = 10_000;
/** Pause after a bridge's relay could not be reached. */
const relayAgainMs = 1000;
const sendWithinMs = 5000;
/** A relay that needs longer counts as one without an agent. */
const healthWithinMs = 1000;

interface Sent {
  readonly times: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
}

/** When each command was sent. Only in memory: after a restart all are sent once more, which is harmless. */
export class CommandSchedule {
  readonly #sent = new Map<CommandId, Sent>();
  readonly #acked = new Set<CommandId>();
  /** Commands that were never sent, so that nobody can have carried them out. */
  readonly #fresh = new Set<CommandId>();

  /** These commands are on disk now; commands that are not pending any more are dropped. */
  issued(issued: readonly IssuedCommand[], pending: Commands): void {
    for (const { id } of issued) this.#fresh.add(id);
    for (const ids of [this.#sent, this.#acked, this.#fresh]) {
      for (const id of ids.keys()) if (!pending.has(id)) ids.delete(id);
    }
  }

  ack(ids: readonly CommandId[]): void {
    for (const id of ids) this.#acked.add(id);
  }

  /** The agent has reported something: what it has not acknowledged for a while is due. */
  agentReported(now: EpochMs): void {
    for (const [id, { lastAt }] of this.#sent) {
      if (!this.#acked.has(id) && now - lastAt >= pausesMs[0]) this.#sent.delete(id);
    }
  }

  /** Another agent may be active, which knows nothing of what the one before has acknowledged: all is due. */
  agentChanged(): void {
    this.#acked.clear();
    this.#sent.clear();
  }

  /**
   * The commands to send now, in the order in which they were issued; from now on they count as sent. A command goes out
   * behind every earlier one of its topic that has no result yet, so that it cannot overtake one that got lost. Commands
   * that are carried out alone are of every topic, until an agent has acknowledged those before them.
   */
  due(pending: Commands, now: EpochMs): readonly IssuedCommand[] {
    const next = this.nextDue(pending);
    if (next === null || now < next) return [];
    const due: PendingCommand[] = [];
    const topics = new Set<string | null>();
    for (const command of [...pending.values()].reverse()) {
      const topic = topicOf(command.command);
      const isOvertaken =
        topics.has(topic) || (topics.size > 0 && topic === null) || (topics.has(null) && !this.#acked.has(command.id));
      if (!isOvertaken && this.#dueAt(command.id) > now) continue;
      topics.add(topic);
      due.push(command);
    }
    return due.reverse().map((command) => this.#send(command, now));
  }

  /** When the next command is to be sent; `null` when none is pending. */
  nextDue(pending: Commands): EpochMs | null {
    let next: EpochMs | null = null;
    for (const id of pending.keys()) {
      const at = this.#dueAt(id);
      if (next === null || at < next) next = at;
    }
    return next;
  }

  #send({ id, command, answerBy }: PendingCommand, now: EpochMs): IssuedCommand {
    const { times = 0, firstAt = now } = this.#sent.get(id) ?? {};
    this.#sent.set(id, { times: times + 1, firstAt, lastAt: now });
    const isAgain = !this.#fresh.delete(id);
    return {
      id,
      command,
      ...(isAgain && { again: true }),
      ...(answerBy !== null && { withinMs: Math.max(0, answerBy - now) }),
    };
  }

  #dueAt(id: CommandId): EpochMs {
    const sent = this.#sent.get(id);
    if (!sent) return 0;
    const { times, firstAt, lastAt } = sent;
    if (this.#acked.has(id)) return lastAt + repeatAckedMs;
    if (lastAt - firstAt >= patienceMs) return lastAt + longPauseMs;
    return lastAt + (pausesMs[times - 1] ?? pausesMs[3]);
  }
}

interface SenderPorts extends Timers {
  readonly log: Log;
  now(): EpochMs;
  relay(bridge: BridgeName): Pick<RelayRpc, "sendCommands" | "health">;
}

/** What the sender needs of its conference. */
interface Conference {
  readonly identity: ConferenceIdentity;
  readonly pending: Commands;
  /** `null`: none was chosen yet. */
  readonly bridge: BridgeName | null;
  /** The bridges of the domain. */
  readonly bridges: readonly BridgeName[];
  keepBridge(bridge: BridgeName): void;
}

/** Sends the pending commands of one conference to its bridge, each until its result has come. Waits for nobody. */
export class CommandSender {
  readonly #ports: SenderPorts;
  readonly #conference: Conference;
  readonly #schedule = new CommandSchedule();
  #choosing: Promise<BridgeName> | null = null;

  constructor(ports: SenderPorts, conference: Conference) {
    this.#ports = ports;
    this.#conference = conference;
  }

  get nextDue(): EpochMs | null {
    return this.#schedule.nextDue(this.#conference.pending);
  }

  issued(commands: readonly IssuedCommand[]): void {
    this.#schedule.issued(commands, this.#conference.pending);
  }

  /** An agent of this bridge has these commands in its journal; those of another bridge are not its to acknowledge. */
  ack(from: BridgeName, ids: readonly CommandId[]): void {
    const { pending, bridge } = this.#conference;
    this.#schedule.ack(ids.filter((id) => (pending.get(id)?.bridge ?? bridge) === from));
  }

  agentReported(): void {
    this.#schedule.agentReported(this.#ports.now());
  }

  agentChanged(): void {
    this.#schedule.agentChanged();
  }

  /** Sends what is due. */
  send(): void {
    const { pending, bridge: own } = this.#conference;
    const due = this.#schedule.due(pending, this.#ports.now());
    // A command left over from an earlier life names its bridge; it may be gone by the time a bridge is chosen.
    const byBridge = Map.groupBy(due, ({ id }) => pending.get(id)?.bridge ?? own);
    for (const [bridge, commands] of byBridge) this.#sendTo(bridge, commands);
  }

  async #sendTo(known: BridgeName | null, commands: readonly IssuedCommand[]): Promise<void> {
    const { identity } = this.#conference;
    const { domain, confKey: conference } = identity;
    try {
      const bridge = known ?? (await this.#chooseBridge());
      const sent = this.#ports.relay(bridge).sendCommands({ domain, bridge, conference, commands });
      await within(this.#ports, sendWithinMs, `the relay of ${bridge}`, sent);
    } catch (error) {
      this.#ports.log({ level: "warn", event: "commands-not-sent", why: String(error), ...identity });
      // No agent comes back after this, so the commands are sent once more before the alarm does it.
      this.#ports.after(relayAgainMs, () => this.send());
    }
  }

  #chooseBridge(): Promise<BridgeName> {
    this.#choosing ??= this.#freestBridge()
      .then((bridge) => {
        if (this.#conference.bridge === null) this.#conference.keepBridge(bridge);
        return this.#conference.bridge ?? bridge;
      })
      .finally(() => {
        this.#choosing = null;
      });
    return this.#choosing;
  }

  /** The bridge with the most free ports among those that answer in time; the first one when none does. */
  async #freestBridge(): Promise<BridgeName> {
    const found = await Promise.all(
      this.#conference.bridges.map(async (bridge) => {
        const health = within(
          this.#ports,
          healthWithinMs,
          `the relay of ${bridge}`,
          this.#ports.relay(bridge).health(),
        );
        return { bridge, free: await health.then(freePorts, () => -1) };
      }),
    );
    return found.reduce((freest, one) => (one.free > freest.free ? one : freest)).bridge;
  }
}

function freePorts({ agentConnected, bridgeUp, ports, portsInUse }: BridgeHealth): number {
  if (!agentConnected || !bridgeUp) return -1;
  return ports === null ? Number.MAX_SAFE_INTEGER : ports - portsInUse;
}
