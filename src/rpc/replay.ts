import type { IssuedCommand } from "../bridge/commands.ts";
import type { ConferenceInput } from "../conference/decide.ts";
import type { Caller, CallOut, Head, Outage, PendingCommand, Room } from "../conference/state.ts";
import type { FactLine } from "../explain/log.ts";
import type { EpochMs } from "../foundation/ids.ts";
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

interface ReplayDocument {
  readonly host: string;
  readonly transId: string;
  readonly at: EpochMs;
  readonly messages: readonly string[];
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
  readonly confirmed: readonly ReplayDocument[];
  readonly givenUp: readonly ReplayDocument[];
  /** Their server was replaced, or a post before them was given up. */
  readonly dropped: readonly ReplayDocument[];
  readonly failed: readonly (Omit<ReplayDocument, "messages"> & {
    readonly why: string;
    readonly attempts: number;
    readonly nextAt: EpochMs;
  })[];
  /** As today's code has them. */
  readonly notes: readonly string[];
  readonly repairs: readonly string[];
  readonly outcomes: readonly FactLine[];
}

/** What one row of a conference's journal has of the wire. */
export type WireRow = Pick<ReplayStep, "seq" | "input" | "inputText" | "commands" | "messages">;

export interface ReplayPage {
  readonly steps: readonly ReplayStep[];
  /** The row before the first one; `null`: there is none. */
  readonly previous: number | null;
  /** The row with which the next page begins; `null`: there are no more. */
  readonly next: number | null;
}
