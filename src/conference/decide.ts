import { assertNever } from "../foundation/assert-never.ts";
import { clientDataTried } from "./client-data.ts";
import { expire } from "./deadlines.ts";
import type { Decision, Surroundings } from "./decision.ts";
import type { ConferenceInput } from "./input.ts";
import { takeOperatorRequest } from "./operator-requests.ts";
import { takeReport } from "./reports.ts";
import { takeRequest } from "./requests.ts";
import type { ConferenceState } from "./state.ts";
import { tidyUp } from "./tidy-up.ts";
import { Turn } from "./turn.ts";
import { rememberUndelivered } from "./undelivered.ts";

/**
 * What a conference does next: all rules of the protocol's call flows. Pure: the same state, input and surroundings give
 * the same decision. Never throws for anything that WebEx or a bridge can send.
 */
export function decide(state: ConferenceState, input: ConferenceInput, around: Surroundings): Decision {
  const turn = new Turn(state, input.at, around);
  switch (input.type) {
    case "webex":
      for (const message of input.messages) takeRequest(turn, message);
      break;
    case "bridge":
      for (const { report } of input.reports) takeReport(turn, report);
      break;
    case "operator":
      takeOperatorRequest(turn, input.request);
      break;
    case "client-data":
      clientDataTried(turn, input.id, input.attempt, input.delivered);
      break;
    case "undelivered":
      rememberUndelivered(turn, input.messages);
      break;
    case "time":
      expire(turn);
      break;
    default:
      assertNever(input);
  }
  tidyUp(turn);
  return turn.decision();
}
