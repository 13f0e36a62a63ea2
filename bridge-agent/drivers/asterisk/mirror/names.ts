import * as v from "valibot";
import type { Announcement } from "../../../../src/bridge/announcements.ts";
import { accessCodes, call, conference, room } from "../../../../src/bridge/schemas.ts";
import { type CallId, type CommandId, type ConfKey, MAIN_ROOM, type RoomId } from "../../../../src/foundation/ids.ts";

/*
 * What the agent writes into Asterisk, so that an agent that takes over can read it: names of bridges, and variables.
 */

/** A room of a conference, which is a bridge of Asterisk. */
export interface RoomName {
  readonly owner: string;
  readonly conference: ConfKey;
  readonly room: RoomId;
  readonly kind: "main" | "sub" | "private";
}

const PREFIX = "bridgehead";

/** The id of the bridge that a command makes. Asterisk must never see an id twice, and commands have ids of their own. */
export function bridgeId(command: CommandId): string {
  return `${PREFIX}-${command}`;
}

const PROBE = `${PREFIX}-probe-`;

/** The id of a channel that is made to see whether one can be. */
export function probeId(unique: string): string {
  return PROBE + unique;
}

export function isProbe(channel: string): boolean {
  return channel.startsWith(PROBE);
}

const WHISPERER = `${PREFIX}-whisperer-`;

/** The id of a channel that whispers to a caller. */
export function whispererId(unique: string): string {
  return WHISPERER + unique;
}

export function isWhisperer(channel: string): boolean {
  return channel.startsWith(WHISPERER);
}

/** Says to whoever looks at Asterisk what is being said, and to whom. */
export function playbackId(announcement: Announcement, call: CallId, unique: string): string {
  return `${PREFIX}-${announcement}-${call}-${unique}`;
}

export function bridgeName({ owner, conference, room, kind }: RoomName): string {
  return [PREFIX, owner, conference, room, kind].map(encodeURIComponent).join(" ");
}

/** `null`: the bridge is nobody's of ours. */
export function readBridgeName(name: string): RoomName | null {
  const [prefix, ...parts] = name.split(" ");
  if (prefix !== PREFIX) return null;
  try {
    const [owner, conference, room, kind] = parts.map(decodeURIComponent);
    const read = v.safeParse(roomName, { owner, conference, room, kind });
    return read.success ? read.output : null;
  } catch {
    return null; // It is not encoded as ours are.
  }
}

const roomName: v.GenericSchema<unknown, RoomName> = v.pipe(
  v.object({
    owner: v.pipe(v.string(), v.nonEmpty()),
    conference,
    room,
    kind: v.picklist(["main", "sub", "private"]),
  }),
  v.check(({ room, kind }) => (room === MAIN_ROOM) === (kind === "main")),
);

/** The variable of a channel that holds its `CallNotes`. */
export const CALL_VARIABLE = "BRIDGEHEAD_CALL";

/** The global variable that holds the `ConferenceNotes` of the conference with this main bridge. */
export function conferenceVariable(mainBridge: string): string {
  return `BRIDGEHEAD_CONFERENCE_${mainBridge}`;
}

/** The global variable that holds the `AgentNote` of an application. */
export function agentVariable(application: string): string {
  return `BRIDGEHEAD_AGENT_${application}`;
}

const callNotes = v.object({
  direction: v.picklist(["in", "out"]),
  number: v.string(),
  dialled: v.string(),
  keys: v.string(),
  conference: v.nullable(conference),
  muted: v.boolean(),
  joinTone: v.nullable(v.boolean()),
  attendeeId: v.nullable(v.string()),
  host: v.exactOptional(v.boolean()),
  /** To be dialled after the answer; empty when that is done. */
  extension: v.string(),
  /** How long a dialled call may ring, in milliseconds. */
  waitMs: v.number(),
  /** Asterisk has taken it to dial. */
  isDialled: v.boolean(),
});

/** What Asterisk does not know of a call by itself. Which room it is in is what the bridges say. */
export type CallNotes = Readonly<v.InferOutput<typeof callNotes>>;

const conferenceNotes = v.object({
  locked: v.boolean(),
  reportsSpeakers: v.boolean(),
  anonymousId: v.nullable(v.string()),
  accessCodes: v.exactOptional(accessCodes),
  /** `null`, and 0: any number. An earlier version wrote none. */
  maxCallers: v.optional(v.nullable(v.number()), null),
  /**
   * The last calls that were dialled, or are about to be: nobody is rung twice, even if the call was over before anybody looked. A call
   * that has a channel and is not here was never dialled.
   */
  dialled: v.array(v.object({ call, number: v.string() })),
});

/** What Asterisk does not know of a conference by itself. */
export type ConferenceNotes = Readonly<v.InferOutput<typeof conferenceNotes>>;

const agentNote = v.object({ owner: v.string(), agent: v.string(), epoch: v.number() });

/** Who acts on an application. */
export type AgentNote = Readonly<v.InferOutput<typeof agentNote>>;

/** The event that shows a replaced agent's successor that Asterisk has answered all that it had asked for. */
export function retiredEvent({ agent, epoch }: Pick<AgentNote, "agent" | "epoch">): string {
  return `${PREFIX}-retired-${agent}-${epoch}`;
}

/** `null`: there are none, or somebody else wrote them. */
export const readCallNotes = reader<CallNotes>(callNotes);
export const readConferenceNotes = reader<ConferenceNotes>(conferenceNotes);
export const readAgentNote = reader<AgentNote>(agentNote);

function reader<Notes>(schema: v.GenericSchema<unknown, Notes>): (text: string) => Notes | null {
  return (text) => {
    try {
      const read = v.safeParse(schema, JSON.parse(text));
      return read.success ? read.output : null;
    } catch {
      return null;
    }
  };
}

/** Digits alone, as numbers are everywhere in this project. A withheld number may stand there as a word. */
export function digitsOf(number: string | undefined): string {
  return /^\+?[\d ().-]*$/.test(number ?? "") ? (number ?? "").replaceAll(/\D/g, "") : "";
}
