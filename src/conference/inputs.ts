import type { NumberedReport } from "../bridge/events.ts";
import type { ActionId, BridgeName, CommandId, EpochMs, TransId, WebexHost } from "../foundation/ids.ts";
import type { FromWebex } from "../tsp/messages.ts";
import type { FactRow } from "./facts.ts";
import type { OperatorRequest } from "./operator-actions.ts";
import type { Outgoing, UndeliveredDocument } from "./server/posts.ts";

/** Everything that can happen to a conference. Repeats were removed before. */
export type ConferenceInput =
  | {
      readonly type: "webex";
      readonly at: EpochMs;
      readonly transId: TransId;
      readonly messages: readonly FromWebex[];
    }
  | {
      readonly type: "bridge";
      readonly at: EpochMs;
      /** The reporting bridge, if it is not the conference's. */
      readonly elsewhere?: BridgeName;
      /** Since when the edge has lost nothing of what it knew of the bridge, where that may matter. */
      readonly knownSince?: EpochMs;
      readonly reports: readonly NumberedReport[];
    }
  | {
      readonly type: "undelivered";
      readonly at: EpochMs;
      readonly messages: readonly Outgoing[];
      /** The document of these messages. */
      readonly of: UndeliveredDocument;
    }
  | { readonly type: "reached"; readonly at: EpochMs; readonly host: WebexHost }
  | {
      readonly type: "probe";
      readonly at: EpochMs;
      readonly id: ActionId;
      readonly person: string;
      readonly host: WebexHost;
    }
  | { readonly type: "restored"; readonly at: EpochMs }
  | {
      readonly type: "operator";
      readonly at: EpochMs;
      readonly id: ActionId;
      readonly person: string;
      readonly request: OperatorRequest;
      /** It is to end, and the settings do not have its bridge any more. */
      readonly withoutBridge?: true;
    }
  | {
      readonly type: "time";
      readonly at: EpochMs;
      readonly overdue?: readonly CommandId[];
      /** Commands whose time is up, and which no agent has acknowledged: for people, who ask why. */
      readonly unacknowledged?: readonly CommandId[];
    };

export interface InputRow extends FactRow {
  /** `null`: what happened follows from no input, such as an attempt that failed. */
  readonly input: ConferenceInput | null;
}
