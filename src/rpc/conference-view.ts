import type { CommandType } from "../bridge/commands.ts";
import type {
  BridgeName,
  CallId,
  CommandId,
  ConfKey,
  EpochMs,
  ExtCallId,
  ExtConfId,
  RoomId,
  SubConfId,
  WebexHost,
} from "../foundation/ids.ts";

/** A conference as operators see it. Numbers and IDs of people are masked where the domain's log masks them. */
export interface ConferenceView {
  readonly key: ConfKey;
  /** `not-created`: the bridge has not created it; the next create tries it anew. */
  readonly phase: "creating" | "running" | "ended" | "not-created";
  /** The last input, in milliseconds since 1970. */
  readonly lastAt: EpochMs;
  readonly bridge: BridgeName | null;
  /** Empty once it is over. */
  readonly extConfId: ExtConfId | "";
  /** The TSP server that is notified; empty once it is over. */
  readonly host: WebexHost | "";
  /** False after a keep-alive close: WebEx hears nothing until it creates the conference again. */
  readonly attached: boolean;
  readonly locked: boolean;
  readonly callers: readonly CallerView[];
  /** Calls that we dialled and that have not entered. */
  readonly callOuts: readonly { readonly call: CallId; readonly stage: string; readonly extCallId: ExtCallId | "" }[];
  /** Sub-conferences; `subConfId`: WebEx's name for it. */
  readonly rooms: readonly { readonly room: RoomId; readonly subConfId: SubConfId; readonly stage: string }[];
  /** Commands without a result. */
  readonly commands: readonly CommandView[];
  /** Documents that their receiver has not confirmed. */
  readonly documents: readonly DocumentView[];
  /** The server that is behind; at most one. */
  readonly outages: readonly OutageView[];
}

interface CallerView {
  readonly call: CallId;
  /** Empty until WebEx has named the call. */
  readonly extCallId: ExtCallId | "";
  readonly number: string;
  readonly attendeeId: string;
  readonly room: RoomId;
  readonly muted: boolean;
  readonly speaks: boolean;
}

export interface CommandView {
  readonly id: CommandId;
  readonly type: CommandType;
  /** How often it was sent in this life of the object. */
  readonly sent: number;
  /** Whether an agent has it in its journal. */
  readonly taken: boolean;
  /** When it fails for those who asked for it, or did. */
  readonly answerBy: EpochMs | null;
  /** Who asked for it; none: it follows from something else. */
  readonly askers: readonly ("webex" | "operator")[];
}

interface DocumentView {
  readonly transId: string;
  readonly host: string;
  readonly messages: readonly string[];
  readonly queuedAt: EpochMs;
  readonly attempts: number;
  readonly dueAt: EpochMs;
  /** Why the last attempt failed. */
  readonly failure?: string;
}

/** A server whose post was given up: it gets what it is owed with its next sign of life. */
export interface OutageView {
  readonly host: string;
  /** Of a conference that is over, since its end. */
  readonly since: EpochMs;
  /** Why the last post was given up. */
  readonly why: string;
  /** How many messages it is owed. */
  readonly messages: number;
  /** When it is probed next; `null`: a probe is under way. */
  readonly probeAt: EpochMs | null;
}
