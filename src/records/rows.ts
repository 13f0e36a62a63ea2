import * as v from "valibot";
import { promptCall } from "../bridge/prompt-call.ts";
import type { BridgeName, EpochMs } from "../foundation/ids.ts";
import { type Checked, described, text } from "../foundation/schemas.ts";
import { type Person, persons, shown } from "../foundation/shown.ts";
import type { CallRecord, Ender } from "./call-record.ts";
import type { ConferenceRecord, DirectoryRecord } from "./conference-record.ts";

/** The columns of a record whose end may not be known yet. */
type RowOf<Of extends DirectoryRecord, Status> = Omit<Of, "endedAt" | "endedBy" | "status"> & {
  readonly endedAt: EpochMs | null;
  readonly endedBy: Ender | null;
  readonly status: Of["status"] | Status;
};

/** A call, as its conference publishes it. */
export type CallRow = RowOf<CallRecord, "ringing" | "inside">;

/** The current state of a running conference. */
export const conferenceNow = v.object({
  attached: described(v.boolean(), "False after a close with KeepAlive, until WebEx creates it again."),
  orphan: described(
    v.boolean(),
    "True if the edge found it on the bridge, until WebEx creates it again. `createdAt` is then the time since which the agent knows it.",
  ),
  locked: v.boolean(),
  callers: v.number(),
  rooms: described(v.number(), "Sub-conferences and rooms of private talks."),
  roomNames: described(
    v.array(v.string()),
    "The names that WebEx gave sub-conferences; only with `recordsPersonal` `full`.",
  ),
  alerts: described(
    v.array(v.picklist(["posts", "commands"])),
    "`posts`: WebEx does not confirm; `commands`: the bridge does not answer in time.",
  ),
});

export interface ConferenceNow extends Checked<typeof conferenceNow> {
  /** Start of the first late answer of the bridge. */
  readonly lateSince: EpochMs | null;
  /** Lead of its time over the machine's clock, which was set back, in milliseconds. */
  readonly aheadMs: number;
}

/** A conference, as it publishes itself. `now`: `null` once it is over. */
export type ConferenceRow = RowOf<ConferenceRecord, "creating" | "running"> & { readonly now: ConferenceNow | null };

/** A meeting's name can contain names of people, so it is kept only with `recordsPersonal` `full`. */
export const topic = described(
  v.exactOptional(v.string()),
  "The meeting's name from WebEx's create; only with `recordsPersonal` `full`.",
);

/** A call in the prompt that was not admitted at once, as the relay publishes it. Times are by the edge's clock. */
export const promptRow = v.object({
  kind: v.literal("prompt"),
  bridge: text<BridgeName>(),
  topic,
  ...promptCall.entries,
});
export type PromptRow = Checked<typeof promptRow>;

/** A caller who was refused three times or more and has not got in since. Without a whole number: three calls in a day. */
export interface RefusedCaller {
  /** Can be empty or masked (`recordsPersonal`). These can then be calls of several callers. */
  readonly number: string;
  /** Number of refused calls. */
  readonly calls: number;
  /** Time of the first of them. */
  readonly since: EpochMs;
  readonly latest: Pick<PromptRow, "at" | "end">;
  /** The arrival of the last of them, in microseconds since 1970. */
  readonly place: number;
}

/** Drops the meeting's name unless everything personal is kept: it can contain names of people. */
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
