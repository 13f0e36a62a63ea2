import * as v from "valibot";
import { confKey, time } from "../../foundation/schemas.ts";
import { route } from "./route.ts";

const posts = v.object({
  host: v.pipe(v.nullable(v.string()), v.description("The TSP server; null: all but the 20 busiest, together.")),
  confirmed: v.pipe(v.number(), v.description("Documents that it confirmed, whatever the code.")),
  failed: v.pipe(v.number(), v.description("Attempts that it did not confirm.")),
  givenUp: v.pipe(v.number(), v.description("Documents that are not tried any more.")),
  tookMs: v.pipe(
    v.number(),
    v.description(
      "How long the confirmed ones took, all together, in milliseconds: divide by `confirmed` for the mean.",
    ),
  ),
  lastFailure: v.nullable(v.object({ at: time, why: v.string() })),
});

const requests = v.object({
  confirmed: v.pipe(v.number(), v.description("Documents of WebEx that were confirmed with 0.")),
  refused: v.pipe(
    v.number(),
    v.description("Those that were confirmed with another code, could not be stored, came too fast or were too large."),
  ),
});

const host = v.object({
  host: v.pipe(v.string(), v.description("The TSP server, or `*back-end`: the partner's.")),
  conferences: v.pipe(v.number(), v.description("Those that run with it.")),
  documents: v.pipe(
    v.number(),
    v.description("Documents that wait for it: not confirmed for some seconds, or behind an attempt that failed."),
  ),
  oldestDocumentAt: v.pipe(v.nullable(time), v.description("Since when the oldest of them waits; null: none does.")),
  failure: v.pipe(v.nullable(v.string()), v.description("Why the last attempt of one of them failed; null: none has.")),
  troubled: v.pipe(v.array(confKey), v.description("Some of the conferences to which it does not confirm.")),
});

export const activityRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/activity",
    id: "getActivity",
    tag: "Domains",
    says: "What came from WebEx and was posted to it in the last hour, by minute, posts by TSP server, and what waits",
    more: "For plots: what had not been told when its process ended is missing, and a minute is whole once something came or was posted in a later one. `/metrics` counts exactly.",
    answer: {
      says: "Minutes and servers.",
      schema: v.object({
        minutes: v.pipe(
          v.array(v.object({ at: time, requests, hosts: v.array(posts) })),
          v.description("By their begin, the oldest first; those in which nothing came or was posted are left out."),
        ),
        hosts: v.pipe(
          v.array(host),
          v.description(
            "The servers of conferences that run, and those for which something of them waits, at most 50; those for which the most waits are the first.",
          ),
        ),
        unknown: v.pipe(
          v.number(),
          v.description("So many conferences have not told what waits in them since the directory was started anew."),
        ),
      }),
    },
    handle({ domain: { name }, edge: { views } }) {
      return views.directory(name).activity();
    },
  }),
];
