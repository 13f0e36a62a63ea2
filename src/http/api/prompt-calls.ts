import * as v from "valibot";
import { personal } from "../../foundation/shown.ts";
import { keptPromptCall, type PromptCallPlace } from "../../rpc/directory-feed.ts";
import { cursorOf, limitOf, next } from "./paging.ts";
import { routeOf } from "./route.ts";
import { anySpelling, moment } from "./values.ts";

const route = routeOf("Domains");

const MOST_LISTED = 1_000;
const USUAL = 100;

/** When the last call of the page before was over, or came, and its id. */
const promptCursor = /^(\d{1,15})\.(\d{1,15})$/;

/** `null`: the first page. */
export function promptPlaceOf(cursor: string | undefined): PromptCallPlace | null {
  const [, at, id] = promptCursor.exec(cursor ?? "") ?? [];
  return at === undefined ? null : { at: Number(at) as PromptCallPlace["at"], id: Number(id) };
}

export function promptCursorAt(place: PromptCallPlace | null): string | null {
  return place && `${place.at}.${place.id}`;
}

export const promptCallRoutes = [
  route("listPromptCalls", "POST /domains/{domain}/prompt-calls", {
    says: "Calls at the prompt that were not led in at once, the latest first",
    more: "By when each was over, or came to the prompt if it is not over: one that is over while you turn pages is on the first one then. A call is among them from its first wrong key on, while it has keyed something without a `#` and pauses for five seconds, or when it was turned away or hung up without having got in; not one that got in by its first keys. At most 5,000, and none that is older than records are kept.",
    query: {
      number: personal(
        v.optional(
          v.pipe(
            v.string(),
            v.maxLength(256, "must be at most 256 characters"),
            v.description(`The caller's number. ${anySpelling}`),
          ),
        ),
      ),
      since: v.optional(moment("That came to the prompt from then on.")),
      cursor: cursorOf(promptCursor),
      limit: limitOf(MOST_LISTED),
    },
    answer: {
      says: "Calls with what was keyed in vain, and how each ended.",
      schema: v.object({
        calls: v.array(keptPromptCall),
        notKept: v.pipe(
          v.number(),
          v.description("So many more were not kept by agents while the edge was away for long."),
        ),
        next,
      }),
    },
    async handle({ domain: { name, settings }, edge, query: { number, since, cursor, limit = USUAL } }) {
      const page = await edge.objects.directory(name).promptCalls({
        ...{ number, since: since?.in(settings.timeZone), before: promptPlaceOf(cursor), limit },
      });
      return { ...page, next: promptCursorAt(page.next) };
    },
  }),
];
