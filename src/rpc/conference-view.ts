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
import { type Checked, confKey, text, time } from "../foundation/schemas.ts";
import { topic } from "../records/rows.ts";

const command = v.object({
  id: text<CommandId>(),
  type: text<CommandType>(),
  call: v.pipe(v.exactOptional(text<CallId>()), v.description("Of one that is about a call: the call's id.")),
  sent: v.pipe(v.number(), v.description("How often, in this life of the object.")),
  taken: v.pipe(v.boolean(), v.description("Whether an agent has it in its journal.")),
  answerBy: v.pipe(v.nullable(time), v.description("When it fails for those who asked for it, or did.")),
  askers: v.pipe(
    v.array(v.picklist(["webex", "operator"])),
    v.description("Who asked for it; none: it follows from something else."),
  ),
});
export type CommandView = Checked<typeof command>;

/** A server whose post was given up: it gets what it is owed with its next sign of life. */
const outage = v.object({
  host: v.string(),
  since: v.pipe(time, v.description("Of a conference that is over, since its end.")),
  why: v.pipe(v.string(), v.description("Why the last post was given up.")),
  messages: v.pipe(v.number(), v.description("How many it is owed.")),
  probeAt: v.pipe(v.nullable(time), v.description("When it is probed next; null: a probe is under way.")),
});
export type OutageView = Checked<typeof outage>;

/** A conference as operators see it. Numbers and IDs of people are shown as `recordsPersonal` of the domain says. */
export const conferenceView = v.object({
  key: confKey,
  topic,
  phase: v.pipe(
    v.picklist(["creating", "running", "ended", "not-created"]),
    v.description("not-created: the bridge has not created it; the next create tries it anew."),
  ),
  lastAt: v.pipe(time, v.description("The last input, in milliseconds since 1970-01-01T00:00Z.")),
  bridge: v.nullable(text<BridgeName>()),
  extConfId: v.pipe(text<ExtConfId | "">(), v.description("Empty once it is over.")),
  host: v.pipe(text<WebexHost | "">(), v.description("The TSP server that is notified; empty once it is over.")),
  attached: v.pipe(v.boolean(), v.description("False after a close with KeepAlive, until WebEx creates it again.")),
  orphan: v.pipe(
    v.exactOptional(v.object({ foundAt: time, endAt: v.nullable(time) })),
    v.description(
      "Present where the edge found it on the bridge and did not know it, until WebEx creates it again: when that was, and when it ends by itself (null: never).",
    ),
  ),
  locked: v.boolean(),
  callers: v.array(
    v.object({
      call: text<CallId>(),
      extCallId: v.pipe(text<ExtCallId | "">(), v.description("Empty until WebEx has named the call.")),
      number: v.string(),
      attendeeId: v.string(),
      room: text<RoomId>(),
      muted: v.boolean(),
      speaks: v.pipe(v.nullable(v.boolean()), v.description("null: nobody knows, since WebEx does not want to know.")),
    }),
  ),
  muteAll: v.pipe(v.number(), v.description("So many callers `mute-all` would mute: not the host.")),
  unmuteAll: v.pipe(v.number(), v.description("So many `unmute-all` would unmute: no silent monitors.")),
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
      subConfId: v.pipe(text<SubConfId>(), v.description("WebEx's id for the sub-conference.")),
      name: v.pipe(
        v.exactOptional(v.string()),
        v.description("As WebEx named it for people; with `recordsPersonal` `full` alone."),
      ),
      stage: v.string(),
    }),
  ),
  commands: v.pipe(v.array(command), v.description("Those without a result.")),
  documents: v.pipe(
    v.array(
      v.object({
        transId: v.string(),
        host: v.string(),
        messages: v.array(v.string()),
        queuedAt: time,
        attempts: v.number(),
        dueAt: time,
        failure: v.pipe(v.exactOptional(v.string()), v.description("Why the last attempt failed.")),
      }),
    ),
    v.description("Those that their receiver has not confirmed."),
  ),
  outages: v.pipe(
    v.array(outage),
    v.description("The server that is behind: a post to it was given up, and it is told once it answers. At most one."),
  ),
});
export type ConferenceView = Checked<typeof conferenceView>;
