import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import * as v from "valibot";
import { personOfToken } from "../operators/people.ts";
import { endOf, newSessionText, SESSION_MS, sessionCookie, sessionHashOf } from "../operators/sessions.ts";
import { addressOf, isByHttps } from "./address.ts";
import type { Edge } from "./app.ts";
import { readJson } from "./body.ts";
import { crossSiteRefusal, tooManyAttempts } from "./guard.ts";
import { problem } from "./problem.ts";

const signInBody = v.object({ token: v.pipe(v.string(), v.maxLength(1_024, "must be a token")) });

/** `POST /console/session` `{"token": "…"}`: begins a session, whose cookie the browser keeps from scripts and other sites. */
export async function signIn(context: Context, edge: Edge): Promise<Response> {
  const refusal = crossSiteRefusal(context, true);
  if (refusal) return refusal;
  const from = addressOf(context.req.raw);
  const waitSeconds = edge.attempts.waitSeconds(from, edge.now());
  if (waitSeconds > 0) return tooManyAttempts(waitSeconds);
  const body = await readJson(context.req.raw, 4_096, edge, signInBody);
  if (!body.ok) return body.error;
  const found = await personOfToken(await edge.people(), body.value.token);
  if (found === null) {
    edge.metrics.operatorsRefused.count();
    edge.attempts.failed(from, edge.now());
    edge.log("sign-in", { outcome: "refused", from }, "warn");
    if (edge.attempts.mayNote(edge.now())) await edge.sessions.refused(from);
    return problem(401, "not authorised", "This is nobody's token. Paste yours as `bridgehead operator` printed it.");
  }
  const { person, credential } = found;
  const { text, hash } = await newSessionText(edge.sessionKey);
  const session = await edge.sessions.begin({ hash, person: person.name, credential, from });
  edge.log("sign-in", { outcome: "signed-in", person: person.name, from });
  setCookie(context, sessionCookie, text, {
    httpOnly: true,
    sameSite: "Strict",
    secure: isByHttps(context.req.raw),
    path: "/",
    maxAge: SESSION_MS / 1_000,
  });
  return context.json({ ...person, endsAt: endOf(session) }, 201);
}

/** `DELETE /console/session`: signs out. A cookie of a session that is over is deleted all the same. */
export async function signOut(context: Context, edge: Edge): Promise<Response> {
  const refusal = crossSiteRefusal(context, true);
  if (refusal) return refusal;
  const hash = await sessionHashOf(edge.sessionKey, getCookie(context, sessionCookie) ?? "");
  if (hash !== null) await edge.sessions.end(hash, addressOf(context.req.raw));
  deleteCookie(context, sessionCookie, { path: "/", secure: isByHttps(context.req.raw) });
  return context.body(null, 204);
}
