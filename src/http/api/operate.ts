import type { OperatorRequest } from "../../conference/operator-requests.ts";
import type { ActionId } from "../../foundation/ids.ts";
import type { OperatorResult } from "../../rpc.ts";
import { type ProblemTitle, problem } from "../problem.ts";
import type { Call } from "./route.ts";

type Refusal = Exclude<OperatorResult, "done">;

/** The refusals of whatever is asked of a conference. */
export const operateRefusals = {
  404: "There is no such domain that you see, no such conference runs, or it has no such caller or room.",
  409: "The conference refuses it as things are, and says why.",
  422: "It cannot be done, however things are; or the Idempotency-Key is that of another action.",
} as const;

/** Asks something of a conference, as the person of this request; `null`: it is on disk, and else the answer that says why nothing was done. */
export async function operate(
  request: OperatorRequest,
  { domain: { name }, confKey, edge, actionId, signedIn }: Call,
): Promise<Response | null> {
  const action = { id: actionId as ActionId, person: signedIn.person.name, request };
  // A conference object that never was would be made by the question, and stay.
  const isKnown = await edge.objects.handles(name).hasConference(confKey);
  const result = isKnown ? await edge.objects.conference(name, confKey).operate(action) : "no-such-conference";
  if (result === "done") return null;
  const [status, title] = refusals[result];
  return problem(status, title, refusalText(result, confKey));
}

/** Why nothing was done, in a sentence. */
export function refusalText(refusal: Refusal, confKey: string): string {
  return refusals[refusal][2].replace("KEY", () => confKey);
}

export function isRefusal(text: string): text is Refusal {
  return Object.hasOwn(refusals, text);
}

const refusals: Readonly<Record<Refusal, readonly [404 | 409 | 422, ProblemTitle, string]>> = {
  "no-such-conference": [404, "no such conference", "No conference with the key KEY is running in this domain."],
  "no-such-call": [
    404,
    "no such call",
    "The conference KEY has no caller of this name: its view has those that it has.",
  ],
  "no-such-room": [
    404,
    "no such room",
    "The conference KEY has no open sub-conference of this name; `main` is its main room.",
  ],
  "in-private-talk": [
    409,
    "refused",
    "The caller is in a private talk, which WebEx alone ends. Wait for its end, or expel the invitee.",
  ],
  "conference-locked": [
    409,
    "refused",
    "The conference KEY is locked, and this domain then lets nobody be called into it. Unlock it first.",
  ],
  "conference-full": [409, "refused", "The conference KEY has as many callers as WebEx allows for it."],
  "not-supported": [422, "cannot be done", "The bridge of the conference KEY cannot do this."],
  "denied-by-policy": [422, "cannot be done", "The policy in the domain's settings denies this number."],
  "other-action": [
    422,
    "cannot be done",
    "Another action of the conference KEY came under this Idempotency-Key. Take a new one for each action.",
  ],
};
