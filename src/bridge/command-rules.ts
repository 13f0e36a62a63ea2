import { dialledDigits } from "../foundation/dial-rules.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { Ability, BridgeCommand, Command, CommandType, RefusalReason } from "./commands.ts";
import type { EndReason } from "./events.ts";
import { type AccessCodes, isSameCodes } from "./schemas.ts";
import type { BridgeCall, BridgeState, BridgeView } from "./state.ts";

/** One conference of a bridge, and the call that a command names, as the bridge holds them. */
interface Held {
  readonly conference: BridgeState["conferences"][number] | undefined;
  readonly call: BridgeCall | undefined;
}

/** The change that a command makes, as far as an agent keeps track of it. */
type CommandEffect =
  | {
      readonly type: "conference-changed";
      readonly change: {
        readonly live?: true;
        readonly anonymousId?: string | null;
        readonly maxCallers?: number | null;
        readonly accessCodes?: AccessCodes | null;
        readonly locked?: boolean;
      };
    }
  | { readonly type: "conference-ended" }
  | { readonly type: "call-dialled"; readonly call: CallId; readonly number: string }
  /** `as`: how an admitted caller enters; `null`: the caller is as before, but for the room. */
  | { readonly type: "call-entered"; readonly call: CallId; readonly room: RoomId; readonly as: Entry | null }
  | { readonly type: "mute-changed"; readonly call: CallId; readonly muted: boolean }
  | { readonly type: "call-ended"; readonly call: CallId }
  | { readonly type: "speakers-reported" | "speakers-no-longer-reported" }
  | { readonly type: "none" };

interface Entry {
  readonly muted: boolean;
  readonly silent: boolean;
  readonly attendeeId: string | null;
  readonly host?: true;
}

/** What commands wait for. Who shares a topic goes side by side; who has it for itself waits for all before it. */
export interface Topic {
  readonly name: string;
  readonly isShared: boolean;
}

/** As much of a command as its needs depend on. */
type CommandPart<Type extends CommandType = CommandType> = { readonly type: Type } & Partial<Command<Type>>;
/** A command that a request or an action leads to: its type, where its needs depend on nothing else. */
export type NeededCommand = CommandType | CommandPart;

interface CommandRule<Type extends CommandType> {
  /** For people, to follow "Why did the bridge not " and, while it is pending, "Why "; `CALL` stands for the call. */
  readonly says: { readonly act: string; readonly pending: string };
  /** What the bridge must be able to do; `null`: every bridge carries it out. */
  needs(command: CommandPart<Type>): Ability | null;
  topic(command: Command<Type>): string;
  /** The command that leaves no trace of this one; `null`: there is none. */
  readonly undoneBy: CommandType | null;
  /** Whether the bridge is as this command leaves it: then a command in doubt need not, or must not, be repeated. */
  isInEffect(held: Held, command: Command<Type>): boolean;
  /** Why the bridge would refuse it as things stand: asking again would change nothing. */
  refusal(held: Held, command: Command<Type>): RefusalReason | null;
  effect(command: Command<Type>): CommandEffect;
}

const none: CommandEffect = { type: "none" };

/** Shared by every command that does not make or end the conference. */
const CONFERENCE = "conference";

const ending = {
  topic: topicOfCall,
  undoneBy: null,
  isInEffect: isOver,
  refusal: needsCall,
  effect: ({ call }: { readonly call: CallId }): CommandEffect => ({ type: "call-ended", call }),
};

const locking = { needs: (): Ability => "lock", topic: () => "lock", refusal: needsConference };
const reporting = { needs: (): Ability => "speakers", topic: () => "speakers", refusal: needsConference };
const muting = { needs: (): Ability => "mute", topic: topicOfCall, refusal: needsCall };

