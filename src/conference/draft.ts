import type { BridgeCommand, CommandResult, IssuedCommand, RefusalReason } from "../bridge/commands.ts";
import type { BridgeName, CallId, CommandId, ConfKey, EpochMs, MsgId, RoomId, WebexHost } from "../foundation/ids.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import { answerTo, type OpenRequest } from "../tsp/answers.ts";
import type { ToWebex, ToWebexMessages } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import type {
  Bound,
  Caller,
  CallOut,
  Changes,
  ClientPost,
  ClientPostId,
  ConferenceState,
  Head,
  PendingCommand,
  Room,
} from "./state.ts";

/** What a decision may draw on besides the state and the input. */
export interface DecisionContext {
  readonly confKey: ConfKey;
  readonly settings: DomainSettings;
  /** The bridge that holds the conference; `null`: none was told anything yet. */
  readonly bridge: BridgeName | null;
  /** A MsgID that was never given out before. */
  msgId(): MsgId;
  /** 1, 2, 3 …: never the same twice in the life of this conference. */
  serial(): number;
  /** What is queued or under way to WebEx and not confirmed. */
  unconfirmed(): readonly Post[];
}

export interface Post {
  readonly host: WebexHost;
  readonly message: ToWebex;
}

/** What follows from one input. Nothing of it is sent before all of it is on disk. */
export interface Decision {
  readonly changes: Changes;
  /** For the bridge, in order; each is among the pending orders until its result comes. */
  readonly commands: readonly IssuedCommand[];
  /** For WebEx, in order. */
  readonly posts: readonly Post[];
  /** Servers that were replaced: whatever is queued for them goes, before `posts` are queued (protocol 4.9). */
  readonly dropQueued: readonly WebexHost[];
  /** What operations staff should read, one line each. */
  readonly notes: readonly string[];
  /** What the bridge held otherwise than we knew, and is now told to WebEx as ordinary news. */
  readonly repairs: readonly RepairKind[];
}

export type RepairKind =
  | "entered"
  | "left"
  | "muted"
  | "moved"
  | "speaking"
  | "locked"
  | "room"
  | "call-out"
  | "lost"
  | "over";

/** How long WebEx waits for the result of an order that has no waiting time of its own. */
export const COMMAND_TIMEOUT_MS = 10_000;

interface CommandOptions extends Pick<PendingCommand, "bridge" | "group" | "quiet"> {
  readonly timeoutMs?: number;
}

/** The scratch pad of one decision: reads see what the decision has changed so far, and the state stays untouched. */
export class Draft {
  readonly state: ConferenceState;
  readonly at: EpochMs;
  readonly context: DecisionContext;
  readonly callers: Overlay<CallId, Caller>;
  readonly callOuts: Overlay<CallId, CallOut>;
  readonly commands: Overlay<CommandId, PendingCommand>;
  readonly rooms: Overlay<RoomId, Room>;
  readonly clientPosts: Overlay<ClientPostId, ClientPost>;
  #head: Head;
  readonly #told: IssuedCommand[] = [];
  #posts: Post[] = [];
  readonly #notes: string[] = [];
  readonly #repairs: RepairKind[] = [];
  readonly #dropQueued: WebexHost[] = [];

  constructor(state: ConferenceState, at: EpochMs, around: DecisionContext) {
    this.state = state;
    this.at = at;
    this.context = around;
    this.#head = state.head;
    this.callers = new Overlay(state.callers);
    this.callOuts = new Overlay(state.callOuts);
    this.commands = new Overlay(state.commands);
    this.rooms = new Overlay(state.rooms);
    this.clientPosts = new Overlay(state.clientPosts);
  }

  get head(): Head {
    return this.#head;
  }

  set head(head: Head) {
    this.#head = head;
  }

  /**
   * Tells the bridge; the order stays pending until its result comes. One that somebody waits for has a deadline, and so has
   * one that no life needs: a bridge that is never back shall not be told for ever, and one that is back shows what it holds.
   */
  tellBridge(command: BridgeCommand, request: OpenRequest | null = null, more: CommandOptions = {}): void {
    const isNeeded = this.bound && more.bridge === undefined;
    const unaskedMs = isNeeded ? null : this.context.settings.transactionMemoryMs;
    const { timeoutMs = request || more.group ? COMMAND_TIMEOUT_MS : unaskedMs, ...marks } = more;
    const id = this.newId() as CommandId;
    const answerBy = timeoutMs === null ? null : this.at + timeoutMs;
    this.commands.set(id, { id, command, answerBy, request, ...marks });
    this.#told.push({ id, command });
  }

  /**
   * A name for an order, a call or a room that no bridge has ever heard: of this conference by its key, and unlike all earlier
   * ones by the time, even if the conference's numbers should ever start again.
   */
  newId(): string {
    return `${this.context.confKey}.${this.context.serial()}.${this.at.toString(36)}`;
  }

