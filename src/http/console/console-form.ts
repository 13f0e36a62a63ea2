import { addressOf } from "../address.ts";
import type { Edge } from "../app.ts";
import { type Asked, audited, type Became, notWrittenDown } from "../audited.ts";
import { mayReadNone, viewersLook } from "../guard.ts";
import { type PageCall, trouble } from "./console.tsx";

/** Does what a form of a page asks, if its person may, and writes down what became of it. */
export function actByForm(
  { context, domain, signedIn }: PageCall,
  edge: Edge,
  {
    showsSecret,
    ...asked
  }: Pick<Asked, "action" | "about"> & Partial<Pick<Asked, "actionId">> & { readonly showsSecret?: true },
  act: () => Promise<Became>,
): Promise<Response> {
  const from = addressOf(context.req.raw);
  const { role, secrets } = signedIn.person;
  return audited(edge, { domain: domain.name, signedIn, from, actionId: "", ...asked }, async (isWrittenDown) => {
    const says = role === "viewer" ? viewersLook : showsSecret && !secrets ? mayReadNone : null;
    if (says !== null) return { response: trouble(context, edge, 403, "Not allowed", says), refusal: "not allowed" };
    if (!showsSecret || isWrittenDown) return act();
    const response = trouble(context, edge, 503, "Not written down", notWrittenDown);
    return { response, refusal: "not written down" };
  });
}
