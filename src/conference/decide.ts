import { assertNever } from "../foundation/assert-never.ts";
import { clientDataTried } from "./client-data.ts";
import { expire } from "./deadlines.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import { noteUndelivered } from "./failover.ts";
import type { ConferenceInput } from "./input.ts";
import { endIfDeserted } from "./lifecycle.ts";
import { tidyTalk } from "./private-talk.ts";
import { applyReport } from "./reports.ts";
import { applyOperatorRequest, applyRequest } from "./requests.ts";
import type { ConferenceState } from "./state.ts";
import { closeIfEmpty } from "./sub-conferences.ts";
import { Draft } from "./turn.ts";

/**
 * What a conference does next: all rules of the protocol's call flows. Pure: the same state, input and surroundings give
 * the same decision. Never throws for anything that WebEx or a bridge can send.
 */
export function decide(state: ConferenceState, input: ConferenceInput, around: DecisionContext): Decision {
  const draft = new Draft(state, input.at, around);
  switch (input.type) {
    case "webex":
      for (const message of input.messages) applyRequest(draft, message);
      break;
    case "bridge":
      for (const { report } of input.reports) applyReport(draft, report, input.elsewhere);
      break;
    case "operator":
      applyOperatorRequest(draft, input.request);
      break;
    case "client-data":
      clientDataTried(draft, input.id, input.attempt, input.delivered);
      break;
    case "undelivered":
      noteUndelivered(draft, input.messages);
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
 * What follows from where things stand, whatever brought them there: a room that is to be closed is closed once nobody
 * is in it, a private talk that came to nothing is undone, a conference that nobody wants is ended.
 */
function tidyUp(draft: Draft): void {
  for (const { room } of draft.rooms.values()) closeIfEmpty(draft, room);
  tidyTalk(draft);
  endIfDeserted(draft);
}
