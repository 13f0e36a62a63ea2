import { isInEffect, refusalOf } from "../src/bridge/command-rules.ts";
import type { BridgeCommand, CommandResult, ExecutionResult } from "../src/bridge/commands.ts";
import type { BridgeCaller, BridgeEvent, ConferenceEvent } from "../src/bridge/events.ts";
import type { KeypadCodes } from "../src/bridge/keypad.ts";
import { inside, type Keypad, type KeypadAction, type KeypadInput, press, prompted } from "../src/bridge/keypad.ts";
import type { BridgeCall, BridgeState } from "../src/bridge/state.ts";
import { type BridgeView, callerOf, digestOf, snapshotOf, viewOf } from "../src/bridge/state.ts";
import { type CallId, type CommandId, type ConfKey, type EpochMs, MAIN_ROOM } from "../src/foundation/ids.ts";
import { assertNever } from "../src/foundation/result.ts";
import type { ConferenceDigest } from "../src/link/messages.ts";
import type { Books } from "./books.ts";
import { isCommand, isInTime, type Task, type Work } from "./task.ts";
import type { Tasks } from "./tasks.ts";

/** A bridge that will not let go of a caller at the prompt is asked again after this time. */
const HANG_UP_AGAIN_MS = 2_000;

/** One act for the driver, under the name that the bridge's own records will show. */
export interface Execution {
  readonly id: CommandId;
  readonly conference: ConfKey | null;
  readonly command: BridgeCommand;
}

/** A phone leg as far as the agent must know it between two events. */
interface Leg {
  readonly call: CallId;
  readonly number: string;
  conference: ConfKey | null;
  /** As it will be when all that is ordered is done. */
  muted: boolean;
  entered: boolean;
  /** `null` for a dialled call before it enters: its keys mean nothing. */
  keypad: Keypad | null;
  /** When it is to be let go, if it is. */
  letGoAt?: EpochMs;
}

/** What happens on the bridge and what is done there: carries out tasks, judges doubts, leads callers in by their keys. */
export class BridgeSide {
  readonly #books: Books;
  readonly #tasks: Tasks;
  readonly #newId: () => CommandId;
  readonly #legs = new Map<CallId, Leg>();
  readonly #hangUps = new Map<CommandId, CallId>();
  readonly #speaking = new Set<CallId>();
  #acts: Execution[] = [];
  #now: EpochMs = 0;
  codes: KeypadCodes = { merge: "*1", mute: "*6" };

  constructor(books: Books, tasks: Tasks, newId: () => CommandId) {
    this.#books = books;
    this.#tasks = tasks;
    this.#newId = newId;
  }

  get calls(): number {
    return this.#legs.size;
  }

  /** The time of all that follows. */
  set now(now: EpochMs) {
    this.#now = now;
  }