/** A new command has a row here, is issued by a rule of `src/conference`, and is carried out by each driver. */
const rules: { readonly [Type in CommandType]: CommandRule<Type> } = {
  "create-conference": {
    says: { act: "create the conference", pending: "does the conference not run" },
    needs: () => null,
    topic: ({ renews }) => (renews ? "entry-rules" : CONFERENCE),
    undoneBy: "end-conference",
    // One that is there takes all that the latest create says; a bridge may not show the limit.
    isInEffect: ({ conference }, { anonymousId, maxCallers, accessCodes }) =>
      conference !== undefined &&
      conference.anonymousId === anonymousId &&
      (conference.maxCallers === undefined || (conference.maxCallers || null) === (maxCallers || null)) &&
      isSameCodes(conference.accessCodes, accessCodes),
    refusal: (held, { renews }) => (renews ? needsConference(held) : null),
    effect: ({ anonymousId, maxCallers, accessCodes = null }) => ({
      type: "conference-changed",
      change: { live: true, anonymousId, maxCallers, accessCodes },
    }),
  },
  "end-conference": {
    says: { act: "end the conference", pending: "has the conference not ended" },
    needs: () => null,
    topic: () => CONFERENCE,
    undoneBy: null,
    isInEffect: ({ conference }) => conference === undefined,
    refusal: () => null,
    effect: () => ({ type: "conference-ended" }),
  },
  lock: {
    says: { act: "lock the conference", pending: "is the conference not locked" },
    ...locking,
    undoneBy: "unlock",
    isInEffect: ({ conference }) => conference?.locked === true,
    effect: () => ({ type: "conference-changed", change: { locked: true } }),
  },
  unlock: {
    says: { act: "unlock the conference", pending: "is the conference not unlocked" },
    ...locking,
    undoneBy: "lock",
    isInEffect: ({ conference }) => conference?.locked === false,
    effect: () => ({ type: "conference-changed", change: { locked: false } }),
  },
  "report-speakers": {
    says: { act: "report who speaks", pending: "does the bridge not report who speaks" },
    ...reporting,
    undoneBy: "stop-reporting-speakers",
    isInEffect: ({ conference }) => conference?.reportsSpeakers === true,
    effect: () => ({ type: "speakers-reported" }),
  },
  "stop-reporting-speakers": {
    says: { act: "stop reporting who speaks", pending: "does the bridge still report who speaks, and not stop" },
    ...reporting,
    undoneBy: "report-speakers",
    isInEffect: ({ conference }) => conference?.reportsSpeakers === false,
    effect: () => ({ type: "speakers-no-longer-reported" }),
  },
  "create-room": {
    says: { act: "open a room", pending: "is the room not open" },
    needs: ({ kind }) => (kind === "sub" ? "sub-rooms" : "private-rooms"),
    topic: topicOfRoom,
    undoneBy: "close-room",
    isInEffect: (held, { room }) => hasRoom(held, room),
    refusal: needsConference,
    effect: () => none,
  },
  // Issued once nobody is in the room or on the way out of it.
  "close-room": {
    says: { act: "close a room", pending: "is the room not closed" },
    needs: () => null,
    topic: topicOfRoom,
    undoneBy: null,
    isInEffect: (held, { room }) => !hasRoom(held, room),
    refusal: needsConference,
    effect: () => none,
  },
  dial: {
    says: { act: "dial a number", pending: "is CALL not dialled" },
    needs: () => "dial",
    topic: topicOfCall,
    undoneBy: "cancel-dial",
    isInEffect: ({ call }) => call !== undefined, // Also when it has ended: nobody is rung twice.
    refusal: needsConference,
    effect: ({ call, number }) => ({ type: "call-dialled", call, number: dialledDigits(number) }),
  },
  "cancel-dial": {
    says: { act: "stop ringing", pending: "has the call to CALL not ended" },
    needs: () => "dial",
    ...ending,
  },
  expel: { says: { act: "drop a caller", pending: "is CALL not dropped" }, needs: () => null, ...ending },
  admit: {
    says: { act: "let a caller in", pending: "is CALL not let in" },
    needs: ({ muted }) => (muted ? "mute" : null),
    topic: topicOfCall,
    undoneBy: null,
    isInEffect: ({ call }) => call?.stage === "entered",
    refusal: needsCall,
    effect: ({ call, muted, joinTone, attendeeId = null, host }) => ({
      type: "call-entered",
      call,
      room: MAIN_ROOM,
      as: { muted, silent: !joinTone, attendeeId, ...(host && { host }) },
    }),
  },
  move: {
    says: { act: "move a caller", pending: "is CALL not in the other room" },
    needs: () => null,
    topic: topicOfCall,
    undoneBy: "move",
    isInEffect: ({ call }, { room }) => call?.stage === "entered" && call.room === room,
    refusal: (held, { room }) => needsCall(held) ?? (hasRoom(held, room) ? null : "no-such-room"),
    effect: ({ call, room }) => ({ type: "call-entered", call, room, as: null }),
  },
  mute: {
    says: { act: "mute a caller", pending: "is CALL not muted" },
    ...muting,
    undoneBy: "unmute",
    isInEffect: ({ call }) => call?.stage === "entered" && call.muted,
    effect: ({ call }) => ({ type: "mute-changed", call, muted: true }),
  },
  unmute: {
    says: { act: "unmute a caller", pending: "is CALL not unmuted" },
    ...muting,
    undoneBy: "mute",
    isInEffect: ({ call }) => call?.stage === "entered" && !call.muted,
    effect: ({ call }) => ({ type: "mute-changed", call, muted: false }),
  },
};

