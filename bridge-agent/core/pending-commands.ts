import {
  effectOf,
  isInEffect,
  refusalOf,
  type Topic,
  topicOfCall,
  topicsOf,
  undoes,
} from "../../src/bridge/command-rules.ts";
import { type BridgeCommand, type CommandResult, isTimedOnBridge, ON_BRIDGE_MS } from "../../src/bridge/commands.ts";
import type { BridgeView } from "../../src/bridge/state.ts";
import type { CallId, CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";

export interface OpenCommand {
  readonly conference: ConfKey;
  readonly id: CommandId;
  /** The result of its commands is reported to the edge; what a keypad or the agent's policy brings about is reported as an event. */
  readonly origin: "edge" | "keypad" | "policy";
  readonly command: BridgeCommand | Identify;
  /** When it may be begun, by this machine's clock; absent: at any time. */
  readonly begin?: { readonly from: EpochMs; readonly before: EpochMs };
}

/** Is not for the bridge: it waits for the commands of its call before it, and is then reported. */
export interface Identify {
  readonly type: "identify";
  readonly call: CallId;
  readonly attendeeId: string;
}

/**
 * `received`: the bridge knows nothing of it. `begun`: the bridge may know. `ringing`: a dial whose result was reported and
 * whose call was neither answered nor ended yet. `finished`: kept only to know repeats.
 */
export type CommandPhase = "received" | "begun" | "ringing" | "finished";

export interface JournaledCommand {
  readonly pending: OpenCommand;
  readonly phase: CommandPhase;
}

const PRUNE_EVERY_MS = 10 * 60_000;

/** Commands for a conference that is to go on. */
const keeps: ReadonlySet<OpenCommand["command"]["type"]> = new Set(["create-conference", "admit"]);

interface CommandRows {
  prune(now: EpochMs): void;
  /** `false`: it is there already. */
  addCommand(command: NewCommand, now: EpochMs): boolean;
  begin(command: OpenCommand): void;
  setPhase(conference: ConfKey, id: CommandId, phase: CommandPhase): void;
}

/** `command`: `null` for one that was not understood. */
export type NewCommand = Omit<OpenCommand, "command"> & { readonly command: OpenCommand["command"] | null };

/** A clock that was set back before a restart does not show how much time has passed: then it is too late as well. */
export function isInTime({ begin }: OpenCommand, now: EpochMs): boolean {
  return begin === undefined || (begin.from <= now && now < begin.before);
}

interface Open {
  pending: OpenCommand;
  /** `doubt`: it may have been begun, and what became of it must be read from the bridge's state. */
  stage: "waiting" | "running" | "doubt";
  /** It is in doubt as soon as it is its turn. */
  readonly mayHaveBegun: boolean;
  /** From an earlier life of this process: another agent may have been active meanwhile. */
  readonly isOld: boolean;
  /** It is not begun again, whatever became of it. */
  isFinal: boolean;
}

/** The commands that are not finished: which may begin, which run, and which are in doubt. */
export class PendingCommands {
  readonly #journal: CommandRows;
  readonly #open = new Map<string, Open>();
  readonly #queues = new Map<ConfKey, TopicQueue<Open>>();
  readonly #ringing = new Map<CallId, OpenCommand>();
  readonly #inDoubt = new Set<Open>();
  #ready: Open[] = [];
  #running = 0;
  #isActive = false;
  #prunedAt: EpochMs = 0;

  constructor(journal: CommandRows, contents: { readonly commands: readonly JournaledCommand[] }) {
    this.#journal = journal;
    for (const { pending, phase } of contents.commands) {
      if (phase === "ringing" && "call" in pending.command) this.#ringing.set(pending.command.call, pending);
      else this.#enqueue({ ...fresh, pending, mayHaveBegun: phase === "begun", isOld: true });
    }
  }

  /** Deletes finished ones that nobody asks for again, now and then. */
  prune(now: EpochMs): void {
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    this.#journal.prune(now);
  }

  get running(): number {
    return this.#running;
  }

  /** All that have no result yet. */
  get size(): number {
    return this.#open.size;
  }

  /** False: a command of this id came before, and nothing changes. With `mayHaveBegun`, another agent may have begun it. */
  add(pending: OpenCommand, now: EpochMs, mayHaveBegun = false): boolean {
    if (!this.#journal.addCommand(pending, now)) return false;
    if (mayHaveBegun) this.#journal.setPhase(pending.conference, pending.id, "begun");
    this.#enqueue({ ...fresh, pending, mayHaveBegun, isOld: false });
    return true;
  }

  /** A command that this version does not understand: only its id is kept. False: it came before. */
  addRefused(conference: ConfKey, id: CommandId, now: EpochMs): boolean {
    if (!this.#journal.addCommand({ conference, id, origin: "edge", command: null }, now)) return false;
    this.#journal.setPhase(conference, id, "finished");
    return true;
  }

  /** The edge has said that this agent is active: what an earlier life left undone may go on. */
  activate(): void {
    this.#isActive = true;
  }

  #enqueue(open: Open): void {
    const { conference, command } = open.pending;
    this.#open.set(keyOf(open.pending), open);
    let queue = this.#queues.get(conference);
    if (!queue) {
      queue = new TopicQueue();
      this.#queues.set(conference, queue);
    }
    const ofCall = (identify: Identify) => [{ name: topicOfCall(identify), isShared: false }];
    const topics = command.type === "identify" ? ofCall(command) : topicsOf(command);
    if (queue.add(open, topics)) this.#makeReady(open);
  }

  #makeReady(open: Open): void {
    if (open.mayHaveBegun) this.#setInDoubt(open);
    else this.#ready.push(open);
  }

  #setInDoubt(open: Open): void {
    open.stage = "doubt";
    this.#inDoubt.add(open);
  }

  /** The commands that may begin now; from here on the bridge may know of them. */
  begin(now: EpochMs): OpenCommand[] {
    if (this.#ready.length === 0) return [];
    const mayBegin = ({ isOld }: Open) => this.#isActive || !isOld;
    const unfinished = this.#ready.filter((open) => this.#open.has(keyOf(open.pending)));
    const ready = unfinished.filter(mayBegin);
    this.#ready = unfinished.filter((open) => !mayBegin(open));
    for (const open of ready) {
      open.stage = "running";
      this.#running += 1;
      open.pending = begunAt(open.pending, now);
      this.#journal.begin(open.pending);
    }
    return ready.map(({ pending }) => pending);
  }

  /** Whether it is known here and the bridge was not given it, as far as this agent knows. */
  isWaiting(conference: ConfKey, id: CommandId): boolean {
    const open = this.#open.get(keyOf({ conference, id }));
    return open !== undefined && open.stage !== "running";
  }

  find(conference: ConfKey, id: CommandId): OpenCommand | null {
    return this.#open.get(keyOf({ conference, id }))?.pending ?? null;
  }

  /** Whether a later command, which may still begin, is for the conference that it would end. */
  isWantedAgain({ conference, id }: Pick<OpenCommand, "conference" | "id">, now: EpochMs): boolean {
    let isBehind = false;
    for (const { pending } of this.#queues.get(conference)?.items() ?? []) {
      // What comes behind another end is not for this conference.
      if (isBehind && pending.command.type === "end-conference") return false;
      if (isBehind && pending.origin === "edge" && keeps.has(pending.command.type) && isInTime(pending, now))
        return true;
      isBehind ||= pending.id === id;
    }
    return false;
  }

  /** The bridge may or may not have carried it out. With `isFinal`, it is not begun again in any case. */
  setInDoubt(pending: OpenCommand, isFinal: boolean): void {
    const open = this.#open.get(keyOf(pending));
    if (!open) return;
    open.isFinal ||= isFinal;
    if (open.stage !== "running") return;
    this.#setInDoubt(open);
    this.#running -= 1;
  }

  /** The bridge has lost all that it held: what it may have done is gone, and nobody is rung twice. */
  bridgeRestarted(): void {
    for (const open of this.#inDoubt) open.isFinal = true;
  }

  get inDoubt(): number {
    return this.#inDoubt.size;
  }

  /** Reads from the bridge's state what became of the commands in doubt; those that it never began are begun anew. */
  readDoubts(view: BridgeView, now: EpochMs, settle: (pending: OpenCommand, result: CommandResult) => void): void {
    for (const open of [...this.#inDoubt]) {
      const { pending } = open;
      const { conference, command } = pending;
      const isForBridge = command.type !== "identify";
      if (isForBridge && isInEffect(view, conference, command)) {
        settle(pending, { done: true });
        continue;
      }
      const refusal = isForBridge ? refusalOf(view, conference, command) : null;
      if (refusal !== null || open.isFinal) settle(pending, { done: false, reason: refusal ?? "unreachable" });
      else if (this.#isUndone(open, now)) settle(pending, { done: true });
      else this.#beginAgain(open); // The bridge does not begin what a broken link has asked for.
    }
  }

  /** Whether a later command that may still begin undoes it: to carry it out once more would be heard, and the bridge shows no trace. */
  #isUndone(open: Open, now: EpochMs): boolean {
    const { conference, command } = open.pending;
    if (command.type === "identify") return false;
    for (const { pending } of this.#queues.get(conference)?.later(open) ?? []) {
      const later = pending.command;
      if (later.type !== "identify" && isInTime(pending, now) && undoes(later, command)) return true;
    }
    return false;
  }

  #beginAgain(open: Open): void {
    open.stage = "waiting";
    this.#inDoubt.delete(open);
    this.#ready.push(open);
  }

  /** The commands that the bridge is not at work on. */
  idle(): OpenCommand[] {
    return [...this.#open.values()].filter(({ stage }) => stage !== "running").map(({ pending }) => pending);
  }

  isBusy(conference: ConfKey): boolean {
    return this.#queues.has(conference);
  }

  unfinished(): OpenCommand[] {
    return [...this.#open.values()].map(({ pending }) => pending);
  }

  /** Whether the call is muted once all that is under way for it is done; `null`: nothing of that changes it. */
  willMute(conference: ConfKey, call: CallId, now: EpochMs): boolean | null {
    let muted: boolean | null = null;
    for (const { pending, stage } of this.#queues.get(conference)?.items() ?? []) {
      const { command } = pending;
      const isTooLate = stage === "waiting" && !isInTime(pending, now);
      if ("call" in command && command.call === call && !isTooLate) muted = muteBy(command) ?? muted;
    }
    return muted;
  }

  /** Its result is known. A dial that rings is watched until its call is answered or over. */
  finish(pending: OpenCommand, rings: boolean): void {
    const key = keyOf(pending);
    const open = this.#open.get(key);
    if (!open) return;
    if (open.stage === "running") this.#running -= 1;
    this.#open.delete(key);
    this.#inDoubt.delete(open);
    this.#journal.setPhase(pending.conference, pending.id, rings ? "ringing" : "finished");
    if (rings && "call" in pending.command) this.#ringing.set(pending.command.call, pending);
    const queue = this.#queues.get(pending.conference);
    if (!queue) return;
    for (const next of queue.remove(open)) this.#makeReady(next);
    if (queue.size === 0) this.#queues.delete(pending.conference);
  }

  ringing(): ReadonlyMap<CallId, OpenCommand> {
    return this.#ringing;
  }

  stopWatching(call: CallId): void {
    const dial = this.#ringing.get(call);
    if (!dial) return;
    this.#ringing.delete(call);
    this.#journal.setPhase(dial.conference, dial.id, "finished");
  }
}

/** Who waits for a command that the bridge was given waits no longer than `ON_BRIDGE_MS`: after that it is not begun again. */
function begunAt(pending: OpenCommand, now: EpochMs): OpenCommand {
  const { begin, command } = pending;
  if (!begin || command.type === "identify" || !isTimedOnBridge(command)) return pending;
  return { ...pending, begin: { ...begin, before: Math.min(begin.before, now + ON_BRIDGE_MS) } };
}

const fresh = { stage: "waiting", isFinal: false } as const;

function keyOf({ conference, id }: { readonly conference: ConfKey; readonly id: CommandId }): string {
  return `${conference} ${id}`;
}

/** Whether the command mutes its call or unmutes it; `null`: neither. */
function muteBy(command: OpenCommand["command"]): boolean | null {
  if (command.type === "identify") return null;
  const effect = effectOf(command);
  if (effect.type === "mute-changed") return effect.muted;
  return effect.type === "call-entered" ? (effect.as?.muted ?? null) : null;
}

/** The items that have a topic. */
interface Line<Item> {
  /** One that has the topic for itself, or all of those that share it and came first. */
  readonly front: Set<Item>;
  isShared: boolean;
  /** In order; whether each shares the topic. */
  readonly waiting: Map<Item, boolean>;
}

/** Items go in order within each topic that one of them has for itself, and side by side otherwise. Costs the same however many wait. */
class TopicQueue<Item> {
  /** `waitsFor`: in how many lines the item is not in front. */
  readonly #places = new Map<Item, { readonly topics: readonly Topic[]; waitsFor: number }>();
  readonly #lines = new Map<string, Line<Item>>();

  get size(): number {
    return this.#places.size;
  }

  /** In order. */
  items(): Iterable<Item> {
    return this.#places.keys();
  }

  /** Whether the item may go at once. */
  add(item: Item, topics: readonly Topic[]): boolean {
    const place = { topics, waitsFor: topics.length };
    this.#places.set(item, place);
    for (const { name, isShared } of topics) {
      const line = this.#lines.get(name) ?? { front: new Set(), isShared, waiting: new Map() };
      this.#lines.set(name, line);
      line.waiting.set(item, isShared);
      this.#advance(line);
    }
    return place.waitsFor === 0;
  }

  /** The items behind this one, whose turn it is, that have for themselves a topic that it has for itself, in order. */
  *later(item: Item): Generator<Item> {
    for (const { name, isShared } of this.#places.get(item)?.topics ?? []) {
      if (isShared) continue;
      for (const [other, shares] of this.#lines.get(name)?.waiting ?? []) if (!shares) yield other;
    }
  }

  /** The items that may go now that this one is over. */
  remove(item: Item): Item[] {
    const { topics = [] } = this.#places.get(item) ?? {};
    this.#places.delete(item);
    return topics.flatMap(({ name }) => {
      const line = this.#lines.get(name);
      if (!line) return [];
      line.front.delete(item);
      line.waiting.delete(item);
      if (line.front.size + line.waiting.size === 0) this.#lines.delete(name);
      return this.#advance(line);
    });
  }

  /** Brings to the front what may stand there, and returns the items that now wait in no line. */
  #advance(line: Line<Item>): Item[] {
    const free: Item[] = [];
    for (const [item, isShared] of line.waiting) {
      if (line.front.size > 0 && !(line.isShared && isShared)) break;
      line.waiting.delete(item);
      line.front.add(item);
      line.isShared = isShared;
      const place = this.#places.get(item);
      if (place && --place.waitsFor === 0) free.push(item);
    }
    return free;
  }
}
