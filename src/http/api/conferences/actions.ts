import * as v from "valibot";
import type { ActionTable } from "../../../conference/action-row.ts";
import {
  askedActions,
  type OperatorRequest,
  operatorActions,
  requestSchema,
} from "../../../conference/operator-actions.ts";
import { dialledDigits } from "../../../foundation/dial-rules.ts";
import type { ActionId } from "../../../foundation/ids.ts";
import { type Person, showOf } from "../../../foundation/shown.ts";
import { actionStages } from "../../../rpc/action-stages.ts";
import { personAudited } from "../../../settings/domain-settings.ts";
import { problem } from "../../problem.ts";
import { type ApiCall, routeOf } from "../route.ts";
import { isKnown } from "./conferences.ts";
import { accepted, acceptedAction, operate, operateRefusals } from "./operate.ts";

const route = routeOf("Conferences");

const queued = {
  status: 202,
  says: "It is on disk, and will be posted.",
  schema: v.object({ accepted: v.literal(true) }),
} as const;
const refusals = {
  ...operateRefusals,
  413: "The data is longer than WebEx takes, or the body than any needs. Nothing was sent.",
} as const;
const path = "/domains/{domain}/conferences/{confKey}/actions";

export function actRoute(actions: ActionTable = operatorActions) {
  const asked = askedActions(actions);
  const body = requestSchema(asked);
  return route("act", `POST ${path}`, {
    says: `Has a conference do something: ${Object.keys(asked).join(", ")}`,
    more: "WebEx is told by its ordinary notifications. `GET …/actions/{id}` shows how far it has come.",
    body,
    answer: accepted,
    refusals: operateRefusals,
    about: ({ domain: { settings }, body: request }) => aboutRequest(request, body, personAudited(settings)),
    async handle(call) {
      const { body: request, actionId, domain, confKey } = call;
      return operate(request, call, acceptedAction(domain.name, confKey, actionId));
    },
  });
}

/** What the audit says of a request, with numbers as people write them. */
function aboutRequest(
  request: OperatorRequest,
  schema: v.GenericSchema,
  person: Person,
): Readonly<Record<string, string>> {
  const written = "number" in request ? { ...request, number: `+${dialledDigits(request.number)}` } : request;
  const shown = Object.entries(showOf(schema)(written, person) as object);
  return Object.fromEntries(shown.map(([name, value]) => [name, String(value)]));
}

export const actionRoutes = [
  actRoute(),
  route("showAction", `GET ${path}/{action}`, {
    says: "How far an action has come: asked, on disk, sent, done on the bridge, told to WebEx",
    more: "As the conference's journal has it. What is not known yet is null.",
    answer: {
      says: "Its stages.",
      schema: actionStages,
    },
    refusals: { 404: "There is no such domain that you see, or nothing is kept of such a conference or action." },
    async handle({ domain, confKey, conference, edge, path: { action } }) {
      const known = await isKnown(domain, confKey, edge);
      const stages = known && (await conference.action(action as ActionId));
      if (stages) return stages;
      const detail = `The journal of the conference ${confKey} has no action with this id: it was refused, or is too long ago.`;
      return problem(404, "no such action", detail);
    },
  }),
  route("passthrough", "POST /domains/{domain}/conferences/{confKey}/passthrough", {
    says: "Sends data to one caller's client (protocol 2.3.11)",
    more: "`A2W_CSPClientPassthrough` to WebEx, with at most 1,024 bytes of data.",
    body: v.object(operatorActions.passthrough.parameters),
    answer: queued,
    refusals,
    async handle(call) {
      const { extCallId, data } = call.body;
      if (new TextEncoder().encode(data).byteLength > 1024) return tooLong("data may have at most 1024 bytes");
      return send({ type: "passthrough", extCallId, data }, call);
    },
  }),
  route("hybridData", "PUT /domains/{domain}/conferences/{confKey}/hybrid", {
    says: "New connect data for the clients of a conference (Status 6)",
    more: "`A2W_NotifyConferenceChange` to WebEx, with at most 1,024 characters.",
    body: v.object(operatorActions["hybrid-data"].parameters),
    answer: queued,
    refusals,
    async handle(call) {
      const { connectData } = call.body;
      if (connectData.length > 1024) return tooLong("connectData may have at most 1024 characters");
      return send({ type: "hybrid-data", connectData }, call);
    },
  }),
];

function send(request: OperatorRequest, call: ApiCall): Promise<Response> {
  return operate(request, call, Response.json({ accepted: true }, { status: queued.status }));
}

function tooLong(detail: string): Response {
  return problem(413, "too long", `Nothing was sent: ${detail}.`);
}
