import * as v from "valibot";
import { promptRow } from "../../records/rows.ts";
import { anySpelling, cursorAt, moment, next, pagedRows, placeOf } from "./lists.ts";
import { routeOf } from "./route.ts";

const route = routeOf("Domains");

export const promptCallRoutes = [
  route("listPromptCalls", "POST /domains/{domain}/prompt-calls", {
    says: "Calls in the prompt that their first keys did not lead in",
    more: "Those that are in the prompt now come first, from their first wrong key on, or once they have keyed something without a `#` and paused for five seconds; then those that ended without having got in, the latest first. At most 5,000, and none that is older than records are kept.",
    query: {
      number: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(256, "must be at most 256 characters"),
          v.description(`The caller's number. ${anySpelling}`),
        ),
      ),
      since: v.optional(moment("That came to the prompt from then on.")),
      ...pagedRows(1_000, 100),
    },
    answer: {
      says: "Calls with what was keyed in vain, and how each ended.",
      schema: v.object({ calls: v.array(promptRow), next }),
    },
    async handle({ domain: { name, settings }, edge, query: { number, since, cursor, limit } }) {
      const query = { number, since: since?.in(settings.timeZone), before: placeOf(cursor), limit };
      const page = await edge.objects.directory(name).promptCalls(query);
      return { calls: page.calls, next: cursorAt(page.next) };
    },
  }),
];
