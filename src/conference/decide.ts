import type { NumberedReport } from "../bridge/events.ts";
import type { BridgeName, EpochMs, StreamId, TransId } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import type { FromWebex } from "../tsp/messages.ts";
import { expire } from "./deadlines.ts";
import { type Decision, type DecisionContext, Draft, type Outgoing } from "./draft.ts";
import { applyUndelivered } from "./failover.ts";
import { endIfDeserted } from "./lifecycle.ts";
import { tidyTalk } from "./private-talk.ts";
import { applyReports } from "./reports.ts";
import { applyOperatorRequest, applyRequest, type OperatorRequest } from "./requests.ts";
import { closeIfEmpty } from "./rooms.ts";
import type { ConferenceState } from "./state.ts";

/** Everything that can happen to a conference. Repeats were removed before. */
export type ConferenceInput =
  /** The messages of one document that concern this conference, in the document's order. */
  | { readonly type: "webex"; readonly at: EpochMs; readonly transId: TransId; readonly messages: readonly FromWebex[] }
  | {
      readonly type: "bridge";
      readonly at: EpochMs;
      readonly stream: StreamId;
      /** The reporting bridge, if it is not the conference's. */
      readonly elsewhere?: BridgeName;
      readonly reports: readonly NumberedReport[];
    }
  /** These messages were given up, most often after the last attempt to post their document. */
  | { readonly type: "undelivered"; readonly at: EpochMs; readonly messages: readonly Outgoing[] }
  /** Conference and call existed when this was asked; if they are gone since, nothing follows. */
  | { readonly type: "operator"; readonly at: EpochMs; readonly request: OperatorRequest }
  /** The time of `nextDeadline` has come. */
  | { readonly type: "time"; readonly at: EpochMs };

/**
 * What a conference does next: all rules of the protocol's call flows. Pure: the same state, input and context give the same
 * decision. Never throws for anything that WebEx or a bridge can send.
 */
export function decide(state: ConferenceState, input: ConferenceInput, context: DecisionContext): Decision {
  const draft = new Draft(state, input.at, context);
  switch (input.type) {
    case "webex":
      for (const message of input.messages) applyRequest(draft, message);
      break;
    case "bridge":
      applyReports(draft, input.reports, input.elsewhere);
      break;
    case "operator":
      applyOperatorRequest(draft, input.request);
      break;
    case "undelivered":
      applyUndelivered(draft, input.messages);
      break;
    case "time":
      expire(draft);
      break;
    default:
      assertNever(input);
  }
  tidyUp(draft);
  return draft.decision();
}

/**
 * What follows from the state, whatever led to it: a room that is to be closed is closed when it is empty, a private talk
 * that failed is undone, a conference that nobody wants is ended.
 */
function tidyUp(draft: Draft): void {
  for (const { room } of draft.rooms.values()) closeIfEmpty(draft, room);
  tidyTalk(draft);
  endIfDeserted(draft);
}
