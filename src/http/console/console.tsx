import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import type { Child } from "hono/jsx";
import { secureHeaders } from "hono/secure-headers";
import type { ContentfulStatusCode } from "hono/utils/http-status";
// @ts-expect-error: no types are there for the text of a file. Every bundler of ours takes the attribute.
import idiomorph from "idiomorph/dist/idiomorph.min.js" with { type: "text" };
import { ageOf } from "../../console/browser/age.js";
import { live } from "../../console/browser/live.js";
import { type DomainFrame, type Frame, icon, PageAlone, TroublePage } from "../../console/page.tsx";
import { pathOf, withQuery } from "../../console/paths.ts";
import { SignInPage } from "../../console/sign-in.tsx";
import { style } from "../../console/style.ts";
import { sha256 } from "../../foundation/secrets.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import { seesDomain } from "../../operators/people.ts";
import type { Domain } from "../../settings/load.ts";
import { readBody } from "../body.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { crossSiteRefusal, type SignedIn } from "../guard.ts";
import { failureOf, forOneRequest } from "../objects-of-request.ts";
import { problem } from "../problem.ts";
import { beginSession, endSession, MAX_SIGN_IN_BYTES, MAX_TOKEN, signInRefusal } from "./console-session.ts";

type Pages = Hono<Variables>;

/** One request for a page of a domain; its person sees the domain. */
export interface PageCall {
  readonly context: Context<Variables>;
  /** Whose calls of objects have a limit in time. */
  readonly edge: PeoplePorts;
  readonly signedIn: SignedIn;
  readonly domain: Domain;
  /** What `Page` needs, but for its title. */
  frame(here: Frame["here"]): DomainFrame;
}

/** The parts of a page's address by name are decoded; a form that has done its work answers with a redirect. */
type AnswerPage = (call: PageCall) => Promise<Child | Response> | Child | Response;

const SIGN_IN = "/console/sign-in";

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
  // With "no-referrer" the browser would not say from where a form comes, and it would count as another site's.
  referrerPolicy: "same-origin",
  xFrameOptions: "DENY",
  strictTransportSecurity: false,
});

export const pageHeaders = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" } as const;

/** A bundler that keeps names has put calls of `__name` into the text. */
const script = `${idiomorph}\nconst __name = (of) => of;\n(${live})(${ageOf}, Idiomorph);\n`;

const assets: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "style.css": ["text/css", style],
  "live.js": ["text/javascript", script],
  "icon.svg": ["image/svg+xml", icon],
};

