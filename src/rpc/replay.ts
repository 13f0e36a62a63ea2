import type { Ability } from "../bridge/abilities.ts";
import type { IssuedCommand } from "../bridge/commands.ts";
import type { Fact } from "../conference/facts.ts";
import type { ConferenceInput } from "../conference/inputs.ts";
import type { Caller, CallOut, Head, Outage, PendingCommand, Room } from "../conference/state.ts";
import type { FactLine } from "../explain/log.ts";
import type { BridgeName, ConfKey, EpochMs, TransId } from "../foundation/ids.ts";
import type { ToWebex } from "../tsp/messages.ts";

/** A state of a conference as data. */
export interface ReplayState {
  readonly head: Head;
  readonly callers: readonly Caller[];
  readonly callOuts: readonly CallOut[];
  readonly commands: readonly PendingCommand[];
  readonly rooms: readonly Room[];
  readonly outages: readonly Outage[];
  /** By what is owed: `entry 60310000123`. */
  readonly debts: readonly (readonly [key: string, message: ToWebex])[];
}

/** A message that left. */
export interface ReplayPost {
  readonly host: string;
  /** Of the document that carried it; `null`: the journal does not have it. */
  readonly transId: string | null;
  readonly type: string;
  /** As it is written on the wire; `null`: it cannot be written. */
  readonly text: string | null;
}

/** What became of a document. */
export interface ReplayDocument {
  readonly kind: "post-confirmed" | "post-failed" | "post-given-up" | "post-dropped";
  readonly host: string;
  readonly transId: string;
  readonly at: EpochMs;
  readonly messages: readonly string[];
  readonly why?: string;
  /** Of one that failed. */
  readonly attempt?: number;
  readonly nextAt?: EpochMs;
}

/** One row of a conference's journal again. Numbers and codes of people are masked where the domain's log masks them. */
export interface ReplayStep {
  readonly seq: number;
  readonly at: EpochMs;
  /** The version of the code that decided; `null`: the row does not say. */
  readonly version: string | null;
  /** Whether today's code decides the same. */
  readonly verdict:
    | { readonly is: "same" }
    | { readonly is: "differs"; readonly where: string }
    | { readonly is: "may differ"; readonly why: string };
  /** `null`: what changed follows from no input, such as a Confirmation. */
  readonly input: ConferenceInput | null;
  /** WebEx's messages as they may have stood on the wire. */
  readonly inputText: string | null;
  readonly before: ReplayState;
  readonly after: ReplayState;
  readonly commands: readonly IssuedCommand[];
  readonly messages: readonly ReplayPost[];
  readonly documents: readonly ReplayDocument[];
  /** Present where it was longer than a page: of each list, only the first parts. */
  readonly isCut?: true;
  readonly notes: readonly string[];
  readonly repairs: readonly string[];
  readonly outcomes: readonly FactLine[];
}

/** What one row of a conference's journal has of the wire. */
export type WireRow = Pick<ReplayStep, "seq" | "input" | "inputText" | "commands" | "messages" | "isCut">;

export interface ReplayPage {
  readonly steps: readonly ReplayStep[];
  /** The row before the first one; `null`: there is none. */
  readonly previous: number | null;
  /** The row with which the next page begins; `null`: there are no more. */
  readonly next: number | null;
}

/**
 * What a fact says in ids and words; no name, number or code of a person is among them.
 * `gathered`: the message may have overtaken some that were queued before it.
 */
export interface TestFact {
  readonly kind: Fact["kind"];
  readonly [part: string]: string | boolean | undefined;
}

/** One row of a journal as a test needs it. In the place of each personal or secret value is a made-up one, alike for alike. */
export interface TestRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly input: ConferenceInput | null;
  readonly facts: readonly TestFact[];
  /** Documents that were confirmed before the input came. */
  readonly confirmed: readonly TransId[];
  /** When the input came. */
  readonly bridge: BridgeName | null;
  readonly cannot: readonly Ability[];
}

export interface TestRowsPage {
  readonly confKey: ConfKey;
  /** That decisions use and that differ from those of a local run. */
  readonly settings: object;
  readonly rows: readonly TestRow[];
  /** The row with which the next page begins; `null`: there are no more. */
  readonly next: number | null;
}
