import { topicsOf } from "../../src/bridge/command-rules.ts";
import { type IssuedCommand, LATEST_MS, ON_BRIDGE_MS } from "../../src/bridge/commands.ts";
import { overdueAt, waiterFor } from "../../src/conference/decide.ts";
import type { ConferenceState, PendingCommand } from "../../src/conference/state.ts";
import { pauseAfter } from "../../src/delivery/backoff.ts";
import type { BridgeName, CommandId, EpochMs } from "../../src/foundation/ids.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import type { ConferenceIdentity } from "../../src/rpc/conference.ts";
import type { BridgeHealth, RelayRpc } from "../../src/rpc/relay.ts";
import type { Platform } from "../platform/platform.ts";

type Commands = ReadonlyMap<CommandId, PendingCommand>;

/** Pauses before a command that no agent has acknowledged is sent again, for the first minute. */
const backoff = [1000, 2000, 4000, 5000] as const;
/** The pause after that minute. An agent that was away for so long reports when it is back. */
const longPauseMs = 60_000;
const patienceMs = 60_000;
/** The pause before an acknowledged command is sent again: another agent may be active, and have nothing to report of it. */
const repeatAckedMs = 10_000;
const relayAgainMs = 1000;
const sendWithinMs = 5000;
/** A relay that needs longer counts as one without an agent. */
const healthWithinMs = 1000;
/** A bridge counts as too slow once its results take this share of the time allowed. */
const behindShare = 1 / 2;
/** A result that came longer ago does not show how the bridge is now. */
const newMs = 5_000;

interface Member {
  readonly command: PendingCommand;
  readonly isShared: boolean;
}

interface Sent {
  /** How often it was sent in this life. 0: it was issued in this life and not sent, so nobody can have begun it. */
  readonly times: number;
  readonly firstAt: EpochMs;
  readonly lastAt: EpochMs;
  readonly isAcked: boolean;
  /** When the agent gave it to the bridge; `null`: not yet, as far as is known. */
  readonly begunAt: EpochMs | null;
}

/** When each command was sent. It is in memory alone: after a restart all are sent once more, which is harmless. */
export class CommandSchedule {
  /** A command that is missing here is due, and may have begun. */
  readonly #sent = new Map<CommandId, Sent>();
  /** When the last result came, and whether it had come late. */
  #lastResult: { readonly at: EpochMs; readonly isLate: boolean } | null = null;

  /** Adds commands that are on disk now, and drops those no longer pending. Returns for how long those were under way. */
  issued(issued: readonly IssuedCommand[], pending: Commands, now: EpochMs): readonly number[] {
    const tookMs: number[] = [];
    for (const { id } of issued) this.#sent.set(id, { times: 0, firstAt: 0, lastAt: 0, isAcked: false, begunAt: null });
    for (const [id, sent] of this.#sent) {
      if (pending.has(id)) continue;
      this.#sent.delete(id);
      if (sent.times === 0) continue;
      this.#lastResult = { at: now, isLate: isLate(sent, now) };
      tookMs.push(now - sent.firstAt);
    }
    return tookMs;
  }

