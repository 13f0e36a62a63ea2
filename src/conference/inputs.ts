import * as v from "valibot";
import { type NumberedReport, numberedReport } from "../bridge/events.ts";
import type { ActionId, BridgeName, CommandId, EpochMs, TransId, WebexHost } from "../foundation/ids.ts";
import { type Show, showFields, showOf } from "../foundation/shown.ts";
import type { FromWebex } from "../tsp/messages.ts";
import type { Fact, FactRow } from "./facts.ts";
import { type OperatorRequest, showRequest } from "./operator-actions.ts";
import { type Outgoing, showOutgoing, showUndelivered, type UndeliveredDocument } from "./server/posts.ts";

/** Everything that can happen to a conference. Repeats were removed before. */
export type ConferenceInput =
  /** The messages of one document that concern this conference, in the document's order. */
  | { readonly type: "webex"; readonly at: EpochMs; readonly transId: TransId; readonly messages: readonly FromWebex[] }
  | {
      readonly type: "bridge";
      readonly at: EpochMs;
      /** The reporting bridge, if it is not the conference's. */
      readonly elsewhere?: BridgeName;
      readonly reports: readonly NumberedReport[];
    }
  /** These messages were given up, most often after the last attempt to post their document. */
  | {
      readonly type: "undelivered";
      readonly at: EpochMs;
      readonly messages: readonly Outgoing[];
      /** The document that they were in; absent in what an older version kept. */
      readonly of?: UndeliveredDocument;
    }
  /** A server that is behind has confirmed a document. */
  | { readonly type: "reached"; readonly at: EpochMs; readonly host: WebexHost }
  /** What an operator asks, unless that is refused at once. */
  | {
      readonly type: "operator";
      readonly at: EpochMs;
      readonly id: ActionId;
      /** The operator's name. */
      readonly person: string;
      readonly request: OperatorRequest;
    }
  /** The time of `nextDeadline` has come, or the bridge has been at work on these commands for too long (see `overdueAt`). */
  | {
      readonly type: "time";
      readonly at: EpochMs;
      readonly overdue?: readonly CommandId[];
      /** Commands whose time is up, and which no agent has acknowledged: for people, who ask why. */
      readonly unacknowledged?: readonly CommandId[];
    };

const showReports = showOf(v.array(numberedReport));
export const showInput: Show<ConferenceInput> = showFields<ConferenceInput>({
  ...{ type: "open", at: "open", transId: "open", elsewhere: "open", host: "address", overdue: "open" },
  unacknowledged: "open",
  ...{ id: "open", person: "open", request: showRequest, reports: showReports, of: showUndelivered },
  messages: (messages: readonly (FromWebex | Outgoing)[], person) => messages.map((one) => showOutgoing(one, person)),
});

/** What came in, and what happened. */
export interface InputRow extends Omit<FactRow, "facts"> {
  /** `null`: what happened follows from no input, such as an attempt that failed. */
  readonly input: ConferenceInput | null;
  /** `null`: the row is of version 0.1, which said none. */
  readonly facts: readonly Fact[] | null;
}