  /** Begins what may begin; returns that and what the keypads brought about. */
  begin(): Execution[] {
    for (let tasks = this.#tasks.begin(); tasks.length > 0; tasks = this.#tasks.begin()) {
      for (const task of tasks) {
        const { work } = task;
        if (work.type === "not-understood") this.#settle(task, { done: false, reason: "not-supported" });
        else if (!isInTime(task, this.#now)) this.#settle(task, { done: false, reason: "too-late" });
        else if (work.type === "identify") this.#settle(task, { done: true });
        else this.#acts.push({ id: task.id, conference: task.conference, command: work });
      }
    }
    return this.#acts.splice(0);
  }

  /** The link to the bridge broke, or another agent was in charge meanwhile: only a new state tells what is there. */
  forgetCalls(): void {
    this.#legs.clear();
    this.#hangUps.clear();
  }

  /** The bridge has lost all that it held: what it may have done is gone, and nobody is rung twice. */
  startedAnew(): void {
    for (const task of this.#tasks.inDoubt()) this.#tasks.notAgain(task);
  }

  /** Another agent is in charge: what was not begun, or is in doubt, must not happen when this one's turn comes again. */
  giveUp(): void {
    this.forgetCalls();
    for (const task of this.#tasks.idle()) this.#settle(task, { done: false, reason: "unreachable" });
  }

  result({ id, conference }: Execution, result: ExecutionResult): void {
    const leaving = this.#hangUps.get(id);
    if (leaving !== undefined) {
      this.#hangUps.delete(id);
      const leg = this.#legs.get(leaving);
      if (result.done === true || (result.done === false && result.reason === "no-such-call")) {
        this.#legs.delete(leaving);
      } else if (leg) leg.letGoAt = this.#now + HANG_UP_AGAIN_MS;
    }
    const task = conference === null ? null : this.#tasks.find(conference, id);
    if (!task) return;
    if (result.done !== "unknown") return this.#settle(task, result);
    this.#tasks.doubt(task);
    if (result.tooSlow) this.#tasks.notAgain(task);
  }

  bridgeEvent(event: BridgeEvent): void {
    switch (event.type) {
      case "prompted": {
        const { call, number } = event;
        this.#legs.set(call, waiting(call, number, this.#now));
        return;
      }
      case "keys": {
        const leg = this.#legs.get(event.call);
        if (leg) this.#press(leg, { type: "keys", keys: event.keys, at: this.#now });
        return;
      }
      case "answered":
        this.#tasks.stopWatching(event.call);
        return this.#tell(event.conference, { type: "call-answered", call: event.call });
      case "ended":
        this.#gone(event.call);
        if (event.conference === null) return;
        return this.#tell(event.conference, {
          type: "caller-left",
          call: event.call,
          reason: event.reason,
        });
      case "talking": {
        const { conference, call, talking } = event;
        if (talking) this.#speaking.add(call);
        else this.#speaking.delete(call);
        return this.#tell(conference, { type: "speaking-changed", call, speaking: talking });
      }
      case "lock-changed":
        this.#books.change(event.conference, { locked: event.locked });
        return this.#tell(event.conference, { type: "lock-changed", locked: event.locked });
      case "conference-ended":
        this.#tell(event.conference, { type: "conference-ended" });
        return this.#ended(event.conference);
      default:
        return assertNever(event);
    }
  }

  /** Callers who key nothing are let go, and codes that waited for more keys are taken as they are. */
  timePassed(): void {
    for (const leg of this.#legs.values()) {
      if (leg.letGoAt !== undefined && this.#now >= leg.letGoAt) this.#hangUp(leg);
      this.#press(leg, { type: "time", at: this.#now });
    }
  }

  /** Whether it is time to ask what became of the tasks in doubt. */
  get wantsState(): boolean {
    return this.#tasks.hasDoubts;
  }

  /**
   * All that the bridge holds now: finds out what was missed, and what became of the tasks in doubt. With `gap`, events
   * were missed. The edge hears how all conferences stand, or those of which it is to hear.
   */
  catchUp(state: BridgeState, { gap, all }: { readonly gap: boolean; readonly all: boolean }): void {
    const view = viewOf(state);
    for (const { conference, locked } of state.conferences) {
      if (this.#books.find(conference)?.locked === locked) continue;
      this.#books.change(conference, { live: true, locked });
    }
    const found = state.calls.filter((call) => !this.#legs.has(call.call));
    for (const call of found) this.#adopt(call);
    for (const task of this.#tasks.inDoubt()) {
      const { work } = task;
      const isAct = isCommand(work);
      if (isAct && isInEffect(view, task.conference, work)) {
        this.#settle(task, { done: true });
        continue;
      }
      const refusal = isAct ? refusalOf(view, task.conference, work) : null;
      if (refusal !== null || !this.#tasks.mayBeginAgain(task)) {
        this.#settle(task, { done: false, reason: refusal ?? "unreachable" });
      } else if (this.#tasks.isUndone(task, this.#now)) this.#settle(task, { done: true });
      else this.#tasks.retry(task); // The bridge does not begin what a broken link has asked for.
    }
    for (const [call, task] of this.#tasks.ringing()) this.#lookAfter(call, task, view);
    const wanted = [...this.#books.snapshotsWanted];
    this.#books.snapshotsWanted.clear();
    const keys = all ? new Set([...this.#books.live(), ...view.conferences.keys(), ...wanted]) : wanted;
    this.#tellSnapshots(view, keys, gap);
    this.#speaking.clear();
    for (const call of state.calls) if (call.stage === "entered" && call.talking) this.#speaking.add(call.call);
    this.#leadOn(found);
  }

  /** Of each conference in this state of which all is told and nothing is under way. */
  digests(state: BridgeState): ConferenceDigest[] {
    const view = viewOf(state);
    const busy = new Set(this.#tasks.unfinished().map(({ conference }) => conference));
    const quiet = (key: ConfKey) => !busy.has(key) && !this.#books.hasUntold(key);
    // The bridge dropped these without a word.
    const gone = this.#books.live().filter((key) => quiet(key) && !view.conferences.has(key));
    this.#tellSnapshots(view, gone, false);
    return [...view.conferences.keys()].filter(quiet).map((conference) => {
      const { locked = false, callers = [] } = snapshotOf(view, conference) ?? {};
      return { conference, digest: digestOf({ locked, callers }) };
    });
  }

  #adopt(call: BridgeCall): void {
    if (call.stage === "ended") return;
    if (call.stage === "prompted") this.#legs.set(call.call, waiting(call.call, call.number, this.#now));
    else {
      const entered = call.stage === "entered";
      this.#legs.set(call.call, {
        call: call.call,
        number: call.number,
        conference: call.conference,
        muted: entered && call.muted,
        entered,
        keypad: entered ? inside(callerOf(call).silent) : null,
      });
    }
  }

  /** A dialled call that was neither answered nor over when it was last heard of. */
  #lookAfter(id: CallId, { conference }: Task, view: BridgeView): void {
    const call = view.calls.get(id);
    if (call?.stage === "ringing") return;
    this.#tasks.stopWatching(id);
    if (call?.stage === "answered") this.#tell(conference, { type: "call-answered", call: id });
    if (call !== undefined && call.stage !== "ended") return;
    this.#legs.delete(id);
    // Calls that an order ended are told by its result, and those that are gone without a trace by the snapshot.
    if (call && !["cancelled", "expelled", "conference-ended"].includes(call.reason)) {
      this.#tell(conference, { type: "caller-left", call: id, reason: call.reason });
    }
  }

  #tellSnapshots(view: BridgeView, keys: Iterable<ConfKey>, gap: boolean): void {
    for (const key of keys) {
      const conference = snapshotOf(view, key);
      // Without a gap, an untold snapshot with nothing behind it would only be repeated.
      if (gap || !this.#books.endsWithSnapshot(key)) this.#tell(key, { type: "snapshot", conference });
      if (conference === null) this.#ended(key);
    }
  }

  /** Callers who were at the prompt: what they have keyed so far counts. */
  #leadOn(found: readonly BridgeCall[]): void {
    const entering = new Map<CallId, Task>();
    for (const task of this.#tasks.unfinished()) {
      if (task.by === "keypad" && task.work.type === "admit") entering.set(task.work.call, task);
    }
    for (const call of found) {
      const leg = this.#legs.get(call.call);
      if (call.stage !== "prompted" || !leg) continue;
      const task = entering.get(call.call);
      if (task?.work.type === "admit") {
        leg.conference = task.conference;
        leg.muted = task.work.muted;
        leg.keypad = inside(!task.work.joinTone);
      } else this.#press(leg, { type: "keys", keys: call.keys, at: this.#now });
    }
  }

  #press(leg: Leg, input: KeypadInput): void {
    if (leg.keypad === null) return;
    const rules = { codes: this.codes, find: (key: string) => this.#books.find(key) };
    const { keypad, actions } = press(leg.keypad, input, rules);
    leg.keypad = keypad;
    for (const action of actions) this.#follow(leg, action);
  }

  #follow(leg: Leg, action: KeypadAction): void {
    const { call } = leg;
    switch (action.type) {
      case "hang-up":
        return this.#hangUp(leg);
      case "admit": {
        const { conference, attendeeId, silent } = action;
        leg.conference = conference;
        leg.muted = silent;
        return this.#order(leg, { type: "admit", call, muted: silent, joinTone: !silent, attendeeId });
      }
      case "toggle-mute":
        leg.muted = !leg.muted;
        return this.#order(leg, { type: leg.muted ? "mute" : "unmute", call });
      case "identify":
        return this.#order(leg, { type: "identify", call, attendeeId: action.attendeeId });
      default:
        return assertNever(action);
    }
  }

  #order({ conference }: Leg, work: Work): void {
    if (conference !== null) this.#tasks.take({ conference, id: this.#newId(), by: "keypad", work }, this.#now);
  }

  /** Not journaled: a caller who is still at the prompt after a crash is led, and let go, anew. */
  #hangUp(leg: Leg): void {
    const id = this.#newId();
    leg.keypad = { at: "over" };
    delete leg.letGoAt;
    this.#hangUps.set(id, leg.call);
    this.#acts.push({ id, conference: null, command: { type: "expel", call: leg.call } });
  }

  #settle(task: Task, result: CommandResult): void {
    const { work, conference, id } = task;
    this.#tasks.finish(task, work.type === "dial" && result.done);
    if (task.by === "edge") this.#books.report(conference, { type: "result", id, result });
    if (result.done) return this.#carriedOut(task);
    const leg = "call" in work ? this.#legs.get(work.call) : undefined;
    if (task.by === "edge" || !leg) return;
    if (work.type === "admit") this.#hangUp(leg);
    if (work.type === "mute" || work.type === "unmute") leg.muted = work.type === "unmute";
  }

  /** Takes note of what an act changed, and tells it if nobody asked for it. */
  #carriedOut({ work, conference, by }: Task): void {
    const leg = "call" in work ? this.#legs.get(work.call) : undefined;
    switch (work.type) {
      case "create-conference":
        return this.#books.change(conference, { live: true, anonymousId: work.anonymousId });
      case "end-conference":
        return this.#ended(conference);
      case "lock":
      case "unlock":
        return this.#books.change(conference, { locked: work.type === "lock" });
      case "dial": {
        const { country, area, local } = work.number;
        if (leg) return;
        this.#legs.set(work.call, {
          call: work.call,
          number: country + area + local,
          conference,
          muted: false,
          entered: false,
          keypad: null,
        });
        return;
      }
      case "admit":
      case "move":
        if (!leg) return;
        leg.entered = true;
        leg.conference = conference;
        leg.keypad ??= inside(false);
        if (work.type === "move") return;
        if (by === "edge") leg.muted = work.muted;
        else this.#tell(conference, { type: "caller-entered", caller: entering(leg, work) });
        return;
      case "mute":
      case "unmute": {
        const muted = work.type === "mute";
        if (by === "keypad") this.#tell(conference, { type: "caller-muted", call: work.call, muted });
        else if (leg) leg.muted = muted;
        return;
      }
      case "cancel-dial":
      case "expel":
        return this.#gone(work.call);
      case "identify":
        if (!leg?.entered) return;
        return this.#tell(conference, {
          type: "attendee-identified",
          call: work.call,
          attendeeId: work.attendeeId,
        });
      case "report-speakers":
        // Who asks anew knows nothing of those who speak already.
        for (const call of this.#speaking) {
          if (this.#legs.get(call)?.conference !== conference) continue;
          this.#tell(conference, { type: "speaking-changed", call, speaking: true });
        }
        return;
      case "create-room":
      case "close-room":
      case "stop-reporting-speakers":
      case "not-understood":
        return;
      default:
        return assertNever(work);
    }
  }

  #gone(call: CallId): void {
    this.#legs.delete(call);
    this.#speaking.delete(call);
    this.#tasks.stopWatching(call);
  }

  #ended(conference: ConfKey): void {
    this.#books.change(conference, { live: false, locked: false, anonymousId: null });
    for (const leg of this.#legs.values()) {
      // Those on their way in are still at the prompt: their admission will be refused.
      if (leg.conference === conference && (leg.entered || leg.keypad === null)) this.#gone(leg.call);
    }
    for (const [call, task] of this.#tasks.ringing()) if (task.conference === conference) this.#gone(call);
  }

  #tell(conference: ConfKey, event: ConferenceEvent): void {
    this.#books.tell(conference, event);
  }
}

function waiting(call: CallId, number: string, now: EpochMs): Leg {
  return { call, number, conference: null, muted: false, entered: false, keypad: prompted(now) };
}

function entering({ call, number }: Leg, command: Extract<BridgeCommand, { type: "admit" }>): BridgeCaller {
  const { muted, joinTone, attendeeId } = command;
  return {
    call,
    direction: "in",
    number,
    attendeeId: attendeeId ?? null,
    muted,
    silent: !joinTone,
    room: MAIN_ROOM,
  };
}
