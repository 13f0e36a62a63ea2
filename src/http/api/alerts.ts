import * as v from "valibot";
import { shownAlert } from "../../operators/alert-kinds.ts";
import { coverageOf } from "../../operators/alerts.ts";
import { problem } from "../problem.ts";
import { routeOf } from "./route.ts";

const route = routeOf("Domains");

const path = "/domains/{domain}/alerts";
const MOST_NOTE = 500;
const says = "must be a whole number of 1 or more";

export const alertRoutes = [
  route("listAlerts", `GET ${path}`, {
    says: "The alerts of a domain, and who has seen them",
    more: "The overview and `/readyz` show the same. A condition ends by itself. An incident stays until a user acknowledges it.",
    answer: {
      says: "The open ones first, the worst first.",
      schema: v.object({ alerts: v.array(shownAlert) }),
    },
    async handle({ domain, edge }) {
      return { alerts: (await edge.lookAt(domain)).alerts };
    },
  }),
  route("acknowledge", `POST ${path}/{alert}/acknowledge`, {
    says: "Acknowledges an alert: you have seen it",
    more: "It covers what there is now. Whatever happens later or begins again is open. The audit stores it.",
    body: v.strictObject({
      note: v.pipe(
        v.string(),
        v.trim(),
        v.nonEmpty("must not be empty"),
        v.maxLength(MOST_NOTE, `must have at most ${MOST_NOTE} characters`),
        v.description("What you do about it, or why nothing."),
      ),
      upTo: v.pipe(
        // A form sends an empty text for an absent number.
        v.optional(
          v.union([
            v.pipe(v.number(), v.safeInteger(says), v.minValue(1, says)),
            v.pipe(v.string(), v.regex(/^(?:0*[1-9]\d{0,15})?$/, says)),
          ]),
        ),
        v.description("`sequence` or `since` as you saw it. Newer ones stay open. Absent: covers all."),
      ),
    }),
    answer: {
      says: "It is on disk. The alert as it is now, open if it is newer than what you saw.",
      schema: v.object({ alert: shownAlert }),
    },
    refusals: { 404: "No domain that you may see has this name, or no alert has this id." },
    about: ({ body: { note } }) => ({ note }),
    async handle({ domain, edge, signedIn, path: { alert: id }, body: { note, upTo: seen = "" } }) {
      const found = (await edge.lookAt(domain)).alerts.find((one) => one.id === id);
      if (!found && edge.incomplete?.length !== 0)
        return problem(503, "failed for now", `What reports ${id} does not answer. Try again in some minutes.`);
      if (!found) return problem(404, "no such alert", `There is no alert ${id} in ${domain.name} now.`);
      const upTo = coverageOf(found, seen === "" ? null : Number(seen), edge.now());
      const by = signedIn.person.name;
      await edge.objects.directory(domain.name).acknowledge(domain.name, { id, upTo, by, note });
      const left = (await edge.lookAt(domain)).alerts.find((one) => one.id === id);
      return { alert: left ?? { ...found, seen: { upTo, by, at: edge.now(), note } } };
    },
  }),
];
