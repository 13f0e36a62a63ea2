import type * as v from "valibot";
import type { ActionTable } from "../../../conference/action-row.ts";
import {
  askedActions,
  type OperatorRequest,
  operatorActions,
  requestSchema,
} from "../../../conference/operator-actions.ts";
import { dialledDigits } from "../../../foundation/dial-rules.ts";
import type { ActionId } from "../../../foundation/ids.ts";
import { masked, showOf } from "../../../foundation/shown.ts";
import { actionStages } from "../../../rpc/action-stages.ts";
import { problem } from "../../problem.ts";
import { type Route, route } from "../route.ts";
import { isKnown } from "./conferences.ts";
import { accepted, acceptedAction, operate, operateRefusals } from "./operate.ts";

const path = "/domains/{domain}/conferences/{confKey}/actions";

/** The request by which people ask for an action, whichever it is. */
export function actRoute(actions: ActionTable = operatorActions): Route {
  const asked = askedActions(actions);
  const body = requestSchema(asked);
  return route({
    method: "POST",
    path,
    id: "act",
    tag: "Conferences",
    says: `Has a conference do something: ${Object.keys(asked).join(", ")}`,
    more: "WebEx is told by its ordinary notifications. `GET …/actions/{id}` shows how far it has come.",
    body,
    answer: accepted,
    refusals: operateRefusals,
    about: ({ body: request }) => aboutRequest(request, body),
    async handle(call) {
      const { body: request, actionId, domain, confKey } = call;
      const refusal = await operate(request, call);
      return refusal ?? acceptedAction(domain.name, confKey, actionId);
    },
  });
}

/** What the audit says of a request. Numbers are masked as people write them. */
function aboutRequest(request: OperatorRequest, schema: v.GenericSchema): Readonly<Record<string, string>> {
  const written = "number" in request ? { ...request, number: `+${dialledDigits(request.number)}` } : request;
  const shown = Object.entries(showOf(schema)(written, masked) as object);
  return Object.fromEntries(shown.map(([name, value]) => [name, String(value)]));
}

export const actionRoutes = [
  actRoute(),
  route({
    method: "GET",
    path: `${path}/{action}`,
    id: "showAction",
    tag: "Conferences",
    says: "How far an action has come: asked, on disk, sent, done on the bridge, told to WebEx",
    more: "As the conference's journal has it. What is not known yet is null.",
    answer: {
      says: "Its stages.",
      schema: actionStages,
    },
    refusals: { 404: "There is no such domain that you see, or nothing is kept of such a conference or action." },
    async handle({ domain, confKey, edge, path: { action = "" } }) {
      const known = await isKnown(domain, confKey, edge);
      const stages = known && (await edge.objects.conference(domain.name, confKey).action(action as ActionId));
      if (stages) return stages;
      const detail = `The journal of the conference ${confKey} has no action with this id: it was refused, or is too long ago.`;
      return problem(404, "no such action", detail);
    },
  }),
];
