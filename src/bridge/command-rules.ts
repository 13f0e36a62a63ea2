import type { ConfKey, RoomId } from "../foundation/ids.ts";
import type { BridgeCommand, CommandType, RefusalReason } from "./commands.ts";
import type { BridgeCall, BridgeState, BridgeView } from "./state.ts";

type Command<Type extends CommandType> = Extract<BridgeCommand, { type: Type }>;

/** One conference of a bridge, and the call that a command names, as the bridge holds them. */
interface Held {
  readonly conference: BridgeState["conferences"][number] | undefined;
  readonly call: BridgeCall | undefined;
}

/** All that is particular to one kind of command beside its effect, which is the bridge's matter. */
interface CommandRule<Type extends CommandType> {
  /**
   * Commands of one topic are carried out in order, commands of different topics side by side. `call`: the call is the topic.
   * `alone`: it waits for all before it, and all behind it wait.
   */
  readonly topic: "call" | "alone" | "lock" | "speakers";
  /** The command that leaves no trace of this one; `null`: there is none. */
  readonly undoneBy: CommandType | null;
  /** Whether the bridge is as this command leaves it: then a command in doubt need not, or must not, be repeated. */
  isInEffect(held: Held, command: Command<Type>): boolean;
  /** Why the bridge would refuse it as things stand: asking again would change nothing. */
  refusal(held: Held, command: Command<Type>): RefusalReason | null;
}

/** A new command has a row here, is issued by a rule of `src/conference`, and is carried out by each driver. */
const rules: { readonly [Type in CommandType]: CommandRule<Type> } = {
  "create-conference": {
    topic: "alone",
    undoneBy: "end-conference",
    isInEffect: ({ conference }) => conference !== undefined,
    refusal: () => null,
  },
  "end-conference": {
    topic: "alone",
    undoneBy: null,
    isInEffect: ({ conference }) => conference === undefined,
    refusal: () => null,
  },
  lock: {
    topic: "lock",
    undoneBy: "unlock",
    isInEffect: ({ conference }) => conference?.locked === true,
    refusal: needsConference,
  },
  unlock: {
    topic: "lock",
    undoneBy: "lock",
    isInEffect: ({ conference }) => conference?.locked === false,
    refusal: needsConference,
  },
  "report-speakers": {
    topic: "speakers",
    undoneBy: "stop-reporting-speakers",
    isInEffect: ({ conference }) => conference?.reportsSpeakers === true,
    refusal: needsConference,
  },
  "stop-reporting-speakers": {
    topic: "speakers",
    undoneBy: "report-speakers",
    isInEffect: ({ conference }) => conference?.reportsSpeakers === false,
    refusal: needsConference,
  },
  "create-room": {
    topic: "alone",
    undoneBy: "close-room",
    isInEffect: (held, { room }) => hasRoom(held, room),
    refusal: needsConference,
  },
  "close-room": {
    topic: "alone",
    undoneBy: null,
    isInEffect: (held, { room }) => !hasRoom(held, room),
    refusal: needsConference,
  },
  dial: {
    topic: "call",
    undoneBy: "cancel-dial",
    isInEffect: ({ call }) => call !== undefined, // Also when it has ended: nobody is rung twice.
    refusal: needsConference,
  },
  "cancel-dial": { topic: "call", undoneBy: null, isInEffect: isOver, refusal: needsCall },
  expel: { topic: "call", undoneBy: null, isInEffect: isOver, refusal: needsCall },
  admit: {
    topic: "call",
    undoneBy: null,
    isInEffect: ({ call }) => call?.stage === "entered",
    refusal: needsCall,
  },
  move: {
    topic: "call",
    undoneBy: "move",
    isInEffect: ({ call }, { room }) => call?.stage === "entered" && call.room === room,
    refusal: (held, { room }) => needsCall(held) ?? (hasRoom(held, room) ? null : "no-such-room"),
  },
  mute: {
    topic: "call",
    undoneBy: "unmute",
    isInEffect: ({ call }) => call?.stage === "entered" && call.muted,
    refusal: needsCall,
  },
  unmute: {
    topic: "call",
    undoneBy: "mute",
    isInEffect: ({ call }) => call?.stage === "entered" && !call.muted,
    refusal: needsCall,
  },
};

/** Within its conference; commands with one topic are carried out in order. `null`: the command is carried out alone. */
export function topicOf(command: BridgeCommand): string | null {
  const { topic } = ruleOf(command);
  if (topic === "alone") return null;
  return topic === "call" && "call" in command ? topicOfCall(command) : topic;
}

/** The topic of whatever is to be done for one call. */
export function topicOfCall({ call }: { readonly call: string }): string {
  return `call ${call}`;
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

function isOver({ call }: Held): boolean {
  return call === undefined || call.stage === "ended";
}

function hasRoom({ conference }: Held, room: RoomId): boolean {
  return conference?.rooms.some(({ id }) => id === room) ?? false;
}

function subjectOf(command: BridgeCommand): string | null {
  if ("call" in command) return command.call;
  return "room" in command ? command.room : null;
}
