import type { Child } from "hono/jsx";
import { withQuery } from "../../console/paths.ts";
import type { Answers } from "../api/routes.ts";
import { failureOf } from "../objects-of-request.ts";
import type { Problem } from "../problem.ts";
import type { AddPage, PageCall } from "./console.tsx";
import { askApi, type Fields, formOf, problemIn, refusedPage } from "./form.ts";

type Operation = keyof Answers;

/** The answers that a page shows. `also`: `null` without an answer. */
interface Asked<Main extends Operation, Also extends Readonly<Record<string, Operation>>> {
  readonly answer: Answers[Main];
  readonly also: { readonly [Name in keyof Also]: Answers[Also[Name]] | null };
  readonly fields: Fields;
  readonly refusal: string | null;
}

/** A page that shows the answer of an API route. */
interface AskedPage<Main extends Operation, Also extends Readonly<Record<string, Operation>>> {
  readonly asks: Main;
  /** Parameters from the page's fields; `null`: nothing to ask yet. */
  query?(fields: Fields): Fields | null;
  /** In place of the answer if nothing is asked, or the request is refused: the page then shows the refusal. */
  readonly none?: Answers[Main];
  readonly also?: Also;
  readonly alsoQueries?: Readonly<Record<string, Fields>>;
  render(asked: Asked<Main, Also>, call: PageCall): Child | Response;
}

/** Adds a page that shows an answer of the API to its user. */
export function addAsked<
  const Main extends Operation,
  const Also extends Readonly<Record<string, Operation>> = Record<never, never>,
>(add: AddPage, path: `/:domain${string}`, page: AskedPage<Main, Also>): void {
  addSearch(add, path, async (call, fields) => {
    const query = page.query ? page.query(fields) : {};
    const others = Object.entries(page.also ?? {}).map(async ([name, operation]) => {
      const found = await ask(call, operation, page.alsoQueries?.[name] ?? {}).catch((error: unknown) => {
        call.edge.log("view-failed", { domain: call.domain.name, ...failureOf(error) }, "warn");
        return null;
      });
      return [name, found?.answer ?? null] as const;
    });
    const [main, found] = await Promise.all([query && ask(call, page.asks, query), Promise.all(others)]);
    const answer = main?.answer ?? page.none;
    if (answer === undefined) return refusedPage(call, main?.problem as Problem);
    const also = Object.fromEntries(found) as Asked<Main, Also>["also"];
    return page.render({ answer, also, fields, refusal: main?.problem?.detail ?? null }, call);
  });
}

/** Sends one request to the API as the user of the page. */
export async function ask<Main extends Operation>(
  call: PageCall,
  operation: Main,
  query: Fields,
): Promise<{ readonly answer?: Answers[Main]; readonly problem?: Problem }> {
  const response = await askApi(call, operation, { query });
  return response.ok ? { answer: (await response.json()) as Answers[Main] } : { problem: await problemIn(response) };
}

/** Typed personal data must not be in an address: addresses are logged, kept and sent on. */
const personalFields: ReadonlySet<string> = new Set(["number", "attendeeId", "find"]);

/** Adds a page with parameters in its address. If some are personal, a form posts them all and the response is the page. */
export function addSearch(
  add: AddPage,
  path: `/:domain${string}`,
  page: (call: PageCall, fields: Fields) => ReturnType<Parameters<AddPage>[1]>,
): void {
  add(path, (call) => {
    const given = fieldsIn(Object.entries(call.context.req.query()));
    return page(call, withoutPersonal(given));
  });
  const post = async (call: PageCall) => {
    const form = await formOf(call);
    if (form instanceof Response) return form;
    const given = fieldsIn([...form]);
    const open = withoutPersonal(given);
    if (Object.keys(open).length < Object.keys(given).length) return page(call, given);
    return call.context.redirect(withQuery(new URL(call.context.req.url).pathname, open), 303);
  };
  add(path, post, "POST");
}

/** Trims the values and drops empty ones. */
function fieldsIn(given: readonly (readonly [string, string])[]): Fields {
  return Object.fromEntries(given.map(([name, text]) => [name, text.trim()]).filter(([, text]) => text !== ""));
}

function withoutPersonal(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !personalFields.has(name)));
}
