import type { Context } from "hono";
import { withQuery } from "../../console/paths.ts";
import { addressOf } from "../address.ts";
import { answerRoute, pathOf } from "../api/answer-route.ts";
import { apiRoutes } from "../api/routes.ts";
import { readBody } from "../body.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { Problem } from "../problem.ts";
import { addPage, type PageCall, type Pages, trouble } from "./console.tsx";

const MAX_FORM_BYTES = 8_192;

/** What a form of a page has; nothing where it is too long, or does not come whole. */
export async function formOf({ req }: Context, edge: PeoplePorts): Promise<URLSearchParams> {
  const body = await readBody(req.raw, MAX_FORM_BYTES, edge);
  return new URLSearchParams(body.ok ? new TextDecoder().decode(body.value) : "");
}

/** Asks the API as the person of the page, who is known by now: it checks, does and writes down what programs ask in the same way. */
export function askApi(
  { context, domain, signedIn }: PageCall,
  edge: PeoplePorts,
  id: string,
  { body, actionId }: { readonly body?: object; readonly actionId?: string } = {},
): Promise<Response> {
  const route = apiRoutes.find((one) => one.id === id);
  if (!route) throw new Error(`the API has no ${id}`);
  const headers = { ...(actionId !== undefined && { "idempotency-key": actionId }) };
  const request = new Request(new URL("/", context.req.url), {
    ...{ method: route.method, headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const path = { ...pathOf(context), domain: domain.name };
  return answerRoute(route, { request, signedIn, from: addressOf(context.req.raw), path }, edge);
}

export async function problemIn(refused: Response): Promise<Problem> {
  return (await refused.json()) as Problem;
}

/** A page in place of a refusal of the API, in the API's words. */
export function refusedPage({ context }: PageCall, edge: PeoplePorts, { status, title, detail }: Problem): Response {
  return trouble(context, edge, status, headings[title] ?? title.replace(/^./, (first) => first.toUpperCase()), detail);
}

const headings: Readonly<Record<string, string>> = {
  "no site": "No WebEx site",
  "no such post": "No such document",
  refused: "Not done",
};

/**
 * A form that asks the API for one thing, and leads to the page `to`. `fields` are the body. `saysWhy`: that page says why nothing was done.
 */
export function addForm(
  pages: Pages,
  edge: PeoplePorts,
  path: `/:domain${string}`,
  { asks, to, fields = [], saysWhy }: FormInput,
): void {
  const post = async (call: PageCall) => {
    const { context } = call;
    const form = fields.length === 0 ? null : await formOf(context, edge);
    const body = form && Object.fromEntries(fields.map((name) => [name, form.get(name) ?? ""]));
    const answer = await askApi(call, edge, asks, body ? { body } : {});
    if (answer.ok) return context.redirect(to(call), 303);
    const problem = await problemIn(answer);
    if (!saysWhy || problem.reason === undefined) return refusedPage(call, edge, problem);
    return context.redirect(withQuery(to(call), { refused: problem.reason }), 303);
  };
  addPage(pages, edge, path, post, "POST");
}

interface FormInput {
  /** The operation's name in the API. */
  readonly asks: string;
  to(call: PageCall): string;
  readonly fields?: readonly string[];
  readonly saysWhy?: true;
}
