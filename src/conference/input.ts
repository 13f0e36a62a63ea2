import type { NumberedReport } from "../bridge/orders.ts";
import type { EpochMs, JournalId, TransId } from "../foundation/ids.ts";
import type { FromWebex, ToWebex } from "../tsp/messages.ts";

/** Everything that can happen to a conference. Repeats were taken out before. */
export type ConferenceInput =
  /** The messages of one document that concern this conference, in the document's order. */
  | { readonly type: "webex"; readonly at: EpochMs; readonly transId: TransId; readonly messages: readonly FromWebex[] }
  | {
      readonly type: "bridge";
      readonly at: EpochMs;
      readonly journal: JournalId;
      readonly reports: readonly NumberedReport[];
    }
  /** A transaction to WebEx was given up after its last attempt. */
  | { readonly type: "undelivered"; readonly at: EpochMs; readonly messages: readonly ToWebex[] }
  /** The time of `nextDeadline` has come. */
  | { readonly type: "time"; readonly at: EpochMs };
