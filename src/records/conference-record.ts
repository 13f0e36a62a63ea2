import * as v from "valibot";
import { described } from "../foundation/schemas.ts";
import { type CallRecord, callColumns, enders } from "./call-record.ts";
import { count, flag, fromBridge, reference, time, timeOrNull, word, words } from "./columns.ts";

/** The columns of an ended conference, in the order of an export. */
export const conferenceColumns = {
  conference: described(word, "its key"),
  life: described(count, "which conference of this key: the row of its journal in which it began"),
  extConfIds: described(words, "its handles, one for each TSP server that took it over, in order"),
  webexHosts: described(words, "the TSP servers, in order"),
  bridge: described(word, "the bridge's name"),
  createdAt: described(time, "when WebEx asked for it"),
  runningAt: described(timeOrNull, "when the bridge had created it; none if it never did"),
  endedAt: described(time, "when it was over"),
  seconds: described(count, "from `runningAt` to `endedAt`, rounded"),
  endedBy: described(v.picklist(enders), "who ended it"),
  status: described(v.picklist(["completed", "failed"]), "`failed`: it never ran"),
  reason: described(word, "why, in one word"),
  mostCallers: described(count, "the most callers in it at once"),
  calls: described(count, "its calls, those that were never answered too"),
  callMinutes: described(count, "the sum of their started minutes"),
  failovers: described(count, "how often another TSP server took it over"),
  repairs: described(count, "how often the bridge was found to hold something otherwise than reported"),
  givenUp: described(count, "documents for WebEx, or the partner's back end, that were given up before its end"),
  topic: described(word, "the meeting's name from WebEx's create; may be empty"),
  customerReference: reference,
  fromBridge,
  clockDiffers: described(flag, "`true`: one of its calls has `true`, and `seconds` may be as wrong"),
};

export const conferenceRecord = v.object({ kind: v.literal("conference"), ...conferenceColumns });

/** One row for each ended conference. */
export type ConferenceRecord = Readonly<v.InferOutput<typeof conferenceRecord>>;

/** What is left of a call or a conference that is over. */
export type DirectoryRecord = CallRecord | ConferenceRecord;

const placed = {
  cursor: described(word, "its place: with it as `cursor`, a request goes on behind this record"),
  recordedAt: described(time, "when the directory got it, soon after the end"),
};
/** The same in the domain's zone, as bills have it. */
const zoned = {
  timeZone: described(word, "the domain's time zone now, in which the two columns behind it count"),
  day: described(word, "the day of `recordedAt` there, by which `since`, `until` and `month` choose"),
  startedLocal: described(
    word,
    "when it was picked up there, or the conference ran, with the offset from UTC; empty if it never was",
  ),
};
/** The columns of an export. */
export const recordColumns = {
  call: { ...placed, ...callColumns, ...zoned },
  conference: { ...placed, ...conferenceColumns, ...zoned },
};
