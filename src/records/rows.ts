import * as v from "valibot";
import { promptCall } from "../bridge/prompt-call.ts";
import type { BridgeName, CallId, EpochMs } from "../foundation/ids.ts";
import { type Checked, text } from "../foundation/schemas.ts";
import { type Person, persons, shown } from "../foundation/shown.ts";
import { type CallRecord, callRecord, callStatuses, enders } from "./call-record.ts";
import { count, flag, person, timeOrNull } from "./columns.ts";
import { type ConferenceRecord, conferenceRecord } from "./conference-record.ts";

/** What is not known before the end. */
const ending = { endedAt: timeOrNull, endedBy: v.nullable(v.picklist(enders)) };

/** A call, as its conference publishes it: the columns of its record. */
export const callRow = v.object({
  ...callRecord.entries,
  ...ending,
  status: v.picklist([...callStatuses, "ringing", "inside"]),
});
export type CallRow = Readonly<v.InferOutput<typeof callRow>>;

/** What is wrong with a conference that runs. */
export const alerts = v.pipe(
  v.array(v.picklist(["posts", "commands"])),
  v.description("`posts`: WebEx does not confirm; `commands`: the bridge does not answer in time."),
);

const now = v.object({
  attached: flag,
  /** The edge found it on the bridge, and WebEx has not created it again. */
  orphan: flag,
  locked: flag,
  callers: count,
  /** Sub-conferences and rooms of private talks. */
  rooms: count,
  roomNames: v.array(person),
  /** Absent: nobody knows. */
  speakers: v.exactOptional(v.array(text<CallId>())),
  alerts: alerts,
  /** Since when the bridge owes the first late answer. */
  lateSince: timeOrNull,
  /** By how much its time is ahead of the machine's clock, which was set back, in milliseconds. */
  aheadMs: count,
});

/** A conference, as it publishes itself: the columns of its record, and how it is now. */
export const conferenceRow = v.object({
  ...conferenceRecord.entries,
  ...ending,
  status: v.picklist(["creating", "running", "completed", "failed"]),
  /** `null`: it is over. */
  now: v.nullable(now),
});
export type ConferenceRow = Readonly<v.InferOutput<typeof conferenceRow>>;

/** The name of a meeting is of people: it is shown where `recordsPersonal` keeps all of them, and not at all elsewhere. */
export const topic = v.pipe(
  v.exactOptional(v.string()),
  v.description("The meeting's name, as WebEx gave it with its create; only with `recordsPersonal` `full`."),
);

/** A call in the prompt that its first keys did not lead in, as the relay publishes it. Its times are by the edge's clock. */
export const promptRow = v.object({
  kind: v.literal("prompt"),
  bridge: text<BridgeName>(),
  topic,
  ...promptCall.entries,
});
export type PromptRow = Checked<typeof promptRow>;

/** A caller who could not get in three times or more, and has not got in since; without a whole number, three calls of a day. */
export interface RefusedCaller {
  /** Empty or masked, as `recordsPersonal` has it: then these may be calls of several callers. */
  readonly number: string;
  /** So many calls did not get in. */
  readonly calls: number;
  /** When the first of them came. */
  readonly since: EpochMs;
  readonly latest: PromptRow;
  /** The arrival of the last of them, in microseconds since 1970. */
  readonly place: number;
}

/** People write names into the name of a meeting, so it is kept only where all else of them is. */
export function shownCall(row: CallRow, person: Person): CallRow {
  return { ...shown(row, person, { dialled: "personal" }), ...(person !== persons.full && { topic: "" }) };
}

export function shownConference(row: ConferenceRow, person: Person): ConferenceRow {
  const { now, ...rest } = shown(row, person);
  if (person === persons.full) return { ...rest, now };
  return { ...rest, topic: "", now: now && { ...now, roomNames: [] } };
}

/** The record of a call that is over. */
export function recordOfCall(row: CallRow): CallRecord {
  return row as CallRecord;
}

export function recordOfConference({ now: _, ...row }: ConferenceRow): ConferenceRecord {
  return row as ConferenceRecord;
}
