import type { BridgeCommand } from "../bridge/commands.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  EpochMs,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  SubConfId,
  WebexHost,
} from "../foundation/ids.ts";
import type { PhoneNumber } from "../foundation/phone-number.ts";
import type { OpenRequest } from "../tsp/answers.ts";
import type { FromWebexMessages, Spelling } from "../tsp/messages.ts";
import type { Codes } from "../tsp/protocol-table.ts";

/**
 * All that is known of one conference. The head says in which phase it is; callers, orders and call-outs are kept apart,
 * each under its own key, so that a decision touches, and the store writes, only the ones that it changes.
 */
export interface ConferenceState {
  readonly head: Head;
  readonly callers: ReadonlyMap<CallId, Caller>;
  readonly callOuts: ReadonlyMap<CallId, CallOut>;
  readonly commands: ReadonlyMap<CommandId, PendingCommand>;
  readonly rooms: ReadonlyMap<RoomId, Room>;
  readonly clientPosts: ReadonlyMap<ClientPostId, ClientPost>;
}

export type Head = Absent | Creating | Running | Ended;

export interface Absent {
  readonly phase: "absent";
}

/** The bridge was told to create; nobody can join yet. */
export interface Creating extends Bound {
  readonly phase: "creating";
  readonly requests: readonly OpenRequest[];
}

export interface Running extends Bound {
  readonly phase: "running";
  /** False after a keep-alive close (protocol 4.8): the audio goes on and WebEx hears nothing, until it creates again. */
  readonly attached: boolean;
  readonly locked: boolean;
  /** Present while the bridge is to end it; should the bridge refuse, the conference goes on as it is. */
  readonly closing?: Closing;
  /** Present after the bridge has refused to end it: nobody being in it is no reason to ask again before. */
  readonly endAgainAt?: EpochMs;
  /** Present while the bridge says who speaks (protocol 4.16). */
  readonly speech?: Speech;
  /** Present while the host talks to an invitee in private (protocol 4.21). */
  readonly talk?: PrivateTalk;
  /** Requests that became an order for each of several calls, by MsgID; gone once answered. */
  readonly groups: Readonly<Record<MsgId, OpenRequest>>;
  /** Calls that left without the present server's knowledge; the next one is told (protocol 4.9 F4). */
  readonly departed: readonly ExtCallId[];
  /** The `caller-entered` that were given up, of callers who have left: WebEx may have taken one, and name its call yet. */
  readonly lostEntries?: readonly MsgId[];
}

/** Over. Kept for late traffic, and for the memory of an end that WebEx was not told (protocol 4.9 F5). */
export interface Ended {
  readonly phase: "ended";
  readonly endedAt: EpochMs;
  /** Whether WebEx asked for the end, and so knows of it. */
  readonly byWebex: boolean;
  /** Until when a create with this key is answered with code 11. */
  readonly closedUntil?: EpochMs;
}

/** WebEx has closed it (protocol 4.7). */
export interface Closing {
  readonly requests: readonly OpenRequest[];
  /** When the askers are answered with a failure; the end is waited for all the same. */
  readonly answerBy: EpochMs;
  /** Creates with the same key that came meanwhile: a new conference begins when this one is over. */
  readonly next: readonly { readonly message: CreateRequest; readonly answerBy: EpochMs }[];
}

export interface Speech {
  /** False after a failover, until the new server asks. */
  readonly reporting: boolean;
  readonly speaking: readonly CallId[];
  /** Those of whom WebEx was told that they speak. */
  readonly told: readonly CallId[];
  /** The oldest change that it is yet to be told of. */
  readonly changedAt: EpochMs | null;
  /** It is told of nothing before. */
  readonly notBefore: EpochMs;
}

export interface PrivateTalk {
  readonly room: RoomId;
  readonly host: CallId;
  readonly invitee: CallId;
  /** `adding` and `ending`: its legs are on their way back; the room is closed when it is empty. */
  readonly stage: "opening" | "open" | "adding" | "ending";
}

/** What a conference keeps from its creation to its end. */
export interface Bound {
  readonly extConfId: ExtConfId;
  /** The TSP server that hears of it (protocol T12). */
  readonly host: WebexHost;
  /** Handles that a failover replaced, still taken for a short time (protocol 4.9). */
  readonly former: readonly { readonly extConfId: ExtConfId; readonly until: EpochMs }[];
  readonly maxCallers: number | null;
  readonly anonymousId: string | null;
}

export type CreateRequest = FromWebexMessages["create-conference"];
export type ParticipantType = keyof Codes["participantType"] | number;

