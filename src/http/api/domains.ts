import * as v from "valibot";
import { seesDomain } from "../../operators/people.ts";
import { shownSettings } from "../../settings/domain-settings.ts";
import { remindersOf, warningsOf } from "../../settings/warnings.ts";
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
  route({
    method: "GET",
    path: "/domains/{domain}/settings",
    id: "showSettings",
    tag: "Domains",
    says: "The settings of a domain as they count now, with their defaults, and what is not right or to be kept in mind",
    more: "Secrets are not shown.",
    answer: {
      says: "Settings by their names in [settings.md](settings.md), and sentences.",
      schema: v.object({
        settings: v.looseObject({}),
        warnings: v.pipe(v.array(v.string()), v.description("What works, and is not right in production.")),
        reminders: v.pipe(v.array(v.string()), v.description("What staff should keep in mind.")),
      }),
    },
    handle({ domain }) {
      const sentence = (says: string) => `${domain.name} ${says}.`;
      return {
        settings: shownSettings(domain.settings) as Readonly<Record<string, NonNullable<unknown>>>,
        warnings: warningsOf(domain).map(sentence),
        reminders: remindersOf(domain).map(sentence),
      };
    },
  }),
];
