import type { Hono } from "hono";
import * as v from "valibot";
import { expect } from "vitest";
import { refusalsOf } from "../../src/http/api/openapi.ts";
import { routerPath } from "../../src/http/api/route.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { incomplete } from "../../src/http/objects-of-request.ts";
import { problemBody, problemType } from "../../src/http/problem.ts";

/** The statuses that were seen of each operation, by its id. */
export const seen = new Map<string, Set<number>>();

const patterns = apiRoutes.map((route) => ({
  route,
  pattern: new RegExp(`^${routerPath(route).replaceAll(".", "\\.").replaceAll(/:\w+/g, "[^/]+")}$`),
  literals: route.path.split("/").filter((part) => !part.startsWith("{")).length,
}));

/** The edge's routes, each of whose answers under `/api/v1` must be one that its description has. */
export function checkedAnswers<App extends Pick<Hono, "request">>(app: App): Pick<Hono, "request"> {
  const request: Hono["request"] = async (input, init, ...rest) => {
    const response = await app.request(input, init, ...rest);
    const { pathname } = new URL(input instanceof Request ? input.url : String(input), "http://localhost");
    const method = (input instanceof Request ? input.method : init?.method) ?? "GET";
    if (pathname.startsWith("/api/v1")) await check(response.clone(), method, pathname);
    return response;
  };
  return { request };
}

async function check(response: Response, method: string, path: string): Promise<void> {
  const { status, headers } = response;
  const about = `${method} ${path}: ${status}`;
  const [found] = patterns
    .filter(({ route, pattern }) => route.method === method && pattern.test(path))
    .sort((a, b) => b.literals - a.literals);
  const type = headers.get("content-type");
  if (!response.ok) {
    expect(type, about).toBe(problemType);
    const body = await response.json();
    expect(v.parse(v.object({ ...problemBody.entries }), body), about).toEqual(body);
    expect(body, about).toMatchObject({ status, instance: path });
  }
  if (!found) {
    expect([401, 404, 405, 429], about).toContain(status);
    return;
  }
  const { route } = found;
  seen.set(route.id, (seen.get(route.id) ?? new Set()).add(status));
  if (!response.ok) {
    expect(refusalsOf(route), about).toContain(status);
    return;
  }
  expect(status, about).toBe(route.answer.status ?? 200);
  if (route.answer.also?.includes(type ?? "")) return;
  expect(type, about).toBe("application/json");
  const { incomplete: lacking, ...body } = (await response.json()) as Record<string, unknown>;
  expect(v.is(v.optional(incomplete), lacking), about).toBe(true);
  // What the schema does not have is left out of what it gives: nothing is shown that it does not describe.
  const described = v.parse(route.answer.schema, body);
  expect(described, about).toEqual(body);
}