/** A phone leg that has entered the conference, or one that has left and that WebEx has not named yet. */
export interface Caller {
  readonly call: CallId;
  /** Rises with each entry: the host of a private talk is the lowest that is still here. */
  readonly rank: number;
  /** Digits; empty when withheld. */
  readonly number: string;
  readonly attendeeId: string | null;
  readonly participantType: ParticipantType;
  readonly muted: boolean;
  readonly room: RoomId;
  /** How it goes back from a sub-conference into the main one (protocol 4.13); `null` while it is in the main one. */
  readonly mutedInMain: boolean | null;
  /** `null` until WebEx has named the call. */
  readonly extCallId: ExtCallId | null;
  /** The `caller-entered` that WebEx has not answered yet. */
  readonly enterMsgId: MsgId | null;
  /** That `caller-entered` was given up: WebEx may have taken it and name the call all the same, but need not. */
  readonly entryLost?: true;
  /** What WebEx is to hear once the call has its name, in order (protocol 2.3.3); of like changes the last one only. */
  readonly held: readonly CallerChange[];
  readonly left: boolean;
}

/** A change of one caller, as WebEx hears it. */
export interface CallerChange {
  readonly status: "unmuted" | "muted" | "left";
  /** Keyed just now (protocol 4.19). */
  readonly attendeeId?: string;
  /** From the private talk into the main conference (protocol 4.21). */
  readonly action?: "joined-main";
  readonly actionResult?: "ok";
}

/** A call that WebEx asked for and that has not entered yet. */
export interface CallOut {
  readonly call: CallId;
  /** Who is told of the answer; `null` when told, or when its server was replaced. */
  readonly request: OpenRequest | null;
  readonly extCallId: ExtCallId;
  readonly number: PhoneNumber;
  readonly participantType: ParticipantType;
  readonly muted: boolean;
  /** Invited by phone: it talks to the host in private first (protocol 4.21). */
  readonly privately: boolean;
  /**
   * `waiting`: answered, and on the line until its host adds it; WebEx knows of it (protocol 4.21). `dropping`: nobody
   * wants it any more, and an answer is hung up on (protocol 4.4).
   */
  readonly stage: "dialling" | "answered" | "waiting" | "dropping";
  /** When it has failed for lack of any outcome. */
  readonly answerBy: EpochMs;
}

/** An order that the bridge has been, or is to be, told and that has no result yet. */
export interface PendingCommand {
  readonly id: CommandId;
  readonly command: BridgeCommand;
  /** Not to be begun after this, since its asker is answered with a failure then; `null`: it has all the time it needs. */
  readonly answerBy: EpochMs | null;
  /** The bridge that it is for, and not the conference's: left over from an earlier life, so that its result is nobody's news. */
  readonly bridge?: BridgeName;
  /** Its time has passed: nobody waits any more, and only its result tells what the bridge made of it. */
  readonly expired?: true;
  /** Who waits for the result, if anyone. */
  readonly request: OpenRequest | null;
  /** One of several orders of the request with this MsgID. */
  readonly group?: MsgId;
  /** WebEx is told of its effect with that of a later order. */
  readonly quiet?: true;
}

export type ClientPostId = string;

/** Data from one caller's client on its way to the partner's back end (protocol 4.22). */
export interface ClientPost {
  readonly id: ClientPostId;
  readonly body: ClientData;
  readonly attempts: number;
  /** Under way: when the attempt counts as failed. Waiting: when the next one begins. */
  readonly dueAt: EpochMs;
  readonly underWay: boolean;
}

export interface ClientData {
  readonly confKey: ConfKey;
  readonly extConfId: ExtConfId;
  readonly extCallId: ExtCallId;
  readonly data: string;
}

/** A sub-conference (protocol 4.13). */
export interface Room {
  readonly room: RoomId;
  readonly subConfId: SubConfId;
  readonly spelling?: Spelling;
  readonly stage: "opening" | "open" | "closing";
  /** Who closes it, and when that one is answered with a failure. */
  readonly closer: { readonly asked: OpenRequest; readonly answerBy: EpochMs } | null;
  /** The present server took over while it was closing, and hears of it only if it stays. */
  readonly unannounced?: true;
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

/** Whether a conference goes by this handle: its own, or one that a failover replaced a short time ago (protocol 4.9). */
export function hasHandle(head: Head, extConfId: ExtConfId, at: EpochMs): boolean {
  if (head.phase === "absent" || head.phase === "ended") return false;
  return head.extConfId === extConfId || head.former.some((old) => old.extConfId === extConfId && at < old.until);
}

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
