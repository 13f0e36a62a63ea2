import type { IssuedCommand } from "../bridge/commands.ts";
import type { BridgeName, CallId, CommandId, ConfKey, MsgId, RoomId, WebexHost } from "../foundation/ids.ts";
import type { DomainSettings } from "../settings/domain-settings.ts";
import type { ToWebex } from "../tsp/messages.ts";
import type {
  Caller,
  CallOut,
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

/** Entries to write, or to delete where the value is `null`. */
export interface Changes {
  readonly head?: Head;
  readonly callers: ReadonlyMap<CallId, Caller | null>;
  readonly callOuts: ReadonlyMap<CallId, CallOut | null>;
  readonly commands: ReadonlyMap<CommandId, PendingCommand | null>;
  readonly rooms: ReadonlyMap<RoomId, Room | null>;
  readonly clientPosts: ReadonlyMap<ClientPostId, ClientPost | null>;
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

const kinds = ["callers", "callOuts", "commands", "rooms", "clientPosts"] as const;
type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

export function emptyState(): ConferenceState {
  return {
    head: { phase: "absent" },
    callers: new Map(),
    callOuts: new Map(),
    commands: new Map(),
    rooms: new Map(),
    clientPosts: new Map(),
  };
}

/** Carries changes into a state that its owner alone holds: the maps are changed in place, so a caller costs a caller. */
export function applyChanges(state: ConferenceState, changes: Changes): void {
  if (changes.head) (state as Mutable<ConferenceState>).head = changes.head;
  for (const kind of kinds) {
    const entries = state[kind] as unknown as Map<string, unknown>;
    for (const [key, value] of changes[kind] as ReadonlyMap<string, unknown>) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
  }
}
