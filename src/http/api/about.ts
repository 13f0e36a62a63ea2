import * as v from "valibot";
import { type ProblemTitle, problem, problemMeanings, slugOf, typeOfProblem } from "../problem.ts";
import { type Route, routeOf } from "./route.ts";

const route = routeOf("About");

export function aboutRoutes(all: () => readonly Route[]) {
  let description: string | null = null;
  return [
    route("showOpenApi", "GET /openapi.json", {
      says: "This description, as OpenAPI 3.1",
      answer: {
        says: "An OpenAPI document.",
        schema: v.pipe(
          v.looseObject({ openapi: v.string() }),
          v.description("As https://spec.openapis.org/oas/3.1.1 says."),
        ),
      },
      async handle() {
        // The library is loaded when somebody asks: each start of a Worker would cost its time otherwise. To make it takes 10 ms.
        const { openApiOf } = await import("./openapi.ts");
        description ??= JSON.stringify(openApiOf(all()));
        return new Response(description, { headers: { "content-type": "application/json" } });
      },
    }),
    route("showProblem", "GET /problems/{type}", {
      says: "What a problem means: the address of its `type`",
      answer: { says: "The problem.", schema: v.object({ type: v.string(), title: v.string(), means: v.string() }) },
      refusals: { 404: "There is no such problem." },
      handle({ path }) {
        const [title, means] = Object.entries(problemMeanings).find(([title]) => slugOf(title) === path.type) ?? [];
        if (title === undefined || means === undefined) {
          return problem(404, "not found", "There is no such problem. The `type` of a problem is its address.");
        }
        return { type: typeOfProblem(title as ProblemTitle), title, means };
      },
    }),
  ];
}
