import * as v from "valibot";
import type { Announcement } from "../../../../src/bridge/announcements.ts";
import { accessCodes, call, conference, room } from "../../../../src/bridge/schemas.ts";
import { type CallId, type CommandId, MAIN_ROOM } from "../../../../src/foundation/ids.ts";

/* What the agent writes into Asterisk for the agent that takes over: names of bridges, and variables. */

const roomName = v.pipe(
  v.object({ owner: v.pipe(v.string(), v.nonEmpty()), conference, room, kind: v.picklist(["main", "sub", "private"]) }),
  v.check(({ room, kind }) => (room === MAIN_ROOM) === (kind === "main")),
);

/** A room of a conference, which is a bridge of Asterisk. */
export type RoomName = Readonly<v.InferOutput<typeof roomName>>;

const PREFIX = "bridgehead";

/** The id of the bridge that a command makes. Asterisk must never see an id twice, and commands have ids of their own. */
export function bridgeId(command: CommandId): string {
  return `${PREFIX}-${command}`;
}

/** The id of a channel that is no call: it probes whether Asterisk makes channels, or whispers to a caller. */
export function helperId(does: "probe" | "whisperer", unique: string): string {
  return `${PREFIX}-${does}-${unique}`;
}

export function isHelper(channel: string): boolean {
  return channel.startsWith(helperId("probe", "")) || channel.startsWith(helperId("whisperer", ""));
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
export type CallNotes = v.InferOutput<typeof callNotes>;

const conferenceNotes = v.object({
  locked: v.boolean(),
  reportsSpeakers: v.boolean(),
  anonymousId: v.nullable(v.string()),
  accessCodes: v.exactOptional(accessCodes),
  /** `null` and 0 mean no limit. */
  maxCallers: v.nullable(v.number()),
  /** The last calls that were dialled, or are about to be: nobody is rung twice. A call that is not here was never dialled. */
  dialled: v.array(v.object({ call, number: v.string() })),
});

/** What Asterisk does not know of a conference by itself. */
export type ConferenceNotes = v.InferOutput<typeof conferenceNotes>;

const agentNote = v.object({ owner: v.string(), agent: v.string(), epoch: v.number() });

/** Who acts on an application. */
export type AgentNote = Readonly<v.InferOutput<typeof agentNote>>;

/** The event that shows a replaced agent's successor that Asterisk has answered all that it had asked for. */
export function retiredEvent({ agent, epoch }: Pick<AgentNote, "agent" | "epoch">): string {
  return `${PREFIX}-retired-${agent}-${epoch}`;
}

/** What is written on Asterisk about a call. */
export function callNotesOf(call: CallNotes): CallNotes {
  return notesIn(call, callNotes.entries);
}

/** What is written on Asterisk about a conference. */
export function conferenceNotesOf(conference: ConferenceNotes): ConferenceNotes {
  return notesIn(conference, conferenceNotes.entries);
}

function notesIn<Notes extends object>(whole: Notes, notes: object): Notes {
  return Object.fromEntries(Object.entries(whole).filter(([name]) => name in notes)) as Notes;
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
