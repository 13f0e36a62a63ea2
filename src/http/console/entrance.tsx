import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { etag } from "hono/etag";
import type { Child } from "hono/jsx";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
// @ts-expect-error: no types exist for the text of a file. All our bundlers support the attribute.
import idiomorph from "idiomorph/dist/idiomorph.min.js" with { type: "text" };
import { ageOf } from "../../console/browser/age.js";
import { live } from "../../console/browser/live.js";
import { icon, PageAlone } from "../../console/page.tsx";
import { withQuery } from "../../console/paths.ts";
import { SignInPage } from "../../console/sign-in.tsx";
import { style } from "../../console/style.ts";
import { personOfToken } from "../../operators/people.ts";
import { newSessionText, SESSION_MS, sessionCookie, sessionHashOf } from "../../operators/sessions.ts";
import { addressOf, keepsSecureCookies } from "../address.ts";
import { readBody } from "../body.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import { crossSiteRefusal, sessionOf, tooManyAttempts, type Variables } from "../guard.ts";
import { forOneRequest } from "../objects-of-request.ts";
import { type Problem, problem } from "../problem.ts";

const SIGN_IN = "/console/sign-in";
const MAX_TOKEN = 1_024;
const MAX_SIGN_IN_BYTES = 4_096;

const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    scriptSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  // With "no-referrer", browsers hide the origin of a form, so it would count as another site's.
  referrerPolicy: "same-origin",
  xFrameOptions: "DENY",
  strictTransportSecurity: false,
});

export const pageHeaders = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" } as const;

/** Bundlers that keep names add calls of `__name` to the text. */
const script = `${idiomorph}\nconst __name = (of) => of;\n(${live})(${ageOf}, Idiomorph);\n`;

const assets: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "style.css": ["text/css", style],
  "live.js": ["text/javascript", script],
  "icon.svg": ["image/svg+xml", icon],
};

