import type { Call } from "../../simulators/bridge/world.ts";
import { topicsOf } from "../../src/bridge/command-rules.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { SILENCE_MS } from "../../src/link/relay.ts";
import type { ActiveAgentJudge } from "./active-agent-judge.ts";
import type { Execution } from "./bridge.ts";
import type { WorldContext } from "./context.ts";

/** So long after an agent's last word reached the edge may the other one be active. */
const takeoverMs = SILENCE_MS + 5_000;
/** So long a new agent may wait for the commands of the one before. */
const resendMs = 6_000;

/** Judges the bridge's acts as they happen: each command acts once, and none overtakes an earlier one of its topic. */
export class CommandJudge {
  readonly #context: WorldContext;
  /** Conference and command → when it was carried out first. */
  readonly #doneAt = new Map<string, number>();
  readonly #dialled = new Set<string>();
  /** Callers whom an agent has led in by their keys. */
  readonly #admitted = new Set<CallId>();
  readonly #serials = new Map<ConfKey | null, Serials>();
  /** Conference and call → when a telephone's key muted or unmuted it last, if that was what did; `lock`: locked or unlocked. */
  readonly #pressedAt = new Map<string, number>();
  /** Conference, call and command → when the bridge's console did the same. */
  readonly #consoleAt = new Map<string, number>();
  readonly #activeAgent: ActiveAgentJudge;
  /** Whether the edge has no result of this command yet. */
  readonly #isPending: (conference: ConfKey, id: CommandId) => boolean;

  constructor(
    context: WorldContext,
    activeAgent: ActiveAgentJudge,
    isPending: (conference: ConfKey, id: CommandId) => boolean,
  ) {
    this.#context = context;
    this.#activeAgent = activeAgent;
    this.#isPending = isPending;
  }

  check(execution: Execution): void {
    const { commandId, conference, command, done, at } = execution;
    if (!done) return;
    const name = `${conference} ${commandId}`;
    const doneAt = this.#doneAt.get(name);
    if (doneAt !== undefined && !this.#wasUndone(execution, doneAt))
      this.#context.violated("a command acts once", `${commandId} ${JSON.stringify(command)}`);
    if (doneAt !== undefined && command.type === "end-conference") this.#serialsOf(conference).endedLateAt = at;
    this.#doneAt.set(name, doneAt ?? at);
    if (command.type === "create-conference") this.#serialsOf(conference).createdAt = at;
    const key = keyOf(command);
    if (key) {
      const pressedAt = commandId.startsWith("keypad-") ? at : Number.POSITIVE_INFINITY;
      this.#pressedAt.set(`${conference} ${key}`, pressedAt);
    }
    if (command.type === "admit" && commandId.startsWith("keypad-")) {
      if (this.#admitted.has(command.call)) this.#context.violated("a key acts once", command.call);
      this.#admitted.add(command.call);
    }
    if (command.type === "dial") {
      const { local } = command.number;
      if (this.#dialled.has(local)) this.#context.violated("a number is dialled once", local);
      this.#dialled.add(local);
    }
    if (doneAt === undefined) this.#checkOrder(execution);
  }

  /** By telephone: no command did it. */
  happened(event: BridgeEvent): void {
    const { now } = this.#context.clock;
    if (event.type === "lock-changed") this.#pressedAt.set(`${event.conference} lock`, now);
    if (event.type === "conference-ended") this.#serialsOf(event.conference).endedLateAt = now;
  }

  mutedByConsole({ id, conference, muted }: Call): void {
    this.#consoleAt.set(`${conference} ${id} ${muted ? "mute" : "unmute"}`, this.#context.clock.now);
  }

  /** The serial behind the key rises with each command that the edge issues for the conference. */
  #checkOrder({ commandId, conference, command }: Execution): void {
    const serial = Number(/^\d+\.(\d+)\./.exec(commandId)?.[1] ?? Number.NaN);
    if (Number.isNaN(serial)) return; // A keypad's: it joins the queue of the agent alone.
    const serials = this.#serialsOf(conference);
    const topics = topicsOf(command).map((topic) => ({ ...topic, ...(serials.topics.get(topic.name) ?? never) }));
    const before = Math.max(...topics.map(({ isShared, latest, latestAlone }) => (isShared ? latestAlone : latest)));
    if (serial < before && !this.#isEndOfEarlierLife(command, serials))
      this.#context.violated(
        "no command overtakes an earlier one",
        `${commandId} ${JSON.stringify(command)} after ${before}`,
      );
    if (serial < before) serials.endedLateAt = this.#context.clock.now;
    if (serial > serials.latest) serials.latestAt = this.#context.clock.now;
    serials.latest = Math.max(serials.latest, serial);
    for (const { name, isShared, latest, latestAlone } of topics) {
      const alone = isShared ? latestAlone : Math.max(latestAlone, serial);
      serials.topics.set(name, { latest: Math.max(latest, serial), latestAlone: alone });
    }
  }

  #serialsOf(conference: ConfKey | null): Serials {
    const none: Serials = { latest: 0, latestAt: 0, createdAt: 0, endedLateAt: 0, topics: new Map() };
    const serials = this.#serials.get(conference) ?? none;
    this.#serials.set(conference, serials);
    return serials;
  }

  /**
   * The bridge refused the end, since nothing was left to end; then the conference was created anew, and another agent took
   * over before either result was known. To that agent the conference looks like the one that was to end.
   */
  #isEndOfEarlierLife({ type }: Execution["command"], { latestAt }: Serials): boolean {
    const { chosenAt } = this.#activeAgent;
    return type === "end-conference" && latestAt < chosenAt && chosenAt - latestAt < takeoverMs;
  }

