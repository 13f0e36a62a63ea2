import * as v from "valibot";
import { described } from "../foundation/schemas.ts";
import { type CallRecord, callColumns, enders } from "./call-record.ts";
import { count, flag, fromBridge, reference, time, timeOrNull, word, words } from "./columns.ts";

/** The columns of an ended conference, in the order of an export. */
export const conferenceColumns = {
  conference: described(word, "its key"),
  life: described(count, "which conference of this key: the row of its journal in which it began"),
  extConfIds: described(words, "its ExtConfIDs, one for each TSP server that took it over, in order"),
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
  calls: described(count, "its calls, also unanswered ones"),
  callMinutes: described(count, "the sum of their started minutes"),
  failovers: described(count, "how often another TSP server took it over"),
  repairs: described(count, "how often a comparison with the bridge corrected something"),
  givenUp: described(count, "documents for WebEx or the partner's back end that were undelivered before its end"),
  topic: described(word, "the meeting's name from WebEx's create; may be empty"),
  customerReference: reference,
  fromBridge,
  clockDiffers: described(flag, "`true`: one of its calls has `true`, so `seconds` may be wrong"),
};

export const conferenceRecord = v.object({ kind: v.literal("conference"), ...conferenceColumns });

/** One row for each ended conference. */
export type ConferenceRecord = Readonly<v.InferOutput<typeof conferenceRecord>>;

export type DirectoryRecord = CallRecord | ConferenceRecord;

const placed = {
  cursor: described(word, "its position; as `cursor` of a request, continues after this record"),
  recordedAt: described(time, "when the directory stored it, soon after the end"),
};
/** Columns in the domain's zone, for bills. */
const zoned = {
  timeZone: described(word, "the domain's time zone, which the next two columns use"),
  day: described(word, "the day of `recordedAt` there; `since`, `until` and `month` go by it"),
  startedLocal: described(
    word,
    "when the call was answered or the conference ran, with the offset from UTC; empty if never",
  ),
};
/** The columns of an export. */
export const recordColumns = {
  call: { ...placed, ...callColumns, ...zoned },
  conference: { ...placed, ...conferenceColumns, ...zoned },
};
