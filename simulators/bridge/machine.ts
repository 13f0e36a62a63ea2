import { needsOf } from "../../src/bridge/command-rules.ts";
import type { Ability, BridgeCommand, CommandResult, CommandType } from "../../src/bridge/commands.ts";
import type { BridgeEvent, EndReason } from "../../src/bridge/events.ts";
import type { BridgeCall, BridgeState } from "../../src/bridge/state.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";
import { executeCommand } from "./execute-command.ts";
import { type Call, World } from "./world.ts";

/** How a number takes a call-out, and after how many milliseconds of ringing. */
export interface NumberPlan {
  readonly outcome: "answer" | "busy" | "reject" | "invalid" | "no-answer";
  readonly afterMs: number;
}

export interface Faults {
  /** Holds up each command by itself, in milliseconds. */
  readonly delayMs: number;
  /** Holds up each command until it is not so any more. */
  readonly hold?: boolean;
  readonly refuse: readonly CommandType[];
  /** The bridge answers no agent at all. */
  readonly down: boolean;
}

/** One command that was carried out or refused, as `GET /acts` lists it. */
export interface ActEntry {
  readonly n: number;
  readonly act: CommandType;
  readonly conference: ConfKey | null;
  readonly room: RoomId | null;
  readonly call: CallId | null;
  readonly commandId: CommandId;
  readonly outcome: "done" | "refused";
}

interface HeldCommand {
  readonly begin: () => void;
  readonly cancel: () => void;
  readonly answer: (result: CommandResult) => void;
}

export const DEFAULT_PLAN: NumberPlan = { outcome: "answer", afterMs: 50 };
const NO_FAULTS: Faults = { delayMs: 0, refuse: [], down: false };

const refusal: CommandResult = { done: false, reason: "refused" };
const notSupported: CommandResult = { done: false, reason: "not-supported" };
const failures = { busy: "busy", reject: "rejected", invalid: "invalid-number" } as const;

/**
 * The whole bridge, but for its sockets: commands of agents, and what callers, callees and the host do by telephone. A
 * repeated command is carried out again. `emit` receives the events for the agents; changes that a command made show in
 * its result alone. `backUp` is called when the bridge is no longer down.
 */
export class Machine {
  readonly bootId: string;
  readonly world = new World();
  readonly numbers = new Map<string, NumberPlan>();
  /** Changed by `setFaults`. */
  faults: Faults = NO_FAULTS;
  /** Refused as not supported. */
  cannot: readonly Ability[] = [];
  acts: ActEntry[] = [];
  readonly #timers: Timers;
  readonly #emit: (event: BridgeEvent) => void;
  readonly #backUp: () => void;
  readonly #heldCommands = new Set<HeldCommand>();
  #callsIn = 0;

  /** `bootId` is another one for each machine; the ids of the calls that dial in carry it, so that none comes back. */
  constructor(bootId: string, timers: Timers, emit: (event: BridgeEvent) => void, backUp: () => void) {
    this.bootId = bootId;
    this.#timers = timers;
    this.#emit = emit;
    this.#backUp = backUp;
  }

  /**
   * Carries out one command of an agent that acts for this owner, now or after the delay of the faults. The returned function
   * calls it off as long as it has not begun.
   */
  execute(
    owner: string | null,
    commandId: CommandId,
    key: ConfKey | null,
    command: BridgeCommand,
    answer: (result: CommandResult) => void,
  ): () => void {
    const { delayMs, hold = false } = this.faults;
    if (delayMs === 0 && !hold) {
      this.#executeNow(owner, commandId, key, command, answer);
      return () => {};
    }
    const begin = () => {
      held.cancel();
      this.#heldCommands.delete(held);
      this.#executeNow(owner, commandId, key, command, answer);
    };
    const cancel = hold ? () => {} : this.#timers.after(delayMs, begin);
    const held: HeldCommand = { answer, begin, cancel };
    this.#heldCommands.add(held);
    return () => {
      held.cancel();
      this.#heldCommands.delete(held);
    };
  }

  /** The caller is told this by an agent that acts for this owner. */
  announce(owner: string | null, id: CallId, announcement: string): void {
    const call = this.world.calls.get(id);
    if (!call || owner === null) return;
    const isOwn = call.conference === null || this.world.conferences.get(call.conference)?.owner === owner;
    if (isOwn) call.heard.push(announcement);
  }

  /** How many commands wait for the faults to be over. */
  get held(): number {
    return this.#heldCommands.size;
  }

  /** All that an agent may know. */
  state(): BridgeState {
    const { conferences, calls, ended } = this.world;
    return {
      conferences: [...conferences.values()].map(({ key, rooms, accessCodes, ...held }) => ({
        ...held,
        ...(accessCodes && { accessCodes }),
        conference: key,
        rooms: [...rooms].map(([id, kind]) => ({ id, kind })),
      })),
      calls: [...ended.values(), ...calls.values()].map(bridgeCall),
    };
  }

  /** `dialled`: at which of the bridge's numbers. */
  dialIn(number: string, keys: string, dialled = ""): CallId {
    this.#callsIn += 1;
    const id = `c${this.#callsIn}-${this.bootId}` as CallId;
    const { isFull } = this.world;
    const call = this.world.addCall({
      id,
      direction: "in",
      number,
      dialled,
      extension: null,
      conference: null,
      stage: "prompted",
    });
    // Agents hear of no call that the bridge never took.
    if (isFull) {
      this.world.endCall(call, "busy");
      return id;
    }
    this.#emit({ type: "prompted", call: id, number, dialled });
    this.press(call, keys);
    return id;
  }