/** What of the console stands before the guard: what every page needs, sign-in and sign-out. */
export function addEntrance(app: Pages, edge: PeoplePorts): void {
  app.use("/console/*", headers);
  app.get("/console/assets/:file", etag(), (context) => {
    const [type, text] = assets[context.req.param("file")] ?? [];
    if (type === undefined || text === undefined) return problem(404, "not found", "There is no such file.");
    return context.body(text, 200, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache" });
  });
  app.get(SIGN_IN, (context) => answer(context, <SignInPage to={ownPath(context.req.query("to"))} refusal={null} />));
  app.post(SIGN_IN, (context) => signInByForm(context, forOneRequest(edge)));
  app.post("/console/sign-out", async (context) => {
    const refusal = crossSiteRefusal(context, true);
    if (refusal) return refusal;
    await endSession(context, forOneRequest(edge));
    return context.redirect(SIGN_IN, 303);
  });
}

/** Where somebody goes whom the guard does not know; `null`: a program asked, which is answered as programs are. */
export function toSignIn(context: Context): Response | null {
  if (!context.req.path.startsWith("/console") || !wantsPage(context)) return null;
  const { pathname, search } = new URL(context.req.url);
  const to = `${pathname}${search}`;
  if (context.req.method !== "GET") return context.redirect(SIGN_IN, 303);
  // By a link from elsewhere the browser brings no cookie; by a step of the page itself it does.
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

/** In place of a page of the console that failed before it was known who asks; `null`: a program asked, or for something else. */
export function failedPage(context: Context): Response | null {
  if (!context.req.path.startsWith("/console") || !wantsPage(context)) return null;
  return answer(
    context,
    <PageAlone title="Failed for now">
      <p>A part of the system did not answer in time. Load the page again; the log says more.</p>
    </PageAlone>,
    503,
  );
}

/** Adds a page of a domain, at this path behind `/console`, or a form of it. */
export type AddPage = (path: `/:domain${string}`, page: AnswerPage, method?: "GET" | "POST") => void;

/** All pages, behind the guard. `addAll` adds those of domains; domains that the person may not see return 404. */
export function consolePages(edge: PeoplePorts, addAll: (add: AddPage) => void): Pages {
  const pages: Pages = new Hono();
  pages.get("/", (context) => {
    const [first] = seenBy(context.var.signedIn, edge);
    if (first !== undefined) return context.redirect(pathOf(first), 302);
    return trouble({ context, edge }, 404, "No domain", "The settings let you see no domain. Ask whoever keeps them.");
  });
  addAll((path, page, method = "GET") => {
    pages.on(method, path, async (context) => {
      const { signedIn } = context.var;
      const name = context.req.param("domain") ?? "";
      const domain = edge.domains.get(name);
      if (!domain || !seesDomain(signedIn.person, name)) {
        return trouble({ context, edge }, 404, "No such domain", `There is no domain ${name} that you may see.`);
      }
      const { timeZone } = domain.settings;
      const now = edge.now();
      const ofRequest = forOneRequest(edge, method === "GET");
      const { incomplete = [] } = ofRequest;
      const frame: PageCall["frame"] = (here) => {
        const around = frameOf({ context, edge }, { domain: null, here, live: method === "GET" });
        return { ...around, domain: name, timeZone, now, incomplete };
      };
      const shown = await page({ context, edge: ofRequest, signedIn, domain, frame });
      if (shown instanceof Response) return shown;
      return method === "GET" ? answerUnlessKnown(context, shown) : answer(context, shown);
    });
  });
  pages.all("*", (context) => trouble({ context, edge }, 404, "Not found", "Nothing is at this address."));
  pages.onError((error, context) => failed({ context, edge }, error));
  return pages;
}

function failed(around: Pick<PageCall, "context" | "edge">, error: unknown): Response {
  const failure = failureOf(error);
  around.edge.log("request-failed", { ...failure }, "error");
  const says = `${failure.object ?? "A part of the system"} did not answer in time. Load the page again; the log says more.`;
  return trouble(around, 503, "Failed for now", sentence(says));
}

type Around = Pick<PageCall, "context" | "edge">;

/** A page in place of another one: what happened, and what to do. Programs get it as the API tells problems. */
export function trouble(
  { context, edge }: Around,
  status: ContentfulStatusCode,
  title: string,
  says: string,
): Response {
  if (!wantsPage(context)) {
    return problem(status, status === 404 ? "not found" : status === 503 ? "failed for now" : "refused", says);
  }
  const [, , name = ""] = context.req.path.split("/");
  const domain = seenBy(context.var.signedIn, edge).find((seen) => seen === name) ?? null;
  const frame = frameOf({ context, edge }, { domain, here: null, live: false });
  return answer(context, <TroublePage {...frame} title={title} says={says} />, status);
}

function frameOf({ context, edge }: Around, page: Pick<Frame, "domain" | "here" | "live">): Frame {
  const { signedIn } = context.var;
  return { person: signedIn.person, by: signedIn.by, domains: seenBy(signedIn, edge), now: edge.now(), ...page };
}

function seenBy({ person }: SignedIn, edge: PeoplePorts): readonly string[] {
  return Array.from(edge.domains.keys()).filter((name) => seesDomain(person, name));
}

export function answer(context: Context, page: Child, status: ContentfulStatusCode = 200): Response {
  return context.body(`<!doctype html>${page}`, status, pageHeaders);
}

/** A page, or 304 if it is as the browser has it. Ages do not count: the browser goes on counting. */
async function answerUnlessKnown(context: Context, page: Child): Promise<Response> {
  const known = context.req.header("if-none-match");
  if (known === undefined) return answer(context, page);
  const etag = `W/"${await sha256(String(page).replaceAll(/ data-now="\d+"|(?<=data-age="">)[^<]*/g, ""))}"`;
  context.header("etag", etag);
  return known === etag ? context.body(null, 304, pageHeaders) : answer(context, page);
}

function wantsPage({ req }: Context): boolean {
  return req.header("accept")?.includes("text/html") === true && req.header("authorization") === undefined;
}

async function signInByForm(context: Context, edge: PeoplePorts): Promise<Response> {
  const again = async (to: string, refusal: Response) => {
    const { detail } = (await refusal.json()) as { readonly detail: string };
    const after = refusal.headers.get("retry-after");
    if (after !== null) context.header("retry-after", after);
    return answer(context, <SignInPage to={to} refusal={detail} />, refusal.status as ContentfulStatusCode);
  };
  const refusal = signInRefusal(context, edge);
  if (refusal) return again("/console", refusal);
  const body = await readBody(context.req.raw, MAX_SIGN_IN_BYTES, edge);
  if (!body.ok) return again("/console", body.error);
  const form = new URLSearchParams(new TextDecoder().decode(body.value));
  const to = ownPath(form.get("to") ?? undefined);
  const begun = await beginSession(context, edge, (form.get("token") ?? "").trim().slice(0, MAX_TOKEN));
  return begun.ok ? context.redirect(to, 303) : again(to, begun.error);
}

/** A page of the console to go on to, without the name of any host; whatever else is asked for leads to its overview. */
function ownPath(to = ""): string {
  const url = URL.parse(to, "http://console");
  const isPage = url !== null && /^\/console(?:\/|$)/.test(url.pathname) && url.pathname !== SIGN_IN;
  return isPage ? `${url.pathname}${url.search}` : "/console";
}
