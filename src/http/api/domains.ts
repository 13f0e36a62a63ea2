import * as v from "valibot";
import { type FigureName, figureTable, noLimit } from "../../operators/figures.ts";
import { seesDomain } from "../../operators/people.ts";
import { domainActivity, webhookView } from "../../rpc/directory.ts";
import { shownSettings } from "../../settings/domain-settings.ts";
import { remindersOf, warningsOf } from "../../settings/warnings.ts";
import { activityOf, figuresOfDomain } from "../monitoring/figures-of-domain.ts";
import { next, pageOf, wholeList } from "./paging.ts";
import { routeOf } from "./route.ts";

const route = routeOf("Domains");

const figure = v.object({
  name: v.picklist(Object.keys(figureTable) as FigureName[]),
  word: v.pipe(v.string(), v.description("As people are shown it.")),
  says: v.pipe(v.string(), v.description("What it counts.")),
  value: v.pipe(v.nullable(v.union([v.number(), v.literal(noLimit)])), v.description("null: not known.")),
  missing: v.pipe(
    v.array(v.string()),
    v.description("Of what nobody knows the value, such as the name of a bridge whose agent is away."),
  ),
  isStale: v.pipe(
    v.boolean(),
    v.description(
      "Whether callers of the bridges that are `missing` count in it as they were before the agent was away. It may be less now.",
    ),
  ),
});
export const domainRoutes = [
  route("listDomains", "GET /domains", {
    says: "The domains that you see, and their bridges",
    query: wholeList,
    answer: {
      says: "Domains in the order of the settings.",
      schema: v.object({
        domains: v.array(v.object({ name: v.string(), bridges: v.array(v.string()), timeZone: v.string() })),
        next,
      }),
    },
    handle({ edge, signedIn, query }) {
      const seen = Array.from(edge.domains.values()).filter(({ name }) => seesDomain(signedIn.person, name));
      const { page, next } = pageOf(seen, query);
      const domains = page.map(({ name, settings }) => ({
        name,
        bridges: settings.bridges.map((bridge) => bridge.name),
        timeZone: settings.timeZone,
      }));
      return { domains, next };
    },
  }),
  route("showSettings", "GET /domains/{domain}/settings", {
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
        settings: { ...shownSettings(domain.settings) },
        warnings: warningsOf(domain).map(sentence),
        reminders: remindersOf(domain).map(sentence),
      };
    },
  }),
  route("getFigures", "GET /domains/{domain}/figures", {
    says: "How much there is in a domain now, and came and went in the last hour: the figures that console and metrics show",
    answer: {
      says: "Figures. What nobody knows is null, and never 0.",
      schema: v.object({ figures: v.array(figure) }),
    },
    handle: async ({ domain, edge }) => ({ figures: Object.values(await figuresOfDomain(edge, domain)) }),
  }),
  route("getActivity", "GET /domains/{domain}/activity", {
    says: "What came from WebEx and was posted to it in the last hour, by minute, posts by TSP server, and what waits",
    more: "Posts are counted from the facts of their conferences, each once, and are there within five seconds; while more than 1,000 conferences of a domain run, it takes longer, as 15 s with 3,000, and after a takeover up to 8 ms for each that runs. What was refused in the last second before a process was killed is missing.",
    answer: { says: "Minutes and servers.", schema: domainActivity },
    handle: ({ domain, edge }) => activityOf(edge, domain),
  }),
  route("listWebhooks", "GET /domains/{domain}/webhooks", {
    says: "The receivers of the domain's webhooks, and how they are",
    query: wholeList,
    answer: {
      says: "Receivers in the order of the settings.",
      schema: v.object({ webhooks: v.array(webhookView), next }),
    },
    async handle({ domain: { name }, edge: { objects }, query }) {
      const { page, next } = pageOf(await objects.directory(name).webhooks(name), query);
      return { webhooks: page, next };
    },
  }),
];
