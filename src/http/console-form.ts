import { addressOf } from "./address.ts";
import type { Edge } from "./app.ts";
import { type Asked, audited, type Became } from "./audited.ts";
import { type PageCall, trouble } from "./console.tsx";
import { viewersLook } from "./guard.ts";

/** Does what a form of a page asks, if its person may act, and writes down what became of it. */
export function actByForm(
  { context, domain, signedIn }: PageCall,
  edge: Edge,
  asked: Pick<Asked, "action" | "about"> & Partial<Pick<Asked, "actionId">>,
  act: () => Promise<Became>,
): Promise<Response> {
  const from = addressOf(context.req.raw);
  return audited(edge, { domain: domain.name, signedIn, from, actionId: "", ...asked }, async () => {
    if (signedIn.person.role === "operator") return act();
    return { response: trouble(context, edge, 403, "Not allowed", viewersLook), refusal: "not allowed" };
  });
}
