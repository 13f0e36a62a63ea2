import * as v from "valibot";
import { seesDomain } from "../../operators/people.ts";
import { next, pageOf, wholeList } from "./paging.ts";
import { route } from "./route.ts";

export const domainRoutes = [
  route({
    method: "GET",
    path: "/domains",
    id: "listDomains",
    tag: "Domains",
    says: "The domains that you see, and their bridges",
    query: wholeList,
    answer: {
      says: "Domains in the order of the settings.",
      schema: v.object({ domains: v.array(v.object({ name: v.string(), bridges: v.array(v.string()) })), next }),
    },
    handle({ edge, signedIn, query }) {
      const seen = Array.from(edge.domains.values()).filter(({ name }) => seesDomain(signedIn.person, name));
      const { page, next } = pageOf(seen, query);
      const domains = page.map(({ name, settings }) => ({
        name,
        bridges: settings.bridges.map((bridge) => bridge.name),
      }));
      return { domains, next };
    },
  }),
];
