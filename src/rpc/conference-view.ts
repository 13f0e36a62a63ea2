import * as v from "valibot";
import type { CommandType } from "../bridge/commands.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  ExtCallId,
  ExtConfId,
  RoomId,
  SubConfId,
  WebexHost,
} from "../foundation/ids.ts";
import { type Checked, confKey, described, text, time } from "../foundation/schemas.ts";
import { topic } from "../records/rows.ts";

const command = v.object({
  id: text<CommandId>(),
  type: text<CommandType>(),
  call: described(v.exactOptional(text<CallId>()), "Of one that is about a call: the call's id."),
  sent: described(v.number(), "How often, in this life of the object."),
  taken: described(v.boolean(), "Whether an agent has it in its journal."),
  answerBy: described(v.nullable(time), "When it fails for those who asked for it, or did."),
  askers: described(
    v.array(v.picklist(["webex", "operator"])),
    "Who asked for it; none: it follows from something else.",
  ),
});
export type CommandView = Checked<typeof command>;

/** A server whose post was given up: it gets what it is owed with its next sign of life. */
const outage = v.object({
  host: v.string(),
  since: described(time, "Of a conference that is over, since its end."),
  why: described(v.string(), "Why the last post was given up."),
  messages: described(v.number(), "How many it is owed."),
  probeAt: described(v.nullable(time), "When it is probed next; null: a probe is under way."),
});
export type OutageView = Checked<typeof outage>;

/** A conference as operators see it. Numbers and IDs of people are shown as `recordsPersonal` of the domain says. */
export const conferenceView = v.object({
  key: confKey,
  topic,
  phase: described(
    v.picklist(["creating", "running", "ended", "not-created"]),
    "not-created: the bridge has not created it; the next create tries it anew.",
  ),
  lastAt: described(time, "The last input, in milliseconds since 1970-01-01T00:00Z."),
  bridge: v.nullable(text<BridgeName>()),
  extConfId: described(text<ExtConfId | "">(), "Empty once it is over."),
  host: described(text<WebexHost | "">(), "The TSP server that is notified; empty once it is over."),
  attached: described(v.boolean(), "False after a close with KeepAlive, until WebEx creates it again."),
  orphan: described(
    v.exactOptional(v.object({ foundAt: time, endAt: v.nullable(time) })),
    "Present where the edge found it on the bridge and did not know it, until WebEx creates it again: when that was, and when it ends by itself (null: never).",
  ),
  locked: v.boolean(),
  callers: v.array(
    v.object({
      call: text<CallId>(),
      extCallId: described(text<ExtCallId | "">(), "Empty until WebEx has named the call."),
      number: v.string(),
      attendeeId: v.string(),
      room: text<RoomId>(),
      muted: v.boolean(),
      speaks: described(v.nullable(v.boolean()), "null: nobody knows, since WebEx does not want to know."),
    }),
  ),
  muteAll: described(v.number(), "So many callers `mute-all` would mute: not the host."),
  unmuteAll: described(v.number(), "So many `unmute-all` would unmute: no silent monitors."),
  callOuts: v.array(
    v.object({
      call: text<CallId>(),
      number: v.string(),
      stage: v.string(),
      extCallId: text<ExtCallId | "">(),
    }),
  ),
  rooms: v.array(
    v.object({
      room: text<RoomId>(),
      subConfId: described(text<SubConfId>(), "WebEx's id for the sub-conference."),
      name: described(
        v.exactOptional(v.string()),
        "As WebEx named it for people; with `recordsPersonal` `full` alone.",
      ),
      stage: v.string(),
    }),
  ),
  commands: described(v.array(command), "Those without a result."),
  documents: described(
    v.array(
      v.object({
        transId: v.string(),
        host: v.string(),
        messages: v.array(v.string()),
        queuedAt: time,
        attempts: v.number(),
        dueAt: time,
        failure: described(v.exactOptional(v.string()), "Why the last attempt failed."),
      }),
    ),
    "Those that their receiver has not confirmed.",
  ),
  outages: described(
    v.array(outage),
    "The server that is behind: a post to it was given up, and it is told once it answers. At most one.",
  ),
});
export type ConferenceView = Checked<typeof conferenceView>;
