import { isFlag } from "../../conference/action-row.ts";
import { askedActions } from "../../conference/operator-actions.ts";
import { withQuery } from "../../console/paths.ts";
import { sha256 } from "../../foundation/secrets.ts";
import { capitalized } from "../../foundation/text/sentence.ts";
import { shownTime } from "../../foundation/time/shown-time.ts";
import { addressOf } from "../address.ts";
import { answerRoute, isQuestion, pathOf } from "../api/route.ts";
import { apiRoutes } from "../api/routes.ts";
import { readBody } from "../body.ts";
import type { Problem } from "../problem.ts";
import { type AddPage, type PageCall, trouble } from "./console.tsx";

const MAX_FORM_BYTES = 8_192;

/** Returns the fields of a form, or an error page if it is too long or incomplete. */
export async function formOf(call: PageCall): Promise<URLSearchParams | Response> {
  const body = await readBody(call.context.req.raw, MAX_FORM_BYTES, call.edge);
  if (!body.ok) return refusedPage(call, await problemIn(body.error));
  return new URLSearchParams(new TextDecoder().decode(body.value));
}

/** Texts by name, without absent ones. */
export type Fields = Readonly<Partial<Record<string, string>>>;

interface ApiRequest {
  readonly query?: Fields;
  readonly body?: object;
  readonly actionId?: string;
}

/** Calls a route of the API, by its id or operation, as the user of the page, with the same checks as for programs. */
export function askApi(
  call: PageCall,
  asked: string,
  { query = {}, body, actionId }: ApiRequest = {},
): Promise<Response> {
  const { context, edge, domain, signedIn } = call;
  const route = apiRoutes.find(({ id, operation }) => id === asked || operation === asked);
  if (!route) throw new Error(`the API has no ${asked}`);
  const inBody = isQuestion(route) ? query : body;
  const request = new Request(new URL(withQuery("/", isQuestion(route) ? {} : query), context.req.url), {
    method: route.method,
    headers: actionId === undefined ? {} : { "idempotency-key": actionId },
    body: inBody ? JSON.stringify(inBody) : null,
  });
  const path = { ...pathOf(context), domain: domain.name };
  return answerRoute(route, { request, signedIn, from: addressOf(context.req.raw), path }, edge);
}

export async function problemIn(refused: Response): Promise<Problem> {
  return (await refused.json()) as Problem;
}

/** A page with the API's refusal. With the script, the page of a form shows it in its own answer, so it says when that was. */
export function refusedPage(call: PageCall, { status, title, detail }: Problem): Response {
  const { context, edge, domain } = call;
  const { clock } = shownTime(edge.now(), domain.settings.timeZone);
  const says = context.req.method === "GET" ? detail : `At ${clock}: ${detail}`;
  return trouble(call, status, title === "refused" ? "Not done" : capitalized(title), says);
}

/** Adds a form that calls one API route and redirects to the page `to`. `fields` are the body. */
export function addForm(add: AddPage, path: `/:domain${string}`, { asks, to, fields = [] }: FormInput): void {
  const post = async (call: PageCall) => {
    const { context } = call;
    const form = fields.length === 0 ? null : await formOf(call);
    if (form instanceof Response) return form;
    const body = form && Object.fromEntries([...form].filter(([name]) => fields.includes(name)));
    const answer = await askApi(call, asks, body ? { body } : {});
    if (answer.ok) return context.redirect(to(call), 303);
    return refusedPage(call, await problemIn(answer));
  };
  add(path, post, "POST");
}

interface FormInput {
  readonly asks: string;
  to(call: PageCall): string;
  readonly fields?: readonly string[];
}

/** Converts a form of a conference's page to an API request. The API checks it. */
export function bodyOf(form: URLSearchParams): Readonly<Record<string, unknown>> {
  const row = askedActions()[form.get("type") ?? ""];
  const entries = [...form].flatMap(([name, value]) => {
    const text = value.trim();
    if (text === "" || name === "mark") return [];
    return [[name, isFlag(row?.parameters[name]) || (row?.asked.button.form?.fields[name]?.read?.(text) ?? text)]];
  });
  return Object.fromEntries(entries);
}

/** Equal for the same request of one user on the same `mark`: a form that is sent twice acts once. A new form acts again. */
export async function actionIdOf(body: object, person: string, mark: string): Promise<string> {
  const known = /^[0-9a-z]{1,12}$/.test(mark) ? mark : "none";
  const digest = await sha256(JSON.stringify([body, person]));
  return `console-${known}-${digest.slice(0, 24)}`;
}
