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
  call: described(v.exactOptional(text<CallId>()), "The call's id, if it is about a call."),
  sent: described(v.number(), "How often it was sent by this instance of the object."),
  taken: described(v.boolean(), "True if an agent has it in its journal."),
  answerBy: described(v.nullable(time), "When the request fails or failed without a result."),
  askers: described(
    v.array(v.picklist(["webex", "operator"])),
    "Who asked for it; empty: it follows from something else.",
  ),
});
export type CommandView = Checked<typeof command>;

/** A server with an undelivered post. It gets all pending notifications once it answers. */
const outage = v.object({
  host: v.string(),
  since: described(time, "For an ended conference, since its end."),
  why: described(v.string(), "Why the last post was undelivered."),
  messages: described(v.number(), "Number of pending messages."),
  probeAt: described(v.nullable(time), "When it is probed next; null: a probe is under way."),
});
export type OutageView = Checked<typeof outage>;

/** A conference as users see it. `recordsPersonal` of the domain masks numbers and attendee IDs. */
export const conferenceView = v.object({
  key: confKey,
  topic,
  phase: described(
    v.picklist(["creating", "running", "ended", "not-created"]),
    "not-created: the bridge has not created it; the next create tries again.",
  ),
  lastAt: described(time, "The last input, in milliseconds since 1970-01-01T00:00Z."),
  bridge: v.nullable(text<BridgeName>()),
  extConfId: described(text<ExtConfId | "">(), "Empty once it is over."),
  host: described(text<WebexHost | "">(), "The TSP server that is notified; empty once it is over."),
  attached: described(v.boolean(), "False after a close with KeepAlive, until WebEx creates it again."),
  orphan: described(
    v.exactOptional(v.object({ foundAt: time, endAt: v.nullable(time) })),
    "Present if the edge found it on the bridge, until WebEx creates it again: the time of that, and when it ends by itself (null: never).",
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
      speaks: described(v.nullable(v.boolean()), "null: not known, because WebEx did not ask for speakers."),
    }),
  ),
  muteAll: described(v.number(), "Number of callers that `mute-all` would mute, without the host."),
  unmuteAll: described(v.number(), "Number of callers that `unmute-all` would unmute, without silent monitors."),
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
      name: described(v.exactOptional(v.string()), "WebEx's name for it; only with `recordsPersonal` `full`."),
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
    "Unconfirmed documents.",
  ),
  outages: described(
    v.array(outage),
    "The server that is behind: a post to it was undelivered, and it is notified once it answers. At most one.",
  ),
});
export type ConferenceView = Checked<typeof conferenceView>;
