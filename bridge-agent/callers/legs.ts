import type { BridgeCaller, BridgeEvent, Report } from "../../src/bridge/events.ts";
import { isAtPrompt, type Keypad, prompted } from "../../src/bridge/keypad.ts";
import { inside } from "../../src/bridge/keypad-codes.ts";
import { type BridgeCall, callerOf } from "../../src/bridge/state.ts";
import { type CallId, type ConfKey, type EpochMs, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";
import { MultiMap } from "../../src/foundation/maps.ts";
import { type AgentJournal, ENTERED, INSIDE, type JournalContents } from "../core/journal.ts";

export type KeysEvent = Extract<BridgeEvent, { readonly type: "keys" }>;

/** A phone leg as far as the agent must know it between two events. */
export interface Leg {
  readonly call: CallId;
  readonly number: string;
  /** The number that its caller called; empty where that is not known. */
  readonly dialled: string;
  /** By the bridge, for the edge; else its caller dialled in. */
  readonly isDialled: boolean;
  /** `Legs` alone changes it. */
  readonly conference: ConfKey | null;
  room: RoomId | null;
  /** When this agent first saw the call. */
  readonly since: EpochMs;
  /** The same, later by the time at the prompt without the edge: that does not count. */
  countsFrom: EpochMs;
  /** As the bridge last showed or confirmed it. */
  muted: boolean;
  entered: boolean;
  /** `null` for a dialled call before it enters: its keys mean nothing. */
  keypad: Keypad | null;
  /** Whether its caller has keyed anything at the prompt. */
  hasKeyed: boolean;
  /** Since when it keys what is not finished by a #; `null`: nothing stands there. */
  typingSince: EpochMs | null;
  /** What its caller has keyed at the prompt while nobody could be led in. */
  heldKeys: readonly KeysEvent[];
  /** Its caller has heard so, has keyed nothing since, and is to be asked when the edge is back. */
  isWaiting: boolean;
}

/** A leg as `Legs` has it. */
interface OwnLeg extends Leg {
  conference: ConfKey | null;
}

export type LegView = Pick<Leg, "call" | "number" | "conference" | "room" | "muted" | "since"> & {
  readonly stage: "prompted" | "dialled" | "entered";
};

type Entry = Required<Pick<BridgeCaller, "enteredAt">> & Pick<BridgeCaller, "dialledOut">;

export type Arrival = Pick<Extract<BridgeEvent, { type: "prompted" }>, "call" | "number" | "dialled">;

type Starts = Pick<AgentJournal, "saveStart" | "deleteStart">;

export class Legs {
  /** The time of this turn. */
  now: EpochMs = 0;
  readonly #journal: Starts;
  readonly #legs = new Map<CallId, Leg>();
  /** The legs of each conference, so that no key or entry walks through all of the bridge. */
  readonly #inConference = new MultiMap<ConfKey, Leg>();
  #dialledCount = 0;
  /** Since when calls are inside, those too whose legs wait for a state of the bridge. */
  readonly #enteredAt: Map<CallId, EpochMs>;
  /** Those of them that were seen to enter since the machine's boot: only they are measured by one clock. */
  readonly #seen: Set<CallId>;

  constructor(journal: Starts, known: JournalContents["starts"] = []) {
    this.#journal = journal;
    const [inside, entered] = [callsIn(known, INSIDE), callsIn(known, ENTERED)];
    this.#enteredAt = new Map([...inside, ...entered]);
    this.#seen = new Set(entered.keys());
  }

  get count(): number {
    return this.#legs.size;
  }

  get dialledCount(): number {
    return this.#dialledCount;
  }

  get views(): LegView[] {
    return Array.from(this.#legs.values(), ({ call, number, conference, room, muted, since, entered, keypad }) => {
      const stage = entered ? "entered" : keypad === null ? "dialled" : "prompted";
      return { call, number, conference, room, muted, since, stage };
    });
  }

  find(call: CallId): Leg | undefined {
    return this.#legs.get(call);
  }

  clear(): void {
    this.#legs.clear();
    this.#inConference.clear();
    this.#dialledCount = 0;
  }

  prompted({ call, number, dialled }: Arrival): Leg {
    return this.#add({ ...this.#newLeg(call, number, null, false), dialled, keypad: prompted(this.now) });
  }

  dialled(call: CallId, number: string, conference: ConfKey): void {
    this.#add(this.#newLeg(call, number, conference, true));
  }

  entered(leg: Leg, conference: ConfKey, room: RoomId, silent: boolean): void {
    leg.entered = true;
    leg.room = room;
    if (leg.keypad === null || isAtPrompt(leg.keypad)) this.letIn(leg, conference, silent);
    else this.move(leg, conference);
    if (!this.#enteredAt.has(leg.call)) this.#seen.add(leg.call);
    this.#noteEntered(leg.call);
  }

  ended(call: CallId): void {
    const leg = this.#legs.get(call);
    if (leg) this.#delete(leg);
    if (this.#enteredAt.delete(call)) this.#journal.deleteStart(this.#startOf(call));
    this.#seen.delete(call);
  }

  /** What an edge that has lost the call needs for its record; absent: it has not entered. */
  entryOf(call: CallId): Entry | undefined {
    const enteredAt = this.#enteredAt.get(call);
    const { isDialled = false } = this.#legs.get(call) ?? {};
    return enteredAt === undefined ? undefined : { enteredAt, ...(isDialled && { dialledOut: true }) };
  }

  /** For how long each of these calls has been inside, of those that were seen to enter since the machine's boot. */
  measured(calls: readonly CallId[]): Pick<Report, "inside"> {
    const inside = calls.flatMap((call) => {
      const since = this.#enteredAt.get(call);
      return since === undefined || !this.#seen.has(call) ? [] : [{ call, ms: this.now - since }];
    });
    return inside.length === 0 ? {} : { inside };
  }

  /** One that has entered, as the edge would be told of it; what its caller has keyed is not kept here. */
  insideOf(call: CallId): BridgeCaller | undefined {
    const [leg, entry] = [this.#legs.get(call), this.entryOf(call)];
    if (!leg || !entry) return undefined;
    const { number, dialled, muted, keypad } = leg;
    const silent = keypad?.at === "inside" && keypad.silent;
    const known = { ...(dialled !== "" && { dialled }), ...entry };
    return { call, number, attendeeId: null, muted, silent, room: leg.room ?? MAIN_ROOM, ...known };
  }

  #noteEntered(call: CallId): void {
    if (this.#enteredAt.has(call)) return;
    this.#enteredAt.set(call, this.now);
    this.#journal.saveStart(this.#startOf(call), this.now);
  }

  #startOf(call: CallId): string {
    return (this.#seen.has(call) ? ENTERED : INSIDE) + call;
  }

  /** Callers on their way in are still at the prompt: the bridge will refuse to admit them. */
  callsInside(conference: ConfKey): CallId[] {
    const legs = [...this.#inConference.get(conference)];
    return legs.filter(({ entered, keypad }) => entered || keypad === null).map(({ call }) => call);
  }

  /** How many places are taken: those of callers on their way in and of calls that are being dialled, too. */
  placesIn(key: ConfKey): number {
    return [...this.#inConference.get(key)].filter(({ keypad }) => keypad?.at !== "over").length;
  }

  /** Whether nobody can talk to this caller. Who listens in silence is nobody that it could talk to. */
  isAlone(leg: Leg): boolean {
    const others = leg.conference === null ? [] : this.#inConference.get(leg.conference);
    for (const other of others) {
      const isBeside = other !== leg && other.entered && other.room === leg.room;
      if (isBeside && other.keypad?.at === "inside" && !other.keypad.silent) return false;
    }
    return true;
  }

  /** Adds the calls that are not known yet, and returns them; deletes those that are gone, should no event have said so. */
  reconcile(calls: readonly BridgeCall[]): BridgeCall[] {
    const held = calls.filter((call) => call.stage !== "ended");
    const ids = new Set(held.map(({ call }) => call));
    for (const call of [...this.#legs.keys(), ...this.#enteredAt.keys()]) if (!ids.has(call)) this.ended(call);
    const found = held.filter(({ call }) => !this.#legs.has(call));
    for (const call of found) {
      if (call.stage === "prompted") this.prompted(call).hasKeyed = call.keys !== "";
      else if (call.stage === "entered") {
        const { conference, number, muted, direction, room } = call;
        const leg = this.#newLeg(call.call, number, conference, direction === "out");
        this.#add({ ...leg, room, muted, entered: true, keypad: inside(callerOf(call).silent) });
        this.#noteEntered(call.call);
      } else this.dialled(call.call, call.number, call.conference);
    }
    return found;
  }

  /** The bridge is right, whatever a command in doubt was to bring. */
  showEntered(calls: readonly BridgeCall[]): void {
    for (const call of calls) {
      const leg = call.stage === "entered" && this.#legs.get(call.call);
      if (!leg) continue;
      // Somebody at the bridge has let it in.
      if (!leg.entered) this.entered(leg, call.conference, call.room, callerOf(call).silent);
      leg.muted = call.muted;
      leg.room = call.room;
    }
  }

  /** A caller who was at the prompt has a place in the conference, or is on the way: what it keyed until now counts no more. */
  letIn(leg: Leg, conference: ConfKey, silent: boolean): void {
    this.move(leg, conference);
    leg.keypad = inside(silent);
    leg.heldKeys = [];
  }

  move(leg: OwnLeg, conference: ConfKey): void {
    if (leg.conference === conference) return;
    if (leg.conference !== null) this.#inConference.delete(leg.conference, leg);
    leg.conference = conference;
    this.#inConference.add(conference, leg);
  }

  #add(leg: Leg): Leg {
    const before = this.#legs.get(leg.call);
    if (before) this.#delete(before);
    this.#legs.set(leg.call, leg);
    if (leg.conference !== null) this.#inConference.add(leg.conference, leg);
    if (leg.isDialled) this.#dialledCount += 1;
    return leg;
  }

  #delete(leg: Leg): void {
    this.#legs.delete(leg.call);
    if (leg.conference !== null) this.#inConference.delete(leg.conference, leg);
    if (leg.isDialled) this.#dialledCount -= 1;
  }

  /** A leg that is in no room yet, whose keys mean nothing yet. */
  #newLeg(call: CallId, number: string, conference: ConfKey | null, isDialled: boolean): Leg {
    const place = { dialled: "", isDialled, conference, room: null, muted: false, entered: false };
    const keyed = { keypad: null, hasKeyed: false, typingSince: null, heldKeys: [] };
    return { call, number, since: this.now, countsFrom: this.now, ...place, ...keyed, isWaiting: false };
  }
}

/** Since when, by call. */
function callsIn(known: JournalContents["starts"], begin: string): Map<CallId, EpochMs> {
  const found = known.filter(({ name }) => name.startsWith(begin));
  return new Map(found.map(({ name, at }) => [name.slice(begin.length) as CallId, at]));
}
