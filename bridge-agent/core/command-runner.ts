import type { Announcement } from "../../src/bridge/announcements.ts";
import type { CommandResult, ExecutionResult } from "../../src/bridge/commands.ts";
import { dialledDigits } from "../../src/foundation/dial-rules.ts";
import type { CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { LogLimit } from "../../src/foundation/limits.ts";
import type { AgentToEdge, EdgeToAgent } from "../../src/link/messages.ts";
import type { HangUps } from "../callers/hang-ups.ts";
import type { AnnouncementToCall } from "../callers/keypads.ts";
import type { Legs } from "../callers/legs.ts";
import type { Execution } from "../drivers/driver.ts";
import type { Note } from "../service/log.ts";
import { CommandAcks } from "./command-acks.ts";
import type { ConferenceEvents } from "./conference-events.ts";
import { isInTime, type OpenCommand, type PendingCommands } from "./pending-commands.ts";
import { type Permitted, type Policy, type PolicyReason, policyReasons } from "./policy.ts";
import type { Reports } from "./reports.ts";

/** To be done once the turn's journal entries are on disk, and not before. */
export interface TurnEffects {
  readonly messages: AgentToEdge[];
  /** Before the executions: who is hung up on hears why. */
  readonly announcements: AnnouncementToCall[];
  readonly executions: Permitted[];
  /** The epoch from which on the bridge is to take commands from this agent, and from no other one. Comes before all that the bridge is asked. */
  activate: number | null;
  askState: boolean;
  readonly notes: Note[];
  /** What the policy refused or ended, each time. */
  readonly policyActs: PolicyReason[];
}

export function noEffects(): TurnEffects {
  return {
    messages: [],
    announcements: [],
    executions: [],
    activate: null,
    askState: false,
    notes: [],
    policyActs: [],
  };
}

interface RunnerParts {
  readonly pending: PendingCommands;
  readonly reports: Reports;
  readonly legs: Legs;
  readonly hangUps: HangUps;
  readonly events: ConferenceEvents;
  readonly policy: Policy;
  newId(): CommandId;
  effects(): TurnEffects;
}

const tooLate = { done: false, reason: "too-late" } as const;
/** As long as a sentence lasts that callers are to hear before they are cut off. */
const HEARD_MS = 4_000;

/** The way of a command through the agent: received, begun, executed, and acknowledged to the edge. */
export class CommandRunner {
  readonly #acks = new CommandAcks();
  readonly #policyLines = new LogLimit();
  readonly #parts: RunnerParts;
  /** Ends that the bridge is asked for a little later. After a restart of this process they begin anew. */
  readonly #announcedEnds = new Map<CommandId, { readonly conference: ConfKey; readonly beginAt: EpochMs }>();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  get hasAcks(): boolean {
    return !this.#acks.isEmpty;
  }

  receive(message: Extract<EdgeToAgent, { type: "commands" }>, now: EpochMs): void {
    const { conference, commands, notUnderstood = [] } = message;
    for (const id of notUnderstood) {
      if (!this.#parts.pending.addRefused(conference, id, now)) continue;
      this.#parts.reports.add(conference, { type: "result", id, result: { done: false, reason: "not-supported" } });
      const text = "a command is refused: this version of the agent does not know it";
      this.#parts.effects().notes.push({ level: "warn", event: "command-unknown", text, conference, commandId: id });
    }
    if (commands.length === 0) return;
    let fresh = true;
    for (const { id, command, again, withinMs } of commands) {
      const limit = withinMs === undefined ? {} : { begin: { from: now, before: now + withinMs } };
      fresh = this.#parts.pending.add({ conference, id, origin: "edge", command, ...limit }, now, again) && fresh;
    }
    if (this.#announcedEnds.size > 0) this.#undoAnnounced(conference, now);
    const ids = commands.map(({ id }) => id);
    this.#acks.received(conference, ids, fresh, now);
  }

  begin(now: EpochMs): void {
    for (let ready = this.#parts.pending.begin(now); ready.length > 0; ready = this.#parts.pending.begin(now)) {
      for (const pending of ready) {
        const { id, conference, command } = pending;
        if (!isInTime(pending, now)) this.#parts.events.settle(pending, tooLate);
        else if (command.type === "identify") this.#parts.events.settle(pending, { done: true });
        else if (command.type === "end-conference" && command.announce)
          this.#announceEnd(pending, command.announce, now);
        else {
          const refusal = this.carryOut({ id, conference, command }, now);
          if (refusal === null) {
            this.#acks.begun(conference, id);
            continue;
          }
          const number = command.type === "dial" && { number: dialledDigits(command.number) };
          this.policyActs(refusal, { conference, commandId: id, ...number }, now);
          this.#parts.events.settle(pending, { done: false, reason: "refused" });
        }
      }
    }
  }

  /** The bridge is to end it once its callers have heard so, some seconds later. */
  #announceEnd(pending: OpenCommand, announcement: Announcement, now: EpochMs): void {
    const { id, conference } = pending;
    const { legs, effects } = this.#parts;
    if (this.#parts.pending.isWantedAgain(pending, now)) return this.#parts.events.settle(pending, tooLate);
    for (const call of legs.callsInside(conference)) effects().announcements.push({ call, announcement });
    this.#announcedEnds.set(id, { conference, beginAt: now + HEARD_MS });
    this.#acks.begun(conference, id);
  }

  /** WebEx creates a conference again whose callers hear that it ends: it does not end. */
  #undoAnnounced(conference: ConfKey, now: EpochMs): void {
    for (const id of this.#announcedEnds.keys()) {
      const pending = this.#parts.pending.find(conference, id);
      if (!pending || !this.#parts.pending.isWantedAgain(pending, now)) continue;
      this.#announcedEnds.delete(id);
      this.#parts.events.settle(pending, tooLate);
    }
  }

  /** Ends the conferences whose callers have heard so by now. */
  endAnnounced(now: EpochMs): void {
    for (const [id, { conference, beginAt }] of this.#announcedEnds) {
      if (now < beginAt) continue;
      this.#announcedEnds.delete(id);
      const isStillOpen = this.#parts.pending.find(conference, id) !== null;
      if (isStillOpen) this.carryOut({ id, conference, command: { type: "end-conference" } }, now);
    }
  }

  /** Hands the command to the driver, unless the policy refuses that: there is no other way to the driver. */
  carryOut(execution: Execution, now: EpochMs): PolicyReason | null {
    const permitted = this.#parts.policy.permit(execution, now);
    if (!permitted.ok) return permitted.error;
    this.#parts.effects().executions.push(permitted.value);
    return null;
  }

  policyActs(reason: PolicyReason, about: Partial<Note>, now: EpochMs): void {
    this.#parts.effects().policyActs.push(reason);
    // An edge in wrong hands, or a crowd of callers, must not flood the log.
    const droppedBefore = this.#policyLines.admit("policy", reason, now);
    if (droppedBefore === null) return;
    const dropped = droppedBefore > 0 ? { droppedBefore } : {};
    const line = { level: "warn", event: "policy", text: policyReasons[reason], reason } as const;
    this.#parts.effects().notes.push({ ...line, ...about, ...dropped });
  }

  /** Ends what lasts longer than the policy lets it, as somebody at a telephone could. */
  endOverdue(now: EpochMs): void {
    for (const { conference, call } of this.#parts.policy.overdue(this.#parts.reports.live.keys(), now)) {
      const command = call ? ({ type: "expel", call } as const) : ({ type: "end-conference" } as const);
      this.#parts.pending.add({ conference, id: this.#parts.newId(), origin: "policy", command }, now);
      const number = call && this.#parts.legs.find(call)?.number;
      const about = { conference, ...(call && { call }), ...(number && { number }) };
      this.policyActs(call ? "longest-call" : "longest-conference", about, now);
    }
  }

  executed({ id, conference }: Execution, result: ExecutionResult, isBridgeUp: boolean, now: EpochMs): void {
    if (conference === null) return this.#parts.hangUps.finished(id, result, now);
    const pending = this.#parts.pending.find(conference, id);
    if (!pending) return;
    // A driver that has lost the bridge says so first; when the bridge is back, its state shows what is left to do.
    const lost = result.done === false && result.reason === "unreachable" && !isBridgeUp;
    if (lost || result.done === "unknown") this.#parts.pending.setInDoubt(pending, "tooSlow" in result);
    else this.#parts.events.settle(pending, result);
  }

  /** Another agent is active: what was not begun, or is in doubt, must not happen when this one is active again. */
  giveUp(): void {
    const unbegun: CommandResult = { done: false, reason: "unreachable" };
    for (const [id, { conference }] of this.#announcedEnds) {
      const pending = this.#parts.pending.find(conference, id);
      if (pending) this.#parts.events.settle(pending, unbegun);
    }
    this.#announcedEnds.clear();
    for (const pending of this.#parts.pending.idle()) {
      this.#parts.events.settle(pending, unbegun);
    }
  }

  /** The reports that are due, behind the acks of commands. */
  due(epoch: number, now: EpochMs, tick: boolean): AgentToEdge[] {
    const due = this.#parts.reports.due(epoch, now, tick);
    for (const { conference, reports } of due) {
      for (const { report } of reports) if (report.type === "result") this.#acks.hasResult(conference, report.id);
    }
    const isWaiting = (conference: ConfKey, id: CommandId) => this.#parts.pending.isWaiting(conference, id);
    return [...this.#acks.due(now, tick, isWaiting), ...due];
  }
}
