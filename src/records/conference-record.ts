import * as v from "valibot";
import { type CallRecord, callColumns, enders } from "./call-record.ts";
import { column, count, flag, fromBridge, host, person, reference, time, timeOrNull, word, words } from "./columns.ts";

/** The columns of an ended conference, in the order of an export. */
export const conferenceColumns = {
  conference: column(word, "its key"),
  life: column(count, "which conference of this key: the row of its journal in which it began"),
  extConfIds: column(words, "its handles, one for each TSP server that took it over, in order"),
  webexHosts: column(v.array(host), "the TSP servers, in order"),
  bridge: column(word, "the bridge's name"),
  createdAt: column(time, "when WebEx asked for it"),
  runningAt: column(timeOrNull, "when the bridge had created it; none if it never did"),
  endedAt: column(time, "when it was over"),
  seconds: column(count, "from `runningAt` to `endedAt`, rounded"),
  endedBy: column(v.picklist(enders), "who ended it"),
  status: column(v.picklist(["completed", "failed"]), "`failed`: it never ran"),
  reason: column(word, "why, in one word"),
  mostCallers: column(count, "the most callers in it at once"),
  calls: column(count, "its calls, those that were never answered too"),
  callMinutes: column(count, "the sum of their started minutes"),
  failovers: column(count, "how often another TSP server took it over"),
  repairs: column(count, "how often the bridge was found to hold something otherwise than reported"),
  givenUp: column(count, "documents for WebEx, or the partner's back end, that were given up before its end"),
  topic: column(person, "the meeting's name from WebEx's create; may be empty"),
  customerReference: reference,
  fromBridge,
  clockDiffers: column(flag, "`true`: one of its calls has `true`, and `seconds` may be as wrong"),
};

export const conferenceRecord = v.object({ kind: v.literal("conference"), ...conferenceColumns });

/** One row for each ended conference. */
export type ConferenceRecord = Readonly<v.InferOutput<typeof conferenceRecord>>;

/** What is left of a call or a conference that is over. */
export type DirectoryRecord = CallRecord | ConferenceRecord;

const placed = {
  cursor: column(word, "its place: with it as `cursor`, a request goes on behind this record"),
  recordedAt: column(time, "when the directory got it, soon after the end"),
};
/** The same in the domain's zone, as bills have it. */
const zoned = {
  timeZone: column(word, "the domain's time zone now, in which the two columns behind it count"),
  day: column(word, "the day of `recordedAt` there, by which `since`, `until` and `month` choose"),
  startedLocal: column(
    word,
    "when it was picked up there, or the conference ran, with the offset from UTC; empty if it never was",
  ),
};
/** The columns of an export. */
export const recordColumns = {
  call: { ...placed, ...callColumns, ...zoned },
  conference: { ...placed, ...conferenceColumns, ...zoned },
};