  /**
   * What undid it, so that it must act once more: a telephone, before this agent was active and had its commands, or was there
   * at all (on the bridge there is no trace of either, and nobody can know); the bridge's console; or the create after an end, where the
   * edge knows the result of neither.
   */
  #wasUndone({ commandId, conference, command, agentSince }: Execution, doneAt: number): boolean {
    const serials = this.#serialsOf(conference);
    if (command.type === "create-conference") return serials.endedLateAt > doneAt;
    if (command.type === "end-conference") {
      // Created anew since, the conference looks to the next agent like the one that was to end.
      const { chosenAt } = this.#activeAgent;
      const isCreatedSince = conference !== null && serials.createdAt > doneAt;
      if (!isCreatedSince || doneAt >= chosenAt || chosenAt - doneAt >= takeoverMs) return false;
      return this.#isPending(conference, commandId);
    }
    if (command.type === "mute" || command.type === "unmute") {
      const opposite = command.type === "mute" ? "unmute" : "mute";
      const undone = `${conference} ${command.call} ${opposite}`;
      const isUndone = (this.#consoleAt.get(undone) ?? 0) > doneAt;
      this.#consoleAt.delete(undone);
      if (isUndone) return true;
    }
    // An agent that comes back knows which keys were pressed while it was there, but not of what else a telephone did meanwhile.
    const since = keyOf(command) === "lock" ? agentSince : this.#activeAgent.chosenAt;
    const pressedAt = this.#pressedAt.get(`${conference} ${keyOf(command)}`) ?? Number.POSITIVE_INFINITY;
    return doneAt < since && pressedAt < since + resendMs && since - doneAt < takeoverMs;
  }
}

/** What a telephone can switch as well: the call that is muted or unmuted, or the lock. */
function keyOf(command: Execution["command"]): string | null {
  if (command.type === "lock" || command.type === "unlock") return "lock";
  return command.type === "mute" || command.type === "unmute" ? command.call : null;
}

const never = { latest: 0, latestAlone: 0 };

/** The highest serials of what was carried out for one conference. */
interface Serials {
  latest: number;
  latestAt: number;
  createdAt: number;
  /** When the end of an earlier life, or a telephone, ended the present one. */
  endedLateAt: number;
  /** By topic: of all, and of what had it for itself. */
  readonly topics: Map<string, typeof never>;
}
