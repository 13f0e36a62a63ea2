import type { NumberedReport } from "../bridge/events.ts";
import type { BridgeName, EpochMs, ExtCallId, StreamId, TransId } from "../foundation/ids.ts";
import type { FromWebex, ToWebex } from "../tsp/messages.ts";
import type { ClientPostId } from "./state.ts";

/** What operations staff may ask of a running conference. */
export type OperatorRequest =
  | { readonly type: "passthrough"; readonly extCallId: ExtCallId; readonly data: string }
  | { readonly type: "hybrid-data"; readonly connectData: string };

/** Everything that can happen to a conference. Repeats were taken out before. */
export type ConferenceInput =
  /** The messages of one document that concern this conference, in the document's order. */
  | { readonly type: "webex"; readonly at: EpochMs; readonly transId: TransId; readonly messages: readonly FromWebex[] }
  | {
      readonly type: "bridge";
      readonly at: EpochMs;
      readonly stream: StreamId;
      /** The bridge that tells, where it is another one than the conference's. */
      readonly elsewhere?: BridgeName;
      readonly reports: readonly NumberedReport[];
    }
  /** A transaction to WebEx was given up after its last attempt. */
  | { readonly type: "undelivered"; readonly at: EpochMs; readonly messages: readonly ToWebex[] }
  /** Conference and call were there when it was asked; where they are gone since, nothing follows. */
  | { readonly type: "operator"; readonly at: EpochMs; readonly request: OperatorRequest }
  /** An attempt to hand client data on has ended. */
  | {
      readonly type: "client-data";
      readonly at: EpochMs;
      readonly id: ClientPostId;
      readonly attempt: number;
      readonly delivered: boolean;
    }
  /** The time of `nextDeadline` has come. */
  | { readonly type: "time"; readonly at: EpochMs };
