import { dialledDigits } from "../foundation/dial-rules.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { Ability } from "./abilities.ts";
import type { BridgeCommand, Command, CommandType, RefusalReason } from "./commands.ts";
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

/**
 * What commands wait for. Those that share a topic are carried out side by side; one that has it for itself waits for all before it,
 * and all behind it wait.
 */
export interface Topic {
  readonly name: string;
  readonly isShared: boolean;
}

/** All that is particular to one kind of command. */
interface CommandRule<Type extends CommandType> {
  /** What the bridge must be able to do; `null`: every bridge carries it out. */
  needs(command: Command<Type>): Ability | null;
  /** What it has for itself while it is carried out; see `Topic`. */
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

/** What all commands that end a call have alike. */
const ending = {
  topic: topicOfCall,
  undoneBy: null,
  isInEffect: isOver,
  refusal: needsCall,
  effect: ({ call }: { readonly call: CallId }): CommandEffect => ({ type: "call-ended", call }),
};

/** A new command has a row here, is issued by a rule of `src/conference`, and is carried out by each driver. */
const rules: { readonly [Type in CommandType]: CommandRule<Type> } = {
  "create-conference": {
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
    needs: () => null,
    topic: () => CONFERENCE,
    undoneBy: null,
    isInEffect: ({ conference }) => conference === undefined,
    refusal: () => null,
    effect: () => ({ type: "conference-ended" }),
  },
  lock: {
    needs: () => "lock",
    topic: () => "lock",
    undoneBy: "unlock",
    isInEffect: ({ conference }) => conference?.locked === true,
    refusal: needsConference,
    effect: () => ({ type: "conference-changed", change: { locked: true } }),
  },
  unlock: {
    needs: () => "lock",
    topic: () => "lock",
    undoneBy: "lock",
    isInEffect: ({ conference }) => conference?.locked === false,
    refusal: needsConference,
    effect: () => ({ type: "conference-changed", change: { locked: false } }),
  },
  "report-speakers": {
    needs: () => "speakers",
    topic: () => "speakers",
    undoneBy: "stop-reporting-speakers",
    isInEffect: ({ conference }) => conference?.reportsSpeakers === true,
    refusal: needsConference,
    effect: () => ({ type: "speakers-reported" }),
  },
  "stop-reporting-speakers": {
    needs: () => "speakers",
    topic: () => "speakers",
    undoneBy: "report-speakers",
    isInEffect: ({ conference }) => conference?.reportsSpeakers === false,
    refusal: needsConference,
    effect: () => ({ type: "speakers-no-longer-reported" }),
  },
  "create-room": {
    needs: ({ kind }) => (kind === "sub" ? "sub-rooms" : "private-rooms"),
    topic: topicOfRoom,
    undoneBy: "close-room",
    isInEffect: (held, { room }) => hasRoom(held, room),
    refusal: needsConference,
    effect: () => none,
  },
  // Issued once nobody is in the room or on the way out of it.
  "close-room": {
    needs: () => null,
    topic: topicOfRoom,
    undoneBy: null,
    isInEffect: (held, { room }) => !hasRoom(held, room),
    refusal: needsConference,
    effect: () => none,
  },
  dial: {
    needs: () => "dial",
    topic: topicOfCall,
    undoneBy: "cancel-dial",
    isInEffect: ({ call }) => call !== undefined, // Also when it has ended: nobody is rung twice.
    refusal: needsConference,
    effect: ({ call, number }) => ({ type: "call-dialled", call, number: dialledDigits(number) }),
  },
  "cancel-dial": { needs: () => "dial", ...ending },
  expel: { needs: () => null, ...ending },
  admit: {
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
    needs: () => null,
    topic: topicOfCall,
    undoneBy: "move",
    isInEffect: ({ call }, { room }) => call?.stage === "entered" && call.room === room,
    refusal: (held, { room }) => needsCall(held) ?? (hasRoom(held, room) ? null : "no-such-room"),
    effect: ({ call, room }) => ({ type: "call-entered", call, room, as: null }),
  },
  mute: {
    needs: () => "mute",
    topic: topicOfCall,
    undoneBy: "unmute",
    isInEffect: ({ call }) => call?.stage === "entered" && call.muted,
    refusal: needsCall,
    effect: ({ call }) => ({ type: "mute-changed", call, muted: true }),
  },
  unmute: {
    needs: () => "mute",
    topic: topicOfCall,
    undoneBy: "mute",
    isInEffect: ({ call }) => call?.stage === "entered" && !call.muted,
    refusal: needsCall,
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

/** The topic of all that is to be done for one call. */
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

/** Whether the bridge is as this command leaves it. */
export function isInEffect(view: BridgeView, key: ConfKey, command: BridgeCommand): boolean {
  return ruleOf(command).isInEffect(heldFor(view, key, command), command);
}

/** Why the bridge would refuse this command as things stand; `null`: it would not. */
export function refusalOf(view: BridgeView, key: ConfKey, command: BridgeCommand): RefusalReason | null {
  return ruleOf(command).refusal(heldFor(view, key, command), command);
}

/** What the bridge must be able to do for this command; `null`: every bridge carries it out. */
export function needsOf(command: BridgeCommand): Ability | null {
  return ruleOf(command).needs(command);
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

/** Whether the bridge shows that a command ended this call. */
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
