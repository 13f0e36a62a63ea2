import * as v from "valibot";
import { isAnother } from "../../operators/trouble.ts";
import { domainTrouble, troubleKinds } from "../../operators/trouble-kinds.ts";
import { problem } from "../problem.ts";
import { next, pageOf, wholeList } from "./lists.ts";
import { routeOf } from "./route.ts";

const route = routeOf("Domains");

const path = "/domains/{domain}/trouble";
const MOST_WORDS = 500;
const says = "must be a whole number of 1 or more";
/** A form sends an empty text for a number that is not there. */
const numberOfForm = v.union([
  v.pipe(v.number(), v.safeInteger(says), v.minValue(1, says)),
  v.pipe(v.string(), v.regex(/^(?:0*[1-9]\d{0,14})?$/, says)),
]);

export const troubleRoutes = [
  route("listTrouble", `GET ${path}`, {
    says: "What is wrong in a domain, and who has taken it on: the same as the overview and `/readyz` show",
    more: "It stays until it is mended, or somebody acknowledges it. What is acknowledged and still so comes last; what only had happened, such as an undelivered document, is not listed any more.",
    query: wholeList,
    answer: {
      says: "The worst first.",
      schema: v.object({
        trouble: v.array(domainTrouble),
        unknown: v.pipe(
          v.array(v.picklist(troubleKinds)),
          v.description("Kinds of which there may be more: the object that could say it has not answered."),
        ),
        next,
      }),
    },
    async handle({ domain, edge, query }) {
      const { trouble, unknown } = await edge.lookAt(domain);
      const { page, next } = pageOf(trouble, query);
      return { trouble: page, unknown, next };
    },
  }),
  route("acknowledge", `POST ${path}/{trouble}/acknowledge`, {
    says: "Says that somebody has taken it on, or knows of it",
    more: "It covers what there is now: what happens later, or begins anew, is open again. The audit keeps it.",
    body: v.strictObject({
      word: v.pipe(
        v.string(),
        v.trim(),
        v.nonEmpty("must not be empty"),
        v.maxLength(MOST_WORDS, `must have at most ${MOST_WORDS} characters`),
        v.description("What is done about it, or why nothing is."),
      ),
      place: v.pipe(
        v.optional(numberOfForm),
        v.description("`place` as the person has seen it: what has happened since is not covered. Absent: all is."),
      ),
      since: v.pipe(
        v.optional(numberOfForm),
        v.description(
          "`since` as the person has seen it: of what lasts, only what began then is covered. Absent: whatever is there now is.",
        ),
      ),
    }),
    answer: {
      says: "It is on disk. What is left of it: open where more has happened than the person has seen.",
      schema: v.object({ trouble: domainTrouble }),
    },
    refusals: {
      404: "There is no such domain that you see, or nothing of this id is wrong there.",
      409: "What the person has seen is over, and it began anew since; nothing was done.",
    },
    about: ({ body: { word } }) => ({ word }),
    async handle({ domain, edge, signedIn, path: { trouble: id }, body: { word, place: seen, since: seenSince } }) {
      const { trouble, unknown } = await edge.lookAt(domain);
      const found = trouble.find((one) => one.id === id);
      const isAway = trouble.some(({ kind }) => kind === "directory-unreachable");
      if (isAway || (!found && unknown.some((kind) => kind === id.split(":")[0])))
        return problem(503, "failed for now", `Who knows of ${id} does not answer: acknowledge it in some minutes.`);
      if (!found) return problem(404, "no such trouble", `Nothing that goes by ${id} is wrong in ${domain.name} now.`);
      if (seenSince !== undefined && seenSince !== "" && isAnother(found, Number(seenSince)))
        return problem(
          409,
          "trouble began anew",
          `${id} was over, and has begun again: look at it, and acknowledge that.`,
        );
      const at = edge.now();
      const isAll = found.place === null || seen === undefined || seen === "";
      const place = isAll ? found.place : Math.min(Number(seen), found.place);
      const { since } = found;
      // Up to now, as the directory has it, where that is later.
      const upTo = found.latest ?? 0;
      const by = signedIn.person.name;
      await edge.objects.directory(domain.name).acknowledge(domain.name, { id, since, upTo, place, by, at, word });
      // What has happened since the person looked is still open; what only had happened is not listed any more.
      const left = (await edge.lookAt(domain)).trouble.find((one) => one.id === id);
      return { trouble: left ?? { ...found, acknowledged: { by, at, word } } };
    },
  }),
];
