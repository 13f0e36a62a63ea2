import type { Child } from "hono/jsx";
import type { DomainFrame, Frame } from "../../console/page.tsx";
import type { Checked } from "../../foundation/schemas.ts";
import { isQuestion } from "../api/route.ts";
import { apiRoutes, type Signatures } from "../api/routes.ts";
import { failureOf } from "../objects-of-request.ts";
import type { Problem } from "../problem.ts";
import type { AddPage, PageCall } from "./console.tsx";
import { addSearch, askApi, type Fields, problemIn, refusedPage } from "./form.ts";

type Answers = { readonly [Route in Signatures as Route["operation"]]: Checked<Route["answer"]["schema"]> };
type Operation = keyof Answers;
type Query = Readonly<Record<string, string | undefined>>;

/** What a page shows. `also`: `null` if that did not answer. */
interface Asked<Main extends Operation, Also extends Readonly<Record<string, Operation>>> {
  readonly answer: Answers[Main];
  readonly also: { readonly [Name in keyof Also]: Answers[Also[Name]] | null };
  readonly frame: DomainFrame;
  readonly fields: Fields;
  readonly refusal: string | null;
  readonly call: PageCall;
}

/** A page that shows the answer of an API route. */
interface AskedPage<Main extends Operation, Also extends Readonly<Record<string, Operation>>> {
  readonly here: Frame["here"];
  readonly asks: Main;
  /** Parameters by the page's fields; `null`: nothing is asked yet. */
  query?(fields: Fields, call: PageCall): Query | null;
  /** In place of the answer if nothing is asked, or the request is refused: the page then shows the refusal. */
  readonly none?: Answers[Main];
  readonly also?: Also;
  readonly alsoQueries?: Readonly<Record<string, Query>>;
  /** True if the page is too expensive to be renewed. */
  isStill?(fields: Fields): boolean;
  render(asked: Asked<Main, Also>): Child | Response;
}

/** Adds a page that asks the API as its user, and shows the answer. Fields come from the address or, if personal, from a form. */
export function addAsked<
  const Main extends Operation,
  const Also extends Readonly<Record<string, Operation>> = Record<never, never>,
>(add: AddPage, path: `/:domain${string}`, page: AskedPage<Main, Also>): void {
  addSearch(add, path, async (call, given) => {
    const fields = Object.fromEntries(
      Object.entries(given).flatMap(([name, text = ""]) => (text.trim() ? [[name, text.trim()]] : [])),
    );
    const query = page.query ? page.query(fields, call) : {};
    const others = Object.entries(page.also ?? {}).map(async ([name, operation]) => {
      const found = await ask(call, operation, page.alsoQueries?.[name] ?? {}).catch((error: unknown) => {
        call.edge.log("view-failed", { domain: call.domain.name, ...failureOf(error) }, "warn");
        return null;
      });
      return [name, found?.answer ?? null] as const;
    });
    const [main, also] = await Promise.all([query && ask(call, page.asks, query), Promise.all(others)]);
    const answer = main?.answer ?? page.none;
    if (answer === undefined) return refusedPage(call, main?.problem as Problem);
    const frame = call.frame(page.here);
    return page.render({
      answer,
      also: Object.fromEntries(also) as Asked<Main, Also>["also"],
      frame: page.isStill?.(fields) ? { ...frame, live: false } : frame,
      fields,
      refusal: main?.problem?.detail ?? null,
      call,
    });
  });
}

interface Found<Answer> {
  readonly answer?: Answer;
  readonly problem?: Problem;
}

async function ask<Main extends Operation>(
  call: PageCall,
  operation: Main,
  query: Query,
): Promise<Found<Answers[Main]>> {
  const route = apiRoutes.find((one) => one.operation === operation);
  if (!route) throw new Error(`the API has no ${operation}`);
  const given = Object.fromEntries(
    Object.entries(query).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
  const response = await askApi(call, route.id, isQuestion(route) ? { body: given } : { query: given });
  if (!response.ok) return { problem: await problemIn(response) };
  return { answer: (await response.json()) as Answers[Main] };
}
