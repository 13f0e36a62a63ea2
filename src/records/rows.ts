import * as v from "valibot";
import { promptCall } from "../bridge/prompt-call.ts";
import type { BridgeName, CallId, EpochMs } from "../foundation/ids.ts";
import { type Checked, described, text } from "../foundation/schemas.ts";
import { type Person, persons, shown } from "../foundation/shown.ts";
import type { CallRecord, Ender } from "./call-record.ts";
import type { ConferenceRecord, DirectoryRecord } from "./conference-record.ts";

/** The columns of a record, of which the end may not be known yet. */
type RowOf<Of extends DirectoryRecord, Status> = Omit<Of, "endedAt" | "endedBy" | "status"> & {
  readonly endedAt: EpochMs | null;
  readonly endedBy: Ender | null;
  readonly status: Of["status"] | Status;
};

/** A call, as its conference publishes it. */
export type CallRow = RowOf<CallRecord, "ringing" | "inside">;

/** How a conference that runs is now. */
export const conferenceNow = v.object({
  attached: described(v.boolean(), "False after a close with KeepAlive, until WebEx creates it again."),
  orphan: described(
    v.boolean(),
    "True where the edge found it on the bridge and did not know it, until WebEx creates it again; `createdAt` is then since when the agent of the bridge has known it.",
  ),
  locked: v.boolean(),
  callers: v.number(),
  rooms: described(v.number(), "Sub-conferences and rooms of private talks."),
  roomNames: described(
    v.array(v.string()),
    "The names that WebEx gave sub-conferences; with `recordsPersonal` `full` alone.",
  ),
  alerts: described(
    v.array(v.picklist(["posts", "commands"])),
    "`posts`: WebEx does not confirm; `commands`: the bridge does not answer in time.",
  ),
});

export interface ConferenceNow extends Checked<typeof conferenceNow> {
  /** Absent: nobody knows. */
  readonly speakers?: readonly CallId[];
  /** Since when the bridge owes the first late answer. */
  readonly lateSince: EpochMs | null;
  /** By how much its time is ahead of the machine's clock, which was set back, in milliseconds. */
  readonly aheadMs: number;
}

/** A conference, as it publishes itself. `now`: `null` once it is over. */
export type ConferenceRow = RowOf<ConferenceRecord, "creating" | "running"> & { readonly now: ConferenceNow | null };

/** The name of a meeting is of people: it is shown where `recordsPersonal` keeps all of them, and not at all elsewhere. */
export const topic = described(
  v.exactOptional(v.string()),
  "The meeting's name, as WebEx gave it with its create; only with `recordsPersonal` `full`.",
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

export function recordOfConference({ now: _, ...row }: ConferenceRow): ConferenceRecord {
  return row as ConferenceRecord;
}
