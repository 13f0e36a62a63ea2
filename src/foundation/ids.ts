declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A telephony domain of WebEx: one telco's contract, one adapter URL. */
export type DomainName = Branded<"DomainName">;
/** A bridge of a domain, as the settings name it. */
export type BridgeName = Branded<"BridgeName">;
/** WebEx's meeting number, which callers key in. It stays the same through failover. */
export type ConfKey = Branded<"ConfKey">;
/** WebEx's handle for a conference; changes at each failover. */
export type ExtConfId = Branded<"ExtConfId">;
/** WebEx's handle for a call, unique within its conference. */
export type ExtCallId = Branded<"ExtCallId">;
/** WebEx's handle for a sub-conference, unique within its conference. */
export type SubConfId = Branded<"SubConfId">;
/** Connects an answer with its request (protocol T44). */
export type MsgId = Branded<"MsgId">;
/** Identifies one posted document and its repeats (protocol T36 to T38). */
export type TransId = Branded<"TransId">;
/** A TSP server: as WebEx wrote it; behind the edge as `canonicalHost` has it, one text for one server. */
export type WebexHost = Branded<"WebexHost">;
/** One phone leg on the bridge. The bridge makes the ids of calls in, we make those of call-outs. */
export type CallId = Branded<"CallId">;
/** A room of a conference; everybody enters `main`. */
export type RoomId = Branded<"RoomId">;
/** One command to the bridge. The bridge carries it out once, however often the command is sent. */
export type CommandId = Branded<"CommandId">;
/** One sequence of reports 1, 2, 3 … of one agent about one conference; a new stream id after either side lost its state. */
export type StreamId = Branded<"StreamId">;

/** One action of an operator: the same id again does nothing more. */
export type ActionId = Branded<"ActionId">;

/** Milliseconds since 1970-01-01T00:00Z. */
export type EpochMs = number;

export const MAIN_ROOM = "main" as RoomId;

/** A number to dial; `area` and `extension` may be empty. As WebEx wrote it, it may have other characters than digits: see `wrongNumber`. */
export interface PhoneNumber {
  readonly country: string;
  readonly area: string;
  readonly local: string;
  /** Dialled after the answer. */
  readonly extension: string;
}
