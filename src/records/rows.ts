import * as v from "valibot";
import type { CallId } from "../foundation/ids.ts";
import { text } from "../foundation/schemas.ts";
import { open, type Person, persons, showOf } from "../foundation/shown.ts";
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
export const trouble = v.pipe(
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
  speakers: v.exactOptional(v.array(open(text<CallId>()))),
  trouble: open(trouble),
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

const showCall = showOf(callRow);
const showConference = showOf(conferenceRow);

/** People write names into the name of a meeting, so it is kept only where all else of them is. */
export function shownCall(row: CallRow, shown: Person): CallRow {
  return { ...showCall(row, shown), ...(shown !== persons.full && { topic: "" }) };
}

export function shownConference(row: ConferenceRow, shown: Person): ConferenceRow {
  const { now, ...rest } = showConference(row, shown);
  if (shown === persons.full) return { ...rest, now };
  return { ...rest, topic: "", now: now && { ...now, roomNames: [] } };
}

/** The record of a call that is over. */
export function recordOfCall(row: CallRow): CallRecord {
  return row as CallRecord;
}

export function recordOfConference({ now: _, ...row }: ConferenceRow): ConferenceRecord {
  return row as ConferenceRecord;
}