/** Adds the parts of the console before the guard: assets, sign-in and sign-out. */
export function addEntrance(app: Hono<Variables>, edge: PeoplePorts): void {
  app.use("/console/*", headers);
  app.get("/console/assets/:file", etag(), (context) => {
    const [type, text] = assets[context.req.param("file")] ?? [];
    if (type === undefined || text === undefined) return problem(404, "not found", "This file does not exist.");
    return context.body(text, 200, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" });
  });
  app.get(SIGN_IN, showSignIn);
  app.post(SIGN_IN, (context) => signIn(context, forOneRequest(edge)));
  app.post("/console/sign-out", (context) => signOut(context, forOneRequest(edge)));
}

/** Redirects an unauthenticated browser to the sign-in page; `null`: a program, which gets a problem. */
export function toSignIn(context: Context): Response | null {
  if (!context.req.path.startsWith("/console") || !wantsPage(context)) return null;
  const { pathname, search } = new URL(context.req.url);
  const to = `${pathname}${search}`;
  if (context.req.method !== "GET") return context.redirect(SIGN_IN, 303);
  // A link from another site sends no cookie. A step of the page itself does.
  if (context.req.header("sec-fetch-site") === "cross-site") {
    return answer(
      context,
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta http-equiv="refresh" content={`0;url=${to}`} />
          <title>Bridgehead</title>
        </head>
        <body>
          <a href={to}>Go on</a>
        </body>
      </html>,
    );
  }
  return context.redirect(withQuery(SIGN_IN, { to: to === "/console" ? null : to }), 302);
}

/** Returns an error page if a page failed before sign-in; `null`: a program, or another path. */
export function failedPage(context: Context): Response | null {
  if (!context.req.path.startsWith("/console") || !wantsPage(context)) return null;
  return answer(
    context,
    <PageAlone title="Failed for now">
      <p>A part of the system did not answer in time. Load the page again. The log says more.</p>
    </PageAlone>,
    503,
  );
}

function showSignIn(context: Context): Response {
  return answer(context, <SignInPage to={ownPath(context.req.query("to"))} refusal={null} />);
}

/** Starts a session with the form's token, or shows the form again with the reason. */
async function signIn(context: Context, edge: PeoplePorts): Promise<Response> {
  const again = async (to: string, refusal: Response) => {
    const { detail }: Problem = await refusal.json();
    const after = refusal.headers.get("retry-after");
    if (after !== null) context.header("retry-after", after);
    return answer(context, <SignInPage to={to} refusal={detail} />, refusal.status as ContentfulStatusCode);
  };
  const refusal = crossSiteRefusal(context, true) ?? tooManyAttempts(addressOf(context.req.raw), edge);
  if (refusal) return again("/console", refusal);
  const body = await readBody(context.req.raw, MAX_SIGN_IN_BYTES, edge);
  if (!body.ok) return again("/console", body.error);
  const form = new URLSearchParams(new TextDecoder().decode(body.value));
  const to = ownPath(form.get("to") ?? undefined);
  const refused = await beginSession(context, edge, (form.get("token") ?? "").trim().slice(0, MAX_TOKEN));
  return refused ? again(to, refused) : context.redirect(to, 303);
}

/** Sets the cookie of a new session, hidden from scripts and other sites. Returns a refusal of the token, else `null`. */
async function beginSession(context: Context, edge: PeoplePorts, token: string): Promise<Response | null> {
  const from = addressOf(context.req.raw);
  const found = await personOfToken(await edge.people(), token);
  // As in `admitPerson`.
  const meanwhile = tooManyAttempts(from, edge);
  if (meanwhile) return meanwhile;
  edge.rates.countSignIn(from, edge.now());
  if (found === null) {
    edge.metrics.count("operators_refused");
    edge.log("sign-in", { outcome: "refused", from }, "warn");
    if (edge.rates.mayNote(edge.now())) await edge.objects.sessions().refused(from);
    return problem(401, "not authorised", "Wrong token. Paste yours as `bridgehead operator` printed it.");
  }
  const { person, credential } = found;
  const tooOften = edge.rates.ofAction(person, "sign-in", edge.now());
  if (tooOften) return tooOften;
  // Otherwise the earlier session would stay open, unseen.
  const before = await sessionHashOf(edge.sessionKey, sessionOf(context) ?? "");
  if (before !== null) await edge.objects.sessions().end(before, from);
  const { text, hash } = await newSessionText(edge.sessionKey);
  await edge.objects.sessions().begin({ hash, person: person.name, credential, from });
  edge.log("sign-in", { outcome: "signed-in", person: person.name, from });
  const kept = { httpOnly: true, sameSite: "Strict", path: "/", maxAge: SESSION_MS / 1_000 } as const;
  setCookie(context, sessionCookie, text, keepsSecureCookies(context.req.raw) ? { ...kept, prefix: "host" } : kept);
  return null;
}

/** Ends the session and deletes its cookie, even if it has expired. */
async function signOut(context: Context, edge: PeoplePorts): Promise<Response> {
  const refusal = crossSiteRefusal(context, true);
  if (refusal) return refusal;
  const hash = await sessionHashOf(edge.sessionKey, sessionOf(context) ?? "");
  if (hash !== null) await edge.objects.sessions().end(hash, addressOf(context.req.raw));
  const isHost = getCookie(context, sessionCookie, "host") !== undefined;
  deleteCookie(context, sessionCookie, isHost ? { prefix: "host" } : { path: "/" });
  return context.redirect(SIGN_IN, 303);
}

/** The console page to continue with, without a host. Anything else leads to the overview. */
function ownPath(to = ""): string {
  const url = URL.parse(to, "http://console");
  const isPage = url !== null && /^\/console(?:\/|$)/.test(url.pathname) && url.pathname !== SIGN_IN;
  return isPage ? `${url.pathname}${url.search}` : "/console";
}

export function answer(context: Context, page: Child, status?: ContentfulStatusCode): Response {
  return context.body(`<!doctype html>${page}`, status, pageHeaders);
}

export function wantsPage({ req }: Context): boolean {
  return req.header("accept")?.includes("text/html") === true && req.header("authorization") === undefined;
}