export const commandTypes = Object.keys(rules) as readonly CommandType[];

/** The topics of a command, within its conference: it waits for earlier commands as these say, and for no other. */
export function topicsOf(command: BridgeCommand): readonly Topic[] {
  const own = { name: ruleOf(command).topic(command), isShared: false };
  if (own.name === CONFERENCE) return [own];
  const isIntoRoom = command.type === "move" && command.room !== MAIN_ROOM;
  const room = isIntoRoom ? [{ name: topicOfRoom(command), isShared: true }] : [];
  return [{ name: CONFERENCE, isShared: true }, ...room, own];
}

export function topicOfCall({ call }: { readonly call: string }): string {
  return `call ${call}`;
}

/** Of a room's creation and closing; who is moved into the room shares it. */
function topicOfRoom({ room }: { readonly room: string }): string {
  return `room ${room}`;
}

/** Whether the second command leaves no trace of the first, whatever became of that. */
export function undoes(later: BridgeCommand, earlier: BridgeCommand): boolean {
  return ruleOf(earlier).undoneBy === later.type && subjectOf(earlier) === subjectOf(later);
}

export function isInEffect(view: BridgeView, key: ConfKey, command: BridgeCommand): boolean {
  return ruleOf(command).isInEffect(heldFor(view, key, command), command);
}

/** Why the bridge would refuse this command as things stand; `null`: it would not. */
export function refusalOf(view: BridgeView, key: ConfKey, command: BridgeCommand): RefusalReason | null {
  return ruleOf(command).refusal(heldFor(view, key, command), command);
}

export function needsOf(command: CommandPart): Ability | null {
  return ruleOf(command as BridgeCommand).needs(command);
}

/** Whether a bridge that cannot do some things can carry out each of these commands. */
export function isPossible(commands: readonly NeededCommand[], cannot: readonly Ability[]): boolean {
  return commands
    .map((command) => needsOf(typeof command === "string" ? { type: command } : command))
    .every((ability) => ability === null || !cannot.includes(ability));
}

export function wordsOf(type: CommandType): CommandRule<CommandType>["says"] {
  return rules[type].says;
}

export function effectOf(command: BridgeCommand): CommandEffect {
  return ruleOf(command).effect(command);
}

function ruleOf<Type extends CommandType>(command: Command<Type>): CommandRule<Type> {
  return rules[command.type as Type];
}

function heldFor(view: BridgeView, key: ConfKey, command: BridgeCommand): Held {
  return {
    conference: view.conferences.get(key),
    call: "call" in command ? view.calls.get(command.call) : undefined,
  };
}

function needsConference({ conference }: Held): RefusalReason | null {
  return conference === undefined ? "no-such-conference" : null;
}

function needsCall(held: Held): RefusalReason | null {
  const isGone = held.call === undefined || held.call.stage === "ended";
  return needsConference(held) ?? (isGone ? "no-such-call" : null);
}

/** A call that ended in another way was not ended by the command: the command finds no such call. */
function isOver({ call }: Held): boolean {
  return call === undefined || isEndedByCommand(call);
}

export function isEndedByCommand(call: BridgeCall): boolean {
  return call.stage === "ended" && endsByCommand.includes(call.reason);
}

const endsByCommand: readonly EndReason[] = ["expelled", "cancelled"];

function hasRoom({ conference }: Held, room: RoomId): boolean {
  return conference?.rooms.some(({ id }) => id === room) ?? false;
}

function subjectOf(command: BridgeCommand): string | null {
  if ("call" in command) return command.call;
  return "room" in command ? command.room : null;
}
