import * as v from "valibot";
import { time } from "../../foundation/schemas.ts";
import { next, pageOf, wholeList } from "./paging.ts";
import { route } from "./route.ts";

const receiver = v.object({
  url: v.string(),
  events: v.array(v.string()),
  waiting: v.pipe(v.number(), v.description("Events on their way, or that wait for the next attempt.")),
  refused: v.pipe(v.number(), v.description("So many of them it has refused: they come again, three days at most.")),
  oldestAt: v.pipe(v.nullable(time), v.description("When the oldest of them happened; null: none waits.")),
  failure: v.pipe(
    v.nullable(v.object({ since: time, attempts: v.number(), why: v.string(), nextAt: time })),
    v.description("null: the last post was taken, or only its event refused."),
  ),
  givenUp: v.pipe(v.number(), v.description("Events that the receiver was never given.")),
  lastGivenUpAt: v.nullable(time),
});

export const webhookRoutes = [
  route({
    method: "GET",
    path: "/domains/{domain}/webhooks",
    id: "listWebhooks",
    tag: "Domains",
    says: "The receivers of the domain's webhooks, and how they are",
    query: wholeList,
    answer: {
      says: "Receivers in the order of the settings.",
      schema: v.object({ webhooks: v.array(receiver), next }),
    },
    async handle({ domain, edge: { views }, query }) {
      const { page, next } = pageOf(await views.webhooks(domain.name), query);
      return { webhooks: page, next };
    },
  }),
];
