import * as v from "valibot";
import type { OperatorRequest } from "../../../conference/operator-actions.ts";
import type { ActionId, DomainName } from "../../../foundation/ids.ts";
import { segmentOf } from "../../../foundation/text/path-segment.ts";
import type { OperatorResult } from "../../../rpc/conference.ts";
import { asReplay } from "../../audited.ts";
import { type ProblemTitle, problem } from "../../problem.ts";
import type { ApiCall } from "../route.ts";
import { isKnown } from "./conferences.ts";

type Refusal = Exclude<OperatorResult, "done" | "done-before">;

export const operateRefusals = {
  404: "There is no such domain that you see, no such conference runs, or it has no such caller or room.",
  409: "The conference refuses it as things are, and says why.",
  422: "It cannot be done, however things are; or the Idempotency-Key is that of another action.",
} as const;

/** Asks something of a conference, as the person of this request. `answer`: once it is on disk; else it says why nothing was done. */
export async function operate(
  request: OperatorRequest,
  { domain, confKey, conference, edge, actionId, signedIn }: ApiCall,
  answer: Response,
): Promise<Response> {
  const action = { id: actionId as ActionId, person: signedIn.person.name, request };
  const result = (await isKnown(domain, confKey, edge)) ? await conference.operate(action) : "no-such-conference";
  return answerTo(result, confKey, answer);
}

function answerTo(result: OperatorResult, confKey: string, done: Response): Response {
  if (result === "done") return done;
  return result === "done-before" ? asReplay(done) : refusalOf(result, confKey);
}

export const accepted = {
  status: 202,
  says: "It is on disk. `Location` is where its stages are.",
  schema: v.object({
    id: v.pipe(v.string(), v.description("The `Idempotency-Key`, or one that was made.")),
    stages: v.pipe(v.string(), v.description("The path of its stages.")),
  }),
} as const;

/** The answer to an action that is on disk: where its stages are. */
export function acceptedAction(domain: DomainName, confKey: string, action: string): Response {
  const stages = `/api/v1/domains/${segmentOf(domain)}/conferences/${segmentOf(confKey)}/actions/${segmentOf(action)}`;
  return Response.json({ id: action, stages }, { status: 202, headers: { location: stages } });
}

function refusalOf(refusal: Refusal, confKey: string): Response {
  const { status, title } = refusals[refusal];
  return problem(status, title, refusalText(refusal, confKey), {}, { reason: refusal });
}

export function refusalText(refusal: Refusal, confKey: string): string {
  return refusals[refusal].says.replace("KEY", () => confKey);
}

export function isRefusal(text: string): text is Refusal {
  return Object.hasOwn(refusals, text);
}

const refused = (says: string) => ({ status: 409, title: "refused", says }) as const;
const impossible = (says: string) => ({ status: 422, title: "cannot be done", says }) as const;
const missing = (title: ProblemTitle, says: string) => ({ status: 404, title, says }) as const;

const refusals: Readonly<Record<Refusal, ReturnType<typeof refused | typeof impossible | typeof missing>>> = {
  "no-such-conference": missing("no such conference", "No conference with the key KEY is running in this domain."),
  "no-such-call": missing(
    "no such call",
    "The conference KEY has no such call now. It may have ended; look at who is in it.",
  ),
  "no-such-room": missing(
    "no such room",
    "The conference KEY has no open sub-conference of this name; `main` is its main room.",
  ),
  "in-private-talk": refused(
    "The caller is in a private talk, which WebEx alone ends. Wait for its end, or expel the invitee.",
  ),
  "conference-full": refused("The conference KEY has as many callers as WebEx allows for it."),
  "bridge-gone": refused(
    "The settings do not have the bridge of the conference KEY any more, so the edge reaches nobody there: put the bridge back into them, and try again. Without it, the conference can only be ended: then WebEx is notified that it is over, and calls that are still there are not hung up.",
  ),
  "not-supported": impossible("The bridge of the conference KEY cannot do this."),
  "denied-by-policy": impossible("The policy in the domain's settings denies this number."),
  "other-action": impossible(
    "Another action of the conference KEY came under this Idempotency-Key. Take a new one for each action.",
  ),
};