  /** Whether an order of these types, or of any, is under way for this call. */
  isBusy(call: CallId, ...types: readonly BridgeCommand["type"][]): boolean {
    const touches = ({ command }: PendingCommand) =>
      "call" in command && command.call === call && (types.length === 0 || types.includes(command.type));
    return this.commands.find(touches) !== undefined;
  }

  /** Whether an order of these types is under way for the conference. */
  isUnderWay(...types: readonly BridgeCommand["type"][]): boolean {
    return this.commands.find(({ command }) => types.includes(command.type)) !== undefined;
  }

  /** Answers a request, to the server that asked (protocol T11), else to the conference's (protocol T14). */
  answer(
    asked: OpenRequest | null,
    result: ResultWord | CommandResult,
    more: Partial<ToWebexMessages["conference-created"]> = {},
  ): void {
    if (asked)
      this.#send(asked.replyTo ?? this.bound?.host ?? null, {
        ...answerTo(asked, resultWord(result)),
        ...more,
      } as ToWebex);
  }

  /** Tells the conference's server (protocol T12), if there is one that listens; whether there is. */
  notify(message: ToWebex): boolean {
    const isDetached = this.#head.phase === "running" && !this.#head.attached;
    return !isDetached && this.#send(this.bound?.host ?? null, message);
  }

  /** This server has been replaced: what is queued for it, by this turn too, is not sent. */
  dropQueued(host: WebexHost): void {
    this.#dropQueued.push(host);
    this.#posts = this.#posts.filter((post) => post.host !== host);
  }

  /** What is queued or under way to WebEx and not confirmed, this turn's posts among it. */
  unconfirmed(): readonly Post[] {
    return [...this.context.unconfirmed().filter(({ host }) => !this.#dropQueued.includes(host)), ...this.#posts];
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** The bridge holds this otherwise. */
  repair(kind: RepairKind): void {
    this.#repairs.push(kind);
  }

  /** What the conference keeps from creation to end, while there is one. */
  get bound(): Bound | null {
    return this.#head.phase === "absent" || this.#head.phase === "ended" ? null : this.#head;
  }

  decision(): Decision {
    const changes: Changes = {
      callers: this.callers.changes,
      callOuts: this.callOuts.changes,
      commands: this.commands.changes,
      rooms: this.rooms.changes,
      clientPosts: this.clientPosts.changes,
      ...(this.#head !== this.state.head && { head: this.#head }),
    };
    const commands = this.#told.filter(({ id }) => this.commands.get(id)); // The end of all may have come after them.
    const [posts, dropQueued, notes, repairs] = [this.#posts, this.#dropQueued, this.#notes, this.#repairs];
    return { changes, commands, posts, dropQueued, notes, repairs };
  }

  #send(host: WebexHost | null, message: ToWebex): boolean {
    if (host) this.#posts.push({ host, message });
    else this.note(`${message.type} ${message.msgId} is not sent: WebEx has named no host for it`);
    return host !== null;
  }
}

/** A map seen through the changes made to it. */
class Overlay<Key extends string, Value> {
  readonly changes = new Map<Key, Value | null>();
  readonly #base: ReadonlyMap<Key, Value>;

  constructor(base: ReadonlyMap<Key, Value>) {
    this.#base = base;
  }

  get(key: Key): Value | undefined {
    const changed = this.changes.get(key);
    return changed === undefined ? this.#base.get(key) : (changed ?? undefined);
  }

  set(key: Key, value: Value): void {
    this.changes.set(key, value);
  }

  delete(key: Key): void {
    if (this.#base.has(key)) this.changes.set(key, null);
    else this.changes.delete(key);
  }

  /** A copy, so that a loop may change what it walks over. */
  values(): Value[] {
    const values: Value[] = [];
    for (const [key, value] of this.#base) {
      const changed = this.changes.get(key);
      if (changed === undefined) values.push(value);
      else if (changed !== null) values.push(changed);
    }
    for (const [key, value] of this.changes) if (value !== null && !this.#base.has(key)) values.push(value);
    return values;
  }

  find(matches: (value: Value) => boolean): Value | undefined {
    for (const [key, value] of this.#base) {
      const current = this.changes.has(key) ? this.changes.get(key) : value;
      if (current && matches(current)) return current;
    }
    for (const [key, value] of this.changes) if (value && !this.#base.has(key) && matches(value)) return value;
    return undefined;
  }

  clear(): void {
    for (const key of [...this.#base.keys(), ...this.changes.keys()]) this.delete(key);
  }
}

/** What WebEx is told of a command's result. */
export function resultWord(result: ResultWord | CommandResult): ResultWord {
  if (typeof result === "string") return result;
  return result.done ? "ok" : refusalWords[result.reason];
}

const refusalWords = {
  refused: "bridge-unreachable",
  unreachable: "bridge-unreachable",
  capacity: "capacity-exceeded",
  "not-supported": "not-supported",
  "no-such-conference": "no-such-conference",
  "no-such-call": "no-such-call",
  "no-such-room": "no-such-room",
  locked: "conference-locked",
  "too-late": "bridge-timeout",
} as const satisfies Record<RefusalReason, ResultWord>;
