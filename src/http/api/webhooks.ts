import * as v from "valibot";
import { webhookView } from "../../rpc/directory.ts";
import { next, pageOf, wholeList } from "./paging.ts";
import { route } from "./route.ts";

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
      schema: v.object({ webhooks: v.array(webhookView), next }),
    },
    async handle({ domain, edge: { objects }, query }) {
      const { page, next } = pageOf(await objects.directory(domain.name).webhooks(domain.name), query);
      return { webhooks: page, next };
    },
  }),
];
