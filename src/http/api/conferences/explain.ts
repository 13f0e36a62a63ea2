import * as v from "valibot";
import { personal } from "../../../foundation/shown.ts";
import { explanation } from "../../../rpc/story.ts";
import { gathered, inPages, next, wholeList } from "../lists.ts";
import { routeOf } from "../route.ts";

const route = routeOf("Conferences");

export const explainRoutes = [
  route("explainConference", "POST /domains/{domain}/conferences/{confKey}/explain", {
    says: "Why things are as they are, in sentences",
    more: "Why a caller is not shown under its name, was muted or dropped, why WebEx was not told, what a failover changed, why a conference ended, and why something that is pending is not done yet.",
    query: {
      call: personal(
        v.pipe(
          v.optional(v.string()),
          v.description(
            "Of one call alone, by its id, WebEx's name for it or a number; of the conference and all calls without it.",
          ),
        ),
      ),
      ...wholeList,
    },
    answer: {
      says: "Questions and answers, each with the rows of the journal that prove it.",
      schema: v.object({ answers: v.array(explanation), next }),
    },
    needsConference: true,
    async handle({ conference, query: { call, ...place } }) {
      const { page, next } = await gathered((from) => conference.explain(call || undefined, from), inPages(place));
      return { answers: page, next };
    },
  }),
];