  /**
   * Whether the bridge works so slowly that a command issued now would be answered too late: the last result came just now and
   * took long, and another command has waited as long. If no result comes at all, another agent may soon take over.
   */
  isBehind(now: EpochMs): boolean {
    if (!this.#lastResult?.isLate || now - this.#lastResult.at >= newMs) return false;
    for (const sent of this.#sent.values()) if (sent.times > 0 && isLate(sent, now)) return true;
    return false;
  }

  /** An agent has these commands in its journal, and has given the bridge all but the `waiting` ones. */
  ack(ids: readonly CommandId[], waiting: readonly CommandId[], now: EpochMs): void {
    const isWaiting = new Set(waiting);
    for (const id of ids) {
      const sent = this.#sent.get(id);
      const begunAt = sent?.begunAt ?? (isWaiting.has(id) ? null : now);
      if (sent) this.#sent.set(id, { ...sent, isAcked: true, begunAt });
    }
  }

  /** The commands on which the bridge has worked for longer than somebody waits for them. */
  overdue(state: ConferenceState, now: EpochMs): readonly CommandId[] {
    return [...this.#overdueTimes(state)].flatMap(([id, at]) => (at <= now ? [id] : []));
  }

  /** The commands whose time is up, and which no agent has acknowledged although they were sent again. Each is listed once. */
  unacknowledged({ commands, callOuts }: ConferenceState, now: EpochMs): readonly CommandId[] {
    return [...commands.values()].flatMap(({ id, command, answerBy, expired }) => {
      if (expired) return [];
      const until = command.type === "dial" ? (callOuts.get(command.call)?.answerBy ?? null) : answerBy;
      const { times = 0, isAcked = true } = this.#sent.get(id) ?? {};
      return until !== null && until <= now && times > 1 && !isAcked ? [id] : [];
    });
  }

  /** When this command fails for whoever waits for it; `null`: nobody waits, or the wait has a limit of its own. */
  failsAt(state: ConferenceState, command: PendingCommand): EpochMs | null {
    const begunAt = this.#sent.get(command.id)?.begunAt ?? null;
    const overdue = begunAt === null ? null : overdueAt(state, command, begunAt);
    return earliest(waiterFor(state, command)?.until ?? command.answerBy, overdue);
  }

  /** When the next command becomes overdue; `null`: the bridge works on none that somebody waits for. */
  nextOverdue(state: ConferenceState): EpochMs | null {
    return earliest(...Array.from(this.#overdueTimes(state), ([, at]) => at));
  }

  *#overdueTimes(state: ConferenceState): Generator<readonly [CommandId, EpochMs]> {
    for (const [id, { begunAt }] of this.#sent) {
      const command = begunAt === null ? undefined : state.commands.get(id);
      const at = command && begunAt !== null ? overdueAt(state, command, begunAt) : null;
      if (at !== null) yield [id, at];
    }
  }

  /** The agent has reported something, so it is there: commands that it has not acknowledged for a while are due. */
  agentReported(now: EpochMs): void {
    for (const [id, { times, lastAt, isAcked }] of this.#sent) {
      if (times > 0 && !isAcked && now - lastAt >= backoff[0]) this.#sent.delete(id);
    }
  }

  /** Another agent may be active, without the commands that the former one has acknowledged: all are due. */
  agentChanged(): void {
    for (const [id, { times }] of this.#sent) if (times > 0) this.#sent.delete(id);
  }

  /**
   * The commands to send now, in the order in which they were issued; they count as sent. A topic is sent whole. An earlier
   * command may be lost, and must not be overtaken. And only a later command shows the agent that an earlier one was undone
   * since, and must not be repeated.
   */
  due(pending: Commands, now: EpochMs): readonly IssuedCommand[] {
    const commands = [...pending.values()];
    const due = commands.filter(({ id }) => this.#dueAt(id) <= now);
    return this.#withTheirTopics(due, commands).map((command) => this.#send(command, now));
  }

  #withTheirTopics(due: readonly PendingCommand[], commands: readonly PendingCommand[]): readonly PendingCommand[] {
    if (due.length === 0) return due;
    const members = new Map<string, Member[]>();
    for (const command of commands) {
      for (const { name, isShared } of topicsOf(command.command)) {
        const ofTopic = members.get(name);
        if (ofTopic) ofTopic.push({ command, isShared });
        else members.set(name, [{ command, isShared }]);
      }
    }
    const going = new Set(due);
    const topics = new Set(due.flatMap(topicNames));
    for (const topic of topics) {
      topics.delete(topic); // A command that is added below may bring it back.
      for (const command of this.#goingWith(members.get(topic) ?? [], going)) {
        if (going.has(command)) continue;
        going.add(command);
        for (const name of topicNames(command)) topics.add(name);
      }
    }
    return commands.filter((command) => going.has(command));
  }

  /**
   * The commands of one topic that go along. If a command of its own, or one behind it, goes, all commands of its own go. Shared ones
   * before the last of these go until an agent has acknowledged them. They all go if a command of its own is sent again: that may
   * reach another agent, which has none of what the former one acknowledged.
   */
  #goingWith(members: readonly Member[], going: ReadonlySet<PendingCommand>): readonly PendingCommand[] {
    const first = members.findIndex(({ isShared }) => !isShared);
    if (first < 0 || members.findLastIndex(({ command }) => going.has(command)) < first) return [];
    const last = members.findLastIndex(({ isShared }) => !isShared);
    const isAgain = members.some(({ command, isShared }) => !isShared && this.#sent.get(command.id)?.times !== 0);
    return members
      .filter(
        ({ command, isShared }, index) =>
          !isShared || (index < last && (isAgain || !this.#sent.get(command.id)?.isAcked)),
      )
      .map(({ command }) => command);
  }

  /** How often this command was sent in this life, and whether an agent has acknowledged it. */
  stateOf(id: CommandId): { readonly sent: number; readonly taken: boolean } {
    const { times = 0, isAcked = false } = this.#sent.get(id) ?? {};
    return { sent: times, taken: isAcked };
  }

  pauseOf(id: CommandId, now: EpochMs): number {
    return Math.max(0, this.#dueAt(id) - now);
  }

  /** When the next command is to be sent; `null` when none is pending. */
  nextDue(pending: Commands): EpochMs | null {
    return earliest(...Array.from(pending.keys(), (id) => this.#dueAt(id)));
  }

  #send({ id, command, answerBy }: PendingCommand, now: EpochMs): IssuedCommand {
    const sent = this.#sent.get(id);
    const { times, firstAt } = sent && sent.times > 0 ? sent : { times: 0, firstAt: now };
    const { isAcked = false, begunAt = null } = sent ?? {};
    this.#sent.set(id, { times: times + 1, firstAt, lastAt: now, isAcked, begunAt });
    const isAgain = sent?.times !== 0;
    return {
      id,
      command,
      ...(isAgain && { again: true }),
      ...(answerBy !== null && { withinMs: Math.max(0, answerBy - now) }),
    };
  }

  #dueAt(id: CommandId): EpochMs {
    const sent = this.#sent.get(id);
    if (!sent || sent.times === 0) return 0;
    const { times, firstAt, lastAt, isAcked } = sent;
    if (isAcked) return lastAt + repeatAckedMs;
    if (lastAt - firstAt >= patienceMs) return lastAt + longPauseMs;
    return lastAt + pauseAfter(times, backoff);
  }
}

/** Whether it has taken too long on the bridge, or since it was first sent. */
function isLate({ firstAt, begunAt }: Sent, now: EpochMs): boolean {
  const isLateOnBridge = begunAt !== null && now - begunAt >= ON_BRIDGE_MS * behindShare;
  return isLateOnBridge || now - firstAt >= LATEST_MS * behindShare;
}

function topicNames({ command }: PendingCommand): readonly string[] {
  return topicsOf(command).map(({ name }) => name);
}

interface SenderPorts extends Pick<Platform, "now" | "after" | "log"> {
  relay(bridge: BridgeName): Pick<RelayRpc, "sendCommands" | "health">;
  /** The bridges of the domain; none when the settings do not have it any more. */
  bridges(): readonly BridgeName[];
  /** Keeps this bridge for the conference, unless it has one already. Returns the one that it has. */
  keepBridge(bridge: BridgeName): BridgeName;
  /** Called if no agent got the commands. */
  unsent(): void;
  /** Calls `send` with the commands that are pending then. */
  sendAgain(): void;
}

/** Sends the pending commands of one conference to its bridge, each until its result has come. */
export class CommandSender {
  readonly schedule = new CommandSchedule();
  readonly #ports: SenderPorts;
  #choosing: Promise<BridgeName | null> | null = null;
  /** By bridge, the epoch of the agent that was sent the last commands. */
  readonly #activeSince = new Map<BridgeName, number>();
  /** When commands are sent again whose relay could not be reached: no report of an agent brings that about. */
  readonly #again = new Map<CommandId, EpochMs>();
  readonly #next: WakeTimer;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
    this.#next = new WakeTimer(ports, ports.now, () => {
      ports.sendAgain();
      for (const [id, at] of this.#again) if (at <= ports.now()) this.#again.delete(id);
      this.#wakeForNext();
    });
  }

  /** Sends what is due; `own` is the conference's bridge, if one was chosen. */
  send(identity: ConferenceIdentity, pending: Commands, own: BridgeName | null): void {
    for (const id of this.#again.keys()) if (!pending.has(id)) this.#again.delete(id);
    if (pending.size === 0) return;
    const due = this.schedule.due(pending, this.#ports.now());
    // A command of an earlier life names its bridge, and may not be pending any more when a bridge is chosen.
    const byBridge = Map.groupBy(due, ({ id }) => pending.get(id)?.bridge ?? own);
    for (const [bridge, commands] of byBridge) this.#sendTo(bridge, identity, commands);
  }

  /** Whether another agent has become active on this bridge, as far as this life knows. Remembers the epoch. */
  isAnother(bridge: BridgeName, activeSince: number): boolean {
    const before = this.#activeSince.get(bridge) ?? activeSince;
    this.#activeSince.set(bridge, activeSince);
    return before !== activeSince;
  }

  stop(): void {
    this.#next.cancel();
  }

  async #sendTo(
    known: BridgeName | null,
    { domain, confKey: conference }: ConferenceIdentity,
    commands: readonly IssuedCommand[],
  ): Promise<void> {
    for (const { id } of commands) this.#again.delete(id);
    try {
      const bridge = known ?? (await this.#chooseBridge());
      if (bridge === null) return;
      const before = this.#activeSince.get(bridge) ?? null;
      const sent = this.#ports
        .relay(bridge)
        .sendCommands({ domain, bridge, conference, commands, activeSince: before });
      const activeSince = await within(this.#ports, sendWithinMs, `the relay of ${bridge}`, sent);
      if (activeSince === null) return this.#ports.unsent();
      if (!this.isAnother(bridge, activeSince)) return;
      this.schedule.agentChanged();
      this.#ports.sendAgain();
    } catch (error) {
      this.#ports.log({ level: "warn", event: "commands-not-sent", why: String(error) });
      this.#ports.unsent();
      // They are sent again after their own pause, and before the alarm.
      const now = this.#ports.now();
      for (const { id } of commands) this.#again.set(id, now + Math.max(relayAgainMs, this.schedule.pauseOf(id, now)));
      this.#wakeForNext();
    }
  }

  #wakeForNext(): void {
    if (this.#again.size > 0) this.#next.wakeWithin(Math.min(...this.#again.values()) - this.#ports.now());
  }

  #chooseBridge(): Promise<BridgeName | null> {
    this.#choosing ??= this.#freestBridge()
      .then((bridge) => bridge && this.#ports.keepBridge(bridge))
      .finally(() => {
        this.#choosing = null;
      });
    return this.#choosing;
  }

  /** The bridge with the most free ports. Bridges that do not answer in time come behind those, and drained ones last. */
  async #freestBridge(): Promise<BridgeName | null> {
    const found = await Promise.all(
      this.#ports.bridges().map(async (bridge) => {
        const health = this.#ports.relay(bridge).health();
        const known = within(this.#ports, healthWithinMs, `the relay of ${bridge}`, health);
        return { bridge, free: await known.then(freePorts, () => -1) };
      }),
    );
    const most = Math.max(...found.map(({ free }) => free));
    return found.find(({ free }) => free === most)?.bridge ?? null;
  }
}

function freePorts({ agentConnected, bridgeUp, ports, portsInUse, drainedSince }: BridgeHealth): number {
  if (drainedSince !== undefined) return -2;
  if (!agentConnected || !bridgeUp) return -1;
  // A bridge that takes no new calls has 0 ports, whatever is up.
  return ports === null ? Number.MAX_SAFE_INTEGER : Math.max(0, ports - (portsInUse ?? ports));
}
