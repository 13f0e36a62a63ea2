import type { BridgeCommand } from "../bridge/commands.ts";
import type {
  CallId,
  CommandId,
  EpochMs,
  ExtCallId,
  ExtConfId,
  MsgId,
  RoomId,
  SubConfId,
  WebexHost,
} from "../foundation/ids.ts";
import type { PhoneNumber } from "../foundation/phone-number.ts";
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
  readonly orders: ReadonlyMap<CommandId, PendingOrder>;
  readonly rooms: ReadonlyMap<RoomId, Room>;
}

export type Head = Absent | Creating | Running | Closing | Ended;

export interface Absent {
  readonly phase: "absent";
}

/** The bridge was told to create; nobody can join yet. */
export interface Creating extends Bound {
  readonly phase: "creating";
  readonly askers: readonly Asker[];
}

export interface Running extends Bound {
  readonly phase: "running";
  readonly locked: boolean;
  readonly reportsSpeakers: boolean;
}

/** WebEx closed it and the bridge was told to end it. */
export interface Closing extends Bound {
  readonly phase: "closing";
  readonly askers: readonly Asker[];
}

/** Over. Kept for late traffic, and for the memory of an end that WebEx was not told (protocol 4.9 F5). */
export interface Ended {
  readonly phase: "ended";
  readonly endedAt: EpochMs;
  /** Until when a create with this key is answered with code 11; absent when WebEx knows of the end. */
  readonly closedUntil?: EpochMs;
}

/** What a conference keeps from its creation to its end. */
export interface Bound {
  /** Makes the ids of this conference's orders and calls unlike those of an earlier one with the same key. */
  readonly instance: string;
  readonly extConfId: ExtConfId;
  /** The TSP server that hears of it (protocol T12); `null` when WebEx named none. */
  readonly host: WebexHost | null;
  /** Handles that a failover replaced, still taken for a short time (protocol 4.9). */
  readonly former: readonly { readonly extConfId: ExtConfId; readonly until: EpochMs }[];
  readonly maxCallers: number | null;
  readonly anonymousId: string | null;
  readonly hybrid?: Pick<FromWebexMessages["create-conference"], "hybridEnabled" | "hybridToken" | "seamlessSwitch">;
}

/** Who waits for an answer, and where it goes (protocol T11, T44). */
export interface Asker {
  readonly msgId: MsgId;
  readonly host: WebexHost | null;
  readonly spelling?: Spelling;
}

export type ParticipantType = keyof Codes["participantType"] | number;

/** A phone leg that has entered the conference, or one that has left and WebEx has yet to hear of it. */
export interface Caller {
  readonly call: CallId;
  /** Counts up with each entry; the host is the lowest that is here (`../docs`: host of a private talk). */
  readonly order: number;
  readonly direction: "in" | "out";
  /** Digits; empty when withheld. */
  readonly number: string;
  readonly attendeeId: string | null;
  readonly participantType: ParticipantType;
  readonly muted: boolean;
  readonly room: RoomId;
  /** `null` until WebEx has named the call. */
  readonly extCallId: ExtCallId | null;
  /** The `caller-entered` that WebEx has not answered yet. */
  readonly enterMsgId: MsgId | null;
  /** What WebEx is to hear once the call has its name, in order (protocol 2.3.3). */
  readonly held: readonly HeldNews[];
  readonly left: boolean;
}

export type HeldNews =
  | { readonly type: "muted"; readonly muted: boolean }
  | { readonly type: "identified"; readonly attendeeId: string }
  | { readonly type: "left" };

/** A call that WebEx asked for and that has not entered yet. */
export interface CallOut {
  readonly call: CallId;
  readonly asker: Asker;
  readonly extCallId: ExtCallId;
  readonly number: PhoneNumber;
  readonly participantType: ParticipantType;
  readonly muted: boolean;
  readonly privately: boolean;
  readonly stage: "dialling" | "answered" | "dropping";
  /** Whether `called-out` was sent for it. */
  readonly answered: boolean;
  /** When it has failed for lack of an answer of any kind. */
  readonly answerBy: EpochMs;
}

/** An order that the bridge has been, or is to be, told and that has no result yet. */
export interface PendingOrder {
  readonly id: CommandId;
  readonly command: BridgeCommand;
  readonly answerBy: EpochMs;
  /** Who waits for the result, if anyone. */
  readonly asker: Asker | null;
}

export interface Room {
  readonly room: RoomId;
  readonly subConfId: SubConfId;
}
