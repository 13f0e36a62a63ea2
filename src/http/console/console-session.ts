import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { err, ok, type Result } from "../../foundation/result.ts";
import { type Operator, personOfToken } from "../../operators/people.ts";
import { newSessionText, SESSION_MS, type Session, sessionCookie, sessionHashOf } from "../../operators/sessions.ts";
import { addressOf, keepsSecureCookies } from "../address.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { crossSiteRefusal, sessionOf, tooManyAttempts } from "../guard.ts";
import { problem } from "../problem.ts";

export const MAX_TOKEN = 1_024;
export const MAX_SIGN_IN_BYTES = 4_096;

/** The answer to somebody who may not even try a token now; `null`: it may be tried. */
export function signInRefusal(context: Context, edge: PeoplePorts): Response | null {
  return crossSiteRefusal(context, true) ?? tooManyAttempts(addressOf(context.req.raw), edge);
}

/** Begins a session, whose cookie the browser keeps from scripts and other sites; or the answer to a token that is nobody's. */
export async function beginSession(
  context: Context,
  edge: PeoplePorts,
  token: string,
): Promise<Result<{ readonly person: Operator; readonly session: Session }, Response>> {
  const from = addressOf(context.req.raw);
  const found = await personOfToken(await edge.people(), token);
  // As in `admitPerson`.
  const meanwhile = tooManyAttempts(from, edge);
  if (meanwhile) return err(meanwhile);
  edge.rates.countSignIn(from, edge.now());
  if (found === null) {
    edge.metrics.operatorsRefused.count();
    edge.log("sign-in", { outcome: "refused", from }, "warn");
    if (edge.rates.mayNote(edge.now())) await edge.objects.sessions().refused(from);
    return err(
      problem(401, "not authorised", "This is nobody's token. Paste yours as `bridgehead operator` printed it."),
    );
  }
  const { person, credential } = found;
  const tooOften = edge.rates.ofAction(person, "sign-in", edge.now());
  if (tooOften) return err(tooOften);
  // Whoever signs in anew leaves no session behind that nobody sees.
  const before = await sessionHashOf(edge.sessionKey, sessionOf(context) ?? "");
  if (before !== null) await edge.objects.sessions().end(before, from);
  const { text, hash } = await newSessionText(edge.sessionKey);
  const session = await edge.objects.sessions().begin({ hash, person: person.name, credential, from });
  edge.log("sign-in", { outcome: "signed-in", person: person.name, from });
  const kept = { httpOnly: true, sameSite: "Strict", path: "/", maxAge: SESSION_MS / 1_000 } as const;
  setCookie(context, sessionCookie, text, keepsSecureCookies(context.req.raw) ? { ...kept, prefix: "host" } : kept);
  return ok({ person, session });
}

/** A cookie of a session that is over is deleted all the same. */
export async function endSession(context: Context, edge: PeoplePorts): Promise<void> {
  const hash = await sessionHashOf(edge.sessionKey, sessionOf(context) ?? "");
  if (hash !== null) await edge.objects.sessions().end(hash, addressOf(context.req.raw));
  const isHost = getCookie(context, sessionCookie, "host") !== undefined;
  deleteCookie(context, sessionCookie, isHost ? { prefix: "host" } : { path: "/" });
}
