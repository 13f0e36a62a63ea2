declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** A telephony domain of WebEx: one telco's contract, one adapter URL. */
export type DomainName = Branded<"DomainName">;
/** A bridge of a domain, as the settings name it. */
export type BridgeName = Branded<"BridgeName">;
/** WebEx's meeting number: stable through failover, and what callers key in. */
export type ConfKey = Branded<"ConfKey">;
/** WebEx's handle for a conference; changes at each failover. */
export type ExtConfId = Branded<"ExtConfId">;
/** WebEx's handle for a call, unique within its conference. */
export type ExtCallId = Branded<"ExtCallId">;
/** WebEx's handle for a sub-conference, unique within its conference. */
export type SubConfId = Branded<"SubConfId">;
/** Ties an answer to its request (protocol T44). */
export type MsgId = Branded<"MsgId">;
/** Names one posted document and its repeats (protocol T36 to T38). */
export type TransId = Branded<"TransId">;
/** `host:port` of a TSP server, as WebEx wrote it. */
export type WebexHost = Branded<"WebexHost">;
/** One phone leg on the bridge. Dial-ins get it from the bridge, call-outs from us. */
export type CallId = Branded<"CallId">;
/** A room of a conference; `main` is the one that everybody enters. */
export type RoomId = Branded<"RoomId">;
/** One order to the bridge: it acts once under this name, however often it is told. */
export type CommandId = Branded<"CommandId">;
/** A run of report numbers, 1, 2, 3 …: one agent's about one conference, until either of them has forgotten the other. */
export type StreamId = Branded<"StreamId">;

/** Milliseconds since 1970-01-01T00:00Z. */
export type EpochMs = number;

export const MAIN_ROOM = "main" as RoomId;
