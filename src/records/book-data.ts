import type { CommandType } from "../bridge/commands.ts";
import type { CallRecord } from "../conference/call-record.ts";
import type { DirectoryRecord } from "../conference/conference-record.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import type { Head } from "../conference/state.ts";
import type { BridgeName, CallId, CommandId, EpochMs } from "../foundation/ids.ts";
import type { Cause } from "./end-causes.ts";

/** What the rows so far add up to, as JSON. */
export interface BookData {
  /** The last row that was read. */
  seq: number;
  head: Head;
  bridge: BridgeName | null;
  life: Life | null;
  calls: OpenCall[];
  commands: [CommandId, KnownCommand][];
  /** Room → as a record names it. */
  rooms: [string, string][];
  ended: Ended[];
  /** Absent in what an older version kept. */
  joined?: Joined[];
  givenUp?: GivenUp[];
}

export const newBook: BookData = {
  ...{ seq: 0, head: { phase: "absent" }, bridge: null, life: null },
  ...{ calls: [], commands: [], rooms: [], ended: [] },
};

/** A record, and the row of the journal after which it is true. */
export interface Ended {
  readonly seq: number;
  readonly record: DirectoryRecord;
}

/** A call that has entered, and the row of the journal after which it has. */
export interface Joined {
  readonly seq: number;
  readonly call: Pick<
    CallRecord,
    "conference" | "life" | "began" | "call" | "extCallId" | "direction" | "number" | "attendeeId" | "participantType"
  > & { readonly enteredAt: EpochMs };
}

/** A document that was given up in this row of the journal. */
export interface GivenUp {
  readonly seq: number;
  readonly at: EpochMs;
  readonly input: Extract<ConferenceInput, { readonly type: "undelivered" }>;
}

export interface OpenCall {
  readonly call: CallId;
  readonly began: number;
  readonly direction: "in" | "out";
  /** Absent: nobody told, or an older version kept it. */
  dialled?: string;
  number: string;
  attendeeId: string;
  extCallId: string;
  participantType: string;
  keyedHostCode: boolean;
  readonly dialledAt: EpochMs | null;
  answeredAt: EpochMs | null;
  enteredAt: EpochMs | null;
  muted: boolean;
  mutedAt: EpochMs | null;
  mutedMs: number;
  mutes: number;
  room: string | null;
  rooms: string[];
  failovers: number;
  repairs: number;
  /** Known before the call is over: WebEx has cancelled it, or nobody answered. */
  cause?: Cause;
  /** An operator asked for its end. */
  isOperators?: true;
}

export interface Life {
  readonly seq: number;
  readonly createdAt: EpochMs;
  runningAt: EpochMs | null;
  extConfIds: string[];
  webexHosts: string[];
  mostCallers: number;
  calls: number;
  callMinutes: number;
  failovers: number;
  repairs: number;
  givenUp: number;
  /** As WebEx named it with a create. */
  topic?: string;
  /** An operator asked for its end. */
  isOperators?: true;
}

export interface KnownCommand {
  readonly type: CommandType;
  readonly call: CallId | null;
  readonly by: "webex" | "operator" | "edge";
}
