import * as v from "valibot";
import { type OperatorRequest, operatorActions } from "../../../conference/operator-actions.ts";
import { problem } from "../../problem.ts";
import { type Call, route } from "../route.ts";
import { operate, operateRefusals } from "./operate.ts";

const accepted = v.object({ accepted: v.literal(true) });
const refusals = {
  ...operateRefusals,
  413: "The data is longer than WebEx takes, or the body than any needs. Nothing was sent.",
} as const;

export const conferenceDataRoutes = [
  route({
    method: "POST",
    path: "/domains/{domain}/conferences/{confKey}/passthrough",
    id: "sendPassthrough",
    tag: "Conferences",
    says: "Sends data to one caller's client (protocol 2.3.11)",
    more: "`A2W_CSPClientPassthrough` to WebEx, with at most 1,024 bytes of data.",
    body: v.object(operatorActions.passthrough.parameters),
    answer: { status: 202, says: "It is on disk, and will be posted.", schema: accepted },
    refusals,
    async handle(call) {
      const { extCallId, data } = call.body;
      if (new TextEncoder().encode(data).byteLength > 1024) return tooLong("data may have at most 1024 bytes");
      return send({ type: "passthrough", extCallId, data }, call);
    },
  }),
  route({
    method: "PUT",
    path: "/domains/{domain}/conferences/{confKey}/hybrid",
    id: "setHybridData",
    tag: "Conferences",
    says: "New connect data for the clients of a conference (Status 6)",
    more: "`A2W_NotifyConferenceChange` to WebEx, with at most 1,024 characters.",
    body: v.object(operatorActions["hybrid-data"].parameters),
    answer: { status: 202, says: "It is on disk, and will be posted.", schema: accepted },
    refusals,
    async handle(call) {
      const { connectData } = call.body;
      if (connectData.length > 1024) return tooLong("connectData may have at most 1024 characters");
      return send({ type: "hybrid-data", connectData }, call);
    },
  }),
];

async function send(request: OperatorRequest, call: Call): Promise<{ readonly accepted: true } | Response> {
  return (await operate(request, call)) ?? { accepted: true };
}

function tooLong(detail: string): Response {
  return problem(413, "too long", `Nothing was sent: ${detail}.`);
}
