import type { ConfKey } from "../foundation/ids.ts";
import type { Domain } from "../settings/load.ts";
import type { Edge } from "./app.ts";
import { problem } from "./body.ts";
import { isKnown, unknown, viewOf } from "./operator-views.ts";

/**
 * `GET …/conferences/{ConfKey}/meeting?attendeeId=101`: what the domain's WebEx site says of a conference, as it is cached, or asked for
 * where that is too old. Only operators ask this: nothing on the way of a call does.
 */
export async function showMeeting(request: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const { name, settings } = domain;
  if (!settings.webexSite) return noSite(domain);
  const attendeeId = new URL(request.url).searchParams.get("attendeeId") ?? undefined;
  if (attendeeId !== undefined && !/^\d{1,64}$/.test(attendeeId)) {
    return problem(400, "bad query", `attendeeId is ${JSON.stringify(attendeeId)}; it must be 1 to 64 digits.`);
  }
  if (!(await isKnown(domain, confKey, edge))) return unknown(domain, confKey);
  const byKey = settings.webexSite.sessionKey === "ConfKey";
  const sessionKey = byKey ? confKey : (await viewOf(domain, confKey, edge))?.extConfId || null;
  const question = { domain: name, confKey: confKey as ConfKey, sessionKey, attendeeId };
  return Response.json(await edge.views.webexSite(name).meeting(question));
}

/** `GET …/provisioning-check`: what the last comparison of the site's accounts with the domain's settings found. */
export async function showProvisioning(_: Request, domain: Domain, { views }: Edge): Promise<Response> {
  if (!domain.settings.webexSite) return noSite(domain);
  return Response.json(await views.webexSite(domain.name).provisioning(domain.name));
}

/** `POST …/provisioning-check`: begins one now, unless one runs. */
export async function beginProvisioning(_: Request, domain: Domain, { views }: Edge): Promise<Response> {
  if (!domain.settings.webexSite) return noSite(domain);
  return Response.json(await views.webexSite(domain.name).beginCheck(domain.name), { status: 202 });
}

function noSite({ name }: Domain): Response {
  return problem(404, "no site", `The domain ${name} has no webexSite in its settings (docs/operations.md).`);
}
