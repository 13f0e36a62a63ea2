import { assertNever } from "../foundation/assert-never.ts";
import { clientDataTried } from "./client-data.ts";
import { expire } from "./deadlines.ts";
import type { Decision, Surroundings } from "./decision.ts";
import { rememberUndelivered } from "./failover.ts";
import type { ConferenceInput } from "./input.ts";
import { endIfDeserted } from "./lifecycle.ts";
import { tidyTalk } from "./private-talk.ts";
import { takeReport } from "./reports.ts";
import { takeOperatorRequest, takeRequest } from "./requests.ts";
import type { ConferenceState } from "./state.ts";
import { closeIfEmpty } from "./sub-conferences.ts";
import { Turn } from "./turn.ts";

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
      for (const { report } of input.reports) takeReport(turn, report, input.elsewhere);
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

/**
 * What follows from where things stand, whatever brought them there: a room that is to be closed is closed once nobody
 * is in it, a private talk that came to nothing is undone, a conference that nobody wants is ended.
 */
function tidyUp(turn: Turn): void {
  for (const { room } of turn.rooms.values()) closeIfEmpty(turn, room);
  tidyTalk(turn);
  endIfDeserted(turn);
}