  press(call: Call, keys: string): void {
    if (keys === "" || (call.stage !== "prompted" && call.stage !== "entered")) return;
    this.world.press(call, keys);
    this.#emit({ type: "keys", call: call.id, keys });
  }

  talk(call: Call, talking: boolean): void {
    if (call.stage === "ended" || call.stage === "ringing") return;
    call.talking = talking;
    this.#reportTalking(call);
  }

  /** A phone that rings is answered; another one stays as it is. */
  pickUp(call: Call): void {
    if (call.stage !== "ringing" || call.conference === null) return;
    call.stage = "answered";
    this.#emit({ type: "answered", call: call.id, conference: call.conference });
  }

  /** A phone that rings declines the call. */
  hangUp(call: Call): void {
    if (call.stage !== "ended") this.#end(call, call.stage === "ringing" ? "rejected" : "hung-up");
  }

  /** By the bridge's own operator: the protocol has no event for it. */
  muteByConsole(call: Call, muted: boolean): void {
    call.muted = muted;
    this.#reportTalking(call);
  }

  lockByTelephone(key: ConfKey, locked: boolean): void {
    const conference = this.world.conferences.get(key);
    if (conference === undefined || conference.locked === locked) return;
    conference.locked = locked;
    this.#emit({ type: "lock-changed", conference: key, locked });
  }

  endByTelephone(key: ConfKey): void {
    this.world.endConference(key);
    this.#emit({ type: "conference-ended", conference: key });
  }

  /** Ended calls stay listed; agents hear of all that ended, and commands under way are refused. */
  reset(): void {
    for (const { cancel, answer } of this.#heldCommands) {
      cancel();
      answer(refusal);
    }
    this.#heldCommands.clear();
    for (const key of [...this.world.conferences.keys()]) this.endByTelephone(key);
    for (const call of [...this.world.calls.values()]) this.#end(call, "hung-up");
    this.numbers.clear();
    this.acts = [];
    this.setFaults(NO_FAULTS);
  }

  setFaults(faults: Faults): void {
    const wasDown = this.faults.down;
    const letGo = this.faults.hold && !faults.hold ? [...this.#heldCommands] : [];
    this.faults = faults;
    for (const { begin } of letGo) begin();
    if (wasDown && !faults.down) this.#backUp();
  }

  #executeNow(
    owner: string | null,
    commandId: CommandId,
    key: ConfKey | null,
    command: BridgeCommand,
    answer: (result: CommandResult) => void,
  ): void {
    const ability = needsOf(command);
    const result =
      ability !== null && this.cannot.includes(ability)
        ? notSupported
        : this.faults.refuse.includes(command.type)
          ? refusal
          : executeCommand(this.world, owner, key, command, (call, waitMs) => this.#ring(call, waitMs));
    this.acts.push({
      n: this.acts.length + 1,
      act: command.type,
      conference: key,
      room: "room" in command ? command.room : null,
      call: "call" in command ? command.call : null,
      commandId,
      outcome: result.done ? "done" : "refused",
    });
    answer(result);
    // A mute, an entry or `report-speakers` changes which speakers are heard.
    const call = "call" in command ? this.world.calls.get(command.call) : undefined;
    if (call) this.#reportTalking(call);
    if (command.type === "report-speakers" && key !== null) {
      for (const each of this.world.callsOf(key)) this.#reportTalking(each);
    }
  }

  #ring(call: Call, waitMs: number): void {
    const { outcome, afterMs } = this.numbers.get(call.number) ?? DEFAULT_PLAN;
    const inTime = outcome !== "no-answer" && afterMs < waitMs;
    this.#timers.after(inTime ? afterMs : waitMs, () => {
      if (call.stage !== "ringing" || call.conference === null) return; // It was cancelled, or declined.
      if (!inTime) this.#end(call, "no-answer");
      else if (outcome !== "answer") this.#end(call, failures[outcome]);
      else this.pickUp(call);
    });
  }

  #end(call: Call, reason: EndReason): void {
    this.world.endCall(call, reason);
    this.#emit({ type: "ended", call: call.id, conference: call.conference, reason });
  }

  #reportTalking(call: Call): void {
    if (call.conference === null) return;
    const reports = this.world.conferences.get(call.conference)?.reportsSpeakers ?? false;
    const audible = reports && call.stage === "entered" && call.talking && !call.muted;
    if (audible === call.reportedTalking) return;
    call.reportedTalking = audible;
    this.#emit({ type: "talking", call: call.id, conference: call.conference, talking: audible });
  }
}

function bridgeCall(call: Call): BridgeCall {
  const { id, stage, direction, number, conference } = call;
  if (stage === "ended") {
    return { stage, call: id, direction, number, conference, reason: call.endReason ?? "hung-up" };
  }
  if (conference === null) return { stage: "prompted", call: id, number, dialled: call.dialled, keys: call.keys };
  if (stage === "entered" && call.room !== null) {
    const { room, muted, joinTone, attendeeId, host, reportedTalking: talking } = call;
    const entered = {
      stage,
      call: id,
      direction,
      number,
      conference,
      room,
      muted,
      joinTone,
      attendeeId,
      talking,
    } as const;
    return host ? { ...entered, host } : entered;
  }
  return { stage: stage === "ringing" ? "ringing" : "answered", call: id, number, conference };
}
