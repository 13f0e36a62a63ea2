import { type Context, Hono } from "hono";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { TroublePage } from "../../console/page.tsx";
import { type Frame, FrameOfPage } from "../../console/parts.tsx";
import { pathOf } from "../../console/paths.ts";
import { sha256 } from "../../foundation/secrets.ts";
import { sentence } from "../../foundation/text/sentence.ts";
import { seesDomain } from "../../operators/people.ts";
import type { Domain } from "../../settings/load.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { SignedIn, Variables } from "../guard.ts";
import { failureOf, forOneRequest, type SharedLooks } from "../objects-of-request.ts";
import { problem } from "../problem.ts";
import { answer, pageHeaders, wantsPage } from "./entrance.tsx";

type Pages = Hono<Variables>;

/** A request for a page of a domain that its user may see. */
export interface PageCall {
  readonly context: Context<Variables>;
  /** Calls of its objects have a time limit. */
  readonly edge: PeoplePorts;
  readonly signedIn: SignedIn;
  readonly domain: Domain;
}

/** Gets the decoded parts of the address. A successful form answers with a redirect. */
type AnswerPage = (call: PageCall) => Promise<Child | Response> | Child | Response;

/** Adds a page or a form of a domain, at this path after `/console`. */
export type AddPage = (path: `/:domain${string}`, page: AnswerPage, method?: "GET" | "POST") => void;

/** All pages after the guard. `addAll` adds those of domains. Domains that the user may not see return 404. */
export function consolePages(edge: PeoplePorts, addAll: (add: AddPage) => void): Pages {
  const pages: Pages = new Hono();
  const looks: SharedLooks = new Map();
  pages.get("/", (context) => {
    const [first] = seenBy(context.var.signedIn, edge);
    if (first !== undefined) return context.redirect(pathOf(first), 302);
    return trouble({ context, edge }, 404, "No domain", "The settings give you no domain. Ask your administrator.");
  });
  addAll((path, pageOf, method = "GET") => {
    pages.on(method, path, async (context) => {
      const { signedIn } = context.var;
      const name = context.req.param("domain") ?? "";
      const domain = edge.domains.get(name);
      if (!domain || !seesDomain(signedIn.person, name)) {
        return trouble({ context, edge }, 404, "No such domain", `You may see no domain ${name}.`);
      }
      const isPoll = method === "GET" && context.req.header("if-none-match") !== undefined;
      const ofRequest = forOneRequest(edge, method === "GET", isPoll ? looks : undefined);
      const page = await pageOf({ context, edge: ofRequest, signedIn, domain });
      if (method === "POST") looks.clear();
      if (page instanceof Response) return page;
      const { timeZone } = domain.settings;
      const { incomplete = [] } = ofRequest;
      const isLive = method === "GET";
      const html = inFrame({ context, edge }, { domain: name, timeZone, isLive, incomplete }, page);
      return isLive ? answerUnlessKnown(context, html) : answer(context, html);
    });
  });
  pages.all("*", (context) => trouble({ context, edge }, 404, "Not found", "This address does not exist."));
  pages.onError((error, context) => {
    const failure = failureOf(error);
    edge.log("request-failed", { ...failure }, "error");
    const what = failure.object ?? "A part of the system";
    const says = sentence(`${what} did not answer in time. Load the page again. The log says more.`);
    return trouble({ context, edge }, 503, "Failed for now", says);
  });
  return pages;
}

type Around = Pick<PageCall, "context" | "edge">;

/** An error page: what happened, and what to do. Programs get it as a problem of the API. */
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
  const domain = seenBy(context.var.signedIn, edge).find((seen) => seen === name) ?? "";
  const frame = { domain, timeZone: "UTC", isLive: false, incomplete: [] };
  return answer(context, inFrame({ context, edge }, frame, <TroublePage title={title} says={says} />), status);
}

type OfPage = Pick<Frame, "domain" | "timeZone" | "isLive" | "incomplete">;

/** The HTML of a page. */
function inFrame({ context, edge }: Around, ofPage: OfPage, page: Child): string {
  const { person, by } = context.var.signedIn;
  const frame = { person, by, domains: seenBy(context.var.signedIn, edge), now: edge.now(), ...ofPage };
  return String(<FrameOfPage.Provider value={frame}>{page}</FrameOfPage.Provider>);
}

function seenBy({ person }: SignedIn, edge: PeoplePorts): readonly string[] {
  return Array.from(edge.domains.keys()).filter((name) => seesDomain(person, name));
}

/** Returns a page, or 304 if the browser has it. Ages do not count, because the browser updates them. */
async function answerUnlessKnown(context: Context, page: string): Promise<Response> {
  const known = context.req.header("if-none-match");
  if (known === undefined) return answer(context, page);
  const etag = `W/"${await sha256(page.replaceAll(/ data-now="\d+"|(?<=data-age="">)[^<]*/g, ""))}"`;
  context.header("etag", etag);
  return known === etag ? context.body(null, 304, pageHeaders) : answer(context, page);
}
